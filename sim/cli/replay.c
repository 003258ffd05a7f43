/* replay.c: replaying traces: configuration, machine, the loop, and the files that come out.
 *
 * The order of things: everything that can be refused is looked at before the first event, and
 * output files are opened then, too, so that a long run does not end at a folder that is not
 * there. A run that ends early for a reason of the simulated machine's (exit codes 3, 4) or
 * yours (130) writes what it has; one that ends for a bad input (2) leaves no file behind. */
#include "replay.h"

#include "outputs.h"
#include "progress.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CHUNK 8192 /* events between looks at the progress and at SIGINT */

static struct replay_options given; /* where GOption puts what it parses */

static const GOptionEntry entries[] = {
	{"config", 'c', 0, G_OPTION_ARG_FILENAME_ARRAY, &given.configs,
	 "Machine: a preset's name or a JSON file; later ones override", "FILE|PRESET"},
	{"set", 's', 0, G_OPTION_ARG_FILENAME_ARRAY, &given.sets,
	 "Set one option; overrides every --config", "PATH=VALUE"},
	{"format", 'f', 0, G_OPTION_ARG_FILENAME, &given.format,
	 "Format of the traces (default: by their content)", "FORMAT"},
	{"together", 0, 0, G_OPTION_ARG_NONE, &given.together,
	 "Replay the traces side by side as different processes", NULL},
	{"skip", 0, 0, G_OPTION_ARG_FILENAME, &given.skip,
	 "Carry out the first N events without measuring them", "N"},
	{"limit", 0, 0, G_OPTION_ARG_FILENAME, &given.limit, "Measure N events, then stop", "N"},
	{"seed", 0, 0, G_OPTION_ARG_FILENAME, &given.seed, "As --set seed=N", "N"},
	{"report", 'r', 0, G_OPTION_ARG_FILENAME, &given.report, "Write the report as JSON",
	 "FILE"},
	{"events", 'e', 0, G_OPTION_ARG_FILENAME, &given.events,
	 "Write what happened as JSON, one event a line", "FILE"},
	{"event-filter", 0, 0, G_OPTION_ARG_FILENAME, &given.event_filter,
	 "Write only these kinds of event (see vmsim list events)", "KIND,..."},
	{"host-report", 0, 0, G_OPTION_ARG_FILENAME, &given.host_report,
	 "Write seconds, references per second and peak memory as JSON", "FILE"},
	{"interval", 0, 0, G_OPTION_ARG_FILENAME, &given.interval,
	 "Write figures for every N cycles or events", "N[cycles|events]"},
	{"interval-file", 0, 0, G_OPTION_ARG_FILENAME, &given.interval_file,
	 "Where to: CSV, or JSON, one object a line", "FILE.csv|FILE.jsonl"},
	{"audit", 0, 0, G_OPTION_ARG_FILENAME, &given.audit,
	 "Check the simulator's invariants while it runs (default off)", "off|cheap|full"},
	{"dump-config", 0, 0, G_OPTION_ARG_NONE, &given.dump_config,
	 "Print the effective configuration and stop; TRACE may be left out", NULL},
	{"progress", 0, 0, G_OPTION_ARG_FILENAME, &given.progress,
	 "Show progress on standard error (auto: on a terminal)", "auto|always|never"},
	{"quiet", 'q', 0, G_OPTION_ARG_NONE, &given.quiet,
	 "Print no summary and no figures of the host", NULL},
	{"verbose", 'v', 0, G_OPTION_ARG_NONE, &given.verbose, "Say more about what is done", NULL},
	{0}};

/* --- configuration ---------------------------------------------------------------------------- */

/* Layers, lowest first: the preset that a trace names, its other directives, files, settings.
 * The last two come first here, since the traces' own only fill in what they left open. */
static bool apply_options(struct replay *replay, GError **error)
{
	const struct replay_options *o = &replay->options;

	for (char **file = o->configs; file && *file; file++)
		if (!vmsim_config_load(replay->config, *file, error))
			return false;
	for (char **set = o->sets; set && *set; set++)
		if (!vmsim_config_set(replay->config, *set, error))
			return false;
	if (o->seed) {
		char *set = g_strdup_printf("seed=%s", o->seed);
		bool done = vmsim_config_set(replay->config, set, error);

		g_free(set);
		return done;
	}
	return true;
}

