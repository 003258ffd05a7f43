/* test_reset.c: reset, offered and discarded pages at moments that the order of a trace does not
 * bring about: while they are read or written. The memory manager stands alone; the test completes
 * requests when it likes. Invariants are checked after every step. */
#include "rules.h"
#include "vmm/internal.h"

#define P 4096u
#define A 0x100000u
#define PAGES 8u

struct fixture {
	vmsim_config *config;
	struct stats stats;
	struct events events;
	struct vmm *vmm;
	struct process *process;
	GPtrArray *ios; /* under way, oldest first */
};

static void invalidate(void *ctx, uint32_t asid, vmsim_vpn vpn)
{
	(void)ctx;
	(void)asid;
	(void)vpn;
}

static void tables_freed(void *ctx, uint32_t asid, vmsim_vpn vpn)
{
	(void)ctx;
	(void)asid;
	(void)vpn;
}

static void submit(void *ctx, struct io *io)
{
	g_ptr_array_add(((struct fixture *)ctx)->ios, io);
}

static void check(struct fixture *f)
{
	g_assert_cmpstr(vmm_check(f->vmm), ==, NULL);
}

/* A call that does not wait. => its error, 0 for success */
static uint32_t call(struct fixture *f, enum vmsim_call_id id, unsigned page, unsigned n,
		     uint32_t type)
{
	struct vmsim_call c = {.id = id, .size = {n * P}, .type = type, .number = {type},
			       .protect = PAGE_READWRITE};
	struct api_call api = {.call = &c, .address = A + page * P};

	g_assert_cmpint(vmm_call(f->vmm, f->process, &api), ==, VMM_DONE);
	api_call_fini(&api);
	check(f);
	return api.outcome.kind == VMSIM_OUTCOME_SUCCESS ? 0 : api.outcome.error;
}

static void set_up(struct fixture *f, const char *frames)
{
	const struct vmm_host host = {f, invalidate, submit, tables_freed};
	const char *const settings[] = {frames, "rules=win32", "memory.page_tables=out",
					"vmm.avail_low=0", "vmm.avail_high=0",
					"vmm.modified_max=0", "vmm.mpw_free_low=0",
					"vmm.mpw_avail_low=0"};
	GError *error = NULL;

	*f = (struct fixture){.config = vmsim_config_new(), .ios = g_ptr_array_new()};
	for (size_t i = 0; i < G_N_ELEMENTS(settings); i++)
		vmsim_config_set(f->config, settings[i], &error);
	vmsim_config_finish(f->config, &error);
	g_assert_no_error(error);
	stats_init(&f->stats);
	events_init(&f->events);
	f->vmm = vmm_new(config_get(f->config), &f->stats, &f->events, &host);
	vmm_keep_contents(f->vmm);
	f->process = vmm_process_new(f->vmm, 1);
	call(f, VMSIM_CALL_VIRTUAL_ALLOC, 0, PAGES, MEM_RESERVE | MEM_COMMIT);
}

static void complete(struct fixture *f)
{
	struct io *io = g_ptr_array_index(f->ios, 0);

	g_ptr_array_remove_index(f->ios, 0);
	vmm_io_done(f->vmm, io);
	io_free(io);
	check(f);
}

static void tear_down(struct fixture *f)
{
	while (f->ios->len)
		complete(f);
	vmm_free(f->vmm);
	g_ptr_array_unref(f->ios);
	events_fini(&f->events);
	stats_fini(&f->stats);
	vmsim_config_free(f->config);
}

static pte_t entry(const struct fixture *f, unsigned page)
{
	return process_pte(f->process, A / P + page);
}

static struct pfn *frame_of(struct fixture *f, unsigned page)
{
	g_assert_true(pte_is_valid(entry(f, page)) || pte_is_transition(entry(f, page)));
	return &f->vmm->db.pfn[pte_frame(entry(f, page))];
}

