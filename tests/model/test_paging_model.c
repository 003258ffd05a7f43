/* test_paging_model.c: page faults and dirty evictions of the program against the textbook.
 *
 * FIFO, LRU and CLOCK over N frames, written in the plainest way, on a stream of (page, store):
 *   FIFO    evicts the page longest in memory
 *   LRU     evicts the page whose last reference is oldest
 *   CLOCK   frames stand in a circle; the hand clears set bits and takes the first clear one. A
 *           page brought in has its bit set, or clear in the variant; the hand moves past it
 * A page is dirty once written; evicting it then is a dirty eviction and leaves a copy in the
 * pagefile, so that its next fault is a hard one. Nothing is written back at the end.
 *
 * The models are checked first against cases worked by hand and the public table of gcc and swim
 * (two independent programs agree on it), then the program against the models (timing T22). */
#include "model/model.h"
#include "rules.h"

enum policy { FIFO, LRU, CLOCK, CLOCK_CLEAR, N_POLICIES };

static const char *const policy_name[] = {"fifo", "lru", "clock", "clock"};

struct ref {
	uint64_t page;
	bool store;
};

struct result {
	uint64_t faults, dirty_evictions, hard_faults;
};

/* --- the textbook ------------------------------------------------------------------------ */

struct frame {
	uint64_t page, loaded, used;
	bool dirty, bit;
};

struct memory {
	enum policy policy;
	size_t n, n_used, hand;
	struct frame *frame;
	GHashTable *where;   /* page -> index + 1 */
	GHashTable *written; /* pages with a copy in the pagefile */
	uint64_t now;
	struct result result;
};

static gpointer key(uint64_t page)
{
	return (gpointer)(uintptr_t)page; /* page numbers here stay below 2^52 */
}

static size_t oldest(const struct memory *m, bool by_use)
{
	size_t best = 0;

	for (size_t i = 1; i < m->n; i++) {
		uint64_t t = by_use ? m->frame[i].used : m->frame[i].loaded;

		if (t < (by_use ? m->frame[best].used : m->frame[best].loaded))
			best = i;
	}
	return best;
}

static size_t sweep(struct memory *m)
{
	size_t victim;

	while (m->frame[m->hand].bit) {
		m->frame[m->hand].bit = false;
		m->hand = (m->hand + 1) % m->n;
	}
	victim = m->hand;
	m->hand = (m->hand + 1) % m->n;
	return victim;
}

/* place: the frame for a page that is not in memory; evicts when none is unused. */
static size_t place(struct memory *m)
{
	struct frame *f;
	size_t victim;

	if (m->n_used < m->n)
		return m->n_used++;
	victim = m->policy == FIFO  ? oldest(m, false)
		 : m->policy == LRU ? oldest(m, true)
				    : sweep(m);
	f = &m->frame[victim];
	g_hash_table_remove(m->where, key(f->page));
	if (f->dirty) {
		m->result.dirty_evictions++;
		g_hash_table_add(m->written, key(f->page));
	}
	return victim;
}

static void reference(struct memory *m, struct ref r)
{
	size_t at = GPOINTER_TO_SIZE(g_hash_table_lookup(m->where, key(r.page)));
	struct frame *f;

	m->now++;
	if (at == 0) {
		m->result.faults++;
		m->result.hard_faults += g_hash_table_contains(m->written, key(r.page)) ? 1 : 0;
		at = place(m) + 1;
		g_hash_table_insert(m->where, key(r.page), GSIZE_TO_POINTER(at));
		m->frame[at - 1] =
			(struct frame){r.page, m->now, m->now, r.store, m->policy != CLOCK_CLEAR};
		return;
	}
	f = &m->frame[at - 1];
	f->used = m->now;
	f->bit = true;
	f->dirty = f->dirty || r.store;
}

static struct result textbook(enum policy policy, size_t frames, const GArray *refs)
{
	struct memory m = {.policy = policy,
			   .n = frames,
			   .frame = g_new0(struct frame, frames),
			   .where = g_hash_table_new(NULL, NULL),
			   .written = g_hash_table_new(NULL, NULL)};

