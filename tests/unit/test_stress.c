/* test_stress.c: seeded random traces of three processes with two threads each, on small machines
 * of many kinds, every invariant audited after every event.
 *
 * The test keeps a model of its own: a state, a protection and 4096 bytes for every page of an
 * arena. It says before each event how it must end; what it says is fed as the recorded result,
 * so that events may overlap in time and the replay still tells every difference. Legal and illegal
 * calls are mixed. Of bytes that MEM_RESET leaves open the model says nothing; of a page reset and
 * not written since, the replay accepts the old bytes or zeros (I31), as the model lets it. */
#include "base/rng.h"
#include "rules.h"

#include <glib/gstdio.h>
#include <string.h>
#include <vmsim/vmsim.h>

#define P 4096u
#define SLOTS 5	       /* blocks a process may have */
#define SLOT_PAGES 64u /* of address space for each */
#define PROCESSES 3
#define NO_VALUE 0x100u /* a byte nobody knows */

static const uint64_t slot_base[SLOTS] = {0x100000, 0x140000, 0x180000, 0x3E0000, 0x10000000};

struct page {
	bool committed, guard, reset, locked, touched, offered, written;
	uint32_t prot; /* base value */
	uint16_t byte[P];
};

struct block {
	uint32_t pages; /* 0: none */
	uint32_t alloc_protect;
	bool watch;
	struct page page[SLOT_PAGES];
};

struct space {
	struct block block[SLOTS];
};

struct model {
	struct space space[PROCESSES];
	uint64_t committed, limit, locked;
	bool roomy; /* so many frames that working sets may have limits (2.8.3) */
	struct rng rng;
	/* what was fed */
	uint64_t accesses, ok, values, calls, calls_ok;
};

static uint64_t draw(struct model *m, uint64_t n)
{
	return rng_below(&m->rng, n);
}

static uint32_t some_protection(struct model *m)
{
	static const uint32_t most[] = {PAGE_READWRITE, PAGE_READWRITE, PAGE_READWRITE,
					PAGE_EXECUTE_READWRITE};
	static const uint32_t all[] = {PAGE_NOACCESS, PAGE_READONLY, PAGE_EXECUTE,
				       PAGE_EXECUTE_READ, PAGE_READWRITE | PAGE_GUARD,
				       PAGE_READONLY | PAGE_GUARD};

	return draw(m, 10) ? most[draw(m, G_N_ELEMENTS(most))] : all[draw(m, G_N_ELEMENTS(all))];
}

/* --- pages -------------------------------------------------------------------------------------- */

static void page_clear(struct page *p)
{
	memset(p->byte, 0, sizeof(p->byte));
	p->reset = p->locked = p->touched = p->offered = false;
}

static void page_unlock(struct model *m, struct page *p)
{
	m->locked -= p->locked;
	p->locked = false;
}

static void page_drop(struct model *m, struct page *p)
{
	if (!p->committed)
		return;
	m->committed--;
	page_unlock(m, p);
	page_clear(p);
	p->committed = false;
}

static void page_protect(struct model *m, struct page *p, uint32_t prot)
{
	p->guard = prot & PAGE_GUARD;
	p->prot = prot & 0xFF;
	if (p->guard || p->prot == PAGE_NOACCESS)
		page_unlock(m, p);
}

static void page_commit(struct model *m, struct page *p, uint32_t prot)
{
	if (!p->committed) {
		m->committed++;
		page_clear(p);
		p->committed = true;
	}
	page_protect(m, p, prot);
}

/* The bytes of a reset page that is written, or undone, are the old ones or zeros. */
static void page_open(struct page *p)
{
	for (unsigned i = 0; p->reset && i < P; i++)
		if (p->byte[i])
			p->byte[i] = NO_VALUE;
	p->reset = false;
}

static struct page *page_at(struct space *s, uint64_t va)
{
	for (unsigned i = 0; i < SLOTS; i++)
		if (va >= slot_base[i] && va < slot_base[i] + (uint64_t)s->block[i].pages * P)
			return &s->block[i].page[(va - slot_base[i]) / P];
	return NULL;
}

/* --- accesses (semantics 3.1, 3.2) --------------------------------------------------------------- */

static bool permits(uint32_t prot, unsigned op)
{
	switch (op) {
	case VMSIM_OP_READ:
		return prot != PAGE_NOACCESS;
	case VMSIM_OP_WRITE:
		return prot == PAGE_READWRITE || prot == PAGE_EXECUTE_READWRITE;
	default:
		return prot >= PAGE_EXECUTE;
	}
}

static enum vmsim_access_result look(struct page *p, unsigned op)
{
	if (!p || !p->committed || p->offered)
		return VMSIM_RESULT_ACCESS_VIOLATION;
	if (!permits(p->prot, op) && (op != VMSIM_OP_EXECUTE || !p->guard))
		return VMSIM_RESULT_ACCESS_VIOLATION;
	if (p->guard) {
		p->guard = false;
		return VMSIM_RESULT_GUARD_PAGE;
	}
	return VMSIM_RESULT_OK;
}

