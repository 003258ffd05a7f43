/* call_working_set.c: SetProcessWorkingSetSizeEx and EmptyWorkingSet (semantics 2.8).
 *
 * Limits come in bytes and are kept in whole pages, rounded down. What a process may be promised,
 * and how large it may grow, is measured by all frames there are: what is free at the moment would
 * make results depend on timing (T3). */
#include "vmm/internal.h"

enum {
	MIN_ENABLE = 1,
	MIN_DISABLE = 2,
	MAX_ENABLE = 4,
	MAX_DISABLE = 8,
	KNOWN_FLAGS = 15,
};

#define WS_MIN_FLOOR 20      /* pages */
#define WS_MAX_FLOOR 13      /* pages */
#define SYSTEM_RESERVE 512   /* pages that no maximum may lay claim to */
#define SIZE_ANY UINT64_MAX  /* (SIZE_T)-1 */

static enum vmm_status empty(struct vmm *vmm, struct process *process, struct api_call *call)
{
	working_set_empty(vmm, process, false);
	return call_ok(call);
}

enum vmm_status call_empty_working_set(struct vmm *vmm, struct process *process,
				       struct api_call *call)
{
	return empty(vmm, process, call);
}

static const char *wrong_flags(uint64_t flags)
{
	if (flags & ~(uint64_t)KNOWN_FLAGS)
		return "an unknown flag";
	if ((flags & MIN_ENABLE) && (flags & MIN_DISABLE))
		return "the minimum is to be hard and soft";
	if ((flags & MAX_ENABLE) && (flags & MAX_DISABLE))
		return "the maximum is to be hard and soft";
	return NULL;
}

/* Step 3. */
static const char *wrong_limits(const struct vmm *vmm, uint64_t min, uint64_t max)
{
	if (min == SIZE_ANY || max == SIZE_ANY)
		return "only one of the limits is -1";
	if (!min)
		return "the minimum is 0";
	if (min > max)
		return "the minimum is above the maximum";
	if (max < WS_MAX_FLOOR * VMSIM_PAGE_SIZE)
		return "the maximum is below 13 pages";
	if ((max >> VMSIM_PAGE_SHIFT) + SYSTEM_RESERVE >= vmm->db.frames)
		return "the maximum does not leave 512 pages of memory";
	return NULL;
}

/* Pages promised to the other processes. */
static uint64_t promised(const struct vmm *vmm, const struct process *process)
{
	uint64_t pages = 0;

	for (guint i = 0; i < vmm->processes->len; i++) {
		const struct process *other = g_ptr_array_index(vmm->processes, i);

		if (other != process && !other->exited)
			pages += other->ws_min;
	}
	return pages;
}

/* Steps 5 to 7, on limits in pages. */
static bool refused(struct vmm *vmm, struct process *process, struct api_call *call, uint64_t min,
		    uint64_t max)
{
	uint64_t locked = process->locked_pages + process->locks_promised;

	if ((min > process->ws_min || max > process->ws_max) &&
	    !vmm->config->vmm.increase_working_set_privilege)
		call_fail(call, STATUS_PRIVILEGE_NOT_HELD, "2.8.5",
			  "raising a limit needs SeIncreaseWorkingSetPrivilege");
	else if (min > process->ws_min && min + promised(vmm, process) > vmm->db.frames)
		call_fail(call, STATUS_INSUFFICIENT_RESOURCES, "2.8.6",
			  "other processes are promised too much memory for this minimum");
	else if (max < locked + vmm->config->vmm.lock_overhead)
		call_fail(call, STATUS_BAD_WORKING_SET_LIMIT, "2.8.7",
			  "the maximum has no room for the pages that are locked");
	else
		return false;
	return true;
}

static void set_limits(struct vmm *vmm, struct process *process, uint64_t min, uint64_t max,
		       uint64_t flags)
{
	vmm->hard_minima -= process->hard_min;
	process->ws_min = min;
	process->ws_max = max;
	if (flags & (MIN_ENABLE | MIN_DISABLE))
		process->hard_min = flags & MIN_ENABLE;
	if (flags & (MAX_ENABLE | MAX_DISABLE))
		process->hard_max = flags & MAX_ENABLE;
	vmm->hard_minima += process->hard_min;
	/* A hard maximum binds at once (W1). */
	while (process->hard_max && process->ws_pages > max && replace_own(vmm, process))
		;
}

enum vmm_status call_set_working_set(struct vmm *vmm, struct process *process,
				     struct api_call *call)
{
	uint64_t min = call->call->size[0], max = call->call->size[1];
	uint64_t flags = call->call->number[0];
	const char *wrong = wrong_flags(flags);

	if (wrong)
		return call_fail(call, STATUS_INVALID_PARAMETER, "2.8.1", wrong);
	if (min == SIZE_ANY && max == SIZE_ANY) /* step 2 */
		return empty(vmm, process, call);
	wrong = wrong_limits(vmm, min, max);
	if (wrong)
		return call_fail(call, STATUS_BAD_WORKING_SET_LIMIT, "2.8.3", wrong);
	min = MAX(min >> VMSIM_PAGE_SHIFT, WS_MIN_FLOOR);
	max >>= VMSIM_PAGE_SHIFT;
	if (min > max)
		return call_fail(call, STATUS_BAD_WORKING_SET_LIMIT, "2.8.4",
				 "the maximum is below the least minimum, 20 pages");
	if (refused(vmm, process, call, min, max))
		return VMM_DONE;
	set_limits(vmm, process, min, max, flags);
	return call_ok(call);
}
