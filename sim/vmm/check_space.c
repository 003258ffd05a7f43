/* check_space.c: invariants I16 to I23 and I29: blocks, their pages, what is charged and
 * counted for them, and the tables that map them. */
#include "vmm/check.h"

/* --- I16, I17: blocks and pages --------------------------------------------------------------- */

static void block_broke(struct audit *a, const struct block *block, const char *how)
{
	broke(a, "the block 0x%" G_GINT64_MODIFIER "x to 0x%" G_GINT64_MODIFIER
	      "x of process %u %s", block->vad->first, block->vad->last, block->process->pid, how);
}

/* Blocks of a process are whole pages, in order and apart from each other, inside the user
 * range, and begin at multiples of the allocation granularity; but for what is left of one that
 * was cut, and for pages that were committed by being touched (Q5). The tree that holds them
 * agrees with itself. */
void check_I16(struct audit *a)
{
	for (size_t i = 0; i < a->blocks.n; i++) {
		const struct block *block = &a->blocks.at[i];
		const struct vad *vad = block->vad;

		if (vad->first > vad->last || (i && block[-1].process == block->process &&
					       block[-1].vad->last >= vad->first))
			block_broke(a, block, "overlaps another");
		if (!vad->implicit && !vad->piece && vad->first % VMSIM_GRANULARITY_PAGES)
			block_broke(a, block, "begins at no multiple of the granularity");
		if (!vad->implicit && (vad->first < block->process->vads.lo ||
				       vad->last > block->process->vads.hi))
			block_broke(a, block, "leaves the user range");
	}
	for (guint i = 0; i < a->vmm->processes->len; i++) {
		const struct process *process = g_ptr_array_index(a->vmm->processes, i);

		if (!process->exited && !vad_check(&process->vads))
			broke(a, "the tree of blocks of process %u disagrees with itself",
			      process->pid);
	}
}

/* A page in no block has no entry. In a block, an entry that says more than that the page was
 * decommitted belongs to a committed page; a placeholder has none, and large pages
 * are in blocks of them only. */
void check_I17(struct audit *a)
{
	for (size_t i = 0; i < a->entries.n; i++) {
		const struct entry *entry = &a->entries.at[i];

		if (entry->vad && (entry->vad->kind == VAD_LARGE) != pte_is_large(entry->pte))
			broke(a, "%s is no page of its block's", entry_words(a, entry));
		if (!entry->vad)
			broke(a, "%s is in no block", entry_words(a, entry));
		else if (!pte_is_decommitted(entry->pte) && !pte_is_prototype(entry->pte) &&
			 (entry->vad->kind == VAD_PLACEHOLDER ||
			  !page_is_committed(entry->vad, entry->vpn, entry->pte) ||
			  ((entry->pte & PTE_SHARED) && pte_is_valid(entry->pte) &&
			   entry->vad->segment &&
			   !segment_committed(entry->vad->segment,
					      vad_index(entry->vad, entry->vpn)))))
			broke(a, "%s is not committed", entry_words(a, entry));
	}
}

/* --- I18 to I20: charges ---------------------------------------------------------------------- */

/* What a block is charged for: its committed pages; a view, for all its pages when it was mapped
 * copy-on-write, else for those that are copied or will be. */
static uint64_t block_charge(struct audit *a, const struct block *block)
{
	const struct vad *vad = block->vad;
	uint64_t pages = vad->last - vad->first + 1, n = block->committed;

	if (vad->segment)
		n = view_is_charged(vad) ? pages : block->copies;
	else if (vad->commit_at_reserve)
		n += pages - block->entries;
	if (n != vad->committed)
		broke(a, "the block 0x%" G_GINT64_MODIFIER "x to 0x%" G_GINT64_MODIFIER
		      "x of process %u has %" G_GUINT64_FORMAT " committed pages, and counts %"
		      G_GUINT64_FORMAT, vad->first, vad->last, block->process->pid, n,
		      vad->committed);
	return n;
}

/* The machine's charge is that of its processes and sections; a process's is that of its
 * blocks, of page tables where those are charged, and what calls under way have moved ahead of
 * their pages; a block's is its committed pages. */
