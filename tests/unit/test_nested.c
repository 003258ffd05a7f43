/* test_nested.c: nested paging (timing T10): what each address of a guest's walk takes, by hand. */
#include "mmu_fixture.h"

#define MAPPED 4u /* pages, in the first frames */

static void set_up_guest(struct fixture *f, const char *settings)
{
	char *all = g_strconcat("nested.enabled=true tlb.l1d.entries=1 tlb.l2.entries=0 "
				"dram.latency=100 ", settings, NULL);

	set_up(f, all);
	g_free(all);
	for (unsigned i = 0; i < MAPPED; i++)
		map(f, i, i, 0);
}

static void tear_down_guest(struct fixture *f)
{
	g_assert_true(port_check(&f->mmu.port));
	tear_down(f);
}

/* A reference reads so many entries of the guest's and of the host's tables, and takes 100 cycles
 * for each and `more`. */
static void reads(struct fixture *f, vmsim_vpn vpn, enum vmsim_access access, unsigned guest,
		  unsigned host, vmsim_cycles more)
{
	uint64_t guest_before = f->c.walk_references, host_before = f->c.host_references;

	mmu_translate(&f->mmu, &f->pt, 1, vpn, access, false, &f->tr);
	g_assert_cmpuint(f->c.walk_references - guest_before, ==, guest);
	g_assert_cmpuint(f->c.host_references - host_before, ==, host);
	g_assert_cmpuint(f->tr.walk_cycles, ==, 100 * (guest + host) + more);
}

/* Four entries and the page, each translated by so many reads. */
static void test_nothing_cached(void)
{
	static const struct {
		const char *settings;
		unsigned guest, host;
	} row[] = {{"", 4, 20},
		   {"paging.levels=2", 2, 12},
		   {"paging.levels=3", 3, 16},
		   {"nested.levels=5", 4, 25},
		   {"nested.page_size=2MiB", 4, 15},
		   {"nested.page_size=1GiB", 4, 10}};

	for (unsigned i = 0; i < G_N_ELEMENTS(row); i++) {
		struct fixture f;

		set_up_guest(&f, row[i].settings);
		for (unsigned round = 0; round < 2; round++) {
			reads(&f, BASE, VMSIM_READ, row[i].guest, row[i].host, 0);
			reads(&f, BASE, VMSIM_READ, 0, 0, 0); /* the TLB has both walks' result */
			reads(&f, BASE + 1, VMSIM_READ, row[i].guest, row[i].host, 0);
		}
		g_assert_cmpuint(f.c.host_walks, ==, 4 * (row[i].guest + 1));
		tear_down_guest(&f);
	}
}

/* The nested TLB: five looks of 3 cycles a walk. What the last walk left is found. */
static void test_tlb(void)
{
	struct fixture f;

	set_up_guest(&f, "nested.tlb.entries=6 nested.tlb.latency=3");
	reads(&f, BASE, VMSIM_READ, 4, 20, 15);
	reads(&f, BASE + 1, VMSIM_READ, 4, 4, 15); /* its page alone is new */
	reads(&f, BASE, VMSIM_READ, 4, 0, 15);
	reads(&f, BASE + 2, VMSIM_READ, 4, 4, 15); /* drops that of BASE + 1 */
	reads(&f, BASE + 1, VMSIM_READ, 4, 4, 15);
	g_assert_cmpuint(f.c.nested_tlb_misses, ==, 5 + 1 + 0 + 1 + 1);
	g_assert_cmpuint(f.c.nested_tlb_hits, ==, 25 - 8);
	tear_down_guest(&f);
	/* By pages of the host: one of 2 MiB has the tables, another the data. */
	set_up_guest(&f, "nested.tlb.entries=2 nested.page_size=2MiB");
	reads(&f, BASE, VMSIM_READ, 4, 6, 0);
	reads(&f, BASE + 1, VMSIM_READ, 4, 0, 0);
	tear_down_guest(&f);
}

