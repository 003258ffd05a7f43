/* replace.c: which page goes (semantics 7.1); writer.c is what becomes of it. When the system takes
 * pages away by itself is in balance.c.
 *
 * Policies only choose; taking a page away is the same for all of them. Without a standby list
 * (the textbook machine) pages go when a fault needs a frame, and nothing here runs in the
 * background. */
#include "vmm/internal.h"

static bool maps_not(struct vmm *vmm, struct process *process, vmsim_vpn vpn, pte_t pte, void *ctx)
{
	(void)vmm, (void)vpn, (void)pte;
	return process != ctx;
}

/* Whether a page that goes leaves this process's working set, too: one policy for all takes a
 * shared page from all who map it, and so gets the frame; else it is taken from those whose
 * policy knows it, and the others keep it (W1, W6). */
static bool concerns(const struct vmm *vmm, const struct process *process, const struct pfn *pfn)
{
	if (vmm->replacing)
		return process == vmm->replacing;
	return vmm->global || process->replacer == pfn->replacer;
}

static bool may_go(struct vmm *vmm, struct process *process, vmsim_vpn vpn, pte_t pte, void *ctx)
{
	(void)vpn;
	if (!concerns(vmm, process, ctx))
		return true;
	return !(pte & PTE_LOCKED) && (vmm->replacing || !process->hard_min ||
				       process->ws_pages > process->ws_min);
}

static bool not_accessed(struct vmm *vmm, struct process *process, vmsim_vpn vpn, pte_t pte,
			 void *ctx)
{
	(void)vmm, (void)process, (void)vpn, (void)ctx;
	return !(pte & PTE_A);
}

/* W2: a core that trims might else take a page from under the feet of the access that it was
 * brought in for, on another core, as often as that comes back. */
static bool is_spared(struct vmm *vmm, vmsim_pfn frame)
{
	struct pfn *pfn = &vmm->db.pfn[frame];

	if (vmm->sparing && pfn->awaited)
		pfn->awaited = frame_entries(vmm, frame, not_accessed, NULL);
	return vmm->sparing && pfn->awaited;
}

/* W2. A page that came back before all cores knew that it had gone would not give its frame. Who
 * replaces a page of its own (W1) gives up no other's, and stays as large as it is: a hard
 * minimum does not matter, and for the sake of a hard maximum nothing does. Else a dirty page can
 * only go where a slot can be had for it that modified pages do not lay claim to already; one that
 * holds a stale slot gives that up first. Files have room. */
static bool evictable(void *ctx, vmsim_pfn frame)
{
	struct vmm *vmm = ctx;
	struct process *replacing = vmm->replacing;
	struct pfn *pfn = &vmm->db.pfn[frame];

	if (pfn->state != PFN_ACTIVE || (pfn->flags & PFN_WIRED) || pfn->pins || pfn->held)
		return false;
	if (is_spared(vmm, frame))
		return false;
	if (replacing && frame_entries(vmm, frame, maps_not, replacing))
		return false;
	if ((pfn->locks || vmm->hard_minima) && !frame_entries(vmm, frame, may_go, pfn))
		return false;
	if (pfn->slot || (pfn->segment && pfn->segment->file) ||
	    writer_room(vmm) > vmm->db.modified.n)
		return true;
	return (replacing && replacing->hard_max) || !frame_is_dirty(vmm, frame);
}

static bool clear_accessed(struct vmm *vmm, struct process *process, vmsim_vpn vpn, pte_t pte,
			   void *ctx)
{
	vmm->work.aged++;
	if (!(pte & PTE_A))
		return true;
	*(bool *)ctx = true;
	vmm->db.pfn[pte_frame(pte)].awaited = false;
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
		.age_max = (unsigned)config->vmm.age_max,
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
	bool known = !vmm->db.n_large && (vmm->global || !vmm->segments->len);

	if (!replacer || !replacer->ops->referenced)
		return;
	if (known)
		replacer->ops->referenced(replacer->state, frames, n);
	/* No policy was told of large pages (W2), and of a shared one perhaps another's. */
	for (size_t i = 0; !known && i < n; i++) {
		replacer = vmm->db.pfn[frames[i]].replacer;
		if (replacer)
			replacer->ops->referenced(replacer->state, &frames[i], 1);
	}
}

