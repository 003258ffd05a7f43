/* walker.c: the hardware page walk. */
#include "mmu/walker.h"

#include "mmu/design.h"

static bool leaf_permits(pte_t pte, enum vmsim_access access)
{
	if (access == VMSIM_WRITE)
		return pte & PTE_W;
	if (access == VMSIM_EXECUTE)
		return !(pte & PTE_XD);
	return true;
}

static void set_bits(struct port *port, pte_t *entry, pte_t bits, struct walk *out)
{
	if ((*entry & bits) == bits)
		return;
	*entry |= bits;
	out->updates++;
	out->cycles += port_update(port);
}

/* One entry is read, of the table in a frame. */
static void fetch(const struct page_table *pt, struct port *port, vmsim_pfn table, unsigned level,
		  vmsim_vpn vpn, struct walk *out)
{
	const struct pt_shape *shape = pt->pool->shape;

	out->fetches++;
	out->cycles += port_fetch(port, (uint64_t)table * VMSIM_PAGE_SIZE +
						pt_index(shape, level, vpn) * shape->entry_size);
}

struct walk_start walk_top(const struct page_table *pt, vmsim_vpn vpn)
{
	unsigned top = pt->pool->shape->levels - 1;

	if (pt->pool->shape->top_in_registers)
		return (struct walk_start){.level = top - 1, .table = pt_table(pt, vpn, top - 1)};
	return (struct walk_start){.level = top, .table = pt->root};
}

/* A prefetcher does not use what nobody used. */
static bool is_usable(const struct walk_start *from, pte_t entry)
{
	return !from->prefetch || (entry & PTE_A);
}

/* A walk of the machine's one table (design.h); leaf_only: of the entry alone, which it finds. What
 * it sets the system's own books show, too. */
static bool walk_shared(const struct page_table *pt, struct port *port, struct walk_start from,
			vmsim_vpn vpn, enum vmsim_access access, bool leaf_only, struct walk *out)
{
	const struct shared_table *table = pt->pool->shared;
	struct probe probe = {.port = leaf_only ? NULL : port, .walk = out};
	pte_t *entry = table->design->find(table, design_key(pt->asid, vpn), &probe);

	if (leaf_only) {
		probe.port = port;
		probe_read(&probe, probe.address);
	}
	if (!entry || !leaf_permits(*entry, access) || !is_usable(&from, *entry))
		return false;
	set_bits(port, entry, access == VMSIM_WRITE ? PTE_A | PTE_D : PTE_A, out);
	*pt_leaf(pt, vpn) = *entry;
	out->leaf = *entry;
	return true;
}

bool walk_from(const struct page_table *pt, struct port *port, struct walk_start from,
	       vmsim_vpn vpn, enum vmsim_access access, struct walk *out)
{
	const struct pt_pool *pool = pt->pool;
	vmsim_pfn frame = from.table;

	*out = (struct walk){.first = from.level};
	if (pool->shared)
		return walk_shared(pt, port, from, vpn, access, false, out);
	for (unsigned level = from.level + 1; level-- > 0;) {
		pte_t *entry;
		bool leaf;

		/* A process without tables yet has an empty top table, or with registers in its
		 * place four empty ones below them (Windows builds these with the process); reading
		 * it costs a fetch. */
		fetch(pt, port, frame, level, vpn, out);
		out->last = level;
		out->table[level] = frame;
		if (frame == VMSIM_NO_PFN)
			return false;
		entry = &pool->node[pool->outside ? frame - pool->frames : frame]
				 ->entry[pt_index(pool->shape, level, vpn)];
		leaf = level == 0 || pte_is_large(*entry);
		if (!pte_is_valid(*entry) || (leaf && !leaf_permits(*entry, access)) ||
		    !is_usable(&from, *entry))
			return false;
		set_bits(port, entry, leaf && access == VMSIM_WRITE ? PTE_A | PTE_D : PTE_A, out);
		out->leaf = *entry;
		if (leaf)
			break;
		frame = pte_frame(*entry);
	}
	return true;
}

bool walk(const struct page_table *pt, struct port *port, vmsim_vpn vpn, enum vmsim_access access,
	  struct walk *out)
{
	return walk_from(pt, port, walk_top(pt, vpn), vpn, access, out);
}

bool walk_leaf(const struct page_table *pt, struct port *port, vmsim_vpn vpn, struct walk *out)
{
	unsigned level = 0;
	pte_t *entry = pt_leaf(pt, vpn);

	*out = (struct walk){0};
	if (pt->pool->shared)
		return walk_shared(pt, port, (struct walk_start){0}, vpn, VMSIM_WRITE, true, out);
	while (entry && pte_is_large(*entry) && pt_table(pt, vpn, level) == VMSIM_NO_PFN)
		level++;
	out->last = level;
	fetch(pt, port, pt_table(pt, vpn, level), level, vpn, out);
	if (!entry || !pte_is_valid(*entry) || !leaf_permits(*entry, VMSIM_WRITE))
		return false;
	set_bits(port, entry, PTE_A | PTE_D, out);
	out->leaf = *entry;
	return true;
}
