/* test_alloc2.c: VirtualAlloc2: what it asks of its arguments, and where it allocates (semantics
 * 2.3, V12). Placeholders have tests of their own. */
#include "api.h"

struct alloc2_case {
	uint64_t va, size;
	uint32_t type, prot;
	struct vmsim_address_requirements where;
	uint32_t error;
	const char *status, *rule;
};

#define PLACE ((uint32_t)MEM_RESERVE_PLACEHOLDER)
#define REPLACE ((uint32_t)MEM_REPLACE_PLACEHOLDER)
#define ANY {0, 0, 0}

static const struct alloc2_case cases[] = {
	{1, P, RES, RW, ANY, 87, PARAM, "2.3.1"},
	{FREE, P, RES | 0x8000, RW, ANY, 87, PARAM, "2.3.2"},
	{FREE, P, RES | 0x10000, RW, ANY, 87, PARAM, "2.3.2"},
	{0, P, 0, RW, ANY, 87, PARAM, "2.3.3"},
	{0, P, PLACE, PAGE_NOACCESS, ANY, 87, PARAM, "2.3.3"},
	{0, P, REPLACE, RW, ANY, 87, PARAM, "2.3.3"},
	{C, P, RESET | COM, RW, ANY, 87, PARAM, "2.3.4"},
	{FREE, P, AWE | BOTH, RW, ANY, 87, PARAM, "2.3.7"},
	{0, P, RES | PLACE, RW, ANY, 87, PARAM, "2.3"},
	{0, P, RES | PLACE, PAGE_NOACCESS | PAGE_GUARD, ANY, 87, PARAM, "2.3"},
	{0, P, BOTH | PLACE, PAGE_NOACCESS, ANY, 87, PARAM, "2.3"},
	{0, P, COM | PLACE, PAGE_NOACCESS, ANY, 87, PARAM, "2.3"},
	{0, P, RES | PLACE | WATCH, PAGE_NOACCESS, ANY, 87, PARAM, "2.3"},
	{R, P, RES | PLACE | REPLACE, PAGE_NOACCESS, ANY, 87, PARAM, "2.3"},
	{R, P, RESET | REPLACE, RW, ANY, 87, PARAM, "2.3"},
	{R, P, COM | REPLACE, RW, ANY, 87, PARAM, "2.3"},
	{R, P, RES | AWE | REPLACE, RW, ANY, 87, PARAM, "2.3"},
	{R, 0x200000, BOTH | LARGE | REPLACE, RW, ANY, 87, PARAM, "2.3"},
	{0, P, RES, 6, ANY, 87, PROTECTION, "2.3.8"},
	{0, 0, RES, RW, ANY, 87, PARAM, "2.3.9"},
	{0, HI + 2, RES, RW, ANY, 87, PARAM, "2.3.9"},
	{HI + 1, P, RES, RW, ANY, 87, PARAM, "2.3.9"},
	{FREE + P, P, RES, RW, ANY, 87, PARAM, "2.3"},
	{C + P, P, COM, RW, ANY, 87, PARAM, "2.3"},
	{FREE, P + 1, RES, RW, ANY, 87, PARAM, "2.3"},
	{0, 1, BOTH, RW, ANY, 87, PARAM, "2.3"},
	{FREE, P, RES, RW, {G, 0, 0}, 87, PARAM, "2.3"},
	{FREE, P, RES, RW, {0, HI, 0}, 87, PARAM, "2.3"},
	{FREE, P, RES, RW, {0, 0, G}, 87, PARAM, "2.3"},
	{0, P, RES, RW, {0, 0, P}, 87, PARAM, "2.3"},
	{0, P, RES, RW, {0, 0, 1}, 87, PARAM, "2.3"},
	{0, P, RES, RW, {0, 0, 3 * G}, 87, PARAM, "2.3"},
	{0, P, RES, PAGE_WRITECOPY, ANY, 87, PROTECTION, "2.3.13a"},
	{R, P, RES, RW, ANY, 487, CONFLICT, "2.3.14a"},
	{FREE, P, COM, RW, ANY, 487, CONFLICT, "2.3.13b"},
	{PHYS, P, COM, RW, ANY, 487, CONFLICT, "2.3.14b"},
	{R, P, RES | REPLACE, RW, ANY, 487, CONFLICT, "2.3"}, /* no placeholder */
	{FREE, P, RES | REPLACE, RW, ANY, 487, CONFLICT, "2.3"},
	{0, P, RES | REPLACE, RW, ANY, 487, CONFLICT, "2.3"},
	{0, 281 * P, BOTH, RW, ANY, 1455, LIMIT, "2.3.16a"},
	{BIG, 281 * P, COM, RW, ANY, 1455, LIMIT, "2.3.17b"},
	/* bounds that are none of blocks and pages, are beyond the user range or upside down */
	{0, P, RES, RW, {FREE + 1, 0, 0}, 87, PARAM, "2.3"},
	{0, P, RES, RW, {FREE + P, 0, 0}, 87, PARAM, "2.3"},
	{0, P, RES, RW, {FREE - 1, 0, 0}, 87, PARAM, "2.3"},
	{0, P, RES, RW, {HI + 1, 0, 0}, 87, PARAM, "2.3"},
	{0, P, RES, RW, {0, FREE, 0}, 87, PARAM, "2.3"},
	{0, P, RES, RW, {0, FREE + P / 2 - 1, 0}, 87, PARAM, "2.3"},
	{0, P, RES, RW, {0, FREE - 2, 0}, 87, PARAM, "2.3"},
	{0, P, RES, RW, {0, 1, 0}, 87, PARAM, "2.3"},
	{0, P, RES, RW, {0, HI + P, 0}, 87, PARAM, "2.3"},
	{0, P, RES, RW, {0, UINT64_MAX, 0}, 87, PARAM, "2.3"},
	{0, P, RES, RW, {FREE, FREE - 1, 0}, 87, PARAM, "2.3"},
	{0, P, RES, RW, {3 * FREE, 2 * FREE + P - 1, 0}, 87, PARAM, "2.3"},
	{0, 0x200000, BOTH | LARGE, RW, {G, 0, 0}, 87, PARAM, "2.3"},
	/* no hole in bounds: taken, too narrow, none at all, too widely aligned */
	{0, P, RES, RW, {R, R + G - 1, 0}, 8, "STATUS_NO_MEMORY", "2.3.15a"},
	{0, 17 * P, RES, RW, {FREE, FREE + G - 1, 0}, 8, "STATUS_NO_MEMORY", "2.3.15a"},
	{0, 2 * P, RES, RW, {FREE, FREE + P - 1, 0}, 8, "STATUS_NO_MEMORY", "2.3.15a"},
	{0, P, RES, RW, {0, P - 1, 0}, 8, "STATUS_NO_MEMORY", "2.3.15a"},
	{0, P, RES, RW, {0, G - 1, 0}, 8, "STATUS_NO_MEMORY", "2.3.15a"},
	{0, 2 * P, RES, RW, {0, 0x20000FFF, 0x20000000}, 8, "STATUS_NO_MEMORY", "2.3.15a"},
	{0, P, RES, RW, {0, 0, (uint64_t)1 << 47}, 8, "STATUS_NO_MEMORY", "2.3.15a"},
	{0, P, RES, RW, {0, 0, (uint64_t)1 << 63}, 8, "STATUS_NO_MEMORY", "2.3.15a"},
};

