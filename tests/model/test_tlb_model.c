/* test_tlb_model.c: TLB hits and misses of the program against an exact model, to the last one.
 *
 * The model is a two-level hierarchy of set-associative LRU TLBs (timing T7, T22): split first
 * level, shared second level, looked up on first-level misses only, both filled by a walk and the
 * first filled from the second. Every page a reference touches is one lookup; a modify is a load
 * and a store. It is written from timing.md alone and reads lackey text by itself.
 *
 * Omitted, because no trace here brings it about: invalidation, several processes, other page
 * sizes. Lookups repeated after a fault are not counted (T22) and leave the LRU order as it is.
 *
 *   test_tlb_model [g_test options]              the traces kept beside this file, and random ones
 *   test_tlb_model [--tap] --full FILE...        whole recordings, a test per file and geometry
 */
#include "model/model.h"

enum { FETCH, DATA, N_SIDES };

struct geometry {
	const char *name;
	uint32_t d_entries, d_ways, i_entries, i_ways, l2_entries, l2_ways; /* l2_entries 0: none */
};

static const struct geometry geometries[] = {
	{"64x4-64x4-1536x12", 64, 4, 64, 4, 1536, 12},
	{"64x4-64x4-none", 64, 4, 64, 4, 0, 1},
	{"fully-72-64-1536x12", 72, 72, 64, 64, 1536, 12},
	{"direct-16-16-none", 16, 1, 16, 1, 0, 1},
	{"direct-16-16-64x4", 16, 1, 16, 1, 64, 4},
	{"fully-8-4-l2-fully-24", 8, 8, 4, 4, 24, 24},
};

/* --- one TLB ---------------------------------------------------------------------------- */

struct tlb {
	uint32_t sets, ways; /* sets 0: there is no such TLB */
	uint64_t *page;      /* sets x ways; page number + 1, 0 is empty */
	uint64_t *used;      /* when the entry was last used or filled */
	uint64_t clock, hits, misses;
};

static void tlb_init(struct tlb *t, uint32_t entries, uint32_t ways)
{
	memset(t, 0, sizeof *t);
	if (entries == 0)
		return;
	t->ways = ways;
	t->sets = entries / ways;
	t->page = g_new0(uint64_t, entries);
	t->used = g_new0(uint64_t, entries);
}

static void tlb_free(struct tlb *t)
{
	g_free(t->page);
	g_free(t->used);
}

/* tlb_lookup: whether the page is there; a hit makes it the most recent of its set. */
static bool tlb_lookup(struct tlb *t, uint64_t page)
{
	uint64_t first = page % t->sets * t->ways;

	t->clock++;
	for (uint32_t w = 0; w < t->ways; w++) {
		if (t->page[first + w] != page + 1)
			continue;
		t->used[first + w] = t->clock;
		t->hits++;
		return true;
	}
	t->misses++;
	return false;
}

/* tlb_fill: put the page where the least recent entry of its set was; empty ones were never used. */
static void tlb_fill(struct tlb *t, uint64_t page)
{
	uint64_t first = page % t->sets * t->ways, oldest = first;

	for (uint32_t w = 1; w < t->ways; w++)
		if (t->used[first + w] < t->used[oldest])
			oldest = first + w;
	t->page[oldest] = page + 1;
	t->used[oldest] = ++t->clock;
}

/* --- the hierarchy ---------------------------------------------------------------------- */

struct hierarchy {
	struct tlb first[N_SIDES], second;
};

static void hierarchy_init(struct hierarchy *h, const struct geometry *g)
{
	tlb_init(&h->first[FETCH], g->i_entries, g->i_ways);
	tlb_init(&h->first[DATA], g->d_entries, g->d_ways);
	tlb_init(&h->second, g->l2_entries, g->l2_ways);
}

static void hierarchy_free(struct hierarchy *h)
{
	tlb_free(&h->first[FETCH]);
	tlb_free(&h->first[DATA]);
	tlb_free(&h->second);
}

static void hierarchy_touch(struct hierarchy *h, int side, uint64_t page)
{
	if (tlb_lookup(&h->first[side], page))
		return;
	if (h->second.sets && !tlb_lookup(&h->second, page))
		tlb_fill(&h->second, page);
	tlb_fill(&h->first[side], page);
}

/* --- lackey text ------------------------------------------------------------------------ */

/* The pages of a trace in the order touched: page << 1 | side. Counts are of references. */
struct stream {
	GArray *touch;
	uint64_t fetches, reads, writes;
};

