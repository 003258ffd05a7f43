/* sched.c: what happens next (timing T2, T3, T16).
 *
 * Something happens at a cycle: requests complete or reach the device; a timer comes, or background
 * work is done; a core takes the next step of its thread's event, or turns to a thread that may go
 * on. The earliest is next; in one cycle they come in that order, threads by the number of their
 * event. The next event of the trace begins when nothing comes before it. */
#include "engine/clock.h"

bool machine_fail(struct vmsim_machine *m, int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (!m->error)
		m->error = g_error_new_valist(VMSIM_ERROR, code, format, args);
	va_end(args);
	return false;
}

void machine_look(struct vmsim_machine *m)
{
	m->attention = m->waiting->len || m->ready->len || m->background_due
			       ? 0
			       : MIN(MIN(device_next(m->device), timer_next(m)), m->sample_at);
}

/* --- a thread's steps ------------------------------------------------------------------------- */

/* After a step: the thread goes on, waits, or is done. */
static void settle_thread(struct vmsim_machine *m, struct thread *thread, bool goes_on)
{
	struct process *process = thread->process;
	vmsim_vpn first = thread->op.first, last = thread->op.last;

	if (!goes_on)
		thread_wait(m, thread);
	else if (thread->op.stage == OP_IDLE && !m->core->round.targets)
		thread_end(m, thread);
	else
		return;
	if (m->many && m->audit != VMSIM_AUDIT_OFF) {
		const struct op op = {.first = first, .last = last};

		machine_audit_event(m, process, &op);
	}
}

static bool stage(struct vmsim_machine *m, struct thread *thread)
{
	if (thread->op.stage == OP_BEGIN) {
		if (thread->op.event.op == VMSIM_OP_CALL)
			call_begin(m, thread);
		else
			access_begin(m, thread);
		return true;
	}
	if (thread->op.stage == OP_EXITED) {
		thread->op.stage = OP_IDLE;
		return true;
	}
	return thread->op.stage == OP_CALL ? call_stage(m, thread) : access_stage(m, thread);
}

static bool stopped(struct vmsim_machine *m)
{
	if (!m->stop || !*m->stop)
		return false;
	machine_fail(m, VMSIM_ERROR_INTERRUPTED, "interrupted");
	return true;
}

static void run(struct vmsim_machine *m, struct thread *thread)
{
	struct op *op = &thread->op;
	bool goes_on = true;

	while (op->stage != OP_IDLE && goes_on && !stopped(m)) {
		if (device_next(m->device) <= m->now)
			work_completions(m, m->now);
		if (timer_next(m) <= m->now) /* faults are counted from tick to tick (W3) */
			timer_take(m, m->now);
		if (m->now >= m->sample_at)
			machine_sample(m);
		vmm_ran(m->vmm, thread->process, m->now);
		goes_on = stage(m, thread);
	}
	settle_thread(m, thread, goes_on);
}

/* The acting core runs the thread's event. */
static void go(struct vmsim_machine *m, struct thread *thread)
{
	m->events.seq = thread->op.seq;
	m->events.line = thread->op.event.line;
	m->events.pid = thread->pid;
	m->events.tid = thread->tid;
	m->core->zeroes = false;
	m->core->asleep = false;
	work_tell_who_ran(m, machine_time(m));
	vmm_ran(m->vmm, thread->process, machine_time(m));
}

void machine_begun(struct vmsim_machine *m, struct thread *thread)
{
	thread->state = THREAD_RUNNING;
	go(m, thread);
	if (!m->many)
		run(m, thread);
	else
		settle_thread(m, thread, true);
	machine_look(m);
}

static void resume(struct vmsim_machine *m, struct thread *thread)
{
	core_step(m);
	g_ptr_array_remove(m->ready, thread);
	m->core->turned = m->now; /* it had left its core */
	machine_switch(m, thread);
	machine_begun(m, thread);
}

