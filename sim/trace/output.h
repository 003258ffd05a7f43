/* output.h: the bytes of a trace being written: whole or not at all, compressed when the name
 * ends in .zst, .xz or .gz. The verbs are those of base/file_out.h. */
#ifndef TRACE_OUTPUT_H
#define TRACE_OUTPUT_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

struct output;

struct output *output_open(const char *path, GError **error);
bool output_write(struct output *output, const void *data, size_t n, GError **error);
bool output_finish(struct output *output, GError **error); /* frees output */
void output_abandon(struct output *output);                /* frees output */

#endif
