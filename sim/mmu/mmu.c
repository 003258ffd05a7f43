/* mmu.c: translation through the levels of TLBs and a walk.
 *
 * What counts as a hit (T22): the first lookup of a page finds its tag. If the entry then lacks
 * the right asked for, or D for a store, which counts as a dirty walk, the walk that follows
 * changes no level's order, so hits and misses equal those of plain TLBs. */
#include "mmu/mmu.h"

#include "mmu/coalesce.h"

void mmu_init(struct mmu *mmu, const struct config *config, struct memory *memory,
	      struct counters *counters)
{
	*mmu = (struct mmu){.c = counters, .pcids = (unsigned)config->tlb.pcids};
	mmu->known = g_new(uint32_t, mmu->pcids);
	tlbs_init(&mmu->tlbs, config);
	prefetch_init(&mmu->prefetch, &mmu->tlbs, config);
	mmu->l1i_cycles = mmu->tlbs.cycles[SIDE_CODE][0];
	mmu->l1d_cycles = mmu->tlbs.cycles[SIDE_DATA][0];
	port_init(&mmu->port, config, memory, counters);
	psc_init(&mmu->psc, config);
	walkers_init(&mmu->walkers, config);
	mmu_forget(mmu);
}

void mmu_fini(struct mmu *mmu)
{
	prefetch_fini(&mmu->prefetch);
	tlbs_fini(&mmu->tlbs);
	psc_fini(&mmu->psc);
	g_free(mmu->known);
	port_fini(&mmu->port);
}

void mmu_set_clock(struct mmu *mmu, const vmsim_cycles *clock)
{
	mmu->clock = clock;
}

vmsim_cycles mmu_left(const struct mmu *mmu, uint32_t asid, vmsim_vpn vpn, vmsim_cycles now)
{
	vmsim_cycles left = 0;

	for (enum tlb_kind kind = TLB_SMALL; kind <= TLB_HUGE && !left; kind++) {
		vmsim_vpn page = kind == TLB_GROUP ? vpn >> mmu->tlbs.group_shift : vpn;

		left = walkers_left(&mmu->walkers, now, tlb_tag_of(kind, asid, page));
		if (!left)
			left = walkers_left(&mmu->walkers, now, tlb_tag_of(kind, TLB_GLOBAL, page));
	}
	return left;
}

/* One page to be translated. */
struct lookup {
	const struct page_table *pt;
	uint32_t asid;
	vmsim_vpn vpn;
	enum vmsim_access access;
	bool repeated;
};

static bool entry_permits(const struct tlb_entry *entry, enum vmsim_access access)
{
	if (access == VMSIM_WRITE)
		return (entry->flags & (TLB_WRITE | TLB_DIRTY)) == (TLB_WRITE | TLB_DIRTY);
	return access == VMSIM_READ || (entry->flags & TLB_EXECUTE);
}

static void count_first(struct counters *c, enum vmsim_access access, bool hit)
{
	if (access == VMSIM_EXECUTE)
		*(hit ? &c->itlb_hits : &c->itlb_misses) += 1;
	else
		*(hit ? &c->dtlb_hits : &c->dtlb_misses) += 1;
}

static void count_below(struct counters *c, unsigned level, bool hit)
{
	if (level == 1)
		*(hit ? &c->stlb_hits : &c->stlb_misses) += 1;
	else
		*(hit ? &c->tlb_l3_hits : &c->tlb_l3_misses) += 1;
}

