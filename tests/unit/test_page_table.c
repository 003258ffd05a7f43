/* test_page_table.c: radix tables of every shape against a hash of entries (semantics H1, L38). */
#include "mmu/page_table.h"

#include "base/rng.h"
#include "rules.h"

#include <glib.h>

static const unsigned index_bits[4][5] = {{10, 10}, {9, 9, 2}, {9, 9, 9, 9}, {9, 9, 9, 9, 9}};
static const unsigned address_bits[4] = {32, 32, 48, 57};

static void test_shapes(void)
{
	RULES("H1 V6");
	for (unsigned levels = 2; levels <= 5; levels++) {
		const struct pt_shape *shape = pt_shape_of(levels);
		unsigned shift = 0;

		g_assert_cmpuint(shape->levels, ==, levels);
		for (unsigned l = 0; l < levels; l++) {
			g_assert_cmpuint(shape->bits[l], ==, index_bits[levels - 2][l]);
			g_assert_cmpuint(shape->shift[l], ==, shift);
			shift += shape->bits[l];
		}
		g_assert_cmpuint(shape->entry_size, ==, levels == 2 ? 4 : 8);
		g_assert_cmphex(shape->lo, ==, 0x10000);
		g_assert_cmphex(shape->hi, ==, levels >= 4 ? 0x7FFFFFFEFFFFu : 0x7FFEFFFFu);
		g_assert_cmpuint(shape->address_bits, ==, address_bits[levels - 2]);
		/* of canonical addresses the lower half */
		g_assert_cmphex(shape->vpn_end, ==,
				levels == 5   ? 1ull << 44
				: levels == 4 ? 1ull << 35
					      : 1ull << 20);
	}
}

static void test_index(void)
{
	RULES("H1");
	/* 0x123456789000: bits 47:39 = 0x24, 38:30 = 0xD1, 29:21 = 0xB3, 20:12 = 0x189 */
	const struct pt_shape *x64 = pt_shape_of(4), *x86 = pt_shape_of(2), *pae = pt_shape_of(3);
	vmsim_vpn vpn = 0x123456789000 >> 12;

	g_assert_cmphex(pt_index(x64, 3, vpn), ==, 0x24);
	g_assert_cmphex(pt_index(x64, 2, vpn), ==, 0xD1);
	g_assert_cmphex(pt_index(x64, 1, vpn), ==, 0xB3);
	g_assert_cmphex(pt_index(x64, 0, vpn), ==, 0x189);
	/* 0x5A123456789000: the same below bits 56:48 = 0x5A */
	for (unsigned l = 0; l < 4; l++)
		g_assert_cmphex(pt_index(pt_shape_of(5), l, 0x5A123456789), ==,
				pt_index(x64, l, vpn));
	g_assert_cmphex(pt_index(pt_shape_of(5), 4, 0x5A123456789), ==, 0x5A);
	/* 0xC0DEF000: 31:22 = 0x303, 21:12 = 0x1EF; PAE 31:30 = 3, 29:21 = 6, 20:12 = 0x1EF */
	g_assert_cmphex(pt_index(x86, 1, 0xC0DEF), ==, 0x303);
	g_assert_cmphex(pt_index(x86, 0, 0xC0DEF), ==, 0x1EF);
	g_assert_cmphex(pt_index(pae, 2, 0xC0DEF), ==, 3);
	g_assert_cmphex(pt_index(pae, 1, 0xC0DEF), ==, 6);
	g_assert_cmphex(pt_index(pae, 0, 0xC0DEF), ==, 0x1EF);
}

/* --- a page table with its frames ------------------------------------------------------------ */

#define FRAMES 4096

struct fixture {
	struct pt_pool pool;
	struct page_table pt;
	bool used[FRAMES];
	uint32_t n_used;
};

static void fixture_init(struct fixture *f, unsigned levels, bool outside)
{
	*f = (struct fixture){.n_used = 0};
	pt_pool_init(&f->pool, pt_shape_of(levels), FRAMES, outside);
	pt_init(&f->pt, &f->pool);
}

static vmsim_pfn take_frame(struct fixture *f)
{
	vmsim_pfn frame = 0;

	f->n_used++;
	if (f->pool.outside) {
		frame = pt_pool_outside(&f->pool);
		g_assert_cmpuint(frame, >=, FRAMES);
		return frame;
	}
	while (f->used[frame])
		frame++;
	f->used[frame] = true;
	return frame;
}

