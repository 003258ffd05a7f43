/* test_pagefile.c: slots are given out first fit, once each, and never slot 0 (L30). */
#include "vmm/pagefile.h"

#include "base/rng.h"
#include "rules.h"

#include <glib.h>

/* One file that cannot grow, without reservations. */
static void init(struct pagefile *file, uint64_t bytes)
{
	pagefile_init(file, 1, bytes, bytes, false);
}

static uint32_t alloc(struct pagefile *file)
{
	uint32_t got, slot = pagefile_alloc(file, 1, 0, 0, &got);

	g_assert_cmpuint(got, ==, slot != 0);
	return slot;
}

static void expect_run(struct pagefile *file, uint32_t n, uint32_t prefer, uint32_t slot,
		       uint32_t length)
{
	uint32_t got;

	g_assert_cmpuint(pagefile_alloc(file, n, prefer, 0, &got), ==, slot);
	g_assert_cmpuint(got, ==, length);
	g_assert_true(pagefile_check(file));
}

/* A run where it was wanted, else the first that is long enough, else the longest (L30). */
static void test_runs(void)
{
	struct pagefile file;

	init(&file, 100 * 4096);
	expect_run(&file, 8, 0, 1, 8);
	expect_run(&file, 8, 50, 50, 8);
	expect_run(&file, 8, 55, 9, 8);	 /* taken: first fit */
	expect_run(&file, 60, 0, 58, 42); /* none so long: the longest */
	expect_run(&file, 4, 17, 17, 4);
	pagefile_free(&file, 3);
	pagefile_free(&file, 5);
	pagefile_free(&file, 6);
	expect_run(&file, 2, 0, 5, 2);
	expect_run(&file, 2, 0, 21, 2);
	expect_run(&file, 1, 0, 3, 1);
	expect_run(&file, 100, 0, 23, 27);
	expect_run(&file, 1, 0, 0, 0);
	pagefile_fini(&file);
}

static void test_order(void)
{
	struct pagefile file;

	RULES("L30.owner L30.late");
	init(&file, 200 * 4096 + 4095);
	g_assert_cmpuint(file.file[0].slots, ==, 200);
	for (uint32_t slot = 1; slot < 200; slot++)
		g_assert_cmpuint(alloc(&file), ==, slot);
	g_assert_cmpuint(alloc(&file), ==, 0);
	g_assert_cmpuint(alloc(&file), ==, 0);
	pagefile_free(&file, 130);
	pagefile_free(&file, 64);
	pagefile_free(&file, 63);
	g_assert_cmpuint(alloc(&file), ==, 63);
	pagefile_free(&file, 1);
	g_assert_cmpuint(alloc(&file), ==, 1);
	g_assert_cmpuint(alloc(&file), ==, 64);
	g_assert_cmpuint(alloc(&file), ==, 130);
	g_assert_cmpuint(alloc(&file), ==, 0);
	g_assert_cmpuint(pagefile_used(&file), ==, 199);
	g_assert_true(pagefile_check(&file));
	pagefile_fini(&file);
}

static void test_tiny(void)
{
	RULES("L30.owner");
	for (uint64_t bytes = 0; bytes <= 3 * 4096; bytes += 4096) {
		struct pagefile file;

		init(&file, bytes);
		for (uint32_t slot = 1; slot < bytes / 4096; slot++)
			g_assert_cmpuint(alloc(&file), ==, slot);
		g_assert_cmpuint(alloc(&file), ==, 0);
		g_assert_false(pagefile_in_use(&file, 0));
		g_assert_false(pagefile_in_use(&file, (uint32_t)(bytes / 4096)));
		g_assert_true(pagefile_check(&file));
		pagefile_fini(&file);
	}
}

static uint32_t lowest_free(const bool *used, uint32_t slots)
{
	for (uint32_t i = 1; i < slots; i++)
		if (!used[i])
			return i;
	return 0;
}

static void test_random(void)
{
	static const uint32_t sizes[] = {2, 63, 64, 65, 128, 129, 300};

	RULES("L30.owner L30.late");
	for (size_t s = 0; s < G_N_ELEMENTS(sizes); s++) {
		bool used[300] = {false};
		struct pagefile file;
		struct rng rng = {s};
		uint32_t n = 0;

		init(&file, sizes[s] * 4096ull);
		for (int i = 0; i < 5000; i++) {
			uint32_t slot = (uint32_t)rng_below(&rng, sizes[s]);

			g_assert_cmpint(pagefile_in_use(&file, slot), ==, used[slot]);
			if (used[slot] && i / 500 % 2 + (int)rng_below(&rng, 2) > 0) {
				pagefile_free(&file, slot);
				used[slot] = false;
				n--;
			} else {
				slot = lowest_free(used, sizes[s]);
				g_assert_cmpuint(alloc(&file), ==, slot);
				n += slot != 0;
				used[slot] = slot != 0;
			}
			g_assert_cmpuint(pagefile_used(&file), ==, n);
			g_assert_true(pagefile_check(&file));
		}
		pagefile_fini(&file);
	}
}

