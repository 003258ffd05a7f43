/* test_large.c: blocks of large pages (semantics 9.6): what allocates one and what does not, and
 * the frames it takes and gives back. */
#include "unit/large.h"

/* --- what allocates and what does not ------------------------------------------------------- */

static void test_steps(void)
{
	struct fixture *f = start("vmm.lock_memory_privilege=false");
	uint32_t awe = LARGE | MEM_PHYSICAL, watch = LARGE | MEM_WRITE_WATCH;
	uint32_t no_reserve = MEM_COMMIT | MEM_LARGE_PAGES;
	uint32_t no_commit = MEM_RESERVE | MEM_LARGE_PAGES;

	RULES("2.3.5 2.3.11 2.3.12 2.3.14a 2.3.16a 2.3.17a H21");
	small(f, 1, 1);
	/* 11: after everything that is wrong in itself, before what is wrong with its multiples */
	refused(f, 0, P, no_commit, RW, 87, "2.3.5");
	refused(f, 0, P, LARGE, 0, 87, "2.3.8");
	refused(f, 0, 0, LARGE, RW, 87, "2.3.9");
	refused(f, P * 16, P, LARGE, RW, 1314, "2.3.11");
	stop(f);
	f = start("pagefile.size=0");
	small(f, 1, 1);
	refused(f, 0, L, no_reserve, RW, 87, "2.3.5");
	refused(f, 0, L, no_commit, RW, 87, "2.3.5");
	refused(f, 0, L, awe, RW, 87, "2.3.5");
	refused(f, 0, L, watch, RW, 87, "2.3.5");
	refused(f, 0, L + P, LARGE, RW, 87, "2.3.12");
	refused(f, L / 2, L, LARGE, RW, 87, "2.3.12");
	refused(f, SMALL, L - P, LARGE, RW, 87, "2.3.12");
	refused(f, 0, L, LARGE, PAGE_NOACCESS, 87, "H21");
	refused(f, 0, L, LARGE, PAGE_READWRITE | PAGE_GUARD, 87, "H21");
	refused(f, 0, L, LARGE, PAGE_WRITECOPY, 87, "2.3.13a");
	refused(f, SMALL, L, LARGE, RW, 487, "2.3.14a");
	refused(f, SMALL - L, 2 * L, LARGE, RW, 487, "2.3.14a");
	/* 16a: 1537 frames are the limit, of which one is charged */
	refused(f, 0, 4 * L, LARGE, RW, 1455, "2.3.16a");
	/* 17a: frame 0 is taken, so there are two runs */
	refused(f, 0, 3 * L, LARGE, RW, 1450, "2.3.17a");
	large(f, 0, 2, 512);
	refused(f, 0, L, LARGE, RW, 1450, "2.3.17a");
	alloc(f, 0, P, BOTH, RW);
	refused(f, 0, L, LARGE, RW, 1455, "2.3.16a"); /* 2 + 1024 + 512 > 1537 */
	stop(f);
	f = start("paging.levels=3 vmm.va_seed=0");
	refused(f, 0, 1024 * L, LARGE, RW, 87, "2.3.9"); /* 2 GiB is more than there is */
	g_assert_cmphex(alloc(f, 0x7FE00000, L - 0x10000, MEM_RESERVE, RW), ==, 0x7FE00000);
	refused(f, 0, 1023 * L, LARGE, RW, 8, "2.3.15a");
	g_assert_cmphex(large(f, 0x7FC00000, 1, 0), ==, 0x7FC00000);
	g_assert_cmpuint(process(f)->pt.n_tables, ==, 2);
	stop(f);
	f = start("paging.levels=2"); /* chosen: an upper entry would map 4 MiB */
	refused(f, 0, L, LARGE, RW, 1450, "2.3.17a");
	stop(f);
}

