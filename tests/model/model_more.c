/* model_more.c: the calls of 2.8 to 2.11: working sets, prefetching, offers, write watches. What
 * they must answer, and what they do to blocks and pages. */
#include "model/windows_model.h"

#define ALL_ONES UINT64_MAX

static void fails(struct wm_verdict *v, uint32_t code, const char *rule)
{
	v->ok = false;
	v->code = code;
	v->rule = rule;
}

bool wm_resets(const struct vmsim_call *c)
{
	bool alloc = c->id == VMSIM_CALL_VIRTUAL_ALLOC || c->id == VMSIM_CALL_NT_ALLOCATE;

	return (alloc && c->type == MEM_RESET) || c->id == VMSIM_CALL_OFFER ||
	       c->id == VMSIM_CALL_DISCARD;
}

bool wm_undoes(const struct vmsim_call *c)
{
	bool alloc = c->id == VMSIM_CALL_VIRTUAL_ALLOC || c->id == VMSIM_CALL_NT_ALLOCATE;

	return (alloc && c->type == MEM_RESET_UNDO) || c->id == VMSIM_CALL_RECLAIM;
}

/* --- 2.8 ------------------------------------------------------------------------------------- */

static uint64_t available(const struct wm *m)
{
	uint64_t n = 0;

	for (uint64_t i = 0; i < m->machine.frames; i++) {
		const struct wm_page *p = m->frames[i].page;

		n += p ? p->where == WM_STANDBY : !m->frames[i].table;
	}
	return n;
}

/* Pages promised to all processes but this one. */
static uint64_t promised(const struct wm *m, uint32_t pid)
{
	uint64_t n = 0;

	for (uint32_t i = 1; i <= WM_PROCESSES; i++)
		n += i != pid && m->exists[i] ? m->ws[i].min : 0;
	return n;
}

void wm_judge_limits(const struct wm *m, uint32_t pid, const struct vmsim_call *c,
		     struct wm_verdict *v)
{
	uint64_t flags = c->number[0], min = c->size[0] / WM_P, max = c->size[1] / WM_P;
	bool empty = c->size[0] == ALL_ONES && c->size[1] == ALL_ONES;

	if ((flags & ~(uint64_t)15) || (flags & 3) == 3 || (flags & 12) == 12) {
		fails(v, ERROR_INVALID_PARAMETER, "2.8.1");
		return;
	}
	if (empty) {
		v->empty = true;
		return;
	}
	if (c->size[0] == ALL_ONES || c->size[1] == ALL_ONES || c->size[0] == 0 ||
	    c->size[0] > c->size[1] || max < 13 || max + 512 >= available(m))
		fails(v, ERROR_INVALID_PARAMETER, "2.8.3");
	else if (min < 20 && max < 20)
		fails(v, ERROR_INVALID_PARAMETER, "2.8.4");
	else if (!m->machine.may_raise && (MAX(min, 20) > m->ws[pid].min || max > m->ws[pid].max))
		fails(v, ERROR_PRIVILEGE_NOT_HELD, "2.8.5");
	else if (MAX(min, 20) > m->ws[pid].min &&
		 MAX(min, 20) + promised(m, pid) > m->machine.frames)
		fails(v, ERROR_NO_SYSTEM_RESOURCES, "2.8.6");
	else if (max < m->locked[pid] + m->machine.lock_overhead)
		fails(v, ERROR_INVALID_PARAMETER, "2.8.7");
	v->first = MAX(min, 20);
	v->end = max;
}

/* --- 2.10 ------------------------------------------------------------------------------------ */

/* Whether the range lies in one region of VirtualQuery. */
static bool one_region(const struct wm *m, uint32_t pid, uint64_t va, uint64_t size)
{
	struct vmsim_outcome region;

	if (va > m->machine.hi)
		return false;
	wm_query(m, pid, va, &region);
	return region.state == MEM_COMMIT && size <= region.size;
}

void wm_judge_offer(const struct wm *m, uint32_t pid, const struct vmsim_call *c,
		    struct wm_verdict *v)
{
	uint64_t va = c->address.offset, size = c->size[0];
	bool reclaim = c->id == VMSIM_CALL_RECLAIM;

