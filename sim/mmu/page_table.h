/* page_table.h: a process's radix page table (semantics H1), 2 to 5 levels.
 *
 * Tables live in frames that the memory manager provides, or beside memory (memory.page_tables).
 * The mmu does not know where frames come from: whoever adds a table hands one over.
 *
 * Invariants
 *  1. A table's `used` is its number of non-zero entries (I29).
 *  2. An upper entry is zero, or points to a live table of this page table, or one or two levels
 *     above the leaf maps a large page.
 *  3. Leaf entries change through pt_set(), pt_set_large() and pt_clear_large() only, except that
 *     the walker sets A and D.
 *  4. A shared table, if there is one, holds the valid ones of all processes.
 *
 * The pages of a large one have no leaf table: as a span they have no entries, like pages of which
 * nothing is written; one by one they have the large page's (pte_piece). One level above the leaf
 * a page has 2 MiB, with four levels or more, two above it 1 GiB (H1). Tables of two levels map no
 * large pages: theirs would be of 4 MiB. */
#ifndef MMU_PAGE_TABLE_H
#define MMU_PAGE_TABLE_H

#include "config/config.h"
#include "mmu/pte.h"

#define PT_MAX_LEVELS 5

/* Address spaces are told apart by numbers of this width, from 1 (x86: PCID, which has 12). With
 * the 45 bits of a page number of 57-bit addresses a translation's tag has two bits left. The last
 * of them is nobody's (tlb.h). */
#define ASID_BITS 17
#define ASID_MAX ((1u << ASID_BITS) - 1)

/* Shape of the tables: two levels are 32-bit x86's, three PAE's, four x86-64's, five those of
 * 57-bit addresses. */
struct pt_shape {
	unsigned levels;
	unsigned address_bits; /* of which more than 32 must be canonical */
	/* The entries of the top level are registers of the processor, loaded with the address of
	 * their table: walks do not read them, and they have no A. */
	bool top_in_registers;
	unsigned bits[PT_MAX_LEVELS];  /* index bits, by level from the leaf (0) up */
	unsigned shift[PT_MAX_LEVELS]; /* of the vpn, by level */
	unsigned entry_size;           /* bytes in memory */
	vmsim_vpn vpn_end;             /* first page number that cannot be translated */
	vmsim_va lo, hi;               /* user range (V6) */
};
const struct pt_shape *pt_shape_of(unsigned levels);
/* pt_shape_for: the one that a machine has. */
const struct pt_shape *pt_shape_for(const struct config *config);

struct pt_node {
	uint32_t used;
	uint32_t level;
	pte_t entry[]; /* 1 << bits[level] */
};

struct shared_table;

/* All tables of the machine, by the frame they lie in. */
struct pt_pool {
	const struct pt_shape *shape;
	struct pt_node **node; /* by frame number */
	uint32_t size;         /* of node: frames, and numbers above them when tables lie outside */
	uint32_t frames;
	bool outside;
	uint32_t n_outside; /* numbers given out above frames */
	uint32_t *spare;    /* of those, free again */
	uint32_t n_spare;
	/* What walks read instead of these tables, for all processes; NULL: these (design.h). It is
	 * told of every change of a leaf entry. Set by whoever owns both. */
	struct shared_table *shared;
};
void pt_pool_init(struct pt_pool *pool, const struct pt_shape *shape, uint32_t frames,
		  bool outside);
/* => every page table was pruned to nothing */
void pt_pool_fini(struct pt_pool *pool);
/* A frame number above memory for a table; only when tables lie outside. */
vmsim_pfn pt_pool_outside(struct pt_pool *pool);

struct page_table {
	struct pt_pool *pool;
	uint32_t asid;  /* whose it is, for a shared table */
	vmsim_pfn root; /* VMSIM_NO_PFN until the first table is added */
	uint32_t n_tables;
	uint32_t n_large; /* pages that are part of large ones */
};

