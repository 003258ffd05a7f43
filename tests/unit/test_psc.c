/* test_psc.c: paging-structure caches: where walks begin (H9, T8), what empties the caches (H10 to
 * H12), and that the audit finds an entry for a table that is not there (I26). */
#include "engine/machine.h"
#include "rules.h"

#define GIB ((vmsim_vpn)1 << 18) /* pages that an entry of the third level stands for */
#define MIB2 ((vmsim_vpn)512)    /* of the second */
#define HALF_TIB ((vmsim_vpn)1 << 27) /* of the fourth */

/* The pages that are mapped, each by two in a row. */
static const vmsim_vpn places[] = {0x10, 0x10 + MIB2, 0x10 + GIB, 0x10 + HALF_TIB};
enum { A, NEXT_2MIB, NEXT_GIB, NEXT_HALF_TIB, N };

struct fixture {
	vmsim_config *config;
	struct counters c;
	struct pt_pool pool;
	struct page_table pt;
	struct memory memory;
	struct mmu mmu;
	struct translation tr;
	uint64_t fetches, hits, misses; /* before the last walk */
};

/* One TLB entry, so that pages in turn are walked for. */
static void set_up(struct fixture *f, const char *settings)
{
	char *all = g_strconcat("tlb.l1d.entries=1 tlb.l1i.entries=1 tlb.l2.entries=0 "
				"tlb.l1d.large.entries=1 dram.latency=100 psc.latency=3 "
				"psc.pml4e.entries=0 psc.pdpte.entries=0 psc.pde.entries=0 ",
				settings, NULL);
	char **each = g_strsplit(g_strstrip(all), " ", 0);
	GError *error = NULL;

	*f = (struct fixture){.config = vmsim_config_new()};
	for (char **s = each; *s; s++) {
		vmsim_config_set(f->config, *s, &error);
		g_assert_no_error(error);
	}
	vmsim_config_finish(f->config, &error);
	g_assert_no_error(error);
	g_strfreev(each);
	g_free(all);
	pt_pool_init(&f->pool, pt_shape_of(4), 1000, true);
	pt_init(&f->pt, &f->pool);
	for (unsigned i = 0; i < N; i++) {
		while (!pt_find(&f->pt, places[i]))
			pt_add_table(&f->pt, places[i], pt_pool_outside(&f->pool));
		for (unsigned p = 0; p < 2; p++)
			pt_set(&f->pt, places[i] + p,
			       pte_make_valid(PROT_READWRITE, 10 * i + p, true));
	}
	memory_init(&f->memory, config_get(f->config));
	mmu_init(&f->mmu, config_get(f->config), &f->memory, &f->c);
}

static void tear_down(struct fixture *f)
{
	g_assert_true(mmu_check(&f->mmu));
	for (unsigned i = 0; i < N; i++)
		for (unsigned p = 0; p < 2; p++)
			pt_set(&f->pt, places[i] + p, 0);
	pt_prune(&f->pt, 0, f->pool.shape->vpn_end, NULL, NULL);
	mmu_fini(&f->mmu);
	memory_fini(&f->memory);
	pt_pool_fini(&f->pool);
	vmsim_config_free(f->config);
}

static bool try(struct fixture *f, uint32_t asid, vmsim_vpn vpn, enum vmsim_access access)
{
	f->fetches = f->c.walk_references;
	f->hits = f->c.psc_hits;
	f->misses = f->c.psc_misses;
	return mmu_translate(&f->mmu, &f->pt, asid, vpn, access, false, &f->tr);
}

/* A load walks, and fetches so many entries; from the top if those are four. */
static void fetches(struct fixture *f, uint32_t asid, unsigned place, unsigned page, unsigned n)
{
	g_assert_true(try(f, asid, places[place] + page, VMSIM_READ));
	g_assert_cmpuint(f->tr.pfn, ==, 10 * place + page);
	g_assert_cmpuint(f->c.walk_references - f->fetches, ==, n);
	g_assert_cmpuint(f->c.psc_hits - f->hits, ==, n < 4);
	g_assert_cmpuint(f->c.psc_misses - f->misses, ==, n == 4);
	g_assert_cmpuint(f->tr.walk_cycles, ==, 3 + 100 * n);
}

/* The longest prefix wins; each walk keeps what it read. */
static void test_prefix(void)
{
	struct fixture f;

	RULES("H9");
	set_up(&f, "psc.pml4e.entries=2 psc.pdpte.entries=2 psc.pde.entries=2");
	fetches(&f, 1, A, 0, 4);
	fetches(&f, 1, A, 1, 1);
	fetches(&f, 1, NEXT_2MIB, 0, 2);
	fetches(&f, 1, NEXT_GIB, 0, 3);
	fetches(&f, 1, NEXT_HALF_TIB, 0, 4);
	fetches(&f, 1, NEXT_2MIB, 0, 3); /* two other PDEs and PDPTEs came since */
	fetches(&f, 1, A, 0, 2);	 /* its PDPTE is back, its PDE not */
	tear_down(&f);
}