	for (guint i = 0; i < refs->len; i++)
		reference(&m, g_array_index(refs, struct ref, i));
	g_hash_table_destroy(m.where);
	g_hash_table_destroy(m.written);
	g_free(m.frame);
	return m.result;
}

/* --- streams ----------------------------------------------------------------------------- */

/* parse: "A b c" is a load of page A and stores to pages B and C. */
static GArray *stream_of_letters(const char *text)
{
	GArray *refs = g_array_new(FALSE, FALSE, sizeof(struct ref));

	for (; *text; text++) {
		struct ref r = {(uint64_t)(g_ascii_toupper(*text) - 'A' + 1),
				g_ascii_islower(*text)};

		if (g_ascii_isalpha(*text))
			g_array_append_val(refs, r);
	}
	return refs;
}

/* stream_of_course: "l 0xADDR N" and "s 0xADDR N" lines. */
static GArray *stream_of_course(const char *path)
{
	GArray *refs = g_array_new(FALSE, FALSE, sizeof(struct ref));
	FILE *in = model_open(path);
	char line[128], kind;
	unsigned long long address;

	while (fgets(line, sizeof line, in)) {
		struct ref r;

		if (sscanf(line, " %c %llx", &kind, &address) != 2)
			continue;
		r = (struct ref){address >> 12, kind == 's'};
		g_array_append_val(refs, r);
	}
	g_assert_cmpint(pclose(in), ==, 0);
	return refs;
}

static uint64_t pattern_uniform(uint64_t *state, guint i)
{
	(void)i;
	return model_random(state) % 100;
}

/* Nine references of ten to a tenth of the pages. */
static uint64_t pattern_skewed(uint64_t *state, guint i)
{
	uint64_t r = model_random(state);

	(void)i;
	return r % 10 ? (r >> 8) % 20 : 20 + (r >> 8) % 180;
}

/* A loop a little longer than memory, now and then interrupted. */
static uint64_t pattern_loop(uint64_t *state, guint i)
{
	uint64_t r = model_random(state);

	return r % 32 ? i % 40 : 40 + (r >> 8) % 16;
}

/* Phases, each with a working set of its own that overlaps the last. */
static uint64_t pattern_phases(uint64_t *state, guint i)
{
	return i / 1500 * 13 + model_random(state) % 26;
}

/* A walk up and down a stack. */
static uint64_t pattern_stack(uint64_t *state, guint i)
{
	static uint64_t depth;
	uint64_t r = model_random(state);

	if (i == 0)
		depth = 60;
	if (r & 1)
		depth += depth < 120 ? 1 : 0;
	else
		depth -= depth > 0 ? 1 : 0;
	return r & 6 ? depth : (r >> 8) % 130;
}

static const struct pattern {
	const char *name;
	uint64_t (*page)(uint64_t *state, guint i);
} patterns[] = {{"uniform", pattern_uniform},
		{"skewed", pattern_skewed},
		{"loop", pattern_loop},
		{"phases", pattern_phases},
		{"stack", pattern_stack}};

static GArray *stream_of_pattern(const struct pattern *p, uint64_t seed)
{
	GArray *refs = g_array_new(FALSE, FALSE, sizeof(struct ref));
	uint64_t state = seed;

	for (guint i = 0; i < 12000; i++) {
		struct ref r = {0x400 + p->page(&state, i), false};

		r.store = model_random(&state) % 3 == 0;
		g_array_append_val(refs, r);
	}
	return refs;
}

/* --- the models against known answers ----------------------------------------------------- */

static void check_hand(enum policy policy, size_t frames, const char *text, struct result expected)
{
	GArray *refs = stream_of_letters(text);
	struct result r = textbook(policy, frames, refs);

	g_assert_cmpuint(r.faults, ==, expected.faults);
	g_assert_cmpuint(r.dirty_evictions, ==, expected.dirty_evictions);
	g_assert_cmpuint(r.hard_faults, ==, expected.hard_faults);
	g_array_free(refs, TRUE);
}

