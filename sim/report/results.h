/* results.h: what a finished run is reported from. The engine fills it in; reports only read. */
#ifndef REPORT_RESULTS_H
#define REPORT_RESULTS_H

#include "config/config.h"
#include "stats/stats.h"

#include <vmsim/event.h>
#include <vmsim/types.h>

/* Accesses that failed for the same reason: the first of them, and how many there were. */
struct violation {
	uint64_t va;
	enum vmsim_access access;
	enum vmsim_access_result result; /* ACCESS_VIOLATION, GUARD_PAGE, ... */
	uint32_t pid;
	uint64_t seq, line;  /* line 0: not a text trace */
	uint64_t count;      /* at least 1 */
	const char *state;   /* "free", "reserved", "committed" */
	const char *protect; /* "PAGE_READONLY", ...; NULL or "" unless committed */
	struct vmsim_freed_by freed_by;
};

/* Every pointer belongs to the engine and may be freed after the report is made. */
struct results {
	const struct config *config;
	const char *config_dump;   /* vmsim_config_dump() of it */
	const struct stats *stats; /* finished */
	const char *const *files;  /* as given, NULL-terminated */
	vmsim_cycles cycles;       /* the end cycle, since measuring began */
	uint64_t events;           /* since measuring began */
	const struct buckets *const *cores; /* the stack of each */
	unsigned n_cores;
	uint64_t distinct_pages;   /* touched; 0: not known */
	uint64_t divergences;
	const char *first_divergence;       /* as `check` prints it; NULL: none */
	const struct violation *violations; /* in order of their first */
	size_t n_violations;
};

/* report_json: the report of interface section 4; ends in a newline. g_free() it. */
char *report_json(const struct results *results);
/* report_summary: the same on one screen, for a person. g_free() it. */
char *report_summary(const struct results *results);

#endif
