/* main.c: the program: find the command, run it, exit with its code. */
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>

const struct command commands[] = {
	{"run", "[options] TRACE...", "Replay traces and print a summary.", cli_run},
	{"check", "[options] TRACE...",
	 "Replay traces and compare every recorded result with the replay's.", cli_check},
	{"info", "[options] TRACE...", "Show what a trace holds, without simulating it.", cli_info},
	{"convert", "[options] IN OUT", "Rewrite a trace in another format.", cli_convert},
	{"list", "options|policies|formats|events|counters|presets|invariants",
	 "List what the program knows, from the tables that it runs on.", cli_list},
	{NULL, NULL, NULL, NULL},
};

static int help(void)
{
	puts("Usage:\n  vmsim COMMAND [options] ...\n\n"
	     "A trace-driven, cycle-level simulator of an MMU and the Windows memory manager.\n\n"
	     "Commands:");
	for (const struct command *c = commands; c->name; c++)
		printf("  %-9s %s\n", c->name, c->doc);
	puts("\nOptions:\n  --help    Show this help; vmsim COMMAND --help shows a command's\n"
	     "  --version Show the version\n\n"
	     "Exit codes: 0 done, 1 check found divergences, 2 bad usage, configuration, trace or\n"
	     "file, 3 a broken invariant of the simulator, 4 the simulated machine ran out of\n"
	     "frames, 130 interrupted.");
	return cli_flush(CLI_DONE);
}

static const struct command *find_command(const char *name)
{
	for (const struct command *c = commands; c->name; c++)
		if (!strcmp(c->name, name))
			return c;
	return NULL;
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : NULL;
	const struct command *command;

	cli_hold_streams();
	if (!name) {
		cli_message("no command (expected run, check, info, convert or list; "
			    "see vmsim --help)");
		return CLI_BAD_INPUT;
	}
	if (!strcmp(name, "--version")) {
		printf("vmsim %s\n", vmsim_version());
		return cli_flush(CLI_DONE);
	}
	if (!strcmp(name, "--help") || !strcmp(name, "-h") || !strcmp(name, "help"))
		return help();
	command = find_command(name);
	if (command)
		return command->run(command, argc - 1, argv + 1);
	cli_message("%s: no such command (expected run, check, info, convert or list; "
		    "see vmsim --help)",
		    name);
	return CLI_BAD_INPUT;
}
