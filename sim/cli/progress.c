/* progress.c: how far a replay has come, and what it took of the host.
 *
 * The only place where the host's clock is read; nothing of it reaches a report. */
#include "progress.h"

#include <stdio.h>
#include <sys/resource.h>

#define INTERVAL ((gint64)200000) /* microseconds between two lines */

void progress_begin(struct progress *progress, gboolean shown)
{
	progress->shown = shown;
	progress->drawn = FALSE;
	progress->begin = progress->last = g_get_monotonic_time();
}

static uint64_t rate(uint64_t n, uint64_t microseconds)
{
	if (microseconds == 0)
		microseconds = 1;
	return n > UINT64_MAX / 1000000 ? n / microseconds * 1000000 : n * 1000000 / microseconds;
}

void progress_update(struct progress *progress, uint64_t references, uint64_t consumed,
		     uint64_t size)
{
	gint64 now;
	uint64_t elapsed, left;

	if (!progress->shown)
		return;
	now = g_get_monotonic_time();
	if (now - progress->last < INTERVAL)
		return;
	progress->last = now;
	progress->drawn = TRUE;
	elapsed = (uint64_t)(now - progress->begin);
	fprintf(stderr, "\r");
	if (size > 0 && consumed > 0) {
		consumed = MIN(consumed, size);
		left = (uint64_t)((double)elapsed * (double)(size - consumed) / (double)consumed);
		fprintf(stderr, "%3u%%  ", (unsigned)(consumed * 100 / size));
		fprintf(stderr, "%u:%02u left  ", (unsigned)(left / 60000000),
			(unsigned)(left / 1000000 % 60));
	}
	fprintf(stderr, "%" G_GUINT64_FORMAT " references, %" G_GUINT64_FORMAT " /s  ", references,
		rate(references, elapsed));
	fflush(stderr);
}

void progress_end(struct progress *progress)
{
	if (progress->drawn)
		fprintf(stderr, "\r%72s\r", "");
	progress->drawn = FALSE;
}

void host_measure(const struct progress *progress, uint64_t references,
		  struct host_figures *figures)
{
	struct rusage usage = {0};

	getrusage(RUSAGE_SELF, &usage);
	figures->microseconds = (uint64_t)(g_get_monotonic_time() - progress->begin);
	figures->references = references;
	figures->references_per_second = rate(references, figures->microseconds);
	figures->peak_memory_bytes = (uint64_t)usage.ru_maxrss * 1024;
}

char *host_json(const struct host_figures *figures)
{
	return g_strdup_printf("{\n\t\"schema\": \"vmsim-host/1\",\n"
			       "\t\"seconds\": %" G_GUINT64_FORMAT ".%06u,\n"
			       "\t\"references\": %" G_GUINT64_FORMAT ",\n"
			       "\t\"references_per_second\": %" G_GUINT64_FORMAT ",\n"
			       "\t\"peak_memory_bytes\": %" G_GUINT64_FORMAT "\n}\n",
			       figures->microseconds / 1000000,
			       (unsigned)(figures->microseconds % 1000000), figures->references,
			       figures->references_per_second, figures->peak_memory_bytes);
}

char *host_line(const struct host_figures *figures)
{
	uint64_t thousands = figures->references_per_second / 10000; /* hundredths of millions */

	return g_strdup_printf("%" G_GUINT64_FORMAT ".%03u s, %" G_GUINT64_FORMAT
			       ".%02u million references/s, peak memory %" G_GUINT64_FORMAT " MiB",
			       figures->microseconds / 1000000,
			       (unsigned)(figures->microseconds / 1000 % 1000), thousands / 100,
			       (unsigned)(thousands % 100), figures->peak_memory_bytes >> 20);
}
