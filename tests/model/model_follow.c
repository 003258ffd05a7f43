/* model_follow.c: the moves of frames, held against the life of a frame (section 4), and the
 * account of where every page is.
 *
 * A move is legal when the table has it, when the frame was in the state it leaves, and when the
 * page that it holds is as the rule asks. Of an open page (an operation on it is under way) what
 * that operation changes is not asked: the move may come before it or after. */
#include "model/model_follow.h"

#include <string.h>

bool wm_in_frame(const struct wm_page *p)
{
	return p->where >= WM_ACTIVE && p->where <= WM_WRITING;
}

/* --- what becomes of a page ------------------------------------------------------------------ */

void wm_lose(struct wm *m, struct wm_page *p)
{
	m->n.lost++;
	p->vague |= p->unknown != NULL;
	if (p->byte) {
		g_free(p->before);
		p->before = g_steal_pointer(&p->byte);
	}
	g_clear_pointer(&p->unknown, g_free);
	p->reset = WM_LOST;
	p->where = WM_NOWHERE;
	p->slot = 0;
	p->dirty = false;
	p->lost_now = p->open != 0;
	p->doubtful = false;
}

/* Whether a reset of the page is under way: it may have been pending already. */
static bool being_reset(struct wm *m, const struct wm_page *p)
{
	const struct wm_flight *f = wm_flight_of(m, p->pid);

	return p->open && f && f->op->event.op == VMSIM_OP_CALL && wm_resets(&f->op->call);
}

/* A page of zeros that has no copy is dropped while it is reset: it was pending, and is lost, or
 * was forgotten, and there was nothing to reset. It reads as zeros either way. */
static void lose_or_forget(struct wm *m, struct wm_page *p)
{
	bool live = p->reset == WM_LIVE;

	wm_lose(m, p);
	m->n.lost--;
	m->n.lost_unsure++;
	m->n.pending_unsure++;
	p->doubtful = live;
}

/* L4: a standby frame is taken from its page. */
static void repurpose(struct wm *m, struct wm_frame *f)
{
	struct wm_page *p = f->page;

	f->page = NULL;
	if (!p)
		return;
	if (p->where != WM_STANDBY)
		wm_differ(m, WM_PAGE " loses its frame, but is not on standby (L4)", WM_ARGS(p));
	m->n.repurposed++;
	if (p->reset == WM_PENDING) {
		wm_lose(m, p);
	} else if (!p->slot && p->zero && being_reset(m, p)) {
		lose_or_forget(m, p);
	} else if (!p->slot && being_reset(m, p)) {
		m->n.pending++;
		wm_lose(m, p);
	} else if (p->slot || (p->in_file && !p->dirty)) {
		p->where = WM_PAGEFILE;
	} else if (p->zero) {
		p->where = WM_NOWHERE;
	} else {
		wm_differ(m, WM_PAGE " is dropped and has no copy (L4)", WM_ARGS(p));
	}
}

static void arrive(struct wm *m, struct wm_page *p)
{
	if (!p->open)
		wm_differ(m, WM_PAGE " becomes active, and nothing accessed it", WM_ARGS(p));
	p->where = WM_ACTIVE;
	p->came = true;
	p->to_head = false;
	p->left = WM_STAYED;
	m->n.resident++;
	m->n.resident_peak = MAX(m->n.resident_peak, m->n.resident);
}

static void take(struct wm *m, struct wm_frame *f, uint32_t pfn, struct wm_page *p)
{
	(void)m;
	f->page = p;
	p->pfn = pfn;
}

/* L10, L11, L12 */
void wm_zero_fill(struct move *v)
{
	struct wm *m = v->m;
	struct wm_page *p = v->owner;
	const struct wm_flight *f = p ? wm_flight_of(m, p->pid) : NULL;
	bool store;

	repurpose(m, v->frame);
	if (!p) {
		wm_differ(m, "frame %u is given to a page that is not committed", v->pfn);
		return;
	}
	if (p->where != WM_NOWHERE)
		wm_differ(m, WM_PAGE " is zero-filled, but it has contents (L10)", WM_ARGS(p));
	store = f && f->op && f->op->event.op == VMSIM_OP_WRITE;
	take(m, v->frame, v->pfn, p);
	arrive(m, p);
	p->fault = WM_ZERO_FAULT;
	p->zero = !store && (p->reset == WM_LOST || !m->machine.zero_fill_dirty);
	p->dirty = !p->zero;
}

