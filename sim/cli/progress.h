/* progress.h: how far a replay has come, on standard error; and what it took of the host. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <glib.h>
#include <stdint.h>

struct progress {
	gboolean shown;
	gboolean drawn; /* a line stands there that must be taken away */
	gint64 begin, last;
};

/* progress_begin: shown or not; the clock starts. */
void progress_begin(struct progress *progress, gboolean shown);
/* progress_update: call often; draws a few times a second. size 0: not known. */
void progress_update(struct progress *progress, uint64_t references, uint64_t consumed,
		     uint64_t size);
void progress_end(struct progress *progress);

/* What a run took of the host. */
struct host_figures {
	uint64_t microseconds, references, references_per_second, peak_memory_bytes;
};
void host_measure(const struct progress *progress, uint64_t references,
		  struct host_figures *figures);
char *host_json(const struct host_figures *figures); /* ends in a newline; g_free() it */
char *host_line(const struct host_figures *figures); /* one line without its end; g_free() it */

#endif
