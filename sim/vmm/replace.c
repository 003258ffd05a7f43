/* replace.c: which page goes, when, and where to (semantics 7).
 *
 * Policies only choose; taking a page away is the same for all of them. Without a standby list
 * (the textbook machine) pages go when a fault needs a frame, and nothing here runs in the
 * background. */
#include "vmm/internal.h"

/* Slots that modified pages do not lay claim to already. */
static uint64_t slots_to_spare(const struct vmm *vmm)
{
	uint64_t taken = (uint64_t)vmm->file.used + 1 + vmm->db.n[PFN_MODIFIED];

	return vmm->file.slots > taken ? vmm->file.slots - taken : 0;
}

/* W2. A dirty page can only go where a slot can be had for it; one that holds a stale slot gives
 * that up first. */
static bool evictable(void *ctx, vmsim_pfn frame)
{
	const struct vmm *vmm = ctx;
	const struct pfn *pfn = &vmm->db.pfn[frame];

	if (pfn->state != PFN_ACTIVE || (pfn->flags & (PFN_TABLE | PFN_LOCKED)))
		return false;
	if (pfn->slot || slots_to_spare(vmm))
		return true;
	return !(pfn->flags & PFN_IS_MODIFIED) && !(frame_pte(vmm, frame) & PTE_D);
}

static bool test_and_clear(void *ctx, vmsim_pfn frame)
{
	struct vmm *vmm = ctx;
	const struct pfn *pfn = &vmm->db.pfn[frame];
	pte_t pte = frame_pte(vmm, frame);

	vmm->work.aged++;
	if (!(pte & PTE_A))
		return false;
	pt_set(&pfn->owner->pt, pfn->vpn, pte & ~PTE_A);
	if (vmm->config->os.age_flush)
		vmm->host.invalidate(vmm->host.ctx, pfn->owner->asid, pfn->vpn);
	return true;
}

static uint64_t draw(void *ctx, uint64_t n)
{
	return rng_below(&((struct vmm *)ctx)->rng, n);
}

struct replacer *replacer_new(struct vmm *vmm)
{
	const struct config *config = vmm->config;
	struct replacer *replacer = g_new0(struct replacer, 1);

	replacer->ops = vmsim_policy_at((size_t)config->replacement.policy);
	replacer->env = (struct replace_env){
		.frames = vmm->db.frames,
		.every_reference = config->replacement.sees == SEES_EVERY_REFERENCE,
		.options = config_policy_options(config, (size_t)config->replacement.policy),
		.ctx = vmm,
		.evictable = evictable,
		.test_and_clear = test_and_clear,
		.random = draw,
	};
	replacer->state = g_malloc0(replacer->ops->state_size);
	replacer->ops->init(replacer->state, &replacer->env);
	return replacer;
}

void replacer_free(struct replacer *replacer)
{
	if (!replacer)
		return;
	replacer->ops->fini(replacer->state);
	g_free(replacer->state);
	g_free(replacer);
}

void vmm_referenced(struct vmm *vmm, struct process *process, const vmsim_pfn *frames, size_t n)
{
	struct replacer *replacer = process->replacer;

	(void)vmm;
	if (replacer && replacer->ops->referenced)
		replacer->ops->referenced(replacer->state, frames, n);
}

static vmsim_pfn victim_of(struct process *process)
{
	if (process->exited || !process->ws_pages)
		return VMSIM_NO_PFN;
	return process->replacer->ops->select_victim(process->replacer->state);
}

/* The process whose turn it is to give up a page: the largest; the lowest asid on a tie (W6). */
static vmsim_pfn victim_of_largest(struct vmm *vmm)
{
	vmsim_pfn best = VMSIM_NO_PFN;
	uint64_t pages = 0;

	for (guint i = 0; i < vmm->processes->len; i++) {
		struct process *process = g_ptr_array_index(vmm->processes, i);
		vmsim_pfn frame;

		if (process->exited || process->ws_pages <= pages)
			continue;
		frame = victim_of(process);
		if (frame == VMSIM_NO_PFN)
			continue;
		best = frame;
		pages = process->ws_pages;
	}
	return best;
}

vmsim_pfn replace_victim(struct vmm *vmm, struct process *process)
{
	vmsim_pfn frame = VMSIM_NO_PFN;

	if (vmm->global)
		return vmm->global->ops->select_victim(vmm->global->state);
	if (process)
		frame = victim_of(process);
	return frame != VMSIM_NO_PFN ? frame : victim_of_largest(vmm);
}

void replace_evict(struct vmm *vmm, vmsim_pfn frame)
{
	page_unmap(vmm, frame, pte_prot(frame_pte(vmm, frame)));
	vmm->work.trimmed++;
	vmm->c->pages_evicted++;
	if (vmm->db.pfn[frame].flags & PFN_IS_MODIFIED)
		vmm->c->pages_evicted_dirty++;
}

/* --- background: the working-set manager and the modified page writer ----------------------- */

/* Pages that are available, or will be once they are written. */
static uint64_t available_soon(const struct vmm *vmm)
{
	uint64_t slots = vmm->file.slots > vmm->file.used ? vmm->file.slots - vmm->file.used - 1 : 0;

	return pfn_available(&vmm->db) + MIN(vmm->db.n[PFN_MODIFIED], slots) + vmm->ios_writing;
}

static bool trim_wanted(struct vmm *vmm)
{
	uint64_t available = pfn_available(&vmm->db);

	if (available < vmm->config->vmm.avail_low)
		vmm->trimming = true;
	else if (available >= vmm->config->vmm.avail_high)
		vmm->trimming = false;
	return vmm->trimming && available_soon(vmm) < vmm->config->vmm.avail_high;
}

/* One pass of trimming (W6): until enough is available, or will be. */
static bool trim(struct vmm *vmm)
{
	bool any = false;

	while (available_soon(vmm) < vmm->config->vmm.avail_high) {
		vmsim_pfn frame = replace_victim(vmm, NULL);

		if (frame == VMSIM_NO_PFN)
			break;
		replace_evict(vmm, frame);
		any = true;
	}
	return any;
}

/* W7, with the thresholds of appendix A. */
static bool writer_wanted(const struct vmm *vmm, bool starved)
{
	uint64_t modified = vmm->db.n[PFN_MODIFIED], available = pfn_available(&vmm->db);
	uint64_t free_pages = vmm->db.n[PFN_ZEROED] + vmm->db.n[PFN_FREE];

	if (!modified)
		return false;
	return starved || modified > vmm->config->vmm.modified_max ||
	       (free_pages < vmm->config->vmm.mpw_free_low &&
		modified > MIN(available / 16, 16384)) ||
	       (vmm->trimming && available < vmm->config->vmm.mpw_avail_low);
}

bool vmm_background(struct vmm *vmm, bool starved)
{
	if (!vmm->config->standby.enabled)
		return false;
	if (trim_wanted(vmm) && trim(vmm))
		return true;
	return writer_wanted(vmm, starved) &&
	       io_write(vmm, pfn_first_modified(&vmm->db), "modified page writer");
}

bool vmm_has_frames(struct vmm *vmm)
{
	return pfn_available(&vmm->db) > 0;
}
