/* run.c: `vmsim run`: replay, and print a summary. */
#include "replay.h"

#include <stdio.h>

static int print_summary(struct replay *replay)
{
	char *text;

	if (replay->options.quiet)
		return CLI_DONE;
	text = vmsim_report_summary(replay->machine, (const char *const *)replay->options.traces);
	fputs(text, stdout);
	g_free(text);
	return CLI_DONE;
}

int cli_run(const struct command *command, int argc, char **argv)
{
	static const struct replay_hooks hooks = {
		.end = print_summary,
		.notes =
			"Several traces are the parts of one recording, replayed one after\n"
			"another, unless --together is given. - is standard input; zstd, xz and\n"
			"gzip are read as they are. `vmsim list options` names what --set sets.\n\n"
			"Exit codes: 0 done, 2 bad usage, configuration, trace or file, 3 a\n"
			"broken invariant of the simulator, 4 the simulated machine ran out of\n"
			"frames, 130 interrupted, after writing what there is."};

	return replay_main(command, &hooks, argc, argv);
}
