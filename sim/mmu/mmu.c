/* mmu.c: translation through two levels of TLB and a walk.
 *
 * What counts as a hit (T22): the first lookup of a page finds its tag. If the entry then lacks
 * the right asked for, or D for a store, the walk that follows is counted as a dirty walk and
 * changes neither level's order, so hits and misses equal those of a plain LRU TLB. */
#include "mmu/mmu.h"

#include "mmu/walker.h"

void mmu_init(struct mmu *mmu, const struct config *config, struct counters *counters)
{
	*mmu = (struct mmu){.c = counters};
	tlb_init(&mmu->l1i, (uint32_t)config->tlb.l1i.entries, (uint32_t)config->tlb.l1i.ways);
	tlb_init(&mmu->l1d, (uint32_t)config->tlb.l1d.entries, (uint32_t)config->tlb.l1d.ways);
	mmu->has_l2 = config->tlb.l2.entries > 0;
	if (mmu->has_l2)
		tlb_init(&mmu->l2, (uint32_t)config->tlb.l2.entries,
			 (uint32_t)config->tlb.l2.ways);
	mmu->l1i_cycles = config->tlb.l1i.latency.cycles;
	mmu->l1d_cycles = config->tlb.l1d.latency.cycles;
	mmu->l2_cycles = config->tlb.l2.latency.cycles;
	mmu->fetch_cycles = config->dram.latency.cycles;
	mmu->ad_update_cycles = config->walker.ad_update.cycles;
	mmu_forget(mmu);
}

void mmu_fini(struct mmu *mmu)
{
	tlb_fini(&mmu->l1i);
	tlb_fini(&mmu->l1d);
	tlb_fini(&mmu->l2);
}

static bool entry_permits(const struct tlb_entry *entry, enum vmsim_access access)
{
	if (access == VMSIM_WRITE)
		return (entry->flags & (TLB_WRITE | TLB_DIRTY)) == (TLB_WRITE | TLB_DIRTY);
	return access == VMSIM_READ || (entry->flags & TLB_EXECUTE);
}

static uint32_t leaf_flags(pte_t leaf)
{
	return (leaf & PTE_W ? TLB_WRITE : 0u) | (leaf & PTE_XD ? 0u : TLB_EXECUTE) |
	       (leaf & PTE_D ? TLB_DIRTY : 0u);
}

static void count_first(struct counters *c, enum vmsim_access access, bool hit)
{
	if (access == VMSIM_EXECUTE)
		*(hit ? &c->itlb_hits : &c->itlb_misses) += 1;
	else
		*(hit ? &c->dtlb_hits : &c->dtlb_misses) += 1;
}

static void rewrite(struct tlb *tlb, uint64_t tag, pte_t leaf)
{
	struct tlb_entry *entry = tlb_peek(tlb, tag);

	if (entry)
		*entry = (struct tlb_entry){tag, pte_frame(leaf), leaf_flags(leaf)};
}

/* Walk, and bring entries that the lookups found up to date in place. A store through an entry
 * that only lacks D walks the leaf alone (T11). */
static bool walk_and_rewrite(struct mmu *mmu, const struct page_table *pt, struct tlb *l1,
			     uint64_t tag, const struct tlb_entry *found,
			     enum vmsim_access access, struct translation *out)
{
	bool leaf_only = found && access == VMSIM_WRITE && (found->flags & TLB_WRITE);
	struct walk w;
	bool ok = leaf_only ? walk_leaf(pt, tag >> ASID_BITS, &w)
			    : walk(pt, tag >> ASID_BITS, access, &w);

	mmu->c->page_walks++;
	mmu->c->tlb_dirty_walks += found != NULL;
	mmu->c->walk_references += w.fetches;
	out->walk_cycles += w.fetches * mmu->fetch_cycles + w.updates * mmu->ad_update_cycles;
	if (!ok)
		return false;
	out->pfn = pte_frame(w.leaf);
	out->store = (w.leaf & PTE_W) && (w.leaf & PTE_D);
	out->leaf = w.leaf;
	rewrite(l1, tag, w.leaf);
	if (mmu->has_l2)
		rewrite(&mmu->l2, tag, w.leaf);
	return true;
}

