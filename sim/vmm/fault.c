/* fault.c: what a page fault means, and its service (semantics 3.1 step 4, 3.4, section 4).
 *
 *   4a  no block there              violation   (or, without calls, an implicit page: Q5)
 *   4b  page reserved               violation
 *   4c  protection forbids it       violation   (a fetch meets the guard first)
 *   4d  guard                       cleared on this page, raised
 *   4e  entry valid after all       spurious; or the first store to a clean page: H6
 *   4f  store to copy-on-write      copied: L31
 *   4g  transition                  soft fault: L19, L20, L23; in READ_IO collided: L35
 *       prototype                   the same by the section's entry, or mapped by somebody: shared
 *       pagefile                    hard fault: L13, wait, L14; in the store: W13
 *       demand-zero                 L10, L11, L12
 *
 * A fault may have to wait for a frame before it is decided how it ends; it is then begun again
 * from the top, so nothing is counted before its type is. */
#include "vmm/check.h"

const char *const fault_type_names[N_FAULT_TYPES] = {
	[FAULT_NONE] = "None",
	[FAULT_TRANSITION] = "TransitionFault",
	[FAULT_DEMAND_ZERO] = "DemandZeroFault",
	[FAULT_COPY_ON_WRITE] = "CopyOnWrite",
	[FAULT_GUARD] = "GuardPageFault",
	[FAULT_HARD] = "HardPageFault",
	[FAULT_STORE] = "StoreFault",
	[FAULT_VIOLATION] = "AccessViolation",
	[FAULT_SPURIOUS] = "SpuriousFault",
	[FAULT_DIRTY] = "DirtyFault",
};

static enum vmm_status decide(struct vmm *vmm, struct fault *fault, enum fault_type type,
			      enum vmsim_access_result result)
{
	struct counters *c = vmm->c;
	uint64_t *const counter[N_FAULT_TYPES] = {
		[FAULT_TRANSITION] = &c->transition_faults,
		[FAULT_DEMAND_ZERO] = &c->demand_zero_faults,
		[FAULT_COPY_ON_WRITE] = &c->copy_on_write_faults,
		[FAULT_GUARD] = &c->guard_page_faults,
		[FAULT_HARD] = &c->hard_faults,
		[FAULT_STORE] = &c->store_faults,
		[FAULT_VIOLATION] = &c->access_violations,
		[FAULT_SPURIOUS] = &c->spurious_faults,
		[FAULT_DIRTY] = &c->dirty_faults,
	};

	c->page_faults += type != FAULT_DIRTY; /* 8.1 */
	if (type != FAULT_DIRTY)
		balance_fault(vmm);
	++*counter[type];
	fault->type = type;
	fault->result = result;
	return VMM_DONE;
}

/* The lower half of the addresses a page table of this shape can translate (Q5). */
static bool implicit_page(struct vmm *vmm, struct process *process, vmsim_vpn vpn, bool allowed)
{
	struct page_run run = {.vmm = vmm, .cause = "implicit commit"};
	struct vad *before, *after, *vad;

	if (!allowed || vpn >= vmm->pool.shape->vpn_end || range_map_find(process->freed, vpn))
		return false;
	before = vpn ? vad_find(&process->vads, vpn - 1) : NULL;
	after = vad_find(&process->vads, vpn + 1);
	if (before && before->implicit) {
		vad_resize(&process->vads, before, before->first, vpn);
		vad = before;
		if (after && after->implicit)
			vad_join(&process->vads, vad, after);
	} else if (after && after->implicit) {
		vad_resize(&process->vads, after, vpn, after->last);
		vad = after;
	} else {
		vad = vad_insert(&process->vads, vpn, vpn);
		vad->implicit = true;
		vad->commit_at_reserve = true;
		vad->prot = PROT_EXECUTE_READWRITE;
		vad->alloc_protect = PAGE_EXECUTE_READWRITE;
	}
	vad->committed++;
	vmm->has_implicit = true;
	stats_reserved(vmm->stats, process->account, 1);
	pages_charge(vmm, process, 1);
	page_run_add(&run, vpn, 1, STATE_FREE, STATE_COMMITTED);
	page_run_end(&run);
	return true;
}

