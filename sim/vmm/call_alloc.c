/* call_alloc.c: VirtualAlloc, VirtualAlloc2 and NtAllocateVirtualMemory (semantics 2.3). The steps
 * of the table stand in its order; the native service knows all but the first. */
#include "vmm/internal.h"

#define TYPE_KNOWN                                                                           \
	((uint32_t)(MEM_COMMIT | MEM_RESERVE | MEM_RESET | MEM_TOP_DOWN | MEM_WRITE_WATCH |  \
		    MEM_PHYSICAL | MEM_RESET_UNDO | MEM_LARGE_PAGES))
#define TYPE_PLACEHOLDER ((uint32_t)(MEM_RESERVE_PLACEHOLDER | MEM_REPLACE_PLACEHOLDER))

/* The pages acted on, as the caller is told them (V9). */
static enum vmm_status done(struct api_call *call, vmsim_vpn first, vmsim_vpn last)
{
	call->outcome.address.offset = first << VMSIM_PAGE_SHIFT;
	call->outcome.size = (last - first + 1) << VMSIM_PAGE_SHIFT;
	return call_ok(call);
}

/* --- what may be asked for ------------------------------------------------------------------- */

/* Why a type is refused, or NULL. */
static const char *bad_type(uint32_t type, uint32_t known, uint32_t protect, const char **rule)
{
	uint32_t reset = type & (MEM_RESET | MEM_RESET_UNDO);

	*rule = "2.3.2";
	if (type & ~known)
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

/* What VirtualAlloc2 asks of placeholders. => only called where its bits mean that */
static const char *bad_placeholder(uint32_t type, uint32_t protect)
{
	uint32_t besides = (uint32_t)(MEM_RESERVE | MEM_RESERVE_PLACEHOLDER | MEM_TOP_DOWN);

	if ((type & MEM_RESERVE_PLACEHOLDER) &&
	    (!(type & MEM_RESERVE) || (type & ~besides) || protect != PAGE_NOACCESS))
		return "MEM_RESERVE_PLACEHOLDER goes with MEM_RESERVE and PAGE_NOACCESS only";
	if ((type & MEM_REPLACE_PLACEHOLDER) &&
	    (!(type & MEM_RESERVE) || (type & (uint32_t)(MEM_LARGE_PAGES | MEM_PHYSICAL))))
		return "MEM_REPLACE_PLACEHOLDER goes with MEM_RESERVE, for ordinary pages";
	return NULL;
}

/* V12: bounds are those of whole units: the lowest of blocks, the highest of pages. */
static const char *bad_bounds(const struct vmm *vmm, const struct vmsim_call *c)
{
	uint64_t lowest = c->number[0], highest = c->number[1], hi = vmm->pool.shape->hi;
	uint64_t unit = c->type & MEM_LARGE_PAGES ? LARGE_PAGE * VMSIM_PAGE_SIZE
						  : VMSIM_GRANULARITY;

	if (lowest % unit || lowest > hi)
		return "the lowest address is none that an allocation may begin at";
	if (highest && ((highest + 1) % VMSIM_PAGE_SIZE || highest > hi || highest <= lowest))
		return "the highest address is none that an allocation may end at";
	return NULL;
}

/* Where VirtualAlloc2 may be told to allocate (V12). What replaces a placeholder lies where that
 * does, and those are split at any page. */
static const char *bad_place(const struct vmm *vmm, const struct api_call *call)
{
	const struct vmsim_call *c = call->call;
	uint64_t lowest = c->number[0], highest = c->number[1], align = c->number[2];
	bool replaces = c->type & MEM_REPLACE_PLACEHOLDER;

	if (call->address % (replaces ? VMSIM_PAGE_SIZE : VMSIM_GRANULARITY))
		return replaces ? "the base is not that of a page"
				: "the base is not a multiple of the allocation granularity";
	if (c->size[0] % VMSIM_PAGE_SIZE)
		return "the size is not a multiple of the page size";
	if (call->address && (lowest || highest || align))
		return "address requirements are for a base that is left open";
	if (align && (align < VMSIM_GRANULARITY || (align & (align - 1))))
		return "the alignment is no power of two, or less than the granularity";
	return bad_bounds(vmm, c);
}

/* Steps 1 to 11. Returns whether the call goes on. */
static bool validate(struct vmm *vmm, struct api_call *call)
{
	const struct vmsim_call *c = call->call;
	bool native = c->id == VMSIM_CALL_NT_ALLOCATE, second = c->id == VMSIM_CALL_VIRTUAL_ALLOC2;
	const char *why, *rule;

	if (!native && call->address && call->address < VMSIM_GRANULARITY)
		return call_refuse(call, STATUS_INVALID_PARAMETER, "2.3.1",
				   "the lowest 64 KiB are never allocated");
	why = bad_type(c->type & ~(second ? TYPE_PLACEHOLDER : 0), TYPE_KNOWN, c->protect, &rule);
	if (why)
		return call_refuse(call, STATUS_INVALID_PARAMETER_5, rule, why);
	why = second ? bad_placeholder(c->type, c->protect) : NULL;
	if (why)
		return call_refuse(call, STATUS_INVALID_PARAMETER_5, "2.3", why);
	if (!prot_valid(c->protect))
		return call_refuse(call, STATUS_INVALID_PAGE_PROTECTION, "2.3.8",
				   "the protection is not a valid value");
	if (native && call->address && call->address < VMSIM_GRANULARITY)
		return call_refuse(call, STATUS_INVALID_PARAMETER_2, "V7",
				   "the lowest 64 KiB are never allocated");
	if (call_size_bad(vmm, call->address, c->size[0]))
		return call_refuse(call, STATUS_INVALID_PARAMETER_4, "2.3.9",
				   c->size[0] ? "the range leaves the user address space"
					      : "the size is 0");
	why = second ? bad_place(vmm, call) : NULL;
	if (why)
		return call_refuse(call, STATUS_INVALID_PARAMETER, "2.3", why);
	return !is_large(c) || large_permitted(vmm, call);
}

/* --- the reserve path ------------------------------------------------------------------------ */

static bool place_fits(const struct vad_tree *vads, const struct vad_search *want, vmsim_vpn first)
{
	return first % want->align == 0 && first >= want->low && first <= want->high &&
	       want->n <= want->high + 1 - first &&
	       !vad_overlaps(vads, first, first + want->n - 1);
}

/* V12. Returns whether there is a page between the bounds. */
static bool require(const struct vmsim_call *c, struct vad_search *want)
{
	uint64_t lowest = c->number[0], highest = c->number[1], align = c->number[2];

	if (highest)
		want->high = MIN(want->high, highest >> VMSIM_PAGE_SHIFT);
	want->low = MAX(want->low, lowest >> VMSIM_PAGE_SHIFT);
	if (align)
		want->align = MAX(want->align, align >> VMSIM_PAGE_SHIFT);
	return want->low <= want->high;
}

/* Blocks of large pages stand at multiples of their pages. */
static vmsim_vpn alignment(const struct vmm *vmm, const struct vmsim_call *c, uint64_t n)
{
	if (!is_large(c))
		return VMSIM_GRANULARITY_PAGES;
	return vmm->config->memory.huge_pages && n >= HUGE_PAGE ? HUGE_PAGE : LARGE_PAGE;
}

bool call_place(struct vmm *vmm, struct process *process, const struct api_call *call, uint64_t n,
		vmsim_vpn *first)
{
	const struct vad_tree *vads = &process->vads;
	uint64_t seed = vmm->config->vmm.va_seed;
	struct vad_search want = {.n = n, .low = vads->lo, .high = vads->hi,
				  .align = alignment(vmm, call->call, n),
				  .top_down = call->call->type & MEM_TOP_DOWN};
	struct vad_search from;
	struct rng rng = {seed};

	if (call->call->id == VMSIM_CALL_VIRTUAL_ALLOC2 && !require(call->call, &want))
		return false;
	if (call->place && place_fits(vads, &want, call->place >> VMSIM_PAGE_SHIFT)) {
		*first = call->place >> VMSIM_PAGE_SHIFT;
		return true;
	}
	from = want;
	if (seed && !want.top_down && want.high > want.low + 1)
		from.low += rng_below(&rng, (want.high - want.low) / 2);
	return vad_hole(vads, &from, first) ||
	       (from.low != want.low && vad_hole(vads, &want, first));
}

bool vmm_call_place(struct vmm *vmm, struct process *process, const struct vmsim_call *call,
		    vmsim_va place, vmsim_vpn *first, vmsim_vpn *last)
{
	const struct api_call asked = {.call = call, .place = place};
	uint64_t size = call->size[0], n = (size + VMSIM_PAGE_SIZE - 1) >> VMSIM_PAGE_SHIFT;

	if ((call->id != VMSIM_CALL_VIRTUAL_ALLOC && call->id != VMSIM_CALL_VIRTUAL_ALLOC2 &&
	     call->id != VMSIM_CALL_NT_ALLOCATE) ||
	    call->address.label || call->address.offset || call_size_bad(vmm, 0, size) ||
	    !call_place(vmm, process, &asked, n, first))
		return false;
	*last = *first + n - 1;
	return true;
}

/* The placeholder that the call replaces, exactly; NULL: none is so. */
static struct vad *replaced(const struct process *process, const struct api_call *call)
{
	vmsim_vpn first = call->address >> VMSIM_PAGE_SHIFT;
	struct vad *vad = call->address ? vad_find(&process->vads, first) : NULL;

	if (!vad || vad->kind != VAD_PLACEHOLDER || vad->first != first ||
	    vad->last - first + 1 != call->call->size[0] >> VMSIM_PAGE_SHIFT)
		return NULL;
	return vad;
}

/* Steps 14a and 15a: the pages of the new block, free or a placeholder's. Returns whether there are
 * any. */
static bool find_pages(struct vmm *vmm, struct process *process, struct api_call *call,
		       vmsim_vpn *first, vmsim_vpn *last, struct vad **placeholder)
{
	const struct vmsim_call *c = call->call;
	uint64_t n = (c->size[0] + VMSIM_PAGE_SIZE - 1) >> VMSIM_PAGE_SHIFT;

	*placeholder = NULL;
	if (c->id == VMSIM_CALL_VIRTUAL_ALLOC2 && (c->type & MEM_REPLACE_PLACEHOLDER)) {
		*placeholder = replaced(process, call);
		if (!*placeholder)
			return call_refuse(call, STATUS_CONFLICTING_ADDRESSES, "2.3",
					   "no placeholder has this base and size");
		*first = (*placeholder)->first;
		*last = (*placeholder)->last;
	} else if (call->address) {
		call_pages(call->address, c->size[0], first, last);
		*first &= ~(VMSIM_GRANULARITY_PAGES - 1);
		if (vad_overlaps(&process->vads, *first, *last))
			return call_refuse(call, STATUS_CONFLICTING_ADDRESSES, "2.3.14a",
					   "part of the range is already reserved");
	} else {
		if (!call_place(vmm, process, call, n, first))
			return call_refuse(call, STATUS_NO_MEMORY, "2.3.15a",
					   "no hole in the address space is large enough");
		*last = *first + n - 1;
	}
	return true;
}

static enum vad_kind kind_of(const struct vmsim_call *c)
{
	if (c->type & MEM_PHYSICAL)
		return VAD_PHYSICAL;
	if (c->id == VMSIM_CALL_VIRTUAL_ALLOC2 && (c->type & MEM_RESERVE_PLACEHOLDER))
		return VAD_PLACEHOLDER;
	return is_large(c) ? VAD_LARGE : VAD_PRIVATE;
}

/* E4. => vad is new, or a placeholder */
static void block_fill(struct vad *vad, const struct vmsim_call *c)
{
	vad->alloc_protect = c->protect & ~(uint32_t)PAGE_TARGETS_INVALID;
	vad->prot = (uint8_t)prot_from_win32(c->protect);
	vad->commit_at_reserve = c->type & MEM_COMMIT;
	if (c->type & MEM_WRITE_WATCH)
		watch_begin(vad);
	vad->kind = (uint8_t)kind_of(c);
}

static enum vmm_status reserve(struct vmm *vmm, struct process *process, struct api_call *call)
{
	const struct vmsim_call *c = call->call;
	struct page_run run = {.vmm = vmm, .cause = vmsim_calls[c->id].name};
	bool commit = c->type & MEM_COMMIT;
	struct vad *vad, *placeholder;
	vmsim_vpn first, last;
	uint64_t n, tables;

	if (prot_is_copy(c->protect))
		return call_fail(call, STATUS_INVALID_PAGE_PROTECTION, "2.3.13a",
				 "copy-on-write protection is for views only");
	if (!find_pages(vmm, process, call, &first, &last, &placeholder))
		return VMM_DONE;
	n = last - first + 1;
	tables = tables_to_charge(vmm, process, first, last, is_large(c));
	if (commit && pages_over_limit(vmm, n + tables))
		return call_fail(call, STATUS_COMMITMENT_LIMIT, "2.3.16a",
				 "the commit limit would be exceeded");
	if (is_large(c) && !large_map(vmm, process, call, first, n))
		return VMM_DONE;
	vad = placeholder;
	if (!vad) {
		vad = vad_insert(&process->vads, first, last);
		stats_reserved(vmm->stats, process->account, (int64_t)n);
	}
	block_fill(vad, c);
	vad->replaced = placeholder;
	if (commit) {
		vad->committed = n;
		vmm->work.committed += n;
		pages_charge(vmm, process, (int64_t)n);
		tables_charge(vmm, process, first, last, is_large(c));
	}
	if (commit || !placeholder)
		page_run_add(&run, first, n, placeholder ? STATE_RESERVED : STATE_FREE,
			     commit ? STATE_COMMITTED : STATE_RESERVED);
	page_run_end(&run);
	return done(call, first, last);
}

/* --- the commit path ------------------------------------------------------------------------- */

/* The protection that a committed page takes: as VirtualProtect sets it, which never changes
 * caching (E5, E14). */
static unsigned prot_again(const struct vad *vad, pte_t pte, unsigned prot)
{
	unsigned modifier = prot & PROT_MODIFIER;

	if ((prot & PROT_ACCESS) && (modifier == PROT_NOCACHE || modifier == PROT_WRITECOMBINE))
		prot &= PROT_ACCESS;
	return view_prot(vad, page_effective(vad, pte), prot_with_caching(vad, prot));
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
	page_protect(vmm, process, vpn, page_effective(vad, pte), prot_again(vad, pte, prot));
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

/* A zero entry says that a page has its block's protection: whether one that says more is needed in
 * a block of which some pages have none (V3). */
static bool zero_suffices(const struct vad *vad, unsigned prot)
{
	return (vad->commit_at_reserve || vad->segment) && vad->prot == prot_again(vad, 0, prot);
}

static void commit_range(struct page_run *run, struct process *process, struct vad *vad,
			 vmsim_vpn first, vmsim_vpn last, unsigned prot)
{
	bool suffices = zero_suffices(vad, prot);

	for (vmsim_vpn vpn = first; vpn <= last; vpn++) {
		if (suffices && !pt_get(&process->pt, vpn))
			continue;
		if (!commit_page(run->vmm, process, vad, vpn, prot))
			continue;
		vad->committed++;
		page_run_add(run, vpn, 1, STATE_RESERVED, STATE_COMMITTED);
	}
	page_run_end(run);
}

/* Pages of the section that a view shows and that are only reserved (SEC_RESERVE) are committed for
 * all its views, and charged to the section (C1). */
static void commit_section(struct page_run *run, const struct process *process, struct vad *vad,
			   vmsim_vpn first, vmsim_vpn last)
{
	for (vmsim_vpn vpn = first; vpn <= last; vpn++) {
		if (page_is_committed(vad, vpn, pt_get(&process->pt, vpn)))
			continue;
		segment_set(vad->segment, vad_index(vad, vpn),
			    pte_make_demand_zero(PROT_READWRITE, false));
		segment_commit(run->vmm, vad->segment, 1);
		run->vmm->work.committed++;
		page_run_add(run, vpn, 1, STATE_RESERVED, STATE_COMMITTED);
	}
	page_run_end(run);
}

/* Steps 13b to 16b. Returns the block, or NULL when the call fails. */
static struct vad *commit_block(struct process *process, struct api_call *call, vmsim_vpn first,
				vmsim_vpn last)
{
	struct vad *vad = vad_find(&process->vads, first);

	if (!vad || last > vad->last)
		call_fail(call, STATUS_CONFLICTING_ADDRESSES, "2.3.13b",
			  vad ? "the range runs past the end of its block"
			      : "the range begins in free memory");
	else if (vad_is_special(vad))
		call_fail(call, STATUS_CONFLICTING_ADDRESSES, "2.3.14b",
			  "the block holds physical or large pages");
	else if (vad->kind == VAD_PLACEHOLDER)
		call_fail(call, STATUS_CONFLICTING_ADDRESSES, "2.3",
			  "a placeholder is replaced, not committed");
	else if (vad->segment && vad->segment->file)
		call_fail(call, STATUS_ALREADY_COMMITTED, "2.3.15b",
			  "the pages of a file's view are committed already");
	else if (!vad->segment && prot_is_copy(call->call->protect))
		call_fail(call, STATUS_INVALID_PAGE_PROTECTION, "2.3.16b",
			  "copy-on-write protection is for views only");
	else if (vad->segment && !view_allows(vad, call->call->protect))
		call_fail(call, STATUS_SECTION_PROTECTION, "2.3.16b",
			  "the view does not allow this protection");
	else
		return vad;
	return NULL;
}

static enum vmm_status commit(struct vmm *vmm, struct process *process, struct api_call *call)
{
	const struct vmsim_call *c = call->call;
	struct page_run run = {.vmm = vmm, .cause = vmsim_calls[c->id].name};
	unsigned prot = prot_from_win32(c->protect);
	enum vmm_status status = VMM_DONE;
	vmsim_vpn first, last;
	uint64_t fresh, tables;
	struct vad *vad;
	int64_t charge;
	bool built;

	call_pages(call->address, c->size[0], &first, &last);
	vad = commit_block(process, call, first, last);
	if (!vad)
		return VMM_DONE;
	fresh = last - first + 1 - pages_committed(process, vad, first, last);
	built = zero_suffices(vad, prot);
	tables = fresh && !built ? tables_to_charge(vmm, process, first, last, false) : 0;
	/* Pages of a section are charged to it; to the process, those that it may copy (C1). */
	charge = vad->segment ? view_charge(process, vad, first, last, prot) : (int64_t)fresh;
	if (!call->charged && pages_over_limit(vmm, fresh + tables + (vad->segment && charge > 0
									      ? (uint64_t)charge
									      : 0)))
		return call_fail(call, STATUS_COMMITMENT_LIMIT, "2.3.17b",
				 "the commit limit would be exceeded");
	built = built || call_tables(vmm, process, call, first, last, &status);
	if (!built && status == VMM_DONE)
		return status;
	if (vad->segment)
		commit_section(&run, process, vad, first, last);
	call_charge(vmm, process, call, charge);
	if (!built)
		return status;
	commit_range(&run, process, vad, first, last, prot);
	vad->committed += vad->segment ? (uint64_t)charge : 0;
	vmm->work.committed += vad->segment ? 0 : fresh;
	vmm->work.protected += last - first + 1 - fresh; /* E5: as by VirtualProtect (T14) */
	call_charged(process, call);
	return done(call, first, last);
}

/* --- the reset path -------------------------------------------------------------------------- */

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
	return done(call, begin, end - 1);
}

enum vmm_status call_alloc(struct vmm *vmm, struct process *process, struct api_call *call)
{
	const struct vmsim_call *c = call->call;

	if (!validate(vmm, call))
		return VMM_DONE;
	if (c->type & (MEM_RESET | MEM_RESET_UNDO))
		return reset(vmm, process, call);
	if ((c->type & MEM_RESERVE) || !call->address)
		return reserve(vmm, process, call);
	return commit(vmm, process, call);
}
