/* reset.c: MEM_RESET and MEM_RESET_UNDO, page by page (semantics 5.1, 5.2).
 *
 * A reset page keeps its state and protection; only its contents become disposable. It has no
 * slot and is not modified, so from then on it is neither written nor read (R4), until a store
 * makes it live again (R6), which is learnt from D. */
#include "vmm/internal.h"

static void mark_pending(struct vmm *vmm, struct pfn *pfn, bool dirty)
{
	if (dirty || (pfn->flags & PFN_IS_MODIFIED) || pfn->reset != RESET_PENDING)
		vmm->c->pages_reset_pending++;
	page_keep_stored(vmm, pfn->owner, pfn->vpn,
			 pfn->flags & PFN_READ_IO ? *pagefile_content(&vmm->file, pfn->slot) : pfn->content);
	pfn->reset = RESET_PENDING;
	pfn->flags &= (uint8_t)~PFN_IS_MODIFIED;
	/* A slot under I/O is freed when that ends. */
	if (!(pfn->flags & (PFN_READ_IO | PFN_WRITE_IO)))
		slot_free_of(vmm, pfn);
}

/* R3, by what the page is. */
static void reset_page(struct vmm *vmm, struct process *process, vmsim_vpn vpn, pte_t pte)
{
	struct pfn *pfn = pte_is_valid(pte) || pte_is_transition(pte)
				  ? &vmm->db.pfn[pte_frame(pte)]
				  : NULL;

	if (pte_is_valid(pte)) {
		pt_set(&process->pt, vpn, pte & ~PTE_D);
		/* Always: the TLB may hold D, and a later store must be seen (H20). */
		vmm->host.invalidate(vmm->host.ctx, process->asid, vpn);
		mark_pending(vmm, pfn, pte & PTE_D);
	} else if (pte_is_transition(pte)) {
		mark_pending(vmm, pfn, false);
		if (pfn->state == PFN_STANDBY)
			pfn_requeue(&vmm->db, pte_frame(pte), 0, false);
		if (pfn->state == PFN_MODIFIED) {
			pfn->priority = 0;
			pfn_move(&vmm->db, pte_frame(pte), MOVE_L29);
		}
	} else if (pte_is_pagefile(pte)) {
		page_keep_stored(vmm, process, vpn, *pagefile_content(&vmm->file, pte_slot(pte)));
		slot_free(vmm, process, pte_slot(pte));
		pt_set(&process->pt, vpn, pte_make_demand_zero(pte_prot(pte), true));
		vmm->c->pages_reset_lost++;
	}
}

void reset_pages(struct vmm *vmm, struct process *process, struct vad *vad, vmsim_vpn first,
		 vmsim_vpn last)
{
	for (vmsim_vpn vpn = first; vpn <= last;) {
		struct pt_span span = pt_span_at(&process->pt, vpn, last + 1);

		for (uint64_t i = 0; span.node && i < span.n; i++) {
			pte_t pte = span.node->entry[span.index + i];

			if (pte && page_is_committed(vad, vpn + i, pte))
				reset_page(vmm, process, vpn + i, pte);
		}
		vpn += span.n;
	}
	vmm->work.reset += last - first + 1;
}

/* R8 for a page with a frame. Returns whether it survived. */
static bool undo_frame(struct vmm *vmm, vmsim_pfn frame, bool dirty)
{
	struct pfn *pfn = &vmm->db.pfn[frame];
	bool lost = pfn->reset == RESET_LOST && !dirty;

	if (dirty)
		page_dirtied(vmm, frame);
	if (pfn->reset == RESET_NO)
		return true;
	page_forget_stored(pfn->owner, pfn->vpn);
	/* A lost page's frame of zeros is from now on as any other zero page's. */
	page_dirtied(vmm, frame);
	if (pfn->state == PFN_STANDBY)
		pfn_move(&vmm->db, frame, MOVE_R8);
	return !lost;
}

bool reset_undo_pages(struct vmm *vmm, struct process *process, struct vad *vad, vmsim_vpn first,
		      vmsim_vpn last)
{
	bool survived = true;

	(void)vad;
	for (vmsim_vpn vpn = first; vpn <= last;) {
		struct pt_span span = pt_span_at(&process->pt, vpn, last + 1);

		for (uint64_t i = 0; span.node && i < span.n; i++) {
			pte_t pte = span.node->entry[span.index + i];

			if (pte_is_valid(pte) || pte_is_transition(pte)) {
				bool dirty = pte_is_valid(pte) && (pte & PTE_D);

				survived &= undo_frame(vmm, pte_frame(pte), dirty);
			} else if ((pte & PTE_LOST) && !pte_is_pagefile(pte)) {
				pt_span_set(&span, i, pte & ~PTE_LOST);
				page_forget_stored(process, vpn + i);
				survived = false;
			}
		}
		vpn += span.n;
	}
	vmm->work.reset += last - first + 1;
	return survived;
}