/* K2: a guard page of the thread's stack was reached: the page below becomes the guard, and the
 * access goes on. Returns how the fault ends. */
static enum vmsim_access_result stack_grow(struct vmm *vmm, struct process *process,
					   const struct fault *fault)
{
	vmsim_vpn next = (fault->va >> VMSIM_PAGE_SHIFT) - 1;
	vmsim_vpn low = fault->stack_low >> VMSIM_PAGE_SHIFT;
	struct vad *vad = vad_find(&process->vads, next);

	if (fault->va < fault->stack_low || fault->va >= fault->stack_end)
		return VMSIM_RESULT_GUARD_PAGE;
	if (next <= low + 1 || !vad || vad->kind != VAD_PRIVATE)
		return VMSIM_RESULT_STACK_OVERFLOW;
	return commit_guard(vmm, process, vad, next) ? VMSIM_RESULT_OK
						     : VMSIM_RESULT_STACK_OVERFLOW;
}

static enum vmm_status guard_fault(struct vmm *vmm, struct process *process, struct fault *fault,
				   const struct vad *vad)
{
	vmsim_vpn vpn = fault->va >> VMSIM_PAGE_SHIFT;
	pte_t pte;
	vmsim_vpn low =
		fault->va >= fault->stack_low && fault->va < fault->stack_end ? vpn - 1 : vpn;
	enum vmm_status status = pages_build(vmm, process, low, vpn, &fault->io, NULL);

	if (status != VMM_DONE)
		return status;
	/* The table may have taken the frame that held the page. */
	pte = page_effective(vad, pt_get(&process->pt, vpn));
	fault->protect = prot_to_win32(pte_prot(pte));
	pt_set(&process->pt, vpn,
	       pte_with_prot(pte, prot_with_caching(vad, pte_prot(pte) & PROT_ACCESS),
			     vmm->config->paging.nx));
	return decide(vmm, fault, FAULT_GUARD, stack_grow(vmm, process, fault));
}

/* L35: somebody reads the page already. */
static enum vmm_status collided_fault(struct vmm *vmm, struct fault *fault, vmsim_pfn frame)
{
	fault->io = io_of(vmm, frame);
	fault->frame = frame;
	fault->resolved = true;
	decide(vmm, fault, FAULT_TRANSITION, VMSIM_RESULT_OK);
	return VMM_WAIT_IO;
}

/* A page that is in a frame: its own (transition), or its section's, which others may map. */
static enum vmm_status resident_fault(struct vmm *vmm, struct process *process,
				      struct fault *fault, vmsim_pfn frame, unsigned prot)
{
	struct pfn *pfn = &vmm->db.pfn[frame];
	static const enum pfn_transition move[PFN_N_STATES] = {
		[PFN_STANDBY] = MOVE_L19, [PFN_MODIFIED] = MOVE_L20,
		[PFN_TRANSITION] = MOVE_L23, [PFN_ACTIVE] = MOVE_NONE};
	enum vmm_status status;

	if (pfn->flags & PFN_READ_IO)
		return collided_fault(vmm, fault, frame);
	status = replace_room(vmm, process, &fault->io);
	if (status != VMM_DONE)
		return status;
	page_map(vmm, process, fault->va >> VMSIM_PAGE_SHIFT, frame, prot, fault->priority,
		 move[pfn->state]);
	if (fault->access == VMSIM_WRITE && !prot_copies(prot))
		page_stored(vmm, frame);
	page_open(vmm, process, fault->va >> VMSIM_PAGE_SHIFT, fault->access == VMSIM_WRITE);
	return decide(vmm, fault, FAULT_TRANSITION, VMSIM_RESULT_OK);
}

