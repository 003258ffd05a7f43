/* stress_calls.h: the calls of test_stress.c, legal and not, what they do to the model and how they
 * end (semantics 2, rule set win32). */
#ifndef TESTS_UNIT_STRESS_CALLS_H
#define TESTS_UNIT_STRESS_CALLS_H

#include "stress.h"

static inline void succeeds(struct model *m, struct vmsim_call *c, uint64_t address)
{
	m->calls_ok++;
	c->recorded.kind = VMSIM_OUTCOME_SUCCESS;
	c->recorded.address.offset = address;
}

static inline void fails(struct vmsim_call *c, uint32_t error)
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

static inline struct range some_range(struct model *m, struct space *s)
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

static inline void call_range(struct vmsim_call *c, enum vmsim_call_id id, const struct range *r)
{
	c->id = id;
	c->address.offset = r->va;
	c->size[0] = r->size;
}

static inline void make_reserve(struct model *m, struct space *s, struct vmsim_call *c)
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

static inline void make_commit(struct model *m, struct space *s, struct vmsim_call *c)
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

static inline void make_free(struct model *m, struct space *s, struct vmsim_call *c)
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

static inline void make_protect(struct model *m, struct space *s, struct vmsim_call *c)
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

static inline void make_reset(struct model *m, struct space *s, struct vmsim_call *c)
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
static inline void make_lock(struct model *m, struct space *s, struct vmsim_call *c)
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
static inline void make_working_set(struct model *m, struct space *s, struct vmsim_call *c)
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

static inline bool alike(const struct page *a, const struct page *b)
{
	return a->committed == b->committed &&
	       (!a->committed || (a->prot == b->prot && a->guard == b->guard));
}

/* Offers, discards and reclaims: whole pages, which must look alike (2.10). */
static inline void make_offer(struct model *m, struct space *s, struct vmsim_call *c)
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

static inline void make_watch(struct model *m, struct space *s, struct vmsim_call *c)
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

static inline void make_query(struct model *m, struct space *s, struct vmsim_call *c)
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

static inline void make_wrong(struct model *m, struct space *s, struct vmsim_call *c)
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

static inline void make_exit(struct model *m, struct space *s, struct vmsim_call *c)
{
	for (unsigned b = 0; b < SLOTS; b++)
		for (uint32_t i = 0; i < s->block[b].pages; i++)
			page_drop(m, &s->block[b].page[i]);
	memset(s, 0, sizeof(*s));
	c->id = VMSIM_CALL_EXIT_PROCESS;
}

static inline void make_call(struct model *m, struct space *s, struct vmsim_call *c)
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

#endif
