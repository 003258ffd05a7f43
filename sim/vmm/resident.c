/* resident.c: pages in frames: mapped, taken out of working sets, deleted (semantics 4.3, E13).
 *
 * The three steps of losing a page are kept apart: page_unmap() takes it out of a working set and
 * keeps its contents on a list; frame_repurpose() makes a listed frame forget its page;
 * page_delete() gives up contents and storage at once. */
#include "vmm/check.h"

pte_t home_get(const struct vmm *vmm, const struct pfn *pfn)
{
	(void)vmm;
	return pfn->segment ? segment_get(pfn->segment, pfn->vpn)
			    : pt_get(&pfn->owner->pt, pfn->vpn);
}

void home_set(struct vmm *vmm, const struct pfn *pfn, pte_t pte)
{
	(void)vmm;
	if (pfn->segment)
		segment_set(pfn->segment, pfn->vpn, pte);
	else
		pt_set(&pfn->owner->pt, pfn->vpn, pte);
}

/* --- every entry of a frame ---------------------------------------------------------------- */

bool frame_entries(struct vmm *vmm, vmsim_pfn frame, entry_fn *each, void *ctx)
{
	const struct pfn *pfn = &vmm->db.pfn[frame];
	const struct segment *segment = pfn->segment;

	if (!segment)
		return each(vmm, pfn->owner, pfn->vpn, pt_get(&pfn->owner->pt, pfn->vpn), ctx);
	for (guint i = 0; pfn->share && i < segment->views->len; i++) {
		const struct view *view = &g_array_index(segment->views, struct view, i);
		vmsim_vpn vpn = view->vad->first + (pfn->vpn - view->vad->index);
		pte_t pte;

		if (pfn->vpn < view->vad->index || vpn > view->vad->last)
			continue;
		pte = pt_get(&view->process->pt, vpn);
		if (pte_is_valid(pte) && pte_frame(pte) == frame &&
		    !each(vmm, view->process, vpn, pte, ctx))
			return false;
	}
	return true;
}

static bool is_clean(struct vmm *vmm, struct process *process, vmsim_vpn vpn, pte_t pte, void *ctx)
{
	(void)vmm, (void)process, (void)vpn, (void)ctx;
	return !(pte & PTE_D);
}

bool frame_is_dirty(struct vmm *vmm, vmsim_pfn frame)
{
	return (vmm->db.pfn[frame].flags & PFN_IS_MODIFIED) ||
	       !frame_entries(vmm, frame, is_clean, NULL);
}

static bool unmap_one(struct vmm *vmm, struct process *process, vmsim_vpn vpn, pte_t pte,
		      void *ctx)
{
	(void)ctx;
	page_unmap(vmm, process, vpn, pte_prot(pte));
	return true;
}

void frame_unmap(struct vmm *vmm, vmsim_pfn frame)
{
	frame_entries(vmm, frame, unmap_one, NULL);
}

/* --- working sets -------------------------------------------------------------------------- */

static void working_set_add(struct vmm *vmm, struct process *process, vmsim_pfn frame)
{
	struct pfn *pfn = &vmm->db.pfn[frame];

	process->ws_pages++;
	stats_resident(vmm->stats, process->account, 1);
	if (pfn->share++)
		return;
	pfn->replacer = process->replacer;
	pfn->replacer->ops->page_in(pfn->replacer->state, frame);
}

static bool take_over(struct vmm *vmm, struct process *process, vmsim_vpn vpn, pte_t pte,
		      void *ctx)
{
	struct pfn *pfn = ctx;

	(void)vpn;
	pfn->replacer = process->replacer;
	pfn->replacer->ops->page_in(pfn->replacer->state, pte_frame(pte));
	(void)vmm;
	return false;
}

