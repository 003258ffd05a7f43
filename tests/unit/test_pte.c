/* test_pte.c: entries of every kind round-trip, and rights follow table 3.2. */
#include "mmu/pte.h"
#include "rules.h"

#include <glib.h>

static const unsigned accesses[] = {PROT_READONLY, PROT_EXECUTE, PROT_EXECUTE_READ, PROT_READWRITE,
				    PROT_WRITECOPY, PROT_EXECUTE_READWRITE,
				    PROT_EXECUTE_WRITECOPY};

/* 3.2, read, write and execute with DEP; views' copy counts as permitted. */
static const struct {
	unsigned prot;
	bool read, write, execute;
} table[] = {
	{PROT_NOACCESS, false, false, false},
	{PROT_READONLY, true, false, false},
	{PROT_READWRITE, true, true, false},
	{PROT_WRITECOPY, true, true, false},
	{PROT_EXECUTE, true, false, true},
	{PROT_EXECUTE_READ, true, false, true},
	{PROT_EXECUTE_READWRITE, true, true, true},
	{PROT_EXECUTE_WRITECOPY, true, true, true},
};

static void test_permits(void)
{
	RULES("3.2 3.2.execute 3.2.nx");
	for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
		unsigned p = table[i].prot;

		g_assert_cmpint(prot_permits(p, VMSIM_READ, true), ==, table[i].read);
		g_assert_cmpint(prot_permits(p, VMSIM_WRITE, true), ==, table[i].write);
		g_assert_cmpint(prot_permits(p, VMSIM_EXECUTE, true), ==, table[i].execute);
		/* without DEP executing needs only read */
		g_assert_cmpint(prot_permits(p, VMSIM_EXECUTE, false), ==, table[i].read);
		g_assert_cmpint(prot_permits(p, VMSIM_WRITE, false), ==, table[i].write);
	}
}

/* The guard is looked at apart: rights are those of the protection under it. */
static void test_modifiers(void)
{
	RULES("H5 K1");
	for (size_t i = 0; i < G_N_ELEMENTS(accesses); i++) {
		for (unsigned m = PROT_NOCACHE; m <= PROT_WRITECOMBINE; m += PROT_NOCACHE) {
			unsigned p = accesses[i] | m;

			g_assert_cmpint(prot_is_guard(p), ==, m == PROT_GUARD);
			g_assert_cmpint(prot_may_map(p), ==, m != PROT_GUARD);
			for (int a = VMSIM_READ; a <= VMSIM_EXECUTE; a++)
				g_assert_cmpint(
					prot_permits(p, (enum vmsim_access)a, true), ==,
					prot_permits(accesses[i], (enum vmsim_access)a, true));
		}
		g_assert_true(prot_may_map(accesses[i]));
		g_assert_false(prot_is_guard(accesses[i]));
	}
	g_assert_false(prot_may_map(PROT_NOACCESS));
	g_assert_false(prot_is_guard(PROT_NOACCESS));
	g_assert_false(prot_is_guard(PROT_DECOMMITTED));
	g_assert_false(prot_may_map(PROT_NONE));
}

enum kind { ZERO, DECOMMITTED, DEMAND_ZERO, TRANSITION, PAGEFILE, VALID };

static enum kind kind_of(pte_t pte)
{
	int n = pte_is_valid(pte) + pte_is_transition(pte) + pte_is_pagefile(pte) +
		pte_is_decommitted(pte);

	g_assert_cmpint(n, <=, 1);
	return pte_is_valid(pte)	 ? VALID
	       : pte_is_transition(pte)	 ? TRANSITION
	       : pte_is_pagefile(pte)	 ? PAGEFILE
	       : pte_is_decommitted(pte) ? DECOMMITTED
	       : pte			 ? DEMAND_ZERO
					 : ZERO;
}

static const uint32_t numbers[] = {1, 2, 0x12345, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE};

static void check_software(unsigned prot)
{
	for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++) {
		uint32_t n = numbers[i];
		pte_t transition = pte_make_transition(prot, n);
		pte_t pagefile = pte_make_pagefile(prot, n);

		g_assert_cmpint(kind_of(transition), ==, TRANSITION);
		g_assert_cmpuint(pte_frame(transition), ==, n);
		g_assert_cmpuint(pte_prot(transition), ==, prot);
		g_assert_cmpint(kind_of(pagefile), ==, PAGEFILE);
		g_assert_cmpuint(pte_slot(pagefile), ==, n);
		g_assert_cmpuint(pte_prot(pagefile), ==, prot);
	}
	/* frame 0 is a frame as any other */
	g_assert_cmpint(kind_of(pte_make_transition(prot, 0)), ==, TRANSITION);
	g_assert_cmpuint(pte_frame(pte_make_transition(prot, 0)), ==, 0);
	for (int lost = 0; lost < 2; lost++) {
		pte_t pte = pte_make_demand_zero(prot, lost);

		g_assert_cmpint(kind_of(pte), ==, DEMAND_ZERO);
		g_assert_cmpuint(pte_prot(pte), ==, prot);
		g_assert_cmpint((pte & PTE_LOST) != 0, ==, lost);
	}
}