static void predict_access(struct model *m, struct space *s, struct vmsim_event *e)
{
	enum vmsim_access_result result = VMSIM_RESULT_OK;
	uint64_t end = e->va + e->size, value = 0;
	bool known = true;

	for (uint64_t at = e->va; at < end && result == VMSIM_RESULT_OK; at = (at / P + 1) * P) {
		result = look(page_at(s, at), e->op);
		if (result == VMSIM_RESULT_OK && e->op == VMSIM_OP_WRITE) {
			page_open(page_at(s, at)); /* its D is set, even if the next page refuses */
			page_at(s, at)->written = true;
		}
	}
	m->accesses++;
	m->ok += result == VMSIM_RESULT_OK;
	e->result = (uint8_t)result;
	for (uint64_t at = e->va; at < end && result == VMSIM_RESULT_OK; at++) {
		uint16_t *byte = &page_at(s, at)->byte[at % P];
		unsigned shift = 8 * (unsigned)(at - e->va);

		if (e->op == VMSIM_OP_WRITE)
			*byte = (uint16_t)(e->flags & VMSIM_EV_VALUE ? (uint8_t)(e->value >> shift) : NO_VALUE);
		known &= *byte != NO_VALUE;
		value |= (uint64_t)(*byte & 0xFF) << shift;
	}
	if (result != VMSIM_RESULT_OK || e->op != VMSIM_OP_READ || !known)
		return;
	e->result = VMSIM_RESULT_VALUE;
	e->value = value;
	m->values++;
}

/* Mostly a page that permits the access: what is refused is soon seen. */
static uint64_t some_page(struct model *m, struct space *s, unsigned op)
{
	uint64_t va = 0;

	for (int tries = 0; tries < 6; tries++) {
		unsigned slot = (unsigned)draw(m, SLOTS);
		uint64_t pages = s->block[slot].pages ? s->block[slot].pages : 2;
		const struct page *p;

		va = slot_base[slot] + draw(m, pages + (draw(m, 20) == 0)) * P;
		p = page_at(s, va);
		if (draw(m, 12) == 0 ||
		    (p && p->committed && !p->offered && permits(p->prot, op)))
			break;
	}
	return va;
}

static void make_access(struct model *m, struct space *s, struct vmsim_event *e)
{
	uint64_t at = draw(m, P);

	if (draw(m, 12) == 0)
		at = P - draw(m, 8);
	else if (draw(m, 2))
		at = draw(m, 3) * 512; /* often the same places */
	e->op = (uint8_t)(draw(m, 12) == 0 ? VMSIM_OP_EXECUTE : draw(m, 2));
	e->size = (uint32_t)(1 + draw(m, 8));
	e->va = some_page(m, s, e->op) + at;
	if (e->op == VMSIM_OP_WRITE && draw(m, 8)) {
		e->value = rng_next(&m->rng);
		if (e->size < 8)
			e->value &= ((uint64_t)1 << 8 * e->size) - 1;
		e->flags |= VMSIM_EV_VALUE;
	}
	predict_access(m, s, e);
}

/* --- calls (semantics 2, rule set win32) ------------------------------------------------------------ */

static void succeeds(struct model *m, struct vmsim_call *c, uint64_t address)
{
	m->calls_ok++;
	c->recorded.kind = VMSIM_OUTCOME_SUCCESS;
	c->recorded.address.offset = address;
}

static void fails(struct vmsim_call *c, uint32_t error)
{
	c->recorded.kind = VMSIM_OUTCOME_FAILURE;
	c->recorded.error = error;
}

/* A range of a slot: inside its block mostly. Pages touched by it, outward. */
struct range {
	unsigned slot;
	struct block *block;
	uint64_t va, size, first, last;
	bool inside;
};

static struct range some_range(struct model *m, struct space *s)
{
	struct range r = {.slot = (unsigned)draw(m, SLOTS)};
	uint64_t pages, offset;

	r.block = &s->block[r.slot];
	pages = r.block->pages ? r.block->pages : 3;
	offset = draw(m, pages) * P + (draw(m, 3) ? 0 : draw(m, P));
	r.va = slot_base[r.slot] + offset;
	r.size = draw(m, 15) ? 1 + draw(m, 6 * P) : 1 + draw(m, pages * P + P);
	r.first = offset / P;
	r.last = (offset + r.size - 1) / P;
	r.inside = r.block->pages && r.last < r.block->pages;
	return r;
}

static void call_range(struct vmsim_call *c, enum vmsim_call_id id, const struct range *r)
{
	c->id = id;
	c->address.offset = r->va;
	c->size[0] = r->size;
}

static void make_reserve(struct model *m, struct space *s, struct vmsim_call *c)
{
	unsigned slot = (unsigned)draw(m, SLOTS);
	struct block *b = &s->block[slot];
	uint64_t offset = draw(m, 4) ? 0 : draw(m, 0x10000), size = 1 + draw(m, 24 * P);
	uint32_t pages = (uint32_t)((offset + size + P - 1) / P), prot = some_protection(m);
	bool commit = draw(m, 3), watch = draw(m, 2);

	c->id = VMSIM_CALL_VIRTUAL_ALLOC;
	c->address.offset = slot_base[slot] + offset;
	c->size[0] = size;
	c->type = MEM_RESERVE | (commit ? MEM_COMMIT : 0u) | (watch ? MEM_WRITE_WATCH : 0u);
	c->protect = prot;
	if (b->pages) {
		fails(c, ERROR_INVALID_ADDRESS);
		return;
	}
	if (commit && m->committed + pages > m->limit) {
		fails(c, ERROR_COMMITMENT_LIMIT);
		return;
	}
	memset(b, 0, sizeof(*b));
	b->pages = pages;
	b->alloc_protect = prot;
	b->watch = watch;
	for (uint32_t i = 0; commit && i < pages; i++)
		page_commit(m, &b->page[i], prot);
	succeeds(m, c, slot_base[slot]);
}