/* L31 */
void wm_copy(struct move *v)
{
	struct wm_page *p = v->owner;

	repurpose(v->m, v->frame);
	if (!p || !p->copied_from || p->where != WM_NOWHERE) {
		wm_differ(v->m, "frame %u: nothing is to be copied (L31)", v->pfn);
		return;
	}
	take(v->m, v->frame, v->pfn, p);
	arrive(v->m, p);
	p->copied_from = NULL; /* it may be trimmed, and come again, before the store is made */
	p->fault = WM_COPY_FAULT;
	p->dirty = true;
}

/* L13 */
void wm_start_read(struct move *v)
{
	struct wm_page *p = v->owner;

	repurpose(v->m, v->frame);
	v->m->n.input++;
	if (!p) {
		wm_differ(v->m, "frame %u is to hold a page that is not committed (L13)", v->pfn);
		return;
	}
	if (p->where != WM_PAGEFILE)
		wm_differ(v->m, WM_PAGE " is read, but is not in the pagefile (L13)", WM_ARGS(p));
	if (p->reset != WM_LIVE)
		wm_differ(v->m, WM_PAGE " is read after a reset (I34)", WM_ARGS(p));
	take(v->m, v->frame, v->pfn, p);
	p->where = WM_READING;
	p->fault = p->open && p->reached ? WM_READ_FAULT : WM_NO_FAULT;
}

/* R3: the slot of a page that was reset during its read is freed now. */
static void slot_read(struct wm_page *p)
{
	if (p->discard)
		p->slot = 0;
	p->discard = false;
}

void wm_end_read(struct move *v)
{
	struct wm_page *p = v->frame->page;

	if (p->where != WM_READING)
		wm_differ(v->m, WM_PAGE " was not being read (L14)", WM_ARGS(p));
	arrive(v->m, p);
	slot_read(p);
	p->dirty = false;
}

void wm_end_read_neighbour(struct move *v)
{
	struct wm_page *p = v->frame->page;

	if (p->where != WM_READING)
		wm_differ(v->m, WM_PAGE " was not being read (L15)", WM_ARGS(p));
	p->where = WM_STANDBY;
	slot_read(p);
	p->dirty = false;
	p->fault = WM_NO_FAULT; /* it was none of the page's own */
}

/* A page whose write is still under way (L23) goes on no list, but back to T. */
static void check_listed(struct move *v)
{
	struct wm_page *p = v->frame->page;

	if (p->told) {
		p->writing = !strcmp(v->frame->state, "transition");
		p->where = p->writing ? WM_WRITING : p->dirty ? WM_MODIFIED : WM_STANDBY;
	}
	if (p->writing != !strcmp(v->frame->state, "transition"))
		wm_differ(v->m, WM_PAGE " is %sbeing written and became %s (I7)", WM_ARGS(p),
			  p->writing ? "" : "not ", v->frame->state);
}

/* L17 */
void wm_leave_clean(struct move *v)
{
	struct wm_page *p = v->frame->page;

	if (!p->open) {
		if (p->locked)
			wm_differ(v->m, WM_PAGE " is locked and was taken away (E15)", WM_ARGS(p));
		p->may_have_failed = false;
		if (p->dirty)
			wm_differ(v->m, WM_PAGE " is dirty and was listed as clean (L18)",
				  WM_ARGS(p));
		if (!p->slot && p->reset == WM_LIVE && !p->zero && !p->writing && !p->in_file)
			wm_differ(v->m, WM_PAGE " is clean without any copy (I9)", WM_ARGS(p));
	}
	if (being_reset(v->m, p))
		p->dirty = false;
	p->where = p->writing ? WM_WRITING : WM_STANDBY;
	p->left = WM_LEFT_CLEAN;
	p->stale = false;
	v->m->n.resident--;
	check_listed(v);
}

