/* test_nt.c: NtAllocateVirtualMemory and NtFreeVirtualMemory: the steps of semantics 2.3 and 2.4
 * without the wrapper's, NTSTATUS for answers, and the range acted on (E11, Q1). */
#include "api.h"

/* The answer, and the range if it is a success. */
static void answers(uint32_t status, uint64_t va, uint64_t size, uint32_t expected, uint64_t base,
		    uint64_t length)
{
	g_assert_cmphex(status, ==, expected);
	g_assert_cmphex(va, ==, base);
	g_assert_cmphex(size, ==, length);
}

static uint32_t nt_alloc(struct fixture *f, uint64_t va, uint64_t size, uint32_t type,
			 uint32_t prot)
{
	return vmsim_nt_allocate(f->m, PID, &va, &size, type, prot);
}

static uint32_t nt_free(struct fixture *f, uint64_t va, uint64_t size, uint32_t type)
{
	return vmsim_nt_free(f->m, PID, &va, &size, type);
}

static void allocates(struct fixture *f, uint64_t va, uint64_t size, uint32_t type, uint64_t base,
		      uint64_t length)
{
	uint32_t status = vmsim_nt_allocate(f->m, PID, &va, &size, type, RW);

	answers(status, va, size, STATUS_SUCCESS, base, length);
}

static void frees(struct fixture *f, uint64_t va, uint64_t size, uint32_t type, uint64_t base,
		  uint64_t length)
{
	uint32_t status = vmsim_nt_free(f->m, PID, &va, &size, type);

	answers(status, va, size, STATUS_SUCCESS, base, length);
}

static void test_range(void)
{
	struct fixture f = start("");

	RULES("1.3 V9 E3 R1 E7");
	allocates(&f, 0, 1, BOTH, G, P);
	allocates(&f, 0x5000FFFF, 0x3000, RES, 0x50000000, 0x13000); /* V8 */
	allocates(&f, 0x50001001, P, COM, 0x50001000, 2 * P);
	allocates(&f, 0x50001001, 3 * P, RESET, 0x50002000, 2 * P); /* inward */
	frees(&f, 0x50001FFF, 2, DEC, 0x50001000, 2 * P);
	frees(&f, 0x50000123, 0, DEC, 0x50000000, 0); /* the block; the size stays as given */
	frees(&f, 0x50000FFF, 0, REL, 0x50000000, 0x13000);
	g_assert_cmpuint(query(&f, 0x50000000).state, ==, MEM_FREE);
	stop(&f);
}

static const struct {
	uint64_t va, size;
	uint32_t type, prot, status;
	const char *rule;
} alloc_cases[] = {
	{1, P, RES, RW, 0xC00000F0, "V7"}, /* ReactOS: STATUS_INVALID_PARAMETER_2 */
	{0xFFFF, P, COM, RW, 0xC00000F0, "V7"},
	{1, P, RES | 0x4000, RW, 0xC00000F3, "2.3.2"}, /* not the first step here */
	{1, P, RES, 6, 0xC0000045, "2.3.8"},
	{FREE, P, RES | 0x40000, PAGE_NOACCESS, 0xC00000F3, "2.3.2"},
	{FREE, 0, RES, RW, 0xC00000F2, "2.3.9"},
	{R, P, RES, RW, 0xC0000018, "2.3.14a"},
	{0, HI - BIG, RES, RW, 0xC0000017, "2.3.15a"},
	{0, 281 * P, BOTH, RW, 0xC000012D, "2.3.16a"},
	{FREE, P, COM, RW, 0xC0000018, "2.3.13b"},
	{BIG, 281 * P, COM, RW, 0xC000012D, "2.3.17b"},
	{C, 4, RESET, RW, 0xC0000018, "R1"},
};