static void stream_touch(struct stream *s, int side, uint64_t address, uint64_t size)
{
	for (uint64_t page = address >> 12; page <= (address + size - 1) >> 12; page++) {
		uint64_t word = page << 1 | (uint64_t)side;

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
		stream_touch(s, FETCH, address, size);
	}
	if (kind == 'L' || kind == 'M') {
		s->reads++;
		stream_touch(s, DATA, address, size);
	}
	if (kind == 'S' || kind == 'M') {
		s->writes++;
		stream_touch(s, DATA, address, size);
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

		hierarchy_touch(h, (int)(word & 1), word >> 1);
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

static void check_side(const struct tlb *t, uint64_t hits, uint64_t misses)
{
	g_assert_cmpuint(t->hits, ==, hits);
	g_assert_cmpuint(t->misses, ==, misses);
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

	hierarchy_init(&h, &(struct geometry){"", 2, 2, 2, 2, 0, 1});
	replay_text(&h, lines);
	check_side(&h.first[DATA], 2, 4);
	check_side(&h.first[FETCH], 0, 0);
	hierarchy_free(&h);
}

/* First level of one entry, second of four: A B miss both, A misses the first and hits the
 * second; a fetch of A misses its own first level and hits the shared second. */
static void test_hand_second_level(void)
{
	static const char *const lines[] = {" L 00001000,8", " L 00002000,8", " L 00001000,8",
					    "I  00001004,4", NULL};
	struct hierarchy h;

	hierarchy_init(&h, &(struct geometry){"", 1, 1, 1, 1, 4, 4});
	replay_text(&h, lines);
	check_side(&h.first[DATA], 0, 3);
	check_side(&h.first[FETCH], 0, 1);
	check_side(&h.second, 2, 2);
	hierarchy_free(&h);
}

/* A hit in the first level does not refresh the second: with two entries each, A B (A) C: the
 * first level drops B, the second drops A. So B then hits the second level. */
static void test_hand_no_refresh(void)
{
	static const char *const lines[] = {" L 00001000,8", " L 00002000,8", " L 00001000,8",
					    " L 00003000,8", " L 00002000,8", NULL};
	struct hierarchy h;

	hierarchy_init(&h, &(struct geometry){"", 2, 2, 2, 2, 2, 2});
	replay_text(&h, lines);
	check_side(&h.first[DATA], 1, 4);
	check_side(&h.second, 1, 3);
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

	hierarchy_init(&h, &(struct geometry){"", 4, 4, 1, 1, 0, 1});
	replay_text(&h, across);
	/* 1 miss, 2 miss; 1 hit; load: 2 hit, 3 miss; store: 2 hit, 3 hit */
	check_side(&h.first[DATA], 4, 3);
	hierarchy_free(&h);
	hierarchy_init(&h, &(struct geometry){"", 4, 1, 1, 1, 0, 1});
	replay_text(&h, conflict);
	check_side(&h.first[DATA], 1, 4);
	hierarchy_free(&h);
}

/* --- the program against the model ------------------------------------------------------- */

/* run_program: memory is plenty and nothing is evicted; walks cost nothing, so that no timer of
 * the memory manager elapses even where every reference walks. */
static cJSON *run_program(const char *trace, const struct geometry *g)
{
	char *set[] = {g_strdup_printf("tlb.l1d.entries=%u", g->d_entries),
		       g_strdup_printf("tlb.l1d.ways=%u", g->d_ways),
		       g_strdup_printf("tlb.l1i.entries=%u", g->i_entries),
		       g_strdup_printf("tlb.l1i.ways=%u", g->i_ways),
		       g_strdup_printf("tlb.l2.ways=%u", g->l2_ways),
		       g_strdup_printf("tlb.l2.entries=%u", g->l2_entries),
		       g_strdup("memory.size=4GiB"),
		       g_strdup("dram.latency=0"),
		       NULL};
	cJSON *report = model_run(trace, (const char *const *)set);

	for (char **s = set; *s; s++)
		g_free(*s);
	return report;
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
	model_compare(report, "itlb_hits", h.first[FETCH].hits, g->name);
	model_compare(report, "itlb_misses", h.first[FETCH].misses, g->name);
	model_compare(report, "dtlb_hits", h.first[DATA].hits, g->name);
	model_compare(report, "dtlb_misses", h.first[DATA].misses, g->name);
	model_compare(report, "stlb_hits", h.second.hits, g->name);
	model_compare(report, "stlb_misses", h.second.misses, g->name);
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

static void add_file(const char *path)
{
	char *base = g_path_get_basename(path);

	for (size_t g = 0; g < G_N_ELEMENTS(geometries); g++) {
		struct job *job = g_new(struct job, 1); /* lives as long as the program */
		char *name = g_strdup_printf("/tlb-model/%s/%s", base, geometries[g].name);

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
		add_file(*full);
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
	add_file("tests/model/bfs.lackey.xz");
	add_file("tests/model/python3.lackey.xz");
	return g_test_run();
}
