/* walkers.c: the page walkers of a core. */
#include "mmu/walkers.h"

void walkers_init(struct walkers *walkers, const struct config *config)
{
	*walkers = (struct walkers){.n = (unsigned)config->walker.count,
				    .overhead = config->walker.overhead.cycles};
}

unsigned walkers_next(const struct walkers *walkers, vmsim_cycles now, vmsim_cycles *wait)
{
	unsigned first = 0;

	for (unsigned i = 1; i < walkers->n && walkers->walker[first].until > now; i++)
		if (walkers->walker[i].until < walkers->walker[first].until)
			first = i;
	*wait = walkers->walker[first].until > now ? walkers->walker[first].until - now : 0;
	return first;
}

void walkers_begin(struct walkers *walkers, unsigned walker, uint64_t page, vmsim_cycles until)
{
	walkers->walker[walker].page = page;
	walkers->walker[walker].until = until;
}

vmsim_cycles walkers_left(const struct walkers *walkers, vmsim_cycles now, uint64_t page)
{
	for (unsigned i = 0; i < walkers->n; i++)
		if (walkers->walker[i].page == page && walkers->walker[i].until > now)
			return walkers->walker[i].until - now;
	return 0;
}