static enum vmm_status fault_at(struct fixture *f, unsigned page, enum vmsim_access access,
				struct fault *fault)
{
	enum vmm_status status;

	*fault = (struct fault){.va = A + page * P, .access = access};
	status = vmm_fault(f->vmm, f->process, fault);
	check(f);
	return status;
}

/* What a program does: touch a page until it is there. */
static void touch(struct fixture *f, unsigned page, enum vmsim_access access)
{
	struct fault fault;

	while (!pte_is_valid(entry(f, page))) {
		enum vmm_status status = fault_at(f, page, access, &fault);

		g_assert_cmpint(fault.result, ==, VMSIM_RESULT_OK);
		g_assert_cmpint(status, !=, VMM_WAIT_FRAME);
		while (status == VMM_WAIT_IO && f->ios->len)
			complete(f);
	}
	pt_set(&f->process->pt, A / P + page,
	       entry(f, page) | PTE_A | (access == VMSIM_WRITE ? PTE_D : 0));
}

static void store(struct fixture *f, unsigned page, uint8_t byte)
{
	touch(f, page, VMSIM_WRITE);
	vmm_store(f->vmm, pte_frame(entry(f, page)), A + page * P, 1, &byte);
}

static uint8_t load(struct fixture *f, unsigned page)
{
	uint8_t byte = 0;
	bool known = false;

	touch(f, page, VMSIM_READ);
	vmm_load(f->vmm, pte_frame(entry(f, page)), A + page * P, 1, &byte, &known);
	g_assert_true(known);
	return byte;
}

static void evict(struct fixture *f, unsigned page)
{
	g_assert_cmpuint(call(f, VMSIM_CALL_VIRTUAL_UNLOCK, page, 1, 0), ==, ERROR_NOT_LOCKED);
}

/* Page 0 holds 77 and is being written; its slot is 1. */
static void writing_page(struct fixture *f)
{
	set_up(f, "memory.frames=8");
	store(f, 0, 77);
	evict(f, 0);
	g_assert_true(vmm_background(f->vmm, false));
	g_assert_cmpint(frame_of(f, 0)->state, ==, PFN_TRANSITION);
	g_assert_cmpuint(f->ios->len, ==, 1);
}

/* Pages 0 and 1 hold 77 and 78 and are being read with one request, for page 0. */
static void reading_pages(struct fixture *f)
{
	struct fault fault;

	set_up(f, "memory.frames=4");
	store(f, 0, 77);
	store(f, 1, 78);
	evict(f, 0);
	evict(f, 1);
	while (vmm_background(f->vmm, false))
		complete(f);
	for (unsigned i = 2; i < 6; i++)
		load(f, i);
	g_assert_true(pte_is_pagefile(entry(f, 0)) && pte_is_pagefile(entry(f, 1)));
	call(f, VMSIM_CALL_VIRTUAL_FREE, 2, 4, MEM_DECOMMIT);
	g_assert_cmpint(fault_at(f, 0, VMSIM_READ, &fault), ==, VMM_WAIT_IO);
	g_assert_cmpint(frame_of(f, 1)->state, ==, PFN_TRANSITION);
	g_assert_cmpuint(f->ios->len, ==, 1);
}

/* A frame is on standby, at the head or the tail of a list. */
static void listed(struct fixture *f, unsigned page, unsigned list, bool head)
{
	const struct pfn_list *l = &f->vmm->db.standby[list];
	vmsim_pfn frame = pte_frame(entry(f, page));

	g_assert_cmpint(frame_of(f, page)->state, ==, PFN_STANDBY);
	g_assert_cmpuint(head ? l->head : l->tail, ==, frame);
	g_assert_cmpuint(frame_of(f, page)->slot, ==, 0);
	g_assert_cmpint(frame_of(f, page)->reset, ==, RESET_PENDING);
}

/* Something else is first on list 0. */
static void fill_list(struct fixture *f)
{
	store(f, 6, 1);
	call(f, VMSIM_CALL_VIRTUAL_ALLOC, 6, 1, MEM_RESET);
	evict(f, 6);
	listed(f, 6, 0, true);
}

