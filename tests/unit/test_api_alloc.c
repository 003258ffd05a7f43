/* test_api_alloc.c: VirtualAlloc's reserving and committing (semantics 2.3), the commit limit
 * (6). */
#include "api.h"

/* --- 2.3 ----------------------------------------------------------------------------- */


static const struct alloc_case alloc_cases[] = {
	{1, P, RES, RW, 87, PARAM, "2.3.1"},
	{0xFFFF, P, RES, RW, 87, PARAM, "2.3.1"},
	{0xFFFF, P, COM, RW, 87, PARAM, "2.3.1"},
	{0x8000, 0, 0x40000000, 0, 87, PARAM, "2.3.1"},
	{FREE, P, RES | 0x4000, RW, 87, PARAM, "2.3.2"},
	{FREE, P, RES | 0x8000, RW, 87, PARAM, "2.3.2"},
	{FREE, P, RES | 0x10000, RW, 87, PARAM, "2.3.2"},
	{FREE, P, RES | 0x40000000, RW, 87, PARAM, "2.3.2"},
	{FREE, P, RES | 1, RW, 87, PARAM, "2.3.2"},
	{FREE, P, RES | 0x40000, RW, 87, PARAM, "2.3.2"},
	{FREE, 0, 0x4000, 0, 87, PARAM, "2.3.2"},
	{FREE, 0, RESET | COM | 0x800, 0, 87, PARAM, "2.3.2"},
	{FREE, P, 0, RW, 87, PARAM, "2.3.3"},
	{FREE, P, TOP, RW, 87, PARAM, "2.3.3"},
	{FREE, 0, WATCH | AWE | LARGE, 0, 87, PARAM, "2.3.3"},
	{C, P, RESET | COM, RW, 87, PARAM, "2.3.4"},
	{C, P, RESET | RES, RW, 87, PARAM, "2.3.4"},
	{C, P, RESET | TOP, RW, 87, PARAM, "2.3.4"},
	{C, P, UNDO | COM, RW, 87, PARAM, "2.3.4"},
	{C, P, RESET | UNDO, RW, 87, PARAM, "2.3.4"},
	{C, 0, RESET | LARGE | WATCH | AWE, 0, 87, PARAM, "2.3.4"},
	{0, 0x200000, LARGE | RES, RW, 87, PARAM, "2.3.5"},
	{0, 0x200000, LARGE | BOTH | AWE, RW, 87, PARAM, "2.3.5"},
	{0, 0x200000, LARGE | BOTH | WATCH, RW, 87, PARAM, "2.3.5"},
	{0, 0, LARGE | RES | AWE, 0, 87, PARAM, "2.3.5"},
	{R, P, WATCH | COM, RW, 87, PARAM, "2.3.6"},
	{0, 0, WATCH | COM | AWE, 0, 87, PARAM, "2.3.6"},
	{FREE, P, AWE | COM, RW, 87, PARAM, "2.3.7"},
	{FREE, P, AWE | BOTH, RW, 87, PARAM, "2.3.7"},
	{FREE, P, AWE | RES | WATCH, RW, 87, PARAM, "2.3.7"},
	{FREE, P, AWE | RES, PAGE_READONLY, 87, PARAM, "2.3.7"},
	{FREE, 0, AWE | RES, 0, 87, PARAM, "2.3.7"},
	{FREE, P, RES, 0, 87, PROTECTION, "2.3.8"},
	{FREE, P, RES, 6, 87, PROTECTION, "2.3.8"},
	{FREE, P, RES, 0x101, 87, PROTECTION, "2.3.8"},
	{FREE, P, RES, 0x304, 87, PROTECTION, "2.3.8"},
	{FREE, P, RES, 0x804, 87, PROTECTION, "2.3.8"},
	{FREE, P, RES, 0x40000004, 87, PROTECTION, "2.3.8"},
	{C, P, RESET, 0, 87, PROTECTION, "2.3.8"}, /* even when unused */
	{FREE, 0, LARGE | BOTH, 0, 87, PROTECTION, "2.3.8"},
	{FREE, 0, RES, RW, 87, PARAM, "2.3.9"},
	{0, 0, BOTH, RW, 87, PARAM, "2.3.9"},
	{C, 0, RESET, RW, 87, PARAM, "2.3.9"},
	{HI + 1, P, RES, RW, 87, PARAM, "2.3.9"},
	{HI + 1, P, COM, RW, 87, PARAM, "2.3.9"},
	{UINT64_MAX, P, RES, RW, 87, PARAM, "2.3.9"},
	{HI - 0xFFFF, 0x10001, RES, RW, 87, PARAM, "2.3.9"},
	{FREE, UINT64_MAX, RES, RW, 87, PARAM, "2.3.9"},
	{FREE, UINT64_MAX - FREE + 2, RES, RW, 87, PARAM, "2.3.9"}, /* wraps around */
	{0, HI + 2, RES, RW, 87, PARAM, "2.3.9"},
	{FREE, 0, LARGE | BOTH, PAGE_WRITECOPY, 87, PARAM, "2.3.9"},
	{0, 0x200000, LARGE | BOTH, RW, 1314, "STATUS_PRIVILEGE_NOT_HELD", "2.3.11"},
	{R, 0x200001, LARGE | BOTH, PAGE_WRITECOPY, 1314, "STATUS_PRIVILEGE_NOT_HELD", "2.3.11"},
	{FREE, P, RES, PAGE_WRITECOPY, 87, PROTECTION, "2.3.13a"},
	{0, P, COM, PAGE_EXECUTE_WRITECOPY, 87, PROTECTION, "2.3.13a"},
	{R, BIG_SIZE, BOTH, PAGE_WRITECOPY, 87, PROTECTION, "2.3.13a"},
	{R, P, RES, RW, 487, CONFLICT, "2.3.14a"},
	{R, P, BOTH, RW, 487, CONFLICT, "2.3.14a"}, /* E3 */
	{C2 + 15 * P, P, RES, RW, 487, CONFLICT, "2.3.14a"},
	{R - P, P + 1, RES, RW, 487, CONFLICT, "2.3.14a"},
	{FREE, BIG, RES, RW, 487, CONFLICT, "2.3.14a"},
	{R, BIG_SIZE, BOTH, RW, 487, CONFLICT, "2.3.14a"},
	{0, HI - BIG, RES, RW, 8, "STATUS_NO_MEMORY", "2.3.15a"},
	{0, HI + 1, BOTH, RW, 8, "STATUS_NO_MEMORY", "2.3.15a"},
	{0, HI - BIG, RES | TOP, RW, 8, "STATUS_NO_MEMORY", "2.3.15a"},
	{0x400000, 281 * P, BOTH, RW, 1455, LIMIT, "2.3.16a"}, /* 320 - 16 - 8 - 16 = 280 left */
	{0, 281 * P, COM, RW, 1455, LIMIT, "2.3.16a"},
	{FREE, P, COM, RW, 487, CONFLICT, "2.3.13b"},
	{R + 15 * P, 2 * P, COM, RW, 487, CONFLICT, "2.3.13b"},
	{C2 + 15 * P, P + 1, COM, RW, 487, CONFLICT, "2.3.13b"},
	{R - 1, 2, COM, RW, 487, CONFLICT, "2.3.13b"},
	{FREE, P, COM, PAGE_WRITECOPY, 487, CONFLICT, "2.3.13b"},
	{PHYS, P, COM, RW, 487, CONFLICT, "2.3.14b"},
	{PHYS, P, COM, PAGE_WRITECOPY, 487, CONFLICT, "2.3.14b"},
	{R, P, COM, PAGE_WRITECOPY, 87, PROTECTION, "2.3.16b"},
	{C, P, COM, PAGE_EXECUTE_WRITECOPY, 87, PROTECTION, "2.3.16b"},
	{BIG, 281 * P, COM, PAGE_WRITECOPY, 87, PROTECTION, "2.3.16b"},
	{BIG, 281 * P, COM, RW, 1455, LIMIT, "2.3.17b"},
	{BIG, BIG_SIZE, COM, RW, 1455, LIMIT, "2.3.17b"},
	{0, P, RESET, RW, 87, PARAM, "R1"},
	{FREE, P, RESET, RW, 487, CONFLICT, "R1"},
	{C + 15 * P, 2 * P, RESET, RW, 487, CONFLICT, "R1"},
	{C + 15 * P, 2 * P, UNDO, RW, 487, CONFLICT, "R1"},
	{C, 4, RESET, RW, 487, CONFLICT, "R1"}, /* inward, nothing is left */
	{C + 1, P, RESET, RW, 487, CONFLICT, "R1"},
	{C + 1, 2 * P - 2, UNDO, RW, 487, CONFLICT, "R1"},
	{PHYS, P, RESET, RW, 487, CONFLICT, "R1"},
};

