/* call_alloc.c: VirtualAlloc (semantics 2.3). The steps of the table stand in its order. */
#include "vmm/internal.h"

#define TYPE_KNOWN                                                                           \
	((uint32_t)(MEM_COMMIT | MEM_RESERVE | MEM_RESET | MEM_TOP_DOWN | MEM_WRITE_WATCH |  \
		    MEM_PHYSICAL | MEM_RESET_UNDO | MEM_LARGE_PAGES))

/* The address, and why it is refused. */
static const char *bad_type(uint32_t type, uint32_t protect, const char **rule)
{
	uint32_t reset = type & (MEM_RESET | MEM_RESET_UNDO);

	*rule = "2.3.2";
	if (type & ~TYPE_KNOWN)
		return "the allocation type has an unknown bit";
	*rule = "2.3.3";
	if (!(type & (MEM_COMMIT | MEM_RESERVE)) && !reset)
		return "the allocation type asks for nothing";
	*rule = "2.3.4";
	if (reset && (type & (type - 1)))
		return "MEM_RESET and MEM_RESET_UNDO stand alone";
	*rule = "2.3.5";
	if ((type & MEM_LARGE_PAGES) &&
	    ((~type & (MEM_COMMIT | MEM_RESERVE)) || (type & (MEM_PHYSICAL | MEM_WRITE_WATCH))))
		return "MEM_LARGE_PAGES reserves and commits, and nothing else";
	*rule = "2.3.6";
	if ((type & MEM_WRITE_WATCH) && !(type & MEM_RESERVE))
		return "MEM_WRITE_WATCH needs MEM_RESERVE";
	*rule = "2.3.7";
	if ((type & MEM_PHYSICAL) &&
	    (!(type & MEM_RESERVE) ||
	     (type & ~(uint32_t)(MEM_PHYSICAL | MEM_RESERVE | MEM_TOP_DOWN)) ||
	     protect != PAGE_READWRITE))
		return "MEM_PHYSICAL goes with MEM_RESERVE and PAGE_READWRITE only";
	return NULL;
}

static bool is_large(const struct vmsim_call *c)
{
	return c->id != VMSIM_CALL_MAP_VIEW && (c->type & MEM_LARGE_PAGES);
}

static bool hole(const struct vad_tree *vads, const struct vmsim_call *c, uint64_t n,
		 vmsim_vpn from, bool top_down, vmsim_vpn *first)
{
	return is_large(c) ? large_hole(vads, n, from, top_down, first)
			   : vad_hole(vads, n, from, top_down, first);
}

bool call_place(struct vmm *vmm, struct process *process, const struct api_call *call, uint64_t n,
		vmsim_vpn *first)
{
	const struct vad_tree *vads = &process->vads;
	uint64_t seed = vmm->config->vmm.va_seed;
	vmsim_vpn from = vads->lo, wanted = call->place >> VMSIM_PAGE_SHIFT;
	uint64_t align = is_large(call->call) ? LARGE_PAGE : VMSIM_GRANULARITY_PAGES;

	if (call->place && wanted % align == 0 && wanted >= vads->lo &&
	    wanted <= vads->hi && n <= vads->hi + 1 - wanted &&
	    !vad_overlaps(vads, wanted, wanted + n - 1)) {
		*first = wanted;
		return true;
	}
	if (seed) {
		struct rng rng = {seed};

		from += rng_below(&rng, (vads->hi - vads->lo) / 2);
	}
	if (hole(vads, call->call, n, from, call->call->type & MEM_TOP_DOWN, first))
		return true;
	return from != vads->lo && hole(vads, call->call, n, vads->lo, false, first);
}

static enum vmm_status reserve(struct vmm *vmm, struct process *process, struct api_call *call)
{
	const struct vmsim_call *c = call->call;
	struct page_run run = {.vmm = vmm, .cause = "VirtualAlloc"};
	bool commit = c->type & MEM_COMMIT;
	vmsim_vpn first, last;
	struct vad *vad;
	uint64_t n;

