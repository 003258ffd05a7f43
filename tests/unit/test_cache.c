/* test_cache.c: caches and the port that reads go through (timing T9): replacement, what each level
 * costs and keeps, victims, the share of page tables, levels that two cores share; and a plain
 * model of it all on random reads. */
#include "mmu/port.h"

#define LINE 64

/* --- one level ------------------------------------------------------------------------------ */

static void test_lru(void)
{
	struct cache cache;

	cache_init(&cache, 1, 3, false);
	for (uint64_t i = 0; i < 3; i++)
		g_assert_cmpuint(cache_fill(&cache, i), ==, CACHE_NO_LINE);
	g_assert_true(cache_lookup(&cache, 0));
	g_assert_false(cache_lookup(&cache, 3));
	g_assert_cmpuint(cache_fill(&cache, 3), ==, 1);
	g_assert_true(cache_holds(&cache, 2)); /* looking does not make it recent */
	g_assert_cmpuint(cache_fill(&cache, 4), ==, 2);
	cache_remove(&cache, 3);
	g_assert_true(cache_check(&cache));
	g_assert_cmpuint(cache_fill(&cache, 5), ==, CACHE_NO_LINE);
	g_assert_cmpuint(cache_fill(&cache, 6), ==, 0);
	g_assert_true(cache_check(&cache));
	cache_fini(&cache);
}

/* Four ways, filled 0 to 3: the root points to the left pair, which points to way 0. Using 0 turns
 * the root right, to the pair 2, 3, whose bit still points to 2; then the root is left again, where
 * 1 is not the last used. */
static void test_plru(void)
{
	struct cache cache;

	cache_init(&cache, 1, 4, true);
	for (uint64_t i = 10; i < 14; i++)
		cache_fill(&cache, i);
	g_assert_true(cache_lookup(&cache, 10));
	g_assert_cmpuint(cache_fill(&cache, 14), ==, 12);
	g_assert_cmpuint(cache_fill(&cache, 15), ==, 11);
	g_assert_cmpuint(cache_fill(&cache, 16), ==, 13);
	cache_remove(&cache, 15);
	g_assert_true(cache_check(&cache));
	g_assert_cmpuint(cache_fill(&cache, 17), ==, CACHE_NO_LINE); /* the way that is empty */
	g_assert_true(cache_holds(&cache, 10));
	cache_fini(&cache);
}

/* Three sets: by the remainder. */
static void test_sets(void)
{
	struct cache cache;

	cache_init(&cache, 3, 1, false);
	cache_fill(&cache, 1);
	cache_fill(&cache, 3);
	cache_fill(&cache, 5);
	g_assert_cmpuint(cache_fill(&cache, 4), ==, 1);
	g_assert_cmpuint(cache_fill(&cache, 0), ==, 3);
	g_assert_true(cache_check(&cache));
	cache.line[1] = 1; /* line 0 again, in a set that is not its own */
	g_assert_false(cache_check(&cache));
	cache_fini(&cache);
}

static void test_broken(void)
{
	struct cache cache;

	cache_init(&cache, 1, 3, false);
	cache_fill(&cache, 1);
	cache_fill(&cache, 2);
	cache.line[1] = 3; /* line 2 twice */
	g_assert_false(cache_check(&cache));
	cache.line[1] = 0;
	g_assert_true(cache_check(&cache));
	cache.line[2] = 9; /* a gap before it */
	g_assert_false(cache_check(&cache));
	cache_fini(&cache);
}

/* --- the port ------------------------------------------------------------------------------- */

struct fixture {
	vmsim_config *config;
	struct counters c;
	struct memory memory;
	struct port port[2];
};

static void set_up(struct fixture *f, const char *settings)
{
	char **each = g_strsplit(settings, " ", 0);
	GError *error = NULL;

	*f = (struct fixture){.config = vmsim_config_new()};
	vmsim_config_set(f->config, "dram.latency=100", &error);
	for (char **s = each; *s; s++) {
		vmsim_config_set(f->config, *s, &error);
		g_assert_no_error(error);
	}
	vmsim_config_finish(f->config, &error);
	g_assert_no_error(error);
	g_strfreev(each);
	memory_init(&f->memory, config_get(f->config));
	for (unsigned i = 0; i < 2; i++)
		port_init(&f->port[i], config_get(f->config), &f->memory, &f->c);
}

static void tear_down(struct fixture *f)
{
	for (unsigned i = 0; i < 2; i++) {
		g_assert_true(port_check(&f->port[i]));
		port_fini(&f->port[i]);
	}
	memory_fini(&f->memory);
	vmsim_config_free(f->config);
}

/* Core 0, or another, reads a line. */
#define READ(f, line, cycles) READ_BY(f, 0, line, cycles)
#define READ_BY(f, core, line, cycles) \
	g_assert_cmpuint(port_read(&(f)->port[core], (line) * LINE, PORT_DATA), ==, cycles)

