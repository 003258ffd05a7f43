/* mmu.c: translation through two levels of TLB and a walk.
 *
 * What counts as a hit (T22): the first lookup of a page finds its tag. If the entry then lacks
 * the right asked for, or D for a store, the walk that follows is counted as a dirty walk and
 * changes neither level's order, so hits and misses equal those of a plain LRU TLB. */
#include "mmu/mmu.h"

static void add_tlb(struct mmu *mmu, struct tlb *tlb, uint64_t entries, uint64_t ways)
{
	tlb_init(tlb, (uint32_t)entries, (uint32_t)ways);
	mmu->all[mmu->n_all++] = tlb;
}

/* The array for large pages: `small`, or one of their own; NULL where there is none. */
static struct tlb *add_large(struct mmu *mmu, const struct tlb_config *config, struct tlb *small,
			     struct tlb *own)
{
	if (!config->entries || config->large.shared)
		return config->entries ? small : NULL;
	if (!config->large.entries)
		return NULL;
	add_tlb(mmu, own, config->large.entries, config->large.ways);
	return own;
}

void mmu_init(struct mmu *mmu, const struct config *config, struct counters *counters)
{
	const struct tlb_config *l1i = &config->tlb.l1i, *l1d = &config->tlb.l1d;
	const struct tlb_config *l2 = &config->tlb.l2;

	*mmu = (struct mmu){.c = counters};
	add_tlb(mmu, &mmu->l1i, l1i->entries, l1i->ways);
	add_tlb(mmu, &mmu->l1d, l1d->entries, l1d->ways);
	mmu->has_l2 = l2->entries > 0;
	if (mmu->has_l2)
		add_tlb(mmu, &mmu->l2, l2->entries, l2->ways);
	mmu->large_i = add_large(mmu, l1i, &mmu->l1i, &mmu->own_i);
	mmu->large_d = add_large(mmu, l1d, &mmu->l1d, &mmu->own_d);
	mmu->large_2 = add_large(mmu, l2, &mmu->l2, &mmu->own_2);
	mmu->l1i_cycles = l1i->latency.cycles;
	mmu->l1d_cycles = l1d->latency.cycles;
	mmu->l2_cycles = l2->latency.cycles;
	port_init(&mmu->port, config);
	psc_init(&mmu->psc, config);
	mmu_forget(mmu);
}

void mmu_fini(struct mmu *mmu)
{
	for (unsigned i = 0; i < mmu->n_all; i++)
		tlb_fini(mmu->all[i]);
	psc_fini(&mmu->psc);
}

/* One page to be translated. */
struct lookup {
	const struct page_table *pt;
	uint32_t asid;
	vmsim_vpn vpn;
	enum vmsim_access access;
	bool repeated;
};

/* Where pages of one size stand, for one kind of access, and a page's tag there. */
struct place {
	struct tlb *l1, *l2; /* l2: NULL for nowhere */
	uint64_t tag;
};

static struct place small_place(struct mmu *mmu, const struct lookup *page)
{
	bool is_fetch = page->access == VMSIM_EXECUTE;

	return (struct place){is_fetch ? &mmu->l1i : &mmu->l1d, mmu->has_l2 ? &mmu->l2 : NULL,
			      tlb_tag(page->asid, page->vpn)};
}

static struct place large_place(struct mmu *mmu, const struct lookup *page)
{
	bool is_fetch = page->access == VMSIM_EXECUTE;

	return (struct place){is_fetch ? mmu->large_i : mmu->large_d, mmu->large_2,
			      tlb_tag_large(page->asid, page->vpn)};
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

/* What an entry of either size says of a page. */
static void use_entry(const struct tlb_entry *entry, vmsim_vpn vpn, struct translation *out)
{
	vmsim_pfn piece = (vmsim_pfn)(vpn % LARGE_PAGE);

	out->pfn = entry->pfn + (entry->tag & TLB_TAG_LARGE ? piece : 0);
	out->store = (entry->flags & TLB_WRITE) && (entry->flags & TLB_DIRTY);
}

static void rewrite(struct tlb *tlb, uint64_t tag, pte_t leaf)
{
	struct tlb_entry *entry = tlb_peek(tlb, tag);

	if (entry)
		*entry = (struct tlb_entry){tag, pte_frame(leaf), leaf_flags(leaf)};
}

/* T8: a walk that begins as far down as the structure caches allow. They keep what it read if it
 * found its page; after a #PF they would have to drop that at once (H12). */
static bool walk_cached(struct mmu *mmu, const struct lookup *page, struct walk *w,
			struct translation *out)
{
	struct walk_start from = walk_top(page->pt, page->vpn);
	bool ok;

