/* model_gen_more.c: calls of a case, continued: working sets, offers, write watches, placeholders,
 * the native services, sections. */
#include "model/model_gen.h"

#include <string.h>

void gen_make_offer(struct gen *g, struct vmsim_call *c)
{
	static const enum vmsim_call_id ids[] = {VMSIM_CALL_OFFER, VMSIM_CALL_OFFER,
						 VMSIM_CALL_RECLAIM, VMSIM_CALL_RECLAIM,
						 VMSIM_CALL_DISCARD};

	c->id = ids[gen_below(g, G_N_ELEMENTS(ids))];
	if (!gen_pages_of_kind(g, c, c->id == VMSIM_CALL_RECLAIM ? gen_is_offered : gen_is_plain,
			       6) &&
	    gen_chance(g, 80))
		c->id = VMSIM_CALL_OFFER;
	if (c->id == VMSIM_CALL_OFFER)
		c->number[0] = gen_chance(g, 95) ? 1 + gen_below(g, 4) : gen_below(g, 7);
}

void gen_make_limits(struct gen *g, struct vmsim_call *c)
{
	static const uint64_t pages[] = {0, 1, 12, 13, 19, 20, 21, 25, 30, 50, 345, 0xFFFFFFFF};

	c->id = VMSIM_CALL_EMPTY_WORKING_SET;
	if (gen_chance(g, 40))
		return;
	c->id = VMSIM_CALL_SET_WORKING_SET;
	c->size[0] = c->size[1] = UINT64_MAX;
	if (!gen_chance(g, 25))
		c->size[0] = pages[gen_below(g, G_N_ELEMENTS(pages))] * WM_P;
	if (c->size[0] != UINT64_MAX || gen_chance(g, 10))
		c->size[1] = c->size[0] + pages[gen_below(g, G_N_ELEMENTS(pages))] * WM_P;
	c->number[0] = gen_chance(g, 60) ? 0 : gen_below(g, 18);
}

void gen_make_watch(struct gen *g, struct vmsim_call *c)
{
	const struct wm_block *b = NULL;

	c->id = gen_chance(g, 75) ? VMSIM_CALL_GET_WRITE_WATCH : VMSIM_CALL_RESET_WRITE_WATCH;
	for (int tries = 0; tries < 20 && (!b || !b->watch); tries++)
		b = gen_some_block(g);
	gen_some_range(g, c, false);
	if (b && gen_chance(g, 85)) {
		uint64_t at = gen_below(g, b->end - b->first);

		c->address.offset = (b->first + at) * WM_P + gen_below(g, 2) * gen_below(g, WM_P);
		c->size[0] = 1 + gen_below(g, b->end * WM_P - c->address.offset);
	}
	if (c->id == VMSIM_CALL_RESET_WRITE_WATCH)
		return;
	c->number[0] = gen_chance(g, 95) ? gen_below(g, 2) : gen_below(g, 5);
	c->number[1] = gen_chance(g, 50) ? 100 : gen_below(g, 8);
}

void gen_make_prefetch(struct gen *g, struct vmsim_call *c)
{
	c->id = VMSIM_CALL_PREFETCH;
	do
		gen_some_range(g, c, true);
	while (!c->size[0] || c->size[0] > 100 * WM_P ||
	       c->address.offset > g->m->machine.hi - c->size[0]);
}

static const struct wm_block *some_placeholder(struct gen *g)
{
	const struct wm_block *b = NULL;

	for (int tries = 0; tries < 20 && (!b || !b->placeholder); tries++)
		b = gen_some_block(g);
	return b && b->placeholder ? b : NULL;
}

