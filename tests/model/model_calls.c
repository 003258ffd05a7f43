/* model_calls.c: what a call must answer: the tables of section 2, step by step, in their order.
 * Nothing is changed here. */
#include "model/windows_model.h"

#define COMMIT ((uint32_t)MEM_COMMIT)
#define RESERVE ((uint32_t)MEM_RESERVE)
#define DECOMMIT ((uint32_t)MEM_DECOMMIT)
#define RELEASE ((uint32_t)MEM_RELEASE)
#define RESET ((uint32_t)MEM_RESET)
#define UNDO ((uint32_t)MEM_RESET_UNDO)
#define TOP_DOWN ((uint32_t)MEM_TOP_DOWN)
#define WATCH ((uint32_t)MEM_WRITE_WATCH)
#define PHYSICAL ((uint32_t)MEM_PHYSICAL)
#define LARGE ((uint32_t)MEM_LARGE_PAGES)

static void fails(struct wm_verdict *v, uint32_t code, const char *rule)
{
	v->ok = false;
	v->code = code;
	v->rule = rule;
}

/* The pages that [va, va + size) touches. */
static void outward(struct wm_verdict *v, uint64_t va, uint64_t size)
{
	v->first = va / WM_P;
	v->end = (va + size + WM_P - 1) / WM_P;
}

/* => the range ends inside the user's addresses */
static bool in_reach(const struct wm *m, uint64_t va, uint64_t size)
{
	return va <= m->machine.hi && size <= m->machine.hi + 1 - va && size > 0;
}

/* --- protections (E1, E2) -------------------------------------------------------------------- */

static bool one_bit(uint32_t bits)
{
	return bits && !(bits & (bits - 1));
}

bool wm_protection_valid(uint32_t prot)
{
	uint32_t base = prot & 0xFF;
	bool noaccess = base == PAGE_NOACCESS;
	bool guard = prot & PAGE_GUARD, nocache = prot & PAGE_NOCACHE;
	bool combine = prot & PAGE_WRITECOMBINE;

	if (!one_bit(base) || (prot & ~(uint32_t)0x400007FF))
		return false;
	if ((prot & 0x40000000) && base < PAGE_EXECUTE)
		return false;
	if (guard && (noaccess || nocache || combine))
		return false;
	if (nocache && (noaccess || combine))
		return false;
	return !(combine && noaccess);
}

/* --- 2.3 VirtualAlloc ------------------------------------------------------------------------ */

static bool would_exceed(const struct wm *m, uint64_t pages)
{
	return m->charge + pages > m->machine.frames + m->machine.slots;
}

/* Steps 1 to 11. */
static bool alloc_arguments(const struct wm *m, const struct vmsim_call *c, struct wm_verdict *v)
{
	uint64_t va = c->address.offset;
	uint32_t t = c->type, bad = ERROR_INVALID_PARAMETER;

	if (c->id == VMSIM_CALL_VIRTUAL_ALLOC2) {
		t &= ~(uint32_t)(MEM_RESERVE_PLACEHOLDER | MEM_REPLACE_PLACEHOLDER);
		if (!wm_alloc2_arguments(m, c, v))
			return false;
	}
	if (va && va < 0x10000 && c->id != VMSIM_CALL_NT_ALLOCATE)
		fails(v, bad, "2.3.1");
	else if (t & ~(COMMIT | RESERVE | RESET | TOP_DOWN | WATCH | PHYSICAL | UNDO | LARGE))
		fails(v, bad, "2.3.2");
	else if (!(t & (COMMIT | RESERVE | RESET | UNDO)))
		fails(v, bad, "2.3.3");
	else if ((t & (RESET | UNDO)) && t != RESET && t != UNDO)
		fails(v, bad, "2.3.4");
	else if ((t & LARGE) && ((~t & (RESERVE | COMMIT)) || (t & (PHYSICAL | WATCH))))
		fails(v, bad, "2.3.5");
	else if ((t & WATCH) && !(t & RESERVE))
		fails(v, bad, "2.3.6");
	else if ((t & PHYSICAL) && (!(t & RESERVE) || (t & ~(PHYSICAL | RESERVE | TOP_DOWN)) ||
				    c->protect != PAGE_READWRITE))
		fails(v, bad, "2.3.7");
	else if (!wm_protection_valid(c->protect))
		fails(v, bad, "2.3.8");
	else if (va > m->machine.hi || c->size[0] > m->machine.hi + 1 - va || c->size[0] == 0)
		fails(v, bad, "2.3.9");
	else if (t & LARGE)
		fails(v, ERROR_PRIVILEGE_NOT_HELD, "2.3.11");
	else
		return true;
	return false;
}

