/* inject.c: errors of I/O and of memory, as the trace asks for them (L16, L25, L32). */
#include "vmm/check.h"

/* Where a page is remembered: the process's or the section's entry. */
static struct injected page_key(const struct process *process, const struct vad *vad, vmsim_vpn vpn,
				pte_t pte)
{
	bool shared = page_is_shared(pte);

	return (struct injected){
		.owner = shared ? (const void *)vad->segment : process,
		.vpn = shared ? vad_index(vad, vpn) : vpn,
	};
}

bool inject_due(struct vmm *vmm, const struct pfn *pfn, enum vmsim_inject kind)
{
	const void *owner = pfn->segment ? (const void *)pfn->segment : pfn->owner;

	for (guint i = 0; i < vmm->injected->len; i++) {
		const struct injected *error = &g_array_index(vmm->injected, struct injected, i);

		if (error->owner != owner || error->vpn != pfn->vpn || error->kind != kind)
			continue;
		g_array_remove_index(vmm->injected, i);
		return true;
	}
	return false;
}

void inject_forget(struct vmm *vmm, const void *owner)
{
	for (guint i = vmm->injected->len; i-- > 0;)
		if (g_array_index(vmm->injected, struct injected, i).owner == owner)
			g_array_remove_index(vmm->injected, i);
}

void inject_memory(struct vmm *vmm, vmsim_pfn frame)
{
	struct pfn *pfn = &vmm->db.pfn[frame], page = *pfn;
	bool active = pfn->state == PFN_ACTIVE, lost;
	pte_t pte;

	if (active)
		frame_unmap(vmm, frame);
	if (pfn->state == PFN_FREE || pfn->state == PFN_TRANSITION)
		return; /* the read failed: the page is not here; or it is being written still */
	if (vmm->audit)
		audit_lost(vmm, &page);
	lost = pfn->flags & PFN_IS_MODIFIED;
	if (lost) { /* there is no copy of what it held */
		pfn->flags &= (uint8_t)~PFN_IS_MODIFIED;
		pte = home_get(vmm, pfn);
		home_set(vmm, pfn,
			 pte_make_demand_zero(pte_prot(pte), true) | (pte & PTE_OFFERED));
	} else {
		frame_repurpose(vmm, frame);
	}
	if (active || lost)
		home_set(vmm, &page, home_get(vmm, &page) | PTE_BROKEN);
	slot_free_of(vmm, pfn);
	pfn->flags = 0;
	content_set(&pfn->content, content_junk());
	pfn_move(&vmm->db, frame, MOVE_L32);
}

void vmm_inject(struct vmm *vmm, struct process *process, vmsim_va va, enum vmsim_inject kind)
{
	vmsim_vpn vpn = va >> VMSIM_PAGE_SHIFT;
	const struct vad *vad = vad_find(&process->vads, vpn);
	struct injected error;
	pte_t pte;

	if (!vad || vad_is_special(vad))
		return;
	pte = page_effective(vad, pt_get(&process->pt, vpn));
	if (!page_is_committed(vad, vpn, pte))
		return;
	error = page_key(process, vad, vpn, pte);
	error.kind = kind;
	if (pte_is_prototype(pte))
		pte = segment_get(vad->segment, vad_index(vad, vpn));
	if (kind != VMSIM_INJECT_MEMORY) {
		g_array_append_val(vmm->injected, error);
	} else if (pte_is_valid(pte) || pte_is_transition(pte)) {
		if (vmm->db.pfn[pte_frame(pte)].flags & PFN_IO)
			g_array_append_val(vmm->injected, error); /* when that ends */
		else
			inject_memory(vmm, pte_frame(pte));
	}
}
