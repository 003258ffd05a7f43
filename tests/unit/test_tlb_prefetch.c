/* test_tlb_prefetch.c: TLB prefetchers (mmu/prefetch.h): which pages they name, what a walk ahead
 * of time saves and counts, and what it must leave alone. */
#include "unit/mmu_fixture.h"

#include "rules.h"

#define NEXT "tlb.l1d.entries=4 tlb.l1d.ways=full tlb.l2.entries=8 tlb.l2.ways=2 " \
	     "dram.latency=100 tlb.prefetch.kind=next-page "
#define DISTANCE NEXT "tlb.prefetch.kind=distance "

static void map_all(struct fixture *f, pte_t bits)
{
	for (unsigned i = 0; i < N; i++)
		map(f, i, 200 + i, bits);
}

/* --- which pages ------------------------------------------------------------------------------ */

/* A prefetcher by itself: the pages it names after a miss, as "1 2". */
static void expect(const struct prefetch_ops *ops, void *state, uint32_t asid, vmsim_vpn vpn,
		   const char *expected)
{
	vmsim_vpn want[PREFETCH_MOST];
	unsigned n = ops->missed(state, asid, vpn, want);
	GString *got = g_string_new(NULL);

	for (unsigned i = 0; i < n; i++)
		g_string_append_printf(got, "%s%" G_GINT64_FORMAT, i ? " " : "", (gint64)want[i]);
	g_assert_cmpstr(got->str, ==, expected);
	g_string_free(got, TRUE);
}

static void *state_of(const struct prefetch_ops *ops, const char *settings)
{
	struct fixture f;
	void *state;

	set_up(&f, settings);
	state = ops->new (config_get(f.config));
	tear_down(&f);
	return state;
}

static void test_next(void)
{
	void *state = state_of(&prefetch_next_page, "tlb.prefetch.degree=3");

	expect(&prefetch_next_page, state, 1, 7, "8 9 10");
	expect(&prefetch_next_page, state, 2, 7, "8 9 10");
	g_free(state);
}

/* Misses of 1, 2, 4, 5, 7, 8: after a distance of 1 comes 2, and then 1 again. */
static void test_distance(void)
{
	const struct prefetch_ops *ops = &prefetch_distance;
	void *state = state_of(ops, "tlb.prefetch.degree=2");

	expect(ops, state, 1, 1, "");
	expect(ops, state, 1, 2, "");	 /* distance 1 */
	expect(ops, state, 1, 4, "");	 /* 2, after 1 */
	expect(ops, state, 1, 5, "7");	 /* 1, after 2: 2 comes next */
	expect(ops, state, 1, 7, "8");	 /* 2: 1 comes next */
	expect(ops, state, 1, 8, "10");
	expect(ops, state, 1, 5, "");	 /* -3, after 1 */
	expect(ops, state, 1, 6, "3 8"); /* 1, after -3: -3 came last, 2 before */
	expect(ops, state, 1, 3, "4");	 /* -3, after 1 */
	expect(ops, state, 1, 4, "1 6");
	expect(ops, state, 1, 9, "");	 /* 5, after 1: 2 is forgotten */
	expect(ops, state, 1, 10, "15 7");
	expect(ops, state, 1, 10, "");	 /* no distance */
	expect(ops, state, 2, 11, "");	 /* somebody else */
	expect(ops, state, 2, 12, "17 9");
	g_free(state);
}

/* Two distances in one row: the later takes it over. */
static void test_rows(void)
{
	const struct prefetch_ops *ops = &prefetch_distance;
	void *state = state_of(ops, "tlb.prefetch.rows=1");

	for (vmsim_vpn vpn = 1; vpn < 5; vpn++)
		expect(ops, state, 1, vpn,
		       vpn < 3	  ? ""
		       : vpn == 3 ? "4"
				  : "5");
	expect(ops, state, 1, 7, ""); /* 3, after 1: row of 1 */
	expect(ops, state, 1, 8, ""); /* 1, after 3: row of 3 */
	g_free(state);
}

/* --- walks ------------------------------------------------------------------------------------ */

/* Sixteen pages in a row, each walked for once: the first by itself, the others ahead of time. */
static void test_stream(void)
{
	struct fixture f;

	RULES("H7");
	set_up(&f, NEXT "tlb.prefetch.degree=1 psc.pde.entries=1");
	map_all(&f, PTE_A);
	for (unsigned i = 0; i < 16; i++) {
		g_assert_true(go(&f, i, VMSIM_READ));
		g_assert_cmpuint(f.tr.pfn, ==, 200 + i);
		/* The first walk sets A in three upper entries. */
		g_assert_cmpuint(f.tr.walk_cycles, ==, i ? 0 : 400);
		g_assert_true(mmu_check(&f.mmu));
	}
	g_assert_cmpuint(f.c.page_walks, ==, 1);
	g_assert_cmpuint(f.c.walk_references, ==, 4);
	g_assert_cmpuint(f.c.psc_hits + f.c.psc_misses, ==, 1);
	g_assert_cmpuint(f.c.dtlb_misses, ==, 16);
	g_assert_cmpuint(f.c.stlb_misses, ==, 16);
	g_assert_cmpuint(f.c.tlb_prefetches, ==, 16);
	g_assert_cmpuint(f.c.tlb_prefetch_references, ==, 16);
	g_assert_cmpuint(f.c.tlb_prefetch_hits, ==, 15);
	g_assert_true(go(&f, 15, VMSIM_READ)); /* in the TLB: nobody looks ahead */
	g_assert_true(go(&f, 8, VMSIM_READ));
	g_assert_cmpuint(f.c.tlb_prefetches, ==, 16);
	tear_down(&f);
}

