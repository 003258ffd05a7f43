/* test_vad.c: the tree of blocks against an array with one owner a page (V1, V10, V11). */
#include "vmm/vad.h"

#include "base/rng.h"
#include "rules.h"

#include <glib.h>

#define PAGES 2048
#define LO 0x10
#define HI (PAGES - 33) /* so that the end of the range is off granularity, too */
#define G VMSIM_GRANULARITY_PAGES

struct model {
	struct vad_tree tree;
	struct vad *owner[PAGES + 64];
	uint64_t blocks, pages;
};

static void model_init(struct model *m)
{
	*m = (struct model){.blocks = 0};
	vad_tree_init(&m->tree, (vmsim_va)LO << 12, ((vmsim_va)HI << 12) | 0xFFF);
}

static bool model_free(const struct model *m, uint64_t first, uint64_t n)
{
	for (uint64_t i = first; i < first + n; i++)
		if (m->owner[i])
			return false;
	return true;
}

static bool model_hole(const struct model *m, const struct vad_search *want, uint64_t *at)
{
	uint64_t low = MAX(want->low, LO), high = MIN(want->high, HI);
	bool found = false;

	for (uint64_t b = 0; b <= HI; b += want->align) {
		if (b < low || b > high || want->n > high + 1 - b || !model_free(m, b, want->n))
			continue;
		*at = b;
		found = true;
		if (!want->top_down)
			return true;
	}
	return found;
}

/* The search as most ask for it: anywhere from `from` up, on the granularity. */
static bool hole(const struct vad_tree *tree, uint64_t n, uint64_t from, bool top, uint64_t *at)
{
	struct vad_search want = {.n = n, .low = from, .high = UINT64_MAX >> VMSIM_PAGE_SHIFT,
				  .align = G, .top_down = top};

	return vad_hole(tree, &want, at);
}

static void insert(struct model *m, uint64_t first, uint64_t n)
{
	struct vad *vad = vad_insert(&m->tree, first, first + n - 1);

	for (uint64_t i = first; i < first + n; i++)
		m->owner[i] = vad;
	m->blocks++;
	m->pages += n;
}

static void take_out(struct model *m, struct vad *vad)
{
	for (uint64_t i = vad->first; i <= vad->last; i++)
		m->owner[i] = NULL;
	m->blocks--;
	m->pages -= vad->last - vad->first + 1;
	vad_remove(&m->tree, vad);
}

/* Any place that is asked for: bounded or not, aligned or not, from either end. */
static void check_holes(const struct model *m, uint64_t n, struct rng *rng)
{
	for (int i = 0; i < 16; i++) {
		struct vad_search want = {
			.n = n,
			.low = i & 1 ? rng_below(rng, HI) : 0,
			.high = i & 2 ? rng_below(rng, PAGES + 64) : UINT64_MAX >> 12,
			.align = i & 4 ? G << rng_below(rng, 6) : G,
			.top_down = i & 8,
		};
		uint64_t expected = 0, got = 0;
		bool is = model_hole(m, &want, &expected);

		g_assert_cmpint(vad_hole(&m->tree, &want, &got), ==, is);
		if (is)
			g_assert_cmpuint(got, ==, expected);
	}
}

static void check_page(const struct model *m, uint64_t vpn)
{
	struct vad *next = NULL;

	for (uint64_t i = vpn; i <= HI && !next; i++)
		next = m->owner[i];
	g_assert_true(vad_find(&m->tree, vpn) == m->owner[vpn]);
	g_assert_true(vad_next(&m->tree, vpn) == next);
}

struct walk {
	uint64_t n, last;
};

static void in_order(void *ctx, struct vad *vad)
{
	struct walk *w = ctx;

	g_assert_true(w->n == 0 || vad->first > w->last);
	w->last = vad->last;
	w->n++;
}

