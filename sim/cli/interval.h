/* interval.h: figures of a run, interval by interval, in a file (--interval, --interval-file). */
#ifndef CLI_INTERVAL_H
#define CLI_INTERVAL_H

#include "cli.h"

struct interval {
	enum vmsim_unit unit;
	uint64_t every; /* 0: none is wanted */
	bool json;      /* JSON Lines; else CSV */
	vmsim_output *output;
	GString *line;
	GError *failed; /* the first failure of writing */
};

/* interval_parse: what --interval and --interval-file say; both may be NULL.
 * => returns false after a message */
bool interval_parse(struct interval *interval, const struct command *command, const char *every,
		    const char *file);
/* interval_open: the file, if one is wanted, and its head. */
bool interval_open(struct interval *interval, const char *file, GError **error);
/* interval_begin: rows are written from now on. */
void interval_begin(struct interval *interval, vmsim_machine *machine);
/* interval_finish: give the file its name. */
bool interval_finish(struct interval *interval, GError **error);
/* interval_abandon: leave no file behind. */
void interval_abandon(struct interval *interval);

#endif
