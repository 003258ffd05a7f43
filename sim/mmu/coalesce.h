/* coalesce.h: entries that cover several small pages (options tlb.coalesce.*).
 *
 * Pages of an aligned group whose entries lie side by side in the page table, and of which all but
 * the frame is alike, have frames as far apart as they are themselves, and A, can be one entry. A
 * walk has their entries at hand, since they share a line with the one it came for; so it costs
 * nothing to look. What is filled is
 *
 *   all      an entry for the group if all of its pages are so, and the first frame is aligned
 *            as the group is (as Zen has it); else one for the page
 *   bitmap   an entry with a bit for each page of the group that goes with the one walked for
 *            (as CoLT has it); one for the page, if it is alone
 *
 * Groups stand among small pages, in every level, and count by their own number. There is one of
 * each group: another that is filled takes its place, and those of its pages. INVLPG of any page
 * that it covers ends it. So does a store that finds it without D: the walk fills what there is
 * then.
 *
 * Rights and D are those of all that it covers, so that what holds of a page's own entry (I24, I25)
 * holds of the group's for each of its pages; but replacement is no longer that of single pages. */
#ifndef MMU_COALESCE_H
#define MMU_COALESCE_H

#include "mmu/tlbs.h"

/* coalesce: what a walk for a page fills: its own entry, or that of its group.
 * => single is the former, of a small page */
struct tlb_entry coalesce(const struct tlbs *tlbs, const struct page_table *pt, vmsim_vpn vpn,
			  struct tlb_entry single);

#endif
