/* tick_free.c: order=free (T3, T4): every thread goes through its own events, and meets others only
 * where a call acts on pages, where a label is said, and where a process exits.
 *
 * Those who can go on but have no core wait for one in the order in which they became able to; a
 * thread that has one keeps it from event to event, until its quantum is over and another waits. */
#include "model/tick.h"

/* The events of one thread of the trace, through all lives of its process. */
struct lane {
	uint32_t pid, tid;
	size_t *events, n, at;
	bool under_way;
	bool able; /* its next event may begin now, and could since: */
	vmsim_cycles since;
	vmsim_cycles lost; /* when it could no more, for this event */
	bool comes;        /* it waits for its time alone */
};

struct tick_free {
	struct lane lane[TICK_THREADS];
	unsigned n_lanes;
	bool *ended;        /* by event */
	size_t *before;     /* of an exit: events of its process before it in the trace */
	size_t *exit;       /* the last exit of its process before it, and 1; 0: none */
	size_t *binder;     /* by label: the call that says it, and 1; 0: none */
	size_t ended_of[8]; /* events that have ended, by pid */
};

static bool is_exit(const struct tick_event *e)
{
	return e->event.op == VMSIM_OP_CALL && e->call.id == VMSIM_CALL_EXIT_PROCESS;
}

static struct lane *lane_of(struct tick_free *f, uint32_t pid, uint32_t tid)
{
	for (unsigned i = 0; i < f->n_lanes; i++)
		if (f->lane[i].pid == pid && f->lane[i].tid == tid)
			return &f->lane[i];
	g_assert(f->n_lanes < TICK_THREADS);
	f->lane[f->n_lanes] = (struct lane){.pid = pid, .tid = tid, .lost = TICK_NEVER};
	return &f->lane[f->n_lanes++];
}

struct tick_free *tick_free_new(const struct tick_case *c)
{
	struct tick_free *f = g_new0(struct tick_free, 1);
	size_t count[8] = {0}, exit[8] = {0};

	f->ended = g_new0(bool, c->n);
	f->before = g_new0(size_t, c->n);
	f->exit = g_new0(size_t, c->n);
	f->binder = g_new0(size_t, TICK_LABELS);
	for (size_t i = 0; i < c->n; i++) {
		const struct vmsim_event *e = &c->events[i].event;
		struct lane *lane = lane_of(f, e->pid, e->tid);
		uint32_t label = c->events[i].call.recorded.address.label;

		lane->events = g_renew(size_t, lane->events, lane->n + 1);
		lane->events[lane->n++] = i;
		f->before[i] = count[e->pid]++;
		f->exit[i] = exit[e->pid];
		if (is_exit(&c->events[i]))
			exit[e->pid] = i + 1;
		if (label && !f->binder[label])
			f->binder[label] = i + 1;
	}
	return f;
}

void tick_free_free(struct tick_free *f)
{
	if (!f)
		return;
	for (unsigned i = 0; i < f->n_lanes; i++)
		g_free(f->lane[i].events);
	g_free(f->ended);
	g_free(f->before);
	g_free(f->exit);
	g_free(f->binder);
	g_free(f);
}

void tick_free_end(struct tick *t, const struct tick_thread *thread)
{
	t->free->ended[thread->index] = true;
	t->free->ended_of[thread->pid]++;
	lane_of(t->free, thread->pid, thread->tid)->under_way = false;
}

bool tick_free_ended(const struct tick *t)
{
	for (unsigned i = 0; i < t->free->n_lanes; i++)
		if (t->free->lane[i].at < t->free->lane[i].n)
			return false;
	return true;
}

/* --- who may begin --------------------------------------------------------------------------- */

/* Whether a call before the event is yet to say what the label stands for. */
static bool is_open(const struct tick *t, uint32_t label, size_t index)
{
	size_t binder = t->free->binder[label];

	return label && binder && binder - 1 < index && !t->free->ended[binder - 1];
}

static bool may_begin(struct tick *t, struct lane *lane)
{
	size_t i = lane->at < lane->n ? lane->events[lane->at] : 0;
	const struct tick_event *e = &t->c->events[i];
	struct tick_thread *thread;

	lane->comes = false;
	if (lane->at == lane->n || lane->under_way || is_open(t, e->event.label, i) ||
	    (e->event.op == VMSIM_OP_CALL && is_open(t, e->call.address.label, i)))
		return false;
	if (t->free->exit[i] && !t->free->ended[t->free->exit[i] - 1])
		return false;
	if (is_exit(e) && t->free->ended_of[lane->pid] < t->free->before[i])
		return false;
	thread = tick_find_thread(t, lane->pid, lane->tid);
	tick_look_at(t, thread, i);
	if (tick_meets(t, thread))
		return false;
	lane->comes = (e->event.flags & VMSIM_EV_AT) && t->cycle < e->event.time;
	return !lane->comes;
}