/* T8: one walker, and reads of 100 cycles. Page 0 takes it until 400, the prefetch of page 1 until
 * 500; that, wanted at 450, waits 50; and so on. */
static void test_time(void)
{
	struct fixture f;
	vmsim_cycles now = 0;

	set_up(&f, NEXT "tlb.prefetch.degree=1 psc.pde.entries=1 tlb.l2.latency=0");
	map_all(&f, PTE_A);
	mmu_set_clock(&f.mmu, &now);
	g_assert_true(go(&f, 0, VMSIM_READ));
	g_assert_cmpuint(f.tr.wait_cycles, ==, 0);
	g_assert_cmpuint(f.tr.walk_cycles, ==, 400);
	now = 450;
	g_assert_true(go(&f, 1, VMSIM_READ));
	g_assert_cmpuint(f.tr.wait_cycles, ==, 50);
	g_assert_cmpuint(f.tr.walk_cycles, ==, 0);
	now = 550; /* until 600 for page 2 */
	g_assert_true(go(&f, 9, VMSIM_READ));
	g_assert_cmpuint(f.tr.wait_cycles, ==, 50);
	g_assert_cmpuint(f.tr.walk_cycles, ==, 100);
	now = 900; /* until 700 for page 9, until 800 for 10 */
	g_assert_true(go(&f, 2, VMSIM_READ));
	g_assert_cmpuint(f.tr.wait_cycles, ==, 0);
	now = 950; /* until 1000 for page 3 */
	g_assert_true(go(&f, 3, VMSIM_WRITE)); /* which has no D: another read after that */
	g_assert_cmpuint(f.tr.wait_cycles, ==, 50);
	g_assert_cmpuint(f.tr.walk_cycles, ==, 100);
	now = 1150; /* until 1100 for its D, until 1200 for page 4 */
	g_assert_true(go(&f, 4, VMSIM_READ));
	g_assert_cmpuint(f.tr.wait_cycles, ==, 50);
	tear_down(&f);
}

/* Every third page: the distance prefetcher learns it from three misses. */
static void test_stride(void)
{
	struct fixture f;

	set_up(&f, DISTANCE);
	map_all(&f, PTE_A);
	for (unsigned i = 0; i < 30; i += 3)
		g_assert_true(go(&f, i, VMSIM_READ));
	g_assert_cmpuint(f.c.page_walks, ==, 3);
	g_assert_cmpuint(f.c.tlb_prefetches, ==, 8);
	g_assert_cmpuint(f.c.tlb_prefetch_hits, ==, 7);
	tear_down(&f);
}

/* Pages without A, or none: the walk ends there, sets nothing and keeps nothing. */
static void test_leaves_alone(void)
{
	struct fixture f;

	RULES("H3 H7");
	set_up(&f, NEXT);
	map_all(&f, 0);
	pt_set(&f.pt, BASE + 2, pte_make_transition(PROT_READWRITE, 202));
	g_assert_true(go(&f, 0, VMSIM_READ));
	g_assert_cmpuint(f.c.tlb_prefetches, ==, 2);
	g_assert_cmpuint(f.c.tlb_prefetch_references, ==, 8);
	g_assert_false(pt_get(&f.pt, BASE + 1) & PTE_A);
	g_assert_true(go(&f, 1, VMSIM_READ));
	g_assert_cmpuint(f.c.page_walks, ==, 2);
	g_assert_false(go(&f, 2, VMSIM_READ));
	g_assert_cmpuint(f.c.tlb_prefetch_hits, ==, 0);
	tear_down(&f);
}

/* The same of the upper entry of a table that nobody used, whatever is in the table. */
static void test_leaves_tables_alone(void)
{
	const vmsim_vpn last = LARGE_PAGE - 1;
	pte_t pte = pte_make_valid(PROT_READWRITE, 300, true) | PTE_A;
	struct fixture f;

	RULES("H3");
	set_up(&f, NEXT "tlb.prefetch.degree=1");
	while (!pt_find(&f.pt, last + 1))
		pt_add_table(&f.pt, last + 1, pt_pool_outside(&f.pool));
	pt_set(&f.pt, last, pte);
	pt_set(&f.pt, last + 1, pte);
	g_assert_true(mmu_translate(&f.mmu, &f.pt, 1, last, VMSIM_READ, false, &f.tr));
	g_assert_cmpuint(f.c.tlb_prefetch_references, ==, 3);
	g_assert_null(tlbs_peek(&f.mmu.tlbs, f.mmu.prefetch.buffer, 1, last + 1));
	g_assert_true(mmu_translate(&f.mmu, &f.pt, 1, last + 1, VMSIM_READ, false, &f.tr));
	mmu_flush(&f.mmu, 1); /* now it has A */
	g_assert_true(mmu_translate(&f.mmu, &f.pt, 1, last, VMSIM_READ, false, &f.tr));
	g_assert_nonnull(tlbs_peek(&f.mmu.tlbs, f.mmu.prefetch.buffer, 1, last + 1));
	pt_set(&f.pt, last, 0);
	pt_set(&f.pt, last + 1, 0);
	tear_down(&f);
}

