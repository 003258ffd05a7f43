/* call_offer.c: OfferVirtualMemory, ReclaimVirtualMemory, DiscardVirtualMemory (semantics 2.10).
 * They return their code themselves. */
#include "vmm/internal.h"

#define OFFER_PRIORITIES 4 /* VeryLow 1, Low, BelowNormal, Normal */

static enum vmm_status refuse(struct api_call *call, const char *why)
{
	return call_fail(call, STATUS_INVALID_PARAMETER, "2.10", why);
}

static bool all_offered(const struct process *process, vmsim_vpn first, vmsim_vpn last)
{
	for (vmsim_vpn vpn = first; vpn <= last; vpn++)
		if (!pte_is_offered(pt_get(&process->pt, vpn)))
			return false;
	return true;
}

/* What the three refuse alike, in order. NULL, and the call has failed; or the block. */
static struct vad *range_check(struct vmm *vmm, struct process *process, struct api_call *call,
			       vmsim_vpn *first, vmsim_vpn *last)
{
	const struct vmsim_call *c = call->call;
	bool offer = c->id == VMSIM_CALL_OFFER, reclaim = c->id == VMSIM_CALL_RECLAIM;
	struct vad *vad;
	unsigned prot;

	*first = *last = 0;
	if (!call->address || call->address % VMSIM_PAGE_SIZE)
		refuse(call, "the address is not that of a page");
	else if (!c->size[0] || c->size[0] % VMSIM_PAGE_SIZE)
		refuse(call, "the size is not a number of pages");
	else if (offer && (c->number[0] < 1 || c->number[0] > OFFER_PRIORITIES))
		refuse(call, "the priority is none of 1 to 4");
	else if (call_size_bad(vmm, call->address, c->size[0]))
		refuse(call, "the range leaves the user address space");
	if (call->rule)
		return NULL;
	call_pages(call->address, c->size[0], first, last);
	vad = vad_find(&process->vads, *first);
	prot = vad && *last <= vad->last && !vad_is_special(vad)
		       ? pages_protection(process, vad, *first, *last)
		       : PROT_NONE;
	if (prot == PROT_NONE)
		refuse(call, "the range is not of one region of committed pages");
	else if (!reclaim && prot != PROT_READWRITE)
		refuse(call, "the pages are not PAGE_READWRITE");
	else if (vad->segment && vad->segment->file)
		call_fail(call, STATUS_USER_MAPPED_FILE, "2.10", "the pages are those of a file");
	else if (reclaim && !all_offered(process, *first, *last))
		refuse(call, "some page of the range is not offered");
	else if (vad->segment)
		refuse(call, "the pages are those of a view");
	return call->rule ? NULL : vad;
}

enum vmm_status call_offer(struct vmm *vmm, struct process *process, struct api_call *call)
{
	enum vmm_status status;
	vmsim_vpn first, last;
	struct vad *vad = range_check(vmm, process, call, &first, &last);

	/* Pages without an entry get one, which says that they are offered. */
	if (!vad || !call_tables(vmm, process, call, first, last, &status))
		return vad ? status : VMM_DONE;
	offer_pages(vmm, process, vad, first, last, (unsigned)call->call->number[0]);
	call_remember(vmm, process, call, first, last);
	return call_ok(call);
}

enum vmm_status call_discard(struct vmm *vmm, struct process *process, struct api_call *call)
{
	vmsim_vpn first, last;
	struct vad *vad = range_check(vmm, process, call, &first, &last);

	if (!vad)
		return VMM_DONE;
	discard_pages(vmm, process, vad, first, last);
	return call_ok(call);
}

enum vmm_status call_reclaim(struct vmm *vmm, struct process *process, struct api_call *call)
{
	vmsim_vpn first, last;

	if (!range_check(vmm, process, call, &first, &last))
		return VMM_DONE;
	if (!reclaim_pages(vmm, process, first, last))
		return call_code(call, STATUS_PTE_CHANGED);
	return call_ok(call);
}
