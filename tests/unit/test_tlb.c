/* test_tlb.c: set-associative TLBs against a list of uses (true LRU). */
#include "mmu/tlb.h"

#include "base/rng.h"

#include <glib.h>

#define MOST 64

/* A cache as a textbook has it: entries with the time of their last use. */
struct naive {
	struct {
		uint64_t tag, time;
		vmsim_pfn pfn;
		uint32_t flags;
	} entry[MOST];
	uint32_t sets, ways;
	uint64_t clock;
};

static int naive_find(const struct naive *n, uint64_t vpn, uint32_t asid)
{
	uint32_t set = (uint32_t)(vpn % n->sets);

	for (uint32_t i = set * n->ways; i < (set + 1) * n->ways; i++)
		if (n->entry[i].tag == tlb_tag(asid, vpn))
			return (int)i;
	return -1;
}

static void naive_fill(struct naive *n, uint64_t vpn, uint32_t asid, vmsim_pfn pfn, uint32_t flags)
{
	uint32_t set = (uint32_t)(vpn % n->sets), oldest = set * n->ways;

	for (uint32_t i = set * n->ways; i < (set + 1) * n->ways; i++)
		if (n->entry[i].time < n->entry[oldest].time)
			oldest = i;
	n->entry[oldest].tag = tlb_tag(asid, vpn);
	n->entry[oldest].time = ++n->clock;
	n->entry[oldest].pfn = pfn;
	n->entry[oldest].flags = flags;
}

static bool naive_drop(struct naive *n, int i)
{
	if (i < 0)
		return false;
	n->entry[i].tag = n->entry[i].time = 0;
	return true;
}

static unsigned naive_flush(struct naive *n, uint32_t asid)
{
	unsigned removed = 0;

	for (uint32_t i = 0; i < n->sets * n->ways; i++)
		if (n->entry[i].tag && (!asid || (n->entry[i].tag & ASID_MAX) == asid))
			removed += naive_drop(n, (int)i);
	return removed;
}

static void reference(struct tlb *tlb, struct naive *n, uint64_t vpn, uint32_t asid, uint32_t x)
{
	struct tlb_entry *hit = tlb_lookup(tlb, tlb_tag(asid, vpn));
	int i = naive_find(n, vpn, asid);

	g_assert_cmpint(hit != NULL, ==, i >= 0);
	if (!hit) {
		tlb_fill(tlb, tlb_tag(asid, vpn), x, x & 7);
		naive_fill(n, vpn, asid, x, x & 7);
		return;
	}
	g_assert_cmpuint(hit->pfn, ==, n->entry[i].pfn);
	g_assert_cmpuint(hit->flags, ==, n->entry[i].flags);
	n->entry[i].time = ++n->clock;
}

static void random_step(struct tlb *tlb, struct naive *n, struct rng *rng)
{
	uint64_t vpn = rng_below(rng, 60) + rng_below(rng, 2) * 0x7FFFF0000;
	uint32_t asid = (uint32_t)(1 + rng_below(rng, 3));
	uint64_t kind = rng_below(rng, 400);
	const struct tlb_entry *seen = tlb_peek(tlb, tlb_tag(asid, vpn));

	g_assert_cmpint(seen != NULL, ==, naive_find(n, vpn, asid) >= 0);
	if (kind == 0)
		g_assert_cmpuint(tlb_flush(tlb, 0), ==, naive_flush(n, 0));
	else if (kind < 4)
		g_assert_cmpuint(tlb_flush(tlb, asid), ==, naive_flush(n, asid));
	else if (kind < 40)
		g_assert_cmpuint(tlb_invalidate(tlb, tlb_tag(asid, vpn)), ==,
				 naive_drop(n, naive_find(n, vpn, asid)));
	else
		reference(tlb, n, vpn, asid, (uint32_t)rng_next(rng));
}

static void test_random(void)
{
	static const struct {
		uint32_t entries, ways;
	} shape[] = {{1, 1}, {2, 2}, {8, 1}, {16, 4}, {12, 3}, {64, 8}, {64, 64}};

	for (size_t s = 0; s < G_N_ELEMENTS(shape); s++) {
		struct naive n = {.sets = shape[s].entries / shape[s].ways, .ways = shape[s].ways};
		struct rng rng = {s};
		struct tlb tlb;

		tlb_init(&tlb, shape[s].entries, shape[s].ways);
		for (int i = 0; i < 20000; i++) {
			random_step(&tlb, &n, &rng);
			if (i % 100 == 0)
				g_assert_true(tlb_check(&tlb));
		}
		tlb_fini(&tlb);
	}
}