static const struct {
	uint64_t va, size;
	uint32_t type, status;
	const char *rule;
} free_cases[] = {
	{C, P, 0, 0xC00000F2, "2.4.2"},
	{C, P, REL | DEC, 0xC00000F2, "2.4.2"}, /* E10 */
	{C, P, REL | 0x10000, 0xC00000F2, "2.4.2"},
	{HI, P, REL, 0xC00000F1, "2.4.3"},
	{FREE, P, REL, 0xC00000A0, "2.4.5"},
	{R - P, 2 * P, REL, 0xC00000A0, "2.4.5"},
	{C, 17 * P, REL, 0xC000001A, "2.4.6"},
	{C + 8 * P, 9 * P, REL, 0xC000001A, "2.4.6"},
	{C + P, 0, REL, 0xC000009F, "2.4.8"},
	{C + P, P, REL, 0xC000009F, "2.4.8"},
	{C + P, 15 * P, REL, 0xC000009F, "2.4.8"},
	{C, P, REL, 0xC000001A, "E11"},
	{C, 15 * P, REL, 0xC000001A, "E11"},
	{PHYS, P, REL, 0xC000001A, "E11"},
	{PHYS, P, DEC, 0xC00000A0, "2.4.9"},
	{C + P, 0, DEC, 0xC000009F, "2.4.10"},
};

static void test_steps(void)
{
	static const char *const rules[] = {"", "rules=article"};

	RULES("E11.partial E10 2.4.8 V7 2.3.1 2.4.1 2.1 I37");
	for (int r = 0; r < 2; r++) {
		struct fixture f = layout(rules[r]);
		char *before = digest(&f), *after;

		attend(&f);
		for (size_t i = 0; i < G_N_ELEMENTS(alloc_cases); i++) {
			uint64_t va = alloc_cases[i].va, size = alloc_cases[i].size;
			uint32_t status = vmsim_nt_allocate(f.m, PID, &va, &size,
							    alloc_cases[i].type,
							    alloc_cases[i].prot);

			answers(status, va, size, alloc_cases[i].status, alloc_cases[i].va,
				alloc_cases[i].size);
			g_assert_cmpstr(f.rule, ==, alloc_cases[i].rule);
			g_assert_cmpstr(f.code, ==, vmsim_status_name(status));
			g_assert_cmpstr(f.status, ==, f.code);
		}
		for (size_t i = 0; i < G_N_ELEMENTS(free_cases); i++) {
			g_assert_cmphex(nt_free(&f, free_cases[i].va, free_cases[i].size,
						free_cases[i].type), ==, free_cases[i].status);
			g_assert_cmpstr(f.rule, ==, free_cases[i].rule);
		}
		g_assert_cmpint(f.differ, ==, 0);
		after = digest(&f);
		g_assert_cmpstr(after, ==, before);
		g_free(after);
		g_free(before);
		stop(&f);
	}
}

/* Q1, and E12 where it differs: the exact size is the block in both rule sets. */
static void test_rules(void)
{
	static const struct {
		uint64_t va, size;
		uint32_t type, article;
	} rows[] = {
		{C, 16 * P, REL, 0},		    {R, 16 * P, REL, 0},
		{M, 16 * P, REL, 0xC000002D},	    {M, 0, REL, 0xC000002D},
		{M, 8 * P, DEC, 0},		    {M, 9 * P, DEC, 0xC000002D},
		{R, P, DEC, 0xC000002D},	    {C + 1, 16 * P - 1, REL, 0},
	};

	RULES("E12.mixed-whole E12.reserved-part E11.size");
	for (int article = 0; article < 2; article++)
		for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
			struct fixture f = layout(article ? "rules=article" : "");

			attend(&f);
			g_assert_cmphex(nt_free(&f, rows[i].va, rows[i].size, rows[i].type), ==,
					article ? rows[i].article : 0);
			g_assert_cmpint(f.differ, ==, rows[i].article != 0);
			stop(&f);
		}
}

#define PIECES "vmm.nt_partial_release=true pagefile.size=0 memory.frames=64 "

