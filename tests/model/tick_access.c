/* tick_access.c: references, page by page, and the faults they meet (T6 to T13). */
#include "model/tick.h"

static struct tick_core *core_of(struct tick *t, const struct tick_thread *thread)
{
	return &t->core[thread->core];
}

static void book(struct tick *t, const struct tick_thread *thread, enum bucket_id bucket,
		 vmsim_cycles cycles)
{
	tick_slice(t, core_of(t, thread), bucket, tick_account(t, thread->process), cycles);
}

static void begin(struct tick *t, struct tick_thread *thread)
{
	struct counters *c = &t->stats.c;
	unsigned op = thread->event->op;

	c->references++;
	c->reads += op == VMSIM_OP_READ;
	c->writes += op == VMSIM_OP_WRITE;
	c->fetches += op == VMSIM_OP_EXECUTE;
	book(t, thread, BUCKET_compute, t->config->core.cycles_per_reference.cycles);
	thread->stage = TICK_TRANSLATE;
}

/* Who waits for a frame may have the page that had to stay. */
void tick_unpin(struct tick *t, struct tick_thread *thread)
{
	if (vmm_unpin(t->vmm, &thread->fault))
		tick_acted(t);
}

void tick_fault_begin(struct tick *t, struct tick_thread *thread, vmsim_va va,
		      enum vmsim_access access)
{
	bool call = thread->event->op == VMSIM_OP_CALL;
	const struct fault last = thread->fault;
	bool same = va >> VMSIM_PAGE_SHIFT == last.va >> VMSIM_PAGE_SHIFT;

	if (!same)
		tick_unpin(t, thread);
	thread->fault = (struct fault){
		.again = same ? last.again + 1 : 0,
		.is_pinned = same && last.is_pinned,
		.pinned = last.pinned,
		.va = va,
		.access = access,
		.implicit_commit = t->config->trace.implicit_commit == TRI_TRUE,
		.stack_low = call ? 0 : thread->stack_low, /* K3 */
		.stack_end = call ? 0 : thread->stack_end,
		.priority = thread->priority,
	};
	thread->stage = TICK_TRAP;
}

static void end_reference(struct tick *t, struct tick_thread *thread,
			  enum vmsim_access_result result)
{
	if (result == VMSIM_RESULT_OK)
		book(t, thread, BUCKET_data,
		     t->config->caches.data ? thread->data_cycles : t->config->data.latency.cycles);
	t->result->results[thread->index] = (uint8_t)result;
	thread->stage = TICK_END;
}

/* --- one page -------------------------------------------------------------------------------- */

/* T22: the policy sees a reference once per page, by the fault that brings the page in or else by
 * the first lookup that finds it. */
static void tell_policy(struct tick *t, struct tick_thread *thread, vmsim_pfn frame)
{
	if (t->config->replacement.sees == SEES_EVERY_REFERENCE &&
	    (!thread->repeated || thread->untold))
		vmm_referenced(t->vmm, thread->process, &frame, 1);
}

/* T9: where caches hold data, a reference looks once in each page, and waits for the slowest. */
static void look_up_data(struct tick *t, struct tick_thread *thread, vmsim_va va, vmsim_pfn frame)
{
	uint64_t address = (uint64_t)frame << VMSIM_PAGE_SHIFT | va % VMSIM_PAGE_SIZE;
	vmsim_cycles cycles;

	if (!t->config->caches.data)
		return;
	cycles = port_read(&core_of(t, thread)->mmu.port, address, PORT_DATA);
	thread->data_cycles = MAX(thread->data_cycles, cycles);
}

static void translate(struct tick *t, struct tick_thread *thread)
{
	struct tick_core *core = core_of(t, thread);
	enum vmsim_access access = (enum vmsim_access)thread->event->op;
	vmsim_va va = thread->va + thread->done;
	uint64_t rest = VMSIM_PAGE_SIZE - va % VMSIM_PAGE_SIZE;
	uint64_t n = MIN(rest, thread->event->size - thread->done);
	const struct tlb_config *l1 =
		access == VMSIM_EXECUTE ? &t->config->tlb.l1i : &t->config->tlb.l1d;
	struct translation tr;
	bool ok;

	if (thread->done < thread->counted)
		thread->repeated = true;
	ok = mmu_translate(&core->mmu, process_page_table(thread->process),
			   process_asid(thread->process), va >> VMSIM_PAGE_SHIFT, access,
			   thread->repeated, &tr);
	thread->counted = MAX(thread->counted, thread->done + n);
	book(t, thread, BUCKET_tlb_l1, l1->latency.cycles);
	book(t, thread, BUCKET_tlb_l2, tr.l2_cycles);
	book(t, thread, BUCKET_walk_wait, tr.wait_cycles);
	book(t, thread, BUCKET_walk, tr.walk_cycles);
	if (!ok) {
		tick_fault_begin(t, thread, va, access);
		return;
	}
	tick_unpin(t, thread);
	tell_policy(t, thread, tr.pfn);
	look_up_data(t, thread, va, tr.pfn);
	thread->repeated = thread->untold = false;
	thread->done += n;
	if (thread->done == thread->event->size)
		end_reference(t, thread, VMSIM_RESULT_OK);
}