static void judge_reserve(const struct wm *m, uint32_t pid, const struct vmsim_call *c,
			  struct wm_verdict *v)
{
	uint64_t va = c->address.offset;

	if (wm_copies(c->protect)) {
		fails(v, ERROR_INVALID_PARAMETER, "2.3.13a");
		return;
	}
	if (c->id == VMSIM_CALL_VIRTUAL_ALLOC2 && (c->type & MEM_REPLACE_PLACEHOLDER)) {
		v->first = va / WM_P;
		v->end = (va + c->size[0]) / WM_P;
		v->block = wm_block_at(m, pid, v->first);
		if (!v->block || !v->block->placeholder || v->block->first != v->first ||
		    v->block->end != v->end) {
			fails(v, ERROR_INVALID_ADDRESS, NULL);
			return;
		}
	} else if (va) {
		v->first = va / WM_G * (WM_G / WM_P);
		v->end = (va + c->size[0] + WM_P - 1) / WM_P;
		if (wm_block_over(m, pid, v->first, v->end)) {
			fails(v, ERROR_INVALID_ADDRESS, "2.3.14a");
			return;
		}
	} else {
		uint64_t pages = (c->size[0] + WM_P - 1) / WM_P;

		v->first = (c->id == VMSIM_CALL_VIRTUAL_ALLOC2
				    ? wm_place_within(m, pid, pages, c)
				    : wm_place(m, pid, pages, c->type & TOP_DOWN)) /
			   WM_P;
		v->end = v->first + pages;
		if (!v->first) {
			fails(v, ERROR_NOT_ENOUGH_MEMORY, "2.3.15a");
			return;
		}
	}
	if ((c->type & COMMIT) && would_exceed(m, v->end - v->first))
		fails(v, ERROR_COMMITMENT_LIMIT, "2.3.16a");
	v->address = v->first * WM_P;
}

/* By how much the charge changes when pages of a view take a protection. */
static int64_t view_charge(const struct wm *m, uint32_t pid, const struct wm_verdict *v,
			   uint32_t prot)
{
	int64_t charge = 0;

	for (uint64_t i = v->first; i < v->end; i++)
		charge += wm_view_charge(wm_page_at(m, pid, i), v->block, prot);
	return charge;
}

static void judge_commit(const struct wm *m, uint32_t pid, const struct vmsim_call *c,
			 struct wm_verdict *v)
{
	uint64_t fresh = 0;

	outward(v, c->address.offset, c->size[0]);
	v->block = wm_block_at(m, pid, v->first);
	v->address = v->first * WM_P;
	if (!v->block || v->end > v->block->end) {
		fails(v, ERROR_INVALID_ADDRESS, "2.3.13b");
		return;
	}
	for (uint64_t i = v->first; i < v->end; i++)
		fresh += !wm_page_at(m, pid, i);
	if (v->block->placeholder)
		fails(v, ERROR_INVALID_ADDRESS, NULL);
	else if (v->block->awe)
		fails(v, ERROR_INVALID_ADDRESS, "2.3.14b");
	else if (v->block->section && v->block->section->store->file)
		fails(v, ERROR_ACCESS_DENIED, "2.3.15b");
	else if (wm_copies(c->protect))
		fails(v, ERROR_INVALID_PARAMETER, "2.3.16b");
	else if (would_exceed(m, fresh))
		fails(v, ERROR_COMMITMENT_LIMIT, "2.3.17b");
}

