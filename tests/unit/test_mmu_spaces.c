/* test_mmu_spaces.c: a core's translation hardware over several address spaces, with PCIDs and
 * pages that are global, and over pages of 1 GiB. */
#include "unit/mmu_fixture.h"

#include "rules.h"

#define SMALL "tlb.l1d.entries=2 tlb.l1d.ways=full tlb.l2.entries=8 tlb.l2.ways=full "

static void map_all(struct fixture *f)
{
	for (unsigned i = 0; i < N; i++)
		map(f, i, 100 + i, 0);
}

static bool go_in(struct fixture *f, uint32_t asid, unsigned i)
{
	return mmu_translate(&f->mmu, &f->pt, asid, BASE + i, VMSIM_READ, false, &f->tr);
}

/* Three address spaces and two PCIDs: the one loaded longest ago is flushed for the third. */
static void test_pcids(void)
{
	struct fixture f;

	RULES("H11");
	set_up(&f, SMALL "tlb.pcids=2");
	map_all(&f);
	g_assert_cmpuint(mmu_enter(&f.mmu, 1), ==, 0);
	g_assert_true(go_in(&f, 1, 0));
	g_assert_cmpuint(mmu_enter(&f.mmu, 2), ==, 0);
	g_assert_cmpuint(f.mmu.data.vpn, ==, MMU_NO_PAGE);
	g_assert_true(go_in(&f, 2, 0));
	g_assert_cmpuint(mmu_enter(&f.mmu, 1), ==, 0);
	g_assert_true(go_in(&f, 1, 0));
	g_assert_cmpuint(f.c.dtlb_hits, ==, 1);
	g_assert_cmpuint(mmu_enter(&f.mmu, 1), ==, 0);
	g_assert_cmpuint(mmu_enter(&f.mmu, 3), ==, 2);
	g_assert_cmpuint(f.c.tlb_invalidations, ==, 1);
	g_assert_cmpuint(f.c.tlb_entries_invalidated, ==, 2);
	g_assert_cmpuint(mmu_enter(&f.mmu, 2), ==, 1);
	g_assert_true(go_in(&f, 2, 0));
	g_assert_cmpuint(f.c.page_walks, ==, 3);
	g_assert_cmpuint(mmu_enter(&f.mmu, 3), ==, 0); /* kept */
	g_assert_cmpuint(mmu_enter(&f.mmu, 2), ==, 0);
	tear_down(&f);
}

/* A page with G is one entry for every address space, and is walked for once; INVLPG in any of them
 * ends it. */
static void test_global(void)
{
	struct fixture f;

	RULES("H10");
	set_up(&f, SMALL);
	map_all(&f);
	pt_set(&f.pt, BASE, pt_get(&f.pt, BASE) | PTE_G);
	g_assert_true(go_in(&f, 1, 0));
	g_assert_true(go_in(&f, 1, 1));
	g_assert_true(go_in(&f, 2, 0));
	g_assert_cmpuint(f.tr.pfn, ==, 100);
	g_assert_cmpuint(f.c.page_walks, ==, 2);
	g_assert_cmpuint(f.c.dtlb_hits, ==, 1);
	mmu_flush(&f.mmu, TLB_ALL_BUT_GLOBAL);
	g_assert_cmpuint(f.c.tlb_entries_invalidated, ==, 2);
	g_assert_true(go_in(&f, 3, 0));
	g_assert_cmpuint(f.c.page_walks, ==, 2);
	mmu_invalidate(&f.mmu, 4, BASE);
	g_assert_true(go_in(&f, 1, 0));
	g_assert_cmpuint(f.c.page_walks, ==, 3);
	tear_down(&f);
}

#define GIB ((vmsim_vpn)1 << HUGE_PAGE_SHIFT)

/* The entry of the second GiB, which the page tables themselves never make a page. */
static pte_t *huge_entry(const struct fixture *f)
{
	vmsim_pfn table = pt_table(&f->pt, BASE, 2);

	return &f->pool.node[table - f->pool.frames]->entry[1];
}

/* A page of 1 GiB: its walk reads two entries; one entry of a TLB is all of it, in an array of its
 * own. The first store reads the one entry again. */
static void test_huge(void)
{
	struct fixture f;
	const vmsim_vpn at[] = {GIB, GIB + 1, GIB + LARGE_PAGE, 2 * GIB - 1};

	RULES("H1 H8");
	set_up(&f, SMALL "dram.latency=100 psc.pml4e.entries=2 psc.pdpte.entries=2");
	*huge_entry(&f) = pte_make_large(PROT_READWRITE, GIB, true);
	for (unsigned i = 0; i < G_N_ELEMENTS(at); i++) {
		g_assert_true(mmu_translate(&f.mmu, &f.pt, 1, at[i], VMSIM_READ, false, &f.tr));
		g_assert_cmpuint(f.tr.pfn, ==, at[i]);
	}
	g_assert_cmpuint(f.c.page_walks, ==, 1);
	g_assert_cmpuint(f.c.walk_references, ==, 2);
	g_assert_cmpuint(f.c.dtlb_hits, ==, 3);
	g_assert_cmpuint(f.c.stlb_misses, ==, 1);
	g_assert_nonnull(tlb_peek(f.mmu.tlbs.at[SIDE_DATA][0][SIZE_HUGE],
				  tlb_tag_of(TLB_HUGE, 1, GIB + 77)));
	g_assert_null(tlb_peek(f.mmu.tlbs.at[SIDE_DATA][0][SIZE_LARGE],
			       tlb_tag_of(TLB_HUGE, 1, GIB)));
	g_assert_true(mmu_translate(&f.mmu, &f.pt, 1, GIB + 5, VMSIM_WRITE, false, &f.tr));
	g_assert_cmpuint(f.tr.walk_cycles, ==, 100);
	g_assert_true(*huge_entry(&f) & PTE_D);
	g_assert_true(mmu_translate(&f.mmu, &f.pt, 1, GIB + 6, VMSIM_WRITE, false, &f.tr));
	g_assert_cmpuint(f.c.tlb_dirty_walks, ==, 1);
	mmu_invalidate(&f.mmu, 1, 2 * GIB - 3);
	g_assert_cmpuint(f.c.tlb_entries_invalidated, ==, 2);
	*huge_entry(&f) = 0;
	g_assert_false(mmu_translate(&f.mmu, &f.pt, 1, GIB, VMSIM_READ, false, &f.tr));
	tear_down(&f);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/mmu-spaces/pcids", test_pcids);
	g_test_add_func("/mmu-spaces/global", test_global);
	g_test_add_func("/mmu-spaces/huge", test_huge);
	return g_test_run();
}