static void test_alloc_steps(void)
{
	static const char *const rules[] = {"", "rules=article"};

	RULES("2.3.1 2.3.2 2.3.3 2.3.4 2.3.5 2.3.6 2.3.7 2.3.8 2.3.9 2.3.11 2.3.13a 2.3.14a 2.3.15a "
	      "2.3.16a 2.3.13b 2.3.14b 2.3.16b 2.3.17b E1 E2 E3 R1 V7 I37");
	for (int r = 0; r < 2; r++) { /* the rule sets do not differ here */
		struct fixture f = layout(rules[r]);
		char *before = digest(&f);

		attend(&f);
		for (size_t i = 0; i < G_N_ELEMENTS(alloc_cases); i++) {
			const struct alloc_case *c = &alloc_cases[i];
			char *after;

			g_test_message("case %zu: %s", i, c->rule);
			g_assert_cmphex(alloc(&f, c->va, c->size, c->type, c->prot), ==, 0);
			failed(&f, c->error, c->status, c->rule);
			g_assert_cmpint(f.failures, ==, (int)i + 1);
			after = digest(&f);
			g_assert_cmpstr(after, ==, before);
			g_free(after);
		}
		g_assert_cmpint(f.differ, ==, 0);
		g_assert_cmpuint(counter(&f, "calls_failed"), ==, G_N_ELEMENTS(alloc_cases));
		g_free(before);
		stop(&f);
	}
}

