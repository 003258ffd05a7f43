/* tlb_hierarchy.h: the model of test_tlb_model.c: levels of TLBs that fill, include and exclude
 * each other, and walks of four levels with paging-structure caches. */
#ifndef TESTS_TLB_HIERARCHY_H
#define TESTS_TLB_HIERARCHY_H

#include "model/tlb_places.h"

enum { FETCH, DATA, N_SIDES };
enum { N_LEVELS = 3, WALK_LEVELS = 4 };

struct shape {
	unsigned entries, ways; /* entries 0: there is none */
	const char *replacement, *index; /* NULL: lru, linear */
};
#define LRU(entries, ways) {entries, ways, NULL, NULL}
#define OTHER(entries, ways, replacement, index) {entries, ways, replacement, index}

struct geometry {
	const char *name;
	bool unified; /* code uses l1d */
	bool full;    /* for whole recordings, too */
	struct shape d, i, l2, l2i, l3;
	const char *inclusion2, *inclusion3; /* NULL: mostly-inclusive */
	unsigned psc[WALK_LEVELS];           /* entries, by level of the entry: 1 PDE ... */
};

/* --- the hierarchy ---------------------------------------------------------------------- */

struct level {
	struct places places;
	bool inclusive, exclusive;
};

struct hierarchy {
	struct level own[2 * N_LEVELS];
	struct level *row[N_SIDES][N_LEVELS];
	unsigned n;
	uint64_t hits[N_SIDES], misses[N_SIDES], below_hits[N_LEVELS], below_misses[N_LEVELS];

	struct places psc[WALK_LEVELS]; /* by level of the entry */
	bool any_psc;
	GHashTable *dirty;   /* pages with D, by number + 1 */
	GHashTable *present; /* pages that were touched */
	GHashTable *tables[WALK_LEVELS]; /* by the page number's bits above them, + 1 */
	uint64_t walks, reads, psc_hits, psc_misses, dirty_walks;
};

static inline void level_init(struct level *level, const struct shape *s, const char *inclusion)
{
	places_init(&level->places, s->entries, s->ways, s->replacement ? s->replacement : "lru",
		    s->index ? s->index : "linear");
	level->inclusive = !g_strcmp0(inclusion, "inclusive");
	level->exclusive = !g_strcmp0(inclusion, "exclusive");
}

static inline void hierarchy_init(struct hierarchy *h, const struct geometry *g)
{
	const struct shape *data[N_LEVELS] = {&g->d, &g->l2, &g->l3};
	const struct shape *code[N_LEVELS] = {g->unified ? &g->d : &g->i, &g->l2i, &g->l3};
	const char *inclusion[N_LEVELS] = {NULL, g->inclusion2, g->inclusion3};

	memset(h, 0, sizeof *h);
	for (; h->n < N_LEVELS && data[h->n]->entries; h->n++) {
		struct level *own = &h->own[2 * h->n];
		bool two = code[h->n] != data[h->n] && code[h->n]->entries;

		level_init(&own[0], data[h->n], inclusion[h->n]);
		if (two)
			level_init(&own[1], code[h->n], inclusion[h->n]);
		h->row[DATA][h->n] = &own[0];
		h->row[FETCH][h->n] = &own[two];
	}
	for (unsigned level = 1; level < WALK_LEVELS; level++) {
		places_init(&h->psc[level], g->psc[level], g->psc[level], "lru", "linear");
		h->any_psc |= g->psc[level] > 0;
	}
	h->dirty = g_hash_table_new(NULL, NULL);
	h->present = g_hash_table_new(NULL, NULL);
	for (unsigned level = 0; level < WALK_LEVELS; level++)
		h->tables[level] = g_hash_table_new(NULL, NULL);
}

static inline void hierarchy_free(struct hierarchy *h)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(h->own); i++)
		places_free(&h->own[i].places);
	for (unsigned level = 0; level < WALK_LEVELS; level++) {
		places_free(&h->psc[level]);
		g_hash_table_destroy(h->tables[level]);
	}
	g_hash_table_destroy(h->dirty);
	g_hash_table_destroy(h->present);
}

static inline bool known(GHashTable *set, uint64_t number)
{
	return g_hash_table_contains(set, (gpointer)(uintptr_t)(number + 1));
}

static inline void learn(GHashTable *set, uint64_t number)
{
	g_hash_table_add(set, (gpointer)(uintptr_t)(number + 1));
}

/* --- walks ------------------------------------------------------------------------------ */

