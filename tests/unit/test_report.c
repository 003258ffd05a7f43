/* test_report.c: the report and the summary of a run that is made by hand. */
#include "report/results.h"
#include "report/words.h"

#include <cjson/cJSON.h>
#include <string.h>

static const struct violation violations[] = {
	{.va = 0x11000,
	 .access = VMSIM_WRITE,
	 .result = VMSIM_RESULT_ACCESS_VIOLATION,
	 .pid = 1,
	 .seq = 20,
	 .line = 18,
	 .count = 3,
	 .state = "reserved",
	 .protect = "",
	 .freed_by = {.seq = 9, .line = 812, .call = "VirtualFree"}},
	{.va = 0xdead0000,
	 .access = VMSIM_READ,
	 .result = VMSIM_RESULT_ACCESS_VIOLATION,
	 .pid = 1,
	 .seq = 21,
	 .line = 0,
	 .count = 1,
	 .state = "free"},
};

struct run {
	vmsim_config *config;
	char *dump;
	struct stats stats;
	struct results results;
};

/* Two processes, two phases, 1,000 references. */
static void set_up(struct run *run)
{
	static const char *const files[] = {"a.vmt", "b.vmt", "c.vmt", "d.vmt", NULL};
	struct stats *s = &run->stats;
	struct account *one, *two;

	run->config = vmsim_config_new();
	g_assert_true(vmsim_config_load(run->config, "classroom", NULL));
	g_assert_true(vmsim_config_finish(run->config, NULL));
	run->dump = vmsim_config_dump(run->config);
	stats_init(s);
	s->cycles_per_reference = 1;
	s->data_latency = 4;
	one = stats_account_new(s, 1);
	two = stats_account_new(s, 2);
	stats_switch(s, one);
	s->c.references = s->c.reads = s->c.dtlb_hits = 900;
	s->translated = 900;
	stats_committed(s, one, 50);
	stats_phase(s, "second \"half\"", 4500);
	stats_switch(s, two);
	s->c.references = 1000;
	s->c.writes = s->c.dtlb_misses = s->c.page_walks = 100;
	s->c.walk_references = 200;
	s->c.host_references = 1;
	s->c.cache_l1_table_hits = s->c.cache_l2_table_misses = 150;
	s->c.cache_l1_data_misses = 1;
	s->translated = 100;
	s->b.walk_cycles = 2000;
	s->c.page_faults = s->c.demand_zero_faults = 40;
	s->c.calls = 2;
	s->c.calls_failed = 1;
	for (uint64_t i = 1; i <= 100; i++)
		histogram_add(&s->histograms[HISTOGRAM_page_walk], i < 100 ? 20 : 1020);
	stats_finish(s, 7000);
	run->results = (struct results){.config = config_get(run->config),
					.config_dump = run->dump,
					.stats = s,
					.files = files,
					.cycles = 7000,
					.events = 1002,
					.distinct_pages = 77,
					.divergences = 1,
					.first_divergence = "a.vmt:5: R A 4: expected 0x1, got 0x2",
					.violations = violations,
					.n_violations = G_N_ELEMENTS(violations)};
}

static void tear_down(struct run *run)
{
	stats_fini(&run->stats);
	g_free(run->dump);
	vmsim_config_free(run->config);
}

static const cJSON *at(const cJSON *json, const char *key)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, key);

	g_assert_nonnull(item);
	return item;
}

static double number(const cJSON *json, const char *key)
{
	g_assert_true(cJSON_IsNumber(at(json, key)));
	return at(json, key)->valuedouble;
}

static double sum(const cJSON *stack)
{
	double total = 0;
	const cJSON *item;

	cJSON_ArrayForEach(item, stack) total += item->valuedouble;
	return total;
}

