/* replay.c: events in, one after another; and the hot path.
 *
 * Almost every reference is to the page of the core's last one, needs no more rights than that had
 * and finds nothing to attend to. Such a reference is answered here: a compare, a few counts, and
 * the clock moves on by a constant. Everything else goes through machine_event(). */
#include "base/scale.h"
#include "engine/clock.h"

#define likely(x) __builtin_expect(!!(x), 1)

static bool refuse(struct vmsim_machine *m, const struct vmsim_event *event, int code,
		   const char *what)
{
	if (event->line)
		return machine_fail(m, code, "%s:%" G_GUINT64_FORMAT ":1: %s", m->path,
				    event->line, what);
	return machine_fail(m, code, "%s: %s", m->path, what);
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
		what = g_strdup_printf("%s is not simulated (expected one of `vmsim list calls`)",
				       info->name);
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
	*op = (struct op){.event = *event, .seq = m->seq, .va = resolve(m, event)};
	op->exclusive = event->op != VMSIM_OP_READ && event->op != VMSIM_OP_EXECUTE;
	if (event->op != VMSIM_OP_CALL) {
		op->first = op->va >> VMSIM_PAGE_SHIFT;
		op->last = (op->va + (event->size - 1)) >> VMSIM_PAGE_SHIFT;
	} else if (event->call->id == VMSIM_CALL_MARK ||
		   event->call->id == VMSIM_CALL_CREATE_PROCESS ||
		   !vmm_call_range(m->vmm, thread->process, event->call, op->va, &op->first,
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
	if (!m->ticks_per_second)
		return MIN(event->time, DEVICE_NEVER - 1);
	return MIN(scale_up(event->time, m->config->clock_ghz * 1000000, m->ticks_per_second),
		   DEVICE_NEVER - 1);
}

bool machine_event(struct vmsim_machine *m, const struct vmsim_event *event)
{
	struct thread *thread;
	struct op op;

	if (m->error || !acceptable(m, event))
		return false;
	thread = machine_thread(m, event->pid, event->tid);
	if (!thread)
		return false;
	m->seq++;
	op_fill(m, thread, event, &op);
	if (!machine_await(m, thread, &op, not_before(m, event)))
		return false;
	thread->op = op;
	m->events.seq = op.seq;
	m->events.line = event->line;
	machine_switch(m, thread);
	if (event->flags & VMSIM_EV_GAP) {
		m->stats.gap_cycles += event->time;
		m->now += event->time;
	}
	if (event->op == VMSIM_OP_CALL)
		call_begin(m, thread);
	else
		access_begin(m, thread);
	machine_run(m, thread);
	if (m->audit != VMSIM_AUDIT_OFF &&
	    (m->audit == VMSIM_AUDIT_FULL || m->seq % 65536 == 0))
		machine_audit(m);
	return !m->error;
}

/* Answer a reference from the memo, if it can be. */
static inline bool hit(struct vmsim_machine *m, const struct vmsim_event *event)
{
	vmsim_va va = m->label_value[event->label] + event->va;
	struct counters *c = &m->stats.c;
	const struct memo *memo;

	if (event->op == VMSIM_OP_EXECUTE) {
		memo = &m->mmu.fetch;
		if (memo->vpn != va >> VMSIM_PAGE_SHIFT)
			return false;
	} else {
		memo = &m->mmu.data;
		if (memo->vpn != va >> VMSIM_PAGE_SHIFT ||
		    (event->op == VMSIM_OP_WRITE && !memo->store))
			return false;
	}
	if ((va & (VMSIM_PAGE_SIZE - 1)) + event->size > VMSIM_PAGE_SIZE)
		return false;
	c->references++;
	m->stats.translated++;
	if (event->op == VMSIM_OP_EXECUTE) {
		c->fetches++;
		c->itlb_hits++;
	} else {
		*(event->op == VMSIM_OP_READ ? &c->reads : &c->writes) += 1;
		c->dtlb_hits++;
	}
	m->now += m->hit_cycles[event->op];
	m->seq++;
	return true;
}

/* What a hit does besides, when anybody wants to know. */
static void observe(struct vmsim_machine *m, const struct vmsim_event *event)
{
	const struct memo *memo =
		event->op == VMSIM_OP_EXECUTE ? &m->mmu.fetch : &m->mmu.data;
	struct op op;

	if (m->every_reference) {
		m->references[m->n_references++] = memo->pfn;
		if (m->n_references == REFERENCE_BATCH)
			machine_flush_references(m);
	}
	if (!m->keep_contents || event->op == VMSIM_OP_EXECUTE)
		return;
	op = (struct op){.event = *event, .va = resolve(m, event), .stores = true,
			 .compared = true};
	if (event->op == VMSIM_OP_WRITE || event->result == VMSIM_RESULT_VALUE)
		access_data(m, &op, op.va, event->size, memo->pfn);
	if (event->result == VMSIM_RESULT_NONE)
		return;
	m->events.seq = m->seq;
	m->events.line = event->line;
	clock_stamp(m);
	op.seq = m->seq;
	compare_access(m, &op, VMSIM_RESULT_OK);
}

bool vmsim_machine_feed(struct vmsim_machine *m, const struct vmsim_event *events, size_t n,
			size_t *done, GError **error)
{
	size_t i;
	bool watched = m->every_reference || m->keep_contents;

	m->label_value = m->labels->value; /* the reader may have moved it to make room */
	for (i = 0; i < n && !m->error; i++) {
		const struct vmsim_event *event = &events[i];
		const struct thread *running = m->running;

		if (likely(event->op != VMSIM_OP_CALL &&
			   !(event->flags & (VMSIM_EV_GAP | VMSIM_EV_AT)) && running &&
			   event->pid == running->pid && event->tid == running->tid &&
			   event->result <= VMSIM_RESULT_VALUE && m->now < m->attention &&
			   m->audit == VMSIM_AUDIT_OFF && hit(m, event))) {
			if (watched)
				observe(m, event);
			continue;
		}
		if (!machine_event(m, event))
			break;
	}
	if (done)
		*done = i;
	if (!m->error)
		return true;
	if (error)
		*error = g_error_copy(m->error);
	return false;
}
