/* model_apply.c: what a call does in the model, and, once it has ended, what must have come of it.
 *
 * The logical part (blocks, states, protections, charge) happens when the call is fed: results do
 * not depend on time (timing T3). What it does to frames and slots is judged when it has ended. */
#include "model/windows_model.h"

#include <string.h>

void wm_open(struct wm *m, struct wm_flight *f, struct wm_page *p)
{
	(void)m;
	g_ptr_array_add(f->pages, p);
	p->open = f->seq;
	if (p->opens++)
		return;
	p->was_in = p->where == WM_ACTIVE;
	p->had_frame = wm_in_frame(p);
	p->touched = p->reached = p->lock_new = p->read_only = false;
	p->came = p->picked = p->was_lost = p->lost_now = false;
	p->left = WM_STAYED;
}

void wm_change_expected(struct wm_flight *f, uint64_t vpn, const char *from, const char *to)
{
	struct wm_change change = {vpn, from, to};

	g_array_append_val(f->changes, change);
}

void wm_unlock(struct wm *m, struct wm_page *p)
{
	m->locked[p->pid] -= p->locked;
	p->locked = false;
}

/* NOACCESS and GUARD unlock (E14). */
static void protect(struct wm *m, struct wm_page *p, const struct wm_block *b, uint32_t prot)
{
	int64_t charge = wm_view_charge(p, b, prot);

	p->free_of_charge = charge ? charge < 0 : p->free_of_charge;
	m->charge += (uint64_t)charge;
	p->prot = prot & ~0x40000000u;
	if ((prot & PAGE_GUARD) || (prot & PAGE_NOACCESS))
		wm_unlock(m, p);
}

static void delete_page(struct wm *m, struct wm_flight *f, struct wm_page *p)
{
	wm_open(m, f, p);
	wm_page_delete(m, p);
}

/* --- effects of a success -------------------------------------------------------------------- */

static void apply_reserve(struct wm *m, struct wm_flight *f, const struct vmsim_call *c)
{
	const struct wm_verdict *v = &f->verdict;
	bool commit = c->type & MEM_COMMIT, replace = v->block != NULL;
	uint64_t peak = m->n.reserved_peak;
	struct wm_block b = {.pid = f->pid,
			     .first = v->first,
			     .end = v->end,
			     .alloc_protect = c->protect & ~0x40000000u,
			     .awe = c->type & MEM_PHYSICAL};

	if (c->type & MEM_WRITE_WATCH)
		b.watch = g_malloc0(v->end - v->first);
	if (replace)
		wm_block_remove(m, v->block);
	b.replaces = replace;
	if (c->id == VMSIM_CALL_VIRTUAL_ALLOC2)
		b.placeholder = c->type & MEM_RESERVE_PLACEHOLDER;
	wm_block_add(m, &b);
	m->n.reserved_peak = MAX(peak, m->reserved);
	for (uint64_t i = v->first; i < v->end; i++) {
		if (!replace || commit)
			wm_change_expected(f, i, replace ? "reserved" : "free",
					   commit ? "committed" : "reserved");
		if (commit)
			wm_page_commit(m, f->pid, i, c->protect & ~0x40000000u);
	}
}

void wm_commit(struct wm *m, struct wm_flight *f, const struct wm_verdict *v, uint32_t prot)
{
	for (uint64_t i = v->first; i < v->end; i++) {
		struct wm_page *p = wm_page_at(m, f->pid, i);
		const struct wm_block *b = wm_block_at(m, f->pid, i);

		if (p) {
			wm_open(m, f, p);
			protect(m, p, b, wm_block_caching(b, prot)); /* E5 */
		} else {
			wm_change_expected(f, i, "reserved", "committed");
			wm_page_commit(m, f->pid, i, prot & ~0x40000000u);
		}
	}
}

static void open_committed(struct wm *m, struct wm_flight *f, uint64_t first, uint64_t end)
{
	for (uint64_t i = first; i < end; i++) {
		struct wm_page *p = wm_page_at(m, f->pid, i);

		if (p)
			wm_open(m, f, p);
		if (p && p->proto)
			wm_open(m, f, p->proto);
	}
}

