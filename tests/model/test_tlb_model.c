/* test_tlb_model.c: TLB hits and misses, walks and what they read, of the program against an exact
 * model, to the last one.
 *
 * The model is a hierarchy of up to three levels (timing T7, T22): a first level for code and data,
 * or one for both, a second of either kind and perhaps a third, each looked up on misses of the one
 * before; and walks of four levels that begin where the paging-structure caches allow (T8). Every
 * page a reference touches is one lookup; a modify is a load and a store. It is written from
 * timing.md alone and reads lackey text by itself.
 *
 * A walk for a page that was never touched ends in a fault, which builds its tables; the page is
 * walked for again then, and what the structure caches had of it is gone (H12). A store to a page
 * that a TLB has without D reads the last entry again (T11).
 *
 * Omitted, because no trace here brings it about: invalidation, several processes, other page
 * sizes. Lookups repeated after a fault are not counted (T22) and leave all order as it is.
 *
 *   test_tlb_model [g_test options]              the traces kept beside this file, and random ones
 *   test_tlb_model [--tap] --full FILE...        whole recordings, a test per file and geometry
 */
#include "model/model.h"
#include "model/tlb_places.h"

enum { FETCH, DATA, N_SIDES };
enum { N_LEVELS = 3, WALK_LEVELS = 4 };

struct shape {
	unsigned entries, ways; /* entries 0: there is none */
	const char *replacement, *index; /* NULL: lru, linear */
};

struct geometry {
	const char *name;
	bool unified; /* code uses l1d */
	bool full;    /* for whole recordings, too */
	struct shape d, i, l2, l2i, l3;
	const char *inclusion2, *inclusion3; /* NULL: mostly-inclusive */
	unsigned psc[WALK_LEVELS];           /* entries, by level of the entry: 1 PDE ... */
};