/* A block of 40 pages: what is left has what it had, and the rest is free. */
static void test_pieces(void)
{
	struct fixture f = start(PIECES);

	RULES("E11.partial C5 E13.after");
	alloc_ok(&f, R, 40 * P, BOTH, RW);
	for (unsigned i = 0; i < 40; i++)
		store(&f, R + i * P, 100 + i);
	frees(&f, R, 3 * P, REL, R, 3 * P); /* from its beginning */
	g_assert_cmphex(query(&f, R).state, ==, MEM_FREE);
	g_assert_cmphex(query(&f, R).region_size, ==, 3 * P);
	g_assert_cmphex(query(&f, R + 3 * P).allocation_base, ==, R + 3 * P);
	frees(&f, R + 37 * P, 3 * P, REL, R + 37 * P, 3 * P); /* to its end */
	g_assert_cmphex(query(&f, R + 3 * P).region_size, ==, 34 * P);
	frees(&f, R + 10 * P + 5, P, REL, R + 10 * P, 2 * P); /* two blocks of it */
	g_assert_cmphex(query(&f, R + 3 * P).region_size, ==, 7 * P);
	g_assert_cmphex(query(&f, R + 12 * P).allocation_base, ==, R + 12 * P);
	g_assert_cmphex(query(&f, R + 12 * P).allocation_protect, ==, RW);
	g_assert_cmphex(query(&f, R + 12 * P).region_size, ==, 25 * P);
	for (unsigned i = 0; i < 40; i++) {
		bool gone = i < 3 || i == 10 || i == 11 || i >= 37;

		if (gone)
			g_assert_cmpint(touch(&f, R + i * P, VMSIM_READ), ==,
					VMSIM_RESULT_ACCESS_VIOLATION);
		else
			g_assert_cmpuint(load(&f, R + i * P), ==, 100 + i);
	}
	/* 32 pages are charged, so there is room for 32 */
	g_assert_cmphex(alloc(&f, BIG, 33 * P, BOTH, RW), ==, 0);
	alloc_ok(&f, BIG, 32 * P, BOTH, RW);
	/* the pieces are blocks: of their own extent, released by their own base */
	g_assert_cmphex(alloc(&f, R + 9 * P, 4 * P, COM, RW), ==, 0);
	g_assert_cmpuint(f.error, ==, 487);
	g_assert_false(release(&f, R + 4 * P, 0, REL));
	g_assert_true(release(&f, R + 3 * P, 0, REL));
	g_assert_true(release(&f, R + 12 * P, 0, REL));
	g_assert_cmphex(query(&f, R).region_size, ==, BIG - R);
	alloc_ok(&f, R, 32 * P, BOTH, RW);
	for (unsigned i = 0; i < 32; i++)
		g_assert_cmpuint(load(&f, R + i * P), ==, 0);
	stop(&f);
}

/* Pages committed one by one, and untouched ones; decommitted ones stay so in a piece. */
static void test_pieces_mixed(void)
{
	struct fixture f = start(PIECES);

	RULES("E11.partial C5");
	alloc_ok(&f, R, 40 * P, RES, PAGE_READONLY);
	alloc_ok(&f, R + 4 * P, 20 * P, COM, RW);
	frees(&f, R + 10 * P, 20 * P, REL, R + 10 * P, 20 * P); /* 14 committed ones */
	g_assert_cmphex(query(&f, R + 4 * P).region_size, ==, 6 * P);
	g_assert_cmphex(query(&f, R + 30 * P).state, ==, MEM_RESERVE);
	g_assert_cmphex(query(&f, R + 30 * P).region_size, ==, 10 * P);
	alloc_ok(&f, R + 30 * P, 10 * P, COM, RW);
	alloc_ok(&f, BIG, 20 * P, BOTH, RW);
	release(&f, BIG + 12 * P, 4 * P, DEC);
	frees(&f, BIG + 4 * P, 4 * P, REL, BIG + 4 * P, 4 * P);
	g_assert_cmphex(query(&f, BIG + 8 * P).region_size, ==, 4 * P);
	g_assert_cmphex(query(&f, BIG + 12 * P).state, ==, MEM_RESERVE);
	/* 6 + 10 + 4 + 8 are committed: 36 are left */
	g_assert_cmphex(alloc(&f, FREE, 37 * P, BOTH, RW), ==, 0);
	alloc_ok(&f, FREE, 36 * P, BOTH, RW);
	g_assert_cmphex(nt_free(&f, R + 30 * P, 11 * P, REL), ==, 0xC000001A); /* beyond */
	g_assert_cmphex(nt_free(&f, R + 9 * P, 2 * P, REL), ==, 0xC000001A);
	stop(&f);
}

/* `article` takes the pages of the part as those of a block: mixed ones are not released. The
 * wrapper and special blocks have no part in it. */
