/* reset.c: pages whose contents are disposable (semantics section 5): MEM_RESET and its undoing,
 * offer, discard and reclaim.
 *
 * A reset page keeps its state, its protection and its charge; only what it holds may go. It has no
 * slot and is not modified, so from then on it is neither written nor read (R4), until a store
 * makes it live again (R6), which is learnt from D. An offered page is a reset page that nobody may
 * touch until it is reclaimed (R9); a discarded one is merely out of the working set (R11).
 *
 *   page, where it is          reset, discard                    offer
 *   untouched                  -                                 entry says offered
 *   resident                   D cleared, pending                out of the working set, pending
 *   modified, standby          standby, pending                  the same
 *   being written or read      pending when that ends            the same
 *   in the pagefile            slot freed, lost                  the same
 *
 * What a view shows of a piece of the pagefile is reset for all who map it. */
#include "vmm/internal.h"

void reset_slot_free(struct vmm *vmm, struct pfn *pfn)
{
	vmm->c->reset_slots_freed += pfn->slot != 0;
	slot_free_of(vmm, pfn);
}

void reset_list(struct vmm *vmm, vmsim_pfn frame)
{
	const struct pfn *pfn = &vmm->db.pfn[frame];
	unsigned keep = pfn->keep;

	if (pfn->state != PFN_STANDBY || pfn->reset == RESET_NO)
		return;
	pfn_requeue(&vmm->db, frame, keep > KEEP_OFFERED ? keep - KEEP_OFFERED : 0,
		    keep == KEEP_DISCARDED);
}

/* The frame's page is pending from now on; dirty: some entry knew of a store to it. */
static void mark_pending(struct vmm *vmm, struct pfn *pfn, bool dirty, unsigned keep)
{
	bool modified = dirty || (pfn->flags & PFN_IS_MODIFIED);

	if (modified || pfn->reset != RESET_PENDING) {
		vmm->c->pages_reset_pending++;
		pfn->spared = modified;
	}
	page_keep_stored(vmm, pfn,
			 pfn->flags & PFN_READ_IO ? *pagefile_content(&vmm->file, pfn->slot)
						  : pfn->content);
	pfn->reset = RESET_PENDING;
	pfn->keep = (uint8_t)keep;
	pfn->flags &= (uint8_t)~PFN_IS_MODIFIED;
	/* A slot under I/O is freed when that ends. */
	if (!(pfn->flags & PFN_IO))
		reset_slot_free(vmm, pfn);
}

struct cleaning {
	bool dirty;   /* some entry had D set */
	bool leaving; /* whoever unmaps the page invalidates it */
};

static bool clean_entry(struct vmm *vmm, struct process *process, vmsim_vpn vpn, pte_t pte,
			void *ctx)
{
	struct cleaning *cleaning = ctx;

	if (pte & PTE_D) {
		watch_written(process, vpn);
		cleaning->dirty = true;
	}
	page_clean(vmm, process, vpn, pte);
	/* Always: the TLB may hold D, and a later store must be seen (H20). */
	if (!cleaning->leaving)
		vmm->host.invalidate(vmm->host.ctx, process->asid, vpn);
	return true;
}

/* R3 for a page in a frame. leaving: its only mapping is about to go. */
static void reset_frame(struct vmm *vmm, vmsim_pfn frame, unsigned keep, bool leaving)
{
	struct pfn *pfn = &vmm->db.pfn[frame];
	struct cleaning cleaning = {.leaving = leaving};

	if (pfn->state == PFN_ACTIVE)
		frame_entries(vmm, frame, clean_entry, &cleaning);
	mark_pending(vmm, pfn, cleaning.dirty, keep);
	if (pfn->state == PFN_MODIFIED) {
		pfn->priority = 0;
		pfn_move(&vmm->db, frame, MOVE_L29);
	}
	reset_list(vmm, frame);
}

