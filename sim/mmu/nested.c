/* nested.c: nested paging. See nested.h. */
#include "mmu/nested.h"

#include "mmu/port.h"

#define HOST_BITS 9          /* of a frame number, by level */
#define HOST_ENTRY 8         /* bytes */
#define GUEST_FRAME_BITS 32  /* of vmsim_pfn: every number has its entry */

static void make(struct cache *cache, uint64_t entries)
{
	if (entries)
		cache_init(cache, 1, (uint32_t)entries, false);
}

/* Where the tables of each level begin. */
static void place_tables(struct nested *nested)
{
	uint64_t at = (uint64_t)1 << GUEST_FRAME_BITS << VMSIM_PAGE_SHIFT;

	for (unsigned level = nested->leaf; level < nested->levels; level++) {
		unsigned shift = HOST_BITS * level;
		uint64_t entries = shift < GUEST_FRAME_BITS
					   ? (uint64_t)1 << (GUEST_FRAME_BITS - shift) : 1;
		uint64_t bytes = entries * HOST_ENTRY;

		nested->table[level] = at;
		at += (bytes + VMSIM_PAGE_SIZE - 1) / VMSIM_PAGE_SIZE * VMSIM_PAGE_SIZE;
		at += VMSIM_PAGE_SIZE;
	}
}

void nested_init(struct nested *nested, const struct config *config, struct counters *counters)
{
	const uint64_t entries[NESTED_MAX_LEVELS] = {0, config->nested.psc.pde.entries,
						     config->nested.psc.pdpte.entries,
						     config->nested.psc.pml4e.entries, 0};

	*nested = (struct nested){.enabled = config->nested.enabled,
				  .levels = (unsigned)config->nested.levels,
				  .leaf = (unsigned)config->nested.page_size,
				  .tlb_cycles = config->nested.tlb.latency.cycles,
				  .psc_cycles = config->nested.psc.latency.cycles,
				  .c = counters};
	if (!nested->enabled)
		return;
	make(&nested->tlb, config->nested.tlb.entries);
	for (unsigned level = nested->leaf + 1; level < nested->levels; level++) {
		make(&nested->psc[level], entries[level]);
		nested->any_psc |= entries[level] > 0;
	}
	place_tables(nested);
}

void nested_fini(struct nested *nested)
{
	cache_fini(&nested->tlb);
	for (unsigned level = 0; level < NESTED_MAX_LEVELS; level++)
		cache_fini(&nested->psc[level]);
}

/* The level of the first entry that a host walk must read: below the longest prefix known. */
static unsigned begin_walk(struct nested *nested, vmsim_pfn frame, vmsim_cycles *cycles)
{
	if (!nested->any_psc)
		return nested->levels - 1;
	*cycles += nested->psc_cycles;
	for (unsigned level = nested->leaf + 1; level < nested->levels; level++) {
		struct cache *psc = &nested->psc[level];

		if (psc->ways && cache_lookup(psc, (uint64_t)frame >> HOST_BITS * level)) {
			nested->c->nested_psc_hits++;
			return level - 1;
		}
	}
	nested->c->nested_psc_misses++;
	return nested->levels - 1;
}

static vmsim_cycles host_walk(struct nested *nested, struct port *port, vmsim_pfn frame)
{
	vmsim_cycles cycles = 0;
	unsigned first = begin_walk(nested, frame, &cycles);

	nested->c->host_walks++;
	for (unsigned level = first + 1; level-- > nested->leaf;) {
		uint64_t entry = (uint64_t)frame >> HOST_BITS * level;

		nested->c->host_references++;
		cycles += port_read(port, nested->table[level] + entry * HOST_ENTRY, PORT_TABLE);
		if (level > nested->leaf && nested->psc[level].ways)
			cache_fill(&nested->psc[level], entry);
	}
	return cycles;
}

vmsim_cycles nested_translate(struct nested *nested, struct port *port, vmsim_pfn frame)
{
	uint64_t page = (uint64_t)frame >> HOST_BITS * nested->leaf;
	vmsim_cycles cycles = 0;

	if (nested->tlb.ways) {
		bool hit = cache_lookup(&nested->tlb, page);

		*(hit ? &nested->c->nested_tlb_hits : &nested->c->nested_tlb_misses) += 1;
		cycles += nested->tlb_cycles;
		if (hit)
			return cycles;
	}
	cycles += host_walk(nested, port, frame);
	if (nested->tlb.ways)
		cache_fill(&nested->tlb, page);
	return cycles;
}

bool nested_check(const struct nested *nested)
{
	for (unsigned level = 0; level < NESTED_MAX_LEVELS; level++)
		if (nested->psc[level].ways && !cache_check(&nested->psc[level]))
			return false;
	return !nested->tlb.ways || cache_check(&nested->tlb);
}
