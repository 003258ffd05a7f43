/* free.c: order=free (timing T3, T4): every thread has a queue of its own events and goes its own
 * way; threads meet where they share something.
 *
 * Still in the order of the trace are what a program could not do otherwise: an event that names a
 * label waits for the call that binds it; an exit waits for all that its process does before, and
 * what a process of the same number does later waits for the exit. Calls keep others off the pages
 * they act on, as the lock of an address space does.
 *
 * Threads wait for a core in the order in which they became able to run. One that has a core keeps
 * it until it waits, has nothing to do, or its quantum is over and another waits: this is looked at
 * between events. Who had nothing to do waits like the others, with a new quantum before it.
 *
 * Events are read ahead up to sched.window; a thread whose next event is beyond has none. */
#include "engine/clock.h"

struct queued {
	struct vmsim_event event;
	struct vmsim_call call; /* event.call, kept; its pages are owned */
	const struct source *source;
	uint64_t seq;
	uint64_t life; /* how many processes of its number have exited before it */
};

/* A thread of the trace, and those of its number that come after its process has exited. */
struct lane {
	uint32_t pid, tid;
	GQueue events; /* of struct queued */
	vmsim_cycles since; /* when it became able to run */
	bool able;     /* its first event may begin, then */
	vmsim_cycles lost; /* when it might no more; DEVICE_NEVER: it never might */
	bool filled;
	struct op op; /* its first event, once filled */
	vmsim_cycles not_before;
	uint64_t under_way; /* the life whose event it is in the middle of, and 1; 0: none */
	bool exits;         /* and that is the process's exit */
	GArray *binds;      /* of uint32_t: labels that event may bind */
	const struct vmsim_labels *labels;
};

struct free {
	GPtrArray *lanes;    /* of struct lane: those with events */
	GHashTable *lane_of; /* (pid, tid) -> struct lane; owns them */
	GHashTable *pids;    /* pid -> struct pid */
	GHashTable *binders; /* struct label_key -> struct binders */
	uint64_t fed, queued; /* events read, and of them not begun */
};

struct pid {
	uint64_t fed, lived; /* exits read, and exits carried out */
	GArray *left;        /* uint64_t, by life: events that have not ended */
	vmsim_cycles ended, exited; /* when the last event, the last exit, did */
};

/* Calls that may bind a label: those that have not ended, by number, and when the last did. */
struct binders {
	GQueue seqs; /* of uint64_t, in order */
	vmsim_cycles ended;
};

struct label_key {
	const struct vmsim_labels *labels;
	uint32_t id;
};

static guint label_hash(const void *key)
{
	const struct label_key *k = key;

	return g_direct_hash(k->labels) * 31 + k->id;
}

static gboolean label_equal(const void *a, const void *b)
{
	const struct label_key *x = a, *y = b;

	return x->labels == y->labels && x->id == y->id;
}

static void pid_free(void *data)
{
	struct pid *pid = data;

	g_array_unref(pid->left);
	g_free(pid);
}

static void queued_free(void *data)
{
	struct queued *queued = data;

	g_free(queued->call.recorded.pages);
	g_free(queued);
}

static void lane_free(void *data)
{
	struct lane *lane = data;

	g_queue_clear_full(&lane->events, queued_free);
	g_array_unref(lane->binds);
	g_free(lane);
}

static void binders_free(void *data)
{
	struct binders *binders = data;

	g_queue_clear_full(&binders->seqs, g_free);
	g_free(binders);
}

void free_init(struct vmsim_machine *m)
{
	if (m->config->order != ORDER_FREE)
		return;
	m->free = g_new0(struct free, 1);
	m->many = true;
	m->free->lanes = g_ptr_array_new();
	m->free->lane_of =
		g_hash_table_new_full(machine_thread_hash, g_int64_equal, g_free, lane_free);
	m->free->pids = g_hash_table_new_full(NULL, NULL, NULL, pid_free);
	m->free->binders = g_hash_table_new_full(label_hash, label_equal, g_free, binders_free);
	m->idle_from = 0;
}

void free_fini(struct vmsim_machine *m)
{
	if (!m->free)
		return;
	g_ptr_array_unref(m->free->lanes);
	g_hash_table_destroy(m->free->lane_of);
	g_hash_table_destroy(m->free->pids);
	g_hash_table_destroy(m->free->binders);
	g_free(m->free);
}

/* --- reading ahead ---------------------------------------------------------------------------- */

static struct pid *pid_of(struct free *free, uint32_t number)
{
	struct pid *pid = g_hash_table_lookup(free->pids, GUINT_TO_POINTER(number));
	uint64_t none = 0;

