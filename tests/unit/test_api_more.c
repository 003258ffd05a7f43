/* test_api_more.c: working sets and sections, driven by hand. What the calls do has traces
 * (tests/scenario/rules); here: that each argument gets where it belongs, and each answer back. */
#include "api.h"

#define VIEW 0x300000u

static void test_working_set(void)
{
	struct fixture f = start("memory.frames=1024");

	RULES("2.8.2 2.8.3 2.8.limits 2.7.quota");
	alloc_ok(&f, G, 60 * P, BOTH, RW);
	g_assert_false(vmsim_virtual_lock(f.m, PID, G, 31 * P, &f.error));
	g_assert_cmpuint(f.error, ==, 1453);
	g_assert_false(vmsim_set_working_set(f.m, PID, 80 * P, 12 * P, 0, &f.error));
	g_assert_cmpuint(f.error, ==, 87);
	g_assert_false(vmsim_set_working_set(f.m, PID, 80 * P, 100 * P, 3, NULL)); /* hard and soft */
	g_assert_true(vmsim_set_working_set(f.m, PID, 80 * P, 100 * P, 5, &f.error));
	g_assert_cmpuint(f.error, ==, 0);
	g_assert_true(vmsim_virtual_lock(f.m, PID, G, 31 * P, &f.error));
	g_assert_cmpint(store(&f, G + 40 * P, 7), ==, VMSIM_RESULT_OK);
	g_assert_true(vmsim_empty_working_set(f.m, PID, NULL));
	g_assert_cmpuint(load(&f, G + 40 * P), ==, 7);
	g_assert_cmpuint(counter(&f, "transition_faults"), ==, 1);
	g_assert_true(vmsim_set_working_set(f.m, PID, UINT64_MAX, UINT64_MAX, 0, &f.error));
	g_assert_cmpuint(load(&f, G + 40 * P), ==, 7);
	g_assert_cmpuint(counter(&f, "transition_faults"), ==, 2);
	stop(&f);
}

static void test_sections(void)
{
	struct fixture f = start("");
	uint64_t first, value = 0;

	RULES("C1.section C1.file 3.5");
	g_assert_false(vmsim_create_file_mapping(f.m, PID, NULL, 0, RW, "s", &f.error));
	g_assert_cmpuint(f.error, ==, 87);
	g_assert_cmphex(vmsim_map_view(f.m, PID, "s", FILE_MAP_READ, 0, 0, 0, &f.error), ==, 0);
	g_assert_cmpuint(f.error, ==, 6);
	g_assert_true(vmsim_create_file_mapping(f.m, PID, NULL, 0x20000, RW, "s", &f.error));
	g_assert_true(vmsim_create_file_mapping(f.m, PID, "x", P, PAGE_READONLY, "f", NULL));
	first = vmsim_map_view(f.m, PID, "s", FILE_MAP_WRITE, 0, 0, 0, &f.error);
	g_assert_cmphex(first, ==, G);
	g_assert_cmphex(query(&f, first).region_size, ==, 0x20000);
	g_assert_cmphex(vmsim_map_view(f.m, 2, "s", FILE_MAP_COPY, G, 2 * P, VIEW, NULL), ==, VIEW);
	g_assert_cmphex(vmsim_map_view(f.m, PID, "f", FILE_MAP_WRITE, 0, 0, 0, &f.error), ==, 0);
	g_assert_cmpuint(f.error, ==, 5);
	g_assert_cmpint(store(&f, first + G, 0x77), ==, VMSIM_RESULT_OK);
	vmsim_access(f.m, 2, VMSIM_READ, VIEW, 8, &value);
	g_assert_cmphex(value, ==, 0x77);
	g_assert_false(vmsim_close_handle(f.m, 2, "s", &f.error));
	g_assert_cmpuint(f.error, ==, 6);
	g_assert_true(vmsim_close_handle(f.m, PID, "s", &f.error));
	g_assert_true(vmsim_unmap_view(f.m, PID, first + 5, NULL));
	g_assert_false(vmsim_unmap_view(f.m, PID, first, &f.error));
	g_assert_cmpuint(f.error, ==, 487);
	g_assert_true(vmsim_unmap_view(f.m, 2, VIEW, &f.error));
	stop(&f);
}

/* Who does not want the error need not take it. */
static void test_no_error(void)
{
	struct fixture f = start("");

	RULES("2.11");
	alloc_ok(&f, G, 4 * P, BOTH | WATCH, RW);
	g_assert_cmpuint(vmsim_reset_write_watch(f.m, PID, G, 4 * P, NULL), ==, 0);
	g_assert_cmpuint(vmsim_reset_write_watch(f.m, PID, G, 5 * P, NULL), ==, UINT32_MAX);
	stop(&f);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/api/working-set", test_working_set);
	g_test_add_func("/api/sections", test_sections);
	g_test_add_func("/api/no-error", test_no_error);
	return g_test_run();
}
