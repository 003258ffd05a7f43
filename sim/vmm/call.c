/* call.c: what all calls share (semantics section 2). */
#include "vmm/check.h"

enum vmm_status call_fail(struct api_call *call, uint32_t status, const char *rule,
			  const char *why)
{
	bool native = vmsim_calls[call->call->id].result == VMSIM_NTSTAT;

	call->outcome = (struct vmsim_outcome){
		.kind = VMSIM_OUTCOME_FAILURE,
		.error = native ? status : vmsim_status_to_error(status)};
	call->status = status;
	call->rule = rule;
	call->why = why;
	return VMM_DONE;
}

enum vmm_status call_code(struct api_call *call, uint32_t status)
{
	call->outcome = (struct vmsim_outcome){.kind = VMSIM_OUTCOME_FAILURE,
					       .error = vmsim_status_to_error(status)};
	call->status = status;
	return VMM_DONE;
}

bool call_refuse(struct api_call *call, uint32_t status, const char *rule, const char *why)
{
	call_fail(call, status, rule, why);
	return false;
}

enum vmm_status call_ok(struct api_call *call)
{
	call->outcome.kind = VMSIM_OUTCOME_SUCCESS;
	return VMM_DONE;
}

void call_pages(vmsim_va address, uint64_t size, vmsim_vpn *first, vmsim_vpn *last)
{
	*first = address >> VMSIM_PAGE_SHIFT;
	*last = (address + (size - 1)) >> VMSIM_PAGE_SHIFT;
}

bool call_size_bad(const struct vmm *vmm, vmsim_va address, uint64_t size)
{
	vmsim_va hi = vmm->pool.shape->hi;

	return address > hi || size > hi + 1 - address || size == 0;
}

bool call_tables(struct vmm *vmm, struct process *process, struct api_call *call, vmsim_vpn first,
		 vmsim_vpn last, enum vmm_status *status)
{
	bool fits = true;

	*status = pages_build(vmm, process, first, last, &call->io,
			      call->tables_asked ? NULL : &fits);
	call->tables_asked = true;
	if (!fits)
		*status = call_fail(call, STATUS_NO_MEMORY, "C4",
				    "no memory for the page tables it needs");
	return fits && *status == VMM_DONE;
}

void call_charge(struct vmm *vmm, struct process *process, struct api_call *call, int64_t delta)
{
	if (call->charged || !delta)
		return;
	call->charged = delta;
	process->charged_ahead += delta;
	pages_charge(vmm, process, delta);
}

void call_charged(struct process *process, struct api_call *call)
{
	process->charged_ahead -= call->charged;
}

void call_remember(struct vmm *vmm, struct process *process, struct api_call *call,
		   vmsim_vpn first, vmsim_vpn last)
{
	struct range_value value = {vmm->events->seq, vmm->events->line,
				    vmsim_calls[call->call->id].name};

	range_map_assign(process->freed, first, last, value);
}

enum vmm_status vmm_call(struct vmm *vmm, struct process *process, struct api_call *call)
{
	static call_fn *const table[VMSIM_N_CALLS] = {
		[VMSIM_CALL_VIRTUAL_ALLOC] = call_alloc,
		[VMSIM_CALL_VIRTUAL_ALLOC2] = call_alloc,
		[VMSIM_CALL_NT_ALLOCATE] = call_alloc,
		[VMSIM_CALL_VIRTUAL_FREE] = call_free,
		[VMSIM_CALL_NT_FREE] = call_free,
		[VMSIM_CALL_PREFETCH] = call_prefetch,
		[VMSIM_CALL_VIRTUAL_PROTECT] = call_protect,
		[VMSIM_CALL_VIRTUAL_QUERY] = call_query,
		[VMSIM_CALL_VIRTUAL_LOCK] = call_lock,
		[VMSIM_CALL_VIRTUAL_UNLOCK] = call_unlock,
		[VMSIM_CALL_SET_WORKING_SET] = call_set_working_set,
		[VMSIM_CALL_EMPTY_WORKING_SET] = call_empty_working_set,
		[VMSIM_CALL_CREATE_FILE_MAPPING] = call_create_section,
		[VMSIM_CALL_MAP_VIEW] = call_map_view,
		[VMSIM_CALL_UNMAP_VIEW] = call_unmap_view,
		[VMSIM_CALL_CLOSE_HANDLE] = call_close_handle,
		[VMSIM_CALL_EXIT_PROCESS] = call_exit,
		[VMSIM_CALL_OFFER] = call_offer,
		[VMSIM_CALL_RECLAIM] = call_reclaim,
		[VMSIM_CALL_DISCARD] = call_discard,
		[VMSIM_CALL_GET_WRITE_WATCH] = call_get_watch,
		[VMSIM_CALL_RESET_WRITE_WATCH] = call_reset_watch,
	};

