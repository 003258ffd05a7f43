/* input.c: see input.h.
 *
 * One buffer. buf[0, handed) is the chunk the caller has; buf[handed, used) is the beginning of a
 * line that is not all there yet, and moves to the front when the next chunk is asked for.
 * 1. A chunk ends in a line feed.
 * 2. used <= INPUT_LINE_MAX + INPUT_READ_SIZE, and room for one more byte and the padding.
 * 3. After `ended` nothing is read any more; `failed` is set only together with it. */
#include "trace/input.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vmsim/trace.h>

#include "trace/decode.h"
#include "trace/format.h"

#define HEAD_WANTED ((size_t)4096)
#define PACKED_SIZE ((size_t)128 * 1024)

struct input {
	char *path;
	int fd;
	uint64_t offset, file_size;
	bool ended;
	GError *failed;

	char *buf;
	size_t used, handed;

	/* Compressed files: bytes read but not decoded are packed[packed_at, packed_n). */
	struct decoder decoder;
	unsigned char *packed;
	size_t packed_at, packed_n;
	bool packed_ended;
};

static void stop(struct input *input, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* stop: the file can be read no further. */
static void stop(struct input *input, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	input->ended = true;
	g_set_error(&input->failed, VMSIM_ERROR, VMSIM_ERROR_FILE, "%s: %s", input->path, text);
	g_free(text);
}

/* read_raw: up to n bytes of the file; 0 at its end or on error (then stopped). */
static size_t read_raw(struct input *input, void *to, size_t n)
{
	ssize_t got;

	do
		got = read(input->fd, to, n);
	while (got < 0 && errno == EINTR);
	if (got < 0) {
		stop(input, "cannot be read: %s", g_strerror(errno));
		return 0;
	}
	input->offset += (uint64_t)got;
	return (size_t)got;
}

/* read_packed: some decoded bytes at buf[used]; none at the end or on error (then ended). */
static size_t read_packed(struct input *input, size_t room)
{
	struct decode_io io = {NULL, 0, (unsigned char *)input->buf + input->used, room};

	while (io.out_n == room) {
		const char *wrong;
		size_t before;

		if (input->packed_at == input->packed_n && !input->packed_ended) {
			input->packed_at = 0;
			input->packed_n = read_raw(input, input->packed, PACKED_SIZE);
			input->packed_ended = input->packed_n == 0;
			if (input->ended)
				break;
		}
		io.in = input->packed + input->packed_at;
		io.in_n = before = input->packed_n - input->packed_at;
		wrong = input->decoder.ops->step(&input->decoder, &io, input->packed_ended);
		input->packed_at += before - io.in_n;
		if (wrong != NULL) {
			stop(input, "bad %s data: %s", input->decoder.ops->name, wrong);
			break;
		}
		if (io.out_n == room && before == 0 && input->packed_ended) {
			input->ended = true;
			if (!input->decoder.complete)
				stop(input,
				     "truncated: the %s data ends after %" G_GUINT64_FORMAT
				     " bytes in the middle of an archive",
				     input->decoder.ops->name, input->offset);
			break;
		}
	}
	return room - io.out_n;
}

/* fill: append what one read gives. Returns false when nothing more comes. */
static bool fill(struct input *input)
{
	size_t n;

	if (input->ended)
		return false;
	if (input->decoder.ops != NULL) {
		n = read_packed(input, INPUT_READ_SIZE);
	} else {
		n = read_raw(input, input->buf + input->used, INPUT_READ_SIZE);
		input->ended = n == 0;
	}
	input->used += n;
	return n > 0;
}

/* begin: tell compression from the first bytes. */
static void begin(struct input *input)
{
	size_t n = 0, got;

	input->packed = g_malloc(PACKED_SIZE);
	do {
		got = read_raw(input, input->packed + n, PACKED_SIZE - n);
		n += got;
	} while (got > 0 && n < DECODE_MAGIC_MAX);
	if (decoder_for(&input->decoder, input->packed, n)) {
		input->packed_n = n;
		return;
	}
	memcpy(input->buf, input->packed, n);
	input->used = n;
	g_clear_pointer(&input->packed, g_free);
}

struct input *input_open(const char *path, GError **error)
{
	bool standard = strcmp(path, "-") == 0;
	struct input *input = g_new0(struct input, 1);
	struct stat st;

	input->path = g_strdup(standard ? "<stdin>" : path);
	input->fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	if (input->fd < 0) {
		g_set_error(error, VMSIM_ERROR, VMSIM_ERROR_FILE, "%s: cannot be opened: %s", path,
			    g_strerror(errno));
		input_close(input);
		return NULL;
	}
	if (fstat(input->fd, &st) == 0 && S_ISREG(st.st_mode))
		input->file_size = (uint64_t)st.st_size;
	input->buf = g_malloc0(INPUT_LINE_MAX + 2 * INPUT_READ_SIZE + INPUT_PADDING);
	begin(input);
	return input;
}

void input_close(struct input *input)
{
	if (input == NULL)
		return;
	decoder_close(&input->decoder);
	if (input->fd > STDIN_FILENO)
		close(input->fd);
	g_clear_error(&input->failed);
	g_free(input->packed);
	g_free(input->buf);
	g_free(input->path);
	g_free(input);
}

bool input_head(struct input *input, const char **head, size_t *n, GError **error)
{
	bool enough;

	do
		enough =
			input->used >= HEAD_WANTED || memchr(input->buf, '\n', input->used) != NULL;
	while (!enough && fill(input));
	*head = input->buf;
	*n = input->used;
	if (!enough && input->failed != NULL) {
		g_propagate_error(error, g_error_copy(input->failed));
		return false;
	}
	return true;
}

/* last_line_end: one past the last line feed in buf[from, used), or 0. */
static size_t last_line_end(const struct input *input, size_t from)
{
	size_t i = input->used;

	while (i > from)
		if (input->buf[--i] == '\n')
			return i + 1;
	return 0;
}

/* hand_out: the chunk is buf[0, n).
 * => only its first line can be too long: the others were read in one piece with their ends */
static int hand_out(struct input *input, size_t n, uint64_t first_line, char **begin_at,
		    char **end_at, GError **error)
{
	const char *end = memchr(input->buf, '\n', n);

	if (n == 0)
		return 0;
	if ((size_t)(end - input->buf) > INPUT_LINE_MAX) {
		trace_fail(input->path, first_line, INPUT_LINE_MAX + 1, error,
			   "the line is too long (expected at most %zu bytes)", INPUT_LINE_MAX);
		return -1;
	}
	input->handed = n;
	*begin_at = input->buf;
	*end_at = input->buf + n;
	return 1;
}

int input_lines(struct input *input, uint64_t first_line, char **begin_at, char **end_at,
		GError **error)
{
	size_t seen = 0, end;

	input->used -= input->handed;
	memmove(input->buf, input->buf + input->handed, input->used);
	input->handed = 0;
	while ((end = last_line_end(input, seen)) == 0 && input->used <= INPUT_LINE_MAX) {
		seen = input->used;
		if (!fill(input))
			break;
	}
	if (end == 0 && input->failed != NULL) {
		g_propagate_error(error, g_error_copy(input->failed));
		return -1;
	}
	if (end == 0 && input->used > 0) { /* the last line has no end, or is too long to have */
		input->buf[input->used++] = '\n';
		end = input->used;
	}
	return hand_out(input, end, first_line, begin_at, end_at, error);
}

const char *input_path(const struct input *input)
{
	return input->path;
}

uint64_t input_offset(const struct input *input)
{
	return input->offset;
}

uint64_t input_file_size(const struct input *input)
{
	return input->file_size;
}
