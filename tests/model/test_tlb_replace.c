/* test_tlb_replace.c: every replacement and index of a TLB against a slow model of its own. */
#include "mmu/tlb.h"

#include "base/rng.h"
#include "model/tlb_places.h"

static const char *const names[] = {"lru",  "tree-plru", "bit-plru", "nru",
				    "fifo", "random",	 "srrip",    "mru3-plru"};

/* --- side by side ----------------------------------------------------------------------------- */

/* random's choice is known only afterwards: it must be one of the set. */
static struct place *follow_random(struct places *m, uint64_t page, uint64_t tag)
{
	struct place *set = places_set(m, page);

	for (unsigned i = 0; i < m->ways; i++)
		if (!set[i].page || tlb_tag(1, set[i].page - 1) == tag)
			return &set[i];
	g_assert_not_reached();
}

static void fill(struct tlb *tlb, struct places *m, uint64_t page)
{
	uint64_t tag = tlb_fill(tlb, tlb_tag(1, page), (vmsim_pfn)page, 0).tag;
	struct place *at = places_is(m, "random") ? follow_random(m, page, tag)
						  : places_room(m, page);

	g_assert_cmphex(tag, ==, at->page ? tlb_tag(1, at->page - 1) : 0);
	places_put(m, at, page);
}

static void step(struct tlb *tlb, struct places *m, struct rng *rng)
{
	uint64_t page = rng_below(rng, 3 * m->sets * m->ways) + (rng_below(rng, 2) << 33);
	uint64_t kind = rng_below(rng, 1000);
	struct place *at = places_find(m, page);

	if (kind == 0) {
		tlb_flush(tlb, 1);
		for (unsigned i = 0; i < m->sets * m->ways; i++)
			places_empty(&m->place[i]);
	} else if (kind < 50) {
		g_assert_cmpuint(tlb_invalidate(tlb, tlb_tag(1, page)), ==, at != NULL);
		if (at)
			places_empty(at);
	} else {
		g_assert_cmpint(tlb_lookup(tlb, tlb_tag(1, page)) != NULL, ==, at != NULL);
		if (at)
			places_use(m, at);
		else
			fill(tlb, m, page);
	}
}

struct geometry {
	unsigned entries, ways;
	const char *index;
};

static const struct geometry geometries[] = {
	{1, 1, "linear"},   {4, 4, "linear"},	{8, 1, "linear"},    {32, 4, "linear"},
	{72, 72, "linear"}, {96, 6, "linear"},	{96, 6, "xor"},	     {40, 40, "linear"},
	{36, 12, "linear"}, {35, 7, "linear"},	{96, 12, "xor"},     {64, 8, "0^3^33,1^4,2^5^7"},
	{12, 3, "2,0^1"},   {16, 16, "linear"}, {90, 9, "linear"},
};

static void run(int replacement, const struct geometry *g, uint64_t seed)
{
	struct places m;
	struct rng rng = {seed};
	struct tlb tlb;

	places_init(&m, g->entries, g->ways, names[replacement], g->index);
	tlb_init_shape(&tlb, &(struct tlb_shape){.entries = g->entries, .ways = g->ways,
						 .replacement = replacement, .index = g->index});
	for (int i = 0; i < 20000; i++) {
		step(&tlb, &m, &rng);
		if (i % 500 == 0)
			g_assert_true(tlb_check(&tlb));
	}
	tlb_fini(&tlb);
	places_free(&m);
}

static void test_replacement(gconstpointer data)
{
	int replacement = GPOINTER_TO_INT(data);

	for (size_t g = 0; g < G_N_ELEMENTS(geometries); g++)
		if (replacement != TLB_MRU3_PLRU || geometries[g].ways % 3 == 0)
			run(replacement, &geometries[g], 1 + g);
}

/* The same seed makes the same choices; another one others; each place gets its share. */
static void test_random_choices(void)
{
	unsigned count[8] = {0}, same = 0, other = 0;
	struct tlb tlb[3];

	for (unsigned t = 0; t < 3; t++)
		tlb_init_shape(&tlb[t], &(struct tlb_shape){.entries = 8, .ways = 8,
							    .replacement = TLB_RANDOM,
							    .seed = t == 2 ? 9 : 5});
	for (unsigned page = 0; page < 8008; page++) {
		vmsim_pfn old[3];
		uint64_t tag = 0;

		for (unsigned t = 0; t < 3; t++) {
			struct tlb_entry entry = tlb_fill(&tlb[t], tlb_tag(1, page), page, 0);

			old[t] = entry.pfn;
			tag = t == 0 ? entry.tag : tag;
		}
		if (!tag)
			continue;
		same += old[0] == old[1];
		other += old[0] == old[2];
		for (unsigned i = 0; i < 8; i++)
			count[i] += tlb[0].entry[i].tag == tlb_tag(1, page);
	}
	g_assert_cmpuint(same, ==, 8000);
	g_assert_cmpuint(other, <, 4000);
	for (unsigned i = 0; i < 8; i++) {
		g_assert_cmpuint(count[i], >, 850);
		g_assert_cmpuint(count[i], <, 1150);
	}
	for (unsigned t = 0; t < 3; t++)
		tlb_fini(&tlb[t]);
}

/* A hit repeated at once changes nothing, nor one after a fill if the TLB says so: the memos of
 * mmu.h skip it. */
static void test_repeated(gconstpointer data)
{
	int replacement = GPOINTER_TO_INT(data);
	struct rng rng = {3};
	struct tlb tlb[2];

	for (unsigned t = 0; t < 2; t++)
		tlb_init_shape(&tlb[t], &(struct tlb_shape){.entries = 24, .ways = 6,
							    .replacement = replacement});
	for (int i = 0; i < 5000; i++) {
		uint64_t tag = tlb_tag(1, rng_below(&rng, 60));

		for (unsigned t = 0; t < 2; t++)
			if (!tlb_lookup(&tlb[t], tag)) {
				tlb_fill(&tlb[t], tag, (vmsim_pfn)i, 0);
				if (!tlb[t].fill_is_hit)
					tlb_lookup(&tlb[t], tag);
			}
		for (uint64_t n = rng_below(&rng, 3); n > 0; n--)
			g_assert_nonnull(tlb_lookup(&tlb[1], tag));
		g_assert_true(!memcmp(tlb[0].entry, tlb[1].entry, 24 * sizeof(*tlb[0].entry)));
	}
	g_assert_cmpint(tlb[0].fill_is_hit, ==, replacement != TLB_SRRIP);
	for (unsigned t = 0; t < 2; t++)
		tlb_fini(&tlb[t]);
}

static void add_tests(const char *what, GTestDataFunc test)
{
	for (int r = 0; r < (int)G_N_ELEMENTS(names); r++) {
		char *name = g_strdup_printf("/tlb-replace/%s/%s", what, names[r]);

		g_test_add_data_func(name, GINT_TO_POINTER(r), test);
		g_free(name);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	add_tests("model", test_replacement);
	add_tests("repeated", test_repeated);
	g_test_add_func("/tlb-replace/random", test_random_choices);
	return g_test_run();
}
