/* trace_files.h: for the tests of formats, readers and writers. Traces are written to a scratch
 * folder of the test's own; the tests run from the root of the repository. */
#ifndef TESTS_UNIT_TRACE_FILES_H
#define TESTS_UNIT_TRACE_FILES_H

#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>
#include <vmsim/trace.h>
#include <vmsim/win32.h>

static char *folder;

static inline char *scratch(const char *name)
{
	return g_build_filename(folder, name, NULL);
}

static inline char *save(const char *name, const char *data, gsize n)
{
	char *path = scratch(name);

	g_assert_true(g_file_set_contents(path, data, (gssize)n, NULL));
	return path;
}

/* load: everything a trace holds, events copied; the message of its fault in *message. */
static inline GArray *load(const char *path, const char *format, char **message)
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

static inline GArray *load_text(const char *text, char **message)
{
	char *path = save("load.vmt", text, strlen(text));
	GArray *all = load(path, NULL, message);

	g_free(path);
	return all;
}

/* convert: from one file to another; returns the error's message or NULL. */
static inline char *convert(const char *from, const char *to, const char *format)
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

static inline void assert_same_file(const char *path, const char *expected)
{
	char *got;

	g_assert_true(g_file_get_contents(path, &got, NULL, NULL));
	g_assert_cmpstr(got, ==, expected);
	g_free(got);
}

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
	"MapViewOfFile(\"x\", FILE_MAP_WRITE|FILE_MAP_READ|0x40, 0x1, 0x2, V-0x1000) = "
	"NULL ERROR_MAPPED_ALIGNMENT\n"
	"UnmapViewOfFile(V+0x1000) = TRUE\nUnmapViewOfFile(NULL) = FALSE ERROR_INVALID_ADDRESS\n"
	"CloseHandle(\"x\") = TRUE\nCloseHandle(\"x\") = FALSE ERROR_INVALID_HANDLE\n"
	"1.2 ThreadStack(D, 0x100000)\nThreadMemoryPriority(7)\nThreadStack(NULL, 0x0)\n"
	"InjectError(D+0x1000, \"read\")\n"
	"@5 InjectError(0x10000, \"write\")\nInjectError(NULL, \"memory\")\n";

/* Nothing but whole files: no temporary one is left by any test before. */
static inline void test_no_leftovers(void)
{
	GDir *dir = g_dir_open(folder, 0, NULL);
	const char *name;

	while ((name = g_dir_read_name(dir)) != NULL)
		g_assert_false(g_str_has_prefix(name, ".vmsim"));
	g_dir_close(dir);
}

static inline void remove_folder(void)
{
	char *command = g_strdup_printf("rm -rf %s", folder);

	g_spawn_command_line_sync(command, NULL, NULL, NULL, NULL);
	g_free(command);
}

/* trace_tests_begin, trace_tests_run: around a program's own tests; it returns what the latter
 * does. */
static inline void trace_tests_begin(int *argc, char ***argv)
{
	g_test_init(argc, argv, NULL);
	folder = g_dir_make_tmp("vmsim-trace-XXXXXX", NULL);
}

static inline int trace_tests_run(void)
{
	int failed;

	g_test_add_func("/trace/leftovers/none", test_no_leftovers);
	failed = g_test_run();
	remove_folder();
	g_free(folder);
	return failed;
}

#endif