static void check_all(const struct model *m)
{
	struct walk w = {0, 0};

	g_assert_true(vad_check(&m->tree));
	g_assert_cmpuint(m->tree.n, ==, m->blocks);
	g_assert_cmpuint(m->tree.reserved_pages, ==, m->pages);
	vad_foreach(&m->tree, in_order, &w);
	g_assert_cmpuint(w.n, ==, m->blocks);
}

static void own(struct model *m, uint64_t first, uint64_t last, struct vad *vad)
{
	for (uint64_t i = first; i <= last; i++)
		m->owner[i] = vad;
}

/* A block is cut in two, joined with the next, or given other ends. */
static void reshape(struct model *m, struct rng *rng, struct vad *vad)
{
	uint64_t n = vad->last - vad->first + 1, at = vad->first + rng_below(rng, n);
	struct vad *next = m->owner[vad->last + 1];
	uint64_t end = vad->last;

	if (at > vad->first && rng_below(rng, 2)) {
		own(m, at, end, vad_split(&m->tree, vad, at));
		m->blocks++;
	} else if (next && next->first == vad->last + 1) {
		uint64_t last = next->last;

		vad_join(&m->tree, vad, next);
		own(m, vad->first, last, vad);
		m->blocks--;
	} else {
		uint64_t first = MIN(at, vad->first + G), last = MIN(vad->last + G / 2, HI);

		while (model_free(m, first - 1, 1) && first > LO && first % 5)
			first--;
		while (!model_free(m, vad->last + 1, last - vad->last))
			last--;
		own(m, vad->first, vad->last, NULL);
		vad_resize(&m->tree, vad, first, last);
		own(m, first, last, vad);
		m->pages += last - first + 1 - n;
	}
}

static void random_step(struct model *m, struct rng *rng, uint64_t longest)
{
	uint64_t first = LO + rng_below(rng, (HI - LO) / G) * G, n = 1 + rng_below(rng, longest);
	uint64_t last = first + n - 1, kind = rng_below(rng, 8);
	uint64_t victim = rng_below(rng, HI);

	if (kind < 4 && last <= HI && model_free(m, first, n)) {
		g_assert_false(vad_overlaps(&m->tree, first, last));
		insert(m, first, n);
	} else if (kind < 4 && last <= HI) {
		g_assert_true(vad_overlaps(&m->tree, first, last));
	} else if (kind < 6 && m->owner[victim]) {
		take_out(m, m->owner[victim]);
	} else if (kind < 7 && m->owner[victim]) {
		reshape(m, rng, m->owner[victim]);
	} else if (hole(&m->tree, n, 0, kind & 1, &first)) {
		insert(m, first, n);
	}
}

static void test_random(void)
{
	static const uint64_t longest[] = {1, 20, 70, 400};

	RULES("V1 V11");
	for (uint64_t seed = 0; seed < 12; seed++) {
		static struct model m;
		struct rng rng = {seed};

		model_init(&m);
		for (int i = 0; i < 1500; i++) {
			random_step(&m, &rng, longest[seed % 4]);
			check_holes(&m, 1 + rng_below(&rng, 90), &rng);
			check_holes(&m, 1 + rng_below(&rng, PAGES), &rng);
			check_page(&m, rng_below(&rng, HI + 1));
			if (i % 25 == 0)
				check_all(&m);
		}
		check_all(&m);
		vad_tree_fini(&m.tree);
	}
}

/* The shape depends on the blocks alone, so a run does not depend on its history. */
static void test_find_borders(void)
{
	static struct model m;

	RULES("V1");
	model_init(&m);
	insert(&m, 0x20, 3);
	insert(&m, 0x30, 16);
	insert(&m, 0x40, 1);
	for (uint64_t vpn = 0x1E; vpn < 0x44; vpn++)
		check_page(&m, vpn);
	g_assert_true(vad_overlaps(&m.tree, 0x10, 0x20));
	g_assert_false(vad_overlaps(&m.tree, 0x10, 0x1F));
	g_assert_true(vad_overlaps(&m.tree, 0x22, 0x22));
	g_assert_false(vad_overlaps(&m.tree, 0x23, 0x2F));
	g_assert_true(vad_overlaps(&m.tree, 0x10, 0x100));
	vad_tree_fini(&m.tree);
}

