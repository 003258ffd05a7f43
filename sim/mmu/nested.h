/* nested.h: nested paging: the physical addresses of a guest are virtual to its host (timing T10).
 *
 * Every address that a guest's walk meets, of an entry or at last of the page, is translated: by
 * the nested TLB, else by a walk of the host's tables, which its own structure caches shorten. The
 * TLBs hold the guest's pages with what both walks found, so a hit there meets none of this.
 *
 * The host maps the whole of the guest's memory from the beginning, each page to the frame of the
 * same number, with A and D set: no host walk faults, and caches see a guest's data where it would
 * be without a host. Its tables lie above everything that a guest frame number can name, those of
 * the lowest level first, each level's a page further on than it would have to be, so that the
 * first tables of all levels do not meet in the same sets of a cache.
 *
 * What the host has cached is of one guest and never changes; nothing is ever dropped but for
 * room. */
#ifndef MMU_NESTED_H
#define MMU_NESTED_H

#include "config/config.h"
#include "mmu/cache.h"
#include "stats/stats.h"

#define NESTED_MAX_LEVELS 5

struct port;

struct nested {
	bool enabled;
	unsigned levels, leaf; /* of the tables; the level of entries that map pages: 0 is 4 KiB */
	/* Caches of numbers, without ways where there are none: of pages, and by level of what the
	 * entries above the leaf's stand for. */
	struct cache tlb, psc[NESTED_MAX_LEVELS];
	bool any_psc;
	vmsim_cycles tlb_cycles, psc_cycles; /* of one look */
	uint64_t table[NESTED_MAX_LEVELS];   /* address of each level's first table */
	struct counters *c;
};

void nested_init(struct nested *nested, const struct config *config, struct counters *counters);
void nested_fini(struct nested *nested);

/* nested_translate: the frame of a guest's physical address. Returns what it took.
 * => port: that of the core, through which host tables are read */
vmsim_cycles nested_translate(struct nested *nested, struct port *port, vmsim_pfn frame);

bool nested_check(const struct nested *nested);

#endif