/* --- while it is being written ---------------------------------------------------------------- */

static void test_offered_while_written(void)
{
	struct fixture f;

	RULES("R9 R10 R3.writing L22");
	writing_page(&f);
	fill_list(&f);
	g_assert_cmpuint(call(&f, VMSIM_CALL_OFFER, 0, 1, 3), ==, 0);
	g_assert_cmpint(frame_of(&f, 0)->state, ==, PFN_TRANSITION);
	g_assert_true(pagefile_in_use(&f.vmm->file, 1));
	complete(&f);
	listed(&f, 0, 2, true);
	g_assert_false(pagefile_in_use(&f.vmm->file, 1));
	g_assert_cmpuint(f.vmm->c->reset_slots_freed, ==, 1);
	g_assert_true(pte_is_offered(entry(&f, 0)));
	g_assert_cmpuint(call(&f, VMSIM_CALL_RECLAIM, 0, 1, 0), ==, 0);
	g_assert_cmpint(frame_of(&f, 0)->state, ==, PFN_MODIFIED);
	g_assert_cmpuint(load(&f, 0), ==, 77);
	tear_down(&f);
}

/* Reclaimed before the write is done: the page is live and its slot stale. */
static void test_reclaimed_while_written(void)
{
	struct fixture f;

	RULES("R10 R8 L24");
	writing_page(&f);
	g_assert_cmpuint(call(&f, VMSIM_CALL_OFFER, 0, 1, 1), ==, 0);
	g_assert_cmpuint(call(&f, VMSIM_CALL_RECLAIM, 0, 1, 0), ==, 0);
	complete(&f);
	g_assert_cmpint(frame_of(&f, 0)->state, ==, PFN_MODIFIED);
	g_assert_false(pagefile_in_use(&f.vmm->file, 1));
	g_assert_cmpuint(load(&f, 0), ==, 77);
	tear_down(&f);
}

static void test_discarded_while_written(void)
{
	struct fixture f;

	RULES("R11 R3.writing R3.first");
	writing_page(&f);
	fill_list(&f);
	g_assert_cmpuint(call(&f, VMSIM_CALL_DISCARD, 0, 1, 0), ==, 0);
	complete(&f);
	listed(&f, 0, 0, true);
	listed(&f, 6, 0, false);
	g_assert_cmpuint(load(&f, 0), ==, 77);
	tear_down(&f);
}

/* Mapped again while it is written, then discarded: it leaves the working set for where the write
 * ends. The same with a store meanwhile, which makes it modified once more. */
static void test_mapped_while_written(void)
{
	struct fixture f;

	RULES("R11 L17 L23 R3.writing");
	for (int stored = 0; stored < 2; stored++) {
		writing_page(&f);
		if (stored)
			store(&f, 0, 78);
		else
			load(&f, 0);
		g_assert_cmpuint(f.ios->len, ==, 1); /* for a page being written nobody waits */
		g_assert_cmpuint(call(&f, VMSIM_CALL_DISCARD, 0, 1, 0), ==, 0);
		g_assert_cmpint(frame_of(&f, 0)->state, ==, PFN_TRANSITION);
		complete(&f);
		listed(&f, 0, 0, true);
		g_assert_cmpuint(f.vmm->c->pages_reset_pending, ==, 1);
		tear_down(&f);
	}
}

/* --- while it is being read ------------------------------------------------------------------ */

static void test_offered_while_read(void)
{
	struct fixture f;

	RULES("R9 R3.reading L34 L15 I23");
	reading_pages(&f);
	g_assert_cmpuint(call(&f, VMSIM_CALL_OFFER, 0, 2, 4), ==, 0);
	complete(&f);
	listed(&f, 0, 3, true);
	listed(&f, 1, 3, false);
	g_assert_cmpuint(pagefile_used(&f.vmm->file), ==, 0);
	g_assert_cmpuint(f.vmm->c->reset_slots_freed, ==, 2);
	g_assert_cmpuint(call(&f, VMSIM_CALL_RECLAIM, 0, 2, 0), ==, 0);
	g_assert_cmpuint(load(&f, 0), ==, 77);
	g_assert_cmpuint(load(&f, 1), ==, 78);
	tear_down(&f);
}

