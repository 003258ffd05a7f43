/* test_api_free.c: VirtualFree (semantics 2.4), in both rule sets. */
#include "api.h"

struct free_case {
	uint64_t va, size;
	uint32_t type, error;
	const char *status, *rule;
};

static const struct free_case free_cases[] = {
	{C, 1, REL, 87, PARAM, "2.4.1"},
	{C, 16 * P, REL, 87, PARAM, "2.4.1"},
	{C, P, REL | DEC, 87, PARAM, "2.4.1"}, /* E10 */
	{FREE, P, REL, 87, PARAM, "2.4.1"},
	{HI + 1, P, REL | 0x10000, 87, PARAM, "2.4.1"},
	{C, 0, 0, 87, PARAM, "2.4.2"},
	{C, 0, 0x10000, 87, PARAM, "2.4.2"},
	{C, 0, REL | DEC, 87, PARAM, "2.4.2"},
	{C, P, DEC | 0x1000, 87, PARAM, "2.4.2"},
	{HI + 1, P, 0, 87, PARAM, "2.4.2"},
	{HI, 0, REL, 87, PARAM, "2.4.3"},
	{HI, 1, DEC, 87, PARAM, "2.4.3"},
	{UINT64_MAX, 0, DEC, 87, PARAM, "2.4.3"},
	{C, HI, DEC, 87, PARAM, "2.4.3"},
	{C, UINT64_MAX - C + 2, DEC, 87, PARAM, "2.4.3"},
	{0, 0, REL, 487, "STATUS_MEMORY_NOT_ALLOCATED", "2.4.5"},
	{0, P, DEC, 487, "STATUS_MEMORY_NOT_ALLOCATED", "2.4.5"},
	{FREE, 0, REL, 487, "STATUS_MEMORY_NOT_ALLOCATED", "2.4.5"},
	{R - 1, 2, DEC, 487, "STATUS_MEMORY_NOT_ALLOCATED", "2.4.5"}, /* reaches into a block */
	{C + 15 * P, P + 1, DEC, 87, "STATUS_UNABLE_TO_FREE_VM", "2.4.6"},
	{C, 17 * P, DEC, 87, "STATUS_UNABLE_TO_FREE_VM", "2.4.6"},
	{PHYS, 17 * P, DEC, 87, "STATUS_UNABLE_TO_FREE_VM", "2.4.6"},
	{C + P, 0, REL, 487, "STATUS_FREE_VM_NOT_AT_BASE", "2.4.8"},
	{C + 15 * P, 0, REL, 487, "STATUS_FREE_VM_NOT_AT_BASE", "2.4.8"},
	{PHYS, P, DEC, 487, "STATUS_MEMORY_NOT_ALLOCATED", "2.4.9"},
	{PHYS + P, 0, DEC, 487, "STATUS_MEMORY_NOT_ALLOCATED", "2.4.9"},
	{C + P, 0, DEC, 487, "STATUS_FREE_VM_NOT_AT_BASE", "2.4.10"},
	{M + 15 * P, 0, DEC, 487, "STATUS_FREE_VM_NOT_AT_BASE", "2.4.10"},
};

static void test_free_steps(void)
{
	static const char *const rules[] = {"", "rules=article"};

	RULES("2.4.1 2.4.2 2.4.3 2.4.5 2.4.6 2.4.8 2.4.9 2.4.10 E10 I37");
	for (int r = 0; r < 2; r++) {
		struct fixture f = layout(rules[r]);
		char *before = digest(&f);

		attend(&f);
		for (size_t i = 0; i < G_N_ELEMENTS(free_cases); i++) {
			const struct free_case *c = &free_cases[i];
			char *after;

			if (r && c->va == C && c->size == 16 * P)
				continue; /* names the whole block there */
			g_test_message("rules %d, case %zu: %s", r, i, c->rule);
			g_assert_false(release(&f, c->va, c->size, c->type));
			failed(&f, c->error, c->status, c->rule);
			after = digest(&f);
			g_assert_cmpstr(after, ==, before);
			g_free(after);
		}
		g_free(before);
		stop(&f);
	}
}

