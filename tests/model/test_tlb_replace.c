/* test_tlb_replace.c: every replacement and index of a TLB against a slow model of its own.
 *
 * The model has places that hold pages, and for each place when it was last filled and last used,
 * or a list of the places used lately. What the victim is follows from these by the sentence that
 * defines the replacement; there are no trees, marks or orders to keep up to date. Empty places are
 * filled first, the first of them. The set is found by reading the text of the index again for every
 * page. */
#include "mmu/tlb.h"

#include "base/rng.h"

#include <glib.h>
#include <stdlib.h>

#define MOST 96

struct place {
	uint64_t page; /* page number + 1; 0: empty */
	uint64_t filled, used;
	bool lately;      /* bit-plru, nru: on the list */
	unsigned distance; /* srrip */
};

struct model {
	struct place place[MOST];
	unsigned sets, ways;
	const char *index;
	int replacement;
	uint64_t clock;
};

/* --- the set ------------------------------------------------------------------------------------ */

static unsigned bit(uint64_t number, unsigned n)
{
	return n < 64 ? (unsigned)(number >> n) & 1 : 0;
}

static unsigned set_of(const struct model *m, uint64_t page)
{
	char **groups;
	unsigned set = 0, k = 0;

	if (g_str_equal(m->index, "linear"))
		return (unsigned)(page % m->sets);
	while (1u << k < m->sets)
		k++;
	if (g_str_equal(m->index, "xor")) {
		for (unsigned i = 0; i < k; i++)
			set += (bit(page, i) != bit(page, i + k)) << i;
		return set;
	}
	groups = g_strsplit(m->index, ",", -1);
	for (unsigned i = 0; groups[i]; i++) {
		char **bits = g_strsplit(groups[i], "^", -1);
		unsigned ones = 0;

		for (unsigned j = 0; bits[j]; j++)
			ones += bit(page, (unsigned)atoi(bits[j]));
		set += ones % 2 << i;
		g_strfreev(bits);
	}
	g_strfreev(groups);
	return set;
}

static struct place *places_of(struct model *m, uint64_t page)
{
	return &m->place[set_of(m, page) * m->ways];
}

static struct place *find(struct model *m, uint64_t page)
{
	struct place *set = places_of(m, page);

	for (unsigned i = 0; i < m->ways; i++)
		if (set[i].page == page + 1)
			return &set[i];
	return NULL;
}

/* --- the victims -------------------------------------------------------------------------------- */

static unsigned oldest_by(const struct place *set, unsigned n, bool by_fill)
{
	unsigned oldest = 0;

	for (unsigned i = 1; i < n; i++)
		if ((by_fill ? set[i].filled < set[oldest].filled
			     : set[i].used < set[oldest].used))
			oldest = i;
	return oldest;
}

static unsigned latest(const struct place *set, unsigned n)
{
	unsigned best = 0;

	for (unsigned i = 1; i < n; i++)
		if (set[i].used > set[best].used)
			best = i;
	return best;
}

/* The half in which the latest use of all was not, and so on within it. Of n places the first half
 * has the odd one. */
static unsigned other_half(const struct place *set, unsigned n)
{
	unsigned first = (n + 1) / 2;

	if (n == 1)
		return 0;
	if (set[latest(set, n)].used && latest(set, n) < first)
		return first + other_half(set + first, n - first);
	return other_half(set, first);
}

static unsigned first_not_lately(struct place *set, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (!set[i].lately)
			return i;
	return n;
}

static unsigned not_lately(struct place *set, unsigned n, bool clear)
{
	if (first_not_lately(set, n) == n && clear)
		for (unsigned i = 0; i < n; i++)
			set[i].lately = false;
	return first_not_lately(set, n) % n;
}

static unsigned most_distant(struct place *set, unsigned n)
{
	for (;;) {
		for (unsigned i = 0; i < n; i++)
			if (set[i].distance == 3)
				return i;
		for (unsigned i = 0; i < n; i++)
			set[i].distance++;
	}
}