static void make_commit(struct model *m, struct space *s, struct vmsim_call *c)
{
	struct range r = some_range(m, s);
	uint64_t fresh = 0;

	call_range(c, VMSIM_CALL_VIRTUAL_ALLOC, &r);
	c->type = MEM_COMMIT;
	c->protect = some_protection(m);
	for (uint64_t i = r.first; r.inside && i <= r.last; i++)
		fresh += !r.block->page[i].committed;
	if (!r.inside) {
		fails(c, ERROR_INVALID_ADDRESS);
	} else if (m->committed + fresh > m->limit) {
		fails(c, ERROR_COMMITMENT_LIMIT);
	} else {
		for (uint64_t i = r.first; i <= r.last; i++)
			page_commit(m, &r.block->page[i], c->protect);
		succeeds(m, c, slot_base[r.slot] + r.first * P);
	}
}

static void make_free(struct model *m, struct space *s, struct vmsim_call *c)
{
	struct range r = some_range(m, s);
	bool whole = draw(m, 8) == 0, give = whole && draw(m, 2);

	if (whole) {
		r.size = 0;
		r.va = slot_base[r.slot] + draw(m, P) + (draw(m, 4) ? 0 : P);
		r.first = (r.va - slot_base[r.slot]) / P;
		r.last = r.first;
	}
	call_range(c, VMSIM_CALL_VIRTUAL_FREE, &r);
	c->type = give ? MEM_RELEASE : MEM_DECOMMIT;
	if (!r.block->pages || r.first >= r.block->pages) {
		fails(c, ERROR_INVALID_ADDRESS);
	} else if (r.last >= r.block->pages) {
		fails(c, ERROR_INVALID_PARAMETER);
	} else if (whole && r.first) {
		fails(c, ERROR_INVALID_ADDRESS);
	} else {
		if (whole)
			r.last = r.block->pages - 1;
		for (uint64_t i = r.first; i <= r.last; i++)
			page_drop(m, &r.block->page[i]);
		if (give)
			r.block->pages = 0;
		succeeds(m, c, 0);
	}
}

static void make_protect(struct model *m, struct space *s, struct vmsim_call *c)
{
	struct range r = some_range(m, s);
	bool all = r.inside;

	call_range(c, VMSIM_CALL_VIRTUAL_PROTECT, &r);
	c->protect = some_protection(m);
	for (uint64_t i = r.first; r.inside && i <= r.last; i++)
		all &= r.block->page[i].committed;
	if (!all) {
		fails(c, ERROR_INVALID_ADDRESS);
		return;
	}
	c->recorded.protect = r.block->page[r.first].prot |
			      (r.block->page[r.first].guard ? PAGE_GUARD : 0u);
	for (uint64_t i = r.first; i <= r.last; i++)
		page_protect(m, &r.block->page[i], c->protect);
	succeeds(m, c, 0);
}

static void make_reset(struct model *m, struct space *s, struct vmsim_call *c)
{
	struct range r = some_range(m, s);
	uint64_t begin = (r.va + P - 1) / P, end = (r.va + r.size) / P;
	bool undo = draw(m, 4) == 0;

	call_range(c, VMSIM_CALL_VIRTUAL_ALLOC, &r);
	c->type = undo ? MEM_RESET_UNDO : MEM_RESET;
	c->protect = PAGE_READWRITE;
	if (!r.inside || begin >= end) {
		fails(c, ERROR_INVALID_ADDRESS);
		return;
	}
	if (!undo)
		succeeds(m, c, begin * P); /* of an undo either may come: not recorded */
	for (uint64_t i = begin - slot_base[r.slot] / P; i < end - slot_base[r.slot] / P; i++) {
		struct page *p = &r.block->page[i];

		if (undo)
			page_open(p);
		else
			p->reset = p->committed;
	}
}

