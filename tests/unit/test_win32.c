/* test_win32.c: names and numbers of Win32. */
#include "rules.h"

#include <glib.h>
#include <string.h>
#include <vmsim/win32.h>

/* The whole table of 2.1, by value, written out a second time. */
static void test_translation(void)
{
	static const uint32_t row[][2] = {
		{0xC0000004, 24},   {0xC0000005, 998},	{0xC0000006, 999},  {0xC0000008, 6},
		{0xC000000D, 87},   {0xC0000017, 8},	{0xC0000018, 487},  {0xC0000019, 487},
		{0xC000001A, 87},   {0xC000001B, 87},	{0xC0000021, 5},    {0xC0000022, 5},
		{0xC000002A, 158},  {0xC000002D, 487},	{0xC0000045, 87},   {0xC000004C, 87},
		{0xC000004D, 87},   {0xC0000061, 1314}, {0xC000009A, 1450}, {0xC000009F, 487},
		{0xC00000A0, 487},  {0xC00000A1, 1453}, {0xC00000FD, 1001}, {0xC000010A, 5},
		{0xC000012D, 1455}, {0xC0000243, 1224}, {0xC0000434, 170},
		{0x80000001, 0x80000001}, /* not translated */
		{0x40000017, 0},    {0x40000019, 0}, /* successes */
	};

	RULES("2.1");
	for (size_t i = 0; i < G_N_ELEMENTS(row); i++) {
		g_assert_cmpuint(vmsim_status_to_error(row[i][0]), ==, row[i][1]);
		g_assert_nonnull(vmsim_status_name(row[i][0]));
	}
	for (uint32_t n = 1; n <= 12; n++) /* INVALID_PARAMETER_n */
		g_assert_cmpuint(vmsim_status_to_error(0xC00000EE + n), ==, 87);
}

static void test_status(void)
{
	g_assert_cmpuint(vmsim_status_to_error(STATUS_SUCCESS), ==, ERROR_SUCCESS);
	g_assert_cmpuint(vmsim_status_to_error(STATUS_CONFLICTING_ADDRESSES), ==,
			 ERROR_INVALID_ADDRESS);
	g_assert_cmpuint(vmsim_status_to_error(STATUS_INVALID_PAGE_PROTECTION), ==,
			 ERROR_INVALID_PARAMETER);
	g_assert_cmpuint(vmsim_status_to_error(STATUS_GUARD_PAGE_VIOLATION), ==,
			 STATUS_GUARD_PAGE_VIOLATION);
	g_assert_cmpuint(vmsim_status_to_error(STATUS_WAS_LOCKED), ==, 0);
	g_assert_cmpuint(vmsim_status_to_error(0xC0FFEEEEu), ==, 317);
	g_assert_cmpstr(vmsim_status_name(0xC000012Du), ==, "STATUS_COMMITMENT_LIMIT");
	g_assert_null(vmsim_status_name(1));
}

static void test_error(void)
{
	g_assert_cmpstr(vmsim_error_name(0), ==, "ERROR_SUCCESS");
	g_assert_cmpstr(vmsim_error_name(487), ==, "ERROR_INVALID_ADDRESS");
	g_assert_cmpstr(vmsim_error_name(STATUS_GUARD_PAGE_VIOLATION), ==,
			"STATUS_GUARD_PAGE_VIOLATION");
	g_assert_null(vmsim_error_name(4242));
	g_assert_null(vmsim_error_name(STATUS_NO_MEMORY));
}

/* Every name of the table reads back as its number; parts and longer names do not. */
static void test_code_by_name(void)
{
	static const struct {
		const char *name;
		uint32_t value;
	} all[] = {
#define STATUS(name, value, error) {#name, value},
#define ERROR(name, value) {#name, value},
#include <vmsim/win32.def>
	};
	uint32_t code = 1;

	for (size_t i = 0; i < G_N_ELEMENTS(all); i++) {
		size_t n = strlen(all[i].name);

		g_assert_true(vmsim_code_by_name(all[i].name, n, &code));
		g_assert_cmpuint(code, ==, all[i].value);
		g_assert_false(vmsim_code_by_name(all[i].name, n + 1, &code));
	}
	g_assert_false(vmsim_code_by_name("ERROR_BUS", 9, &code));
	g_assert_false(vmsim_code_by_name("", 0, &code));
	/* STATUS_INVALID_PARAMETER is the beginning of twelve others. */
	g_assert_true(vmsim_code_by_name("STATUS_INVALID_PARAMETER_12", 26, &code));
	g_assert_cmphex(code, ==, STATUS_INVALID_PARAMETER_1);
	g_assert_true(vmsim_code_by_name("STATUS_INVALID_PARAMETER_12", 24, &code));
	g_assert_cmphex(code, ==, STATUS_INVALID_PARAMETER);
}

