/* access.c: one reference, page by page, and the faults it meets (semantics 3, timing T6 to T13).
 *
 *   TRANSLATE --hit, walk--> data, next page ... end of the event
 *       |  ^
 *    #PF|  | tried again at the page that faulted
 *       v  |
 *     TRAP --> SERVICE --> RETURN           SERVICE may wait for a frame and is then begun again;
 *                  |  ^                     a hard fault waits between SERVICE and RETURN
 *                  +--+ wait
 */
#include "engine/clock.h"

static enum vmsim_access access_of(const struct op *op)
{
	return (enum vmsim_access)op->event.op;
}

/* A store over several pages stores nothing unless all of them permit it (3.1). */
static bool all_permit(struct vmsim_machine *m, const struct thread *thread)
{
	const struct op *op = &thread->op;
	vmsim_vpn first = op->va >> VMSIM_PAGE_SHIFT;
	vmsim_vpn last = (op->va + (op->event.size - 1)) >> VMSIM_PAGE_SHIFT;

	for (vmsim_vpn vpn = first; m->keep_contents && first < last && vpn <= last; vpn++) {
		vmsim_va va = vpn == first ? op->va : vpn << VMSIM_PAGE_SHIFT;

		if (!vmm_permits(m->vmm, thread->process, va, access_of(op),
				 op->source->implicit_commit))
			return false;
	}
	return true;
}

void access_begin(struct vmsim_machine *m, struct thread *thread)
{
	struct op *op = &thread->op;
	struct counters *c = &m->stats.c;
	const struct config *config = m->config;

	c->references++;
	*(access_of(op) == VMSIM_READ	 ? &c->reads
	  : access_of(op) == VMSIM_WRITE ? &c->writes
					 : &c->fetches) += 1;
	if (m->overlaps)
		overlap_pass(m, BUCKET_compute, config->core.cycles_per_reference.cycles);
	else
		clock_pass(m, BUCKET_compute, config->core.cycles_per_reference.cycles);
	op->stage = OP_TRANSLATE;
	op->compared = true;
	op->stores = all_permit(m, thread);
}

/* --- data ----------------------------------------------------------------------------------- */

static void store_bytes(struct vmsim_machine *m, struct op *op, vmsim_va va, unsigned n,
			vmsim_pfn frame)
{
	uint8_t bytes[8];

	if (!op->stores)
		return;
	if (!(op->event.flags & VMSIM_EV_VALUE)) {
		vmm_store(m->vmm, frame, va, n, NULL);
		return;
	}
	for (unsigned i = 0; i < n; i++)
		bytes[i] = (uint8_t)(op->event.value >> 8 * (va - op->va + i));
	vmm_store(m->vmm, frame, va, n, bytes);
}

static bool bytes_agree(const struct op *op, vmsim_va va, unsigned n, const uint8_t *bytes,
			const bool *known)
{
	for (unsigned i = 0; i < n; i++)
		if (known[i] && bytes[i] != (uint8_t)(op->event.value >> 8 * (va - op->va + i)))
			return false;
	return true;
}

static void load_bytes(struct vmsim_machine *m, struct op *op, vmsim_va va, unsigned n,
		       vmsim_pfn frame)
{
	uint8_t bytes[8], other[8];
	bool known[8], other_known[8];

	vmm_load(m->vmm, frame, va, n, bytes, known);
	for (unsigned i = 0; i < n; i++) {
		op->got |= (uint64_t)bytes[i] << 8 * (va - op->va + i);
		op->compared &= known[i];
	}
	if (op->event.result != VMSIM_RESULT_VALUE || bytes_agree(op, va, n, bytes, known))
		return;
	/* A page reset since it was last written may hold the one or the other (I31). */
	for (int zero = 0; zero < 2; zero++)
		if (vmm_other_value(m->vmm, frame, va, n, zero, other, other_known) &&
		    bytes_agree(op, va, n, other, other_known))
			return;
	op->differs = true;
}

