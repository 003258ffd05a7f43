/* call_prefetch.c: PrefetchVirtualMemory (semantics 2.9). A hint: pages that are only in the
 * pagefile or in a file are read onto the standby list, while memory is not short; all others are
 * passed over. The call does not wait for what it asks for. */
#include "vmm/internal.h"

bool prefetch_range(const struct vmm *vmm, vmsim_va address, uint64_t size, vmsim_vpn *first,
		    vmsim_vpn *last)
{
	vmsim_va hi = vmm->pool.shape->hi;

	if (!size || address > hi)
		return false;
	call_pages(address, MIN(size, hi + 1 - address), first, last);
	return true;
}

/* The pages of a private block from vpn on that have tables; *end is one past them. Others were
 * never written to the pagefile. Returns false when there are none up to `last`. */
static bool next_tables(const struct process *process, vmsim_vpn *vpn, vmsim_vpn last,
			vmsim_vpn *end)
{
	bool found = false;

	for (*end = *vpn; *end <= last;) {
		struct pt_span span = pt_span_at(&process->pt, *end, last + 1);

		if (!span.node && found)
			break;
		*end += span.n;
		if (!span.node)
			*vpn = *end;
		else
			found = true;
	}
	return found;
}

/* What nobody has an entry of is in the file, or was never written to the pagefile. */
static bool prefetch_view(struct vmm *vmm, struct process *process, const struct vad *vad,
			  vmsim_vpn first, vmsim_vpn last)
{
	while (!vad->segment->file && first <= last) {
		uint64_t alike = view_alike(process, vad, first, last);
		vmsim_vpn end = first;

		while (alike == 1 && ++end <= last)
			alike = view_alike(process, vad, end, last);
		if (end > first && !cluster_prefetch(vmm, process, vad, first, end - 1))
			return false;
		first = end + alike;
	}
	return first > last || cluster_prefetch(vmm, process, vad, first, last);
}

/* Returns false when frames ran short. */
static bool prefetch_block(struct vmm *vmm, struct process *process, const struct vad *vad,
			   vmsim_vpn first, vmsim_vpn last)
{
	vmsim_vpn end;

	if (vad->segment)
		return prefetch_view(vmm, process, vad, first, last);
	for (; next_tables(process, &first, last, &end); first = end)
		if (!cluster_prefetch(vmm, process, vad, first, end - 1))
			return false;
	return true;
}

enum vmm_status call_prefetch(struct vmm *vmm, struct process *process, struct api_call *call)
{
	uint64_t input = vmm->c->pages_input;
	const struct vad *vad;
	vmsim_vpn first, last;

	if (call->call->no_buffer)
		return call_fail(call, STATUS_ACCESS_VIOLATION, "2.9",
				 "there is no list of ranges");
	/* The textbook machine has no list to read them onto. */
	if (!vmm->config->standby.enabled ||
	    !prefetch_range(vmm, call->address, call->call->size[0], &first, &last))
		return call_ok(call);
	for (vad = vad_next(&process->vads, first); vad && vad->first <= last;
	     vad = vad_next(&process->vads, vad->last + 1))
		if (!vad_is_special(vad) &&
		    !prefetch_block(vmm, process, vad, MAX(first, vad->first),
				    MIN(last, vad->last)))
			break;
	vmm->work.prefetched += vmm->c->pages_input - input;
	return call_ok(call);
}