/* V10: the tail of a granule is free but begins no block. */
static void test_tails(void)
{
	static struct model m;
	uint64_t at;

	RULES("V10 V11");
	model_init(&m);
	insert(&m, LO, 1);
	g_assert_true(hole(&m.tree, 1, LO, false, &at));
	g_assert_cmpuint(at, ==, LO + G);
	insert(&m, LO + 2 * G, G + 1); /* leaves one granule, then a tail of 15 pages */
	insert(&m, LO + 4 * G, 1);
	g_assert_true(hole(&m.tree, G, LO, false, &at));
	g_assert_cmpuint(at, ==, LO + G);
	g_assert_true(hole(&m.tree, G + 1, LO, false, &at));
	g_assert_cmpuint(at, ==, LO + 5 * G);
	g_assert_false(hole(&m.tree, HI, LO, false, &at));
	vad_tree_fini(&m.tree);
}

static void test_from(void)
{
	static struct model m;
	uint64_t at;

	RULES("V7 V11");
	model_init(&m);
	g_assert_true(hole(&m.tree, 4, LO + 3, false, &at)); /* rounded up */
	g_assert_cmpuint(at, ==, LO + G);
	g_assert_true(hole(&m.tree, 4, 0, false, &at)); /* never below lo (V7) */
	g_assert_cmpuint(at, ==, LO);
	insert(&m, LO + 4 * G, G);
	g_assert_true(hole(&m.tree, 2 * G, LO + 3 * G, false, &at));
	g_assert_cmpuint(at, ==, LO + 5 * G);
	g_assert_true(hole(&m.tree, G, LO + 3 * G, false, &at));
	g_assert_cmpuint(at, ==, LO + 3 * G);
	vad_tree_fini(&m.tree);
}

static void test_top_down(void)
{
	static struct model m;
	uint64_t at;

	RULES("V11");
	model_init(&m);
	g_assert_true(hole(&m.tree, 1, 0, true, &at)); /* HI + 1 is off granularity */
	g_assert_cmpuint(at, ==, HI / G * G);
	insert(&m, at, 1);
	g_assert_true(hole(&m.tree, 1, 0, true, &at));
	g_assert_cmpuint(at, ==, HI / G * G - G);
	g_assert_true(hole(&m.tree, G + 1, 0, true, &at));
	g_assert_cmpuint(at, ==, HI / G * G - 2 * G);
	vad_tree_fini(&m.tree);
}

/* A block that may grow, as implicit pages do (Q5), closes the hole behind it. */
static void test_extend(void)
{
	static struct model m;
	struct vad *vad;
	uint64_t at;

	RULES("Q5");
	model_init(&m);
	vad = vad_insert(&m.tree, LO, LO);
	vad->implicit = true;
	vad_insert(&m.tree, LO + 4 * G, LO + 4 * G);
	g_assert_true(hole(&m.tree, 3 * G, LO, false, &at));
	g_assert_cmpuint(at, ==, LO + G);
	vad_resize(&m.tree, vad, LO, LO + G);
	g_assert_true(vad_find(&m.tree, LO + G) == vad);
	g_assert_cmpuint(m.tree.reserved_pages, ==, G + 2);
	g_assert_true(hole(&m.tree, 2 * G, LO, false, &at));
	g_assert_cmpuint(at, ==, LO + 2 * G);
	g_assert_true(hole(&m.tree, 3 * G, LO, false, &at));
	g_assert_cmpuint(at, ==, LO + 5 * G);
	g_assert_true(vad_check(&m.tree));
	vad_tree_fini(&m.tree);
}