#define TWO "caches.data=true caches.l1.size=128 caches.l1.ways=full caches.l1.latency=4 " \
	    "caches.l2.size=256 caches.l2.ways=full caches.l2.latency=14"

/* What a level costs is its own latency alone; what misses is kept at both. */
static void test_levels(void)
{
	struct fixture f;

	set_up(&f, TWO);
	READ(&f, 0, 100);
	READ(&f, 0, 4);
	READ(&f, 1, 100);
	READ(&f, 2, 100); /* drives 0 out of the first level */
	READ(&f, 0, 14);
	READ(&f, 0, 4);
	READ(&f, 3, 100);
	READ(&f, 4, 100); /* the second level drops 1 */
	READ(&f, 1, 100); /* and now 2 */
	READ(&f, 2, 100);
	READ(&f, 4, 14);
	g_assert_cmpuint(port_read(&f.port[0], 4 * LINE + 63, PORT_DATA), ==, 4);
	g_assert_cmpuint(port_fetch(&f.port[0], 4 * LINE + 8), ==, 4);
	g_assert_cmpuint(f.c.cache_l1_data_hits, ==, 3);
	g_assert_cmpuint(f.c.cache_l1_data_misses, ==, 9);
	g_assert_cmpuint(f.c.cache_l2_data_hits, ==, 2);
	g_assert_cmpuint(f.c.cache_l2_data_misses, ==, 7);
	g_assert_cmpuint(f.c.cache_l1_table_hits, ==, 1);
	tear_down(&f);
}

/* A level may keep what a lower one has dropped: nothing is taken out above. */
static void test_not_inclusive(void)
{
	struct fixture f;

	set_up(&f, TWO);
	READ(&f, 0, 100);
	for (uint64_t i = 1; i < 5; i++) {
		READ(&f, i, 100);
		READ(&f, 0, 4);
	}
	g_assert_false(cache_holds(f.port[0].level[1].cache, 0));
	tear_down(&f);
}

static void test_none(void)
{
	struct fixture f;

	set_up(&f, "caches.data=true");
	READ(&f, 0, 100);
	READ(&f, 0, 100);
	g_assert_cmpuint(port_fetch(&f.port[0], 0), ==, 100);
	tear_down(&f);
}

/* A victim level gets what the one above drops, and gives it up when it is read. */
static void test_victim(void)
{
	struct fixture f;
	const struct cache *victim;

	set_up(&f, TWO " caches.l2.size=64 caches.l2.ways=1 caches.l2.victim=true");
	victim = f.port[0].level[1].cache;
	READ(&f, 0, 100);
	READ(&f, 1, 100);
	g_assert_false(cache_holds(victim, 0));
	g_assert_false(cache_holds(victim, 1));
	READ(&f, 2, 100); /* drops 0 there */
	g_assert_true(cache_holds(victim, 0));
	READ(&f, 0, 14); /* exchanged for 1 */
	g_assert_false(cache_holds(victim, 0));
	g_assert_true(cache_holds(victim, 1));
	READ(&f, 3, 100); /* drops 2 there, and that 1 */
	READ(&f, 1, 100);
	cache_fill(f.port[0].level[0].cache, 2);
	g_assert_true(cache_holds(victim, 0));
	cache_fill(f.port[0].level[0].cache, 0); /* both have it */
	g_assert_false(port_check(&f.port[0]));
	cache_remove(f.port[0].level[0].cache, 0);
	tear_down(&f);
}

/* Of 8 sets page tables have 3/8 when data goes elsewhere, and at least one of any. */
static void test_share(void)
{
	struct fixture f;

	set_up(&f, "caches.l1.size=512 caches.l1.ways=1 caches.l1.latency=4 caches.pte_share=3/8 "
		   "caches.l2.size=128 caches.l2.ways=1 caches.l2.latency=14");
	g_assert_cmpuint(f.port[0].level[0].cache->sets, ==, 3);
	g_assert_cmpuint(f.port[0].level[1].cache->sets, ==, 1);
	g_assert_cmpuint(port_fetch(&f.port[0], 0 * LINE), ==, 100);
	g_assert_cmpuint(port_fetch(&f.port[0], 2 * LINE), ==, 100);
	g_assert_cmpuint(port_fetch(&f.port[0], 0 * LINE), ==, 4);
	g_assert_cmpuint(port_fetch(&f.port[0], 3 * LINE), ==, 100); /* in the set of line 0 */
	g_assert_cmpuint(port_fetch(&f.port[0], 0 * LINE), ==, 100);
	tear_down(&f);
	set_up(&f, "caches.l1.size=512 caches.l1.ways=1 caches.pte_share=3/8 caches.data=true");
	g_assert_cmpuint(f.port[0].level[0].cache->sets, ==, 8);
	tear_down(&f);
}

