/* trace.h: traces as streams of events, in any format, compressed or not.
 *
 * A reader hands out events in batches; a batch and everything it points to stays valid until
 * the next call. Addresses may be relative to a label, whose value is only known when the trace
 * is replayed: va = labels->value[event.label] + event.va, and label 0 is always 0. */
#ifndef VMSIM_TRACE_H
#define VMSIM_TRACE_H

#include <glib.h>
#include <stdio.h>
#include <vmsim/types.h>

enum vmsim_call_id {
#define CALL(id, name, arguments, result, simulated) VMSIM_CALL_##id,
#include <vmsim/calls.def>
	VMSIM_N_CALLS
};

enum vmsim_result_kind {
	VMSIM_ADDR,
	VMSIM_BOOL,
	VMSIM_OLD,
	VMSIM_QUERY,
	VMSIM_CODE,
	VMSIM_WATCH,
	VMSIM_NTSTAT,
	VMSIM_NONE
};

struct vmsim_call_info {
	const char *name;
	const char *arguments; /* letters of calls.def */
	enum vmsim_result_kind result;
	bool simulated;
};
VMSIM_API extern const struct vmsim_call_info vmsim_calls[VMSIM_N_CALLS];

/* An address of a trace: NULL is {0, 0}. */
struct vmsim_addr {
	uint64_t offset;
	uint32_t label;
};

enum vmsim_outcome_kind { VMSIM_OUTCOME_NONE, VMSIM_OUTCOME_SUCCESS, VMSIM_OUTCOME_FAILURE };

/* What a call answered when it was recorded, or answers now. Which fields count follows from the
 * call's result kind; a failure has only `error`. */
struct vmsim_outcome {
	enum vmsim_outcome_kind kind;
	uint32_t error;               /* Win32 code, or an NTSTATUS where a trace spells one */
	uint32_t protect;             /* OLD: previous protection; QUERY: Protect */
	uint32_t alloc_protect;       /* QUERY */
	uint32_t state;               /* QUERY: MEM_COMMIT, MEM_RESERVE or MEM_FREE */
	uint32_t type;                /* QUERY: MEM_PRIVATE, ... or 0 */
	struct vmsim_addr address;    /* ADDR: the pointer; QUERY: BaseAddress; NTSTAT: base */
	struct vmsim_addr alloc_base; /* QUERY */
	uint64_t size;                /* QUERY: RegionSize; NTSTAT: size */
	struct vmsim_addr *pages;     /* WATCH: n_pages addresses */
	size_t n_pages;
};

/* What InjectError makes fail: the next read of a page, the next write, or the frame it is in. */
enum vmsim_inject { VMSIM_INJECT_READ, VMSIM_INJECT_WRITE, VMSIM_INJECT_MEMORY, VMSIM_N_INJECTS };

/* A call: its arguments by the letters of calls.def, in order of their kind. */
struct vmsim_call {
	enum vmsim_call_id id;
	struct vmsim_addr address; /* A */
	uint64_t size[2];          /* S, S */
	uint64_t number[3];        /* N, N, or H, H, H */
	uint32_t type;             /* T */
	uint32_t protect;          /* P or C */
	uint32_t access;           /* V */
	enum vmsim_inject inject;  /* K */
	const char *name;          /* Q */
	const char *file;          /* F; NULL for NULL */
	bool no_buffer; /* the pointer for what the call returns is NULL; never so in a trace */
	bool no_addresses; /* GetWriteWatch: that for the addresses; likewise */
	struct vmsim_outcome recorded;
};

enum vmsim_op { VMSIM_OP_READ, VMSIM_OP_WRITE, VMSIM_OP_EXECUTE, VMSIM_OP_CALL };

enum vmsim_event_flags {
	VMSIM_EV_GAP = 1,    /* time: cycles of computation first (+N) */
	VMSIM_EV_AT = 2,     /* time: the absolute tick it happened at (@N) */
	VMSIM_EV_VALUE = 4,  /* a store's value is in `value` */
	VMSIM_EV_MODIFY = 8, /* this load and the next event, a store, are one modify */
};

/* One event, 64 bytes. `result` is a vmsim_access_result; for VMSIM_RESULT_VALUE the value read
 * is in `value`. */
struct vmsim_event {
	vmsim_va va;
	uint64_t value;
	uint64_t time;
	uint64_t line; /* 1-based line (text) or record (binary) of the file */
	const struct vmsim_call *call; /* VMSIM_OP_CALL only */
	uint32_t size; /* bytes, >= 1 */
	uint32_t label;
	uint32_t pid;
	uint32_t tid;
	uint8_t op;
	uint8_t flags;
	uint8_t result;
	uint8_t reserved[5];
};

/* Labels of a trace: names by the reader, values by whoever replays. Shared by the parts of one
 * recording. value[i] is 0 and bound[i] false until the replay binds it. */
struct vmsim_labels {
	uint64_t *value;
	bool *bound;
	char **name; /* name[0] is NULL */
	uint32_t n;  /* labels known, label 0 included */
	/* private */
	uint32_t capacity;
	GHashTable *ids;
};
VMSIM_API struct vmsim_labels *vmsim_labels_new(void);
VMSIM_API void vmsim_labels_free(struct vmsim_labels *labels);
/* The id of a label, made if it is new. The name need not be terminated. */
VMSIM_API uint32_t vmsim_labels_intern(struct vmsim_labels *labels, const char *name, size_t n);

