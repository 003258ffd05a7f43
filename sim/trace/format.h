/* format.h: what a trace format is, and what its reader and writer share.
 *
 * A format is one const table entry, listed in registry.c. Text formats take their input from
 * input.h in chunks of whole lines; a batch never crosses a chunk, so everything an event points
 * to may lie in the chunk itself. */
#ifndef TRACE_FORMAT_H
#define TRACE_FORMAT_H

#include <glib.h>
#include <vmsim/trace.h>

#include "trace/input.h"
#include "trace/output.h"

#define TRACE_BATCH 256

struct trace_ops;

/* A trace being read. */
struct vmsim_trace {
	const struct trace_ops *ops;
	struct input *input;
	char *path; /* as messages name it */
	struct vmsim_labels *labels;
	bool owns_labels;
	bool ended;
	struct vmsim_trace_header header;
	struct vmsim_event *events; /* TRACE_BATCH slots, zeroed once */
	void *state;                /* the reader's own */
	GError *failed;             /* told when the events before it have been handed out */

	/* Text formats: the unread part of the chunk, whole lines only; lines read before it. */
	char *at, *end;
	uint64_t lines;
};

/* A trace being written. */
struct vmsim_writer {
	const struct trace_ops *ops;
	struct output *output;
	const struct vmsim_labels *labels; /* may be NULL */
	GString *text;                     /* on its way to output */
	void *state;                       /* the writer's own */
};

/* Writing, called in this order: open, put..., finish (not after an error), close. All append to
 * writer->text. */
struct trace_writer_ops {
	/* Make state, and write what stands before the first event. header may be NULL. */
	void (*open)(struct vmsim_writer *writer, const struct vmsim_trace_header *header);
	/* => returns false with error set when the format cannot hold the event */
	bool (*put)(struct vmsim_writer *writer, const struct vmsim_event *event, GError **error);
	/* Write what was held back. NULL when nothing ever is. */
	void (*finish)(struct vmsim_writer *writer);
	/* Free state. NULL when there is none. */
	void (*close)(struct vmsim_writer *writer);
};

struct trace_ops {
	struct vmsim_format_info info;

	/* How sure it is from the first n bytes: 0 not mine, 100 certainly. Must not need all n. */
	int (*probe)(const char *head, size_t n);
	/* Make state and read the head of the trace. */
	bool (*open)(struct vmsim_trace *trace, GError **error);
	/* Fill trace->events and return how many. With 0: trace->ended, or *error, or nothing of
	 * note (call again). *error may come together with the events before it. */
	size_t (*next_batch)(struct vmsim_trace *trace, GError **error);
	/* Free state; called after a failed open too. NULL when there is none. */
	void (*close)(struct vmsim_trace *trace);

	const struct trace_writer_ops *writer; /* NULL: cannot be written */
};

extern const struct trace_ops trace_vmt_ops;
extern const struct trace_writer_ops text_writer_ops;
extern const struct trace_ops trace_lackey_ops;
extern const struct trace_ops *const trace_formats[]; /* ends in NULL */
extern const char *const trace_injects[VMSIM_N_INJECTS]; /* as calls.def spells K */

/* trace_format_find: by name, or NULL. */
const struct trace_ops *trace_format_find(const char *name);
/* trace_format_detect: the surest of all formats, or NULL. */
const struct trace_ops *trace_format_detect(const char *head, size_t n);
/* trace_format_names: "a, b or c", of those that can be read or written; a new string. */
char *trace_format_names(bool writing);

/* trace_has_text: whether lines are left, taking the next chunk when this one is used up.
 * => false with *error on a bad file, false with trace->ended at the end */
bool trace_has_text(struct vmsim_trace *trace, GError **error);

/* trace_fail: set error to "PATH:LINE:COLUMN: text"; returns false. The column is 1-based. */
bool trace_fail(const char *path, uint64_t line, size_t column, GError **error, const char *format,
		...) G_GNUC_PRINTF(5, 6);

/* trace_quote: n bytes for a message: in quotes, at most 40 of them, bad ones as \xNN. A new
 * string. */
char *trace_quote(const char *text, size_t n);

/* labels_find: id of a name of n bytes, or 0 when it is unknown. */
uint32_t labels_find(const struct vmsim_labels *labels, const char *name, size_t n);

#endif