/* NULL: a multiple of 2 MiB, lowest or highest, that is free. */
static void test_place(void)
{
	struct fixture *f = start("memory.frames=4100");

	RULES("V11 2.3.12");
	g_assert_cmphex(large(f, 0, 1, 0), ==, L);
	g_assert_cmphex(large(f, 0, 1, 512), ==, 2 * L);
	alloc(f, 3 * L + 0x10000, P, BOTH, RW);
	g_assert_cmphex(large(f, 0, 1, 1024), ==, 4 * L);
	g_assert_true(release(f, L, 0, MEM_RELEASE));
	g_assert_cmphex(large(f, 0, 2, 1536), ==, 5 * L);
	g_assert_cmphex(large(f, 0, 1, 2560), ==, L); /* zeroed frames before free ones */
	/* from above: the last 64 KiB of 128 TiB are not the program's */
	g_assert_cmphex(alloc(f, 0, L, LARGE | MEM_TOP_DOWN, RW), ==, 0x7FFFFFFF0000 / L * L - L);
	alloc(f, 0x7FFFFFFF0000 / L * L - L - 0x10000, P, BOTH, RW);
	g_assert_cmphex(alloc(f, 0, L, LARGE | MEM_TOP_DOWN, RW), ==,
			0x7FFFFFFF0000 / L * L - 3 * L);
	g_assert_true(release(f, 0x7FFFFFFF0000 / L * L - L, 0, MEM_RELEASE)); /* the highest */
	g_assert_cmphex(alloc(f, 0, L, LARGE | MEM_TOP_DOWN, RW), ==, 0x7FFFFFFF0000 / L * L - L);
	stop(f);
	f = start("paging.levels=3 trace.implicit_commit=true"); /* pages above the user range */
	g_assert_cmpint(touch(f, 0xC0000000, VMSIM_READ), ==, VMSIM_RESULT_OK);
	g_assert_cmphex(alloc(f, 0, L, LARGE | MEM_TOP_DOWN, RW), ==, 0x7FC00000);
	stop(f);
	f = start("vmm.va_seed=5");
	g_assert_cmpuint(alloc(f, 0, L, LARGE, RW) % L, ==, 0);
	stop(f);
}

/* Where it was when it was recorded, if that can be. */
static void test_recorded_place(void)
{
	static const struct {
		vmsim_va recorded, got;
	} row[] = {{5 * L, 5 * L}, {7 * L + 0x10000, L}, {5 * L, 2 * L}};
	struct fixture *f = start("");

	RULES("V11 2.3.12");
	for (size_t i = 0; i < G_N_ELEMENTS(row); i++) {
		struct vmsim_call call = {.id = VMSIM_CALL_VIRTUAL_ALLOC, .size = {L},
					  .type = LARGE, .protect = RW};
		struct vmsim_event e = {.op = VMSIM_OP_CALL, .pid = PID, .tid = 1, .call = &call};

		call.recorded.kind = VMSIM_OUTCOME_SUCCESS;
		call.recorded.address.offset = row[i].recorded;
		g_assert_true(vmsim_machine_feed(f->m, &e, 1, NULL, NULL));
		g_assert_cmphex(f->m->last_outcome.address.offset, ==, row[i].got);
	}
	stop(f);
}

/* --- frames ---------------------------------------------------------------------------------- */

static void test_frames(void)
{
	struct fixture *f = start("");
	vmsim_pfn frame = 512;

	RULES("L33 H21 C1.large I18 I21");
	small(f, 100, 100); /* frames 0 to 99 */
	large(f, L, 1, frame);
	g_assert_cmpuint(pfn_available(db(f)), ==, 1537 - 100 - 512);
	g_assert_cmpuint(db(f)->n_large, ==, 512);
	g_assert_cmpuint(f->m->vmm->charge, ==, 100 + 512);
	g_assert_cmpuint(process(f)->ws_pages, ==, 100);
	g_assert_cmpuint(counter(f, "committed_pages_peak"), ==, 612);
	g_assert_cmpuint(counter(f, "resident_pages_peak"), ==, 100);
	for (unsigned i = 0; i < 512; i++) {
		const struct pfn *pfn = &db(f)->pfn[frame + i];

		g_assert_cmpuint(pfn->vpn, ==, L / P + i);
		g_assert_true(pfn->owner == process(f) && content_is_zero(pfn->content));
	}
	store(f, SMALL, 1);
	alloc(f, SMALL + 0x1000000, P, BOTH, RW); /* frame 100 is the next, as ever */
	store(f, SMALL + 0x1000000, 1);
	g_assert_cmpuint(pte_frame(process_pte(process(f), (SMALL + 0x1000000) / P)), ==, 100);
	g_assert_true(release(f, L, 0, MEM_RELEASE));
	g_assert_cmpuint(f->given, ==, 512);
	g_assert_cmpuint(db(f)->n[PFN_FREE], ==, 512);
	g_assert_cmpuint(db(f)->n_large, ==, 0);
	g_assert_cmpuint(f->m->vmm->charge, ==, 101);
	g_assert_cmpuint(process(f)->pt.n_tables, ==, 3 + 2); /* of the small pages alone */
	stop(f);
}

