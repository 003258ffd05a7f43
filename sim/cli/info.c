/* info.c: `vmsim info`: what a trace holds, without simulating it. */
#include "footprint.h"
#include "source.h"

#include "cli.h"

#include <stdio.h>

static char *format;

static const GOptionEntry entries[] = {{"format", 'f', 0, G_OPTION_ARG_FILENAME, &format,
					"Format of the traces (default: by their content)",
					"FORMAT"},
				       {0}};

struct tally {
	uint64_t events, accesses[3], gaps, times, results;
	uint64_t calls[VMSIM_N_CALLS];
};

static void count(struct tally *tally, const struct vmsim_event *event)
{
	tally->events++;
	tally->gaps += (event->flags & VMSIM_EV_GAP) != 0;
	tally->times += (event->flags & VMSIM_EV_AT) != 0;
	if (event->op == VMSIM_OP_CALL) {
		tally->calls[event->call->id]++;
		tally->results += event->call->recorded.kind != VMSIM_OUTCOME_NONE;
	} else {
		tally->accesses[event->op]++;
		tally->results += event->result != VMSIM_RESULT_NONE;
	}
}

static void print(const char *name, uint64_t n)
{
	if (n > 0)
		printf("%-30s %" G_GUINT64_FORMAT "\n", name, n);
}

static void print_pages(const char *name, uint64_t pages)
{
	printf("%-30s %" G_GUINT64_FORMAT " pages, %" G_GUINT64_FORMAT " KiB\n", name, pages,
	       pages * (VMSIM_PAGE_SIZE / 1024));
}

static void print_head(const struct source *source)
{
	for (size_t i = 0; i < source_parts(source); i++) {
		const vmsim_trace *trace = source_part(source, i);
		const struct vmsim_trace_header *header = vmsim_trace_get_header(trace);

		printf("%-30s %s, %s", "trace", vmsim_trace_path(trace), vmsim_trace_format(trace));
		if (header->rules >= 0)
			printf(", rules %s", header->rules ? "win32" : "article");
		if (header->machine[0])
			printf(", machine %s", header->machine);
		putchar('\n');
	}
}

static void print_all(const struct source *source, const struct tally *tally,
		      const struct footprint *footprint)
{
	struct footprint_totals totals;

	footprint_totals(footprint, &totals);
	print_head(source);
	printf("%-30s %" G_GUINT64_FORMAT "\n", "events", tally->events);
	print("  loads", tally->accesses[VMSIM_OP_READ]);
	print("  stores", tally->accesses[VMSIM_OP_WRITE]);
	print("  fetches", tally->accesses[VMSIM_OP_EXECUTE]);
	for (int id = 0; id < VMSIM_N_CALLS; id++) {
		char *name = g_strdup_printf("  %s", vmsim_calls[id].name);

		print(name, tally->calls[id]);
		g_free(name);
	}
	print("with a recorded result", tally->results);
	print("with a gap (+N)", tally->gaps);
	print("with a time (@N)", tally->times);
	print("processes", totals.processes);
	print("threads", totals.threads);
	printf("%-30s %" G_GUINT64_FORMAT " (%" G_GUINT64_FORMAT " by loads and stores)\n",
	       "distinct pages", totals.pages, totals.data_pages);
	print_pages("peak reserved", totals.reserved_peak);
	print_pages("peak committed", totals.committed_peak);
}

int cli_info(const struct command *command, int argc, char **argv)
{
	static const char notes[] =
		"Several traces are the parts of one recording. - is standard input; zstd, xz and\n"
		"gzip are read as they are. Pages reserved and committed follow from the recorded\n"
		"results of calls; pages a format without calls touches are not counted there.";
	struct tally tally = {0};
	struct footprint *footprint;
	struct source *source;
	const struct vmsim_event *events;
	vmsim_trace *trace;
	GError *error = NULL;
	size_t n;
	int code;

	if (!cli_parse(command, entries, notes, &argc, &argv, &code))
		return code;
	if (argc < 2)
		return cli_usage(command, "no trace (expected TRACE..., or - for standard input)");
	source = source_open(argv + 1, format, false, &error);
	if (!source)
		return cli_fail(error);
	footprint = footprint_new();
	while ((n = source_next(source, SIZE_MAX, &trace, &events, &error)) > 0)
		for (size_t i = 0; i < n; i++) {
			count(&tally, &events[i]);
			footprint_event(footprint, &events[i]);
		}
	if (!error)
		print_all(source, &tally, footprint);
	footprint_free(footprint);
	source_close(source);
	return error ? cli_fail(error) : cli_flush(CLI_DONE);
}
