/* test_event.c: records reach those who listen, and read as JSON. */
#include "event/event.h"

#include <cjson/cJSON.h>
#include <vmsim/machine.h>

struct heard {
	unsigned n;
	struct vmsim_record last;
};

static void hear(void *ctx, const struct vmsim_record *record)
{
	struct heard *heard = ctx;

	heard->n++;
	heard->last = *record;
}

static void test_listen(void)
{
	struct events events;
	struct heard all = {0}, some = {0};

	events_init(&events);
	g_assert_false(events_wanted(&events, VMSIM_RECORD_PAGE_FAULT));
	events_listen(&events, VMSIM_RECORD_ALL, hear, &all);
	events_listen(&events, VMSIM_RECORD_BIT(VMSIM_RECORD_PHASE), hear, &some);
	g_assert_true(events_wanted(&events, VMSIM_RECORD_PAGE_FAULT));
	events.cycle = 12;
	events.seq = 3;
	events.pid = 4;
	events_emit(&events, &(struct vmsim_record){.kind = VMSIM_RECORD_PAGE_FAULT, .va = 99});
	events_emit(&events, &(struct vmsim_record){.kind = VMSIM_RECORD_PHASE, .name = "x"});
	g_assert_cmpuint(all.n, ==, 2);
	g_assert_cmpuint(some.n, ==, 1);
	g_assert_cmpuint(some.last.cycle, ==, 12);
	g_assert_cmpuint(some.last.seq, ==, 3);
	g_assert_cmpuint(some.last.pid, ==, 4);
	events_fini(&events);
}

static void expect_json(const struct vmsim_record *record, const char *expected)
{
	GString *text = g_string_new(NULL);
	cJSON *json;

	vmsim_record_json(text, record);
	g_assert_cmpstr(text->str, ==, expected);
	json = cJSON_Parse(text->str);
	g_assert_nonnull(json);
	cJSON_Delete(json);
	g_string_free(text, TRUE);
}

static void test_json(void)
{
	expect_json(
		&(struct vmsim_record){.kind = VMSIM_RECORD_PAGE_STATE,
				       .cycle = UINT64_MAX,
				       .seq = 2,
				       .line = 7,
				       .pid = 1,
				       .tid = 1,
				       .va = 0x7ffffffe0000,
				       .pages = 16,
				       .from = "free",
				       .to = "reserved",
				       .cause = "VirtualAlloc"},
		"{\"cycle\":18446744073709551615,\"seq\":2,\"line\":7,\"pid\":1,\"tid\":1,\"core\":"
		"0,"
		"\"event\":\"page-state\",\"va\":\"0x7ffffffe0000\",\"pages\":16,\"from\":\"free\","
		"\"to\":\"reserved\",\"cause\":\"VirtualAlloc\"}");
}

/* The line is left out for traces without lines, OPT and BY where there is nothing to say. */
static void test_optional(void)
{
	struct vmsim_record record = {
		.kind = VMSIM_RECORD_DIVERGENCE, .call = "R A 4", .expected = "0x1", .got = "0x2"};

	expect_json(
		&record,
		"{\"cycle\":0,\"seq\":0,\"pid\":0,\"tid\":0,\"core\":0,\"event\":\"divergence\","
		"\"call\":\"R A 4\",\"expected\":\"0x1\",\"got\":\"0x2\"}");
	record.rule = "R5";
	expect_json(
		&record,
		"{\"cycle\":0,\"seq\":0,\"pid\":0,\"tid\":0,\"core\":0,\"event\":\"divergence\","
		"\"call\":\"R A 4\",\"expected\":\"0x1\",\"got\":\"0x2\",\"rule\":\"R5\"}");
	record = (struct vmsim_record){.kind = VMSIM_RECORD_ACCESS_VIOLATION,
				       .va = 0x1000,
				       .access = "read",
				       .state = "free",
				       .protect = "PAGE_NOACCESS",
				       .code = 0xC0000005};
	expect_json(&record,
		    "{\"cycle\":0,\"seq\":0,\"pid\":0,\"tid\":0,\"core\":0,"
		    "\"event\":\"access-violation\",\"va\":\"0x1000\",\"access\":\"read\","
		    "\"state\":\"free\",\"protect\":\"PAGE_NOACCESS\",\"code\":3221225477}");
	record.freed_by = (struct vmsim_freed_by){.seq = 8, .line = 9, .call = "VirtualFree"};
	expect_json(&record, "{\"cycle\":0,\"seq\":0,\"pid\":0,\"tid\":0,\"core\":0,"
			     "\"event\":\"access-violation\",\"va\":\"0x1000\",\"access\":\"read\","
			     "\"state\":\"free\",\"protect\":\"PAGE_NOACCESS\",\"code\":3221225477,"
			     "\"freed_by\":{\"seq\":8,\"line\":9,\"call\":\"VirtualFree\"}}");
}

static void test_escapes(void)
{
	expect_json(&(struct vmsim_record){.kind = VMSIM_RECORD_PHASE,
					   .name = "a\"b\\c\n\x01 \xC3\xA9 \xFF\xC3"},
		    "{\"cycle\":0,\"seq\":0,\"pid\":0,\"tid\":0,\"core\":0,\"event\":\"phase\","
		    "\"name\":\"a\\\"b\\\\c\\u000a\\u0001 \xC3\xA9 \xEF\xBF\xBD\xEF\xBF\xBD\"}");
}

/* Every kind can be written, whatever is missing in it. */
static void test_every_kind(void)
{
	for (int kind = 0; kind < VMSIM_N_RECORDS; kind++) {
		struct vmsim_record record = {.kind = (enum vmsim_record_kind)kind};
		GString *text = g_string_new(NULL);
		cJSON *json;

		vmsim_record_json(text, &record);
		json = cJSON_Parse(text->str);
		g_assert_nonnull(json);
		g_assert_cmpstr(cJSON_GetObjectItemCaseSensitive(json, "event")->valuestring, ==,
				vmsim_records[kind].name);
		cJSON_Delete(json);
		g_string_free(text, TRUE);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/event/listen", test_listen);
	g_test_add_func("/event/json", test_json);
	g_test_add_func("/event/optional", test_optional);
	g_test_add_func("/event/escapes", test_escapes);
	g_test_add_func("/event/every-kind", test_every_kind);
	return g_test_run();
}