static void make_placed(struct gen *g, struct vmsim_call *c)
{
	c->id = VMSIM_CALL_VIRTUAL_ALLOC2;
	c->size[0] = (1 + gen_below(g, 20)) * WM_P;
	c->type = MEM_RESERVE;
	c->protect = PAGE_NOACCESS;
	if (gen_chance(g, 60)) {
		c->type |= MEM_RESERVE_PLACEHOLDER;
		c->size[0] = (1 + gen_below(g, 4)) * WM_G;
	} else if (gen_chance(g, 70)) {
		c->type |= MEM_COMMIT;
		c->protect = PAGE_READWRITE;
	}
	if (gen_chance(g, 20))
		c->type |= MEM_TOP_DOWN;
	if (gen_chance(g, 15)) {
		c->address.offset = gen_arena(g);
		return;
	}
	if (gen_chance(g, 50))
		c->number[0] = gen_below(g, 40) * WM_G;
	if (gen_chance(g, 50))
		c->number[1] = c->number[0] + (1 + gen_below(g, 40)) * WM_G - 1;
	if (gen_chance(g, 40))
		c->number[2] = gen_chance(g, 90) ? WM_G << gen_below(g, 4) : gen_below(g, 0x30000);
	if (gen_chance(g, 10)) /* neither is where a block begins or a page ends any more */
		c->number[gen_below(g, 2)] += gen_below(g, 2) ? WM_P : 1 + gen_below(g, WM_P);
}

/* Splitting, joining, replacing, restoring. */
void gen_make_placeholder(struct gen *g, struct vmsim_call *c)
{
	const struct wm_block *b = some_placeholder(g), *next;

	if (!b || gen_chance(g, 20)) {
		make_placed(g, c);
		return;
	}
	c->address.offset = b->first * WM_P;
	c->size[0] = (b->end - b->first) * WM_P;
	if (gen_chance(g, 35)) {
		c->id = VMSIM_CALL_VIRTUAL_ALLOC2;
		c->type = MEM_RESERVE | MEM_REPLACE_PLACEHOLDER |
			  (gen_chance(g, 70) ? MEM_COMMIT : 0);
		c->protect = PAGE_READWRITE;
		if (gen_chance(g, 10))
			c->size[0] += WM_G;
		return;
	}
	c->id = VMSIM_CALL_VIRTUAL_FREE;
	c->type = MEM_RELEASE | MEM_PRESERVE_PLACEHOLDER;
	next = wm_block_at(g->m, g->pid, b->end);
	if (next && next->placeholder && gen_chance(g, 60)) {
		c->type = MEM_RELEASE | MEM_COALESCE_PLACEHOLDERS;
		c->size[0] = (next->end - b->first) * WM_P;
	} else if (c->size[0] > WM_G) {
		c->address.offset += gen_below(g, 2) * WM_G;
		c->size[0] = WM_G;
	}
	if (gen_chance(g, 30) && (b = gen_some_block(g)) &&
	    !b->section) { /* back to a placeholder */
		c->address.offset = b->first * WM_P;
		c->size[0] = (b->end - b->first) * WM_P;
	}
}

/* The same at the native level. */
void gen_make_native(struct gen *g, struct vmsim_call *c)
{
	bool free = gen_chance(g, 50);

	if (free)
		gen_make_free(g, c);
	else if (gen_chance(g, 50))
		gen_make_reserve(g, c);
	else
		gen_make_commit(g, c);
	c->id = free ? VMSIM_CALL_NT_FREE : VMSIM_CALL_NT_ALLOCATE;
	if (free && gen_chance(g, 30)) {
		c->type = MEM_RELEASE;
		gen_some_range(g, c, false);
	}
	if (!free && c->address.offset < WM_G)
		c->address.offset = 0;
}

static void make_section(struct gen *g, struct vmsim_call *c)
{
	static const uint32_t protections[] = {PAGE_READWRITE, PAGE_READWRITE, PAGE_READONLY,
					       PAGE_EXECUTE_READWRITE, PAGE_WRITECOPY};
	static const char *const files[] = {NULL, NULL, "one.dat", "two.dat"};
	static const uint64_t sizes[] = {0, 0, 0x9000, 0x20000};
	uint64_t which = gen_below(g, 4);

	c->id = VMSIM_CALL_CREATE_FILE_MAPPING;
	c->name = g_intern_string(g_strdup_printf("s%" G_GUINT64_FORMAT, ++g->sections));
	c->file = files[which];
	c->size[0] = c->file ? sizes[which] : (1 + gen_below(g, 0x14)) * WM_P - gen_below(g, WM_P);
	c->protect = protections[gen_below(g, G_N_ELEMENTS(protections))];
}

