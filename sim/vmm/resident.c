/* resident.c: pages in frames, and frames taken and given back (semantics 4.2, 4.3, E13).
 *
 * The three steps of losing a page are kept apart: page_unmap() takes it out of the working set
 * and keeps its contents on a list; frame_repurpose() makes a listed frame forget its page;
 * page_delete() gives up contents and storage at once. */
#include "vmm/internal.h"

static void slots_changed(struct vmm *vmm, const struct process *process, int64_t delta)
{
	stats_slots(vmm->stats, process->account, delta);
}

void slot_free_of(struct vmm *vmm, struct pfn *pfn)
{
	if (!pfn->slot)
		return;
	pagefile_free(&vmm->file, pfn->slot);
	slots_changed(vmm, pfn->owner, -1);
	pfn->slot = 0;
}

static void slot_free(struct vmm *vmm, const struct process *process, uint32_t slot)
{
	pagefile_free(&vmm->file, slot);
	slots_changed(vmm, process, -1);
}

/* --- taking frames ------------------------------------------------------------------------ */

/* A frame that will be read by its new owner before it is written must be zero (L1, L37a). */
static void zero_inline(struct vmm *vmm, vmsim_pfn frame, enum frame_use use)
{
	struct pfn *pfn = &vmm->db.pfn[frame];

	if (pfn->state == PFN_ZEROED || use == FRAME_ANY)
		return;
	content_set(&pfn->content, NULL);
	/* Zeroing a page table is part of the fault's service (timing, worked example). */
	if (use == FRAME_TABLE)
		return;
	vmm->work.zeroed++;
	vmm->c->pages_zeroed_inline++;
}

vmsim_pfn frame_take(struct vmm *vmm, enum frame_use use)
{
	vmsim_pfn zeroed = pfn_first_zeroed(&vmm->db), free_frame = pfn_first_free(&vmm->db);
	vmsim_pfn frame = use == FRAME_ANY ? free_frame : zeroed;

	if (frame == VMSIM_NO_PFN)
		frame = use == FRAME_ANY ? zeroed : free_frame;
	if (frame == VMSIM_NO_PFN) {
		frame = pfn_first_standby(&vmm->db);
		if (frame == VMSIM_NO_PFN)
			return frame;
		frame_repurpose(vmm, frame);
		vmm->c->pages_repurposed++;
	}
	zero_inline(vmm, frame, use);
	return frame;
}

const char *frame_rule(const struct vmm *vmm, vmsim_pfn frame)
{
	switch (vmm->db.pfn[frame].state) {
	case PFN_ZEROED:
		return "L10";
	case PFN_FREE:
		return "L11";
	default:
		return "L12";
	}
}

enum vmm_status frame_get(struct vmm *vmm, struct process *process, enum frame_use use,
			  vmsim_pfn *frame, struct io **io)
{
	for (;;) {
		vmsim_pfn victim;
		struct pfn *pfn;

		*frame = frame_take(vmm, use);
		if (*frame != VMSIM_NO_PFN)
			return VMM_DONE;
		if (vmm->config->standby.enabled)
			return VMM_WAIT_FRAME;
		/* A page that lost its mapping dirty, to VirtualProtect say, goes first. */
		victim = pfn_first_modified(&vmm->db);
		if (victim == VMSIM_NO_PFN || !slots_free(vmm)) {
			victim = replace_victim(vmm, process);
			if (victim == VMSIM_NO_PFN)
				return VMM_WAIT_FRAME;
			replace_evict(vmm, victim);
		}
		pfn = &vmm->db.pfn[victim];
		if (pfn->state == PFN_STANDBY) {
			frame_repurpose(vmm, victim);
			frame_free(vmm, victim, "L4");
			continue;
		}
		*io = pfn->state == PFN_MODIFIED ? io_write(vmm, victim, "eviction")
						 : io_of(vmm, victim);
		return *io ? VMM_WAIT_IO : VMM_WAIT_FRAME;
	}
}

void frame_repurpose(struct vmm *vmm, vmsim_pfn frame)
{
	struct pfn *pfn = &vmm->db.pfn[frame];
	struct process *owner = pfn->owner;
	unsigned prot = pte_prot(pt_get(&owner->pt, pfn->vpn));

	g_assert(pfn->state == PFN_STANDBY && !(pfn->flags & PFN_IS_MODIFIED));
	if (pfn->slot) {
		pt_set(&owner->pt, pfn->vpn, pte_make_pagefile(prot, pfn->slot));
	} else {
		bool lost = pfn->reset != RESET_NO;

		if (pfn->reset == RESET_PENDING)
			vmm->c->pages_reset_lost++;
		pt_set(&owner->pt, pfn->vpn, pte_make_demand_zero(prot, lost));
	}
	pfn->slot = 0;
	pfn->reset = RESET_NO;
	pfn->owner = NULL;
	pfn->vpn = 0;
}

/* --- giving frames back -------------------------------------------------------------------- */

void frame_free(struct vmm *vmm, vmsim_pfn frame, const char *rule)
{
	struct pfn *pfn = &vmm->db.pfn[frame];

	g_assert(!(pfn->flags & (PFN_READ_IO | PFN_WRITE_IO)));
	slot_free_of(vmm, pfn);
	pfn->flags = 0;
	content_set(&pfn->content, content_junk());
	pfn_set_state(&vmm->db, frame, PFN_FREE, rule);
}

