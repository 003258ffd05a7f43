/* model_gen_calls.c: the calls of a case: addresses, ranges and arguments, mostly such that the
 * call succeeds. */
#include "model/model_gen.h"

#include <string.h>

/* --- addresses ------------------------------------------------------------------------------- */

const struct wm_block *gen_some_block(struct gen *g)
{
	const struct wm_block *found = NULL;
	uint64_t n = 0;

	for (GList *l = g->m->blocks; l; l = l->next)
		if (((struct wm_block *)l->data)->pid == g->pid && gen_below(g, ++n) == 0)
			found = l->data;
	return found;
}

uint64_t gen_arena(struct gen *g)
{
	static const uint64_t base[] = {0x100000, 0x140000, 0x180000,       0x190000,
					0x10000,  0x3E0000, 0x7FFFFFFE0000, 0x7FFFFFFD0000};

	return base[gen_below(g, G_N_ELEMENTS(base))];
}

uint64_t gen_page(struct gen *g, bool committed)
{
	uint64_t vpn = gen_arena(g) / WM_P + gen_below(g, 20);

	for (int tries = 0; tries < 5; tries++) {
		const struct wm_block *b = gen_some_block(g);

		if (!b)
			break;
		vpn = b->first + gen_below(g, b->end - b->first);
		if (!committed || wm_page_at(g->m, g->pid, vpn))
			break;
	}
	return gen_chance(g, 2) ? vpn + gen_below(g, 16) : vpn;
}

uint64_t gen_odd_address(struct gen *g)
{
	static const uint64_t odd[] = {0,
				       1,
				       0xFFFF,
				       0x10000,
				       0x8000,
				       0x7FFFFFFEFFFF,
				       0x7FFFFFFEF000,
				       0x7FFFFFFF0000,
				       0x7FFFFFFEFFFE,
				       0x800000000000,
				       0xFFFF800000000000,
				       0xFFFFFFFFFFFFFFFF,
				       0xFFFFFFFFFFFFF000};

	return gen_chance(g, 50) ? odd[gen_below(g, G_N_ELEMENTS(odd))]
				 : gen_page(g, false) * WM_P + gen_below(g, WM_P);
}

static uint64_t odd_size(struct gen *g)
{
	static const uint64_t odd[] = {0,
				       1,
				       4095,
				       4096,
				       4097,
				       65536,
				       0x10001,
				       0x7FFFFFFEFFFF,
				       0x7FFFFFFF0000,
				       0x800000000000,
				       0xFFFFFFFFFFFFFFFF,
				       0xFFFFFFFFFFFFF000,
				       0x8000000000000000};

	return gen_chance(g, 60) ? odd[gen_below(g, G_N_ELEMENTS(odd))]
				 : 1 + gen_below(g, 20 * WM_P);
}

/* A range for a call: mostly inside a block. */
void gen_some_range(struct gen *g, struct vmsim_call *c, bool committed)
{
	uint64_t vpn = gen_page(g, committed), pages = 1 + gen_below(g, 6);
	const struct wm_block *b = wm_block_at(g->m, g->pid, vpn);

	if (b && vpn + pages > b->end && !gen_chance(g, 10))
		pages = b->end - vpn;
	if (b && gen_chance(g, 8)) {
		vpn = b->first;
		pages = b->end - vpn;
	}
	c->address.offset = vpn * WM_P;
	c->size[0] = pages * WM_P;
	if (gen_chance(g, 25)) {
		uint64_t into = gen_below(g, WM_P);

		c->address.offset += into;
		c->size[0] -= MIN(c->size[0] - 1, into + gen_below(g, WM_P - into));
	}
	if (gen_chance(g, 3))
		c->address.offset = gen_odd_address(g);
	if (gen_chance(g, 3))
		c->size[0] = odd_size(g);
}

bool gen_is_committed(const struct wm_page *p)
{
	return !p->proto;
}

static bool is_locked(const struct wm_page *p)
{
	return p->locked;
}

