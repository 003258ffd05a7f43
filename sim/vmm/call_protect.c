/* call_protect.c: VirtualProtect and VirtualQuery (semantics 2.5, 2.6, 1.5). */
#include "vmm/internal.h"

unsigned view_prot(const struct vad *vad, pte_t pte, unsigned prot)
{
	if (!vad->segment || !prot_permits(prot, VMSIM_WRITE, true))
		return prot;
	if (!page_is_shared(pte))
		return prot_copied(prot);
	if (vad->kind != VAD_IMAGE)
		return prot;
	return (prot & ~(unsigned)PROT_ACCESS) |
	       ((prot & PROT_ACCESS) == PROT_READWRITE || (prot & PROT_ACCESS) == PROT_WRITECOPY
			? PROT_WRITECOPY
			: PROT_EXECUTE_WRITECOPY);
}

int64_t view_charge(const struct process *process, const struct vad *vad, vmsim_vpn first,
		    vmsim_vpn last, unsigned prot)
{
	int64_t delta = 0;
	uint64_t alike;

	for (vmsim_vpn vpn = first; !view_is_charged(vad) && vpn <= last; vpn += alike) {
		pte_t pte = page_effective(vad, pt_get(&process->pt, vpn));
		struct pt_span span = pt_span_at(&process->pt, vpn, last + 1);

		alike = span.node ? 1 : span.n;
		if (page_is_shared(pte))
			delta += (prot_copies(view_prot(vad, pte, prot)) -
				  prot_copies(pte_prot(pte))) * (int64_t)alike;
	}
	return delta;
}

void page_protect(struct vmm *vmm, struct process *process, vmsim_vpn vpn, pte_t pte,
		  unsigned prot)
{
	if (pte_is_valid(pte) && !prot_may_map(prot)) {
		page_unmap(vmm, process, vpn, prot);
		return;
	}
	if (pte_prot(pte) == prot)
		return;
	if (!pte_is_valid(pte)) {
		pt_set(&process->pt, vpn, pte_with_prot(pte, prot, vmm->config->paging.nx));
		return;
	}
	pte = pte_with_prot(pte, prot, vmm->config->paging.nx);
	if (pte & PTE_D)
		pt_set(&process->pt, vpn, pte);
	else
		page_clean(vmm, process, vpn, pte);
	page_open(vmm, process, vpn, false);
	vmm->host.invalidate(vmm->host.ctx, process->asid, vpn);
}

static bool base_valid(uint32_t protect)
{
	uint32_t base = protect & ~(uint32_t)(PAGE_GUARD | PAGE_NOCACHE | PAGE_TARGETS_INVALID);

	return base && base <= 0xFF && !(base & (base - 1));
}

/* The outcome is what the first page had. */
static void protect_pages(struct vmm *vmm, struct process *process, struct api_call *call,
			  const struct vad *vad, vmsim_vpn first, vmsim_vpn last, unsigned prot)
{
	call->outcome.protect =
		prot_to_win32(pte_prot(page_effective(vad, pt_get(&process->pt, first))));
	for (vmsim_vpn vpn = first; vpn <= last; vpn++) {
		pte_t pte = page_effective(vad, pt_get(&process->pt, vpn));

		page_protect(vmm, process, vpn, pte, view_prot(vad, pte, prot));
	}
	vmm->work.protected += last - first + 1;
}

enum vmm_status call_protect(struct vmm *vmm, struct process *process, struct api_call *call)
{
	const struct vmsim_call *c = call->call;
	enum vmm_status status;
	vmsim_vpn first, last;
	struct vad *vad;
	int64_t charge;
	unsigned prot;

	if (!base_valid(c->protect))
		return call_fail(call, STATUS_INVALID_PAGE_PROTECTION, "2.5.1",
				 "the protection is not one base value");
	if (c->no_buffer)
		return call_fail(call, STATUS_ACCESS_VIOLATION, "2.5.2",
				 "there is nowhere to put the old protection");
	if (call_size_bad(vmm, call->address, c->size[0]))
		return call_fail(call, STATUS_INVALID_PARAMETER_3, "2.5.3",
				 c->size[0] ? "the range leaves the user address space"
					    : "the size is 0");
	if (!prot_valid(c->protect))
		return call_fail(call, STATUS_INVALID_PAGE_PROTECTION, "2.5.5",
				 "the modifiers do not go with the protection");
	call_pages(call->address, c->size[0], &first, &last);
	vad = vad_find(&process->vads, first);
	if (!vad || last > vad->last)
		return call_fail(call, STATUS_CONFLICTING_ADDRESSES, "2.5.6",
				 "the range is not inside one block");
	if (vad_is_special(vad))
		return call_fail(call, STATUS_CONFLICTING_ADDRESSES, "2.5.7",
				 "the block holds physical or large pages");
	if (prot_is_copy(c->protect) && !vad->segment)
		return call_fail(call, STATUS_INVALID_PAGE_PROTECTION, "2.5.8",
				 "copy-on-write protection is for views only");
	if (vad->segment && !view_allows(vad, c->protect))
		return call_fail(call, STATUS_SECTION_PROTECTION, "2.5.8",
				 "the view does not allow this protection");
	if (pages_committed(process, vad, first, last) != last - first + 1)
		return call_fail(call, STATUS_NOT_COMMITTED, "2.5.9",
				 "some page of the range is not committed");
	/* VirtualProtect never changes caching (E14). */
	prot = prot_from_win32(c->protect & ~(uint32_t)(PAGE_NOCACHE | PAGE_WRITECOMBINE));
	prot = prot_with_caching(vad, prot);
	charge = vad->segment ? view_charge(process, vad, first, last, prot) : 0;
	if (!call->charged && charge > 0 && pages_over_limit(vmm, (uint64_t)charge))
		return call_fail(call, STATUS_COMMITMENT_LIMIT, "C1",
				 "the commit limit would be exceeded");
	if (!call_tables(vmm, process, call, first, last, &status)) {
		if (status != VMM_DONE)
			call_charge(vmm, process, call, charge);
		return status;
	}
	call_charge(vmm, process, call, charge);
	protect_pages(vmm, process, call, vad, first, last, prot);
	vad->committed += (uint64_t)charge;
	call_charged(process, call);
	call_remember(vmm, process, call, first, last);
	return call_ok(call);
}