	v->first = va / WM_P;
	v->end = v->first + size / WM_P;
	v->block = wm_block_at(m, pid, v->first);
	if (!va || va % WM_P || !size || size % WM_P)
		fails(v, ERROR_INVALID_PARAMETER, "2.10");
	else if (c->id == VMSIM_CALL_OFFER && (c->number[0] < 1 || c->number[0] > 4))
		fails(v, ERROR_INVALID_PARAMETER, "2.10");
	else if (!one_region(m, pid, va, size))
		fails(v, ERROR_INVALID_PARAMETER, "2.10");
	for (uint64_t i = v->first; v->ok && i < v->end; i++) {
		const struct wm_page *p = wm_page_at(m, pid, i);

		if (reclaim ? !p->offered : p->prot != PAGE_READWRITE)
			fails(v, ERROR_INVALID_PARAMETER, "2.10");
	}
	v->either = v->ok && reclaim;
}

/* R9, R10, R11 */
void wm_apply_offer(struct wm *m, struct wm_flight *f, const struct vmsim_call *c)
{
	for (uint64_t i = f->verdict.first; i < f->verdict.end; i++) {
		struct wm_page *p = wm_page_at(m, f->pid, i);

		wm_open(m, f, p);
		if (c->id == VMSIM_CALL_DISCARD)
			continue;
		p->offered = c->id == VMSIM_CALL_OFFER;
		p->offer_priority = (uint32_t)c->number[0] - 1;
		p->prot = p->offered ? (uint32_t)PAGE_NOACCESS : (uint32_t)PAGE_READWRITE;
		if (p->offered)
			wm_unlock(m, p);
	}
}

/* --- 2.11 ------------------------------------------------------------------------------------ */

enum { NOT_WRITTEN, WRITTEN, PERHAPS };

static bool in_watched_block(const struct wm *m, uint32_t pid, const struct vmsim_call *c,
			     struct wm_verdict *v)
{
	uint64_t va = c->address.offset, size = c->size[0];

	if (!size || va > m->machine.hi || size > m->machine.hi + 1 - va)
		return false;
	v->first = va / WM_P;
	v->end = (va + size + WM_P - 1) / WM_P;
	v->block = wm_block_at(m, pid, v->first);
	return v->block && v->block->watch && v->end <= v->block->end;
}

void wm_judge_watch(const struct wm *m, uint32_t pid, const struct vmsim_call *c,
		    struct wm_verdict *v)
{
	bool get = c->id == VMSIM_CALL_GET_WRITE_WATCH;

	if ((get && (!c->number[1] || c->number[0] > 1)) || !in_watched_block(m, pid, c, v))
		fails(v, ERROR_INVALID_PARAMETER, "2.11");
}

void wm_watch_written(struct wm *m, const struct wm_page *p, bool surely)
{
	struct wm_block *b = wm_block_at(m, p->pid, p->vpn);
	uint8_t *bit = b && b->watch ? &b->watch[p->vpn - b->first] : NULL;

	if (bit && *bit != WRITTEN)
		*bit = surely ? WRITTEN : PERHAPS;
}

/* E16 */
void wm_apply_watch(struct wm *m, struct wm_flight *f, struct vmsim_call *c)
{
	const struct wm_verdict *v = &f->verdict;
	struct wm_block *b = v->block;
	struct vmsim_outcome *out = &c->recorded;
	bool get = c->id == VMSIM_CALL_GET_WRITE_WATCH, clear = !get || c->number[0] == 1;

	out->n_pages = 0;
	out->pages = get ? g_new0(struct vmsim_addr, v->end - v->first) : NULL;
	if (get)
		g_ptr_array_add(m->kept, out->pages);
	for (uint64_t i = v->first; i < v->end; i++) {
		uint8_t *bit = &b->watch[i - b->first];

		if (get && *bit == PERHAPS)
			f->unsure = true;
		if (get && *bit == WRITTEN && out->n_pages < c->number[1])
			out->pages[out->n_pages++].offset = i * WM_P;
		else if (get)
			continue;
		if (clear)
			*bit = NOT_WRITTEN;
	}
	for (uint64_t i = v->first; f->unsure && clear && i < v->end; i++)
		b->watch[i - b->first] = PERHAPS;
}