bool gen_is_offered(const struct wm_page *p)
{
	return p->offered;
}

bool gen_is_plain(const struct wm_page *p)
{
	return p->prot == PAGE_READWRITE && !p->offered && !p->proto;
}

static bool is_readable(const struct wm_page *p)
{
	return wm_permits(p->prot, VMSIM_OP_READ) && !(p->prot & PAGE_GUARD) && !p->offered &&
	       !p->proto;
}

/* Up to n pages of a kind, side by side in one block; any range, and false, when there is none. */
bool gen_pages_of_kind(struct gen *g, struct vmsim_call *c, page_kind kind, uint64_t n)
{
	const struct wm_page *found = NULL;
	uint64_t seen = 0, pages = 1;
	const struct wm_block *b;

	for (GList *l = g->m->blocks; l; l = l->next) {
		b = l->data;
		for (uint64_t i = b->first; b->pid == g->pid && i < b->end; i++) {
			const struct wm_page *p = wm_page_at(g->m, g->pid, i);

			if (p && kind(p) && gen_below(g, ++seen) == 0)
				found = p;
		}
	}
	if (!found || gen_chance(g, 12)) {
		gen_some_range(g, c, true);
		return found != NULL;
	}
	b = wm_block_at(g->m, g->pid, found->vpn);
	for (; pages < n && found->vpn + pages < b->end; pages++) {
		const struct wm_page *p = wm_page_at(g->m, g->pid, found->vpn + pages);

		if (!p || !kind(p) || gen_chance(g, 30))
			break;
	}
	c->address.offset = found->vpn * WM_P;
	c->size[0] = pages * WM_P;
	return true;
}

/* --- calls ----------------------------------------------------------------------------------- */

uint32_t gen_some_protection(struct gen *g)
{
	static const uint32_t usual[] = {PAGE_READWRITE, PAGE_READWRITE, PAGE_EXECUTE_READWRITE};
	static const uint32_t valid[] = {PAGE_NOACCESS,
					 PAGE_READONLY,
					 PAGE_READWRITE,
					 PAGE_EXECUTE,
					 PAGE_EXECUTE_READ,
					 PAGE_EXECUTE_READWRITE,
					 PAGE_READWRITE | PAGE_GUARD,
					 PAGE_READONLY | PAGE_GUARD,
					 PAGE_EXECUTE_READ | PAGE_GUARD,
					 PAGE_READWRITE | PAGE_NOCACHE,
					 PAGE_READWRITE | PAGE_WRITECOMBINE,
					 PAGE_EXECUTE_READWRITE | 0x40000000};

	if (gen_chance(g, 70))
		return usual[gen_below(g, G_N_ELEMENTS(usual))];
	if (gen_chance(g, 88))
		return valid[gen_below(g, G_N_ELEMENTS(valid))];
	if (gen_chance(g, 50))
		return gen_chance(g, 50) ? PAGE_WRITECOPY : PAGE_EXECUTE_WRITECOPY;
	return (uint32_t)gen_random(g) & (gen_chance(g, 50) ? 0x7FFu : 0xFFFFFFFFu);
}

void gen_make_reserve(struct gen *g, struct vmsim_call *c)
{
	c->id = VMSIM_CALL_VIRTUAL_ALLOC;
	c->address.offset = gen_chance(g, 25) ? 0 : gen_arena(g);
	if (c->address.offset && gen_chance(g, 30))
		c->address.offset += gen_below(g, 0x10000);
	c->size[0] = (1 + gen_below(g, 20)) * WM_P - (gen_chance(g, 70) ? 0 : gen_below(g, WM_P));
	c->type = gen_chance(g, 70) ? (uint32_t)(MEM_RESERVE | MEM_COMMIT) : (uint32_t)MEM_RESERVE;
	if (gen_chance(g, 15))
		c->type |= MEM_TOP_DOWN;
	if (gen_chance(g, 25))
		c->type |= MEM_WRITE_WATCH;
	if (!c->address.offset && gen_chance(g, 20))
		c->type &= ~(uint32_t)MEM_RESERVE;
	c->protect = gen_some_protection(g);
	if (gen_chance(g, 3)) {
		c->type = MEM_RESERVE | MEM_PHYSICAL;
		c->protect = PAGE_READWRITE;
	}
	if (gen_chance(g, 2))
		c->size[0] = odd_size(g);
}

