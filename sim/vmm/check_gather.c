/* check_gather.c: one pass over page tables, sections, frames and slots, into the lists that the
 * invariants judge. */
#include "vmm/check.h"

#include <string.h>

/* --- what is named --------------------------------------------------------------------------- */

static void name_slot(struct audit *a, uint32_t slot)
{
	uint8_t *owners;

	a->slots_named++;
	if (slot_page(slot) >= a->vmm->file.file[slot_file_of(slot)].slots)
		return; /* I12 misses it among those in use */
	owners = &a->owners[slot_file_of(slot)].at[slot_page(slot)];
	if (!*owners)
		*list_add(&a->slots) = slot;
	if (*owners < UINT8_MAX)
		++*owners;
}

static void name_frame(struct audit *a, const struct process *process, pte_t pte)
{
	vmsim_pfn frame = pte_frame(pte);
	struct frame_tally *of;

	if (frame >= a->db->frames)
		return; /* I3 and I4 say so */
	of = &a->of.at[frame];
	if (!a->whole)
		*list_add(&a->frames) = frame;
	if (!pte_is_valid(pte)) {
		of->away++;
		return;
	}
	if (!of->valid++)
		of->first = process;
	of->locked += (pte & PTE_LOCKED) != 0;
	of->dirty |= (pte & PTE_D) != 0;
}

/* --- page tables ----------------------------------------------------------------------------- */

struct walk_of {
	struct audit *a;
	struct process *process;
	size_t block; /* of the process, the first that does not end before the page */
	vmsim_vpn end; /* of its last table so far */
};

static struct block *block_at(struct walk_of *w, vmsim_vpn vpn)
{
	struct audit *a = w->a;

	while (w->block < a->blocks.n && a->blocks.at[w->block].vad->last < vpn)
		w->block++;
	if (w->block == a->blocks.n || a->blocks.at[w->block].vad->first > vpn)
		return NULL;
	return &a->blocks.at[w->block];
}

static void add_entry(struct walk_of *w, vmsim_vpn vpn, pte_t pte)
{
	struct audit *a = w->a;
	struct block *block = block_at(w, vpn);
	struct space_tally *space = &a->spaces.at[w->process->asid - 1];

	*list_add(&a->entries) = (struct entry){w->process, block ? block->vad : NULL, vpn, pte};
	if (block) {
		block->entries++;
		block->committed += page_is_committed(block->vad, vpn, pte);
		block->copies += !pte_is_decommitted(pte) && view_page_is_charged(pte);
	}
	if (pte_is_large(pte)) {
		space->large++;
	} else if (pte_is_valid(pte)) {
		space->resident++;
		space->locked += (pte & PTE_LOCKED) != 0;
	}
	if (pte_is_valid(pte) || pte_is_transition(pte))
		name_frame(a, w->process, pte);
	else if (pte_is_pagefile(pte))
		name_slot(a, pte_slot(pte));
}

static void walk_table(struct walk_of *w, vmsim_pfn frame, unsigned level, vmsim_vpn base)
{
	const struct pt_pool *pool = w->process->pt.pool;
	uint32_t at = pool->outside ? frame - pool->frames : frame;
	const struct pt_node *node = at < pool->size ? pool->node[at] : NULL;
	vmsim_vpn each = (vmsim_vpn)1 << pool->shape->shift[level];
	unsigned n = 1u << pool->shape->bits[level];
	size_t mine = w->a->tables.n;

	*list_add(&w->a->tables) = (struct table){w->process, node, base, base + each * n - 1,
						  level, 0};
	w->a->spaces.at[w->process->asid - 1].tables++;
	for (unsigned i = 0; node && node->level == level && i < n; i++) {
		vmsim_vpn vpn = base + i * each;

		if (!node->entry[i])
			continue;
		w->a->tables.at[mine].used++;
		if (level == 0)
			add_entry(w, vpn, node->entry[i]);
		else if (pte_is_large(node->entry[i]))
			for (vmsim_vpn k = 0; k < each; k++)
				add_entry(w, vpn + k, pte_piece(node->entry[i], k));
		else
			walk_table(w, pte_frame(node->entry[i]), level - 1, vpn);
	}
}