	if (prot_is_copy(c->protect))
		return call_fail(call, STATUS_INVALID_PAGE_PROTECTION, "2.3.13a",
				 "copy-on-write protection is for views only");
	if (call->address) {
		call_pages(call->address, c->size[0], &first, &last);
		first &= ~(VMSIM_GRANULARITY_PAGES - 1);
		if (vad_overlaps(&process->vads, first, last))
			return call_fail(call, STATUS_CONFLICTING_ADDRESSES, "2.3.14a",
					 "part of the range is already reserved");
		n = last - first + 1;
	} else {
		n = (c->size[0] + VMSIM_PAGE_SIZE - 1) >> VMSIM_PAGE_SHIFT;
		if (!call_place(vmm, process, call, n, &first))
			return call_fail(call, STATUS_NO_MEMORY, "2.3.15a",
					 "no hole in the address space is large enough");
	}
	if (commit && pages_over_limit(vmm, n))
		return call_fail(call, STATUS_COMMITMENT_LIMIT, "2.3.16a",
				 "the commit limit would be exceeded");
	if (is_large(c) && !large_map(vmm, process, call, first, n))
		return VMM_DONE;
	vad = vad_insert(&process->vads, first, first + n - 1);
	vad->alloc_protect = c->protect & ~(uint32_t)PAGE_TARGETS_INVALID;
	vad->prot = (uint8_t)prot_from_win32(c->protect);
	vad->commit_at_reserve = commit;
	if (c->type & MEM_WRITE_WATCH)
		watch_begin(vad);
	vad->kind = c->type & MEM_PHYSICAL ? VAD_PHYSICAL : is_large(c) ? VAD_LARGE : VAD_PRIVATE;
	stats_reserved(vmm->stats, process->account, (int64_t)n);
	if (commit) {
		vad->committed = n;
		vmm->work.committed += n;
		pages_charge(vmm, process, (int64_t)n);
	}
	page_run_add(&run, first, n, STATE_FREE, commit ? STATE_COMMITTED : STATE_RESERVED);
	page_run_end(&run);
	call->outcome.address.offset = first << VMSIM_PAGE_SHIFT;
	return call_ok(call);
}

/* E5 for one page. Returns whether it was not committed before. */
static bool commit_page(struct vmm *vmm, struct process *process, const struct vad *vad,
			vmsim_vpn vpn, unsigned prot)
{
	pte_t pte = pt_get(&process->pt, vpn);

	if (!page_is_committed(vad, vpn, pte)) {
		pt_set(&process->pt, vpn, pte_make_demand_zero(prot, false));
		return true;
	}
	page_protect(vmm, process, vpn, page_effective(vad, pte), prot);
	return false;
}

bool commit_guard(struct vmm *vmm, struct process *process, struct vad *vad, vmsim_vpn vpn)
{
	struct page_run run = {.vmm = vmm, .cause = "stack growth"};

	if (!page_is_committed(vad, vpn, pt_get(&process->pt, vpn))) {
		if (pages_over_limit(vmm, 1))
			return false;
		pages_charge(vmm, process, 1);
		vad->committed++;
		page_run_add(&run, vpn, 1, STATE_RESERVED, STATE_COMMITTED);
		page_run_end(&run);
	}
	commit_page(vmm, process, vad, vpn, PROT_READWRITE | PROT_GUARD);
	return true;
}

/* A page needs no entry of its own when a zero one says the same (V3). */
static bool entry_needed(const struct process *process, const struct vad *vad, vmsim_vpn vpn,
			 unsigned prot)
{
	return !vad->commit_at_reserve || vad->prot != prot || pt_get(&process->pt, vpn);
}

static void commit_range(struct vmm *vmm, struct process *process, struct vad *vad,
			 vmsim_vpn first, vmsim_vpn last, unsigned prot)
{
	struct page_run run = {.vmm = vmm, .cause = "VirtualAlloc"};

	for (vmsim_vpn vpn = first; vpn <= last; vpn++) {
		if (!entry_needed(process, vad, vpn, prot))
			continue;
		if (!commit_page(vmm, process, vad, vpn, prot))
			continue;
		vad->committed++;
		page_run_add(&run, vpn, 1, STATE_RESERVED, STATE_COMMITTED);
	}
	page_run_end(&run);
}

static enum vmm_status commit(struct vmm *vmm, struct process *process, struct api_call *call)
{
	const struct vmsim_call *c = call->call;
	unsigned prot = prot_from_win32(c->protect);
	enum vmm_status status;
	vmsim_vpn first, last;
	struct vad *vad;
	uint64_t fresh;

