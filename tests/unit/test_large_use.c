/* test_large_use.c: large pages once allocated (semantics 9.6): what programs see of them, what
 * they cost, and what the audit sees when something is wrong. */
#include "unit/large.h"

#define DATA_TLB (f->m->mmu->tlbs.first[SIDE_DATA])

/* --- what programs see ------------------------------------------------------------------------ */

static void test_contents(void)
{
	struct fixture *f = start("memory.zeroed=false");

	RULES("H21 I31 I33");
	large(f, L, 2, 0);
	for (unsigned i = 0; i < 1024; i += 31) {
		g_assert_cmpuint(load(f, L + i * P), ==, 0);
		store(f, L + i * P + 8, i);
	}
	store(f, L + 512 * P - 4, 0x1122334455667788); /* over the end of the first */
	for (unsigned i = 0; i < 1024; i += 31)
		g_assert_cmpuint(load(f, L + i * P + 8), ==, i);
	g_assert_cmphex(load(f, L + 512 * P - 4), ==, 0x1122334455667788);
	g_assert_cmphex(load(f, L + 512 * P), ==, 0x11223344);
	g_assert_cmpuint(counter(f, "page_faults"), ==, 0);
	g_assert_true(release(f, L, 0, MEM_RELEASE));
	g_assert_cmpint(touch(f, L, VMSIM_READ), ==, VMSIM_RESULT_ACCESS_VIOLATION);
	large(f, L, 2, 0); /* the same frames, zeroed again */
	for (unsigned i = 0; i < 1024; i += 31)
		g_assert_cmpuint(load(f, L + i * P + 8), ==, 0);
	g_assert_true(release(f, L, 0, MEM_RELEASE));
	alloc(f, L, 2 * L, BOTH, RW); /* small pages where large ones were */
	g_assert_cmpuint(load(f, L + 8), ==, 0);
	stop(f);
}

/* The protection is that of the allocation; violations change nothing. */
static void test_rights(void)
{
	struct fixture *f = start("");
	uint32_t old;

	RULES("H21 H5 2.5.7 2.4.9 2.3.14b 2.7.special R1");
	g_assert_cmphex(alloc(f, L, L, LARGE, PAGE_READONLY), ==, L);
	g_assert_cmpint(touch(f, L + 5 * P, VMSIM_READ), ==, VMSIM_RESULT_OK);
	g_assert_cmpint(touch(f, L + 5 * P, VMSIM_WRITE), ==, VMSIM_RESULT_ACCESS_VIOLATION);
	g_assert_cmpint(touch(f, L + 5 * P, VMSIM_EXECUTE), ==, VMSIM_RESULT_ACCESS_VIOLATION);
	g_assert_cmphex(alloc(f, 2 * L, L, LARGE, PAGE_EXECUTE_READWRITE), ==, 2 * L);
	g_assert_cmpint(touch(f, 2 * L + 5 * P, VMSIM_EXECUTE), ==, VMSIM_RESULT_OK);
	g_assert_cmpint(touch(f, 2 * L + 5 * P, VMSIM_WRITE), ==, VMSIM_RESULT_OK);
	g_assert_cmpint(touch(f, 3 * L, VMSIM_READ), ==, VMSIM_RESULT_ACCESS_VIOLATION);
	refused(f, 2 * L, P, MEM_COMMIT, RW, 487, "2.3.14b");
	refused(f, 2 * L, P, MEM_RESET, RW, 487, "R1");
	g_assert_false(release(f, 2 * L, P, MEM_DECOMMIT));
	g_assert_cmpuint(f->error, ==, 487);
	g_assert_cmpstr(f->rule, ==, "2.4.9");
	g_assert_false(release(f, 2 * L, 0, MEM_DECOMMIT));
	g_assert_cmpstr(f->rule, ==, "2.4.9");
	g_assert_false(release(f, 2 * L, L, MEM_RELEASE));
	g_assert_cmpuint(f->error, ==, 87);
	g_assert_false(release(f, 2 * L + P, 0, MEM_RELEASE)); /* whole, by its base */
	g_assert_cmpstr(f->rule, ==, "2.4.8");
	g_assert_false(vmsim_virtual_protect(f->m, PID, 2 * L, P, PAGE_READONLY, &old, &f->error));
	g_assert_cmpuint(f->error, ==, 487);
	g_assert_cmpstr(f->rule, ==, "2.5.7");
	g_assert_false(vmsim_virtual_lock(f->m, PID, 2 * L, P, &f->error));
	g_assert_cmpuint(f->error, ==, 87);
	g_assert_cmpstr(f->rule, ==, "2.7");
	g_assert_false(vmsim_virtual_unlock(f->m, PID, 2 * L, L, &f->error));
	g_assert_cmpuint(f->error, ==, 158);
	g_assert_cmpuint(db(f)->n_large, ==, 1024);
	stop(f);
}

static void test_query(void)
{
	struct vmsim_memory_basic_information info;
	struct fixture *f = start("");

	RULES("2.6 V13 H21");
	large(f, L, 2, 0);
	g_assert_true(vmsim_virtual_query(f->m, PID, L + 700 * P + 5, &info, NULL));
	g_assert_cmphex(info.base_address, ==, L + 700 * P);
	g_assert_cmphex(info.allocation_base, ==, L);
	g_assert_cmphex(info.region_size, ==, 2 * L - 700 * P);
	g_assert_cmphex(info.state, ==, MEM_COMMIT);
	g_assert_cmphex(info.protect, ==, PAGE_READWRITE);
	g_assert_cmphex(info.allocation_protect, ==, PAGE_READWRITE);
	g_assert_cmphex(info.type, ==, MEM_PRIVATE);
	stop(f);
}