/* L18 */
void wm_leave_dirty(struct move *v)
{
	struct wm_page *p = v->frame->page;

	if (!p->open) {
		if (p->locked)
			wm_differ(v->m, WM_PAGE " is locked and was taken away (E15)", WM_ARGS(p));
		if (!p->dirty && !p->may_have_failed)
			wm_differ(v->m, WM_PAGE " is clean and was listed as modified (L17)",
				  WM_ARGS(p));
	}
	p->where = p->writing ? WM_WRITING : WM_MODIFIED;
	p->discard = p->writing;
	p->left = WM_LEFT_DIRTY;
	p->was_lost |= p->open && p->reset == WM_LOST; /* undone meanwhile (R8) */
	p->reset = WM_LIVE;                            /* R6: its D told of a write */
	p->stale = false;
	p->dirty = true;
	p->zero = false;
	p->slot = 0;
	v->m->n.resident--;
	check_listed(v);
}

/* L19, L20 */
void wm_soft(struct move *v)
{
	struct wm_page *p = v->frame->page;

	if (p->where != WM_STANDBY && p->where != WM_MODIFIED)
		wm_differ(v->m, WM_PAGE " is not on a list (L19)", WM_ARGS(p));
	arrive(v->m, p);
	p->fault = WM_SOFT_FAULT;
}

/* L21 */
void wm_start_write(struct move *v)
{
	struct wm_page *p = v->frame->page;

	if (!p->open && p->reset != WM_LIVE)
		wm_differ(v->m, WM_PAGE " is written out after a reset (I34)", WM_ARGS(p));
	if (p->where != WM_MODIFIED)
		wm_differ(v->m, WM_PAGE " is not on the modified list (L21)", WM_ARGS(p));
	if (p->writing)
		wm_differ(v->m, WM_PAGE " is written twice at a time (L21)", WM_ARGS(p));
	v->m->n.output++;
	p->where = WM_WRITING;
	p->dirty = p->discard = false;
	p->writing = true;
	p->picked = true;
}

/* L16 */
void wm_read_failed(struct move *v)
{
	struct wm_page *p = v->frame->page;

	if (p->where != WM_READING)
		wm_differ(v->m, WM_PAGE " was not being read (L16)", WM_ARGS(p));
	if (!wm_injected(v->m, p, VMSIM_INJECT_READ))
		wm_differ(v->m, "the read of " WM_PAGE " fails without a reason (L16)", WM_ARGS(p));
	wm_inject(v->m, p->pid, p->vpn, VMSIM_INJECT_READ, false);
	p->where = p->deleted ? WM_GONE : WM_PAGEFILE;
	v->frame->page = NULL;
}

/* L25 */
void wm_write_failed(struct move *v)
{
	struct wm_page *p = v->frame->page;

	if (p->where != WM_WRITING || p->writing)
		wm_differ(v->m, WM_PAGE " is still being written (L25)", WM_ARGS(p));
	p->may_have_failed = false;
	if (!wm_injected(v->m, p, VMSIM_INJECT_WRITE))
		wm_differ(v->m, "the write of " WM_PAGE " fails without a reason (L25)",
			  WM_ARGS(p));
	wm_inject(v->m, p->pid, p->vpn, VMSIM_INJECT_WRITE, false);
	p->where = WM_MODIFIED;
	p->dirty = true;
	p->slot = 0;
}

/* L32: what was only in the frame is gone. */
void wm_turned_bad(struct move *v)
{
	struct wm_page *p = v->frame->page;

	if (!p)
		return;
	if (!p->turning)
		wm_differ(v->m, WM_PAGE " loses its frame without a reason (L32)", WM_ARGS(p));
	p->turning = false;
	wm_unlock(v->m, p);
	v->m->n.resident -= p->where == WM_ACTIVE;
	v->frame->page = NULL;
	p->bad = true;
	p->where = p->slot && !p->dirty ? WM_PAGEFILE : WM_NOWHERE;
	if (p->reset == WM_PENDING)
		wm_lose(v->m, p);
	if (p->where == WM_PAGEFILE || p->reset == WM_LOST || p->zero)
		return;
	p->reset = WM_LOST; /* what is read after the error is not what was there */
	p->doubtful = false;
	p->dirty = false;
	g_clear_pointer(&p->byte, g_free);
	g_free(p->unknown);
	p->unknown = g_malloc(WM_P);
	memset(p->unknown, 1, WM_P);
}

