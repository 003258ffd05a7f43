/* test_presets.c: presets of real machines: the arrays that are built, the figures of timing. What
 * stands here is what is known of the parts, from the same sources as configs/. */
#include "mmu/tlb_replace.h"
#include "mmu/tlbs.h"

#define FULL 0 /* ways: fully associative */

struct array {
	uint64_t entries, ways;
};

struct known {
	const char *name;
	unsigned levels;          /* of TLBs */
	struct array tlb[2][2][3]; /* by level, data and code, size of page */
	uint64_t l2_latency, walkers, overhead;
	unsigned caches;
	struct {
		uint64_t kib, ways, cycles;
	} cache[3];
	uint64_t dram_cycles;
};

#define NONE {0, 0}
#define ALL(n) {{n, FULL}, {n, FULL}, {n, FULL}}

static const struct known known[] = {
	{"zen4", 2,
	 {{ALL(72), ALL(64)}, {{{3072, 12}, {3072, 12}, {64, FULL}}, {{512, 4}, {512, 4}, NONE}}},
	 7, 6, 16, 3, {{32, 8, 4}, {1024, 8, 14}, {32768, 16, 50}}, 333},
	{"zen2", 2,
	 {{ALL(64), ALL(64)}, {{{2048, 8}, {2048, 8}, NONE}, {{1024, 8}, {1024, 8}, NONE}}},
	 7, 2, 13, 3, {{32, 8, 4}, {512, 8, 12}, {16384, 16, 39}}, 270},
	{"golden-cove", 2,
	 {{{{96, 6}, {32, 4}, {8, FULL}}, {{256, 8}, {32, 8}, {32, 8}}},
	  {{{2048, 16}, {1024, 8}, {1024, 8}}, {{2048, 16}, {1024, 8}, {1024, 8}}}},
	 7, 4, 0, 3, {{48, 12, 5}, {1280, 10, 15}, {30720, 12, 57}}, 291},
	{"skylake-x", 2,
	 {{{{64, 4}, {32, 4}, {4, 4}}, {{64, 8}, {8, FULL}, {8, FULL}}},
	  {{{1536, 12}, {1536, 12}, {16, 4}}, {{1536, 12}, {1536, 12}, {16, 4}}}},
	 9, 2, 0, 3, {{32, 8, 4}, {1024, 16, 14}, {14080, 11, 66}}, 255},
	{"sandy-bridge", 2,
	 {{{{64, 4}, {32, 4}, {4, 4}}, {{64, 4}, {8, FULL}, {8, FULL}}},
	  {{{512, 4}, NONE, NONE}, {{512, 4}, NONE, NONE}}},
	 7, 1, 0, 3, {{32, 8, 4}, {256, 8, 12}, {8192, 16, 29}}, 238},
	{"neoverse-n1", 2,
	 {{ALL(48), ALL(48)},
	  {{{1280, 5}, {1280, 5}, {1280, 5}}, {{1280, 5}, {1280, 5}, {1280, 5}}}},
	 5, 4, 0, 3, {{64, 4, 4}, {512, 8, 9}, {4096, 16, 31}}, 250},
	{"i386", 1,
	 {{{{32, 4}, {32, 4}, {32, 4}}, {{32, 4}, {32, 4}, {32, 4}}}},
	 0, 1, 5, 0, {{0, 0, 0}}, 6},
};

static vmsim_config *load(const char *name)
{
	vmsim_config *config = vmsim_config_new();
	GError *error = NULL;

	vmsim_config_load(config, name, &error);
	g_assert_no_error(error);
	vmsim_config_finish(config, &error);
	g_assert_no_error(error);
	return config;
}

static void check_array(const struct known *k, unsigned level, unsigned side, unsigned size,
			const struct tlb *tlb)
{
	struct array array = k->tlb[level][side][size];
	uint64_t ways = array.ways == FULL ? array.entries : array.ways;

	g_test_message("%s: level %u, side %u, size %u", k->name, level + 1, side, size);
	if (!array.entries) {
		g_assert_null(tlb);
		return;
	}
	g_assert_nonnull(tlb);
	g_assert_cmpuint((uint64_t)tlb->sets * tlb->ways, ==, array.entries);
	g_assert_cmpuint(tlb->ways, ==, ways);
}

static void test_arrays(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(known); i++) {
		const struct known *k = &known[i];
		vmsim_config *config = load(k->name);
		struct tlbs tlbs;

		tlbs_init(&tlbs, config_get(config));
		g_assert_cmpuint(tlbs.n_levels, ==, k->levels);
		for (unsigned level = 0; level < k->levels; level++)
			for (unsigned side = 0; side < TLB_SIDES; side++)
				for (unsigned size = 0; size < TLB_SIZES; size++)
					check_array(k, level, side, size,
						    tlbs.at[side][level][size]);
		tlbs_fini(&tlbs);
		vmsim_config_free(config);
	}
}