/* At most two pages of the machine are locked at a time: little memory must not run out. */
static void make_lock(struct model *m, struct space *s, struct vmsim_call *c)
{
	struct range r = some_range(m, s);

	r.size = MIN(r.size, P);
	r.last = (r.va % P + r.size - 1) / P + r.first;
	r.inside = r.block->pages && r.last < r.block->pages;
	call_range(c, m->locked || draw(m, 5) == 0 ? VMSIM_CALL_VIRTUAL_UNLOCK
						   : VMSIM_CALL_VIRTUAL_LOCK, &r);
	if (c->id == VMSIM_CALL_VIRTUAL_UNLOCK) {
		bool all = r.inside;

		for (uint64_t i = r.first; r.inside && i <= r.last; i++)
			all &= r.block->page[i].locked;
		for (uint64_t i = r.first; all && i <= r.last; i++)
			page_unlock(m, &r.block->page[i]);
		if (all)
			succeeds(m, c, 0);
		else
			fails(c, ERROR_NOT_LOCKED);
		return;
	}
	for (uint64_t i = r.first; r.inside && i <= r.last; i++) {
		enum vmsim_access_result got = look(&r.block->page[i], VMSIM_OP_READ);

		if (got == VMSIM_RESULT_OK)
			continue;
		fails(c, got == VMSIM_RESULT_GUARD_PAGE ? STATUS_GUARD_PAGE_VIOLATION
							: (uint32_t)ERROR_NOACCESS);
		return;
	}
	if (!r.inside) {
		fails(c, ERROR_NOACCESS);
		return;
	}
	for (uint64_t i = r.first; i <= r.last; i++) {
		m->locked += !r.block->page[i].locked;
		r.block->page[i].locked = true;
	}
	succeeds(m, c, 0);
}

/* Emptying, and limits that hardly ever leave a process alone; neither is seen by the program. */
static void make_working_set(struct model *m, struct space *s, struct vmsim_call *c)
{
	uint64_t min = 20 + draw(m, 10);

	(void)s;
	succeeds(m, c, 0);
	c->id = VMSIM_CALL_EMPTY_WORKING_SET;
	if (draw(m, 3) == 0)
		return;
	c->id = VMSIM_CALL_SET_WORKING_SET;
	c->size[0] = min * P;
	c->size[1] = (min + draw(m, 12)) * P;
	c->number[0] = (draw(m, 2) ? 1u : 2u) + (draw(m, 2) ? 4u : 8u);
	if (m->roomy)
		return;
	m->calls_ok--;
	fails(c, ERROR_INVALID_PARAMETER);
}

static bool alike(const struct page *a, const struct page *b)
{
	return a->committed == b->committed &&
	       (!a->committed || (a->prot == b->prot && a->guard == b->guard));
}

/* Offers, discards and reclaims: whole pages, which must look alike (2.10). */
static void make_offer(struct model *m, struct space *s, struct vmsim_call *c)
{
	static const enum vmsim_call_id ids[] = {VMSIM_CALL_OFFER, VMSIM_CALL_RECLAIM,
						 VMSIM_CALL_DISCARD};
	struct range r = some_range(m, s);
	const struct page *first = &r.block->page[r.first];
	bool good = r.inside && r.block->page[r.first].committed, reclaim;

	r.va = slot_base[r.slot] + r.first * P;
	r.size = (r.last - r.first + 1) * P;
	call_range(c, r.inside && first->offered && draw(m, 4)
			      ? VMSIM_CALL_RECLAIM
			      : ids[draw(m, G_N_ELEMENTS(ids))], &r);
	c->number[0] = draw(m, 20) ? 1 + draw(m, 4) : draw(m, 2) * 5;
	reclaim = c->id == VMSIM_CALL_RECLAIM;
	good &= c->id != VMSIM_CALL_OFFER || (c->number[0] >= 1 && c->number[0] <= 4);
	for (uint64_t i = r.first; good && i <= r.last; i++)
		good = alike(first, &r.block->page[i]) && (!reclaim || r.block->page[i].offered);
	if (!good || (!reclaim && (first->prot != PAGE_READWRITE || first->guard))) {
		fails(c, ERROR_INVALID_PARAMETER);
		return;
	}
	succeeds(m, c, 0);
	if (reclaim) /* it may be 170, too */
		c->recorded.kind = VMSIM_OUTCOME_NONE;
	for (uint64_t i = r.first; i <= r.last; i++) {
		struct page *p = &r.block->page[i];

		if (reclaim)
			page_open(p);
		else
			p->reset = true;
		if (c->id == VMSIM_CALL_DISCARD)
			continue;
		p->offered = !reclaim;
		page_protect(m, p, reclaim ? PAGE_READWRITE : PAGE_NOACCESS);
	}
}

static void make_watch(struct model *m, struct space *s, struct vmsim_call *c)
{
	struct range r = some_range(m, s);
	struct vmsim_outcome *out = &c->recorded;

	for (int tries = 0; tries < 4 && !(r.inside && r.block->watch); tries++)
		r = some_range(m, s);
	call_range(c, draw(m, 3) ? VMSIM_CALL_GET_WRITE_WATCH : VMSIM_CALL_RESET_WRITE_WATCH, &r);
	c->number[0] = draw(m, 10) ? draw(m, 2) : 2;
	c->number[1] = draw(m, 3) ? SLOT_PAGES : draw(m, 4);
	if (!r.inside || !r.block->watch || (c->id == VMSIM_CALL_GET_WRITE_WATCH &&
					     (c->number[0] > 1 || !c->number[1]))) {
		fails(c, ERROR_INVALID_PARAMETER);
		return;
	}
	succeeds(m, c, 0);
	if (c->id == VMSIM_CALL_GET_WRITE_WATCH)
		out->pages = g_new0(struct vmsim_addr, SLOT_PAGES);
	for (uint64_t i = r.first; i <= r.last; i++) {
		struct page *p = &r.block->page[i];

		if (!p->written || (out->pages && out->n_pages == c->number[1]))
			continue;
		if (out->pages)
			out->pages[out->n_pages++].offset = slot_base[r.slot] + i * P;
		p->written = out->pages && c->number[0] == 0;
	}
}

