/* stress.h: the model of test_stress.c: a state, a protection and 4096 bytes for every page of an
 * arena; what accesses do to it and how they end (semantics 3.1, 3.2). */
#ifndef TESTS_UNIT_STRESS_H
#define TESTS_UNIT_STRESS_H

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

static inline uint64_t draw(struct model *m, uint64_t n)
{
	return rng_below(&m->rng, n);
}

static inline uint32_t some_protection(struct model *m)
{
	static const uint32_t most[] = {PAGE_READWRITE, PAGE_READWRITE, PAGE_READWRITE,
					PAGE_EXECUTE_READWRITE};
	static const uint32_t all[] = {PAGE_NOACCESS, PAGE_READONLY, PAGE_EXECUTE,
				       PAGE_EXECUTE_READ, PAGE_READWRITE | PAGE_GUARD,
				       PAGE_READONLY | PAGE_GUARD};

	return draw(m, 10) ? most[draw(m, G_N_ELEMENTS(most))] : all[draw(m, G_N_ELEMENTS(all))];
}

/* --- pages ----------------------------------------------------------------------------------- */

static inline void page_clear(struct page *p)
{
	memset(p->byte, 0, sizeof(p->byte));
	p->reset = p->locked = p->touched = p->offered = false;
}

static inline void page_unlock(struct model *m, struct page *p)
{
	m->locked -= p->locked;
	p->locked = false;
}

static inline void page_drop(struct model *m, struct page *p)
{
	if (!p->committed)
		return;
	m->committed--;
	page_unlock(m, p);
	page_clear(p);
	p->committed = false;
}

static inline void page_protect(struct model *m, struct page *p, uint32_t prot)
{
	p->guard = prot & PAGE_GUARD;
	p->prot = prot & 0xFF;
	if (p->guard || p->prot == PAGE_NOACCESS)
		page_unlock(m, p);
}

static inline void page_commit(struct model *m, struct page *p, uint32_t prot)
{
	if (!p->committed) {
		m->committed++;
		page_clear(p);
		p->committed = true;
	}
	page_protect(m, p, prot);
}

/* The bytes of a reset page that is written, or undone, are the old ones or zeros. */
static inline void page_open(struct page *p)
{
	for (unsigned i = 0; p->reset && i < P; i++)
		if (p->byte[i])
			p->byte[i] = NO_VALUE;
	p->reset = false;
}

static inline struct page *page_at(struct space *s, uint64_t va)
{
	for (unsigned i = 0; i < SLOTS; i++)
		if (va >= slot_base[i] && va < slot_base[i] + (uint64_t)s->block[i].pages * P)
			return &s->block[i].page[(va - slot_base[i]) / P];
	return NULL;
}

/* --- accesses (semantics 3.1, 3.2) ----------------------------------------------------------- */

static inline bool permits(uint32_t prot, unsigned op)
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

static inline enum vmsim_access_result look(struct page *p, unsigned op)
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

static inline void predict_access(struct model *m, struct space *s, struct vmsim_event *e)
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
static inline uint64_t some_page(struct model *m, struct space *s, unsigned op)
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

static inline void make_access(struct model *m, struct space *s, struct vmsim_event *e)
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

#endif
