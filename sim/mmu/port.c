/* port.c: reads through levels of caches. See port.h. */
#include "mmu/port.h"

/* --- making --------------------------------------------------------------------------------- */

/* T9: without data, entries of page tables have their share of the sets. */
static void make_level(struct cache *cache, const struct config *config, unsigned i)
{
	const struct cache_config *level = &config->caches.level[i];
	uint64_t sets = level->size / level->line / level->ways;

	if (!config->caches.data)
		sets = MAX(config_share(config->caches.pte_share, sets), 1);
	cache_init(cache, sets, (uint32_t)level->ways, level->replacement == CACHE_PLRU);
}

static bool is_shared(const struct config *config, unsigned i)
{
	return config->caches.level[i].size && config->caches.level[i].shared;
}

void memory_init(struct memory *memory, const struct config *config)
{
	*memory = (struct memory){0};
	for (unsigned i = 0; i < CACHE_LEVELS; i++)
		if (is_shared(config, i))
			make_level(&memory->level[i], config, i);
}

void memory_fini(struct memory *memory)
{
	for (unsigned i = 0; i < CACHE_LEVELS; i++)
		cache_fini(&memory->level[i]);
}

static unsigned log2_of(uint64_t power)
{
	unsigned shift = 0;

	while (power >> shift > 1)
		shift++;
	return shift;
}

void port_init(struct port *port, const struct config *config, struct memory *memory,
	       struct counters *counters)
{
	*port = (struct port){.memory_cycles = config->dram.latency.cycles,
			      .update_cycles = config->walker.ad_update.cycles,
			      .c = counters};
	nested_init(&port->nested, config, counters);
	for (; port->n < CACHE_LEVELS && config->caches.level[port->n].size; port->n++) {
		const struct cache_config *level = &config->caches.level[port->n];
		bool shared = is_shared(config, port->n);

		if (!shared)
			make_level(&port->own[port->n], config, port->n);
		port->level[port->n].cache = shared ? &memory->level[port->n]
						    : &port->own[port->n];
		port->level[port->n].cycles = level->latency.cycles;
		port->level[port->n].line_shift = log2_of(level->line);
		port->level[port->n].victim = level->victim;
	}
}

void port_fini(struct port *port)
{
	for (unsigned i = 0; i < CACHE_LEVELS; i++)
		cache_fini(&port->own[i]);
	nested_fini(&port->nested);
}

/* --- reading -------------------------------------------------------------------------------- */

static void count(struct counters *c, unsigned level, enum port_use use, bool hit)
{
	static const enum counter_id ids[CACHE_LEVELS][2][2] = {
		{{COUNTER_cache_l1_table_misses, COUNTER_cache_l1_table_hits},
		 {COUNTER_cache_l1_data_misses, COUNTER_cache_l1_data_hits}},
		{{COUNTER_cache_l2_table_misses, COUNTER_cache_l2_table_hits},
		 {COUNTER_cache_l2_data_misses, COUNTER_cache_l2_data_hits}},
		{{COUNTER_cache_l3_table_misses, COUNTER_cache_l3_table_hits},
		 {COUNTER_cache_l3_data_misses, COUNTER_cache_l3_data_hits}},
		{{COUNTER_cache_l4_table_misses, COUNTER_cache_l4_table_hits},
		 {COUNTER_cache_l4_data_misses, COUNTER_cache_l4_data_hits}},
	};

	counter_add(c, ids[level][use][hit], 1);
}

static uint64_t line_at(const struct port *port, unsigned level, uint64_t address)
{
	return address >> port->level[level].line_shift;
}

/* Keep a line. What it drives out goes to the level below, if that keeps such lines, and so on. */
static void keep(struct port *port, unsigned level, uint64_t line)
{
	while (line != CACHE_NO_LINE) {
		line = cache_fill(port->level[level].cache, line);
		if (++level == port->n || !port->level[level].victim)
			return;
		/* Another core may have dropped the same line into it. */
		if (line != CACHE_NO_LINE && cache_lookup(port->level[level].cache, line))
			return;
	}
}

vmsim_cycles port_read(struct port *port, uint64_t address, enum port_use use)
{
	vmsim_cycles cycles = port->memory_cycles;
	unsigned level;

	for (level = 0; level < port->n; level++) {
		uint64_t line = line_at(port, level, address);
		bool hit = cache_lookup(port->level[level].cache, line);

		count(port->c, level, use, hit);
		if (!hit)
			continue;
		cycles = port->level[level].cycles;
		if (port->level[level].victim)
			cache_remove(port->level[level].cache, line);
		break;
	}
	while (level-- > 0)
		if (!port->level[level].victim)
			keep(port, level, line_at(port, level, address));
	return cycles;
}

/* --- the invariants ------------------------------------------------------------------------- */

/* Invariant 2, of a victim level and the one above it. */
static bool apart(const struct cache *above, const struct cache *victim)
{
	for (uint64_t i = 0; i < above->sets * above->ways; i++)
		if (above->line[i] && cache_holds(victim, above->line[i] - 1))
			return false;
	return true;
}

bool port_check(const struct port *port)
{
	for (unsigned i = 0; i < port->n; i++)
		if (!cache_check(port->level[i].cache))
			return false;
	for (unsigned i = 1; i < port->n; i++)
		if (port->level[i].victim && port->level[i].cache == &port->own[i] &&
		    !apart(port->level[i - 1].cache, port->level[i].cache))
			return false;
	return nested_check(&port->nested);
}
