/* call_lock.c: VirtualLock and VirtualUnlock (semantics 2.7).
 *
 * Locking touches each page for read, in order, and locks it as soon as it is resident, so that it
 * stays so while later pages are read in. A call that will fail at a later page, which is known
 * beforehand since nothing else may change the pages meanwhile (T3), locks nothing and touches the
 * pages before, which stay resident (E0). */
#include "vmm/internal.h"

void page_lock(struct vmm *vmm, struct process *process, vmsim_vpn vpn)
{
	pte_t pte = pt_get(&process->pt, vpn);

	pt_set(&process->pt, vpn, pte | PTE_LOCKED);
	vmm->db.pfn[pte_frame(pte)].locks++;
	process->locked_pages++;
	vmm->locked_pages++;
}

/* n pages that the call promised to lock are locked, or will not be. */
static void keep_promise(struct vmm *vmm, struct process *process, struct api_call *call,
			 uint64_t n)
{
	n = MIN(n, call->promised);
	call->promised -= n;
	process->locks_promised -= n;
	vmm->locked_pages -= n;
}

static bool is_locked(pte_t pte)
{
	return pte_is_valid(pte) && (pte & PTE_LOCKED);
}

/* The first page of a range that lies in no block; last + 1 when there is none. The range may
 * span blocks. *special tells whether one of them cannot be locked. */
static vmsim_vpn first_free(const struct process *process, vmsim_vpn first, vmsim_vpn last,
			    bool *special)
{
	*special = false;
	while (first <= last) {
		const struct vad *vad = vad_find(&process->vads, first);

		if (!vad)
			return first;
		*special = *special || vad_is_special(vad);
		first = vad->last + 1;
	}
	return last + 1;
}

static uint64_t not_locked(const struct process *process, vmsim_vpn first, vmsim_vpn last)
{
	uint64_t n = 0;

	for (vmsim_vpn vpn = first; vpn <= last;) {
		struct pt_span span = pt_span_at(&process->pt, vpn, last + 1);

		if (!span.node)
			n += span.n;
		for (uint64_t i = 0; span.node && i < span.n; i++)
			n += !is_locked(span.node->entry[span.index + i]);
		vpn += span.n;
	}
	return n;
}

static enum vmm_status lock_fail(struct vmm *vmm, struct process *process, struct api_call *call,
				 uint32_t status, const char *why)
{
	keep_promise(vmm, process, call, call->promised);
	for (guint i = 0; i < call->newly_locked->len; i++) {
		vmsim_vpn vpn = g_array_index(call->newly_locked, vmsim_vpn, i);

		page_unlock(vmm, process, vpn);
	}
	return call_fail(call, status, "2.7", why);
}

/* The program's view of a touch that failed. */
static enum vmm_status touch_failed(struct vmm *vmm, struct process *process,
				    struct api_call *call)
{
	switch (call->touched) {
	case VMSIM_RESULT_GUARD_PAGE:
		return lock_fail(vmm, process, call, STATUS_GUARD_PAGE_VIOLATION,
				 "a guard page was touched; its guard is cleared");
	case VMSIM_RESULT_IN_PAGE_ERROR:
		return lock_fail(vmm, process, call, STATUS_IN_PAGE_ERROR,
				 "a page could not be read");
	default:
		return lock_fail(vmm, process, call, STATUS_ACCESS_VIOLATION,
				 "a page is not committed or not accessible");
	}
}

static bool all_permit(struct vmm *vmm, struct process *process, vmsim_vpn first, vmsim_vpn last)
{
	for (vmsim_vpn vpn = first; vpn <= last; vpn++)
		if (!vmm_permits(vmm, process, vpn << VMSIM_PAGE_SHIFT, VMSIM_READ, false))
			return false;
	return true;
}

static enum vmm_status lock_check(struct vmm *vmm, struct process *process,
				  struct api_call *call, vmsim_vpn *first, vmsim_vpn *last)
{
	uint64_t size = call->call->size[0];
	uint64_t quota = process->ws_min > vmm->config->vmm.lock_overhead
				 ? process->ws_min - vmm->config->vmm.lock_overhead
				 : 0;
	uint64_t promise;
	bool special;

