/* test_api_protect.c: VirtualProtect and VirtualQuery (semantics 2.5, 2.6, V13). */
#include "api.h"

/* --- 2.5 ----------------------------------------------------------------------------- */

static const struct alloc_case protect_cases[] = {
	{C, P, 0, 0, 87, PROTECTION, "2.5.1"},
	{C, P, 0, 6, 87, PROTECTION, "2.5.1"},
	{C, P, 0, 0x100, 87, PROTECTION, "2.5.1"},
	{C, P, 0, 0x404, 87, PROTECTION, "2.5.1"}, /* WRITECOMBINE */
	{C, P, 0, 0x804, 87, PROTECTION, "2.5.1"},
	{HI + 1, 0, 0, 0x80000004, 87, PROTECTION, "2.5.1"},
	{C, 0, 0, RW, 87, PARAM, "2.5.3"},
	{HI + 1, P, 0, RW, 87, PARAM, "2.5.3"},
	{C, HI, 0, RW, 87, PARAM, "2.5.3"},
	{C, 0, 0, 0x101, 87, PARAM, "2.5.3"},
	{C, P, 0, 0x101, 87, PROTECTION, "2.5.5"},
	{C, P, 0, 0x201, 87, PROTECTION, "2.5.5"},
	{C, P, 0, 0x304, 87, PROTECTION, "2.5.5"},
	{C, P, 0, 0x40000004, 87, PROTECTION, "2.5.5"},
	{FREE, P, 0, 0x304, 87, PROTECTION, "2.5.5"},
	{FREE, P, 0, RW, 487, CONFLICT, "2.5.6"},
	{C + 15 * P, 2 * P, 0, RW, 487, CONFLICT, "2.5.6"},
	{R - 1, 2, 0, RW, 487, CONFLICT, "2.5.6"},
	{PHYS + 15 * P, 2 * P, 0, PAGE_WRITECOPY, 487, CONFLICT, "2.5.6"},
	{PHYS, P, 0, RW, 487, CONFLICT, "2.5.7"},
	{PHYS, P, 0, PAGE_WRITECOPY, 487, CONFLICT, "2.5.7"},
	{C, P, 0, PAGE_WRITECOPY, 87, PROTECTION, "2.5.8"},
	{R, P, 0, PAGE_EXECUTE_WRITECOPY, 87, PROTECTION, "2.5.8"},
	{R, P, 0, RW, 487, "STATUS_NOT_COMMITTED", "2.5.9"},
	{M, 9 * P, 0, PAGE_READONLY, 487, "STATUS_NOT_COMMITTED", "2.5.9"}, /* no page changed */
	{M + 7 * P, 2 * P, 0, PAGE_READONLY, 487, "STATUS_NOT_COMMITTED", "2.5.9"},
};

static void test_protect_steps(void)
{
	struct fixture f = layout("");
	char *before = digest(&f);

	RULES("2.5.1 2.5.3 2.5.5 2.5.6 2.5.7 2.5.8 2.5.9 E2 I37");
	attend(&f);
	for (size_t i = 0; i < G_N_ELEMENTS(protect_cases); i++) {
		const struct alloc_case *c = &protect_cases[i];
		uint32_t old = 0x1234;
		char *after;

		g_test_message("case %zu: %s", i, c->rule);
		g_assert_false(vmsim_virtual_protect(f.m, PID, c->va, c->size, c->prot, &old,
						     &f.error));
		failed(&f, c->error, c->status, c->rule);
		g_assert_cmphex(old, ==, 0x1234);
		after = digest(&f);
		g_assert_cmpstr(after, ==, before);
		g_free(after);
	}
	g_free(before);
	stop(&f);
}

