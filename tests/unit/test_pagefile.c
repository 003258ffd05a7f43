/* test_pagefile.c: slots are given out first fit, once each, and never slot 0 (L30). */
#include "vmm/pagefile.h"

#include "base/rng.h"
#include "rules.h"

#include <glib.h>

static uint32_t alloc(struct pagefile *file)
{
	uint32_t got, slot = pagefile_alloc(file, 1, 0, &got);

	g_assert_cmpuint(got, ==, slot != 0);
	return slot;
}

static void expect_run(struct pagefile *file, uint32_t n, uint32_t prefer, uint32_t slot,
		       uint32_t length)
{
	uint32_t got;

	g_assert_cmpuint(pagefile_alloc(file, n, prefer, &got), ==, slot);
	g_assert_cmpuint(got, ==, length);
	g_assert_true(pagefile_check(file));
}

/* A run where it was wanted, else the first that is long enough, else the longest (L30). */
static void test_runs(void)
{
	struct pagefile file;

	pagefile_init(&file, 100 * 4096);
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
	pagefile_init(&file, 200 * 4096 + 4095);
	g_assert_cmpuint(file.slots, ==, 200);
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
	g_assert_cmpuint(file.used, ==, 199);
	g_assert_true(pagefile_check(&file));
	pagefile_fini(&file);
}

static void test_tiny(void)
{
	RULES("L30.owner");
	for (uint64_t bytes = 0; bytes <= 3 * 4096; bytes += 4096) {
		struct pagefile file;

		pagefile_init(&file, bytes);
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

		pagefile_init(&file, sizes[s] * 4096ull);
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
			g_assert_cmpuint(file.used, ==, n);
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
	pagefile_init(&file, 4 * 4096);
	slot = alloc(&file);
	content_store(&page, 0, 1, &byte);
	content_set(&file.content[slot], page);
	pagefile_free(&file, slot);
	g_assert_null(file.content[slot]);
	slot = alloc(&file);
	g_assert_null(file.content[slot]); /* a new owner sees nothing */
	content_set(&file.content[slot], page);
	content_unref(page);
	pagefile_fini(&file); /* drops the last reference: for the address sanitizer */
}

static void test_check(void)
{
	struct pagefile file;

	RULES("I12");
	pagefile_init(&file, 8 * 4096);
	alloc(&file);
	file.used++;
	g_assert_false(pagefile_check(&file));
	file.used--;
	file.map[0] |= 1;
	file.used++;
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
	g_test_add_func("/pagefile/check", test_check);
	return g_test_run();
}