static void give_frame(void *ctx, vmsim_pfn frame)
{
	struct fixture *f = ctx;

	g_assert_true(f->used[frame]);
	f->used[frame] = false;
	f->n_used--;
}

static void prune(struct fixture *f, vmsim_vpn vpn, vmsim_vpn end)
{
	pt_prune(&f->pt, vpn, end, give_frame, f);
	if (f->pool.outside)
		f->n_used = f->pt.n_tables;
}

static void build(struct fixture *f, vmsim_vpn vpn)
{
	uint64_t missing = pt_missing(&f->pt, vpn, vpn + 1), added = 0;

	while (!pt_find(&f->pt, vpn)) {
		bool leaf = pt_add_table(&f->pt, vpn, take_frame(f));

		added++;
		g_assert_cmpint(leaf, ==, pt_find(&f->pt, vpn) != NULL);
	}
	g_assert_cmpuint(added, ==, missing);
	g_assert_cmpuint(pt_missing(&f->pt, vpn, vpn + 1), ==, 0);
}

static void fixture_fini(struct fixture *f)
{
	prune(f, 0, f->pool.shape->vpn_end);
	g_assert_cmpuint(f->pt.n_tables, ==, 0);
	g_assert_cmpuint(f->n_used, ==, 0);
	pt_pool_fini(&f->pool);
}

/* Tables needed for [vpn, end) beyond those of `have`, counted by their prefixes. */
static uint64_t naive_missing(const struct pt_shape *shape, GHashTable *have, vmsim_vpn vpn,
			      vmsim_vpn end)
{
	GHashTable *seen = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
	uint64_t n = 0;

	for (vmsim_vpn v = vpn; v < end; v++) {
		for (unsigned l = 0; l < shape->levels; l++) {
			unsigned up = shape->shift[l] + shape->bits[l];
			uint64_t key = (v >> up) << 3 | l;

			if (g_hash_table_contains(have, &key) || g_hash_table_contains(seen, &key))
				continue;
			g_hash_table_add(seen, g_memdup2(&key, sizeof(key)));
			n++;
		}
	}
	g_hash_table_destroy(seen);
	return n;
}

static void naive_add(const struct pt_shape *shape, GHashTable *have, vmsim_vpn vpn)
{
	for (unsigned l = 0; l < shape->levels; l++) {
		uint64_t key = (vpn >> (shape->shift[l] + shape->bits[l])) << 3 | l;

		g_hash_table_add(have, g_memdup2(&key, sizeof(key)));
	}
}

static void test_missing(void)
{
	for (unsigned levels = 2; levels <= 5; levels++) {
		const struct pt_shape *shape = pt_shape_of(levels);
		GHashTable *have = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
		static struct fixture f;
		struct rng rng = {levels};

		fixture_init(&f, levels, levels == 3);
		g_assert_cmpuint(pt_missing(&f.pt, 5, 5), ==, 0);
		for (int i = 0; i < 60; i++) {
			vmsim_vpn vpn = rng_below(&rng, 40) * 0x1FF + rng_below(&rng, 3) * 0x40000;
			uint64_t n = 1 + rng_below(&rng, 3000);

			vpn = MIN(vpn, shape->vpn_end - 3001);
			g_assert_cmpuint(pt_missing(&f.pt, vpn, vpn + n), ==,
					 naive_missing(shape, have, vpn, vpn + n));
			if (i % 2) {
				build(&f, vpn);
				naive_add(shape, have, vpn);
			}
		}
		g_assert_true(pt_check(&f.pt));
		g_hash_table_destroy(have);
		fixture_fini(&f);
	}
}

/* Building a whole range costs what was announced, and every page has an entry then. */
static void test_build_range(void)
{
	static struct fixture f;
	uint64_t missing;

	fixture_init(&f, 4, false);
	missing = pt_missing(&f.pt, 0x1F0, 0x1F0 + 0x500);
	for (vmsim_vpn vpn = 0x1F0; vpn < 0x1F0 + 0x500; vpn++)
		build(&f, vpn);
	g_assert_cmpuint(f.pt.n_tables, ==, missing);
	/* leaf tables 0, 1, 2, 3 and one of each level above */
	g_assert_cmpuint(missing, ==, 4 + 3);
	fixture_fini(&f);
}

