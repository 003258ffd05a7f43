/* test_vmm.c: the memory manager without an engine: faults and calls meet requests that are still
 * under way, at moments that the order of a trace does not bring about. */
#include "base/rng.h"
#include "vmm_fixture.h"

/* Page 0 is in the pagefile only, in slot 1; two frames, one of them free. */
static void stored_page(struct fixture *f)
{
	set_up(f, "memory.frames=2");
	store(f, 0, 77);
	evict(f, 0);
	while (vmm_background(f->vmm, false))
		complete(f);
	store(f, 1, 1);
	store(f, 2, 2);
	g_assert_true(pte_is_pagefile(entry(f, 0)));
	g_assert_cmpuint(pte_slot(entry(f, 0)), ==, 1);
	g_assert_cmpuint(call(f, VMSIM_CALL_VIRTUAL_FREE, 1, 1, MEM_DECOMMIT, 0), ==, 0);
}

/* A read of page 0 is under way; its fault waits for it. */
static void reading_page(struct fixture *f)
{
	struct fault fault;

	stored_page(f);
	g_assert_cmpint(fault_at(f, 0, VMSIM_READ, &fault), ==, VMM_WAIT_IO);
	g_assert_cmpint(fault.type, ==, FAULT_HARD);
	g_assert_true(fault.resolved);
	g_assert_cmpint(frame_of(f, 0)->state, ==, PFN_TRANSITION);
	g_assert_cmpuint(f->ios->len, ==, 1);
}

/* L1 and L2: which list a frame is taken from. */
static void test_frame_order(void)
{
	struct fixture f;

	RULES("L1 L2");
	set_up(&f, "memory.frames=4 memory.zero_fill_dirty=false");
	g_assert_cmpuint(frame_take(f.vmm, FRAME_ANY), ==, 0); /* zeroed ones are all there are */
	load(&f, 0);
	load(&f, 1);
	call(&f, VMSIM_CALL_VIRTUAL_FREE, 0, 1, MEM_DECOMMIT, 0);
	g_assert_cmpuint(frame_take(f.vmm, FRAME_ANY), ==, 0);    /* the free one first */
	g_assert_cmpuint(frame_take(f.vmm, FRAME_ZEROED), ==, 2); /* the zeroed one first */
	evict(&f, 1);
	load(&f, 2);
	load(&f, 3);
	g_assert_cmpuint(f.vmm->c->pages_zeroed_inline, ==, 0);
	g_assert_cmpuint(frame_take(f.vmm, FRAME_ZEROED), ==, 0); /* free, then standby */
	g_assert_cmpuint(f.vmm->c->pages_zeroed_inline, ==, 1);
	load(&f, 4);
	g_assert_cmpuint(f.vmm->c->pages_repurposed, ==, 0);
	g_assert_cmpuint(frame_take(f.vmm, FRAME_ANY), ==, 1);
	g_assert_cmpuint(f.vmm->c->pages_repurposed, ==, 1);
	g_assert_true(pte_is_transition(entry(&f, 1)) == false);
	pfn_move(&f.vmm->db, 1, MOVE_L4); /* it has no page any more */
	tear_down(&f);
}

/* Deleted while it is being read: the frame and the slot are free when the read ends, the charge at
 * once, and the access that waited is decided anew. */
static void test_deleted_while_read(void)
{
	struct fixture f;
	vmsim_pfn frame;
	uint64_t charge;

	RULES("4.5.reading L28 L34 L36 I13");
	reading_page(&f);
	frame = pte_frame(entry(&f, 0));
	charge = f.vmm->charge;
	g_assert_cmpuint(call(&f, VMSIM_CALL_VIRTUAL_FREE, 0, 1, MEM_DECOMMIT, 0), ==, 0);
	g_assert_cmpuint(f.vmm->charge, ==, charge - 1);
	g_assert_true(pte_is_decommitted(entry(&f, 0)));
	g_assert_cmpint(f.vmm->db.pfn[frame].state, ==, PFN_TRANSITION);
	g_assert_true(pagefile_in_use(&f.vmm->file, 1));
	complete(&f);
	g_assert_cmpint(f.vmm->db.pfn[frame].state, ==, PFN_FREE);
	g_assert_false(pagefile_in_use(&f.vmm->file, 1));
	g_assert_cmpint(touch(&f, 0, VMSIM_READ), ==, VMSIM_RESULT_ACCESS_VIOLATION);
	call(&f, VMSIM_CALL_VIRTUAL_ALLOC, 0, 1, MEM_COMMIT, PAGE_READWRITE);
	g_assert_cmpuint(load(&f, 0), ==, 0);
	tear_down(&f);
}

