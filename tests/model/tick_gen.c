/* tick_gen.c: traces from a seed: a few threads of a few processes, mostly in a few blocks at known
 * places. Calls need not succeed. */
#include "model/tick.h"

#define PLACES 5u
#define PLACE_PAGES 14u

struct gen {
	uint64_t state;
	struct tick_case *c;
	unsigned processes, threads, labels, calls, stores, marks;
	struct {
		uint64_t base;
		uint32_t label;
		unsigned pages;
		bool made;  /* there is a block, if the call succeeded */
	} place[4][PLACES]; /* by pid */
	uint64_t page[4];   /* the one last touched, for locality */
	vmsim_cycles clock; /* about when */
};

static uint64_t below(struct gen *g, uint64_t n)
{
	return tick_below(&g->state, n);
}

static bool chance(struct gen *g, uint64_t percent)
{
	return below(g, 100) < percent;
}

/* A place, mostly of a block. */
static unsigned some_place(struct gen *g, uint32_t pid)
{
	unsigned place = 0;

	for (int tries = 0; tries < 6; tries++) {
		place = (unsigned)below(g, chance(g, 50) ? 2 : PLACES);
		if (g->place[pid][place].made)
			break;
	}
	return place;
}

static struct vmsim_addr address(struct gen *g, uint32_t pid, unsigned place, uint64_t offset)
{
	if (g->place[pid][place].label)
		return (struct vmsim_addr){offset, g->place[pid][place].label};
	return (struct vmsim_addr){g->place[pid][place].base + offset, 0};
}

/* --- references ------------------------------------------------------------------------------ */

static void make_access(struct gen *g, struct vmsim_event *e)
{
	static const uint32_t sizes[] = {1, 2, 4, 8, 8, 8, 16, 64};
	unsigned place = some_place(g, e->pid);
	uint64_t pages = g->place[e->pid][place].pages, page = below(g, pages), at;
	struct vmsim_addr where;

	if (chance(g, 50))
		page = MIN(g->page[e->pid], pages - 1);
	else if (chance(g, 30))
		page = MIN(g->page[e->pid] + 1, pages - 1);
	g->page[e->pid] = page;
	e->size = sizes[below(g, G_N_ELEMENTS(sizes))];
	at = chance(g, 10) ? VMSIM_PAGE_SIZE - 1 - below(g, e->size) : below(g, 4000);
	if (chance(g, 1))
		page += PLACE_PAGES;
	where = address(g, e->pid, place, page * VMSIM_PAGE_SIZE + at);
	e->va = where.offset;
	e->label = where.label;
	e->op = (uint8_t)(chance(g, 8)           ? VMSIM_OP_EXECUTE
			  : chance(g, g->stores) ? VMSIM_OP_WRITE
						 : VMSIM_OP_READ);
}

/* --- calls ----------------------------------------------------------------------------------- */

static void range(struct gen *g, uint32_t pid, struct vmsim_call *c)
{
	unsigned place = some_place(g, pid), pages = g->place[pid][place].pages;
	uint64_t first = below(g, pages), n = 1 + below(g, 4);

	if (chance(g, 20)) {
		first = 0;
		n = pages;
	}
	n = MIN(n, pages - first);
	c->address = address(g, pid, place, first * VMSIM_PAGE_SIZE);
	c->size[0] = n * VMSIM_PAGE_SIZE;
	if (chance(g, 2))
		c->size[0] += PLACE_PAGES * VMSIM_PAGE_SIZE;
}

static uint32_t protection(struct gen *g)
{
	static const uint32_t some[] = {PAGE_READWRITE,
					PAGE_EXECUTE_READWRITE,
					PAGE_EXECUTE_READWRITE,
					PAGE_EXECUTE_READWRITE,
					PAGE_READONLY,
					PAGE_NOACCESS,
					PAGE_EXECUTE_READ,
					PAGE_READWRITE | PAGE_GUARD,
					PAGE_READWRITE | PAGE_GUARD};

	return some[below(g, G_N_ELEMENTS(some))];
}