static enum vmm_status hard_fault(struct vmm *vmm, struct process *process, struct fault *fault,
				  const struct vad *vad, pte_t pte)
{
	vmsim_pfn frame;
	enum vmm_status status = replace_room(vmm, process, &fault->io);

	if (status == VMM_DONE)
		status = frame_get(vmm, process, FRAME_ANY, &frame, &fault->io);
	if (status != VMM_DONE)
		return status;
	fault->frame = frame;
	fault->io = cluster_read(vmm, process, vad, fault->va >> VMSIM_PAGE_SHIFT, frame, pte,
				 fault);
	fault->resolved = true;
	decide(vmm, fault, FAULT_HARD, VMSIM_RESULT_OK);
	return VMM_WAIT_IO;
}

/* W13: the page is in memory, compressed. */
static enum vmm_status store_fault(struct vmm *vmm, struct process *process, struct fault *fault,
				   pte_t pte)
{
	vmsim_vpn vpn = fault->va >> VMSIM_PAGE_SHIFT;
	vmsim_pfn frame;
	enum vmm_status status = replace_room(vmm, process, &fault->io);

	if (status == VMM_DONE)
		status = frame_get(vmm, process, FRAME_ANY, &frame, &fault->io);
	if (status != VMM_DONE)
		return status;
	store_get(vmm, process, vpn, frame, pte, fault->priority);
	if (fault->access == VMSIM_WRITE && !prot_copies(pte_prot(pte)))
		page_stored(vmm, frame);
	page_open(vmm, process, vpn, fault->access == VMSIM_WRITE);
	return decide(vmm, fault, FAULT_STORE, VMSIM_RESULT_OK);
}

/* L10 to L12. A zero page has no copy anywhere, so it counts as modified, even if only read; but
 * for a lost page that is only read (R5), and where the machine is told otherwise.
 * => pte: the page's own entry, or that of the section's page that is shown there */
static enum vmm_status demand_zero_fault(struct vmm *vmm, struct process *process,
					 struct fault *fault, const struct vad *vad, pte_t pte,
					 unsigned prot, bool shared)
{
	vmsim_vpn vpn = fault->va >> VMSIM_PAGE_SHIFT;
	/* A store that will be made to a copy leaves the section's page as it is (3.5, R5). */
	bool write = fault->access == VMSIM_WRITE && !prot_copies(prot), lost = pte & PTE_LOST;
	enum vmm_status status = pages_build(vmm, process, vpn, vpn, &fault->io, NULL);
	struct pfn *pfn;
	vmsim_pfn frame;

	if (status == VMM_DONE)
		status = replace_room(vmm, process, &fault->io);
	if (status == VMM_DONE)
		status = frame_get(vmm, process, FRAME_ZEROED, &frame, &fault->io);
	if (status != VMM_DONE)
		return status;
	pfn = &vmm->db.pfn[frame];
	pfn->owner = shared ? NULL : process;
	pfn->segment = shared ? vad->segment : NULL;
	pfn->vpn = shared ? vad_index(vad, vpn) : vpn;
	page_map(vmm, process, vpn, frame, prot, fault->priority, frame_rule(vmm, frame));
	if (shared)
		home_set(vmm, pfn, pte_make_transition(pte_prot(pte), frame));
	if (lost && !write)
		pfn->reset = RESET_LOST;
	else if (write || vmm->config->memory.zero_fill_dirty)
		pfn->flags |= PFN_IS_MODIFIED;
	if (write && vmm->audit)
		audit_live(vmm, frame);
	page_open(vmm, process, vpn, write);
	vmm->c->reset_reads_avoided += lost;
	return decide(vmm, fault, FAULT_DEMAND_ZERO, VMSIM_RESULT_OK);
}

/* A page that the view shows through its section. */
static enum vmm_status prototype_fault(struct vmm *vmm, struct process *process,
				       struct fault *fault, const struct vad *vad, unsigned prot)
{
	vmsim_vpn vpn = fault->va >> VMSIM_PAGE_SHIFT;
	enum vmm_status status = pages_build(vmm, process, vpn, vpn, &fault->io, NULL);
	pte_t entry;

