/* replay.c: events in, one after another; and the hot path.
 *
 * Almost every reference is of the thread that runs, within one page, and finds nothing to attend
 * to; mostly its page is even that of the core's last one, so that the memo answers it: a compare,
 * a few counts, and the clock moves on by a constant. Else the TLBs are asked, and the page table.
 * Everything else, calls and faults and whatever waits, goes through machine_event(). */
#include "base/scale.h"
#include "engine/clock.h"

#define likely(x) __builtin_expect(!!(x), 1)

static bool refuse(struct vmsim_machine *m, const struct vmsim_event *event, int code,
		   const char *what)
{
	if (event->line)
		return machine_fail(m, code, "%s:%" G_GUINT64_FORMAT ":1: %s", m->source->path,
				    event->line, what);
	return machine_fail(m, code, "%s: %s", m->source->path, what);
}

/* Events that are wrong whatever the machine: calls not simulated, processes made twice. */
static bool acceptable(struct vmsim_machine *m, const struct vmsim_event *event)
{
	const struct vmsim_call_info *info;
	char *what;

	if (event->op != VMSIM_OP_CALL)
		return true;
	info = &vmsim_calls[event->call->id];
	if (!info->simulated) {
		what = g_strdup_printf("%s is not simulated (expected a call that is)", info->name);
		refuse(m, event, VMSIM_ERROR_UNSUPPORTED, what);
		g_free(what);
		return false;
	}
	if (event->call->id == VMSIM_CALL_CREATE_PROCESS &&
	    g_hash_table_contains(m->processes, GUINT_TO_POINTER(event->pid))) {
		what = g_strdup_printf("process %u exists already (expected a pid not in use)",
				       event->pid);
		refuse(m, event, VMSIM_ERROR_TRACE, what);
		g_free(what);
		return false;
	}
	return true;
}

static vmsim_va resolve(const struct vmsim_machine *m, const struct vmsim_event *event)
{
	if (event->op != VMSIM_OP_CALL)
		return m->label_value[event->label] + event->va;
	return m->label_value[event->call->address.label] + event->call->address.offset;
}

static void op_fill(struct vmsim_machine *m, const struct thread *thread,
		    const struct vmsim_event *event, struct op *op)
{
	*op = (struct op){.event = *event, .source = m->source, .seq = m->seq,
			  .va = resolve(m, event)};
	op->exclusive = event->op != VMSIM_OP_READ && event->op != VMSIM_OP_EXECUTE;
	if (event->op != VMSIM_OP_CALL) {
		op->first = op->va >> VMSIM_PAGE_SHIFT;
		op->last = (op->va + (event->size - 1)) >> VMSIM_PAGE_SHIFT;
		/* Whoever reads a guard page first consumes its guard: that is a change, too; on a
		 * stack also of the page below. */
		if (vmm_has_guard(thread->process, op->first, op->last)) {
			op->exclusive = true;
			op->first -= op->first > 0 && thread->stack_end;
		}
	} else if (!vmm_call_range(m->vmm, thread->process, event->call, op->va, &op->first,
				   &op->last)) {
		op->first = 1; /* none */
		op->last = 0;
	}
}

/* The cycle before which a recorded time keeps the thread idle (T6). */
static vmsim_cycles not_before(const struct vmsim_machine *m, const struct vmsim_event *event)
{
	if (!(event->flags & VMSIM_EV_AT))
		return 0;
	if (!m->source->ticks_per_second)
		return MIN(event->time, DEVICE_NEVER - 1);
	return MIN(scale_up(event->time, m->config->clock_ghz * 1000000,
			    m->source->ticks_per_second),
		   DEVICE_NEVER - 1);
}

/* Labels are bound in the order of the trace: an event that uses one, or would bind one, waits for
 * a call before it that is to bind it and has not ended. */
static bool await_labels(struct vmsim_machine *m, const struct vmsim_event *event)
{
	uint32_t labels[3] = {event->label, 0, 0};

	if (event->op == VMSIM_OP_CALL) {
		labels[0] = event->call->address.label;
		labels[1] = event->call->recorded.address.label;
		labels[2] = event->call->recorded.alloc_base.label;
		for (size_t i = 0; i < event->call->recorded.n_pages; i++)
			if (!machine_await_labels(m, &event->call->recorded.pages[i].label, 1))
				return false;
	}
	return machine_await_labels(m, labels, G_N_ELEMENTS(labels));
}