	if (call_size_bad(vmm, call->address, size))
		return call_fail(call, STATUS_INVALID_PARAMETER_3, "2.7",
				 size ? "the range leaves the user address space"
				      : "the size is 0");
	call_pages(call->address, size, first, last);
	if (first_free(process, *first, *last, &special) <= *last)
		return call_fail(call, STATUS_ACCESS_VIOLATION, "2.7",
				 "part of the range is in no block");
	if (special)
		return call_fail(call, STATUS_INCOMPATIBLE_FILE_MAP, "2.7",
				 "the block holds physical or large pages");
	promise = not_locked(process, *first, *last);
	if (process->locked_pages + process->locks_promised + promise > quota)
		return call_fail(call, STATUS_WORKING_SET_QUOTA, "2.7",
				 "more pages than the working-set minimum allows would be locked");
	call->doomed = !all_permit(vmm, process, *first, *last);
	call->promised = call->doomed ? 0 : promise;
	process->locks_promised += call->promised;
	vmm->locked_pages += call->promised;
	call->next = *first;
	call->newly_locked = g_array_new(FALSE, FALSE, sizeof(vmsim_vpn));
	call->begun = true;
	return VMM_DONE;
}

enum vmm_status call_lock(struct vmm *vmm, struct process *process, struct api_call *call)
{
	vmsim_vpn first, last;

	if (!call->begun) {
		lock_check(vmm, process, call, &first, &last);
		if (!call->begun)
			return VMM_DONE;
	}
	if (call->touched > VMSIM_RESULT_OK)
		return touch_failed(vmm, process, call);
	call_pages(call->address, call->call->size[0], &first, &last);
	for (; call->next <= last; call->next++) {
		vmsim_vpn vpn = call->next;
		pte_t pte = pt_get(&process->pt, vpn);

		if (!pte_is_valid(pte)) {
			call->touch = vpn << VMSIM_PAGE_SHIFT;
			return VMM_TOUCH;
		}
		if (call->doomed || is_locked(pte))
			continue;
		page_lock(vmm, process, vpn);
		keep_promise(vmm, process, call, 1);
		g_array_append_val(call->newly_locked, vpn);
	}
	keep_promise(vmm, process, call, call->promised);
	vmm->work.locked += last - first + 1;
	return call_ok(call);
}

/* Pass 1 of an unlock: pages that are not locked leave the working set, and fail the call. */
static bool evict_unlocked(struct vmm *vmm, struct process *process, vmsim_vpn first,
			   vmsim_vpn last)
{
	uint64_t had = process->ws_pages;
	bool failed = false;

	for (vmsim_vpn vpn = first; vpn <= last;) {
		struct pt_span span = pt_span_at(&process->pt, vpn, last + 1);

		if (!span.node)
			failed = true;
		for (uint64_t i = 0; span.node && i < span.n; i++) {
			pte_t pte = span.node->entry[span.index + i];

			if (is_locked(pte))
				continue;
			failed = true;
			if (pte_is_valid(pte))
				page_unmap(vmm, process, vpn + i, pte_prot(pte));
		}
		vpn += span.n;
	}
	vmm->work.trimmed += had - process->ws_pages; /* T14 */
	return failed;
}

enum vmm_status call_unlock(struct vmm *vmm, struct process *process, struct api_call *call)
{
	uint64_t size = call->call->size[0];
	vmsim_vpn first, last;
	bool special;

	if (call_size_bad(vmm, call->address, size))
		return call_fail(call, STATUS_INVALID_PARAMETER_3, "2.7",
				 size ? "the range leaves the user address space"
				      : "the size is 0");
	call_pages(call->address, size, &first, &last);
	if (first_free(process, first, last, &special) <= last)
		return call_fail(call, STATUS_NOT_LOCKED, "2.7",
				 "part of the range is in no block");
	if (evict_unlocked(vmm, process, first, last))
		return call_fail(call, STATUS_NOT_LOCKED, "2.7",
				 "not every page of the range was locked");
	for (vmsim_vpn vpn = first; vpn <= last; vpn++)
		page_unlock(vmm, process, vpn);
	vmm->work.locked += last - first + 1;
	return call_ok(call);
}
