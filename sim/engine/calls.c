/* calls.c: API calls, marks and the making of processes, step by step (timing T14). */
#include "engine/clock.h"

#include <vmsim/win32.h>

static void charge_call(struct vmsim_machine *m)
{
	const struct config *config = m->config;
	struct work w = vmm_take_work(m->vmm);

	BOOK(m, zeroing, w.zeroed * config->os.zero_page.cycles);
	BOOK(m, call,
	     w.committed * config->os.page_commit.cycles +
		     w.decommitted * config->os.page_decommit.cycles +
		     w.freed * config->os.page_free.cycles +
		     w.protected * config->os.page_protect.cycles +
		     w.reset * config->os.page_reset.cycles +
		     w.offered * config->os.page_offer.cycles +
		     w.watched * config->os.page_watch.cycles +
		     w.locked * config->os.page_lock.cycles +
		     w.queried * config->os.page_query.cycles +
		     w.prefetched * config->os.page_prefetch.cycles +
		     w.trimmed * config->os.trim.cycles + w.aged * config->os.age.cycles +
		     machine_invalidate(m));
	machine_interrupt(m);
}

static void report_failure(struct vmsim_machine *m, const struct op *op)
{
	char number[16];
	bool native = vmsim_calls[op->call.call->id].result == VMSIM_NTSTAT;
	const char *error = native ? vmsim_status_name(op->call.status)
				   : vmsim_error_name(op->call.outcome.error);
	struct vmsim_record record = {
		.kind = VMSIM_RECORD_CALL_FAILED,
		.call = vmsim_calls[op->call.call->id].name,
		.error = error,
		.code = op->call.outcome.error,
		.status = vmsim_status_name(op->call.status),
		.rule = op->call.rule,
		.why = op->call.why,
	};

	if (!events_wanted(&m->events, VMSIM_RECORD_CALL_FAILED))
		return;
	g_snprintf(number, sizeof(number), "%u", op->call.outcome.error);
	if (!error)
		record.error = number;
	events_emit(&m->events, &record);
}

/* A call that was given NULL acts on the pages that it found (T3). */
static void note_place(struct op *op)
{
	const struct vmsim_outcome *got = &op->call.outcome;

	if (op->first <= op->last || got->kind != VMSIM_OUTCOME_SUCCESS ||
	    vmsim_calls[op->call.call->id].result != VMSIM_ADDR || !got->address.offset)
		return;
	op->first = got->address.offset >> VMSIM_PAGE_SHIFT;
	op->last = (got->address.offset + op->call.call->size[0] - 1) >> VMSIM_PAGE_SHIFT;
}

static void end_call(struct vmsim_machine *m, struct thread *thread)
{
	struct op *op = &thread->op;

	if (op->call.outcome.kind == VMSIM_OUTCOME_FAILURE && op->call.rule) { /* not E0's 170 */
		m->stats.c.calls_failed++;
		report_failure(m, op);
	}
	note_place(op);
	compare_call(m, op);
	g_free(m->last_outcome.pages);
	m->last_outcome = op->call.outcome;
	op->call.outcome.pages = NULL;
	api_call_fini(&op->call); /* what was recorded is asked for yet (place.c) */
	op->stage = process_has_exited(thread->process) ? OP_EXITED : OP_IDLE;
}

void call_forget(struct op *op)
{
	api_call_fini(&op->call);
	g_clear_pointer(&op->args.recorded.pages, g_free);
}

void call_keep(struct vmsim_machine *m, struct op *op)
{
	struct vmsim_call *args = &op->args;

	*args = *op->event.call;
	if (args->name)
		args->name = g_string_chunk_insert_const(m->names, args->name);
	if (args->file)
		args->file = g_string_chunk_insert_const(m->names, args->file);
	args->recorded.pages = g_memdup2(args->recorded.pages,
					 args->recorded.n_pages * sizeof(*args->recorded.pages));
	op->event.call = op->call.call = args;
}

/* Where a call given NULL put its block when it was recorded, if that is a plain address. */
static vmsim_va recorded_place(const struct vmsim_call *call)
{
	enum vmsim_result_kind kind = vmsim_calls[call->id].result;

	if ((kind != VMSIM_ADDR && kind != VMSIM_NTSTAT) ||
	    call->recorded.kind != VMSIM_OUTCOME_SUCCESS || call->recorded.address.label)
		return 0;
	return call->recorded.address.offset;
}

static void mark(struct vmsim_machine *m, struct thread *thread)
{
	const char *name = thread->op.event.call->name;
	struct vmsim_record record = {.kind = VMSIM_RECORD_PHASE, .name = name};

	machine_flush_references(m);
	results_phase(m, name);
	if (events_wanted(&m->events, VMSIM_RECORD_PHASE))
		events_emit(&m->events, &record);
	thread->op.stage = OP_IDLE;
}

static void inject(struct vmsim_machine *m, struct thread *thread)
{
	struct op *op = &thread->op;

	machine_flush_references(m);
	vmm_inject(m->vmm, thread->process, op->va, op->args.inject);
	shootdown_broken(m);
	machine_submit(m, m->now);
	op->stage = OP_IDLE;
}

void call_begin(struct vmsim_machine *m, struct thread *thread)
{
	struct op *op = &thread->op;
	const struct vmsim_call *call = &op->args;

	overlap_drain(m);
	clock_stamp(m);
	op->stage = OP_CALL;
	op->call.address = op->va;
	if (!op->va)
		op->call.place = recorded_place(call);
	switch (call->id) {
	case VMSIM_CALL_MARK:
		mark(m, thread);
		break;
	case VMSIM_CALL_CREATE_PROCESS: /* made when its first event was looked at */
		op->stage = OP_IDLE;
		break;
	case VMSIM_CALL_EXIT_PROCESS:
		break;
	case VMSIM_CALL_THREAD_STACK:
		thread->stack_low = op->va;
		thread->stack_end = op->va + call->size[0];
		op->stage = OP_IDLE;
		break;
	case VMSIM_CALL_THREAD_PRIORITY:
		thread->priority = (unsigned)MIN(call->number[0], PAGE_PRIORITY_MAX);
		op->stage = OP_IDLE;
		break;
	case VMSIM_CALL_INJECT_ERROR:
		inject(m, thread);
		break;
	default:
		m->stats.c.calls++;
		BOOK(m, call, m->config->os.call.cycles);
	}
}

bool call_stage(struct vmsim_machine *m, struct thread *thread)
{
	struct op *op = &thread->op;
	enum vmm_status status;
	bool unpinned;

	clock_stamp(m);
	machine_flush_references(m);
	status = vmm_call(m->vmm, thread->process, &op->call);
	unpinned = access_unpin(m, op);
	charge_call(m);
	machine_submit(m, m->now);
	switch (status) {
	case VMM_DONE:
		end_call(m, thread);
		return true;
	case VMM_TOUCH:
		op->call.touched = VMSIM_RESULT_NONE;
		access_touch(m, thread, op->call.touch);
		return true;
	case VMM_WAIT_IO:
		thread->wait = WAIT_IO;
		thread->io = op->call.io;
		return false;
	default:
		m->frames_due = unpinned;
		thread->wait = WAIT_FRAME;
		return false;
	}
}
