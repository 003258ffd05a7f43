/* walker.c: the hardware page walk. */
#include "mmu/walker.h"

static bool leaf_permits(pte_t pte, enum vmsim_access access)
{
	if (access == VMSIM_WRITE)
		return pte & PTE_W;
	if (access == VMSIM_EXECUTE)
		return !(pte & PTE_XD);
	return true;
}

static void set_bits(pte_t *entry, pte_t bits, struct walk *out)
{
	if ((*entry & bits) == bits)
		return;
	*entry |= bits;
	out->updates++;
}

struct walk_start walk_top(const struct page_table *pt)
{
	return (struct walk_start){.level = pt->pool->shape->levels - 1, .table = pt->root};
}

bool walk_from(const struct page_table *pt, struct walk_start from, vmsim_vpn vpn,
	       enum vmsim_access access, struct walk *out)
{
	const struct pt_pool *pool = pt->pool;
	const struct pt_shape *shape = pool->shape;
	vmsim_pfn frame = from.table;

	*out = (struct walk){.first = from.level};
	for (unsigned level = from.level + 1; level-- > 0;) {
		pte_t *entry;
		bool leaf;

		out->fetches++;
		out->last = level;
		out->table[level] = frame;
		/* A process without tables yet has an empty top table; reading it costs a fetch. */
		if (frame == VMSIM_NO_PFN)
			return false;
		entry = &pool->node[pool->outside ? frame - pool->frames : frame]
				 ->entry[pt_index(shape, level, vpn)];
		leaf = level == 0 || pte_is_large(*entry);
		if (!pte_is_valid(*entry) || (leaf && !leaf_permits(*entry, access)))
			return false;
		set_bits(entry, leaf && access == VMSIM_WRITE ? PTE_A | PTE_D : PTE_A, out);
		out->leaf = *entry;
		if (leaf)
			break;
		frame = pte_frame(*entry);
	}
	return true;
}

bool walk(const struct page_table *pt, vmsim_vpn vpn, enum vmsim_access access, struct walk *out)
{
	return walk_from(pt, walk_top(pt), vpn, access, out);
}

bool walk_leaf(const struct page_table *pt, vmsim_vpn vpn, struct walk *out)
{
	pte_t *entry = pt_leaf(pt, vpn);

	*out = (struct walk){.fetches = 1};
	if (!entry || !pte_is_valid(*entry) || !leaf_permits(*entry, VMSIM_WRITE))
		return false;
	set_bits(entry, PTE_A | PTE_D, out);
	out->leaf = *entry;
	return true;
}