/* What a slot holds goes when the slot is freed, and with the file. */
static void test_content(void)
{
	static const uint8_t byte = 7;
	struct content *page = NULL;
	struct pagefile file;
	uint32_t slot;

	RULES("I33");
	init(&file, 4 * 4096);
	slot = alloc(&file);
	content_store(&page, 0, 1, &byte);
	content_set(pagefile_content(&file, slot), page);
	pagefile_free(&file, slot);
	g_assert_cmpuint(alloc(&file), ==, slot);
	g_assert_null(*pagefile_content(&file, slot)); /* a new owner sees nothing */
	content_set(pagefile_content(&file, slot), page);
	content_unref(page);
	pagefile_fini(&file); /* drops the last reference: for the address sanitizer */
}

#define SLOT(file, page) ((uint32_t)(file) << SLOT_PAGE_BITS | (page))

/* A run goes to the first file that has room for all of it; if none has, where the longest is. No
 * run passes the end of a file, and slot 0 of each is never used. */
static void test_files(void)
{
	struct pagefile file;

	RULES("L30.owner L30.late");
	pagefile_init(&file, 3, 5 * 4096, 5 * 4096, false); /* four slots each */
	g_assert_cmpuint(pagefile_available(&file), ==, 12);
	g_assert_cmpuint(pagefile_pages(&file), ==, 15);
	expect_run(&file, 3, 0, SLOT(0, 1), 3);
	expect_run(&file, 2, 0, SLOT(1, 1), 2);
	expect_run(&file, 1, 0, SLOT(0, 4), 1);
	expect_run(&file, 5, 0, SLOT(2, 1), 4); /* none so long */
	expect_run(&file, 1, SLOT(1, 4), SLOT(1, 4), 1);
	expect_run(&file, 2, SLOT(1, 3), SLOT(1, 3), 1); /* not over the end */
	g_assert_cmpuint(pagefile_available(&file), ==, 0);
	g_assert_cmpuint(pagefile_used(&file), ==, 12);
	expect_run(&file, 1, 0, 0, 0);
	for (unsigned i = 0; i < PAGEFILES; i++)
		g_assert_false(pagefile_in_use(&file, SLOT(i, 0)));
	g_assert_false(pagefile_in_use(&file, SLOT(3, 1)));
	pagefile_free(&file, SLOT(2, 2));
	pagefile_free(&file, SLOT(1, 1));
	g_assert_false(pagefile_is_free(&file, SLOT(1, 0), 1));
	g_assert_true(pagefile_is_free(&file, SLOT(1, 1), 1));
	g_assert_false(pagefile_is_free(&file, SLOT(1, 1), 2));
	expect_run(&file, 1, 0, SLOT(1, 1), 1);
	expect_run(&file, 1, 0, SLOT(2, 2), 1);
	pagefile_fini(&file);
}

/* Files grow one after another, each to its own most; slots get numbers they had before. */
static void test_growth(void)
{
	static const uint8_t byte = 7;
	struct pagefile file;
	struct content *page = NULL;
	unsigned which;

	RULES("C3 L30.owner");
	content_store(&page, 0, 1, &byte);
	pagefile_init(&file, 2, 4096, 2000 * 4096, false);
	g_assert_cmpuint(pagefile_growth(&file), ==, 2 * 1999);
	expect_run(&file, 1, 0, 0, 0);
	g_assert_cmpuint(pagefile_grow(&file, 4, &which), ==, 4);
	g_assert_cmpuint(which, ==, 0);
	expect_run(&file, 9, 0, 1, 4);
	content_set(pagefile_content(&file, 4), page);
	g_assert_cmpuint(pagefile_grow(&file, 1990, &which), ==, 1990);
	g_assert_true(*pagefile_content(&file, 4) == page);
	expect_run(&file, 1, 0, 5, 1);
	g_assert_cmpuint(pagefile_grow(&file, 1990, &which), ==, 5);
	g_assert_cmpuint(which, ==, 0);
	g_assert_cmpuint(pagefile_grow(&file, 7, &which), ==, 7);
	g_assert_cmpuint(which, ==, 1);
	g_assert_cmpuint(pagefile_pages(&file), ==, 2000 + 8);
	g_assert_cmpuint(pagefile_place(&file, SLOT(1, 3)), ==, 2003);
	expect_run(&file, 1994, 0, 6, 1994);
	content_set(pagefile_content(&file, 1999), page);
	expect_run(&file, 9, 0, SLOT(1, 1), 7);
	g_assert_cmpuint(pagefile_grow(&file, 5000, &which), ==, 1992);
	g_assert_cmpuint(pagefile_grow(&file, 1, &which), ==, 0);
	g_assert_cmpuint(pagefile_growth(&file), ==, 0);
	content_unref(page);
	pagefile_fini(&file);
}