static void make_query(struct model *m, struct space *s, struct vmsim_call *c)
{
	unsigned slot = (unsigned)draw(m, SLOTS);
	const struct block *b = &s->block[slot];
	struct vmsim_outcome *out = &c->recorded;
	const struct page *p;
	uint64_t i, n = 1;

	c->id = VMSIM_CALL_VIRTUAL_QUERY;
	if (!b->pages)
		return;
	i = draw(m, b->pages);
	p = &b->page[i];
	while (i + n < b->pages && alike(p, &b->page[i + n]))
		n++;
	c->address.offset = slot_base[slot] + i * P + draw(m, P);
	succeeds(m, c, slot_base[slot] + i * P);
	out->alloc_base.offset = slot_base[slot];
	out->alloc_protect = b->alloc_protect;
	out->size = n * P;
	out->state = p->committed ? MEM_COMMIT : MEM_RESERVE;
	out->protect = p->committed ? p->prot | (p->guard ? PAGE_GUARD : 0u) : 0;
	out->type = MEM_PRIVATE;
}

static void make_wrong(struct model *m, struct space *s, struct vmsim_call *c)
{
	struct range r = some_range(m, s);

	call_range(c, VMSIM_CALL_VIRTUAL_ALLOC, &r);
	c->type = MEM_COMMIT | MEM_RESET;
	c->protect = PAGE_READWRITE;
	switch (draw(m, 5)) {
	case 0:
		break;
	case 1:
		c->type = MEM_RESERVE;
		c->protect = PAGE_GUARD;
		break;
	case 2:
		c->size[0] = 0;
		c->type = MEM_COMMIT;
		break;
	case 3:
		c->id = VMSIM_CALL_VIRTUAL_FREE;
		c->type = MEM_DECOMMIT | MEM_RELEASE;
		break;
	default:
		c->id = VMSIM_CALL_VIRTUAL_FREE;
		c->type = MEM_RELEASE;
	}
	fails(c, ERROR_INVALID_PARAMETER);
}

static void make_exit(struct model *m, struct space *s, struct vmsim_call *c)
{
	for (unsigned b = 0; b < SLOTS; b++)
		for (uint32_t i = 0; i < s->block[b].pages; i++)
			page_drop(m, &s->block[b].page[i]);
	memset(s, 0, sizeof(*s));
	c->id = VMSIM_CALL_EXIT_PROCESS;
}

static void make_call(struct model *m, struct space *s, struct vmsim_call *c)
{
	static void (*const make[])(struct model *, struct space *, struct vmsim_call *) = {
		make_reserve, make_reserve, make_reserve, make_commit, make_commit, make_commit,
		make_commit,  make_free,    make_free,	  make_protect, make_protect, make_reset,
		make_reset,   make_reset,   make_lock,	  make_lock,	make_query,   make_query,
		make_wrong,   make_offer,   make_offer,	  make_watch,	make_watch,   make_working_set};

	m->calls++;
	memset(c, 0, sizeof(*c));
	if (draw(m, 400) == 0)
		make_exit(m, s, c);
	else
		make[draw(m, G_N_ELEMENTS(make))](m, s, c);
}

/* --- runs ------------------------------------------------------------------------------------------- */

struct setup {
	const char *name, *settings;
	uint64_t limit; /* commit limit, pages */
	size_t events;
	bool may_starve; /* a pagefile so small that memory may run out */
};