static void test_protect_effects(void) /* E14 */
{
	struct fixture f = layout("");

	RULES("E14 H20.tighter H20.unmap");
	store(&f, C + P, 9);
	protect_ok(&f, C + P, 2 * P, PAGE_READONLY, RW);
	protect_ok(&f, C, 3 * P, PAGE_EXECUTE_READ, RW); /* old is the first page's */
	protect_ok(&f, C + P, P, PAGE_NOACCESS, PAGE_EXECUTE_READ);
	g_assert_cmpint(touch(&f, C + P, VMSIM_READ), ==, VMSIM_RESULT_ACCESS_VIOLATION);
	protect_ok(&f, C + P, P, RW, PAGE_NOACCESS);
	g_assert_cmpuint(counter(&f, "transition_faults"), ==, 0);
	g_assert_cmpuint(load(&f, C + P), ==, 9);
	g_assert_cmpuint(counter(&f, "transition_faults"), ==, 1);
	g_assert_cmphex(query(&f, C).allocation_protect, ==, RW);
	/* each right at once, though the old one is in the TLB */
	protect_ok(&f, C + P, P, PAGE_READONLY, RW);
	g_assert_cmpint(store(&f, C + P, 1), ==, VMSIM_RESULT_ACCESS_VIOLATION);
	protect_ok(&f, C + P, P, PAGE_EXECUTE_READWRITE, PAGE_READONLY);
	g_assert_cmpint(touch(&f, C + P, VMSIM_EXECUTE), ==, VMSIM_RESULT_OK);
	protect_ok(&f, C + P, P, RW, PAGE_EXECUTE_READWRITE);
	g_assert_cmpint(touch(&f, C + P, VMSIM_EXECUTE), ==, VMSIM_RESULT_ACCESS_VIOLATION);
	g_assert_cmpint(store(&f, C + P, 3), ==, VMSIM_RESULT_OK);
	g_assert_cmpuint(counter(&f, "committed_pages_peak"), ==, 40); /* charge unchanged */
	stop(&f);
}

static void test_protect_caching(void) /* the block's setting stays */
{
	struct fixture f = start("");

	RULES("E14");
	alloc_ok(&f, R, P, BOTH, RW | PAGE_NOCACHE);
	protect_ok(&f, R, P, PAGE_READONLY, RW | PAGE_NOCACHE);
	g_assert_cmphex(query(&f, R).protect, ==, PAGE_READONLY | PAGE_NOCACHE);
	alloc_ok(&f, C, P, BOTH, RW);
	protect_ok(&f, C, P, PAGE_READONLY | PAGE_NOCACHE, RW);
	g_assert_cmphex(query(&f, C).protect, ==, PAGE_READONLY);
	alloc_ok(&f, M, P, BOTH, RW | PAGE_WRITECOMBINE);
	protect_ok(&f, M, P, PAGE_EXECUTE, RW | PAGE_WRITECOMBINE);
	g_assert_cmphex(query(&f, M).protect, ==, PAGE_EXECUTE | PAGE_WRITECOMBINE);
	stop(&f);
}

