/* test_api_access.c: guards, rights and other accesses (semantics 3). */
#include "api.h"

static void test_guard(void)
{
	static const enum vmsim_access kinds[] = {VMSIM_READ, VMSIM_WRITE};

	RULES("K1 3.1.4d 3.3.guard 3.3.ends");
	for (int k = 0; k < 2; k++) {
		struct fixture f = layout("");

		attend(&f);
		store(&f, C, 0x55);
		protect_ok(&f, C, 2 * P, RW | PAGE_GUARD, RW);
		g_assert_cmpint(touch(&f, C + 3, kinds[k]), ==, VMSIM_RESULT_GUARD_PAGE);
		g_assert_cmphex(f.last.code, ==, 0x80000001u);
		g_assert_cmphex(f.last.va, ==, C + 3);
		g_assert_cmphex(query(&f, C).protect, ==, RW);
		g_assert_cmphex(query(&f, C).region_size, ==, P); /* this page only */
		g_assert_cmphex(query(&f, C).allocation_protect, ==, RW);
		g_assert_cmphex(query(&f, C + P).protect, ==, RW | PAGE_GUARD);
		g_assert_cmpuint(load(&f, C), ==, 0x55); /* not performed, contents kept */
		g_assert_cmpuint(counter(&f, "guard_page_faults"), ==, 1);
		stop(&f);
	}
}

static void test_guard_order(void) /* 4c, 4d */
{
	struct fixture f = start("");

	RULES("K1 3.1.4c 3.1.4d");
	alloc_ok(&f, R, 16 * P, BOTH, PAGE_READONLY | PAGE_GUARD);
	g_assert_cmpint(touch(&f, R, VMSIM_WRITE), ==, VMSIM_RESULT_ACCESS_VIOLATION);
	g_assert_cmphex(query(&f, R).protect, ==, PAGE_READONLY | PAGE_GUARD); /* it stays */
	g_assert_cmpint(touch(&f, R, VMSIM_READ), ==, VMSIM_RESULT_GUARD_PAGE);
	g_assert_cmpint(touch(&f, R, VMSIM_READ), ==, VMSIM_RESULT_OK);
	g_assert_cmpint(touch(&f, R, VMSIM_WRITE), ==, VMSIM_RESULT_ACCESS_VIOLATION);
	/* a fetch meets the guard first, then the protection */
	g_assert_cmpint(touch(&f, R + P, VMSIM_EXECUTE), ==, VMSIM_RESULT_GUARD_PAGE);
	g_assert_cmpint(touch(&f, R + P, VMSIM_EXECUTE), ==, VMSIM_RESULT_ACCESS_VIOLATION);
	alloc_ok(&f, C, P, BOTH, PAGE_EXECUTE_READ | PAGE_GUARD);
	g_assert_cmpint(touch(&f, C, VMSIM_EXECUTE), ==, VMSIM_RESULT_GUARD_PAGE);
	g_assert_cmpint(touch(&f, C, VMSIM_EXECUTE), ==, VMSIM_RESULT_OK);
	stop(&f);
}

static void test_rights(void) /* 3.2 */
{
	static const struct {
		uint32_t prot;
		const char *rights;
	} row[] = {{PAGE_NOACCESS, ""},	      {PAGE_READONLY, "r"},
		   {PAGE_READWRITE, "rw"},    {PAGE_EXECUTE, "rx"},
		   {PAGE_EXECUTE_READ, "rx"}, {PAGE_EXECUTE_READWRITE, "rwx"}};

	RULES("3.2 3.2.execute 3.2.nx");
	for (int nx = 0; nx < 2; nx++) {
		struct fixture f = start(nx ? "" : "paging.nx=false");

		for (size_t i = 0; i < G_N_ELEMENTS(row); i++) {
			uint64_t va = alloc_ok(&f, 0, P, BOTH, row[i].prot);

			for (int round = 0; round < 2; round++)
				for (int a = VMSIM_READ; a <= VMSIM_EXECUTE; a++) {
					char letter = !nx && a == VMSIM_EXECUTE ? 'r' : "rwx"[a];

					g_assert_cmpint(
						touch(&f, va, (enum vmsim_access)a), ==,
						strchr(row[i].rights, letter)
							? VMSIM_RESULT_OK
							: VMSIM_RESULT_ACCESS_VIOLATION);
				}
		}
		stop(&f);
	}
}

