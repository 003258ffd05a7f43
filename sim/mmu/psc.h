/* psc.h: paging-structure caches (semantics H9, timing T8): upper entries that walks have read, so
 * that later walks begin further down.
 *
 * A cache for the entries of each level above the leaf, fully associative, with true LRU. An entry
 * is tagged by the address space and the page number's bits above its level, and holds the table
 * that the upper entry points to; rights it need not hold, since upper entries permit everything.
 * That of a large page is never among them. They are looked at all at once, but it is only the one
 * with the longest prefix, where the walk then begins, that becomes most recent.
 *
 * Invariant: every entry points to the table that its address space has at that place (I26). */
#ifndef MMU_PSC_H
#define MMU_PSC_H

#include "config/config.h"
#include "mmu/tlb.h"
#include "mmu/walker.h"

struct psc {
	const struct pt_shape *shape;
	/* By the level of the entries: 1 PDE, 2 PDPTE, 3 PML4E, 4 PML5E. No ways: none. */
	struct tlb level[PT_MAX_LEVELS];
	bool any;
	vmsim_cycles cycles; /* of one look into all of them */
};

/* => caches of levels that the page tables do not have are left out */
void psc_init(struct psc *psc, const struct config *config);
void psc_fini(struct psc *psc);

/* psc_lookup: where the walk of a page is to begin: *from is moved down from the top if an entry
 * is found; false if none is. */
bool psc_lookup(struct psc *psc, uint32_t asid, vmsim_vpn vpn, struct walk_start *from);
/* psc_fill: keep the upper entries that a walk read.
 * => it found its leaf, and had begun where psc_lookup() said */
void psc_fill(struct psc *psc, uint32_t asid, vmsim_vpn vpn, const struct walk *walk);

/* psc_forget: drop what a walk of one page would use (H12). */
void psc_forget(struct psc *psc, uint32_t asid, vmsim_vpn vpn);
/* psc_flush: drop everything of an address space (H10, H11), or of all when asid is 0. */
void psc_flush(struct psc *psc, uint32_t asid);

/* The first page that an entry of a level stands for. */
vmsim_vpn psc_vpn(const struct psc *psc, unsigned level, uint64_t tag);
bool psc_check(const struct psc *psc);

#endif