static void test_random(void)
{
	for (unsigned levels = 2; levels <= 5; levels++) {
		const struct pt_shape *shape = pt_shape_of(levels);
		GHashTable *model = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
		static struct fixture f;
		struct rng rng = {77 + levels};

		fixture_init(&f, levels, levels == 4);
		for (int i = 0; i < 4000; i++) {
			uint64_t far = rng_below(&rng, 8) * (shape->vpn_end / 8);
			uint64_t vpn = far + rng_below(&rng, 2000), *in;
			pte_t pte = rng_below(&rng, 3) ? rng_next(&rng) | 2 : 0;

			if (pte || pt_find(&f.pt, vpn)) {
				build(&f, vpn);
				pt_set(&f.pt, vpn, pte);
				g_hash_table_replace(model, g_memdup2(&vpn, sizeof(vpn)),
						     g_memdup2(&pte, sizeof(pte)));
			}
			vpn = far + rng_below(&rng, 2100);
			in = g_hash_table_lookup(model, &vpn);
			g_assert_cmphex(pt_get(&f.pt, vpn), ==, in ? *in : 0);
		}
		g_assert_true(pt_check(&f.pt));
		for (uint64_t v = 0; v < shape->vpn_end;) { /* clear all, by spans */
			struct pt_span span = pt_span_at(&f.pt, v, shape->vpn_end);

			g_assert_cmpuint(span.n, >, 0);
			for (uint64_t i = 0; span.node && i < span.n; i++) {
				uint64_t at = v + i, *in = g_hash_table_lookup(model, &at);

				g_assert_cmphex(span.node->entry[span.index + i], ==, in ? *in : 0);
				pt_span_set(&span, i, 0);
				g_hash_table_remove(model, &at);
			}
			v += span.n;
		}
		g_assert_cmpuint(g_hash_table_size(model), ==, 0);
		g_hash_table_destroy(model);
		fixture_fini(&f);
	}
}

static void test_spans(void)
{
	static struct fixture f;
	struct pt_span span;

	fixture_init(&f, 4, true);
	span = pt_span_at(&f.pt, 100, 200); /* no table at all */
	g_assert_null(span.node);
	g_assert_cmpuint(span.n, ==, 100);
	build(&f, 512);
	pt_set(&f.pt, 513, 0x80);
	span = pt_span_at(&f.pt, 3, 5000); /* the leaf table before it is absent */
	g_assert_null(span.node);
	g_assert_cmpuint(span.vpn, ==, 3);
	g_assert_cmpuint(span.n, ==, 509);
	span = pt_span_at(&f.pt, 513, 5000);
	g_assert_nonnull(span.node);
	g_assert_cmpuint(span.index, ==, 1);
	g_assert_cmpuint(span.n, ==, 511);
	g_assert_cmphex(span.node->entry[span.index], ==, 0x80);
	span = pt_span_at(&f.pt, 513, 520);
	g_assert_cmpuint(span.n, ==, 7);
	span = pt_span_at(&f.pt, (1 << 18) + 5, 1ull << 35); /* a table of level 1 is absent */
	g_assert_null(span.node);
	g_assert_cmpuint(span.n, ==, (1 << 18) - 5);
	span = pt_span_at(&f.pt, (1 << 27) + 5, 1ull << 35); /* level 2 */
	g_assert_null(span.node);
	g_assert_cmpuint(span.n, ==, (1 << 27) - 5);
	pt_set(&f.pt, 513, 0);
	fixture_fini(&f);
}

static void test_prune(void)
{
	static struct fixture f;

	RULES("L38");
	fixture_init(&f, 4, false);
	build(&f, 0);
	build(&f, 512);
	build(&f, 1 << 18); /* another table of level 1 */
	g_assert_cmpuint(f.pt.n_tables, ==, 7);
	pt_set(&f.pt, 3, 0x200); /* a decommitted marker keeps its table (L38) */
	prune(&f, 0, 512);
	g_assert_cmpuint(f.pt.n_tables, ==, 7);
	prune(&f, 512, 513); /* only a page of it, but nothing else is in it */
	g_assert_cmpuint(f.pt.n_tables, ==, 6);
	g_assert_null(pt_find(&f.pt, 512));
	g_assert_nonnull(pt_find(&f.pt, 0));
	prune(&f, 0, 1 << 18); /* outside the range: stays, though empty */
	g_assert_nonnull(pt_find(&f.pt, 1 << 18));
	prune(&f, 1 << 18, (1 << 18) + 1); /* the table above it goes, too */
	g_assert_cmpuint(f.pt.n_tables, ==, 4);
	pt_set(&f.pt, 3, 0);
	prune(&f, 3, 4);
	g_assert_cmpuint(f.pt.n_tables, ==, 0);
	g_assert_true(f.pt.root == VMSIM_NO_PFN);
	g_assert_cmpuint(f.n_used, ==, 0);
	build(&f, 7); /* and begins again */
	g_assert_true(pt_check(&f.pt));
	fixture_fini(&f);
}

