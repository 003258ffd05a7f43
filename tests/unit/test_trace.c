/* test_trace.c: formats, readers, writers and their errors.
 *
 * Traces are written to a scratch folder of the test's own. Malformed traces kept as files are in
 * tests/malformed; the tests run from the root of the repository. */
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>
#include <vmsim/trace.h>
#include <vmsim/win32.h>

#include "base/file_out.h"

static char *folder;

static char *scratch(const char *name)
{
	return g_build_filename(folder, name, NULL);
}

static char *save(const char *name, const char *data, gsize n)
{
	char *path = scratch(name);

	g_assert_true(g_file_set_contents(path, data, (gssize)n, NULL));
	return path;
}

/* load: everything a trace holds, events copied; the message of its fault in *message. */
static GArray *load(const char *path, const char *format, char **message)
{
	GArray *all = g_array_new(FALSE, FALSE, sizeof(struct vmsim_event));
	const struct vmsim_event *events;
	GError *error = NULL;
	vmsim_trace *trace = vmsim_trace_open(path, format, NULL, &error);
	size_t n;

	*message = NULL;
	while (trace != NULL && (n = vmsim_trace_next(trace, &events, &error)) > 0) {
		g_assert_no_error(error);
		g_assert_cmpuint(n, <=, 256);
		g_array_append_vals(all, events, (guint)n);
	}
	if (trace == NULL)
		g_assert_nonnull(error);
	if (error != NULL)
		*message = g_strdup(error->message);
	g_clear_error(&error);
	vmsim_trace_close(trace);
	return all;
}

static GArray *load_text(const char *text, char **message)
{
	char *path = save("load.vmt", text, strlen(text));
	GArray *all = load(path, NULL, message);

	g_free(path);
	return all;
}

/* convert: from one file to another; returns the error's message or NULL. */
static char *convert(const char *from, const char *to, const char *format)
{
	GError *error = NULL;
	vmsim_trace *trace = vmsim_trace_open(from, NULL, NULL, &error);
	const struct vmsim_event *events;
	vmsim_writer *writer;
	bool ok = true;
	char *message;
	size_t n;

	g_assert_no_error(error);
	writer = vmsim_writer_open(to, format, vmsim_trace_get_header(trace),
				   vmsim_trace_get_labels(trace), &error);
	g_assert_no_error(error);
	while (ok && (n = vmsim_trace_next(trace, &events, &error)) > 0)
		for (size_t i = 0; i < n && ok; i++)
			ok = vmsim_writer_put(writer, &events[i], &error);
	if (ok)
		vmsim_writer_finish(writer, &error);
	else
		vmsim_writer_abandon(writer);
	vmsim_trace_close(trace);
	message = error != NULL ? g_strdup(error->message) : NULL;
	g_clear_error(&error);
	return message;
}

static void assert_same_file(const char *path, const char *expected)
{
	char *got;

	g_assert_true(g_file_get_contents(path, &got, NULL, NULL));
	g_assert_cmpstr(got, ==, expected);
	g_free(got);
}

/* --- lackey ---------------------------------------------------------------------------- */

static void test_lackey_events(void)
{
	static const char text[] =
		"==7== Lackey\n--7-- note\n\nI  0401ab70,3\n L 1fff000688,8\n"
		" S ffffffffffffffff,4294967295\n M 5,16\r\nI  0000000000000009,1";
	static const struct vmsim_event expected[] = {
		{.va = 0x401ab70, .line = 4, .size = 3, .op = VMSIM_OP_EXECUTE},
		{.va = 0x1fff000688, .line = 5, .size = 8, .op = VMSIM_OP_READ},
		{.va = UINT64_MAX, .line = 6, .size = UINT32_MAX, .op = VMSIM_OP_WRITE},
		{.va = 5, .line = 7, .size = 16, .op = VMSIM_OP_READ, .flags = VMSIM_EV_MODIFY},
		{.va = 5, .line = 7, .size = 16, .op = VMSIM_OP_WRITE},
		{.va = 9, .line = 8, .size = 1, .op = VMSIM_OP_EXECUTE},
	};
	char *path = save("a.lackey", text, strlen(text));
	char *message;
	GArray *all = load(path, NULL, &message);

	g_assert_null(message);
	g_assert_cmpuint(all->len, ==, G_N_ELEMENTS(expected));
	for (guint i = 0; i < all->len; i++) {
		struct vmsim_event ev = expected[i];

		ev.pid = ev.tid = 1;
		g_assert_true(memcmp(&g_array_index(all, struct vmsim_event, i), &ev, sizeof ev) ==
			      0);
	}
	g_array_free(all, TRUE);
	g_free(path);
}