/* E12, all of it: 0 is ok. */
struct e12 {
	uint64_t va, size;
	uint32_t type, win32, article;
};

static const struct e12 e12_table[] = {
	/* decommit: reserved, committed, mixed; part, whole, beyond */
	{R + 4 * P, 4 * P, DEC, 0, 487},
	{R, 0, DEC, 0, 487},
	{R, 16 * P, DEC, 0, 487},
	{R + 8 * P, 9 * P, DEC, 87, 87},
	{C + 4 * P, 4 * P, DEC, 0, 0},
	{C, 0, DEC, 0, 0},
	{C, 16 * P, DEC, 0, 0},
	{C + 8 * P, 9 * P, DEC, 87, 87},
	{C2 + 8 * P, 9 * P, DEC, 87, 87}, /* into free space */
	{M + 4 * P, 8 * P, DEC, 0, 487},
	{M, 0, DEC, 0, 487},
	{M, 16 * P, DEC, 0, 487},
	{M + 8 * P, 9 * P, DEC, 87, 87}, /* into committed pages of the next block */
	{M, 8 * P, DEC, 0, 0},		 /* the committed part alone */
	{M + 8 * P, 8 * P, DEC, 0, 487}, /* the reserved part alone */
	/* release: part by size, part by address, whole, beyond */
	{R + 4 * P, 4 * P, REL, 87, 87},
	{R + 4 * P, 0, REL, 487, 487},
	{R, 0, REL, 0, 0},
	{R, 17 * P, REL, 87, 87},
	{C + 4 * P, 4 * P, REL, 87, 87},
	{C + 4 * P, 0, REL, 487, 487},
	{C, 8 * P, REL, 87, 87},
	{C, 0, REL, 0, 0},
	{C, 17 * P, REL, 87, 87},
	{M + 4 * P, 4 * P, REL, 87, 87},
	{M + 4 * P, 0, REL, 487, 487},
	{M, 0, REL, 0, 487},
	{M, 17 * P, REL, 87, 87},
	/* further: whole with its exact length, rounded to pages */
	{R, 16 * P, REL, 87, 0},
	{C, 16 * P, REL, 87, 0},
	{C + 1, 16 * P - 1, REL, 87, 0},
	{C, 15 * P + 1, REL, 87, 0},
	{C, 16 * P + 1, REL, 87, 87},
	{M, 16 * P, REL, 87, 487},
	/* from free space */
	{FREE, P, DEC, 487, 487},
	{R - P, 2 * P, DEC, 487, 487},
	{FREE, 0, REL, 487, 487},
	{FREE, P, REL, 87, 87},
	/* E8: any byte of the first page */
	{R + 0xFFF, 0, REL, 0, 0},
	{C + 1, 0, REL, 0, 0},
	{C + 0xFFF, 0, DEC, 0, 0},
};

static void test_e12(void)
{
	RULES("E7 E8 E9 E11.mixed E11.uncommitted E11.size E11.base E12.reserved-part "
	      "E12.reserved-whole E12.reserved-beyond E12.committed-part E12.committed-whole "
	      "E12.committed-beyond E12.mixed-part E12.mixed-whole E12.mixed-beyond "
	      "E12.free-start E12.adjacent I37");
	for (int article = 0; article < 2; article++)
		for (size_t i = 0; i < G_N_ELEMENTS(e12_table); i++) {
			const struct e12 *e = &e12_table[i];
			struct fixture f = layout(article ? "rules=article" : "");
			uint32_t expected = article ? e->article : e->win32;
			bool differ = e->win32 != e->article;
			char *before = digest(&f), *after;

			attend(&f);
			g_test_message("%s, row %zu", article ? "article" : "win32", i);
			g_assert_cmpint(release(&f, e->va, e->size, e->type), ==, expected == 0);
			g_assert_cmpuint(f.error, ==, expected);
			g_assert_cmpint(f.differ, ==, differ);
			if (expected && differ)
				g_assert_cmpstr(f.rule, ==, e->type == REL && !article ? "2.4.1"
										       : "E12");
			after = digest(&f);
			if (expected)
				g_assert_cmpstr(after, ==, before);
			g_free(after);
			g_free(before);
			stop(&f);
		}
}

