/* io.c: requests to pagefile and files, from issue to completion (semantics L13 to L16, L21 to
 * L28, 4.5, W9). Reads are issued by cluster.c. */
#include "vmm/check.h"

void io_free(struct io *io)
{
	if (!io)
		return;
	g_free(io->frame);
	g_free(io->failed);
	g_free(io);
}

struct io *io_new(struct vmm *vmm, bool write, const vmsim_pfn *frames, uint32_t n,
		  const char *cause)
{
	const struct pfn *first = &vmm->db.pfn[frames[0]];
	struct io *io = g_new0(struct io, 1);

	io->id = vmm->next_io++;
	io->write = write;
	io->slot = first->slot;
	io->place = pfn_is_mapped_file(first) ? file_place(first->segment->file, first->vpn)
					      : pagefile_place(&vmm->file, first->slot);
	io->pages = n;
	io->frame = g_memdup2(frames, n * sizeof(*frames));
	io->failed = g_new0(bool, n);
	io->process = first->owner;
	io->vpn = first->vpn;
	io->wanted_page = IO_NONE;
	io->cause = cause;
	for (uint32_t i = 0; i < n; i++)
		g_hash_table_insert(vmm->ios, GUINT_TO_POINTER(frames[i]), io);
	return io;
}

void io_submit(struct vmm *vmm, struct io *io)
{
	if (io->write) {
		vmm->ios_writing += io->pages;
		vmm->c->page_writes++;
		vmm->c->pages_output += io->pages;
		vmm->work.written++;
	} else {
		vmm->ios_reading += io->pages;
		vmm->c->page_reads++;
		vmm->c->pages_input += io->pages;
	}
	if (vmm->audit)
		audit_io(vmm, io);
	vmm->host.submit(vmm->host.ctx, io);
}

struct io *io_of(struct vmm *vmm, vmsim_pfn frame)
{
	return g_hash_table_lookup(vmm->ios, GUINT_TO_POINTER(frame));
}

/* --- writes -------------------------------------------------------------------------------- */

/* The entry of the page `delta` pages from another of the same owner and block; 0: no such page. */
static pte_t entry_beside(struct vmm *vmm, const struct pfn *pfn, int64_t delta)
{
	struct pfn at = *pfn;

	at.vpn += (uint64_t)delta;
	if (at.vpn > pfn->vpn ? delta < 0 : delta > 0)
		return 0;
	if (pfn->segment && at.vpn >= pfn->segment->pages)
		return 0;
	if (pfn->owner && vad_find(&pfn->owner->vads, at.vpn) !=
				  vad_find(&pfn->owner->vads, pfn->vpn))
		return 0;
	return home_get(vmm, &at);
}

/* The frame of the modified page `delta` pages from another, if it is on a list (T2). */
static vmsim_pfn modified_neighbour(struct vmm *vmm, const struct pfn *pfn, int64_t delta)
{
	pte_t pte = entry_beside(vmm, pfn, delta);
	const struct pfn *other = pte_is_transition(pte) ? &vmm->db.pfn[pte_frame(pte)] : NULL;

	if (!other || other->state != PFN_MODIFIED || other->held)
		return VMSIM_NO_PFN;
	return pte_frame(pte);
}

/* W9: modified pages side by side around one, in order of address. Returns how many. */
static uint32_t gather(struct vmm *vmm, vmsim_pfn frame, vmsim_pfn *run)
{
	const struct pfn *pfn = &vmm->db.pfn[frame];
	uint32_t most = (uint32_t)vmm->config->vmm.mpw_cluster, before = 0, n;
	vmsim_pfn found;

	if (!vmm->config->standby.enabled)
		most = 1;
	while (before + 1 < most && modified_neighbour(vmm, pfn, -(int64_t)before - 1) !=
					    VMSIM_NO_PFN)
		before++;
	for (n = 0; n < before; n++)
		run[n] = modified_neighbour(vmm, pfn, (int64_t)n - before);
	run[n++] = frame;
	while (n < most && (found = modified_neighbour(vmm, pfn, (int64_t)n - before)) !=
				   VMSIM_NO_PFN)
		run[n++] = found;
	return n;
}