static void test_json(void)
{
	struct run run;
	char *text, *again;
	cJSON *json;
	const cJSON *part;

	set_up(&run);
	text = report_json(&run.results);
	again = report_json(&run.results);
	g_assert_cmpstr(text, ==, again);
	g_assert_true(g_str_has_suffix(text, "}\n"));
	json = cJSON_Parse(text);
	g_assert_nonnull(json);
	g_assert_cmpstr(at(json, "schema")->valuestring, ==, "vmsim-report/1");
	g_assert_cmpstr(at(json, "version")->valuestring, ==, VMSIM_VERSION);
	g_assert_cmpint(cJSON_GetArraySize(at(at(json, "trace"), "files")), ==, 4);
	g_assert_cmpfloat(number(at(json, "trace"), "events"), ==, 1002);
	g_assert_cmpfloat(number(at(json, "trace"), "references"), ==, 1000);
	g_assert_cmpfloat(number(json, "cycles"), ==, 7000);
	g_assert_cmpint(cJSON_GetArraySize(at(json, "cycle_stack")), ==, N_BUCKETS);
	g_assert_cmpint(cJSON_GetArraySize(at(json, "counters")), ==, N_COUNTERS);
	g_assert_cmpfloat(sum(at(json, "cycle_stack")), ==, 7000);
	g_assert_cmpfloat(number(at(json, "counters"), "reads"), ==, 900);
	g_assert_cmpfloat(number(at(json, "counters"), "committed_pages_peak"), ==, 50);
	g_assert_cmpint(cJSON_GetArraySize(at(json, "processes")), ==, 3);
	part = cJSON_GetArrayItem(at(json, "processes"), 2);
	g_assert_cmpfloat(number(part, "pid"), ==, 2);
	g_assert_cmpfloat(sum(at(part, "cycle_stack")), ==, 2500);
	g_assert_cmpint(cJSON_GetArraySize(at(json, "phases")), ==, 2);
	part = cJSON_GetArrayItem(at(json, "phases"), 1);
	g_assert_cmpstr(at(part, "name")->valuestring, ==, "second \"half\"");
	g_assert_cmpfloat(number(part, "cycles"), ==, 2500);
	g_assert_cmpfloat(number(at(part, "counters"), "writes"), ==, 100);
	g_assert_cmpint(cJSON_GetArraySize(at(json, "histograms")), ==, N_HISTOGRAMS);
	part = at(at(json, "histograms"), "page_walk");
	g_assert_cmpfloat(number(part, "count"), ==, 100);
	g_assert_cmpfloat(number(part, "sum"), ==, 3000);
	g_assert_cmpfloat(number(part, "min"), ==, 20);
	g_assert_cmpfloat(number(part, "max"), ==, 1020);
	g_assert_cmpfloat(number(part, "p50"), ==, 21);
	g_assert_cmpfloat(number(part, "p99"), ==, 21);
	g_assert_cmpfloat(number(part, "p999"), ==, 1020);
	g_assert_nonnull(strstr(text, "\"buckets\": [\n\t\t\t\t[20, 21, 99],\n\t\t\t\t"
				      "[960, 1023, 1]\n\t\t\t]\n"));
	g_assert_cmpint(cJSON_GetArraySize(at(at(at(json, "histograms"), "page_read"), "buckets")),
			==, 0);
	g_assert_cmpfloat(number(at(json, "divergences"), "count"), ==, 1);
	g_assert_cmpint(cJSON_GetArraySize(at(json, "violations")), ==, 2);
	cJSON_Delete(json);
	g_free(text);
	g_free(again);
	tear_down(&run);
}

/* The configuration in a report can be fed back. */
static void test_config(void)
{
	struct run run;
	char *text, *inside;
	const char *begin, *end;
	vmsim_config *config = vmsim_config_new();
	GError *error = NULL;

	set_up(&run);
	text = report_json(&run.results);
	begin = strstr(text, "\"config\": ") + strlen("\"config\": ");
	end = strstr(begin, ",\n\t\"trace\": {\n\t\t\"files\"");
	inside = g_strndup(begin, (gsize)(end - begin));
	vmsim_config_load_text(config, inside, "REPORT", &error);
	g_assert_no_error(error);
	g_assert_true(vmsim_config_finish(config, &error));
	g_free(inside);
	inside = vmsim_config_dump(config);
	g_assert_cmpstr(inside, ==, run.dump);
	g_free(inside);
	g_free(text);
	vmsim_config_free(config);
	tear_down(&run);
}

static void expect_line(const char *text, const char *line)
{
	char *wrapped = g_strdup_printf("\n%s\n", line);

	if (!strstr(text, wrapped))
		g_test_message("%s\nhas no line\n%s", text, line);
	g_assert_nonnull(strstr(text, wrapped));
	g_free(wrapped);
}

