/* test_mmu.c: one core's translation hardware on a page table of its own: A and D (H3, H4), dirty
 * walks (H8), rights (H2), what is counted (T22), what it costs (T7, T8), and what is forgotten. */
#include "mmu/walker.h"
#include "mmu_fixture.h"
#include "rules.h"

#define DATA_TLB (f.mmu.tlbs.first[SIDE_DATA])
#define SECOND_TLB (f.mmu.tlbs.at[SIDE_DATA][1][SIZE_SMALL])
#define LARGE_TLB (f.mmu.tlbs.at[SIDE_DATA][0][SIZE_LARGE])

#define MAPPED 8u /* pages */

/* Reads of entries that cost nothing. */
static struct port port;

#define SMALL                                                                   \
	"tlb.l1d.entries=2 tlb.l1d.ways=full tlb.l1d.latency=3 "               \
	"tlb.l1i.entries=2 tlb.l1i.ways=full tlb.l1i.latency=5 tlb.l2.latency=7 " \
	"dram.latency=100 walker.ad_update=1 "

static void protect(struct fixture *f, unsigned i, unsigned prot)
{
	pt_set(&f->pt, BASE + i, pte_make_valid(prot, 100 + i, true));
}

/* l2: entries of a second level. */
static void set_up_small(struct fixture *f, int l2)
{
	char *settings = g_strdup_printf(SMALL "tlb.l2.entries=%d tlb.l2.ways=%d", l2,
					 l2 ? l2 : 1);

	set_up(f, settings);
	g_free(settings);
	for (unsigned i = 0; i < MAPPED; i++)
		protect(f, i, PROT_READWRITE);
}

static pte_t leaf(const struct fixture *f, unsigned i)
{
	return pt_get(&f->pt, BASE + i);
}

/* The entries on the way to the leaf, above it. */
static unsigned accessed_above(const struct fixture *f)
{
	vmsim_pfn frame = f->pt.root;
	unsigned n = 0;

	for (unsigned level = 3; level > 0; level--) {
		pte_t pte = f->pool.node[frame - f->pool.frames]
				    ->entry[pt_index(f->pool.shape, level, BASE)];

		n += (pte & PTE_A) != 0;
		g_assert_false(pte & PTE_D);
		frame = pte_frame(pte);
	}
	return n;
}

static void test_walk_bits(void)
{
	struct fixture f;
	struct walk w;

	RULES("H1 H3");
	set_up_small(&f, 0);
	g_assert_true(walk(&f.pt, &port, BASE, VMSIM_READ, &w));
	g_assert_cmpuint(w.fetches, ==, 4);
	g_assert_cmpuint(w.updates, ==, 4);
	g_assert_cmphex(w.leaf, ==, leaf(&f, 0));
	g_assert_true(leaf(&f, 0) & PTE_A);
	g_assert_false(leaf(&f, 0) & PTE_D);
	g_assert_cmpuint(accessed_above(&f), ==, 3);
	g_assert_true(walk(&f.pt, &port, BASE, VMSIM_WRITE, &w));
	g_assert_cmpuint(w.updates, ==, 1);
	g_assert_true(leaf(&f, 0) & PTE_D);
	g_assert_true(walk(&f.pt, &port, BASE, VMSIM_WRITE, &w));
	g_assert_cmpuint(w.updates, ==, 0);
	g_assert_true(walk(&f.pt, &port, BASE + 1, VMSIM_WRITE, &w)); /* A, D: one update */
	g_assert_cmpuint(w.updates, ==, 1);
	g_assert_cmphex(leaf(&f, 1) & (PTE_A | PTE_D), ==, PTE_A | PTE_D);
	tear_down(&f);
}

