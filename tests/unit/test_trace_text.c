/* test_trace_text.c: the text format, read and written. */
#include "trace_files.h"

static void test_text_round_trip(void)
{
	static const char *const names[] = {"rt.vmt", "rt.vmt.zst", "rt.vmt.xz", "rt.vmt.gz"};
	char *in = save("canonical.vmt", canonical, strlen(canonical));

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		char *packed = scratch(names[i]), *back = scratch("back.vmt");

		g_assert_null(convert(in, packed, NULL));
		g_assert_null(convert(packed, back, "vmt"));
		assert_same_file(back, canonical);
		g_free(packed);
		g_free(back);
	}
	g_free(in);
}

static void test_text_header(void)
{
	char *in = save("canonical.vmt", canonical, strlen(canonical));
	vmsim_trace *trace = vmsim_trace_open(in, NULL, NULL, NULL);
	const struct vmsim_trace_header *header = vmsim_trace_get_header(trace);
	const struct vmsim_event *events;

	g_assert_cmpint(header->rules, ==, 1);
	g_assert_cmpint(header->implicit_commit, ==, 0);
	g_assert_cmpstr(header->machine, ==, "skylake-x");
	g_assert_cmpuint(header->ticks_per_second, ==, 10000000);
	g_assert_cmpstr(vmsim_trace_format(trace), ==, "vmt");
	g_assert_cmpstr(vmsim_trace_path(trace), ==, in);
	g_assert_true(vmsim_trace_carries_calls(trace));
	g_assert_true(vmsim_trace_carries_values(trace));
	g_assert_cmpuint(vmsim_trace_file_size(trace), ==, strlen(canonical));
	g_assert_cmpuint(vmsim_trace_next(trace, &events, NULL), >, 0);
	g_assert_cmpuint(vmsim_trace_offset(trace), ==, strlen(canonical));
	g_assert_cmpuint(events[0].line, ==, 6);
	g_assert_cmpuint(events[0].call->recorded.kind, ==, VMSIM_OUTCOME_SUCCESS);
	g_assert_cmpuint(events[0].call->recorded.address.label, ==, 1);
	g_assert_cmpstr(vmsim_trace_get_labels(trace)->name[1], ==, "A");
	vmsim_trace_close(trace);
	g_free(in);
}

/* What the arguments of a call become. */
static void test_text_arguments(void)
{
	char *path = save("arguments.vmt", canonical, strlen(canonical));
	vmsim_trace *trace = vmsim_trace_open(path, NULL, NULL, NULL);
	const struct vmsim_event *events;
	const struct vmsim_call *calls[VMSIM_N_CALLS] = {NULL}, *call; /* the first of each */
	size_t n = vmsim_trace_next(trace, &events, NULL);

	for (size_t i = n; i-- > 0;)
		if (events[i].op == VMSIM_OP_CALL)
			calls[events[i].call->id] = events[i].call;
	call = calls[VMSIM_CALL_VIRTUAL_ALLOC2];
	g_assert_cmphex(call->size[0], ==, 0x10000);
	g_assert_cmphex(call->type, ==, MEM_RESERVE | MEM_RESERVE_PLACEHOLDER);
	g_assert_cmphex(call->protect, ==, PAGE_NOACCESS);
	g_assert_cmphex(call->number[0], ==, 0x10000);
	g_assert_cmphex(call->number[1], ==, 0x7fffffff);
	g_assert_cmphex(call->number[2], ==, 0x10000);
	call = calls[VMSIM_CALL_CREATE_FILE_MAPPING];
	g_assert_null(call[0].file);
	g_assert_cmpstr(call[0].name, ==, "a \"section\"");
	g_assert_cmphex(call[0].protect, ==, PAGE_READWRITE | SEC_COMMIT);
	g_assert_cmpstr(call[1].file, ==, "C:\\x.dll"); /* the slot of the next line */
	g_assert_cmpstr(call[1].name, ==, "x");
	g_assert_cmpstr(call[2].file, ==, "");
	g_assert_cmpint(call[2].recorded.kind, ==, VMSIM_OUTCOME_FAILURE);
	call = calls[VMSIM_CALL_MAP_VIEW];
	g_assert_cmpstr(call->name, ==, "x");
	g_assert_cmphex(call->access, ==, FILE_MAP_COPY | FILE_MAP_EXECUTE);
	g_assert_cmphex(call->number[0], ==, 0x10000);
	g_assert_cmphex(call->size[0], ==, 0);
	g_assert_cmphex(call[1].size[0], ==, 2);
	g_assert_cmphex(call[1].address.offset, ==, (uint64_t)-0x1000);
	g_assert_cmpuint(call[1].address.label, ==, call[0].recorded.address.label);
	call = calls[VMSIM_CALL_THREAD_STACK];
	g_assert_cmphex(call->size[0], ==, 0x100000);
	call = calls[VMSIM_CALL_INJECT_ERROR];
	g_assert_cmpint(call[0].inject, ==, VMSIM_INJECT_READ);
	g_assert_cmpint(call[1].inject, ==, VMSIM_INJECT_WRITE);
	g_assert_cmpint(call[2].inject, ==, VMSIM_INJECT_MEMORY);
	for (size_t id = 0; id < VMSIM_N_CALLS; id++)
		g_assert_nonnull(calls[id]); /* the text has a line of every call */
	vmsim_trace_close(trace);
	g_free(path);
}

