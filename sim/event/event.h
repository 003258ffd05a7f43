/* event.h: handing records to whoever listens.
 *
 * Whoever has something to report asks first, which costs one bit test when nobody listens:
 *
 *	if (events_wanted(events, VMSIM_RECORD_PAGE_FAULT))
 *		events_emit(events, &(struct vmsim_record){.kind = VMSIM_RECORD_PAGE_FAULT, ...});
 *
 * The engine keeps the fields that all kinds share (when, on whose behalf) up to date in struct
 * events; reporters leave them out. */
#ifndef EVENT_EVENT_H
#define EVENT_EVENT_H

#include <glib.h>
#include <vmsim/event.h>

struct events {
	uint64_t mask;     /* kinds that anybody listens to */
	GArray *listeners; /* in the order in which they came */

	/* Go into every record. */
	uint64_t cycle, seq, line;
	uint32_t pid, tid, core;
};

void events_init(struct events *events);
void events_fini(struct events *events);

/* events_listen: call listener for the kinds in mask from now on. */
void events_listen(struct events *events, uint64_t mask, vmsim_listener listener, void *ctx);

/* events_emit: fill in the shared fields and hand the record to its listeners, in order. */
void events_emit(struct events *events, struct vmsim_record *record);

static inline bool events_wanted(const struct events *events, enum vmsim_record_kind kind)
{
	return (events->mask & VMSIM_RECORD_BIT(kind)) != 0;
}

#endif