static void gather_process(struct audit *a, struct process *process)
{
	struct walk_of w = {.a = a, .process = process, .block = a->blocks.n};

	for (const struct vad *vad = vad_next(&process->vads, 0); vad;
	     vad = vad_next(&process->vads, vad->last + 1)) {
		*list_add(&a->blocks) = (struct block){.process = process, .vad = vad};
		if (vad->last < vad->first || a->blocks.n > w.block + process->vads.n)
			break; /* overlapping: I16 says so */
	}
	if (process->pt.root != VMSIM_NO_PFN)
		walk_table(&w, process->pt.root, process->pt.pool->shape->levels - 1, 0);
}

/* --- sections, frames ------------------------------------------------------------------------ */

static void gather_home(void *ctx, struct segment *segment, vmsim_vpn index, pte_t pte)
{
	struct audit *a = ctx;

	*list_add(&a->homes) = (struct home){segment, index, pte};
	if (pte_is_transition(pte) || pte_is_valid(pte))
		name_frame(a, NULL, pte);
	else if (pte_is_pagefile(pte))
		name_slot(a, pte_slot(pte));
}

/* Pagefiles grow. */
static void make_room(struct audit *a)
{
	for (unsigned i = 0; i < PAGEFILES; i++) {
		size_t had = a->owners[i].n, slots = a->vmm->file.file[i].slots;

		if (slots <= had)
			continue;
		a->owners[i].at = g_renew(uint8_t, a->owners[i].at, slots);
		memset(a->owners[i].at + had, 0, slots - had);
		a->owners[i].n = slots;
	}
}

static void forget(struct audit *a, bool whole)
{
	make_room(a);
	if (!a->of.at) {
		a->of.at = g_new0(struct frame_tally, a->db->frames);
	} else if (a->whole) {
		memset(a->of.at, 0, (size_t)a->of.n * sizeof(*a->of.at));
	}
	for (size_t i = 0; !a->whole && i < a->frames.n; i++)
		a->of.at[a->frames.at[i]] = (struct frame_tally){0};
	for (size_t i = 0; i < a->slots.n; i++)
		a->owners[slot_file_of(a->slots.at[i])].at[slot_page(a->slots.at[i])] = 0;
	a->entries.n = a->homes.n = a->blocks.n = a->tables.n = a->frames.n = 0;
	a->slots.n = a->spaces.n = 0;
	a->slots_named = 0;
	a->whole = whole;
	while (a->spaces.n < a->vmm->processes->len)
		*list_add(&a->spaces) = (struct space_tally){0};
}

void gather_whole(struct audit *a)
{
	struct vmm *vmm = a->vmm;

	forget(a, true);
	a->of.n = a->db->fresh;
	for (guint i = 0; i < vmm->processes->len; i++) {
		struct process *process = g_ptr_array_index(vmm->processes, i);

		if (!process->exited)
			gather_process(a, process);
	}
	for (guint i = 0; i < vmm->segments->len; i++)
		segment_foreach(g_ptr_array_index(vmm->segments, i), gather_home, a);
	for (vmsim_pfn f = 0; f < a->db->fresh; f++) {
		*list_add(&a->frames) = f;
		if (a->db->pfn[f].slot)
			name_slot(a, a->db->pfn[f].slot);
	}
}

/* Pages that were touched. A section's frame may be named by others, too: what only all its entries
 * tell is not asked. */
void gather_pages(struct audit *a, struct process *process, vmsim_vpn first, vmsim_vpn last)
{
	forget(a, false);
	if (!process || process->exited)
		return;
	last = MIN(last, a->vmm->pool.shape->vpn_end - 1);
	for (vmsim_vpn vpn = first; vpn <= last; vpn++) {
		struct pt_span span = pt_span_at(&process->pt, vpn, last + 1);
		const struct vad *vad = vad_find(&process->vads, vpn);
		pte_t pte = pt_get(&process->pt, vpn);

		if (!span.node && !span.large)
			vpn += span.n - 1;
		if (!pte)
			continue;
		*list_add(&a->entries) = (struct entry){process, vad, vpn, pte};
		if (pte_is_valid(pte) || pte_is_transition(pte))
			name_frame(a, process, pte);
	}
}

void gather_fini(struct audit *a)
{
	g_free(a->entries.at);
	g_free(a->homes.at);
	g_free(a->blocks.at);
	g_free(a->tables.at);
	g_free(a->frames.at);
	g_free(a->of.at);
	g_free(a->spaces.at);
	for (unsigned i = 0; i < PAGEFILES; i++)
		g_free(a->owners[i].at);
	g_free(a->slots.at);
	g_free(a->strangers.at);
}
