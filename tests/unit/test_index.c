/* test_index.c: how page numbers choose sets (config/index.h): texts, right and wrong, and sets. */
#include "config/index.h"

#include <glib.h>

static void test_wrong(void)
{
	static const struct {
		const char *text, *wrong;
	} row[] = {
		{"", "is no list of bits"},
		{"LINEAR", "is no list of bits"},
		{"linear ", "is no list of bits"},
		{"0,", "is no list of bits"},
		{"0^", "is no list of bits"},
		{",0", "is no list of bits"},
		{"-1", "is no list of bits"},
		{"0 ^ 1", "is no list of bits"},
		{"0x1", "is no list of bits"},
		{"48", "names a bit above 47"},
		{"99999999999999999999999", "names a bit above 47"},
		{"0,1^3^1", "names a bit twice in one group"},
		{"0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16", "has more than 16 groups"},
	};
	struct index_function index;

	for (size_t i = 0; i < G_N_ELEMENTS(row); i++) {
		g_assert_cmpstr(index_parse(row[i].text, &index), ==, row[i].wrong);
		g_assert_false(index_serves(row[i].text, 1));
	}
	g_assert_null(index_parse("0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,47", &index));
	g_assert_cmpuint(index.bits, ==, 16);
}

static void test_serves(void)
{
	g_assert_true(index_serves("linear", 1));
	g_assert_true(index_serves("linear", 96));
	g_assert_true(index_serves("xor", 1));
	g_assert_true(index_serves("xor", 128));
	g_assert_false(index_serves("xor", 96));
	g_assert_true(index_serves("0,1^2", 4));
	g_assert_false(index_serves("0,1^2", 2));
	g_assert_false(index_serves("0,1^2", 3));
	g_assert_false(index_serves("0,1^2", 8));
}

static uint64_t set_of(const char *text, uint32_t sets, uint64_t number)
{
	struct index_function index;

	index_init(&index, text, sets);
	return index_set(&index, number);
}

static void test_sets(void)
{
	g_assert_cmpuint(set_of("linear", 96, 960 + 7), ==, 7);
	g_assert_cmpuint(set_of("linear", 1, 77), ==, 0);
	g_assert_cmpuint(set_of("xor", 1, 77), ==, 0);
	/* 128 sets, as Skylake's second level: 1010101 xor 0110011; higher bits count for
	 * nothing. */
	g_assert_cmpuint(set_of("xor", 128, 0x7 << 14 | 0x33 << 7 | 0x55), ==, 0x66);
	g_assert_cmpuint(set_of("0^2,1", 4, 5), ==, 0);
	g_assert_cmpuint(set_of("0^2,1", 4, 4), ==, 1);
	g_assert_cmpuint(set_of("0^2,1", 4, 2), ==, 2);
	g_assert_cmpuint(set_of("1,0", 4, 1), ==, 2);
	g_assert_cmpuint(set_of("47^0", 2, UINT64_C(1) << 47), ==, 1);
	g_assert_cmpuint(set_of("47^0", 2, UINT64_C(1) << 47 | 1), ==, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/index/wrong", test_wrong);
	g_test_add_func("/index/serves", test_serves);
	g_test_add_func("/index/sets", test_sets);
	return g_test_run();
}
