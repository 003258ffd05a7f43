/* design.c: the designs there are, and what those that share a table have in common. */
#include "mmu/design.h"

#include <glib.h>

static const struct pt_design radix_design = {
	.name = "radix",
	.doc = "Trees of tables, one a process (semantics H1)",
};

const struct pt_design *const designs[N_DESIGNS] = {
	[DESIGN_RADIX] = &radix_design,
	[DESIGN_HASHED] = &hashed_design,
	[DESIGN_CLUSTERED] = &clustered_design,
	[DESIGN_INVERTED] = &inverted_design,
};

struct shared_table *shared_table_new(const struct config *config)
{
	const struct pt_design *design = designs[config->paging.design];
	uint64_t memory = config->memory.frames * VMSIM_PAGE_SIZE;
	struct shared_table *table;

	if (!design->create)
		return NULL;
	table = design->create((uint32_t)config->memory.frames, config->paging.hash.load);
	table->design = design;
	table->beside = memory;
	if (config->memory.page_tables == PAGE_TABLES_OUT) {
		table->address = memory;
		table->beside += shared_table_pages(table) * VMSIM_PAGE_SIZE;
	}
	return table;
}

void shared_table_free(struct shared_table *table)
{
	if (table)
		table->design->destroy(table);
}

void shared_table_set(struct shared_table *table, uint64_t key, pte_t old, pte_t pte)
{
	if (pte_is_valid(old) && pte_is_valid(pte) && pte_frame(old) == pte_frame(pte)) {
		*table->design->find(table, key, &(struct probe){0}) = pte;
		return;
	}
	if (pte_is_valid(old))
		table->design->unmap(table, key);
	if (pte_is_valid(pte))
		table->design->map(table, key, pte);
}

pte_t shared_table_get(const struct shared_table *table, uint64_t key)
{
	const pte_t *entry = table->design->find(table, key, &(struct probe){0});

	return entry ? *entry : 0;
}

void shared_table_moved(struct shared_table *table, uint64_t bytes)
{
	table->address = table->beside;
	table->bytes = bytes;
	table->beside += shared_table_pages(table) * VMSIM_PAGE_SIZE;
	table->moves++;
}

uint64_t design_slots(uint32_t frames, uint64_t load, uint64_t least)
{
	uint64_t wanted = ((uint64_t)frames * 100 + load - 1) / load, slots = least;

	while (slots < wanted)
		slots *= 2;
	return slots;
}

/* The group's number is multiplied with 2^64 over the golden ratio, whose upper bits tell apart
 * numbers in a row, and numbers at equal distances, too (Fibonacci hashing). */
uint64_t design_hash(uint64_t key, uint64_t group, uint64_t slots)
{
	unsigned bits = (unsigned)g_bit_storage(slots / group) - 1;
	uint64_t mixed = key / group * UINT64_C(0x9E3779B97F4A7C15);

	return (bits ? mixed >> (64 - bits) : 0) * group + key % group;
}
