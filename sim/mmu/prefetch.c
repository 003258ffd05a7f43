/* prefetch.c: what all prefetchers share: the buffer, and walks that leave no trace. */
#include "mmu/prefetch.h"

#include <glib.h>

static const struct prefetch_ops *const all_ops[] = {
	[PREFETCH_NONE] = NULL,
	[PREFETCH_NEXT_PAGE] = &prefetch_next_page,
	[PREFETCH_DISTANCE] = &prefetch_distance,
};

void prefetch_init(struct prefetch *prefetch, struct tlbs *tlbs, const struct config *config)
{
	const struct tlb_shape shape = {.name = "TLB prefetch buffer",
					.entries = config->tlb.prefetch.entries,
					.ways = config->tlb.prefetch.entries,
					.replacement = TLB_FIFO};

	*prefetch = (struct prefetch){.ops = all_ops[config->tlb.prefetch.kind]};
	if (!prefetch->ops)
		return;
	prefetch->buffer = tlbs_add(tlbs, &shape);
	for (unsigned side = 0; side < TLB_SIDES; side++)
		prefetch->state[side] = prefetch->ops->new (config);
}

void prefetch_fini(struct prefetch *prefetch)
{
	for (unsigned side = 0; side < TLB_SIDES; side++)
		g_free(prefetch->state[side]);
}

bool prefetch_take(struct prefetch *prefetch, const struct tlbs *tlbs, uint32_t asid, vmsim_vpn vpn,
		   struct tlb_entry *entry)
{
	const struct tlb_entry *found = tlbs_peek(tlbs, prefetch->buffer, asid, vpn);

	if (!found)
		return false;
	*entry = *found;
	tlb_invalidate(prefetch->buffer, entry->tag);
	return true;
}

static bool is_known(const struct prefetch *prefetch, const struct tlbs *tlbs, enum tlb_side side,
		     uint32_t asid, vmsim_vpn vpn)
{
	return tlbs_has(tlbs, side, asid, vpn) || tlbs_peek(tlbs, prefetch->buffer, asid, vpn);
}

static void take_walker(const struct prefetch_ways *ways, uint64_t tag, vmsim_cycles cycles)
{
	vmsim_cycles wait;
	unsigned walker = walkers_next(ways->walkers, ways->now, &wait);

	if (ways->timed)
		walkers_begin(ways->walkers, walker, tag, ways->now + wait + cycles);
}

static void fetch(struct prefetch *prefetch, const struct prefetch_ways *ways,
		  const struct page_table *pt, uint32_t asid, vmsim_vpn vpn)
{
	struct walk_start from = walk_top(pt, vpn);
	vmsim_cycles cycles = ways->walkers->overhead;
	struct tlb_entry entry = {0};
	struct walk walk;
	bool ok;

	if (ways->psc->any) {
		psc_lookup(ways->psc, asid, vpn, &from);
		cycles += ways->psc->cycles;
	}
	from.prefetch = true;
	ok = walk_from(pt, ways->port, from, vpn, VMSIM_READ, &walk);
	cycles += walk.cycles;
	if (ok) {
		entry = tlbs_entry(asid, vpn, walk.leaf, walk.last);
		cycles += port_reach(ways->port, tlbs_frame(&entry, vpn));
		tlbs_fill_array(ways->tlbs, prefetch->buffer, entry);
		if (ways->psc->any)
			psc_fill(ways->psc, asid, vpn, &walk);
	}
	ways->c->tlb_prefetches++;
	ways->c->tlb_prefetch_references += walk.fetches;
	take_walker(ways, entry.tag, cycles);
}

void prefetch_missed(struct prefetch *prefetch, const struct prefetch_ways *ways,
		     const struct page_table *pt, enum tlb_side side, uint32_t asid, vmsim_vpn vpn)
{
	vmsim_vpn want[PREFETCH_MOST];
	unsigned n = prefetch->ops->missed(prefetch->state[side], asid, vpn, want);

	for (unsigned i = 0; i < n; i++)
		if (want[i] < pt->pool->shape->vpn_end &&
		    !is_known(prefetch, ways->tlbs, side, asid, want[i]))
			fetch(prefetch, ways, pt, asid, want[i]);
}
