/* replace.c: which page goes, when, and where to (semantics 7).
 *
 * Policies only choose; taking a page away is the same for all of them. Without a standby list
 * (the textbook machine) pages go when a fault needs a frame, and nothing here runs in the
 * background. */
#include "vmm/internal.h"

/* W2. A dirty page can only go where a slot can be had for it that modified pages do not lay
 * claim to already; one that holds a stale slot gives that up first. Files have room. */
static bool evictable(void *ctx, vmsim_pfn frame)
{
	struct vmm *vmm = ctx;
	const struct pfn *pfn = &vmm->db.pfn[frame];

	if (pfn->state != PFN_ACTIVE || (pfn->flags & PFN_WIRED) || pfn->locks)
		return false;
	if (pfn->slot || (pfn->segment && pfn->segment->file) ||
	    pagefile_available(&vmm->file) > vmm->db.n[PFN_MODIFIED])
		return true;
	return !frame_is_dirty(vmm, frame);
}

static bool clear_accessed(struct vmm *vmm, struct process *process, vmsim_vpn vpn, pte_t pte,
			   void *ctx)
{
	vmm->work.aged++;
	if (!(pte & PTE_A))
		return true;
	*(bool *)ctx = true;
	pt_set(&process->pt, vpn, pte & ~PTE_A);
	if (vmm->config->os.age_flush)
		vmm->host.invalidate(vmm->host.ctx, process->asid, vpn);
	return true;
}

static bool test_and_clear(void *ctx, vmsim_pfn frame)
{
	bool accessed = false;

	frame_entries(ctx, frame, clear_accessed, &accessed);
	return accessed;
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

	if (!replacer || !replacer->ops->referenced)
		return;
	if (!vmm->db.n_large)
		replacer->ops->referenced(replacer->state, frames, n);
	for (size_t i = 0; vmm->db.n_large && i < n; i++) /* W2: it was never told of those */
		if (!(vmm->db.pfn[frames[i]].flags & PFN_LARGE))
			replacer->ops->referenced(replacer->state, &frames[i], 1);
}

static vmsim_pfn victim_of(struct process *process)
{
	if (process->exited || !process->ws_pages)
		return VMSIM_NO_PFN;
	return process->replacer->ops->select_victim(process->replacer->state);
}

/* The largest process after `last` in the order of size, lowest asid first on a tie (W6). */
static struct process *next_largest(const struct vmm *vmm, const struct process *last)
{
	struct process *best = NULL;

	for (guint i = 0; i < vmm->processes->len; i++) {
		struct process *process = g_ptr_array_index(vmm->processes, i);

		if (process->exited || (last && process->ws_pages > last->ws_pages))
			continue;
		if (last && process->ws_pages == last->ws_pages && process->asid <= last->asid)
			continue;
		if (!best || process->ws_pages > best->ws_pages)
			best = process;
	}
	return best;
}

static vmsim_pfn victim_of_largest(struct vmm *vmm)
{
	struct process *process = NULL;
	vmsim_pfn frame = VMSIM_NO_PFN;

	while (frame == VMSIM_NO_PFN && (process = next_largest(vmm, process)))
		frame = victim_of(process);
	return frame;
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
	frame_unmap(vmm, frame);
	vmm->work.trimmed++;
	vmm->c->pages_evicted++;
	if (vmm->db.pfn[frame].flags & PFN_IS_MODIFIED)
		vmm->c->pages_evicted_dirty++;
}

/* --- background: the working-set manager and the modified page writer ----------------------- */

/* Pages that are available, or will be once they are written. */
static uint64_t available_soon(const struct vmm *vmm)
{
	return pfn_available(&vmm->db) + MIN(vmm->db.n[PFN_MODIFIED], pagefile_available(&vmm->file)) +
	       vmm->ios_writing;
}

/* How much a pass of trimming is to make available; 0 when none is due (W6). A thread that waits
 * for a frame wants one, whatever the thresholds say (L3). */
static uint64_t trim_goal(struct vmm *vmm, bool starved)
{
	const struct config *config = vmm->config;
	uint64_t available = pfn_available(&vmm->db);

	if (available < config->vmm.avail_low)
		vmm->trimming = true;
	else if (available >= config->vmm.avail_high)
		vmm->trimming = false;
	if (available < config->vmm.avail_low || starved)
		return MAX(config->vmm.avail_high, 1);
	return 0;
}

/* One pass of trimming: until so much is available, or will be. */
static bool trim(struct vmm *vmm, uint64_t goal)
{
	bool any = false;

	while (available_soon(vmm) < goal) {
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
	if (trim(vmm, trim_goal(vmm, starved)))
		return true;
	return writer_wanted(vmm, starved) &&
	       io_write(vmm, pfn_first_modified(&vmm->db), "modified page writer");
}

bool vmm_has_frames(struct vmm *vmm)
{
	return pfn_available(&vmm->db) > 0;
}
