/* text_writer.c: the text format (.vmt), written in the canonical spelling of print.c.
 *
 * Everything an event holds is written but one: that a load and the next store are one modify
 * has no spelling in the format. They are two lines. */
#include <string.h>

#include "trace/format.h"
#include "trace/print.h"

static void text_writer_open(struct vmsim_writer *writer, const struct vmsim_trace_header *header)
{
	GString *out = writer->text;

	g_string_append(out, "# vmtrace 1\n");
	if (header == NULL)
		return;
	if (header->rules >= 0)
		g_string_append_printf(out, "%%rules %s\n", header->rules ? "win32" : "article");
	if (header->machine[0] != '\0')
		g_string_append_printf(out, "%%machine %s\n", header->machine);
	if (header->ticks_per_second != 0)
		g_string_append_printf(out, "%%ticks_per_second %" G_GUINT64_FORMAT "\n",
				       header->ticks_per_second);
	if (header->implicit_commit >= 0)
		g_string_append_printf(out, "%%implicit_commit %s\n",
				       header->implicit_commit ? "true" : "false");
}

/* name_fits: whether a quoted string can hold it. NULL fits: it is written as such. */
static bool name_fits(const char *name)
{
	for (const char *at = name; at != NULL && *at != '\0'; at++)
		if ((unsigned char)*at < 0x20 || *at == 0x7f)
			return false;
	return name == NULL || g_utf8_validate(name, -1, NULL);
}

static bool text_put(struct vmsim_writer *writer, const struct vmsim_event *event, GError **error)
{
	GString *out = writer->text;
	gsize before;

	if (event->op == VMSIM_OP_CALL &&
	    !(name_fits(event->call->name) && name_fits(event->call->file))) {
		g_set_error(error, VMSIM_ERROR, VMSIM_ERROR_TRACE,
			    "vmt cannot hold a name with "
			    "control characters or outside UTF-8");
		return false;
	}
	print_event(out, event, writer->labels);
	if (event->op != VMSIM_OP_CALL) {
		print_access_result(out, event);
	} else if (event->call->recorded.kind != VMSIM_OUTCOME_NONE) {
		before = out->len;
		g_string_append(out, " = ");
		print_outcome(out, event->call->id, &event->call->recorded, writer->labels);
		if (vmsim_calls[event->call->id].result == VMSIM_NONE)
			g_string_truncate(out, before);
	}
	g_string_append_c(out, '\n');
	return true;
}

const struct trace_writer_ops text_writer_ops = {
	.open = text_writer_open,
	.put = text_put,
};