	if (status != VMM_DONE)
		return status;
	/* Not before: the table may have taken the frame that held the page. */
	entry = segment_get(vad->segment, vad_index(vad, vpn));
	if (entry & PTE_BROKEN) {
		segment_set(vad->segment, vad_index(vad, vpn), entry & ~PTE_BROKEN);
		return decide(vmm, fault, FAULT_HARD, VMSIM_RESULT_IN_PAGE_ERROR);
	}
	if (pte_is_transition(entry))
		return resident_fault(vmm, process, fault, pte_frame(entry), prot);
	if (pte_is_pagefile(entry) || !entry)
		return hard_fault(vmm, process, fault, vad, entry);
	return demand_zero_fault(vmm, process, fault, vad, entry, prot, true);
}

bool vmm_unpin(struct vmm *vmm, struct fault *fault)
{
	bool was = fault->is_pinned;

	if (was)
		vmm->db.pfn[fault->pinned].pins--;
	fault->is_pinned = false;
	if (vmm->copying == fault)
		vmm->copying = NULL;
	return was;
}

static void pin(struct vmm *vmm, struct fault *fault, vmsim_pfn frame)
{
	fault->is_pinned = true;
	fault->pinned = frame;
	vmm->db.pfn[frame].pins++;
}

/* W2: the page has come, and is not to go before the access this time. */
static void keep_page(struct vmm *vmm, const struct process *process, struct fault *fault)
{
	pte_t pte = pt_get(&process->pt, fault->va >> VMSIM_PAGE_SHIFT);

	if (fault->again >= VMM_PATIENCE && !fault->is_pinned && pte_is_valid(pte) &&
	    !pte_is_large(pte))
		pin(vmm, fault, pte_frame(pte));
}

/* Room for a copy must not be made by taking away the page that is to be copied. While faults wait
 * for a frame, that goes for the one of the first event alone: each would else keep the frame that
 * another waits for (L3). The others wait until it has its frame. Returns whether this is it. */
static bool keep_source(struct vmm *vmm, struct fault *fault, vmsim_pfn frame)
{
	bool first = !vmm->copying || vmm->events->seq < vmm->copying_seq;

	if (first && vmm->copying) {
		vmm->copying->is_behind = true;
		vmm_unpin(vmm, vmm->copying);
	}
	if (first) {
		vmm->copying = fault;
		vmm->copying_seq = vmm->events->seq;
	}
	pin(vmm, fault, frame);
	return first;
}

/* 3.5: the page is copied into a frame of the process's own (L31). It was charged when the view was
 * mapped. */
static enum vmm_status copy_fault(struct vmm *vmm, struct process *process, struct fault *fault,
				  pte_t pte)
{
	vmsim_vpn vpn = fault->va >> VMSIM_PAGE_SHIFT;
	vmsim_pfn from = pte_frame(pte), frame;
	unsigned prot = pte_prot(pte);
	struct content *content;
	enum vmm_status status;
	struct pfn *pfn;
	bool first = keep_source(vmm, fault, from);

	status = frame_get(vmm, process, FRAME_ANY, &frame, &fault->io);
	if (status == VMM_DONE || !first)
		vmm_unpin(vmm, fault);
	fault->is_behind = !first;
	if (status != VMM_DONE)
		return status;
	content = content_ref(vmm->db.pfn[from].content);
	page_unmap(vmm, process, vpn, prot);
	pfn = &vmm->db.pfn[frame];
	pfn->owner = process;
	pfn->segment = NULL;
	pfn->vpn = vpn;
	content_move(&pfn->content, &content);
	page_map(vmm, process, vpn, frame, prot_copied(prot), fault->priority, MOVE_L31);
	page_stored(vmm, frame);
	page_open(vmm, process, vpn, true);
	if (pte & PTE_LOCKED)
		page_lock(vmm, process, vpn);
	return decide(vmm, fault, FAULT_COPY_ON_WRITE, VMSIM_RESULT_OK);
}

/* The frame that held the page turned bad: that is said once; then what is in the slot counts, or
 * zeros. */
