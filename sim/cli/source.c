/* source.c: the events of several traces as one stream, one after another or side by side.
 *
 * Side by side, a part's processes get numbers of their own, counted up in the order in which
 * they appear, and a load that is one modify with the store after it is not parted from it. */
#include "source.h"

__extension__ typedef unsigned __int128 u128;

struct part {
	vmsim_trace *trace;
	const struct vmsim_event *events; /* the batch under way: those from `at` are to come */
	size_t n, at;
	bool ended;
	uint64_t time;    /* latest recorded time, in ticks */
	GHashTable *pids; /* recorded -> ours; NULL unless side by side */
};

struct source {
	struct part *parts;
	size_t n_parts;
	struct vmsim_labels *labels; /* shared; NULL side by side */
	bool together;
	bool begun, timed; /* side by side: by recorded time */
	size_t turn;       /* the part whose turn it is */
	bool joined;       /* the part whose turn it is owes the store of a modify */
	uint32_t last_pid;
	struct vmsim_event renumbered;
};

struct source *source_open(char *const *paths, const char *format, bool together, GError **error)
{
	struct source *source = g_new0(struct source, 1);
	size_t n = g_strv_length((char **)(uintptr_t)paths);

	source->parts = g_new0(struct part, n);
	source->together = together;
	if (!together)
		source->labels = vmsim_labels_new();
	for (size_t i = 0; i < n; i++) {
		struct part *part = &source->parts[i];

		part->trace = vmsim_trace_open(paths[i], format, source->labels, error);
		if (!part->trace) {
			source_close(source);
			return NULL;
		}
		if (together)
			part->pids = g_hash_table_new(NULL, NULL);
		source->n_parts++;
	}
	return source;
}

void source_close(struct source *source)
{
	for (size_t i = 0; i < source->n_parts; i++) {
		vmsim_trace_close(source->parts[i].trace);
		if (source->parts[i].pids)
			g_hash_table_destroy(source->parts[i].pids);
	}
	if (source->labels)
		vmsim_labels_free(source->labels);
	g_free(source->parts);
	g_free(source);
}

size_t source_parts(const struct source *source)
{
	return source->n_parts;
}

vmsim_trace *source_part(const struct source *source, size_t index)
{
	return source->parts[index].trace;
}

/* Makes sure that the part has an event to come; false at its end or on error. */
static bool fill(struct part *part, GError **error)
{
	GError *wrong = NULL;

	if (part->at < part->n)
		return true;
	if (part->ended)
		return false;
	part->at = 0;
	part->n = vmsim_trace_next(part->trace, &part->events, &wrong);
	if (wrong)
		g_propagate_error(error, wrong);
	part->ended = part->n == 0;
	return !part->ended;
}

/* --- one after another ------------------------------------------------------------------------ */

static size_t next_in_line(struct source *source, size_t max, vmsim_trace **trace,
			   const struct vmsim_event **events, GError **error)
{
	while (source->turn < source->n_parts) {
		struct part *part = &source->parts[source->turn];
		GError *wrong = NULL;

		if (fill(part, &wrong)) {
			size_t n = MIN(max, part->n - part->at);

			*trace = part->trace;
			*events = part->events + part->at;
			part->at += n;
			return n;
		}
		if (wrong) {
			g_propagate_error(error, wrong);
			return 0;
		}
		source->turn++;
	}
	return 0;
}

/* --- side by side ----------------------------------------------------------------------------- */

/* Whether a's next event was recorded before b's. Ticks of different length are compared as
 * times when both lengths are known. */
static bool earlier(const struct part *a, const struct part *b)
{
	uint64_t a_rate = vmsim_trace_get_header(a->trace)->ticks_per_second;
	uint64_t b_rate = vmsim_trace_get_header(b->trace)->ticks_per_second;

	if (!a_rate || !b_rate)
		return a->time < b->time;
	return (u128)a->time * b_rate < (u128)b->time * a_rate;
}

/* The part to go on with, after source->turn when taken in turn; n_parts at the end of all. */
static size_t choose(struct source *source, GError **error)
{
	size_t best = source->n_parts;

	for (size_t k = 1; k <= source->n_parts; k++) {
		size_t i = source->timed ? k - 1 : (source->turn + k) % source->n_parts;
		struct part *part = &source->parts[i];
		GError *wrong = NULL;

		if (!fill(part, &wrong)) {
			if (!wrong)
				continue;
			g_propagate_error(error, wrong);
			return source->n_parts;
		}
		if (!source->timed)
			return i;
		if (part->events[part->at].flags & VMSIM_EV_AT)
			part->time = part->events[part->at].time;
		if (best == source->n_parts || earlier(part, &source->parts[best]))
			best = i;
	}
	return best;
}

/* Looks at the first event of every part: recorded times order them only if all have one. */
static bool begin(struct source *source, GError **error)
{
	source->begun = true;
	source->timed = true;
	source->turn = source->n_parts - 1; /* so that the first part comes first */
	for (size_t i = 0; i < source->n_parts; i++) {
		struct part *part = &source->parts[i];
		GError *wrong = NULL;

		if (fill(part, &wrong))
			source->timed &= (part->events[0].flags & VMSIM_EV_AT) != 0;
		if (wrong) {
			g_propagate_error(error, wrong);
			return false;
		}
	}
	return true;
}

static uint32_t renumber(struct source *source, struct part *part, uint32_t pid)
{
	gpointer key = GUINT_TO_POINTER(pid), ours = g_hash_table_lookup(part->pids, key);

	if (!ours) {
		ours = GUINT_TO_POINTER(++source->last_pid);
		g_hash_table_insert(part->pids, key, ours);
	}
	return GPOINTER_TO_UINT(ours);
}

static size_t next_together(struct source *source, vmsim_trace **trace,
			    const struct vmsim_event **events, GError **error)
{
	GError *wrong = NULL;
	struct part *part;

	if (!source->begun && !begin(source, error))
		return 0;
	if (!source->joined || !fill(&source->parts[source->turn], &wrong)) {
		size_t chosen = wrong ? source->n_parts : choose(source, &wrong);

		if (wrong)
			g_propagate_error(error, wrong);
		if (chosen == source->n_parts)
			return 0;
		source->turn = chosen;
	}
	part = &source->parts[source->turn];
	source->renumbered = part->events[part->at++];
	source->renumbered.pid = renumber(source, part, source->renumbered.pid);
	source->joined = (source->renumbered.flags & VMSIM_EV_MODIFY) != 0;
	*trace = part->trace;
	*events = &source->renumbered;
	return 1;
}

size_t source_next(struct source *source, size_t max, vmsim_trace **trace,
		   const struct vmsim_event **events, GError **error)
{
	return source->together ? next_together(source, trace, events, error)
				: next_in_line(source, max, trace, events, error);
}

void source_progress(const struct source *source, uint64_t *consumed, uint64_t *size)
{
	*consumed = *size = 0;
	for (size_t i = 0; i < source->n_parts; i++) {
		uint64_t file_size = vmsim_trace_file_size(source->parts[i].trace);

		if (file_size == 0) {
			*consumed = *size = 0;
			return;
		}
		*consumed += vmsim_trace_offset(source->parts[i].trace);
		*size += file_size;
	}
}