/* What an entry of any size says of a page. */
static void use_entry(const struct tlb_entry *entry, vmsim_vpn vpn, struct translation *out)
{
	out->pfn = tlbs_frame(entry, vpn);
	out->store = (entry->flags & TLB_WRITE) && (entry->flags & TLB_DIRTY);
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

/* What the TLBs had for a page. */
struct found {
	struct tlb_entry *entry; /* NULL: nothing */
	unsigned level;          /* where; the number of levels: nowhere */
};

/* When all levels have been looked into. */
static vmsim_cycles looked_up(const struct mmu *mmu, const struct lookup *page,
			      const struct translation *out)
{
	vmsim_cycles l1 = page->access == VMSIM_EXECUTE ? mmu->l1i_cycles : mmu->l1d_cycles;

	return mmu->clock ? *mmu->clock + l1 + out->l2_cycles : 0;
}

/* T8: the walk whose cycles are known now began when a walker was free. tag: its page's; 0: it
 * ended in a fault. */
static void take_walker(struct mmu *mmu, const struct lookup *page, uint64_t tag,
			struct translation *out)
{
	vmsim_cycles now = looked_up(mmu, page, out) + out->wait_cycles, wait;
	unsigned walker;

	if (!mmu->clock)
		return;
	walker = walkers_next(&mmu->walkers, now, &wait);
	walkers_begin(&mmu->walkers, walker, tag, now + wait + out->walk_cycles);
	out->wait_cycles += wait;
}

/* Walk, and bring what the lookups found up to date in place. A store through an entry that only
 * lacks D walks the leaf alone (T11).
 * => *entry becomes the translation to be filled in above */
static bool walk_page(struct mmu *mmu, const struct lookup *page, struct found *found,
		      struct tlb_entry *entry, struct translation *out)
{
	bool leaf_only = found->entry && page->access == VMSIM_WRITE &&
			 (found->entry->flags & TLB_WRITE);
	struct walk w;
	bool ok = leaf_only ? walk_leaf(page->pt, &mmu->port, page->vpn, &w)
			    : walk_cached(mmu, page, &w, out);

	mmu->c->page_walks++;
	mmu->c->tlb_dirty_walks += leaf_only;
	mmu->c->walk_references += w.fetches;
	out->walk_cycles += mmu->walkers.overhead + w.cycles;
	if (!ok) {
		take_walker(mmu, page, 0, out);
		return false;
	}
	out->leaf = w.leaf;
	*entry = tlbs_entry(page->asid, page->vpn, w.leaf, w.last);
	out->walk_cycles += port_reach(&mmu->port, tlbs_frame(entry, page->vpn));
	take_walker(mmu, page, entry->tag, out);
	if (mmu->tlbs.coalesce && w.last == 0) {
		*entry = coalesce(&mmu->tlbs, page->pt, page->vpn, *entry);
		mmu->c->tlb_coalesced += tlb_kind(entry->tag) == TLB_GROUP;
	}
	/* A group changes as a whole; an entry of another size is stale. */
	if (found->entry && (mmu->tlbs.coalesce || found->entry->tag != entry->tag)) {
		if (tlbs_forget(&mmu->tlbs, tlb_side(page->access), page->asid, page->vpn))
			mmu_forget(mmu);
		found->level = mmu->tlbs.n_levels;
	} else if (found->entry) {
		tlbs_rewrite(&mmu->tlbs, tlb_side(page->access), entry);
	}
	return true;
}

/* The second level and beyond, after a first-level miss. */
static struct found find_below(struct mmu *mmu, const struct lookup *page, struct translation *out)
{
	enum tlb_side side = tlb_side(page->access);
	struct tlbs *tlbs = &mmu->tlbs;

	for (unsigned level = 1; level < tlbs->n_levels; level++) {
		struct tlb_entry *entry = tlbs_find(tlbs, side, level, page->asid, page->vpn);

		out->l2_cycles += tlbs->cycles[side][level];
		if (!page->repeated)
			count_below(mmu->c, level, entry != NULL);
		if (entry)
			return (struct found){entry, level};
	}
	return (struct found){NULL, tlbs->n_levels};
}

static struct memo *memo_for(struct mmu *mmu, enum vmsim_access access)
{
	return access == VMSIM_EXECUTE ? &mmu->fetch : &mmu->data;
}

static void remember(struct mmu *mmu, enum vmsim_access access, vmsim_vpn vpn,
		     const struct translation *out)
{
	if (mmu->tlbs.unified)
		mmu_forget(mmu);
	*memo_for(mmu, access) = (struct memo){.vpn = vpn, .pfn = out->pfn, .store = out->store};
}

/* H12: what was used for a page that ended in a fault is forgotten. */
static void forget_faulted(struct mmu *mmu, const struct lookup *page)
{
	tlbs_forget(&mmu->tlbs, tlb_side(page->access), page->asid, page->vpn);
	if (mmu->psc.any)
		psc_forget(&mmu->psc, page->asid, page->vpn);
	mmu_forget(mmu);
}

/* After a miss of all levels: those that may be next. */
static void look_ahead(struct mmu *mmu, const struct lookup *page, const struct translation *out)
{
	vmsim_cycles now = looked_up(mmu, page, out) + out->wait_cycles + out->walk_cycles;
	const struct prefetch_ways ways = {&mmu->tlbs,	  &mmu->psc,	      &mmu->port, mmu->c,
					   &mmu->walkers, mmu->clock != NULL, now};

	prefetch_missed(&mmu->prefetch, &ways, page->pt, tlb_side(page->access), page->asid,
			page->vpn);
}

/* What was walked for ahead of time, once that walk has ended. */
static bool take_prefetched(struct mmu *mmu, const struct lookup *page, struct tlb_entry *entry,
			    struct translation *out)
{
	if (!prefetch_take(&mmu->prefetch, &mmu->tlbs, page->asid, page->vpn, entry))
		return false;
	mmu->c->tlb_prefetch_hits++;
	if (mmu->clock)
		out->wait_cycles = walkers_left(&mmu->walkers, looked_up(mmu, page, out),
						entry->tag);
	return true;
}

/* All but a hit in the first level for small pages. entry: what was found there all the same.
 * => kept out of the hot path, which does not need its registers */
static G_GNUC_NO_INLINE bool translate_slow(struct mmu *mmu, const struct lookup *page,
					    struct tlb_entry *entry, struct translation *out)
{
	enum tlb_side side = tlb_side(page->access);
	struct tlbs *tlbs = &mmu->tlbs;
	struct found found = {entry ? entry : tlbs_find(tlbs, side, 0, page->asid, page->vpn), 0};
	struct tlb_entry now, taken;
	bool missed;
	vmsim_vpn known = page->vpn; /* what the memo may answer for */

	if (!page->repeated)
		count_first(mmu->c, page->access, found.entry != NULL);
	if (!found.entry)
		found = find_below(mmu, page, out);
	missed = !found.entry && mmu->prefetch.ops;
	if (missed && take_prefetched(mmu, page, &taken, out))
		found.entry = &taken;
	if (found.entry && entry_permits(found.entry, page->access)) {
		now = *found.entry;
	} else if (!walk_page(mmu, page, &found, &now, out)) {
		forget_faulted(mmu, page);
		return false;
	}
	use_entry(&now, page->vpn, out);
	if (found.level > 0) {
		if (tlbs_fill(tlbs, side, found.level, now))
			mmu_forget(mmu);
		if (!tlbs->first[side]->fill_is_hit)
			known = MMU_NO_PAGE;
	}
	remember(mmu, page->access, known, out);
	if (missed)
		look_ahead(mmu, page, out);
	return true;
}

/* The entry of the first level for small pages answers. */
static inline void use_first(struct mmu *mmu, const struct tlb_entry *entry, vmsim_vpn vpn,
			     enum vmsim_access access, struct translation *out)
{
	out->pfn = entry->pfn;
	out->store = (entry->flags & TLB_WRITE) && (entry->flags & TLB_DIRTY);
	remember(mmu, access, vpn, out);
}

bool mmu_translate(struct mmu *mmu, const struct page_table *pt, uint32_t asid, vmsim_vpn vpn,
		   enum vmsim_access access, bool repeated, struct translation *out)
{
	bool is_fetch = access == VMSIM_EXECUTE;
	struct tlb_entry *entry = tlb_lookup(mmu->tlbs.first[is_fetch], tlb_tag(asid, vpn));

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
	use_first(mmu, entry, vpn, access, out);
	return true;
}

bool mmu_hit(struct mmu *mmu, uint32_t asid, vmsim_vpn vpn, enum vmsim_access access)
{
	struct tlb *first = mmu->tlbs.first[access == VMSIM_EXECUTE];
	const struct tlb_entry *entry = tlb_lookup(first, tlb_tag(asid, vpn));
	struct translation out;

	if (!entry || !entry_permits(entry, access))
		return false;
	count_first(mmu->c, access, true);
	use_first(mmu, entry, vpn, access, &out);
	return true;
}

void mmu_invalidate(struct mmu *mmu, uint32_t asid, vmsim_vpn vpn)
{
	mmu->c->tlb_entries_invalidated += tlbs_invalidate(&mmu->tlbs, asid, vpn);
	if (mmu->psc.any)
		psc_flush(&mmu->psc, asid);
	mmu->c->tlb_invalidations++;
	mmu_forget(mmu);
}

void mmu_flush(struct mmu *mmu, uint32_t asid)
{
	mmu->c->tlb_entries_invalidated += tlbs_flush(&mmu->tlbs, asid);
	if (mmu->psc.any)
		psc_flush(&mmu->psc, asid);
	mmu->c->tlb_invalidations++;
	mmu_forget(mmu);
}

uint32_t mmu_enter(struct mmu *mmu, uint32_t asid)
{
	uint32_t flushed = 0;
	unsigned i = 0;

	while (i < mmu->n_known && mmu->known[i] != asid)
		i++;
	if (i == mmu->pcids) {
		flushed = mmu->known[--i];
		mmu_flush(mmu, flushed);
	} else if (i == mmu->n_known) {
		mmu->n_known++;
	}
	memmove(mmu->known + 1, mmu->known, i * sizeof(*mmu->known));
	mmu->known[0] = asid;
	mmu_forget(mmu);
	return flushed;
}

bool mmu_check(const struct mmu *mmu)
{
	return tlbs_check(&mmu->tlbs) && psc_check(&mmu->psc);
}
