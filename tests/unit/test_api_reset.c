/* test_api_reset.c: MEM_RESET and MEM_RESET_UNDO (semantics 5.1, 5.2). */
#include "api.h"

static const char *const with_lists[] = {"standby.enabled=true", "standby.enabled=false"};

static void test_reset_kept(void) /* R2, R5: what is not taken away keeps its data */
{
	struct fixture f = filled("");
	char *before = digest(&f), *after;

	RULES("R2 R5");
	g_assert_cmphex(alloc_ok(&f, R, 16 * P, RESET, PAGE_NOACCESS), ==, R);
	after = digest(&f);
	g_assert_cmpstr(after, ==, before);
	for (unsigned i = 0; i < 8; i++)
		g_assert_cmpuint(load(&f, R + i * P), ==, 100 + i);
	g_assert_cmpuint(counter(&f, "pages_reset_pending"), ==, 8);
	g_assert_cmpuint(counter(&f, "pages_reset_lost"), ==, 0);
	g_free(before);
	g_free(after);
	stop(&f);
}

static void test_reset_lost(void) /* R4, R5 */
{
	RULES("R4 R5");
	for (int i = 0; i < 2; i++) {
		struct fixture f = filled(with_lists[i]);
		uint64_t reads, writes;

		alloc_ok(&f, R, 8 * P, RESET, RW);
		press(&f);
		g_assert_cmpuint(counter(&f, "pages_reset_lost"), ==, 8);
		reads = counter(&f, "page_reads");
		writes = counter(&f, "demand_zero_faults");
		for (unsigned k = 0; k < 8; k++) {
			g_assert_cmpuint(load(&f, R + k * P), ==, 0);
			g_assert_cmpuint(load(&f, R + k * P + 0x800), ==, 0);
		}
		g_assert_cmpuint(counter(&f, "page_reads"), ==, reads); /* never a hard fault */
		g_assert_cmpuint(counter(&f, "demand_zero_faults"), >=, writes + 8);
		stop(&f);
	}
}

/* R4: neither written nor read, also not after being read back as zeros; not even when a page is
 * clean, on the modified list, or in the pagefile. */
static void test_reset_no_io(void)
{
	RULES("R4 R5 I34");
	for (int i = 0; i < 2; i++) {
		struct fixture f = filled(with_lists[i]);

		attend(&f);
		for (int round = 0; round < 3; round++) {
			g_assert_false(unlock(&f, R + P, 2 * P)); /* out of the working set */
			alloc_ok(&f, R, 8 * P, RESET, RW);
			press(&f);
			g_assert_cmpuint(counter(&f, "pages_reset_lost"), ==,
					 8 * (uint64_t)round + 8);
			for (unsigned k = 0; k < 8; k++)
				g_assert_cmpuint(load(&f, R + k * P), ==, 0);
			press(&f); /* the zeros are dropped, too (R5) */
			g_assert_cmpint(f.written, ==, 0);
			for (unsigned k = 0; k < 8; k++)
				g_assert_cmpuint(load(&f, R + k * P), ==, 0);
		}
		for (unsigned k = 0; k < 8; k++)
			store(&f, R + k * P, 5);
		press(&f);
		g_assert_cmpint(f.written, ==, 8);
		stop(&f);
	}
}

/* Only what is lost is lost: pages not reset come back from the pagefile. */
static void test_reset_part(void)
{
	struct fixture f = filled("");

	RULES("1.3 R1");
	g_assert_cmphex(alloc_ok(&f, R + 1, 3 * P, RESET, RW), ==, R + P); /* pages 1 and 2 */
	press(&f);
	g_assert_cmpuint(counter(&f, "pages_reset_lost"), ==, 2);
	for (unsigned k = 0; k < 8; k++)
		g_assert_cmpuint(load(&f, R + k * P), ==, k == 1 || k == 2 ? 0 : 100 + k);
	stop(&f);
}

static void test_reset_live(void) /* R6 */
{
	RULES("R6");
	for (int i = 0; i < 2; i++) {
		struct fixture f = filled(with_lists[i]);

		alloc_ok(&f, R, 8 * P, RESET, RW);
		for (unsigned k = 0; k < 8; k++)
			store(&f, R + k * P, 300 + k);
		press(&f);
		for (unsigned k = 0; k < 8; k++) { /* the whole page lives again */
			g_assert_cmpuint(load(&f, R + k * P), ==, 300 + k);
			g_assert_cmpuint(load(&f, R + k * P + 0x800), ==, 200 + k);
		}
		g_assert_cmpuint(counter(&f, "pages_reset_lost"), ==, 0);
		stop(&f);
	}
}