/* One walk, which may end where a table or the page is absent. */
static inline void walk_once(struct hierarchy *h, uint64_t page)
{
	unsigned level = WALK_LEVELS - 1; /* of the table that is read */
	bool there = known(h->present, page), found = false;

	for (unsigned l = 1; l < WALK_LEVELS && !found; l++) {
		struct place *at = h->psc[l].sets ? places_find(&h->psc[l], page >> 9 * l) : NULL;

		if (!at)
			continue;
		places_use(&h->psc[l], at);
		level = l - 1;
		found = true;
	}
	if (h->any_psc)
		*(found ? &h->psc_hits : &h->psc_misses) += 1;
	h->walks++;
	for (unsigned l = level + 1; l-- > 0;) {
		h->reads++;
		if (l > 0 && !known(h->tables[l - 1], page >> 9 * l))
			break;
	}
	for (unsigned l = 1; l < WALK_LEVELS; l++) {
		struct places *p = &h->psc[l];
		struct place *at = p->sets ? places_find(p, page >> 9 * l) : NULL;

		if (at && !there)
			places_empty(at);
		else if (p->sets && there && l <= level)
			places_put(p, places_room(p, page >> 9 * l), page >> 9 * l);
	}
}

static inline void walk(struct hierarchy *h, uint64_t page, bool store)
{
	if (!known(h->present, page)) {
		walk_once(h, page);
		learn(h->present, page);
		for (unsigned l = 0; l < WALK_LEVELS; l++)
			learn(h->tables[l], page >> 9 * (l + 1));
	}
	walk_once(h, page);
	if (store)
		learn(h->dirty, page);
}

/* The last entry alone. All levels of that side learn of it. */
static inline void dirty_walk(struct hierarchy *h, int side, uint64_t page)
{
	h->walks++;
	h->reads++;
	h->dirty_walks++;
	learn(h->dirty, page);
	for (unsigned l = 0; l < h->n; l++) {
		struct place *at = places_find(&h->row[side][l]->places, page);

		if (at)
			at->dirty = true;
	}
}

/* --- lookups ---------------------------------------------------------------------------- */

/* Whether one of the levels that are filled into this one has the page. */
static inline bool is_above(const struct hierarchy *h, const struct level *level, unsigned l,
			    uint64_t page)
{
	for (int side = 0; side < N_SIDES; side++)
		if (h->row[side][l] == level && places_find(&h->row[side][l - 1]->places, page))
			return true;
	return false;
}

static inline void insert(struct hierarchy *h, int side, unsigned l, uint64_t page, bool dirty)
{
	struct level *level = h->row[side][l];
	struct place *at = places_room(&level->places, page);
	uint64_t old = at->page;
	bool old_dirty = at->dirty;

	places_put(&level->places, at, page);
	at->dirty = dirty;
	if (!old--)
		return;
	for (int s = 0; l > 0 && level->inclusive && s < N_SIDES; s++)
		for (unsigned above = 0; h->row[s][l] == level && above < l; above++) {
			at = places_find(&h->row[s][above]->places, old);
			if (at)
				places_empty(at);
		}
	if (++l == h->n || !h->row[side][l]->exclusive || is_above(h, h->row[side][l], l, old))
		return;
	at = l + 1 < h->n && h->row[side][l + 1]->exclusive
		     ? places_find(&h->row[side][l + 1]->places, old)
		     : NULL;
	if (at)
		places_empty(at);
	insert(h, side, l, old, old_dirty);
}

static inline void hierarchy_touch(struct hierarchy *h, int side, uint64_t page, bool store)
{
	struct place *at = NULL;
	bool dirty;
	unsigned l;

	for (l = 0; l < h->n && !at; l++) {
		at = places_find(&h->row[side][l]->places, page);
		if (l == 0)
			*(at ? &h->hits[side] : &h->misses[side]) += 1;
		else
			*(at ? &h->below_hits[l] : &h->below_misses[l]) += 1;
		if (at)
			places_use(&h->row[side][l]->places, at);
	}
	if (at && store && !at->dirty)
		dirty_walk(h, side, page);
	if (!at)
		walk(h, page, store);
	dirty = at ? at->dirty : known(h->dirty, page);
	if (!at)
		l = h->n;
	else if (--l > 0 && h->row[side][l]->exclusive)
		places_empty(at);
	while (l-- > 0)
		if (l == 0 || !h->row[side][l]->exclusive)
			insert(h, side, l, page, dirty);
}

#endif