static void test_kinds(void)
{
	RULES("V3");
	g_assert_cmpint(kind_of(0), ==, ZERO);
	g_assert_cmpint(kind_of(pte_make_decommitted()), ==, DECOMMITTED);
	for (size_t i = 0; i < G_N_ELEMENTS(accesses); i++)
		for (unsigned m = 0; m <= PROT_MODIFIER; m += PROT_NOCACHE)
			check_software(accesses[i] | m);
	check_software(PROT_NOACCESS);
}

static void check_valid(unsigned prot, vmsim_pfn frame, bool nx)
{
	pte_t pte = pte_make_valid(prot, frame, nx);

	g_assert_cmpint(kind_of(pte), ==, VALID);
	g_assert_cmpuint(pte_frame(pte), ==, frame);
	g_assert_cmpuint(pte_prot(pte), ==, prot);
	g_assert_true(pte & PTE_U);
	g_assert_false(pte & (PTE_A | PTE_D)); /* the walker sets them */
	/* A store to a copy-on-write page must fault (3.5). */
	g_assert_cmpint((pte & PTE_W) != 0, ==,
			prot_permits(prot, VMSIM_WRITE, nx) && !prot_copies(prot));
	g_assert_cmpint((pte & PTE_XD) != 0, ==, !prot_permits(prot, VMSIM_EXECUTE, nx));
	g_assert_cmpuint(pte_prot(pte | PTE_A | PTE_D), ==, prot);
	g_assert_cmpuint(pte_frame(pte | PTE_A | PTE_D), ==, frame);
}

static void test_valid(void)
{
	RULES("H2 H5");
	for (size_t i = 0; i < G_N_ELEMENTS(accesses); i++)
		for (size_t n = 0; n < G_N_ELEMENTS(numbers); n++)
			for (int nx = 0; nx < 2; nx++) {
				check_valid(accesses[i], numbers[n], nx);
				check_valid(accesses[i] | PROT_NOCACHE, numbers[n], nx);
				check_valid(accesses[i] | PROT_WRITECOMBINE, numbers[n], nx);
			}
	check_valid(PROT_READWRITE, 0, true);
	/* bits that x86-64 defines: frame at 12, R/W 1, U/S 2 (H2) */
	g_assert_cmphex(pte_make_valid(PROT_EXECUTE_READWRITE, 5, true) & 0xFFFFF, ==, 0x5007);
	g_assert_cmphex(pte_make_valid(PROT_READONLY, 5, true) >> 63, ==, 1);
	g_assert_cmphex(pte_make_table(9) & 0xFFFFF, ==, 0x9007);
}

static void test_with_prot(void)
{
	pte_t valid = pte_make_valid(PROT_READWRITE, 77, true) | PTE_A | PTE_D;
	pte_t pte = pte_with_prot(valid, PROT_READONLY, true);

	g_assert_cmphex(pte, ==, pte_make_valid(PROT_READONLY, 77, true) | PTE_A | PTE_D);
	pte = pte_with_prot(pte_make_valid(PROT_READONLY, 77, true), PROT_EXECUTE_READ, true);
	g_assert_cmphex(pte, ==, pte_make_valid(PROT_EXECUTE_READ, 77, true));
	g_assert_cmphex(pte_with_prot(pte_make_pagefile(PROT_READWRITE, 9), PROT_NOACCESS, true), ==,
			pte_make_pagefile(PROT_NOACCESS, 9));
	g_assert_cmphex(pte_with_prot(pte_make_transition(PROT_NOACCESS, 9), PROT_EXECUTE, true),
			==, pte_make_transition(PROT_EXECUTE, 9));
	/* a lost page stays lost whatever its protection */
	g_assert_cmphex(pte_with_prot(pte_make_demand_zero(PROT_READWRITE | PROT_GUARD, true),
				      PROT_READWRITE, true),
			==, pte_make_demand_zero(PROT_READWRITE, true));
}

/* H6: by software a clean page is mapped without the right to write, which it remembers. */
static void test_dirty(void)
{
	pte_t pte = pte_make_valid(PROT_READWRITE, 77, true), clean;

	RULES("H6");
	g_assert_cmphex(pte_make_clean(pte | PTE_D, false), ==, pte);
	clean = pte_make_clean(pte | PTE_D | PTE_A, true);
	g_assert_cmphex(clean, ==, (pte & ~PTE_W) | PTE_SOFT_W | PTE_A);
	g_assert_cmphex(pte_make_clean(clean, true), ==, clean);
	g_assert_cmphex(pte_make_dirty(clean), ==, pte | PTE_D | PTE_A);
	/* who may not write, or copies, has nothing to hold back */
	pte = pte_make_valid(PROT_EXECUTE_READ, 77, true);
	g_assert_cmphex(pte_make_clean(pte | PTE_D, true), ==, pte);
	pte = pte_make_valid(PROT_WRITECOPY, 77, true);
	g_assert_cmphex(pte_make_clean(pte, true), ==, pte);
	/* another protection is made from scratch */
	g_assert_cmphex(pte_with_prot(clean, PROT_READONLY, true), ==,
			pte_make_valid(PROT_READONLY, 77, true) | PTE_A);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/pte/permits", test_permits);
	g_test_add_func("/pte/dirty", test_dirty);
	g_test_add_func("/pte/modifiers", test_modifiers);
	g_test_add_func("/pte/kinds", test_kinds);
	g_test_add_func("/pte/valid", test_valid);
	g_test_add_func("/pte/with-prot", test_with_prot);
	return g_test_run();
}