/* Applies what one trace's head says about the rules it was recorded by. */
static bool apply_directives(struct replay *replay, const vmsim_trace *trace, GError **error)
{
	static const char *const rules[] = {"rules=article", "rules=win32"};
	static const char *const commit[] = {"trace.implicit_commit=false",
					     "trace.implicit_commit=true"};
	const struct vmsim_trace_header *header = vmsim_trace_get_header(trace);

	if (header->rules >= 0 &&
	    !vmsim_config_set_default(replay->config, rules[header->rules != 0], error))
		return false;
	return header->implicit_commit < 0 ||
	       vmsim_config_set_default(replay->config, commit[header->implicit_commit != 0],
					error);
}

/* Whether two heads ask for the same machine; one of them can be had. */
static bool headers_agree(const struct vmsim_trace_header *a, const struct vmsim_trace_header *b)
{
	return (a->rules < 0 || b->rules < 0 || a->rules == b->rules) &&
	       (a->implicit_commit < 0 || b->implicit_commit < 0 ||
		a->implicit_commit == b->implicit_commit) &&
	       (!a->machine[0] || !b->machine[0] || !strcmp(a->machine, b->machine));
}

/* The first trace to say something is heard. Of presets below, the first applied is uppermost;
 * of directives, the last. */
static bool apply_headers(struct replay *replay, GError **error)
{
	size_t n = source_parts(replay->source);
	vmsim_trace *first = source_part(replay->source, 0), *trace;

	for (size_t i = 0; i < n; i++) {
		const struct vmsim_trace_header *header;

		trace = source_part(replay->source, i);
		header = vmsim_trace_get_header(trace);
		if (!headers_agree(vmsim_trace_get_header(first), header))
			cli_message("%s: directives differ from those of %s, which are used",
				    vmsim_trace_path(trace), vmsim_trace_path(first));
		if (header->machine[0] &&
		    !vmsim_config_load_below(replay->config, header->machine, error)) {
			g_prefix_error(error,
				       "%s:%" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT ": %%machine ",
				       vmsim_trace_path(trace), header->machine_line,
				       header->machine_column);
			return false;
		}
	}
	while (n-- > 0)
		if (!apply_directives(replay, source_part(replay->source, n), error))
			return false;
	return true;
}

static bool configure(struct replay *replay, GError **error)
{
	replay->config = vmsim_config_new();
	if (!apply_options(replay, error))
		return false;
	if (replay->options.traces[0]) {
		replay->source = source_open(replay->options.traces, replay->options.format,
					     replay->options.together, error);
		if (!replay->source || !apply_headers(replay, error))
			return false;
	}
	return vmsim_config_finish(replay->config, error);
}

/* --- the loop --------------------------------------------------------------------------------- */

struct loop {
	const struct replay_hooks *hooks;
	struct outputs *outputs;
	struct progress *progress;
	vmsim_trace *trace; /* whose events are under way */
	uint64_t skip, limit;
	uint64_t unshown; /* events since the progress was shown */
	bool measuring;
};

static void begin_measuring(struct replay *replay, struct loop *loop)
{
	loop->measuring = true;
	if (loop->skip > 0)
		vmsim_machine_measure(replay->machine);
	replay->events = 0;
	outputs_listen(loop->outputs, replay->machine);
	if (loop->hooks->begin)
		loop->hooks->begin(replay);
}

static void show_progress(const struct replay *replay, struct loop *loop)
{
	uint64_t references = 0, consumed, size;

	if (!loop->progress->shown || loop->unshown < CHUNK)
		return;
	loop->unshown = 0;
	vmsim_machine_counter(replay->machine, "references", &references);
	source_progress(replay->source, &consumed, &size);
	progress_update(loop->progress, references, consumed, size);
}