void frame_free_table(void *ctx, vmsim_pfn frame)
{
	struct vmm *vmm = ctx;

	vmm->db.n_tables--;
	frame_free(vmm, frame, "L38");
}

/* --- mapping ------------------------------------------------------------------------------ */

static void working_set_add(struct vmm *vmm, struct process *process, vmsim_pfn frame)
{
	process->ws_pages++;
	stats_resident(vmm->stats, process->account, 1);
	process->replacer->ops->page_in(process->replacer->state, frame);
}

static void working_set_remove(struct vmm *vmm, struct process *process, vmsim_pfn frame)
{
	struct pfn *pfn = &vmm->db.pfn[frame];

	process->ws_pages--;
	stats_resident(vmm->stats, process->account, -1);
	process->replacer->ops->removed(process->replacer->state, frame);
	if (pfn->flags & PFN_LOCKED) {
		pfn->flags &= (uint8_t)~PFN_LOCKED;
		process->locked_pages--;
		vmm->locked_pages--;
	}
}

void page_map(struct vmm *vmm, struct process *process, vmsim_vpn vpn, vmsim_pfn frame,
	      unsigned prot, const char *rule)
{
	struct pfn *pfn = &vmm->db.pfn[frame];

	g_assert(prot_may_map(prot));
	pfn->owner = process;
	pfn->vpn = vpn;
	pfn_set_state(&vmm->db, frame, PFN_ACTIVE, rule);
	pfn->priority = PFN_DEFAULT_PRIORITY;
	pt_set(&process->pt, vpn, pte_make_valid(prot, frame, vmm->config->paging.nx));
	working_set_add(vmm, process, frame);
}

pte_t frame_pte(const struct vmm *vmm, vmsim_pfn frame)
{
	const struct pfn *pfn = &vmm->db.pfn[frame];

	return pt_get(&pfn->owner->pt, pfn->vpn);
}

void page_dirtied(struct vmm *vmm, vmsim_pfn frame)
{
	struct pfn *pfn = &vmm->db.pfn[frame];

	pfn->flags |= PFN_IS_MODIFIED;
	pfn->reset = RESET_NO;
	/* A slot being written is freed when its write completes (L24). */
	if (!(pfn->flags & (PFN_READ_IO | PFN_WRITE_IO)))
		slot_free_of(vmm, pfn);
}

void page_harvest(struct vmm *vmm, vmsim_pfn frame)
{
	if (frame_pte(vmm, frame) & PTE_D)
		page_dirtied(vmm, frame);
}

void page_unmap(struct vmm *vmm, vmsim_pfn frame, unsigned prot)
{
	struct pfn *pfn = &vmm->db.pfn[frame];
	struct process *process = pfn->owner;
	bool modified;

	page_harvest(vmm, frame);
	pt_set(&process->pt, pfn->vpn, pte_make_transition(prot, frame));
	vmm->host.invalidate(vmm->host.ctx, process->asid, pfn->vpn);
	working_set_remove(vmm, process, frame);
	modified = pfn->flags & PFN_IS_MODIFIED;
	pfn->priority = pfn->reset != RESET_NO ? 0 : PFN_DEFAULT_PRIORITY;
	pfn_set_state(&vmm->db, frame,
		      pfn->flags & PFN_WRITE_IO ? PFN_TRANSITION
		      : modified		? PFN_MODIFIED
						: PFN_STANDBY,
		      modified ? "L18" : "L17");
}

/* The frame of a deleted page: freed now, or when its I/O ends (4.5). */
static void frame_delete(struct vmm *vmm, vmsim_pfn frame)
{
	struct pfn *pfn = &vmm->db.pfn[frame];

	if (!(pfn->flags & (PFN_READ_IO | PFN_WRITE_IO))) {
		frame_free(vmm, frame, "L27");
		return;
	}
	pfn->flags |= PFN_DELETED;
	if (pfn->state != PFN_TRANSITION)
		pfn_set_state(&vmm->db, frame, PFN_TRANSITION, "4.5");
}

void page_delete(struct vmm *vmm, struct process *process, vmsim_vpn vpn, pte_t pte)
{
	page_forget_stored(process, vpn);
	if (pte_is_valid(pte)) {
		vmm->host.invalidate(vmm->host.ctx, process->asid, vpn);
		working_set_remove(vmm, process, pte_frame(pte));
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

void page_keep_stored(struct vmm *vmm, struct process *process, vmsim_vpn vpn,
		      struct content *content)
{
	if (!vmm->keep_contents)
		return;
	if (!process->last_stored)
		process->last_stored = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free,
							     (GDestroyNotify)content_unref);
	if (!g_hash_table_contains(process->last_stored, &vpn))
		g_hash_table_insert(process->last_stored, g_memdup2(&vpn, sizeof(vpn)),
				    content_ref(content));
}

void page_forget_stored(struct process *process, vmsim_vpn vpn)
{
	if (process->last_stored)
		g_hash_table_remove(process->last_stored, &vpn);
}