/* H4: a failed walk touches no leaf. */
static void test_walk_fails(void)
{
	struct fixture f;
	struct walk w;
	pte_t before;

	RULES("H3 H4");
	set_up_small(&f, 0);
	protect(&f, 2, PROT_READONLY);
	before = leaf(&f, 2);
	g_assert_false(walk(&f.pt, &port, BASE + 2, VMSIM_WRITE, &w));
	g_assert_cmpuint(w.fetches, ==, 4);
	g_assert_cmphex(leaf(&f, 2), ==, before);
	g_assert_false(walk(&f.pt, &port, BASE + 2, VMSIM_EXECUTE, &w));
	g_assert_cmphex(leaf(&f, 2), ==, before);
	pt_set(&f.pt, BASE + 3, pte_make_transition(PROT_READWRITE, 5));
	g_assert_false(walk(&f.pt, &port, BASE + 3, VMSIM_READ, &w));
	g_assert_cmphex(leaf(&f, 3), ==, pte_make_transition(PROT_READWRITE, 5));
	g_assert_false(walk(&f.pt, &port, BASE + (1 << 18), VMSIM_READ, &w)); /* level 2's entry absent */
	g_assert_cmpuint(w.fetches, ==, 2);
	g_assert_false(walk(&f.pt, &port, BASE + (1ull << 27), VMSIM_READ, &w)); /* the top's entry */
	g_assert_cmpuint(w.fetches, ==, 1);
	f.pt.root = VMSIM_NO_PFN; /* a process without tables */
	g_assert_false(walk(&f.pt, &port, BASE, VMSIM_READ, &w));
	g_assert_cmpuint(w.fetches, ==, 1);
	f.pt.root = f.pool.frames;
	tear_down(&f);
}

static void test_rights(void)
{
	static const struct {
		unsigned prot;
		bool read, write, execute;
	} row[] = {{PROT_READONLY, true, false, false},	      {PROT_READWRITE, true, true, false},
		   {PROT_EXECUTE, true, false, true},	      {PROT_EXECUTE_READ, true, false, true},
		   {PROT_EXECUTE_READWRITE, true, true, true}};
	struct fixture f;

	RULES("3.1.3");
	set_up_small(&f, 4);
	for (unsigned i = 0; i < G_N_ELEMENTS(row); i++)
		protect(&f, i, row[i].prot);
	for (int round = 0; round < 2; round++) /* walked, then perhaps cached */
		for (unsigned i = 0; i < G_N_ELEMENTS(row); i++) {
			g_assert_cmpint(go(&f, i, VMSIM_READ), ==, row[i].read);
			g_assert_cmpint(go(&f, i, VMSIM_WRITE), ==, row[i].write);
			g_assert_cmpint(go(&f, i, VMSIM_EXECUTE), ==, row[i].execute);
			g_assert_cmpint(go(&f, i, VMSIM_READ), ==, row[i].read);
			g_assert_cmpuint(f.tr.pfn, ==, 100 + i);
			g_assert_cmpint((leaf(&f, i) & PTE_D) != 0, ==, row[i].write);
		}
	tear_down(&f);
}

/* H8, T11: a store through an entry without D walks again, once. */
static void test_dirty_walk(void)
{
	RULES("H8");
	for (int l2 = 0; l2 <= 4; l2 += 4) {
		struct fixture f;

		set_up_small(&f, l2);
		g_assert_true(go(&f, 0, VMSIM_READ));
		g_assert_false(f.tr.store);
		g_assert_false(f.mmu.data.store);
		g_assert_true(go(&f, 0, VMSIM_WRITE));
		g_assert_true(f.tr.store);
		g_assert_true(leaf(&f, 0) & PTE_D);
		g_assert_cmpuint(f.c.tlb_dirty_walks, ==, 1);
		g_assert_cmpuint(f.tr.walk_cycles, ==, 100 + 1); /* the leaf alone */
		g_assert_true(f.mmu.data.store);
		g_assert_true(go(&f, 0, VMSIM_WRITE));
		g_assert_cmpuint(f.c.tlb_dirty_walks, ==, 1);
		g_assert_cmpuint(f.tr.walk_cycles, ==, 0);
		g_assert_cmpuint(f.c.page_walks, ==, 2);
		g_assert_cmpuint(f.c.dtlb_hits, ==, 2);
		g_assert_cmpuint(f.c.dtlb_misses, ==, 1);
		tear_down(&f);
	}
}

/* The same found in the second level only: D is set there and in memory. */
static void test_dirty_walk_l2(void)
{
	struct fixture f;

	RULES("H8");
	set_up_small(&f, 8);
	for (unsigned i = 0; i < 3; i++) /* page 0 leaves the first level */
		go(&f, i, VMSIM_READ);
	g_assert_true(go(&f, 0, VMSIM_WRITE));
	g_assert_cmpuint(f.c.stlb_hits, ==, 1);
	g_assert_cmpuint(f.c.tlb_dirty_walks, ==, 1);
	g_assert_true(leaf(&f, 0) & PTE_D);
	go(&f, 1, VMSIM_READ);
	go(&f, 2, VMSIM_READ); /* away again */
	g_assert_true(go(&f, 0, VMSIM_WRITE));
	g_assert_cmpuint(f.c.tlb_dirty_walks, ==, 1);
	tear_down(&f);
}