static void test_steps(void)
{
	struct fixture f = layout("");
	char *before = digest(&f);

	RULES("2.3.alloc2 V12 2.3.2 2.3.15a I37");
	attend(&f);
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		const struct alloc2_case *c = &cases[i];
		char *after;

		g_test_message("case %zu", i);
		g_assert_cmphex(vmsim_virtual_alloc2(f.m, PID, c->va, c->size, c->type, c->prot,
						     &c->where, &f.error), ==, 0);
		failed(&f, c->error, c->status, c->rule);
		after = digest(&f);
		g_assert_cmpstr(after, ==, before);
		g_free(after);
	}
	g_assert_cmpint(f.differ, ==, 0);
	g_free(before);
	stop(&f);
}

static uint64_t in(struct fixture *f, uint64_t size, uint32_t type, uint64_t lowest,
		   uint64_t highest, uint64_t alignment)
{
	struct vmsim_address_requirements where = {lowest, highest, alignment};
	uint64_t got = vmsim_virtual_alloc2(f->m, PID, 0, size, type, RW, &where, &f->error);

	g_assert_cmpuint(f->error, ==, 0);
	return got;
}

static void test_placement(void)
{
	struct fixture f = start("");

	RULES("V12");
	g_assert_cmphex(in(&f, P, RES, 0, 0, 0), ==, G);
	g_assert_cmphex(in(&f, P, RES, 0x50000, 0, 0), ==, 0x50000);
	g_assert_cmphex(in(&f, P, RES, 0x50000, 0, 0), ==, 0x60000);
	g_assert_cmphex(in(&f, P, RES, 0x80000, HI, 0), ==, 0x80000);
	g_assert_cmphex(in(&f, P, RES, 0x70000, 0x70FFF, 0), ==, 0x70000);
	g_assert_cmphex(in(&f, P, BOTH, 0, 0, 0x100000), ==, 0x100000);
	g_assert_cmphex(in(&f, P, BOTH, 0, 0, 0x40000), ==, 0x40000);
	g_assert_cmphex(in(&f, P, BOTH, 0, 0, 0x40000), ==, 0xC0000);
	g_assert_cmphex(in(&f, 17 * P, RES, 0xA0000, 0xFFFFF, 0), ==, 0xA0000);
	/* from above: below the highest address, aligned, or both */
	g_assert_cmphex(in(&f, P, RES | TOP, 0, 0x2FFFFF, 0), ==, 0x2F0000);
	g_assert_cmphex(in(&f, P, RES | TOP, 0, 0x2FFFFF, 0), ==, 0x2E0000);
	g_assert_cmphex(in(&f, P, RES | TOP, 0, 0x2F0FFF, 0x20000), ==, 0x2C0000);
	g_assert_cmphex(in(&f, 17 * P, RES | TOP, 0, 0x2EFFFF, 0), ==, 0x2A0000);
	g_assert_cmphex(in(&f, P, RES | TOP, 0, 0, 0), ==, HI + 1 - G);
	g_assert_cmphex(in(&f, P, RES | TOP, 0, 0, (uint64_t)1 << 46), ==, (uint64_t)1 << 46);
	g_assert_cmpuint(query(&f, 0x100000).state, ==, MEM_COMMIT);
	g_assert_cmpint(store(&f, 0xC0000, 5), ==, VMSIM_RESULT_OK);
	stop(&f);
}

