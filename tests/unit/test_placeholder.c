/* test_placeholder.c: placeholders reserved, split, replaced, restored, joined (semantics 2.3). */
#include "api.h"

#define KEEP ((uint32_t)(MEM_RELEASE | MEM_PRESERVE_PLACEHOLDER))
#define JOIN ((uint32_t)(MEM_RELEASE | MEM_COALESCE_PLACEHOLDERS))

static uint64_t placeholder(struct fixture *f, uint64_t va, uint64_t size)
{
	return vmsim_virtual_alloc2(f->m, PID, va, size, RES | (uint32_t)MEM_RESERVE_PLACEHOLDER,
				    PAGE_NOACCESS, NULL, &f->error);
}

static uint64_t replace(struct fixture *f, uint64_t va, uint64_t size, uint32_t type)
{
	return vmsim_virtual_alloc2(f->m, PID, va, size, type | (uint32_t)MEM_REPLACE_PLACEHOLDER,
				    RW, NULL, &f->error);
}

/* Bases of the blocks from va on that have the state, to the first that has not. */
static void blocks(struct fixture *f, uint64_t va, uint32_t state, const char *expected)
{
	GString *got = g_string_new(NULL);

	for (;;) {
		struct vmsim_memory_basic_information i = query(f, va);

		if (i.state != state)
			break;
		g_string_append_printf(got, "%" G_GINT64_MODIFIER "x+%u ", i.allocation_base,
				       (unsigned)(i.region_size / P));
		va += i.region_size;
	}
	g_assert_cmpstr(got->str, ==, expected);
	g_string_free(got, TRUE);
}

/* Reserved, and nothing else can be done with it than what placeholders are for. */
static void test_reserved(void)
{
	struct fixture f = start("");

	RULES("2.3.placeholder");
	attend(&f);
	g_assert_cmphex(placeholder(&f, 0, 64 * P), ==, G);
	g_assert_cmphex(query(&f, G).state, ==, MEM_RESERVE);
	g_assert_cmphex(query(&f, G).allocation_protect, ==, PAGE_NOACCESS);
	g_assert_cmphex(query(&f, G).type, ==, MEM_PRIVATE);
	g_assert_cmphex(alloc(&f, G, P, COM, RW), ==, 0);
	failed(&f, 487, CONFLICT, "2.3");
	g_assert_cmphex(alloc(&f, G + 4 * P, P, RES, RW), ==, 0);
	failed(&f, 487, CONFLICT, "2.3.14a");
	g_assert_cmpint(touch(&f, G, VMSIM_READ), ==, VMSIM_RESULT_ACCESS_VIOLATION);
	g_assert_true(release(&f, G, 4 * P, DEC)); /* E9: reserved pages are passed over */
	g_assert_true(release(&f, G, 0, REL));
	g_assert_cmphex(query(&f, G).state, ==, MEM_FREE);
	stop(&f);
}

static void test_split_and_join(void)
{
	struct fixture f = start("");

	RULES("2.3.placeholder 1.3");
	placeholder(&f, R, 64 * P);
	g_assert_true(release(&f, R + 16 * P, 16 * P, KEEP)); /* three of it */
	blocks(&f, R, MEM_RESERVE, "100000+16 110000+16 120000+32 ");
	g_assert_true(release(&f, R, 4 * P, KEEP)); /* from the beginning, to the end */
	g_assert_true(release(&f, R + 60 * P, 4 * P, KEEP));
	blocks(&f, R, MEM_RESERVE, "100000+4 104000+12 110000+16 120000+28 13c000+4 ");
	g_assert_false(release(&f, R + 16 * P, 16 * P, KEEP)); /* one exactly: it is one already */
	g_assert_true(release(&f, R + 5 * P + 1, P, KEEP)); /* rounded outward to pages */
	blocks(&f, R, MEM_RESERVE,
	       "100000+4 104000+1 105000+2 107000+9 110000+16 120000+28 13c000+4 ");
	g_assert_true(release(&f, R + 4 * P, 12 * P, JOIN));
	blocks(&f, R, MEM_RESERVE, "100000+4 104000+12 110000+16 120000+28 13c000+4 ");
	g_assert_true(release(&f, R, 64 * P - 1, JOIN));
	blocks(&f, R, MEM_RESERVE, "100000+64 ");
	g_assert_false(release(&f, R, 64 * P, JOIN)); /* nothing left to join */
	g_assert_true(release(&f, R + 16 * P, 16 * P, KEEP));
	g_assert_true(release(&f, R + 16 * P, 0, REL)); /* each is a block of its own */
	blocks(&f, R, MEM_RESERVE, "100000+16 ");
	blocks(&f, R + 32 * P, MEM_RESERVE, "120000+32 ");
	stop(&f);
}

