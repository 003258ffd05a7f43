/* test_tlb_model.c: TLB hits and misses, walks and what they read, of the program against an exact
 * model, to the last one.
 *
 * The model is a hierarchy of up to three levels (timing T7, T22): a first level for code and data,
 * or one for both, a second of either kind and perhaps a third, each looked up on misses of the one
 * before; and walks of four levels that begin where the paging-structure caches allow (T8). Every
 * page a reference touches is one lookup; a modify is a load and a store. It is written from
 * sim/TIMING.md alone and reads lackey text by itself.
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
#include "model/tlb_hierarchy.h"

static const struct geometry geometries[] = {
	{"64x4-64x4-1536x12", .d = LRU(64, 4), .i = LRU(64, 4), .l2 = LRU(1536, 12)},
	{"skylake", .full = true, .d = OTHER(64, 4, "tree-plru", NULL),
	 .i = OTHER(64, 8, "tree-plru", NULL),
	 .l2 = OTHER(1536, 12, "mru3-plru", "xor"), .psc = {0, 32, 4, 2}},
	{"zen4", .full = true, .d = LRU(72, 72), .i = LRU(64, 64), .l2 = LRU(3072, 12),
	 .l2i = LRU(512, 4), .psc = {0, 64, 64, 64}},
	{"80386", .full = true, .unified = true, .d = LRU(32, 4), .l2 = LRU(0, 1)},
	{"xor", .full = true, .d = OTHER(64, 4, NULL, "xor"),
	 .i = OTHER(64, 4, NULL, "0^4^8,1^5,2^6,3^7"),
	 .l2 = OTHER(1024, 8, NULL, "xor"), .psc = {0, 24}},
	{"plru", .full = true, .d = OTHER(96, 6, "tree-plru", NULL),
	 .i = OTHER(64, 8, "bit-plru", NULL),
	 .l2 = OTHER(1536, 8, "tree-plru", NULL), .psc = {0, 2, 1, 1}},
	{"64x4-64x4-none", .d = LRU(64, 4), .i = LRU(64, 4), .l2 = LRU(0, 1)},
	{"direct-16-16-none", .d = LRU(16, 1), .i = LRU(16, 1), .l2 = LRU(0, 1),
	 .psc = {0, 1, 1, 1}},
	{"direct-16-16-64x4", .d = LRU(16, 1), .i = LRU(16, 1), .l2 = LRU(64, 4)},
	{"fully-8-4-l2-fully-24", .d = LRU(8, 8), .i = LRU(4, 4), .l2 = LRU(24, 24),
	 .psc = {0, 4, 2, 0}},
	{"three-levels", .d = LRU(8, 8), .i = LRU(4, 4), .l2 = LRU(24, 3), .l3 = LRU(64, 4)},
	{"inclusive", .d = LRU(16, 16), .i = LRU(16, 4), .l2 = LRU(32, 2),
	 .inclusion2 = "inclusive"},
	{"exclusive", .d = LRU(16, 16), .i = LRU(16, 4), .l2 = LRU(32, 2),
	 .inclusion2 = "exclusive"},
	{"exclusive-halves", .d = LRU(8, 2), .i = LRU(8, 2), .l2 = LRU(16, 4), .l2i = LRU(8, 8),
	 .l3 = LRU(32, 4), .inclusion2 = "exclusive", .inclusion3 = "exclusive"},
	{"exclusive-inclusive", .d = OTHER(8, 2, "nru", NULL), .i = LRU(8, 2), .l2 = LRU(16, 4),
	 .l3 = LRU(48, 6), .inclusion2 = "exclusive", .inclusion3 = "inclusive"},
	{"inclusive-exclusive", .d = LRU(8, 2), .i = LRU(8, 2), .l2 = OTHER(16, 4, "srrip", NULL),
	 .l3 = LRU(32, 4), .inclusion2 = "inclusive", .inclusion3 = "exclusive"},
	{"inclusive-inclusive", .d = LRU(8, 2), .i = LRU(8, 2), .l2 = LRU(8, 2), .l2i = LRU(16, 1),
	 .l3 = OTHER(24, 2, "fifo", NULL), .inclusion2 = "inclusive", .inclusion3 = "inclusive"},
	{"unified", .unified = true, .d = OTHER(24, 6, "srrip", NULL),
	 .l2 = OTHER(64, 4, "bit-plru", NULL)},
	{"unified-inclusive", .unified = true, .d = OTHER(24, 24, "nru", NULL),
	 .l2 = OTHER(28, 7, "fifo", NULL), .inclusion2 = "inclusive"},
	{"unified-exclusive", .unified = true, .d = LRU(12, 3), .l2 = LRU(12, 3),
	 .psc = {0, 1, 0, 1}, .inclusion2 = "exclusive"},
	{"srrip", .d = OTHER(16, 4, "srrip", NULL), .i = OTHER(16, 4, "nru", NULL),
	 .l2 = OTHER(36, 12, "srrip", NULL)},
	{"fifo", .d = OTHER(16, 4, "fifo", NULL), .i = OTHER(12, 3, "mru3-plru", NULL),
	 .l2 = OTHER(40, 8, "fifo", NULL)},
};

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

	hierarchy_init(&h, &(struct geometry){.d = LRU(2, 2), .i = LRU(2, 2), .l2 = LRU(0, 1)});
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

	hierarchy_init(&h, &(struct geometry){.d = LRU(1, 1), .i = LRU(1, 1), .l2 = LRU(4, 4)});
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

	hierarchy_init(&h, &(struct geometry){.d = LRU(2, 2), .i = LRU(2, 2), .l2 = LRU(2, 2)});
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

	hierarchy_init(&h, &(struct geometry){.d = LRU(4, 4), .i = LRU(1, 1), .l2 = LRU(0, 1)});
	replay_text(&h, across);
	/* 1 miss, 2 miss; 1 hit; load: 2 hit, 3 miss; store: 2 hit, 3 hit */
	check_side(&h, DATA, 4, 3);
	hierarchy_free(&h);
	hierarchy_init(&h, &(struct geometry){.d = LRU(4, 1), .i = LRU(1, 1), .l2 = LRU(0, 1)});
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
