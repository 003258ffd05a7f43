/* tlbs.h: a core's TLBs: up to three levels, for code and data, for each size of page.
 *
 * Every access sees a row of levels, of code or of data; they share arrays as configured. A level
 * has an array for each size of page, or pages of several sizes in one, by their own numbers; of
 * the first level every size has one. What size a page has only its entry tells, so all are looked
 * up at once. A machine without large pages does not pay for them: until a walk meets a kind of
 * entry, nobody looks for it.
 *
 * A translation that was found, or walked for, is filled into the levels above. What a level keeps
 * of the one above it is its inclusion:
 *
 *   mostly-inclusive  walks fill both; each drops what it wants (Skylake, as measured)
 *   inclusive         the same, but what it drops is taken out of all levels above, too
 *   exclusive         it has only what the level above dropped: walks pass it by, a hit moves the
 *                     entry up. What the other half of the level above has, too, is not kept
 *
 * A hit in one level is not noticed by those below it.
 *
 * Invariants
 *  1. Those of each array (tlb.h).
 *  2. Of a size that an inclusive level holds, the levels above have nothing that it has not.
 *  3. An exclusive level has nothing that the level above has. */
#ifndef MMU_TLBS_H
#define MMU_TLBS_H

#include "mmu/tlb.h"

#define TLB_LEVELS 3

enum tlb_side { SIDE_DATA, SIDE_CODE, TLB_SIDES };
enum tlb_size { SIZE_SMALL, SIZE_LARGE, SIZE_HUGE, TLB_SIZES };

/* Kinds of entries: of a size, of one address space or of all. */
#define TLB_KINDS 8
#define KIND_GLOBAL 4u /* besides an enum tlb_kind */

struct tlbs {
	struct tlb *first[TLB_SIDES]; /* of small pages; hot */
	struct tlb *at[TLB_SIDES][TLB_LEVELS][TLB_SIZES]; /* NULL: there is none */
	vmsim_cycles cycles[TLB_SIDES][TLB_LEVELS]; /* per lookup (T7) */
	unsigned n_levels;
	int inclusion[TLB_LEVELS]; /* of the level above; enum inclusion */
	int coalesce;         /* enum coalesce: whether small pages form groups, */
	unsigned group_shift; /* of so many, as a power of two */
	bool unified;              /* one first level for both sides */
	unsigned met;              /* kinds that were ever filled, a bit each */
	/* Those that there are, and the prefetchers' buffer. */
	struct tlb own[TLB_SIDES * TLB_LEVELS * TLB_SIZES + 1];
	unsigned n;
};

void tlbs_init(struct tlbs *tlbs, const struct config *config);
void tlbs_fini(struct tlbs *tlbs);
/* tlbs_add: an array beside the levels, which is invalidated with them. */
struct tlb *tlbs_add(struct tlbs *tlbs, const struct tlb_shape *shape);

static inline enum tlb_side tlb_side(enum vmsim_access access)
{
	return access == VMSIM_EXECUTE ? SIDE_CODE : SIDE_DATA;
}

/* tlbs_entry: what a walk's last entry, of a table of that level, becomes. */
struct tlb_entry tlbs_entry(uint32_t asid, vmsim_vpn vpn, pte_t leaf, unsigned level);
/* tlbs_frame: the frame of a page, by an entry that covers it. */
static inline vmsim_pfn tlbs_frame(const struct tlb_entry *entry, vmsim_vpn vpn)
{
	return entry->pfn + (vmsim_pfn)(vpn - tlb_first_page(entry));
}

/* tlbs_find: look a page up in one level, but for small pages of its own in the first, which
 * mmu_translate() does by itself. NULL: a miss. Valid until the next change. */
struct tlb_entry *tlbs_find(struct tlbs *tlbs, enum tlb_side side, unsigned level, uint32_t asid,
			    vmsim_vpn vpn);

/* tlbs_fill: keep a translation in the levels above that where it was found, n_levels for a walk.
 * => those do not have it
 * => returns whether an entry of a first level had to go, because of a level below */
bool tlbs_fill(struct tlbs *tlbs, enum tlb_side side, unsigned found, struct tlb_entry entry);
/* tlbs_rewrite: bring a translation up to date wherever a side has it. */
void tlbs_rewrite(struct tlbs *tlbs, enum tlb_side side, const struct tlb_entry *entry);

/* tlbs_fill_array: fill an array beside the levels. => it does not have that */
void tlbs_fill_array(struct tlbs *tlbs, struct tlb *tlb, struct tlb_entry entry);

/* tlbs_peek: what one array has for a page, and tlbs_has: whether a level of one side has it,
 * without using it. */
struct tlb_entry *tlbs_peek(const struct tlbs *tlbs, const struct tlb *tlb, uint32_t asid,
			    vmsim_vpn vpn);
bool tlbs_has(const struct tlbs *tlbs, enum tlb_side side, uint32_t asid, vmsim_vpn vpn);

/* tlbs_forget: drop what a side has for one page; an inclusive level takes along what the other
 * side has above it.
 * => returns whether a first level may have lost an entry so */
bool tlbs_forget(struct tlbs *tlbs, enum tlb_side side, uint32_t asid, vmsim_vpn vpn);
/* tlbs_invalidate: drop what there is for one page, global or not. tlbs_flush: everything of an
 * address space; with asid 0 of all, with TLB_ALL_BUT_GLOBAL of all but what is. Both return how
 * many entries went. */
unsigned tlbs_invalidate(struct tlbs *tlbs, uint32_t asid, vmsim_vpn vpn);
unsigned tlbs_flush(struct tlbs *tlbs, uint32_t asid);

bool tlbs_check(const struct tlbs *tlbs);

#endif