/* Arrays that are one in the processor are one here. */
static void test_sharing(void)
{
	static const struct {
		const char *name;
		bool first, second; /* the same for code and data */
		bool large[2];      /* pages of 2 MiB stand with those of 4 KiB, in data's */
	} row[] = {{"zen4", false, false, {true, true}},
		   {"zen2", false, false, {true, true}},
		   {"golden-cove", false, true, {false, false}},
		   {"skylake-x", false, true, {false, true}},
		   {"sandy-bridge", false, true, {false, false}},
		   {"neoverse-n1", false, true, {true, true}},
		   {"i386", true, true, {true, true}}};

	for (size_t i = 0; i < G_N_ELEMENTS(row); i++) {
		vmsim_config *config = load(row[i].name);
		struct tlbs tlbs;

		g_test_message("%s", row[i].name);
		tlbs_init(&tlbs, config_get(config));
		for (unsigned level = 0; level < tlbs.n_levels; level++) {
			struct tlb *const *data = tlbs.at[SIDE_DATA][level];
			bool same = data[SIZE_SMALL] == tlbs.at[SIDE_CODE][level][SIZE_SMALL];

			g_assert_cmpint(same, ==, level ? row[i].second : row[i].first);
			g_assert_cmpint(data[SIZE_SMALL] == data[SIZE_LARGE], ==,
					row[i].large[level]);
		}
		tlbs_fini(&tlbs);
		vmsim_config_free(config);
	}
}

static void test_timing(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(known); i++) {
		const struct known *k = &known[i];
		vmsim_config *config = load(k->name);
		const struct config *c = config_get(config);
		unsigned n = 0;

		g_test_message("%s", k->name);
		if (k->levels > 1)
			g_assert_cmpuint(c->tlb.l2.latency.cycles, ==, k->l2_latency);
		g_assert_cmpuint(c->tlb.l1d.latency.cycles, ==, 0);
		g_assert_cmpuint(c->walker.count, ==, k->walkers);
		g_assert_cmpuint(c->walker.overhead.cycles, ==, k->overhead);
		for (; n < CACHE_LEVELS && c->caches.level[n].size; n++) {
			g_assert_cmpuint(c->caches.level[n].size, ==, k->cache[n].kib * 1024);
			g_assert_cmpuint(c->caches.level[n].ways, ==, k->cache[n].ways);
			g_assert_cmpuint(c->caches.level[n].latency.cycles, ==, k->cache[n].cycles);
		}
		g_assert_cmpuint(n, ==, k->caches);
		g_assert_cmpuint(c->dram.latency.cycles, ==, k->dram_cycles);
		g_assert_cmpuint(c->data.latency.cycles, ==,
				 n ? k->cache[0].cycles : k->dram_cycles);
		g_assert_false(c->caches.data);
		g_assert_false(c->nested.enabled);
		vmsim_config_free(config);
	}
}

/* The third level of Zen has what the second dropped; all cores share it. */
static void test_victims(void)
{
	static const char *const victim[] = {"zen4", "zen2", "skylake-x"};

	for (size_t i = 0; i < G_N_ELEMENTS(victim); i++) {
		vmsim_config *config = load(victim[i]);

		g_assert_true(config_get(config)->caches.level[2].victim);
		g_assert_true(config_get(config)->caches.level[2].shared);
		vmsim_config_free(config);
	}
}

/* How Skylake's TLBs replace and are indexed; what Ivy Bridge does is taken for Sandy Bridge. */
static void test_replacement(void)
{
	vmsim_config *config = load("skylake-x");
	const struct config *c = config_get(config);
	struct tlbs tlbs;

	g_assert_cmpint(c->tlb.l1d.replacement, ==, TLB_TREE_PLRU);
	g_assert_cmpint(c->tlb.l1i.replacement, ==, TLB_TREE_PLRU);
	g_assert_cmpint(c->tlb.l2.replacement, ==, TLB_MRU3_PLRU);
	g_assert_cmpstr(c->tlb.l1d.index, ==, "linear");
	g_assert_cmpstr(c->tlb.l2.index, ==, "xor");
	g_assert_cmpuint(c->tlb.pcids, ==, 4);
	tlbs_init(&tlbs, c);
	g_assert_true(tlbs.at[SIDE_DATA][1][SIZE_HUGE]->replace == tlb_replace_ops(TLB_TREE_PLRU));
	tlbs_fini(&tlbs);
	vmsim_config_free(config);
	config = load("sandy-bridge");
	g_assert_cmpint(config_get(config)->tlb.l2.replacement, ==, TLB_TREE_PLRU);
	vmsim_config_free(config);
}

/* Two levels of tables, 8 sets by the lowest bits of the page number, nothing tagged or cached. */
static void test_i386(void)
{
	vmsim_config *config = load("i386");
	const struct config *c = config_get(config);

	g_assert_cmpuint(c->paging.levels, ==, 2);
	g_assert_true(c->tlb.unified);
	g_assert_false(c->tlb.pcid);
	g_assert_false(c->paging.nx);
	g_assert_cmpuint(c->psc.pde.entries, ==, 0);
	g_assert_cmpuint(c->tlb.l1d.entries / c->tlb.l1d.ways, ==, 8);
	g_assert_cmpint(c->tlb.l1d.replacement, ==, TLB_TREE_PLRU);
	g_assert_cmpuint(c->os.tlb_ceiling, ==, 0);
	vmsim_config_free(config);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/presets/arrays", test_arrays);
	g_test_add_func("/presets/sharing", test_sharing);
	g_test_add_func("/presets/timing", test_timing);
	g_test_add_func("/presets/victims", test_victims);
	g_test_add_func("/presets/replacement", test_replacement);
	g_test_add_func("/presets/i386", test_i386);
	return g_test_run();
}
