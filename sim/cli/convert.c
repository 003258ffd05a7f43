/* convert.c: `vmsim convert IN OUT`: a trace in another format, event by event. */
#include "cli.h"

static char *from_format, *to_format;

static const GOptionEntry entries[] = {{"from", 'f', 0, G_OPTION_ARG_FILENAME, &from_format,
					"Format of IN (default: by its content)", "FORMAT"},
				       {"to", 't', 0, G_OPTION_ARG_FILENAME, &to_format,
					"Format of OUT (default: by its name, else vmt)", "FORMAT"},
				       {0}};

/* Copies every event; false when interrupted or with error set. */
static bool copy(vmsim_trace *trace, vmsim_writer *writer, GError **error)
{
	const struct vmsim_event *events;
	GError *wrong = NULL;
	size_t n;

	while ((n = vmsim_trace_next(trace, &events, &wrong)) > 0 && !cli_interrupted())
		for (size_t i = 0; i < n; i++)
			if (!vmsim_writer_put(writer, &events[i], error))
				return false;
	if (wrong)
		g_propagate_error(error, wrong);
	return !wrong && !cli_interrupted();
}

static int convert(const char *in, const char *out)
{
	GError *error = NULL;
	vmsim_trace *trace = vmsim_trace_open(in, from_format, NULL, &error);
	struct vmsim_trace_header header;
	vmsim_writer *writer;
	bool copied;

	if (!trace)
		return cli_fail(error);
	header = *vmsim_trace_get_header(trace);
	/* What the format implied must be said in another (trace.implicit_commit). */
	if (header.implicit_commit < 0 && !vmsim_trace_carries_calls(trace))
		header.implicit_commit = 1;
	writer = vmsim_writer_open(out, to_format, &header,
				   vmsim_trace_get_labels(trace), &error);
	if (!writer) {
		vmsim_trace_close(trace);
		return cli_fail(error);
	}
	copied = copy(trace, writer, &error);
	if (copied)
		vmsim_writer_finish(writer, &error);
	else
		vmsim_writer_abandon(writer);
	vmsim_trace_close(trace);
	if (cli_interrupted() && !copied) {
		g_clear_error(&error);
		return CLI_INTERRUPTED;
	}
	return error ? cli_fail(error) : CLI_DONE;
}

int cli_convert(const struct command *command, int argc, char **argv)
{
	static const char notes[] =
		"IN and OUT may be - for standard input and output. OUT is compressed when its\n"
		"name ends in .zst, .xz or .gz. `vmsim list formats` names the formats.";
	int code;

	if (!cli_parse(command, entries, notes, &argc, &argv, &code))
		return code;
	if (argc != 3)
		return cli_usage(command, "expected IN and OUT");
	cli_catch_interrupt();
	return convert(argv[1], argv[2]);
}