	if (!mmu->psc.any)
		return walk_from(page->pt, &mmu->port, from, page->vpn, page->access, w);
	*(psc_lookup(&mmu->psc, page->asid, page->vpn, &from) ? &mmu->c->psc_hits
							      : &mmu->c->psc_misses) += 1;
	out->walk_cycles += mmu->psc.cycles;
	ok = walk_from(page->pt, &mmu->port, from, page->vpn, page->access, w);
	if (ok)
		psc_fill(&mmu->psc, page->asid, page->vpn, w);
	return ok;
}

/* Walk, and bring entries that the lookups found up to date in place. A store through an entry
 * that only lacks D walks the leaf alone (T11).
 * => *at becomes the place of the page's size */
static bool walk_and_rewrite(struct mmu *mmu, const struct lookup *page, struct place *at,
			     const struct tlb_entry *found, struct translation *out)
{
	bool leaf_only = found && page->access == VMSIM_WRITE && (found->flags & TLB_WRITE);
	struct walk w;
	bool ok = leaf_only ? walk_leaf(page->pt, &mmu->port, page->vpn, &w)
			    : walk_cached(mmu, page, &w, out);

	mmu->c->page_walks++;
	mmu->c->tlb_dirty_walks += found != NULL;
	mmu->c->walk_references += w.fetches;
	out->walk_cycles += w.cycles;
	if (!ok)
		return false;
	out->leaf = w.leaf;
	out->pfn = pte_frame(w.leaf);
	if (pte_is_large(w.leaf)) {
		mmu->met_large = true;
		out->pfn = pte_frame(pte_piece(w.leaf, page->vpn));
		*at = large_place(mmu, page);
	}
	out->store = (w.leaf & PTE_W) && (w.leaf & PTE_D);
	rewrite(at->l1, at->tag, w.leaf);
	if (at->l2)
		rewrite(at->l2, at->tag, w.leaf);
	return true;
}

/* The second level and beyond, after a first-level miss. */
static bool translate_missed(struct mmu *mmu, const struct lookup *page, struct translation *out)
{
	struct place at = small_place(mmu, page);
	struct tlb_entry *entry = NULL;

	if (mmu->has_l2) {
		entry = tlb_lookup(at.l2, at.tag);
		if (!entry && mmu->met_large && mmu->large_2) {
			at = large_place(mmu, page);
			entry = tlb_lookup(at.l2, at.tag);
		}
		out->l2_cycles += mmu->l2_cycles;
		if (!page->repeated)
			*(entry ? &mmu->c->stlb_hits : &mmu->c->stlb_misses) += 1;
	}
	if (entry && entry_permits(entry, page->access)) {
		use_entry(entry, page->vpn, out);
		tlb_fill(at.l1, at.tag, entry->pfn, entry->flags);
		return true;
	}
	at = small_place(mmu, page);
	if (!walk_and_rewrite(mmu, page, &at, entry, out))
		return false;
	if (at.l2 && !entry)
		tlb_fill(at.l2, at.tag, pte_frame(out->leaf), leaf_flags(out->leaf));
	tlb_fill(at.l1, at.tag, pte_frame(out->leaf), leaf_flags(out->leaf));
	return true;
}

/* H12: what was used for a page that ended in a fault is forgotten. */
static void forget_faulted(const struct place *at)
{
	tlb_invalidate(at->l1, at->tag);
	if (at->l2)
		tlb_invalidate(at->l2, at->tag);
}

static struct memo *memo_for(struct mmu *mmu, enum vmsim_access access)
{
	return access == VMSIM_EXECUTE ? &mmu->fetch : &mmu->data;
}

static struct memo memo_of(const struct translation *out, vmsim_vpn vpn)
{
	return (struct memo){.vpn = vpn, .pfn = out->pfn, .store = out->store};
}

/* All but a hit in the first level for small pages. entry: what was found there all the same.
 * => kept out of the hot path, which does not need its registers */
static G_GNUC_NO_INLINE bool translate_slow(struct mmu *mmu, const struct lookup *page,
					    struct tlb_entry *entry, struct translation *out)
{
	struct place small = small_place(mmu, page), large = large_place(mmu, page), at = small;
	bool ok = true;