	call_pages(call->address, c->size[0], &first, &last);
	vad = vad_find(&process->vads, first);
	if (!vad || last > vad->last)
		return call_fail(call, STATUS_CONFLICTING_ADDRESSES, "2.3.13b",
				 vad ? "the range runs past the end of its block"
				     : "the range begins in free memory");
	if (vad_is_special(vad))
		return call_fail(call, STATUS_CONFLICTING_ADDRESSES, "2.3.14b",
				 "the block holds physical or large pages");
	if (prot_is_copy(c->protect))
		return call_fail(call, STATUS_INVALID_PAGE_PROTECTION, "2.3.16b",
				 "copy-on-write protection is for views only");
	fresh = last - first + 1 - pages_committed(process, vad, first, last);
	if (!call->charged && pages_over_limit(vmm, fresh))
		return call_fail(call, STATUS_COMMITMENT_LIMIT, "2.3.17b",
				 "the commit limit would be exceeded");
	if ((!vad->commit_at_reserve || vad->prot != prot) &&
	    !call_tables(vmm, process, call, first, last, &status)) {
		if (status != VMM_DONE)
			call_charge(vmm, process, call, (int64_t)fresh);
		return status;
	}
	call_charge(vmm, process, call, (int64_t)fresh);
	commit_range(vmm, process, vad, first, last, prot);
	vmm->work.committed += fresh;
	call_charged(process, call);
	call->outcome.address.offset = first << VMSIM_PAGE_SHIFT;
	return call_ok(call);
}

/* 5.1 and 5.2: the outer range must lie in one block, the inner one is acted on (R1). */
static enum vmm_status reset(struct vmm *vmm, struct process *process, struct api_call *call)
{
	const struct vmsim_call *c = call->call;
	vmsim_vpn first, last, begin, end;
	struct vad *vad;

	if (!call->address)
		return call_fail(call, STATUS_INVALID_PARAMETER_2, "R1",
				 "MEM_RESET needs an address");
	call_pages(call->address, c->size[0], &first, &last);
	vad = vad_find(&process->vads, first);
	if (!vad || last > vad->last)
		return call_fail(call, STATUS_CONFLICTING_ADDRESSES, "R1",
				 "the range is not inside one block");
	begin = (call->address + VMSIM_PAGE_SIZE - 1) >> VMSIM_PAGE_SHIFT;
	end = (call->address + c->size[0]) >> VMSIM_PAGE_SHIFT;
	if (begin >= end)
		return call_fail(call, STATUS_CONFLICTING_ADDRESSES, "R1",
				 "the range, rounded inward, holds no whole page");
	if (vad->segment && vad->segment->file)
		return call_fail(call, STATUS_USER_MAPPED_FILE, "R1",
				 "the pages are those of a file");
	if (vad_is_special(vad))
		return call_fail(call, STATUS_CONFLICTING_ADDRESSES, "R1",
				 "the block holds physical or large pages");
	if (c->type & MEM_RESET)
		reset_pages(vmm, process, vad, begin, end - 1);
	else if (!reset_undo_pages(vmm, process, vad, begin, end - 1))
		return call_fail(call, STATUS_PTE_CHANGED, "R8",
				 "at least one page has lost its contents");
	call->outcome.address.offset = begin << VMSIM_PAGE_SHIFT;
	return call_ok(call);
}

enum vmm_status call_alloc(struct vmm *vmm, struct process *process, struct api_call *call)
{
	const struct vmsim_call *c = call->call;
	const char *why, *rule;

	if (call->address && call->address < VMSIM_GRANULARITY)
		return call_fail(call, STATUS_INVALID_PARAMETER, "2.3.1",
				 "the lowest 64 KiB are never allocated");
	why = bad_type(c->type, c->protect, &rule);
	if (why)
		return call_fail(call, STATUS_INVALID_PARAMETER_5, rule, why);
	if (!prot_valid(c->protect))
		return call_fail(call, STATUS_INVALID_PAGE_PROTECTION, "2.3.8",
				 "the protection is not a valid value");
	if (call_size_bad(vmm, call->address, c->size[0]))
		return call_fail(call, STATUS_INVALID_PARAMETER_4, "2.3.9",
				 c->size[0] ? "the range leaves the user address space"
					    : "the size is 0");
	if (is_large(c) && !large_permitted(vmm, call))
		return VMM_DONE;
	if (c->type & (MEM_RESET | MEM_RESET_UNDO))
		return reset(vmm, process, call);
	if ((c->type & MEM_RESERVE) || !call->address)
		return reserve(vmm, process, call);
	return commit(vmm, process, call);
}
