/* histogram.h: how often a value of which size was seen.
 *
 * Values below 16 have a bucket each; above, every power of two has 8 buckets of equal width, so
 * that the ends of a bucket differ by less than an eighth of its values. Count, sum, least and most
 * are exact. All integers: equal runs give equal figures on every host.
 *
 *   value    0 .. 15   16-17 18-19 .. 30-31   32-35 36-39 .. 60-63   64-71 ..   .. 2^64-1
 *   bucket   0 .. 15   16    17    .. 23      24    25    .. 31      32    ..   .. 495 */
#ifndef STATS_HISTOGRAM_H
#define STATS_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_BITS 3 /* log2 of the buckets of a power of two */
#define HISTOGRAM_BUCKETS ((64 - HISTOGRAM_BITS + 1) << HISTOGRAM_BITS)

struct histogram {
	uint64_t count, sum, min, max; /* min and max are 0 while count is */
	uint64_t buckets[HISTOGRAM_BUCKETS];
};

enum histogram_id {
#define HISTOGRAM(name, unit, title, doc) HISTOGRAM_##name,
#include "histograms.def"
	N_HISTOGRAMS
};

struct histogram_info {
	const char *name, *unit, *title, *doc;
};
extern const struct histogram_info histogram_infos[N_HISTOGRAMS];

void histogram_add(struct histogram *histogram, uint64_t value);

/* histogram_low, histogram_high: the least and the greatest value of a bucket. */
uint64_t histogram_low(unsigned bucket);
uint64_t histogram_high(unsigned bucket);

/* histogram_percentile: with the values in ascending order, the one of rank
 * count x thousandths / 1000, rounded up; precisely, the greatest value of its bucket, or the most
 * that was seen if that is less. 0 when there are none. => thousandths: 1 to 1000 */
uint64_t histogram_percentile(const struct histogram *histogram, unsigned thousandths);

#endif
