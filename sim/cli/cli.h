/* cli.h: what the commands share. Commands include include/vmsim and this, nothing below. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <glib.h>
#include <vmsim/vmsim.h>

/* Exit codes, interface section 1. */
enum exit_code {
	CLI_DONE = 0,
	CLI_DIVERGED = 1,
	CLI_BAD_INPUT = 2,
	CLI_INVARIANT = 3,
	CLI_NO_PAGES = 4,
	CLI_INTERRUPTED = 130,
};

struct command {
	const char *name;
	const char *arguments; /* "[options] TRACE..." */
	const char *doc;       /* what it does, one line */
	int (*run)(const struct command *command, int argc, char **argv); /* argv[0] is the name */
};
extern const struct command commands[]; /* ends with a NULL name */

int cli_run(const struct command *command, int argc, char **argv);
int cli_check(const struct command *command, int argc, char **argv);
int cli_info(const struct command *command, int argc, char **argv);
int cli_convert(const struct command *command, int argc, char **argv);
int cli_list(const struct command *command, int argc, char **argv);

/* cli_message: one line on standard error, begun with the program's name. */
void cli_message(const char *format, ...) G_GNUC_PRINTF(1, 2);
/* cli_fail: report the error, free it, and return its exit code. */
int cli_fail(GError *error);
/* cli_usage: report bad usage of a command; returns CLI_BAD_INPUT. */
int cli_usage(const struct command *command, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* cli_flush: standard output must have arrived. Returns code, or what its failure makes of it. */
int cli_flush(int code);

/* cli_hold_streams: a standard stream that is closed fails, rather than be the next file that is
 * opened. */
void cli_hold_streams(void);

/* cli_parse: options and --help.
 * => returns true to go on; argv then holds the name and what was not an option
 * => returns false with *code set when there is nothing more to do */
bool cli_parse(const struct command *command, const GOptionEntry *entries, const char *notes,
	       int *argc, char ***argv, int *code);
/* cli_number: a whole number given to an option; NULL leaves *value alone. */
bool cli_number(const struct command *command, const char *option, const char *text,
		uint64_t *value);

/* cli_catch_interrupt: from now on the first SIGINT is only noted; a second one kills. */
void cli_catch_interrupt(void);
bool cli_interrupted(void);
/* The flag it sets, for who must look at it often. */
const volatile int *cli_interrupt_flag(void);

#endif
