/* prefetch.h: walks made ahead of time, for pages whose translations will be missed (options
 * tlb.prefetch.*).
 *
 * A prefetcher hears of every access that no level of TLB answered, in the order of the misses of
 * code and of data, and names pages that might be next. Those that no TLB has are walked for after
 * the access has its own translation. What is found goes into a buffer beside the TLBs, first in,
 * first out; a miss of all levels looks there, takes the entry and fills the levels without a
 * walk. It is a miss all the same (T22).
 *
 * Such a walk takes a walker when that of the access is done, and reads the structure caches and
 * memory as others do, but it does not take the time of the access. Who needs its page before it
 * has ended waits for that. It is no access: it sets no bit, and ends at an entry whose A is
 * clear, as the architecture allows (Intel SDM 3A 4.8: A is set only where an entry is used), so
 * that a page nobody used is never in the buffer (H7). It fails in silence. */
#ifndef MMU_PREFETCH_H
#define MMU_PREFETCH_H

#include "mmu/psc.h"
#include "mmu/tlbs.h"
#include "mmu/walkers.h"
#include "stats/stats.h"

#define PREFETCH_MOST 8 /* pages named at a time */

struct prefetch_ops {
	void *(*new)(const struct config *config);
	/* A miss; fills in at most PREFETCH_MOST pages. Returns how many. Another address space
	 * than the last one's has nothing to do with what that missed. */
	unsigned (*missed)(void *state, uint32_t asid, vmsim_vpn vpn, vmsim_vpn *want);
	/* g_free() frees the state. */
};
extern const struct prefetch_ops prefetch_next_page, prefetch_distance;

struct prefetch {
	const struct prefetch_ops *ops; /* NULL: there is none */
	void *state[TLB_SIDES];
	struct tlb *buffer; /* one of the TLBs' arrays, so that it is invalidated with them */
};

void prefetch_init(struct prefetch *prefetch, struct tlbs *tlbs, const struct config *config);
void prefetch_fini(struct prefetch *prefetch);

/* prefetch_take: the buffer gives up what it has for a page; false if it has nothing. */
bool prefetch_take(struct prefetch *prefetch, const struct tlbs *tlbs, uint32_t asid, vmsim_vpn vpn,
		   struct tlb_entry *entry);

/* Where a prefetcher's walks go. */
struct prefetch_ways {
	struct tlbs *tlbs;
	struct psc *psc;
	struct port *port;
	struct counters *c;
	struct walkers *walkers;
	bool timed; /* walks take walkers from this cycle on: */
	vmsim_cycles now;
};
/* prefetch_missed: a page was translated that no level had. */
void prefetch_missed(struct prefetch *prefetch, const struct prefetch_ways *ways,
		     const struct page_table *pt, enum tlb_side side, uint32_t asid, vmsim_vpn vpn);

#endif
