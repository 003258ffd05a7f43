/* audit.c: the invariants that need both sides, TLBs and page tables; and the vmm's. */
#include "engine/machine.h"

/* I24, I25, I27 for one TLB: what it holds is what the page table says, or less. */
static const char *check_tlb(struct vmsim_machine *m, const struct tlb *tlb)
{
	for (uint32_t i = 0; i < tlb->sets * tlb->ways; i++) {
		const struct tlb_entry *entry = &tlb->entry[i];
		struct process *process;
		pte_t pte;

		if (!entry->tag)
			continue;
		process = vmm_process_by_asid(m->vmm, (uint32_t)(entry->tag & ASID_MAX));
		if (!process)
			return "I28";
		pte = process_pte(process, tlb_vpn(entry->tag));
		if (!pte_is_valid(pte) || pte_frame(pte) != entry->pfn ||
		    pte_is_large(pte) != ((entry->tag & TLB_TAG_LARGE) != 0) ||
		    ((entry->flags & TLB_WRITE) && !(pte & PTE_W)) ||
		    ((entry->flags & TLB_EXECUTE) && (pte & PTE_XD)))
			return "I24";
		if (((entry->flags & TLB_DIRTY) && !(pte & PTE_D)) ||
		    (m->config->os.age_flush && !(pte & PTE_A)))
			return "I25";
	}
	return NULL;
}

/* I26: what the structure caches hold are the tables that their process has there. */
static const char *i26_structure_caches(struct vmsim_machine *m)
{
	const struct psc *psc = &m->mmu.psc;

	for (unsigned level = 1; psc->any && level < psc->shape->levels; level++) {
		const struct tlb *cache = &psc->level[level];

		for (uint32_t i = 0; i < cache->ways && cache->entry[i].tag; i++) {
			uint64_t tag = cache->entry[i].tag;
			struct process *process =
				vmm_process_by_asid(m->vmm, (uint32_t)(tag & ASID_MAX));

			if (!process || cache->entry[i].pfn == VMSIM_NO_PFN ||
			    pt_table(process_page_table(process), psc_vpn(psc, level, tag),
				     level - 1) != cache->entry[i].pfn)
				return "I26";
		}
	}
	return NULL;
}

bool machine_audit(struct vmsim_machine *m)
{
	const char *broken;

	machine_flush_references(m);
	broken = vmm_check(m->vmm);
	if (!broken && !mmu_check(&m->mmu))
		broken = "TLB order";
	for (unsigned i = 0; !broken && i < m->mmu.n_all; i++)
		broken = check_tlb(m, m->mmu.all[i]);
	if (!broken)
		broken = i26_structure_caches(m);
	if (!broken)
		return true;
	return machine_fail(m, VMSIM_ERROR_INVARIANT,
			    "invariant %s is broken after event %" G_GUINT64_FORMAT
			    " (line %" G_GUINT64_FORMAT " of %s), cycle %" G_GUINT64_FORMAT,
			    broken, m->seq, m->events.line, m->source->path, m->now);
}
