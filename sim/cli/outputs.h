/* outputs.h: the files that a replay writes: events, intervals, report, host report. */
#ifndef CLI_OUTPUTS_H
#define CLI_OUTPUTS_H

#include "interval.h"
#include "progress.h"
#include "replay.h"

struct outputs {
	const char *const *files;
	vmsim_output *events, *report, *host_report; /* NULL: not wanted */
	uint64_t mask;                               /* kinds of events wanted */
	GString *line;
	GError *failed; /* the first failure of writing events */
	struct interval interval;
};

/* outputs_open: open what the options ask for; on failure nothing is left behind.
 * => outputs->interval is parsed */
bool outputs_open(struct outputs *outputs, const struct replay_options *options, GError **error);
/* outputs_listen: events and intervals of the machine are written from now on. */
void outputs_listen(struct outputs *outputs, vmsim_machine *machine);
/* outputs_check: false when writing events or intervals has failed since. */
bool outputs_check(struct outputs *outputs, GError **error);
/* outputs_finish: write the reports and give every file its name; or no further one on failure. */
bool outputs_finish(struct outputs *outputs, const vmsim_machine *machine,
		    const struct host_figures *host, GError **error);
/* outputs_abandon: leave no file behind. */
void outputs_abandon(struct outputs *outputs);

#endif
