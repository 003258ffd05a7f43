/* test_designs.c: page tables that all processes share (mmu/design.h): every design against a plain
 * hash of entries, and walks of each by hand. tests/unit/test_designs_use.c has them at work. */
#include "mmu/design.h"

#include "base/rng.h"
#include "rules.h"

#include <vmsim/config.h>

static vmsim_config *config_of(const char *settings)
{
	vmsim_config *config = vmsim_config_new();
	char **each = g_strsplit(settings, " ", 0);
	GError *error = NULL;

	for (char **s = each; *s; s++) {
		vmsim_config_set(config, *s, &error);
		g_assert_no_error(error);
	}
	vmsim_config_finish(config, &error);
	g_assert_no_error(error);
	g_strfreev(each);
	return config;
}

/* The choices of the option are the designs' names, in order. */
static void test_names(void)
{
	const struct vmsim_option_info *info;
	GString *names = g_string_new(NULL);
	size_t i = 0;

	for (unsigned d = 0; d < N_DESIGNS; d++)
		g_string_append_printf(names, "%s%s", d ? "|" : "", designs[d]->name);
	while ((info = vmsim_config_option(i++)) && !g_str_equal(info->path, "paging.design"))
		;
	g_assert_nonnull(info);
	g_assert_cmpstr(info->values, ==, names->str);
	g_string_free(names, TRUE);
}

/* What tables take: slots of 16 bytes, lines of 64, anchors of 4 and an entry of 16 a frame. */
static void test_sizes(void)
{
	static const struct {
		const char *settings;
		uint64_t bytes, address, beside;
	} cases[] = {
		/* 1000 frames at half load: 2000 slots, so 2048 */
		{"memory.frames=1000 paging.design=hashed", 32768, 0, 4096000},
		{"memory.frames=1000 paging.design=hashed paging.hash.load=100", 16384, 0, 4096000},
		{"memory.frames=1000 paging.design=hashed memory.page_tables=out", 32768, 4096000,
		 4096000 + 32768},
		{"memory.frames=1000 paging.design=clustered paging.hash.load=400", 16384, 0,
		 4096000},
		/* 8192 + 16000, which is six pages but for 384 bytes */
		{"memory.frames=1000 paging.design=inverted memory.page_tables=out", 24192, 4096000,
		 4096000 + 24576},
		{"memory.frames=1 paging.design=hashed paging.hash.load=800", 128, 0, 4096},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		vmsim_config *config = config_of(cases[i].settings);
		struct shared_table *table = shared_table_new(config_get(config));

		g_assert_cmpuint(table->bytes, ==, cases[i].bytes);
		g_assert_cmpuint(table->address, ==, cases[i].address);
		g_assert_cmpuint(table->beside, ==, cases[i].beside);
		shared_table_free(table);
		vmsim_config_free(config);
	}
}

/* --- any design against a hash --------------------------------------------------------------- */

#define FRAMES 256

struct model {
	struct shared_table *table;
	GHashTable *pte; /* by key */
	struct rng rng;
};

static uint64_t some_key(struct rng *rng)
{
	/* neighbours, and pages at the distances of blocks and of tables */
	static const uint64_t apart[] = {1, 16, 512, 1 << 18, (vmsim_vpn)1 << 36};

	return design_key(1 + (uint32_t)rng_below(rng, 3),
			  rng_below(rng, 24) * apart[rng_below(rng, G_N_ELEMENTS(apart))]);
}

static pte_t model_get(const struct model *m, uint64_t key)
{
	pte_t *pte = g_hash_table_lookup(m->pte, &key);

	return pte ? *pte : 0;
}

static void model_set(struct model *m, uint64_t key, pte_t pte)
{
	shared_table_set(m->table, key, model_get(m, key), pte);
	g_hash_table_replace(m->pte, g_memdup2(&key, sizeof(key)), g_memdup2(&pte, sizeof(pte)));
}