/* The process whose policy was told of a shared frame maps it no more: another's is. */
static void replacer_change(struct vmm *vmm, struct process *process, vmsim_pfn frame)
{
	struct pfn *pfn = &vmm->db.pfn[frame];

	if (vmm->global || pfn->replacer != process->replacer)
		return;
	pfn->replacer->ops->removed(pfn->replacer->state, frame);
	frame_entries(vmm, frame, take_over, pfn);
}

static void working_set_remove(struct vmm *vmm, struct process *process, vmsim_pfn frame,
			       pte_t pte)
{
	struct pfn *pfn = &vmm->db.pfn[frame];

	process->ws_pages--;
	stats_resident(vmm->stats, process->account, -1);
	if (pte & PTE_LOCKED) {
		pfn->locks--;
		process->locked_pages--;
		vmm->locked_pages--;
	}
	if (--pfn->share) {
		replacer_change(vmm, process, frame);
		return;
	}
	pfn->replacer->ops->removed(pfn->replacer->state, frame);
	pfn->replacer = NULL;
}

void page_unlock(struct vmm *vmm, struct process *process, vmsim_vpn vpn)
{
	pte_t pte = pt_get(&process->pt, vpn);

	if (!pte_is_valid(pte) || !(pte & PTE_LOCKED))
		return;
	pt_set(&process->pt, vpn, pte & ~PTE_LOCKED);
	vmm->db.pfn[pte_frame(pte)].locks--;
	process->locked_pages--;
	vmm->locked_pages--;
}

/* --- mapping ------------------------------------------------------------------------------ */

void page_map(struct vmm *vmm, struct process *process, vmsim_vpn vpn, vmsim_pfn frame,
	      unsigned prot, unsigned priority, enum pfn_transition move)
{
	struct pfn *pfn = &vmm->db.pfn[frame];
	pte_t pte = pte_make_clean(pte_make_valid(prot, frame, vmm->config->paging.nx),
				   vmm->config->paging.dirty == DIRTY_SOFTWARE);

	g_assert(prot_may_map(prot));
	if (move != MOVE_NONE)
		pfn_move(&vmm->db, frame, move);
	g_assert(pfn->state == PFN_ACTIVE);
	pfn->page_priority = (uint8_t)priority;
	pfn->keep = KEEP_RESET;
	pfn->awaited = true;
	pt_set(&process->pt, vpn, pfn->segment ? pte | PTE_SHARED : pte);
	working_set_add(vmm, process, frame);
}

void page_dirtied(struct vmm *vmm, vmsim_pfn frame)
{
	struct pfn *pfn = &vmm->db.pfn[frame];

	pfn->flags |= PFN_IS_MODIFIED;
	pfn->reset = RESET_NO;
	/* A slot being written is freed when its write completes (L24). */
	if (!(pfn->flags & PFN_IO))
		slot_free_of(vmm, pfn);
}

void page_stored(struct vmm *vmm, vmsim_pfn frame)
{
	page_dirtied(vmm, frame);
	if (vmm->audit)
		audit_live(vmm, frame);
}

void page_clean(struct vmm *vmm, struct process *process, vmsim_vpn vpn, pte_t pte)
{
	pt_set(&process->pt, vpn,
	       pte_make_clean(pte, vmm->config->paging.dirty == DIRTY_SOFTWARE));
}

void page_open(struct vmm *vmm, struct process *process, vmsim_vpn vpn, bool write)
{
	pte_t pte = pt_get(&process->pt, vpn);

	if (!pte_is_valid(pte) || !(pte & PTE_SOFT_W))
		return;
	if (write || ((vmm->db.pfn[pte_frame(pte)].flags & PFN_IS_MODIFIED) &&
		      !vad_find(&process->vads, vpn)->written))
		pt_set(&process->pt, vpn, pte_make_dirty(pte));
}

void page_harvest(struct vmm *vmm, struct process *process, vmsim_vpn vpn, pte_t pte)
{
	if (!(pte & PTE_D))
		return;
	page_dirtied(vmm, pte_frame(pte));
	watch_written(process, vpn);
}