/* Committed again while the deleted page's read is still under way: what occupies the address by
 * then is found, and it is not what was read. */
static void test_recommitted_while_read(void)
{
	struct fixture f;

	RULES("4.5.reading L34 L37 I33");
	reading_page(&f);
	call(&f, VMSIM_CALL_VIRTUAL_FREE, 0, 1, MEM_DECOMMIT, 0);
	call(&f, VMSIM_CALL_VIRTUAL_ALLOC, 0, 1, MEM_COMMIT, PAGE_READWRITE);
	complete(&f);
	g_assert_false(pte_is_valid(entry(&f, 0)));
	g_assert_cmpuint(load(&f, 0), ==, 0);
	g_assert_cmpuint(pagefile_used(&f.vmm->file), ==, 0);
	tear_down(&f);
}

/* Protected while it is being read: not made valid, but kept, with its slot. */
static void test_protected_while_read(void)
{
	struct fixture f;

	RULES("L34 L15 I23");
	reading_page(&f);
	g_assert_cmpuint(call(&f, VMSIM_CALL_VIRTUAL_PROTECT, 0, 1, 0, PAGE_NOACCESS), ==, 0);
	complete(&f);
	g_assert_true(pte_is_transition(entry(&f, 0)));
	g_assert_cmpint(frame_of(&f, 0)->state, ==, PFN_STANDBY);
	g_assert_cmpuint(frame_of(&f, 0)->slot, ==, 1);
	g_assert_cmpint(touch(&f, 0, VMSIM_READ), ==, VMSIM_RESULT_ACCESS_VIOLATION);
	call(&f, VMSIM_CALL_VIRTUAL_PROTECT, 0, 1, 0, PAGE_READWRITE);
	g_assert_cmpuint(load(&f, 0), ==, 77);
	g_assert_cmpuint(f.vmm->c->transition_faults, ==, 1);
	g_assert_cmpuint(f.vmm->c->page_reads, ==, 1);
	tear_down(&f);
}

/* Made read-only while it is read for a store: that did not happen, so the page keeps its slot. */
static void test_read_only_while_read(void)
{
	struct fixture f;
	struct fault fault;

	RULES("L34 L15 L30.freed");
	stored_page(&f);
	g_assert_cmpint(fault_at(&f, 0, VMSIM_WRITE, &fault), ==, VMM_WAIT_IO);
	g_assert_cmpuint(call(&f, VMSIM_CALL_VIRTUAL_PROTECT, 0, 1, 0, PAGE_READONLY), ==, 0);
	complete(&f);
	g_assert_true(pte_is_transition(entry(&f, 0)));
	g_assert_cmpint(frame_of(&f, 0)->state, ==, PFN_STANDBY);
	g_assert_cmpuint(frame_of(&f, 0)->slot, ==, 1);
	g_assert_cmpint(touch(&f, 0, VMSIM_WRITE), ==, VMSIM_RESULT_ACCESS_VIOLATION);
	g_assert_cmpuint(load(&f, 0), ==, 77);
	g_assert_cmpuint(f.vmm->c->page_reads, ==, 1);
	tear_down(&f);
}

/* Reset while it is being read: the read runs out, then the slot is free and the page clean. */
static void test_reset_while_read(void)
{
	struct fixture f;

	RULES("R3.reading I34");
	reading_page(&f);
	call(&f, VMSIM_CALL_VIRTUAL_ALLOC, 0, 1, MEM_RESET, PAGE_READWRITE);
	g_assert_true(pagefile_in_use(&f.vmm->file, 1));
	g_assert_cmpuint(f.vmm->c->pages_reset_pending, ==, 1);
	complete(&f);
	g_assert_false(pagefile_in_use(&f.vmm->file, 1));
	g_assert_cmpuint(load(&f, 0), ==, 77);
	evict(&f, 0); /* to standby: there is nothing to write */
	g_assert_cmpint(frame_of(&f, 0)->state, ==, PFN_STANDBY);
	g_assert_false(vmm_background(f.vmm, false));
	tear_down(&f);
}