void access_data(struct vmsim_machine *m, struct op *op, vmsim_va va, unsigned n,
		 vmsim_pfn frame)
{
	if (access_of(op) == VMSIM_WRITE)
		store_bytes(m, op, va, n, frame);
	else if (op->event.size <= sizeof(op->got) && access_of(op) == VMSIM_READ)
		load_bytes(m, op, va, n, frame);
}

/* T9: data that goes through the caches, where it lies. A reference looks once in each page, and
 * waits once, for the slower (T6). */
vmsim_cycles access_cached(struct vmsim_machine *m, vmsim_va va, vmsim_pfn frame)
{
	return port_read(&m->mmu->port,
			 (uint64_t)frame << VMSIM_PAGE_SHIFT | (va & (VMSIM_PAGE_SIZE - 1)),
			 PORT_DATA);
}

/* --- translation ---------------------------------------------------------------------------- */

/* Pages the tables cannot translate: not canonical, or on a 32-bit machine too high. Those of the
 * upper half of the addresses are looked up, and not found. */
static bool translatable(const struct page_table *pt, vmsim_va va, vmsim_vpn *vpn)
{
	const struct pt_shape *shape = pt->pool->shape;
	unsigned unused = 64 - shape->address_bits;
	uint64_t low = va << unused >> unused;

	*vpn = low >> VMSIM_PAGE_SHIFT;
	return unused == 32 ? va == low : (int64_t)(va << unused) >> unused == (int64_t)va;
}

bool access_unpin(struct vmsim_machine *m, struct op *op)
{
	if (!op->fault.is_pinned)
		return false;
	m->frames_due = true;
	m->background_due = vmm_has_background(m->vmm); /* it may be trimmed for who waits */
	return vmm_unpin(m->vmm, &op->fault);
}

static void begin_fault(struct vmsim_machine *m, struct thread *thread, vmsim_va va,
			enum vmsim_access access)
{
	struct op *op = &thread->op;
	const struct fault *last = &op->fault;
	bool same = va >> VMSIM_PAGE_SHIFT == last->va >> VMSIM_PAGE_SHIFT;

	overlap_end(m);
	overlap_drain(m);
	/* What a fault kept for the access stays until the fault that this ends in is served. */
	if (!same)
		access_unpin(m, op);
	op->fault = (struct fault){.va = va, .access = access,
				   .is_pinned = last->is_pinned, .pinned = last->pinned,
				   .implicit_commit = op->source->implicit_commit,
				   .stack_low = thread->stack_low, .stack_end = thread->stack_end,
				   .priority = thread->priority,
				   .again = same ? last->again + 1 : 0};
	/* A service that touches a guard does not grow the stack (K3). */
	if (op->event.op == VMSIM_OP_CALL)
		op->fault.stack_low = op->fault.stack_end = 0;
	op->fault_begin = m->now;
	op->fault_cycles = m->config->os.trap.cycles + m->config->os.return_.cycles;
	op->stage = OP_TRAP;
}

static void end_reference(struct vmsim_machine *m, struct thread *thread,
			  enum vmsim_access_result result)
{
	struct op *op = &thread->op;

	if (result == VMSIM_RESULT_OK) {
		clock_spend(m, BUCKET_data, m->cached_data ? 0 : m->config->data.latency.cycles);
		m->stats.translated++;
		SPEND(m, data, op->data_cycles);
	}
	overlap_end(m);
	clock_stamp(m);
	compare_access(m, op, result);
	m->last_result = result;
	m->last_value = op->got;
	op->stage = OP_IDLE;
}

/* T8: the page was found, by the walk of an earlier reference that may still be under way. */
static void join_walk(struct vmsim_machine *m, uint32_t asid, vmsim_vpn vpn)
{
	vmsim_cycles left = m->overlaps ? mmu_left(m->mmu, asid, vpn, m->now) : 0;

	if (!left)
		return;
	m->stats.c.walks_joined++;
	SPEND(m, walk_wait, left);
}