/* Each cache works alone. */
static void test_levels(void)
{
	static const struct {
		const char *settings;
		unsigned again, next_2mib, next_gib; /* fetches after those of A */
	} row[] = {{"psc.pde.entries=8", 1, 4, 4},
		   {"psc.pdpte.entries=8", 2, 2, 4},
		   {"psc.pml4e.entries=8", 3, 3, 3}};

	RULES("H9");
	for (unsigned i = 0; i < G_N_ELEMENTS(row); i++) {
		struct fixture f;

		set_up(&f, row[i].settings);
		fetches(&f, 1, A, 0, 4);
		fetches(&f, 1, A, 1, row[i].again);
		fetches(&f, 1, NEXT_2MIB, 0, row[i].next_2mib);
		fetches(&f, 1, NEXT_GIB, 0, row[i].next_gib);
		fetches(&f, 1, A, 0, row[i].again);
		tear_down(&f);
	}
}

/* The least recently used of two PDEs goes. */
static void test_order(void)
{
	struct fixture f;

	RULES("H9");
	set_up(&f, "psc.pde.entries=2");
	fetches(&f, 1, A, 0, 4);
	fetches(&f, 1, NEXT_2MIB, 0, 4);
	fetches(&f, 1, A, 1, 1);
	fetches(&f, 1, NEXT_GIB, 0, 4); /* takes that of NEXT_2MIB */
	fetches(&f, 1, A, 0, 1);
	fetches(&f, 1, NEXT_2MIB, 0, 4);
	tear_down(&f);
}

/* Without any, or with those alone of levels that there are not, nobody looks. */
static void test_none(void)
{
	struct fixture f;

	set_up(&f, "");
	g_assert_true(try(&f, 1, places[A], VMSIM_READ));
	g_assert_cmpuint(f.tr.walk_cycles, ==, 400);
	g_assert_cmpuint(f.c.psc_hits + f.c.psc_misses, ==, 0);
	tear_down(&f);
	set_up(&f, "paging.levels=2 psc.pdpte.entries=4 psc.pml4e.entries=4");
	g_assert_false(f.mmu.psc.any);
	tear_down(&f);
	set_up(&f, "paging.levels=2 psc.pde.entries=4");
	g_assert_true(f.mmu.psc.any);
	tear_down(&f);
}

/* Tagged by PCID. INVLPG takes all of the PCID's, of whatever address; a flush those of one, or
 * all. None is counted as a TLB entry. */
static void test_invalidate(void)
{
	struct fixture f;

	RULES("H9 H10 H11");
	set_up(&f, "psc.pml4e.entries=8 psc.pdpte.entries=8 psc.pde.entries=8");
	fetches(&f, 1, A, 0, 4);
	fetches(&f, 2, A, 0, 4);
	fetches(&f, 1, A, 1, 1);
	fetches(&f, 1, NEXT_HALF_TIB, 0, 4);
	mmu_invalidate(&f.mmu, 1, places[NEXT_GIB]); /* which nobody has used */
	g_assert_cmpuint(f.c.tlb_entries_invalidated, ==, 0);
	fetches(&f, 1, A, 0, 4);
	fetches(&f, 2, A, 1, 1);
	fetches(&f, 1, NEXT_HALF_TIB, 1, 4);
	mmu_flush(&f.mmu, 2);
	fetches(&f, 2, A, 0, 4);
	fetches(&f, 1, A, 1, 1);
	mmu_flush(&f.mmu, 0);
	fetches(&f, 2, A, 0, 4);
	fetches(&f, 1, A, 0, 4);
	tear_down(&f);
}

/* H12: a #PF takes the entries for its address, and no others. The walk that ends in it keeps
 * nothing, nor does it take a place. */
static void test_fault(void)
{
	struct fixture f;

	RULES("H12");
	set_up(&f, "psc.pml4e.entries=2 psc.pdpte.entries=2 psc.pde.entries=2");
	fetches(&f, 1, A, 0, 4);
	fetches(&f, 1, NEXT_HALF_TIB, 0, 4);
	g_assert_false(try(&f, 1, places[A] + 2, VMSIM_READ)); /* not mapped */
	g_assert_cmpuint(f.c.walk_references - f.fetches, ==, 1);
	g_assert_cmpuint(f.tr.walk_cycles, ==, 103);
	g_assert_cmpuint(f.c.psc_hits - f.hits, ==, 1);
	fetches(&f, 1, NEXT_HALF_TIB, 1, 1);
	fetches(&f, 1, A, 0, 4);
	/* What was not mapped takes the place of nothing. */
	g_assert_false(try(&f, 2, places[NEXT_GIB] + 5, VMSIM_READ));
	fetches(&f, 1, NEXT_HALF_TIB, 0, 1);
	fetches(&f, 1, A, 1, 1);
	tear_down(&f);
}

