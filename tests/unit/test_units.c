/* test_units.c: numbers with units are exact, and printed so that they read back the same. */
#include "config/units.h"

#include <glib.h>
#include <vmsim/types.h>

static void expect_count(const char *text, uint64_t expected)
{
	uint64_t n = 0;

	g_assert_cmpstr(units_count(text, &n), ==, NULL);
	g_assert_cmpuint(n, ==, expected);
}

static void expect_bytes(const char *text, uint64_t expected)
{
	uint64_t n = 0;

	g_assert_cmpstr(units_bytes(text, &n), ==, NULL);
	g_assert_cmpuint(n, ==, expected);
}

static void test_count(void)
{
	uint64_t n = 7;

	expect_count("0", 0);
	expect_count("18446744073709551615", UINT64_MAX);
	expect_count("0x1F", 31);
	expect_count("0x000000000000000000000000000001", 1);
	expect_count("0xffffffffffffffff", UINT64_MAX);
	expect_count("64Ki", 65536);
	expect_count("1.5Ki", 1536);
	expect_count("2.5M", 2500000);
	expect_count("4.0", 4);
	g_assert_cmpstr(units_count("18446744073709551616", &n), ==, "does not fit in 64 bits");
	g_assert_cmpstr(units_count("0x10000000000000000", &n), ==, "does not fit in 64 bits");
	g_assert_cmpstr(units_count("16777216Ti", &n), ==, "does not fit in 64 bits");
	g_assert_cmpstr(units_count("1.5", &n), ==, "is not a whole number");
	g_assert_cmpstr(units_count("-5", &n), ==, "is negative");
	g_assert_cmpstr(units_count("", &n), ==, "is not a number");
	g_assert_cmpstr(units_count("0x", &n), ==, "is not a number");
	g_assert_cmpstr(units_count("0x1g", &n), ==, "is not a number");
	g_assert_cmpstr(units_count("five", &n), ==, "is not a number");
	g_assert_cmpstr(units_count("5KiB", &n), ==, "has an unknown unit");
	g_assert_cmpstr(units_count("1e3", &n), ==, "is written with an exponent");
	g_assert_cmpstr(units_count("1.", &n), ==, "has an unknown unit");
	g_assert_cmpstr(units_count("99999999999999999999999999999999999999999", &n), ==,
			"has too many digits");
	g_assert_cmpuint(n, ==, 7); /* written only on success */
}

static void test_bytes(void)
{
	uint64_t n;

	expect_bytes("4096", 4096);
	expect_bytes("4KiB", 4096);
	expect_bytes("4 KiB", 4096);
	expect_bytes("4GiB", (uint64_t)4 << 30);
	expect_bytes("0.5TiB", (uint64_t)512 << 30);
	expect_bytes("100kB", 100000);
	expect_bytes("3MB", 3000000);
	expect_bytes("1.000000001GB", 1000000001);
	g_assert_cmpstr(units_bytes("1.0000000001GB", &n), ==, "is not a whole number of bytes");
	g_assert_cmpstr(units_bytes("4gib", &n), ==, "has an unknown unit");
	g_assert_cmpstr(units_rate("3500MB", &n), ==, NULL);
	g_assert_cmpuint(n, ==, 3500000000);
	g_assert_cmpstr(units_rate("3500MB/s", &n), ==, NULL);
	g_assert_cmpuint(n, ==, 3500000000);
	g_assert_cmpstr(units_rate("3500MB/m", &n), ==, "has an unknown unit");
}

static void expect_time(const char *text, uint64_t expected, bool expected_time)
{
	uint64_t n = 0;
	bool is_time = !expected_time;

	g_assert_cmpstr(units_time(text, &n, &is_time), ==, NULL);
	g_assert_cmpuint(n, ==, expected);
	g_assert_cmpint(is_time, ==, expected_time);
}