/* --- faults ---------------------------------------------------------------------------------- */

static vmsim_cycles service_cycles(const struct config *config, const struct fault *fault)
{
	const struct duration of[N_FAULT_TYPES] = {
		[FAULT_TRANSITION] = config->os.transition,
		[FAULT_DEMAND_ZERO] = config->os.demand_zero,
		[FAULT_COPY_ON_WRITE] = config->os.cow,
		[FAULT_GUARD] = config->os.guard,
		[FAULT_HARD] = config->os.hard,
		[FAULT_STORE] = config->os.decompress,
		[FAULT_VIOLATION] = config->os.violation,
		[FAULT_SPURIOUS] = config->os.spurious,
		[FAULT_DIRTY] = config->os.dirty,
	};

	return of[fault->type].cycles;
}

/* A fault that has to wait is not decided yet, or resolved but for the wait (T13). */
static void service(struct tick *t, struct tick_thread *thread)
{
	struct fault *fault = &thread->fault;
	bool pinned = fault->is_pinned;
	enum vmm_status status = vmm_fault(t->vmm, thread->process, fault);
	struct work work = vmm_take_work(t->vmm);
	vmsim_cycles cycles =
		service_cycles(t->config, fault) + work.trimmed * t->config->os.trim.cycles +
		work.aged * t->config->os.age.cycles + tick_invalidate(t, core_of(t, thread));
	vmsim_cycles zeroing = work.zeroed * t->config->os.zero_page.cycles;

	thread->fault_cycles += cycles + zeroing;
	book(t, thread, BUCKET_fault_service, cycles);
	book(t, thread, BUCKET_zeroing, zeroing);
	tick_interrupt(t, core_of(t, thread), tick_account(t, thread->process));
	tick_ask(t, core_of(t, thread), thread->fault_begin);
	if (fault->type != FAULT_NONE)
		tick_record(t, (struct tick_record){.kind = VMSIM_RECORD_PAGE_FAULT,
						    .where = fault->va,
						    .a = fault->type,
						    .b = thread->fault_cycles});
	thread->stage = status == VMM_DONE || fault->resolved ? TICK_RETURN : TICK_SERVICE;
	tick_stepped(t, thread, status, fault->io);
	t->news |= pinned && !fault->is_pinned;
}

/* Back to the reference, at the page that faulted; a guard of a stack lets it begin anew (K2). */
static void go_back(struct tick_thread *thread)
{
	const struct fault *fault = &thread->fault;

	thread->repeated = true;
	if (fault->type == FAULT_GUARD)
		thread->done = 0;
	thread->untold = fault->type == FAULT_SPURIOUS || fault->type == FAULT_DIRTY ||
			 (fault->type == FAULT_TRANSITION && fault->io);
	thread->stage = TICK_TRANSLATE;
}

static void return_from(struct tick *t, struct tick_thread *thread)
{
	book(t, thread, BUCKET_trap, t->config->os.return_.cycles);
	if (thread->event->op == VMSIM_OP_CALL) {
		thread->call.touched = thread->fault.result;
		thread->stage = TICK_CALL;
	} else if (thread->fault.result == VMSIM_RESULT_OK) {
		go_back(thread);
	} else {
		t->stats.c.in_page_errors += thread->fault.result == VMSIM_RESULT_IN_PAGE_ERROR;
		end_reference(t, thread, thread->fault.result);
	}
}

void tick_access(struct tick *t, struct tick_thread *thread)
{
	switch (thread->stage) {
	case TICK_BEGIN:
		begin(t, thread);
		break;
	case TICK_TRANSLATE:
		core_of(t, thread)->reference = true;
		translate(t, thread);
		break;
	case TICK_TRAP:
		thread->fault_begin = t->cycle;
		thread->fault_cycles = t->config->os.trap.cycles + t->config->os.return_.cycles;
		book(t, thread, BUCKET_trap, t->config->os.trap.cycles);
		thread->stage = TICK_SERVICE;
		break;
	case TICK_SERVICE:
		service(t, thread);
		break;
	case TICK_RETURN:
		return_from(t, thread);
		break;
	default:
		g_assert_not_reached();
	}
}