#define CLOCK_END ((vmsim_cycles)1 << 62)

/* Cycles are 64 bits (T1); a trace that would run past them is wrong. */
static bool clock_allows(struct vmsim_machine *m, const struct vmsim_event *event)
{
	uint64_t gap = event->flags & VMSIM_EV_GAP ? event->time : 0;

	if (m->now < CLOCK_END && gap < CLOCK_END && not_before(m, event) < CLOCK_END)
		return true;
	return refuse(m, event, VMSIM_ERROR_TRACE,
		      "the clock would run past 2^62 cycles (expected a smaller time)");
}

static void pass_part(struct vmsim_machine *m, vmsim_cycles cycles)
{
	if (m->overlaps) {
		overlap_pass(m, BUCKET_compute, cycles);
		return;
	}
	m->stats.gap_cycles += cycles;
	clock_pass(m, BUCKET_compute, cycles);
}

static void pass_gap(struct vmsim_machine *m, vmsim_cycles gap)
{
	vmsim_cycles end = m->now + gap;

	if (m->many) {
		pass_part(m, gap);
		return;
	}
	while (m->now < end) {
		vmsim_cycles part = MIN(end, MAX(m->now, m->sample_at)) - m->now;

		pass_part(m, part);
		if (m->now >= m->sample_at)
			machine_sample(m);
	}
}

bool machine_event(struct vmsim_machine *m, const struct vmsim_event *event)
{
	struct process *process;
	struct thread *thread;
	struct op op;

	if (m->error || !machine_await_exit(m, event->pid) || !acceptable(m, event))
		return false;
	if ((!m->many && m->now >= m->sample_at) || m->seq >= m->sample_seq)
		machine_sample(m);
	thread = machine_thread(m, event->pid, event->tid);
	if (!thread)
		return false;
	if (!clock_allows(m, event) || !await_labels(m, event))
		return false;
	m->seq++;
	op_fill(m, thread, event, &op);
	if (!machine_await(m, thread, &op, not_before(m, event)))
		return false;
	thread->op = op;
	m->events.seq = op.seq;
	m->events.line = event->line;
	machine_switch(m, thread);
	if (event->flags & VMSIM_EV_GAP)
		pass_gap(m, event->time);
	if (event->op == VMSIM_OP_CALL)
		call_begin(m, thread);
	else
		access_begin(m, thread);
	process = thread->process;
	machine_begun(m, thread);
	if (!m->many && m->audit != VMSIM_AUDIT_OFF)
		machine_audit_event(m, process, &op);
	return !m->error;
}

/* --- the hot path ---------------------------------------------------------------------------- */

/* Whether the memo of the last page answers the reference (mmu.h). */
static inline bool memo_hits(const struct memo *memo, vmsim_vpn vpn, unsigned op)
{
	return memo->vpn == vpn && (op != VMSIM_OP_WRITE || memo->store);
}

static inline void count_reference(struct counters *c, unsigned op)
{
	c->references++;
	*(op == VMSIM_OP_READ ? &c->reads : op == VMSIM_OP_WRITE ? &c->writes : &c->fetches) += 1;
}

/* What a reference that was translated does besides, when anybody wants to know. */
static void observe(struct vmsim_machine *m, const struct vmsim_event *event, vmsim_va va,
		    vmsim_pfn frame)
{
	struct op op;

	if (m->cached_data)
		BOOK(m, data, access_cached(m, va, frame));
	if (m->every_reference) {
		m->references[m->n_references++] = frame;
		if (m->n_references == REFERENCE_BATCH)
			machine_flush_references(m);
	}
	if (!m->keep_contents || event->op == VMSIM_OP_EXECUTE)
		return;
	if (event->op == VMSIM_OP_READ && event->result == VMSIM_RESULT_NONE)
		return;
	op = (struct op){.event = *event, .source = m->source, .seq = m->seq, .va = va,
			 .stores = true, .compared = true};
	access_data(m, &op, va, event->size, frame);
	if (event->result == VMSIM_RESULT_NONE)
		return;
	m->events.seq = m->seq;
	m->events.line = event->line;
	clock_stamp(m);
	compare_access(m, &op, VMSIM_RESULT_OK);
}