/* --- what it costs ---------------------------------------------------------------------------- */

/* Every page of a large page: one walk of three entries, one TLB entry, one INVLPG. */
static void test_costs(void)
{
	struct fixture *f = start("memory.zeroed=false os.call=200 os.page_commit=2 "
				  "os.page_decommit=3 os.page_free=5 os.zero_page=7 os.invlpg=11 dram.latency=10 "
				  "tlb.l2.latency=9 core.cycles_per_reference=1 data.latency=4 "
				  "walker.ad_update=0");

	RULES("H1 H20.large H10 H21");
	large(f, L, 1, 0);
	g_assert_cmpuint(bucket(f, "call"), ==, 2 * 200 + 512 * 2); /* and a query */
	g_assert_cmpuint(bucket(f, "zeroing"), ==, 512 * 7);
	g_assert_cmpuint(counter(f, "pages_zeroed_inline"), ==, 512);
	for (unsigned i = 0; i < 512; i++)
		store(f, L + i * P, i);
	g_assert_cmpuint(counter(f, "page_walks"), ==, 1);
	g_assert_cmpuint(counter(f, "walk_references"), ==, 3);
	g_assert_cmpuint(counter(f, "dtlb_misses"), ==, 1);
	g_assert_cmpuint(counter(f, "dtlb_hits"), ==, 511);
	g_assert_cmpuint(counter(f, "stlb_misses"), ==, 1);
	g_assert_cmpuint(bucket(f, "tlb_l2"), ==, 9);
	g_assert_cmpuint(bucket(f, "walk"), ==, 3 * 10);
	g_assert_cmpuint(bucket(f, "compute") + bucket(f, "data"), ==, 512 * (1 + 4));
	g_assert_true(release(f, L, 0, MEM_RELEASE));
	g_assert_cmpuint(counter(f, "tlb_invalidations"), ==, 1);
	g_assert_cmpuint(counter(f, "tlb_entries_invalidated"), ==, 2); /* in both levels */
	g_assert_cmpuint(bucket(f, "call"), ==, 3 * 200 + 512 * (2 + 3 + 5) + 11);
	stop(f);
}

/* --- what the audit sees ---------------------------------------------------------------------- */

static void wrong_owner(struct fixture *f)
{
	f->m->vmm->db.pfn[300].vpn++;
}
static void miscounted(struct fixture *f)
{
	f->m->vmm->db.n_large--;
}
static void lost(struct fixture *f)
{
	struct pfn_db *frames = &f->m->vmm->db;

	pfn_untouched_end(frames, 601);
	frames->pfn[600].flags = PFN_LARGE;
	pfn_move(frames, 600, MOVE_L33);
	frames->n_large++;
}
static void not_mapped(struct fixture *f)
{
	pt_clear_large(&process(f)->pt, L / P);
}
static void outside(struct fixture *f)
{
	pt_set_large(&process(f)->pt, 2 * L / P, 1, pte_make_large(PROT_READWRITE, 512, true));
}
static void block_charge(struct fixture *f)
{
	vad_find(&process(f)->vads, L / P)->committed--;
}
static void stale(struct fixture *f)
{
	*pt_leaf(&process(f)->pt, L / P) &= ~PTE_W;
}
static void dirty_copy(struct fixture *f)
{
	*pt_leaf(&process(f)->pt, L / P) &= ~PTE_D;
}
static void wrong_size(struct fixture *f)
{
	tlb_fill(DATA_TLB, tlb_tag(1, L / P), 0, 0);
}

static const struct wrong {
	const char *name, *invariant;
	void (*make)(struct fixture *f);
} wrongs[] = {
	{"wrong-owner", "I3", wrong_owner}, {"miscounted", "I1", miscounted},
	{"not-mapped", "I3", not_mapped},   {"lost", "I3", lost},
	{"outside", "I17", outside},
	{"charge", "I18", block_charge},    {"stale", "I24", stale},
	{"wrong-size", "I24", wrong_size},  {"dirty-copy", "I25", dirty_copy},
};

/* In a child: what is wrong afterwards must not be taken apart. */
static void test_wrong(gconstpointer data)
{
	const struct wrong *wrong = data;
	char *expected = g_strdup_printf("*invariant %s is broken*", wrong->invariant);

	RULES(wrong->invariant);
	if (g_test_subprocess()) {
		struct fixture *f = start("");

		large(f, L, 1, 0);
		store(f, L, 1);
		wrong->make(f);
		g_assert_false(machine_audit(f->m));
		g_printerr("%s\n", f->m->error->message);
		exit(0);
	}
	g_test_trap_subprocess(NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
	g_test_trap_assert_passed();
	g_test_trap_assert_stderr(expected);
	g_free(expected);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/large-use/contents", test_contents);
	g_test_add_func("/large-use/rights", test_rights);
	g_test_add_func("/large-use/query", test_query);
	g_test_add_func("/large-use/costs", test_costs);
	for (size_t i = 0; i < G_N_ELEMENTS(wrongs); i++) {
		char *path = g_strdup_printf("/large-use/audit/%s", wrongs[i].name);

		g_test_add_data_func(path, &wrongs[i], test_wrong);
		g_free(path);
	}
	return g_test_run();
}
