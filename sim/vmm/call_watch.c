/* call_watch.c: GetWriteWatch and ResetWriteWatch (semantics 2.11). */
#include "vmm/internal.h"

#define WATCH_RESET 1 /* WRITE_WATCH_FLAG_RESET */

/* The watched block that holds a range of pages, or NULL. => size > 0 */
static struct vad *watched(const struct vmm *vmm, const struct process *process,
			   const struct api_call *call, vmsim_vpn *first, vmsim_vpn *last)
{
	struct vad *vad;

	if (call_size_bad(vmm, call->address, call->call->size[0]))
		return NULL;
	call_pages(call->address, call->call->size[0], first, last);
	vad = vad_find(&process->vads, *first);
	return vad && vad->written && *last <= vad->last ? vad : NULL;
}

/* E16: the addresses of written pages, ascending, at most so many. With WATCH_RESET the span that
 * was looked at counts as not written any more: those reported are all that was in it. */
static void report_written(struct vmm *vmm, struct process *process, struct api_call *call,
			   struct vad *vad, vmsim_vpn first, vmsim_vpn last)
{
	uint64_t most = call->call->number[1];
	GArray *pages = g_array_new(FALSE, FALSE, sizeof(struct vmsim_addr));
	vmsim_vpn next = first;

	while (pages->len < most && next <= last) {
		struct vmsim_addr page;

		next = watch_find(process, vad, next, last);
		if (next > last)
			break;
		page = (struct vmsim_addr){next++ << VMSIM_PAGE_SHIFT, 0};
		g_array_append_val(pages, page);
	}
	if (call->call->number[0] == WATCH_RESET && next > first)
		watch_clear(vmm, process, vad, first, next - 1);
	vmm->work.watched += MIN(next, last + 1) - first;
	call->outcome.n_pages = pages->len;
	call->outcome.pages = (struct vmsim_addr *)(void *)g_array_free(pages, FALSE);
}

enum vmm_status call_get_watch(struct vmm *vmm, struct process *process, struct api_call *call)
{
	const struct vmsim_call *c = call->call;
	vmsim_vpn first, last;
	struct vad *vad;

	if (c->no_buffer)
		return call_fail(call, STATUS_ACCESS_VIOLATION, "2.11",
				 "there is nowhere to put the number of pages");
	if (!c->number[1] || !c->size[0])
		return call_fail(call, STATUS_INVALID_PARAMETER, "2.11",
				 c->size[0] ? "no address is asked for" : "the size is 0");
	if (c->number[0] > WATCH_RESET)
		return call_fail(call, STATUS_INVALID_PARAMETER, "2.11",
				 "the flags are neither 0 nor 1");
	if (c->no_addresses)
		return call_fail(call, STATUS_ACCESS_VIOLATION, "2.11",
				 "there is nowhere to put the addresses");
	vad = watched(vmm, process, call, &first, &last);
	if (!vad)
		return call_fail(call, STATUS_INVALID_PARAMETER, "2.11",
				 "the range is not inside one write-watch block");
	report_written(vmm, process, call, vad, first, last);
	return call_ok(call);
}

enum vmm_status call_reset_watch(struct vmm *vmm, struct process *process, struct api_call *call)
{
	uint64_t size = call->call->size[0];
	vmsim_vpn first, last;
	struct vad *vad = size ? watched(vmm, process, call, &first, &last) : NULL;

	if (!vad)
		return call_fail(call, STATUS_INVALID_PARAMETER, "2.11",
				 size ? "the range is not inside one write-watch block"
				      : "the size is 0");
	watch_clear(vmm, process, vad, first, last);
	vmm->work.watched += last - first + 1;
	return call_ok(call);
}