/* Blocks above hi, as implicit pages may be (Q5), leave placement inside [lo, hi] (V11). */
static void test_above_hi(void)
{
	static struct model m;
	uint64_t at;

	RULES("V11 Q5");
	model_init(&m);
	vad_insert(&m.tree, HI + 1, HI + 1)->implicit = true;
	g_assert_true(hole(&m.tree, 1, 0, true, &at));
	g_assert_cmpuint(at, <=, HI);
	vad_tree_fini(&m.tree);
	model_init(&m);
	vad_insert(&m.tree, PAGES + 40, PAGES + 40)->implicit = true;
	g_assert_true(hole(&m.tree, 1, 0, true, &at));
	g_assert_cmpuint(at, ==, HI / G * G);
	g_assert_false(hole(&m.tree, HI - LO + 2, 0, false, &at));
	g_assert_true(hole(&m.tree, HI - LO + 1, 0, false, &at));
	g_assert_cmpuint(at, ==, LO);
	vad_tree_fini(&m.tree);
}

static void expect_written(const struct vad *vad, size_t n, const vmsim_vpn *pages)
{
	g_assert_cmpuint(g_hash_table_size(vad->written), ==, n);
	for (size_t i = 0; i < n; i++)
		g_assert_true(g_hash_table_contains(vad->written, (void *)(uintptr_t)pages[i]));
}

/* Facts stay with their pages: what a block is, and which of its pages were written (E16). */
static void test_split(void)
{
	static const vmsim_vpn pages[] = {LO, LO + 40, LO + 64, LO + 65};
	static struct model m;
	struct vad *vad, *upper;

	model_init(&m);
	vad = vad_insert(&m.tree, LO, LO + 99);
	vad->kind = VAD_PLACEHOLDER;
	vad->alloc_protect = 4;
	vad->prot = 3;
	vad->commit_at_reserve = vad->replaced = true;
	vad->committed = 60;
	vad->written = g_hash_table_new(NULL, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(pages); i++)
		g_hash_table_add(vad->written, (void *)(uintptr_t)pages[i]);
	upper = vad_split(&m.tree, vad, LO + 33);
	g_assert_cmpuint(vad->first, ==, LO);
	g_assert_cmpuint(vad->last, ==, LO + 32);
	expect_written(vad, 1, pages);
	g_assert_cmpuint(upper->first, ==, LO + 33);
	g_assert_cmpuint(upper->last, ==, LO + 99);
	g_assert_cmpint(upper->kind, ==, VAD_PLACEHOLDER);
	g_assert_cmpuint(upper->alloc_protect, ==, 4);
	g_assert_cmpuint(upper->prot, ==, 3);
	g_assert_true(upper->commit_at_reserve && upper->replaced);
	g_assert_cmpuint(upper->committed, ==, 0);
	expect_written(upper, 3, pages + 1);
	g_assert_cmpuint(m.tree.reserved_pages, ==, 100);
	g_assert_true(vad_check(&m.tree));
	vad_resize(&m.tree, upper, LO + 40, LO + 80);
	expect_written(upper, 3, pages + 1);
	g_assert_cmpuint(m.tree.reserved_pages, ==, 74);
	vad_resize(&m.tree, upper, LO + 33, LO + 80);
	upper->committed = 7;
	vad_join(&m.tree, vad, upper);
	g_assert_cmpuint(vad->last, ==, LO + 80);
	g_assert_cmpuint(vad->committed, ==, 67);
	g_assert_true(vad_find(&m.tree, LO + 80) == vad);
	g_assert_cmpuint(m.tree.n, ==, 1);
	g_assert_cmpuint(m.tree.reserved_pages, ==, 81);
	g_assert_true(vad_check(&m.tree));
	vad_tree_fini(&m.tree);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/vad/random", test_random);
	g_test_add_func("/vad/borders", test_find_borders);
	g_test_add_func("/vad/tails", test_tails);
	g_test_add_func("/vad/from", test_from);
	g_test_add_func("/vad/top-down", test_top_down);
	g_test_add_func("/vad/extend", test_extend);
	g_test_add_func("/vad/split", test_split);
	g_test_add_func("/vad/above-hi", test_above_hi);
	return g_test_run();
}
