/* test_tick_model.c: the engine against a simulator that advances one cycle at a time (tick.h), on
 * small traces from seeds.
 *
 * Without arguments: a bounded, fixed set, as a test. With them a fuzzer:
 *   test_tick_model --traces N [--seed S] [--cores C] [--free] [--keep-going] [--no-shrink]
 *                   [--print]
 * A difference is shrunk and printed as a trace, with the machine's settings. */
#include "model/tick.h"

#include "rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool one(uint64_t seed, unsigned cores, bool free, bool shrink, struct tick_counts *counts)
{
	struct tick_case c = tick_generate(seed, cores, free);
	char *wrong = tick_try(&c, counts), *text;

	if (!wrong) {
		tick_case_free(&c);
		return true;
	}
	fprintf(stderr, "# seed %" G_GUINT64_FORMAT ": %s\n", seed, wrong);
	if (shrink) {
		tick_shrink(&c, wrong);
		g_free(wrong);
		wrong = tick_try(&c, NULL);
		text = tick_report(&c);
		fprintf(stderr, "# shrunk: %s\n%s\n", wrong, text);
		g_free(text);
	}
	g_free(wrong);
	tick_case_free(&c);
	return false;
}

static void print_counts(const struct tick_counts *n)
{
	printf("%" G_GUINT64_FORMAT " events, %" G_GUINT64_FORMAT " cycles, %" G_GUINT64_FORMAT
	       " stuck, %" G_GUINT64_FORMAT " given up\n",
	       n->events, n->cycles, n->stuck, n->endless);
	for (int i = 0; i < N_COUNTERS; i++)
		printf("  %-28s %10" G_GUINT64_FORMAT "\n", counter_infos[i].name,
		       n->figures.counter[i]);
	for (int i = 0; i < N_BUCKETS; i++)
		printf("  %-28s %10" G_GUINT64_FORMAT "\n", bucket_infos[i].name,
		       n->figures.bucket[i]);
}

static void print_case(uint64_t seed, unsigned cores, bool free)
{
	struct tick_case c = tick_generate(seed, cores, free);
	char *text = tick_report(&c);

	printf("%s", text);
	g_free(text);
	tick_case_free(&c);
}

static int fuzz(int argc, char **argv)
{
	uint64_t traces = 0, seed = 1, bad = 0;
	bool keep_going = false, shrink = true, print = false, free = false;
	unsigned cores = 1;
	struct tick_counts counts = {.events = 0};

	for (int i = 1; i < argc; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : "";

		if (!strcmp(argv[i], "--traces"))
			traces = strtoull(value, NULL, 0);
		else if (!strcmp(argv[i], "--seed"))
			seed = strtoull(value, NULL, 0);
		else if (!strcmp(argv[i], "--cores"))
			cores = (unsigned)MIN(strtoul(value, NULL, 0), TICK_CORES);
		else if (!strcmp(argv[i], "--keep-going"))
			keep_going = true;
		else if (!strcmp(argv[i], "--no-shrink"))
			shrink = false;
		else if (!strcmp(argv[i], "--print"))
			print = true;
		else if (!strcmp(argv[i], "--free"))
			free = true;
	}
	if (print)
		print_case(seed, cores, free);
	for (uint64_t i = 0; i < traces && (keep_going || !bad); i++)
		bad += !one(seed + i, cores, free, shrink, &counts);
	print_counts(&counts);
	printf("%" G_GUINT64_FORMAT " traces differ\n", bad);
	return bad ? 1 : 0;
}

/* --- the test --------------------------------------------------------------------------------- */

static const struct set {
	const char *path;
	unsigned cores, traces;
	bool free;
} sets[] = {
	{"/tick/one-core", 1, 1000, false},
	{"/tick/cores", 4, 1000, false},
	{"/tick/free", 4, 600, true},
};

static void test_set(gconstpointer data)
{
	const struct set *set = data;
	struct tick_counts n = {.events = 0};

	RULES("W3 W10 H17");
	for (uint64_t seed = 1; seed <= set->traces; seed++)
		if (!one(seed, set->cores, set->free, true, &n))
			g_test_fail();
	g_test_message("%" G_GUINT64_FORMAT " cycles", n.cycles);
	/* What is to agree must happen. */
	g_assert_cmpuint(n.endless, <, set->traces / 50);
	g_assert_cmpuint(n.figures.counter[COUNTER_hard_faults], >, set->traces);
	g_assert_cmpuint(n.figures.counter[COUNTER_page_writes], >, set->traces);
	g_assert_cmpuint(n.figures.counter[COUNTER_balance_set_wakes], >, set->traces);
	g_assert_cmpuint(n.figures.counter[COUNTER_pages_zeroed_background], >, set->traces);
	for (int i = 0; i < N_BUCKETS; i++) {
		bool never =
			i == BUCKET_walk_wait || (set->free && i == BUCKET_order_wait) ||
			(set->cores == 1 && (i == BUCKET_shootdown || i == BUCKET_interrupted));

		g_assert_cmpuint(n.figures.bucket[i] > set->traces, !=, never);
	}
}

/* Cases at which the two differed once. */
static void test_found(void)
{
	static const struct {
		uint64_t seed;
		unsigned cores;
		bool free;
	} found[] = {
		{70805, 4, false}, /* accesses that take each other's pages (W2) */
		{50017, 4, true},  /* the pages of a call that has ended are asked for */
	};
	struct tick_counts n = {.events = 0};

	for (size_t i = 0; i < G_N_ELEMENTS(found); i++)
		if (!one(found[i].seed, found[i].cores, found[i].free, true, &n))
			g_test_fail();
}

int main(int argc, char **argv)
{
	if (argc > 1 && g_str_equal(argv[1], "--traces"))
		return fuzz(argc, argv);
	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(sets); i++)
		g_test_add_data_func(sets[i].path, &sets[i], test_set);
	g_test_add_func("/tick/found", test_found);
	return g_test_run();
}