void pt_init(struct page_table *pt, struct pt_pool *pool);

/* pt_table: the frame of the table of a level that a page's walk reads; VMSIM_NO_PFN: absent. */
vmsim_pfn pt_table(const struct page_table *pt, vmsim_vpn vpn, unsigned level);

/* pt_find: the leaf table of a page, or NULL when a table on the way is absent. */
struct pt_node *pt_find(const struct page_table *pt, vmsim_vpn vpn);

static inline unsigned pt_index(const struct pt_shape *shape, unsigned level, vmsim_vpn vpn)
{
	return (unsigned)(vpn >> shape->shift[level]) & ((1u << shape->bits[level]) - 1);
}

/* How many pages an entry of a level stands for. */
static inline vmsim_vpn pt_pages(const struct page_table *pt, unsigned level)
{
	return (vmsim_vpn)1 << pt->pool->shape->shift[level];
}

/* Whether entries of that level may map a page by themselves (H1). */
static inline bool pt_maps_large(const struct pt_shape *shape, unsigned level)
{
	return level == 1 ? shape->levels > 2 : level == 2 && shape->levels > 3;
}

/* pt_leaf: the entry that maps a page, or would: in its leaf table, or a large page's; NULL when
 * there is neither. */
pte_t *pt_leaf(const struct page_table *pt, vmsim_vpn vpn);
/* pt_get: the leaf entry of a page, of a large page's its piece; 0 when its table is absent. */
pte_t pt_get(const struct page_table *pt, vmsim_vpn vpn);
/* pt_set: write a leaf entry. => its table exists */
void pt_set(struct page_table *pt, vmsim_vpn vpn, pte_t pte);
/* pt_set_large: map a large page by an entry of that level.
 * => vpn and the frame are multiples of its size, tables as pt_missing_large() counts them exist,
 *    and nothing lies below
 * pt_clear_large: unmap the one that begins at vpn; returns its size in pages. */
void pt_set_large(struct page_table *pt, vmsim_vpn vpn, unsigned level, pte_t pte);
vmsim_vpn pt_clear_large(struct page_table *pt, vmsim_vpn vpn);

/* A run of pages whose entries lie side by side in one leaf table, or whose table is absent. */
struct pt_span {
	vmsim_vpn vpn;
	uint64_t n;
	const struct page_table *pt;
	struct pt_node *node; /* NULL: absent, all entries zero */
	unsigned index;       /* of the first, in node */
	bool large;           /* pages of a large page; no node */
};
/* pt_span_at: the longest span from vpn on, ending before end. */
struct pt_span pt_span_at(const struct page_table *pt, vmsim_vpn vpn, vmsim_vpn end);
/* pt_span_set: write the i-th entry of a span whose table exists. */
void pt_span_set(const struct pt_span *span, uint64_t i, pte_t pte);

/* pt_missing: tables that must be added before every page of [vpn, end) has an entry. */
uint64_t pt_missing(const struct page_table *pt, vmsim_vpn vpn, vmsim_vpn end);
/* pt_missing_large: the same before every large page of that level has one. */
uint64_t pt_missing_large(const struct page_table *pt, vmsim_vpn vpn, vmsim_vpn end,
			  unsigned level);
/* pt_add_table: put an empty table for vpn's uppermost missing level into a zeroed frame.
 * => returns true when vpn now has a leaf table */
bool pt_add_table(struct page_table *pt, vmsim_vpn vpn, vmsim_pfn frame);

/* pt_prune: free every table that maps only pages of [vpn, end) or none, and has no entry left
 * (L38). With release NULL, frames outside memory are taken back by the pool. */
void pt_prune(struct page_table *pt, vmsim_vpn vpn, vmsim_vpn end,
	      void (*release)(void *ctx, vmsim_pfn frame), void *ctx);

/* pt_check: the invariants. */
bool pt_check(const struct page_table *pt);

#endif
