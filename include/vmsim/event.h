/* event.h: what the simulator reports while it runs, as typed records.
 *
 * One flat record serves all kinds; events.def says which members each kind uses. Strings belong
 * to the simulator and live for the call only. */
#ifndef VMSIM_EVENT_H
#define VMSIM_EVENT_H

#include <vmsim/types.h>

enum vmsim_record_kind {
#define EVENT(id, name, doc, fields) VMSIM_RECORD_##id,
#include <vmsim/events.def>
	VMSIM_N_RECORDS
};

/* The call that last took rights on a page away. call is NULL when there was none. */
struct vmsim_freed_by {
	uint64_t seq;
	uint64_t line;
	const char *call;
};

struct vmsim_record {
	enum vmsim_record_kind kind;
	uint64_t cycle;
	uint64_t seq;  /* the trace event that caused it, from 1; 0 for none */
	uint64_t line; /* its line in a text trace, 0 otherwise */
	uint32_t pid, tid, core;

	uint64_t va, pages, cycles, slot, queued_cycles, service_cycles;
	uint64_t pfn, code, cores, owner_pid, pagefile, limit;
	const char *from, *to, *cause, *call, *error, *status, *rule, *why;
	const char *access, *state, *section, *protect, *type, *expected, *got, *name;
	const char *file; /* of a divergence: the path of its trace; not written */
	struct vmsim_freed_by freed_by;
};

/* A listener; it must not call back into the machine. */
typedef void (*vmsim_listener)(void *ctx, const struct vmsim_record *record);

struct vmsim_record_info {
	const char *name, *doc;
};
VMSIM_API extern const struct vmsim_record_info vmsim_records[VMSIM_N_RECORDS];

/* The bit of a kind in a listener's mask. */
#define VMSIM_RECORD_BIT(kind) ((uint64_t)1 << (kind))
#define VMSIM_RECORD_ALL (VMSIM_RECORD_BIT(VMSIM_N_RECORDS) - 1)

#endif