	if (!pid) {
		pid = g_new0(struct pid, 1);
		pid->left = g_array_new(FALSE, FALSE, sizeof(uint64_t));
		g_array_append_val(pid->left, none);
		g_hash_table_insert(free->pids, GUINT_TO_POINTER(number), pid);
	}
	return pid;
}

static struct lane *lane_for(struct free *free, uint32_t pid, uint32_t tid)
{
	uint64_t key = (uint64_t)pid << 32 | tid;
	struct lane *lane = g_hash_table_lookup(free->lane_of, &key);

	if (lane)
		return lane;
	lane = g_new0(struct lane, 1);
	lane->pid = pid;
	lane->tid = tid;
	g_queue_init(&lane->events);
	lane->lost = DEVICE_NEVER;
	lane->binds = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	g_hash_table_insert(free->lane_of, g_memdup2(&key, sizeof(key)), lane);
	return lane;
}

struct binds_ctx {
	const struct vmsim_labels *labels;
	GArray *out;
};

static bool collect_bind(void *ctx, uint32_t label)
{
	struct binds_ctx *c = ctx;

	if (!c->labels->bound[label])
		g_array_append_val(c->out, label);
	return false;
}

/* Labels that a call may bind; those it only names are left out. */
static void binds_of(const struct queued *queued, GArray *out)
{
	struct binds_ctx ctx = {queued->source->labels, out};

	g_array_set_size(out, 0);
	if (queued->event.op == VMSIM_OP_CALL)
		call_answers(&queued->call, collect_bind, &ctx);
}

static void announce_binds(struct free *free, const struct queued *queued)
{
	GArray *binds = g_array_new(FALSE, FALSE, sizeof(uint32_t));

	binds_of(queued, binds);
	for (guint i = 0; i < binds->len; i++) {
		struct label_key key = {queued->source->labels,
					g_array_index(binds, uint32_t, i)};
		struct binders *binders = g_hash_table_lookup(free->binders, &key);

		if (!binders) {
			binders = g_new0(struct binders, 1);
			g_queue_init(&binders->seqs);
			g_hash_table_insert(free->binders, g_memdup2(&key, sizeof(key)), binders);
		}
		g_queue_push_tail(&binders->seqs, g_memdup2(&queued->seq, sizeof(queued->seq)));
	}
	g_array_unref(binds);
}

static struct queued *keep(struct vmsim_machine *m, const struct vmsim_event *event)
{
	struct queued *queued = g_new0(struct queued, 1);
	struct vmsim_outcome *recorded = &queued->call.recorded;

	queued->event = *event;
	queued->source = m->source;
	queued->seq = ++m->free->fed;
	if (event->op != VMSIM_OP_CALL)
		return queued;
	queued->call = *event->call;
	queued->event.call = &queued->call;
	if (queued->call.name)
		queued->call.name = g_string_chunk_insert_const(m->names, queued->call.name);
	if (queued->call.file)
		queued->call.file = g_string_chunk_insert_const(m->names, queued->call.file);
	recorded->pages = g_memdup2(recorded->pages, recorded->n_pages * sizeof(*recorded->pages));
	return queued;
}

bool free_feed(struct vmsim_machine *m, const struct vmsim_event *event)
{
	struct free *free = m->free;
	struct lane *lane = lane_for(free, event->pid, event->tid);
	struct pid *pid = pid_of(free, event->pid);
	struct queued *queued = keep(m, event);
	uint64_t none = 0;

	queued->life = pid->fed;
	g_array_index(pid->left, uint64_t, pid->fed)++;
	if (event->op == VMSIM_OP_CALL && event->call->id == VMSIM_CALL_EXIT_PROCESS) {
		pid->fed++;
		g_array_append_val(pid->left, none);
	}
	announce_binds(free, queued);
	if (!lane->events.length)
		g_ptr_array_add(free->lanes, lane);
	g_queue_push_tail(&lane->events, queued);
	free->queued++;
	while (free->queued > m->config->sched.window)
		if (!machine_go_on(m))
			return !m->error && machine_stuck(m);
	return !m->error;
}

bool free_is_drained(const struct vmsim_machine *m)
{
	return !m->free || !m->free->queued;
}

/* --- which may begin -------------------------------------------------------------------------- */

struct open_ctx {
	const struct free *free;
	const struct queued *queued;
	vmsim_cycles *turn;
};

