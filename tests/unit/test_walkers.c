/* test_walkers.c: walks that wait for a walker, and references that wait for a walk of their page
 * (timing T8), by hand. */
#include "mmu_fixture.h"

#define MAPPED 4u /* pages, in the first frames */
#define LARGE_AT (8 * LARGE_PAGE)

/* Four levels of 100 cycles each and 5 more: every walk takes 405. */
#define WALK 405

static vmsim_cycles clock_now;

static void set_up_clocked(struct fixture *f, const char *settings)
{
	char *all = g_strconcat("tlb.l1d.entries=1 tlb.l1d.large.entries=1 tlb.l1d.latency=2 "
				"tlb.l2.entries=0 dram.latency=100 walker.overhead=5 ", settings,
				NULL);

	set_up(f, all);
	g_free(all);
	for (unsigned i = 0; i < MAPPED; i++)
		map(f, i, i, 0);
	pt_set_large(&f->pt, LARGE_AT, 1, pte_make_large(PROT_READWRITE, LARGE_PAGE, true));
	mmu_set_clock(&f->mmu, &clock_now);
}

static void tear_down_clocked(struct fixture *f)
{
	pt_clear_large(&f->pt, LARGE_AT);
	tear_down(f);
}

/* A load that begins at a cycle waits so long for a walker. */
static void load(struct fixture *f, vmsim_cycles now, vmsim_vpn vpn, vmsim_cycles wait,
		 vmsim_cycles walk)
{
	clock_now = now;
	mmu_translate(&f->mmu, &f->pt, 1, vpn, VMSIM_READ, false, &f->tr);
	g_assert_cmpuint(f->tr.wait_cycles, ==, wait);
	g_assert_cmpuint(f->tr.walk_cycles, ==, walk);
}

/* One walker: busy from 1002, after the lookup, to 1407; then, at once, to 1812. */
static void test_one(void)
{
	struct fixture f;

	set_up_clocked(&f, "walker.count=1");
	load(&f, 1000, BASE, 0, WALK);
	load(&f, 1010, BASE + 1, 395, WALK);
	load(&f, 1020, BASE + 2, 790, WALK);
	load(&f, 3000, BASE + 3, 0, WALK);
	load(&f, 3000 + WALK, BASE, 0, WALK); /* it is free when the lookup has missed */
	tear_down_clocked(&f);
}

/* Two: the third walk takes the one that is free first. */
static void test_two(void)
{
	struct fixture f;

	set_up_clocked(&f, "walker.count=2");
	load(&f, 1000, BASE, 0, WALK);	       /* to 1407 */
	load(&f, 1100, BASE + 1, 0, WALK);     /* to 1507 */
	load(&f, 1200, BASE + 2, 205, WALK);   /* the first, to 1812 */
	load(&f, 1210, BASE + 3, 295, WALK);   /* the second, to 1912 */
	load(&f, 1810, BASE, 0, WALK);
	tear_down_clocked(&f);
}

/* What is left of a page's walk, for those that find its entry. */
static void test_left(void)
{
	struct fixture f;

	set_up_clocked(&f, "walker.count=2");
	load(&f, 1000, BASE, 0, WALK);
	g_assert_cmpuint(mmu_left(&f.mmu, 1, BASE, 1010), ==, 397);
	g_assert_cmpuint(mmu_left(&f.mmu, 1, BASE, 1406), ==, 1);
	g_assert_cmpuint(mmu_left(&f.mmu, 1, BASE, 1407), ==, 0);
	g_assert_cmpuint(mmu_left(&f.mmu, 2, BASE, 1010), ==, 0);
	g_assert_cmpuint(mmu_left(&f.mmu, 1, BASE + 1, 1010), ==, 0);
	load(&f, 2000, LARGE_AT + 3, 0, 305); /* another piece of the large page waits, too */
	g_assert_cmpuint(mmu_left(&f.mmu, 1, LARGE_AT + 7, 2000), ==, 307);
	g_assert_cmpuint(mmu_left(&f.mmu, 1, LARGE_AT + 7, 2307), ==, 0);
	tear_down_clocked(&f);
}

/* A walk that ends in a fault keeps its walker, but nobody waits for it. */
static void test_fault(void)
{
	struct fixture f;

	set_up_clocked(&f, "walker.count=1");
	load(&f, 1000, BASE + MAPPED, 0, WALK);
	g_assert_cmpuint(mmu_left(&f.mmu, 1, BASE + MAPPED, 1010), ==, 0);
	load(&f, 1010, BASE, 395, WALK);
	tear_down_clocked(&f);
}

/* A store through an entry without D walks the leaf, with a walker (T11). */
static void test_dirty(void)
{
	struct fixture f;

	set_up_clocked(&f, "walker.count=1");
	load(&f, 1000, BASE, 0, WALK);
	clock_now = 1100;
	mmu_translate(&f.mmu, &f.pt, 1, BASE, VMSIM_WRITE, false, &f.tr);
	g_assert_cmpuint(f.tr.wait_cycles, ==, 305);
	g_assert_cmpuint(f.tr.walk_cycles, ==, 105);
	tear_down_clocked(&f);
}

/* Without a clock nobody waits. */
static void test_no_clock(void)
{
	struct fixture f;

	set_up_clocked(&f, "walker.count=1");
	mmu_set_clock(&f.mmu, NULL);
	load(&f, 0, BASE, 0, WALK);
	load(&f, 0, BASE + 1, 0, WALK);
	tear_down_clocked(&f);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/walkers/one", test_one);
	g_test_add_func("/walkers/two", test_two);
	g_test_add_func("/walkers/left", test_left);
	g_test_add_func("/walkers/fault", test_fault);
	g_test_add_func("/walkers/dirty", test_dirty);
	g_test_add_func("/walkers/no-clock", test_no_clock);
	return g_test_run();
}
