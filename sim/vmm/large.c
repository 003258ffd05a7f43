/* large.c: blocks of large pages (semantics 9.6, H21; L33).
 *
 * A large page is LARGE_PAGE frames one after another, the first a multiple of it, mapped by one
 * entry of the level above the leaf. They are found, zeroed and mapped when the block is allocated,
 * and given back when it is released; between, nothing happens to them: they are in no working set,
 * and no policy hears of them.
 *
 * Frames are sought among those that are available: nothing is evicted or moved to make a run, and
 * the call waits for nothing, frames of page tables included (chosen). Of several runs, those are
 * taken that cost least by the order of L1: all zeroed, then also free, then also standby; lowest
 * first. At least one frame is left for other pages.
 *
 * With memory.huge_pages, so much of a block as is 1 GiB aligned to that is mapped by one entry, of
 * the level above (H1), where so long a run of frames can be had (chosen: Windows does so only for
 * callers that ask for it). */
#include "vmm/internal.h"

bool large_permitted(const struct vmm *vmm, struct api_call *call)
{
	uint64_t mask = LARGE_PAGE * VMSIM_PAGE_SIZE - 1;
	unsigned prot = prot_from_win32(call->call->protect);

	if (!vmm->config->vmm.lock_memory_privilege) {
		call_fail(call, STATUS_PRIVILEGE_NOT_HELD, "2.3.11",
			  "the process does not hold SeLockMemoryPrivilege");
		return false;
	}
	if ((call->address | call->call->size[0]) & mask) {
		call_fail(call, STATUS_INVALID_PARAMETER_4, "2.3.12",
			  "the address or the size is not a multiple of 2 MiB");
		return false;
	}
	/* An entry that is always valid cannot refuse every access (H5; the code is chosen). */
	if (!prot_may_map(prot)) {
		call_fail(call, STATUS_INVALID_PAGE_PROTECTION, "H21",
			  "large pages cannot be guarded or without access");
		return false;
	}
	return true;
}

#define TOO_FEW_RUNS "there are not so many runs of available frames"

/* --- frames ---------------------------------------------------------------------------------- */

/* Where the pages of a block are to lie: frames one after another for each entry that maps them. */
struct run {
	vmsim_pfn frame;
	unsigned level; /* of the entry */
};

struct plan {
	vmsim_vpn first, low, high, end; /* of the block, and in it of its pages of 1 GiB */
	GArray *runs;                    /* of struct run: those of 1 GiB, then the others */
};

static const struct run *run_at(const struct plan *plan, guint i)
{
	return &g_array_index(plan->runs, struct run, i);
}

static bool is_in_huge(const struct plan *plan, vmsim_pfn frame)
{
	for (guint i = 0; i < plan->runs->len && run_at(plan, i)->level > 1; i++)
		if (frame - run_at(plan, i)->frame < HUGE_PAGE)
			return true;
	return false;
}

/* n more runs for entries of a level. Returns how many there are. */
static uint64_t find_runs(const struct vmm *vmm, struct plan *plan, unsigned level, uint64_t n)
{
	const struct pfn_db *db = &vmm->db;
	uint32_t size = 1u << vmm->pool.shape->shift[level];
	struct run run = {.level = level};
	uint64_t found = 0;

	for (enum pfn_state worst = PFN_ZEROED; worst <= PFN_STANDBY; worst++) {
		for (vmsim_pfn i = 0; i < db->frames / size && found < n; i++) {
			run.frame = i * size;
			if (pfn_worst(db, run.frame, size) != worst ||
			    (level == 1 && is_in_huge(plan, run.frame)))
				continue;
			g_array_append_val(plan->runs, run);
			found++;
		}
	}
	return found;
}