/* The next step of a core: its interrupts arrive, or its thread's event goes on. */
static void take_step(struct vmsim_machine *m)
{
	struct thread *thread = m->running;
	bool runs = thread && thread->state == THREAD_RUNNING;

	if (runs)
		go(m, thread);
	if (m->core->round.targets) {
		shootdown_arrive(m);
		if (runs)
			settle_thread(m, thread, true);
		return;
	}
	core_step(m);
	settle_thread(m, thread, stage(m, thread));
}

/* --- what happens ----------------------------------------------------------------------------- */

/* In the order in which they come within one cycle. */
enum kind {
	LEAVING, /* of a process whose exit is over: its core is idle before anything happens */
	ANSWERED, /* all cores a shootdown: the frames are listed */
	COMPLETION,
	SUBMISSION,
	WAKING,
	SAMPLE,
	TIMER,
	BACKGROUND,
	THREAD,
	NOTHING,
	ZEROING,
};

struct happening {
	vmsim_cycles at;
	enum kind kind;
	uint64_t since; /* free order: when it became able to run; a core keeps its thread: 0 */
	uint64_t seq;   /* of a thread's event */
	struct core *core;
	struct thread *thread; /* that was ready */
	guint lane;            /* free order: that begins an event, and 1 */
};

static bool comes_before(const struct happening *a, const struct happening *b)
{
	if (a->at != b->at)
		return a->at < b->at;
	if (a->kind != b->kind)
		return a->kind < b->kind;
	return a->since != b->since ? a->since < b->since : a->seq < b->seq;
}

static void offer(struct happening *best, struct happening other)
{
	if (other.at != DEVICE_NEVER && comes_before(&other, best))
		*best = other;
}

/* What is of no core. */
static void offer_at(struct happening *best, vmsim_cycles at, enum kind kind)
{
	if (at != DEVICE_NEVER && (at < best->at || (at == best->at && kind < best->kind)))
		*best = (struct happening){.at = at, .kind = kind};
}

/* T16: the idle core of the lowest number, else core 0 when its present event ends. */
static struct happening next_background(const struct vmsim_machine *m)
{
	struct happening next = {.at = DEVICE_NEVER, .kind = BACKGROUND};
	bool idle, found_idle = false;

	for (unsigned i = 0; i < m->n_cores; i++) {
		struct core *core = &m->cores[i];
		vmsim_cycles at = MAX(core_now(m, core), m->time);

		idle = core_is_idle(core);
		if (!idle && (i > 0 || !core_is_free(core)))
			continue;
		if (at < next.at || (at == next.at && idle && !found_idle)) {
			next.at = at;
			next.core = core;
			found_idle = idle;
		}
	}
	return next;
}

static void offer_cores(struct vmsim_machine *m, struct happening *best)
{
	for (unsigned i = 0; i < m->n_cores; i++) {
		struct core *core = &m->cores[i];
		struct happening next = {.at = core_now(m, core), .core = core};

		if (core->running && core->running->state == THREAD_RUNNING) {
			next.kind = core->running->op.stage == OP_EXITED && !core->round.targets
					    ? LEAVING
					    : THREAD;
			next.seq = core->running->op.seq;
		} else if (core->round.targets) {
			next.kind = core->round.seq ? THREAD : BACKGROUND;
			next.seq = core->round.seq;
		} else {
			next.at = work_zero_next(m, core);
			next.kind = ZEROING;
			next.seq = i;
		}
		offer(best, next);
	}
}

static void offer_ready(struct vmsim_machine *m, struct happening *best, const struct start *next)
{
	for (guint i = 0; i < m->ready->len; i++) {
		struct thread *thread = g_ptr_array_index(m->ready, i);
		vmsim_cycles ready = MAX(thread->ready_at, thread->served);
		vmsim_cycles since = MAX(ready, m->time);
		struct start start;

		/* The step that let it wait may itself wait for answers. */
		if (thread->core->round.targets && thread->core->round.seq == thread->op.seq)
			continue;
		start = m->free ? place_anywhere(m, thread, since)
				: place_ready(m, thread, since, next);
		if (start.possible)
			offer(best, (struct happening){.at = start.at,
						       .kind = THREAD,
						       .since = m->free ? ready : 0,
						       .seq = thread->op.seq,
						       .core = start.core,
						       .thread = thread});
	}
}

