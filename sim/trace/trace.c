/* trace.c: opening traces and handing out their events, whatever the format.
 *
 * 1. Events before a fault are handed out; the next call tells the fault, and so does every call
 *    after it.
 * 2. A batch is valid until the next call: readers own the slots and what they point to. */
#include "trace/format.h"

#include <stdarg.h>
#include <string.h>

#define QUOTE_MAX 40

bool trace_fail(const char *path, uint64_t line, size_t column, GError **error, const char *format,
		...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	g_set_error(error, VMSIM_ERROR, VMSIM_ERROR_TRACE, "%s:%" G_GUINT64_FORMAT ":%zu: %s", path,
		    line, column, text);
	g_free(text);
	return false;
}

char *trace_quote(const char *text, size_t n)
{
	GString *out = g_string_new("\"");

	for (size_t i = 0; i < n && i < QUOTE_MAX; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c >= 0x20 && c < 0x7f)
			g_string_append_c(out, (char)c);
		else
			g_string_append_printf(out, "\\x%02x", c);
	}
	g_string_append(out, n > QUOTE_MAX ? "...\"" : "\"");
	return g_string_free(out, FALSE);
}

bool trace_has_text(struct vmsim_trace *trace, GError **error)
{
	int got = 1;

	if (trace->at == trace->end)
		got = input_lines(trace->input, trace->lines + 1, &trace->at, &trace->end, error);
	trace->ended = got == 0;
	return got > 0;
}

/* choose_format: by name, or from the first bytes. */
static bool choose_format(struct vmsim_trace *trace, const char *format, GError **error)
{
	const char *head;
	char *names;
	size_t n;

	if (!input_head(trace->input, &head, &n, error))
		return false;
	names = trace_format_names(false);
	if (n == 0)
		g_set_error(error, VMSIM_ERROR, VMSIM_ERROR_TRACE,
			    "%s: is empty (expected a trace: %s)", trace->path, names);
	else if (format == NULL && (trace->ops = trace_format_detect(head, n)) == NULL)
		g_set_error(error, VMSIM_ERROR, VMSIM_ERROR_TRACE,
			    "%s: in no known trace format (expected %s)", trace->path, names);
	else if (format != NULL && (trace->ops = trace_format_find(format)) == NULL)
		g_set_error(error, VMSIM_ERROR, VMSIM_ERROR_CONFIG,
			    "unknown trace format \"%s\" (expected %s)", format, names);
	else if (!trace->ops->info.reads)
		g_set_error(error, VMSIM_ERROR, VMSIM_ERROR_CONFIG,
			    "%s traces can be written only (expected %s)", format, names);
	g_free(names);
	return n > 0 && trace->ops != NULL && trace->ops->info.reads;
}

vmsim_trace *vmsim_trace_open(const char *path, const char *format, struct vmsim_labels *labels,
			      GError **error)
{
	struct input *input = input_open(path, error);
	vmsim_trace *trace;

	if (input == NULL)
		return NULL;
	trace = g_new0(struct vmsim_trace, 1);
	trace->input = input;
	trace->path = g_strdup(input_path(input));
	trace->owns_labels = labels == NULL;
	trace->labels = labels != NULL ? labels : vmsim_labels_new();
	trace->header.rules = -1;
	trace->header.implicit_commit = -1;
	trace->events = g_new0(struct vmsim_event, TRACE_BATCH);
	if (!choose_format(trace, format, error) || !trace->ops->open(trace, error)) {
		vmsim_trace_close(trace);
		return NULL;
	}
	return trace;
}

void vmsim_trace_close(vmsim_trace *trace)
{
	if (trace == NULL)
		return;
	if (trace->ops != NULL && trace->ops->close != NULL)
		trace->ops->close(trace);
	input_close(trace->input);
	if (trace->owns_labels)
		vmsim_labels_free(trace->labels);
	g_clear_error(&trace->failed);
	g_free(trace->events);
	g_free(trace->path);
	g_free(trace);
}

size_t vmsim_trace_next(vmsim_trace *trace, const struct vmsim_event **events, GError **error)
{
	size_t n = 0;

	*events = trace->events;
	while (n == 0 && !trace->ended && trace->failed == NULL)
		n = trace->ops->next_batch(trace, &trace->failed);
	if (n == 0 && trace->failed != NULL)
		g_propagate_error(error, g_error_copy(trace->failed));
	return n;
}

const struct vmsim_trace_header *vmsim_trace_get_header(const vmsim_trace *trace)
{
	return &trace->header;
}

struct vmsim_labels *vmsim_trace_get_labels(const vmsim_trace *trace)
{
	return trace->labels;
}

const char *vmsim_trace_path(const vmsim_trace *trace)
{
	return trace->path;
}

const char *vmsim_trace_format(const vmsim_trace *trace)
{
	return trace->ops->info.name;
}

bool vmsim_trace_carries_calls(const vmsim_trace *trace)
{
	return trace->ops->info.calls;
}

bool vmsim_trace_carries_values(const vmsim_trace *trace)
{
	return trace->ops->info.values;
}

uint64_t vmsim_trace_offset(const vmsim_trace *trace)
{
	return input_offset(trace->input);
}

uint64_t vmsim_trace_file_size(const vmsim_trace *trace)
{
	return input_file_size(trace->input);
}