static void translate(struct vmsim_machine *m, struct thread *thread)
{
	struct op *op = &thread->op;
	const struct page_table *pt = process_page_table(thread->process);
	vmsim_va va = op->va + op->done;
	uint64_t rest = VMSIM_PAGE_SIZE - (va & (VMSIM_PAGE_SIZE - 1));
	uint64_t n = MIN(rest, op->event.size - op->done);
	uint64_t walks = m->stats.c.page_walks;
	struct translation tr = {0};
	vmsim_vpn vpn;
	bool ok;

	overlap_begin(m);
	if (!translatable(pt, va, &vpn)) { /* 3.1 step 1 */
		begin_fault(m, thread, UINT64_MAX, VMSIM_READ);
		return;
	}
	op->repeated = op->repeated || op->done < op->counted;
	ok = mmu_translate(m->mmu, pt, process_asid(thread->process), vpn, access_of(op),
			   op->repeated, &tr);
	op->counted = MAX(op->counted, op->done + n);
	/* First lookups in the first level are booked from their count. */
	if (!op->repeated)
		clock_spend(m, BUCKET_tlb_l1, access_of(op) == VMSIM_EXECUTE ? m->mmu->l1i_cycles
									     : m->mmu->l1d_cycles);
	SPEND(m, tlb_l1, tr.l1_cycles);
	SPEND(m, tlb_l2, tr.l2_cycles);
	clock_walk(m, walks, &tr);
	if (!ok) {
		begin_fault(m, thread, va, access_of(op));
		return;
	}
	if (m->stats.c.page_walks == walks && !tr.wait_cycles)
		join_walk(m, process_asid(thread->process), vpn);
	if (m->every_reference && (!op->repeated || op->untold)) {
		m->references[m->n_references++] = tr.pfn;
		if (m->n_references == REFERENCE_BATCH)
			machine_flush_references(m);
	}
	op->repeated = op->untold = false;
	access_unpin(m, op);
	if (m->audit == VMSIM_AUDIT_FULL)
		machine_audit_access(m, thread, va, (unsigned)n, tr.pfn);
	if (m->cached_data) {
		vmsim_cycles cycles = access_cached(m, va, tr.pfn);

		op->data_cycles = MAX(op->data_cycles, cycles);
	}
	if (m->keep_contents)
		access_data(m, op, va, (unsigned)n, tr.pfn);
	op->done += n;
	if (op->done == op->event.size)
		end_reference(m, thread, VMSIM_RESULT_OK);
}

/* --- faults --------------------------------------------------------------------------------- */

static vmsim_cycles service_cycles(const struct config *config, enum fault_type type)
{
	switch (type) {
	case FAULT_TRANSITION:
		return config->os.transition.cycles;
	case FAULT_DEMAND_ZERO:
		return config->os.demand_zero.cycles;
	case FAULT_GUARD:
		return config->os.guard.cycles;
	case FAULT_HARD:
		return config->os.hard.cycles;
	case FAULT_STORE:
		return config->os.decompress.cycles;
	case FAULT_VIOLATION:
		return config->os.violation.cycles;
	case FAULT_SPURIOUS:
		return config->os.spurious.cycles;
	case FAULT_DIRTY:
		return config->os.dirty.cycles;
	case FAULT_COPY_ON_WRITE:
		return config->os.cow.cycles;
	default:
		return 0;
	}
}

static void report_fault(struct vmsim_machine *m, const struct fault *fault, vmsim_cycles cycles)
{
	struct vmsim_record record = {
		.kind = VMSIM_RECORD_PAGE_FAULT,
		.va = fault->va,
		.type = fault_type_names[fault->type],
		.cycles = cycles,
	};

	if (events_wanted(&m->events, VMSIM_RECORD_PAGE_FAULT))
		events_emit(&m->events, &record);
}

/* T12, T13: the work of one step of service. Returns what it cost. */
static vmsim_cycles charge_fault(struct vmsim_machine *m, enum fault_type type)
{
	const struct config *config = m->config;
	struct work work = vmm_take_work(m->vmm);
	vmsim_cycles zeroing = work.zeroed * config->os.zero_page.cycles;
	vmsim_cycles service = service_cycles(config, type) +
			       work.trimmed * config->os.trim.cycles +
			       work.aged * config->os.age.cycles + machine_invalidate(m);

	BOOK(m, fault_service, service);
	BOOK(m, zeroing, zeroing);
	machine_interrupt(m);
	return service + zeroing;
}

