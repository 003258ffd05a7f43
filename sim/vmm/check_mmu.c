/* check_mmu.c: invariants I24 to I28: what the hardware holds, as the engine tells it, against page
 * tables, and those against protections. */
#include "mmu/design.h"
#include "vmm/check.h"

static pte_t leaf_of(const struct audit *a, const struct cached *cached)
{
	const struct process *process = vmm_process_by_asid(a->vmm, cached->asid);

	return process && !cached->level ? pt_get(&process->pt, cached->vpn) : 0;
}

static void cached_broke(struct audit *a, const struct cached *cached)
{
	struct process *process = vmm_process_by_asid(a->vmm, cached->asid);
	struct entry entry = {process, NULL, cached->vpn, leaf_of(a, cached)};

	broke(a, "the %s has frame %u%s%s%s%s for %s", cached->where, cached->frame,
	      cached->large > 0 ? ", large" : "",
	      cached->write ? ", writable" : "", cached->execute ? ", executable" : "",
	      cached->dirty ? ", dirty" : "", entry_words(a, &entry));
}

/* A translation that the core may use is that of a present entry: the same frame and size, and
 * no right that the entry does not give. The one core there is invalidates at once, so none may
 * be stale. */
void check_I24(struct audit *a)
{
	for (size_t i = 0; i < a->n_cached; i++) {
		const struct cached *cached = &a->cached[i];
		pte_t pte = leaf_of(a, cached);

		if (cached->level)
			continue;
		if (!pte_is_valid(pte) || pte_frame(pte) != cached->frame ||
		    (cached->large >= 0 && pte_is_large(pte) != (cached->large > 0)) ||
		    (cached->write && !(pte & PTE_W)) || (cached->execute && (pte & PTE_XD)))
			cached_broke(a, cached);
	}
}

/* Whether the upper entries that lead to a page have A; those in registers have none. */
static bool is_path_accessed(const struct audit *a, const struct cached *cached)
{
	const struct page_table *pt = &vmm_process_by_asid(a->vmm, cached->asid)->pt;
	const struct pt_pool *pool = pt->pool;
	const struct pt_shape *shape = pool->shape;

	/* Where all processes share one table, these are the system's books, which nothing
	 * walks. */
	for (unsigned level = shape->levels - shape->top_in_registers;
	     !pool->shared && --level > 0;) {
		vmsim_pfn table = pt_table(pt, cached->vpn, level);
		const struct pt_node *node;

		if (table == VMSIM_NO_PFN)
			continue; /* the entry above maps a large page */
		node = pool->node[pool->outside ? table - pool->frames : table];
		if (!(node->entry[pt_index(shape, level, cached->vpn)] & PTE_A))
			return false;
	}
	return true;
}

/* A translation that remembers a store has D in its entry; and A on its whole path, where clearing
 * that invalidates. */
void check_I25(struct audit *a)
{
	for (size_t i = 0; i < a->n_cached; i++) {
		const struct cached *cached = &a->cached[i];
		pte_t pte = leaf_of(a, cached);

		if (cached->level)
			continue;
		if ((cached->dirty && !(pte & PTE_D)) ||
		    (a->vmm->config->os.age_flush &&
		     (!(pte & PTE_A) || !is_path_accessed(a, cached))))
			cached_broke(a, cached);
	}
}

/* What the core remembers of upper entries names the tables that its process has there. */
void check_I26(struct audit *a)
{
	for (size_t i = 0; i < a->n_cached; i++) {
		const struct cached *cached = &a->cached[i];
		const struct process *process = vmm_process_by_asid(a->vmm, cached->asid);
		vmsim_pfn table;

		if (!cached->level)
			continue;
		if (!process || process->exited) {
			broke(a, "the %s has table %u for address space %u, which nobody has",
			      cached->where, cached->frame, cached->asid);
			continue;
		}
		table = pt_table(&process->pt, cached->vpn, cached->level - 1);
		if (cached->frame == VMSIM_NO_PFN || cached->frame != table)
			broke(a, "the %s has table %u for level %u of %s, where %u is",
			      cached->where, cached->frame, cached->level - 1,
			      page_words(a, process, cached->vpn), table);
	}
}

/* An entry never grants more than the protection of its page: no write unless stores are allowed
 * and do not copy, no execution unless fetches are allowed. */