/* Nobody maps the page any more: the frame goes to a list (L17, L18). */
static void frame_list(struct vmm *vmm, vmsim_pfn frame)
{
	struct pfn *pfn = &vmm->db.pfn[frame];
	bool modified = pfn->flags & PFN_IS_MODIFIED, writing = pfn->flags & PFN_WRITE_IO;

	pfn_choose_list(pfn);
	if (modified)
		pfn_move(&vmm->db, frame, writing ? MOVE_L18_WRITING : MOVE_L18);
	else
		pfn_move(&vmm->db, frame, writing ? MOVE_L17_WRITING : MOVE_L17);
	reset_list(vmm, frame);
}

void page_unmap(struct vmm *vmm, struct process *process, vmsim_vpn vpn, unsigned prot)
{
	pte_t pte = pt_get(&process->pt, vpn);
	vmsim_pfn frame = pte_frame(pte);

	page_harvest(vmm, process, vpn, pte);
	pt_set(&process->pt, vpn,
	       pte & PTE_SHARED ? pte_make_prototype(prot) : pte_make_transition(prot, frame));
	vmm->host.invalidate(vmm->host.ctx, process->asid, vpn);
	frame_give_up(vmm, frame);
	working_set_remove(vmm, process, frame, pte);
	if (!vmm->db.pfn[frame].share)
		frame_list(vmm, frame);
}

/* A page of a view that the process saw through the section: it loses the mapping, not the page. */
static void shared_delete(struct vmm *vmm, struct process *process, vmsim_vpn vpn, pte_t pte)
{
	if (!pte_is_valid(pte))
		return;
	page_unmap(vmm, process, vpn, pte_prot(pte));
	vmm->work.freed++;
}

void page_delete(struct vmm *vmm, struct process *process, vmsim_vpn vpn, pte_t pte)
{
	const struct pfn page = {.owner = process, .vpn = vpn};

	page_forget_stored(&page);
	if (page_is_shared(pte)) {
		shared_delete(vmm, process, vpn, pte);
		return;
	}
	if (pte_is_valid(pte)) {
		vmm->host.invalidate(vmm->host.ctx, process->asid, vpn);
		frame_give_up(vmm, pte_frame(pte));
		if (pte & PTE_D)
			watch_written(process, vpn);
		working_set_remove(vmm, process, pte_frame(pte), pte);
		frame_delete(vmm, pte_frame(pte));
	} else if (pte_is_transition(pte)) {
		frame_delete(vmm, pte_frame(pte));
	} else if (pte_is_pagefile(pte)) {
		slot_free(vmm, process, pte_slot(pte));
	} else {
		return;
	}
	vmm->work.freed++;
}

/* --- what reset pages held ------------------------------------------------------------------ */

static GHashTable **stored_of(const struct pfn *page)
{
	return page->segment ? &page->segment->last_stored : &page->owner->last_stored;
}

void page_keep_stored(struct vmm *vmm, const struct pfn *page, struct content *content)
{
	GHashTable **stored = stored_of(page);

	if (!vmm->keep_contents)
		return;
	if (!*stored)
		*stored = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free,
						(GDestroyNotify)content_unref);
	if (!g_hash_table_contains(*stored, &page->vpn))
		g_hash_table_insert(*stored, g_memdup2(&page->vpn, sizeof(page->vpn)),
				    content_ref(content));
}

void page_forget_stored(const struct pfn *page)
{
	GHashTable *stored = *stored_of(page);

	if (stored)
		g_hash_table_remove(stored, &page->vpn);
}

bool page_last_stored(const struct pfn *page, struct content **content)
{
	GHashTable *stored = *stored_of(page);
	void *found;

	if (!stored || !g_hash_table_lookup_extended(stored, &page->vpn, NULL, &found))
		return false;
	*content = found;
	return true;
}