/* avail_* of small machines are their defaults. Frames and pagefile give the limit (C2). */
static const struct setup setups[] = {
	{"16 frames, lists", "memory.frames=16 memory.page_tables=out pagefile.size=2MiB", 528, 9000,
	 false},
	{"24 frames, textbook, fifo",
	 "memory.frames=24 memory.page_tables=out pagefile.size=2MiB standby.enabled=false "
	 "replacement.policy=fifo", 536, 9000, false},
	{"64 frames, tables in, 4 levels",
	 "memory.frames=64 memory.page_tables=in pagefile.size=2MiB paging.levels=4 "
	 "psc.pml4e.entries=1 psc.pdpte.entries=2 psc.pde.entries=3", 576, 9000, false},
	{"40 frames, process scope, lru, 3 levels",
	 "memory.frames=40 memory.page_tables=in pagefile.size=2MiB replacement.scope=process "
	 "replacement.policy=lru paging.levels=3 vmm.ws_min=24 vmm.ws_max=24", 552, 9000, false},
	{"24 frames, every reference, lru, textbook, process scope",
	 "memory.frames=24 memory.page_tables=out pagefile.size=2MiB standby.enabled=false "
	 "replacement.sees=every-reference replacement.policy=lru replacement.scope=process", 536,
	 9000, false},
	{"32 frames, 20 slots", "memory.frames=32 memory.page_tables=out pagefile.size=80KiB", 52, 9000,
	 true},
	{"48 frames, 9 slots, textbook",
	 "memory.frames=48 memory.page_tables=out pagefile.size=36KiB standby.enabled=false", 57, 9000,
	 true},
	{"64 frames, no pagefile", "memory.frames=64 memory.page_tables=out pagefile.size=0", 64, 9000,
	 true},
	{"20 frames, clean zeros, no pcid, not zeroed, 2 levels",
	 "memory.frames=20 memory.page_tables=out pagefile.size=2MiB memory.zero_fill_dirty=false "
	 "tlb.pcid=false memory.zeroed=false paging.levels=2", 532, 9000, false},
	{"20 frames, textbook, clean zeros, every reference",
	 "memory.frames=20 memory.page_tables=out pagefile.size=2MiB memory.zero_fill_dirty=false "
	 "standby.enabled=false replacement.sees=every-reference tlb.l2.entries=0", 532, 9000, false},
	{"24 frames, store, not zeroed",
	 "memory.frames=24 memory.page_tables=out pagefile.size=2MiB store.enabled=true store.max=40 "
	 "memory.zeroed=false", 536, 9000, false},
	{"40 frames, store, 15 small files",
	 "memory.frames=40 memory.page_tables=out pagefile.size=12KiB pagefile.count=15 "
	 "store.enabled=true store.ratio=33 vmm.mpw_age_private=100000", 85, 9000, true},
	{"16 frames, three files that grow, reservations",
	 "memory.frames=16 memory.page_tables=out pagefile.size=64KiB pagefile.count=3 "
	 "pagefile.max_size=256KiB pagefile.grow_step=12KiB pagefile.reserve=true", 208, 9000, false},
	{"16 frames, a file that grows, textbook",
	 "memory.frames=16 memory.page_tables=out pagefile.size=4KiB pagefile.max_size=2MiB "
	 "pagefile.grow_step=4KiB standby.enabled=false", 528, 9000, false},
	{"36 frames, slow device, small TLB",
	 "memory.frames=36 memory.page_tables=in paging.levels=2 pagefile.size=2MiB "
	 "device.read_latency=3000000 device.write_latency=2000000 device.channels=2 "
	 "tlb.l1d.entries=4 tlb.l1d.ways=2 tlb.l2.entries=8 tlb.l2.ways=4 os.tlb_ceiling=2", 548, 9000,
	 false},
	{"20 frames, lists, dirty bits by software",
	 "memory.frames=20 memory.page_tables=out pagefile.size=2MiB paging.dirty=sw", 532, 9000,
	 false},
	{"24 frames, textbook, every reference, dirty bits by software",
	 "memory.frames=24 memory.page_tables=out pagefile.size=2MiB standby.enabled=false "
	 "replacement.sees=every-reference paging.dirty=sw memory.zero_fill_dirty=false", 536, 9000,
	 false},
	{"40 frames, windows, busy balance set manager",
	 "memory.frames=40 memory.page_tables=in pagefile.size=2MiB replacement.policy=windows "
	 "paging.levels=2 bsm.period=20000 vmm.swap_idle=100000 vmm.age_scan=3 "
	 "vmm.bsm_fault_rate=7 vmm.ws_min=6 vmm.ws_max=13 vmm.lock_overhead=0", 552, 9000, false},
	{"24 frames, windows, textbook",
	 "memory.frames=24 memory.page_tables=out pagefile.size=2MiB replacement.policy=windows "
	 "standby.enabled=false", 536, 9000, false},
	{"600 frames, windows, hard limits",
	 "memory.frames=600 memory.page_tables=out pagefile.size=2MiB replacement.policy=windows "
	 "vmm.avail_low=560 vmm.avail_high=580 bsm.period=50000 vmm.lock_overhead=0", 1112, 9000,
	 false},
	{"600 frames, hard limits, global clock",
	 "memory.frames=600 memory.page_tables=out pagefile.size=2MiB vmm.avail_low=560 "
	 "vmm.avail_high=580 bsm.period=50000 vmm.swap_idle=100000 vmm.lock_overhead=0", 1112, 9000,
	 false},
	{"600 frames, hard limits, lru by process, every reference",
	 "memory.frames=600 memory.page_tables=out pagefile.size=2MiB vmm.avail_low=560 "
	 "vmm.avail_high=580 replacement.policy=lru replacement.scope=process "
	 "replacement.sees=every-reference vmm.lock_overhead=0", 1112, 9000, false},
	{"28 frames, hashed page table", "memory.frames=28 memory.page_tables=in pagefile.size=2MiB "
	 "paging.design=hashed paging.hash.load=100", 540, 9000, false},
	{"24 frames, clustered page table, textbook, not zeroed",
	 "memory.frames=24 memory.page_tables=in pagefile.size=2MiB paging.design=clustered "
	 "paging.hash.load=400 standby.enabled=false memory.zeroed=false", 536, 9000, false},
	{"24 frames, inverted page table, 3 levels",
	 "memory.frames=24 memory.page_tables=in pagefile.size=2MiB paging.design=inverted "
	 "paging.levels=3 paging.dirty=sw", 536, 9000, false},
	{"40 frames, 5 levels", "memory.frames=40 memory.page_tables=in pagefile.size=2MiB "
	 "paging.levels=5 psc.pml5e.entries=2 psc.pde.entries=2", 552, 9000, false},
	{"64 frames, entries for groups, two PCIDs",
	 "memory.frames=64 memory.page_tables=out pagefile.size=2MiB tlb.coalesce.kind=bitmap "
	 "tlb.coalesce.pages=8 tlb.prefetch.kind=distance tlb.pcids=2 tlb.l1d.replacement=tree-plru "
	 "tlb.l3.entries=64", 576, 9000, false},
	{"48 frames, one first level, an exclusive second, an inclusive third",
	 "memory.frames=48 memory.page_tables=out pagefile.size=2MiB tlb.unified=true "
	 "tlb.l1d.entries=6 tlb.l1d.ways=3 tlb.l1d.replacement=srrip tlb.l2.entries=8 tlb.l2.ways=2 "
	 "tlb.l2.inclusion=exclusive tlb.l3.entries=32 tlb.l3.ways=4 tlb.l3.inclusion=inclusive "
	 "tlb.prefetch.kind=next-page", 560, 9000, false},
};

