/* common.c: messages, options, signals: what every command needs. */
#include "cli.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* --- messages ------------------------------------------------------------------------------- */

void cli_message(const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	fprintf(stderr, "vmsim: %s\n", text);
	g_free(text);
}

int cli_fail(GError *error)
{
	int code = CLI_BAD_INPUT;

	if (g_error_matches(error, VMSIM_ERROR, VMSIM_ERROR_INVARIANT))
		code = CLI_INVARIANT;
	else if (g_error_matches(error, VMSIM_ERROR, VMSIM_ERROR_NO_PAGES))
		code = CLI_NO_PAGES;
	cli_message("%s", error->message);
	g_error_free(error);
	return code;
}

int cli_usage(const struct command *command, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	cli_message("%s: %s (see vmsim %s --help)", command->name, text, command->name);
	g_free(text);
	return CLI_BAD_INPUT;
}

int cli_flush(int code)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return code;
	cli_message("cannot write standard output");
	return CLI_BAD_INPUT;
}

void cli_hold_streams(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

/* --- options -------------------------------------------------------------------------------- */

/* Prints GLib's help, but for its usage line, which does not know the operands. */
static void print_help(const struct command *command, GOptionContext *context)
{
	char *help = g_option_context_get_help(context, TRUE, NULL);
	const char *rest = strstr(help, "\n\n");

	printf("Usage:\n  vmsim %s %s%s", command->name, command->arguments, rest ? rest : "\n");
	g_free(help);
}

/* Ends argv after the operands, without a "--" that GLib has left before one that looks like an
 * option. */
static void drop_separator(int *argc, char **argv)
{
	int i = 1;

	while (i < *argc && strcmp(argv[i], "--"))
		i++;
	if (i < *argc) {
		memmove(argv + i, argv + i + 1, (size_t)(*argc - i - 1) * sizeof argv[0]);
		--*argc;
	}
	argv[*argc] = NULL;
}

bool cli_parse(const struct command *command, const GOptionEntry *entries, const char *notes,
	       int *argc, char ***argv, int *code)
{
	gboolean help = FALSE;
	const GOptionEntry help_entry[] = {
		{"help", 'h', 0, G_OPTION_ARG_NONE, &help, "Show this help", NULL}, {0}};
	GOptionContext *context = g_option_context_new(NULL);
	GError *error = NULL;

	g_option_context_set_help_enabled(context, FALSE);
	g_option_context_set_summary(context, command->doc);
	g_option_context_set_description(context, notes);
	g_option_context_add_main_entries(context, entries, NULL);
	g_option_context_add_main_entries(context, help_entry, NULL);
	*code = CLI_DONE;
	if (!g_option_context_parse(context, argc, argv, &error)) {
		*code = cli_usage(command, "%s", error->message);
		g_error_free(error);
	} else if (help) {
		print_help(command, context);
		*code = cli_flush(CLI_DONE);
	} else {
		drop_separator(argc, *argv);
	}
	g_option_context_free(context);
	return *code == CLI_DONE && !help;
}

bool cli_number(const struct command *command, const char *option, const char *text,
		uint64_t *value)
{
	GError *error = NULL;

	if (!text || g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT64, value, &error))
		return true;
	g_error_free(error);
	cli_usage(command, "%s %.60s: not a whole number", option, text);
	return false;
}

/* --- interruption --------------------------------------------------------------------------- */

static volatile sig_atomic_t interrupted;

static void note_interrupt(int signal_number)
{
	(void)signal_number;
	interrupted = 1;
}

void cli_catch_interrupt(void)
{
	struct sigaction action = {.sa_handler = note_interrupt, .sa_flags = (int)SA_RESETHAND};

	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL); /* reads under way end early, so that it is noticed */
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	/* A reader that went away, or a file too large, is an error of writing. */
	action.sa_handler = SIG_IGN;
	action.sa_flags = 0;
	sigaction(SIGPIPE, &action, NULL);
	sigaction(SIGXFSZ, &action, NULL);
}

const volatile int *cli_interrupt_flag(void)
{
	return &interrupted;
}

bool cli_interrupted(void)
{
	return interrupted != 0;
}