static void test_replace(void)
{
	struct fixture f = start("pagefile.size=0 memory.frames=64");
	uint64_t reserved;

	RULES("2.3.placeholder I30 I33 C5 E13.after");
	attend(&f);
	placeholder(&f, R, 64 * P);
	reserved = counter(&f, "reserved_pages_peak");
	g_assert_cmphex(replace(&f, R, 32 * P, BOTH), ==, 0); /* not exact */
	failed(&f, 487, CONFLICT, "2.3");
	g_assert_cmphex(replace(&f, R + 16 * P, 48 * P, BOTH), ==, 0);
	failed(&f, 487, CONFLICT, "2.3");
	g_assert_cmphex(replace(&f, R, 65 * P, BOTH), ==, 0);
	failed(&f, 487, CONFLICT, "2.3");
	release(&f, R + 16 * P, 16 * P, KEEP);
	g_assert_cmphex(replace(&f, R + 16 * P, 16 * P, BOTH), ==, R + 16 * P);
	g_assert_cmphex(query(&f, R + 16 * P).state, ==, MEM_COMMIT);
	g_assert_cmphex(query(&f, R + 16 * P).allocation_protect, ==, RW);
	blocks(&f, R + 32 * P, MEM_RESERVE, "120000+32 ");
	g_assert_cmpint(store(&f, R + 16 * P, 0x1234), ==, VMSIM_RESULT_OK);
	g_assert_cmphex(replace(&f, R + 32 * P, 32 * P, RES), ==, R + 32 * P);
	g_assert_cmphex(alloc(&f, R + 32 * P, 32 * P, COM, RW), ==, R + 32 * P);
	g_assert_cmphex(replace(&f, R, 16 * P, BOTH), ==, R);
	g_assert_cmphex(alloc(&f, BIG, P, BOTH, RW), ==, 0); /* 64 are committed */
	failed(&f, 1455, LIMIT, "2.3.16a");
	/* back again: the charge is returned and the contents are gone */
	g_assert_true(release(&f, R + 16 * P, 16 * P, KEEP));
	blocks(&f, R + 16 * P, MEM_RESERVE, "110000+16 ");
	g_assert_cmphex(query(&f, R + 16 * P).allocation_protect, ==, PAGE_NOACCESS);
	g_assert_cmpint(touch(&f, R + 16 * P, VMSIM_READ), ==, VMSIM_RESULT_ACCESS_VIOLATION);
	g_assert_cmphex(alloc(&f, R + 16 * P, P, COM, RW), ==, 0);
	alloc_ok(&f, BIG, 16 * P, BOTH, RW);
	g_assert_cmphex(replace(&f, R + 16 * P, 16 * P, BOTH), ==, 0);
	failed(&f, 1455, LIMIT, "2.3.16a");
	blocks(&f, R + 16 * P, MEM_RESERVE, "110000+16 "); /* still a placeholder */
	g_assert_true(release(&f, BIG, 0, REL));
	g_assert_cmphex(replace(&f, R + 16 * P, 16 * P, BOTH), ==, R + 16 * P);
	g_assert_cmpuint(load(&f, R + 16 * P), ==, 0);
	/* joined again, with the rest */
	g_assert_true(release(&f, R, 16 * P, KEEP));
	g_assert_false(release(&f, R, 32 * P, JOIN)); /* half of it is an allocation */
	failed(&f, 487, CONFLICT, "2.3");
	g_assert_true(release(&f, R + 16 * P, 16 * P, KEEP));
	g_assert_true(release(&f, R + 32 * P, 32 * P, KEEP));
	g_assert_true(release(&f, R, 64 * P, JOIN));
	blocks(&f, R, MEM_RESERVE, "100000+64 ");
	g_assert_cmpuint(counter(&f, "reserved_pages_peak"), ==, MAX(reserved, 64 + 16));
	stop(&f);
}

