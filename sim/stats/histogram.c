/* histogram.c: how often a value of which size was seen. */
#include "stats/histogram.h"

#include "base/scale.h"

#define PER_POWER (1u << HISTOGRAM_BITS)

const struct histogram_info histogram_infos[N_HISTOGRAMS] = {
#define HISTOGRAM(name, unit, title, doc) [HISTOGRAM_##name] = {#name, unit, title, doc},
#include "stats/histograms.def"
};

/* The bits below a bucket's number in a value: width is 2 to this power. */
static unsigned shift_of(unsigned bucket)
{
	return bucket < PER_POWER ? 0 : bucket / PER_POWER - 1;
}

static unsigned bucket_of(uint64_t value)
{
	unsigned shift;

	if (value < PER_POWER)
		return (unsigned)value;
	shift = 63 - (unsigned)__builtin_clzll(value) - HISTOGRAM_BITS;
	return shift * PER_POWER + (unsigned)(value >> shift);
}

uint64_t histogram_low(unsigned bucket)
{
	unsigned shift = shift_of(bucket);

	return (uint64_t)(bucket - shift * PER_POWER) << shift;
}

uint64_t histogram_high(unsigned bucket)
{
	return histogram_low(bucket) + (((uint64_t)1 << shift_of(bucket)) - 1);
}

void histogram_add(struct histogram *h, uint64_t value)
{
	if (h->count == 0 || value < h->min)
		h->min = value;
	if (value > h->max)
		h->max = value;
	h->count++;
	h->sum += value;
	h->buckets[bucket_of(value)]++;
}

uint64_t histogram_percentile(const struct histogram *h, unsigned thousandths)
{
	uint64_t rank = scale_up(h->count, thousandths, 1000), seen = 0, high = 0;

	for (unsigned i = 0; i < HISTOGRAM_BUCKETS && seen < rank; i++) {
		seen += h->buckets[i];
		high = histogram_high(i);
	}
	return high < h->max ? high : h->max;
}