/* D set in memory is not read again: clearing it without invalidation loses stores (H8). */
static void test_dirty_copy(void)
{
	struct fixture f;

	RULES("H8 H19");
	set_up_small(&f, 0);
	go(&f, 0, VMSIM_WRITE);
	pt_set(&f.pt, BASE, leaf(&f, 0) & ~PTE_D);
	g_assert_true(go(&f, 0, VMSIM_WRITE));
	g_assert_false(leaf(&f, 0) & PTE_D); /* the hardware relies on its copy */
	mmu_invalidate(&f.mmu, 1, BASE);
	g_assert_true(go(&f, 0, VMSIM_WRITE));
	g_assert_true(leaf(&f, 0) & PTE_D);
	tear_down(&f);
}

static void test_counts_and_costs(void)
{
	struct fixture f;

	RULES("3.1.2");
	set_up_small(&f, 4);
	g_assert_true(go(&f, 0, VMSIM_READ)); /* misses both levels, walks */
	g_assert_cmpuint(f.c.dtlb_misses, ==, 1);
	g_assert_cmpuint(f.c.stlb_misses, ==, 1);
	g_assert_cmpuint(f.tr.l1_cycles, ==, 0); /* first lookups are booked from their count */
	g_assert_cmpuint(f.tr.l2_cycles, ==, 7);
	g_assert_cmpuint(f.tr.walk_cycles, ==, 4 * 100 + 4);
	g_assert_cmpuint(f.c.walk_references, ==, 4);
	g_assert_true(go(&f, 0, VMSIM_READ));
	g_assert_cmpuint(f.c.dtlb_hits, ==, 1);
	g_assert_cmpuint(f.tr.l2_cycles + f.tr.walk_cycles, ==, 0);
	go(&f, 1, VMSIM_READ);
	go(&f, 2, VMSIM_READ);
	g_assert_true(go(&f, 0, VMSIM_READ)); /* in the second level */
	g_assert_cmpuint(f.c.stlb_hits, ==, 1);
	g_assert_cmpuint(f.tr.l2_cycles, ==, 7);
	g_assert_cmpuint(f.tr.walk_cycles, ==, 0);
	tear_down(&f);
}

/* Code has a first level of its own and shares the second. */
static void test_fetches(void)
{
	struct fixture f;

	set_up_small(&f, 4);
	protect(&f, 0, PROT_EXECUTE_READWRITE);
	g_assert_true(go(&f, 0, VMSIM_READ));
	g_assert_true(go(&f, 0, VMSIM_EXECUTE));
	g_assert_cmpuint(f.c.itlb_misses, ==, 1);
	g_assert_cmpuint(f.c.stlb_hits, ==, 1);
	g_assert_true(go(&f, 0, VMSIM_EXECUTE));
	g_assert_cmpuint(f.c.itlb_hits, ==, 1);
	g_assert_cmpuint(f.c.dtlb_misses, ==, 1);
	g_assert_cmpuint(f.c.dtlb_hits, ==, 0);
	g_assert_cmpuint(f.mmu.fetch.vpn, ==, BASE);
	tear_down(&f);
}

/* T22: a lookup repeated after a fault is neither hit nor miss, at either level. */
static void test_repeated(void)
{
	struct fixture f;

	RULES("H7");
	set_up_small(&f, 4);
	pt_set(&f.pt, BASE, pte_make_demand_zero(PROT_READWRITE, false));
	g_assert_false(go(&f, 0, VMSIM_READ));
	protect(&f, 0, PROT_READWRITE);
	g_assert_true(mmu_translate(&f.mmu, &f.pt, 1, BASE, VMSIM_READ, true, &f.tr));
	g_assert_cmpuint(f.tr.l1_cycles, ==, 3);
	g_assert_cmpuint(f.tr.l2_cycles, ==, 7);
	g_assert_cmpuint(f.c.tlb_relookups, ==, 1);
	g_assert_cmpuint(f.c.dtlb_misses, ==, 1);
	g_assert_cmpuint(f.c.dtlb_hits, ==, 0);
	g_assert_cmpuint(f.c.stlb_misses, ==, 1);
	protect(&f, 1, PROT_EXECUTE);
	g_assert_true(mmu_translate(&f.mmu, &f.pt, 1, BASE + 1, VMSIM_EXECUTE, true, &f.tr));
	g_assert_cmpuint(f.tr.l1_cycles, ==, 5);
	tear_down(&f);
}