static void test_time(void)
{
	uint64_t n;
	bool is_time;

	expect_time("440", 440, false);
	expect_time("0x10", 16, false);
	expect_time("80ns", 80000, true);
	expect_time("1.5us", 1500000, true);
	expect_time("12.37ms", 12370000000, true);
	expect_time("1s", 1000000000000, true);
	expect_time("51.83 us", 51830000, true);
	expect_time("0.001ns", 1, true);
	expect_time("18446744.073709551615s", UINT64_MAX, true);
	g_assert_cmpstr(units_time("0.0001ns", &n, &is_time), ==, "is finer than a picosecond");
	g_assert_cmpstr(units_time("18446744.073709551616s", &n, &is_time), ==,
			"does not fit in 64 bits");
	g_assert_cmpstr(units_time("9.5", &n, &is_time), ==, "is not a whole number of cycles");
	g_assert_cmpstr(units_time("9 parsecs", &n, &is_time), ==, "has an unknown unit");
}

static void expect_printed(uint64_t picoseconds, const char *expected)
{
	char *text = units_print_time(picoseconds);
	uint64_t back = 0;
	bool is_time = false;

	g_assert_cmpstr(text, ==, expected);
	g_assert_cmpstr(units_time(text, &back, &is_time), ==, NULL);
	g_assert_true(is_time);
	g_assert_cmpuint(back, ==, picoseconds);
	g_free(text);
}

static void test_print_time(void)
{
	expect_printed(0, "0ns");
	expect_printed(1, "1ps");
	expect_printed(80000, "80ns");
	expect_printed(1500000, "1.5us");
	expect_printed(12370000000, "12.37ms");
	expect_printed(1000000000000, "1s");
	expect_printed(1000000000001, "1.000000000001s");
	expect_printed(UINT64_MAX, "18446744.073709551615s");
}

static void test_thousandths(void)
{
	uint64_t n = 0;
	char *text;

	g_assert_cmpstr(units_thousandths("3.2", &n), ==, NULL);
	g_assert_cmpuint(n, ==, 3200);
	g_assert_cmpstr(units_thousandths("0.001", &n), ==, NULL);
	g_assert_cmpuint(n, ==, 1);
	g_assert_cmpstr(units_thousandths("3.2001", &n), ==, "has more than three places");
	g_assert_cmpstr(units_thousandths("0x10", &n), ==, "is not a decimal number");
	text = units_print_thousandths(3250);
	g_assert_cmpstr(text, ==, "3.25");
	g_free(text);
}

static void test_fraction(void)
{
	static const char *const wrong[] = {"", "/", "1/", "/2", "1/2x", "-1/2", "0.5", "1/2/3",
					    "1234567/12345678"};
	uint64_t n = 0;
	char *text;

	g_assert_cmpstr(units_fraction("3/8", &n), ==, NULL);
	g_assert_cmphex(n, ==, UINT64_C(0x300000008));
	text = units_print_fraction(n);
	g_assert_cmpstr(text, ==, "3/8");
	g_free(text);
	g_assert_cmpstr(units_fraction("1", &n), ==, NULL);
	g_assert_cmphex(n, ==, UINT64_C(0x100000001));
	g_assert_cmpstr(units_fraction("0/8", &n), ==, "is out of range");
	g_assert_cmpstr(units_fraction("9/8", &n), ==, "is out of range");
	g_assert_cmpstr(units_fraction("2", &n), ==, "is out of range");
	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++)
		g_assert_cmpstr(units_fraction(wrong[i], &n), ==, "is not a fraction");
	g_assert_cmphex(n, ==, UINT64_C(0x100000001));
}

static void expect_cycles(uint64_t picoseconds, uint64_t mhz, uint64_t expected)
{
	uint64_t cycles = 0;

	g_assert_true(units_cycles(picoseconds, mhz, &cycles));
	g_assert_cmpuint(cycles, ==, expected);
}

/* T1: rounded up. */
static void test_cycles(void)
{
	uint64_t cycles;

	expect_cycles(0, 4000, 0);
	expect_cycles(1, 4000, 1);
	expect_cycles(1000, 4000, 4);
	expect_cycles(1001, 4000, 5);
	expect_cycles(75000, 3300, 248); /* 247.5 */
	expect_cycles(UINT64_MAX, 1000000, UINT64_MAX);
	g_assert_false(units_cycles(UINT64_MAX, 1000001, &cycles));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/units/count", test_count);
	g_test_add_func("/units/bytes", test_bytes);
	g_test_add_func("/units/time", test_time);
	g_test_add_func("/units/print-time", test_print_time);
	g_test_add_func("/units/thousandths", test_thousandths);
	g_test_add_func("/units/fraction", test_fraction);
	g_test_add_func("/units/cycles", test_cycles);
	return g_test_run();
}