/* A seed moves the beginning of the search, but not out of its bounds (V11). */
static void test_seed(void)
{
	RULES("V12 V11");
	for (int seed = 1; seed < 9; seed++) {
		char *setting = g_strdup_printf("vmm.va_seed=%d", seed);
		struct fixture f = start(setting);
		uint64_t got = in(&f, P, RES, 0x100000, 0x1FFFFF, 0);

		g_assert_cmphex(got, >=, 0x100000);
		g_assert_cmphex(got, <, 0x200000);
		for (int i = 1; i < 16; i++) /* all of it is found in the end */
			in(&f, P, RES, 0x100000, 0x1FFFFF, 0);
		g_free(setting);
		stop(&f);
	}
}

/* Else it is as VirtualAlloc. */
static void test_given(void)
{
	struct fixture f = start("");

	RULES("2.3.alloc2 E3 E5");
	g_assert_cmphex(vmsim_virtual_alloc2(f.m, PID, R, 3 * P, RES, RW, NULL, &f.error), ==, R);
	g_assert_cmphex(query(&f, R).region_size, ==, 3 * P);
	vmsim_virtual_alloc2(f.m, PID, R, P, COM, PAGE_READONLY, NULL, &f.error);
	g_assert_cmpuint(f.error, ==, 0);
	g_assert_cmphex(query(&f, R).protect, ==, PAGE_READONLY);
	g_assert_cmphex(vmsim_virtual_alloc2(f.m, PID, R, 2 * P, RESET, RW, NULL, &f.error), ==, R);
	stop(&f);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/alloc2/steps", test_steps);
	g_test_add_func("/alloc2/placement", test_placement);
	g_test_add_func("/alloc2/seed", test_seed);
	g_test_add_func("/alloc2/given", test_given);
	return g_test_run();
}