static void test_rounding(void) /* V8, V9, 1.3 */
{
	static const struct {
		uint64_t va, size, base, length;
	} v8[] = {{0x5000FFFF, 0x3000, 0x50000000, 0x13000},
		  {0x50008000, 1, 0x50000000, 0x9000},
		  {0x50001010, 0xC000, 0x50000000, 0xE000},
		  {0x50000000, 0x10001, 0x50000000, 0x11000},
		  {0x5000FFFF, 1, 0x50000000, 0x10000},
		  {0x5000FFFF, 2, 0x50000000, 0x11000}};

	RULES("1.3 V8 V9");
	for (size_t i = 0; i < G_N_ELEMENTS(v8); i++) {
		struct fixture f = start("");

		g_assert_cmphex(alloc_ok(&f, v8[i].va, v8[i].size, RES, RW), ==, v8[i].base);
		g_assert_cmphex(query(&f, v8[i].base).region_size, ==, v8[i].length);
		stop(&f);
	}
}

static void test_commit_rounding(void)
{
	struct fixture f = start("");

	RULES("1.3 V8 V9");
	alloc_ok(&f, R, 16 * P, RES, RW);
	/* two bytes over a page boundary touch both pages (V8); the base is a page's (V9) */
	g_assert_cmphex(alloc_ok(&f, R + 4 * P - 1, 2, COM, RW), ==, R + 3 * P);
	g_assert_cmphex(query(&f, R).region_size, ==, 3 * P);
	g_assert_cmphex(query(&f, R + 3 * P).region_size, ==, 2 * P);
	g_assert_cmpuint(query(&f, R + 3 * P).state, ==, MEM_COMMIT);
	g_assert_true(release(&f, R + 5 * P - 1, 1, DEC));
	g_assert_cmphex(query(&f, R + 3 * P).region_size, ==, P);
	g_assert_cmphex(alloc_ok(&f, R + 8 * P, 1, COM, RW), ==, R + 8 * P);
	g_assert_cmphex(query(&f, R + 8 * P).region_size, ==, P);
	g_assert_cmphex(alloc_ok(&f, 0, 1, BOTH, RW), ==, R - 15 * G); /* rounded up to a page */
	g_assert_cmphex(query(&f, G).region_size, ==, P);
	/* reset rounds inward and returns the rounded base */
	g_assert_cmphex(alloc_ok(&f, R + 7 * P + 1, 2 * P, RESET, RW), ==, R + 8 * P);
	stop(&f);
}

/* E5: as VirtualProtect, which never changes caching; a page committed anew has what is asked. */
static void test_recommit_caching(void)
{
	struct fixture f = start("");

	RULES("E5 E14 V2");
	alloc_ok(&f, R, 16 * P, RES, RW);
	alloc_ok(&f, R, 4 * P, COM, RW | PAGE_NOCACHE);
	g_assert_cmphex(query(&f, R).protect, ==, RW | PAGE_NOCACHE);
	alloc_ok(&f, R + 4 * P, 4 * P, COM, RW);
	alloc_ok(&f, R + 4 * P, 4 * P, COM, PAGE_READONLY | PAGE_NOCACHE);
	g_assert_cmphex(query(&f, R + 4 * P).protect, ==, PAGE_READONLY);
	alloc_ok(&f, R + 4 * P, 4 * P, COM, RW | PAGE_WRITECOMBINE);
	g_assert_cmphex(query(&f, R + 4 * P).protect, ==, RW);
	alloc_ok(&f, C, 4 * P, BOTH, RW | PAGE_NOCACHE);
	alloc_ok(&f, C, 2 * P, COM, PAGE_READONLY);
	g_assert_cmphex(query(&f, C).protect, ==, PAGE_READONLY | PAGE_NOCACHE);
	alloc_ok(&f, C, 4 * P, COM, RW);
	g_assert_cmphex(query(&f, C).protect, ==, RW | PAGE_NOCACHE);
	g_assert_cmphex(query(&f, C).region_size, ==, 4 * P);
	alloc_ok(&f, C, 4 * P, COM, RW | PAGE_GUARD); /* a guard takes its place */
	g_assert_cmphex(query(&f, C).protect, ==, RW | PAGE_GUARD);
	stop(&f);
}