static void offer_lanes(struct vmsim_machine *m, struct happening *best)
{
	for (guint i = 0; i < free_lanes(m); i++) {
		struct happening next = {.kind = THREAD, .lane = i + 1};
		struct start start = free_place(m, i, &next.since, &next.seq);

		next.at = start.at;
		next.core = start.core;
		if (start.possible)
			offer(best, next);
	}
}

/* Threads without a frame try again, when background work has nothing more to do: another event may
 * have given frames back, or made a page one that can be taken. */
static bool may_wake(struct vmsim_machine *m)
{
	return m->frames_due && !m->background_due && thread_starves(m) &&
	       (vmm_has_frames(m->vmm) || !m->config->standby.enabled);
}

/* next: the event that is to begin, or NULL. */
static struct happening next_happening(struct vmsim_machine *m, const struct start *next)
{
	struct happening best = {.at = DEVICE_NEVER, .kind = NOTHING};

	if (next && next->possible)
		best.at = next->at;
	if (next && !next->thread)
		best.kind = LEAVING; /* nothing in that cycle */
	free_look(m);
	if (m->free && !next)
		offer_lanes(m, &best);
	offer_at(&best, shootdown_next(m), ANSWERED);
	offer_at(&best, device_next(m->device), COMPLETION);
	if (m->many)
		offer_at(&best, work_submit_next(m), SUBMISSION);
	if (may_wake(m))
		offer_at(&best, machine_time(m), WAKING);
	offer_cores(m, &best);
	offer_ready(m, &best, next);
	if (m->background_due)
		offer(&best, next_background(m));
	/* Timers and samples wake nobody. */
	if (best.at != DEVICE_NEVER) {
		/* In one cycle they come before threads, which wake the system from its rest. */
		timer_skip(m, best.at + (best.kind > TIMER));
		offer_at(&best, timer_next(m), TIMER);
		offer_at(&best, m->sample_at, SAMPLE);
	}
	return best;
}

/* Events that were read ahead begin here, so intervals of them end here. */
static void begin_next(struct vmsim_machine *m, guint lane)
{
	free_begin(m, lane);
	if (m->seq >= m->sample_seq)
		machine_sample(m);
}

static void happen(struct vmsim_machine *m, const struct happening *next)
{
	m->time = MAX(m->time, next->at);
	if (next->core) {
		core_select(m, next->core);
		core_pass(m, next->at);
	}
	switch (next->kind) {
	case ANSWERED:
		shootdown_list(m, next->at);
		break;
	case COMPLETION:
		work_completions(m, next->at);
		break;
	case SUBMISSION:
		work_submit(m, next->at);
		break;
	case WAKING:
		thread_wake(m, NULL, next->at);
		break;
	case SAMPLE:
		core_pass_all(m, next->at);
		machine_sample(m);
		break;
	case BACKGROUND:
		if (m->core->round.targets) {
			take_step(m);
			break;
		}
		m->core->zeroes = false;
		work_background(m);
		break;
	case TIMER:
		timer_take(m, next->at);
		break;
	case ZEROING:
		work_zero(m);
		break;
	default:
		if (next->lane)
			begin_next(m, next->lane - 1);
		else if (next->thread)
			resume(m, next->thread);
		else
			take_step(m);
	}
}

/* Lets the next thing happen. Returns false when nothing does before the event that is to begin, or
 * at all. */
static bool go_on(struct vmsim_machine *m, const struct start *start)
{
	struct happening next;

	if (stopped(m) || m->error)
		return false;
	next = next_happening(m, start);
	if (next.kind == NOTHING || (start && next.at == start->at && !start->thread))
		return false;
	happen(m, &next);
	return true;
}

bool machine_go_on(struct vmsim_machine *m)
{
	return go_on(m, NULL);
}