vmsim_pfn replace_victim(struct vmm *vmm, struct process *process)
{
	vmsim_pfn frame = VMSIM_NO_PFN;

	if (vmm->global)
		return vmm->global->ops->select_victim(vmm->global->state);
	if (process && process->ws_pages)
		frame = process->replacer->ops->select_victim(process->replacer->state);
	return frame != VMSIM_NO_PFN ? frame : balance_victim(vmm);
}

static void count_eviction(struct vmm *vmm, vmsim_pfn frame)
{
	vmm->work.trimmed++;
	vmm->c->pages_evicted++;
	if (vmm->db.pfn[frame].flags & PFN_IS_MODIFIED)
		vmm->c->pages_evicted_dirty++;
}

static bool unmap_known(struct vmm *vmm, struct process *process, vmsim_vpn vpn, pte_t pte,
			void *ctx)
{
	if (vmm->global || process->replacer == ctx)
		page_unmap(vmm, process, vpn, pte_prot(pte));
	return true;
}

void replace_evict(struct vmm *vmm, vmsim_pfn frame)
{
	/* Its policy may be another's as soon as it leaves a working set. */
	frame_entries(vmm, frame, unmap_known, vmm->db.pfn[frame].replacer);
	count_eviction(vmm, frame);
}

/* --- a process replaces its own (W1) --------------------------------------------------------- */

static bool unmap_own(struct vmm *vmm, struct process *process, vmsim_vpn vpn, pte_t pte, void *ctx)
{
	if (process == ctx)
		page_unmap(vmm, process, vpn, pte_prot(pte));
	return true;
}

/* The first page by address that is not locked: of one whose pages are all shared with others, so
 * that its policy knows none of them. */
static vmsim_pfn first_unlocked(const struct process *process)
{
	for (const struct vad *vad = vad_next(&process->vads, 0); vad;
	     vad = vad_next(&process->vads, vad->last + 1)) {
		for (vmsim_vpn vpn = vad->first; vpn <= vad->last && !vad_is_special(vad);) {
			struct pt_span span = pt_span_at(&process->pt, vpn, vad->last + 1);

			for (uint64_t i = 0; span.node && i < span.n; i++) {
				pte_t pte = span.node->entry[span.index + i];

				if (pte_is_valid(pte) && !(pte & PTE_LOCKED))
					return pte_frame(pte);
			}
			vpn += span.n;
		}
	}
	return VMSIM_NO_PFN;
}

bool replace_own(struct vmm *vmm, struct process *process)
{
	vmsim_pfn frame;

	vmm->replacing = process;
	frame = process->replacer->ops->select_victim(process->replacer->state);
	vmm->replacing = NULL;
	if (frame == VMSIM_NO_PFN && process->hard_max)
		frame = first_unlocked(process);
	if (frame == VMSIM_NO_PFN)
		return false;
	frame_entries(vmm, frame, unmap_own, process);
	count_eviction(vmm, frame);
	return true;
}

/* The earliest read of a page that the process waits for. */
static struct io *read_for(const struct vmm *vmm, const struct process *process)
{
	struct io *first = NULL;
	GHashTableIter iter;
	void *value;

	g_hash_table_iter_init(&iter, vmm->ios);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		struct io *io = value;

		if (io->wanted_page != IO_NONE && io->process == process &&
		    (!first || io->id < first->id))
			first = io;
	}
	return first;
}

enum vmm_status replace_room(struct vmm *vmm, struct process *process, struct io **io)
{
	if (process->ws_pages + process->ws_coming < process->ws_max)
		return VMM_DONE;
	if (!process->hard_max && (vmm->global || !vmm->config->standby.enabled ||
				   pfn_available(&vmm->db) > vmm->config->vmm.avail_high))
		return VMM_DONE;
	if (replace_own(vmm, process) || !process->hard_max || !process->ws_coming)
		return VMM_DONE;
	*io = read_for(vmm, process);
	return VMM_WAIT_IO;
}

/* --- background work ------------------------------------------------------------------------- */

bool vmm_background(struct vmm *vmm, bool starved)
{
	if (limit_is_due(vmm))
		return limit_step(vmm);
	if (!vmm->config->standby.enabled)
		return false;
	return balance(vmm, starved) || writer_step(vmm, starved);
}

bool vmm_has_background(const struct vmm *vmm)
{
	return vmm->config->standby.enabled || limit_is_due(vmm);
}

bool vmm_has_frames(struct vmm *vmm)
{
	return pfn_available(&vmm->db) > 0;
}