/* R3 for a page that is remembered by `pte`, its own entry or its section's. */
static void reset_stored(struct vmm *vmm, const struct pfn *page, pte_t pte, unsigned keep)
{
	if (pte_is_transition(pte)) {
		reset_frame(vmm, pte_frame(pte), keep, false);
	} else if (pte_is_pagefile(pte)) {
		page_keep_stored(vmm, page, *pagefile_content(&vmm->file, pte_slot(pte)));
		slot_free(vmm, page->owner, pte_slot(pte));
		home_set(vmm, page,
			 pte_make_demand_zero(pte_prot(pte), true) | (pte & PTE_OFFERED));
		vmm->c->reset_slots_freed++;
		vmm->c->pages_reset_lost++;
	}
}

/* How a page is named that a view shows, or that is the process's own. */
static struct pfn page_name(struct process *process, const struct vad *vad, vmsim_vpn vpn,
			    bool shared)
{
	if (shared)
		return (struct pfn){.segment = vad->segment, .vpn = vad_index(vad, vpn)};
	return (struct pfn){.owner = process, .vpn = vpn};
}

/* What is to be done with each committed page that is not merely a zero entry of a private
 * block. */
typedef bool page_fn(struct vmm *vmm, const struct pfn *page, pte_t pte);

/* => returns whether `each` did for all */
static bool every_page(struct vmm *vmm, struct process *process, const struct vad *vad,
		       vmsim_vpn first, vmsim_vpn last, page_fn *each)
{
	bool all = true;

	for (vmsim_vpn vpn = first; vpn <= last;) {
		struct pt_span span = pt_span_at(&process->pt, vpn, last + 1);

		/* Pages that nobody has an entry of were never touched. */
		if (!span.node && vad->segment) {
			span.n = view_alike(process, vad, vpn, last);
			if (span.n > 1) {
				vpn += span.n;
				continue;
			}
		}
		for (uint64_t i = 0; (span.node || vad->segment) && i < span.n; i++) {
			pte_t pte = span.node ? span.node->entry[span.index + i] : 0;
			struct pfn page;
			bool shared;

			if ((!pte && !vad->segment) || !page_is_committed(vad, vpn + i, pte))
				continue;
			pte = page_effective(vad, pte);
			shared = page_is_shared(pte);
			page = page_name(process, vad, vpn + i, shared);
			all &= each(vmm, &page, shared ? home_get(vmm, &page) : pte);
		}
		vpn += span.n;
	}
	return all;
}

static bool reset_page(struct vmm *vmm, const struct pfn *page, pte_t pte)
{
	if (pte_is_valid(pte))
		reset_frame(vmm, pte_frame(pte), KEEP_RESET, false);
	else
		reset_stored(vmm, page, pte, KEEP_RESET);
	return true;
}

void reset_pages(struct vmm *vmm, struct process *process, struct vad *vad, vmsim_vpn first,
		 vmsim_vpn last)
{
	every_page(vmm, process, vad, first, last, reset_page);
	vmm->work.reset += last - first + 1;
}

/* Whether and what was stored before contents were kept is not known. */
static bool forget_stored(struct vmm *vmm, const struct pfn *page, pte_t pte)
{
	bool frame = pte_is_valid(pte) || pte_is_transition(pte);

	if (frame ? vmm->db.pfn[pte_frame(pte)].reset != RESET_NO
		  : !pte_is_pagefile(pte) && (pte & PTE_LOST))
		page_keep_stored(vmm, page, content_unknown());
	return true;
}

void reset_forget(struct vmm *vmm)
{
	for (guint i = 0; i < vmm->processes->len; i++) {
		struct process *process = g_ptr_array_index(vmm->processes, i);
		const struct vad *vad = process->exited ? NULL : vad_next(&process->vads, 0);

		for (; vad; vad = vad_next(&process->vads, vad->last + 1))
			every_page(vmm, process, vad, vad->first, vad->last, forget_stored);
	}
}

/* --- back to life ---------------------------------------------------------------------------- */

static bool harvest_entry(struct vmm *vmm, struct process *process, vmsim_vpn vpn, pte_t pte,
			  void *ctx)
{
	(void)ctx;
	page_harvest(vmm, process, vpn, pte);
	return true;
}

