/* bench_hot.c: what one reference costs on the hot path, through the public API.
 *
 * Prepared events, loads and fetches of a few pages that stay in the first-level TLBs, are fed to a
 * machine again and again. The figure is set against a baseline measured in the same run: a loop
 * over the same events that does one table look-up for each, which is about what no simulator can
 * avoid. The ratio says more than the nanoseconds, which depend on the host.
 *
 *   bench_hot [ROUNDS]     prints both and their ratio, the least of ROUNDS (9) measurements each
 *
 * Nothing here passes or fails by time. It fails if a reference misses the TLB when it should not:
 * then it would not be the hot path that is measured. */
#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <vmsim/vmsim.h>

enum { N_EVENTS = 4096, N_PAGES = 16, REPEATS = 500 };

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void die(const char *what, GError *error)
{
	fprintf(stderr, "bench_hot: %s%s%s\n", what, error ? ": " : "",
		error ? error->message : "");
	exit(1);
}

/* write_trace: lackey lines: a fetch, then loads and stores, over N_PAGES pages of code and as many
 * of data, a page seldom twice in a row. */
static void write_trace(const char *path)
{
	FILE *out = fopen(path, "w");
	unsigned x = 1;

	if (!out)
		die("cannot write a trace", NULL);
	for (int i = 0; i < N_EVENTS; i++) {
		unsigned page, kind;

		x = x * 1103515245u + 12345u;
		page = x >> 16 & (N_PAGES - 1);
		kind = i % 2 == 0 ? 0 : x >> 24 & 1;
		if (i % 2 == 0)
			page += 0x100;
		fprintf(out, "%s%08x,4\n",
			i % 2 == 0 ? "I  "
			: kind     ? " S "
				   : " L ",
			0x400000 + page * 0x1000 + (x >> 8 & 0xff0));
	}
	if (fclose(out) != 0)
		die("cannot write a trace", NULL);
}

/* read_events: the trace as the reader delivers it; batches are copied, they do not last. */
static GArray *read_events(vmsim_trace *trace)
{
	GArray *events = g_array_new(FALSE, FALSE, sizeof(struct vmsim_event));
	const struct vmsim_event *batch;
	GError *error = NULL;
	size_t n;

	while ((n = vmsim_trace_next(trace, &batch, &error)) > 0)
		g_array_append_vals(events, batch, (guint)n);
	if (error)
		die("cannot read the trace", error);
	if (events->len != N_EVENTS)
		die("the reader lost events", NULL);
	return events;
}

static vmsim_machine *new_machine(void)
{
	vmsim_config *config = vmsim_config_new();
	GError *error = NULL;
	vmsim_machine *machine = NULL;

	if (vmsim_config_finish(config, &error))
		machine = vmsim_machine_new(config, &error);
	vmsim_config_free(config);
	if (!machine)
		die("no machine", error);
	vmsim_machine_set_audit(machine, VMSIM_AUDIT_OFF);
	return machine;
}

static void feed(vmsim_machine *machine, const GArray *events)
{
	GError *error = NULL;

	if (!vmsim_machine_feed(machine, (const struct vmsim_event *)(const void *)events->data,
				events->len, NULL, &error))
		die("the machine stopped", error);
}

/* baseline: the same events, one look-up in a table of pages each. */
static double baseline(const GArray *events)
{
	static uint64_t table[4096];
	const struct vmsim_event *event = (const struct vmsim_event *)(const void *)events->data;
	double start = now_ns();

	for (int r = 0; r < REPEATS; r++)
		for (guint i = 0; i < events->len; i++)
			table[event[i].va >> VMSIM_PAGE_SHIFT & 4095] += event[i].size;
	start = now_ns() - start;
	for (size_t i = 0; i < G_N_ELEMENTS(table); i++) /* keeps the loop alive */
		if (table[i] == 1)
			puts("");
	return start / ((double)REPEATS * events->len);
}

static double hot(vmsim_machine *machine, const GArray *events)
{
	double start = now_ns();

	for (int r = 0; r < REPEATS; r++)
		feed(machine, events);
	return (now_ns() - start) / ((double)REPEATS * events->len);
}

static uint64_t misses(const vmsim_machine *machine)
{
	uint64_t i = 0, d = 0;

	vmsim_machine_counter(machine, "itlb_misses", &i);
	vmsim_machine_counter(machine, "dtlb_misses", &d);
	return i + d;
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 9;
	double least_base = 1e9, least_hot = 1e9;
	GError *error = NULL;
	char *path = NULL;
	vmsim_trace *trace;
	vmsim_machine *machine;
	GArray *events;
	uint64_t cold;

	g_close(g_file_open_tmp("bench-XXXXXX", &path, NULL), NULL);
	write_trace(path);
	trace = vmsim_trace_open(path, NULL, NULL, &error);
	if (!trace)
		die("cannot open the trace", error);
	events = read_events(trace);
	machine = new_machine();
	vmsim_machine_begin_trace(machine, trace);
	feed(machine, events); /* faults, walks and D bits are behind us now */
	cold = misses(machine);
	for (int r = 0; r < rounds; r++) {
		least_base = MIN(least_base, baseline(events));
		least_hot = MIN(least_hot, hot(machine, events));
	}
	if (misses(machine) != cold)
		die("references missed the TLB: this is not the hot path", NULL);
	printf("baseline %.2f ns/reference, simulator %.2f ns/reference, ratio %.1f\n", least_base,
	       least_hot, least_hot / least_base);
	vmsim_machine_free(machine);
	vmsim_trace_close(trace);
	g_array_free(events, TRUE);
	g_unlink(path);
	g_free(path);
	return 0;
}
