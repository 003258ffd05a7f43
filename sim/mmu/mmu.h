/* mmu.h: one core's translation hardware: TLBs, the page walker and its paging-structure caches.
 *
 * The mmu knows nothing of memory management: what it cannot resolve it returns as a fault.
 *
 * Two memos sit before the TLBs: the page of the core's last instruction fetch and of its last
 * data reference. A repeated reference to that page would hit the first-level TLB's entry that was
 * used last and change nothing (tlb_replace.h), so answering it from the memo is exact. One that
 * would change something is not answered: after srrip filled an entry, or when an entry of a first
 * level had to go because of a level below; and where code and data share the first level, either's
 * lookup ends the other's memo. Of a large page a memo holds one 4 KiB piece. Memos are dropped by
 * every invalidation and whenever another address space is entered. */
#ifndef MMU_MMU_H
#define MMU_MMU_H

#include "config/config.h"
#include "mmu/page_table.h"
#include "mmu/prefetch.h"
#include "mmu/psc.h"
#include "mmu/tlbs.h"
#include "mmu/walkers.h"
#include "stats/stats.h"

#define MMU_NO_PAGE UINT64_MAX

struct memo {
	vmsim_vpn vpn; /* MMU_NO_PAGE: empty */
	vmsim_pfn pfn;
	bool store; /* a store needs no more: writable, and D is set */
};

struct mmu {
	struct memo fetch, data; /* hot */

	struct counters *c;
	struct tlbs tlbs;
	struct prefetch prefetch;
	struct psc psc;
	struct port port;
	struct walkers walkers;
	const vmsim_cycles *clock; /* the core's cycle; NULL: no walk ever waits */
	vmsim_cycles l1i_cycles, l1d_cycles; /* per lookup (T7) */
	/* Address spaces that have a PCID, the one loaded last first. */
	uint32_t *known;
	unsigned n_known, pcids;
};

/* => memory, of the same configuration, outlives the mmu */
void mmu_init(struct mmu *mmu, const struct config *config, struct memory *memory,
	      struct counters *counters);
void mmu_fini(struct mmu *mmu);
/* mmu_set_clock: where to read in which cycle a translation begins. => outlives the mmu */
void mmu_set_clock(struct mmu *mmu, const vmsim_cycles *clock);

static inline void mmu_forget(struct mmu *mmu)
{
	mmu->fetch.vpn = MMU_NO_PAGE;
	mmu->data.vpn = MMU_NO_PAGE;
}

/* What a translation took, by bucket. l1_cycles holds repeated lookups only: first ones are
 * booked from their count. */
struct translation {
	vmsim_pfn pfn;
	bool store; /* of the entry used: writable and dirty */
	pte_t leaf; /* when a walk was needed; a large page's own */
	vmsim_cycles l1_cycles, l2_cycles;     /* l2: the third level, too */
	vmsim_cycles wait_cycles, walk_cycles; /* for a walker, and for the walk */
};

/* mmu_translate: translate one page for one access (semantics 3.1 steps 2 and 3).
 * => repeated: the lookup follows a fault on the same page and is not counted as one (T22)
 * => returns false when it ends in a #PF; what was cached for the page is gone then (H12) */
bool mmu_translate(struct mmu *mmu, const struct page_table *pt, uint32_t asid, vmsim_vpn vpn,
		   enum vmsim_access access, bool repeated, struct translation *out);

/* mmu_hit: the same for a first lookup, if the first level for small pages has the answer; the memo
 * has it then. Else false, and nothing is counted. */
bool mmu_hit(struct mmu *mmu, uint32_t asid, vmsim_vpn vpn, enum vmsim_access access);

/* mmu_left: what is left, `now`, of a walk for a page by an earlier reference in flight (T8). */
vmsim_cycles mmu_left(const struct mmu *mmu, uint32_t asid, vmsim_vpn vpn, vmsim_cycles now);

/* mmu_invalidate: INVLPG (H10): forget one page's translations, of either size, and every upper
 * entry of its address space. */
void mmu_invalidate(struct mmu *mmu, uint32_t asid, vmsim_vpn vpn);
/* mmu_flush: forget one address space's translations and upper entries, or all when asid is 0
 * (H11). */
void mmu_flush(struct mmu *mmu, uint32_t asid);

/* mmu_enter: another address space is loaded, and keeps what the TLBs have of it; if it has no PCID
 * and none is free, it takes that of the one loaded longest ago, which is flushed.
 * => returns the address space that was flushed, or 0 */
uint32_t mmu_enter(struct mmu *mmu, uint32_t asid);

bool mmu_check(const struct mmu *mmu);

#endif