/* R8 for a page with a frame. Returns whether it survived. */
static bool undo_frame(struct vmm *vmm, vmsim_pfn frame)
{
	struct pfn *pfn = &vmm->db.pfn[frame];
	bool lost;

	if (pfn->state == PFN_ACTIVE)
		frame_entries(vmm, frame, harvest_entry, NULL);
	if (pfn->reset == RESET_NO)
		return true;
	lost = pfn->reset == RESET_LOST;
	page_forget_stored(pfn);
	/* A lost page's frame of zeros is from now on as any other zero page's. */
	page_dirtied(vmm, frame);
	if (pfn->state == PFN_STANDBY)
		pfn_move(&vmm->db, frame, MOVE_R8);
	return !lost;
}

static bool undo_page(struct vmm *vmm, const struct pfn *page, pte_t pte)
{
	if (pte_is_valid(pte) || pte_is_transition(pte))
		return undo_frame(vmm, pte_frame(pte));
	if (pte_is_pagefile(pte) || !(pte & PTE_LOST))
		return true;
	home_set(vmm, page, pte & ~PTE_LOST);
	page_forget_stored(page);
	return false;
}

bool reset_undo_pages(struct vmm *vmm, struct process *process, struct vad *vad, vmsim_vpn first,
		      vmsim_vpn last)
{
	vmm->work.reset += last - first + 1;
	return every_page(vmm, process, vad, first, last, undo_page);
}

/* --- offer, discard, reclaim ------------------------------------------------------------------ */

/* A private page is reset, and leaves the working set as the call wants it kept. */
static void put_aside(struct vmm *vmm, const struct pfn *page, pte_t pte, unsigned keep,
		      unsigned prot)
{
	if (!pte_is_valid(pte)) {
		reset_stored(vmm, page, pte, keep);
		return;
	}
	reset_frame(vmm, pte_frame(pte), keep, true);
	page_unmap(vmm, page->owner, page->vpn, prot);
}

void offer_pages(struct vmm *vmm, struct process *process, struct vad *vad, vmsim_vpn first,
		 vmsim_vpn last, unsigned priority)
{
	for (vmsim_vpn vpn = first; vpn <= last; vpn++) {
		const struct pfn page = {.owner = process, .vpn = vpn};
		pte_t pte = page_effective(vad, pt_get(&process->pt, vpn));

		put_aside(vmm, &page, pte, KEEP_OFFERED + priority - 1, PROT_NOACCESS);
		pte = page_effective(vad, pt_get(&process->pt, vpn));
		pt_set(&process->pt, vpn,
		       pte_with_prot(pte, PROT_NOACCESS, vmm->config->paging.nx) | PTE_OFFERED);
	}
	vmm->work.offered += last - first + 1;
}

static bool discard_page(struct vmm *vmm, const struct pfn *page, pte_t pte)
{
	/* E15: discarding is not among what ends a lock, so a locked page is only reset. */
	if (pte_is_valid(pte) && (pte & PTE_LOCKED))
		reset_frame(vmm, pte_frame(pte), KEEP_RESET, false);
	else
		put_aside(vmm, page, pte, KEEP_DISCARDED, pte_prot(pte));
	return true;
}

void discard_pages(struct vmm *vmm, struct process *process, struct vad *vad, vmsim_vpn first,
		   vmsim_vpn last)
{
	every_page(vmm, process, vad, first, last, discard_page);
	vmm->work.offered += last - first + 1;
}

bool reclaim_pages(struct vmm *vmm, struct process *process, vmsim_vpn first, vmsim_vpn last)
{
	bool survived = true;

	for (vmsim_vpn vpn = first; vpn <= last; vpn++) {
		const struct pfn page = {.owner = process, .vpn = vpn};

		survived &= undo_page(vmm, &page, pt_get(&process->pt, vpn));
		pt_set(&process->pt, vpn,
		       pte_with_prot(pt_get(&process->pt, vpn) & ~PTE_OFFERED, PROT_READWRITE,
				     vmm->config->paging.nx));
	}
	vmm->work.offered += last - first + 1;
	return survived;
}
