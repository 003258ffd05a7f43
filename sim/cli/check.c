/* check.c: `vmsim check`: replay, and list every result that differs from the recorded one. */
#include "replay.h"

#include <stdio.h>

static void print_divergence(void *ctx, const struct vmsim_record *record)
{
	(void)ctx;
	printf("%s:%" G_GUINT64_FORMAT ": %s: expected %s, got %s [%s]\n", record->file,
	       record->line ? record->line : record->seq, record->call, record->expected,
	       record->got, record->rule);
}

static void listen(struct replay *replay)
{
	vmsim_machine_listen(replay->machine, VMSIM_RECORD_BIT(VMSIM_RECORD_DIVERGENCE),
			     print_divergence, NULL);
}

static int print_verdict(struct replay *replay)
{
	uint64_t n = vmsim_machine_divergences(replay->machine);
	char *text;

	if (replay->options.verbose && !replay->options.quiet) {
		text = vmsim_report_summary(replay->machine,
					    (const char *const *)replay->options.traces);
		fputs(text, stdout);
		g_free(text);
	}
	if (!replay->options.quiet)
		printf("%" G_GUINT64_FORMAT " divergence%s in %" G_GUINT64_FORMAT " event%s\n", n,
		       n == 1 ? "" : "s", replay->events, replay->events == 1 ? "" : "s");
	return n > 0 ? CLI_DIVERGED : CLI_DONE;
}

int cli_check(const struct command *command, int argc, char **argv)
{
	static const struct replay_hooks hooks = {
		.begin = listen,
		.end = print_verdict,
		.notes = "Each divergence is printed as\n"
			 "  FILE:LINE: call: expected ..., got ... [rule]\n"
			 "-q leaves only the divergences, -v adds the summary of run.\n\n"
			 "Several traces are the parts of one recording, replayed one after\n"
			 "another, unless --together is given. - is standard input; zstd, xz and\n"
			 "gzip are read as they are.\n\n"
			 "Exit codes: 0 no divergence, 1 divergences, 2 bad usage, configuration,\n"
			 "trace or file, 3 a broken invariant of the simulator, 4 the simulated\n"
			 "machine ran out of frames, 130 interrupted."};

	return replay_main(command, &hooks, argc, argv);
}