static void complain(void *ctx, const struct vmsim_record *r)
{
	(void)ctx;
	g_test_message("event %" G_GUINT64_FORMAT ", process %u: %s: expected %s, got %s", r->seq,
		       r->pid, r->call, r->expected, r->got);
}

static vmsim_machine *machine(const char *settings)
{
	char *all = g_strconcat("rules=win32 trace.implicit_commit=false pagefile.device=nvme ",
				settings, NULL);
	char **each = g_strsplit(all, " ", 0);
	vmsim_config *config = vmsim_config_new();
	GError *error = NULL;
	vmsim_machine *m;

	for (char **s = each; *s; s++) {
		vmsim_config_set(config, *s, &error);
		g_assert_no_error(error);
	}
	m = vmsim_machine_new(config, &error);
	g_assert_no_error(error);
	vmsim_machine_set_audit(m, VMSIM_AUDIT_FULL);
	vmsim_machine_listen(m, VMSIM_RECORD_BIT(VMSIM_RECORD_DIVERGENCE), complain, NULL);
	vmsim_config_free(config);
	g_strfreev(each);
	g_free(all);
	return m;
}

static uint64_t counter(vmsim_machine *m, const char *name)
{
	uint64_t value = 0;

	g_assert_true(vmsim_machine_counter(m, name, &value));
	return value;
}

static uint64_t total_writes, total_hard, total_lost, total_transition, total_repurposed;
static uint64_t total_swapped;

/* Events of one run; calls live as long as events that may wait in them. */
static void generate(struct model *m, struct vmsim_event *events, struct vmsim_call *calls, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned who = (unsigned)draw(m, PROCESSES);
		struct vmsim_event *e = &events[i];

		*e = (struct vmsim_event){.pid = 10 + who, .tid = (uint32_t)(1 + draw(m, 2)),
					  .line = i + 1, .size = 1};
		if (draw(m, 5) == 0) {
			e->flags |= VMSIM_EV_GAP;
			e->time = draw(m, 50000);
		}
		if (draw(m, 100) < 12 || i < 30) {
			e->op = VMSIM_OP_CALL;
			e->call = &calls[i];
			make_call(m, &m->space[who], &calls[i]);
		} else {
			make_access(m, &m->space[who], e);
		}
	}
}

static void finish(vmsim_machine *vm, const struct setup *setup, const struct model *m, bool starved)
{
	GError *error = NULL;

	g_assert_cmpuint(vmsim_machine_divergences(vm), ==, 0);
	total_writes += counter(vm, "page_writes");
	total_hard += counter(vm, "hard_faults");
	total_lost += counter(vm, "pages_reset_lost");
	total_transition += counter(vm, "transition_faults");
	total_repurposed += counter(vm, "pages_repurposed");
	total_swapped += counter(vm, "processes_swapped");
	if (!starved) {
		vmsim_machine_finish(vm, &error);
		g_assert_no_error(error);
		g_assert_cmpuint(vmsim_machine_divergences(vm), ==, 0);
		g_assert_cmpuint(m->ok, >, m->accesses * 11 / 20);
		g_assert_cmpuint(m->calls_ok, >, m->calls / 4);
		/* values were compared, but for bytes that the replay does not know */
		g_assert_cmpuint(counter(vm, "values_compared"), <=, m->values);
		g_assert_cmpuint(counter(vm, "values_compared"), >, m->values * 9 / 10);
		if (!setup->may_starve)
			g_assert_cmpuint(counter(vm, "page_writes"), >, 0);
	}
	vmsim_machine_free(vm);
}

static void run(const struct setup *setup, uint64_t seed)
{
	struct vmsim_event *events = g_new0(struct vmsim_event, setup->events);
	struct vmsim_call *calls = g_new0(struct vmsim_call, setup->events);
	struct model *m = g_new0(struct model, 1);
	vmsim_machine *vm = machine(setup->settings);
	GError *error = NULL;
	bool starved;
	size_t done;

	m->limit = setup->limit;
	m->roomy = strstr(setup->settings, "memory.frames=600");
	m->rng.state = seed;
	generate(m, events, calls, setup->events);
	vmsim_machine_feed(vm, events, setup->events, &done, &error);
	starved = g_error_matches(error, VMSIM_ERROR, VMSIM_ERROR_NO_PAGES);
	if (starved && setup->may_starve)
		g_test_message("%s: no pages after %zu events", setup->name, done);
	else
		g_assert_no_error(error);
	g_clear_error(&error);
	finish(vm, setup, m, starved);
	for (size_t i = 0; i < setup->events; i++)
		g_free(calls[i].recorded.pages);
	g_free(m);
	g_free(calls);
	g_free(events);
}

