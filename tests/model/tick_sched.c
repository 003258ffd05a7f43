/* tick_sched.c: whose turn it is (T3, T4). */
#include "model/tick.h"

enum reason { MAY_BEGIN, NO_EVENT, NOT_ENDED, LABEL, CONFLICT, TIME };

/* --- events that end, threads that wait ------------------------------------------------------ */

static void bind(struct tick *t, struct tick_thread *thread)
{
	const struct vmsim_outcome *out = &t->result->outcomes[thread->index];
	uint32_t labels[2];

	tick_call_labels(thread->event->call, labels);
	for (int i = 0; i < 2; i++)
		if (labels[i] && !t->bound[labels[i]]) {
			t->bound[labels[i]] = true;
			t->label[labels[i]] =
				out->kind == VMSIM_OUTCOME_SUCCESS
					? i ? out->alloc_base.offset : out->address.offset
					: 0;
		}
}

/* The process is gone, and its threads; cores stay in its address space. */
static void forget_process(struct tick *t, const struct process *process, uint32_t pid)
{
	g_hash_table_remove(t->processes, GUINT_TO_POINTER(pid));
	for (unsigned i = 0; i < t->n_cores; i++) {
		struct tick_core *core = &t->core[i];

		if (core->thread && core->thread->process == process)
			core->thread = NULL;
		if (core->last && core->last->process == process)
			core->last = NULL;
		if (core->ran && core->ran->process == process)
			core->ran = NULL;
	}
	for (guint i = t->threads->len; i-- > 0;)
		if (((struct tick_thread *)g_ptr_array_index(t->threads, i))->process == process)
			g_ptr_array_remove_index(t->threads, i);
}

static void end_event(struct tick *t, struct tick_thread *thread)
{
	thread->stage = TICK_BETWEEN;
	thread->turn_since = t->cycle;
	if (t->free)
		tick_free_end(t, thread);
	if (thread->event->op == VMSIM_OP_CALL) {
		bind(t, thread);
		api_call_fini(&thread->call);
	}
	if (process_has_exited(thread->process))
		forget_process(t, thread->process, thread->pid);
}

static void leave(struct tick *t, struct tick_core *core, struct tick_thread *thread)
{
	core->thread = NULL;
	thread->core = -1;
	thread->stage = thread->after;
	thread->waiting = thread->wait != TICK_NO_WAIT;
	thread->ready_since = t->cycle;
}

void tick_settle(struct tick *t)
{
	for (unsigned i = 0; i < t->n_cores; i++) {
		struct tick_core *core = &t->core[i];

		if (tick_core_busy(core))
			continue;
		core->background = core->reference = false;
		if (core->thread && core->thread->stage == TICK_END)
			end_event(t, core->thread);
		else if (core->thread && core->thread->stage == TICK_WAIT)
			leave(t, core, core->thread);
	}
}

bool tick_ended(const struct tick *t)
{
	for (guint i = 0; i < t->threads->len; i++)
		if (((struct tick_thread *)g_ptr_array_index(t->threads, i))->stage != TICK_BETWEEN)
			return false;
	return t->free ? tick_free_ended(t) : t->next == t->c->n;
}

/* --- the next event -------------------------------------------------------------------------- */

static struct process *find_process(struct tick *t, uint32_t pid)
{
	struct process *process = g_hash_table_lookup(t->processes, GUINT_TO_POINTER(pid));

	if (!process) {
		process = vmm_process_new(t->vmm, pid);
		g_hash_table_insert(t->processes, GUINT_TO_POINTER(pid), process);
	}
	return process;
}

struct tick_thread *tick_find_thread(struct tick *t, uint32_t pid, uint32_t tid)
{
	struct tick_thread *thread;

	for (guint i = 0; i < t->threads->len; i++) {
		thread = g_ptr_array_index(t->threads, i);
		if (thread->pid == pid && thread->tid == tid)
			return thread;
	}
	thread = g_new0(struct tick_thread, 1);
	*thread = (struct tick_thread){.pid = pid,
				       .tid = tid,
				       .core = -1,
				       .last_core = -1,
				       .process = find_process(t, pid),
				       .priority = (unsigned)t->config->vmm.page_priority,
				       .turn_since = t->cycle};
	g_ptr_array_add(t->threads, thread);
	return thread;
}

/* Whether a call under way is yet to say what the label stands for. */
static bool label_comes(const struct tick *t, uint32_t label)
{
	uint32_t labels[2];

	for (guint i = 0; label && !t->bound[label] && i < t->threads->len; i++) {
		const struct tick_thread *thread = g_ptr_array_index(t->threads, i);

		if (thread->stage == TICK_BETWEEN || thread->event->op != VMSIM_OP_CALL)
			continue;
		tick_call_labels(thread->event->call, labels);
		if (labels[0] == label || labels[1] == label)
			return true;
	}
	return false;
}