/* Numbers beside memory are used again. */
static void test_outside(void)
{
	static struct fixture f;

	fixture_init(&f, 2, true);
	for (int round = 0; round < 50; round++) {
		for (vmsim_vpn vpn = 0; vpn < 40 * 1024; vpn += 1024)
			build(&f, vpn);
		prune(&f, 0, 40 * 1024);
		g_assert_cmpuint(f.pt.n_tables, ==, 0);
	}
	g_assert_cmpuint(f.pool.n_outside, ==, 41);
	fixture_fini(&f);
}

/* pt_check must see a wrong count. */
static void test_check(void)
{
	static struct fixture f;

	RULES("I29");
	fixture_init(&f, 3, true);
	build(&f, 0);
	pt_set(&f.pt, 1, 8);
	g_assert_true(pt_check(&f.pt));
	pt_find(&f.pt, 0)->used++;
	g_assert_false(pt_check(&f.pt));
	pt_find(&f.pt, 0)->used--;
	f.pt.n_tables++;
	g_assert_false(pt_check(&f.pt));
	f.pt.n_tables--;
	pt_set(&f.pt, 1, 0);
	fixture_fini(&f);
}

/* --- large pages ----------------------------------------------------------------------------- */

static void build_large(struct fixture *f, vmsim_vpn vpn)
{
	while (pt_missing_large(&f->pt, vpn, vpn + 1, 1))
		pt_add_table(&f->pt, vpn, take_frame(f));
}

/* One entry above the leaf maps 512 pages; nothing is missing there, and no leaf table is. */
static void test_large(void)
{
	RULES("H1");
	for (unsigned levels = 3; levels <= 5; levels++) {
		pte_t pde = pte_make_large(PROT_READWRITE, 1024, true);
		static struct fixture f;
		struct pt_span span;

		fixture_init(&f, levels, levels == 4);
		g_assert_cmpuint(pt_missing_large(&f.pt, 512, 1536, 1), ==, levels - 1);
		g_assert_cmpuint(pt_missing(&f.pt, 512, 1536), ==, levels - 1 + 2);
		build_large(&f, 512);
		g_assert_cmpuint(f.pt.n_tables, ==, levels - 1);
		pt_set_large(&f.pt, 512, 1, pde);
		g_assert_true(pt_check(&f.pt));
		g_assert_null(pt_find(&f.pt, 600));
		g_assert_cmphex(*pt_leaf(&f.pt, 600), ==, pde);
		g_assert_null(pt_leaf(&f.pt, 511));
		g_assert_cmphex(pt_get(&f.pt, 512), ==, pde);
		g_assert_cmphex(pt_get(&f.pt, 511) | pt_get(&f.pt, 1024), ==, 0);
		g_assert_cmpuint(pte_frame(pt_get(&f.pt, 1023)), ==, 1024 + 511);
		g_assert_cmphex(pt_get(&f.pt, 700) ^ pde, ==, (pte_t)(700 - 512) << 12);
		g_assert_cmpuint(pt_missing(&f.pt, 512, 1536), ==, 1);
		g_assert_cmpuint(pt_missing(&f.pt, 512, 1024), ==, 0);
		span = pt_span_at(&f.pt, 600, 5000);
		g_assert_true(span.large && !span.node);
		g_assert_cmpuint(span.n, ==, 1024 - 600);
		span = pt_span_at(&f.pt, 1024, 5000);
		g_assert_false(span.large);
		prune(&f, 0, 4096); /* what is used stays */
		g_assert_cmpuint(f.pt.n_tables, ==, levels - 1);
		pt_clear_large(&f.pt, 512);
		g_assert_cmpuint(f.pt.n_large, ==, 0);
		build(&f, 512); /* small pages may follow */
		pt_set(&f.pt, 512, 0x80);
		g_assert_cmphex(pt_get(&f.pt, 512), ==, 0x80);
		pt_set(&f.pt, 512, 0);
		g_assert_true(pt_check(&f.pt));
		fixture_fini(&f);
	}
}

