/* call_free.c: VirtualFree (semantics 2.4), in both rule sets.
 *
 * What a call may do is decided first, for either rule set, without touching anything; E12 is the
 * table below. So the other rule set's answer is known too, and reported where it differs. */
#include "vmm/internal.h"

enum free_effect { FREE_REFUSED, FREE_DECOMMIT, FREE_RELEASE };

struct free_decision {
	enum free_effect effect;
	uint32_t status;
	const char *rule, *why;
	struct vad *vad;
	vmsim_vpn first, last; /* the pages given up */
};

enum held { ALL_RESERVED, ALL_COMMITTED, MIXED };

/* E12: what `article` refuses of the things `win32` allows: why, by what the pages are. Ranges
 * that run beyond their block, and releases of part of one, fail alike in both. */
static const char *const article_decommit[] = {
	[ALL_RESERVED] = "the pages are not committed",
	[ALL_COMMITTED] = NULL,
	[MIXED] = "some pages are not committed",
};
static const char *const article_release[] = {
	[ALL_RESERVED] = NULL,
	[ALL_COMMITTED] = NULL,
	[MIXED] = "some pages of the block are committed and some are not",
};

static struct free_decision refuse(uint32_t status, const char *rule, const char *why)
{
	return (struct free_decision){FREE_REFUSED, status, rule, why, NULL, 0, 0};
}

/* The decision, unless the article refuses it for what the pages are. */
static struct free_decision unless_article(struct free_decision d, const struct process *process,
					   enum rules rules, const char *const *article)
{
	uint64_t n = pages_committed(process, d.vad, d.first, d.last);
	enum held held = n == 0			      ? ALL_RESERVED
			 : n == d.last - d.first + 1 ? ALL_COMMITTED
						      : MIXED;

	if (rules == RULES_WIN32 || !article[held])
		return d;
	return refuse(STATUS_NOT_COMMITTED, "E12", article[held]);
}

/* A release names its block by size 0; under `article` its exact length does, too (E12). */
static bool names_block(const struct process *process, const struct api_call *call,
			enum rules rules)
{
	const struct vad *vad = vad_find(&process->vads, call->address >> VMSIM_PAGE_SHIFT);
	uint64_t size = call->call->size[0];
	vmsim_vpn first, last;

	if (size == 0)
		return true;
	if (rules == RULES_WIN32 || call->call->type != MEM_RELEASE || !vad ||
	    call->address + (size - 1) < call->address)
		return false;
	call_pages(call->address, size, &first, &last);
	return first == vad->first && last == vad->last;
}

static struct free_decision decide_decommit(const struct process *process,
					    struct free_decision d, bool whole, enum rules rules)
{
	if (vad_is_special(d.vad))
		return refuse(STATUS_MEMORY_NOT_ALLOCATED, "2.4.9",
			      "the block holds physical or large pages");
	if (whole) {
		if (d.first != d.vad->first)
			return refuse(STATUS_FREE_VM_NOT_AT_BASE, "2.4.10",
				      "size 0 names a whole block, by its base");
		d.last = d.vad->last;
	}
	d.effect = FREE_DECOMMIT;
	return unless_article(d, process, rules, article_decommit);
}

static struct free_decision decide(const struct vmm *vmm, const struct process *process,
				   const struct api_call *call, enum rules rules)
{
	const struct vmsim_call *c = call->call;
	vmsim_va hi = vmm->pool.shape->hi;
	bool release = c->type == MEM_RELEASE;
	uint64_t size = c->size[0];
	struct free_decision d = {.vad = NULL};

	if ((c->type & MEM_RELEASE) && !names_block(process, call, rules))
		return refuse(STATUS_INVALID_PARAMETER, "2.4.1",
			      "a release names the whole block: its size must be 0");
	if (c->type != MEM_DECOMMIT && !release)
		return refuse(STATUS_INVALID_PARAMETER_4, "2.4.2",
			      "the free type is neither MEM_DECOMMIT nor MEM_RELEASE");
	if (call->address >= hi || size > hi - call->address)
		return refuse(STATUS_INVALID_PARAMETER_3, "2.4.3",
			      "the range leaves the user address space");
	d.vad = vad_find(&process->vads, call->address >> VMSIM_PAGE_SHIFT);
	if (!d.vad)
		return refuse(STATUS_MEMORY_NOT_ALLOCATED, "2.4.5", "the address is in no block");
	call_pages(call->address, size ? size : 1, &d.first, &d.last);
	if (d.last > d.vad->last)
		return refuse(STATUS_UNABLE_TO_FREE_VM, "2.4.6",
			      "the range runs past the end of its block");
	if (d.vad->segment)
		return refuse(STATUS_UNABLE_TO_DELETE_SECTION, "2.4.7",
			      "the block is a view: UnmapViewOfFile gives it back");
	if (!release)
		return decide_decommit(process, d, size == 0, rules);
	if (d.first != d.vad->first)
		return refuse(STATUS_FREE_VM_NOT_AT_BASE, "2.4.8",
			      "a block is released by its base");
	d.effect = FREE_RELEASE;
	d.last = d.vad->last;
	return unless_article(d, process, rules, article_release);
}