/* A block for a place: mostly where it is known to be, else anywhere, under a new label. */
static void make_alloc(struct gen *g, uint32_t pid, unsigned place, struct vmsim_call *c)
{
	unsigned pages = 3 + (unsigned)below(g, PLACE_PAGES - 2);

	for (int tries = 0; tries < 4 && g->place[pid][place].made; tries++)
		place = (unsigned)below(g, PLACES);
	g->place[pid][place].made = true;
	c->id = VMSIM_CALL_VIRTUAL_ALLOC;
	c->type = (uint32_t)(chance(g, 85) ? MEM_RESERVE | MEM_COMMIT : MEM_RESERVE);
	if (chance(g, 10))
		c->type |= MEM_WRITE_WATCH;
	c->protect = chance(g, 80) ? PAGE_EXECUTE_READWRITE : PAGE_READWRITE;
	c->size[0] = pages * VMSIM_PAGE_SIZE;
	g->place[pid][place].pages = pages;
	if (!chance(g, 25) || g->labels + 1 >= TICK_LABELS) {
		g->place[pid][place].label = 0;
		c->address.offset = g->place[pid][place].base;
		return;
	}
	g->place[pid][place].label = ++g->labels;
	c->recorded.kind = VMSIM_OUTCOME_SUCCESS;
	c->recorded.address.label = g->labels;
}

static void make_free(struct gen *g, uint32_t pid, struct vmsim_call *c)
{
	unsigned place = some_place(g, pid);

	c->id = VMSIM_CALL_VIRTUAL_FREE;
	if (chance(g, 60)) {
		range(g, pid, c);
		c->type = MEM_DECOMMIT;
		return;
	}
	c->address = address(g, pid, place, 0);
	c->type = chance(g, 80) ? MEM_RELEASE : MEM_DECOMMIT;
	if (c->type == MEM_RELEASE)
		g->place[pid][place].made = false;
}

static void make_limits(struct gen *g, struct vmsim_call *c)
{
	uint64_t min = 20 + below(g, 4);

	c->id = VMSIM_CALL_SET_WORKING_SET;
	c->size[0] = min * VMSIM_PAGE_SIZE;
	c->size[1] = (min + below(g, 6)) * VMSIM_PAGE_SIZE;
	c->number[0] = chance(g, 50) ? 0 : chance(g, 50) ? 8 | 2 : 4;
	if (chance(g, 30))
		c->size[0] = c->size[1] = UINT64_MAX;
}

/* What acts on a range. */
static void make_on_range(struct gen *g, uint32_t pid, struct vmsim_call *c)
{
	static const enum vmsim_call_id ids[] = {
		VMSIM_CALL_VIRTUAL_PROTECT, VMSIM_CALL_VIRTUAL_PROTECT,   VMSIM_CALL_VIRTUAL_LOCK,
		VMSIM_CALL_VIRTUAL_UNLOCK,  VMSIM_CALL_VIRTUAL_UNLOCK,    VMSIM_CALL_PREFETCH,
		VMSIM_CALL_OFFER,           VMSIM_CALL_RECLAIM,           VMSIM_CALL_DISCARD,
		VMSIM_CALL_GET_WRITE_WATCH, VMSIM_CALL_RESET_WRITE_WATCH, VMSIM_CALL_VIRTUAL_ALLOC,
		VMSIM_CALL_VIRTUAL_ALLOC,   VMSIM_CALL_VIRTUAL_ALLOC};
	static const uint32_t types[] = {MEM_COMMIT, MEM_COMMIT, MEM_RESET, MEM_RESET_UNDO};

	range(g, pid, c);
	c->id = ids[below(g, G_N_ELEMENTS(ids))];
	if (c->id == VMSIM_CALL_VIRTUAL_PROTECT)
		c->protect = protection(g);
	if (c->id == VMSIM_CALL_VIRTUAL_ALLOC) {
		c->type = types[below(g, G_N_ELEMENTS(types))];
		c->protect = chance(g, 80) ? PAGE_READWRITE : protection(g);
	}
	if (c->id == VMSIM_CALL_OFFER)
		c->number[0] = 1 + below(g, 4);
	if (c->id == VMSIM_CALL_GET_WRITE_WATCH) {
		c->number[0] = below(g, 2);
		c->number[1] = 1 + below(g, 8);
	}
}