/* Runs are chosen as frames are: zeroed, then free, then standby; lowest first. */
static void test_order(void)
{
	struct fixture *f = start("memory.zero_fill_dirty=false");

	RULES("L33 L4 L1");
	small(f, 514, 0);
	for (unsigned i = 0; i < 513; i++) /* frames 0 to 512, clean */
		load(f, SMALL + i * P);
	g_assert_false(vmsim_virtual_unlock(f->m, PID, SMALL, P, NULL)); /* frame 0: standby */
	g_assert_true(release(f, SMALL + P, 512 * P, MEM_DECOMMIT)); /* all others: free */
	g_assert_cmpint(db(f)->pfn[0].state, ==, PFN_STANDBY);
	large(f, 0, 1, 1024);
	g_assert_cmpuint(counter(f, "pages_zeroed_inline"), ==, 0);
	large(f, 0, 1, 512); /* one free frame there: zeroed in line */
	g_assert_cmpuint(counter(f, "pages_zeroed_inline"), ==, 1);
	g_assert_cmpuint(counter(f, "pages_repurposed"), ==, 0);
	large(f, 0, 1, 0);
	g_assert_cmpuint(counter(f, "pages_zeroed_inline"), ==, 1 + 512);
	g_assert_cmpuint(counter(f, "pages_repurposed"), ==, 1);
	g_assert_cmpuint(load(f, SMALL), ==, 0); /* frame 1536 */
	g_assert_cmpuint(counter(f, "demand_zero_faults"), ==, 513 + 1);
	stop(f);
}

/* A standby page with a slot is forgotten, not lost. */
static void test_repurposed(void)
{
	struct fixture *f = start("memory.frames=513 vmm.modified_max=0 pagefile.device=nvme");

	RULES("L33 L4");
	small(f, 1, 1);
	g_assert_false(vmsim_virtual_unlock(f->m, PID, SMALL, P, NULL));
	refused(f, 0, L, LARGE, RW, 1450, "2.3.17a"); /* being written: nothing waits for that */
	pass_time(f);
	g_assert_cmpint(db(f)->pfn[0].state, ==, PFN_STANDBY);
	large(f, L, 1, 0);
	g_assert_cmpuint(load(f, L), ==, 0);
	g_assert_cmpuint(load(f, SMALL), ==, 1);
	g_assert_cmpuint(counter(f, "hard_faults"), ==, 1);
	stop(f);
}

/* Frames enough, but none of the runs is whole: 1450, until one is. */
static void test_fragments(void)
{
	struct fixture *f = start("");

	RULES("2.3.17a C4");
	small(f, 1100, 1100); /* page i in frame i */
	for (unsigned i = 0; i < 1100; i++)
		if (i != 100 && i != 600 && i != 1050)
			g_assert_true(release(f, SMALL + i * P, P, MEM_DECOMMIT));
	g_assert_cmpuint(pfn_available(db(f)), ==, 1537 - 3);
	refused(f, 0, L, LARGE, RW, 1450, "2.3.17a");
	g_assert_true(release(f, SMALL + 600 * P, P, MEM_DECOMMIT));
	refused(f, 0, 2 * L, LARGE, RW, 1450, "2.3.17a");
	large(f, L, 1, 512);
	g_assert_cmpuint(load(f, SMALL + 100 * P), ==, 101);
	stop(f);
}

/* Some frame must be left; and frames for the tables, here of three levels. */
static void test_room(void)
{
	struct fixture *f = start("memory.frames=512");

	RULES("2.3.17a C4 L3");
	small(f, 1, 0);
	refused(f, 0, L, LARGE, RW, 1450, "2.3.17a");
	stop(f);
	f = start("memory.frames=1024"); /* two, but not both */
	large(f, 0, 1, 0);
	refused(f, 0, L, LARGE, RW, 1450, "2.3.17a");
	stop(f);
	f = start("memory.frames=515 memory.page_tables=in");
	refused(f, 0, L, LARGE, RW, 1450, "2.3.17a");
	stop(f);
	f = start("memory.frames=1024 memory.page_tables=in");
	small(f, 508, 508); /* and four tables: one of the two runs, to the last frame */
	g_assert_cmpuint(pfn_available(db(f)), ==, 512);
	refused(f, 0, L, LARGE, RW, 1450, "2.3.17a");
	g_assert_true(release(f, SMALL, P, MEM_DECOMMIT)); /* a frame for the one table it needs */
	large(f, L, 1, 512);
	g_assert_cmpuint(pfn_available(db(f)), ==, 0);
	stop(f);
	f = start("memory.frames=516 memory.page_tables=in");
	large(f, L, 1, 0);
	g_assert_cmpuint(db(f)->n_tables, ==, 3);
	g_assert_cmpuint(pfn_available(db(f)), ==, 1);
	g_assert_true(release(f, L, 0, MEM_RELEASE));
	g_assert_cmpuint(db(f)->n_tables, ==, 0);
	g_assert_cmpuint(pfn_available(db(f)), ==, 516);
	large(f, L, 1, 0);
	store(f, L, 7);
	vmsim_exit_process(f->m, PID); /* 2.12 */
	g_assert_cmpuint(pfn_available(db(f)), ==, 516);
	g_assert_cmpuint(db(f)->n_large, ==, 0);
	stop(f);
}