/* The first level is each core's own, the second both cores'. */
static void test_shared(void)
{
	struct fixture f;

	set_up(&f, TWO " caches.l2.shared=true");
	READ_BY(&f, 0, 0, 100);
	READ_BY(&f, 1, 0, 14);
	READ_BY(&f, 1, 0, 4);
	READ_BY(&f, 1, 1, 100);
	READ_BY(&f, 0, 1, 14);
	tear_down(&f);
	set_up(&f, TWO);
	READ_BY(&f, 0, 0, 100);
	READ_BY(&f, 1, 0, 100);
	tear_down(&f);
}

/* Two cores drop the same line into the victim level that they share: it stands there once. */
static void test_shared_victim(void)
{
	struct fixture f;

	set_up(&f, TWO " caches.l2.victim=true caches.l2.shared=true");
	for (unsigned core = 0; core < 2; core++)
		READ_BY(&f, core, 0, 100);
	for (unsigned core = 0; core < 2; core++) {
		READ_BY(&f, core, 1 + 2 * core, 100);
		READ_BY(&f, core, 2 + 2 * core, 100);
	}
	g_assert_true(cache_holds(&f.memory.level[1], 0));
	READ_BY(&f, 1, 0, 14);
	READ_BY(&f, 0, 0, 100); /* the other has it now */
	tear_down(&f);
}

/* --- the same, plainly ---------------------------------------------------------------------- */

enum { MODEL_LINES = 40, MODEL_READS = 20000 };

/* Levels of sets of lines with the time each was last used there; 0: it is not there. */
struct model {
	unsigned n;
	struct {
		unsigned sets, ways;
		bool victim;
		unsigned used[MODEL_LINES];
	} level[3];
	unsigned now;
};

static void model_keep(struct model *model, unsigned i, unsigned line)
{
	unsigned in_set = 0, oldest = MODEL_LINES;

	for (unsigned l = line % model->level[i].sets; l < MODEL_LINES; l += model->level[i].sets) {
		if (!model->level[i].used[l])
			continue;
		in_set++;
		if (oldest == MODEL_LINES || model->level[i].used[l] < model->level[i].used[oldest])
			oldest = l;
	}
	model->level[i].used[line] = model->now;
	if (in_set < model->level[i].ways)
		return;
	model->level[i].used[oldest] = 0;
	if (i + 1 < model->n && model->level[i + 1].victim)
		model_keep(model, i + 1, oldest);
}

/* The level that answers; n: memory. */
static unsigned model_read(struct model *model, unsigned line)
{
	unsigned hit = 0;

	model->now++;
	while (hit < model->n && !model->level[hit].used[line])
		hit++;
	if (hit < model->n)
		model->level[hit].used[line] = model->level[hit].victim ? 0 : model->now;
	for (unsigned i = hit; i-- > 0;)
		if (!model->level[i].victim)
			model_keep(model, i, line);
	return hit;
}

static void test_model(void)
{
	static const char *const settings[] = {
		"caches.data=true caches.l1.size=256 caches.l1.ways=2 caches.l1.latency=0 "
		"caches.l2.size=384 caches.l2.ways=2 caches.l2.latency=1 "
		"caches.l3.size=1280 caches.l3.ways=5 caches.l3.latency=2 dram.latency=3",
		"caches.data=true caches.l1.size=256 caches.l1.ways=2 caches.l1.latency=0 "
		"caches.l2.size=384 caches.l2.ways=2 caches.l2.latency=1 caches.l3.victim=true "
		"caches.l3.size=1280 caches.l3.ways=5 caches.l3.latency=2 dram.latency=3",
	};

	for (unsigned victim = 0; victim < 2; victim++) {
		struct model model = {.n = 3, .level = {{2, 2, false, {0}}, {3, 2, false, {0}},
							{4, 5, victim == 1, {0}}}};
		unsigned seen[4] = {0}, hot = 0;
		struct fixture f;

		set_up(&f, settings[victim]);
		for (unsigned i = 0; i < MODEL_READS; i++) {
			unsigned line, level;

			hot = i % 50 ? hot : (unsigned)g_test_rand_int_range(0, MODEL_LINES);
			line = (hot + (unsigned)g_test_rand_int_range(0, i % 3 ? 6 : 30)) %
			       MODEL_LINES;
			level = model_read(&model, line);
			seen[level]++;
			READ(&f, line, level);
			g_assert_true(port_check(&f.port[0]));
		}
		for (unsigned level = 0; level < 4; level++)
			g_assert_cmpuint(seen[level], >, MODEL_READS / 100);
		tear_down(&f);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/cache/lru", test_lru);
	g_test_add_func("/cache/plru", test_plru);
	g_test_add_func("/cache/sets", test_sets);
	g_test_add_func("/cache/broken", test_broken);
	g_test_add_func("/cache/levels", test_levels);
	g_test_add_func("/cache/not-inclusive", test_not_inclusive);
	g_test_add_func("/cache/none", test_none);
	g_test_add_func("/cache/victim", test_victim);
	g_test_add_func("/cache/share", test_share);
	g_test_add_func("/cache/shared", test_shared);
	g_test_add_func("/cache/shared-victim", test_shared_victim);
	g_test_add_func("/cache/model", test_model);
	return g_test_run();
}