static void test_pieces_refused(void)
{
	struct fixture f = layout("rules=article vmm.nt_partial_release=true");

	RULES("E11.partial E12.mixed-part");
	attend(&f);
	g_assert_cmphex(nt_free(&f, M + 4 * P, 8 * P, REL), ==, 0xC000002D);
	g_assert_cmpstr(f.rule, ==, "E12");
	g_assert_cmpint(f.differ, ==, 1);
	g_assert_cmphex(nt_free(&f, M + 4 * P, 4 * P, REL), ==, 0);
	g_assert_cmphex(nt_free(&f, M + 8 * P, 4 * P, REL), ==, 0);
	g_assert_cmpint(f.differ, ==, 1);
	g_assert_false(release(&f, C + P, P, REL));
	failed(&f, 87, PARAM, "2.4.1");
	g_assert_false(release(&f, C, P, REL));
	g_assert_cmphex(nt_free(&f, PHYS, P, REL), ==, 0xC000001A);
	g_assert_cmphex(nt_free(&f, C + P, 0, REL), ==, 0xC000009F);
	stop(&f);
}

/* Tables that map nothing any more go with the part that they mapped (L38). */
static void test_pieces_tables(void)
{
	struct fixture f = start("vmm.nt_partial_release=true memory.page_tables=in "
				 "memory.frames=16 pagefile.size=0 standby.enabled=false");
	uint64_t span = 512 * P, big = 8 * span;

	RULES("E11.partial L38");
	/* a table of each upper level, and six leaves */
	g_assert_cmphex(alloc_ok(&f, 16 * span, big, RES, RW), ==, 16 * span);
	for (unsigned i = 0; i < 6; i++)
		alloc_ok(&f, 16 * span + i * span, P, COM, RW);
	store(&f, 16 * span, 7);
	store(&f, 16 * span + 5 * span, 8);
	frees(&f, 16 * span + span, 4 * span, REL, 16 * span + span, 4 * span);
	/* 3 + 2 tables and 2 pages: 9 frames are left, for one more leaf and eight pages */
	alloc_ok(&f, 64 * span, 8 * P, BOTH, RW);
	for (unsigned i = 0; i < 8; i++)
		g_assert_cmpint(store(&f, 64 * span + i * P, i), ==, VMSIM_RESULT_OK);
	g_assert_cmpuint(load(&f, 16 * span), ==, 7);
	g_assert_cmpuint(load(&f, 16 * span + 5 * span), ==, 8);
	stop(&f);
}

/* The forms for placeholders are the service's own; it makes none itself. */
static void test_placeholders(void)
{
	struct fixture f = start("vmm.nt_partial_release=true");

	RULES("2.3.placeholder");
	vmsim_virtual_alloc2(f.m, PID, R, 16 * P, RES | (uint32_t)MEM_RESERVE_PLACEHOLDER,
			     PAGE_NOACCESS, NULL, &f.error);
	g_assert_cmphex(nt_alloc(&f, R, P, COM, RW), ==, 0xC0000018);
	frees(&f, R + 4 * P + 1, P, REL | (uint32_t)MEM_PRESERVE_PLACEHOLDER, R + 4 * P, 2 * P);
	g_assert_cmphex(query(&f, R + 4 * P).region_size, ==, 2 * P);
	g_assert_cmphex(nt_free(&f, R, 2 * P, REL), ==, 0xC000001A); /* not private memory */
	frees(&f, R, 16 * P, REL | (uint32_t)MEM_COALESCE_PLACEHOLDERS, R, 16 * P);
	g_assert_cmphex(query(&f, R).region_size, ==, 16 * P);
	stop(&f);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/nt/range", test_range);
	g_test_add_func("/nt/steps", test_steps);
	g_test_add_func("/nt/rules", test_rules);
	g_test_add_func("/nt/pieces", test_pieces);
	g_test_add_func("/nt/pieces/mixed", test_pieces_mixed);
	g_test_add_func("/nt/pieces/refused", test_pieces_refused);
	g_test_add_func("/nt/pieces/tables", test_pieces_tables);
	g_test_add_func("/nt/placeholders", test_placeholders);
	return g_test_run();
}
