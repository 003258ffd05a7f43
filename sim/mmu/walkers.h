/* walkers.h: the page walkers of a core, and the walks that they are doing (timing T8).
 *
 * A walk takes the walker that is free first; until then it waits. One walk of a page is enough:
 * whoever needs the page while it is being walked for waits for that one. The walk's result stands
 * in the TLBs from the cycle in which it begins (T2), so such a reference finds its entry there,
 * and only asks how long the walk still takes. A thread whose references do not overlap meets no
 * walk. */
#ifndef MMU_WALKERS_H
#define MMU_WALKERS_H

#include "config/config.h"

#define WALKERS_MAX 64

struct walkers {
	unsigned n;
	vmsim_cycles overhead; /* of each walk, besides what it reads */
	struct {
		vmsim_cycles until; /* free from this cycle on */
		uint64_t page;      /* as the TLBs tag it; 0: none */
	} walker[WALKERS_MAX];
};

void walkers_init(struct walkers *walkers, const struct config *config);

/* walkers_next: the walker for a walk that is wanted at `now`; *wait: until it is free. */
unsigned walkers_next(const struct walkers *walkers, vmsim_cycles now, vmsim_cycles *wait);
/* walkers_begin: it walks for a page until then; page 0: for one that has ended in a fault. */
void walkers_begin(struct walkers *walkers, unsigned walker, uint64_t page, vmsim_cycles until);
/* walkers_left: what is left at `now` of a page's walk; 0: nobody walks for it. */
vmsim_cycles walkers_left(const struct walkers *walkers, vmsim_cycles now, uint64_t page);

#endif
