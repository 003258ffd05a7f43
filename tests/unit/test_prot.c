/* test_prot.c: page protections: every value below 0x800 against E1, written out. */
#include "mmu/pte.h"
#include "vmm/internal.h"
#include "rules.h"

/* The valid values, all of them: eight bases; GUARD, NOCACHE or WRITECOMBINE with seven. */
static const uint32_t valid[] = {
	0x001, 0x002, 0x004, 0x008, 0x010, 0x020, 0x040, 0x080, /* alone */
	0x102, 0x104, 0x108, 0x110, 0x120, 0x140, 0x180,	/* GUARD, not with NOACCESS */
	0x202, 0x204, 0x208, 0x210, 0x220, 0x240, 0x280,	/* NOCACHE */
	0x402, 0x404, 0x408, 0x410, 0x420, 0x440, 0x480,	/* WRITECOMBINE */
};

static bool in_table(uint32_t value)
{
	for (size_t i = 0; i < G_N_ELEMENTS(valid); i++)
		if (valid[i] == value)
			return true;
	return false;
}

static void test_valid(void)
{
	RULES("E1");
	for (uint32_t value = 0; value < 0x800; value++)
		g_assert_cmpint(prot_valid(value), ==, in_table(value));
}

/* Unknown bits, and CFG targets, which go with execute protections only. */
static void test_other_bits(void)
{
	RULES("E1");
	for (unsigned bit = 11; bit < 32; bit++) {
		uint32_t unknown = (uint32_t)1 << bit;

		if (unknown == PAGE_TARGETS_INVALID)
			continue;
		g_assert_false(prot_valid(unknown));
		g_assert_false(prot_valid(PAGE_READWRITE | unknown));
	}
	for (uint32_t value = 0; value < 0x800; value++)
		g_assert_cmpint(prot_valid(value | 0x40000000), ==,
				in_table(value) && (value & 0xF0));
}

static void test_copy(void)
{
	for (uint32_t value = 0; value < 0x800; value++)
		g_assert_cmpint(prot_is_copy(value), ==, (value & 0x88) != 0);
}

static void test_round_trip(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(valid); i++) {
		unsigned prot = prot_from_win32(valid[i]);

		g_assert_cmpuint(prot, <=, PROT_MASK);
		g_assert_cmphex(prot_to_win32(prot), ==, valid[i]);
		g_assert_cmpint(prot_is_guard(prot), ==, (valid[i] & 0x100) != 0);
		g_assert_cmpint(prot_may_map(prot), ==, !(valid[i] & 0x101));
		for (size_t k = 0; k < i; k++)
			g_assert_cmpuint(prot_from_win32(valid[k]), !=, prot);
		/* a demand-zero entry of any protection is not mistaken for a decommitted one */
		g_assert_false(pte_is_decommitted(pte_make_demand_zero(prot, false)));
		g_assert_cmphex(pte_make_demand_zero(prot, false), !=, 0);
	}
	g_assert_cmphex(prot_to_win32(prot_from_win32(0x40000010)), ==, 0x10); /* ignored */
}

/* 3.2 by Win32 value; views' copy is a write that is permitted. */
static void test_rights(void)
{
	static const struct {
		uint32_t base;
		const char *rights;
	} row[] = {{0x01, ""},	 {0x02, "r"},  {0x04, "rw"},  {0x08, "rw"},
		   {0x10, "rx"}, {0x20, "rx"}, {0x40, "rwx"}, {0x80, "rwx"}};

	RULES("3.2 3.2.execute");
	for (size_t i = 0; i < G_N_ELEMENTS(row); i++)
		for (uint32_t m = 0; m <= 0x400; m = m ? m << 1 : 0x100) {
			unsigned prot = prot_from_win32(row[i].base | m);

			if (!in_table(row[i].base | m))
				continue;
			for (int a = VMSIM_READ; a <= VMSIM_EXECUTE; a++)
				g_assert_cmpint(
					prot_permits(prot, (enum vmsim_access)a, true), ==,
					strchr(row[i].rights, "rwx"[a]) != NULL);
		}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/prot/valid", test_valid);
	g_test_add_func("/prot/other-bits", test_other_bits);
	g_test_add_func("/prot/copy", test_copy);
	g_test_add_func("/prot/round-trip", test_round_trip);
	g_test_add_func("/prot/rights", test_rights);
	return g_test_run();
}