/* A second fault on a page being read waits for the same read, and is counted as soft. */
/* W13: a page in the store is in memory: a prefetch reads only the one that is in the pagefile. */
static void test_prefetch_store(void)
{
	const struct vad *vad;
	struct fixture f;

	RULES("W13 2.9");
	set_up(&f, "memory.frames=8 store.enabled=true store.max=13 vmm.mpw_cluster=1");
	for (unsigned page = 0; page < 3; page++)
		store(&f, page, (uint8_t)(page + 1));
	for (unsigned page = 0; page < 3; page++)
		evict(&f, page); /* two fit into the store's frame */
	while (vmm_background(f.vmm, false))
		while (f.ios->len)
			complete(&f);
	g_assert_cmpuint(f.vmm->c->pages_compressed, ==, 2);
	for (unsigned page = 3; page < 10; page++)
		store(&f, page, 9);
	g_assert_true(pte_is_pagefile(entry(&f, 0)) && pte_is_pagefile(entry(&f, 2)));
	g_assert_true(pagefile_is_store(&f.vmm->file, pte_slot(entry(&f, 0))));
	g_assert_false(pagefile_is_store(&f.vmm->file, pte_slot(entry(&f, 2))));
	call(&f, VMSIM_CALL_VIRTUAL_FREE, 3, 4, MEM_DECOMMIT, 0);
	vad = vad_find(&f.process->vads, A / P);
	g_assert_true(cluster_prefetch(f.vmm, f.process, vad, A / P + 2, A / P + 2));
	g_assert_cmpuint(f.ios->len, ==, 1);
	cluster_prefetch(f.vmm, f.process, vad, A / P, A / P + 1);
	g_assert_cmpuint(f.ios->len, ==, 1);
	g_assert_cmpuint(load(&f, 1), ==, 2);
	g_assert_cmpuint(f.vmm->c->store_faults, ==, 1);
	tear_down(&f);
}

static void test_collided(void)
{
	struct fault fault;
	struct fixture f;

	RULES("L35 8.1.transition");
	reading_page(&f);
	g_assert_cmpint(fault_at(&f, 0, VMSIM_READ, &fault), ==, VMM_WAIT_IO);
	g_assert_cmpint(fault.type, ==, FAULT_TRANSITION);
	g_assert_true(fault.io == g_ptr_array_index(f.ios, 0));
	g_assert_cmpuint(f.ios->len, ==, 1);
	g_assert_cmpuint(f.vmm->c->page_reads, ==, 1);
	complete(&f);
	g_assert_true(pte_is_valid(entry(&f, 0)));
	tear_down(&f);
}

/* A fault on a page that is valid after all, as a stale entry would bring it. */
static void test_spurious(void)
{
	struct fault fault;
	struct fixture f;
	pte_t before;

	RULES("3.1.4e 8.1.spurious");
	set_up(&f, "memory.frames=4");
	store(&f, 0, 1);
	before = entry(&f, 0);
	g_assert_cmpint(fault_at(&f, 0, VMSIM_WRITE, &fault), ==, VMM_DONE);
	g_assert_cmpint(fault.type, ==, FAULT_SPURIOUS);
	g_assert_cmpint(fault.result, ==, VMSIM_RESULT_OK);
	g_assert_cmphex(entry(&f, 0), ==, before);
	g_assert_cmpuint(f.vmm->c->spurious_faults, ==, 1);
	g_assert_cmpuint(f.vmm->c->page_faults, ==, 2);
	g_assert_cmpuint(f.invalidated, ==, 0);
	tear_down(&f);
}

/* Frames and slots that hold private pages, counted from them; and what is available. */
static void recount(struct fixture *f)
{
	const struct pfn_db *db = &f->vmm->db;
	uint64_t held = 0, slots = 0, available = 0;

	for (vmsim_pfn i = 0; i < db->frames; i++) {
		enum pfn_state state = i < db->fresh ? db->pfn[i].state : PFN_ZEROED;

		if (state == PFN_ZEROED || state == PFN_FREE) {
			available++;
			continue;
		}
		available += state == PFN_STANDBY;
		slots += db->pfn[i].slot != 0;
		held += !(db->pfn[i].flags & PFN_DELETED);
	}
	g_assert_cmpuint(available, ==, pfn_available(db));
	g_assert_cmpuint(held + pagefile_used(&f->vmm->file) - slots, <=, f->vmm->charge);
}