/* H12: a fault takes the stale entry away, at both levels. */
static void test_stale(void)
{
	struct fixture f;

	RULES("H12");
	set_up_small(&f, 4);
	protect(&f, 0, PROT_READONLY);
	g_assert_true(go(&f, 0, VMSIM_READ));
	g_assert_false(go(&f, 0, VMSIM_WRITE));
	g_assert_null(tlb_peek(DATA_TLB, tlb_tag(1, BASE)));
	g_assert_null(tlb_peek(SECOND_TLB, tlb_tag(1, BASE)));
	g_assert_cmpuint(f.mmu.data.vpn, ==, MMU_NO_PAGE);
	tear_down(&f);
}

static void check_forgotten(struct fixture *f)
{
	g_assert_cmpuint(f->mmu.data.vpn, ==, MMU_NO_PAGE);
	g_assert_cmpuint(f->mmu.fetch.vpn, ==, MMU_NO_PAGE);
}

static void test_invalidate(void)
{
	struct fixture f;

	RULES("H10");
	set_up_small(&f, 4);
	protect(&f, 0, PROT_EXECUTE_READWRITE);
	go(&f, 0, VMSIM_READ);
	go(&f, 0, VMSIM_EXECUTE);
	go(&f, 1, VMSIM_READ);
	mmu_invalidate(&f.mmu, 2, BASE); /* another address space: nothing of ours */
	g_assert_cmpuint(f.c.tlb_entries_invalidated, ==, 0);
	check_forgotten(&f);
	go(&f, 1, VMSIM_READ);
	mmu_invalidate(&f.mmu, 1, BASE); /* both first levels and the second */
	g_assert_cmpuint(f.c.tlb_invalidations, ==, 2);
	g_assert_cmpuint(f.c.tlb_entries_invalidated, ==, 3);
	check_forgotten(&f);
	pt_set(&f.pt, BASE, 0);
	g_assert_false(go(&f, 0, VMSIM_READ));
	g_assert_true(go(&f, 1, VMSIM_READ));
	g_assert_cmpuint(f.c.page_walks, ==, 3); /* pages 0 and 1, and 0 again */
	tear_down(&f);
}

static void test_flush(void)
{
	struct fixture f;

	RULES("H11");
	set_up_small(&f, 8);
	go(&f, 0, VMSIM_READ);
	go(&f, 1, VMSIM_READ);
	mmu_translate(&f.mmu, &f.pt, 2, BASE, VMSIM_READ, false, &f.tr); /* takes page 0's place */
	mmu_flush(&f.mmu, 1);
	g_assert_cmpuint(f.c.tlb_entries_invalidated, ==, 3);
	check_forgotten(&f);
	mmu_translate(&f.mmu, &f.pt, 2, BASE, VMSIM_READ, false, &f.tr);
	g_assert_cmpuint(f.c.dtlb_hits, ==, 1);
	mmu_flush(&f.mmu, 0);
	g_assert_cmpuint(f.c.tlb_entries_invalidated, ==, 5);
	g_assert_cmpuint(f.c.tlb_invalidations, ==, 2);
	check_forgotten(&f);
	tear_down(&f);
}

/* A walk that sets D after a hit changes no order: the older entry still goes first. */
static void test_order_after_dirty_walk(void)
{
	struct fixture f;

	set_up_small(&f, 0);
	go(&f, 0, VMSIM_READ);
	go(&f, 1, VMSIM_READ);
	go(&f, 0, VMSIM_WRITE); /* a hit, and now the most recent */
	go(&f, 2, VMSIM_READ);	/* takes page 1's place */
	g_assert_nonnull(tlb_peek(DATA_TLB, tlb_tag(1, BASE)));
	g_assert_null(tlb_peek(DATA_TLB, tlb_tag(1, BASE + 1)));
	tear_down(&f);
}

/* --- large pages ----------------------------------------------------------------------------- */

#define LARGE_AT 0x400u /* the first page of three large ones */
#define LARGE_FRAME 512u