/* The walk of the leaf alone (T11) neither looks nor pays; if it fails, that is a #PF. */
static void test_leaf(void)
{
	struct fixture f;

	RULES("H8 H12");
	set_up(&f, "psc.pde.entries=4");
	fetches(&f, 1, A, 0, 4);
	g_assert_true(try(&f, 1, places[A], VMSIM_WRITE));
	g_assert_cmpuint(f.tr.walk_cycles, ==, 100);
	g_assert_cmpuint(f.c.psc_hits + f.c.psc_misses, ==, 1);
	fetches(&f, 1, A, 1, 1);
	pt_set(&f.pt, places[A] + 1, pte_make_valid(PROT_READONLY, 1, true));
	g_assert_false(try(&f, 1, places[A] + 1, VMSIM_WRITE));
	fetches(&f, 1, A, 1, 4);
	tear_down(&f);
}

/* An entry outlives the memory it was read from, until it is invalidated. */
static void test_outlives(void)
{
	struct fixture f;
	vmsim_pfn directory;
	pte_t *pde, old;

	RULES("H9 H10");
	set_up(&f, "psc.pde.entries=4");
	fetches(&f, 1, A, 0, 4);
	directory = pt_table(&f.pt, places[A], 1);
	pde = &f.pool.node[directory - f.pool.frames]->entry[0];
	old = *pde;
	*pde = pte_make_table(pt_table(&f.pt, places[NEXT_GIB], 0));
	fetches(&f, 1, A, 1, 1);
	mmu_invalidate(&f.mmu, 1, places[A] + 1);
	g_assert_true(try(&f, 1, places[A], VMSIM_READ));
	g_assert_cmpuint(f.tr.pfn, ==, 10 * NEXT_GIB);
	*pde = old;
	tear_down(&f);
}

/* The entry of a large page is kept by the TLB alone. */
static void test_large(void)
{
	vmsim_vpn large = 2 * MIB2;
	struct fixture f;

	RULES("H9");
	set_up(&f, "psc.pde.entries=4");
	for (unsigned i = 0; i < 2; i++)
		pt_set_large(&f.pt, large + i * MIB2, 1,
			     pte_make_large(PROT_READWRITE, LARGE_PAGE * (i + 1), true));
	for (unsigned i = 0; i < 4; i++) {
		g_assert_true(try(&f, 1, large + (i % 2) * MIB2 + i, VMSIM_READ));
		g_assert_cmpuint(f.tr.pfn, ==, LARGE_PAGE * (i % 2 + 1) + i);
		g_assert_cmpuint(f.c.walk_references, ==, 3 * (i + 1));
	}
	g_assert_cmpuint(f.c.psc_misses, ==, 4);
	g_assert_cmpuint(f.mmu.psc.level[1].entry[0].tag, ==, 0);
	for (unsigned i = 0; i < 2; i++)
		pt_clear_large(&f.pt, large + i * MIB2);
	tear_down(&f);
}

/* --- the machine ----------------------------------------------------------------------------- */

static const char *broken(vmsim_machine *m)
{
	g_clear_error(&m->error);
	return machine_audit(m) ? "" : m->error->message;
}

/* I26: the audit looks at the table, at every level, and at whose it is. */
static void test_audit(void)
{
	static const char *const settings[] = {"psc.pml4e.entries=2", "psc.pdpte.entries=2",
					       "psc.pde.entries=2", "trace.implicit_commit=true"};
	vmsim_config *config = vmsim_config_new();
	GError *error = NULL;
	vmsim_machine *m;
	uint64_t value;

	RULES("I26");
	for (size_t i = 0; i < G_N_ELEMENTS(settings); i++)
		vmsim_config_set(config, settings[i], &error);
	m = vmsim_machine_new(config, &error);
	g_assert_no_error(error);
	vmsim_config_free(config);
	g_assert_cmpint(vmsim_access(m, 1, VMSIM_READ, 0x10000, 8, &value), ==, VMSIM_RESULT_OK);
	for (unsigned level = 1; level < 4; level++) {
		struct tlb_entry *entry = &m->mmu->psc.level[level].entry[0];
		struct tlb_entry good = *entry;

		g_assert_cmpuint(good.tag, !=, 0);
		g_assert_cmpstr(broken(m), ==, "");
		entry->pfn++;
		g_assert_nonnull(strstr(broken(m), "I26"));
		*entry = good;
		entry->tag += 1u << ASID_BITS; /* the next entry of the table: there is none */
		g_assert_nonnull(strstr(broken(m), "I26"));
		*entry = good;
		entry->tag++; /* a process that there is not */
		g_assert_nonnull(strstr(broken(m), "I26"));
		*entry = good;
	}
	g_clear_error(&m->error);
	vmsim_machine_free(m);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/psc/prefix", test_prefix);
	g_test_add_func("/psc/levels", test_levels);
	g_test_add_func("/psc/order", test_order);
	g_test_add_func("/psc/none", test_none);
	g_test_add_func("/psc/invalidate", test_invalidate);
	g_test_add_func("/psc/fault", test_fault);
	g_test_add_func("/psc/leaf", test_leaf);
	g_test_add_func("/psc/outlives", test_outlives);
	g_test_add_func("/psc/large", test_large);
	g_test_add_func("/psc/audit", test_audit);
	return g_test_run();
}
