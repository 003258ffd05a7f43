/* call_free.c: VirtualFree and NtFreeVirtualMemory (semantics 2.4), in both rule sets.
 *
 * What a call may do is decided first, for either rule set, without touching anything. So the other
 * rule set's answer is known too, and reported where it differs. The rule sets differ by E12 alone,
 * which is the table below; what E12 says below its table is in reach_of(). What concerns
 * placeholders is in call_placeholder.c. */
#include "vmm/internal.h"

/* What the pages of a range are, in its first block. */
enum held { ALL_RESERVED, ALL_COMMITTED, MIXED };

/* How a range lies to the block that it begins in. */
enum reach { PART, WHOLE, BEYOND };

enum verdict {
	OK,
	E487,     /* wrong page state */
	E87,      /* wrong range: beyond the block */
	NOT_WHOLE /* wrong range for a release: 87 by its size, 487 by its address when that is 0 */
};

/* E12. */
static const struct {
	enum verdict decommit_win32, decommit_article, release_win32, release_article;
} e12[][3] = {
	/* pages in range, range       decommit           release
	 *                             win32   article    win32      article */
	[ALL_RESERVED] =  {[PART] =   {OK,     E487,      NOT_WHOLE, NOT_WHOLE},
			   [WHOLE] =  {OK,     E487,      OK,        OK},
			   [BEYOND] = {E87,    E87,       E87,       E87}},
	[ALL_COMMITTED] = {[PART] =   {OK,     OK,        NOT_WHOLE, NOT_WHOLE},
			   [WHOLE] =  {OK,     OK,        OK,        OK},
			   [BEYOND] = {E87,    E87,       E87,       E87}},
	[MIXED] =         {[PART] =   {OK,     E487,      NOT_WHOLE, NOT_WHOLE},
			   [WHOLE] =  {OK,     E487,      OK,        E487},
			   [BEYOND] = {E87,    E87,       E87,       E87}},
};

enum free_effect { FREE_REFUSED, FREE_DECOMMIT, FREE_RELEASE };

struct free_decision {
	enum free_effect effect;
	uint32_t status;
	const char *rule, *why;
	struct vad *vad;
	vmsim_vpn first, last; /* the pages given up */
};

/* A call, as the decision sees it. */
struct free_request {
	const struct process *process;
	struct vad *vad; /* the block that the range begins in, or NULL */
	vmsim_vpn first; /* the range; size 0 is the whole block */
	vmsim_vpn last;
	uint64_t size;
	bool release, native;
	bool pieces; /* part of a private block may be released (E11) */
	enum rules rules;
};

static struct free_decision refuse(uint32_t status, const char *rule, const char *why)
{
	return (struct free_decision){FREE_REFUSED, status, rule, why, NULL, 0, 0};
}

static struct free_decision allow(const struct free_request *r)
{
	return (struct free_decision){r->release ? FREE_RELEASE : FREE_DECOMMIT, 0, NULL, NULL,
				      r->vad, r->first, r->last};
}

/* How the range lies to its block. The sentences below E12's table: a release of the exact length
 * is whole under `article`, as the native service has it in both rule sets, which knows no step 1;
 * beyond is beyond, whatever the next block holds. */
static enum reach reach_of(const struct free_request *r)
{
	if (r->last > r->vad->last)
		return BEYOND;
	if (r->size == 0 && r->release)
		return r->first == r->vad->first ? WHOLE : PART;
	return r->first == r->vad->first && r->last == r->vad->last ? WHOLE : PART;
}

static enum held held_of(const struct free_request *r)
{
	vmsim_vpn last = MIN(r->last, r->vad->last);
	uint64_t n = pages_committed(r->process, r->vad, r->first, last);

	return n == 0 ? ALL_RESERVED : n == last - r->first + 1 ? ALL_COMMITTED : MIXED;
}

/* E11: the native service releases part of a private block, by the states of its pages as if that
 * were a block of its own. */
static enum verdict verdict_of(const struct free_request *r, enum reach reach)
{
	bool article = r->rules == RULES_ARTICLE;
	enum held held = held_of(r);

