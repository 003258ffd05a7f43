/* call_placeholder.c: the forms of VirtualFree that concern placeholders (semantics 2.3): an
 * allocation reverts to the placeholder it replaced, a placeholder is split, several are joined.
 * Both rule sets agree about them. */
#include "vmm/internal.h"

/* The checks of 2.4 that hold for these forms, too. Returns the block that the range begins in. */
static struct vad *find_block(const struct vmm *vmm, const struct process *process,
			      struct api_call *call, vmsim_vpn *first, vmsim_vpn *last)
{
	vmsim_va hi = vmm->pool.shape->hi;
	uint64_t size = call->call->size[0];
	struct vad *vad;

	if (!size) {
		call_fail(call, STATUS_INVALID_PARAMETER_3, "2.3",
			  "placeholders are named by their exact range: the size is 0");
		return NULL;
	}
	if (call->address >= hi || size > hi - call->address) {
		call_fail(call, STATUS_INVALID_PARAMETER_3, "2.4.3",
			  "the range leaves the user address space");
		return NULL;
	}
	call_pages(call->address, size, first, last);
	vad = vad_find(&process->vads, *first);
	if (!vad)
		call_fail(call, STATUS_MEMORY_NOT_ALLOCATED, "2.4.5",
			  "the address is in no block");
	return vad;
}

/* The range becomes a placeholder of its own. */
static void split(struct vad_tree *vads, struct vad *vad, vmsim_vpn first, vmsim_vpn last)
{
	if (last < vad->last)
		vad_split(vads, vad, last + 1);
	if (first > vad->first)
		vad_split(vads, vad, first);
}

/* The allocation's pages are given up (E13); its block stays, as a placeholder. */
static void revert(struct vmm *vmm, struct process *process, struct vad *vad)
{
	struct page_run run = {.vmm = vmm, .cause = "VirtualFree"};

	pages_free(vmm, process, vad, vad->first, vad->last, STATE_RESERVED, &run);
	page_run_end(&run);
	vad->kind = VAD_PLACEHOLDER;
	vad->alloc_protect = PAGE_NOACCESS;
	vad->prot = PROT_NOACCESS;
	vad->commit_at_reserve = vad->replaced = false;
	g_clear_pointer(&vad->written, g_hash_table_unref);
	tables_release(vmm, process, vad->first, vad->last);
}

static enum vmm_status preserve(struct vmm *vmm, struct process *process, struct api_call *call)
{
	vmsim_vpn first, last;
	struct vad *vad = find_block(vmm, process, call, &first, &last);
	bool whole;

	if (!vad)
		return VMM_DONE;
	if (last > vad->last)
		return call_fail(call, STATUS_UNABLE_TO_FREE_VM, "2.4.6",
				 "the range runs past the end of its block");
	if (vad->segment)
		return call_fail(call, STATUS_UNABLE_TO_DELETE_SECTION, "2.4.7",
				 "the block is a view: that is unmapped");
	whole = first == vad->first && last == vad->last;
	if (vad->kind == VAD_PLACEHOLDER && !whole)
		split(&process->vads, vad, first, last);
	else if (vad->replaced && whole)
		revert(vmm, process, vad);
	else
		return call_fail(call, STATUS_CONFLICTING_ADDRESSES, "2.3",
				 "the range is not part of a placeholder, "
				 "nor all that replaced one");
	call_remember(vmm, process, call, first, last);
	return call_ok(call);
}

/* Whether placeholders, two at least, side by side, make up the range exactly. */
static bool are_placeholders(const struct process *process, vmsim_vpn first, vmsim_vpn last)
{
	unsigned n = 0;

	for (vmsim_vpn vpn = first; vpn <= last; n++) {
		const struct vad *vad = vad_find(&process->vads, vpn);

		if (!vad || vad->kind != VAD_PLACEHOLDER || vad->first != vpn || vad->last > last)
			return false;
		vpn = vad->last + 1;
	}
	return n > 1;
}

static enum vmm_status coalesce(struct vmm *vmm, struct process *process, struct api_call *call)
{
	vmsim_vpn first, last;
	struct vad *vad = find_block(vmm, process, call, &first, &last);

	if (!vad)
		return VMM_DONE;
	if (!are_placeholders(process, first, last))
		return call_fail(call, STATUS_CONFLICTING_ADDRESSES, "2.3",
				 "the range is not made up of several whole placeholders");
	while (vad->last < last)
		vad_join(&process->vads, vad, vad_find(&process->vads, vad->last + 1));
	return call_ok(call);
}

enum vmm_status call_placeholder(struct vmm *vmm, struct process *process, struct api_call *call)
{
	const struct vmsim_call *c = call->call;
	enum vmm_status status = c->type & MEM_PRESERVE_PLACEHOLDER
					 ? preserve(vmm, process, call)
					 : coalesce(vmm, process, call);

	if (call->outcome.kind == VMSIM_OUTCOME_SUCCESS) {
		call->outcome.address.offset = call->address & ~(uint64_t)(VMSIM_PAGE_SIZE - 1);
		call->outcome.size = ((call->address + c->size[0] + VMSIM_PAGE_SIZE - 1) &
				      ~(uint64_t)(VMSIM_PAGE_SIZE - 1)) -
				     call->outcome.address.offset;
	}
	return status;
}
