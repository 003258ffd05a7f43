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
 * first. At least one frame is left for other pages. */
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

/* --- frames ---------------------------------------------------------------------------------- */

/* The first frames of n runs. NULL when there are not so many. */
static vmsim_pfn *find_runs(const struct vmm *vmm, uint64_t n)
{
	const struct pfn_db *db = &vmm->db;
	vmsim_pfn *run;
	uint64_t found = 0;

	if (n > pfn_available(db) / LARGE_PAGE)
		return NULL;
	run = g_new(vmsim_pfn, n);
	for (enum pfn_state worst = PFN_ZEROED; worst <= PFN_STANDBY; worst++)
		for (vmsim_pfn i = 0; i < db->frames / LARGE_PAGE && found < n; i++)
			if (pfn_worst(db, i * LARGE_PAGE, LARGE_PAGE) == worst)
				run[found++] = i * LARGE_PAGE;
	if (found == n)
		return run;
	g_free(run);
	return NULL;
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
static void map_one(struct vmm *vmm, struct process *process, vmsim_vpn vpn, vmsim_pfn frame,
		    unsigned prot)
{
	struct io *io;

	while (pt_missing_large(&process->pt, vpn, vpn + 1))
		if (table_add(vmm, process, vpn, &io) != VMM_DONE)
			g_assert_not_reached();
	pt_set_large(&process->pt, vpn, pte_make_large(prot, frame, vmm->config->paging.nx));
}

static bool refuse(struct api_call *call, uint32_t status, const char *rule, const char *why)
{
	call_fail(call, status, rule, why);
	return false;
}

bool large_map(struct vmm *vmm, struct process *process, struct api_call *call, vmsim_vpn first,
	       uint64_t pages)
{
	const struct pfn_db *db = &vmm->db;
	uint64_t n = pages / LARGE_PAGE, tables;
	unsigned prot = prot_from_win32(call->call->protect);
	vmsim_pfn *run;

	if (vmm->pool.shape->levels < 3)
		return refuse(call, STATUS_INSUFFICIENT_RESOURCES, "2.3.17a",
			      "page tables of two levels have no pages of 2 MiB");
	if (vmm->pool.shared)
		return refuse(call, STATUS_INSUFFICIENT_RESOURCES, "2.3.17a",
			      "page tables of this design have no large pages");
	run = find_runs(vmm, n);
	if (!run)
		return refuse(call, STATUS_INSUFFICIENT_RESOURCES, "2.3.17a",
			      "there are not so many runs of available frames");
	tables = vmm->pool.outside ? 0 : pt_missing_large(&process->pt, first, first + pages);
	if (pages + tables > pfn_available(db) ||
	    !frames_can_wire(vmm, pages + tables)) {
		g_free(run);
		return refuse(call, STATUS_INSUFFICIENT_RESOURCES, "2.3.17a",
			      "no frames would be left, or none for the page tables");
	}
	/* The frames of later pages must be taken before those of tables are. */
	for (uint64_t i = 0; i < n; i++) {
		pfn_untouched_end(&vmm->db, run[i] + LARGE_PAGE);
		for (unsigned p = 0; p < LARGE_PAGE; p++)
			claim(vmm, process, first + i * LARGE_PAGE + p, run[i] + p);
	}
	/* Leaf tables that are empty may be left from pages that were here before. */
	tables_release(vmm, process, first, first + pages - 1);
	for (uint64_t i = 0; i < n; i++)
		map_one(vmm, process, first + i * LARGE_PAGE, run[i], prot);
	g_free(run);
	return true;
}

void large_unmap(struct vmm *vmm, struct process *process, const struct vad *vad)
{
	for (vmsim_vpn vpn = vad->first; vpn <= vad->last; vpn += LARGE_PAGE) {
		vmsim_pfn frame = pte_frame(pt_get(&process->pt, vpn));

		pt_set_large(&process->pt, vpn, 0);
		vmm->host.invalidate(vmm->host.ctx, process->asid, vpn); /* once is enough (H10) */
		for (unsigned p = 0; p < LARGE_PAGE; p++) {
			frame_give_up(vmm, frame + p);
			frame_free(vmm, frame + p, MOVE_L33_RELEASE);
		}
		vmm->db.n_large -= LARGE_PAGE;
		vmm->work.freed += LARGE_PAGE;
	}
	tables_uncharge_large(vmm, process, vad->first, vad->last);
}