struct free_case {
	uint64_t va, size;
	uint32_t type, error;
	const char *status, *rule;
};

#define H 0x400000u /* of the placeholders: two, then an allocation that replaced one */

static const struct free_case cases[] = {
	{H, 0, KEEP, 87, PARAM, "2.3"},
	{H, 0, JOIN, 87, PARAM, "2.3"},
	{H, P, KEEP | JOIN, 87, PARAM, "2.4.1"},
	{H, 0, KEEP | JOIN, 87, PARAM, "2.4.2"},
	{H, P, DEC | 2, 87, PARAM, "2.4.2"},
	{H, P, DEC | 1, 87, PARAM, "2.4.2"},
	{H, P, 2, 87, PARAM, "2.4.2"},
	{H, P, KEEP | DEC, 87, PARAM, "2.4.1"},
	{HI, P, KEEP, 87, PARAM, "2.4.3"},
	{H, HI, JOIN, 87, PARAM, "2.4.3"},
	{H, UINT64_MAX, KEEP, 87, PARAM, "2.4.3"},
	{FREE, P, KEEP, 487, "STATUS_MEMORY_NOT_ALLOCATED", "2.4.5"},
	{0, P, JOIN, 487, "STATUS_MEMORY_NOT_ALLOCATED", "2.4.5"},
	{H, 17 * P, KEEP, 87, "STATUS_UNABLE_TO_FREE_VM", "2.4.6"},
	{H + 16 * P, 17 * P, KEEP, 87, "STATUS_UNABLE_TO_FREE_VM", "2.4.6"},
	{C, 17 * P, KEEP, 87, "STATUS_UNABLE_TO_FREE_VM", "2.4.6"},
	{C, 16 * P, KEEP, 487, CONFLICT, "2.3"}, /* replaced nothing */
	{R, P, KEEP, 487, CONFLICT, "2.3"},
	{H + 32 * P, 15 * P, KEEP, 487, CONFLICT, "2.3"}, /* not all of it */
	{H + 33 * P, 15 * P, KEEP, 487, CONFLICT, "2.3"},
	{H, 31 * P, JOIN, 487, CONFLICT, "2.3"},
	{H + P, 31 * P, JOIN, 487, CONFLICT, "2.3"},
	{H, 33 * P, JOIN, 487, CONFLICT, "2.3"},
	{H, 15 * P, JOIN, 487, CONFLICT, "2.3"},
	{H, 16 * P, JOIN, 487, CONFLICT, "2.3"}, /* one alone */
	{H, 16 * P, KEEP, 487, CONFLICT, "2.3"}, /* not split */
	{H, 48 * P, JOIN, 487, CONFLICT, "2.3"},
	{H + 32 * P, 16 * P, JOIN, 487, CONFLICT, "2.3"},
	{R, 16 * P, JOIN, 487, CONFLICT, "2.3"},
	{H + 64 * P, 32 * P, JOIN, 487, CONFLICT, "2.3"}, /* free pages between */
};

static void test_steps(void)
{
	static const char *const rules[] = {"", "rules=article"};

	RULES("2.3.placeholder 2.4.2 I37");
	for (int r = 0; r < 2; r++) {
		struct fixture f = layout(rules[r]);
		char *before;

		for (unsigned i = 0; i < 5; i++)
			if (i != 3)
				placeholder(&f, H + i * 16 * P, i == 4 ? 8 * P : 16 * P);
		placeholder(&f, H + 80 * P, 16 * P);
		replace(&f, H + 32 * P, 16 * P, BOTH);
		before = digest(&f);
		attend(&f);
		for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
			const struct free_case *c = &cases[i];
			char *after;

			g_test_message("rules %d, case %zu", r, i);
			g_assert_false(release(&f, c->va, c->size, c->type));
			failed(&f, c->error, c->status, c->rule);
			after = digest(&f);
			g_assert_cmpstr(after, ==, before);
			g_free(after);
		}
		g_assert_cmpint(f.differ, ==, 0);
		g_free(before);
		stop(&f);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/placeholder/reserved", test_reserved);
	g_test_add_func("/placeholder/split-and-join", test_split_and_join);
	g_test_add_func("/placeholder/replace", test_replace);
	g_test_add_func("/placeholder/steps", test_steps);
	return g_test_run();
}