/* Modifies all the way: no pair is torn, every flag is right, across batches and chunks. */
static void test_lackey_batches(void)
{
	const unsigned lines = 50000;
	GString *text = g_string_new(NULL);
	char *message, *path;
	GArray *all;

	for (unsigned i = 0; i < lines; i++)
		g_string_append_printf(text, i % 3 ? " M %08x,4\n" : " L %08x,8\n", i);
	path = save("m.lackey", text->str, text->len);
	all = load(path, "lackey", &message);
	g_assert_null(message);
	for (guint at = 0, i = 0; i < lines; i++) {
		const struct vmsim_event *ev = &g_array_index(all, struct vmsim_event, at);

		g_assert_cmpuint(ev->va, ==, i);
		g_assert_cmpuint(ev->line, ==, i + 1);
		g_assert_cmpuint(ev->op, ==, VMSIM_OP_READ);
		g_assert_cmpuint(ev->flags, ==, i % 3 ? VMSIM_EV_MODIFY : 0);
		if (i % 3) {
			g_assert_cmpuint(ev[1].op, ==, VMSIM_OP_WRITE);
			g_assert_cmpuint(ev[1].line, ==, i + 1);
			g_assert_cmpuint(ev[1].flags, ==, 0);
		}
		at += i % 3 ? 2 : 1;
	}
	g_array_free(all, TRUE);
	g_string_free(text, TRUE);
	g_free(path);
}

static void test_lackey_round_trip(void)
{
	static const char text[] = "I  0401ab70,3\n L 1fff000688,8\n M 00000010,4\n S 00000010,4\n"
				   " L 00000020,1\n";
	char *in = save("in.lackey", text, strlen(text));
	char *out = scratch("out.lackey"), *vmt = scratch("out.vmt"),
	     *back = scratch("back.lackey");

	g_assert_null(convert(in, out, NULL));
	assert_same_file(out, text);
	g_assert_null(convert(in, vmt, "vmt"));
	assert_same_file(vmt, "# vmtrace 1\nX 0x401ab70 3\nR 0x1fff000688 8\nR 0x10 4\nW 0x10 4\n"
			      "W 0x10 4\nR 0x20 1\n");
	g_assert_null(convert(vmt, back, "lackey"));
	assert_same_file(back, "I  0401ab70,3\n L 1fff000688,8\n L 00000010,4\n S 00000010,4\n"
			       " S 00000010,4\n L 00000020,1\n");
	g_free(in);
	g_free(out);
	g_free(vmt);
	g_free(back);
}