static void apply_alloc(struct wm *m, struct wm_flight *f, const struct vmsim_call *c)
{
	if (c->type == MEM_RESET || c->type == MEM_RESET_UNDO)
		open_committed(m, f, f->verdict.first, f->verdict.end);
	else if ((c->type & MEM_RESERVE) || !c->address.offset)
		apply_reserve(m, f, c);
	else
		wm_commit(m, f, &f->verdict, c->protect);
}

void wm_decommit(struct wm *m, struct wm_flight *f, uint64_t vpn, const char *to)
{
	struct wm_page *p = wm_page_at(m, f->pid, vpn);

	if (!p)
		return;
	wm_change_expected(f, vpn, "committed", to);
	delete_page(m, f, p);
}

static void apply_free(struct wm *m, struct wm_flight *f)
{
	const struct wm_verdict *v = &f->verdict;
	bool release = f->op->call.type == MEM_RELEASE;

	if (v->split || v->join) {
		wm_apply_placeholder(m, f);
		return;
	}
	for (uint64_t i = v->first; i < v->end; i++) {
		if (release && !wm_page_at(m, f->pid, i))
			wm_change_expected(f, i, "reserved", "free");
		wm_decommit(m, f, i, release ? "free" : "reserved");
	}
	if (release)
		wm_block_cut(m, v->block, v->first, v->end);
}

static void apply_protect(struct wm *m, struct wm_flight *f, const struct vmsim_call *c)
{
	for (uint64_t i = f->verdict.first; i < f->verdict.end; i++) {
		struct wm_page *p = wm_page_at(m, f->pid, i);

		wm_open(m, f, p);
		if (p->proto)
			wm_open(m, f, p->proto);
		protect(m, p, f->verdict.block,
			wm_view_protection(p, f->verdict.block,
					   wm_block_caching(f->verdict.block, c->protect)));
	}
	m->n.charge_peak = MAX(m->n.charge_peak, m->charge);
}

/* E0: what a lock that fails has touched stays in, and a guard it met is gone. */
static void apply_lock(struct wm *m, struct wm_flight *f)
{
	const struct wm_verdict *v = &f->verdict;
	struct wm_page *p;

	open_committed(m, f, v->first, v->ok ? v->end : v->stop);
	for (guint i = 0; i < f->pages->len; i++) {
		p = g_ptr_array_index(f->pages, i);
		p->reached = true;
		f->may_err |= wm_injected(m, p, VMSIM_INJECT_READ) || p->bad;
	}
	if (v->guard) {
		f->guards++;
		p = wm_page_at(m, f->pid, v->stop);
		wm_open(m, f, p);
		wm_guard_taken(m, p);
	}
	for (uint64_t i = v->first; v->ok && i < v->end; i++) {
		p = wm_page_at(m, f->pid, i);
		m->locked[f->pid] += !p->locked;
		p->lock_new = !p->locked;
		p->locked = true;
	}
}

static void apply_unlock(struct wm *m, struct wm_flight *f)
{
	const struct wm_verdict *v = &f->verdict;

	for (uint64_t i = v->first; i < (v->ok ? v->end : v->stop); i++) {
		struct wm_page *p = wm_page_at(m, f->pid, i);

		if (!p || (!v->ok && p->locked))
			continue;
		wm_open(m, f, p);
		if (v->ok)
			wm_unlock(m, p);
	}
}

static void exit_process(struct wm *m, struct wm_flight *f)
{
	GList *next;

	m->stack[f->pid].end = 0;
	m->ws[f->pid].min = m->machine.ws_min;
	m->ws[f->pid].max = 345;
	m->exists[f->pid] = false;
	for (GList *l = m->blocks; l; l = next) {
		struct wm_block *b = l->data;

		next = l->next;
		if (b->pid != f->pid)
			continue;
		if (b->section) {
			wm_unmap(m, f, b);
			continue;
		}
		for (uint64_t i = b->first; i < b->end; i++) {
			struct wm_page *p = wm_page_at(m, f->pid, i);

			wm_change_expected(f, i, p ? "committed" : "reserved", "free");
			if (p)
				delete_page(m, f, p);
		}
		wm_block_remove(m, b);
	}
	wm_sections_exit(m, f);
}

/* Every page of the process may go. */
static void apply_empty(struct wm *m, struct wm_flight *f)
{
	for (GList *l = m->blocks; l; l = l->next) {
		const struct wm_block *b = l->data;

		if (b->pid == f->pid)
			open_committed(m, f, b->first, b->end);
	}
}

