/* writer.c: what becomes of modified pages, and of free frames, in the background (semantics 7.5,
 * 7.6, 7.9).
 *
 * Two writers, each with its list: pages bound for the pagefile, or the compression store, and
 * pages of mapped files. The first wakes by W7. What wakes the second in Windows besides its timer
 * is not published; here it is the same, counting its own list where W7 counts the first's.
 *
 * A thread that waits for a frame is a flush request: all is written. So is a timer that goes off
 * (W8): it is set when a page comes to an empty list, and what is on the list when it goes off is
 * written, until the list is empty again. A page whose write failed (L25) is back on the list. */
#include "vmm/internal.h"

/* W7, with the thresholds of appendix A. */
static bool wanted(const struct vmm *vmm, const struct pfn_list *list,
		   const struct writer_timer *timer, bool flush)
{
	uint64_t available = pfn_available(&vmm->db);
	uint64_t free_pages = vmm->db.n[PFN_ZEROED] + vmm->db.n[PFN_FREE];

	if (!list->n)
		return false;
	return flush || timer->flush || vmm->db.n[PFN_MODIFIED] > vmm->config->vmm.modified_max ||
	       (free_pages < vmm->config->vmm.mpw_free_low &&
		list->n > MIN(available / 16, 16384)) ||
	       (vmm->trimming && available < vmm->config->vmm.mpw_avail_low);
}

static bool write_private(struct vmm *vmm)
{
	vmsim_pfn frame = pfn_first_modified(&vmm->db);

	return store_put(vmm, frame) || io_write(vmm, frame, "modified page writer");
}

bool writer_step(struct vmm *vmm, bool flush)
{
	if (wanted(vmm, &vmm->db.modified, &vmm->age_private, flush) && write_private(vmm))
		return true;
	return wanted(vmm, &vmm->db.mapped, &vmm->age_mapped, flush) &&
	       io_write(vmm, pfn_first_mapped(&vmm->db), "mapped page writer");
}

uint64_t writer_room(const struct vmm *vmm)
{
	return pagefile_available(&vmm->file) + store_room(vmm);
}

uint64_t writer_backlog(const struct vmm *vmm)
{
	return MIN(vmm->db.modified.n, writer_room(vmm)) + vmm->db.mapped.n;
}

/* --- W8 ------------------------------------------------------------------------------------- */

static void timer_look(struct writer_timer *timer, const struct pfn_list *list, vmsim_cycles age,
		       vmsim_cycles now)
{
	if (!age || !list->n)
		*timer = (struct writer_timer){0};
	else if (!timer->due && !timer->flush)
		timer->due = now + age;
	else if (timer->due && now >= timer->due)
		*timer = (struct writer_timer){.flush = true};
}

void vmm_write_timer(struct vmm *vmm, vmsim_cycles now)
{
	const struct config *config = vmm->config;

	vmm->bsm.now = now;
	timer_look(&vmm->age_private, &vmm->db.modified, config->vmm.mpw_age_private.cycles, now);
	timer_look(&vmm->age_mapped, &vmm->db.mapped, config->vmm.mapped_age.cycles, now);
}

vmsim_cycles vmm_write_due(const struct vmm *vmm)
{
	vmsim_cycles private = vmm->age_private.due ? vmm->age_private.due : VMM_NEVER;
	vmsim_cycles mapped = vmm->age_mapped.due ? vmm->age_mapped.due : VMM_NEVER;

	return MIN(private, mapped);
}

/* --- W10 ------------------------------------------------------------------------------------ */

uint64_t vmm_zeroable(const struct vmm *vmm, bool awake)
{
	uint64_t start = vmm->config->vmm.zero_start, n = vmm->db.n[PFN_FREE];

	return vmm->config->standby.enabled && start && (awake || n >= start) ? n : 0;
}

void vmm_zero(struct vmm *vmm)
{
	vmsim_pfn frame = pfn_first_free(&vmm->db);

	content_set(&vmm->db.pfn[frame].content, NULL);
	vmm->c->pages_zeroed_background++;
	pfn_move(&vmm->db, frame, MOVE_L26);
}