/* Whether a call before this event may yet bind the label; *turn: those that did have ended. */
static bool is_open(void *ctx, uint32_t label)
{
	const struct open_ctx *c = ctx;
	const struct queued *queued = c->queued;
	struct label_key key = {queued->source->labels, label};
	const struct binders *binders = g_hash_table_lookup(c->free->binders, &key);

	if (!binders)
		return false;
	*c->turn = MAX(*c->turn, binders->ended);
	return !queued->source->labels->bound[label] && binders->seqs.length &&
	       *(const uint64_t *)binders->seqs.head->data < queued->seq;
}

static bool labels_permit(const struct free *free, const struct queued *queued,
			  vmsim_cycles *turn)
{
	struct open_ctx ctx = {free, queued, turn};

	return !event_names(&queued->event, is_open, &ctx);
}

static bool is_exit(const struct queued *queued)
{
	return queued->event.op == VMSIM_OP_CALL &&
	       queued->call.id == VMSIM_CALL_EXIT_PROCESS;
}

static bool process_permits(struct free *free, const struct queued *queued, vmsim_cycles *turn)
{
	const struct pid *pid = pid_of(free, queued->event.pid);

	if (is_exit(queued) || pid->lived)
		*turn = MAX(*turn, is_exit(queued) ? pid->ended : pid->exited);
	if (queued->life != pid->lived)
		return false;
	return !is_exit(queued) || g_array_index(pid->left, uint64_t, pid->lived) == 1;
}

/* The machine reads an event as of its trace. */
static void turn_to(struct vmsim_machine *m, const struct source *source)
{
	m->source = source;
	m->label_value = source->labels->value;
}

/* What its first event is, once it can be told. */
static bool fill(struct vmsim_machine *m, struct lane *lane, const struct queued *queued)
{
	const struct source *fed = m->source;
	struct thread *thread;

	turn_to(m, queued->source);
	thread = event_acceptable(m, &queued->event) && event_clock_allows(m, &queued->event)
			 ? event_thread(m, &queued->event)
			 : NULL;
	if (thread) {
		event_fill(m, thread, &queued->event, queued->seq, &lane->op);
		lane->not_before = event_not_before(m, &queued->event);
		lane->filled = true;
	}
	turn_to(m, fed);
	return thread;
}

static struct thread *thread_of(struct vmsim_machine *m, const struct lane *lane)
{
	return machine_thread(m, lane->pid, lane->tid);
}

/* Whether its first event may begin, as things stand, and from when. */
static bool may_begin(struct vmsim_machine *m, struct lane *lane, vmsim_cycles *turn)
{
	const struct queued *queued = g_queue_peek_head(&lane->events);

	if (!queued || lane->under_way || !labels_permit(m->free, queued, turn) ||
	    !process_permits(m->free, queued, turn))
		return false;
	if (!lane->filled && !fill(m, lane, queued))
		return false;
	event_range(m, thread_of(m, lane), &lane->op);
	*turn = MAX(*turn, lane->not_before);
	return place_permits(m, thread_of(m, lane), &lane->op, turn);
}

/* Whether a thread goes on with its next event where its last one ended. */
static bool keeps(const struct thread *thread, const struct lane *lane)
{
	return lane->able && place_own_core(thread) && lane->since <= thread->ended;
}

void free_look(struct vmsim_machine *m)
{
	for (guint i = 0; m->free && i < m->free->lanes->len && !m->error; i++) {
		struct lane *lane = g_ptr_array_index(m->free->lanes, i);
		vmsim_cycles turn = m->time;
		bool able = may_begin(m, lane, &turn);

		if (!able && lane->able)
			lane->lost = m->time;
		/* Who could not for no time at all keeps its place; what it waits for may be put
		 * off. */
		if (able && (turn > m->time ||
			     (!lane->able && (lane->lost == DEVICE_NEVER || turn > lane->lost))))
			lane->since = MAX(lane->since, turn);
		lane->able = able;
	}
	for (unsigned i = 0; m->free && i < m->n_cores; i++) {
		struct core *core = &m->cores[i];

		core->vacant = core->running && core->running->state == THREAD_BETWEEN &&
			       !keeps(core->running, lane_for(m->free, core->running->pid,
							      core->running->tid));
	}
}

/* --- T4: who has a core ----------------------------------------------------------------------- */