static void apply_limits(struct wm *m, struct wm_flight *f)
{
	if (f->verdict.empty) {
		apply_empty(m, f);
		return;
	}
	m->ws[f->pid].min = f->verdict.first;
	m->ws[f->pid].max = f->verdict.end;
}

static void apply(struct wm *m, struct wm_flight *f, struct vmsim_call *c)
{
	if (c->id == VMSIM_CALL_VIRTUAL_LOCK && f->verdict.stop)
		apply_lock(m, f);
	else if (c->id == VMSIM_CALL_VIRTUAL_UNLOCK)
		apply_unlock(m, f);
	if (!f->verdict.ok)
		return;
	if (c->id == VMSIM_CALL_VIRTUAL_ALLOC || c->id == VMSIM_CALL_NT_ALLOCATE ||
	    c->id == VMSIM_CALL_VIRTUAL_ALLOC2)
		apply_alloc(m, f, c);
	else if (c->id == VMSIM_CALL_VIRTUAL_FREE || c->id == VMSIM_CALL_NT_FREE)
		apply_free(m, f);
	else if (c->id == VMSIM_CALL_VIRTUAL_PROTECT)
		apply_protect(m, f, c);
	else if (c->id == VMSIM_CALL_SET_WORKING_SET || c->id == VMSIM_CALL_EMPTY_WORKING_SET)
		apply_limits(m, f);
	else if (c->id >= VMSIM_CALL_CREATE_FILE_MAPPING && c->id <= VMSIM_CALL_CLOSE_HANDLE)
		wm_apply_section(m, f, c);
	else if (c->id == VMSIM_CALL_PREFETCH)
		open_committed(m, f, f->verdict.first, f->verdict.end);
	else if (vmsim_calls[c->id].result == VMSIM_CODE && c->id != VMSIM_CALL_RESET_WRITE_WATCH)
		wm_apply_offer(m, f, c);
}

/* What the call is fed with as its recorded result. A block placed for NULL has none: a number
 * there would be obeyed. */
static void record(struct wm *m, struct wm_flight *f, struct vmsim_call *c)
{
	const struct wm_verdict *v = &f->verdict;
	struct vmsim_outcome *out = &c->recorded;

	*out = (struct vmsim_outcome){.kind = VMSIM_OUTCOME_NONE};
	if (c->id == VMSIM_CALL_RECLAIM && v->ok) { /* neither answer: the replay tells which */
		out->kind = VMSIM_OUTCOME_FAILURE;
		out->error = ERROR_NOT_LOCKED;
		f->asked = true;
	}
	if (v->either || f->may_err)
		return;
	if (!v->ok) {
		out->kind = vmsim_calls[c->id].result == VMSIM_NTSTAT ? VMSIM_OUTCOME_NONE
								      : VMSIM_OUTCOME_FAILURE;
		out->error = v->code;
		return;
	}
	if (c->id == VMSIM_CALL_VIRTUAL_QUERY) {
		wm_query(m, f->pid, c->address.offset, out);
		return;
	}
	if (c->id == VMSIM_CALL_GET_WRITE_WATCH || c->id == VMSIM_CALL_RESET_WRITE_WATCH)
		wm_apply_watch(m, f, c);
	if (f->unsure || (!c->address.offset && (vmsim_calls[c->id].result == VMSIM_ADDR ||
						 vmsim_calls[c->id].result == VMSIM_NTSTAT)))
		return;
	out->kind = VMSIM_OUTCOME_SUCCESS;
	out->address.offset = v->address;
	out->protect = v->old;
	if (vmsim_calls[c->id].result == VMSIM_NTSTAT) {
		out->address.offset = v->first * WM_P;
		out->size = (v->end - v->first) * WM_P;
		if (c->type == MEM_DECOMMIT && !c->size[0]) /* the size stays as it was given */
			out->size = 0;
	}
}

/* Statements, not calls: nothing is answered. */
static void apply_record(struct wm *m, struct wm_flight *f, const struct vmsim_call *c)
{
	struct wm_page *p;

	if (c->id == VMSIM_CALL_EXIT_PROCESS) {
		exit_process(m, f);
	} else if (c->id == VMSIM_CALL_THREAD_STACK) {
		m->stack[f->pid].low = c->address.offset;
		m->stack[f->pid].end = c->address.offset + c->size[0];
	} else if (c->id == VMSIM_CALL_INJECT_ERROR) {
		p = wm_page_at(m, f->pid, c->address.offset / WM_P);
		if (!p)
			return;
		if (c->inject != VMSIM_INJECT_MEMORY)
			wm_inject(m, f->pid, p->vpn, c->inject, true);
		wm_open(m, f, p);
		p->turning = c->inject == VMSIM_INJECT_MEMORY;
	}
}