/* The machine above with a second level of four entries, and arrays for large pages. */
static void set_up_large(struct fixture *f, const char *large)
{
	char *settings = g_strconcat(SMALL "tlb.l2.entries=4 tlb.l2.ways=4 ", large, NULL);

	set_up(f, settings);
	g_free(settings);
	for (unsigned i = 0; i < MAPPED; i++)
		protect(f, i, PROT_EXECUTE_READWRITE);
	for (unsigned i = 0; i < 3; i++) {
		vmsim_pfn frame = LARGE_FRAME * (i + 1);

		pt_set_large(&f->pt, LARGE_AT + i * LARGE_PAGE, 1,
			     pte_make_large(PROT_EXECUTE_READWRITE, frame, true));
	}
}

static void tear_down_large(struct fixture *f)
{
	for (unsigned i = 0; i < 3; i++)
		pt_clear_large(&f->pt, LARGE_AT + i * LARGE_PAGE);
	tear_down(f);
}

/* The i-th large page, its n-th page. */
static void go_large(struct fixture *f, unsigned i, unsigned n, enum vmsim_access access)
{
	vmsim_vpn vpn = LARGE_AT + i * LARGE_PAGE + n;

	g_assert_true(mmu_translate(&f->mmu, &f->pt, 1, vpn, access, false, &f->tr));
	g_assert_cmpuint(f->tr.pfn, ==, LARGE_FRAME * (i + 1) + n);
	g_assert_cmpuint((access == VMSIM_EXECUTE ? f->mmu.fetch : f->mmu.data).pfn, ==, f->tr.pfn);
}

/* One walk, which ends at the entry that maps it all, and one TLB entry. */
static void test_large(void)
{
	struct fixture f;
	pte_t *pde;

	RULES("H1 H3 H8 H21");
	set_up_large(&f, "");
	pde = pt_leaf(&f.pt, LARGE_AT);
	for (unsigned n = 0; n < LARGE_PAGE; n++)
		go_large(&f, 0, n, VMSIM_READ);
	g_assert_cmpuint(f.c.page_walks, ==, 1);
	g_assert_cmpuint(f.c.walk_references, ==, 3);
	g_assert_cmpuint(f.c.dtlb_misses, ==, 1);
	g_assert_cmpuint(f.c.dtlb_hits, ==, 511);
	g_assert_cmpuint(f.c.stlb_misses, ==, 1);
	g_assert_cmphex(*pde & (PTE_A | PTE_D), ==, PTE_A);
	go_large(&f, 0, 77, VMSIM_WRITE); /* lacks D: the entry alone is read again */
	g_assert_true(f.tr.store);
	g_assert_cmpuint(f.tr.walk_cycles, ==, 100 + 1);
	g_assert_true(*pde & PTE_D);
	go_large(&f, 0, 78, VMSIM_WRITE); /* D is that of the large page */
	g_assert_cmpuint(f.c.tlb_dirty_walks, ==, 1);
	go_large(&f, 0, 79, VMSIM_EXECUTE);
	g_assert_cmpuint(f.c.itlb_misses, ==, 1);
	g_assert_cmpuint(f.c.stlb_hits, ==, 1);
	g_assert_cmpuint(f.c.page_walks, ==, 2);
	tear_down_large(&f);
}

/* H10: one INVLPG for any page of it removes what all levels hold, and no small page's entry. */
static void test_large_invalidate(void)
{
	struct fixture f;

	RULES("H10 H12");
	set_up_large(&f, "");
	go_large(&f, 0, 0, VMSIM_READ);
	go_large(&f, 0, 0, VMSIM_EXECUTE);
	go_large(&f, 1, 0, VMSIM_READ);
	go(&f, 0, VMSIM_READ);
	mmu_invalidate(&f.mmu, 1, LARGE_AT + 300);
	g_assert_cmpuint(f.c.tlb_entries_invalidated, ==, 3);
	check_forgotten(&f);
	go_large(&f, 1, 5, VMSIM_READ);
	go(&f, 0, VMSIM_READ);
	g_assert_cmpuint(f.c.page_walks, ==, 3);
	go_large(&f, 0, 5, VMSIM_READ);
	g_assert_cmpuint(f.c.page_walks, ==, 4);
	mmu_flush(&f.mmu, 1); /* both large pages and the small one, in both levels */
	g_assert_cmpuint(f.c.tlb_entries_invalidated, ==, 3 + 6);
	pt_clear_large(&f.pt, LARGE_AT);
	pt_set_large(&f.pt, LARGE_AT, 1, pte_make_large(PROT_READONLY, LARGE_FRAME, true));
	go_large(&f, 0, 9, VMSIM_READ);
	g_assert_false(mmu_translate(&f.mmu, &f.pt, 1, LARGE_AT, VMSIM_WRITE, false, &f.tr));
	g_assert_null(tlb_peek(LARGE_TLB, tlb_tag_large(1, LARGE_AT)));
	g_assert_null(tlb_peek(SECOND_TLB, tlb_tag_large(1, LARGE_AT)));
	check_forgotten(&f);
	tear_down_large(&f);
}