static bool labels_come(const struct tick *t, const struct vmsim_event *event)
{
	uint32_t labels[2] = {0, 0};

	if (event->op != VMSIM_OP_CALL)
		return label_comes(t, event->label);
	tick_call_labels(event->call, labels);
	return label_comes(t, event->call->address.label) || label_comes(t, labels[0]) ||
	       label_comes(t, labels[1]);
}

void tick_look_at(struct tick *t, struct tick_thread *thread, size_t index)
{
	const struct vmsim_event *event = &t->c->events[index].event;
	const struct vmsim_addr at = event->op == VMSIM_OP_CALL
					     ? event->call->address
					     : (struct vmsim_addr){event->va, event->label};

	thread->event = event;
	thread->index = index;
	thread->va = t->label[at.label] + at.offset;
	/* Threads that run freely meet where a call acts. */
	thread->exclusive = event->op == VMSIM_OP_CALL || (event->op == VMSIM_OP_WRITE && !t->free);
	if (event->op == VMSIM_OP_CALL) {
		if (!vmm_call_range(t->vmm, thread->process, event->call, thread->va,
				    &thread->first, &thread->last)) {
			thread->first = 1;
			thread->last = 0;
		}
		return;
	}
	thread->first = thread->va >> VMSIM_PAGE_SHIFT;
	thread->last = (thread->va + event->size - 1) >> VMSIM_PAGE_SHIFT;
	/* Consuming a guard is a change; that of a stack makes the page below the guard. */
	if (vmm_has_guard(thread->process, thread->first, thread->last)) {
		thread->exclusive = true;
		if (thread->stack_end && thread->first)
			thread->first--;
	}
}

/* ExitProcess, say: with every event of its process, even those that act on no page. */
static bool acts_on_all(const struct tick_thread *thread)
{
	return thread->first == 0 && thread->last == UINT64_MAX;
}

/* T3: whether two events act on one page, and one of them changes it. */
static bool collide(const struct tick_thread *a, const struct tick_thread *b)
{
	if (!a->exclusive && !b->exclusive)
		return false;
	if (a->process == b->process && (acts_on_all(a) || acts_on_all(b)))
		return true;
	if (a->first > a->last || b->first > b->last)
		return false;
	if (a->process == b->process)
		return a->first <= b->last && b->first <= a->last;
	return vmm_shares(a->process, a->first, a->last, b->process, b->first, b->last);
}

bool tick_meets(const struct tick *t, const struct tick_thread *thread)
{
	for (guint i = 0; i < t->threads->len; i++) {
		const struct tick_thread *other = g_ptr_array_index(t->threads, i);

		if (other->stage != TICK_BETWEEN && collide(thread, other))
			return true;
	}
	return false;
}

/* The core on which a thread that can go on may do so now; NULL: none.
 * => next: the thread whose turn it is, or NULL; it keeps its core */
static struct tick_core *find_core(struct tick *t, const struct tick_thread *thread,
				   const struct tick_thread *next)
{
	struct tick_core *found = NULL;

	if (thread->core >= 0) {
		found = &t->core[thread->core];
		return tick_core_busy(found) && !tick_may_send(found) ? NULL : found;
	}
	for (unsigned i = 0; i < t->n_cores; i++)
		if (tick_core_free(&t->core[i]) && !t->core[i].thread &&
		    (!found || (int)i == thread->last_core))
			found = &t->core[i];
	if (found)
		return found;
	for (unsigned i = 0; i < t->n_cores; i++) {
		struct tick_core *core = &t->core[i];

		if (tick_core_free(core) && core->thread != next &&
		    (!found || core->thread->turn_since < found->thread->turn_since))
			found = core;
	}
	return found;
}

/* Whether the next event of the trace may begin in this cycle, but for a core. */
static enum reason may_begin(struct tick *t, struct tick_thread **who)
{
	const struct vmsim_event *event = &t->c->events[t->next].event;
	struct tick_thread *thread;

	*who = NULL;
	if (t->next == t->c->n)
		return NO_EVENT;
	thread = tick_find_thread(t, event->pid, event->tid);
	if (thread->stage != TICK_BETWEEN)
		return NOT_ENDED;
	if (labels_come(t, event))
		return LABEL;
	tick_look_at(t, thread, t->next);
	if (tick_meets(t, thread))
		return CONFLICT;
	if ((event->flags & VMSIM_EV_AT) && t->cycle < event->time)
		return TIME;
	*who = thread;
	return MAY_BEGIN;
}

