/* test_coalesce.c: entries that cover several small pages (coalesce.h): which pages share one, what
 * that saves, and what ends it. */
#include "unit/mmu_fixture.h"

#include "base/rng.h"
#include "mmu/coalesce.h"
#include "rules.h"

#define SMALL "tlb.l1d.entries=4 tlb.l1d.ways=full tlb.l2.entries=8 tlb.l2.ways=2 "
#define ALL SMALL "tlb.coalesce.kind=all "
#define BITMAP SMALL "tlb.coalesce.kind=bitmap "

/* Page i, by what TLB entry; none: 0. */
static uint32_t pages_of(struct fixture *f, unsigned i)
{
	unsigned shift = f->mmu.tlbs.group_shift;
	struct tlb_entry *entry = tlb_peek(f->mmu.tlbs.first[SIDE_DATA],
					   tlb_tag_of(TLB_GROUP, 1, (BASE + i) >> shift));

	if (entry && tlb_covers(entry, BASE + i))
		return tlb_pages(entry);
	return tlb_peek(f->mmu.tlbs.first[SIDE_DATA], tlb_tag(1, BASE + i)) != NULL;
}

/* Loads of each of pages [0, n): the right frame. Returns how many walks that took. */
static uint64_t load_all(struct fixture *f, unsigned n, vmsim_pfn frame)
{
	uint64_t walks = f->c.page_walks;

	for (unsigned i = 0; i < n; i++) {
		g_assert_true(go(f, i, VMSIM_READ));
		g_assert_cmpuint(f->tr.pfn, ==, frame + i);
		g_assert_cmpuint(f->mmu.data.pfn, ==, frame + i);
		g_assert_true(mmu_check(&f->mmu));
	}
	return f->c.page_walks - walks;
}

static void map_all(struct fixture *f, unsigned n, vmsim_pfn frame, pte_t bits)
{
	for (unsigned i = 0; i < n; i++)
		map(f, i, frame + i, bits);
}

/* Sixteen pages in a row, accessed before: four groups of four, which four entries hold. */
static void test_all(void)
{
	struct fixture f;

	set_up(&f, ALL);
	map_all(&f, 16, 200, PTE_A);
	g_assert_cmpuint(load_all(&f, 16, 200), ==, 4);
	g_assert_cmpuint(load_all(&f, 16, 200), ==, 0);
	g_assert_cmpuint(f.c.tlb_coalesced, ==, 4);
	g_assert_cmpuint(f.c.dtlb_misses, ==, 4);
	g_assert_cmpuint(f.c.dtlb_hits, ==, 28);
	g_assert_cmpuint(pages_of(&f, 7), ==, 0xF);
	tear_down(&f);
	set_up(&f, ALL "tlb.coalesce.pages=8");
	map_all(&f, 16, 200, PTE_A);
	g_assert_cmpuint(load_all(&f, 16, 200), ==, 2);
	g_assert_cmpuint(pages_of(&f, 7), ==, 0xFF);
	tear_down(&f);
	set_up(&f, SMALL);
	map_all(&f, 16, 200, PTE_A);
	g_assert_cmpuint(load_all(&f, 16, 200), ==, 16);
	tear_down(&f);
}

/* What must be alike: frames in a row and aligned, rights, A and D. */
static void test_not_all(void)
{
	struct fixture f;

	set_up(&f, ALL);
	map_all(&f, 4, 202, PTE_A); /* not aligned */
	g_assert_cmpuint(load_all(&f, 4, 202), ==, 4);
	for (unsigned wrong = 0; wrong < 6; wrong++) {
		mmu_flush(&f.mmu, 0);
		map_all(&f, 4, 200, PTE_A);
		if (wrong == 0)
			map(&f, 3, 204, PTE_A);
		else if (wrong == 1)
			map(&f, 3, 203, 0);
		else if (wrong == 2)
			map(&f, 3, 203, PTE_A | PTE_D);
		else if (wrong == 3)
			pt_set(&f.pt, BASE + 3, pte_make_valid(PROT_READONLY, 203, true) | PTE_A);
		else if (wrong == 4)
			pt_set(&f.pt, BASE + 3,
			       pte_make_valid(PROT_EXECUTE_READWRITE, 203, true) | PTE_A);
		else
			pt_set(&f.pt, BASE + 3, pte_make_transition(PROT_READWRITE, 203));
		go(&f, 1, VMSIM_READ);
		g_assert_cmpuint(pages_of(&f, 1), ==, 1);
		g_assert_cmpuint(pages_of(&f, 2), ==, 0);
	}
	g_assert_cmpuint(f.c.tlb_coalesced, ==, 0);
	tear_down(&f);
}

