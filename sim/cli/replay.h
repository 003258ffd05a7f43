/* replay.h: what run and check have in common: everything but what they print. */
#ifndef CLI_REPLAY_H
#define CLI_REPLAY_H

#include "cli.h"
#include "source.h"

/* As given on the command line. */
struct replay_options {
	char **configs, **sets, **traces;
	char *format, *events, *event_filter, *report, *host_report, *audit, *progress;
	char *limit, *skip, *seed, *interval, *interval_file;
	gboolean dump_config, quiet, verbose, together;
};

struct replay {
	const struct command *command;
	struct replay_options options;
	vmsim_config *config;
	struct source *source;
	vmsim_machine *machine;
	const char *file; /* of the event under way, for messages */
	uint64_t events;  /* carried out since measuring began */
};

/* What a command adds. */
struct replay_hooks {
	/* Before the first event that is measured: the place to listen. May be NULL. */
	void (*begin)(struct replay *replay);
	/* After the last: print results. Returns the exit code of a run without errors. */
	int (*end)(struct replay *replay);
	const char *notes; /* for --help */
};

int replay_main(const struct command *command, const struct replay_hooks *hooks, int argc,
		char **argv);

#endif