/* Any MEM_ name may be given anywhere: what is written depends on the call. */
static void test_text_mem_names(void)
{
	static const char text[] =
		"# vmtrace 1\nVirtualAlloc2(1, 1, MEM_DECOMMIT|MEM_MAPPED|MEM_IMAGE, 0, 0, 0, 0)\n"
		"VirtualAlloc(1, 1, MEM_REPLACE_PLACEHOLDER|MEM_PRESERVE_PLACEHOLDER, 0)\n"
		"VirtualFree(1, 1, MEM_REPLACE_PLACEHOLDER|MEM_RESERVE_PLACEHOLDER)\n"
		"CreateFileMapping(NULL, 1, 0x8000004, \"\")\nMapViewOfFile(\"\", 0x6, 0, 1, "
		"0x0)\n";
	char *in = save("names.vmt", text, strlen(text)), *out = scratch("names-out.vmt");

	g_assert_null(convert(in, out, NULL));
	assert_same_file(out,
			 "# vmtrace 1\nVirtualAlloc2(0x1, 0x1, MEM_REPLACE_PLACEHOLDER|"
			 "MEM_RESERVE_PLACEHOLDER|MEM_RESET_UNDO, 0, 0x0, 0x0, 0x0)\n"
			 "VirtualAlloc(0x1, 0x1, MEM_DECOMMIT|0x2, 0)\n"
			 "VirtualFree(0x1, 0x1, MEM_DECOMMIT|MEM_MAPPED)\n"
			 "CreateFileMapping(NULL, 0x1, PAGE_READWRITE|SEC_COMMIT, \"\")\n"
			 "MapViewOfFile(\"\", FILE_MAP_WRITE|FILE_MAP_READ, 0x0, 0x1, NULL)\n");
	g_free(in);
	g_free(out);
}

/* Strings that no quoted one can spell are refused, wherever they stand. */
static void test_text_bad_strings(void)
{
	static const char *const bad[] = {"a\nb", "\xff"};
	char *out = scratch("strings.vmt");

	for (size_t i = 0; i < 2 * G_N_ELEMENTS(bad); i++) {
		struct vmsim_call call = {.id = VMSIM_CALL_CREATE_FILE_MAPPING, .name = "n"};
		struct vmsim_event ev = {
			.op = VMSIM_OP_CALL, .call = &call, .size = 1, .pid = 1, .tid = 1};
		GError *error = NULL;
		vmsim_writer *writer = vmsim_writer_open(out, NULL, NULL, NULL, &error);

		g_assert_true(vmsim_writer_put(writer, &ev, &error)); /* file NULL */
		*(i % 2 ? &call.file : &call.name) = bad[i / 2];
		g_assert_false(vmsim_writer_put(writer, &ev, &error));
		g_assert_error(error, VMSIM_ERROR, VMSIM_ERROR_TRACE);
		g_clear_error(&error);
		vmsim_writer_abandon(writer);
	}
	g_free(out);
}