static void test_setup(gconstpointer data)
{
	const struct setup *setup = data;

	/* what the audits look for (tests/unit/test_audit.c), and contents */
	RULES("I1 I2 I3 I4 I5 I6 I7 I8 I9 I10 I11 I12 I13 I14 I15 I16 I17 I18 I19 I20 I21 I22 I23 "
	      "I24 I25 I26 I27 I28 I29 I30 I31 I32 I33 I34 I35 I36 I37");
	for (uint64_t seed = 1; seed <= 2; seed++) {
		g_test_message("%s, seed %" G_GUINT64_FORMAT, setup->name, seed);
		run(setup, seed * 1000003);
	}
}

/* --- a call that waits while the reader goes on ------------------------------------------------------- */

#define BATCH 256 /* events; any number will do */

/* At every place of a batch a lock begins that must read its page from a slow device, while another
 * process goes on for longer than a batch, with calls of its own in the reader's same slots. */
static GString *batch_trace(unsigned before)
{
	GString *t = g_string_new("# vmtrace 1\n%rules win32\n");

	g_string_append(t, "1 VirtualAlloc(0x100000, 0x20000, MEM_RESERVE|MEM_COMMIT, PAGE_READWRITE)"
			   " = 0x100000\n");
	for (unsigned i = 0; i < 32; i++)
		g_string_append_printf(t, "1 W 0x%x 8 0x%x = OK\n", 0x100000 + i * P, i + 1);
	g_string_append(t, "2 VirtualAlloc(0x100000, 0x2000, MEM_RESERVE|MEM_COMMIT, PAGE_READWRITE)"
			   " = 0x100000\n");
	for (unsigned i = 0; i < before; i++)
		g_string_append(t, "2 R 0x100000 8 = 0x0\n");
	g_string_append(t, "1 VirtualLock(0x100000, 0x1000) = TRUE\n");
	for (unsigned i = 0; i < 2 * BATCH; i++)
		g_string_append(t, i % 3 ? "2 R 0x101000 8 = 0x0\n"
					 : "2 VirtualUnlock(0x101000, 0x1000) = FALSE "
					   "ERROR_NOT_LOCKED\n");
	g_string_append(t, "1 R 0x100000 8 = 0x1\n1 VirtualUnlock(0x100000, 0x1000) = TRUE\n");
	return t;
}

static void replay_file(const char *path)
{
	vmsim_machine *vm = machine("memory.frames=8 memory.page_tables=out pagefile.size=1MiB "
				    "device.read_latency=1000000000");
	const struct vmsim_event *events;
	GError *error = NULL;
	vmsim_trace *trace = vmsim_trace_open(path, NULL, NULL, &error);
	size_t n;

	g_assert_no_error(error);
	vmsim_machine_begin_trace(vm, trace);
	while ((n = vmsim_trace_next(trace, &events, &error)) > 0) {
		vmsim_machine_feed(vm, events, n, NULL, &error);
		g_assert_no_error(error);
	}
	g_assert_no_error(error);
	vmsim_machine_finish(vm, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(vmsim_machine_divergences(vm), ==, 0);
	g_assert_cmpuint(counter(vm, "hard_faults"), >, 0);
	vmsim_trace_close(trace);
	vmsim_machine_free(vm);
}

static void test_batches(void)
{
	char *path = NULL;
	int fd = g_file_open_tmp("vmsim-XXXXXX.vmt", &path, NULL);

	g_assert_cmpint(fd, >=, 0);
	g_close(fd, NULL);
	for (unsigned before = BATCH - 40; before < BATCH; before++) {
		GString *text = batch_trace(before);

		g_assert_true(g_file_set_contents(path, text->str, (gssize)text->len, NULL));
		replay_file(path);
		g_string_free(text, TRUE);
	}
	remove(path);
	g_free(path);
}

static void test_totals(void)
{
	g_test_message("%" G_GUINT64_FORMAT " writes, %" G_GUINT64_FORMAT " hard faults, %"
		       G_GUINT64_FORMAT " transition faults, %" G_GUINT64_FORMAT
		       " repurposed, %" G_GUINT64_FORMAT " lost", total_writes, total_hard,
		       total_transition, total_repurposed, total_lost);
	g_assert_cmpuint(total_writes, >, 1000);
	g_assert_cmpuint(total_hard, >, 1000);
	g_assert_cmpuint(total_transition, >, 1000);
	g_assert_cmpuint(total_repurposed, >, 1000);
	g_assert_cmpuint(total_swapped, >, 10);
	g_assert_cmpuint(total_lost, >, 100);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(setups); i++) {
		char *path = g_strdup_printf("/stress/%02zu %s", i, setups[i].name);

		g_test_add_data_func(path, &setups[i], test_setup);
		g_free(path);
	}
	g_test_add_func("/stress/batches", test_batches);
	g_test_add_func("/stress/totals", test_totals);
	return g_test_run();
}