/* With four levels or more, one two levels above the leaf maps 512 times as many. */
static void test_huge(void)
{
	RULES("H1");
	g_assert_false(pt_maps_large(pt_shape_of(2), 1));
	g_assert_false(pt_maps_large(pt_shape_of(3), 2));
	for (unsigned levels = 4; levels <= 5; levels++) {
		pte_t pdpte = pte_make_large(PROT_READWRITE, HUGE_PAGE, true);
		static struct fixture f;
		struct pt_span span;

		fixture_init(&f, levels, levels == 4);
		g_assert_cmpuint(pt_missing_large(&f.pt, HUGE_PAGE, 3 * HUGE_PAGE, 2), ==,
				 levels - 2);
		while (pt_missing_large(&f.pt, HUGE_PAGE, HUGE_PAGE + 1, 2))
			pt_add_table(&f.pt, HUGE_PAGE, take_frame(&f));
		pt_set_large(&f.pt, HUGE_PAGE, 2, pdpte);
		g_assert_true(pt_check(&f.pt));
		g_assert_cmpuint(f.pt.n_large, ==, HUGE_PAGE);
		g_assert_cmphex(*pt_leaf(&f.pt, HUGE_PAGE + 5000), ==, pdpte);
		g_assert_cmpuint(pte_frame(pt_get(&f.pt, 2 * HUGE_PAGE - 1)), ==, 2 * HUGE_PAGE - 1);
		g_assert_cmphex(pt_get(&f.pt, HUGE_PAGE - 1) | pt_get(&f.pt, 2 * HUGE_PAGE), ==, 0);
		g_assert_cmpuint(pt_missing(&f.pt, HUGE_PAGE, 2 * HUGE_PAGE), ==, 0);
		span = pt_span_at(&f.pt, HUGE_PAGE + 600, 9 * HUGE_PAGE);
		g_assert_true(span.large && !span.node);
		g_assert_cmpuint(span.n, ==, HUGE_PAGE - 600);
		*pt_leaf(&f.pt, HUGE_PAGE) = pte_make_large(PROT_READWRITE, 512, true);
		g_assert_false(pt_check(&f.pt)); /* aligned as 2 MiB are */
		g_assert_cmpuint(pt_clear_large(&f.pt, HUGE_PAGE), ==, HUGE_PAGE);
		g_assert_cmpuint(f.pt.n_large, ==, 0);
		fixture_fini(&f);
	}
}

/* A level too high, a frame that is not aligned, and one too many. */
static void test_large_check(void)
{
	static struct fixture f;
	pte_t pde = pte_make_large(PROT_READWRITE, 512, true), *entry;

	RULES("I29");
	fixture_init(&f, 4, true);
	build_large(&f, 0);
	pt_set_large(&f.pt, 0, 1, pde);
	entry = pt_leaf(&f.pt, 0);
	*entry = pte_make_large(PROT_READWRITE, 513, true);
	g_assert_false(pt_check(&f.pt));
	*entry = pde;
	f.pt.n_large++;
	g_assert_false(pt_check(&f.pt));
	f.pt.n_large--;
	entry = &f.pool.node[f.pt.root - f.pool.frames]->entry[1];
	*entry = pde;
	f.pool.node[f.pt.root - f.pool.frames]->used++;
	g_assert_false(pt_check(&f.pt));
	*entry = 0;
	f.pool.node[f.pt.root - f.pool.frames]->used--;
	g_assert_true(pt_check(&f.pt));
	pt_clear_large(&f.pt, 0);
	fixture_fini(&f);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/page-table/shapes", test_shapes);
	g_test_add_func("/page-table/index", test_index);
	g_test_add_func("/page-table/missing", test_missing);
	g_test_add_func("/page-table/build-range", test_build_range);
	g_test_add_func("/page-table/random", test_random);
	g_test_add_func("/page-table/spans", test_spans);
	g_test_add_func("/page-table/large", test_large);
	g_test_add_func("/page-table/huge", test_huge);
	g_test_add_func("/page-table/large-check", test_large_check);
	g_test_add_func("/page-table/prune", test_prune);
	g_test_add_func("/page-table/outside", test_outside);
	g_test_add_func("/page-table/check", test_check);
	return g_test_run();
}