static const struct geometry geometries[] = {
	{"64x4-64x4-1536x12", .d = {64, 4}, .i = {64, 4}, .l2 = {1536, 12}},
	{"skylake", .full = true, .d = {64, 4, "tree-plru"}, .i = {64, 8, "tree-plru"},
	 .l2 = {1536, 12, "mru3-plru", "xor"}, .psc = {0, 32, 4, 2}},
	{"zen4", .full = true, .d = {72, 72}, .i = {64, 64}, .l2 = {3072, 12}, .l2i = {512, 4},
	 .psc = {0, 64, 64, 64}},
	{"80386", .full = true, .unified = true, .d = {32, 4}, .l2 = {0, 1}},
	{"xor", .full = true, .d = {64, 4, NULL, "xor"}, .i = {64, 4, NULL, "0^4^8,1^5,2^6,3^7"},
	 .l2 = {1024, 8, NULL, "xor"}, .psc = {0, 24}},
	{"plru", .full = true, .d = {96, 6, "tree-plru"}, .i = {64, 8, "bit-plru"},
	 .l2 = {1536, 8, "tree-plru"}, .psc = {0, 2, 1, 1}},
	{"64x4-64x4-none", .d = {64, 4}, .i = {64, 4}, .l2 = {0, 1}},
	{"direct-16-16-none", .d = {16, 1}, .i = {16, 1}, .l2 = {0, 1}, .psc = {0, 1, 1, 1}},
	{"direct-16-16-64x4", .d = {16, 1}, .i = {16, 1}, .l2 = {64, 4}},
	{"fully-8-4-l2-fully-24", .d = {8, 8}, .i = {4, 4}, .l2 = {24, 24}, .psc = {0, 4, 2, 0}},
	{"three-levels", .d = {8, 8}, .i = {4, 4}, .l2 = {24, 3}, .l3 = {64, 4}},
	{"inclusive", .d = {16, 16}, .i = {16, 4}, .l2 = {32, 2}, .inclusion2 = "inclusive"},
	{"exclusive", .d = {16, 16}, .i = {16, 4}, .l2 = {32, 2}, .inclusion2 = "exclusive"},
	{"exclusive-halves", .d = {8, 2}, .i = {8, 2}, .l2 = {16, 4}, .l2i = {8, 8},
	 .l3 = {32, 4}, .inclusion2 = "exclusive", .inclusion3 = "exclusive"},
	{"exclusive-inclusive", .d = {8, 2, "nru"}, .i = {8, 2}, .l2 = {16, 4}, .l3 = {48, 6},
	 .inclusion2 = "exclusive", .inclusion3 = "inclusive"},
	{"inclusive-exclusive", .d = {8, 2}, .i = {8, 2}, .l2 = {16, 4, "srrip"}, .l3 = {32, 4},
	 .inclusion2 = "inclusive", .inclusion3 = "exclusive"},
	{"inclusive-inclusive", .d = {8, 2}, .i = {8, 2}, .l2 = {8, 2}, .l2i = {16, 1},
	 .l3 = {24, 2, "fifo"}, .inclusion2 = "inclusive", .inclusion3 = "inclusive"},
	{"unified", .unified = true, .d = {24, 6, "srrip"}, .l2 = {64, 4, "bit-plru"}},
	{"unified-inclusive", .unified = true, .d = {24, 24, "nru"}, .l2 = {28, 7, "fifo"},
	 .inclusion2 = "inclusive"},
	{"unified-exclusive", .unified = true, .d = {12, 3}, .l2 = {12, 3}, .psc = {0, 1, 0, 1},
	 .inclusion2 = "exclusive"},
	{"srrip", .d = {16, 4, "srrip"}, .i = {16, 4, "nru"}, .l2 = {36, 12, "srrip"}},
	{"fifo", .d = {16, 4, "fifo"}, .i = {12, 3, "mru3-plru"}, .l2 = {40, 8, "fifo"}},
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

static void level_init(struct level *level, const struct shape *s, const char *inclusion)
{
	places_init(&level->places, s->entries, s->ways, s->replacement ? s->replacement : "lru",
		    s->index ? s->index : "linear");
	level->inclusive = !g_strcmp0(inclusion, "inclusive");
	level->exclusive = !g_strcmp0(inclusion, "exclusive");
}

static void hierarchy_init(struct hierarchy *h, const struct geometry *g)
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

static void hierarchy_free(struct hierarchy *h)
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

static bool known(GHashTable *set, uint64_t number)
{
	return g_hash_table_contains(set, (gpointer)(uintptr_t)(number + 1));
}

static void learn(GHashTable *set, uint64_t number)
{
	g_hash_table_add(set, (gpointer)(uintptr_t)(number + 1));
}

/* --- walks ------------------------------------------------------------------------------ */

/* One walk, which may end where a table or the page is absent. */
static void walk_once(struct hierarchy *h, uint64_t page)
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

static void walk(struct hierarchy *h, uint64_t page, bool store)
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
static void dirty_walk(struct hierarchy *h, int side, uint64_t page)
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
static bool is_above(const struct hierarchy *h, const struct level *level, unsigned l,
		     uint64_t page)
{
	for (int side = 0; side < N_SIDES; side++)
		if (h->row[side][l] == level && places_find(&h->row[side][l - 1]->places, page))
			return true;
	return false;
}

static void insert(struct hierarchy *h, int side, unsigned l, uint64_t page, bool dirty)
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

static void hierarchy_touch(struct hierarchy *h, int side, uint64_t page, bool store)
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

/* --- lackey text ------------------------------------------------------------------------ */

/* The pages of a trace in the order touched: page << 2 | store << 1 | side. Counts are of
 * references. */
struct stream {
	GArray *touch;
	uint64_t fetches, reads, writes;
};

static void stream_touch(struct stream *s, int side, bool store, uint64_t address, uint64_t size)
{
	for (uint64_t page = address >> 12; page <= (address + size - 1) >> 12; page++) {
		uint64_t word = page << 2 | (uint64_t)store << 1 | (uint64_t)side;

		g_array_append_val(s->touch, word);
	}
}

/* stream_line: one line of lackey; what is not a reference (==PID== ...) counts for nothing. */
static void stream_line(struct stream *s, const char *line)
{
	unsigned long long address, size;
	char kind;

	if (line[0] == '=' || sscanf(line, " %c %llx,%llu", &kind, &address, &size) != 3)
		return;
	if (kind == 'I') {
		s->fetches++;
		stream_touch(s, FETCH, false, address, size);
	}
	if (kind == 'L' || kind == 'M') {
		s->reads++;
		stream_touch(s, DATA, false, address, size);
	}
	if (kind == 'S' || kind == 'M') {
		s->writes++;
		stream_touch(s, DATA, true, address, size);
	}
}

static struct stream stream_read(const char *path)
{
	struct stream s = {g_array_new(FALSE, FALSE, sizeof(uint64_t)), 0, 0, 0};
	FILE *in = model_open(path);
	char line[256];

	while (fgets(line, sizeof line, in))
		stream_line(&s, line);
	g_assert_cmpint(pclose(in), ==, 0);
	g_assert_cmpuint(s.touch->len, >, 0);
	return s;
}

static void stream_replay(const struct stream *s, struct hierarchy *h)
{
	for (guint i = 0; i < s->touch->len; i++) {
		uint64_t word = g_array_index(s->touch, uint64_t, i);

		hierarchy_touch(h, (int)(word & 1), word >> 2, word >> 1 & 1);
	}
}

/* --- the model on cases worked by hand --------------------------------------------------- */

/* replay_text: lackey lines through a hierarchy; frees nothing of h. */
static void replay_text(struct hierarchy *h, const char *const *lines)
{
	struct stream s = {g_array_new(FALSE, FALSE, sizeof(uint64_t)), 0, 0, 0};

	for (; *lines; lines++)
		stream_line(&s, *lines);
	stream_replay(&s, h);
	g_array_free(s.touch, TRUE);
}

static void check_side(const struct hierarchy *h, int side, uint64_t hits, uint64_t misses)
{
	g_assert_cmpuint(h->hits[side], ==, hits);
	g_assert_cmpuint(h->misses[side], ==, misses);
}

static void check_second(const struct hierarchy *h, uint64_t hits, uint64_t misses)
{
	g_assert_cmpuint(h->below_hits[1], ==, hits);
	g_assert_cmpuint(h->below_misses[1], ==, misses);
}

/* Two entries: A B miss, A hits, C replaces B (the older use, not the older entry), A hits, B
 * misses: 2 hits, 4 misses. First-in first-out would give 1 and 5. */
static void test_hand_lru(void)
{
	static const char *const lines[] = {" L 00001000,8",
					    " L 00002000,8",
					    " L 00001008,8",
					    " S 00003000,8",
					    " L 00001000,8",
					    " L 00002000,8",
					    NULL};
	struct hierarchy h;

	hierarchy_init(&h, &(struct geometry){.d = {2, 2}, .i = {2, 2}, .l2 = {0, 1}});
	replay_text(&h, lines);
	check_side(&h, DATA, 2, 4);
	check_side(&h, FETCH, 0, 0);
	hierarchy_free(&h);
}

/* First level of one entry, second of four: A B miss both, A misses the first and hits the
 * second; a fetch of A misses its own first level and hits the shared second. */
static void test_hand_second_level(void)
{
	static const char *const lines[] = {" L 00001000,8", " L 00002000,8", " L 00001000,8",
					    "I  00001004,4", NULL};
	struct hierarchy h;

	hierarchy_init(&h, &(struct geometry){.d = {1, 1}, .i = {1, 1}, .l2 = {4, 4}});
	replay_text(&h, lines);
	check_side(&h, DATA, 0, 3);
	check_side(&h, FETCH, 0, 1);
	check_second(&h, 2, 2);
	hierarchy_free(&h);
}

/* A hit in the first level does not refresh the second: with two entries each, A B (A) C: the
 * first level drops B, the second drops A. So B then hits the second level. */
static void test_hand_no_refresh(void)
{
	static const char *const lines[] = {" L 00001000,8", " L 00002000,8", " L 00001000,8",
					    " L 00003000,8", " L 00002000,8", NULL};
	struct hierarchy h;

	hierarchy_init(&h, &(struct geometry){.d = {2, 2}, .i = {2, 2}, .l2 = {2, 2}});
	replay_text(&h, lines);
	check_side(&h, DATA, 1, 4);
	check_second(&h, 1, 3);
	hierarchy_free(&h);
}

/* Two pages: 4 bytes at 0x1ffe are two lookups, at 0x1ffc one; a modify across is four. Pages 0
 * and 4 meet in a set of a direct-mapped TLB of 4. Lines of valgrind's own do not count. */
static void test_hand_pages(void)
{
	static const char *const across[] = {"==1== L 00009000,4", " L 00001ffe,4", " L 00001ffc,4",
					     " M 00002fff,2", NULL};
	static const char *const conflict[] = {" L 00000000,1", " L 00004000,1", " L 00000000,1",
					       " L 00001000,1", " L 00001000,1", NULL};
	struct hierarchy h;

	hierarchy_init(&h, &(struct geometry){.d = {4, 4}, .i = {1, 1}, .l2 = {0, 1}});
	replay_text(&h, across);
	/* 1 miss, 2 miss; 1 hit; load: 2 hit, 3 miss; store: 2 hit, 3 hit */
	check_side(&h, DATA, 4, 3);
	hierarchy_free(&h);
	hierarchy_init(&h, &(struct geometry){.d = {4, 1}, .i = {1, 1}, .l2 = {0, 1}});
	replay_text(&h, conflict);
	check_side(&h, DATA, 1, 4);
	hierarchy_free(&h);
}

/* --- the program against the model ------------------------------------------------------- */

static void set_shape(GPtrArray *set, const char *name, const struct shape *s)
{
	g_ptr_array_add(set, g_strdup_printf("tlb.%s.entries=%u", name, s->entries));
	g_ptr_array_add(set, g_strdup_printf("tlb.%s.ways=%u", name, MAX(s->ways, 1)));
	if (s->replacement)
		g_ptr_array_add(set, g_strdup_printf("tlb.%s.replacement=%s", name,
						     s->replacement));
	if (s->index)
		g_ptr_array_add(set, g_strdup_printf("tlb.%s.index=%s", name, s->index));
}

/* run_program: memory is plenty and nothing is evicted; walks cost nothing, so that no timer of
 * the memory manager elapses even where every reference walks. No page is large, and arrays for
 * those fit any replacement. */
static cJSON *run_program(const char *trace, const struct geometry *g)
{
	static const char *const caches[WALK_LEVELS] = {NULL, "pde", "pdpte", "pml4e"};
	static const char *const always[] = {
		"memory.size=4GiB",	     "dram.latency=0",
		"tlb.l1d.large.shared=true", "tlb.l1d.huge.shared=true",
		"tlb.l1i.large.shared=true", "tlb.l2.huge.shared=true",
	};
	GPtrArray *set = g_ptr_array_new_with_free_func(g_free);
	cJSON *report;

	for (size_t i = 0; i < G_N_ELEMENTS(always); i++)
		g_ptr_array_add(set, g_strdup(always[i]));
	if (g->unified)
		g_ptr_array_add(set, g_strdup("tlb.unified=true"));
	else
		set_shape(set, "l1i", &g->i);
	set_shape(set, "l1d", &g->d);
	set_shape(set, "l2", &g->l2);
	set_shape(set, "l2i", &g->l2i);
	set_shape(set, "l3", &g->l3);
	if (g->inclusion2)
		g_ptr_array_add(set, g_strdup_printf("tlb.l2.inclusion=%s", g->inclusion2));
	if (g->inclusion3)
		g_ptr_array_add(set, g_strdup_printf("tlb.l3.inclusion=%s", g->inclusion3));
	for (unsigned level = 1; level < WALK_LEVELS; level++)
		g_ptr_array_add(set, g_strdup_printf("psc.%s.entries=%u", caches[level],
						     g->psc[level]));
	g_ptr_array_add(set, NULL);
	report = model_run(trace, (const char *const *)set->pdata);
	g_ptr_array_unref(set);
	return report;
}

static void compare_walks(const cJSON *report, const struct hierarchy *h, const char *name)
{
	model_compare(report, "page_walks", h->walks, name);
	model_compare(report, "walk_references", h->reads, name);
	model_compare(report, "tlb_dirty_walks", h->dirty_walks, name);
	model_compare(report, "psc_hits", h->psc_hits, name);
	model_compare(report, "psc_misses", h->psc_misses, name);
}

static void compare(const char *trace, const struct stream *s, const struct geometry *g)
{
	struct hierarchy h;
	cJSON *report = run_program(trace, g);

	if (!report)
		return;
	hierarchy_init(&h, g);
	stream_replay(s, &h);
	model_compare(report, "fetches", s->fetches, g->name);
	model_compare(report, "reads", s->reads, g->name);
	model_compare(report, "writes", s->writes, g->name);
	model_compare(report, "itlb_hits", h.hits[FETCH], g->name);
	model_compare(report, "itlb_misses", h.misses[FETCH], g->name);
	model_compare(report, "dtlb_hits", h.hits[DATA], g->name);
	model_compare(report, "dtlb_misses", h.misses[DATA], g->name);
	model_compare(report, "stlb_hits", h.below_hits[1], g->name);
	model_compare(report, "stlb_misses", h.below_misses[1], g->name);
	model_compare(report, "tlb_l3_hits", h.below_hits[2], g->name);
	model_compare(report, "tlb_l3_misses", h.below_misses[2], g->name);
	compare_walks(report, &h, g->name);
	hierarchy_free(&h);
	cJSON_Delete(report);
}

struct job {
	char *path;
	const struct geometry *geometry;
};

/* Streams are kept: reading a whole recording takes longer than replaying it. */
static const struct stream *stream_of(const char *path)
{
	static char *last_path;
	static struct stream last;

	if (g_strcmp0(path, last_path) != 0) {
		if (last.touch)
			g_array_free(last.touch, TRUE);
		g_free(last_path);
		last_path = g_strdup(path);
		last = stream_read(path);
	}
	return &last;
}

static void test_file(gconstpointer data)
{
	const struct job *job = data;

	compare(job->path, stream_of(job->path), job->geometry);
}

/* Seeded streams that press on what recordings seldom do: strides that meet in one set, accesses
 * across pages, code and data of the same pages. */
static void write_random(FILE *out, uint64_t seed)
{
	uint64_t state = seed, base = 0;

	for (int i = 0; i < 60000; i++) {
		uint64_t r = model_random(&state), page, offset = r >> 32 & 0xfff;

		if (i % 5000 == 0)
			base = model_random(&state) % 4096;
		switch (r & 3) {
		case 0:
			page = 0x1000 + (r >> 8 & 7) * 128; /* one set of 128 */
			break;
		case 1:
			page = base + (r >> 8) % 40;
			break;
		default:
			page = 0x2000 + (r >> 8) % (1u << (r >> 2 & 7) << 4);
		}
		fprintf(out, "%s%08" G_GINT64_MODIFIER "x,%d\n",
			(const char *const[]){"I  ", " L ", " S ", " M "}[r >> 5 & 3],
			page << 12 | offset, 1 << (r >> 20 & 3));
	}
}

static void test_random(gconstpointer data)
{
	uint64_t seed = (uint64_t)GPOINTER_TO_UINT(data);
	char *path = model_temp();
	FILE *out = fopen(path, "w");
	struct stream s;

	g_assert_nonnull(out);
	write_random(out, seed);
	g_assert_cmpint(fclose(out), ==, 0);
	s = stream_read(path);
	for (size_t g = 0; g < G_N_ELEMENTS(geometries); g++)
		compare(path, &s, &geometries[g]);
	g_array_free(s.touch, TRUE);
	g_unlink(path);
	g_free(path);
}

static void add_file(const char *path, bool full)
{
	char *base = g_path_get_basename(path);

	for (size_t g = 0; g < G_N_ELEMENTS(geometries); g++) {
		struct job *job;
		char *name;

		if (full && !geometries[g].full)
			continue;
		job = g_new(struct job, 1); /* lives as long as the program */
		name = g_strdup_printf("/tlb-model/%s/%s", base, geometries[g].name);
		job->path = g_strdup(path);
		job->geometry = &geometries[g];
		g_test_add_data_func(name, job, test_file);
		g_free(name);
	}
	g_free(base);
}

/* full_files: the arguments after --full, which g_test is not shown. */
static char **full_files(int *argc, char **argv)
{
	for (int i = 1; i < *argc; i++) {
		if (strcmp(argv[i], "--full") != 0)
			continue;
		argv[i] = NULL;
		*argc = i;
		return &argv[i + 1];
	}
	return NULL;
}

int main(int argc, char **argv)
{
	char **full = full_files(&argc, argv);

	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	for (; full && *full; full++)
		add_file(*full, true);
	if (full)
		return g_test_run();
	g_test_add_func("/tlb-model/hand/lru", test_hand_lru);
	g_test_add_func("/tlb-model/hand/second-level", test_hand_second_level);
	g_test_add_func("/tlb-model/hand/no-refresh", test_hand_no_refresh);
	g_test_add_func("/tlb-model/hand/pages", test_hand_pages);
	for (guint seed = 1; seed <= 3; seed++) {
		char *name = g_strdup_printf("/tlb-model/random/%u", seed);

		g_test_add_data_func(name, GUINT_TO_POINTER(seed), test_random);
		g_free(name);
	}
	add_file("tests/model/bfs.lackey.xz", false);
	add_file("tests/model/python3.lackey.xz", false);
	return g_test_run();
}