static void model_step(struct model *m, unsigned mapping)
{
	uint64_t key = some_key(&m->rng);
	pte_t old = model_get(m, key);

	switch (rng_below(&m->rng, 8)) {
	case 0: /* other rights, the same frame */
		if (pte_is_valid(old))
			model_set(m, key, old ^ PTE_W);
		break;
	case 1: /* another frame */
		if (pte_is_valid(old))
			model_set(m, key, pte_make_valid(PROT_READWRITE,
							 (vmsim_pfn)rng_below(&m->rng, FRAMES),
							 true));
		break;
	case 2:
		model_set(m, key, pte_make_demand_zero(PROT_READWRITE, false));
		break;
	default:
		/* Frames are few, so that many are shared. */
		if (rng_below(&m->rng, 100) < mapping)
			model_set(m, key, pte_make_valid(PROT_READONLY,
							 (vmsim_pfn)rng_below(&m->rng, FRAMES),
							 true));
		else
			model_set(m, key, 0);
	}
}

static void model_compare(const struct model *m)
{
	GHashTableIter iter;
	gpointer key, pte;
	uint64_t n = 0;

	g_assert_true(m->table->design->check(m->table));
	g_hash_table_iter_init(&iter, m->pte);
	while (g_hash_table_iter_next(&iter, &key, &pte)) {
		pte_t valid = pte_is_valid(*(pte_t *)pte) ? *(pte_t *)pte : 0;

		n += valid != 0;
		g_assert_cmphex(shared_table_get(m->table, *(uint64_t *)key), ==, valid);
	}
	g_assert_cmpuint(m->table->n, ==, n);
}

/* Phases that fill the table and that empty it; when it is emptied, everything is as at first. */
static void test_model(gconstpointer data)
{
	const struct pt_design *design = data;
	char *settings = g_strdup_printf("memory.frames=%u paging.design=%s", FRAMES, design->name);
	vmsim_config *config = config_of(settings);

	for (uint64_t seed = 1; seed <= 4; seed++) {
		struct model m = {.table = shared_table_new(config_get(config)),
				  .pte = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free,
							       g_free),
				  .rng = {seed}};
		GHashTableIter iter;
		gpointer key;

		for (unsigned i = 0; i < 6000; i++) {
			model_step(&m, i / 1000 % 2 ? 20 : 90);
			if (i % 50 == 0)
				model_compare(&m);
		}
		model_compare(&m);
		g_hash_table_iter_init(&iter, m.pte);
		while (g_hash_table_iter_next(&iter, &key, NULL))
			shared_table_set(m.table, *(uint64_t *)key, model_get(&m, *(uint64_t *)key),
					 0);
		g_assert_cmpuint(m.table->n, ==, 0);
		g_assert_true(design->check(m.table));
		g_hash_table_destroy(m.pte);
		shared_table_free(m.table);
	}
	vmsim_config_free(config);
	g_free(settings);
}

/* Pages that share few frames, more than the table has room for: it moves above memory, or has more
 * entries there, and all are found. */
static void test_many(gconstpointer data)
{
	const struct pt_design *design = data;
	char *settings = g_strdup_printf("memory.frames=16 paging.design=%s", design->name);
	vmsim_config *config = config_of(settings);
	struct shared_table *table = shared_table_new(config_get(config));
	uint64_t bytes = table->bytes;

	for (uint32_t asid = 1; asid <= 30; asid++)
		for (vmsim_vpn vpn = 0; vpn < 16; vpn++)
			shared_table_set(table, design_key(asid, vpn * 8 + vpn), 0,
					 pte_make_valid(PROT_READONLY, (vmsim_pfn)vpn, true));
	g_assert_true(design->check(table));
	g_assert_cmpuint(table->n, ==, 480);
	g_assert_cmpuint(table->bytes, >, bytes);
	g_assert_true(table->moves == 0 || table->address >= 16 * 4096);
	g_assert_true(table->moves == 0 || table->beside >= table->address + table->bytes);
	for (uint32_t asid = 1; asid <= 30; asid++)
		for (vmsim_vpn vpn = 0; vpn < 16; vpn++)
			g_assert_cmpuint(pte_frame(shared_table_get(
						 table, design_key(asid, vpn * 8 + vpn))), ==, vpn);
	shared_table_free(table);
	vmsim_config_free(config);
	g_free(settings);
}

/* --- walks by hand --------------------------------------------------------------------------- */