/* 3.1: the first failing page decides, and nothing is stored unless all permit it. */
static void test_crossing(void)
{
	struct fixture f = layout("");

	RULES("3.1 3.3.violation");
	attend(&f);
	protect_ok(&f, C + P, P, PAGE_READONLY, RW);
	store(&f, C + P - 8, 0x1111111111111111);
	g_assert_cmpint(store(&f, C + P - 4, UINT64_MAX), ==, VMSIM_RESULT_ACCESS_VIOLATION);
	g_assert_cmphex(f.last.va, ==, C + P); /* the first byte touched in that page */
	g_assert_cmphex(load(&f, C + P - 8), ==, 0x1111111111111111);
	g_assert_cmphex(load(&f, C + P), ==, 0);
	protect_ok(&f, C + P, P, RW, PAGE_READONLY);
	g_assert_cmpint(store(&f, C + P - 4, 0x8877665544332211), ==, VMSIM_RESULT_OK);
	g_assert_cmphex(load(&f, C + P - 4), ==, 0x8877665544332211);
	g_assert_cmphex(load(&f, C + P - 8), ==, 0x4433221111111111);
	g_assert_cmphex(load(&f, C + P), ==, 0x88776655);
	g_assert_cmpint(store(&f, R - 4, 1), ==, VMSIM_RESULT_ACCESS_VIOLATION);
	g_assert_cmphex(f.last.va, ==, R - 4);
	/* into the next block, which is another */
	g_assert_cmpint(store(&f, M - 4, 0x0102030405060708), ==, VMSIM_RESULT_OK);
	g_assert_cmphex(load(&f, M - 4), ==, 0x0102030405060708);
	/* guard: the store is not performed, on neither side */
	protect_ok(&f, C + 3 * P, P, RW | PAGE_GUARD, RW);
	g_assert_cmpint(store(&f, C + 3 * P - 4, UINT64_MAX), ==, VMSIM_RESULT_GUARD_PAGE);
	g_assert_cmphex(load(&f, C + 3 * P - 8), ==, 0);
	stop(&f);
}

static void test_not_canonical(void) /* 3.1 step 1 */
{
	struct fixture f = layout("");

	RULES("3.1.1 3.1.4a");
	attend(&f);
	g_assert_cmpint(touch(&f, 0x800000000000, VMSIM_WRITE), ==, VMSIM_RESULT_ACCESS_VIOLATION);
	g_assert_cmphex(f.last.va, ==, UINT64_MAX);
	g_assert_cmpstr(f.last.access, ==, "read");
	g_assert_cmpint(touch(&f, 0xFFFF800000000000, VMSIM_READ), ==,
			VMSIM_RESULT_ACCESS_VIOLATION);
	g_assert_cmphex(f.last.va, ==, 0xFFFF800000000000);
	g_assert_cmpint(touch(&f, UINT64_MAX, VMSIM_READ), ==, VMSIM_RESULT_ACCESS_VIOLATION);
	g_assert_cmpint(touch(&f, HI + 1, VMSIM_WRITE), ==, VMSIM_RESULT_ACCESS_VIOLATION);
	g_assert_cmphex(f.last.va, ==, HI + 1);
	g_assert_cmpint(touch(&f, 0, VMSIM_READ), ==, VMSIM_RESULT_ACCESS_VIOLATION);
	stop(&f);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/api/guard", test_guard);
	g_test_add_func("/api/guard/order", test_guard_order);
	g_test_add_func("/api/rights", test_rights);
	g_test_add_func("/api/crossing", test_crossing);
	g_test_add_func("/api/not-canonical", test_not_canonical);
	return g_test_run();
}