bool tick_may_come(struct tick *t)
{
	struct tick_thread *thread;

	return t->free ? tick_free_may_come(t) : may_begin(t, &thread) == TIME;
}

/* --- cores ----------------------------------------------------------------------------------- */

/* T4: the core turns to a thread. */
static void take_core(struct tick *t, struct tick_core *core, struct tick_thread *thread)
{
	unsigned account = tick_account(t, thread->process);
	uint32_t asid = process_asid(thread->process);

	if (core->thread)
		core->thread->core = -1;
	if (thread->core >= 0) /* its quantum is over there */
		t->core[thread->core].thread = NULL;
	for (unsigned i = 0; i < t->n_cores; i++)
		if (&t->core[i] != core && t->core[i].last == thread)
			t->core[i].last = NULL;
	if (core->ran != thread && core->used) {
		t->stats.c.thread_switches++;
		tick_slice(t, core, BUCKET_switch, account,
			   t->free ? t->config->os.switch_.cycles
				   : t->config->sched.recorded_switch.cycles);
	}
	if (core->asid && core->asid != asid)
		tick_slice(t, core, BUCKET_switch, account, t->config->os.cr3.cycles);
	if (core->asid != asid)
		tick_slice(t, core, BUCKET_switch, account, tick_enter(t, core, asid));
	tick_count(t, account);
	core->thread = core->last = core->ran = thread;
	core->asid = asid;
	core->used = true;
	core->turned = t->cycle;
	thread->core = thread->last_core = (int)core->number;
}

/* --- steps ----------------------------------------------------------------------------------- */

void tick_begin(struct tick_thread *thread)
{
	thread->stage = thread->event->flags & VMSIM_EV_GAP ? TICK_GAP : TICK_BEGIN;
	thread->done = thread->counted = 0;
	thread->repeated = thread->untold = false;
	thread->data_cycles = 0;
	thread->fault = (struct fault){.va = 0};
}

static void step(struct tick *t, struct tick_thread *thread)
{
	struct tick_core *core = &t->core[thread->core];

	core->zeroes = false;
	tick_stamp(t, thread);
	if (thread->stage == TICK_GAP) {
		tick_slice(t, core, BUCKET_compute, tick_account(t, thread->process),
			   thread->event->time);
		thread->stage = TICK_BEGIN;
	} else if (thread->event->op == VMSIM_OP_CALL && thread->stage != TICK_TRAP &&
		   thread->stage != TICK_SERVICE && thread->stage != TICK_RETURN) {
		tick_call(t, thread);
	} else {
		tick_access(t, thread);
	}
	tick_count(t, tick_account(t, thread->process));
}

void tick_go(struct tick *t, struct tick_thread *thread, struct tick_core *core)
{
	vmm_ran(t->vmm, thread->process, t->cycle);
	if (thread->core != (int)core->number)
		take_core(t, core, thread);
	else if (core->round == TICK_TO_SEND)
		tick_send(t, core);
	else
		step(t, thread);
}

bool tick_step_thread(struct tick *t)
{
	struct tick_thread *next, *best = NULL;
	struct tick_core *core = NULL, *at;

	if (t->free)
		return tick_free_step(t);
	may_begin(t, &next);
	for (guint i = 0; i < t->threads->len; i++) {
		struct tick_thread *thread = g_ptr_array_index(t->threads, i);

		if ((thread->stage == TICK_BETWEEN && thread != next) || thread->waiting ||
		    (best && best->index < thread->index))
			continue;
		at = find_core(t, thread, next);
		if (at) {
			best = thread;
			core = at;
		}
	}
	if (!best)
		return false;
	if (best->stage == TICK_BETWEEN) {
		tick_begin(best);
		t->next++;
	}
	tick_go(t, best, core);
	return true;
}

/* --- a core that has nothing to run (T19) ---------------------------------------------------- */

enum bucket_id tick_waits_for(struct tick *t, const struct tick_core *core, unsigned *account)
{
	struct tick_thread *next;
	const struct tick_thread *last = core->last;
	enum reason reason;

	*account = 0;
	if (!core->thread && last && last->waiting) {
		*account = tick_account(t, last->process);
		return BUCKET_io_wait;
	}
	if (t->free)
		return BUCKET_idle;
	reason = may_begin(t, &next);
	if (!core->thread || reason == NO_EVENT || reason == TIME)
		return BUCKET_idle;
	*account = tick_account(t, core->thread->process);
	return BUCKET_order_wait;
}
