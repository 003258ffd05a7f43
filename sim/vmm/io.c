/* io.c: requests to the pagefile, from issue to completion (semantics L13 to L16, L21 to L28). */
#include "vmm/internal.h"

static struct io *io_new(struct vmm *vmm, vmsim_pfn frame, bool write, const char *cause)
{
	struct pfn *pfn = &vmm->db.pfn[frame];
	struct io *io = g_new0(struct io, 1);

	io->id = vmm->next_io++;
	io->write = write;
	io->slot = pfn->slot;
	io->pages = 1;
	io->frame = frame;
	io->process = pfn->owner;
	io->vpn = pfn->vpn;
	io->cause = cause;
	g_hash_table_insert(vmm->ios, GUINT_TO_POINTER(frame), io);
	return io;
}

struct io *io_of(struct vmm *vmm, vmsim_pfn frame)
{
	return g_hash_table_lookup(vmm->ios, GUINT_TO_POINTER(frame));
}

struct io *io_write(struct vmm *vmm, vmsim_pfn frame, const char *cause)
{
	struct pfn *pfn = &vmm->db.pfn[frame];
	uint32_t slot = pagefile_alloc(&vmm->file);
	struct io *io;

	g_assert(pfn->state == PFN_MODIFIED && !pfn->slot);
	g_assert(pfn->reset == RESET_NO); /* I34 */
	if (!slot)
		return NULL;
	stats_slots(vmm->stats, pfn->owner->account, 1);
	content_set(&vmm->file.content[slot], pfn->content);
	pfn->slot = slot;
	pfn->flags = (uint8_t)((pfn->flags & ~PFN_IS_MODIFIED) | PFN_WRITE_IO);
	pfn_set_state(&vmm->db, frame, PFN_TRANSITION, "L21");
	io = io_new(vmm, frame, true, cause);
	vmm->ios_writing++;
	vmm->c->page_writes++;
	vmm->c->pages_output += io->pages;
	vmm->work.written++;
	vmm->host.submit(vmm->host.ctx, io);
	return io;
}

struct io *io_read(struct vmm *vmm, struct process *process, vmsim_vpn vpn, vmsim_pfn frame,
		   pte_t pte, enum vmsim_access access)
{
	struct pfn *pfn = &vmm->db.pfn[frame];
	struct io *io;

	pfn->owner = process;
	pfn->vpn = vpn;
	pfn->slot = pte_slot(pte);
	pfn->flags = PFN_READ_IO;
	pfn_set_state(&vmm->db, frame, PFN_TRANSITION, "L13");
	pt_set(&process->pt, vpn, pte_make_transition(pte_prot(pte), frame));
	io = io_new(vmm, frame, false, "hard fault");
	io->access = access;
	vmm->ios_reading++;
	vmm->c->page_reads++;
	vmm->c->pages_input += io->pages;
	vmm->host.submit(vmm->host.ctx, io);
	return io;
}

static void report(struct vmm *vmm, const struct io *io)
{
	struct vmsim_record record = {
		.kind = io->write ? VMSIM_RECORD_PAGE_OUT : VMSIM_RECORD_PAGE_IN,
		.slot = io->slot,
		.pages = io->pages,
		.queued_cycles = io->started - io->submitted,
		.service_cycles = io->done - io->started,
		.cause = io->cause,
		.va = io->vpn << VMSIM_PAGE_SHIFT,
		.cycles = io->done - io->wanted,
	};

	if (events_wanted(vmm->events, record.kind))
		events_emit(vmm->events, &record);
	if (io->write || !events_wanted(vmm->events, VMSIM_RECORD_HARD_FAULT))
		return;
	record.kind = VMSIM_RECORD_HARD_FAULT;
	events_emit(vmm->events, &record);
}

/* A page whose I/O ended after it was deleted: nobody is left to want it (L28). */
static void done_deleted(struct vmm *vmm, vmsim_pfn frame)
{
	vmm->db.pfn[frame].flags = 0;
	frame_free(vmm, frame, "L28");
}

/* L14, or L15 when the page may not be mapped any more (L34). */
static void read_done(struct vmm *vmm, const struct io *io)
{
	struct pfn *pfn = &vmm->db.pfn[io->frame];
	unsigned prot = pte_prot(pt_get(&pfn->owner->pt, pfn->vpn));

	content_set(&pfn->content, vmm->file.content[pfn->slot]);
	pfn->flags &= (uint8_t)~PFN_READ_IO;
	if (pfn->reset != RESET_NO)
		slot_free_of(vmm, pfn);
	if (!prot_may_map(prot)) {
		pfn->priority = pfn->reset != RESET_NO ? 0 : PFN_DEFAULT_PRIORITY;
		pfn_set_state(&vmm->db, io->frame, PFN_STANDBY, "L15");
		return;
	}
	page_map(vmm, pfn->owner, pfn->vpn, io->frame, prot, "L14");
	if (io->access == VMSIM_WRITE)
		page_dirtied(vmm, io->frame);
}

/* L22 to L24. A page written again, or reset, while its write ran has a slot of no use. */
static void write_done(struct vmm *vmm, const struct io *io)
{
	struct pfn *pfn = &vmm->db.pfn[io->frame];
	bool modified;

	pfn->flags &= (uint8_t)~PFN_WRITE_IO;
	if (pfn->state == PFN_ACTIVE)
		page_harvest(vmm, io->frame);
	modified = pfn->flags & PFN_IS_MODIFIED;
	if (modified || pfn->reset != RESET_NO)
		slot_free_of(vmm, pfn);
	if (pfn->state == PFN_ACTIVE)
		return;
	pfn->priority = pfn->reset != RESET_NO ? 0 : PFN_DEFAULT_PRIORITY;
	pfn_set_state(&vmm->db, io->frame, modified ? PFN_MODIFIED : PFN_STANDBY,
		      modified ? "L24" : "L22");
	/* The textbook machine has no standby list: what was written is evicted. */
	if (!vmm->config->standby.enabled && !modified) {
		frame_repurpose(vmm, io->frame);
		frame_free(vmm, io->frame, "L4");
	}
}

void vmm_io_done(struct vmm *vmm, struct io *io)
{
	struct pfn *pfn = &vmm->db.pfn[io->frame];

	g_hash_table_remove(vmm->ios, GUINT_TO_POINTER(io->frame));
	if (io->write)
		vmm->ios_writing--;
	else
		vmm->ios_reading--;
	report(vmm, io);
	if (pfn->flags & PFN_DELETED)
		done_deleted(vmm, io->frame);
	else if (io->write)
		write_done(vmm, io);
	else
		read_done(vmm, io);
	g_free(io);
}
