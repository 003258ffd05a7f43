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

bool walk(const struct page_table *pt, vmsim_vpn vpn, enum vmsim_access access, struct walk *out)
{
	const struct pt_pool *pool = pt->pool;
	const struct pt_shape *shape = pool->shape;
	vmsim_pfn frame = pt->root;

	*out = (struct walk){0};
	for (unsigned level = shape->levels; level-- > 0;) {
		pte_t *entry;
		bool leaf;

		out->fetches++;
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