static void test_reset_in_pagefile(void) /* R3: slot freed without reading */
{
	struct fixture f = filled("");
	uint64_t reads;

	RULES("R3.stored R5");
	press(&f);
	reads = counter(&f, "page_reads");
	alloc_ok(&f, R, 8 * P, RESET, RW);
	g_assert_cmpuint(counter(&f, "pages_reset_lost"), ==, 8);
	g_assert_cmpuint(counter(&f, "page_reads"), ==, reads);
	for (unsigned k = 0; k < 8; k++)
		g_assert_cmpuint(load(&f, R + k * P), ==, 0);
	g_assert_cmpuint(counter(&f, "page_reads"), ==, reads);
	stop(&f);
}

static void test_reset_locked(void)
{
	struct fixture f = filled("vmm.ws_min=40");

	RULES("R3.locked E15");
	g_assert_true(lock(&f, R, 2 * P));
	alloc_ok(&f, R, 8 * P, RESET, RW);
	press(&f);
	g_assert_cmpuint(load(&f, R), ==, 100); /* cannot vanish while locked */
	g_assert_cmpuint(load(&f, R + P), ==, 101);
	g_assert_cmpuint(load(&f, R + 2 * P), ==, 0);
	g_assert_true(unlock(&f, R, 2 * P));
	stop(&f);
}

static void test_undo(void) /* R8 */
{
	struct fixture f = filled("");

	RULES("R8");
	attend(&f);
	alloc_ok(&f, R, 8 * P, RESET, RW);
	g_assert_cmphex(alloc_ok(&f, R, 8 * P, UNDO, RW), ==, R);
	press(&f);
	for (unsigned k = 0; k < 8; k++)
		g_assert_cmpuint(load(&f, R + k * P), ==, 100 + k);
	g_assert_cmpuint(counter(&f, "pages_reset_lost"), ==, 0);
	alloc_ok(&f, R, 8 * P, UNDO, RW); /* without a reset: nothing */
	alloc_ok(&f, R, 8 * P, RESET, RW);
	press(&f);
	store(&f, R + 7 * P, 9); /* live again: not among the lost */
	g_assert_cmphex(alloc(&f, R + 7 * P, P, UNDO, RW), ==, R + 7 * P);
	g_assert_cmphex(alloc(&f, R, 8 * P, UNDO, RW), ==, 0);
	failed(&f, 170, "STATUS_PTE_CHANGED", "R8");
	alloc_ok(&f, R, 8 * P, UNDO, RW); /* the failure is told once */
	press(&f);
	for (unsigned k = 0; k < 7; k++)
		g_assert_cmpuint(load(&f, R + k * P), ==, 0);
	g_assert_cmpuint(load(&f, R + 7 * P), ==, 9);
	stop(&f);
}

/* E0: a failed undo has still made the surviving pages live. */
static void test_undo_partly(void)
{
	struct fixture f = filled("vmm.ws_min=40");

	RULES("E0 R8");
	alloc_ok(&f, R, 8 * P, RESET, RW);
	g_assert_true(lock(&f, R, P));
	press(&f);
	g_assert_true(unlock(&f, R, P));
	g_assert_cmphex(alloc(&f, R, 8 * P, UNDO, RW), ==, 0);
	g_assert_cmpuint(f.error, ==, 170);
	press(&f);
	g_assert_cmpuint(load(&f, R), ==, 100);
	g_assert_cmpuint(load(&f, R + P), ==, 0);
	stop(&f);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/api/reset/kept", test_reset_kept);
	g_test_add_func("/api/reset/lost", test_reset_lost);
	g_test_add_func("/api/reset/no-io", test_reset_no_io);
	g_test_add_func("/api/reset/part", test_reset_part);
	g_test_add_func("/api/reset/live", test_reset_live);
	g_test_add_func("/api/reset/in-pagefile", test_reset_in_pagefile);
	g_test_add_func("/api/reset/locked", test_reset_locked);
	g_test_add_func("/api/reset/undo", test_undo);
	g_test_add_func("/api/reset/undo-partly", test_undo_partly);
	return g_test_run();
}