static void test_discarded_while_read(void)
{
	struct fixture f;

	RULES("R11 R3.reading L14 L15");
	reading_pages(&f);
	g_assert_cmpuint(call(&f, VMSIM_CALL_DISCARD, 0, 2, 0), ==, 0);
	complete(&f);
	listed(&f, 1, 0, true);
	/* the page that faulted is mapped, clean and pending */
	g_assert_true(pte_is_valid(entry(&f, 0)));
	g_assert_cmpint(frame_of(&f, 0)->reset, ==, RESET_PENDING);
	g_assert_cmpuint(frame_of(&f, 0)->slot, ==, 0);
	/* evicted, it goes behind: it is not discarded any more, but reset still */
	evict(&f, 0);
	listed(&f, 0, 0, false);
	listed(&f, 1, 0, true);
	tear_down(&f);
}

/* Undone before the read is done: live, so newer than the slot that is given up all the same. */
static void test_undone_while_read(void)
{
	struct fixture f;

	RULES("R8 R3.reading I8");
	reading_pages(&f);
	call(&f, VMSIM_CALL_VIRTUAL_ALLOC, 0, 2, MEM_RESET);
	g_assert_cmpuint(call(&f, VMSIM_CALL_VIRTUAL_ALLOC, 0, 2, MEM_RESET_UNDO), ==, 0);
	complete(&f);
	g_assert_true(frame_of(&f, 0)->flags & PFN_IS_MODIFIED);
	g_assert_cmpint(frame_of(&f, 1)->state, ==, PFN_MODIFIED);
	g_assert_cmpuint(pagefile_used(&f.vmm->file), ==, 0);
	g_assert_cmpuint(load(&f, 0), ==, 77);
	g_assert_cmpuint(load(&f, 1), ==, 78);
	tear_down(&f);
}

/* The read fails: what was offered is lost then, and reclaiming says so. */
static void test_read_fails(void)
{
	struct fixture f;

	RULES("R10 L16 I15");
	reading_pages(&f);
	vmm_inject(f.vmm, f.process, A + P, VMSIM_INJECT_READ);
	g_assert_cmpuint(call(&f, VMSIM_CALL_OFFER, 1, 1, 4), ==, 0);
	complete(&f);
	g_assert_true(pte_is_offered(entry(&f, 1)));
	g_assert_false(pte_is_transition(entry(&f, 1)));
	g_assert_cmpuint(pagefile_used(&f.vmm->file), ==, 1);
	g_assert_cmpuint(call(&f, VMSIM_CALL_RECLAIM, 1, 1, 0), ==, ERROR_BUSY);
	g_assert_cmpuint(load(&f, 1), ==, 0);
	tear_down(&f);
}

/* --- offers that outlive their frames --------------------------------------------------------- */

/* An offered page made live by undoing is written out like any other and found in its slot. */
static void test_offered_and_stored(void)
{
	struct fixture f;

	RULES("R9 R8 R12 L4");
	set_up(&f, "memory.frames=2");
	store(&f, 0, 77);
	g_assert_cmpuint(call(&f, VMSIM_CALL_OFFER, 0, 1, 2), ==, 0);
	g_assert_cmpuint(call(&f, VMSIM_CALL_VIRTUAL_ALLOC, 0, 1, MEM_RESET_UNDO), ==, 0);
	while (vmm_background(f.vmm, false))
		complete(&f);
	load(&f, 1);
	load(&f, 2);
	g_assert_true(pte_is_pagefile(entry(&f, 0)) && pte_is_offered(entry(&f, 0)));
	call(&f, VMSIM_CALL_VIRTUAL_FREE, 1, 1, MEM_DECOMMIT);
	g_assert_cmpuint(call(&f, VMSIM_CALL_RECLAIM, 0, 1, 0), ==, 0);
	g_assert_cmpuint(load(&f, 0), ==, 77);
	g_assert_cmpuint(f.vmm->c->hard_faults, ==, 1);
	tear_down(&f);
}