/* A bit for each page that goes with the one walked for; frames need not be aligned, and the rest
 * of the group has entries of its own, or takes the group's place. */
static void test_bitmap(void)
{
	struct fixture f;

	set_up(&f, BITMAP);
	map_all(&f, 4, 201, PTE_A);
	map(&f, 2, 300, PTE_A);
	g_assert_true(go(&f, 3, VMSIM_READ));
	g_assert_cmpuint(f.tr.pfn, ==, 204);
	g_assert_cmpuint(pages_of(&f, 0), ==, 0xB);
	g_assert_true(go(&f, 2, VMSIM_READ)); /* alone */
	g_assert_cmpuint(f.tr.pfn, ==, 300);
	g_assert_cmpuint(pages_of(&f, 2), ==, 1);
	g_assert_cmpuint(pages_of(&f, 0), ==, 0xB);
	g_assert_true(go(&f, 1, VMSIM_READ));
	g_assert_cmpuint(f.tr.pfn, ==, 202);
	g_assert_cmpuint(f.c.page_walks, ==, 2);
	tear_down(&f);

	set_up(&f, BITMAP);
	map_all(&f, 4, 300, PTE_A);
	map(&f, 0, 101, PTE_A);
	map(&f, 1, 102, PTE_A);
	g_assert_true(go(&f, 0, VMSIM_READ));
	g_assert_cmpuint(pages_of(&f, 1), ==, 0x3);
	g_assert_true(go(&f, 2, VMSIM_READ)); /* two runs: one at a time */
	g_assert_cmpuint(pages_of(&f, 3), ==, 0xC);
	g_assert_cmpuint(pages_of(&f, 0), ==, 0);
	g_assert_true(go(&f, 1, VMSIM_READ));
	g_assert_cmpuint(f.tr.pfn, ==, 102);
	g_assert_cmpuint(f.c.page_walks, ==, 3);
	tear_down(&f);
}

/* Pages that had entries of their own lose them to the group's. */
static void test_takes_over(void)
{
	struct fixture f;

	set_up(&f, BITMAP);
	map_all(&f, 4, 200, 0);
	for (unsigned i = 0; i < 3; i++) { /* each alone: the next has no A yet */
		go(&f, i, VMSIM_READ);
		mmu_invalidate(&f.mmu, 1, BASE + i);
	}
	map(&f, 3, 203, PTE_A | PTE_D);
	go(&f, 3, VMSIM_READ);
	g_assert_cmpuint(pages_of(&f, 3), ==, 1);
	map(&f, 3, 203, PTE_A);
	g_assert_cmpuint(f.c.tlb_coalesced, ==, 2); /* 0 and 1; 0, 1 and 2 */
	go(&f, 0, VMSIM_READ);
	g_assert_cmpuint(pages_of(&f, 3), ==, 0xF);
	g_assert_null(tlb_peek(f.mmu.tlbs.first[SIDE_DATA], tlb_tag(1, BASE + 3)));
	tear_down(&f);
}

/* INVLPG of one page ends the group's entry, in all levels, and only it; a fault does, too. */
static void test_ends(void)
{
	struct fixture f;

	RULES("H10 H12");
	set_up(&f, ALL);
	map_all(&f, 8, 200, PTE_A);
	load_all(&f, 8, 200);
	mmu_invalidate(&f.mmu, 1, BASE + 2);
	g_assert_cmpuint(f.c.tlb_entries_invalidated, ==, 2);
	g_assert_cmpuint(f.mmu.data.vpn, ==, MMU_NO_PAGE);
	g_assert_cmpuint(pages_of(&f, 1), ==, 0);
	g_assert_cmpuint(pages_of(&f, 5), ==, 0xF);
	g_assert_cmpuint(load_all(&f, 8, 200), ==, 1);
	pt_set(&f.pt, BASE + 6, pte_make_valid(PROT_READONLY, 206, true) | PTE_A);
	g_assert_false(go(&f, 6, VMSIM_WRITE));
	g_assert_cmpuint(pages_of(&f, 5), ==, 0);
	g_assert_true(go(&f, 5, VMSIM_READ));
	g_assert_cmpuint(pages_of(&f, 5), ==, 1);
	tear_down(&f);
	set_up(&f, BITMAP); /* of a page that the entry does not cover: nothing */
	map_all(&f, 3, 200, PTE_A);
	go(&f, 0, VMSIM_READ);
	mmu_invalidate(&f.mmu, 1, BASE + 3);
	g_assert_cmpuint(f.c.tlb_entries_invalidated, ==, 0);
	tear_down(&f);
}

/* H8: the first store reads the entry again, and its page leaves the clean ones; dirty pages share
 * an entry, too. */