/* R1, R8 */
static void judge_reset(const struct wm *m, uint32_t pid, const struct vmsim_call *c,
			struct wm_verdict *v)
{
	uint64_t va = c->address.offset;

	if (!va) {
		fails(v, ERROR_INVALID_PARAMETER, "R1");
		return;
	}
	outward(v, va, c->size[0]);
	v->block = wm_block_at(m, pid, v->first);
	if (!v->block || v->end > v->block->end || v->block->awe) {
		fails(v, ERROR_INVALID_ADDRESS, "R1");
		return;
	}
	if (v->block->section && v->block->section->store->file) {
		fails(v, ERROR_USER_MAPPED_FILE, "R1");
		return;
	}
	v->first = (va + WM_P - 1) / WM_P;
	v->end = (va + c->size[0]) / WM_P;
	v->address = v->first * WM_P;
	if (v->first >= v->end)
		fails(v, ERROR_INVALID_ADDRESS, "R1");
	v->either = v->ok && c->type == UNDO;
}

static void judge_alloc(const struct wm *m, uint32_t pid, const struct vmsim_call *c,
			struct wm_verdict *v)
{
	if (!alloc_arguments(m, c, v))
		return;
	if (c->type & (RESET | UNDO))
		judge_reset(m, pid, c, v);
	else if ((c->type & RESERVE) || !c->address.offset)
		judge_reserve(m, pid, c, v);
	else
		judge_commit(m, pid, c, v);
}

/* --- 2.4 VirtualFree ------------------------------------------------------------------------- */

/* E12: under the article a release may name the block whole, by its exact length. */
static bool names_whole(const struct wm *m, uint32_t pid, uint64_t va, uint64_t size)
{
	const struct wm_block *b = wm_block_at(m, pid, va / WM_P);

	return b && va / WM_P == b->first && size <= m->machine.hi + 1 - va &&
	       (va + size + WM_P - 1) / WM_P == b->end;
}

/* E12: the states that the article asks for. */
static bool article_allows(const struct wm *m, uint32_t pid, const struct wm_verdict *v,
			   bool release)
{
	uint64_t committed = 0;

	for (uint64_t i = v->first; i < v->end; i++)
		committed += wm_page_at(m, pid, i) != NULL;
	return committed == v->end - v->first || (release && committed == 0);
}

static void judge_free(const struct wm *m, uint32_t pid, const struct vmsim_call *c, int rules,
		       struct wm_verdict *v)
{
	uint64_t va = c->address.offset, size = c->size[0];
	bool release = c->type == RELEASE;
	bool native = c->id == VMSIM_CALL_NT_FREE; /* without the wrapper's step 1 */
	bool whole = release && (rules == 0 || native) && size && va <= m->machine.hi &&
		     names_whole(m, pid, va, size);

	v->block = wm_block_at(m, pid, va / WM_P);
	outward(v, va, size ? size : 1);
	v->part = native && release && size && !whole;
	if ((c->type & RELEASE) && size && !whole && !native)
		fails(v, ERROR_INVALID_PARAMETER, "2.4.1");
	else if (!release && c->type != DECOMMIT)
		fails(v, ERROR_INVALID_PARAMETER, "2.4.2");
	else if (va >= m->machine.hi || size > m->machine.hi - va)
		fails(v, ERROR_INVALID_PARAMETER, "2.4.3");
	else if (!v->block)
		fails(v, ERROR_INVALID_ADDRESS, "2.4.5");
	else if (v->end > v->block->end)
		fails(v, ERROR_INVALID_PARAMETER, "2.4.6");
	else if (v->block->section)
		fails(v, ERROR_INVALID_PARAMETER, "2.4.7");
	else if (v->part && (!m->machine.partial || v->block->awe || v->block->placeholder))
		fails(v,
		      v->first == v->block->first ? ERROR_INVALID_PARAMETER : ERROR_INVALID_ADDRESS,
		      NULL);
	else if (release && !v->part && v->first != v->block->first)
		fails(v, ERROR_INVALID_ADDRESS, "2.4.8");
	else if (!release && v->block->awe)
		fails(v, ERROR_INVALID_ADDRESS, "2.4.9");
	else if (!release && !size && v->first != v->block->first)
		fails(v, ERROR_INVALID_ADDRESS, "2.4.10");
	if (!v->ok)
		return;
	if (!size || whole) {
		v->first = v->block->first;
		v->end = v->block->end;
	}
	if (rules == 0 && !article_allows(m, pid, v, release))
		fails(v, ERROR_INVALID_ADDRESS, "E12");
}