void gen_make_commit(struct gen *g, struct vmsim_call *c)
{
	c->id = VMSIM_CALL_VIRTUAL_ALLOC;
	c->type = MEM_COMMIT;
	c->protect = gen_some_protection(g);
	gen_some_range(g, c, false);
}

void gen_make_free(struct gen *g, struct vmsim_call *c)
{
	const struct wm_block *b;

	c->id = VMSIM_CALL_VIRTUAL_FREE;
	c->type = MEM_DECOMMIT;
	gen_some_range(g, c, gen_chance(g, 80));
	b = wm_block_at(g->m, g->pid, c->address.offset / WM_P);
	if (gen_chance(g, 60))
		return;
	if (b && !gen_chance(g, 10))
		c->address.offset = b->first * WM_P + (gen_chance(g, 80) ? 0 : gen_below(g, WM_P));
	c->size[0] = b && gen_chance(g, 20) ? (b->end - b->first) * WM_P : 0;
	if (gen_chance(g, 65))
		c->type = MEM_RELEASE;
	if (gen_chance(g, 3))
		c->type = (uint32_t)(MEM_RELEASE | MEM_DECOMMIT);
}

static void make_protect(struct gen *g, struct vmsim_call *c)
{
	c->id = VMSIM_CALL_VIRTUAL_PROTECT;
	c->protect = gen_some_protection(g);
	gen_pages_of_kind(g, c, gen_is_committed, 6);
	if (gen_chance(g, 25))
		gen_some_range(g, c, true);
}

static void make_query(struct gen *g, struct vmsim_call *c)
{
	c->id = VMSIM_CALL_VIRTUAL_QUERY;
	c->address.offset = gen_chance(g, 10)
				    ? gen_odd_address(g)
				    : gen_page(g, gen_chance(g, 50)) * WM_P + gen_below(g, WM_P);
}

static void make_lock(struct gen *g, struct vmsim_call *c)
{
	bool unlock = gen_chance(g, 55);

	c->id = unlock ? VMSIM_CALL_VIRTUAL_UNLOCK : VMSIM_CALL_VIRTUAL_LOCK;
	if (!gen_pages_of_kind(g, c, unlock ? is_locked : is_readable, gen_chance(g, 70) ? 1 : 5) &&
	    gen_chance(g, 80))
		c->id = VMSIM_CALL_VIRTUAL_LOCK;
}

static void make_reset(struct gen *g, struct vmsim_call *c)
{
	c->id = VMSIM_CALL_VIRTUAL_ALLOC;
	c->type = gen_chance(g, 65) ? (uint32_t)MEM_RESET : (uint32_t)MEM_RESET_UNDO;
	c->protect = PAGE_READWRITE;
	gen_some_range(g, c, true);
	if (gen_chance(g, 60))
		gen_pages_of_kind(g, c, gen_is_committed, 8);
	if (gen_chance(g, 5))
		c->protect = gen_some_protection(g);
}

/* A stack is laid out as Windows does it: reserved, the top committed, a guard below. Sometimes it
 * is any range. */
static void make_stack(struct gen *g, struct vmsim_call *c)
{
	const struct wm_stack *s = &g->m->stack[g->pid];

	if (s->end > s->low && gen_chance(g, 70)) {
		c->id = VMSIM_CALL_VIRTUAL_ALLOC;
		c->type = MEM_COMMIT;
		c->protect = PAGE_READWRITE | PAGE_GUARD;
		c->address.offset = s->low + gen_below(g, s->end - s->low);
		c->size[0] = 1;
		return;
	}
	c->id = VMSIM_CALL_THREAD_STACK;
	gen_some_range(g, c, false);
	if (gen_chance(g, 70)) {
		const struct wm_block *b = gen_some_block(g);

		c->address.offset = b ? b->first * WM_P : 0;
		c->size[0] = b ? (b->end - b->first) * WM_P : WM_P;
	}
}