static void test_stores(void)
{
	struct fixture f;

	RULES("H8");
	set_up(&f, BITMAP);
	map_all(&f, 4, 200, PTE_A);
	load_all(&f, 4, 200);
	g_assert_true(go(&f, 1, VMSIM_WRITE));
	g_assert_cmpuint(f.c.tlb_dirty_walks, ==, 1);
	g_assert_true(f.tr.store);
	g_assert_cmpuint(f.tr.pfn, ==, 201);
	g_assert_cmpuint(pages_of(&f, 1), ==, 1);
	g_assert_true(pt_get(&f.pt, BASE + 1) & PTE_D);
	g_assert_false(pt_get(&f.pt, BASE + 2) & PTE_D);
	g_assert_true(go(&f, 1, VMSIM_WRITE));
	g_assert_cmpuint(f.c.tlb_dirty_walks, ==, 1);
	g_assert_true(go(&f, 2, VMSIM_READ)); /* again: the clean ones */
	g_assert_cmpuint(pages_of(&f, 2), ==, 0xD);
	g_assert_cmpuint(pages_of(&f, 1), ==, 1);
	g_assert_true(go(&f, 2, VMSIM_WRITE)); /* with page 1 */
	g_assert_cmpuint(pages_of(&f, 1), ==, 0x6);
	g_assert_true(go(&f, 1, VMSIM_WRITE));
	g_assert_cmpuint(f.c.tlb_dirty_walks, ==, 2);
	tear_down(&f);
	set_up(&f, ALL); /* all dirty: a group again */
	map_all(&f, 4, 200, PTE_A);
	for (unsigned i = 0; i < 4; i++)
		g_assert_true(go(&f, i, VMSIM_WRITE));
	g_assert_cmpuint(pages_of(&f, 0), ==, 0xF);
	g_assert_true(go(&f, 0, VMSIM_WRITE));
	g_assert_cmpuint(f.c.page_walks, ==, 4);
	tear_down(&f);
}

/* Random use under random changes, each followed by its invalidation: no translation is stale. */
static void test_random(gconstpointer settings)
{
	struct fixture f;
	struct rng rng = {4};

	set_up(&f, settings);
	map_all(&f, N, 200, 0);
	for (int step = 0; step < 40000; step++) {
		unsigned i = (unsigned)rng_below(&rng, N);
		pte_t pte = pt_get(&f.pt, BASE + i);
		enum vmsim_access access = (enum vmsim_access)rng_below(&rng, 2);

		if (rng_below(&rng, 20) == 0) {
			vmsim_pfn frame = 200 + i + (rng_below(&rng, 4) == 0 ? 64 : 0);

			map(&f, i, frame, rng_below(&rng, 2) ? PTE_A : 0);
			mmu_invalidate(&f.mmu, 1, BASE + i);
			g_assert_cmpuint(pages_of(&f, i), ==, 0);
			continue;
		}
		g_assert_true(go(&f, i, access));
		g_assert_cmpuint(f.tr.pfn, ==, pte_frame(pte));
		pte = pt_get(&f.pt, BASE + i);
		g_assert_true(pte & PTE_A);
		g_assert_true(access == VMSIM_READ || (pte & PTE_D));
		g_assert_true(!f.tr.store || (pte & PTE_D));
		if (step % 10 == 0)
			g_assert_true(mmu_check(&f.mmu));
	}
	g_assert_cmpuint(f.c.tlb_coalesced, >, 100);
	tear_down(&f);
}

/* tlb_check sees a page that an entry of its own and one of its group cover. */
static void test_check(void)
{
	struct fixture f;

	set_up(&f, ALL);
	map_all(&f, 4, 200, PTE_A);
	load_all(&f, 4, 200);
	tlb_fill(f.mmu.tlbs.first[SIDE_DATA], tlb_tag(1, BASE + 3), 203, 0);
	g_assert_false(mmu_check(&f.mmu));
	mmu_flush(&f.mmu, 0);
	tear_down(&f);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/coalesce/all", test_all);
	g_test_add_func("/coalesce/not-all", test_not_all);
	g_test_add_func("/coalesce/bitmap", test_bitmap);
	g_test_add_func("/coalesce/takes-over", test_takes_over);
	g_test_add_func("/coalesce/ends", test_ends);
	g_test_add_func("/coalesce/stores", test_stores);
	g_test_add_func("/coalesce/check", test_check);
	g_test_add_data_func("/coalesce/random/all", ALL, test_random);
	g_test_add_data_func("/coalesce/random/bitmap", BITMAP, test_random);
	g_test_add_data_func("/coalesce/random/bitmap-8", BITMAP "tlb.coalesce.pages=8 "
			     "tlb.l1d.replacement=tree-plru tlb.l3.entries=32", test_random);
	return g_test_run();
}
