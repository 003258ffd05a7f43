/* test_audit_flow.c: what bytes are read, and what happens, made wrong (invariants I22, I30 to
 * I37). */
#include "audit.h"

static void held_untouched(struct fixture *f)
{
	content_store(&frame(f, LOADED)->content, 100, 1, &seven);
}
static void read_untouched(struct fixture *f)
{
	held_untouched(f);
	step(vmsim_access(f->m, 1, VMSIM_READ, A + LOADED * P + 98, 4, NULL) ==
	     VMSIM_RESULT_NONE);
}
static void read_other(struct fixture *f)
{
	content_store(&frame(f, DIRTY)->content, 3, 1, &seven);
	step(vmsim_access(f->m, 1, VMSIM_READ, A + DIRTY * P, 8, NULL) == VMSIM_RESULT_NONE);
}
/* Reset pages may be zeros, but not in part. */
static void read_mixture(struct fixture *f)
{
	uint64_t value = 0x1111;

	step(vmsim_access(f->m, 1, VMSIM_WRITE, A + DIRTY * P, 8, &value) == VMSIM_RESULT_OK);
	step(vmsim_access(f->m, 1, VMSIM_WRITE, A + DIRTY * P + 64, 8, &value) ==
	     VMSIM_RESULT_OK);
	step(vmsim_virtual_alloc(f->m, 1, A + DIRTY * P, P, MEM_RESET, PAGE_READWRITE, NULL));
	value = 0;
	content_store(&frame(f, DIRTY)->content, 0, 8, (const uint8_t *)&value);
	step(vmsim_access(f->m, 1, VMSIM_READ, A + DIRTY * P, 8, NULL) == VMSIM_RESULT_NONE);
}
static void handed_over(struct fixture *f)
{
	content_set(&frame(f, DIRTY)->content, content_junk());
}
static void handed_over_in_slot(struct fixture *f)
{
	content_set(pagefile_content(&f->vmm->file, pte_slot(entry(f, STORED))), content_junk());
}
static void seen_by_another(struct fixture *f)
{
	uint64_t value = 5;

	step(vmsim_virtual_free(f->m, 1, A + LOADED * P, P, MEM_DECOMMIT, NULL));
	another_process(f);
	step(vmsim_access(f->m, 2, VMSIM_WRITE, A, 8, &value) == VMSIM_RESULT_OK);
	content_set(&f->vmm->db.pfn[pte_frame(process_pte(g_ptr_array_index(f->vmm->processes, 1),
							   A / P))].content,
		    frame(f, DIRTY)->content);
}
static void outlives_decommit(struct fixture *f)
{
	struct content *old = content_ref(frame(f, DIRTY)->content);

	step(vmsim_virtual_free(f->m, 1, A + DIRTY * P, P, MEM_DECOMMIT, NULL));
	step(vmsim_virtual_alloc(f->m, 1, A + DIRTY * P, P, MEM_COMMIT, PAGE_READWRITE, NULL));
	store(f, DIRTY);
	content_set(&frame(f, DIRTY)->content, old);
	content_unref(old);
}
static void of_another_page(struct fixture *f)
{
	content_set(&frame(f, DIRTY)->content, frame(f, MODIFIED)->content);
}

/* --- what happens ----------------------------------------------------------------------------- */

static void write_of_locked(struct fixture *f)
{
	frame(f, MODIFIED)->locks = 1;
	step(vmm_background(f->vmm, true));
}
static void write_of_reset(struct fixture *f)
{
	struct pfn *pfn = frame(f, DIRTY);

	step(vmsim_virtual_alloc(f->m, 1, A + DIRTY * P, P, MEM_RESET, PAGE_READWRITE, NULL));
	g_assert_cmpint(pfn->reset, ==, RESET_PENDING);
	page_dirtied(f->vmm, pte_frame(entry(f, DIRTY)));
	page_unmap(f->vmm, f->process, A / P + DIRTY, PROT_READWRITE);
	step(vmm_background(f->vmm, true));
}
static void read_of_reset(struct fixture *f)
{
	uint32_t slot = pte_slot(entry(f, STORED));
	struct fault fault = {.va = A + STORED * P, .access = VMSIM_READ};

	step(vmsim_virtual_free(f->m, 1, A + DIRTY * P, P, MEM_DECOMMIT, NULL));
	step(vmsim_virtual_alloc(f->m, 1, A + STORED * P, P, MEM_RESET, PAGE_READWRITE, NULL));
	g_assert_false(pagefile_in_use(&f->vmm->file, slot));
	g_assert_cmpuint(any_slot(f), ==, slot);
	set_entry(f, STORED, pte_make_pagefile(PROT_READWRITE, slot));
	step(vmm_fault(f->vmm, f->process, &fault) == VMM_WAIT_IO);
}

