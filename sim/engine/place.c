/* place.c: when an event may begin or a thread go on, and on which core (timing T3, T4).
 *
 * A thread between two events keeps its core while its own turn comes. One that has none takes the
 * core it was on last if that is idle, else the idle core of the lowest number, else that of the
 * thread that has waited longest for its turn. */
#include "engine/machine.h"
#include "engine/overlap.h"

/* Who acts on all pages, ExitProcess say, meets those that act on none, too. */
static bool acts_on_all(const struct op *op)
{
	return op->first == 0 && op->last == UINT64_MAX;
}

/* T3: whether an event and another thread's last one act on the same page, and one changes it. */
static bool conflict(const struct thread *other, const struct thread *thread, const struct op *op)
{
	const struct op *theirs = &other->op;

	if (other == thread)
		return true;
	if (!theirs->exclusive && !op->exclusive)
		return false;
	if (other->process == thread->process && (acts_on_all(theirs) || acts_on_all(op)))
		return true;
	if (theirs->first > theirs->last || op->first > op->last)
		return false;
	if (other->process == thread->process)
		return theirs->first <= op->last && op->first <= theirs->last;
	return vmm_shares(other->process, theirs->first, theirs->last, thread->process,
			  op->first, op->last);
}

static bool conflicts(GPtrArray *threads, const struct thread *thread, const struct op *op)
{
	for (guint i = 0; i < threads->len; i++)
		if (conflict(g_ptr_array_index(threads, i), thread, op))
			return true;
	return false;
}

/* Whether another thread's last event is a call that says what a label of this one stands for. */
static bool names(const struct thread *other, const struct op *op)
{
	const struct vmsim_outcome *says = &other->op.args.recorded;
	uint32_t labels[3] = {op->event.label, 0, 0};

	if (other->op.event.op != VMSIM_OP_CALL || other->op.source->labels != op->source->labels)
		return false;
	if (op->event.op == VMSIM_OP_CALL) {
		labels[0] = op->event.call->address.label;
		labels[1] = op->event.call->recorded.address.label;
		labels[2] = op->event.call->recorded.alloc_base.label;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(labels); i++)
		if (labels[i] && (labels[i] == says->address.label ||
				  labels[i] == says->alloc_base.label))
			return true;
	return false;
}

/* Events on cores: false if one must end first and nobody knows when; else *turn is not before the
 * end of those that have. */
static bool cores_permit(const struct vmsim_machine *m, const struct thread *thread,
			 const struct op *op, vmsim_cycles *turn)
{
	for (unsigned i = 0; i < m->n_cores; i++) {
		const struct thread *other = m->cores[i].running;
		bool runs = other && other->state == THREAD_RUNNING;
		bool ends_later = other && other->state == THREAD_BETWEEN && other->ended > *turn;

		/* Its references in flight do not keep its next event off (T8). */
		if (other == thread && ends_later && m->overlaps)
			continue;
		if ((!runs && !ends_later) ||
		    (!conflict(other, thread, op) && !names(other, op)))
			continue;
		if (runs)
			return false;
		*turn = other->ended;
	}
	return true;
}

/* --- choosing a core -------------------------------------------------------------------------- */

/* When the first core can be taken that is not the one excepted. */
static vmsim_cycles first_free(const struct vmsim_machine *m, const struct core *except)
{
	vmsim_cycles first = DEVICE_NEVER;

	for (unsigned i = 0; i < m->n_cores; i++)
		if (&m->cores[i] != except && core_is_free(&m->cores[i]))
			first = MIN(first, overlap_last(m, &m->cores[i]));
	return first;
}

/* Whether of two free cores the first is to be taken. */
static bool is_better(const struct core *core, const struct core *than,
		      const struct thread *thread)
{
	bool idle = core_is_idle(core);

	if (!than || idle != core_is_idle(than))
		return !than || idle;
	if (idle)
		return core == thread->core && than != thread->core;
	return core->running->ended < than->running->ended;
}

/* Of those free by `at`, the one that a thread takes. */
static struct core *choose(struct vmsim_machine *m, const struct thread *thread,
			   const struct core *except, vmsim_cycles at)
{
	struct core *best = NULL;

	for (unsigned i = 0; i < m->n_cores; i++) {
		struct core *core = &m->cores[i];

		if (core != except && core_is_free(core) && overlap_last(m, core) <= at &&
		    is_better(core, best, thread))
			best = core;
	}
	return best;
}

struct core *place_own_core(const struct thread *thread)
{
	return thread->core && thread->core->running == thread ? thread->core : NULL;
}

struct start place_event(struct vmsim_machine *m, struct thread *thread, const struct op *op,
			 vmsim_cycles not_before)
{
	struct start start = {.turn = m->begun, .core = place_own_core(thread), .thread = thread};

	if (conflicts(m->waiting, thread, op) || conflicts(m->ready, thread, op) ||
	    !cores_permit(m, thread, op, &start.turn))
		return start;
	start.has_turn = true;
	if (start.core && !core_is_free(start.core))
		return start;
	start.at = start.core ? core_now(m, start.core) : first_free(m, NULL);
	start.possible = start.at != DEVICE_NEVER;
	start.at = MAX(MAX(start.at, start.turn), MAX(machine_time(m), not_before));
	if (start.possible && !start.core)
		start.core = choose(m, thread, NULL, start.at);
	return start;
}

struct start place_ready(struct vmsim_machine *m, struct thread *thread, vmsim_cycles since,
			 const struct start *next)
{
	struct start start = {.thread = thread};
	bool keeps = next && next->possible && place_own_core(next->thread);
	const struct core *except = keeps ? next->core : NULL;
	vmsim_cycles with = MAX(first_free(m, NULL), since);
	vmsim_cycles without = MAX(first_free(m, except), since);

	/* The core of the next event's thread can be taken as long as that waits for its time. */
	if (except && with < next->at)
		except = NULL;
	start.at = except ? without : with;
	start.possible = start.at != DEVICE_NEVER;
	if (start.possible)
		start.core = choose(m, thread, except, start.at);
	return start;
}

struct start place_anywhere(struct vmsim_machine *m, const struct thread *thread,
			    vmsim_cycles since)
{
	struct start start = {.thread = thread};

	start.at = MAX(first_free(m, NULL), since);
	start.possible = start.at != DEVICE_NEVER;
	if (start.possible)
		start.core = choose(m, thread, NULL, start.at);
	return start;
}

bool place_permits(struct vmsim_machine *m, const struct thread *thread, const struct op *op,
		   vmsim_cycles *turn)
{
	return !conflicts(m->waiting, thread, op) && !conflicts(m->ready, thread, op) &&
	       cores_permit(m, thread, op, turn);
}
