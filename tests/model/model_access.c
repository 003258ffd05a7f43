/* model_access.c: loads, stores and fetches: who may, what is raised, which bytes are read (3.1 to
 * 3.4, I30, I31). */
#include "model/windows_model.h"

#include <string.h>

bool wm_copies(uint32_t prot)
{
	return (prot & PAGE_WRITECOPY) || (prot & PAGE_EXECUTE_WRITECOPY);
}

bool wm_permits(uint32_t prot, unsigned op)
{
	switch (prot & 0xFF) {
	case PAGE_READONLY:
		return op == VMSIM_OP_READ;
	case PAGE_READWRITE:
	case PAGE_WRITECOPY:
		return op == VMSIM_OP_READ || op == VMSIM_OP_WRITE;
	case PAGE_EXECUTE:
	case PAGE_EXECUTE_READ:
		return op == VMSIM_OP_READ || op == VMSIM_OP_EXECUTE;
	case PAGE_EXECUTE_READWRITE:
	case PAGE_EXECUTE_WRITECOPY:
		return true;
	default:
		return false;
	}
}

/* E14: how a page may be cached is its block's, where that may be said at all (E1). */
uint32_t wm_block_caching(const struct wm_block *b, uint32_t prot)
{
	uint32_t caching = PAGE_NOCACHE | PAGE_WRITECOMBINE, base = prot & ~caching;
	uint32_t with = base | (b->alloc_protect & caching);

	return wm_protection_valid(with) ? with : base;
}

/* K1 */
void wm_guard_taken(struct wm *m, struct wm_page *p)
{
	p->prot = wm_block_caching(wm_block_at(m, p->pid, p->vpn), p->prot & ~(uint32_t)PAGE_GUARD);
}

/* 4a to 4d for the page of va. */
static enum vmsim_access_result decide(const struct wm *m, struct wm_flight *f, uint64_t va,
				       unsigned op)
{
	struct wm_page *p = wm_page_at(m, f->pid, va / WM_P);
	uint32_t prot = p ? p->prot : 0;
	bool guard = prot & PAGE_GUARD;

	f->fault_va = va;
	f->fault_protect = prot;
	f->state = p ? "committed" : wm_block_at(m, f->pid, va / WM_P) ? "reserved" : "free";
	if (va >> 47 && va >> 47 != 0x1FFFF)
		f->fault_va = UINT64_MAX; /* not canonical: 3.1.1 */
	if (!p)
		return VMSIM_RESULT_ACCESS_VIOLATION;
	if (p->offered)
		return VMSIM_RESULT_ACCESS_VIOLATION;
	if (!wm_permits(prot, op) && (op != VMSIM_OP_EXECUTE || !guard))
		return VMSIM_RESULT_ACCESS_VIOLATION;
	return guard ? VMSIM_RESULT_GUARD_PAGE : VMSIM_RESULT_OK;
}

/* The value that e must read; false when a byte is unknown. */
static bool value_of(const struct wm *m, uint32_t pid, const struct vmsim_event *e, uint64_t *value)
{
	*value = 0;
	for (uint32_t i = 0; i < e->size; i++) {
		uint64_t va = e->va + i;
		const struct wm_page *p = wm_body(wm_page_at(m, pid, va / WM_P));

		if (p->unknown && p->unknown[va % WM_P])
			return false;
		if (p->byte)
			*value |= (uint64_t)p->byte[va % WM_P] << 8 * i;
	}
	return true;
}

/* A value of which no byte is what may be read: the replay then tells what was. */
static uint64_t wrong_value(const struct wm *m, uint32_t pid, const struct vmsim_event *e)
{
	uint64_t wrong = 0;

	for (uint32_t i = 0; i < e->size; i++) {
		uint64_t va = e->va + i;
		const struct wm_page *p = wm_body(wm_page_at(m, pid, va / WM_P));
		uint8_t is = p->byte ? p->byte[va % WM_P] : 0, byte = 1;
		uint8_t was = p->before ? p->before[va % WM_P] : 0;

		while (byte == is || byte == was)
			byte++;
		wrong |= (uint64_t)byte << 8 * i;
	}
	return wrong;
}

