/* begin.c: what an event is to the machine, and its beginning. */
#include "base/scale.h"
#include "engine/clock.h"

static bool refuse(struct vmsim_machine *m, const struct vmsim_event *event, int code,
		   const char *what)
{
	if (event->line)
		return machine_fail(m, code, "%s:%" G_GUINT64_FORMAT ":1: %s", m->source->path,
				    event->line, what);
	return machine_fail(m, code, "%s: %s", m->source->path, what);
}

/* Events that are wrong whatever the machine: calls not simulated, processes made twice. */
bool event_acceptable(struct vmsim_machine *m, const struct vmsim_event *event)
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

struct thread *event_thread(struct vmsim_machine *m, const struct vmsim_event *event)
{
	struct thread *thread = machine_thread(m, event->pid, event->tid);
	char *what;

	if (thread)
		return thread;
	what = g_strdup_printf("too many processes (expected at most %u in a run)", ASID_MAX - 1);
	refuse(m, event, VMSIM_ERROR_TRACE, what);
	g_free(what);
	return NULL;
}

static vmsim_va resolve(const struct vmsim_machine *m, const struct vmsim_event *event)
{
	if (event->op != VMSIM_OP_CALL)
		return m->label_value[event->label] + event->va;
	return m->label_value[event->call->address.label] + event->call->address.offset;
}

void event_fill(struct vmsim_machine *m, const struct thread *thread,
		const struct vmsim_event *event, uint64_t seq, struct op *op)
{
	*op = (struct op){.event = *event, .source = m->source, .seq = seq,
			  .va = resolve(m, event)};
	event_range(m, thread, op);
}

void event_range(struct vmsim_machine *m, const struct thread *thread, struct op *op)
{
	const struct vmsim_event *event = &op->event;

	/* Threads that run freely meet where a call changes the address space (T3). */
	op->exclusive = event->op == VMSIM_OP_CALL || (event->op == VMSIM_OP_WRITE && !m->free);
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
				   &op->last) &&
		   !vmm_call_place(m->vmm, thread->process, event->call,
				   call_recorded_place(event->call), &op->first, &op->last)) {
		op->first = 1; /* none */
		op->last = 0;
	}
}

bool call_answers(const struct vmsim_call *call, label_fn which, void *ctx)
{
	const struct vmsim_outcome *says = &call->recorded;

	for (size_t i = 0; i < says->n_pages; i++)
		if (says->pages[i].label && which(ctx, says->pages[i].label))
			return true;
	return (says->address.label && which(ctx, says->address.label)) ||
	       (says->alloc_base.label && which(ctx, says->alloc_base.label));
}

static bool is_label(void *ctx, uint32_t label)
{
	return label == *(const uint32_t *)ctx;
}

bool call_binds(const struct vmsim_call *call, uint32_t label)
{
	return call_answers(call, is_label, &label);
}

bool event_names(const struct vmsim_event *event, label_fn which, void *ctx)
{
	uint32_t label = event->op == VMSIM_OP_CALL ? event->call->address.label : event->label;

	return (label && which(ctx, label)) ||
	       (event->op == VMSIM_OP_CALL && call_answers(event->call, which, ctx));
}

/* The cycle before which a recorded time keeps the thread idle (T6). */
vmsim_cycles event_not_before(const struct vmsim_machine *m, const struct vmsim_event *event)
{
	if (!(event->flags & VMSIM_EV_AT))
		return 0;
	if (!m->source->ticks_per_second)
		return MIN(event->time, DEVICE_NEVER - 1);
	return MIN(scale_up(event->time, m->config->clock_ghz * 1000000,
			    m->source->ticks_per_second),
		   DEVICE_NEVER - 1);
}

#define CLOCK_END ((vmsim_cycles)1 << 62)

/* Cycles are 64 bits (T1); a trace that would run past them is wrong. */
bool event_clock_allows(struct vmsim_machine *m, const struct vmsim_event *event)
{
	uint64_t gap = event->flags & VMSIM_EV_GAP ? event->time : 0;

	if (m->now < CLOCK_END && gap < CLOCK_END && event_not_before(m, event) < CLOCK_END)
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

void event_begin(struct vmsim_machine *m, struct thread *thread, const struct op *op)
{
	const struct vmsim_event *event = &op->event;

	call_forget(&thread->op);
	thread->op = *op;
	thread->op.stage = OP_BEGIN;
	if (event->op == VMSIM_OP_CALL)
		call_keep(m, &thread->op);
	machine_switch(m, thread);
	if (event->flags & VMSIM_EV_GAP)
		pass_gap(m, event->time);
	machine_begun(m, thread);
}