/* The first of n slots that lie to that of the page `delta` pages from the first as the pages do,
 * if it has one and they are free; else 0. */
static uint32_t slots_beside(struct vmm *vmm, const struct pfn *first, int64_t delta, uint32_t n)
{
	pte_t pte = entry_beside(vmm, first, delta);
	uint32_t slot = 0;

	if (pte_is_pagefile(pte))
		slot = pte_slot(pte);
	else if (pte_is_valid(pte) || pte_is_transition(pte))
		slot = vmm->db.pfn[pte_frame(pte)].slot;
	if (!slot || (int64_t)slot_page(slot) <= delta)
		return 0;
	slot -= (uint32_t)delta;
	return pagefile_is_free(&vmm->file, slot, n) ? slot : 0;
}

/* Where a run of pages would lie next to its neighbours (L30): those right beside it, or with
 * reservations any of its group. 0: nowhere. */
static uint32_t preferred_slot(struct vmm *vmm, const struct pfn *first, uint32_t n)
{
	int64_t before = 1, after = n, place = first->vpn % SLOT_GROUP;
	uint32_t slot = 0;

	if (!vmm->config->standby.enabled)
		return 0;
	do {
		slot = slots_beside(vmm, first, -before++, n);
	} while (!slot && vmm->file.reserve && before <= place);
	if (slot)
		return slot;
	do {
		slot = slots_beside(vmm, first, after++, n);
	} while (!slot && vmm->file.reserve && place + after < SLOT_GROUP);
	return slot;
}

static uint32_t take_slots(struct vmm *vmm, const struct pfn *first, uint32_t n, uint32_t prefer,
			   uint32_t *got)
{
	return pagefile_alloc(&vmm->file, n, prefer, (uint32_t)(first->vpn % SLOT_GROUP), got);
}

/* Slots for a run of pages, or for fewer of them when the pagefile is short of room, but for the
 * one that is to be written at least. Returns how many got one, from run[*skip] on. */
static uint32_t assign_slots(struct vmm *vmm, const vmsim_pfn *run, uint32_t n, uint32_t must,
			     uint32_t *skip)
{
	const struct pfn *first = &vmm->db.pfn[run[0]];
	uint32_t got, slot = take_slots(vmm, first, n, preferred_slot(vmm, first, n), &got);

	*skip = 0;
	if (slot && got <= must) {
		while (got)
			pagefile_free(&vmm->file, slot + --got);
		*skip = must;
		slot = take_slots(vmm, &vmm->db.pfn[run[must]], 1, 0, &got);
	}
	for (uint32_t i = 0; i < got; i++) {
		struct pfn *pfn = &vmm->db.pfn[run[*skip + i]];

		slot_taken(vmm, pfn->owner, slot + i);
		content_set(pagefile_content(&vmm->file, slot + i), pfn->content);
		pfn->slot = slot + i;
	}
	return got;
}

struct io *io_write(struct vmm *vmm, vmsim_pfn frame, const char *cause)
{
	vmsim_pfn gathered[IO_CLUSTER_MAX], *run = gathered;
	uint32_t n = gather(vmm, frame, gathered), must = 0, skip = 0;
	const struct pfn *pfn = &vmm->db.pfn[frame];
	struct io *io;

