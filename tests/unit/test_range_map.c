/* test_range_map.c: ranges to values, against an array. */
#include "base/range_map.h"

#include "base/rng.h"

#include <glib.h>

#define KEYS 300

static void compare(const struct range_map *map, const uint64_t *model)
{
	for (uint64_t key = 0; key < KEYS; key++) {
		const struct range_value *value = range_map_find(map, key);

		g_assert_cmpint(value != NULL, ==, model[key] != 0);
		if (value) {
			g_assert_cmpuint(value->a, ==, model[key]);
			g_assert_cmpuint(value->b, ==, model[key] * 3);
			g_assert_true(value->p == model);
		}
	}
}

static void test_random(void)
{
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct range_map *map = range_map_new();
		struct rng rng = {seed};
		uint64_t model[KEYS] = {0};
		uint64_t longest = seed % 2 ? 8 : 120;

		for (uint64_t step = 1; step <= 300; step++) {
			uint64_t first = rng_below(&rng, KEYS);
			uint64_t n = 1 + rng_below(&rng, longest), last = first + n - 1;

			last = MIN(last, KEYS - 1);
			range_map_assign(map, first, last,
					 (struct range_value){step, step * 3, model});
			for (uint64_t key = first; key <= last; key++)
				model[key] = step;
			compare(map, model);
		}
		range_map_free(map);
	}
}

/* Whole ranges swallowed, split in two, cut on either side, and equal borders. */
static void test_cuts(void)
{
	struct range_map *map = range_map_new();

	g_assert_null(range_map_find(map, 0));
	range_map_assign(map, 10, 19, (struct range_value){1, 0, NULL});
	range_map_assign(map, 13, 15, (struct range_value){2, 0, NULL});
	g_assert_cmpuint(range_map_find(map, 12)->a, ==, 1);
	g_assert_cmpuint(range_map_find(map, 13)->a, ==, 2);
	g_assert_cmpuint(range_map_find(map, 15)->a, ==, 2);
	g_assert_cmpuint(range_map_find(map, 16)->a, ==, 1);
	g_assert_null(range_map_find(map, 9));
	g_assert_null(range_map_find(map, 20));
	range_map_assign(map, 10, 19, (struct range_value){3, 0, NULL});
	for (uint64_t key = 10; key < 20; key++)
		g_assert_cmpuint(range_map_find(map, key)->a, ==, 3);
	range_map_assign(map, 0, UINT64_MAX, (struct range_value){4, 0, NULL});
	g_assert_cmpuint(range_map_find(map, 0)->a, ==, 4);
	g_assert_cmpuint(range_map_find(map, UINT64_MAX)->a, ==, 4);
	range_map_assign(map, UINT64_MAX, UINT64_MAX, (struct range_value){5, 0, NULL});
	range_map_assign(map, 0, 0, (struct range_value){6, 0, NULL});
	g_assert_cmpuint(range_map_find(map, 0)->a, ==, 6);
	g_assert_cmpuint(range_map_find(map, 1)->a, ==, 4);
	g_assert_cmpuint(range_map_find(map, UINT64_MAX - 1)->a, ==, 4);
	g_assert_cmpuint(range_map_find(map, UINT64_MAX)->a, ==, 5);
	range_map_free(map);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/range-map/random", test_random);
	g_test_add_func("/range-map/cuts", test_cuts);
	return g_test_run();
}
