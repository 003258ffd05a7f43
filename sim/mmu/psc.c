/* psc.c: paging-structure caches. */
#include "mmu/psc.h"

void psc_init(struct psc *psc, const struct config *config)
{
	const uint64_t entries[PT_MAX_LEVELS] = {0, config->psc.pde.entries,
						 config->psc.pdpte.entries,
						 config->psc.pml4e.entries,
						 config->psc.pml5e.entries};
	unsigned end;

	*psc = (struct psc){.shape = pt_shape_for(config), .cycles = config->psc.latency.cycles};
	/* What stands in registers is not cached; other designs have no upper entries. */
	end = config->paging.design == DESIGN_RADIX
		      ? psc->shape->levels - psc->shape->top_in_registers
		      : 0;
	for (unsigned level = 1; level < end; level++) {
		if (!entries[level])
			continue;
		tlb_init(&psc->level[level], (uint32_t)entries[level], (uint32_t)entries[level]);
		psc->any = true;
	}
}

void psc_fini(struct psc *psc)
{
	for (unsigned level = 0; level < PT_MAX_LEVELS; level++)
		tlb_fini(&psc->level[level]);
}

static uint64_t tag_of(const struct psc *psc, unsigned level, uint32_t asid, vmsim_vpn vpn)
{
	return tlb_tag(asid, vpn >> psc->shape->shift[level]);
}

vmsim_vpn psc_vpn(const struct psc *psc, unsigned level, uint64_t tag)
{
	return tlb_vpn(tag) << psc->shape->shift[level];
}

bool psc_lookup(struct psc *psc, uint32_t asid, vmsim_vpn vpn, struct walk_start *from)
{
	for (unsigned level = 1; level < psc->shape->levels; level++) {
		struct tlb *cache = &psc->level[level];
		const struct tlb_entry *entry = NULL;

		if (cache->ways)
			entry = tlb_lookup(cache, tag_of(psc, level, asid, vpn));
		if (entry) {
			*from = (struct walk_start){.level = level - 1, .table = entry->pfn};
			return true;
		}
	}
	return false;
}

void psc_fill(struct psc *psc, uint32_t asid, vmsim_vpn vpn, const struct walk *walk)
{
	for (unsigned level = walk->last + 1; level <= walk->first; level++)
		if (psc->level[level].ways)
			tlb_fill(&psc->level[level], tag_of(psc, level, asid, vpn),
				 walk->table[level - 1], 0);
}

void psc_forget(struct psc *psc, uint32_t asid, vmsim_vpn vpn)
{
	for (unsigned level = 1; level < psc->shape->levels; level++)
		if (psc->level[level].ways)
			tlb_invalidate(&psc->level[level], tag_of(psc, level, asid, vpn));
}

void psc_flush(struct psc *psc, uint32_t asid)
{
	for (unsigned level = 1; level < psc->shape->levels; level++)
		if (psc->level[level].ways)
			tlb_flush(&psc->level[level], asid);
}

bool psc_check(const struct psc *psc)
{
	for (unsigned level = 1; level < psc->shape->levels; level++)
		if (psc->level[level].ways && !tlb_check(&psc->level[level]))
			return false;
	return true;
}