static void test_tail(void) /* V10 */
{
	struct fixture f = start("");

	RULES("V10 2.4.5");
	attend(&f);
	alloc_ok(&f, R, 3 * P, RES, RW);
	g_assert_cmpuint(query(&f, R + 3 * P).state, ==, MEM_FREE);
	g_assert_cmphex(alloc(&f, R + 3 * P, P, RES, RW), ==, 0);
	failed(&f, 487, CONFLICT, "2.3.14a");
	g_assert_false(release(&f, R + 3 * P, 0, REL));
	failed(&f, 487, "STATUS_MEMORY_NOT_ALLOCATED", "2.4.5");
	g_assert_cmphex(alloc_ok(&f, R - 1, 1, RES, RW), ==, R - G); /* the granule before */
	stop(&f);
}

static void test_placement(void) /* V11 */
{
	struct fixture f = start("");

	RULES("V11");
	g_assert_cmphex(alloc_ok(&f, 0, P, RES, RW), ==, 0x10000);
	g_assert_cmphex(alloc_ok(&f, 0, 17 * P, RES, RW), ==, 0x20000);
	g_assert_cmphex(alloc_ok(&f, 0, P, RES, RW), ==, 0x40000);
	g_assert_true(release(&f, 0x20000, 0, REL));
	g_assert_cmphex(alloc_ok(&f, 0, 33 * P, RES, RW), ==, 0x50000);
	g_assert_cmphex(alloc_ok(&f, 0, 32 * P, BOTH, RW), ==, 0x20000);
	g_assert_cmphex(alloc_ok(&f, 0, P, RES | TOP, RW), ==, HI + 1 - G);
	g_assert_cmphex(alloc_ok(&f, 0, 17 * P, RES | TOP, RW), ==, HI + 1 - 3 * G);
	g_assert_cmphex(alloc_ok(&f, R, P, RES | TOP, RW), ==, R); /* no effect */
	g_assert_cmphex(alloc_ok(&f, R, P, COM | TOP, RW), ==, R);
	stop(&f);
}

static void test_whole_space(void) /* V6 */
{
	struct fixture f = start("");

	RULES("V6 2.3.15a");
	g_assert_cmphex(alloc_ok(&f, 0, HI + 1 - G, RES, RW), ==, G);
	g_assert_cmphex(alloc(&f, 0, 1, RES, RW), ==, 0);
	g_assert_cmpuint(f.error, ==, 8);
	stop(&f);
	f = start("paging.levels=2");
	g_assert_cmphex(alloc_ok(&f, 0, 0x7FFF0000 - G, RES, RW), ==, G);
	g_assert_cmphex(alloc(&f, 0x7FFF0000, 1, RES, RW), ==, 0);
	g_assert_cmpuint(f.error, ==, 87);
	stop(&f);
}