bool machine_stuck(struct vmsim_machine *m)
{
	if (!m->waiting->len)
		return machine_fail(m, VMSIM_ERROR_INVARIANT, "threads wait for each other (T3)");
	return machine_fail(m, VMSIM_ERROR_NO_PAGES,
			    "no frame can be freed, and a thread of process %u needs one "
			    "(NO_PAGES_AVAILABLE, semantics L3)",
			    ((struct thread *)g_ptr_array_index(m->waiting, 0))->pid);
}

/* --- events of the trace ---------------------------------------------------------------------- */

bool machine_await(struct vmsim_machine *m, struct thread *thread, struct op *op,
		   vmsim_cycles not_before)
{
	struct start start;

	for (;;) {
		start = place_event(m, thread, op, not_before);
		if (start.has_turn && not_before > start.turn) {
			m->idle_from = MIN(m->idle_from, machine_time(m));
			m->idle_from = MAX(m->idle_from, start.turn); /* it may have been put off */
			m->idle_until = not_before;
		}
		if (!go_on(m, &start))
			break;
		event_range(m, thread, op);
	}
	if (m->error)
		return false;
	if (!start.possible)
		return machine_stuck(m);
	if (m->idle_from != DEVICE_NEVER)
		core_pass_all(m, start.at);
	m->idle_from = m->idle_until = DEVICE_NEVER;
	core_select(m, start.core);
	core_pass(m, start.at);
	core_step(m);
	m->time = m->begun = start.at;
	return true;
}

/* Whether a thread's operation under way is a call that may bind the label. */
static bool binds(const struct vmsim_machine *m, const struct thread *thread, uint32_t label)
{
	const struct op *op = &thread->op;

	return thread->state != THREAD_BETWEEN && op->event.op == VMSIM_OP_CALL &&
	       op->source->labels == m->source->labels && call_binds(&op->args, label);
}

static bool is_to_be_bound(const struct vmsim_machine *m, uint32_t label)
{
	for (guint i = 0; i < m->waiting->len; i++)
		if (binds(m, g_ptr_array_index(m->waiting, i), label))
			return true;
	for (guint i = 0; i < m->ready->len; i++)
		if (binds(m, g_ptr_array_index(m->ready, i), label))
			return true;
	for (unsigned i = 0; i < m->n_cores; i++)
		if (m->cores[i].running && binds(m, m->cores[i].running, label))
			return true;
	return false;
}

bool machine_await_label(struct vmsim_machine *m, uint32_t label)
{
	while (!m->source->labels->bound[label] && is_to_be_bound(m, label))
		if (!go_on(m, NULL))
			return m->error ? false : machine_stuck(m);
	return !m->error;
}

static bool is_exiting(const struct vmsim_machine *m, uint32_t pid)
{
	for (unsigned i = 0; i < m->n_cores; i++) {
		const struct thread *thread = m->cores[i].running;

		if (thread && thread->pid == pid && thread->state != THREAD_BETWEEN &&
		    thread->op.event.op == VMSIM_OP_CALL &&
		    thread->op.args.id == VMSIM_CALL_EXIT_PROCESS)
			return true;
	}
	return false;
}

bool machine_await_exit(struct vmsim_machine *m, uint32_t pid)
{
	while (is_exiting(m, pid))
		if (!go_on(m, NULL))
			return m->error ? false : machine_stuck(m);
	return !m->error;
}

static bool is_under_way(const struct vmsim_machine *m)
{
	if (m->waiting->len || m->ready->len)
		return true;
	for (unsigned i = 0; i < m->n_cores; i++)
		if (m->cores[i].running && m->cores[i].running->state == THREAD_RUNNING)
			return true;
	return false;
}

bool machine_drain(struct vmsim_machine *m)
{
	if (m->idle_from == DEVICE_NEVER)
		m->idle_from = machine_time(m);
	while (is_under_way(m) || !free_is_drained(m))
		if (!go_on(m, NULL))
			return m->error ? false : machine_stuck(m);
	return !m->error;
}

void machine_close(struct vmsim_machine *m)
{
	struct start end = {.possible = true, .at = m->last_end};

	while (go_on(m, &end))
		end.at = m->last_end; /* an interrupt may have put it off */
	core_pass_all(m, m->last_end);
}
