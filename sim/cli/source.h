/* source.h: the events of several traces as one stream. */
#ifndef CLI_SOURCE_H
#define CLI_SOURCE_H

#include <glib.h>
#include <vmsim/vmsim.h>

struct source;

/* source_open: open every trace; the parts of one recording share their labels.
 * => together: side by side as different processes, each with its own labels; events are ordered
 *    by recorded time when all parts begin with one, else taken in turn */
struct source *source_open(char *const *paths, const char *format, bool together, GError **error);
void source_close(struct source *source);

size_t source_parts(const struct source *source);
vmsim_trace *source_part(const struct source *source, size_t index);

/* source_next: the next events, at most max, all of one part, which goes to *trace.
 * => returns 0 at the end or on error (then error is set) */
size_t source_next(struct source *source, size_t max, vmsim_trace **trace,
		   const struct vmsim_event **events, GError **error);

/* Bytes of all files, and those consumed; 0 of 0 when a size is not known. */
void source_progress(const struct source *source, uint64_t *consumed, uint64_t *size);

#endif
