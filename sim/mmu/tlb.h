/* tlb.h: a set-associative translation lookaside buffer.
 *
 * Sets of LRU and FIFO are kept in order, most recent first, so replacing means dropping the last.
 * Under the other replacements entries keep their places; what a set knows of their use is a mark
 * of a byte for each place (tlb_replace.h). Places that are empty are filled before any is
 * replaced.
 *
 * The set is found from the page number (config/index.h); a large page counts by its own number.
 * Entries of all sizes may stand in one TLB.
 *
 * Invariants
 *  1. A tag stands at most once, in its set.
 *  2. No page has an entry of its own beside one of a group that covers it.
 *  3. Where sets are kept in order, empty entries come last. */
#ifndef MMU_TLB_H
#define MMU_TLB_H

#include "base/rng.h"
#include "config/config.h"
#include "config/index.h"
#include "mmu/page_table.h"

#include <string.h>

/* What an entry permits; and of a group its size, as a power of two, and which of its pages. */
enum tlb_flags {
	TLB_WRITE = 1,
	TLB_EXECUTE = 2,
	TLB_DIRTY = 4,
	TLB_GROUP_SHIFT = 4,
	TLB_PAGES_SHIFT = 8,
};

/* What an entry stands for: a page of one of three sizes, or a group of small ones (coalesce.h). */
enum tlb_kind { TLB_SMALL, TLB_GROUP, TLB_LARGE, TLB_HUGE };

/* The address space of entries that hold in all of them (G in the page table); nobody has it. */
#define TLB_GLOBAL ASID_MAX

struct tlb_entry {
	uint64_t tag; /* kind, page number and asid; 0: empty (asids start at 1) */
	vmsim_pfn pfn; /* of a large page or group, that of its first page */
	uint32_t flags;
};

struct tlb {
	struct tlb_entry *entry;
	uint64_t set_mask; /* of a plain index */
	uint32_t ways;
	uint32_t sets;
	bool plain;    /* linear, and the sets are a power of two */
	bool lru;
	bool fill_is_hit; /* a hit right after a fill changes nothing */

	const struct tlb_replace_ops *replace;
	uint8_t *mark; /* sets x ways; NULL where sets are kept in order */
	struct rng rng;
	struct index_function index;
	const char *name;
};

/* What tlb_init() makes of all but the size: LRU, linear. */
struct tlb_shape {
	const char *name;
	uint64_t entries, ways;
	int replacement;   /* enum tlb_replacement */
	const char *index; /* NULL: linear */
	uint64_t seed;     /* of TLB_RANDOM */
};

static inline uint64_t tlb_tag(uint32_t asid, vmsim_vpn vpn)
{
	return vpn << ASID_BITS | asid;
}

#define TLB_KIND_SHIFT 62

static inline enum tlb_kind tlb_kind(uint64_t tag)
{
	return (enum tlb_kind)(tag >> TLB_KIND_SHIFT);
}

/* How many pages an entry of a kind covers, as a power of two; groups tell themselves. */
static inline unsigned tlb_shift(enum tlb_kind kind)
{
	return kind == TLB_LARGE ? LARGE_PAGE_SHIFT : kind == TLB_HUGE ? HUGE_PAGE_SHIFT : 0;
}

/* The tag of the page of that size that a page is part of. */
static inline uint64_t tlb_tag_of(enum tlb_kind kind, uint32_t asid, vmsim_vpn vpn)
{
	return tlb_tag(asid, vpn >> tlb_shift(kind)) | (uint64_t)kind << TLB_KIND_SHIFT;
}

static inline uint64_t tlb_tag_large(uint32_t asid, vmsim_vpn vpn)
{
	return tlb_tag_of(TLB_LARGE, asid, vpn);
}

/* The number by which a tag's page is counted, among those of its size. */
static inline uint64_t tlb_number(uint64_t tag)
{
	return tag << (64 - TLB_KIND_SHIFT) >> (64 - TLB_KIND_SHIFT + ASID_BITS);
}

/* The first page that a tag stands for. => not of a group */
static inline vmsim_vpn tlb_vpn(uint64_t tag)
{
	return tlb_number(tag) << tlb_shift(tlb_kind(tag));
}

/* The pages of a group that an entry covers, a bit each. */
static inline uint32_t tlb_pages(const struct tlb_entry *entry)
{
	return entry->flags >> TLB_PAGES_SHIFT;
}

/* The first page of an entry of any kind. */
static inline vmsim_vpn tlb_first_page(const struct tlb_entry *entry)
{
	if (tlb_kind(entry->tag) == TLB_GROUP)
		return tlb_number(entry->tag) << (entry->flags >> TLB_GROUP_SHIFT & 3);
	return tlb_vpn(entry->tag);
}

/* Whether an entry that has the tag of a page's group covers the page. */
static inline bool tlb_covers(const struct tlb_entry *entry, vmsim_vpn vpn)
{
	return tlb_kind(entry->tag) != TLB_GROUP ||
	       (tlb_pages(entry) >> (vpn - tlb_first_page(entry)) & 1);
}

/* => entries > 0, and ways divides entries; the index and the replacement serve that geometry
 *    (config/finish.c) */
void tlb_init(struct tlb *tlb, uint32_t entries, uint32_t ways);
void tlb_init_shape(struct tlb *tlb, const struct tlb_shape *shape);
void tlb_fini(struct tlb *tlb);

/* tlb_hit: what a hit does to its set, but for LRU. */
void tlb_hit(struct tlb *tlb, struct tlb_entry *set, uint32_t way);

static inline struct tlb_entry *tlb_set(const struct tlb *tlb, uint64_t tag)
{
	uint64_t set = tlb->plain ? (tag >> ASID_BITS) & tlb->set_mask
				  : index_set(&tlb->index, tlb_number(tag));

	return tlb->entry + set * tlb->ways;
}

/* tlb_lookup: the entry of tag, which is used now; NULL on a miss. Valid until the next change. */
static inline struct tlb_entry *tlb_lookup(struct tlb *tlb, uint64_t tag)
{
	struct tlb_entry *set = tlb_set(tlb, tag);

	for (uint32_t i = 0; i < tlb->ways; i++) {
		if (set[i].tag != tag)
			continue;
		if (!tlb->lru) {
			tlb_hit(tlb, set, i);
			return set + i;
		}
		if (i) {
			struct tlb_entry hit = set[i];

			memmove(set + 1, set, i * sizeof(*set));
			set[0] = hit;
		}
		return set;
	}
	return NULL;
}

/* tlb_peek: the same without using it. */
struct tlb_entry *tlb_peek(const struct tlb *tlb, uint64_t tag);

/* tlb_fill: insert a translation, as one just used. Returns what it replaced; tag 0: nothing.
 * => the tag is not present */
struct tlb_entry tlb_fill(struct tlb *tlb, uint64_t tag, vmsim_pfn pfn, uint32_t flags);

/* tlb_invalidate: forget one translation. Returns the number of entries removed, 0 or 1. */
unsigned tlb_invalidate(struct tlb *tlb, uint64_t tag);
/* tlb_flush: forget all translations of asid, with 0 those of everybody, with TLB_ALL_BUT_GLOBAL
 * those of everybody that are not global. */
#define TLB_ALL_BUT_GLOBAL UINT32_MAX
unsigned tlb_flush(struct tlb *tlb, uint32_t asid);

bool tlb_check(const struct tlb *tlb);

#endif