	if (r->pieces && reach == PART && r->size && r->vad->kind == VAD_PRIVATE)
		reach = WHOLE;
	if (r->release)
		return article ? e12[held][reach].release_article : e12[held][reach].release_win32;
	return article ? e12[held][reach].decommit_article : e12[held][reach].decommit_win32;
}

/* Which step refuses a release that does not name its whole block. */
static struct free_decision not_whole(const struct free_request *r)
{
	if (r->first != r->vad->first && (!r->size || r->native))
		return refuse(STATUS_FREE_VM_NOT_AT_BASE, "2.4.8",
			      "a block is released by its base");
	return refuse(STATUS_UNABLE_TO_FREE_VM, "E11", "a block is released as a whole");
}

/* Steps 6 to 10, and E12. */
static struct free_decision decide_in_block(const struct free_request *r)
{
	enum reach reach = reach_of(r);
	enum verdict verdict = verdict_of(r, reach);

	if (verdict == E87)
		return refuse(STATUS_UNABLE_TO_FREE_VM, "2.4.6",
			      "the range runs past the end of its block");
	if (r->vad->segment)
		return refuse(r->release ? STATUS_UNABLE_TO_DELETE_SECTION
					 : STATUS_UNABLE_TO_FREE_VM, "2.4.7",
			      "the block is a view: that is unmapped");
	if (verdict == NOT_WHOLE)
		return not_whole(r);
	if (!r->release && vad_is_special(r->vad))
		return refuse(STATUS_MEMORY_NOT_ALLOCATED, "2.4.9",
			      "the block holds physical or large pages");
	if (!r->release && !r->size && r->first != r->vad->first)
		return refuse(STATUS_FREE_VM_NOT_AT_BASE, "2.4.10",
			      "size 0 names a whole block, by its base");
	if (verdict == E487)
		return refuse(STATUS_NOT_COMMITTED, "E12",
			      r->release ? "some pages of the block are committed and some are not"
					 : "not every page of the range is committed");
	return allow(r);
}

/* Step 1, which is the wrapper's: a release names its block by size 0; under `article` its exact
 * length does, too (E12). */
static bool size_names_block(const struct free_request *r)
{
	return r->native || !r->size ||
	       (r->release && r->rules == RULES_ARTICLE && r->vad && reach_of(r) == WHOLE);
}

static struct free_decision decide(const struct vmm *vmm, const struct process *process,
				   const struct api_call *call, enum rules rules)
{
	const struct vmsim_call *c = call->call;
	vmsim_va hi = vmm->pool.shape->hi;
	uint64_t size = c->size[0];
	bool wraps = size && call->address + (size - 1) < call->address;
	struct free_request r = {
		.process = process,
		.vad = wraps ? NULL : vad_find(&process->vads, call->address >> VMSIM_PAGE_SHIFT),
		.size = size,
		.release = c->type == MEM_RELEASE,
		.native = c->id == VMSIM_CALL_NT_FREE,
		.pieces = c->id == VMSIM_CALL_NT_FREE && vmm->config->vmm.nt_partial_release,
		.rules = rules,
	};

	call_pages(call->address, size ? size : 1, &r.first, &r.last);
	if (!size && r.vad)
		r.last = r.vad->last;
	if ((c->type & MEM_RELEASE) && !size_names_block(&r))
		return refuse(STATUS_INVALID_PARAMETER, "2.4.1",
			      "a release names the whole block: its size must be 0");
	if (c->type != MEM_DECOMMIT && !r.release)
		return refuse(STATUS_INVALID_PARAMETER_4, "2.4.2",
			      "the free type is neither MEM_DECOMMIT nor MEM_RELEASE");
	if (call->address >= hi || size > hi - call->address)
		return refuse(STATUS_INVALID_PARAMETER_3, "2.4.3",
			      "the range leaves the user address space");
	if (!r.vad)
		return refuse(STATUS_MEMORY_NOT_ALLOCATED, "2.4.5", "the address is in no block");
	return decide_in_block(&r);
}

/* --- carrying it out ------------------------------------------------------------------------- */

