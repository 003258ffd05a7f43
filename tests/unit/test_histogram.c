/* test_histogram.c: buckets without gaps, exact sums, percentiles by rank. */
#include "stats/histogram.h"

#include "base/rng.h"

#include <glib.h>

static void test_buckets(void)
{
	g_assert_cmpuint(HISTOGRAM_BUCKETS, ==, 496);
	g_assert_cmpuint(histogram_low(0), ==, 0);
	g_assert_cmpuint(histogram_high(HISTOGRAM_BUCKETS - 1), ==, UINT64_MAX);
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
		struct histogram h = {0};
		uint64_t low = histogram_low(i), high = histogram_high(i);

		g_assert_cmpuint(low, <=, high);
		if (i + 1 < HISTOGRAM_BUCKETS)
			g_assert_cmpuint(high + 1, ==, histogram_low(i + 1));
		g_assert_cmpuint(high - low, <=, i < 16 ? 0 : low / 8 - 1);
		histogram_add(&h, low);
		histogram_add(&h, high);
		g_assert_cmpuint(h.buckets[i], ==, 2);
		g_assert_cmpuint(h.min, ==, low);
		g_assert_cmpuint(h.max, ==, high);
	}
	/* Some by hand. */
	g_assert_cmpuint(histogram_low(15), ==, 15);
	g_assert_cmpuint(histogram_low(16), ==, 16);
	g_assert_cmpuint(histogram_high(16), ==, 17);
	g_assert_cmpuint(histogram_low(24), ==, 32);
	g_assert_cmpuint(histogram_high(24), ==, 35);
}

static void test_percentiles(void)
{
	struct histogram h = {0};

	for (unsigned i = 1; i <= 1000; i++)
		g_assert_cmpuint(histogram_percentile(&h, i), ==, 0);
	for (uint64_t v = 10; v >= 1; v--)
		histogram_add(&h, v);
	g_assert_cmpuint(h.count, ==, 10);
	g_assert_cmpuint(h.sum, ==, 55);
	g_assert_cmpuint(h.min, ==, 1);
	g_assert_cmpuint(h.max, ==, 10);
	g_assert_cmpuint(histogram_percentile(&h, 1), ==, 1);
	g_assert_cmpuint(histogram_percentile(&h, 100), ==, 1);
	g_assert_cmpuint(histogram_percentile(&h, 101), ==, 2); /* rank 1.01, rounded up */
	g_assert_cmpuint(histogram_percentile(&h, 500), ==, 5);
	g_assert_cmpuint(histogram_percentile(&h, 990), ==, 10);
	g_assert_cmpuint(histogram_percentile(&h, 1000), ==, 10);

	h = (struct histogram){0};
	for (int i = 0; i < 99; i++)
		histogram_add(&h, 100);                           /* of the bucket 96 to 103 */
	g_assert_cmpuint(histogram_percentile(&h, 500), ==, 100); /* more than 100 was not seen */
	histogram_add(&h, 1000);                                  /* of 960 to 1023 */
	g_assert_cmpuint(histogram_percentile(&h, 500), ==, 103);
	g_assert_cmpuint(histogram_percentile(&h, 990), ==, 103);
	g_assert_cmpuint(histogram_percentile(&h, 991), ==, 1000);
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Against sorted values: the bucket is the right one. */
static void test_against_sorting(void)
{
	for (uint64_t seed = 0; seed < 50; seed++) {
		struct rng rng = {seed};
		struct histogram h = {0};
		uint64_t values[200], sum = 0;
		unsigned n = 1 + (unsigned)rng_below(&rng, 200);

		for (unsigned i = 0; i < n; i++) {
			values[i] = rng_next(&rng) >> (8 + rng_below(&rng, 56));
			sum += values[i];
			histogram_add(&h, values[i]);
		}
		qsort(values, n, sizeof values[0], by_size);
		g_assert_cmpuint(h.count, ==, n);
		g_assert_cmpuint(h.sum, ==, sum);
		g_assert_cmpuint(h.min, ==, values[0]);
		g_assert_cmpuint(h.max, ==, values[n - 1]);
		for (unsigned p = 1; p <= 1000; p++) {
			uint64_t value = values[(n * p + 999) / 1000 - 1];
			uint64_t said = histogram_percentile(&h, p);

			g_assert_cmpuint(said, >=, value);
			g_assert_cmpuint(said - value, <=, value / 8);
		}
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/histogram/buckets", test_buckets);
	g_test_add_func("/histogram/percentiles", test_percentiles);
	g_test_add_func("/histogram/sorting", test_against_sorting);
	return g_test_run();
}