struct fixture {
	vmsim_config *config;
	struct pt_pool pool;
	struct page_table pt;
	struct counters c;
	struct memory memory;
	struct port port;
	struct walk w;
};

static void set_up(struct fixture *f, const char *settings)
{
	*f = (struct fixture){.config = config_of(settings)};
	memory_init(&f->memory, config_get(f->config));
	port_init(&f->port, config_get(f->config), &f->memory, &f->c);
	pt_pool_init(&f->pool, pt_shape_of(4), 16, true);
	f->pool.shared = shared_table_new(config_get(f->config));
	pt_init(&f->pt, &f->pool);
	f->pt.asid = 1;
}

static void map(struct fixture *f, vmsim_vpn vpn, vmsim_pfn frame)
{
	while (!pt_find(&f->pt, vpn))
		pt_add_table(&f->pt, vpn, pt_pool_outside(&f->pool));
	pt_set(&f->pt, vpn, pte_make_valid(PROT_READWRITE, frame, true));
}

static void tear_down(struct fixture *f)
{
	for (vmsim_vpn vpn = 0; vpn < 512; vpn++)
		pt_set(&f->pt, vpn, 0);
	pt_prune(&f->pt, 0, 512, NULL, NULL);
	g_assert_cmpuint(f->pool.shared->n, ==, 0);
	shared_table_free(f->pool.shared);
	pt_pool_fini(&f->pool);
	port_fini(&f->port);
	memory_fini(&f->memory);
	vmsim_config_free(f->config);
	port_fini(&f->port);
	memory_fini(&f->memory);
}

/* A load's walk finds the page, or not, after so many fetches of 10 cycles and 1 for its A; the
 * last is at an address. */
static void walks(struct fixture *f, vmsim_vpn vpn, bool found, unsigned fetches, uint64_t address)
{
	struct probe probe = {0};
	bool fresh = found && !(pt_get(&f->pt, vpn) & PTE_A);

	g_assert_cmpint(walk(&f->pt, &f->port, vpn, VMSIM_READ, &f->w), ==, found);
	g_assert_cmpuint(f->w.fetches, ==, fetches);
	g_assert_cmpuint(f->w.cycles, ==, 10 * fetches + fresh);
	f->pool.shared->design->find(f->pool.shared, design_key(1, vpn), &probe);
	g_assert_cmphex(probe.address, ==, address);
	if (found)
		g_assert_cmphex(f->w.leaf, ==, pt_get(&f->pt, vpn));
	g_assert_cmpint(shared_table_get(f->pool.shared, design_key(1, vpn)) != 0, ==, found);
}

#define HAND "memory.frames=16 dram.latency=10 walker.ad_update=1 "

/* 16 slots. The four pages of a group begin at the upper two bits of (key / 4) *
 * 0x9E3779B97F4A7C15, times 4, where the key is 1 << 45 | page: of the groups 0x10, 0x24 and 0x44
 * that is slot 12, of 0x18 slot 0. */
static void test_hashed(void)
{
	struct fixture f;

	set_up(&f, HAND "paging.design=hashed paging.hash.load=100");
	g_assert_cmpuint(design_hash(design_key(1, 0x10), 4, 16), ==, 12);
	g_assert_cmpuint(design_hash(design_key(1, 0x27), 4, 16), ==, 15);
	g_assert_cmpuint(design_hash(design_key(1, 0x18), 4, 16), ==, 0);
	g_assert_cmpuint(design_hash(design_key(2, 0x10), 4, 16), ==, 0);
	walks(&f, 0x10, false, 1, 12 * 16); /* an empty slot ends it */
	map(&f, 0x10, 5); /* slot 12 */
	map(&f, 0x13, 6); /* slot 15 */
	map(&f, 0x24, 7); /* 12 is taken: 13 */
	map(&f, 0x27, 8); /* 15 is taken: around to 0 */
	map(&f, 0x18, 9); /* 0 is taken: 1 */
	walks(&f, 0x10, true, 1, 12 * 16);
	walks(&f, 0x24, true, 2, 13 * 16);
	walks(&f, 0x27, true, 2, 0 * 16);
	walks(&f, 0x18, true, 2, 1 * 16);
	walks(&f, 0x44, false, 3, 14 * 16);
	walks(&f, 0x47, false, 4, 2 * 16);
	pt_set(&f.pt, 0x13, pte_make_transition(PROT_READWRITE, 6));
	/* 0x27 goes back to 15, and 0x18 to 0 */
	walks(&f, 0x13, false, 3, 1 * 16);
	walks(&f, 0x27, true, 1, 15 * 16);
	walks(&f, 0x18, true, 1, 0 * 16);
	walks(&f, 0x24, true, 2, 13 * 16); /* not moved: 12 is taken still */
	pt_set(&f.pt, 0x10, 0);
	walks(&f, 0x24, true, 1, 12 * 16);
	tear_down(&f);
	set_up(&f, HAND "paging.design=hashed memory.page_tables=out");
	map(&f, 0x10, 5); /* above the 16 frames */
	walks(&f, 0x10, true, 1, 16 * 4096 + 16 * design_hash(design_key(1, 0x10), 4, 32));
	tear_down(&f);
}