/* Feeds the next events; false at the end, when interrupted, or with error set. */
static bool step(struct replay *replay, struct loop *loop, GError **error)
{
	const struct vmsim_event *events;
	vmsim_trace *trace;
	uint64_t left =
		loop->measuring ? loop->limit - replay->events : loop->skip - replay->events;
	size_t n, done = 0;
	bool fed;

	if (left == 0 || cli_interrupted())
		return false;
	n = source_next(replay->source, (size_t)MIN(left, CHUNK), &trace, &events, error);
	if (n == 0)
		return false;
	if (trace != loop->trace) {
		loop->trace = trace;
		replay->file = vmsim_trace_path(trace);
		vmsim_machine_begin_trace(replay->machine, trace);
		if (replay->options.verbose && !replay->options.together)
			cli_message("%s: replaying, format %s", replay->file,
				    vmsim_trace_format(trace));
	}
	fed = vmsim_machine_feed(replay->machine, events, n, &done, error);
	replay->events += done;
	loop->unshown += done;
	show_progress(replay, loop);
	return fed && outputs_check(loop->outputs, error);
}

static bool replay_events(struct replay *replay, struct loop *loop, GError **error)
{
	GError *wrong = NULL;

	while (!loop->measuring) {
		if (replay->events == loop->skip)
			begin_measuring(replay, loop);
		else if (!step(replay, loop, &wrong))
			break;
	}
	while (!wrong && step(replay, loop, &wrong))
		;
	/* A trace that SIGINT has cut off is no bad one. */
	if (wrong && cli_interrupted() &&
	    (g_error_matches(wrong, VMSIM_ERROR, VMSIM_ERROR_INTERRUPTED) ||
	     g_error_matches(wrong, VMSIM_ERROR, VMSIM_ERROR_FILE) ||
	     g_error_matches(wrong, VMSIM_ERROR, VMSIM_ERROR_TRACE)))
		g_clear_error(&wrong);
	if (!wrong && !loop->measuring) /* a trace shorter than what was to be skipped */
		begin_measuring(replay, loop);
	/* A machine that was stopped is finished, too: what it has is reported. */
	vmsim_machine_finish(replay->machine, wrong || cli_interrupted() ? NULL : &wrong);
	if (!wrong)
		return true;
	g_propagate_error(error, wrong);
	return false;
}

/* --- the whole -------------------------------------------------------------------------------- */

static bool parse_word(const struct command *command, const char *option, const char *text,
		       const char *const *words, int *index)
{
	char *expected;

	for (int i = 0; text && words[i]; i++)
		if (!strcmp(text, words[i])) {
			*index = i;
			return true;
		}
	if (!text)
		return true;
	expected = g_strjoinv(", ", (char **)(uintptr_t)words);
	cli_usage(command, "%s %.60s: expected one of %s", option, text, expected);
	g_free(expected);
	return false;
}

/* Devices and standard output may be shared; a file would be written twice. */
static bool same_output(const char *a, const char *b)
{
	char *x, *y;
	bool same;

	if (!a || !b || !strcmp(a, "-") || !strcmp(b, "-") || !strncmp(a, "/dev/", 5))
		return false;
	x = g_canonicalize_filename(a, NULL);
	y = g_canonicalize_filename(b, NULL);
	same = !strcmp(x, y);
	g_free(x);
	g_free(y);
	return same;
}

/* Reads the options that are words or numbers. */
static bool parse_options(struct replay *replay, struct loop *loop, int *audit, gboolean *shown)
{
	static const char *const audits[] = {"off", "cheap", "full", NULL};
	static const char *const shows[] = {"auto", "always", "never", NULL};
	const struct replay_options *o = &replay->options;
	const char *const outputs[] = {o->events, o->report, o->host_report, o->interval_file};
	int show = 0;

	loop->skip = 0;
	loop->limit = UINT64_MAX;
	if (!parse_word(replay->command, "--audit", o->audit, audits, audit) ||
	    !parse_word(replay->command, "--progress", o->progress, shows, &show) ||
	    !cli_number(replay->command, "--skip", o->skip, &loop->skip) ||
	    !cli_number(replay->command, "--limit", o->limit, &loop->limit))
		return false;
	if (o->event_filter && !o->events) {
		cli_usage(replay->command, "--event-filter needs --events");
		return false;
	}
	if (!interval_parse(&loop->outputs->interval, replay->command, o->interval,
			    o->interval_file))
		return false;
	for (size_t i = 0; i < G_N_ELEMENTS(outputs); i++)
		for (size_t k = 0; k < i; k++)
			if (same_output(outputs[i], outputs[k])) {
				cli_usage(replay->command, "two outputs go to the same file");
				return false;
			}
	*shown = show == 1 || (show == 0 && !o->quiet && isatty(STDERR_FILENO));
	return true;
}