/* L22 */
void wm_end_write(struct move *v)
{
	struct wm_page *p = v->frame->page;

	if (p->where != WM_WRITING || p->writing)
		wm_differ(v->m, WM_PAGE " is still being written (L22)", WM_ARGS(p));
	if (p->dirty)
		wm_differ(v->m, WM_PAGE " was written to meanwhile (L24)", WM_ARGS(p));
	if (wm_injected(v->m, p, VMSIM_INJECT_WRITE) && p->reset == WM_LIVE && !p->open &&
	    !p->may_have_failed)
		wm_differ(v->m, "the write of " WM_PAGE " must fail (L25)", WM_ARGS(p));
	if (p->reset != WM_LIVE || p->may_have_failed) /* nothing of it is missing (R3) */
		wm_inject(v->m, p->pid, p->vpn, VMSIM_INJECT_WRITE, false);
	p->may_have_failed = false;
	p->where = WM_STANDBY;
}

/* L24 */
void wm_end_stale_write(struct move *v)
{
	struct wm_page *p = v->frame->page;

	if (p->where == WM_READING) /* undone while it was read (R8) */
		slot_read(p);
	else if (p->where != WM_WRITING || p->writing)
		wm_differ(v->m, WM_PAGE " is still being written (L24)", WM_ARGS(p));
	if (!p->dirty && !p->open)
		wm_differ(v->m, WM_PAGE " was not written to meanwhile (L22)", WM_ARGS(p));
	p->where = WM_MODIFIED;
	p->dirty = true;
	p->slot = 0;
}

/* L23 */
void wm_soft_write(struct move *v)
{
	struct wm_page *p = v->frame->page;

	if (p->where != WM_WRITING)
		wm_differ(v->m, WM_PAGE " is not being written (L23)", WM_ARGS(p));
	arrive(v->m, p);
	p->fault = WM_SOFT_FAULT;
}

/* L27, L28 */
void wm_deleted(struct move *v)
{
	struct wm_page *p = v->frame->page;

	if (!p->deleted)
		wm_differ(v->m, WM_PAGE " loses its frame and was not deleted (L27)", WM_ARGS(p));
	if (p->writing)
		wm_differ(v->m, WM_PAGE ": its frame is free before its I/O is done (L28)",
			  WM_ARGS(p));
	v->m->n.resident -= p->where == WM_ACTIVE;
	p->where = WM_GONE;
	v->frame->page = NULL;
}

/* 4.5: deleted while a write of it is under way (L23): the frame is free when that is done. */
void wm_deleted_in_write(struct move *v)
{
	struct wm_page *p = v->frame->page;

	if (!p->deleted || !p->writing)
		wm_differ(v->m, WM_PAGE " was not deleted during a write (4.5)", WM_ARGS(p));
	v->m->n.resident--;
	p->where = WM_WRITING;
}

/* L29 */
void wm_reset_modified(struct move *v)
{
	struct wm_page *p = v->frame->page;

	if (!p->open)
		wm_differ(v->m, WM_PAGE " leaves the modified list without a reset (L29)",
			  WM_ARGS(p));
	p->where = WM_STANDBY;
	p->dirty = false;
	p->slot = 0;
}

void wm_undone(struct move *v)
{
	struct wm_page *p = v->frame->page;

	if (!p->open)
		wm_differ(v->m, WM_PAGE " becomes modified without an undo (R8)", WM_ARGS(p));
	p->where = WM_MODIFIED;
	p->was_lost = p->reset == WM_LOST;
	p->reset = WM_LIVE;
	p->dirty = true;
	p->zero = false;
}

/* L38 */
void wm_becomes_table(struct move *v)
{
	repurpose(v->m, v->frame);
	v->frame->table = true;
}

void wm_table_freed(struct move *v)
{
	v->frame->table = false;
}

void wm_dropped(struct move *v)
{
	v->m->n.repurposed--; /* counted there; not repurposed on the textbook machine */
	repurpose(v->m, v->frame);
}

void wm_zeroed(struct move *v)
{
	if (v->frame->page)
		wm_differ(v->m, "frame %u is zeroed and holds a page (L26)", v->pfn);
}
