/* model_moves.c: the table of legal moves (4.3); every move that is reported is held against it. */
#include "model/model_follow.h"

#include <string.h>

static const struct legal {
	const char *rule, *from, *to;
	void (*move)(struct move *v);
} legal[] = {
	{"L10", "zeroed", "active", wm_zero_fill},
	{"L11", "free", "active", wm_zero_fill},
	{"L12", "standby", "active", wm_zero_fill},
	{"L13", "zeroed", "transition", wm_start_read},
	{"L13", "free", "transition", wm_start_read},
	{"L13", "standby", "transition", wm_start_read},
	{"L14", "transition", "active", wm_end_read},
	{"L15", "transition", "standby", wm_end_read_neighbour},
	{"L16", "transition", "free", wm_read_failed},
	{"L17", "active", "standby", wm_leave_clean},
	{"L18", "active", "modified", wm_leave_dirty},
	{"L17", "active", "transition", wm_leave_clean},
	{"L18", "active", "transition", wm_leave_dirty},
	{"L19", "standby", "active", wm_soft},
	{"L20", "modified", "active", wm_soft},
	{"L21", "modified", "transition", wm_start_write},
	{"L22", "transition", "standby", wm_end_write},
	{"L23", "transition", "active", wm_soft_write},
	{"L24", "transition", "modified", wm_end_stale_write},
	{"L25", "transition", "modified", wm_write_failed},
	{"L26", "free", "zeroed", wm_zeroed},
	{"L27", "active", "free", wm_deleted},
	{"L27", "standby", "free", wm_deleted},
	{"L27", "modified", "free", wm_deleted},
	{"L28", "transition", "free", wm_deleted},
	{"4.5", "active", "transition", wm_deleted_in_write},
	{"L29", "modified", "standby", wm_reset_modified},
	{"R8", "standby", "modified", wm_undone},
	{"L31", "zeroed", "active", wm_copy},
	{"L31", "free", "active", wm_copy},
	{"L31", "standby", "active", wm_copy},
	{"L32", "active", "bad", wm_turned_bad},
	{"L32", "standby", "bad", wm_turned_bad},
	{"L32", "modified", "bad", wm_turned_bad},
	{"L32", "transition", "bad", wm_turned_bad},
	{"L38", "zeroed", "active", wm_becomes_table},
	{"L38", "free", "active", wm_becomes_table},
	{"L38", "standby", "active", wm_becomes_table},
	{"L38", "active", "free", wm_table_freed},
	{"L4", "standby", "free", wm_dropped},
};

/* Whether the move gives the frame to another page. */
static bool takes(const struct legal *l)
{
	return l->move == wm_zero_fill || l->move == wm_start_read || l->move == wm_copy ||
	       l->move == wm_becomes_table;
}

static bool owned(const char *state)
{
	return strcmp(state, "zeroed") && strcmp(state, "free");
}

/* The end of a write that one of several page-outs may have told of. */
static void told_by_move(struct wm_page *p)
{
	if (p->where != WM_WRITING || !p->writing || !p->told)
		return;
	p->writing = false;
	if (!p->dirty && !p->discard && (!p->deleted || p->open) && !p->in_file)
		p->slot = p->told - 1;
	p->told = 0;
}

void wm_frame_state(struct wm *m, const struct vmsim_record *r)
{
	struct move v = {.m = m, .pfn = (uint32_t)r->pfn, .seq = r->seq};
	const struct legal *l = legal;

	if (r->pfn >= m->machine.frames) {
		wm_differ(m, "there is no frame %" G_GUINT64_FORMAT, r->pfn);
		return;
	}
	v.frame = &m->frames[r->pfn];
	v.owner = r->section ? wm_section_page(m, r->section, r->va / WM_P)
			     : wm_page_at(m, (uint32_t)r->owner_pid, r->va / WM_P);
	while (l < legal + G_N_ELEMENTS(legal) &&
	       (strcmp(l->rule, r->rule) || strcmp(l->from, r->from) || strcmp(l->to, r->to)))
		l++;
	if (l == legal + G_N_ELEMENTS(legal)) {
		wm_differ(m, "frame %u: %s to %s by %s is no legal move", v.pfn, r->from, r->to,
			  r->rule);
		return;
	}
	if (v.frame->table != (l->move == wm_table_freed))
		wm_differ(m, "frame %u: %s, and it is %sa page table (L38)", v.pfn, r->rule,
			  v.frame->table ? "" : "not ");
	if (strcmp(v.frame->state, r->from))
		wm_differ(m, "frame %u: %s to %s by %s, but it was %s", v.pfn, r->from, r->to,
			  r->rule, v.frame->state);
	if (owned(l->from) && !v.frame->page && l->move != wm_table_freed) {
		wm_differ(m, "frame %u: %s to %s by %s, but it holds no page", v.pfn, r->from,
			  r->to, r->rule);
		return;
	}
	if (takes(l) && m->machine.standby)
		wm_list_take(m, v.frame->page, l->from,
			     l->move == wm_zero_fill || l->move == wm_becomes_table);
	wm_hold_move(m, v.frame, r,
		     takes(l) || l->move == wm_start_write || l->move == wm_zeroed);
	v.frame->state = l->to;
	if (v.frame->page && !strcmp(l->from, "transition"))
		told_by_move(v.frame->page);
	l->move(&v);
	if (v.frame->page && v.frame->page->where == WM_STANDBY)
		wm_list_enter(m, v.frame->page);
	if (owned(l->to) && v.frame->page &&
	    (v.frame->page->pid != r->owner_pid || v.frame->page->vpn != r->va / WM_P))
		wm_differ(m, "frame %u is " WM_PAGE "'s, the event names another", v.pfn,
			  WM_ARGS(v.frame->page));
}
