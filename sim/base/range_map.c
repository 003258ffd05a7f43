/* range_map.c: ranges in a balanced tree (GTree), keyed by their first key.
 *
 * Invariant: ranges are disjoint. Neighbours with equal values are not joined. */
#include "base/range_map.h"

#include <glib.h>

struct range {
	uint64_t first, last;
	struct range_value value;
};

struct range_map {
	GTree *tree; /* of struct range, which is key and value at once */
};

static int range_compare(const void *a, const void *b, void *unused)
{
	const struct range *x = a, *y = b;

	(void)unused;
	return x->first < y->first ? -1 : x->first > y->first;
}

struct range_map *range_map_new(void)
{
	struct range_map *map = g_new0(struct range_map, 1);

	map->tree = g_tree_new_full(range_compare, NULL, g_free, NULL);
	return map;
}

void range_map_free(struct range_map *map)
{
	if (!map)
		return;
	g_tree_destroy(map->tree);
	g_free(map);
}

/* The range with the greatest first key <= key, or NULL. */
static struct range *range_floor(const struct range_map *map, uint64_t key)
{
	struct range probe = {.first = key};
	GTreeNode *node = g_tree_upper_bound(map->tree, &probe);

	node = node ? g_tree_node_previous(node) : g_tree_node_last(map->tree);
	return node ? g_tree_node_key(node) : NULL;
}

static void range_insert(struct range_map *map, uint64_t first, uint64_t last,
			 struct range_value value)
{
	struct range *range = g_new(struct range, 1);

	*range = (struct range){first, last, value};
	g_tree_insert(map->tree, range, range);
}

void range_map_assign(struct range_map *map, uint64_t first, uint64_t last,
		      struct range_value value)
{
	struct range *left = range_floor(map, first);
	struct range probe = {.first = first};

	if (left && left->last >= first) {
		struct range old = *left;

		if (old.first < first)
			left->last = first - 1;
		else
			g_tree_remove(map->tree, left);
		if (old.last > last)
			range_insert(map, last + 1, old.last, old.value);
	}
	for (;;) {
		GTreeNode *node = g_tree_lower_bound(map->tree, &probe);
		struct range *next = node ? g_tree_node_key(node) : NULL;
		struct range old;

		if (!next || next->first > last)
			break;
		old = *next;
		g_tree_remove(map->tree, next);
		if (old.last > last)
			range_insert(map, last + 1, old.last, old.value);
	}
	range_insert(map, first, last, value);
}

const struct range_value *range_map_find(const struct range_map *map, uint64_t key)
{
	const struct range *range = range_floor(map, key);

	return range && range->last >= key ? &range->value : NULL;
}
