/* test_trace.c: what is wrong with traces and how that is said, all formats, and output files.
 * Malformed traces kept as files are in tests/malformed. */
#include "trace_files.h"

#include "base/file_out.h"

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

int main(int argc, char **argv)
{
	trace_tests_begin(&argc, &argv);
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
	return trace_tests_run();
}
