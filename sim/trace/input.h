/* input.h: the bytes of a trace file, decompressed, in chunks of whole lines.
 *
 * Memory is constant: a chunk is at most INPUT_LINE_MAX + INPUT_READ_SIZE bytes, whatever the
 * file holds. What can be read before a fault in the file (a truncated archive, a disk error) is
 * handed out first; the error follows. */
#ifndef TRACE_INPUT_H
#define TRACE_INPUT_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INPUT_LINE_MAX ((size_t)1 << 20) /* longest line, its end not counted */
#define INPUT_READ_SIZE ((size_t)256 * 1024)
#define INPUT_PADDING 64 /* bytes readable past a chunk's end, so that parsers may load wide */

struct input;

/* input_open: "-" is standard input. Compression is told from the first bytes. */
struct input *input_open(const char *path, GError **error);
void input_close(struct input *input);

/* input_head: the first bytes, without consuming them.
 * => at least one line, or 4096 bytes, or all there is
 * => returns false and sets error when the file is faulty before that */
bool input_head(struct input *input, const char **head, size_t *n, GError **error);

/* input_lines: the next chunk [*begin, *end), which ends in a line feed (added to a last line
 * that has none). The caller may write into it; it is valid until the next call.
 * => first_line: number of its first line, for the message about one that is too long
 * => returns 1, 0 at the end, or -1 with error set */
int input_lines(struct input *input, uint64_t first_line, char **begin, char **end, GError **error);

const char *input_path(const struct input *input); /* "<stdin>" for - */
uint64_t input_offset(const struct input *input);  /* bytes of the file read */
uint64_t input_file_size(const struct input *input);

#endif