	while (run[must] != frame)
		must++;
	if (!pfn->segment || !pfn->segment->file)
		n = assign_slots(vmm, run, n, must, &skip);
	if (!n)
		return NULL;
	run += skip;
	for (uint32_t i = 0; i < n; i++) {
		struct pfn *page = &vmm->db.pfn[run[i]];

		g_assert(page->reset == RESET_NO); /* I34 */
		page->flags = (uint8_t)((page->flags & ~PFN_IS_MODIFIED) | PFN_WRITE_IO);
		pfn_move(&vmm->db, run[i], MOVE_L21);
		if (page->segment && page->segment->file)
			file_set_content(page->segment->file, page->vpn, page->content);
	}
	io = io_new(vmm, true, run, n, cause);
	io_submit(vmm, io);
	return io;
}

/* --- completion ---------------------------------------------------------------------------- */

static void report(struct vmm *vmm, const struct io *io)
{
	struct vmsim_record record = {
		.kind = io->write ? VMSIM_RECORD_PAGE_OUT : VMSIM_RECORD_PAGE_IN,
		.slot = slot_page(io->slot),
		.pagefile = slot_file_of(io->slot),
		.pages = io->pages,
		.queued_cycles = io->started - io->submitted,
		.service_cycles = io->done - io->started,
		.cause = io->cause,
		.section = pfn_section_name(&vmm->db.pfn[io->frame[0]]),
		.va = io->vpn << VMSIM_PAGE_SHIFT,
		.cycles = io->done - io->wanted,
	};

	if (events_wanted(vmm->events, record.kind))
		events_emit(vmm->events, &record);
	if (io->write || io->wanted_page == IO_NONE ||
	    !events_wanted(vmm->events, VMSIM_RECORD_HARD_FAULT))
		return;
	record.kind = VMSIM_RECORD_HARD_FAULT;
	events_emit(vmm->events, &record);
}

/* L16: the page stays where it is; the frame held nothing of it. */
static void read_failed(struct vmm *vmm, vmsim_pfn frame)
{
	struct pfn *pfn = &vmm->db.pfn[frame];
	pte_t pte = home_get(vmm, pfn), kept = pte & PTE_OFFERED;

	if (pfn->reset != RESET_NO) { /* the slot is of no use any more (R3) */
		reset_slot_free(vmm, pfn);
		vmm->c->pages_reset_lost++;
		home_set(vmm, pfn, pte_make_demand_zero(pte_prot(pte), true) | kept);
	} else if (pfn->slot) {
		home_set(vmm, pfn, pte_make_pagefile(pte_prot(pte), pfn->slot) | kept);
	} else {
		home_set(vmm, pfn, 0);
	}
	pfn->slot = 0;
	frame_free(vmm, frame, MOVE_L16);
}

/* The page that faulted may be mapped, if the address still is what it was, and the access still
 * permitted: else that is tried again (L34). */
static bool may_map(struct vmm *vmm, const struct io *io, const struct pfn *pfn, unsigned *prot)
{
	struct process *process = io->process;
	const struct vad *vad;
	pte_t pte;

	if (!process || process->exited)
		return false;
	pte = pt_get(&process->pt, io->vpn);
	if (pfn->segment) {
		vad = vad_find(&process->vads, io->vpn);
		if (!vad || vad->segment != pfn->segment ||
		    vad_index(vad, io->vpn) != pfn->vpn || !pt_find(&process->pt, io->vpn))
			return false;
		pte = page_effective(vad, pte);
		if (!pte_is_prototype(pte))
			return false;
	}
	*prot = pte_prot(pte);
	return prot_may_map(*prot) && !pte_is_offered(pte) &&
	       prot_permits(*prot, io->access, vmm->config->paging.nx);
}