/* => returns false when there are not so many runs of frames; plan->runs is owned */
static bool make_plan(const struct vmm *vmm, struct plan *plan, vmsim_vpn first, vmsim_vpn end)
{
	vmsim_vpn low = (first + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
	uint64_t n;

	*plan = (struct plan){first, end, end, end, g_array_new(FALSE, FALSE, sizeof(struct run))};
	if (vmm->config->memory.huge_pages && pt_maps_large(vmm->pool.shape, 2) &&
	    low + HUGE_PAGE <= end) {
		plan->low = low;
		plan->high = low + HUGE_PAGE * find_runs(vmm, plan, 2, (end - low) / HUGE_PAGE);
	}
	n = (plan->low - first + (end - plan->high)) / LARGE_PAGE;
	return find_runs(vmm, plan, 1, n) == n;
}

/* The first page of the i-th run. */
static vmsim_vpn plan_vpn(const struct plan *plan, guint i)
{
	guint huge = (guint)((plan->high - plan->low) / HUGE_PAGE);
	vmsim_vpn vpn;

	if (i < huge)
		return plan->low + (vmsim_vpn)i * HUGE_PAGE;
	vpn = plan->first + (vmsim_vpn)(i - huge) * LARGE_PAGE;
	return vpn < plan->low ? vpn : vpn + (plan->high - plan->low);
}

/* Frames for the tables that are missing; one above both sizes is perhaps counted twice. */
static uint64_t plan_tables(const struct vmm *vmm, const struct process *process,
			    const struct plan *plan)
{
	const struct page_table *pt = &process->pt;

	if (vmm->pool.outside)
		return 0;
	return pt_missing_large(pt, plan->first, plan->low, 1) +
	       pt_missing_large(pt, plan->low, plan->high, 2) +
	       pt_missing_large(pt, plan->high, plan->end, 1);
}

/* L33 for one frame. */
static void claim(struct vmm *vmm, struct process *process, vmsim_vpn vpn, vmsim_pfn frame)
{
	struct pfn *pfn = &vmm->db.pfn[frame];

	frame_claim(vmm, frame, FRAME_ZEROED);
	pfn->owner = process;
	pfn->vpn = vpn;
	pfn->flags = PFN_LARGE;
	pfn_move(&vmm->db, frame, MOVE_L33);
	vmm->db.n_large++;
}

/* => frames for the tables it needs are available */
static void map_one(struct vmm *vmm, struct process *process, vmsim_vpn vpn, const struct run *run,
		    unsigned prot)
{
	struct io *io;

	while (pt_missing_large(&process->pt, vpn, vpn + 1, run->level))
		if (table_add(vmm, process, vpn, &io) != VMM_DONE)
			g_assert_not_reached();
	pt_set_large(&process->pt, vpn, run->level,
		     pte_make_large(prot, run->frame, vmm->config->paging.nx));
}

static void carry_out(struct vmm *vmm, struct process *process, const struct plan *plan,
		      unsigned prot)
{
	/* The frames of later pages must be taken before those of tables are. */
	for (guint i = 0; i < plan->runs->len; i++) {
		const struct run *run = run_at(plan, i);
		uint32_t size = 1u << vmm->pool.shape->shift[run->level];

		pfn_untouched_end(&vmm->db, run->frame + size);
		for (uint32_t p = 0; p < size; p++)
			claim(vmm, process, plan_vpn(plan, i) + p, run->frame + p);
	}
	/* Leaf tables that are empty may be left from pages that were here before. */
	tables_release(vmm, process, plan->first, plan->end - 1);
	for (guint i = 0; i < plan->runs->len; i++)
		map_one(vmm, process, plan_vpn(plan, i), run_at(plan, i), prot);
}

static bool refuse(struct api_call *call, uint32_t status, const char *rule, const char *why)
{
	call_fail(call, status, rule, why);
	return false;
}

bool large_map(struct vmm *vmm, struct process *process, struct api_call *call, vmsim_vpn first,
	       uint64_t pages)
{
	const char *why = NULL;
	struct plan plan;
	uint64_t needed;

	if (vmm->pool.shape->levels < 3)
		return refuse(call, STATUS_INSUFFICIENT_RESOURCES, "2.3.17a",
			      "page tables of two levels have no pages of 2 MiB");
	if (vmm->pool.shared)
		return refuse(call, STATUS_INSUFFICIENT_RESOURCES, "2.3.17a",
			      "page tables of this design have no large pages");
	if (pages > pfn_available(&vmm->db))
		return refuse(call, STATUS_INSUFFICIENT_RESOURCES, "2.3.17a", TOO_FEW_RUNS);
	if (!make_plan(vmm, &plan, first, first + pages))
		why = TOO_FEW_RUNS;
	needed = pages + plan_tables(vmm, process, &plan);
	if (!why && (needed > pfn_available(&vmm->db) || !frames_can_wire(vmm, needed)))
		why = "no frames would be left, or none for the page tables";
	if (why)
		refuse(call, STATUS_INSUFFICIENT_RESOURCES, "2.3.17a", why);
	else
		carry_out(vmm, process, &plan, prot_from_win32(call->call->protect));
	g_array_unref(plan.runs);
	return !why;
}

void large_unmap(struct vmm *vmm, struct process *process, const struct vad *vad)
{
	vmsim_vpn vpn = vad->first;

	while (vpn <= vad->last) {
		vmsim_pfn frame = pte_frame(pt_get(&process->pt, vpn));
		uint32_t pages = (uint32_t)pt_clear_large(&process->pt, vpn);

		vmm->host.invalidate(vmm->host.ctx, process->asid, vpn); /* once is enough (H10) */
		for (uint32_t p = 0; p < pages; p++) {
			frame_give_up(vmm, frame + p);
			frame_free(vmm, frame + p, MOVE_L33_RELEASE);
		}
		vmm->db.n_large -= pages;
		vmm->work.freed += pages;
		vpn += pages;
	}
	tables_uncharge_large(vmm, process, vad->first, vad->last);
}