static void test_recommit(void) /* E5, V5 */
{
	struct fixture f = start("");

	RULES("E5 V5 E13.lost");
	alloc_ok(&f, R, 16 * P, RES, PAGE_READONLY);
	alloc_ok(&f, R, 4 * P, COM, RW);
	g_assert_cmpint(store(&f, R + P, 77), ==, VMSIM_RESULT_OK);
	alloc_ok(&f, R, 8 * P, COM, PAGE_READONLY); /* contents kept, protection new */
	g_assert_cmpuint(load(&f, R + P), ==, 77);
	g_assert_cmpint(store(&f, R + P, 1), ==, VMSIM_RESULT_ACCESS_VIOLATION);
	g_assert_cmphex(query(&f, R).region_size, ==, 8 * P);
	g_assert_cmphex(query(&f, R).protect, ==, PAGE_READONLY);
	alloc_ok(&f, R, P * 8, COM, PAGE_NOACCESS); /* leaves the working set (E14) */
	g_assert_cmpint(touch(&f, R + P, VMSIM_READ), ==, VMSIM_RESULT_ACCESS_VIOLATION);
	alloc_ok(&f, R, P * 8, COM, RW | PAGE_GUARD);
	g_assert_cmpint(touch(&f, R + P, VMSIM_READ), ==, VMSIM_RESULT_GUARD_PAGE);
	g_assert_cmpuint(load(&f, R + P), ==, 77);
	g_assert_cmpuint(counter(&f, "transition_faults"), ==, 1);
	g_assert_true(release(&f, R + P, P, DEC));
	alloc_ok(&f, R + P, P, COM, RW);
	g_assert_cmpuint(load(&f, R + P), ==, 0); /* zeros after decommit */
	g_assert_cmphex(query(&f, R + P).allocation_protect, ==, PAGE_READONLY);
	stop(&f);
}

/* --- 6: the commit limit ------------------------------------------------------------- */

static void test_limit(void) /* C2, C3, C5 */
{
	struct fixture f = start("memory.frames=32 pagefile.size=64KiB"); /* 32 + 16 pages */

	RULES("C1.private C1.reserved C1.reset C2 C3 C5 E3 2.3.17b");
	alloc_ok(&f, BIG, BIG_SIZE, RES, RW); /* a reservation ignores it */
	alloc_ok(&f, BIG, 48 * P, COM, RW);
	g_assert_cmphex(alloc(&f, BIG + 48 * P, P, COM, RW), ==, 0);
	g_assert_cmpuint(f.error, ==, 1455);
	alloc_ok(&f, BIG, 48 * P, COM, PAGE_READONLY); /* nothing new, no charge */
	alloc_ok(&f, FREE, BIG_SIZE / 16, RES, RW);
	g_assert_cmphex(alloc(&f, BIG + 40 * P, 9 * P, COM, RW), ==, 0);
	g_assert_cmpuint(f.error, ==, 1455);
	g_assert_cmphex(query(&f, BIG + 40 * P).protect, ==, PAGE_READONLY); /* nothing changed */
	g_assert_true(release(&f, BIG + 10 * P, 5 * P, DEC)); /* returns five */
	alloc_ok(&f, BIG + 48 * P, 5 * P, COM, RW);
	g_assert_cmphex(vmsim_virtual_alloc(f.m, 2, 0, P, BOTH, RW, &f.error), ==, 0);
	g_assert_cmpuint(f.error, ==, 1455); /* one limit for all processes */
	g_assert_true(release(&f, BIG, 0, DEC));
	g_assert_cmphex(vmsim_virtual_alloc(f.m, 2, 0, 48 * P, BOTH, RW, &f.error), ==, G);
	g_assert_cmphex(alloc(&f, BIG, P, COM, RW), ==, 0);
	vmsim_exit_process(f.m, 2); /* exit returns the charge */
	alloc_ok(&f, BIG, 20 * P, COM, RW);
	g_assert_true(release(&f, BIG, 0, REL)); /* and so does release */
	alloc_ok(&f, R, 48 * P, BOTH, RW);
	g_assert_cmpuint(counter(&f, "committed_pages_peak"), ==, 48);
	alloc_ok(&f, R, 48 * P, RESET, RW); /* MEM_RESET returns nothing */
	g_assert_cmphex(alloc(&f, 0, P, BOTH, RW), ==, 0);
	stop(&f);
}

static void test_limit_without_pagefile(void)
{
	struct fixture f = start("memory.frames=32 pagefile.size=0");

	RULES("C2");
	g_assert_cmphex(alloc(&f, 0, 33 * P, BOTH, RW), ==, 0);
	g_assert_cmpuint(f.error, ==, 1455);
	alloc_ok(&f, 0, 32 * P, BOTH, RW);
	stop(&f);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/api/alloc/steps", test_alloc_steps);
	g_test_add_func("/api/alloc/rounding", test_rounding);
	g_test_add_func("/api/alloc/commit-rounding", test_commit_rounding);
	g_test_add_func("/api/alloc/recommit-caching", test_recommit_caching);
	g_test_add_func("/api/alloc/tail", test_tail);
	g_test_add_func("/api/alloc/placement", test_placement);
	g_test_add_func("/api/alloc/whole-space", test_whole_space);
	g_test_add_func("/api/alloc/recommit", test_recommit);
	g_test_add_func("/api/limit", test_limit);
	g_test_add_func("/api/limit/no-pagefile", test_limit_without_pagefile);
	return g_test_run();
}
