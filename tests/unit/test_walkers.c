/* test_walkers.c: walks that wait for a walker, and references that wait for a walk of their page
 * (timing T8), by hand. */
#include "mmu/mmu.h"

#define BASE 0x40u
#define N 4
#define LARGE_AT (8 * LARGE_PAGE)

/* Four levels of 100 cycles each and 5 more: every walk takes 405. */
#define WALK 405

struct fixture {
	vmsim_config *config;
	struct counters c;
	struct pt_pool pool;
	struct page_table pt;
	struct memory memory;
	struct mmu mmu;
	vmsim_cycles clock;
	struct translation tr;
};

static void set_up(struct fixture *f, const char *settings)
{
	char *all = g_strconcat("tlb.l1d.entries=1 tlb.l1d.large.entries=1 tlb.l1d.latency=2 "
				"tlb.l2.entries=0 dram.latency=100 walker.overhead=5 ", settings,
				NULL);
	char **each = g_strsplit(all, " ", 0);
	GError *error = NULL;

	*f = (struct fixture){.config = vmsim_config_new()};
	for (char **s = each; *s; s++)
		g_assert_true(vmsim_config_set(f->config, *s, &error));
	g_assert_true(vmsim_config_finish(f->config, &error));
	g_strfreev(each);
	g_free(all);
	pt_pool_init(&f->pool, pt_shape_of(4), 10000, true);
	pt_init(&f->pt, &f->pool);
	while (!pt_find(&f->pt, BASE))
		pt_add_table(&f->pt, BASE, pt_pool_outside(&f->pool));
	for (unsigned i = 0; i < N; i++)
		pt_set(&f->pt, BASE + i, pte_make_valid(PROT_READWRITE, i, true));
	pt_set_large(&f->pt, LARGE_AT, pte_make_large(PROT_READWRITE, LARGE_PAGE, true));
	memory_init(&f->memory, config_get(f->config));
	mmu_init(&f->mmu, config_get(f->config), &f->memory, &f->c);
	mmu_set_clock(&f->mmu, &f->clock);
}

static void tear_down(struct fixture *f)
{
	mmu_fini(&f->mmu);
	memory_fini(&f->memory);
	for (unsigned i = 0; i < N; i++)
		pt_set(&f->pt, BASE + i, 0);
	pt_set_large(&f->pt, LARGE_AT, 0);
	pt_prune(&f->pt, 0, f->pool.shape->vpn_end, NULL, NULL);
	pt_pool_fini(&f->pool);
	vmsim_config_free(f->config);
}

/* A load that begins at a cycle waits so long for a walker. */
static void load(struct fixture *f, vmsim_cycles now, vmsim_vpn vpn, vmsim_cycles wait,
		 vmsim_cycles walk)
{
	f->clock = now;
	mmu_translate(&f->mmu, &f->pt, 1, vpn, VMSIM_READ, false, &f->tr);
	g_assert_cmpuint(f->tr.wait_cycles, ==, wait);
	g_assert_cmpuint(f->tr.walk_cycles, ==, walk);
}

/* One walker: busy from 1002, after the lookup, to 1407; then, at once, to 1812. */
static void test_one(void)
{
	struct fixture f;

	set_up(&f, "walker.count=1");
	load(&f, 1000, BASE, 0, WALK);
	load(&f, 1010, BASE + 1, 395, WALK);
	load(&f, 1020, BASE + 2, 790, WALK);
	load(&f, 3000, BASE + 3, 0, WALK);
	load(&f, 3000 + WALK, BASE, 0, WALK); /* it is free when the lookup has missed */
	tear_down(&f);
}

/* Two: the third walk takes the one that is free first. */
static void test_two(void)
{
	struct fixture f;

	set_up(&f, "walker.count=2");
	load(&f, 1000, BASE, 0, WALK);	       /* to 1407 */
	load(&f, 1100, BASE + 1, 0, WALK);     /* to 1507 */
	load(&f, 1200, BASE + 2, 205, WALK);   /* the first, to 1812 */
	load(&f, 1210, BASE + 3, 295, WALK);   /* the second, to 1912 */
	load(&f, 1810, BASE, 0, WALK);
	tear_down(&f);
}

/* What is left of a page's walk, for those that find its entry. */
static void test_left(void)
{
	struct fixture f;

	set_up(&f, "walker.count=2");
	load(&f, 1000, BASE, 0, WALK);
	g_assert_cmpuint(mmu_left(&f.mmu, 1, BASE, 1010), ==, 397);
	g_assert_cmpuint(mmu_left(&f.mmu, 1, BASE, 1406), ==, 1);
	g_assert_cmpuint(mmu_left(&f.mmu, 1, BASE, 1407), ==, 0);
	g_assert_cmpuint(mmu_left(&f.mmu, 2, BASE, 1010), ==, 0);
	g_assert_cmpuint(mmu_left(&f.mmu, 1, BASE + 1, 1010), ==, 0);
	load(&f, 2000, LARGE_AT + 3, 0, 305); /* another piece of the large page waits, too */
	g_assert_cmpuint(mmu_left(&f.mmu, 1, LARGE_AT + 7, 2000), ==, 307);
	g_assert_cmpuint(mmu_left(&f.mmu, 1, LARGE_AT + 7, 2307), ==, 0);
	tear_down(&f);
}

/* A walk that ends in a fault keeps its walker, but nobody waits for it. */
static void test_fault(void)
{
	struct fixture f;

	set_up(&f, "walker.count=1");
	load(&f, 1000, BASE + N, 0, WALK);
	g_assert_cmpuint(mmu_left(&f.mmu, 1, BASE + N, 1010), ==, 0);
	load(&f, 1010, BASE, 395, WALK);
	tear_down(&f);
}

/* A store through an entry without D walks the leaf, with a walker (T11). */
static void test_dirty(void)
{
	struct fixture f;

	set_up(&f, "walker.count=1");
	load(&f, 1000, BASE, 0, WALK);
	f.clock = 1100;
	mmu_translate(&f.mmu, &f.pt, 1, BASE, VMSIM_WRITE, false, &f.tr);
	g_assert_cmpuint(f.tr.wait_cycles, ==, 305);
	g_assert_cmpuint(f.tr.walk_cycles, ==, 105);
	tear_down(&f);
}

/* Without a clock nobody waits. */
static void test_no_clock(void)
{
	struct fixture f;

	set_up(&f, "walker.count=1");
	mmu_set_clock(&f.mmu, NULL);
	load(&f, 0, BASE, 0, WALK);
	load(&f, 0, BASE + 1, 0, WALK);
	tear_down(&f);
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