/* A page takes its place in a group of sixteen slots; another's goes to another group, until there
 * is none but those with reservations. */
static void test_reservations(void)
{
	struct pagefile file;
	uint32_t got;

	RULES("L30.reserve");
	pagefile_init(&file, 1, 49 * 4096, 49 * 4096, true); /* three groups: 1, 17, 33 */
	g_assert_cmpuint(pagefile_alloc(&file, 2, 0, 5, &got), ==, 6);
	g_assert_cmpuint(pagefile_alloc(&file, 1, 0, 0, &got), ==, 17);
	g_assert_cmpuint(pagefile_alloc(&file, 1, 8, 7, &got), ==, 8); /* a neighbour */
	g_assert_cmpuint(pagefile_alloc(&file, 1, 0, 15, &got), ==, 48);
	/* no group is left */
	g_assert_cmpuint(pagefile_alloc(&file, 1, 0, 9, &got), ==, 1);
	g_assert_cmpuint(pagefile_alloc(&file, 10, 0, 9, &got), ==, 18);
	/* a group whose last slot is freed is whole again */
	pagefile_free(&file, 48);
	g_assert_cmpuint(pagefile_alloc(&file, 1, 0, 9, &got), ==, 42);
	g_assert_cmpuint(pagefile_available(&file), ==, 48 - 16);
	pagefile_fini(&file);
	/* a run over the border of groups takes two */
	pagefile_init(&file, 1, 49 * 4096, 49 * 4096, true);
	g_assert_cmpuint(pagefile_alloc(&file, 1, 0, 3, &got), ==, 4);
	g_assert_cmpuint(pagefile_alloc(&file, 4, 0, 14, &got), ==, 31);
	g_assert_cmpuint(pagefile_alloc(&file, 1, 0, 3, &got), ==, 1);
	pagefile_fini(&file);
}

/* The store's slots are its own, and as many as are wanted. */
static void test_store(void)
{
	struct pagefile file;
	uint32_t slot;

	RULES("W13");
	pagefile_init(&file, 1, 2 * 4096, 2 * 4096, false);
	for (uint32_t i = 1; i <= 3000; i++)
		g_assert_cmpuint(pagefile_alloc_store(&file), ==, SLOT(STORE_FILE, i));
	g_assert_cmpuint(pagefile_used(&file), ==, 3000);
	g_assert_cmpuint(pagefile_available(&file), ==, 1);
	slot = alloc(&file);
	g_assert_cmpuint(slot, ==, 1);
	g_assert_false(pagefile_is_store(&file, slot));
	g_assert_true(pagefile_is_store(&file, SLOT(STORE_FILE, 7)));
	pagefile_free(&file, SLOT(STORE_FILE, 7));
	g_assert_cmpuint(alloc(&file), ==, 0);
	g_assert_cmpuint(pagefile_alloc_store(&file), ==, SLOT(STORE_FILE, 7));
	pagefile_set_all(&file, content_unknown());
	g_assert_true(*pagefile_content(&file, SLOT(STORE_FILE, 3000)) == content_unknown());
	g_assert_true(*pagefile_content(&file, 1) == content_unknown());
	g_assert_true(pagefile_check(&file));
	pagefile_fini(&file);
	/* with sixteen files there is no store */
	pagefile_init(&file, 16, 2 * 4096, 2 * 4096, false);
	g_assert_false(pagefile_is_store(&file, SLOT(STORE_FILE, 1)));
	for (unsigned i = 0; i < PAGEFILES; i++)
		g_assert_cmpuint(alloc(&file), ==, SLOT(i, 1));
	pagefile_fini(&file);
}

static void test_check(void)
{
	struct pagefile file;

	RULES("I12");
	init(&file, 8 * 4096);
	alloc(&file);
	file.file[0].used++;
	g_assert_false(pagefile_check(&file));
	file.file[0].used--;
	file.file[0].map[0] |= 1;
	file.file[0].used++;
	g_assert_false(pagefile_check(&file));
	pagefile_fini(&file);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/pagefile/order", test_order);
	g_test_add_func("/pagefile/runs", test_runs);
	g_test_add_func("/pagefile/tiny", test_tiny);
	g_test_add_func("/pagefile/random", test_random);
	g_test_add_func("/pagefile/content", test_content);
	g_test_add_func("/pagefile/files", test_files);
	g_test_add_func("/pagefile/growth", test_growth);
	g_test_add_func("/pagefile/reservations", test_reservations);
	g_test_add_func("/pagefile/store", test_store);
	g_test_add_func("/pagefile/check", test_check);
	return g_test_run();
}