/* 2.5.2 and 2.6: nowhere to put the answer. */
static void test_no_buffer(void)
{
	RULES("2.5.2 2.6");
	if (g_test_subprocess()) {
		struct fixture f = layout("");

		g_assert_false(vmsim_virtual_protect(f.m, PID, C, P, PAGE_READONLY, NULL,
						     &f.error));
		g_assert_cmpuint(f.error, ==, 998);
		g_assert_cmphex(query(&f, C).protect, ==, RW);
		g_assert_false(vmsim_virtual_query(f.m, PID, C, NULL, &f.error));
		g_assert_cmpuint(f.error, ==, 998);
		stop(&f);
		return;
	}
	g_test_trap_subprocess(NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
	g_test_trap_assert_passed();
}

/* --- 2.6, V13 ------------------------------------------------------------------------ */

static void is_region(struct fixture *f, uint64_t va, uint64_t alloc_base, uint32_t alloc_prot,
		      uint64_t size, uint32_t state, uint32_t prot)
{
	struct vmsim_memory_basic_information i = query(f, va);

	g_assert_cmphex(i.base_address, ==, va / P * P); /* not the start of the run */
	g_assert_cmphex(i.allocation_base, ==, alloc_base);
	g_assert_cmphex(i.allocation_protect, ==, alloc_prot);
	g_assert_cmphex(i.region_size, ==, size);
	g_assert_cmphex(i.state, ==, state);
	g_assert_cmphex(i.protect, ==, prot);
	g_assert_cmphex(i.type, ==, state == MEM_FREE ? 0 : MEM_PRIVATE);
}

static void test_query(void)
{
	struct fixture f = layout("");
	struct vmsim_memory_basic_information info;

	RULES("V13 2.6");
	attend(&f);
	is_region(&f, 0, 0, 0, R, MEM_FREE, PAGE_NOACCESS);
	is_region(&f, 0x1234, 0, 0, R - P, MEM_FREE, PAGE_NOACCESS);
	is_region(&f, R, R, RW, 16 * P, MEM_RESERVE, 0);
	is_region(&f, R + 5 * P + 7, R, RW, 11 * P, MEM_RESERVE, 0);
	is_region(&f, C, C, RW, 16 * P, MEM_COMMIT, RW); /* not into M, though it is alike */
	is_region(&f, M, M, RW, 8 * P, MEM_COMMIT, RW);
	is_region(&f, M + 8 * P, M, RW, 8 * P, MEM_RESERVE, 0);
	is_region(&f, BIG + BIG_SIZE, 0, 0, HI + 1 - BIG - BIG_SIZE, MEM_FREE, PAGE_NOACCESS);
	is_region(&f, HI, 0, 0, P, MEM_FREE, PAGE_NOACCESS);
	g_assert_false(vmsim_virtual_query(f.m, PID, HI + 1, &info, &f.error));
	failed(&f, 87, PARAM, "2.6");
	stop(&f);
}

static void test_coalescing(void)
{
	struct fixture f = layout("");

	RULES("V3 V13");
	protect_ok(&f, C + 4 * P, 2 * P, PAGE_READONLY, RW);
	protect_ok(&f, C + 6 * P, P, RW | PAGE_GUARD, RW); /* modifiers tell pages apart */
	is_region(&f, C, C, RW, 4 * P, MEM_COMMIT, RW);
	is_region(&f, C + 4 * P, C, RW, 2 * P, MEM_COMMIT, PAGE_READONLY);
	is_region(&f, C + 6 * P, C, RW, P, MEM_COMMIT, RW | PAGE_GUARD);
	is_region(&f, C + 7 * P, C, RW, 9 * P, MEM_COMMIT, RW);
	/* residency, dirtiness, locks and resets do not */
	store(&f, C2 + P, 1);
	touch(&f, C2 + 2 * P, VMSIM_READ);
	g_assert_true(vmsim_virtual_lock(f.m, PID, C2 + 3 * P, P, &f.error));
	alloc_ok(&f, C2 + 2 * P, P, RESET, RW);
	is_region(&f, C2, C2, RW, 16 * P, MEM_COMMIT, RW);
	g_assert_cmpint(touch(&f, C + 6 * P, VMSIM_READ), ==, VMSIM_RESULT_GUARD_PAGE);
	is_region(&f, C + 6 * P, C, RW, 10 * P, MEM_COMMIT, RW);
	protect_ok(&f, C + 4 * P, 2 * P, RW, PAGE_READONLY);
	is_region(&f, C, C, RW, 16 * P, MEM_COMMIT, RW);
	g_assert_true(release(&f, C + 8 * P, P, DEC)); /* a marker and zero entries */
	is_region(&f, C, C, RW, 8 * P, MEM_COMMIT, RW);
	is_region(&f, C + 8 * P, C, RW, P, MEM_RESERVE, 0);
	g_assert_true(release(&f, C, 0, DEC));
	is_region(&f, C, C, RW, 16 * P, MEM_RESERVE, 0);
	alloc_ok(&f, C + 8 * P, P, COM, PAGE_READONLY);
	is_region(&f, C + 8 * P, C, RW, P, MEM_COMMIT, PAGE_READONLY);
	stop(&f);
}

/* A run ends where pages without a table of their own look otherwise. */
static void test_coalescing_tables(void)
{
	struct fixture f = start("");

	RULES("V3 V13");
	alloc_ok(&f, 0x5FF0000, 32 * P, BOTH, RW); /* half of it in the next table */
	g_assert_true(release(&f, 0x5FF0000, 16 * P, DEC));
	is_region(&f, 0x5FF0000, 0x5FF0000, RW, 16 * P, MEM_RESERVE, 0);
	is_region(&f, 0x6000000, 0x5FF0000, RW, 16 * P, MEM_COMMIT, RW);
	stop(&f);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/api/protect/steps", test_protect_steps);
	g_test_add_func("/api/protect/effects", test_protect_effects);
	g_test_add_func("/api/protect/caching", test_protect_caching);
	g_test_add_func("/api/no-buffer", test_no_buffer);
	g_test_add_func("/api/query", test_query);
	g_test_add_func("/api/query/coalescing", test_coalescing);
	g_test_add_func("/api/query/tables", test_coalescing_tables);
	return g_test_run();
}