static void random_step(struct fixture *f, struct rng *rng)
{
	unsigned page = (unsigned)rng_below(rng, PAGES);

	switch (rng_below(rng, 10)) {
	case 0:
		call(f, VMSIM_CALL_VIRTUAL_FREE, page, 1, MEM_DECOMMIT, 0);
		break;
	case 1:
		call(f, VMSIM_CALL_VIRTUAL_ALLOC, page, 2, MEM_COMMIT, PAGE_READWRITE);
		break;
	case 2:
		call(f, VMSIM_CALL_VIRTUAL_ALLOC, page, 1, MEM_RESET, PAGE_READWRITE);
		break;
	case 3:
		call(f, VMSIM_CALL_VIRTUAL_UNLOCK, page, 2, 0, 0);
		break;
	case 4:
		vmm_background(f->vmm, false);
		break;
	case 5:
		if (f->ios->len)
			complete(f);
		break;
	default:
		touch(f, page, rng_below(rng, 2) ? VMSIM_WRITE : VMSIM_READ);
	}
	vmm_take_work(f->vmm);
}

static void test_recount(void)
{
	struct rng rng = {11};
	struct fixture f;

	RULES("I2 I20");
	set_up(&f, "memory.frames=12 pagefile.size=256KiB");
	for (int i = 0; i < 4000; i++) {
		random_step(&f, &rng);
		check(&f);
		recount(&f);
	}
	g_assert_cmpuint(f.vmm->c->hard_faults, >, 100);
	g_assert_cmpuint(f.vmm->c->transition_faults, >, 20);
	tear_down(&f);
}

/* A section's own call, at an address of its own. */
static void section_call(struct fixture *f, enum vmsim_call_id id, vmsim_va va)
{
	struct vmsim_call c = {.id = id,
			       .name = "s",
			       .size = {id == VMSIM_CALL_CREATE_FILE_MAPPING ? P : 0},
			       .protect = PAGE_READWRITE,
			       .access = FILE_MAP_WRITE};
	struct api_call api = {.call = &c, .address = va};

	g_assert_cmpint(vmm_call(f->vmm, f->process, &api), ==, VMM_DONE);
	g_assert_cmpint(api.outcome.kind, ==, VMSIM_OUTCOME_SUCCESS);
	api_call_fini(&api);
	check(f);
}

/* What a section's page was to meet goes with it: another section may get its place in memory. */
static void test_injected_section(void)
{
	struct fixture f;

	RULES("L16");
	set_up(&f, "memory.frames=16");
	section_call(&f, VMSIM_CALL_CREATE_FILE_MAPPING, 0);
	section_call(&f, VMSIM_CALL_MAP_VIEW, 0x400000);
	vmm_inject(f.vmm, f.process, 0x400000, VMSIM_INJECT_READ);
	vmm_inject(f.vmm, f.process, A, VMSIM_INJECT_READ);
	g_assert_cmpuint(f.vmm->injected->len, ==, 2);
	section_call(&f, VMSIM_CALL_UNMAP_VIEW, 0x400000);
	section_call(&f, VMSIM_CALL_CLOSE_HANDLE, 0);
	g_assert_cmpuint(f.vmm->injected->len, ==, 1);
	tear_down(&f);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/vmm/frame-order", test_frame_order);
	g_test_add_func("/vmm/deleted-while-read", test_deleted_while_read);
	g_test_add_func("/vmm/recommitted-while-read", test_recommitted_while_read);
	g_test_add_func("/vmm/protected-while-read", test_protected_while_read);
	g_test_add_func("/vmm/read-only-while-read", test_read_only_while_read);
	g_test_add_func("/vmm/reset-while-read", test_reset_while_read);
	g_test_add_func("/vmm/prefetch-store", test_prefetch_store);
	g_test_add_func("/vmm/collided", test_collided);
	g_test_add_func("/vmm/spurious", test_spurious);
	g_test_add_func("/vmm/recount", test_recount);
	g_test_add_func("/vmm/injected-section", test_injected_section);
	return g_test_run();
}
