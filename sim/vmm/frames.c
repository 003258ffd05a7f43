/* frames.c: frames taken and given back, and the slots they hold (semantics 4.2, L4, L27, L30). */
#include "vmm/internal.h"

/* Slots of a section's pages are the system's. */
static void slots_changed(struct vmm *vmm, const struct process *process, uint32_t slot,
			  int64_t delta)
{
	struct account *account = process ? process->account
					  : g_ptr_array_index(vmm->stats->accounts, 0);

	if (pagefile_is_store(&vmm->file, slot))
		stats_stored(vmm->stats, account, delta);
	else
		stats_slots(vmm->stats, account, delta);
}

void slot_taken(struct vmm *vmm, const struct process *process, uint32_t slot)
{
	slots_changed(vmm, process, slot, 1);
}

void slot_free(struct vmm *vmm, const struct process *process, uint32_t slot)
{
	pagefile_free(&vmm->file, slot);
	slots_changed(vmm, process, slot, -1);
	if (pagefile_is_store(&vmm->file, slot))
		store_shrink(vmm);
}

void slot_free_of(struct vmm *vmm, struct pfn *pfn)
{
	uint32_t slot = pfn->slot;

	if (!slot)
		return;
	pfn->slot = 0;
	slot_free(vmm, pfn->owner, slot);
}

/* --- taking ------------------------------------------------------------------------------- */

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

void frame_claim(struct vmm *vmm, vmsim_pfn frame, enum frame_use use)
{
	if (vmm->db.pfn[frame].state == PFN_STANDBY) {
		frame_repurpose(vmm, frame);
		vmm->c->pages_repurposed++;
	}
	zero_inline(vmm, frame, use);
}

bool frames_can_wire(const struct vmm *vmm, uint64_t n)
{
	const struct pfn_db *db = &vmm->db;
	uint64_t wired = db->n_tables + db->n_large + db->n_store + vmm->locked_pages;

	return wired + n < db->frames;
}

vmsim_pfn frame_take(struct vmm *vmm, enum frame_use use)
{
	vmsim_pfn zeroed = pfn_first_zeroed(&vmm->db), free_frame = pfn_first_free(&vmm->db);
	vmsim_pfn frame = use == FRAME_ANY ? free_frame : zeroed;

	if (frame == VMSIM_NO_PFN)
		frame = use == FRAME_ANY ? zeroed : free_frame;
	if (frame == VMSIM_NO_PFN)
		frame = pfn_first_standby(&vmm->db);
	if (frame != VMSIM_NO_PFN)
		frame_claim(vmm, frame, use);
	return frame;
}

enum pfn_transition frame_rule(const struct vmm *vmm, vmsim_pfn frame)
{
	switch (vmm->db.pfn[frame].state) {
	case PFN_ZEROED:
		return MOVE_L10;
	case PFN_FREE:
		return MOVE_L11;
	default:
		return MOVE_L12;
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
		victim = pagefile_available(&vmm->file) ? pfn_first_modified(&vmm->db)
							: VMSIM_NO_PFN;
		if (victim == VMSIM_NO_PFN)
			victim = pfn_first_mapped(&vmm->db);
		if (victim == VMSIM_NO_PFN) {
			victim = replace_victim(vmm, process);
			if (victim == VMSIM_NO_PFN)
				return VMM_WAIT_FRAME;
			replace_evict(vmm, victim);
		}
		pfn = &vmm->db.pfn[victim];
		if (pfn->state == PFN_ACTIVE) /* others map it, too */
			continue;
		if (pfn->state == PFN_STANDBY) {
			frame_repurpose(vmm, victim);
			frame_free(vmm, victim, MOVE_L4);
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
	pte_t pte = home_get(vmm, pfn), kept = pte & PTE_OFFERED;
	unsigned prot = pte_prot(pte);

	g_assert(pfn->state == PFN_STANDBY && !(pfn->flags & PFN_IS_MODIFIED));
	if (pfn->slot) {
		home_set(vmm, pfn, pte_make_pagefile(prot, pfn->slot) | kept);
	} else if (pfn->segment && pfn->segment->file) {
		home_set(vmm, pfn, 0);
	} else {
		bool lost = pfn->reset != RESET_NO;

		if (pfn->reset == RESET_PENDING) {
			vmm->c->pages_reset_lost++;
			vmm->c->reset_writes_avoided += pfn->spared;
		}
		home_set(vmm, pfn, pte_make_demand_zero(prot, lost) | kept);
	}
	pfn->slot = 0;
	pfn->reset = RESET_NO;
	pfn->owner = NULL;
	pfn->segment = NULL;
	pfn->vpn = 0;
}

/* --- giving back -------------------------------------------------------------------------- */

void frame_give_up(struct vmm *vmm, vmsim_pfn frame)
{
	if (vmm->config->cores > 1)
		g_array_append_val(vmm->given_up, frame);
}

void vmm_hold(struct vmm *vmm, GArray *frames)
{
	for (guint i = 0; frames && i < vmm->given_up->len; i++)
		pfn_hold(&vmm->db, g_array_index(vmm->given_up, vmsim_pfn, i));
	if (frames)
		g_array_append_vals(frames, vmm->given_up->data, vmm->given_up->len);
	g_array_set_size(vmm->given_up, 0);
}

void vmm_list(struct vmm *vmm, vmsim_pfn frame)
{
	pfn_release(&vmm->db, frame);
}

void frame_free(struct vmm *vmm, vmsim_pfn frame, enum pfn_transition move)
{
	struct pfn *pfn = &vmm->db.pfn[frame];

	g_assert(!(pfn->flags & PFN_IO) && !pfn->share);
	slot_free_of(vmm, pfn);
	pfn->flags = 0;
	content_set(&pfn->content, content_junk());
	pfn_move(&vmm->db, frame, move);
}

void frame_free_table(void *ctx, vmsim_pfn frame)
{
	struct vmm *vmm = ctx;

	vmm->db.n_tables--;
	frame_give_up(vmm, frame);
	frame_free(vmm, frame, MOVE_L38_RELEASE);
}

void frame_delete(struct vmm *vmm, vmsim_pfn frame)
{
	struct pfn *pfn = &vmm->db.pfn[frame];

	if (!(pfn->flags & PFN_IO)) {
		frame_free(vmm, frame, MOVE_L27);
		return;
	}
	pfn->flags |= PFN_DELETED;
	if (pfn->state != PFN_TRANSITION)
		pfn_move(&vmm->db, frame, MOVE_L27_WRITING);
}
