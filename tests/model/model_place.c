/* model_place.c: where VirtualAlloc2 may put a block (V12), placeholders (2.3), and releasing a
 * part of a block, as the native service can (E11). */
#include "model/windows_model.h"

#define REPLACE ((uint32_t)MEM_REPLACE_PLACEHOLDER)
#define AS_PLACEHOLDER ((uint32_t)MEM_RESERVE_PLACEHOLDER)

static void fails(struct wm_verdict *v, uint32_t code)
{
	v->ok = false;
	v->code = code;
	v->rule = NULL;
}

/* Whether an allocation can begin at the lowest address and end at the highest. */
static bool bounds_are_right(const struct wm *m, const struct vmsim_call *c)
{
	uint64_t low = c->number[0], high = c->number[1];

	if (low > m->machine.hi || low & (WM_G - 1) ||
	    ((c->type & MEM_LARGE_PAGES) && low & (512 * WM_P - 1)))
		return false;
	return !high || (high > low && high <= m->machine.hi && high % WM_P == WM_P - 1);
}

bool wm_alloc2_arguments(const struct wm *m, const struct vmsim_call *c, struct wm_verdict *v)
{
	uint64_t va = c->address.offset, align = c->number[2];
	bool asks = c->number[0] || c->number[1] || align;

	if (va % (c->type & REPLACE ? WM_P : WM_G) || c->size[0] % WM_P || (va && asks) ||
	    (align && ((align & (align - 1)) || align < WM_G)) || !bounds_are_right(m, c))
		fails(v, ERROR_INVALID_PARAMETER);
	else if ((c->type & AS_PLACEHOLDER) &&
		 (!(c->type & MEM_RESERVE) || (c->type & MEM_COMMIT) ||
		  c->protect != PAGE_NOACCESS))
		fails(v, ERROR_INVALID_PARAMETER);
	return v->ok;
}

uint64_t wm_place_within(const struct wm *m, uint32_t pid, uint64_t pages,
			 const struct vmsim_call *c)
{
	uint64_t step = MAX(c->number[2], WM_G) / WM_P;
	uint64_t low = MAX(c->number[0] / WM_P, WM_G / WM_P);
	uint64_t high = (c->number[1] ? c->number[1] : m->machine.hi) / WM_P + 1;
	const struct wm_block *b;
	uint64_t at;

	if (high < low || pages > high - low)
		return 0;
	if (!(c->type & MEM_TOP_DOWN)) {
		at = (low + step - 1) / step * step;
		while (at + pages <= high && (b = wm_block_over(m, pid, at, at + pages)))
			at = (b->end + step - 1) / step * step;
		return at + pages <= high ? at * WM_P : 0;
	}
	at = (high - pages) / step * step;
	while (at >= low && (b = wm_block_over(m, pid, at, at + pages))) {
		if (b->first < low + pages)
			return 0;
		at = (b->first - pages) / step * step;
	}
	return at >= low ? at * WM_P : 0;
}

/* --- placeholders ---------------------------------------------------------------------------- */

/* Whether placeholders, more than one, lie side by side over exactly [first, end). */
static bool row_of_placeholders(const struct wm *m, uint32_t pid, uint64_t first, uint64_t end)
{
	unsigned n = 0;

	for (; first < end; n++) {
		const struct wm_block *b = wm_block_at(m, pid, first);

		if (!b || !b->placeholder || b->first != first)
			return false;
		first = b->end;
	}
	return first == end && n >= 2;
}

/* VirtualFree of RELEASE with PRESERVE or COALESCE. */
void wm_judge_placeholder(const struct wm *m, uint32_t pid, const struct vmsim_call *c,
			  struct wm_verdict *v)
{
	const struct wm_block *b;
	bool whole;

	v->first = c->address.offset / WM_P;
	v->end = (c->address.offset + c->size[0] + WM_P - 1) / WM_P;
	v->block = wm_block_at(m, pid, v->first);
	b = v->block;
	v->join = c->type & MEM_COALESCE_PLACEHOLDERS;
	v->split = !v->join;
	whole = b && b->first == v->first && b->end == v->end;
	if (!c->size[0] || c->address.offset >= m->machine.hi ||
	    c->size[0] > m->machine.hi - c->address.offset) /* 2.4.3 */
		fails(v, ERROR_INVALID_PARAMETER);
	else if (v->join && !row_of_placeholders(m, pid, v->first, v->end))
		fails(v, ERROR_INVALID_ADDRESS);
	else if (v->split && (!b || v->end > b->end || !(whole ? b->replaces : b->placeholder)))
		fails(v, ERROR_INVALID_ADDRESS);
}

static void add_placeholder(struct wm *m, uint32_t pid, uint64_t first, uint64_t end)
{
	struct wm_block b = {.pid = pid,
			     .first = first,
			     .end = end,
			     .placeholder = true,
			     .alloc_protect = PAGE_NOACCESS};

	if (first < end)
		wm_block_add(m, &b);
}

/* The pages of [first, end) are in no block any more; the rest of the block stays. */
void wm_block_cut(struct wm *m, struct wm_block *b, uint64_t first, uint64_t end)
{
	struct wm_block above = *b;
	uint64_t below = first - b->first;

	m->reserved -= end - first;
	if (first == b->first && end == b->end) {
		m->reserved += end - first; /* counted by the removal */
		wm_block_remove(m, b);
		return;
	}
	above.first = end;
	if (b->watch)
		above.watch = g_memdup2(b->watch + (end - b->first), above.end - end);
	if (end < b->end) {
		m->reserved -= above.end - end; /* counted by the addition */
		wm_block_add(m, &above);
	} else {
		g_free(above.watch);
	}
	b->end = first;
	if (!below) { /* all of it is in the upper part */
		m->reserved += b->end - b->first;
		wm_block_remove(m, b);
	}
}

void wm_apply_placeholder(struct wm *m, struct wm_flight *f)
{
	const struct wm_verdict *v = &f->verdict;
	uint64_t low = v->first, high = v->end, peak = m->n.reserved_peak;
	struct wm_block *b;

	for (uint64_t i = v->first; i < v->end; i++)
		wm_decommit(m, f, i, "reserved");
	if (v->split) {
		low = v->block->first;
		high = v->block->end;
	}
	while ((b = wm_block_over(m, f->pid, low, high)))
		wm_block_remove(m, b);
	add_placeholder(m, f->pid, low, v->first);
	add_placeholder(m, f->pid, v->first, v->end);
	add_placeholder(m, f->pid, v->end, high);
	m->n.reserved_peak = peak;
}