/* A reset page that was modified is dropped: one write less; read, one read less. Only what was
 * modified counts, and only once. */
static void test_savings(void)
{
	struct fixture f;

	RULES("R4 R5");
	set_up(&f, "memory.frames=2");
	store(&f, 0, 77);
	load(&f, 1);
	call(&f, VMSIM_CALL_VIRTUAL_ALLOC, 0, 2, MEM_RESET);
	call(&f, VMSIM_CALL_VIRTUAL_ALLOC, 0, 2, MEM_RESET);
	g_assert_cmpuint(f.vmm->c->pages_reset_pending, ==, 2);
	evict(&f, 0);
	load(&f, 2);
	g_assert_cmpuint(f.vmm->c->reset_writes_avoided, ==, 1);
	/* zeros, for a read: dropped again, they were never modified */
	call(&f, VMSIM_CALL_VIRTUAL_FREE, 2, 1, MEM_DECOMMIT);
	g_assert_cmpuint(load(&f, 0), ==, 0);
	g_assert_cmpuint(f.vmm->c->reset_reads_avoided, ==, 1);
	call(&f, VMSIM_CALL_DISCARD, 0, 1, 0);
	load(&f, 3);
	g_assert_cmpuint(f.vmm->c->reset_writes_avoided, ==, 1);
	g_assert_cmpuint(f.vmm->c->pages_reset_lost, ==, 2);
	g_assert_cmpuint(f.vmm->c->pages_output, ==, 0);
	tear_down(&f);
}

/* Contents are kept only from some time on: what reset pages held before is unknown, lost or
 * not. */
static void test_kept_later(void)
{
	bool known = true;
	struct fixture f;
	uint8_t byte = 1;

	RULES("I31");
	set_up(&f, "memory.frames=2");
	f.vmm->keep_contents = false;
	touch(&f, 0, VMSIM_WRITE);
	touch(&f, 1, VMSIM_WRITE);
	call(&f, VMSIM_CALL_DISCARD, 0, 2, 0);
	touch(&f, 2, VMSIM_WRITE);
	g_assert_false(pte_is_transition(entry(&f, 1)));
	g_assert_true(pte_is_transition(entry(&f, 0)));
	vmm_keep_contents(f.vmm);
	for (unsigned page = 0; page < 3; page++) {
		touch(&f, page, VMSIM_READ);
		g_assert_true(vmm_other_value(f.vmm, pte_frame(entry(&f, page)), A + page * P, 1,
					      false, &byte, &known) == (page < 2));
		g_assert_true(page == 2 || !known);
		call(&f, VMSIM_CALL_VIRTUAL_FREE, page, 1, MEM_DECOMMIT);
	}
	tear_down(&f);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/reset/offered-while-written", test_offered_while_written);
	g_test_add_func("/reset/reclaimed-while-written", test_reclaimed_while_written);
	g_test_add_func("/reset/discarded-while-written", test_discarded_while_written);
	g_test_add_func("/reset/mapped-while-written", test_mapped_while_written);
	g_test_add_func("/reset/offered-while-read", test_offered_while_read);
	g_test_add_func("/reset/discarded-while-read", test_discarded_while_read);
	g_test_add_func("/reset/undone-while-read", test_undone_while_read);
	g_test_add_func("/reset/read-fails", test_read_fails);
	g_test_add_func("/reset/offered-and-stored", test_offered_and_stored);
	g_test_add_func("/reset/savings", test_savings);
	g_test_add_func("/reset/kept-later", test_kept_later);
	return g_test_run();
}