/* Probes go through the caches: slots 12 to 15 lie in one line of 64 bytes, slot 0 in another. */
static void test_cached(void)
{
	struct fixture f;

	RULES("H3");
	set_up(&f, HAND "paging.design=hashed paging.hash.load=100 caches.l1.size=4KiB "
			"caches.l1.latency=4");
	map(&f, 0x10, 5);
	map(&f, 0x24, 7);
	map(&f, 0x13, 6);
	map(&f, 0x27, 8);
	g_assert_false(walk(&f.pt, &f.port, 0x44, VMSIM_READ, &f.w)); /* 12, 13, 14 */
	g_assert_cmpuint(f.w.cycles, ==, 10 + 4 + 4);
	g_assert_true(walk(&f.pt, &f.port, 0x27, VMSIM_READ, &f.w)); /* 15 and, in another line, 0 */
	g_assert_cmpuint(f.w.cycles, ==, 4 + 10 + 1);
	g_assert_cmpuint(f.c.cache_l1_table_hits, ==, 3);
	g_assert_cmpuint(f.c.cache_l1_table_misses, ==, 2);
	tear_down(&f);
}

/* 8 lines of eight pages each. A group begins at the upper three bits of the same product, of its
 * number (key / 8): the groups 0x18, 0x40 and 0x80 at line 0. */
static void test_clustered(void)
{
	struct fixture f;

	set_up(&f, HAND "paging.design=clustered paging.hash.load=200");
	map(&f, 0x18, 5); /* line 0 */
	map(&f, 0x1f, 6);
	map(&f, 0x43, 7); /* line 0 is taken: 1 */
	walks(&f, 0x18, true, 1, 0);
	walks(&f, 0x1f, true, 1, 7 * 8);
	walks(&f, 0x1a, false, 1, 2 * 8); /* the group is there, the page is not */
	walks(&f, 0x43, true, 2, 64 + 3 * 8);
	walks(&f, 0x44, false, 2, 64 + 4 * 8);
	walks(&f, 0x85, false, 3, 2 * 64 + 5 * 8); /* line 0, too, by hash; 2 is empty */
	pt_set(&f.pt, 0x18, 0);
	walks(&f, 0x43, true, 2, 64 + 3 * 8);
	pt_set(&f.pt, 0x1f, 0); /* the line goes, and 0x43's moves there */
	walks(&f, 0x43, true, 1, 3 * 8);
	walks(&f, 0x1f, false, 2, 64 + 7 * 8);
	tear_down(&f);
}

/* 32 anchors of 4 bytes, then 16 entries of 16: a frame's is at 128 + 16 * frame. The pages 0x15,
 * 0x35, 0x45 and 0x65 begin at anchor 5, 0x25 at 21. */