/* --- 2.5, 2.6 -------------------------------------------------------------------------------- */

static void judge_protect(const struct wm *m, uint32_t pid, const struct vmsim_call *c,
			  struct wm_verdict *v)
{
	uint32_t base = c->protect & ~(uint32_t)(PAGE_GUARD | PAGE_NOCACHE | 0x40000000);
	const struct wm_page *p;

	outward(v, c->address.offset, c->size[0]);
	v->block = wm_block_at(m, pid, v->first);
	if (!one_bit(base) || base > 0xFF)
		fails(v, ERROR_INVALID_PARAMETER, "2.5.1");
	else if (!in_reach(m, c->address.offset, c->size[0]))
		fails(v, ERROR_INVALID_PARAMETER, "2.5.3");
	else if (!wm_protection_valid(c->protect))
		fails(v, ERROR_INVALID_PARAMETER, "2.5.5");
	else if (!v->block || v->end > v->block->end)
		fails(v, ERROR_INVALID_ADDRESS, "2.5.6");
	else if (v->block->awe)
		fails(v, ERROR_INVALID_ADDRESS, "2.5.7");
	else if (v->block->section && !wm_view_allows(v->block, c->protect))
		fails(v, ERROR_INVALID_PARAMETER, NULL);
	else if (wm_copies(c->protect) && !v->block->section)
		fails(v, ERROR_INVALID_PARAMETER, "2.5.8");
	for (uint64_t i = v->first; v->ok && i < v->end; i++)
		if (!wm_page_at(m, pid, i))
			fails(v, ERROR_INVALID_ADDRESS, "2.5.9");
	if (v->ok && v->block->section && wm_copies(c->protect) &&
	    would_exceed(m, (uint64_t)view_charge(m, pid, v, c->protect)))
		fails(v, ERROR_COMMITMENT_LIMIT, "C1");
	p = wm_page_at(m, pid, v->first);
	v->old = v->ok ? p->prot : 0;
}

static void judge_query(const struct wm *m, const struct vmsim_call *c, struct wm_verdict *v)
{
	if (c->address.offset > m->machine.hi)
		fails(v, ERROR_INVALID_PARAMETER, "2.6");
}

/* --- 2.7 ------------------------------------------------------------------------------------- */

static bool all_in_blocks(const struct wm *m, uint32_t pid, const struct wm_verdict *v)
{
	for (uint64_t i = v->first; i < v->end; i++)
		if (!wm_block_at(m, pid, i))
			return false;
	return true;
}

static bool touches_awe(const struct wm *m, uint32_t pid, const struct wm_verdict *v)
{
	for (uint64_t i = v->first; i < v->end; i++)
		if (wm_block_at(m, pid, i)->awe)
			return true;
	return false;
}

/* Pages that would be locked, those locked already among them. */
static uint64_t locked_then(const struct wm *m, uint32_t pid, const struct wm_verdict *v)
{
	uint64_t n = m->locked[pid] + v->end - v->first;

	for (uint64_t i = v->first; i < v->end; i++) {
		const struct wm_page *p = wm_page_at(m, pid, i);

		n -= p && p->locked;
	}
	return n;
}

static void judge_lock(const struct wm *m, uint32_t pid, const struct vmsim_call *c,
		       struct wm_verdict *v)
{
	uint64_t min = m->ws[pid].min, over = m->machine.lock_overhead;

