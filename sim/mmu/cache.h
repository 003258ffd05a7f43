/* cache.h: one level of a cache: the lines that it holds, by their numbers (timing T9).
 *
 * What a line is of, physical memory or anything else that has numbers, is the caller's business;
 * so are latencies and what other levels hold (port.c). The set is the number modulo the sets,
 * which need not be a power of two: last levels often are not.
 *
 *   LRU   a set is kept in order of use, most recent first; replacing means dropping the last
 *   PLRU  ways keep their places; a tree of bits points to the half that was not used last
 *
 * Invariants
 *  1. A line stands in its own set, and at most once.
 *  2. Under LRU, empty ways come last in their set. */
#ifndef MMU_CACHE_H
#define MMU_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#define CACHE_NO_LINE UINT64_MAX

struct cache {
	uint64_t *line; /* by set and way: number + 1; 0: empty */
	uint64_t *tree; /* PLRU: of each set, node i's children 2i and 2i+1, root 1; NULL: LRU */
	uint64_t sets;
	uint32_t ways;
};

/* => sets and ways above 0; PLRU: ways a power of two, at most 64 */
void cache_init(struct cache *cache, uint64_t sets, uint32_t ways, bool plru);
void cache_fini(struct cache *cache);

/* cache_lookup: whether a line is there; it is the most recent then. */
bool cache_lookup(struct cache *cache, uint64_t line);
bool cache_holds(const struct cache *cache, uint64_t line);
/* cache_fill: keep a line, as most recent. Returns the one dropped for it, or CACHE_NO_LINE.
 * => the line is not there */
uint64_t cache_fill(struct cache *cache, uint64_t line);
void cache_remove(struct cache *cache, uint64_t line);

bool cache_check(const struct cache *cache);

#endif