static bool wait_for(struct thread *thread, enum wait_kind kind, struct io *io)
{
	thread->wait = kind;
	thread->io = io;
	return false;
}

static bool service(struct vmsim_machine *m, struct thread *thread)
{
	struct op *op = &thread->op;
	struct fault *fault = &op->fault;
	bool pinned = fault->is_pinned;
	enum vmm_status status;

	machine_flush_references(m);
	status = vmm_fault(m->vmm, thread->process, fault);
	op->fault_cycles += charge_fault(m, fault->type);
	machine_submit(m, op->fault_begin);
	if (fault->type != FAULT_NONE)
		report_fault(m, fault, op->fault_cycles);
	if (status == VMM_DONE || fault->resolved)
		op->stage = OP_RETURN;
	if (status == VMM_WAIT_IO)
		return wait_for(thread, WAIT_IO, fault->io);
	if (status == VMM_WAIT_FRAME) {
		m->frames_due = pinned && !fault->is_pinned;
		return wait_for(thread, WAIT_FRAME, NULL);
	}
	return true;
}

/* K2: the stack grew, and the access is made again: the page before may be the guard now. */
static void resume_access(struct vmsim_machine *m, struct thread *thread)
{
	struct op *op = &thread->op;

	op->stores = all_permit(m, thread);
	op->done = 0;
	op->got = 0;
	op->compared = true;
	op->differs = false;
}

/* The handler is left: to the reference, to the call that touched the page, or to the program's
 * own handler, which ends the event (3.1). */
static void return_from_fault(struct vmsim_machine *m, struct thread *thread)
{
	struct op *op = &thread->op;
	bool call = op->event.op == VMSIM_OP_CALL;

	BOOK(m, trap, m->config->os.return_.cycles);
	results_fault(m, op);
	if (op->fault.result == VMSIM_RESULT_OK)
		g_hash_table_add(m->touched,
				 (gpointer)(uintptr_t)tlb_tag(process_asid(thread->process),
							      op->fault.va >> VMSIM_PAGE_SHIFT));
	if (call) {
		op->call.touched = op->fault.result;
		op->stage = OP_CALL;
	} else if (op->fault.result == VMSIM_RESULT_OK) {
		op->repeated = true;
		if (op->fault.type == FAULT_GUARD)
			resume_access(m, thread);
		/* Faults that did not bring the page in themselves: a spurious or collided one, or
		 * one that made it dirty. */
		op->untold = op->fault.type == FAULT_SPURIOUS || op->fault.type == FAULT_DIRTY ||
			     (op->fault.type == FAULT_TRANSITION && op->fault.io);
		op->stage = OP_TRANSLATE;
	} else {
		results_violation(m, thread, op->fault.result);
		end_reference(m, thread, op->fault.result);
	}
}

bool access_stage(struct vmsim_machine *m, struct thread *thread)
{
	clock_stamp(m);
	switch (thread->op.stage) {
	case OP_TRANSLATE:
		do
			translate(m, thread);
		while (overlap_is_on(m)); /* all of its pages at once */
		m->core->reference_end = overlap_last(m, m->core);
		return true;
	case OP_TRAP:
		BOOK(m, trap, m->config->os.trap.cycles);
		thread->op.stage = OP_SERVICE;
		return true;
	case OP_SERVICE:
		return service(m, thread);
	case OP_RETURN:
		return_from_fault(m, thread);
		return true;
	default:
		g_assert_not_reached();
	}
}

void access_touch(struct vmsim_machine *m, struct thread *thread, vmsim_va va)
{
	begin_fault(m, thread, va, VMSIM_READ);
}

void access_fault(struct vmsim_machine *m, struct thread *thread, vmsim_va va)
{
	begin_fault(m, thread, va, access_of(&thread->op));
}
