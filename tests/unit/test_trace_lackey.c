/* test_trace_lackey.c: what valgrind prints, read and written. */
#include "trace_files.h"

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

int main(int argc, char **argv)
{
	trace_tests_begin(&argc, &argv);
	g_test_add_func("/trace/lackey/events", test_lackey_events);
	g_test_add_func("/trace/lackey/batches", test_lackey_batches);
	g_test_add_func("/trace/lackey/round-trip", test_lackey_round_trip);
	g_test_add_func("/trace/lackey/refuses", test_lackey_refuses);
	g_test_add_func("/trace/lackey/labels", test_lackey_labels);
	return trace_tests_run();
}