/* Belady's stream: FIFO has 9 faults with three frames and 10 with four; LRU 10 and 8. */
static void test_hand_belady(void)
{
	check_hand(FIFO, 3, "ABCDABEABCDE", (struct result){9, 0, 0});
	check_hand(FIFO, 4, "ABCDABEABCDE", (struct result){10, 0, 0});
	check_hand(LRU, 3, "ABCDABEABCDE", (struct result){10, 0, 0});
	check_hand(LRU, 4, "ABCDABEABCDE", (struct result){8, 0, 0});
}

/* Two frames, a stored. FIFO: a B A(hit) C evicts a (dirty); A again is hard, evicts B; 4 faults.
 * LRU: C evicts B (clean); A hits: 3 faults, none dirty. */
static void test_hand_dirty(void)
{
	check_hand(FIFO, 2, "aBACA", (struct result){4, 1, 1});
	check_hand(LRU, 2, "aBACA", (struct result){3, 0, 0});
	/* A hard-faulted page that is not stored again keeps its copy: evicting it is clean, and
	 * its next fault is hard again. One frame: a B A B A. */
	check_hand(LRU, 1, "aBABA", (struct result){5, 1, 2});
}

/* Three frames: A B C in, hand at A. Bits set on insertion: D clears all three, takes A's frame,
 * hand at B. B is hit (bit set). E clears B, takes C. A then takes... D's bit is set (insertion):
 * hand stands at D: clears D, B is clear: takes B. So A B C D [B] E A: 6 faults, and B again is a
 * seventh. With bits clear on insertion D takes A at once (hand B); B hit; E passes B, takes C;
 * hand at D, whose bit is clear: A takes D's frame. B is still there: 6 faults. */
static void test_hand_clock(void)
{
	check_hand(CLOCK, 3, "ABCDBEAB", (struct result){7, 0, 0});
	check_hand(CLOCK_CLEAR, 3, "ABCDBEAB", (struct result){6, 0, 0});
}

static const size_t table_frames[] = {8, 16, 32, 64};

static const struct table_row {
	const char *trace;
	enum policy policy;
	uint64_t cell[4][2]; /* faults, dirty evictions */
} table[] = {
	{"gcc", FIFO, {{29011, 11519}, {8568, 3542}, {1375, 660}, {551, 258}}},
	{"gcc", LRU, {{23027, 7464}, {6172, 2226}, {736, 344}, {409, 169}}},
	{"gcc", CLOCK, {{25430, 9058}, {6934, 2544}, {869, 402}, {421, 169}}},
	{"gcc", CLOCK_CLEAR, {{23680, 7621}, {6517, 2288}, {797, 356}, {412, 166}}},
	{"swim", FIFO, {{13893, 8499}, {844, 470}, {326, 158}, {177, 69}}},
	{"swim", LRU, {{9387, 5280}, {530, 239}, {205, 83}, {140, 47}}},
	{"swim", CLOCK, {{11538, 6401}, {601, 296}, {223, 98}, {148, 52}}},
};

static const GArray *course(const char *name)
{
	static GArray *gcc, *swim;
	GArray **which = strcmp(name, "gcc") == 0 ? &gcc : &swim;

	if (!*which)
		*which = stream_of_course(which == &gcc ? "tests/known/gcc.trace.gz"
							: "tests/known/swim.trace.gz");
	return *which;
}

static void test_table(void)
{
	g_assert_cmpuint(course("gcc")->len, ==, 515683);
	g_assert_cmpuint(course("swim")->len, ==, 303193);
	for (size_t i = 0; i < G_N_ELEMENTS(table); i++)
		for (size_t f = 0; f < 4; f++) {
			struct result r =
				textbook(table[i].policy, table_frames[f], course(table[i].trace));

			g_assert_cmpuint(r.faults, ==, table[i].cell[f][0]);
			g_assert_cmpuint(r.dirty_evictions, ==, table[i].cell[f][1]);
		}
}