	if (!in_reach(m, c->address.offset, c->size[0])) {
		fails(v, ERROR_INVALID_PARAMETER, "2.7");
		return;
	}
	outward(v, c->address.offset, c->size[0]);
	v->stop = v->first;
	if (!all_in_blocks(m, pid, v))
		fails(v, ERROR_NOACCESS, "2.7");
	else if (touches_awe(m, pid, v))
		fails(v, ERROR_INVALID_PARAMETER, "2.7");
	else if (locked_then(m, pid, v) > (min > over ? min - over : 0))
		fails(v, ERROR_WORKING_SET_QUOTA, "2.7");
	for (; v->ok && v->stop < v->end; v->stop++) {
		const struct wm_page *p = wm_page_at(m, pid, v->stop);

		if (!p || p->offered || !wm_permits(p->prot, VMSIM_OP_READ)) {
			fails(v, ERROR_NOACCESS, "2.7");
		} else if (p->prot & PAGE_GUARD) {
			v->guard = true;
			fails(v, STATUS_GUARD_PAGE_VIOLATION, "2.7");
		}
		if (!v->ok)
			break;
	}
}

static void judge_unlock(const struct wm *m, uint32_t pid, const struct vmsim_call *c,
			 struct wm_verdict *v)
{
	if (!in_reach(m, c->address.offset, c->size[0])) {
		fails(v, ERROR_INVALID_PARAMETER, "2.7");
		return;
	}
	outward(v, c->address.offset, c->size[0]);
	v->stop = v->end;
	if (!all_in_blocks(m, pid, v)) {
		v->stop = v->first; /* before pass 1 */
		fails(v, ERROR_NOT_LOCKED, "2.7");
	}
	for (uint64_t i = v->first; v->ok && i < v->end; i++) {
		const struct wm_page *p = wm_page_at(m, pid, i);

		if (!p || !p->locked)
			fails(v, ERROR_NOT_LOCKED, "2.7");
	}
}

void wm_judge(const struct wm *m, uint32_t pid, const struct vmsim_call *c, int rules,
	      struct wm_verdict *v)
{
	*v = (struct wm_verdict){.ok = true};
	switch (c->id) {
	case VMSIM_CALL_VIRTUAL_ALLOC:
	case VMSIM_CALL_VIRTUAL_ALLOC2:
	case VMSIM_CALL_NT_ALLOCATE:
		judge_alloc(m, pid, c, v);
		break;
	case VMSIM_CALL_VIRTUAL_FREE:
	case VMSIM_CALL_NT_FREE:
		if (c->type == (RELEASE | MEM_PRESERVE_PLACEHOLDER) ||
		    c->type == (RELEASE | MEM_COALESCE_PLACEHOLDERS))
			wm_judge_placeholder(m, pid, c, v);
		else
			judge_free(m, pid, c, rules, v);
		break;
	case VMSIM_CALL_VIRTUAL_PROTECT:
		judge_protect(m, pid, c, v);
		break;
	case VMSIM_CALL_VIRTUAL_QUERY:
		judge_query(m, c, v);
		break;
	case VMSIM_CALL_VIRTUAL_LOCK:
		judge_lock(m, pid, c, v);
		break;
	case VMSIM_CALL_VIRTUAL_UNLOCK:
		judge_unlock(m, pid, c, v);
		break;
	case VMSIM_CALL_SET_WORKING_SET:
		wm_judge_limits(m, pid, c, v);
		break;
	case VMSIM_CALL_EMPTY_WORKING_SET:
		v->empty = true;
		break;
	case VMSIM_CALL_PREFETCH:
		outward(v, c->address.offset, c->size[0]);
		break;
	case VMSIM_CALL_OFFER:
	case VMSIM_CALL_RECLAIM:
	case VMSIM_CALL_DISCARD:
		wm_judge_offer(m, pid, c, v);
		break;
	case VMSIM_CALL_GET_WRITE_WATCH:
	case VMSIM_CALL_RESET_WRITE_WATCH:
		wm_judge_watch(m, pid, c, v);
		break;
	case VMSIM_CALL_CREATE_FILE_MAPPING:
	case VMSIM_CALL_MAP_VIEW:
	case VMSIM_CALL_UNMAP_VIEW:
	case VMSIM_CALL_CLOSE_HANDLE:
		wm_judge_section(m, pid, c, v);
		break;
	default:
		break;
	}
}
