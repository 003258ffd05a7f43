/* cache.c: one level of a cache. See cache.h for the invariants. */
#include "mmu/cache.h"

#include <glib.h>
#include <string.h>

void cache_init(struct cache *cache, uint64_t sets, uint32_t ways, bool plru)
{
	g_assert(sets && ways && (!plru || (ways <= 64 && (ways & (ways - 1)) == 0)));
	*cache = (struct cache){.line = g_new0(uint64_t, sets * ways), .sets = sets, .ways = ways};
	if (plru)
		cache->tree = g_new0(uint64_t, sets);
}

void cache_fini(struct cache *cache)
{
	g_free(cache->line);
	g_free(cache->tree);
	*cache = (struct cache){0};
}

static uint64_t *set_of(const struct cache *cache, uint64_t line)
{
	return cache->line + line % cache->sets * cache->ways;
}

/* The way of a number plus 1 in a set; ways: it is not there. */
static uint32_t find(const struct cache *cache, const uint64_t *set, uint64_t entry)
{
	uint32_t way = 0;

	while (way < cache->ways && set[way] != entry)
		way++;
	return way;
}

/* --- tree PLRU ------------------------------------------------------------------------------ */

/* Every node on the way to a leaf comes to point away from it. A bit is set when it points to the
 * second child. */
static void tree_touch(uint64_t *tree, uint32_t ways, uint32_t way)
{
	for (uint32_t node = ways + way; node > 1; node /= 2) {
		uint64_t bit = (uint64_t)1 << (node / 2);

		*tree = node % 2 ? *tree & ~bit : *tree | bit;
	}
}

static uint32_t tree_victim(uint64_t tree, uint32_t ways)
{
	uint32_t node = 1;

	while (node < ways)
		node = 2 * node + (tree >> node & 1);
	return node - ways;
}

/* --- lookups -------------------------------------------------------------------------------- */

/* Under LRU the entry comes first, and those before it move back. */
static void use(struct cache *cache, uint64_t *set, uint32_t way, uint64_t entry)
{
	if (cache->tree) {
		set[way] = entry;
		tree_touch(cache->tree + (set - cache->line) / cache->ways, cache->ways, way);
		return;
	}
	memmove(set + 1, set, way * sizeof(*set));
	set[0] = entry;
}

bool cache_lookup(struct cache *cache, uint64_t line)
{
	uint64_t *set = set_of(cache, line);
	uint32_t way = find(cache, set, line + 1);

	if (way == cache->ways)
		return false;
	use(cache, set, way, line + 1);
	return true;
}

bool cache_holds(const struct cache *cache, uint64_t line)
{
	return find(cache, set_of(cache, line), line + 1) < cache->ways;
}

uint64_t cache_fill(struct cache *cache, uint64_t line)
{
	uint64_t *set = set_of(cache, line), dropped;
	uint32_t way = find(cache, set, 0);

	if (way == cache->ways)
		way = cache->tree ? tree_victim(cache->tree[line % cache->sets], cache->ways)
				  : cache->ways - 1;
	dropped = set[way];
	use(cache, set, way, line + 1);
	return dropped ? dropped - 1 : CACHE_NO_LINE;
}

void cache_remove(struct cache *cache, uint64_t line)
{
	uint64_t *set = set_of(cache, line);
	uint32_t way = find(cache, set, line + 1);

	if (way == cache->ways)
		return;
	if (!cache->tree) {
		memmove(set + way, set + way + 1, (cache->ways - 1 - way) * sizeof(*set));
		way = cache->ways - 1;
	}
	set[way] = 0;
}

bool cache_check(const struct cache *cache)
{
	for (uint64_t i = 0; i < cache->sets * cache->ways; i++) {
		const uint64_t *set = cache->line + i / cache->ways * cache->ways;
		uint32_t way = (uint32_t)(i % cache->ways);

		if (!set[way])
			continue;
		if ((set[way] - 1) % cache->sets != i / cache->ways ||
		    find(cache, set, set[way]) != way || (!cache->tree && way && !set[way - 1]))
			return false;
	}
	return true;
}