/* How often the walker runs for two small pages and three large ones, the last of them twice, and
 * all again; with two entries for small pages at either level. */
static uint64_t walks(struct fixture *f, const char *large)
{
	char *settings = g_strconcat(large, " tlb.l2.entries=2 tlb.l2.ways=full", NULL);
	uint64_t n;

	set_up_large(f, settings);
	g_free(settings);
	for (int round = 0; round < 2; round++) {
		go(f, 0, VMSIM_READ);
		go(f, 1, VMSIM_READ);
		for (unsigned i = 0; i < 3; i++)
			go_large(f, i, 10 * i, VMSIM_READ);
		go_large(f, 2, 7, VMSIM_READ);
	}
	n = f->c.page_walks;
	g_assert_cmpuint(f->c.dtlb_hits + f->c.dtlb_misses, ==, 12);
	g_assert_cmpuint(f->c.stlb_hits + f->c.stlb_misses, ==, f->c.dtlb_misses);
	tear_down_large(f);
	return n;
}

/* Arrays of their own, or shared. */
static void test_large_arrays(void)
{
	struct fixture f;

	RULES("H7");
	/* First levels of two small and 32 large pages: five walks, all else hits there. */
	g_assert_cmpuint(walks(&f, ""), ==, 5);
	g_assert_cmpuint(f.c.dtlb_misses, ==, 5);
	/* Two large pages: the second level, which has seen three since, does not help. */
	g_assert_cmpuint(walks(&f, "tlb.l1d.large.entries=2 tlb.l1d.large.ways=full"), ==, 8);
	g_assert_cmpuint(f.c.dtlb_misses, ==, 8);
	g_assert_cmpuint(f.c.stlb_hits, ==, 0);
	/* A second level of their own holds all three. */
	g_assert_cmpuint(walks(&f, "tlb.l1d.large.entries=2 tlb.l1d.large.ways=full "
				   "tlb.l2.large.shared=false tlb.l2.large.entries=4"),
			 ==, 5);
	g_assert_cmpuint(f.c.dtlb_misses, ==, 8);
	g_assert_cmpuint(f.c.stlb_hits, ==, 3);
	/* Or none: the second level keeps the small ones, which lost the first to large pages. */
	g_assert_cmpuint(walks(&f, "tlb.l1d.large.shared=true tlb.l2.large.shared=false"), ==, 8);
	g_assert_cmpuint(f.c.dtlb_misses, ==, 10);
	g_assert_cmpuint(f.c.stlb_hits, ==, 2);
	/* Both levels shared: five pages go round in two entries. */
	g_assert_cmpuint(walks(&f, "tlb.l1d.large.shared=true"), ==, 10);
	g_assert_cmpuint(f.c.dtlb_hits, ==, 2);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/mmu/walk/bits", test_walk_bits);
	g_test_add_func("/mmu/walk/fails", test_walk_fails);
	g_test_add_func("/mmu/rights", test_rights);
	g_test_add_func("/mmu/large", test_large);
	g_test_add_func("/mmu/large-invalidate", test_large_invalidate);
	g_test_add_func("/mmu/large-arrays", test_large_arrays);
	g_test_add_func("/mmu/dirty-walk", test_dirty_walk);
	g_test_add_func("/mmu/dirty-walk-l2", test_dirty_walk_l2);
	g_test_add_func("/mmu/dirty-copy", test_dirty_copy);
	g_test_add_func("/mmu/counts", test_counts_and_costs);
	g_test_add_func("/mmu/fetches", test_fetches);
	g_test_add_func("/mmu/repeated", test_repeated);
	g_test_add_func("/mmu/stale", test_stale);
	g_test_add_func("/mmu/invalidate", test_invalidate);
	g_test_add_func("/mmu/flush", test_flush);
	g_test_add_func("/mmu/order", test_order_after_dirty_walk);
	return g_test_run();
}