static int print_config(const vmsim_config *config)
{
	char *text = vmsim_config_dump(config);

	fputs(text, stdout);
	g_free(text);
	return cli_flush(CLI_DONE);
}

static void print_host(const struct replay_options *o, const struct host_figures *host)
{
	char *line;

	if (o->quiet)
		return;
	line = host_line(host);
	cli_message("%s", line);
	g_free(line);
}

/* What broke an invariant is to be found in the state. */
static void print_state(const vmsim_machine *machine)
{
	char *state = vmsim_machine_state(machine);

	fputs(state, stderr);
	g_free(state);
}

/* After the loop: write the files, let the command print. */
static int finish(struct replay *replay, struct loop *loop, GError *failed)
{
	struct host_figures host;
	uint64_t references = 0;
	int code = CLI_DONE, ended = CLI_DONE;
	GError *error = NULL;

	vmsim_machine_counter(replay->machine, "references", &references);
	host_measure(loop->progress, references, &host);
	progress_end(loop->progress);
	if (failed)
		ended = cli_fail(failed);
	if (ended == CLI_INVARIANT)
		print_state(replay->machine);
	else if (cli_interrupted())
		ended = CLI_INTERRUPTED;
	if (ended == CLI_BAD_INPUT) {
		outputs_abandon(loop->outputs);
		return ended;
	}
	if (!outputs_finish(loop->outputs, replay->machine, &host, &error))
		return cli_fail(error);
	code = loop->hooks->end(replay);
	print_host(&replay->options, &host);
	return cli_flush(ended != CLI_DONE ? ended : code);
}

static int replay_run(struct replay *replay, const struct replay_hooks *hooks)
{
	struct progress progress;
	struct outputs outputs = {0};
	struct loop loop = {.hooks = hooks, .outputs = &outputs, .progress = &progress};
	GError *error = NULL;
	gboolean shown;
	int audit = 0;

	if (!parse_options(replay, &loop, &audit, &shown))
		return CLI_BAD_INPUT;
	if (!configure(replay, &error))
		return cli_fail(error);
	if (replay->options.dump_config)
		return print_config(replay->config);
	if (!outputs_open(&outputs, &replay->options, &error))
		return cli_fail(error);
	replay->machine = vmsim_machine_new(replay->config, &error);
	if (!replay->machine) {
		outputs_abandon(&outputs);
		return cli_fail(error);
	}
	vmsim_machine_set_audit(replay->machine, (enum vmsim_audit)audit);
	replay->file = vmsim_trace_path(source_part(replay->source, 0));
	cli_catch_interrupt();
	vmsim_machine_watch(replay->machine, cli_interrupt_flag());
	progress_begin(&progress, shown);
	replay_events(replay, &loop, &error);
	return finish(replay, &loop, error);
}

int replay_main(const struct command *command, const struct replay_hooks *hooks, int argc,
		char **argv)
{
	struct replay replay = {.command = command};
	int code;

	if (!cli_parse(command, entries, hooks->notes, &argc, &argv, &code))
		return code;
	replay.options = given;
	replay.options.traces = argv + 1;
	if (argc < 2 && !given.dump_config)
		return cli_usage(command, "no trace (expected TRACE..., or - for standard input)");
	code = replay_run(&replay, hooks);
	vmsim_machine_free(replay.machine);
	if (replay.source)
		source_close(replay.source);
	vmsim_config_free(replay.config);
	return code;
}
