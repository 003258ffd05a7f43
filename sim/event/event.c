/* event.c: the kinds of records, and handing them to whoever listens. */
#include "event/event.h"

struct listener {
	uint64_t mask;
	vmsim_listener call;
	void *ctx;
};

G_STATIC_ASSERT(VMSIM_N_RECORDS < 64);

const struct vmsim_record_info vmsim_records[VMSIM_N_RECORDS] = {
#define EVENT(id, name, doc, fields) [VMSIM_RECORD_##id] = {name, doc},
#include <vmsim/events.def>
};

void events_init(struct events *events)
{
	*events = (struct events){.listeners = g_array_new(FALSE, FALSE, sizeof(struct listener))};
}

void events_fini(struct events *events)
{
	g_array_free(events->listeners, TRUE);
	events->listeners = NULL;
	events->mask = 0;
}

void events_listen(struct events *events, uint64_t mask, vmsim_listener call, void *ctx)
{
	struct listener listener = {.mask = mask, .call = call, .ctx = ctx};

	g_array_append_val(events->listeners, listener);
	events->mask |= mask;
}

void events_emit(struct events *events, struct vmsim_record *record)
{
	record->cycle = events->cycle;
	record->seq = events->seq;
	record->line = events->line;
	record->pid = events->pid;
	record->tid = events->tid;
	record->core = events->core;
	for (guint i = 0; i < events->listeners->len; i++) {
		const struct listener *l = &g_array_index(events->listeners, struct listener, i);

		if (l->mask & VMSIM_RECORD_BIT(record->kind))
			l->call(l->ctx, record);
	}
}