static enum vmm_status broken_fault(struct vmm *vmm, struct process *process, struct fault *fault,
				    pte_t pte)
{
	pt_set(&process->pt, fault->va >> VMSIM_PAGE_SHIFT, pte & ~PTE_BROKEN);
	return decide(vmm, fault, FAULT_HARD, VMSIM_RESULT_IN_PAGE_ERROR);
}

/* H6: the first store to a clean page, seen by software. */
static enum vmm_status dirty_fault(struct vmm *vmm, struct process *process, struct fault *fault,
				   pte_t pte)
{
	page_open(vmm, process, fault->va >> VMSIM_PAGE_SHIFT, true);
	page_stored(vmm, pte_frame(pte));
	return decide(vmm, fault, FAULT_DIRTY, VMSIM_RESULT_OK);
}

/* 3.1 step 4 */
static enum vmm_status resolve(struct vmm *vmm, struct process *process, struct fault *fault)
{
	vmsim_vpn vpn = fault->va >> VMSIM_PAGE_SHIFT;
	const struct vad *vad = vad_find(&process->vads, vpn);
	bool nx = vmm->config->paging.nx;
	unsigned prot;
	pte_t pte;

	fault->io = NULL;
	fault->resolved = false;
	vmm_unpin(vmm, fault);
	if (fault->is_behind && vmm->copying)
		return VMM_WAIT_FRAME;
	if (!vad && implicit_page(vmm, process, vpn, fault->implicit_commit))
		vad = vad_find(&process->vads, vpn);
	if (!vad) /* 4a */
		return decide(vmm, fault, FAULT_VIOLATION, VMSIM_RESULT_ACCESS_VIOLATION);
	pte = pt_get(&process->pt, vpn);
	if (!page_is_committed(vad, vpn, pte)) /* 4b */
		return decide(vmm, fault, FAULT_VIOLATION, VMSIM_RESULT_ACCESS_VIOLATION);
	pte = page_effective(vad, pte);
	prot = pte_prot(pte);
	if (pte_is_offered(pte)) /* R9 */
		return decide(vmm, fault, FAULT_VIOLATION, VMSIM_RESULT_ACCESS_VIOLATION);
	if (!prot_permits(prot, fault->access, nx) &&
	    (fault->access != VMSIM_EXECUTE || !prot_is_guard(prot))) /* 4c */
		return decide(vmm, fault, FAULT_VIOLATION, VMSIM_RESULT_ACCESS_VIOLATION);
	if (prot_is_guard(prot)) /* 4d */
		return guard_fault(vmm, process, fault, vad);
	if (!pte_is_valid(pte) && (pte & PTE_BROKEN)) /* L32 */
		return broken_fault(vmm, process, fault, pte);
	if (pte_is_valid(pte) && (pte & PTE_SHARED) && fault->access == VMSIM_WRITE &&
	    prot_copies(prot)) /* 4f */
		return copy_fault(vmm, process, fault, pte);
	if (pte_is_valid(pte) && fault->access == VMSIM_WRITE && (pte & PTE_SOFT_W)) /* 4e */
		return dirty_fault(vmm, process, fault, pte);
	if (pte_is_valid(pte)) /* 4e */
		return decide(vmm, fault, FAULT_SPURIOUS, VMSIM_RESULT_OK);
	if (pte_is_prototype(pte)) /* 4g */
		return prototype_fault(vmm, process, fault, vad, prot);
	if (pte_is_transition(pte))
		return resident_fault(vmm, process, fault, pte_frame(pte), prot);
	if (pte_is_pagefile(pte))
		return pagefile_is_store(&vmm->file, pte_slot(pte))
			       ? store_fault(vmm, process, fault, pte)
			       : hard_fault(vmm, process, fault, vad, pte);
	return demand_zero_fault(vmm, process, fault, vad, pte, prot, false);
}

enum vmm_status vmm_fault(struct vmm *vmm, struct process *process, struct fault *fault)
{
	enum vmm_status status = resolve(vmm, process, fault);