static void report_difference(struct vmm *vmm, const struct api_call *call,
			      const struct free_decision *other)
{
	bool refused = other->effect == FREE_REFUSED, native = call->call->id == VMSIM_CALL_NT_FREE;
	uint32_t error = vmsim_status_to_error(other->status);
	struct vmsim_record record = {
		.kind = VMSIM_RECORD_RULES_DIFFER,
		.call = vmsim_calls[call->call->id].name,
		.error = native ? vmsim_status_name(other->status) : vmsim_error_name(error),
		.rule = "E12",
		.why = refused ? other->why : "the other rule set allows it",
	};

	events_emit(vmm->events, &record);
}

/* The pages given up, as the native service tells its caller. */
static enum vmm_status done(struct vmm *vmm, struct process *process, struct api_call *call,
			    vmsim_vpn first, vmsim_vpn last)
{
	call_remember(vmm, process, call, first, last);
	call->outcome.address.offset = first << VMSIM_PAGE_SHIFT;
	call->outcome.size = (last - first + 1) << VMSIM_PAGE_SHIFT;
	return call_ok(call);
}

/* E13, page by page: markers, so that a zero entry does not mean committed again (V3). */
static enum vmm_status decommit(struct vmm *vmm, struct process *process, struct api_call *call,
				const struct free_decision *d)
{
	struct page_run run = {.vmm = vmm, .cause = vmsim_calls[call->call->id].name};
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
	status = done(vmm, process, call, d->first, d->last);
	if (!call->call->size[0]) /* Windows gives back the 0 it was told, though it is the block */
		call->outcome.size = 0;
	return status;
}

/* The block loses pages that were given up: it goes, shrinks, or becomes two (E11). */
static void cut(struct process *process, struct vad *vad, vmsim_vpn first, vmsim_vpn last)
{
	struct vad_tree *vads = &process->vads;
	struct vad *rest;
	uint64_t after;

	if (first == vad->first && last == vad->last) {
		vad_remove(vads, vad);
	} else if (first == vad->first) {
		vad_resize(vads, vad, last + 1, vad->last);
	} else if (last == vad->last) {
		vad_resize(vads, vad, vad->first, first - 1);
	} else {
		after = pages_committed(process, vad, last + 1, vad->last);
		rest = vad_split(vads, vad, last + 1);
		rest->committed = after;
		vad->committed -= after;
		vad_resize(vads, vad, vad->first, first - 1);
	}
}

static enum vmm_status release(struct vmm *vmm, struct process *process, struct api_call *call,
			       const struct free_decision *d)
{
	struct page_run run = {.vmm = vmm, .cause = vmsim_calls[call->call->id].name};

	pages_free(vmm, process, d->vad, d->first, d->last, STATE_FREE, &run);
	page_run_end(&run);
	cut(process, d->vad, d->first, d->last);
	stats_reserved(vmm->stats, process->account, -(int64_t)(d->last - d->first + 1));
	tables_release(vmm, process, d->first, d->last);
	return done(vmm, process, call, d->first, d->last);
}

enum vmm_status call_free(struct vmm *vmm, struct process *process, struct api_call *call)
{
	uint32_t type = call->call->type, forms = type & ~(uint32_t)MEM_RELEASE;
	enum rules rules = (enum rules)vmm->config->rules;
	struct free_decision d;

	if ((type & MEM_RELEASE) &&
	    (forms == MEM_PRESERVE_PLACEHOLDER || forms == MEM_COALESCE_PLACEHOLDERS))
		return call_placeholder(vmm, process, call);
	d = decide(vmm, process, call, rules);
	if (!call->begun && events_wanted(vmm->events, VMSIM_RECORD_RULES_DIFFER)) {
		enum rules others = rules == RULES_WIN32 ? RULES_ARTICLE : RULES_WIN32;
		struct free_decision other = decide(vmm, process, call, others);

		if (other.effect != d.effect ||
		    vmsim_status_to_error(other.status) != vmsim_status_to_error(d.status))
			report_difference(vmm, call, &other);
	}
	call->begun = true;
	switch (d.effect) {
	case FREE_DECOMMIT:
		return decommit(vmm, process, call, &d);
	case FREE_RELEASE:
		return release(vmm, process, call, &d);
	default:
		return call_fail(call, d.status, d.rule, d.why);
	}
}
