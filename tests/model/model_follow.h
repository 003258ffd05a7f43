/* model_follow.h: the moves that a frame can make, for the table of them. */
#ifndef MODEL_FOLLOW_H
#define MODEL_FOLLOW_H

#include "model/windows_model.h"

struct move {
	struct wm *m;
	struct wm_frame *frame;
	uint32_t pfn;
	uint64_t seq;
	struct wm_page *owner; /* a new owner, by the event's process and address */
};

void wm_zero_fill(struct move *v);
void wm_start_read(struct move *v);
void wm_end_read(struct move *v);
void wm_end_read_neighbour(struct move *v);
void wm_read_failed(struct move *v);
void wm_leave_clean(struct move *v);
void wm_leave_dirty(struct move *v);
void wm_soft(struct move *v);
void wm_start_write(struct move *v);
void wm_end_write(struct move *v);
void wm_soft_write(struct move *v);
void wm_end_stale_write(struct move *v);
void wm_write_failed(struct move *v);
void wm_zeroed(struct move *v);
void wm_deleted(struct move *v);
void wm_deleted_in_write(struct move *v);
void wm_reset_modified(struct move *v);
void wm_undone(struct move *v);
void wm_copy(struct move *v);
void wm_turned_bad(struct move *v);
void wm_becomes_table(struct move *v);
void wm_table_freed(struct move *v);
void wm_dropped(struct move *v);

#endif