	if (status == VMM_DONE && fault->result == VMSIM_RESULT_OK)
		keep_page(vmm, process, fault);
	return status;
}

void vmm_waited(struct vmm *vmm, struct process *process, const struct io *io, struct fault *fault)
{
	for (uint32_t i = 0; !io->write && i < io->pages; i++)
		if (io->frame[i] == fault->frame && io->failed[i])
			fault->result = VMSIM_RESULT_IN_PAGE_ERROR;
	if (fault->result == VMSIM_RESULT_OK)
		keep_page(vmm, process, fault);
}

bool vmm_permits(struct vmm *vmm, struct process *process, vmsim_va va, enum vmsim_access access,
		 bool implicit_commit)
{
	vmsim_vpn vpn = va >> VMSIM_PAGE_SHIFT;
	const struct vad *vad = vad_find(&process->vads, vpn);
	unsigned prot;
	pte_t pte;

	if (!vad)
		return implicit_commit && vpn < vmm->pool.shape->vpn_end &&
		       !range_map_find(process->freed, vpn);
	pte = pt_get(&process->pt, vpn);
	prot = pte_prot(page_effective(vad, pte));
	return page_is_committed(vad, vpn, pte) && !pte_is_offered(pte) && !prot_is_guard(prot) &&
	       prot_permits(prot, access, vmm->config->paging.nx);
}

struct page_view vmm_view(const struct vmm *vmm, const struct process *process, vmsim_va va)
{
	vmsim_vpn vpn = va >> VMSIM_PAGE_SHIFT;
	const struct vad *vad = vad_find(&process->vads, vpn);
	const struct range_value *freed = range_map_find(process->freed, vpn);
	struct page_view view = {.state = STATE_FREE};
	pte_t pte;

	(void)vmm;
	if (freed)
		view.freed_by = (struct vmsim_freed_by){freed->a, freed->b, freed->p};
	if (!vad)
		return view;
	view.state = STATE_RESERVED;
	pte = pt_get(&process->pt, vpn);
	if (page_is_committed(vad, vpn, pte)) {
		view.state = STATE_COMMITTED;
		view.protect = prot_to_win32(pte_prot(page_effective(vad, pte)));
	}
	return view;
}

void vmm_store(struct vmm *vmm, vmsim_pfn frame, vmsim_va va, unsigned n, const uint8_t *bytes)
{
	struct pfn *pfn = &vmm->db.pfn[frame];

	g_assert(pfn->state == PFN_ACTIVE);
	page_forget_stored(pfn);
	content_store(&pfn->content, (unsigned)(va & (VMSIM_PAGE_SIZE - 1)), n, bytes);
	if (vmm->audit)
		audit_stored(vmm, frame);
}

void vmm_load(struct vmm *vmm, vmsim_pfn frame, vmsim_va va, unsigned n, uint8_t *bytes,
	      bool *known)
{
	content_load(vmm->db.pfn[frame].content, (unsigned)(va & (VMSIM_PAGE_SIZE - 1)), n, bytes,
		     known);
}

bool vmm_other_value(struct vmm *vmm, vmsim_pfn frame, vmsim_va va, unsigned n, bool zero,
		     uint8_t *bytes, bool *known)
{
	struct content *content;

	if (!page_last_stored(&vmm->db.pfn[frame], &content))
		return false;
	content_load(zero ? NULL : content, (unsigned)(va & (VMSIM_PAGE_SIZE - 1)), n, bytes,
		     known);
	return true;
}

bool vmm_has_guard(const struct process *process, vmsim_vpn first, vmsim_vpn last)
{
	for (vmsim_vpn vpn = first; vpn <= last; vpn++) {
		const struct vad *vad = vad_find(&process->vads, vpn);
		pte_t pte = vad ? pt_get(&process->pt, vpn) : 0;

		if (vad && page_is_committed(vad, vpn, pte) &&
		    prot_is_guard(pte_prot(page_effective(vad, pte))))
			return true;
	}
	return false;
}