/* The host's structure caches: a look of 2 cycles for each of five host walks. */
static void test_psc(void)
{
	struct fixture f;

	set_up_guest(&f, "nested.psc.pde.entries=2 nested.psc.latency=2");
	reads(&f, BASE, VMSIM_READ, 4, (4 + 1 + 1 + 1) + 4, 10);
	reads(&f, BASE + 1, VMSIM_READ, 4, 5, 10);
	g_assert_cmpuint(f.c.nested_psc_hits, ==, 3 + 5);
	g_assert_cmpuint(f.c.nested_psc_misses, ==, 2);
	tear_down_guest(&f);
	/* One PDE alone, that of the tables or of the data; the PDPTE is of both. */
	set_up_guest(&f, "nested.psc.pde.entries=1 nested.psc.pdpte.entries=1");
	reads(&f, BASE, VMSIM_READ, 4, (4 + 1 + 1 + 1) + 2, 0);
	reads(&f, BASE + 1, VMSIM_READ, 4, (2 + 1 + 1 + 1) + 2, 0);
	tear_down_guest(&f);
	set_up_guest(&f, "nested.psc.pml4e.entries=1");
	reads(&f, BASE, VMSIM_READ, 4, 4 + 4 * 3, 0);
	tear_down_guest(&f);
	/* Entries that map pages are no upper ones. */
	set_up_guest(&f, "nested.psc.pde.entries=4 nested.page_size=2MiB nested.psc.latency=2");
	reads(&f, BASE, VMSIM_READ, 4, 15, 0);
	reads(&f, BASE, VMSIM_READ, 0, 0, 0);
	tear_down_guest(&f);
}

/* What the guest's own caches leave to be read is translated, and the page. */
static void test_guest(void)
{
	struct fixture f;

	set_up_guest(&f, "psc.pde.entries=1");
	reads(&f, BASE, VMSIM_READ, 4, 20, 0);
	reads(&f, BASE + 1, VMSIM_READ, 1, 8, 0);
	reads(&f, BASE + 1, VMSIM_WRITE, 1, 8, 0); /* for D (T11) */
	reads(&f, BASE + 1, VMSIM_WRITE, 0, 0, 0);
	reads(&f, BASE + MAPPED, VMSIM_READ, 1, 4, 0);  /* a fault: there is no page */
	g_assert_cmpuint(f.c.page_walks, ==, 4);
	tear_down_guest(&f);
}

/* Entries of the host go through the caches like the guest's. */
static void test_caches(void)
{
	struct fixture f;

	set_up_guest(&f, "caches.l1.size=4KiB caches.l1.ways=full caches.l1.latency=1 "
		   "caches.pte_share=1/1");
	/* Four tables of the guest side by side: a line each, and their leaves of the host share
	 * one; above those there is one a level. The data has lines of its own on the two lower. */
	mmu_translate(&f.mmu, &f.pt, 1, BASE, VMSIM_READ, false, &f.tr);
	g_assert_cmpuint(f.c.cache_l1_table_misses, ==, 4 + 4 + 2);
	g_assert_cmpuint(f.c.cache_l1_table_hits, ==, 24 - 10);
	g_assert_cmpuint(f.tr.walk_cycles, ==, 10 * 100 + 14);
	tear_down_guest(&f);
}

/* Tables lie above every frame of a guest, each level's apart from the others'. */
static void test_places(void)
{
	for (unsigned leaf = 0; leaf < 3; leaf++) {
		static const char *const sizes[] = {"nested.page_size=4KiB",
						    "nested.page_size=2MiB",
						    "nested.page_size=1GiB"};
		const struct nested *nested;
		uint64_t end = ((uint64_t)VMSIM_NO_PFN + 1) * VMSIM_PAGE_SIZE;
		struct fixture f;

		set_up_guest(&f, sizes[leaf]);
		nested = &f.mmu.port.nested;
		for (unsigned level = leaf; level < 4; level++) {
			g_assert_cmphex(nested->table[level], >=, end);
			g_assert_cmphex(nested->table[level] % VMSIM_PAGE_SIZE, ==, 0);
			end = nested->table[level] +
			      (((uint64_t)VMSIM_NO_PFN >> 9 * level) + 1) * 8;
		}
		tear_down_guest(&f);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/nested/nothing-cached", test_nothing_cached);
	g_test_add_func("/nested/tlb", test_tlb);
	g_test_add_func("/nested/psc", test_psc);
	g_test_add_func("/nested/guest", test_guest);
	g_test_add_func("/nested/caches", test_caches);
	g_test_add_func("/nested/places", test_places);
	return g_test_run();
}