static void begin_write(struct fixture *f)
{
	step(vmm_background(f->vmm, true));
}
static void decommit_writes(struct fixture *f)
{
	pretend(f, VMSIM_CALL_VIRTUAL_FREE, MEM_DECOMMIT, false, begin_write);
}
static void exit_writes(struct fixture *f)
{
	pretend(f, VMSIM_CALL_EXIT_PROCESS, 0, false, begin_write);
}
static void decommit_evicts_own(struct fixture *f)
{
	struct vmsim_call call = {.id = VMSIM_CALL_VIRTUAL_FREE, .size = {P}, .type = MEM_DECOMMIT};
	struct api_call api = {.call = &call, .address = A};

	evict(f, DIRTY);
	audit_step_begin(f->vmm, f->process, &api);
	step(io_write(f->vmm, pte_frame(entry(f, DIRTY)), "eviction") != NULL);
	call_ok(&api);
	audit_step_end(f->vmm, VMM_DONE);
}
static void charge_one(struct fixture *f)
{
	pages_charge(f->vmm, f->process, 1);
}
static void protect_one(struct fixture *f)
{
	page_protect(f->vmm, f->process, A / P + DIRTY, entry(f, DIRTY), PROT_READONLY);
}
static void dirty_one(struct fixture *f)
{
	set_entry(f, CLEAN, entry(f, CLEAN) ^ PTE_A);
}
static void section_one(struct fixture *f)
{
	const struct section_request want = {.name = "s", .pages = 1, .protect = PAGE_READWRITE};

	section_new(f->vmm, &want);
	f->vmm->charge--; /* not by that */
}
static void fails_charging(struct fixture *f)
{
	pretend(f, VMSIM_CALL_VIRTUAL_PROTECT, 0, true, charge_one);
}
static void fails_protecting(struct fixture *f)
{
	pretend(f, VMSIM_CALL_VIRTUAL_PROTECT, 0, true, protect_one);
}
static void fails_touching(struct fixture *f)
{
	pretend(f, VMSIM_CALL_VIRTUAL_PROTECT, 0, true, dirty_one);
}
static void fails_requeueing(struct fixture *f)
{
	pretend(f, VMSIM_CALL_VIRTUAL_PROTECT, 0, true, requeue_one);
}
static void fails_making(struct fixture *f)
{
	pretend(f, VMSIM_CALL_VIRTUAL_PROTECT, 0, true, section_one);
}
static void unlock_protects(struct fixture *f)
{
	pretend(f, VMSIM_CALL_VIRTUAL_UNLOCK, 0, true, protect_one);
}
static void undo_charges(struct fixture *f)
{
	pretend(f, VMSIM_CALL_VIRTUAL_ALLOC, MEM_RESET_UNDO, true, charge_one);
}
static void fails_charged(struct fixture *f)
{
	struct vmsim_call call = {.id = VMSIM_CALL_VIRTUAL_PROTECT, .size = {P}};
	struct api_call api = {.call = &call, .address = A, .charged = 2};

	audit_step_begin(f->vmm, f->process, &api);
	call_fail(&api, STATUS_NOT_COMMITTED, "2.5.9", "it is to fail");
	audit_step_end(f->vmm, VMM_DONE);
}

static const struct wrong wrongs[] = {
#define STATE(make, name, invariant)
#define CORE(make, name, invariant)
#define FLOW(make, name, invariant) {name, invariant, make},
#define SECTION(make, name, invariant)
#include "audit.def"
};

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	add_wrongs(wrongs, G_N_ELEMENTS(wrongs));
	return g_test_run();
}