void check_I27(struct audit *a)
{
	bool nx = a->vmm->config->paging.nx;

	for (size_t i = 0; i < a->entries.n; i++) {
		pte_t pte = a->entries.at[i].pte;
		unsigned prot = pte_prot(pte);

		if (!pte_is_valid(pte))
			continue;
		if (((pte & (PTE_W | PTE_SOFT_W)) &&
		     (!prot_permits(prot, VMSIM_WRITE, true) || prot_copies(prot))) ||
		    (!(pte & PTE_XD) && !prot_permits(prot, VMSIM_EXECUTE, nx)))
			broke(a, "%s grants more%s", entry_words(a, &a->entries.at[i]),
			      pte & PTE_XD ? "" : ", fetches, too");
	}
}

/* A frame that is one process's own is reached by nobody else: not by another's entry, nor by a
 * translation in another's name, or in nobody's. */
void check_I28(struct audit *a)
{
	for (size_t i = 0; i < a->entries.n; i++) {
		const struct entry *entry = &a->entries.at[i];
		const struct pfn *pfn = &a->db->pfn[pte_frame(entry->pte)];

		if (pte_is_valid(entry->pte) && pte_frame(entry->pte) < a->db->frames &&
		    pfn->owner && pfn->owner != entry->process)
			broke(a, "%s maps %s", entry_words(a, entry),
			      frame_words(a, pte_frame(entry->pte)));
	}
	for (size_t i = 0; i < a->n_cached; i++) {
		const struct cached *cached = &a->cached[i];
		const struct process *process = vmm_process_by_asid(a->vmm, cached->asid);

		if (cached->level)
			continue;
		if (!process || process->exited)
			broke(a, "the %s has frame %u for page 0x%" G_GINT64_MODIFIER
			      "x of address space %u, which nobody has", cached->where,
			      cached->frame, cached->vpn, cached->asid);
		else if (cached->frame < a->db->frames && a->db->pfn[cached->frame].owner &&
			 a->db->pfn[cached->frame].owner != process)
			broke(a, "the %s has %s for %s", cached->where,
			      frame_words(a, cached->frame),
			      page_words(a, process, cached->vpn));
	}
}

/* --- beyond section 10 --------------------------------------------------------------------- */

/* Where software keeps the dirty bit, an entry that may be written through has it; where hardware
 * does, no entry waits for a fault to become writable. */
void check_H6(struct audit *a)
{
	bool software = a->vmm->config->paging.dirty == DIRTY_SOFTWARE;

	for (size_t i = 0; i < a->entries.n; i++) {
		pte_t pte = a->entries.at[i].pte;

		if (pte_is_valid(pte) &&
		    (software ? (pte & PTE_W) && !(pte & PTE_D) : (pte & PTE_SOFT_W) != 0))
			broke(a, "%s%s", entry_words(a, &a->entries.at[i]),
			      software ? "" : " is to become writable by a fault");
	}
}

/* A page table that all processes share holds their valid entries, as their own books have them,
 * and no others: each is found there, and there are not more. Looking at every slot of a large
 * table takes long, and is done now and then only. */
#define SMALL_TABLE (1u << 20) /* bytes */
#define LARGE_EVERY 1024u      /* audits */
void check_design(struct audit *a)
{
	const struct shared_table *shared = a->vmm->pool.shared;
	uint64_t n = 0;

	if (!shared)
		return;
	for (size_t i = 0; i < a->entries.n; i++) {
		const struct entry *entry = &a->entries.at[i];
		uint64_t key = design_key(entry->process->asid, entry->vpn);
		pte_t pte = shared_table_get(shared, key);

		n += pte_is_valid(entry->pte);
		if (pte != (pte_is_valid(entry->pte) ? entry->pte : 0))
			broke(a, "%s, but the %s page table has 0x%" G_GINT64_MODIFIER "x",
			      entry_words(a, entry), shared->design->name, pte);
	}
	if (!a->whole)
		return;
	if (shared->n != n)
		broke(a, "the %s page table has %" G_GUINT64_FORMAT " pages, and %"
		      G_GUINT64_FORMAT " are valid", shared->design->name, shared->n, n);
	if ((shared->bytes <= SMALL_TABLE || a->tables_asked++ % LARGE_EVERY == 0) &&
	    !shared->design->check(shared))
		broke(a, "the %s page table disagrees with itself", shared->design->name);
}