static void make_view(struct gen *g, struct vmsim_call *c)
{
	static const uint32_t access[] = {FILE_MAP_READ,  FILE_MAP_WRITE,
					  FILE_MAP_WRITE, FILE_MAP_COPY,
					  FILE_MAP_COPY,  FILE_MAP_READ | FILE_MAP_EXECUTE,
					  FILE_MAP_WRITE, FILE_MAP_READ | FILE_MAP_COPY,
					  FILE_MAP_COPY,  0};
	GList *some = g_list_nth(g->m->sections, (guint)gen_below(g, 3));
	const struct wm_section *s = some ? some->data : NULL;

	if (!s || !s->open) {
		make_section(g, c);
		return;
	}
	c->id = VMSIM_CALL_MAP_VIEW;
	c->name = s->name;
	c->access = access[gen_below(g, G_N_ELEMENTS(access))];
	if (s->store->pages->len > 16 && gen_chance(g, 30))
		c->number[0] = WM_G;
	if (gen_chance(g, 30))
		c->size[0] = 1 + gen_below(g, (s->store->pages->len - c->number[0] / WM_P) * WM_P);
	if (gen_chance(g, 20))
		c->address.offset = 0x30000000 + gen_below(g, 3) * 2 * WM_G;
}

void gen_make_sharing(struct gen *g, struct vmsim_call *c)
{
	const struct wm_block *b = gen_some_block(g);
	GList *some;

	switch (gen_below(g, 8)) {
	case 0:
	case 1:
		make_section(g, c);
		break;
	case 2:
	case 3:
	case 4:
		make_view(g, c);
		break;
	case 5:
	case 6:
		c->id = VMSIM_CALL_UNMAP_VIEW;
		for (int tries = 0; tries < 30 && b && !b->section; tries++)
			b = gen_some_block(g);
		c->address.offset = b ? b->first * WM_P : WM_G;
		break;
	default:
		some = g_list_nth(g->m->sections, (guint)gen_below(g, 4));
		c->id = VMSIM_CALL_CLOSE_HANDLE;
		c->name = some ? ((struct wm_section *)some->data)->name : "none";
	}
}

/* Of views the specification says nothing about most calls: only these are made. */
void gen_spare_views(struct gen *g, struct vmsim_call *c)
{
	static const uint32_t protections[] = {PAGE_READONLY,     PAGE_NOACCESS,
					       PAGE_READWRITE,    PAGE_WRITECOPY,
					       PAGE_EXECUTE_READ, PAGE_EXECUTE_READWRITE};
	const struct wm_block *b = wm_block_over(g->m, g->pid, c->address.offset / WM_P,
						 (c->address.offset + c->size[0]) / WM_P + 1);

	while (b && !b->section)
		b = wm_block_over(g->m, g->pid, b->end,
				  (c->address.offset + c->size[0]) / WM_P + 1);
	if (!b || c->id == VMSIM_CALL_VIRTUAL_QUERY || c->id == VMSIM_CALL_VIRTUAL_FREE ||
	    c->id >= VMSIM_CALL_CREATE_FILE_MAPPING || !strchr(vmsim_calls[c->id].arguments, 'A'))
		if (!b || (c->id != VMSIM_CALL_THREAD_STACK && c->id != VMSIM_CALL_INJECT_ERROR))
			return;
	if (c->id == VMSIM_CALL_VIRTUAL_PROTECT) {
		c->protect = protections[gen_below(g, G_N_ELEMENTS(protections))];
		return;
	}
	memset(c, 0, sizeof(*c));
	c->id = VMSIM_CALL_VIRTUAL_QUERY;
	c->address.offset = b->first * WM_P;
}