	enum vmm_status status;

	g_assert(table[call->call->id]);
	if (vmm->audit)
		audit_step_begin(vmm, process, call);
	status = table[call->call->id](vmm, process, call);
	if (vmm->audit)
		audit_step_end(vmm, status);
	return status;
}

void api_call_fini(struct api_call *call)
{
	if (call->newly_locked)
		g_array_unref(call->newly_locked);
	call->newly_locked = NULL;
	g_clear_pointer(&call->outcome.pages, g_free);
}

/* The whole address space: what changes many pages, or any. */
static bool everything(vmsim_vpn *first, vmsim_vpn *last)
{
	*first = 0;
	*last = UINT64_MAX;
	return true;
}

static bool block_or_page(const struct vad *vad, vmsim_va address, vmsim_vpn *first,
			  vmsim_vpn *last)
{
	*first = vad ? vad->first : address >> VMSIM_PAGE_SHIFT;
	*last = vad ? vad->last : *first;
	return true;
}

static bool reserves(const struct vmsim_call *call)
{
	return (call->id == VMSIM_CALL_VIRTUAL_ALLOC || call->id == VMSIM_CALL_VIRTUAL_ALLOC2 ||
		call->id == VMSIM_CALL_NT_ALLOCATE) &&
	       (call->type & MEM_RESERVE);
}

bool vmm_call_range(const struct vmm *vmm, const struct process *process,
		    const struct vmsim_call *call, vmsim_va address, vmsim_vpn *first,
		    vmsim_vpn *last)
{
	const struct vad *vad = vad_find(&process->vads, address >> VMSIM_PAGE_SHIFT);

	switch (call->id) {
	case VMSIM_CALL_EXIT_PROCESS:
	case VMSIM_CALL_SET_WORKING_SET:
	case VMSIM_CALL_EMPTY_WORKING_SET:
		return everything(first, last);
	case VMSIM_CALL_VIRTUAL_QUERY:
	case VMSIM_CALL_UNMAP_VIEW:
	case VMSIM_CALL_INJECT_ERROR:
		return block_or_page(vad, address, first, last);
	case VMSIM_CALL_VIRTUAL_FREE:
	case VMSIM_CALL_NT_FREE:
		/* Placeholders that are joined are several blocks. Where there is no block, one may
		 * be on its way. */
		if (((call->type & MEM_RELEASE) || !call->size[0]) &&
		    !(call->type & MEM_COALESCE_PLACEHOLDERS))
			return block_or_page(vad, address, first, last);
		break;
	case VMSIM_CALL_VIRTUAL_ALLOC:
	case VMSIM_CALL_VIRTUAL_ALLOC2:
	case VMSIM_CALL_NT_ALLOCATE:
	case VMSIM_CALL_MAP_VIEW:
		if (!address) /* free pages, wherever */
			return false;
		break;
	case VMSIM_CALL_CREATE_FILE_MAPPING:
	case VMSIM_CALL_CLOSE_HANDLE:
	case VMSIM_CALL_CREATE_PROCESS:
	case VMSIM_CALL_MARK:
	case VMSIM_CALL_THREAD_STACK:
	case VMSIM_CALL_THREAD_PRIORITY:
		return false;
	case VMSIM_CALL_PREFETCH:
		return prefetch_range(vmm, address, call->size[0], first, last);
	default:
		break;
	}
	if (call_size_bad(vmm, address, call->size[0]))
		return false;
	if (call->type & (MEM_RESET | MEM_RESET_UNDO)) {
		vmsim_vpn end = (address + call->size[0]) >> VMSIM_PAGE_SHIFT;

		*first = (address + VMSIM_PAGE_SIZE - 1) >> VMSIM_PAGE_SHIFT;
		*last = end - 1;
		return *first < end;
	}
	call_pages(address, call->size[0], first, last);
	if (reserves(call))
		*first &= ~(VMSIM_GRANULARITY_PAGES - 1);
	return true;
}