static unsigned victim(struct model *m, struct place *set)
{
	unsigned n = m->ways, group;

	switch (m->replacement) {
	case TLB_LRU:
		return oldest_by(set, n, false);
	case TLB_FIFO:
		return oldest_by(set, n, true);
	case TLB_TREE_PLRU:
		return other_half(set, n);
	case TLB_BIT_PLRU:
		return not_lately(set, n, false);
	case TLB_NRU:
		return not_lately(set, n, true);
	case TLB_SRRIP:
		return most_distant(set, n);
	default:
		group = (latest(set, n) / (n / 3) + 1) % 3;
		return group * (n / 3) + other_half(set + group * (n / 3), n / 3);
	}
}

static void use(struct model *m, struct place *set, struct place *at, bool fill)
{
	bool others = false;

	at->used = ++m->clock;
	if (fill)
		at->filled = m->clock;
	at->distance = fill ? 2 : 0;
	at->lately = true;
	if (m->replacement != TLB_BIT_PLRU)
		return;
	for (unsigned i = 0; i < m->ways; i++)
		others |= !set[i].lately;
	for (unsigned i = 0; !others && i < m->ways; i++)
		set[i].lately = &set[i] == at;
}

/* --- side by side ------------------------------------------------------------------------------- */

/* random's choice is known only afterwards: it must be one of the set. */
static unsigned follow_random(const struct model *m, const struct place *set, uint64_t tag)
{
	for (unsigned i = 0; i < m->ways; i++)
		if (set[i].page && tlb_tag(1, set[i].page - 1) == tag)
			return i;
	g_assert_not_reached();
}

static void fill(struct tlb *tlb, struct model *m, uint64_t page)
{
	struct place *set = places_of(m, page);
	uint64_t tag = tlb_fill(tlb, tlb_tag(1, page), (vmsim_pfn)page, 0).tag;
	unsigned i = 0;

	while (i < m->ways && set[i].page)
		i++;
	if (i < m->ways) {
		g_assert_cmphex(tag, ==, 0);
	} else {
		i = m->replacement == TLB_RANDOM ? follow_random(m, set, tag) : victim(m, set);
		g_assert_cmphex(tag, ==, tlb_tag(1, set[i].page - 1));
	}
	set[i].page = page + 1;
	use(m, set, &set[i], true);
}

static void empty(struct place *at)
{
	at->page = 0;
	at->lately = false;
}

static void step(struct tlb *tlb, struct model *m, struct rng *rng)
{
	uint64_t page = rng_below(rng, 3 * m->sets * m->ways) + (rng_below(rng, 2) << 33);
	uint64_t kind = rng_below(rng, 1000);
	struct place *at = find(m, page);

	if (kind == 0) {
		tlb_flush(tlb, 1);
		for (unsigned i = 0; i < m->sets * m->ways; i++)
			empty(&m->place[i]);
	} else if (kind < 50) {
		g_assert_cmpuint(tlb_invalidate(tlb, tlb_tag(1, page)), ==, at != NULL);
		if (at)
			empty(at);
	} else {
		g_assert_cmpint(tlb_lookup(tlb, tlb_tag(1, page)) != NULL, ==, at != NULL);
		if (at)
			use(m, places_of(m, page), at, false);
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

static const char *const names[] = {"lru",  "tree-plru", "bit-plru", "nru",
				    "fifo", "random",	 "srrip",    "mru3-plru"};

static void run(int replacement, const struct geometry *g, uint64_t seed)
{
	struct model *m = g_new0(struct model, 1);
	struct rng rng = {seed};
	struct tlb tlb;

	*m = (struct model){.sets = g->entries / g->ways, .ways = g->ways, .index = g->index,
			    .replacement = replacement};
	tlb_init_shape(&tlb, &(struct tlb_shape){.entries = g->entries, .ways = g->ways,
						 .replacement = replacement, .index = g->index});
	for (int i = 0; i < 20000; i++) {
		step(&tlb, m, &rng);
		if (i % 500 == 0)
			g_assert_true(tlb_check(&tlb));
	}
	tlb_fini(&tlb);
	g_free(m);
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
		g_assert_cmpmem(tlb[0].entry, 24 * sizeof(struct tlb_entry), tlb[1].entry,
				24 * sizeof(struct tlb_entry));
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
