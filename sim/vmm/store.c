/* store.c: modified private pages, compressed in memory (semantics W13).
 *
 * The store stands in for a pagefile: a page in it has a slot, of file STORE_FILE, and its entry
 * names that when its frame is taken for another. It is kept and freed as any slot is (L30), so a
 * page that was only read can be dropped again, and one that is stored to, decommitted or reset
 * leaves the store.
 *
 * Invariant: the store holds frames for its pages, and no more: store_frames(). */
#include "vmm/internal.h"

static uint64_t stored(const struct vmm *vmm)
{
	return vmm->file.file[STORE_FILE].used;
}

static uint64_t frames_for(const struct vmm *vmm, uint64_t pages)
{
	return (pages * vmm->config->store.ratio + 99) / 100;
}

static uint64_t pages_in(const struct vmm *vmm, uint64_t frames)
{
	return frames * 100 / vmm->config->store.ratio;
}

static uint64_t most_frames(const struct vmm *vmm)
{
	return vmm->config->memory.frames * vmm->config->store.max / 100;
}

uint64_t store_frames(const struct vmm *vmm)
{
	return vmm->config->store.enabled ? frames_for(vmm, stored(vmm)) : 0;
}

uint64_t store_room(const struct vmm *vmm)
{
	uint64_t frames = vmm->db.n_store;

	if (!vmm->config->store.enabled)
		return 0;
	if (pfn_available(&vmm->db))
		frames = MAX(frames, most_frames(vmm));
	return pages_in(vmm, frames) - stored(vmm);
}

static bool grow(struct vmm *vmm)
{
	vmsim_pfn frame;

	if (vmm->db.n_store >= most_frames(vmm))
		return false;
	frame = frame_take(vmm, FRAME_ANY);
	if (frame == VMSIM_NO_PFN)
		return false;
	vmm->db.pfn[frame].flags = PFN_STORE;
	content_set(&vmm->db.pfn[frame].content, content_junk());
	pfn_move(&vmm->db, frame, MOVE_W13);
	vmm->db.n_store++;
	g_array_append_val(vmm->store, frame);
	return true;
}

void store_shrink(struct vmm *vmm)
{
	while (vmm->db.n_store > frames_for(vmm, stored(vmm))) {
		vmsim_pfn frame = g_array_index(vmm->store, vmsim_pfn, vmm->store->len - 1);

		g_array_set_size(vmm->store, vmm->store->len - 1);
		vmm->db.n_store--;
		frame_free(vmm, frame, MOVE_W13_RELEASE);
	}
}

bool store_put(struct vmm *vmm, vmsim_pfn frame)
{
	struct pfn *pfn = &vmm->db.pfn[frame];
	uint64_t pages = stored(vmm) + 1;

	if (!vmm->config->store.enabled || pfn->segment || pages == SLOT_FILE_MAX)
		return false;
	if (frames_for(vmm, pages) > vmm->db.n_store && !grow(vmm))
		return false;
	g_assert(pfn->reset == RESET_NO); /* I34 */
	pfn->slot = pagefile_alloc_store(&vmm->file);
	slot_taken(vmm, pfn->owner, pfn->slot);
	content_set(pagefile_content(&vmm->file, pfn->slot), pfn->content);
	pagefile_set_written(&vmm->file, pfn->slot);
	pfn->flags &= (uint8_t)~PFN_IS_MODIFIED;
	pfn_move(&vmm->db, frame, MOVE_W13_STORED);
	vmm->work.compressed++;
	vmm->c->pages_compressed++;
	return true;
}

void store_get(struct vmm *vmm, struct process *process, vmsim_vpn vpn, vmsim_pfn frame, pte_t pte,
	       unsigned priority)
{
	struct pfn *pfn = &vmm->db.pfn[frame];

	pfn->owner = process;
	pfn->segment = NULL;
	pfn->vpn = vpn;
	pfn->slot = pte_slot(pte);
	content_set(&pfn->content, *pagefile_content(&vmm->file, pfn->slot));
	page_map(vmm, process, vpn, frame, pte_prot(pte), priority, MOVE_W13_FAULT);
}