/* L14, or L15 for neighbours, prefetched pages, and one that may not be mapped any more. */
static void read_page_done(struct vmm *vmm, const struct io *io, uint32_t i)
{
	vmsim_pfn frame = io->frame[i];
	struct pfn *pfn = &vmm->db.pfn[frame];
	unsigned prot;

	if (io->failed[i]) {
		read_failed(vmm, frame);
		return;
	}
	content_set(&pfn->content, pfn->segment && pfn->segment->file
					   ? file_content(pfn->segment->file, pfn->vpn)
					   : *pagefile_content(&vmm->file, pfn->slot));
	if (pfn->reset != RESET_NO)
		reset_slot_free(vmm, pfn);
	else if (pfn->flags & PFN_IS_MODIFIED) /* reset, and that undone, meanwhile (R8) */
		slot_free_of(vmm, pfn);
	if (i != io->wanted_page || !may_map(vmm, io, pfn, &prot)) {
		pfn_choose_list(pfn);
		pfn_move(&vmm->db, frame, pfn->flags & PFN_IS_MODIFIED ? MOVE_L24 : MOVE_L15);
		reset_list(vmm, frame);
		return;
	}
	page_map(vmm, io->process, io->vpn, frame, prot, io->priority, MOVE_L14);
	if (io->access == VMSIM_WRITE && !prot_copies(prot))
		page_stored(vmm, frame);
	page_open(vmm, io->process, io->vpn, io->access == VMSIM_WRITE);
}

/* L22 to L25. A page written again, or reset, while its write ran has a slot of no use. */
static void write_page_done(struct vmm *vmm, const struct io *io, uint32_t i)
{
	vmsim_pfn frame = io->frame[i];
	struct pfn *pfn = &vmm->db.pfn[frame];
	bool modified;

	if (pfn->state == PFN_ACTIVE && frame_is_dirty(vmm, frame))
		pfn->flags |= PFN_IS_MODIFIED;
	if (io->failed[i] && pfn->reset == RESET_NO)
		pfn->flags |= PFN_IS_MODIFIED;
	modified = pfn->flags & PFN_IS_MODIFIED;
	if (modified)
		pfn->reset = RESET_NO;
	if (pfn->reset != RESET_NO)
		reset_slot_free(vmm, pfn);
	else if (modified)
		slot_free_of(vmm, pfn);
	if (pfn->state == PFN_ACTIVE)
		return;
	pfn_choose_list(pfn);
	pfn_move(&vmm->db, frame, !modified ? MOVE_L22 : io->failed[i] ? MOVE_L25 : MOVE_L24);
	reset_list(vmm, frame);
	/* The textbook machine has no standby list: what was written is evicted. */
	if (!vmm->config->standby.enabled && !modified) {
		frame_repurpose(vmm, frame);
		frame_free(vmm, frame, MOVE_L4);
	}
}

static void page_done(struct vmm *vmm, struct io *io, uint32_t i)
{
	struct pfn *pfn = &vmm->db.pfn[io->frame[i]];
	bool broken;

	g_hash_table_remove(vmm->ios, GUINT_TO_POINTER(io->frame[i]));
	pfn->flags &= (uint8_t)~PFN_IO;
	if (pfn->flags & PFN_DELETED) { /* nobody is left to want it */
		pfn->flags = 0;
		frame_free(vmm, io->frame[i], MOVE_L28);
		return;
	}
	io->failed[i] = inject_due(vmm, pfn, io->write ? VMSIM_INJECT_WRITE : VMSIM_INJECT_READ);
	broken = inject_due(vmm, pfn, VMSIM_INJECT_MEMORY);
	if (io->write && !io->failed[i] && pfn->slot)
		pagefile_set_written(&vmm->file, pfn->slot);
	if (io->write)
		write_page_done(vmm, io, i);
	else
		read_page_done(vmm, io, i);
	if (broken)
		inject_memory(vmm, io->frame[i]);
}

void vmm_io_done(struct vmm *vmm, struct io *io)
{
	if (io->write)
		vmm->ios_writing -= io->pages;
	else
		vmm->ios_reading -= io->pages;
	if (io->wanted_page != IO_NONE)
		io->process->ws_coming--;
	vmm->bsm.at_rest = false;
	report(vmm, io);
	for (uint32_t i = 0; i < io->pages; i++)
		page_done(vmm, io, i);
}