static void report_difference(struct vmm *vmm, const struct free_decision *other)
{
	struct vmsim_record record = {
		.kind = VMSIM_RECORD_RULES_DIFFER,
		.call = "VirtualFree",
		.error = other->effect == FREE_REFUSED
				 ? vmsim_error_name(vmsim_status_to_error(other->status))
				 : "ERROR_SUCCESS",
		.rule = "E12",
		.why = other->effect == FREE_REFUSED ? other->why : "the other rule set allows it",
	};

	events_emit(vmm->events, &record);
}

/* E13, page by page: markers, so that a zero entry does not mean committed again (V3). */
static enum vmm_status decommit(struct vmm *vmm, struct process *process, struct api_call *call,
				const struct free_decision *d)
{
	struct page_run run = {.vmm = vmm, .cause = "VirtualFree"};
	struct vad *vad = d->vad;
	uint64_t committed = pages_committed(process, vad, d->first, d->last);
	enum vmm_status status;

	if (vad->commit_at_reserve &&
	    !call_tables(vmm, process, call, d->first, d->last, &status)) {
		if (status != VMM_DONE)
			call_charge(vmm, process, call, -(int64_t)committed);
		return status;
	}
	call_charge(vmm, process, call, -(int64_t)committed);
	for (vmsim_vpn vpn = d->first; vpn <= d->last;) {
		struct pt_span span = pt_span_at(&process->pt, vpn, d->last + 1);

		for (uint64_t i = 0; span.node && i < span.n; i++) {
			pte_t pte = span.node->entry[span.index + i];

			if (!page_is_committed(vad, vpn + i, pte))
				continue;
			page_delete(vmm, process, vpn + i, page_effective(vad, pte));
			pt_span_set(&span, i, pte_make_decommitted());
			page_run_add(&run, vpn + i, 1, STATE_COMMITTED, STATE_RESERVED);
		}
		vpn += span.n;
	}
	page_run_end(&run);
	vad->committed -= committed;
	vmm->work.decommitted += committed;
	call_charged(process, call);
	call_remember(vmm, process, call, d->first, d->last);
	return call_ok(call);
}

static enum vmm_status release(struct vmm *vmm, struct process *process, struct api_call *call,
			       struct vad *vad)
{
	struct page_run run = {.vmm = vmm, .cause = "VirtualFree"};
	vmsim_vpn first = vad->first, last = vad->last;

	pages_release(vmm, process, vad, &run);
	page_run_end(&run);
	vad_remove(&process->vads, vad);
	stats_reserved(vmm->stats, process->account, -(int64_t)(last - first + 1));
	pt_prune(&process->pt, first, last + 1, frame_free_table, vmm);
	call_remember(vmm, process, call, first, last);
	return call_ok(call);
}

enum vmm_status call_free(struct vmm *vmm, struct process *process, struct api_call *call)
{
	enum rules rules = (enum rules)vmm->config->rules;
	struct free_decision d = decide(vmm, process, call, rules);

	if (!call->begun && events_wanted(vmm->events, VMSIM_RECORD_RULES_DIFFER)) {
		enum rules others = rules == RULES_WIN32 ? RULES_ARTICLE : RULES_WIN32;
		struct free_decision other = decide(vmm, process, call, others);

		if (other.effect != d.effect ||
		    vmsim_status_to_error(other.status) != vmsim_status_to_error(d.status))
			report_difference(vmm, &other);
	}
	call->begun = true;
	switch (d.effect) {
	case FREE_DECOMMIT:
		return decommit(vmm, process, call, &d);
	case FREE_RELEASE:
		return release(vmm, process, call, d.vad);
	default:
		return call_fail(call, d.status, d.rule, d.why);
	}
}