void wm_call(struct wm *m, struct wm_flight *f, struct vmsim_call *c)
{
	struct wm_verdict other;

	if (vmsim_calls[c->id].result == VMSIM_NONE) {
		apply_record(m, f, c);
		return;
	}
	wm_judge(m, f->pid, c, m->machine.rules, &f->verdict);
	wm_judge(m, f->pid, c, !m->machine.rules, &other);
	f->must_differ = other.ok != f->verdict.ok || other.code != f->verdict.code;
	f->code = f->verdict.code;
	f->differ_code = other.code;
	m->n.calls++;
	m->n.calls_failed += !f->verdict.ok;
	apply(m, f, c);
	record(m, f, c);
}

/* --- what came of it ------------------------------------------------------------------------- */

/* R3. The page left the modified list by L29, if it was there. */
static void settle_reset(struct wm *m, struct wm_page *p)
{
	if (p->where == WM_MODIFIED)
		wm_differ(m,
			  WM_PAGE " is on the modified list after MEM_RESET"
				  " (R3)",
			  WM_ARGS(p));
	if (p->where == WM_NOWHERE)
		return;
	if (p->where == WM_PAGEFILE) {
		m->n.pending_unsure += p->had_frame; /* repurposed meanwhile: before it or after */
		wm_lose(m, p);
		return;
	}
	m->n.pending += p->reset != WM_PENDING;
	p->reset = WM_PENDING;
	p->dirty = p->zero = false;
	p->discard = p->writing || p->where == WM_READING;
	if (p->where != WM_READING)
		p->slot = 0;
}

/* R8 */
static void settle_undo(struct wm *m, struct wm_page *p)
{
	if (p->reset != WM_LIVE && p->where == WM_STANDBY)
		wm_differ(m, WM_PAGE " is on standby after MEM_RESET_UNDO (R8)", WM_ARGS(p));
	if (p->reset != WM_LIVE && p->where != WM_NOWHERE && !p->picked) {
		p->dirty = true;
		p->zero = false;
		p->discard = p->writing;
	}
	p->reset = WM_LIVE;
}

/* Whether MEM_RESET_UNDO must fail: 1 yes, 0 no, -1 it depends on when a page was dropped. */
static int undo_fails(const struct wm_flight *f)
{
	int unsure = 0;

	for (guint i = 0; i < f->pages->len; i++) {
		const struct wm_page *p = g_ptr_array_index(f->pages, i);

		if (p->was_lost || (p->reset == WM_LOST && !p->lost_now && !p->doubtful))
			return 1;
		unsure |= p->reset == WM_LOST;
	}
	return unsure ? -1 : 0;
}

/* Of a call that had two possible answers, record the one that came. */
static void record_answer(const struct wm_flight *f, struct vmsim_call *c)
{
	bool failed = f->failed;

	if (!f->verdict.either)
		return;
	c->recorded.kind = failed ? VMSIM_OUTCOME_FAILURE : VMSIM_OUTCOME_SUCCESS;
	c->recorded.error = failed ? ERROR_BUSY : 0;
	c->recorded.address.offset = f->verdict.address;
}

static void settle_failure(struct wm *m, struct wm_flight *f, struct vmsim_call *c)
{
	bool must = !f->verdict.ok;

	if (f->verdict.either) {
		int fails = undo_fails(f);

		must = fails < 0 ? f->failed : fails;
		if (c->id != VMSIM_CALL_RECLAIM) /* its 170 is a success (E0) */
			m->n.calls_failed += must;
		record_answer(f, c);
	}
	if (f->may_err && f->failed && f->verdict.code == ERROR_SWAPERROR && !f->code)
		m->n.calls_failed++;
	if (must)
		m->n.refused[c->id]++;
	else
		m->n.succeeded[c->id]++;
	if (f->failed != must)
		wm_differ(m, "%s %s", vmsim_calls[c->id].name,
			  must ? "succeeded, must fail" : "failed, must succeed");
}