/* Blanks, tabs, carriage returns, a byte order mark, comments, no last line feed. */
static void test_text_loose(void)
{
	char *message;
	GArray *all = load_text("\xef\xbb\xbf# vmtrace 1\t \r\n\r\n # c\r\n\t%rules\twin32 # c\r\n"
				"\t2.3\tR\t0x1000  4 =\t0x0#c\r\n  VirtualFree ( NULL , 0x10 , "
				"MEM_RELEASE | 1 )= FALSE 87\t# c\r\n+ 7 R 4096",
				&message);
	const struct vmsim_event *ev = (const struct vmsim_event *)(void *)all->data;

	g_assert_cmpstr(message, ==, NULL);
	g_assert_cmpuint(all->len, ==, 3);
	g_assert_cmpuint(ev[0].pid, ==, 2);
	g_assert_cmpuint(ev[0].tid, ==, 3);
	g_assert_cmpuint(ev[0].result, ==, VMSIM_RESULT_VALUE);
	g_assert_cmpuint(ev[1].op, ==, VMSIM_OP_CALL);
	g_assert_cmpuint(ev[2].line, ==, 7);
	g_assert_cmpuint(ev[2].va, ==, 4096);
	g_assert_cmpuint(ev[2].size, ==, 1);
	g_assert_cmpuint(ev[2].time, ==, 7);
	g_array_free(all, TRUE);
}

/* Lines for the fast path, which a leading tab sends to the parser. */
static const char *const either_way[] = {
	"R 0x1",
	"W 0x12345678 4",
	"X 0xffffffffffffffff 4294967295",
	"2 R 0x1 8 = 0x5",
	"7.9 W 0x1000 8 0xffffffffffffffff",
	"W 0x1000 1 0xff = OK",
	"R 0x5 3 = 0xffffff",
	"R 0x1 = OK",
	"X 0x1 2 = OK",
	"R 0x1 4 = 17",
	"W 0x1 2 300 # 300",
	"R 0x1 0x10",
	"R 0xABCDEFabcdef 2#x",
	"R 0x00000000000000000000001 2",
	"W 0x1 4 = GUARD_PAGE",
	"4294967295.4294967295 R 0x1",
	"W 0x1 8 0x0  ",
	"R 0x1 8 =0x0",
	/* and these are wrong */
	"R 0x",
	"R 0x1g",
	"W 0x1 1 0x100",
	"W 0x1 9 0x1",
	"R 0x1 0",
	"X 0x1 4 = 0x1",
	"R 0x1 2 = 0x10000",
	"R 0x10000000000000000",
	"R 0x1 OK",
	"R 0x1 4 = OKAY",
	"1.R 0x1",
	"1R 0x1",
	"R 0x1 4 0x1",
	"X 0x1 4 0x1",
	"R 0x1 4 = 0x",
	"W 0x1 4 0x",
	"4294967296 R 0x1",
	"R 0x1 8 = 0x1 0x1",
	"R 0x1 4294967296",
};

/* The fast path and the parser agree. */
static void test_text_fast_is_slow(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(either_way); i++) {
		char *plain = g_strdup_printf("# vmtrace 1\n%s\n", either_way[i]);
		char *tabbed = g_strdup_printf("# vmtrace 1\n\t%s\n", either_way[i]);
		char *first, *second;
		GArray *fast = load_text(plain, &first), *slow = load_text(tabbed, &second);

		g_assert_cmpint(first == NULL, ==, second == NULL);
		g_assert_cmpuint(fast->len, ==, first == NULL);
		g_assert_cmpuint(slow->len, ==, first == NULL);
		g_assert_true(first != NULL ||
			      memcmp(fast->data, slow->data, sizeof(struct vmsim_event)) == 0);
		g_array_free(fast, TRUE);
		g_array_free(slow, TRUE);
		g_free(plain);
		g_free(tabbed);
		g_free(first);
		g_free(second);
	}
}

