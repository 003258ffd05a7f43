/* calls.c: API calls, marks and the making of processes, step by step (timing T14). */
#include "engine/clock.h"

#include <vmsim/win32.h>

static void charge_call(struct vmsim_machine *m)
{
	const struct config *config = m->config;
	struct work w = vmm_take_work(m->vmm);

	BOOK(m, call,
	     w.committed * config->os.page_commit.cycles +
		     w.decommitted * config->os.page_decommit.cycles +
		     w.freed * config->os.page_free.cycles +
		     w.protected * config->os.page_protect.cycles +
		     w.reset * config->os.page_reset.cycles +
		     w.locked * config->os.page_lock.cycles +
		     w.queried * config->os.page_query.cycles +
		     w.trimmed * config->os.trim.cycles + w.aged * config->os.age.cycles +
		     machine_invalidate(m));
}

static void report_failure(struct vmsim_machine *m, const struct op *op)
{
	char number[16];
	const char *error = vmsim_error_name(op->call.outcome.error);
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

static void end_call(struct vmsim_machine *m, struct thread *thread)
{
	struct op *op = &thread->op;

	if (op->call.outcome.kind == VMSIM_OUTCOME_FAILURE) {
		m->stats.c.calls_failed++;
		report_failure(m, op);
	}
	compare_call(m, op);
	m->last_outcome = op->call.outcome;
	api_call_fini(&op->call);
	op->stage = OP_IDLE;
}

static void mark(struct vmsim_machine *m, struct thread *thread)
{
	const char *name = thread->op.event.call->name;
	struct vmsim_record record = {.kind = VMSIM_RECORD_PHASE, .name = name};

	machine_flush_references(m);
	stats_phase(&m->stats, name, m->now);
	if (events_wanted(&m->events, VMSIM_RECORD_PHASE))
		events_emit(&m->events, &record);
	thread->op.stage = OP_IDLE;
}

void call_begin(struct vmsim_machine *m, struct thread *thread)
{
	struct op *op = &thread->op;
	const struct vmsim_call *call = &op->args;

	clock_stamp(m);
	op->args = *op->event.call;
	op->event.call = op->call.call = call;
	op->stage = OP_CALL;
	op->call.address = op->va;
	if (vmsim_calls[call->id].result == VMSIM_ADDR && !op->va &&
	    call->recorded.kind == VMSIM_OUTCOME_SUCCESS && !call->recorded.address.label)
		op->call.place = call->recorded.address.offset;
	switch (call->id) {
	case VMSIM_CALL_MARK:
		mark(m, thread);
		break;
	case VMSIM_CALL_CREATE_PROCESS: /* made when its first event was looked at */
		op->stage = OP_IDLE;
		break;
	case VMSIM_CALL_EXIT_PROCESS:
	case VMSIM_CALL_THREAD_STACK:
	case VMSIM_CALL_INJECT_ERROR:
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

	clock_stamp(m);
	machine_flush_references(m);
	status = vmm_call(m->vmm, thread->process, &op->call);
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
		m->frames_due = false;
		thread->wait = WAIT_FRAME;
		return false;
	}
}