static bool any_reset(const struct wm_flight *f)
{
	for (guint i = 0; i < f->pages->len; i++)
		if (((struct wm_page *)g_ptr_array_index(f->pages, i))->reset != WM_LIVE)
			return true;
	return false;
}

/* K2: the guard of a stack was met: the next page down becomes the guard. */
static enum vmsim_access_result grow(struct wm *m, struct wm_flight *f, uint64_t va)
{
	uint64_t next = va / WM_P - 1;
	struct vmsim_call commit = {.id = VMSIM_CALL_VIRTUAL_ALLOC,
				    .type = MEM_COMMIT,
				    .size = {WM_P},
				    .protect = PAGE_READWRITE | PAGE_GUARD};
	struct wm_verdict v;

	if ((next - 1) * WM_P <= m->stack[f->pid].low)
		return VMSIM_RESULT_STACK_OVERFLOW;
	commit.address.offset = next * WM_P;
	wm_judge(m, f->pid, &commit, m->machine.rules, &v);
	if (!v.ok)
		return VMSIM_RESULT_STACK_OVERFLOW;
	wm_commit(m, f, &v, commit.protect);
	return VMSIM_RESULT_OK;
}

/* K2: a stack that grew into the first page of an access makes it begin again. */
static bool became_guard(const struct wm *m, const struct wm_flight *f, uint64_t va)
{
	if (!(wm_page_at(m, f->pid, va / WM_P)->prot & PAGE_GUARD))
		return false;
	for (guint i = 0; i < f->pages->len; i++)
		((struct wm_page *)g_ptr_array_index(f->pages, i))->touched = false;
	return true;
}

/* The page of va, of an access that began at first. */
static enum vmsim_access_result reach(struct wm *m, struct wm_flight *f, uint64_t first,
				      uint64_t va, unsigned op)
{
	const struct wm_stack *s = &m->stack[f->pid];
	struct wm_page *p = wm_page_at(m, f->pid, va / WM_P);
	enum vmsim_access_result result = decide(m, f, va, op);

	if (result == VMSIM_RESULT_GUARD_PAGE) {
		wm_open(m, f, p);
		f->beyond = f->may_err ? p : NULL;
		f->beyond_prot = p->prot;
		wm_guard_taken(m, p);
		f->guards++;
		if (!s->end || va < s->low || va >= s->end)
			return result;
		result = grow(m, f, va);
		if (result != VMSIM_RESULT_OK || became_guard(m, f, first))
			return result;
		result = decide(m, f, va, op);
	}
	if (result == VMSIM_RESULT_OK) {
		if (p->open != f->seq)
			wm_open(m, f, p);
		if (p->proto)
			wm_open(m, f, p->proto);
		if (p->proto && op == VMSIM_OP_WRITE && wm_copies(p->prot))
			wm_copy_on_write(m, f, p);
		wm_body(p)->touched = wm_body(p)->reached = true;
		f->may_err |= wm_injected(m, p, VMSIM_INJECT_READ) || p->bad;
	}
	return result;
}

void wm_access(struct wm *m, struct wm_flight *f, struct vmsim_event *e)
{
	uint64_t end = e->va + e->size, value;

	f->result = VMSIM_RESULT_OK;
	for (uint64_t at = e->va; at < end && f->result == VMSIM_RESULT_OK;) {
		f->result = reach(m, f, e->va, at, e->op);
		/* K2: a stack that grew into its first page makes the access begin again */
		at = f->result == VMSIM_RESULT_OK && became_guard(m, f, e->va)
			     ? e->va
			     : (at / WM_P + 1) * WM_P;
	}
	e->result = (uint8_t)(f->may_err ? VMSIM_RESULT_NONE : f->result);
	if (e->result != VMSIM_RESULT_OK || e->op != VMSIM_OP_READ || e->size > 8 ||
	    !value_of(m, f->pid, e, &value))
		return;
	e->result = VMSIM_RESULT_VALUE;
	f->asked = any_reset(f);
	m->n.values += !f->asked;
	m->n.asked += f->asked;
	e->value = f->asked ? wrong_value(m, f->pid, e) : value;
}

