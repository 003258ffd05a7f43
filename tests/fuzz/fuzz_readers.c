/* fuzz_readers.c: anything at all as a trace, and as a configuration.
 *
 * Nothing may crash, hang or allocate without bound; what is accepted is replayed on a small
 * machine with every invariant audited. Under libFuzzer (`make fuzz`) inputs are made up; without
 * it the program replays the files and folders it is given, which `make check` does with the
 * corpus. */
#include <stdlib.h>
#include <unistd.h>
#include <vmsim/vmsim.h>

#define MOST_EVENTS 20000

static void fail(const char *what, const GError *error)
{
	fprintf(stderr, "fuzz_readers: %s: %s\n", what, error ? error->message : "");
	abort();
}

/* An error must say something; success must not. */
static void expect_consistent(bool ok, const GError *error)
{
	if (ok == (error != NULL) || (error && !*error->message))
		fail("result and error disagree", error);
}

static vmsim_machine *small_machine(void)
{
	vmsim_config *config = vmsim_config_new();
	GError *error = NULL;
	vmsim_machine *machine;

	if (!vmsim_config_load(config, "classroom", &error) ||
	    !vmsim_config_set(config, "memory.frames=24", &error) ||
	    !vmsim_config_finish(config, &error))
		fail("configuration", error);
	machine = vmsim_machine_new(config, &error);
	if (!machine)
		fail("machine", error);
	vmsim_machine_set_audit(machine, VMSIM_AUDIT_FULL);
	vmsim_config_free(config);
	return machine;
}

static void replay(vmsim_trace *trace)
{
	vmsim_machine *machine = small_machine();
	const struct vmsim_event *events;
	GError *error = NULL;
	size_t n, total = 0;

	vmsim_machine_begin_trace(machine, trace);
	while (total < MOST_EVENTS && (n = vmsim_trace_next(trace, &events, &error)) > 0) {
		bool ok = vmsim_machine_feed(machine, events, n, NULL, &error);

		expect_consistent(ok, error);
		if (!ok)
			break;
		total += n;
	}
	if (error && error->code == VMSIM_ERROR_INVARIANT)
		fail("invariant", error);
	g_clear_error(&error);
	vmsim_machine_free(machine);
}

static void as_trace(const uint8_t *data, size_t size)
{
	FILE *file = tmpfile();
	GError *error = NULL;
	vmsim_trace *trace;
	char *path;

	if (!file || fwrite(data, 1, size, file) != size || fflush(file) || fseek(file, 0, SEEK_SET))
		fail("scratch file", NULL);
	path = g_strdup_printf("/dev/fd/%d", fileno(file));
	trace = vmsim_trace_open(path, NULL, NULL, &error);
	expect_consistent(trace != NULL, error);
	g_clear_error(&error);
	if (trace) {
		replay(trace);
		vmsim_trace_close(trace);
	}
	g_free(path);
	fclose(file);
}

static void as_config(const uint8_t *data, size_t size)
{
	vmsim_config *config = vmsim_config_new();
	char *text = g_strndup((const char *)data, size);
	GError *error = NULL;
	bool ok = vmsim_config_load_text(config, text, "input", &error);

	expect_consistent(ok, error);
	if (ok) {
		ok = vmsim_config_finish(config, &error);
		expect_consistent(ok, error);
	}
	if (ok)
		g_free(vmsim_config_dump(config));
	g_clear_error(&error);
	g_free(text);
	vmsim_config_free(config);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	as_trace(data, size);
	as_config(data, size);
	return 0;
}

#ifndef LIBFUZZER
int main(int argc, char **argv)
{
	int n = 0;

	for (int i = 1; i < argc; i++) {
		char *data;
		size_t size;

		if (!g_file_get_contents(argv[i], &data, &size, NULL))
			continue;
		LLVMFuzzerTestOneInput((const uint8_t *)data, size);
		g_free(data);
		n++;
	}
	printf("%d inputs\n", n);
	return n ? 0 : 1;
}
#endif