static void test_flag_names(void)
{
	uint32_t bits;

	g_assert_true(vmsim_mem_by_name("MEM_RESET_UNDO", 14, &bits));
	g_assert_cmphex(bits, ==, 0x1000000);
	g_assert_true(vmsim_mem_by_name("MEM_IMAGE", 9, &bits));
	g_assert_cmphex(bits, ==, 0x1000000);
	g_assert_true(vmsim_mem_by_name("MEM_RESET_UNDO", 9, &bits));
	g_assert_cmphex(bits, ==, MEM_RESET);
	g_assert_true(vmsim_prot_by_name("PAGE_EXECUTE_READWRITE", 12, &bits));
	g_assert_cmphex(bits, ==, PAGE_EXECUTE);
	g_assert_false(vmsim_prot_by_name("MEM_COMMIT", 10, &bits));
	g_assert_false(vmsim_mem_by_name("PAGE_GUARD", 10, &bits));
	g_assert_true(vmsim_mem_by_name("MEM_REPLACE_PLACEHOLDER", 23, &bits));
	g_assert_cmphex(bits, ==, MEM_DECOMMIT);
	g_assert_true(vmsim_section_by_name("SEC_LARGE_PAGES", 15, &bits));
	g_assert_cmphex(bits, ==, SEC_LARGE_PAGES);
	g_assert_true(vmsim_section_by_name("PAGE_READWRITE", 14, &bits));
	g_assert_cmphex(bits, ==, PAGE_READWRITE);
	g_assert_false(vmsim_prot_by_name("SEC_IMAGE", 9, &bits));
	g_assert_true(vmsim_file_map_by_name("FILE_MAP_EXECUTE", 16, &bits));
	g_assert_cmphex(bits, ==, FILE_MAP_EXECUTE);
	g_assert_false(vmsim_file_map_by_name("PAGE_EXECUTE", 12, &bits));
	g_assert_false(vmsim_section_by_name("FILE_MAP_READ", 13, &bits));
}

static void test_print(void)
{
	char buf[VMSIM_FLAGS_MAX];

	g_assert_cmpstr(vmsim_mem_print(0, buf), ==, "0");
	g_assert_cmpstr(vmsim_mem_print(0x3000, buf), ==, "MEM_COMMIT|MEM_RESERVE");
	g_assert_cmpstr(vmsim_mem_print(0x40002000, buf), ==, "MEM_RESERVE|0x40000000");
	g_assert_cmpstr(vmsim_mem_print(0x6, buf), ==, "0x6");
	g_assert_cmpstr(vmsim_mem_print(0x1000000, buf), ==, "MEM_RESET_UNDO");
	g_assert_cmpstr(vmsim_region_type_print(0x1000000, buf), ==, "MEM_IMAGE");
	g_assert_cmpstr(vmsim_region_type_print(0x20000, buf), ==, "MEM_PRIVATE");
	g_assert_cmpstr(vmsim_region_type_print(0, buf), ==, "0");
	g_assert_cmpstr(vmsim_prot_print(0x104, buf), ==, "PAGE_READWRITE|PAGE_GUARD");
	g_assert_cmpstr(vmsim_prot_print(0x80000000u, buf), ==, "0x80000000");
}

/* The same bits by the names they have where they stand. */
static void test_print_uses(void)
{
	char buf[VMSIM_FLAGS_MAX];

	g_assert_cmpstr(vmsim_mem_print(0x44003, buf), ==, "MEM_DECOMMIT|MEM_MAPPED|0x3");
	g_assert_cmpstr(vmsim_region_type_print(0x40000, buf), ==, "MEM_MAPPED");
	g_assert_cmpstr(vmsim_alloc2_type_print(0x1044003, buf), ==,
			"MEM_REPLACE_PLACEHOLDER|MEM_RESERVE_PLACEHOLDER|MEM_RESET_UNDO|0x3");
	g_assert_cmpstr(vmsim_free_type_print(0xc003, buf), ==,
			"MEM_COALESCE_PLACEHOLDERS|MEM_PRESERVE_PLACEHOLDER|MEM_DECOMMIT|"
			"MEM_RELEASE");
	g_assert_cmpstr(vmsim_section_print(0xcd000004u, buf), ==,
			"PAGE_READWRITE|SEC_IMAGE|SEC_RESERVE|SEC_COMMIT|PAGE_TARGETS_INVALID|"
			"SEC_LARGE_PAGES");
	g_assert_cmpstr(vmsim_prot_print(0x1000004, buf), ==, "PAGE_READWRITE|0x1000000");
	g_assert_cmpstr(vmsim_file_map_print(0x2f, buf), ==,
			"FILE_MAP_COPY|FILE_MAP_WRITE|FILE_MAP_READ|FILE_MAP_EXECUTE|0x8");
	g_assert_cmpstr(vmsim_file_map_print(0, buf), ==, "0");
}

/* All bits at once stay within the buffer, and read back as they were. */
static void test_print_everything(void)
{
	static const char *(*const print[])(uint32_t, char *) = {
		vmsim_mem_print,         vmsim_alloc2_type_print, vmsim_free_type_print,
		vmsim_region_type_print, vmsim_prot_print,        vmsim_section_print,
		vmsim_file_map_print};
	char buf[VMSIM_FLAGS_MAX];

	for (size_t i = 0; i < G_N_ELEMENTS(print); i++) {
		uint32_t bits = 0;
		char **parts;

		g_assert_cmpuint(strlen(print[i](UINT32_MAX, buf)), <, VMSIM_FLAGS_MAX);
		parts = g_strsplit(buf, "|", -1);
		for (size_t j = 0; parts[j] != NULL; j++) {
			uint32_t one = 0;

			if (!vmsim_mem_by_name(parts[j], strlen(parts[j]), &one) &&
			    !vmsim_section_by_name(parts[j], strlen(parts[j]), &one) &&
			    !vmsim_file_map_by_name(parts[j], strlen(parts[j]), &one))
				one = (uint32_t)g_ascii_strtoull(parts[j], NULL, 16);
			g_assert_cmphex(bits & one, ==, 0);
			bits |= one;
		}
		g_assert_cmphex(bits, ==, UINT32_MAX);
		g_strfreev(parts);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/win32/translation", test_translation);
	g_test_add_func("/win32/status", test_status);
	g_test_add_func("/win32/error", test_error);
	g_test_add_func("/win32/code-by-name", test_code_by_name);
	g_test_add_func("/win32/flag-names", test_flag_names);
	g_test_add_func("/win32/print", test_print);
	g_test_add_func("/win32/print-uses", test_print_uses);
	g_test_add_func("/win32/print-everything", test_print_everything);
	return g_test_run();
}