static void settle_deleted(struct wm *m, struct wm_page *p)
{
	if (p->where == WM_ACTIVE || p->where == WM_STANDBY || p->where == WM_MODIFIED)
		wm_differ(m, WM_PAGE " was deleted and keeps its frame %u (L27)", WM_ARGS(p),
			  p->pfn);
	if (p->where == WM_NOWHERE || p->where == WM_PAGEFILE)
		p->where = WM_GONE;
}

void wm_settle_common(struct wm *m, struct wm_page *p)
{
	if (!p->deleted && p->where == WM_ACTIVE &&
	    (p->offered || (p->prot & (PAGE_GUARD | PAGE_NOACCESS))))
		wm_differ(m, WM_PAGE " is valid in spite of its protection (I23)", WM_ARGS(p));
	if (p->fault)
		wm_differ(m, WM_PAGE " came in and no fault tells of it (I36)", WM_ARGS(p));
	p->fault = WM_NO_FAULT;
	p->copied_from = NULL;
	if (p->opens && --p->opens)
		return;
	p->open = 0;
}

static void settle_page(struct wm *m, struct wm_flight *f, const struct vmsim_call *c,
			struct wm_page *p)
{
	bool active = p->where == WM_ACTIVE;

	if (p->deleted) {
		settle_deleted(m, p);
	} else if (f->verdict.ok && wm_resets(c)) {
		settle_reset(m, p);
		wm_list_dispose(m, p, c->id);
	} else if (f->verdict.ok && wm_undoes(c)) {
		settle_undo(m, p);
	} else if (c->id == VMSIM_CALL_VIRTUAL_LOCK && f->verdict.ok && !active) {
		wm_differ(m, WM_PAGE " is locked and not resident (E15)", WM_ARGS(p));
	} else if (c->id == VMSIM_CALL_VIRTUAL_UNLOCK && !f->verdict.ok && active) {
		wm_differ(m, WM_PAGE " was not locked and stays (2.7)", WM_ARGS(p));
	}
	if (active && !p->locked && p->pid &&
	    (f->verdict.empty || c->id == VMSIM_CALL_OFFER || c->id == VMSIM_CALL_DISCARD))
		wm_differ(m, WM_PAGE " must leave the working set", WM_ARGS(p));
	if (c->id == VMSIM_CALL_INJECT_ERROR)
		p->turning &= p->writing || p->where == WM_READING; /* when that is done */
	wm_settle_common(m, p);
}

/* A lock that an injected error stopped has locked nothing. */
static void undo_lock(struct wm *m, struct wm_flight *f)
{
	for (guint i = 0; i < f->pages->len; i++) {
		struct wm_page *p = g_ptr_array_index(f->pages, i);

		if (p->lock_new)
			wm_unlock(m, p);
		p->bad = false;
	}
}

static gboolean of_process(gpointer key, gpointer value, gpointer pid)
{
	(void)value;
	return *(gint64 *)key >> 52 == *(uint32_t *)pid;
}

/* Errors yet to come go with the process; until it has ended, its I/O may still meet them. */
static void forget_errors(struct wm *m, uint32_t pid)
{
	g_hash_table_foreach_remove(m->errors[0], of_process, &pid);
	g_hash_table_foreach_remove(m->errors[1], of_process, &pid);
}

void wm_call_settle(struct wm *m, struct wm_flight *f)
{
	struct vmsim_call *c = (struct vmsim_call *)&f->op->call;

	if (vmsim_calls[c->id].result != VMSIM_NONE)
		settle_failure(m, f, c);
	if (f->may_err && f->failed)
		undo_lock(m, f);
	for (guint i = 0; i < f->pages->len; i++)
		settle_page(m, f, c, g_ptr_array_index(f->pages, i));
	if (c->id == VMSIM_CALL_EXIT_PROCESS)
		forget_errors(m, f->pid);
	if (f->must_differ != f->differed)
		wm_differ(m, "rules-differ was %s", f->differed ? "reported" : "not reported");
}

void wm_settle_told(struct wm *m, const struct wm_flight *f)
{
	const struct wm_change *change = &g_array_index(f->changes, struct wm_change, 0);

	if (f->changes->len)
		wm_differ(m, "no page-state event: page %" G_GINT64_MODIFIER "x from %s to %s",
			  change->vpn, change->from, change->to);
	if (f->guards)
		wm_differ(m, "no page-fault event tells of a guard");
}
