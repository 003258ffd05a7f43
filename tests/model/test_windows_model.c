/* test_windows_model.c: the simulator against the second opinion (windows_model.h), on cases from
 * seeds.
 *
 * Without arguments: a bounded, fixed set, as a test. With them a fuzzer:
 *   test_windows_model --ops N [--seed S] [--rules article|win32] [--length L] [--keep-going]
 *                      [--no-shrink]
 * runs cases of L operations from seed S on until N operations are done, under both rule sets or
 * the one named; a difference is shrunk and printed as a trace that `vmsim check` takes. */
#include "model/windows_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct totals {
	uint64_t ops, cases, differences;
	struct wm_counts counts;
};

static bool one(uint64_t seed, size_t length, int rules, bool shrink, struct totals *t)
{
	struct wm_case c = wm_generate(seed, length, rules);
	char *difference = wm_try(&c, &t->counts), *report;

	t->cases++;
	t->ops = t->counts.ops;
	if (!difference) {
		wm_case_free(&c);
		return true;
	}
	t->differences++;
	g_printerr("seed %" G_GUINT64_FORMAT " length %zu rules %s: %s\n", seed, length,
		   rules ? "win32" : "article", difference);
	if (shrink) {
		wm_shrink(&c, difference);
		g_free(difference);
		difference = wm_try(&c, NULL);
		report = wm_report(&c, difference);
		printf("%s\n", report);
		fflush(stdout);
		g_free(report);
	}
	g_free(difference);
	wm_case_free(&c);
	return false;
}

/* --- the fuzzer ------------------------------------------------------------------------------ */

struct options {
	uint64_t ops, seed, length;
	int rules; /* -1: both */
	bool keep_going, shrink;
};

static struct options parse(int argc, char **argv)
{
	struct options o = {.ops = 0, .seed = 1, .length = 400, .rules = -1, .shrink = true};

	for (int i = 1; i < argc; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : "";

		if (!strcmp(argv[i], "--ops"))
			o.ops = strtoull(value, NULL, 0);
		else if (!strcmp(argv[i], "--seed"))
			o.seed = strtoull(value, NULL, 0);
		else if (!strcmp(argv[i], "--length"))
			o.length = strtoull(value, NULL, 0);
		else if (!strcmp(argv[i], "--rules"))
			o.rules = !strcmp(value, "win32");
		else if (!strcmp(argv[i], "--keep-going"))
			o.keep_going = true;
		else if (!strcmp(argv[i], "--no-shrink"))
			o.shrink = false;
	}
	return o;
}

static void print_totals(const char *rules, uint64_t first, uint64_t last, const struct totals *t)
{
	const struct wm_counts *n = &t->counts;

	printf("%s: seeds %" G_GUINT64_FORMAT "..%" G_GUINT64_FORMAT ", %" G_GUINT64_FORMAT
	       " cases, %" G_GUINT64_FORMAT " operations (%" G_GUINT64_FORMAT
	       " calls, %" G_GUINT64_FORMAT " failed; %" G_GUINT64_FORMAT
	       " values; %" G_GUINT64_FORMAT " zero, %" G_GUINT64_FORMAT " soft, %" G_GUINT64_FORMAT
	       " hard faults; %" G_GUINT64_FORMAT " written; %" G_GUINT64_FORMAT
	       " lost), %" G_GUINT64_FORMAT " differences\n",
	       rules, first, last, t->cases, t->ops, n->calls, n->calls_failed, n->values,
	       n->faults[0], n->faults[1], n->faults[2], n->output, n->lost, t->differences);
}

static void print_calls(const struct totals *t)
{
	for (int id = 0; id < VMSIM_N_CALLS; id++)
		if (vmsim_calls[id].result != VMSIM_NONE)
			printf("  %-28s %8" G_GUINT64_FORMAT " succeeded %8" G_GUINT64_FORMAT
			       " refused\n",
			       vmsim_calls[id].name, t->counts.succeeded[id],
			       t->counts.refused[id]);
}

static int fuzz(const struct options *o)
{
	uint64_t differences = 0;

	for (int rules = 0; rules < 2; rules++) {
		struct totals t = {.ops = 0};
		uint64_t seed = o->seed;

		if (o->rules >= 0 && o->rules != rules)
			continue;
		for (; t.ops < o->ops && (o->keep_going || !t.differences); seed++)
			one(seed, o->length, rules, o->shrink, &t);
		print_totals(rules ? "win32" : "article", o->seed, seed - 1, &t);
		print_calls(&t);
		differences += t.differences;
	}
	return differences ? 1 : 0;
}

/* --- the test -------------------------------------------------------------------------------- */

#define CASES 45u
#define LENGTH 300u

static void test_fresh(gconstpointer data)
{
	int rules = GPOINTER_TO_INT(data);
	struct totals t = {.ops = 0};

	for (uint64_t seed = 1; seed <= CASES; seed++)
		if (!one(seed, LENGTH, rules, true, &t))
			g_test_fail();
	g_test_message("%" G_GUINT64_FORMAT " operations, %" G_GUINT64_FORMAT
		       " hard faults, %" G_GUINT64_FORMAT " pages lost",
		       t.ops, t.counts.faults[2], t.counts.lost);
	for (int id = 0; id < VMSIM_N_CALLS; id++)
		if (vmsim_calls[id].result != VMSIM_NONE)
			g_assert_cmpuint(t.counts.succeeded[id], >, 0);
	g_assert_cmpuint(t.counts.faults[2], >, 100);
	g_assert_cmpuint(t.counts.lost, >, 10);
}

/* Seeds at which the two differed once: "RULES SEED LENGTH" and what it was. */
static void test_remembered(void)
{
	char *text = NULL, **lines;
	struct totals t = {.ops = 0};

	g_assert_true(g_file_get_contents("tests/model/seeds.txt", &text, NULL, NULL));
	lines = g_strsplit(text, "\n", 0);
	for (char **line = lines; *line; line++) {
		char rules[16];
		unsigned long long seed;
		unsigned length;

		if ((*line)[0] != '#' &&
		    sscanf(*line, "%15s %llu %u", rules, &seed, &length) == 3 &&
		    !one(seed, length, !strcmp(rules, "win32"), true, &t))
			g_test_fail();
	}
	g_assert_cmpuint(t.cases, >, 0);
	g_strfreev(lines);
	g_free(text);
}

int main(int argc, char **argv)
{
	struct options o = parse(argc, argv);

	if (o.ops)
		return fuzz(&o);
	g_test_init(&argc, &argv, NULL);
	g_test_add_data_func("/windows-model/article", GINT_TO_POINTER(0), test_fresh);
	g_test_add_data_func("/windows-model/win32", GINT_TO_POINTER(1), test_fresh);
	g_test_add_func("/windows-model/remembered", test_remembered);
	return g_test_run();
}