/* What the directives at the head of a trace said; also what a writer puts there. */
struct vmsim_trace_header {
	int rules;             /* -1 not named, else 0 article, 1 win32 */
	int implicit_commit;   /* -1 not named, 0 false, 1 true */
	char machine[64];      /* "" not named */
	uint64_t machine_line, machine_column; /* where it is named */
	uint64_t ticks_per_second; /* 0 not named */
};

typedef struct vmsim_trace vmsim_trace;

/* vmsim_trace_open: open a file, "-" for standard input, decompressing zstd, xz and gzip by
 * content, and read its directives.
 * => format: a name of vmsim_trace_format_info(), or NULL to tell from the content
 * => labels: shared with other parts, or NULL for the trace's own
 * => returns NULL and sets error for a file that cannot be read, is in no known format, or has a
 *    bad head; the message begins FILE:LINE:COLUMN: where there is a place to name */
VMSIM_API vmsim_trace *vmsim_trace_open(const char *path, const char *format,
					struct vmsim_labels *labels, GError **error);
VMSIM_API void vmsim_trace_close(vmsim_trace *trace);

/* vmsim_trace_next: the next batch.
 * => returns the number of events, 0 at the end or on error (then error is set); events before a
 *    bad line are handed out before the error is */
VMSIM_API size_t vmsim_trace_next(vmsim_trace *trace, const struct vmsim_event **events,
				  GError **error);

VMSIM_API const struct vmsim_trace_header *vmsim_trace_get_header(const vmsim_trace *trace);
VMSIM_API struct vmsim_labels *vmsim_trace_get_labels(const vmsim_trace *trace);
VMSIM_API const char *vmsim_trace_path(const vmsim_trace *trace); /* as given; "<stdin>" for - */
VMSIM_API const char *vmsim_trace_format(const vmsim_trace *trace);
/* Whether the format can hold calls, and values of loads and stores. */
VMSIM_API bool vmsim_trace_carries_calls(const vmsim_trace *trace);
VMSIM_API bool vmsim_trace_carries_values(const vmsim_trace *trace);
/* Bytes of the file consumed so far, and its size (0 when unknown), for a progress bar. */
VMSIM_API uint64_t vmsim_trace_offset(const vmsim_trace *trace);
VMSIM_API uint64_t vmsim_trace_file_size(const vmsim_trace *trace);

/* Formats, for `list formats`. NULL past the last. */
struct vmsim_format_info {
	const char *name;
	const char *doc;
	bool reads, writes, calls, values;
};
VMSIM_API const struct vmsim_format_info *vmsim_trace_format_info(size_t index);

/* Writing. The file is written whole or not at all: vmsim_writer_finish() renames it into place,
 * vmsim_writer_abandon() removes it; both free the writer. "-" is standard output. A name that
 * ends in .zst, .xz or .gz is compressed.
 * => format NULL: by the name (x.lackey, x.lackey.xz), vmt when that tells nothing
 * => header and labels may be NULL */
typedef struct vmsim_writer vmsim_writer;
VMSIM_API vmsim_writer *vmsim_writer_open(const char *path, const char *format,
					  const struct vmsim_trace_header *header,
					  const struct vmsim_labels *labels, GError **error);
/* => returns false and sets error when the format cannot hold the event or the disk is full */
VMSIM_API bool vmsim_writer_put(vmsim_writer *writer, const struct vmsim_event *event,
				GError **error);
VMSIM_API bool vmsim_writer_finish(vmsim_writer *writer, GError **error);
VMSIM_API void vmsim_writer_abandon(vmsim_writer *writer);

/* vmsim_event_print: the event as a line of text trace, without result and line end; for messages.
 * Returns a new string, g_free() it. */
VMSIM_API char *vmsim_event_print(const struct vmsim_event *event,
				  const struct vmsim_labels *labels);
/* vmsim_outcome_print: a call's result as the text format spells it. g_free() it. */
VMSIM_API char *vmsim_outcome_print(enum vmsim_call_id id, const struct vmsim_outcome *outcome,
				    const struct vmsim_labels *labels);

/* Errors of traces, configurations and files: one domain, exit code 2. */
#define VMSIM_ERROR (vmsim_error_quark())
VMSIM_API GQuark vmsim_error_quark(void);
enum vmsim_error_code {
	VMSIM_ERROR_TRACE,       /* the trace is wrong */
	VMSIM_ERROR_CONFIG,      /* an option or configuration file is wrong */
	VMSIM_ERROR_FILE,        /* a file cannot be read or written */
	VMSIM_ERROR_UNSUPPORTED, /* a call that the engine does not simulate */
	VMSIM_ERROR_INVARIANT,   /* exit code 3: the simulator's own fault */
	VMSIM_ERROR_NO_PAGES,    /* exit code 4: no frame can be freed (semantics L3) */
	VMSIM_ERROR_INTERRUPTED, /* stopped by the flag of vmsim_machine_watch() */
};

#endif