/* The sets disagree also where both refuse, by different codes (interface 2). */
static void test_e12_codes_differ(void)
{
	struct fixture f = layout("");

	attend(&f);
	g_assert_false(release(&f, M, 16 * P, REL));
	g_assert_cmpuint(f.error, ==, 87);
	g_assert_cmpint(f.differ, ==, 1);
	stop(&f);
}

static void test_free_effects(void) /* E7, E9, E13 */
{
	struct fixture f = layout("");

	RULES("V5 E7 E9 E11.touch E13.lost");
	g_assert_cmpint(store(&f, C + P, 5), ==, VMSIM_RESULT_OK);
	g_assert_true(release(&f, C, 0, DEC)); /* the whole block */
	g_assert_cmphex(query(&f, C).state, ==, MEM_RESERVE);
	g_assert_cmphex(query(&f, C).region_size, ==, 16 * P);
	g_assert_cmphex(query(&f, C).allocation_base, ==, C);
	g_assert_cmpint(touch(&f, C + P, VMSIM_READ), ==, VMSIM_RESULT_ACCESS_VIOLATION);
	g_assert_true(release(&f, C, 0, DEC)); /* again, with nothing committed */
	alloc_ok(&f, C, 16 * P, COM, RW);
	g_assert_cmpuint(load(&f, C + P), ==, 0);
	g_assert_true(release(&f, M, 0, REL));
	g_assert_cmphex(query(&f, M).state, ==, MEM_FREE);
	g_assert_cmphex(query(&f, M).region_size, ==, 16 * P); /* to the next block */
	g_assert_true(release(&f, M + 17 * P, 0, REL) == false);
	g_assert_cmphex(alloc_ok(&f, M, P, BOTH, RW), ==, M);
	g_assert_cmpuint(load(&f, M), ==, 0);
	stop(&f);
}

static void test_freed_by(void)
{
	struct fixture f = layout("");

	RULES("3.3.violation 3.3.event");
	attend(&f);
	store(&f, C, 1);
	release(&f, C, P, DEC); /* events 1..7 are the layout, 8 the store, 9 this */
	g_assert_cmpint(touch(&f, C + 5, VMSIM_WRITE), ==, VMSIM_RESULT_ACCESS_VIOLATION);
	g_assert_cmphex(f.last.va, ==, C + 5);
	g_assert_cmpstr(f.last.access, ==, "write");
	g_assert_cmpstr(f.last.state, ==, "reserved");
	g_assert_cmphex(f.last.code, ==, 0xC0000005u);
	g_assert_cmpstr(f.last.freed_by.call, ==, "VirtualFree");
	g_assert_cmpuint(f.last.freed_by.seq, ==, 9);
	g_assert_cmpint(touch(&f, FREE, VMSIM_READ), ==, VMSIM_RESULT_ACCESS_VIOLATION);
	g_assert_cmpstr(f.last.state, ==, "free");
	g_assert_null(f.last.freed_by.call);
	g_assert_cmpint(touch(&f, C2, VMSIM_EXECUTE), ==, VMSIM_RESULT_ACCESS_VIOLATION);
	g_assert_cmpstr(f.last.access, ==, "execute");
	g_assert_cmpstr(f.last.state, ==, "committed");
	g_assert_cmpstr(f.protect, ==, "PAGE_READWRITE");
	stop(&f);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/api/free/steps", test_free_steps);
	g_test_add_func("/api/free/e12", test_e12);
	g_test_add_func("/api/free/codes-differ", test_e12_codes_differ);
	g_test_add_func("/api/free/effects", test_free_effects);
	g_test_add_func("/api/free/freed-by", test_freed_by);
	return g_test_run();
}