static void test_lackey_refuses(void)
{
	static const struct {
		const char *line, *message;
	} cases[] = {
		{"ExitProcess()", "lackey cannot hold calls: ExitProcess()"},
		{"InjectError(16, \"read\")",
		 "lackey cannot hold calls: InjectError(0x10, \"read\")"},
		{"W 0x10 8 5", "lackey cannot hold values: W 0x10 8 0x5"},
		{"R 0x10 8 = 5", "lackey cannot hold values: R 0x10 8"},
		{"R 0x10 8 = OK", "lackey cannot hold recorded results: R 0x10 8"},
		{"+5 R 0x10 8", "lackey cannot hold times: +5 R 0x10 8"},
		{"2.3 X 0x10", "lackey cannot hold processes and threads: 2.3 X 0x10 1"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		char *text = g_strdup_printf("# vmtrace 1\n%s\n", cases[i].line);
		char *in = save("in.vmt", text, strlen(text)), *out = scratch("refused.lackey");
		char *message = convert(in, out, NULL);

		g_assert_cmpstr(message, ==, cases[i].message);
		g_assert_false(g_file_test(out, G_FILE_TEST_EXISTS));
		g_free(message);
		g_free(text);
		g_free(in);
		g_free(out);
	}
}

/* Labels are written with the values that the replay gave them. */
static void test_lackey_labels(void)
{
	struct vmsim_labels *labels = vmsim_labels_new();
	struct vmsim_event ev = {.va = 0x10, .size = 4, .pid = 1, .tid = 1};
	char *out = scratch("labels.lackey");
	GError *error = NULL;
	vmsim_writer *writer = vmsim_writer_open(out, NULL, NULL, labels, &error);

	ev.label = vmsim_labels_intern(labels, "Axx", 1);
	g_assert_false(vmsim_writer_put(writer, &ev, &error));
	g_assert_cmpstr(error->message, ==,
			"lackey cannot hold labels that have no value: "
			"R A+0x10 4");
	g_clear_error(&error);
	labels->value[ev.label] = 0x7f0000;
	labels->bound[ev.label] = true;
	g_assert_true(vmsim_writer_put(writer, &ev, &error));
	g_assert_true(vmsim_writer_finish(writer, &error));
	assert_same_file(out, " L 007f0010,4\n");
	vmsim_labels_free(labels);
	g_free(out);
}

/* --- text ------------------------------------------------------------------------------ */

/* Canonical text: what is read is written back byte for byte. */
static const char canonical[] =
	"# vmtrace 1\n%rules win32\n%machine skylake-x\n%ticks_per_second 10000000\n"
	"%implicit_commit false\n"
	"VirtualAlloc(NULL, 0x100000, MEM_RESERVE, PAGE_READWRITE) = A\n"
	"VirtualAlloc(A+0x1000, 0x2000, MEM_COMMIT|0x40000000, PAGE_READWRITE|PAGE_GUARD) = "
	"NULL ERROR_INVALID_PARAMETER\n"
	"VirtualAlloc(0x10000, 0x0, 0, 0) = NULL 4242\n"
	"W A+0x1000 8 0xdeadbeef\nR A+0x1000 8 = 0xdeadbeef\nR A-0x8 4 = ACCESS_VIOLATION\n"
	"R A 32 = OK\nW A 1 = GUARD_PAGE\nX A 16 = IN_PAGE_ERROR\nR A 1 = STACK_OVERFLOW\n"
	"+250 1.2 X 0x401000 4\n@18446744073709551615 7 W 0x0 1 0xff = OK\n"
	"VirtualFree(A, 0x1000, MEM_RELEASE) = FALSE ERROR_INVALID_PARAMETER\n"
	"VirtualFree(A, 0x0, MEM_RELEASE) = TRUE\n"
	"VirtualProtect(A, 0x1000, PAGE_READONLY) = TRUE PAGE_READWRITE|PAGE_GUARD\n"
	"VirtualProtect(A, 0x1000, PAGE_READONLY) = FALSE ERROR_INVALID_ADDRESS\n"
	"VirtualQuery(A) = A A PAGE_READWRITE 0x1000 MEM_RESERVE 0 MEM_IMAGE\n"
	"VirtualQuery(A) = B+0x1000 0x0 0 0x7000 MEM_FREE PAGE_NOACCESS 0\n"
	"VirtualQuery(B) = FALSE ERROR_BAD_LENGTH\n"
	"VirtualLock(A, 0x1000) = FALSE STATUS_GUARD_PAGE_VIOLATION\nVirtualUnlock(A, 0x1)\n"
	"SetProcessWorkingSetSizeEx(0x1000, 0x2000, 3) = TRUE\nEmptyWorkingSet() = TRUE\n"
	"PrefetchVirtualMemory(A, 0x1000) = TRUE\nOfferVirtualMemory(A, 0x1000, 2) = "
	"ERROR_SUCCESS\nReclaimVirtualMemory(A, 0x1000) = ERROR_BUSY\n"
	"DiscardVirtualMemory(A, 0x1000) = 6000\n"
	"GetWriteWatch(1, A, 0x10000, 16) = 0 2 A+0x1000 0x5000\n"
	"GetWriteWatch(0, A, 0x10000, 16) = 0 0\n"
	"GetWriteWatch(0, A, 0x10000, 16) = ERROR_INVALID_PARAMETER\n"
	"ResetWriteWatch(A, 0x10000) = ERROR_SUCCESS\n"
	"NtAllocateVirtualMemory(NULL, 0x1000, MEM_RESERVE, PAGE_READWRITE) = STATUS_SUCCESS C "
	"0x1000\n"
	"NtFreeVirtualMemory(C, 0x0, MEM_RELEASE) = STATUS_MEMORY_NOT_ALLOCATED\n"
	"NtFreeVirtualMemory(C, 0x0, MEM_RELEASE) = 0xc0001234\n"
	"CreateProcess()\n2 ExitProcess()\nMark(\"a \\\"b\\\\ # \303\244\")\n"
	"VirtualAlloc2(NULL, 0x10000, MEM_RESERVE|MEM_RESERVE_PLACEHOLDER, PAGE_NOACCESS, 0x10000, "
	"0x7fffffff, 0x10000) = D\n"
	"VirtualAlloc2(D+0x1000, 0x1000, MEM_COMMIT|MEM_RESERVE|MEM_REPLACE_PLACEHOLDER, "
	"PAGE_READWRITE, 0x0, 0x0, 0x0) = D+0x1000\n"
	"2 VirtualAlloc2(NULL, 0x0, 0, 0, 0x1, 0x2, 0xffffffffffffffff) = NULL ERROR_BUSY\n"
	"VirtualFree(D, 0x1000, MEM_PRESERVE_PLACEHOLDER|MEM_RELEASE) = TRUE\n"
	"VirtualFree(D, 0x10000, MEM_COALESCE_PLACEHOLDERS|MEM_RELEASE) = TRUE\n"
	"NtFreeVirtualMemory(D, 0x10000, MEM_COALESCE_PLACEHOLDERS|MEM_DECOMMIT)\n"
	"CreateFileMapping(NULL, 0x20000, PAGE_READWRITE|SEC_COMMIT, \"a \\\"section\\\"\") = "
	"TRUE\n"
	"CreateFileMapping(\"C:\\\\x.dll\", 0x0, PAGE_READONLY|SEC_IMAGE, \"x\") = TRUE\n"
	"CreateFileMapping(\"\", 0x0, SEC_RESERVE|PAGE_TARGETS_INVALID|SEC_LARGE_PAGES, \"\") = "
	"FALSE "
	"ERROR_INVALID_PARAMETER\n"
	"MapViewOfFile(\"x\", FILE_MAP_COPY|FILE_MAP_EXECUTE, 0x10000, 0x0, NULL) = V+0x1000\n"
	"MapViewOfFile(\"x\", FILE_MAP_WRITE|FILE_MAP_READ|0x40, 0x1, 0x2, V-0x1000) = NULL ERROR_MAPPED_ALIGNMENT\n"
	"UnmapViewOfFile(V+0x1000) = TRUE\nUnmapViewOfFile(NULL) = FALSE ERROR_INVALID_ADDRESS\n"
	"CloseHandle(\"x\") = TRUE\nCloseHandle(\"x\") = FALSE ERROR_INVALID_HANDLE\n"
	"1.2 ThreadStack(D, 0x100000)\nThreadMemoryPriority(7)\nThreadStack(NULL, 0x0)\nInjectError(D+0x1000, \"read\")\n"
	"@5 InjectError(0x10000, \"write\")\nInjectError(NULL, \"memory\")\n";

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

/* The fast path and the parser agree: a leading tab sends a line to the parser. */
static void test_text_fast_is_slow(void)
{
	static const char *const lines[] = {
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

	for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
		char *plain = g_strdup_printf("# vmtrace 1\n%s\n", lines[i]);
		char *tabbed = g_strdup_printf("# vmtrace 1\n\t%s\n", lines[i]);
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

/* --- errors ---------------------------------------------------------------------------- */

/* Every file of tests/malformed is refused with the message beside it, and with the same one
 * when asked again. */
static void test_malformed(void)
{
	GDir *dir = g_dir_open("tests/malformed", 0, NULL);
	const char *name;
	unsigned n = 0;

	g_assert_nonnull(dir);
	while ((name = g_dir_read_name(dir)) != NULL) {
		char *path = g_build_filename("tests/malformed", name, NULL), *message, *expected;
		GArray *all;

		if (g_str_has_suffix(name, ".vmt")) {
			char *beside =
				g_strdup_printf("%.*s.expected", (int)strlen(path) - 4, path);

			g_assert_true(g_file_get_contents(beside, &expected, NULL, NULL));
			all = load(path, NULL, &message);
			if (message == NULL ||
			    strcmp(message + strlen("tests/malformed/"), g_strchomp(expected)) != 0)
				g_test_message("%s: got %s", path, message);
			g_assert_cmpstr(message + strlen("tests/malformed/"), ==, expected);
			g_array_free(all, TRUE);
			g_free(message);
			g_free(expected);
			g_free(beside);
			n++;
		}
		g_free(path);
	}
	g_dir_close(dir);
	g_assert_cmpuint(n, >, 50);
}

static void test_error_repeats(void)
{
	static const char text[] = "# vmtrace 1\nR 1\nR 2\nbad\nR 3\n";
	char *path = save("bad.vmt", text, strlen(text));
	vmsim_trace *trace = vmsim_trace_open(path, NULL, NULL, NULL);
	const struct vmsim_event *events;
	GError *error = NULL;

	g_assert_cmpuint(vmsim_trace_next(trace, &events, &error), ==, 2);
	g_assert_no_error(error);
	for (int i = 0; i < 3; i++) {
		char *expected =
			g_strdup_printf("%s:4:1: unexpected \"bad\" (expected an event: R, "
					"W, X or a call)",
					path);

		g_assert_cmpuint(vmsim_trace_next(trace, &events, &error), ==, 0);
		g_assert_error(error, VMSIM_ERROR, VMSIM_ERROR_TRACE);
		g_assert_cmpstr(error->message, ==, expected);
		g_clear_error(&error);
		g_free(expected);
	}
	vmsim_trace_close(trace);
	g_free(path);
}

static void test_open_errors(void)
{
	static const char good[] = "# vmtrace 1\n";
	char *path = save("good.vmt", good, strlen(good)), *missing = scratch("missing");
	GError *error = NULL;

	g_assert_null(vmsim_trace_open(missing, NULL, NULL, &error));
	g_assert_error(error, VMSIM_ERROR, VMSIM_ERROR_FILE);
	g_assert_true(g_str_has_prefix(error->message, missing));
	g_clear_error(&error);
	g_assert_null(vmsim_trace_open(folder, NULL, NULL, &error));
	g_assert_error(error, VMSIM_ERROR, VMSIM_ERROR_FILE);
	g_clear_error(&error);
	g_assert_null(vmsim_trace_open(path, "nonsense", NULL, &error));
	g_assert_cmpstr(error->message, ==,
			"unknown trace format \"nonsense\" (expected vmt or lackey)");
	g_clear_error(&error);
	g_assert_null(vmsim_writer_open(path, "nonsense", NULL, NULL, &error));
	g_assert_error(error, VMSIM_ERROR, VMSIM_ERROR_CONFIG);
	g_clear_error(&error);
	g_assert_null(vmsim_writer_open("/nonexistent/x.vmt", NULL, NULL, NULL, &error));
	g_assert_error(error, VMSIM_ERROR, VMSIM_ERROR_FILE);
	g_clear_error(&error);
	g_free(path);
	g_free(missing);
}

/* A file cut off anywhere is read without harm; a compressed one says what happened. */
static void test_truncated(void)
{
	static const char *const names[] = {"cut.vmt", "cut.vmt.zst", "cut.vmt.xz", "cut.vmt.gz"};
	char *in = save("canonical.vmt", canonical, strlen(canonical));

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		char *whole = scratch(names[i]), *data, *message;
		gsize n;

		g_assert_null(convert(in, whole, NULL));
		g_assert_true(g_file_get_contents(whole, &data, &n, NULL));
		for (gsize cut = 0; cut < n; cut++) {
			char *path = save("cut", data, cut);
			GArray *all = load(path, NULL, &message);

			if (i > 0)
				g_assert_nonnull(message);
			if (i > 0 && cut >= 6)
				g_assert_nonnull(strstr(message, ": truncated: the "));
			if (message != NULL)
				g_assert_true(g_str_has_prefix(message, path));
			g_array_free(all, TRUE);
			g_free(message);
			g_free(path);
		}
		g_free(data);
		g_free(whole);
	}
	g_free(in);
}

/* Archives one after another are one file; what follows them is not overlooked. */
static void test_concatenated(void)
{
	static const char *const suffixes[] = {".zst", ".xz", ".gz"};
	static const char first[] = "I  00000001,1\n", second[] = " L 00000002,2\n";
	char *plain[] = {save("p1.lackey", first, strlen(first)),
			 save("p2.lackey", second, strlen(second))};

	for (size_t i = 0; i < G_N_ELEMENTS(suffixes); i++) {
		GString *both = g_string_new(NULL);
		char *message, *path, *data;
		GArray *all;
		gsize n;

		for (size_t part = 0; part < 2; part++) {
			char *name = g_strconcat("part.lackey", suffixes[i], NULL);

			path = scratch(name);
			g_assert_null(convert(plain[part], path, NULL));
			g_assert_true(g_file_get_contents(path, &data, &n, NULL));
			g_string_append_len(both, data, (gssize)n);
			g_free(data);
			g_free(path);
			g_free(name);
		}
		path = save("both", both->str, both->len);
		all = load(path, NULL, &message);
		g_assert_cmpstr(message, ==, NULL);
		g_assert_cmpuint(all->len, ==, 2);
		g_array_free(all, TRUE);
		g_free(path);
		g_string_append(both, "garbage at the end");
		path = save("both", both->str, both->len);
		all = load(path, NULL, &message);
		g_assert_nonnull(message);
		g_assert_nonnull(strstr(message, "both: bad "));
		g_array_free(all, TRUE);
		g_free(message);
		g_free(path);
		g_string_free(both, TRUE);
	}
	g_free(plain[0]);
	g_free(plain[1]);
}

/* A line of exactly the limit passes, one byte more does not. */
static void test_long_line(void)
{
	const gsize limit = (gsize)1 << 20;

	for (gsize extra = 0; extra < 3; extra++) {
		GString *text = g_string_new("# vmtrace 1\nR 1\nR 2 #");
		char *path, *message, *expected;
		GArray *all;

		for (gsize i = 5; i < limit + extra; i++)
			g_string_append_c(text, 'c');
		if (extra != 2)
			g_string_append(text, "\nR 3\n");
		path = save("long.vmt", text->str, text->len);
		expected = g_strdup_printf("%s:3:1048577: the line is too long (expected at most "
					   "1048576 bytes)",
					   path);
		all = load(path, NULL, &message);
		g_assert_cmpstr(message, ==, extra == 0 ? NULL : expected);
		g_assert_cmpuint(all->len, ==, extra == 0 ? 3 : 1);
		g_array_free(all, TRUE);
		g_string_free(text, TRUE);
		g_free(message);
		g_free(expected);
		g_free(path);
	}
}

/* Noise, with and without a head, and good text with bytes changed. */
static void test_noise(void)
{
	GRand *rand = g_rand_new_with_seed(20240607);

	for (unsigned round = 0; round < 3000; round++) {
		gsize n = (gsize)g_rand_int_range(rand, 0, 600);
		GString *text = g_string_new(round % 3 == 0   ? "# vmtrace 1\n"
					     : round % 3 == 1 ? "I  00000001,1\n"
							      : canonical);
		char *path, *message;
		GArray *all;

		for (gsize i = 0; i < n && round % 3 != 2; i++)
			g_string_append_c(text, (char)g_rand_int_range(rand, 0, 256));
		for (unsigned i = 0; i < 3 && round % 3 == 2; i++)
			text->str[g_rand_int_range(rand, 12, (gint32)text->len)] =
				(char)g_rand_int_range(rand, 0, 128);
		path = save("noise", text->str, text->len);
		all = load(path, NULL, &message);
		if (message != NULL) {
			g_assert_true(g_str_has_prefix(message, path));
			g_assert_null(strchr(message, '\n'));
			g_assert_true(g_utf8_validate(message, -1, NULL));
		}
		g_array_free(all, TRUE);
		g_string_free(text, TRUE);
		g_free(message);
		g_free(path);
	}
	g_rand_free(rand);
}

/* --- conformance traces, formats, outputs ---------------------------------------------- */

/* Each is read, written and read again without a change of its text. */
static void test_conformance(void)
{
	static const char *const sets[] = {"asserted", "directed", "random"};
	unsigned n = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(sets); i++) {
		char *archive = g_strdup_printf("tests/conformance/%s.tar.xz", sets[i]);
		char *command = g_strdup_printf("sh -c 'mkdir -p %s/c && tar -xJf %s -C %s/c && "
						"find %s/c -name \"*.vmt\"'",
						folder, archive, folder, folder);
		char *list = NULL, **names;
		int status = 1;

		g_assert_true(g_spawn_command_line_sync(command, &list, NULL, &status, NULL));
		g_assert_cmpint(status, ==, 0);
		names = g_strsplit(g_strstrip(list), "\n", -1);
		for (size_t j = 0; names[j] != NULL; j++, n++) {
			char *once = scratch("once.vmt"), *twice = scratch("twice.vmt"), *text;

			g_assert_null(convert(names[j], once, NULL));
			g_assert_null(convert(once, twice, NULL));
			g_assert_true(g_file_get_contents(once, &text, NULL, NULL));
			assert_same_file(twice, text);
			g_free(text);
			g_free(once);
			g_free(twice);
		}
		g_strfreev(names);
		g_free(list);
		g_free(command);
		g_free(archive);
	}
	g_assert_cmpuint(n, >, 80);
}

static void test_formats(void)
{
	const struct vmsim_format_info *info;
	size_t n = 0;

	for (; (info = vmsim_trace_format_info(n)) != NULL; n++) {
		g_assert_cmpuint(strlen(info->name), >, 0);
		g_assert_cmpuint(strlen(info->doc), >, 0);
		g_assert_true(info->reads || info->writes);
	}
	g_assert_cmpuint(n, ==, 2);
	g_assert_null(vmsim_trace_format_info(n + 1));
	g_assert_null(vmsim_trace_format_info(SIZE_MAX));
	g_assert_cmpstr(vmsim_calls[VMSIM_CALL_VIRTUAL_ALLOC].name, ==, "VirtualAlloc");
	g_assert_cmpint(vmsim_calls[VMSIM_CALL_MARK].result, ==, VMSIM_NONE);
}

/* Whole or not at all: the old file stays until the new one is finished. */
static void test_file_out(void)
{
	char *path = save("out.txt", "old", 3), *link = scratch("link.txt");
	char *big = g_strnfill(100000, 'x');
	GError *error = NULL;
	struct file_out *file = file_out_open(path, &error);

	g_assert_true(file_out_write(file, big, 100000, &error));
	assert_same_file(path, "old");
	file_out_abandon(file);
	assert_same_file(path, "old");
	g_assert_cmpint(symlink(path, link), ==, 0);
	file = file_out_open(link, &error);
	g_assert_true(file_out_write(file, "new", 3, &error));
	g_assert_true(file_out_finish(file, &error));
	assert_same_file(path, "new");
	g_assert_true(g_file_test(link, G_FILE_TEST_IS_SYMLINK));

	file = file_out_open("/dev/full", &error);
	g_assert_true(file_out_write(file, "x", 1, &error)); /* still in the buffer */
	g_assert_false(file_out_finish(file, &error));
	g_assert_error(error, VMSIM_ERROR, VMSIM_ERROR_FILE);
	g_assert_cmpstr(error->message, ==,
			"/dev/full: cannot be written: No space left on device");
	g_clear_error(&error);
	file = file_out_open("/dev/full", &error);
	g_assert_false(file_out_write(file, big, 100000, &error));
	g_assert_error(error, VMSIM_ERROR, VMSIM_ERROR_FILE);
	g_clear_error(&error);
	file_out_abandon(file);
	g_assert_null(file_out_open(folder, &error));
	g_assert_error(error, VMSIM_ERROR, VMSIM_ERROR_FILE);
	g_clear_error(&error);
	g_free(big);
	g_free(path);
	g_free(link);
}

/* Nothing but whole files: no temporary one is left by any test before. */
static void test_no_leftovers(void)
{
	GDir *dir = g_dir_open(folder, 0, NULL);
	const char *name;

	while ((name = g_dir_read_name(dir)) != NULL)
		g_assert_false(g_str_has_prefix(name, ".vmsim"));
	g_dir_close(dir);
}

static void remove_folder(void)
{
	char *command = g_strdup_printf("rm -rf %s", folder);

	g_spawn_command_line_sync(command, NULL, NULL, NULL, NULL);
	g_free(command);
}

int main(int argc, char **argv)
{
	int failed;

	g_test_init(&argc, &argv, NULL);
	folder = g_dir_make_tmp("vmsim-trace-XXXXXX", NULL);
	g_test_add_func("/trace/lackey/events", test_lackey_events);
	g_test_add_func("/trace/lackey/batches", test_lackey_batches);
	g_test_add_func("/trace/lackey/round-trip", test_lackey_round_trip);
	g_test_add_func("/trace/lackey/refuses", test_lackey_refuses);
	g_test_add_func("/trace/lackey/labels", test_lackey_labels);
	g_test_add_func("/trace/text/round-trip", test_text_round_trip);
	g_test_add_func("/trace/text/header", test_text_header);
	g_test_add_func("/trace/text/arguments", test_text_arguments);
	g_test_add_func("/trace/text/mem-names", test_text_mem_names);
	g_test_add_func("/trace/text/bad-strings", test_text_bad_strings);
	g_test_add_func("/trace/text/loose", test_text_loose);
	g_test_add_func("/trace/text/fast-is-slow", test_text_fast_is_slow);
	g_test_add_func("/trace/text/batches", test_text_batches);
	g_test_add_func("/trace/text/shared-labels", test_text_shared_labels);
	g_test_add_func("/trace/errors/malformed", test_malformed);
	g_test_add_func("/trace/errors/repeats", test_error_repeats);
	g_test_add_func("/trace/errors/open", test_open_errors);
	g_test_add_func("/trace/errors/truncated", test_truncated);
	g_test_add_func("/trace/errors/concatenated", test_concatenated);
	g_test_add_func("/trace/errors/long-line", test_long_line);
	g_test_add_func("/trace/errors/noise", test_noise);
	g_test_add_func("/trace/conformance", test_conformance);
	g_test_add_func("/trace/formats", test_formats);
	g_test_add_func("/trace/file-out", test_file_out);
	g_test_add_func("/trace/leftovers/none", test_no_leftovers);
	failed = g_test_run();
	remove_folder();
	g_free(folder);
	return failed;
}