/* The second level and beyond, after a first-level miss. */
static bool translate_slow(struct mmu *mmu, const struct page_table *pt, struct tlb *l1,
			   uint64_t tag, enum vmsim_access access, bool repeated,
			   struct translation *out)
{
	struct tlb_entry *entry = NULL;

	if (mmu->has_l2) {
		entry = tlb_lookup(&mmu->l2, tag);
		out->l2_cycles += mmu->l2_cycles;
		if (!repeated)
			*(entry ? &mmu->c->stlb_hits : &mmu->c->stlb_misses) += 1;
	}
	if (entry && entry_permits(entry, access)) {
		out->pfn = entry->pfn;
		out->store = (entry->flags & TLB_WRITE) && (entry->flags & TLB_DIRTY);
		tlb_fill(l1, tag, entry->pfn, entry->flags);
		return true;
	}
	if (!walk_and_rewrite(mmu, pt, l1, tag, entry, access, out))
		return false;
	if (mmu->has_l2 && !entry)
		tlb_fill(&mmu->l2, tag, out->pfn, leaf_flags(out->leaf));
	tlb_fill(l1, tag, out->pfn, leaf_flags(out->leaf));
	return true;
}

bool mmu_translate(struct mmu *mmu, const struct page_table *pt, uint32_t asid, vmsim_vpn vpn,
		   enum vmsim_access access, bool repeated, struct translation *out)
{
	bool is_fetch = access == VMSIM_EXECUTE;
	struct tlb *l1 = is_fetch ? &mmu->l1i : &mmu->l1d;
	struct memo *memo = is_fetch ? &mmu->fetch : &mmu->data;
	uint64_t tag = tlb_tag(asid, vpn);
	struct tlb_entry *entry = tlb_lookup(l1, tag);
	bool ok;

	*out = (struct translation){0};
	if (repeated) {
		mmu->c->tlb_relookups++;
		out->l1_cycles = is_fetch ? mmu->l1i_cycles : mmu->l1d_cycles;
	} else {
		count_first(mmu->c, access, entry != NULL);
	}
	if (entry && entry_permits(entry, access)) {
		out->pfn = entry->pfn;
		out->store = (entry->flags & TLB_WRITE) && (entry->flags & TLB_DIRTY);
		ok = true;
	} else if (entry) {
		ok = walk_and_rewrite(mmu, pt, l1, tag, entry, access, out);
	} else {
		ok = translate_slow(mmu, pt, l1, tag, access, repeated, out);
	}
	if (!ok) {
		tlb_invalidate(l1, tag);
		if (mmu->has_l2)
			tlb_invalidate(&mmu->l2, tag);
		mmu_forget(mmu);
		return false;
	}
	*memo = (struct memo){.vpn = vpn, .pfn = out->pfn, .store = out->store};
	return true;
}

void mmu_invalidate(struct mmu *mmu, uint32_t asid, vmsim_vpn vpn)
{
	uint64_t tag = tlb_tag(asid, vpn);
	unsigned n = tlb_invalidate(&mmu->l1i, tag) + tlb_invalidate(&mmu->l1d, tag);

	if (mmu->has_l2)
		n += tlb_invalidate(&mmu->l2, tag);
	mmu->c->tlb_invalidations++;
	mmu->c->tlb_entries_invalidated += n;
	mmu_forget(mmu);
}

void mmu_flush(struct mmu *mmu, uint32_t asid)
{
	unsigned n = tlb_flush(&mmu->l1i, asid) + tlb_flush(&mmu->l1d, asid);

	if (mmu->has_l2)
		n += tlb_flush(&mmu->l2, asid);
	mmu->c->tlb_invalidations++;
	mmu->c->tlb_entries_invalidated += n;
	mmu_forget(mmu);
}

bool mmu_check(const struct mmu *mmu)
{
	return tlb_check(&mmu->l1i) && tlb_check(&mmu->l1d) &&
	       (!mmu->has_l2 || tlb_check(&mmu->l2));
}