/* The reference met a fault: it becomes an operation like any other, from the trap on. */
static bool go_on_as_fault(struct vmsim_machine *m, const struct vmsim_event *event, vmsim_va va)
{
	struct thread *thread = m->running;

	op_fill(m, thread, event, &thread->op);
	thread->op.stores = thread->op.compared = true;
	access_fault(m, thread, va);
	machine_begun(m, thread);
	return !m->error;
}

/* One reference within one page, nothing else to attend to: the memo, else the TLBs and a walk. */
static inline bool reference(struct vmsim_machine *m, const struct vmsim_event *event,
			     vmsim_va va, bool watched)
{
	bool fetch = event->op == VMSIM_OP_EXECUTE;
	struct memo *memo = fetch ? &m->mmu->fetch : &m->mmu->data;
	vmsim_vpn vpn = va >> VMSIM_PAGE_SHIFT;
	struct counters *c = &m->stats.c;

	count_reference(c, event->op);
	m->seq++;
	if (likely(memo_hits(memo, vpn, event->op))) {
		*(fetch ? &c->itlb_hits : &c->dtlb_hits) += 1;
		m->now += m->hit_cycles[event->op];
	} else {
		struct thread *thread = m->running;
		uint64_t walks = c->page_walks;
		struct translation tr;
		bool ok = mmu_translate(m->mmu, process_page_table(thread->process),
					m->asid, vpn, (enum vmsim_access)event->op, false, &tr);

		BOOK(m, tlb_l2, tr.l2_cycles);
		clock_walk(m, walks, &tr);
		if (!ok) {
			m->now += m->hit_cycles[event->op] - m->stats.data_latency;
			return go_on_as_fault(m, event, va);
		}
		m->now += m->hit_cycles[event->op];
	}
	m->stats.translated++;
	if (watched)
		observe(m, event, va, memo->pfn);
	return true;
}

/* Whether an event is one that reference() can take: of the thread that runs, within one page
 * that the tables can translate, without a time of its own, and nothing waits for attention. */
static inline bool is_plain(const struct vmsim_machine *m, const struct vmsim_event *event,
			    vmsim_va va)
{
	return event->op != VMSIM_OP_CALL && !(event->flags & (VMSIM_EV_GAP | VMSIM_EV_AT)) &&
	       event->pid == m->plain_pid && event->tid == m->plain_tid &&
	       event->result <= VMSIM_RESULT_VALUE && m->now < m->attention &&
	       (va & (VMSIM_PAGE_SIZE - 1)) + event->size <= VMSIM_PAGE_SIZE && va < m->plain_end;
}

/* Carries out events up to `end`. Returns how far it came. */
static size_t feed(struct vmsim_machine *m, const struct vmsim_event *events, size_t i, size_t end)
{
	bool watched = m->every_reference || m->keep_contents || m->cached_data;
	bool one = !m->many && !m->overlaps;

	for (; i < end && !m->error; i++) {
		const struct vmsim_event *event = &events[i];
		vmsim_va va = m->label_value[event->label] + event->va;

		if (likely(one && is_plain(m, event, va))) {
			if (!reference(m, event, va, watched))
				break;
		} else if (!machine_event(m, event)) {
			break;
		}
	}
	return i;
}

bool vmsim_machine_feed(struct vmsim_machine *m, const struct vmsim_event *events, size_t n,
			size_t *done, GError **error)
{
	size_t i = 0, end = 0;

	m->label_value = m->source->labels->value; /* the reader may have moved it to make room */
	while (i < n && i == end && !m->error) {
		end = i + (size_t)MIN(n - i, m->sample_seq - m->seq);
		i = feed(m, events, i, end);
		if (!m->error && m->seq >= m->sample_seq)
			machine_sample(m);
	}
	if (done)
		*done = i;
	if (!m->error)
		return true;
	if (error)
		*error = g_error_copy(m->error);
	return false;
}