static void test_inverted(void)
{
	struct fixture f;

	set_up(&f, HAND "paging.design=inverted");
	walks(&f, 0x15, false, 1, 5 * 4);
	map(&f, 0x15, 3);
	map(&f, 0x35, 7);
	walks(&f, 0x35, true, 2, 128 + 7 * 16); /* the last comes first */
	walks(&f, 0x15, true, 3, 128 + 3 * 16);
	map(&f, 0x45, 3); /* frame 3 has a page: its entry lies above memory */
	walks(&f, 0x45, true, 2, 16 * 4096);
	walks(&f, 0x15, true, 4, 128 + 3 * 16);
	walks(&f, 0x65, false, 4, 128 + 3 * 16);
	walks(&f, 0x25, false, 1, 21 * 4);
	pt_set(&f.pt, 0x35, 0); /* from the middle of the chain */
	walks(&f, 0x15, true, 3, 128 + 3 * 16);
	pt_set(&f.pt, 0x45, 0);
	map(&f, 0x65, 3); /* and that above memory is used again */
	walks(&f, 0x65, true, 2, 16 * 4096);
	pt_set(&f.pt, 0x15, 0); /* frame 3's own entry is free now */
	map(&f, 0x35, 3);
	walks(&f, 0x35, true, 2, 128 + 3 * 16);
	map(&f, 0x35, 4); /* another frame: another entry */
	walks(&f, 0x35, true, 2, 128 + 4 * 16);
	tear_down(&f);
}

/* A and D are set in the table and in the books; a store through a translation without D reads the
 * one entry (T11); who may not, sets nothing. */
static void test_bits(gconstpointer data)
{
	const struct pt_design *design = data;
	char *settings = g_strdup_printf(HAND "paging.design=%s paging.hash.load=100", design->name);
	struct fixture f;

	RULES("H2 H3 H4 H8");
	set_up(&f, settings);
	for (vmsim_pfn i = 0; i < 10; i++)
		map(&f, 0x10 + 0x14 * i, i);
	for (vmsim_pfn i = 0; i < 10; i++) {
		vmsim_vpn vpn = 0x10 + 0x14 * i;

		g_assert_true(walk(&f.pt, &f.port, vpn, VMSIM_READ, &f.w));
		g_assert_cmphex(pt_get(&f.pt, vpn) & (PTE_A | PTE_D), ==, PTE_A);
		g_assert_cmpuint(f.w.updates, ==, 1);
		g_assert_true(walk_leaf(&f.pt, &f.port, vpn, &f.w));
		g_assert_cmpuint(f.w.fetches, ==, 1);
		g_assert_cmpuint(f.w.cycles, ==, 11);
		g_assert_cmphex(pt_get(&f.pt, vpn) & (PTE_A | PTE_D), ==, PTE_A | PTE_D);
		pt_set(&f.pt, vpn, pte_make_valid(PROT_READONLY, i, true));
		g_assert_false(walk_leaf(&f.pt, &f.port, vpn, &f.w));
		g_assert_false(walk(&f.pt, &f.port, vpn, VMSIM_WRITE, &f.w));
		g_assert_false(walk(&f.pt, &f.port, vpn, VMSIM_EXECUTE, &f.w));
		g_assert_cmphex(pt_get(&f.pt, vpn) & (PTE_A | PTE_D), ==, 0);
		g_assert_cmphex(shared_table_get(f.pool.shared, design_key(1, vpn)), ==,
				pt_get(&f.pt, vpn));
	}
	f.pt.asid = 2; /* nothing is anybody else's */
	g_assert_false(walk(&f.pt, &f.port, 0x10, VMSIM_READ, &f.w));
	f.pt.asid = 1;
	tear_down(&f);
	g_free(settings);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(gconstpointer data);
	} suite[] = {{"model", test_model}, {"many", test_many}, {"bits", test_bits}};

	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/designs/names", test_names);
	g_test_add_func("/designs/sizes", test_sizes);
	g_test_add_func("/designs/hashed", test_hashed);
	g_test_add_func("/designs/cached", test_cached);
	g_test_add_func("/designs/clustered", test_clustered);
	g_test_add_func("/designs/inverted", test_inverted);
	for (unsigned d = 0; d < N_DESIGNS; d++)
		for (size_t i = 0; designs[d]->create && i < G_N_ELEMENTS(suite); i++) {
			char *name = g_strdup_printf("/designs/%s/%s", designs[d]->name,
						     suite[i].name);

			g_test_add_data_func(name, designs[d], suite[i].run);
			g_free(name);
		}
	return g_test_run();
}