/* A batch owns what its events point to, 256 calls at a time. */
static void test_text_batches(void)
{
	GString *text = g_string_new("# vmtrace 1\n");
	const struct vmsim_event *events;
	vmsim_trace *trace;
	unsigned seen = 0;
	char *path;
	size_t n;

	for (unsigned i = 0; i < 20000; i++)
		g_string_append_printf(text, "Mark(\"%u\") # %040u\n", i, i);
	path = save("marks.vmt", text->str, text->len);
	trace = vmsim_trace_open(path, NULL, NULL, NULL);
	while ((n = vmsim_trace_next(trace, &events, NULL)) > 0) {
		for (size_t i = 0; i < n; i++, seen++) {
			g_assert_cmpuint(events[i].call->id, ==, VMSIM_CALL_MARK);
			g_assert_cmpuint(g_ascii_strtoull(events[i].call->name, NULL, 10), ==,
					 seen);
			g_assert_cmpuint(events[i].line, ==, seen + 2);
		}
	}
	g_assert_cmpuint(seen, ==, 20000);
	vmsim_trace_close(trace);
	g_string_free(text, TRUE);
	g_free(path);
}

/* Parts of one recording share labels; other traces do not. */
static void test_text_shared_labels(void)
{
	static const char one[] = "# vmtrace 1\nVirtualAlloc(NULL, 1, 1, 1) = A\n";
	static const char two[] = "# vmtrace 1\nR A\n";
	struct vmsim_labels *labels = vmsim_labels_new();
	char *paths[] = {save("1.vmt", one, strlen(one)), save("2.vmt", two, strlen(two))};
	const struct vmsim_event *events;
	vmsim_trace *trace;

	for (size_t i = 0; i < 2; i++) {
		trace = vmsim_trace_open(paths[i], NULL, labels, NULL);
		g_assert_cmpuint(vmsim_trace_next(trace, &events, NULL), ==, 1);
		g_assert_cmpuint(i == 0 ? events->call->recorded.address.label : events->label, ==,
				 1);
		vmsim_trace_close(trace);
	}
	trace = vmsim_trace_open(paths[1], NULL, NULL, NULL);
	g_assert_cmpuint(vmsim_trace_next(trace, &events, NULL), ==, 0);
	vmsim_trace_close(trace);
	for (unsigned i = 0; i < 1000; i++) {
		char name[16];
		int n = g_snprintf(name, sizeof name, "L%u", i);

		g_assert_cmpuint(vmsim_labels_intern(labels, name, (size_t)n), ==, i + 2);
	}
	g_assert_cmpuint(vmsim_labels_intern(labels, "L500", 4), ==, 502);
	g_assert_cmpuint(labels->n, ==, 1002);
	g_assert_false(labels->bound[502]);
	g_assert_true(labels->bound[0]);
	vmsim_labels_free(labels);
	g_free(paths[0]);
	g_free(paths[1]);
}

int main(int argc, char **argv)
{
	trace_tests_begin(&argc, &argv);
	g_test_add_func("/trace/text/round-trip", test_text_round_trip);
	g_test_add_func("/trace/text/header", test_text_header);
	g_test_add_func("/trace/text/arguments", test_text_arguments);
	g_test_add_func("/trace/text/mem-names", test_text_mem_names);
	g_test_add_func("/trace/text/bad-strings", test_text_bad_strings);
	g_test_add_func("/trace/text/loose", test_text_loose);
	g_test_add_func("/trace/text/fast-is-slow", test_text_fast_is_slow);
	g_test_add_func("/trace/text/batches", test_text_batches);
	g_test_add_func("/trace/text/shared-labels", test_text_shared_labels);
	return trace_tests_run();
}
