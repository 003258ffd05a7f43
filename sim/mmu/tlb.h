/* tlb.h: a set-associative translation lookaside buffer with true LRU.
 *
 * A set is kept in order of use, most recent first, so replacing means dropping the last. The set
 * index is the low bits of the page number (linear); a large page counts by its own number. Entries
 * of both sizes may stand in one TLB.
 *
 * Invariants
 *  1. A tag stands at most once.
 *  2. Empty entries come last in their set. */
#ifndef MMU_TLB_H
#define MMU_TLB_H

#include "mmu/page_table.h"

#include <string.h>

enum tlb_flags { TLB_WRITE = 1, TLB_EXECUTE = 2, TLB_DIRTY = 4 };

struct tlb_entry {
	uint64_t tag; /* size, page number and asid; 0: empty (asids start at 1) */
	vmsim_pfn pfn; /* of a large page, the first */
	uint32_t flags;
};

struct tlb {
	struct tlb_entry *entry;
	uint64_t set_mask;
	uint32_t ways;
	uint32_t sets;
};

static inline uint64_t tlb_tag(uint32_t asid, vmsim_vpn vpn)
{
	return vpn << ASID_BITS | asid;
}

#define TLB_TAG_LARGE ((uint64_t)1 << 63)

/* The tag of the large page that a page is part of. */
static inline uint64_t tlb_tag_large(uint32_t asid, vmsim_vpn vpn)
{
	return tlb_tag(asid, vpn / LARGE_PAGE) | TLB_TAG_LARGE;
}

/* The first page that a tag stands for. */
static inline vmsim_vpn tlb_vpn(uint64_t tag)
{
	vmsim_vpn number = (tag & ~TLB_TAG_LARGE) >> ASID_BITS;

	return tag & TLB_TAG_LARGE ? number * LARGE_PAGE : number;
}

/* => entries > 0, ways divides entries, and entries / ways is a power of two */
void tlb_init(struct tlb *tlb, uint32_t entries, uint32_t ways);
void tlb_fini(struct tlb *tlb);

static inline struct tlb_entry *tlb_set(const struct tlb *tlb, uint64_t tag)
{
	return tlb->entry + ((tag >> ASID_BITS) & tlb->set_mask) * tlb->ways;
}

/* tlb_lookup: the entry of tag, made most recent; NULL on a miss. Valid until the next change. */
static inline struct tlb_entry *tlb_lookup(struct tlb *tlb, uint64_t tag)
{
	struct tlb_entry *set = tlb_set(tlb, tag);

	for (uint32_t i = 0; i < tlb->ways; i++) {
		if (set[i].tag != tag)
			continue;
		if (i) {
			struct tlb_entry hit = set[i];

			memmove(set + 1, set, i * sizeof(*set));
			set[0] = hit;
		}
		return set;
	}
	return NULL;
}

/* tlb_peek: the same without making it recent. */
struct tlb_entry *tlb_peek(const struct tlb *tlb, uint64_t tag);

/* tlb_fill: insert a translation as most recent, dropping the least recent of its set.
 * => the tag is not present */
void tlb_fill(struct tlb *tlb, uint64_t tag, vmsim_pfn pfn, uint32_t flags);

/* tlb_invalidate: forget one translation. Returns the number of entries removed, 0 or 1. */
unsigned tlb_invalidate(struct tlb *tlb, uint64_t tag);
/* tlb_flush: forget all translations of asid, or of everybody when asid is 0. */
unsigned tlb_flush(struct tlb *tlb, uint32_t asid);

bool tlb_check(const struct tlb *tlb);

#endif