/* A leaf table that is empty is in the way, and goes. */
static void test_empty_table(void)
{
	struct fixture *f = start("memory.page_tables=in");
	struct io *io;

	RULES("L38");
	small(f, 1, 1); /* tables 0 to 3, of which three are on the way to L */
	g_assert_cmpint(pages_build(f->m->vmm, process(f), L / P, L / P, &io, NULL), ==, VMM_DONE);
	large(f, L, 1, 512);
	g_assert_null(pt_find(&process(f)->pt, L / P));
	store(f, L + 5 * P, 5);
	g_assert_cmpuint(counter(f, "page_faults"), ==, 1);
	/* Who wants entries for a range finds those of a large page there. */
	g_assert_cmpint(pages_build(f->m->vmm, process(f), L / P + 7, L / P + 9, &io, NULL), ==,
			VMM_DONE);
	g_assert_cmpuint(db(f)->n_tables, ==, 4 + 1);
	g_assert_cmpuint(db(f)->n_tables, ==, process(f)->pt.n_tables);
	stop(f);
}

/* C1: and is charged no more; the tables of the small page still are, as is the one that maps the
 * large page. */
static void test_empty_table_charge(void)
{
	struct fixture *f = start("memory.charge_page_tables=true");
	GHashTable *charged;
	struct io *io;
	guint before;

	RULES("C1.tables");
	small(f, 1, 1);
	charged = process(f)->charged_tables;
	before = g_hash_table_size(charged);
	g_assert_cmpint(pages_build(f->m->vmm, process(f), L / P, L / P, &io, NULL), ==, VMM_DONE);
	g_assert_cmpuint(g_hash_table_size(charged), >, before);
	large(f, L, 1, 512);
	g_assert_cmpuint(g_hash_table_size(charged), ==, before + 1);
	g_assert_cmpuint(process(f)->committed, ==, 512 + 1 + before + 1);
	stop(f);
}

/* Errors that are injected befall pages of lists and working sets. */
static void test_injected(void)
{
	struct fixture *f = start("");

	large(f, L, 1, 0);
	vmm_inject(f->m->vmm, process(f), L + P, VMSIM_INJECT_MEMORY);
	g_assert_cmpint(touch(f, L + P, VMSIM_READ), ==, VMSIM_RESULT_OK);
	stop(f);
}

/* W2: everything else goes first, and they never. */
static void test_pressure(void)
{
	static const char *const policies[] = {
		"replacement.policy=fifo",
		"replacement.policy=lru replacement.sees=every-reference",
		"replacement.policy=clock replacement.sees=every-reference",
		"replacement.policy=clock", "replacement.scope=process standby.enabled=false"};

	RULES("W2 L33");
	for (size_t i = 0; i < G_N_ELEMENTS(policies); i++) {
		char *settings = g_strconcat("memory.frames=520 vmm.modified_max=0 ", policies[i],
					     NULL);
		struct fixture *f = start(settings);

		g_free(settings);
		large(f, L, 1, 0);
		small(f, 40, 0);
		for (unsigned n = 0; n < 200; n++) {
			store(f, SMALL + n * 7 % 40 * P, n);
			store(f, L + n * P, n);
		}
		for (unsigned n = 160; n < 200; n++) {
			g_assert_cmpuint(load(f, SMALL + n * 7 % 40 * P), ==, n);
			g_assert_cmpuint(load(f, L + n * P), ==, n);
		}
		g_assert_cmpuint(db(f)->n_large, ==, 512);
		g_assert_cmpuint(counter(f, "pages_evicted"), >=, 200 - 8);
		g_assert_cmpuint(counter(f, "page_faults"), ==,
				 counter(f, "demand_zero_faults") + counter(f, "hard_faults") +
					 counter(f, "transition_faults"));
		stop(f);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/large/steps", test_steps);
	g_test_add_func("/large/place", test_place);
	g_test_add_func("/large/recorded-place", test_recorded_place);
	g_test_add_func("/large/frames", test_frames);
	g_test_add_func("/large/order", test_order);
	g_test_add_func("/large/repurposed", test_repurposed);
	g_test_add_func("/large/fragments", test_fragments);
	g_test_add_func("/large/room", test_room);
	g_test_add_func("/large/empty-table", test_empty_table);
	g_test_add_func("/large/empty-table-charge", test_empty_table_charge);
	g_test_add_func("/large/injected", test_injected);
	g_test_add_func("/large/pressure", test_pressure);
	return g_test_run();
}