static void make_inject(struct gen *g, struct vmsim_call *c)
{
	c->id = VMSIM_CALL_INJECT_ERROR;
	c->address.offset = gen_page(g, true) * WM_P + gen_below(g, WM_P);
	c->inject = gen_below(g, 6) == 0 ? VMSIM_INJECT_MEMORY
		    : gen_chance(g, 50)   ? VMSIM_INJECT_READ
					  : VMSIM_INJECT_WRITE;
}

/* Anything at all. */
static void make_wild(struct gen *g, struct vmsim_call *c)
{
	static const uint32_t types[] = {MEM_COMMIT,
					 MEM_RESERVE,
					 MEM_DECOMMIT,
					 MEM_RELEASE,
					 MEM_FREE,
					 MEM_RESET,
					 MEM_TOP_DOWN,
					 MEM_WRITE_WATCH,
					 MEM_PHYSICAL,
					 MEM_RESET_UNDO,
					 MEM_LARGE_PAGES,
					 0x40000000,
					 MEM_RESERVE | MEM_COMMIT,
					 MEM_RESERVE | MEM_COMMIT | MEM_WRITE_WATCH};
	static const enum vmsim_call_id ids[] = {
		VMSIM_CALL_VIRTUAL_ALLOC, VMSIM_CALL_VIRTUAL_ALLOC,   VMSIM_CALL_VIRTUAL_FREE,
		VMSIM_CALL_VIRTUAL_FREE,  VMSIM_CALL_VIRTUAL_PROTECT, VMSIM_CALL_VIRTUAL_LOCK,
		VMSIM_CALL_VIRTUAL_UNLOCK};

	c->id = ids[gen_below(g, G_N_ELEMENTS(ids))];
	gen_some_range(g, c, gen_chance(g, 50));
	if (gen_chance(g, 40))
		c->address.offset = gen_odd_address(g);
	if (gen_chance(g, 40))
		c->size[0] = odd_size(g);
	c->type = types[gen_below(g, G_N_ELEMENTS(types))];
	if (gen_chance(g, 40))
		c->type |= types[gen_below(g, G_N_ELEMENTS(types))];
	c->protect = gen_some_protection(g);
	if (gen_chance(g, 20))
		c->protect = (uint32_t)gen_random(g) & 0x7FF;
}

void gen_call(struct gen *g, struct vmsim_call *c)
{
	static const struct {
		unsigned weight;
		void (*make)(struct gen *g, struct vmsim_call *c);
	} makes[] = {{20, gen_make_reserve}, {16, gen_make_commit},  {16, gen_make_free},
		     {12, make_protect},     {8, make_query},        {12, make_lock},
		     {10, make_reset},       {3, make_wild},         {2, make_stack},
		     {1, make_inject},       {8, gen_make_offer},    {2, gen_make_limits},
		     {5, gen_make_watch},    {4, gen_make_prefetch}, {5, gen_make_placeholder},
		     {7, gen_make_native}};
	uint64_t at = gen_below(g, 131);
	size_t i = 0;

	if (gen_below(g, 60) == 0) {
		c->id = VMSIM_CALL_EXIT_PROCESS;
		return;
	}
	while (at >= makes[i].weight)
		at -= makes[i++].weight;
	makes[i].make(g, c);
	gen_spare_views(g, c);
	if (g->m->machine.sections && gen_chance(g, 12)) {
		memset(c, 0, sizeof(*c));
		gen_make_sharing(g, c);
	}
	if (vmsim_calls[c->id].simulated)
		return;
	memset(c, 0, sizeof(*c));
	gen_make_reserve(g, c);
}