/* Whether another thread has waited for a core since before. */
static bool others_wait(struct vmsim_machine *m, const struct lane *lane, vmsim_cycles at)
{
	for (guint i = 0; i < m->ready->len; i++) {
		const struct thread *thread = g_ptr_array_index(m->ready, i);

		if (MAX(thread->ready_at, thread->served) <= at)
			return true;
	}
	for (guint i = 0; i < m->free->lanes->len; i++) {
		const struct lane *other = g_ptr_array_index(m->free->lanes, i);

		if (other != lane && other->able && other->since <= at &&
		    !keeps(thread_of(m, other), other))
			return true;
	}
	return false;
}

struct start free_place(struct vmsim_machine *m, guint i, uint64_t *waits_since, uint64_t *seq)
{
	struct lane *lane = g_ptr_array_index(m->free->lanes, i);
	struct start start = {0};
	struct core *own;

	if (!lane->able)
		return start;
	start.thread = thread_of(m, lane);
	own = place_own_core(start.thread);
	*waits_since = lane->since;
	*seq = lane->op.seq;
	if (!keeps(start.thread, lane))
		return place_anywhere(m, start.thread, MAX(lane->since, m->time));
	if (!core_is_free(own))
		return start;
	start.at = MAX(core_now(m, own), m->time);
	if (start.at - own->turned >= m->config->sched.quantum.cycles &&
	    others_wait(m, lane, start.at)) {
		*waits_since = start.at; /* its quantum is over: it goes to the end */
		return place_anywhere(m, start.thread, start.at);
	}
	*waits_since = 0;
	start.core = own;
	start.possible = true;
	return start;
}

guint free_lanes(const struct vmsim_machine *m)
{
	return m->free ? m->free->lanes->len : 0;
}

void free_begin(struct vmsim_machine *m, guint i)
{
	struct lane *lane = g_ptr_array_index(m->free->lanes, i);
	struct queued *queued = g_queue_pop_head(&lane->events);
	const struct source *fed = m->source;
	struct thread *thread = thread_of(m, lane);

	if (!lane->events.length)
		g_ptr_array_remove_index_fast(m->free->lanes, i);
	core_step(m);
	m->free->queued--;
	m->seq++;
	m->begun = m->now;
	lane->under_way = queued->life + 1;
	lane->exits = is_exit(queued);
	lane->labels = queued->source->labels;
	lane->filled = lane->able = false;
	lane->lost = DEVICE_NEVER;
	binds_of(queued, lane->binds);
	if (m->now - m->core->turned >= m->config->sched.quantum.cycles ||
	    lane->since > thread->ended)
		m->core->turned = m->now;
	turn_to(m, queued->source);
	event_begin(m, thread, &lane->op);
	turn_to(m, fed);
	queued_free(queued);
}

/* A call that may bind labels is no longer under way. */
static void forget_binds(struct free *free, const struct lane *lane, uint64_t seq)
{
	for (guint i = 0; i < lane->binds->len; i++) {
		struct label_key key = {lane->labels, g_array_index(lane->binds, uint32_t, i)};
		struct binders *binders = g_hash_table_lookup(free->binders, &key);
		GList *link = binders->seqs.head;

		while (*(const uint64_t *)link->data != seq)
			link = link->next;
		g_free(link->data);
		g_queue_delete_link(&binders->seqs, link);
	}
}

/* When a lane's last event ends: who waits for it goes on then. */
static void note_end(struct free *free, const struct lane *lane, vmsim_cycles ended)
{
	struct pid *pid = pid_of(free, lane->pid);

	pid->ended = MAX(pid->ended, ended);
	for (guint i = 0; i < lane->binds->len; i++) {
		struct label_key key = {lane->labels, g_array_index(lane->binds, uint32_t, i)};
		struct binders *binders = g_hash_table_lookup(free->binders, &key);

		binders->ended = MAX(binders->ended, ended);
	}
}

void free_put_off(struct vmsim_machine *m, const struct thread *thread)
{
	struct lane *lane;

	if (!m->free)
		return;
	lane = lane_for(m->free, thread->pid, thread->tid);
	lane->since = MAX(lane->since, thread->ended);
	note_end(m->free, lane, thread->ended);
}

void free_ended(struct vmsim_machine *m, const struct thread *thread)
{
	struct lane *lane;
	struct pid *pid;

	if (!m->free)
		return;
	lane = lane_for(m->free, thread->pid, thread->tid);
	pid = pid_of(m->free, thread->pid);
	note_end(m->free, lane, thread->ended);
	forget_binds(m->free, lane, thread->op.seq);
	g_array_index(pid->left, uint64_t, lane->under_way - 1)--;
	if (lane->exits) {
		pid->lived++;
		pid->exited = pid->ended;
	}
	lane->under_way = 0;
	lane->since = m->now; /* its last references may still be in flight */
}