void check_I18(struct audit *a)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < a->blocks.n; i++)
		a->spaces.at[a->blocks.at[i].process->asid - 1].committed +=
			block_charge(a, &a->blocks.at[i]);
	for (guint i = 0; i < a->vmm->processes->len; i++) {
		const struct process *process = g_ptr_array_index(a->vmm->processes, i);
		uint64_t n = a->spaces.at[i].committed + (uint64_t)process->charged_ahead;

		if (process->exited)
			continue;
		n += g_hash_table_size(process->charged_tables);
		if (n != process->committed)
			broke(a, "process %u commits %" G_GUINT64_FORMAT
			      " pages, and is charged for %" G_GUINT64_FORMAT, process->pid, n,
			      process->committed);
		sum += process->committed;
	}
	for (guint i = 0; i < a->vmm->segments->len; i++)
		sum += ((struct segment *)g_ptr_array_index(a->vmm->segments, i))->committed;
	if (sum != a->vmm->charge || a->vmm->stats->now.committed_pages != sum)
		broke(a, "processes and sections are charged for %" G_GUINT64_FORMAT
		      " pages, the machine for %" G_GUINT64_FORMAT ", its gauge says %"
		      G_GUINT64_FORMAT, sum, a->vmm->charge, a->vmm->stats->now.committed_pages);
}

/* The charge is within the limit, unless touching pages committed them (Q5), and the highest it has
 * been is not below it. */
void check_I19(struct audit *a)
{
	if (a->vmm->charge > a->vmm->limit && !a->vmm->has_implicit)
		broke(a, "%" G_GUINT64_FORMAT " pages are charged, with a limit of %"
		      G_GUINT64_FORMAT, a->vmm->charge, a->vmm->limit);
	if (a->vmm->c->committed_pages_peak < a->vmm->charge)
		broke(a, "%" G_GUINT64_FORMAT " pages are charged, with a peak of %"
		      G_GUINT64_FORMAT, a->vmm->charge, a->vmm->c->committed_pages_peak);
}

/* By counters alone, while there are no sections: frames that hold a page, deleted ones aside. */
static void check_frames_charged(struct audit *a, uint64_t charged)
{
	const struct pfn_db *db = a->db;
	uint64_t held = db->n[PFN_ACTIVE] + db->n[PFN_STANDBY] + db->n[PFN_MODIFIED] +
			db->n[PFN_TRANSITION];
	uint64_t others = db->n_tables + db->n_large + db->n_store + a->vmm->ios_reading +
			  a->vmm->ios_writing;

	if (!a->vmm->segments->len && held > others + charged)
		broke(a, "%" G_GUINT64_FORMAT " frames hold pages, and %" G_GUINT64_FORMAT
		      " pages are charged", held - others, charged);
}

/* Whatever private pages frames hold, and whatever more slots hold, was charged; what is
 * deleted and only waits for its request to end is not counted. */
void check_I20(struct audit *a)
{
	uint64_t held = 0, charged = 0;

	for (guint i = 0; i < a->vmm->processes->len; i++) {
		const struct process *process = g_ptr_array_index(a->vmm->processes, i);

		if (!process->exited)
			charged += process->committed - (uint64_t)process->charged_ahead -
				   g_hash_table_size(process->charged_tables);
	}
	if (!a->whole)
		check_frames_charged(a, charged);
	for (size_t i = 0; i < a->entries.n; i++) {
		pte_t pte = a->entries.at[i].pte;

		held += pte_is_transition(pte) || pte_is_pagefile(pte) ||
			(pte_is_valid(pte) && !(pte & PTE_SHARED));
	}
	if (held > charged)
		broke(a, "%" G_GUINT64_FORMAT " private pages are held in frames and slots, %"
		      G_GUINT64_FORMAT " are charged", held, charged);
}

/* --- I21 to I23: working sets and locks ------------------------------------------------------- */

/* A process's working set is as large as it has valid entries, but for large pages, and as many of
 * those are locked as it says. */
void check_I21(struct audit *a)
{
	for (guint i = 0; i < a->vmm->processes->len; i++) {
		const struct process *process = g_ptr_array_index(a->vmm->processes, i);
		const struct space_tally *space = &a->spaces.at[i];

		if (!process->exited && (space->resident != process->ws_pages ||
					 space->locked != process->locked_pages))
			broke(a, "process %u has %" G_GUINT64_FORMAT " valid pages, %"
			      G_GUINT64_FORMAT " of them locked, and counts %" G_GUINT64_FORMAT
			      " and %" G_GUINT64_FORMAT, process->pid, space->resident,
			      space->locked, process->ws_pages, process->locked_pages);
	}
}

static void check_write_of_locked(struct audit *a)
{
	for (uint32_t i = 0; a->io->write && i < a->io->pages; i++)
		if (a->db->pfn[a->io->frame[i]].locks)
			broke(a, "a write begins of %s", frame_words(a, a->io->frame[i]));
}

