/* writer.c: writing traces, whatever the format. */
#include "trace/format.h"

#include <string.h>

#define FLUSH_SIZE ((gsize)32 * 1024)

/* format_of_path: by the name's suffix, compression's suffixes aside; vmt when it tells nothing. */
static const struct trace_ops *format_of_path(const char *path)
{
	static const char *const packed[] = {".zst", ".xz", ".gz"};
	const struct trace_ops *found = &trace_vmt_ops;
	size_t n = strlen(path);

	for (size_t i = 0; i < G_N_ELEMENTS(packed); i++) {
		if (g_str_has_suffix(path, packed[i])) {
			n -= strlen(packed[i]);
			break;
		}
	}
	for (size_t i = 0; trace_formats[i] != NULL; i++) {
		const char *name = trace_formats[i]->info.name;
		size_t length = strlen(name);

		if (trace_formats[i]->writer != NULL && n > length && path[n - length - 1] == '.' &&
		    memcmp(path + n - length, name, length) == 0)
			found = trace_formats[i];
	}
	return found;
}

static const struct trace_ops *choose_format(const char *path, const char *format, GError **error)
{
	const struct trace_ops *ops =
		format != NULL ? trace_format_find(format) : format_of_path(path);
	char *names;

	if (ops != NULL && ops->writer != NULL)
		return ops;
	names = trace_format_names(true);
	g_set_error(error, VMSIM_ERROR, VMSIM_ERROR_CONFIG, "%s trace format \"%s\" (expected %s)",
		    ops == NULL ? "unknown" : "cannot write", format, names);
	g_free(names);
	return NULL;
}

vmsim_writer *vmsim_writer_open(const char *path, const char *format,
				const struct vmsim_trace_header *header,
				const struct vmsim_labels *labels, GError **error)
{
	const struct trace_ops *ops = choose_format(path, format, error);
	struct output *output = ops != NULL ? output_open(path, error) : NULL;
	vmsim_writer *writer;

	if (output == NULL)
		return NULL;
	writer = g_new0(struct vmsim_writer, 1);
	writer->ops = ops;
	writer->output = output;
	writer->labels = labels;
	writer->text = g_string_sized_new(2 * FLUSH_SIZE);
	ops->writer->open(writer, header);
	return writer;
}

static bool flush(vmsim_writer *writer, GError **error)
{
	bool ok = output_write(writer->output, writer->text->str, writer->text->len, error);

	g_string_truncate(writer->text, 0);
	return ok;
}

bool vmsim_writer_put(vmsim_writer *writer, const struct vmsim_event *event, GError **error)
{
	gsize before = writer->text->len;

	if (!writer->ops->writer->put(writer, event, error)) {
		g_string_truncate(writer->text, before);
		return false;
	}
	return writer->text->len < FLUSH_SIZE || flush(writer, error);
}

/* writer_free: everything but the output, which was finished or abandoned. */
static void writer_free(vmsim_writer *writer)
{
	if (writer->ops->writer->close != NULL)
		writer->ops->writer->close(writer);
	g_string_free(writer->text, TRUE);
	g_free(writer);
}

bool vmsim_writer_finish(vmsim_writer *writer, GError **error)
{
	bool ok;

	if (writer->ops->writer->finish != NULL)
		writer->ops->writer->finish(writer);
	ok = flush(writer, error);
	if (ok)
		ok = output_finish(writer->output, error);
	else
		output_abandon(writer->output);
	writer_free(writer);
	return ok;
}

void vmsim_writer_abandon(vmsim_writer *writer)
{
	if (writer == NULL)
		return;
	output_abandon(writer->output);
	writer_free(writer);
}