/* V13: what a query tells apart: state and protection, nothing else. */
static unsigned attributes(const struct vad *vad, vmsim_vpn vpn, pte_t pte)
{
	return page_is_committed(vad, vpn, pte) ? pte_prot(page_effective(vad, pte)) : PROT_NONE;
}

/* One past the last page that looks like `first` does. */
static vmsim_vpn region_end(const struct process *process, const struct vad *vad,
			    vmsim_vpn first, unsigned look)
{
	for (vmsim_vpn vpn = first; vpn <= vad->last;) {
		struct pt_span span = pt_span_at(&process->pt, vpn, vad->last + 1);
		uint64_t alike = span.n;

		/* Pages without a table are all alike, but in a view: the section's may differ. */
		if (!span.node && vad->segment)
			alike = view_alike(process, vad, vpn, vad->last);
		if (!span.node && attributes(vad, vpn, 0) != look)
			return vpn;
		for (uint64_t i = 0; span.node && i < span.n; i++)
			if (attributes(vad, vpn + i, span.node->entry[span.index + i]) != look)
				return vpn + i;
		vpn += alike;
	}
	return vad->last + 1;
}

unsigned pages_protection(const struct process *process, const struct vad *vad, vmsim_vpn first,
			  vmsim_vpn last)
{
	unsigned look = attributes(vad, first, pt_get(&process->pt, first));

	return region_end(process, vad, first, look) > last ? look : (unsigned)PROT_NONE;
}

static void query_free(const struct process *process, vmsim_vpn vpn, struct vmsim_outcome *out)
{
	const struct vad *next = vad_next(&process->vads, vpn);
	vmsim_vpn end = MIN(next ? next->first : UINT64_MAX, process->vads.hi + 1);

	out->state = MEM_FREE;
	out->protect = PAGE_NOACCESS;
	out->size = (end - vpn) << VMSIM_PAGE_SHIFT;
}

static void query_block(const struct process *process, const struct vad *vad, vmsim_vpn vpn,
			struct vmsim_outcome *out)
{
	unsigned look = attributes(vad, vpn, pt_get(&process->pt, vpn));

	out->alloc_base.offset = vad->first << VMSIM_PAGE_SHIFT;
	out->alloc_protect = vad->alloc_protect;
	out->state = look == PROT_NONE ? MEM_RESERVE : MEM_COMMIT;
	out->protect = look == PROT_NONE ? 0 : prot_to_win32(look);
	out->type = vad->kind == VAD_MAPPED  ? MEM_MAPPED
		    : vad->kind == VAD_IMAGE ? MEM_IMAGE
					     : MEM_PRIVATE;
	out->size = (region_end(process, vad, vpn, look) - vpn) << VMSIM_PAGE_SHIFT;
}

enum vmm_status call_query(struct vmm *vmm, struct process *process, struct api_call *call)
{
	vmsim_vpn vpn = call->address >> VMSIM_PAGE_SHIFT;
	const struct vad *vad = vad_find(&process->vads, vpn);

	if (call->address > vmm->pool.shape->hi)
		return call_fail(call, STATUS_INVALID_PARAMETER, "2.6",
				 "the address is not in the user address space");
	if (call->call->no_buffer)
		return call_fail(call, STATUS_ACCESS_VIOLATION, "2.6",
				 "there is nowhere to put the answer");
	call->outcome.address.offset = vpn << VMSIM_PAGE_SHIFT;
	if (vad)
		query_block(process, vad, vpn, &call->outcome);
	else
		query_free(process, vpn, &call->outcome);
	vmm->work.queried += call->outcome.size >> VMSIM_PAGE_SHIFT;
	return call_ok(call);
}