/* A locked page stays mapped: only active frames are locked, by as many valid entries as they
 * count; and it is not written out. */
void check_I22(struct audit *a)
{
	if (a->io) {
		check_write_of_locked(a);
		return;
	}
	for (size_t i = 0; i < a->frames.n; i++) {
		vmsim_pfn f = a->frames.at[i];
		const struct pfn *pfn = &a->db->pfn[f];

		if ((pfn->locks && pfn->state != PFN_ACTIVE) ||
		    (pfn->locks != a->of.at[f].locked && (a->whole || !pfn->segment)))
			broke(a, "%s is locked by %u valid entries", frame_words(a, f),
			      a->of.at[f].locked);
	}
}

/* A page that faults on every access, or on the next, has no valid entry: guard pages, inaccessible
 * ones, and offered ones, which count as inaccessible. */
void check_I23(struct audit *a)
{
	for (size_t i = 0; i < a->entries.n; i++)
		if (pte_is_valid(a->entries.at[i].pte) &&
		    !prot_may_map(pte_prot(a->entries.at[i].pte)))
			broke(a, "%s is mapped", entry_words(a, &a->entries.at[i]));
}

/* --- I29: tables ------------------------------------------------------------------------------ */

/* A table counts its entries that are not zero, and a process its tables. Every upper entry
 * leads to a table. One without entries is there for pages of a block only: it goes when they
 * are released. */
void check_I29(struct audit *a)
{
	for (size_t i = 0; i < a->tables.n; i++) {
		const struct table *table = &a->tables.at[i];

		if (!table->node || table->node->level != table->level)
			broke(a, "an upper entry of page 0x%" G_GINT64_MODIFIER
			      "x of process %u leads to no table", table->first,
			      table->process->pid);
		else if (table->node->used != table->used)
			broke(a, "the table of page 0x%" G_GINT64_MODIFIER
			      "x of process %u has %u entries, and counts %u", table->first,
			      table->process->pid, table->used, table->node->used);
		else if (!table->used &&
			 !vad_overlaps(&table->process->vads, table->first, table->last))
			broke(a, "the table of page 0x%" G_GINT64_MODIFIER
			      "x of process %u is empty, and no block has its pages",
			      table->first, table->process->pid);
	}
	for (guint i = 0; i < a->vmm->processes->len; i++) {
		const struct process *process = g_ptr_array_index(a->vmm->processes, i);

		if (!process->exited &&
		    (a->spaces.at[i].tables != process->pt.n_tables ||
		     a->spaces.at[i].large != process->pt.n_large))
			broke(a, "process %u has %" G_GUINT64_FORMAT " tables and %"
			      G_GUINT64_FORMAT " pages in large ones, and counts %u and %u large",
			      process->pid, a->spaces.at[i].tables, a->spaces.at[i].large,
			      process->pt.n_tables, process->pt.n_large);
	}
}

/* --- beyond section 10 ------------------------------------------------------------------------ */

/* A process with a hard maximum has no larger working set, but for one page beyond the locked
 * ones. */
void check_W1(struct audit *a)
{
	for (guint i = 0; i < a->vmm->processes->len; i++) {
		const struct process *process = g_ptr_array_index(a->vmm->processes, i);

		if (!process->exited && process->hard_max &&
		    process->ws_pages + process->ws_coming >
			    MAX(process->ws_max, process->locked_pages + 1))
			broke(a, "process %u has %" G_GUINT64_FORMAT " pages and %"
			      G_GUINT64_FORMAT " to come, with a hard maximum of %"
			      G_GUINT64_FORMAT, process->pid, process->ws_pages,
			      (uint64_t)process->ws_coming, process->ws_max);
	}
}

/* The compression store has as many frames as the pages in it take, and no more. */
void check_W13(struct audit *a)
{
	if (a->db->n_store != store_frames(a->vmm))
		broke(a, "the store has %" G_GUINT64_FORMAT " frames, and its pages take %"
		      G_GUINT64_FORMAT, a->db->n_store, store_frames(a->vmm));
}

/* What each policy promises of its own state. */
void check_policy(struct audit *a)
{
	for (guint i = 0; i < a->vmm->processes->len; i++) {
		const struct process *process = g_ptr_array_index(a->vmm->processes, i);

		if (!process->exited &&
		    !process->replacer->ops->check(process->replacer->state))
			broke(a, "policy %s, of process %u, disagrees with itself",
			      process->replacer->ops->name, process->pid);
	}
}
