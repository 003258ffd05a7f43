/* tlb_places.h: a slow model of one TLB, for the tests that hold the simulator against it.
 *
 * It has places that hold pages, and for each place when it was last filled and last used, or
 * whether it is on the list of those used lately. What is replaced follows from these by the
 * sentence that defines the replacement; there are no trees, marks or orders to keep up to date.
 * Empty places are filled first, the first of them. Nothing is shared with the simulator but the
 * names of options. */
#ifndef TESTS_TLB_PLACES_H
#define TESTS_TLB_PLACES_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct place {
	uint64_t page; /* page number + 1; 0: empty */
	uint64_t filled, used;
	unsigned distance; /* srrip */
	bool lately;       /* bit-plru, nru */
	bool dirty;        /* for whoever wants to know */
};

struct places {
	struct place *place; /* sets x ways */
	unsigned sets, ways; /* sets 0: there is no such TLB */
	const char *replacement;
	uint64_t clock;
	unsigned bits; /* of a set */
	bool linear;
	uint64_t group[16]; /* the bits of a page number that make one of the set's */
};

/* The text of an index, read once: xor is a list of groups, too. */
static inline void places_index(struct places *p, const char *index)
{
	char **groups = g_strsplit(index, ",", -1);

	p->linear = g_str_equal(index, "linear");
	while (1u << p->bits < p->sets)
		p->bits++;
	for (unsigned i = 0; i < p->bits && !p->linear; i++) {
		char **bits = g_strsplit(g_str_equal(index, "xor") ? "" : groups[i], "^", -1);

		if (!bits[0])
			p->group[i] = UINT64_C(1) << i | UINT64_C(1) << (i + p->bits);
		for (unsigned j = 0; bits[j]; j++)
			p->group[i] |= UINT64_C(1) << atoi(bits[j]);
		g_strfreev(bits);
	}
	g_strfreev(groups);
}

static inline void places_init(struct places *p, unsigned entries, unsigned ways,
			       const char *replacement, const char *index)
{
	*p = (struct places){.ways = ways, .replacement = replacement};
	if (!entries)
		return;
	p->sets = entries / ways;
	p->place = g_new0(struct place, entries);
	places_index(p, index);
}

static inline void places_free(struct places *p)
{
	g_free(p->place);
}

static inline struct place *places_set(const struct places *p, uint64_t page)
{
	unsigned set = 0;

	if (p->linear)
		return &p->place[page % p->sets * p->ways];
	for (unsigned i = 0; i < p->bits; i++) {
		unsigned ones = 0;

		for (uint64_t left = page & p->group[i]; left; left &= left - 1)
			ones++;
		set += ones % 2 << i;
	}
	return &p->place[set * p->ways];
}

static inline struct place *places_find(const struct places *p, uint64_t page)
{
	struct place *set = places_set(p, page);

	for (unsigned i = 0; i < p->ways; i++)
		if (set[i].page == page + 1)
			return &set[i];
	return NULL;
}

static inline bool places_is(const struct places *p, const char *replacement)
{
	return g_str_equal(p->replacement, replacement);
}

/* --- what is replaced ------------------------------------------------------------------------- */

static inline unsigned places_oldest(const struct place *set, unsigned n, bool by_fill)
{
	unsigned oldest = 0;

	for (unsigned i = 1; i < n; i++)
		if (by_fill ? set[i].filled < set[oldest].filled : set[i].used < set[oldest].used)
			oldest = i;
	return oldest;
}

static inline unsigned places_latest(const struct place *set, unsigned n)
{
	unsigned latest = 0;

	for (unsigned i = 1; i < n; i++)
		if (set[i].used > set[latest].used)
			latest = i;
	return latest;
}

/* The half in which the latest use of all was not, and so on within it. Of n places the first half
 * has the odd one. */
static inline unsigned places_other_half(const struct place *set, unsigned n)
{
	unsigned first = (n + 1) / 2, latest = places_latest(set, n);

	if (n == 1)
		return 0;
	if (set[latest].used && latest < first)
		return first + places_other_half(set + first, n - first);
	return places_other_half(set, first);
}

static inline unsigned places_not_lately(struct place *set, unsigned n)
{
	unsigned i = 0;

	while (i < n && set[i].lately)
		i++;
	if (i < n)
		return i;
	for (i = 0; i < n; i++)
		set[i].lately = false;
	return 0;
}

static inline unsigned places_distant(struct place *set, unsigned n)
{
	for (;;) {
		for (unsigned i = 0; i < n; i++)
			if (set[i].distance == 3)
				return i;
		for (unsigned i = 0; i < n; i++)
			set[i].distance++;
	}
}

static inline unsigned places_victim(const struct places *p, struct place *set)
{
	unsigned n = p->ways, group;

	if (places_is(p, "lru") || places_is(p, "fifo"))
		return places_oldest(set, n, places_is(p, "fifo"));
	if (places_is(p, "tree-plru"))
		return places_other_half(set, n);
	if (places_is(p, "bit-plru") || places_is(p, "nru"))
		return places_not_lately(set, n);
	if (places_is(p, "srrip"))
		return places_distant(set, n);
	g_assert_true(places_is(p, "mru3-plru"));
	group = (places_latest(set, n) / (n / 3) + 1) % 3;
	return group * (n / 3) + places_other_half(set + group * (n / 3), n / 3);
}

/* --- use -------------------------------------------------------------------------------------- */

/* The bits of bit-plru are cleared when the last one is set, all but that. */
static inline void places_mark(const struct places *p, struct place *set, struct place *at)
{
	bool all = true;

	at->lately = true;
	for (unsigned i = 0; i < p->ways; i++)
		all &= set[i].lately;
	for (unsigned i = 0; all && places_is(p, "bit-plru") && i < p->ways; i++)
		set[i].lately = &set[i] == at;
}

static inline void places_use(struct places *p, struct place *at)
{
	at->used = ++p->clock;
	at->distance = 0;
	places_mark(p, places_set(p, at->page - 1), at);
}

/* places_room: the place where a page of its set will be; what it holds is to be replaced. */
static inline struct place *places_room(struct places *p, uint64_t page)
{
	struct place *set = places_set(p, page);

	for (unsigned i = 0; i < p->ways; i++)
		if (!set[i].page)
			return &set[i];
	return &set[places_victim(p, set)];
}

static inline void places_put(struct places *p, struct place *at, uint64_t page)
{
	at->page = page + 1;
	at->used = at->filled = ++p->clock;
	at->distance = 2;
	at->dirty = false;
	places_mark(p, places_set(p, page), at);
}

static inline void places_empty(struct place *at)
{
	at->page = 0;
	at->lately = false;
}

#endif
