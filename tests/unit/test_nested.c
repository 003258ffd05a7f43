/* test_nested.c: nested paging (timing T10): what each address of a guest's walk takes, by hand. */
#include "mmu/mmu.h"

#define BASE 0x40u
#define N 4

/* Data lies in frames 0 and on, tables in 10000 and on: other pages of 2 MiB, the same of 1 GiB. */
struct fixture {
	vmsim_config *config;
	struct counters c;
	struct pt_pool pool;
	struct page_table pt;
	struct memory memory;
	struct mmu mmu;
	struct translation tr;
};

static void set_up(struct fixture *f, const char *settings)
{
	char *all = g_strconcat("nested.enabled=true tlb.l1d.entries=1 tlb.l2.entries=0 "
				"dram.latency=100 ", settings, NULL);
	char **each = g_strsplit(g_strstrip(all), " ", 0);
	GError *error = NULL;

	*f = (struct fixture){.config = vmsim_config_new()};
	for (char **s = each; *s; s++)
		g_assert_true(vmsim_config_set(f->config, *s, &error));
	g_assert_true(vmsim_config_finish(f->config, &error));
	g_strfreev(each);
	g_free(all);
	pt_pool_init(&f->pool, pt_shape_of((unsigned)config_get(f->config)->paging.levels), 10000,
		     true);
	pt_init(&f->pt, &f->pool);
	while (!pt_find(&f->pt, BASE))
		pt_add_table(&f->pt, BASE, pt_pool_outside(&f->pool));
	for (unsigned i = 0; i < N; i++)
		pt_set(&f->pt, BASE + i, pte_make_valid(PROT_READWRITE, i, true));
	memory_init(&f->memory, config_get(f->config));
	mmu_init(&f->mmu, config_get(f->config), &f->memory, &f->c);
}

static void tear_down(struct fixture *f)
{
	g_assert_true(port_check(&f->mmu.port));
	mmu_fini(&f->mmu);
	memory_fini(&f->memory);
	for (unsigned i = 0; i < N; i++)
		pt_set(&f->pt, BASE + i, 0);
	pt_prune(&f->pt, 0, f->pool.shape->vpn_end, NULL, NULL);
	pt_pool_fini(&f->pool);
	vmsim_config_free(f->config);
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

		set_up(&f, row[i].settings);
		for (unsigned round = 0; round < 2; round++) {
			reads(&f, BASE, VMSIM_READ, row[i].guest, row[i].host, 0);
			reads(&f, BASE, VMSIM_READ, 0, 0, 0); /* the TLB has both walks' result */
			reads(&f, BASE + 1, VMSIM_READ, row[i].guest, row[i].host, 0);
		}
		g_assert_cmpuint(f.c.host_walks, ==, 4 * (row[i].guest + 1));
		tear_down(&f);
	}
}

/* The nested TLB: five looks of 3 cycles a walk. What the last walk left is found. */
static void test_tlb(void)
{
	struct fixture f;

	set_up(&f, "nested.tlb.entries=6 nested.tlb.latency=3");
	reads(&f, BASE, VMSIM_READ, 4, 20, 15);
	reads(&f, BASE + 1, VMSIM_READ, 4, 4, 15); /* its page alone is new */
	reads(&f, BASE, VMSIM_READ, 4, 0, 15);
	reads(&f, BASE + 2, VMSIM_READ, 4, 4, 15); /* drops that of BASE + 1 */
	reads(&f, BASE + 1, VMSIM_READ, 4, 4, 15);
	g_assert_cmpuint(f.c.nested_tlb_misses, ==, 5 + 1 + 0 + 1 + 1);
	g_assert_cmpuint(f.c.nested_tlb_hits, ==, 25 - 8);
	tear_down(&f);
	/* By pages of the host: one of 2 MiB has the tables, another the data. */
	set_up(&f, "nested.tlb.entries=2 nested.page_size=2MiB");
	reads(&f, BASE, VMSIM_READ, 4, 6, 0);
	reads(&f, BASE + 1, VMSIM_READ, 4, 0, 0);
	tear_down(&f);
}

/* The host's structure caches: a look of 2 cycles for each of five host walks. */
static void test_psc(void)
{
	struct fixture f;

	set_up(&f, "nested.psc.pde.entries=2 nested.psc.latency=2");
	reads(&f, BASE, VMSIM_READ, 4, (4 + 1 + 1 + 1) + 4, 10);
	reads(&f, BASE + 1, VMSIM_READ, 4, 5, 10);
	g_assert_cmpuint(f.c.nested_psc_hits, ==, 3 + 5);
	g_assert_cmpuint(f.c.nested_psc_misses, ==, 2);
	tear_down(&f);
	/* One PDE alone, that of the tables or of the data; the PDPTE is of both. */
	set_up(&f, "nested.psc.pde.entries=1 nested.psc.pdpte.entries=1");
	reads(&f, BASE, VMSIM_READ, 4, (4 + 1 + 1 + 1) + 2, 0);
	reads(&f, BASE + 1, VMSIM_READ, 4, (2 + 1 + 1 + 1) + 2, 0);
	tear_down(&f);
	set_up(&f, "nested.psc.pml4e.entries=1");
	reads(&f, BASE, VMSIM_READ, 4, 4 + 4 * 3, 0);
	tear_down(&f);
	/* Entries that map pages are no upper ones. */
	set_up(&f, "nested.psc.pde.entries=4 nested.page_size=2MiB nested.psc.latency=2");
	reads(&f, BASE, VMSIM_READ, 4, 15, 0);
	reads(&f, BASE, VMSIM_READ, 0, 0, 0);
	tear_down(&f);
}

/* What the guest's own caches leave to be read is translated, and the page. */
static void test_guest(void)
{
	struct fixture f;

	set_up(&f, "psc.pde.entries=1");
	reads(&f, BASE, VMSIM_READ, 4, 20, 0);
	reads(&f, BASE + 1, VMSIM_READ, 1, 8, 0);
	reads(&f, BASE + 1, VMSIM_WRITE, 1, 8, 0); /* for D (T11) */
	reads(&f, BASE + 1, VMSIM_WRITE, 0, 0, 0);
	reads(&f, BASE + N, VMSIM_READ, 1, 4, 0);  /* a fault: there is no page */
	g_assert_cmpuint(f.c.page_walks, ==, 4);
	tear_down(&f);
}

/* Entries of the host go through the caches like the guest's. */
static void test_caches(void)
{
	struct fixture f;

	set_up(&f, "caches.l1.size=4KiB caches.l1.ways=full caches.l1.latency=1 "
		   "caches.pte_share=1/1");
	/* Four tables of the guest side by side: a line each, and their leaves of the host share
	 * one; above those there is one a level. The data has lines of its own on the two lower. */
	mmu_translate(&f.mmu, &f.pt, 1, BASE, VMSIM_READ, false, &f.tr);
	g_assert_cmpuint(f.c.cache_l1_table_misses, ==, 4 + 4 + 2);
	g_assert_cmpuint(f.c.cache_l1_table_hits, ==, 24 - 10);
	g_assert_cmpuint(f.tr.walk_cycles, ==, 10 * 100 + 14);
	tear_down(&f);
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

		set_up(&f, sizes[leaf]);
		nested = &f.mmu.port.nested;
		for (unsigned level = leaf; level < 4; level++) {
			g_assert_cmphex(nested->table[level], >=, end);
			g_assert_cmphex(nested->table[level] % VMSIM_PAGE_SIZE, ==, 0);
			end = nested->table[level] +
			      (((uint64_t)VMSIM_NO_PFN >> 9 * level) + 1) * 8;
		}
		tear_down(&f);
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