static void test_summary(void)
{
	struct run run;
	char *summary, *text, **lines;

	set_up(&run);
	summary = report_summary(&run.results);
	text = g_strdup_printf("\n%s", summary);
	expect_line(text, "trace        a.vmt, b.vmt and 2 more: 1,002 events");
	expect_line(text, "references   1,000 (90.0% read, 10.0% write, 0.0% fetch) to 77 pages");
	expect_line(text, "calls        2, of which 1 failed");
	expect_line(text, "machine      1 core at 1 GHz, 256 KiB of memory, clock (global), "
			  "1 MiB pagefile on hdd");
	expect_line(text, "time         7,000 cycles = 7.000 us, 7.00 cycles per reference");
	expect_line(text, "  data                          4,000   57.1%  #######################");
	expect_line(text, "  walk                          2,000   28.6%  ###########");
	expect_line(text, "processes    1: 64.3%, 2: 35.7% of the cycles");
	expect_line(text, "page faults  40: 40 demand zero");
	expect_line(text, "TLB          data         90.0% hits of 1,000 lookups, 100 misses");
	expect_line(text, "page walks   100, 2.00 fetches each; 1 read of the host's tables");
	expect_line(text, "caches       L1 tables   100.0% hits of 150 lookups, 0 misses");
	expect_line(text, "             L2 tables     0.0% hits of 150 lookups, 150 misses");
	expect_line(text, "             L1 data       0.0% hits of 1 lookup, 1 miss");
	expect_line(text,
		    "peaks        reserved 0 B, committed 200 KiB, resident 0 B, pagefile 0 B");
	expect_line(text, "latencies                         times          mean        median"
			  "           99%     most cycles");
	expect_line(text, "  page walk                         100            30            21"
			  "            21           1,020");
	g_assert_null(strstr(text, "page read")); /* there was none */
	expect_line(text, "violations   4 accesses failed at 2 places");
	expect_line(text, "  line 18: write to 0x11000: decommitted at line 812 by VirtualFree "
			  "(3 times)");
	expect_line(text, "  event 21: read of 0xdead0000: never allocated");
	expect_line(text, "divergences  1 recorded result differs; the first:");
	lines = g_strsplit(summary, "\n", -1);
	for (char **line = lines; *line; line++) {
		g_assert_cmpuint(strlen(*line), <=, 100);
		g_assert_false(g_str_has_suffix(*line, " "));
	}
	g_assert_cmpuint(g_strv_length(lines), <=, 45);
	g_strfreev(lines);
	g_free(summary);
	g_free(text);
	tear_down(&run);
}

/* A run of nothing. */
static void test_empty(void)
{
	struct run run;
	struct stats empty;
	char *text;

	set_up(&run);
	stats_init(&empty);
	stats_finish(&empty, 0);
	run.results = (struct results){
		.config = config_get(run.config), .config_dump = run.dump, .stats = &empty};
	text = report_summary(&run.results);
	g_assert_nonnull(strstr(text, "time         0 cycles = 0.000 ns\n"));
	g_free(text);
	text = report_json(&run.results);
	g_assert_nonnull(strstr(text, "\"files\": [],"));
	g_free(text);
	stats_fini(&empty);
	tear_down(&run);
}

static void expect_why(const struct violation *violation, const char *expected)
{
	char *why = words_why(violation);

	g_assert_cmpstr(why, ==, expected);
	g_free(why);
}

static void test_words(void)
{
	char text[WORDS_MAX];

	g_assert_cmpstr(words_count(0, text), ==, "0");
	g_assert_cmpstr(words_count(999, text), ==, "999");
	g_assert_cmpstr(words_count(1000, text), ==, "1,000");
	g_assert_cmpstr(words_count(UINT64_MAX, text), ==, "18,446,744,073,709,551,615");
	g_assert_cmpstr(words_bytes(0, text), ==, "0 B");
	g_assert_cmpstr(words_bytes(4096, text), ==, "4 KiB");
	g_assert_cmpstr(words_bytes(1536 << 10, text), ==, "1.5 MiB");
	g_assert_cmpstr(words_bytes(UINT64_MAX, text), ==, "16 EiB");
	g_assert_cmpstr(words_time(12345678, 4000, text), ==, "3.086 ms");
	g_assert_cmpstr(words_time(UINT64_MAX, 1, text), ==, "18,446,744,073,709.551 s");
	g_assert_cmpstr(words_percent(1, 3, text), ==, "33.3%");
	g_assert_cmpstr(words_percent(1, 100000, text), ==, "<0.1%");
	g_assert_cmpstr(words_percent(99999, 100000, text), ==, ">99.9%");
	g_assert_cmpstr(words_percent(UINT64_MAX, UINT64_MAX, text), ==, "100.0%");
	g_assert_cmpstr(words_percent(1, 0, text), ==, "-");
	g_assert_cmpstr(words_ratio(10, 4, text), ==, "2.50");
	g_assert_cmpstr(words_ratio(10, 0, text), ==, "-");
	expect_why(&(struct violation){.state = "committed", .protect = "PAGE_READONLY"},
		   "the page is PAGE_READONLY");
	expect_why(&(struct violation){.state = "committed",
				       .protect = "PAGE_NOACCESS",
				       .freed_by = {.seq = 4, .call = "VirtualProtect"}},
		   "PAGE_NOACCESS since event 4, by VirtualProtect");
	expect_why(&(struct violation){.state = "reserved"}, "reserved, never committed");
	expect_why(&(struct violation){.state = "free",
				       .freed_by = {.seq = 4, .line = 2, .call = "VirtualFree"}},
		   "freed at line 2 by VirtualFree");
	expect_why(&(struct violation){.result = VMSIM_RESULT_GUARD_PAGE}, "a guard page");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/report/json", test_json);
	g_test_add_func("/report/config", test_config);
	g_test_add_func("/report/summary", test_summary);
	g_test_add_func("/report/empty", test_empty);
	g_test_add_func("/report/words", test_words);
	return g_test_run();
}
