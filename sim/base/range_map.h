/* range_map.h: a map from disjoint ranges of 64-bit keys to small values.
 *
 * Assigning a range replaces whatever it overlaps; what sticks out on either side keeps its value.
 * Costs O(log n) per assignment plus the ranges removed. */
#ifndef BASE_RANGE_MAP_H
#define BASE_RANGE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct range_value {
	uint64_t a, b;
	const void *p;
};

struct range_map;

struct range_map *range_map_new(void);
void range_map_free(struct range_map *map);

/* range_map_assign: keys first .. last (inclusive) map to value from now on. */
void range_map_assign(struct range_map *map, uint64_t first, uint64_t last,
		      struct range_value value);
/* range_map_find: the value of key, or NULL; valid until the next assignment. */
const struct range_value *range_map_find(const struct range_map *map, uint64_t key);

#endif