	if (!entry && mmu->met_large) {
		entry = tlb_lookup(large.l1, large.tag);
		if (entry)
			at = large;
	}
	if (!page->repeated)
		count_first(mmu->c, page->access, entry != NULL);
	if (entry && entry_permits(entry, page->access))
		use_entry(entry, page->vpn, out);
	else if (entry)
		ok = walk_and_rewrite(mmu, page, &at, entry, out);
	else
		ok = translate_missed(mmu, page, out);
	if (ok) {
		*memo_for(mmu, page->access) = memo_of(out, page->vpn);
		return true;
	}
	forget_faulted(&small);
	if (mmu->met_large)
		forget_faulted(&large);
	if (mmu->psc.any)
		psc_forget(&mmu->psc, page->asid, page->vpn);
	mmu_forget(mmu);
	return false;
}

bool mmu_translate(struct mmu *mmu, const struct page_table *pt, uint32_t asid, vmsim_vpn vpn,
		   enum vmsim_access access, bool repeated, struct translation *out)
{
	bool is_fetch = access == VMSIM_EXECUTE;
	struct tlb_entry *entry = tlb_lookup(is_fetch ? &mmu->l1i : &mmu->l1d, tlb_tag(asid, vpn));

	*out = (struct translation){0};
	if (repeated) {
		mmu->c->tlb_relookups++;
		out->l1_cycles = is_fetch ? mmu->l1i_cycles : mmu->l1d_cycles;
	}
	if (!entry || !entry_permits(entry, access)) {
		struct lookup page = {pt, asid, vpn, access, repeated};

		return translate_slow(mmu, &page, entry, out);
	}
	if (!repeated)
		count_first(mmu->c, access, true);
	out->pfn = entry->pfn;
	out->store = (entry->flags & TLB_WRITE) && (entry->flags & TLB_DIRTY);
	*memo_for(mmu, access) = memo_of(out, vpn);
	return true;
}

void mmu_invalidate(struct mmu *mmu, uint32_t asid, vmsim_vpn vpn)
{
	uint64_t tag = tlb_tag(asid, vpn), large = tlb_tag_large(asid, vpn);
	unsigned n = 0;

	for (unsigned i = 0; i < mmu->n_all; i++) {
		n += tlb_invalidate(mmu->all[i], tag);
		if (mmu->met_large)
			n += tlb_invalidate(mmu->all[i], large);
	}
	if (mmu->psc.any)
		psc_flush(&mmu->psc, asid);
	mmu->c->tlb_invalidations++;
	mmu->c->tlb_entries_invalidated += n;
	mmu_forget(mmu);
}

void mmu_flush(struct mmu *mmu, uint32_t asid)
{
	unsigned n = 0;

	for (unsigned i = 0; i < mmu->n_all; i++)
		n += tlb_flush(mmu->all[i], asid);
	if (mmu->psc.any)
		psc_flush(&mmu->psc, asid);
	mmu->c->tlb_invalidations++;
	mmu->c->tlb_entries_invalidated += n;
	mmu_forget(mmu);
}

bool mmu_check(const struct mmu *mmu)
{
	for (unsigned i = 0; i < mmu->n_all; i++)
		if (!tlb_check(mmu->all[i]))
			return false;
	return psc_check(&mmu->psc);
}