static void make_call(struct gen *g, uint32_t pid, struct vmsim_call *c)
{
	uint64_t what = below(g, 100);

	if (what < g->marks) {
		c->id = VMSIM_CALL_MARK;
		c->name = "phase";
	} else if (what < 26) {
		make_alloc(g, pid, (unsigned)below(g, PLACES), c);
	} else if (what < 35) {
		make_free(g, pid, c);
	} else if (what < 40) {
		c->id = VMSIM_CALL_VIRTUAL_QUERY;
		range(g, pid, c);
	} else if (what < 44) {
		make_limits(g, c);
	} else if (what < 48) {
		c->id = VMSIM_CALL_EMPTY_WORKING_SET;
	} else if (what < 50) {
		c->id = VMSIM_CALL_EXIT_PROCESS;
		for (unsigned i = 0; i < PLACES; i++)
			g->place[pid][i].made = false;
	} else if (what < 52) {
		c->id = VMSIM_CALL_THREAD_STACK;
		range(g, pid, c);
	} else if (what < 54) {
		c->id = VMSIM_CALL_THREAD_PRIORITY;
		c->number[0] = below(g, 8);
	} else if (what < 56) {
		c->id = VMSIM_CALL_INJECT_ERROR;
		range(g, pid, c);
		c->inject = chance(g, 50) ? VMSIM_INJECT_READ : VMSIM_INJECT_WRITE;
	} else {
		make_on_range(g, pid, c);
	}
}

/* --- traces ---------------------------------------------------------------------------------- */

static void make_event(struct gen *g, size_t i)
{
	struct vmsim_event *e = &g->c->events[i].event;
	uint32_t before = i ? g->c->events[i - 1].event.tid : 0;

	*e = (struct vmsim_event){.size = 1, .line = i + 1};
	/* Threads 1 to n; thread n is one of process n mod processes. */
	e->tid = before && chance(g, 55) ? before : 1 + (uint32_t)below(g, g->threads);
	e->pid = 1 + e->tid % g->processes;
	if (chance(g, 10)) {
		e->flags |= VMSIM_EV_GAP;
		e->time = below(g, chance(g, 80) ? 30 : 2000);
	} else if (chance(g, 2)) {
		e->flags |= VMSIM_EV_AT;
		e->time = g->clock + below(g, 3000);
	}
	g->clock += 40;
	if (i < 2 * g->processes) {
		e->op = VMSIM_OP_CALL;
		e->tid = 1 + (uint32_t)i % g->processes;
		e->pid = 1 + e->tid % g->processes;
		make_alloc(g, e->pid, (unsigned)(i / g->processes), &g->c->events[i].call);
	} else if (chance(g, g->calls)) {
		e->op = VMSIM_OP_CALL;
		make_call(g, e->pid, &g->c->events[i].call);
	} else {
		make_access(g, e);
	}
	if (e->op == VMSIM_OP_CALL)
		e->call = &g->c->events[i].call;
}

struct tick_case tick_generate(uint64_t seed, unsigned max_cores, bool free)
{
	struct gen g = {.state = seed};
	struct tick_case c = {.seed = seed};

	c.settings = tick_some_machine(&g.state, max_cores, free);
	c.n = 20 + below(&g, 180);
	c.events = g_new0(struct tick_event, c.n);
	c.recorded = chance(&g, 50);
	g.c = &c;
	g.processes = 1 + (unsigned)below(&g, 3);
	g.threads = g.processes + (unsigned)below(&g, 4);
	g.calls = 2 + (unsigned)below(&g, 22);
	g.stores = 10 + (unsigned)below(&g, 70);
	g.marks = (unsigned)below(&g, 8);
	for (uint32_t pid = 1; pid < 4; pid++)
		for (unsigned place = 0; place < PLACES; place++) {
			g.place[pid][place].base = 0x100000 + place * 0x40000;
			g.place[pid][place].pages = 4;
		}
	for (size_t i = 0; i < c.n; i++)
		make_event(&g, i);
	return c;
}

void tick_case_free(struct tick_case *c)
{
	g_ptr_array_unref(c->settings);
	g_free(c->events);
	c->settings = NULL;
	c->events = NULL;
}
