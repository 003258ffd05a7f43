/* output.c: see output.h. */
#include "trace/output.h"

#include <vmsim/trace.h>

#include "base/file_out.h"
#include "trace/encode.h"

#define PACKED_SIZE ((size_t)64 * 1024)

struct output {
	struct file_out *file;
	const struct encoder_ops *encoder; /* NULL: plain */
	void *stream;
	unsigned char *packed;
};

struct output *output_open(const char *path, GError **error)
{
	struct file_out *file = file_out_open(path, error);
	struct output *output;

	if (file == NULL)
		return NULL;
	output = g_new0(struct output, 1);
	output->file = file;
	output->encoder = encoder_for(path);
	if (output->encoder != NULL) {
		output->stream = output->encoder->open();
		output->packed = g_malloc(PACKED_SIZE);
	}
	return output;
}

/* encode: n bytes through the encoder, and with last everything it holds back. */
static bool encode(struct output *output, const void *data, size_t n, bool last, GError **error)
{
	struct encode_io io = {.in = data, .in_n = n};
	bool done = false;

	do {
		io.out = output->packed;
		io.out_n = PACKED_SIZE;
		if (!output->encoder->step(output->stream, &io, last, &done)) {
			g_set_error(error, VMSIM_ERROR, VMSIM_ERROR_FILE, "%s: cannot compress",
				    output->encoder->name);
			return false;
		}
		if (!file_out_write(output->file, output->packed, PACKED_SIZE - io.out_n, error))
			return false;
	} while (last ? !done : io.in_n > 0 || io.out_n == 0);
	return true;
}

bool output_write(struct output *output, const void *data, size_t n, GError **error)
{
	if (output->encoder == NULL)
		return file_out_write(output->file, data, n, error);
	return n == 0 || encode(output, data, n, false, error);
}

static void output_free(struct output *output)
{
	if (output->encoder != NULL)
		output->encoder->close(output->stream);
	g_free(output->packed);
	g_free(output);
}

bool output_finish(struct output *output, GError **error)
{
	bool ok = output->encoder == NULL || encode(output, NULL, 0, true, error);

	if (ok)
		ok = file_out_finish(output->file, error);
	else
		file_out_abandon(output->file);
	output_free(output);
	return ok;
}

void output_abandon(struct output *output)
{
	if (output == NULL)
		return;
	file_out_abandon(output->file);
	output_free(output);
}
