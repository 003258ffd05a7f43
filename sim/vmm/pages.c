/* pages.c: ranges of a block's pages. */
#include "vmm/internal.h"

const char *const state_names[3] = {"free", "reserved", "committed"};

uint64_t view_alike(const struct process *process, const struct vad *vad, vmsim_vpn vpn,
		    vmsim_vpn last)
{
	struct pt_span span = pt_span_at(&process->pt, vpn, last + 1);
	vmsim_vpn index = vad_index(vad, vpn);

	return span.node ? 1 : segment_alike(vad->segment, index, index + span.n);
}

/* A page of a view is committed when the section's is, or when it was copied. */
static uint64_t view_pages_committed(const struct process *process, const struct vad *vad,
				     vmsim_vpn first, vmsim_vpn last)
{
	uint64_t n = 0, alike;

	if (!vad->segment->reserve)
		return last - first + 1;
	for (vmsim_vpn vpn = first; vpn <= last; vpn += alike) {
		alike = view_alike(process, vad, vpn, last);
		if (page_is_committed(vad, vpn, pt_get(&process->pt, vpn)))
			n += alike;
	}
	return n;
}

uint64_t pages_committed(const struct process *process, const struct vad *vad, vmsim_vpn first,
			 vmsim_vpn last)
{
	uint64_t n = 0;

	if (vad->segment)
		return view_pages_committed(process, vad, first, last);
	if (first == vad->first && last == vad->last)
		return vad->committed;
	for (vmsim_vpn vpn = first; vpn <= last;) {
		struct pt_span span = pt_span_at(&process->pt, vpn, last + 1);

		if (!span.node)
			n += vad->commit_at_reserve ? span.n : 0;
		for (uint64_t i = 0; span.node && i < span.n; i++)
			n += page_is_committed(vad, vpn + i,
					       span.node->entry[span.index + i]);
		vpn += span.n;
	}
	return n;
}

void page_run_end(struct page_run *run)
{
	struct vmsim_record record = {
		.kind = VMSIM_RECORD_PAGE_STATE,
		.va = run->first << VMSIM_PAGE_SHIFT,
		.pages = run->n,
		.from = run->from,
		.to = run->to,
		.cause = run->cause,
	};

	if (run->n && events_wanted(run->vmm->events, VMSIM_RECORD_PAGE_STATE))
		events_emit(run->vmm->events, &record);
	run->n = 0;
}

void page_run_add(struct page_run *run, vmsim_vpn vpn, uint64_t n, const char *from,
		  const char *to)
{
	if (!n)
		return;
	if (run->n && (run->first + run->n != vpn || run->from != from || run->to != to))
		page_run_end(run);
	if (!run->n) {
		run->first = vpn;
		run->from = from;
		run->to = to;
	}
	run->n += n;
}

void pages_charge(struct vmm *vmm, struct process *process, int64_t delta)
{
	vmm->charge += (uint64_t)delta;
	process->committed += (uint64_t)delta;
	stats_committed(vmm->stats, process->account, delta);
	if (delta > 0)
		limit_meet(vmm);
}

bool pages_over_limit(struct vmm *vmm, uint64_t n)
{
	return n && (n > vmm->limit || vmm->charge > vmm->limit - n) && !limit_can_grow(vmm, n);
}

/* One entry of a committed page, given up. */
static void release_entry(struct vmm *vmm, struct process *process, struct vad *vad,
			  vmsim_vpn vpn, pte_t pte)
{
	page_delete(vmm, process, vpn, page_effective(vad, pte));
}

void view_states(const struct vad *vad, vmsim_vpn vpn, uint64_t n, const char *from,
		 const char *to, struct page_run *run)
{
	const vmsim_vpn end = vad_index(vad, vpn) + n;
	uint64_t alike;

	for (vmsim_vpn index = vad_index(vad, vpn); index < end; index += alike, vpn += alike) {
		const char *is = segment_committed(vad->segment, index) ? STATE_COMMITTED
									: STATE_RESERVED;

		alike = segment_alike(vad->segment, index, end);
		page_run_add(run, vpn, alike, from ? from : is, from ? is : to);
	}
}

/* Pages without a page table. */
static void absent_free(struct vad *vad, vmsim_vpn vpn, uint64_t n, const char *to,
			struct page_run *run)
{
	bool committed = vad->commit_at_reserve || vad->segment;

	if (!vad->segment || !vad->segment->reserve) {
		if (committed || to != STATE_RESERVED)
			page_run_add(run, vpn, n, committed ? STATE_COMMITTED : STATE_RESERVED, to);
		return;
	}
	view_states(vad, vpn, n, NULL, to, run);
}

void pages_free(struct vmm *vmm, struct process *process, struct vad *vad, vmsim_vpn first,
		vmsim_vpn last, const char *to, struct page_run *run)
{
	bool whole = first == vad->first && last == vad->last;
	uint64_t committed = whole ? vad->committed : pages_committed(process, vad, first, last);

	if (vad->kind == VAD_LARGE)
		large_unmap(vmm, process, vad);
	for (vmsim_vpn vpn = first; vpn <= last;) {
		struct pt_span span = pt_span_at(&process->pt, vpn, last + 1);

		if (!span.node)
			absent_free(vad, vpn, span.n, to, run);
		for (uint64_t i = 0; span.node && i < span.n; i++) {
			pte_t pte = span.node->entry[span.index + i];
			bool was = page_is_committed(vad, vpn + i, pte);

			if (was || to != STATE_RESERVED)
				page_run_add(run, vpn + i, 1,
					     was ? STATE_COMMITTED : STATE_RESERVED, to);
			if (was)
				release_entry(vmm, process, vad, vpn + i, pte);
			pt_span_set(&span, i, 0);
		}
		vpn += span.n;
	}
	vad->committed -= committed;
	vmm->work.decommitted += committed;
	pages_charge(vmm, process, -(int64_t)committed);
}