/* Rights and D are the entry's: a store through a prefetched entry without D reads it again (H8);
 * one to a page that forbids it faults, and nothing is left. */
static void test_rights(void)
{
	struct fixture f;

	RULES("H8 H12");
	set_up(&f, NEXT);
	map_all(&f, PTE_A);
	pt_set(&f.pt, BASE + 2, pte_make_valid(PROT_READONLY, 202, true) | PTE_A);
	g_assert_true(go(&f, 0, VMSIM_READ));
	g_assert_true(go(&f, 1, VMSIM_WRITE));
	g_assert_true(f.tr.store);
	g_assert_true(pt_get(&f.pt, BASE + 1) & PTE_D);
	g_assert_cmpuint(f.c.tlb_prefetch_hits, ==, 1);
	g_assert_cmpuint(f.c.tlb_dirty_walks, ==, 1);
	g_assert_cmpuint(f.tr.walk_cycles, ==, 100);
	g_assert_false(go(&f, 2, VMSIM_WRITE));
	g_assert_null(tlbs_peek(&f.mmu.tlbs, f.mmu.prefetch.buffer, 1, BASE + 2));
	g_assert_false(tlbs_has(&f.mmu.tlbs, SIDE_DATA, 1, BASE + 2));
	tear_down(&f);
}

/* What is in the buffer is invalidated like the rest; the oldest goes first. */
static void test_buffer(void)
{
	struct fixture f;

	RULES("H10 H11");
	set_up(&f, NEXT "tlb.prefetch.entries=3");
	map_all(&f, PTE_A);
	g_assert_true(go(&f, 0, VMSIM_READ)); /* 1 2 */
	mmu_invalidate(&f.mmu, 1, BASE + 1);
	g_assert_cmpuint(f.c.tlb_entries_invalidated, ==, 1);
	pt_set(&f.pt, BASE + 1, 0);
	g_assert_false(go(&f, 1, VMSIM_READ));
	g_assert_true(go(&f, 10, VMSIM_READ)); /* 2 11 12 */
	g_assert_true(go(&f, 20, VMSIM_READ)); /* 12 21 22 */
	g_assert_true(go(&f, 12, VMSIM_READ)); /* 21 22 13 14, but for the first */
	g_assert_cmpuint(f.c.tlb_prefetch_hits, ==, 1);
	g_assert_true(go(&f, 21, VMSIM_READ)); /* 22 stands: only 23 is new */
	g_assert_cmpuint(f.c.tlb_prefetch_hits, ==, 1);
	g_assert_cmpuint(f.c.tlb_prefetches, ==, 9);
	mmu_flush(&f.mmu, 1);
	/* Of 0, 10, 12, 20 and 21 neither level has the first. */
	g_assert_cmpuint(f.c.tlb_entries_invalidated, ==, 1 + 2 * 4 + 3);
	tear_down(&f);
}

/* The streams of code and data are apart. */
static void test_sides(void)
{
	struct fixture f;

	set_up(&f, DISTANCE);
	for (unsigned i = 0; i < N; i++)
		pt_set(&f.pt, BASE + i,
		       pte_make_valid(PROT_EXECUTE_READWRITE, 200 + i, true) | PTE_A);
	for (unsigned i = 0; i < 5; i++) {
		g_assert_true(go(&f, i, VMSIM_READ));
		g_assert_true(go(&f, 60 - 2 * i, VMSIM_EXECUTE));
	}
	g_assert_cmpuint(f.c.page_walks, ==, 6);
	g_assert_cmpuint(f.c.tlb_prefetch_hits, ==, 4);
	tear_down(&f);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/tlb-prefetch/next", test_next);
	g_test_add_func("/tlb-prefetch/distance", test_distance);
	g_test_add_func("/tlb-prefetch/rows", test_rows);
	g_test_add_func("/tlb-prefetch/stream", test_stream);
	g_test_add_func("/tlb-prefetch/time", test_time);
	g_test_add_func("/tlb-prefetch/stride", test_stride);
	g_test_add_func("/tlb-prefetch/leaves-alone", test_leaves_alone);
	g_test_add_func("/tlb-prefetch/leaves-tables-alone", test_leaves_tables_alone);
	g_test_add_func("/tlb-prefetch/rights", test_rights);
	g_test_add_func("/tlb-prefetch/buffer", test_buffer);
	g_test_add_func("/tlb-prefetch/sides", test_sides);
	return g_test_run();
}