static void look(struct tick *t)
{
	for (unsigned i = 0; i < t->free->n_lanes; i++) {
		struct lane *lane = &t->free->lane[i];
		bool able = may_begin(t, lane);

		if (!able && lane->able)
			lane->lost = t->cycle;
		/* Who could not for no time at all keeps its place. */
		if (able && !lane->able && lane->lost != t->cycle)
			lane->since = t->cycle;
		lane->able = able;
	}
}

bool tick_free_may_come(struct tick *t)
{
	look(t);
	for (unsigned i = 0; i < t->free->n_lanes; i++)
		if (t->free->lane[i].comes)
			return true;
	return false;
}

/* Whether it goes on with its next event where its last one ended. */
static bool keeps(const struct tick *t, const struct tick_thread *thread)
{
	const struct lane *lane = lane_of(t->free, thread->pid, thread->tid);

	return thread->core >= 0 && lane->able && lane->since <= thread->turn_since;
}

bool tick_free_idles(struct tick *t, const struct tick_thread *thread)
{
	if (!t->free)
		return false;
	look(t);
	return !keeps(t, thread);
}

/* --- cores ----------------------------------------------------------------------------------- */

/* A thread that can go on: since when it waits for a core, 0 if it has one; where it can now. */
struct candidate {
	struct tick_thread *thread;
	struct tick_core *core;
	vmsim_cycles since;
};

static bool idles(struct tick *t, const struct tick_core *core)
{
	return !core->thread || !keeps(t, core->thread);
}

/* An idle core, the one it was on last if it can be, else the lowest number; else one whose thread
 * is between two events. */
static struct tick_core *any_core(struct tick *t, const struct tick_thread *thread)
{
	struct tick_core *found = NULL;

	for (unsigned i = 0; i < t->n_cores; i++) {
		struct tick_core *core = &t->core[i];

		if (tick_core_free(core) && idles(t, core) &&
		    (!found || (int)i == thread->last_core))
			found = core;
	}
	for (unsigned i = 0; i < t->n_cores && (!found || !idles(t, found)); i++) {
		struct tick_core *core = &t->core[i];

		if (tick_core_free(core) &&
		    (!found || core->thread->turn_since < found->thread->turn_since))
			found = core;
	}
	return found;
}

/* Whether somebody who can go on has no core. */
static bool others_wait(struct tick *t)
{
	for (guint i = 0; i < t->threads->len; i++) {
		const struct tick_thread *thread = g_ptr_array_index(t->threads, i);
		bool able = lane_of(t->free, thread->pid, thread->tid)->able;

		if (thread->stage == TICK_BETWEEN ? able && !keeps(t, thread)
						  : thread->core < 0 && !thread->waiting)
			return true;
	}
	return false;
}

static struct candidate try(struct tick *t, struct tick_thread *thread)
{
	const struct lane *lane = lane_of(t->free, thread->pid, thread->tid);
	struct candidate c = {.thread = thread};
	struct tick_core *own = thread->core >= 0 ? &t->core[thread->core] : NULL;

	if (thread->waiting || (thread->stage == TICK_BETWEEN && !lane->able))
		return c;
	if (own && tick_core_busy(own) && !tick_may_send(own) &&
	    (thread->stage != TICK_BETWEEN || keeps(t, thread)))
		return c;
	if (own &&
	    (thread->stage != TICK_BETWEEN ||
	     (keeps(t, thread) &&
	      (!others_wait(t) || t->cycle - own->turned < t->config->sched.quantum.cycles)))) {
		c.core = own;
		return c;
	}
	c.core = any_core(t, thread);
	c.since = thread->stage != TICK_BETWEEN ? thread->ready_since
		  : keeps(t, thread)            ? t->cycle /* its quantum is over */
						: lane->since;
	return c;
}

bool tick_free_step(struct tick *t)
{
	struct candidate best = {.core = NULL};
	struct lane *lane;

	look(t);
	for (guint i = 0; i < t->threads->len; i++) {
		struct candidate c = try(t, g_ptr_array_index(t->threads, i));

		if (c.core && (!best.core || c.since < best.since ||
			       (c.since == best.since && c.thread->index < best.thread->index)))
			best = c;
	}
	if (!best.core)
		return false;
	if (best.thread->stage == TICK_BETWEEN) {
		lane = lane_of(t->free, best.thread->pid, best.thread->tid);
		lane->at++;
		lane->under_way = true;
		lane->able = false;
		lane->lost = TICK_NEVER;
		/* Another quantum begins if nobody waited, or after it had nothing to do. */
		if (t->cycle - best.core->turned >= t->config->sched.quantum.cycles ||
		    lane->since > best.thread->turn_since)
			best.core->turned = t->cycle;
		tick_begin(best.thread);
	}
	tick_go(t, best.thread, best.core);
	return true;
}