/* --- the program against the models ------------------------------------------------------- */

/* write_lackey: one byte each, so that a reference is a page. */
static char *write_lackey(const GArray *refs)
{
	char *path = model_temp();
	FILE *out = fopen(path, "w");

	g_assert_nonnull(out);
	for (guint i = 0; i < refs->len; i++) {
		struct ref r = g_array_index(refs, struct ref, i);

		fprintf(out, " %c %08" G_GINT64_MODIFIER "x,1\n", r.store ? 'S' : 'L',
			r.page << 12);
	}
	g_assert_cmpint(fclose(out), ==, 0);
	return path;
}

static void compare(const char *trace, const GArray *refs, enum policy policy, size_t frames)
{
	char *where =
		g_strdup_printf("%s%s, %u frames", policy_name[policy],
				policy == CLOCK_CLEAR ? " (bit clear)" : "", (unsigned)frames);
	char *set[] = {g_strdup_printf("memory.frames=%u", (unsigned)frames),
		       g_strdup("memory.page_tables=out"),
		       g_strdup("memory.zero_fill_dirty=false"),
		       g_strdup_printf("replacement.policy=%s", policy_name[policy]),
		       g_strdup("replacement.scope=global"),
		       g_strdup("replacement.sees=every-reference"),
		       g_strdup("standby.enabled=false"),
		       g_strdup_printf("replacement.clock.insert_referenced=%s",
				       policy == CLOCK_CLEAR ? "false" : "true"),
		       NULL};
	cJSON *report = model_run(trace, (const char *const *)set);
	struct result r = textbook(policy, frames, refs);

	if (report) {
		model_compare(report, "references", refs->len, where);
		model_compare(report, "page_faults", r.faults, where);
		model_compare(report, "pages_output", r.dirty_evictions, where);
		model_compare(report, "hard_faults", r.hard_faults, where);
		model_compare(report, "pages_input", r.hard_faults, where);
		model_compare(report, "demand_zero_faults", r.faults - r.hard_faults, where);
	}
	cJSON_Delete(report);
	for (char **s = set; *s; s++)
		g_free(*s);
	g_free(where);
}

static void test_course(gconstpointer data)
{
	const GArray *refs = course(data);
	char *trace = write_lackey(refs);

	RULES("L30.kept 8.1.hard 8.1.demand-zero");
	for (int p = 0; p < N_POLICIES; p++)
		for (size_t f = 0; f < G_N_ELEMENTS(table_frames); f++)
			compare(trace, refs, (enum policy)p, table_frames[f]);
	g_unlink(trace);
	g_free(trace);
}

static void test_pattern(gconstpointer data)
{
	static const size_t frames[] = {1, 3, 17, 36, 64};
	const struct pattern *p = data;

	RULES("L30.kept 8.1.hard 8.1.demand-zero");
	for (uint64_t seed = 1; seed <= 2; seed++) {
		GArray *refs = stream_of_pattern(p, seed);
		char *trace = write_lackey(refs);

		for (int policy = 0; policy < N_POLICIES; policy++)
			for (size_t f = 0; f < G_N_ELEMENTS(frames); f++)
				compare(trace, refs, (enum policy)policy, frames[f]);
		g_unlink(trace);
		g_free(trace);
		g_array_free(refs, TRUE);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	g_test_add_func("/paging-model/hand/belady", test_hand_belady);
	g_test_add_func("/paging-model/hand/dirty", test_hand_dirty);
	g_test_add_func("/paging-model/hand/clock", test_hand_clock);
	g_test_add_func("/paging-model/table", test_table);
	g_test_add_data_func("/paging-model/program/gcc", "gcc", test_course);
	g_test_add_data_func("/paging-model/program/swim", "swim", test_course);
	for (size_t i = 0; i < G_N_ELEMENTS(patterns); i++) {
		char *name = g_strdup_printf("/paging-model/program/%s", patterns[i].name);

		g_test_add_data_func(name, &patterns[i], test_pattern);
		g_free(name);
	}
	return g_test_run();
}
