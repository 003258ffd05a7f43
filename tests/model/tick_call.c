/* tick_call.c: calls, marks and what else is no reference (T14). */
#include "model/tick.h"

void tick_call_labels(const struct vmsim_call *call, uint32_t labels[2])
{
	labels[0] = call->recorded.address.label;
	labels[1] = call->recorded.alloc_base.label;
}

static vmsim_cycles page_cycles(const struct config *config, const struct work *w)
{
	return w->committed * config->os.page_commit.cycles +
	       w->decommitted * config->os.page_decommit.cycles +
	       w->freed * config->os.page_free.cycles +
	       w->protected * config->os.page_protect.cycles +
	       w->reset * config->os.page_reset.cycles + w->locked * config->os.page_lock.cycles +
	       w->queried * config->os.page_query.cycles +
	       w->offered * config->os.page_offer.cycles +
	       w->watched * config->os.page_watch.cycles +
	       w->prefetched * config->os.page_prefetch.cycles +
	       w->trimmed * config->os.trim.cycles + w->aged * config->os.age.cycles;
}

/* Calls that only tell the simulator something cost nothing. */
static void begin(struct tick *t, struct tick_thread *thread)
{
	const struct vmsim_call *call = thread->event->call;
	struct tick_core *core = &t->core[thread->core];

	thread->stage = TICK_END;
	switch (call->id) {
	case VMSIM_CALL_MARK:
		tick_count(t, tick_account(t, thread->process));
		tick_mark(t, call->name);
		return;
	case VMSIM_CALL_CREATE_PROCESS:
		return;
	case VMSIM_CALL_THREAD_STACK:
		thread->stack_low = thread->va;
		thread->stack_end = thread->va + call->size[0];
		return;
	case VMSIM_CALL_THREAD_PRIORITY:
		thread->priority = (unsigned)MIN(call->number[0], PAGE_PRIORITY_MAX);
		return;
	case VMSIM_CALL_INJECT_ERROR:
		vmm_inject(t->vmm, thread->process, thread->va, call->inject);
		tick_slice(t, core, BUCKET_kernel, 0, tick_invalidate(t, core));
		tick_interrupt(t, core, 0);
		tick_ask(t, core, t->cycle);
		tick_acted(t);
		return;
	default:
		break;
	}
	thread->stage = TICK_CALL;
	thread->call = (struct api_call){.call = call, .address = thread->va};
	if (call->id == VMSIM_CALL_EXIT_PROCESS)
		return;
	t->stats.c.calls++;
	tick_slice(t, core, BUCKET_call, tick_account(t, thread->process),
		   t->config->os.call.cycles);
}

static void finish(struct tick *t, struct tick_thread *thread)
{
	struct vmsim_outcome *out = &t->result->outcomes[thread->index];

	if (thread->call.outcome.kind == VMSIM_OUTCOME_FAILURE && thread->call.rule)
		t->stats.c.calls_failed++;
	*out = thread->call.outcome;
	/* One that was given NULL acts on the pages that it found (T3). */
	if (thread->first > thread->last && out->kind == VMSIM_OUTCOME_SUCCESS &&
	    thread->event->call->id == VMSIM_CALL_VIRTUAL_ALLOC) {
		thread->first = out->address.offset >> VMSIM_PAGE_SHIFT;
		thread->last = (out->address.offset + thread->event->call->size[0] - 1) >>
			       VMSIM_PAGE_SHIFT;
	}
	thread->call.outcome.pages = NULL;
	thread->stage = TICK_END;
}

static void carry_on(struct tick *t, struct tick_thread *thread)
{
	struct tick_core *core = &t->core[thread->core];
	unsigned account = tick_account(t, thread->process);
	enum vmm_status status = vmm_call(t->vmm, thread->process, &thread->call);
	struct work work = vmm_take_work(t->vmm);

	tick_slice(t, core, BUCKET_zeroing, account, work.zeroed * t->config->os.zero_page.cycles);
	tick_slice(t, core, BUCKET_call, account,
		   page_cycles(t->config, &work) + tick_invalidate(t, core));
	tick_interrupt(t, core, account);
	tick_ask(t, core, TICK_NEVER);
	tick_stepped(t, thread, status, thread->call.io);
	tick_unpin(t, thread);
	if (status == VMM_DONE)
		finish(t, thread);
	if (status != VMM_TOUCH)
		return;
	thread->call.touched = VMSIM_RESULT_NONE;
	tick_fault_begin(t, thread, thread->call.touch, VMSIM_READ);
}

void tick_call(struct tick *t, struct tick_thread *thread)
{
	if (thread->stage == TICK_BEGIN)
		begin(t, thread);
	else
		carry_on(t, thread);
}
