/* model_lists.c: which frame is next: zeroed and free ones first, then the standby page of the
 * lowest priority, first in first out (4.2, W11). Nothing is said while a page of standby is open:
 * the operation on it may have moved it already; nor of frames that were given up on a machine with
 * several cores, until the event that did so has ended: when they have all answered is not known
 * here (T2). But before they are asked, nobody else can have the frame. */
#include "model/windows_model.h"

#include <string.h>

#define NORMAL 5u /* default page priority */

/* The page has become standby: at the tail of its priority. */
void wm_list_enter(struct wm *m, struct wm_page *p)
{
	p->priority = p->reset == WM_LIVE ? NORMAL : p->offered ? p->offer_priority : 0;
	p->order = (int64_t)++m->entered;
	if (p->to_head && p->reset == WM_PENDING) /* R11 */
		p->order = -p->order;
	p->to_head = false;
	p->listed_in = p->open;
	p->unordered = false;
}

/* R3, R9, R11: what a reset, an offer or a discard makes of a page on standby. */
void wm_list_dispose(struct wm *m, struct wm_page *p, enum vmsim_call_id how)
{
	p->to_head = how == VMSIM_CALL_DISCARD && p->where != WM_ACTIVE; /* as a locked one is */
	if (p->where != WM_STANDBY)
		return;
	if (p->listed_in == p->open) { /* meanwhile: before it, or by it */
		p->unordered = true;
		return;
	}
	wm_list_enter(m, p);
	if (how != VMSIM_CALL_OFFER)
		p->priority = 0;
}

static bool any_free(const struct wm *m, const char *state)
{
	for (uint64_t i = 0; i < m->machine.frames; i++)
		if (!strcmp(m->frames[i].state, state) && m->frames[i].hold == WM_LISTED)
			return true;
	return false;
}

static bool before(const struct wm_page *a, const struct wm_page *b)
{
	return a->priority != b->priority ? a->priority < b->priority : a->order < b->order;
}

/* The standby page whose turn it is; NULL when that cannot be told. */
static const struct wm_page *next_standby(const struct wm *m)
{
	const struct wm_page *next = NULL;

	for (uint64_t i = 0; i < m->machine.frames; i++) {
		const struct wm_page *p = m->frames[i].page;

		if (!p || p->where != WM_STANDBY)
			continue;
		if (p->open || p->unordered || m->frames[i].hold != WM_LISTED)
			return NULL;
		if (!next || before(p, next))
			next = p;
	}
	return next;
}

/* wm_list_take: a frame in the state from is about to be taken, for a page that must be zero
 * (L1) or for any (L2). */
void wm_list_take(struct wm *m, const struct wm_page *p, const char *from, bool zero)
{
	const char *best = zero ? "zeroed" : "free", *second = zero ? "free" : "zeroed";
	const struct wm_page *next;

	if (strcmp(from, best) && any_free(m, best))
		wm_differ(m, "a frame is taken from %s, and there are %s ones (L1, L2)", from,
			  best);
	if (strcmp(from, "standby"))
		return;
	if (any_free(m, second))
		wm_differ(m, "a frame is taken from standby, and there are %s ones (L1, L2)",
			  second);
	next = next_standby(m);
	if (next && next != p)
		wm_differ(m,
			  "the frame of " WM_PAGE " is taken, but that of " WM_PAGE
			  " is next (L1, W11)",
			  WM_ARGS(p), WM_ARGS(next));
}

/* --- frames that are given up (T2) ------------------------------------------------------------ */

static bool gave(const struct wm_frame *frame, const struct vmsim_record *r)
{
	return frame->giver == r->seq && frame->giver_core == r->core;
}

/* wm_hold_move: from_list: the move takes the frame from a list, for another page or to be written
 * or zeroed. */
void wm_hold_move(struct wm *m, struct wm_frame *frame, const struct vmsim_record *r,
		  bool from_list)
{
	if (!(m->machine.more & WM_CORES))
		return;
	if (from_list && frame->hold == WM_HELD && !gave(frame, r))
		wm_differ(m,
			  "frame %" G_GUINT64_FORMAT " is taken by %s, and cores have not been told"
			  " that it was given up (T2)",
			  r->pfn, r->rule);
	if (from_list)
		frame->hold = WM_LISTED;
	if (strcmp(r->from, "active"))
		return;
	frame->hold = frame->table ? WM_ANSWERING : WM_HELD; /* no event need tell of a table's */
	frame->giver = r->seq;
	frame->giver_core = r->core;
}

/* All have answered; in which order of others' lists it stands is not known. */
static void listed(struct wm_frame *frame)
{
	frame->hold = WM_LISTED;
	if (frame->page)
		frame->page->unordered = true;
}

/* wm_hold_shootdown: what was given up on a core before is listed, too: it sends one round at a
 * time. */
void wm_hold_shootdown(struct wm *m, const struct vmsim_record *r)
{
	for (uint64_t i = 0; i < m->machine.frames; i++) {
		struct wm_frame *frame = &m->frames[i];

		if (frame->hold == WM_ANSWERING && !r->seq && gave(frame, r))
			listed(frame);
		else if (frame->hold == WM_HELD && gave(frame, r))
			frame->hold = r->cores ? WM_ANSWERING : WM_LISTED;
	}
}

/* wm_hold_end: the event has ended. */
void wm_hold_end(struct wm *m, uint64_t seq)
{
	for (uint64_t i = 0; i < m->machine.frames; i++)
		if (m->frames[i].hold != WM_LISTED && m->frames[i].giver == seq)
			listed(&m->frames[i]);
}
