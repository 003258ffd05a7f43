/* replay.c: events in, one after another; and the hot path.
 *
 * Almost every reference is of the thread that runs, within one page, and finds nothing to attend
 * to; mostly its page is even that of the core's last one, so that the memo answers it: a compare,
 * a few counts, and the clock moves on by a constant. Else the TLBs are asked, and the page table.
 * Everything else, calls and faults and whatever waits, goes through machine_event().
 *
 * With several cores every event goes step by step (sched.c), but for references that hit the first
 * level while nothing else is under way or can begin: those run ahead the same way. */
#include "engine/clock.h"

#define likely(x) __builtin_expect(!!(x), 1)

static bool never_comes(void *ctx, uint32_t label)
{
	return !machine_await_label(ctx, label);
}

/* Labels are bound in the order of the trace: an event that uses one, or would bind one, waits for
 * a call before it that is to bind it and has not ended. */
static bool await_labels(struct vmsim_machine *m, const struct vmsim_event *event)
{
	return !event_names(event, never_comes, m);
}

bool machine_event(struct vmsim_machine *m, const struct vmsim_event *event)
{
	struct process *process;
	struct thread *thread;
	struct op op;

	if (m->free)
		return !m->error && free_feed(m, event);
	if (m->error || !machine_await_exit(m, event->pid) || !event_acceptable(m, event))
		return false;
	if ((!m->many && m->now >= m->sample_at) || m->seq >= m->sample_seq)
		machine_sample(m);
	thread = event_thread(m, event);
	if (!thread)
		return false;
	if (!event_clock_allows(m, event) || !await_labels(m, event))
		return false;
	event_fill(m, thread, event, m->seq + 1, &op);
	if (!machine_await(m, thread, &op, event_not_before(m, event)))
		return false;
	m->seq++;
	process = thread->process;
	event_begin(m, thread, &op);
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

	event_fill(m, thread, event, m->seq, &thread->op);
	thread->op.stores = thread->op.compared = true;
	access_fault(m, thread, va);
	machine_begun(m, thread);
	return !m->error;
}

/* What a translation took beyond the first level. => kept out of the hot path, which does not need
 * its registers */
static G_GNUC_NO_INLINE void book_miss(struct vmsim_machine *m, uint64_t walks_before,
				       const struct translation *tr)
{
	BOOK(m, tlb_l2, tr->l2_cycles);
	clock_walk(m, walks_before, tr);
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

		if (!likely(!(tr.l2_cycles | tr.wait_cycles) && c->page_walks == walks))
			book_miss(m, walks, &tr);
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

/* --- running ahead, with several cores -------------------------------------------------------- */

/* Whether no other core, and nothing that belongs to none, is in the middle of anything. */
static bool others_are_quiet(const struct vmsim_machine *m)
{
	if (m->submitted->len || m->given_up->len || m->idle_from != DEVICE_NEVER)
		return false;
	for (unsigned i = 0; i < m->n_cores; i++) {
		const struct core *core = &m->cores[i];

		if (core->round.targets || work_zero_next(m, core) != DEVICE_NEVER ||
		    (core->running && core->running->state == THREAD_RUNNING) ||
		    (core->running && core->running->state == THREAD_BETWEEN &&
		     core->running->ended > m->now))
			return false;
	}
	return true;
}

/* The thread ends the reference it is in, as it must before its next event; then its core acts.
 * Returns whether it can begin that now, and nobody else any. */
static bool may_run_ahead(struct vmsim_machine *m, const struct vmsim_event *event)
{
	uint64_t key = (uint64_t)event->pid << 32 | event->tid;
	struct thread *thread = g_hash_table_lookup(m->threads, &key);

	if (!thread || thread->op.event.op == VMSIM_OP_CALL)
		return false;
	while (thread->state == THREAD_RUNNING)
		if (!machine_go_on(m))
			return false;
	if (thread->state != THREAD_BETWEEN || !place_own_core(thread))
		return false;
	core_select(m, thread->core);
	return !m->core->asleep && m->now >= m->time && others_are_quiet(m);
}

/* It hits the first level. */
static inline bool reference_hits(struct vmsim_machine *m, const struct vmsim_event *event,
				  vmsim_va va)
{
	bool fetch = event->op == VMSIM_OP_EXECUTE;
	const struct memo *memo = fetch ? &m->mmu->fetch : &m->mmu->data;
	vmsim_vpn vpn = va >> VMSIM_PAGE_SHIFT;

	if (memo_hits(memo, vpn, event->op))
		*(fetch ? &m->stats.c.itlb_hits : &m->stats.c.dtlb_hits) += 1;
	else if (!mmu_hit(m->mmu, m->asid, vpn, (enum vmsim_access)event->op))
		return false;
	count_reference(&m->stats.c, event->op);
	m->seq++;
	m->now += m->hit_cycles[event->op];
	m->stats.translated++;
	if (m->every_reference || m->keep_contents)
		observe(m, event, va, memo->pfn);
	return true;
}

static bool same_thread(const struct vmsim_event *a, const struct vmsim_event *b)
{
	return a->pid == b->pid && a->tid == b->tid;
}

/* References before `end` that only hit, as long as the event behind is of the same thread: until
 * they are over, no other can begin. Returns how far it came. */
static size_t run_ahead(struct vmsim_machine *m, const struct vmsim_event *events, size_t i,
			size_t end)
{
	size_t from = i;

	if (i + 1 >= end || !same_thread(&events[i], &events[i + 1]) ||
	    events[i].op == VMSIM_OP_CALL || !may_run_ahead(m, &events[i]))
		return i;
	machine_look(m);
	m->plain_pid = events[i].pid;
	m->plain_tid = events[i].tid;
	m->plain_end = process_page_table(m->running->process)->pool->shape->vpn_end
		       << VMSIM_PAGE_SHIFT;
	for (; i + 1 < end && same_thread(&events[i], &events[i + 1]); i++) {
		const struct vmsim_event *event = &events[i];
		vmsim_va va = m->label_value[event->label] + event->va;

		if (!is_plain(m, event, va) || m->attention - m->now < m->hit_cycles[event->op] ||
		    !reference_hits(m, event, va))
			break;
	}
	if (i == from)
		return i;
	core_step(m);
	m->time = m->begun = m->running->ended = m->now;
	m->last_end = MAX(m->last_end, m->now);
	return i;
}

static bool runs_ahead(const struct vmsim_machine *m)
{
	return m->many && !m->free && !m->overlaps && !m->cached_data &&
	       m->audit == VMSIM_AUDIT_OFF;
}

static size_t feed_ahead(struct vmsim_machine *m, const struct vmsim_event *events, size_t i,
			 size_t end)
{
	for (; i < end && !m->error; i++) {
		i = run_ahead(m, events, i, end);
		if (!machine_event(m, &events[i]))
			break;
	}
	return i;
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
		i = runs_ahead(m) ? feed_ahead(m, events, i, end) : feed(m, events, i, end);
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