/* --- what came of it ------------------------------------------------------------------------- */

/* An in-page error is no lack of permission: what lies before its page is stored (3.1). */
static void store(struct wm *m, struct wm_flight *f, const struct vmsim_event *e)
{
	uint64_t size = f->result == VMSIM_RESULT_OK ? e->size : f->fault_va - e->va;

	for (uint64_t i = 0; i < size; i++) {
		uint64_t va = e->va + i;
		struct wm_page *p = wm_body(wm_page_at(m, f->pid, va / WM_P));
		bool known = e->flags & VMSIM_EV_VALUE;

		if (!p->byte)
			p->byte = g_malloc0(WM_P);
		if (!p->unknown && !known)
			p->unknown = g_malloc0(WM_P);
		p->byte[va % WM_P] = known ? (uint8_t)(e->value >> 8 * i) : 0;
		if (p->unknown)
			p->unknown[va % WM_P] = !known;
	}
}

/* R6, L14, L19: the page is live, newer than its slot, and was not listed as clean since. */
static void written(struct wm *m, struct wm_page *p)
{
	if (p->where != WM_ACTIVE && p->left == WM_LEFT_CLEAN)
		wm_differ(m, WM_PAGE " was written and left as clean (L18)", WM_ARGS(p));
	p->reset = WM_LIVE;
	p->zero = false;
	if (p->where != WM_ACTIVE)
		return;
	p->discard = p->writing; /* L24 */
	p->dirty = true;
	p->stale |= p->slot != 0;
	p->slot = 0;
}

/* R5: old data while pending, zeros once lost. */
static void settle_value(struct wm *m, struct wm_flight *f, struct vmsim_event *e)
{
	uint64_t value;
	bool unsure = false, vague = false;

	for (guint i = 0; i < f->pages->len; i++) {
		const struct wm_page *p = g_ptr_array_index(f->pages, i);

		unsure |= p->lost_now;
		vague |= p->vague;
	}
	value_of(m, f->pid, e, &value);
	e->value = value;
	if (!f->answered && !vague)
		wm_differ(m, "the value read from a reset page was not compared");
	else if (f->answered && !unsure && f->got != value)
		wm_differ(m,
			  "read 0x%" G_GINT64_MODIFIER
			  "x from a reset page, must be 0x%" G_GINT64_MODIFIER "x (R5)",
			  f->got, value);
}

static void settle_page(struct wm *m, struct wm_flight *f, const struct vmsim_event *e,
			struct wm_page *p)
{
	bool err = f->result == VMSIM_RESULT_IN_PAGE_ERROR && p->vpn >= f->fault_va / WM_P;

	if (p->touched && !err) {
		if (!p->was_in && !p->came)
			wm_differ(m, WM_PAGE " was accessed and did not come in", WM_ARGS(p));
		if (e->op == VMSIM_OP_WRITE && !p->read_only) {
			written(m, p);
			wm_watch_written(m, p, f->result == VMSIM_RESULT_OK);
		}
		p->bad = false;
	}
	wm_settle_common(m, p);
}

void wm_access_settle(struct wm *m, struct wm_flight *f)
{
	struct vmsim_event *e = (struct vmsim_event *)&f->op->event;

	if (f->asked)
		settle_value(m, f, e);
	for (guint i = 0; i < f->pages->len; i++)
		settle_page(m, f, e, g_ptr_array_index(f->pages, i));
	if ((f->result == VMSIM_RESULT_OK || f->result == VMSIM_RESULT_IN_PAGE_ERROR) &&
	    e->op == VMSIM_OP_WRITE)
		store(m, f, e);
	if (e->result == VMSIM_RESULT_NONE)
		e->result = (uint8_t)f->result;
	if (!f->raised && f->result != VMSIM_RESULT_OK)
		wm_differ(m, "the access must raise an exception at 0x%" G_GINT64_MODIFIER "x",
			  f->fault_va);
}