/* Peeking does not make an entry recent. */
static void test_peek(void)
{
	struct tlb tlb;

	tlb_init(&tlb, 2, 2);
	tlb_fill(&tlb, tlb_tag(1, 1), 1, 0);
	tlb_fill(&tlb, tlb_tag(1, 2), 2, 0);
	g_assert_nonnull(tlb_peek(&tlb, tlb_tag(1, 1)));
	tlb_fill(&tlb, tlb_tag(1, 3), 3, 0); /* drops 1 */
	g_assert_null(tlb_peek(&tlb, tlb_tag(1, 1)));
	g_assert_nonnull(tlb_lookup(&tlb, tlb_tag(1, 2)));
	tlb_fill(&tlb, tlb_tag(1, 4), 4, 0); /* drops 3: 2 was looked up */
	g_assert_null(tlb_peek(&tlb, tlb_tag(1, 3)));
	g_assert_nonnull(tlb_peek(&tlb, tlb_tag(1, 2)));
	tlb_fini(&tlb);
}

/* Tags tell address spaces and far pages apart, and page 0 is a page. */
static void test_tags(void)
{
	struct tlb tlb;

	tlb_init(&tlb, 4, 4);
	tlb_fill(&tlb, tlb_tag(1, 0), 7, 0);
	g_assert_null(tlb_lookup(&tlb, tlb_tag(2, 0)));
	g_assert_null(tlb_lookup(&tlb, tlb_tag(1, 1ull << 35)));
	g_assert_null(tlb_lookup(&tlb, tlb_tag(1, 1)));
	g_assert_cmpuint(tlb_lookup(&tlb, tlb_tag(1, 0))->pfn, ==, 7);
	g_assert_cmpuint(tlb_tag(1, (1ull << 36) - 1) >> ASID_BITS, ==, (1ull << 36) - 1);
	tlb_fini(&tlb);
}

/* A large page has a number, a set and a tag of its own, and tells its first page. */
static void test_large_tags(void)
{
	uint64_t large = tlb_tag_large(3, 5 * 512 + 7);
	struct tlb tlb;

	g_assert_cmphex(large, ==, tlb_tag_large(3, 5 * 512 + 511));
	g_assert_cmphex(large, !=, tlb_tag_large(3, 6 * 512));
	g_assert_cmphex(large, !=, tlb_tag_large(4, 5 * 512));
	g_assert_cmphex(large, !=, tlb_tag(3, 5));
	g_assert_cmpuint(tlb_vpn(large), ==, 5 * 512);
	g_assert_cmpuint(tlb_vpn(tlb_tag_large(1, (1ull << 36) - 1)), ==, (1ull << 36) - 512);
	g_assert_cmpuint(tlb_vpn(tlb_tag(3, 5 * 512 + 7)), ==, 5 * 512 + 7);
	tlb_init(&tlb, 8, 1);
	tlb_fill(&tlb, large, 512, 0);
	g_assert_true(tlb.entry[5].tag == large);
	tlb_fill(&tlb, tlb_tag(3, 6), 1, 0);
	g_assert_cmpuint(tlb_flush(&tlb, 3), ==, 2);
	tlb_fini(&tlb);
}

/* tlb_check must see a tag that stands twice, and a gap. */
static void test_check(void)
{
	struct tlb tlb;

	tlb_init(&tlb, 4, 4);
	tlb_fill(&tlb, tlb_tag(1, 5), 7, 0);
	g_assert_true(tlb_check(&tlb));
	tlb.entry[1] = tlb.entry[0];
	g_assert_false(tlb_check(&tlb));
	tlb.entry[0] = (struct tlb_entry){0};
	g_assert_false(tlb_check(&tlb));
	tlb_fini(&tlb);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/tlb/random", test_random);
	g_test_add_func("/tlb/peek", test_peek);
	g_test_add_func("/tlb/tags", test_tags);
	g_test_add_func("/tlb/large-tags", test_large_tags);
	g_test_add_func("/tlb/check", test_check);
	return g_test_run();
}
