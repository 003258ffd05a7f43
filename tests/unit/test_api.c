/* test_api.c: the Win32 calls and accesses through the public interface alone: every step of the
 * tables of semantics section 2, and the effects that a program can see. After every event all
 * invariants are audited; after every failed call the address space must look as before (I37). */
#include "rules.h"

#include <string.h>
#include <sys/resource.h>
#include <vmsim/vmsim.h>

#define P 0x1000u
#define G 0x10000u
#define HI 0x7FFFFFFEFFFFull
#define RW PAGE_READWRITE
#define RES ((uint32_t)MEM_RESERVE)
#define COM ((uint32_t)MEM_COMMIT)
#define BOTH ((uint32_t)(MEM_RESERVE | MEM_COMMIT))
#define RESET ((uint32_t)MEM_RESET)
#define UNDO ((uint32_t)MEM_RESET_UNDO)
#define DEC ((uint32_t)MEM_DECOMMIT)
#define REL ((uint32_t)MEM_RELEASE)
#define LARGE ((uint32_t)MEM_LARGE_PAGES)
#define AWE ((uint32_t)MEM_PHYSICAL)
#define WATCH ((uint32_t)MEM_WRITE_WATCH)
#define TOP ((uint32_t)MEM_TOP_DOWN)
#define PID 1

/* --- a machine that is listened to ------------------------------------------------------------ */

struct fixture {
	vmsim_machine *m;
	uint32_t error;
	int failures, differ;
	char status[64], rule[16], code[64];
	int written; /* page-outs of the first block */
	struct vmsim_record last; /* violation or guard */
	char protect[64];	  /* its, kept */
};

static void listen(void *ctx, const struct vmsim_record *record)
{
	struct fixture *f = ctx;

	if (record->kind == VMSIM_RECORD_RULES_DIFFER) {
		f->differ++;
		return;
	}
	if (record->kind == VMSIM_RECORD_PAGE_OUT || record->kind == VMSIM_RECORD_PAGE_IN) {
		for (uint64_t i = 0; i < record->pages; i++)
			f->written += record->va + i * P >= 0x100000 &&
				      record->va + i * P < 0x110000;
		return;
	}
	if (record->kind != VMSIM_RECORD_CALL_FAILED) {
		f->last = *record;
		g_strlcpy(f->protect, record->protect ? record->protect : "", sizeof(f->protect));
		return;
	}
	f->failures++;
	g_strlcpy(f->status, record->status ? record->status : "", sizeof(f->status));
	g_strlcpy(f->rule, record->rule ? record->rule : "", sizeof(f->rule));
	g_strlcpy(f->code, record->error ? record->error : "", sizeof(f->code));
	g_assert_cmpuint(record->code, !=, 0);
	g_assert_nonnull(record->why);
	g_assert_cmpuint(strlen(record->why), >, 8);
}

/* => settings, separated by blanks, override: 64 frames, 1 MiB of pagefile */
static struct fixture start(const char *settings)
{
	char *all = g_strconcat("rules=win32 memory.frames=64 memory.page_tables=out "
				"pagefile.size=1MiB pagefile.device=ideal "
				"trace.implicit_commit=false ", settings, NULL);
	char **each = g_strsplit(g_strstrip(all), " ", 0);
	vmsim_config *config = vmsim_config_new();
	struct fixture f = {.m = NULL};
	GError *error = NULL;

	for (char **s = each; *s; s++) {
		vmsim_config_set(config, *s, &error);
		g_assert_no_error(error);
	}
	f.m = vmsim_machine_new(config, &error);
	g_assert_no_error(error);
	vmsim_machine_set_audit(f.m, VMSIM_AUDIT_FULL);
	vmsim_config_free(config);
	g_strfreev(each);
	g_free(all);
	return f;
}

static void attend(struct fixture *f)
{
	vmsim_machine_listen(f->m,
			     VMSIM_RECORD_BIT(VMSIM_RECORD_CALL_FAILED) |
				     VMSIM_RECORD_BIT(VMSIM_RECORD_RULES_DIFFER) |
				     VMSIM_RECORD_BIT(VMSIM_RECORD_PAGE_IN) |
				     VMSIM_RECORD_BIT(VMSIM_RECORD_PAGE_OUT) |
				     VMSIM_RECORD_BIT(VMSIM_RECORD_ACCESS_VIOLATION) |
				     VMSIM_RECORD_BIT(VMSIM_RECORD_GUARD_PAGE),
			     listen, f);
}

static void stop(struct fixture *f)
{
	GError *error = NULL;

	vmsim_machine_finish(f->m, &error);
	g_assert_no_error(error);
	vmsim_machine_free(f->m);
}

static uint64_t counter(const struct fixture *f, const char *name)
{
	uint64_t value = 0;

	g_assert_true(vmsim_machine_counter(f->m, name, &value));
	return value;
}

static uint64_t alloc(struct fixture *f, uint64_t va, uint64_t size, uint32_t type, uint32_t prot)
{
	return vmsim_virtual_alloc(f->m, PID, va, size, type, prot, &f->error);
}

static uint64_t alloc_ok(struct fixture *f, uint64_t va, uint64_t size, uint32_t type,
			 uint32_t prot)
{
	uint64_t got = alloc(f, va, size, type, prot);

	g_assert_cmpuint(f->error, ==, 0);
	g_assert_cmphex(got, !=, 0);
	return got;
}

static bool release(struct fixture *f, uint64_t va, uint64_t size, uint32_t type)
{
	return vmsim_virtual_free(f->m, PID, va, size, type, &f->error);
}

static void protect_ok(struct fixture *f, uint64_t va, uint64_t size, uint32_t prot, uint32_t old)
{
	uint32_t was = 0;

	g_assert_true(vmsim_virtual_protect(f->m, PID, va, size, prot, &was, &f->error));
	g_assert_cmpuint(f->error, ==, 0);
	g_assert_cmphex(was, ==, old);
}

static struct vmsim_memory_basic_information query(struct fixture *f, uint64_t va)
{
	struct vmsim_memory_basic_information info = {0};

	g_assert_true(vmsim_virtual_query(f->m, PID, va, &info, &f->error));
	return info;
}

static enum vmsim_access_result store(struct fixture *f, uint64_t va, uint64_t value)
{
	return vmsim_access(f->m, PID, VMSIM_WRITE, va, 8, &value);
}

static uint64_t load(struct fixture *f, uint64_t va)
{
	uint64_t value = 0xBAD;

	g_assert_cmpint(vmsim_access(f->m, PID, VMSIM_READ, va, 8, &value), ==, VMSIM_RESULT_OK);
	return value;
}

static enum vmsim_access_result touch(struct fixture *f, uint64_t va, enum vmsim_access kind)
{
	uint64_t value = 0;

	return vmsim_access(f->m, PID, kind, va, 1, kind == VMSIM_READ ? &value : NULL);
}

/* The whole address space as VirtualQuery tells it. */
static char *digest(struct fixture *f)
{
	GString *out = g_string_new(NULL);
	uint64_t va = 0;

	while (va <= HI) {
		struct vmsim_memory_basic_information i = query(f, va);

		g_string_append_printf(out, "%" G_GINT64_MODIFIER "x %" G_GINT64_MODIFIER
				       "x %x %" G_GINT64_MODIFIER "x %x %x %x\n",
				       i.base_address, i.allocation_base, i.allocation_protect,
				       i.region_size, i.state, i.protect, i.type);
		g_assert_cmpuint(i.region_size, >, 0);
		va += i.region_size;
	}
	g_assert_cmphex(va, ==, HI + 1);
	return g_string_free(out, FALSE);
}

/* The call before failed so. status may leave off the number of a parameter. */
static void failed(struct fixture *f, uint32_t error, const char *status, const char *rule)
{
	g_assert_cmpuint(f->error, ==, error);
	g_assert_true(g_str_has_prefix(f->status, status));
	g_assert_cmpstr(f->rule, ==, rule);
	g_assert_cmpstr(f->code, ==, vmsim_error_name(error));
}

/* Blocks of the tables: reserved, committed, mixed (first half committed) and committed again,
 * side by side; an AWE block; a large reserved one; and 0x200000 is free. */
#define R 0x100000u
#define C 0x110000u
#define M 0x120000u
#define C2 0x130000u
#define FREE 0x200000u
#define PHYS 0x300000u
#define BIG 0x10000000u
#define BIG_SIZE 0x1000000u /* 4096 pages; the limit is 64 + 256 */

static struct fixture layout(const char *settings)
{
	struct fixture f = start(settings);

	alloc_ok(&f, R, 16 * P, RES, RW);
	alloc_ok(&f, C, 16 * P, BOTH, RW);
	alloc_ok(&f, M, 16 * P, RES, RW);
	alloc_ok(&f, M, 8 * P, COM, RW);
	alloc_ok(&f, C2, 16 * P, BOTH, RW);
	alloc_ok(&f, PHYS, 16 * P, RES | AWE, RW);
	alloc_ok(&f, BIG, BIG_SIZE, RES, RW);
	return f;
}

/* --- 2.3 --------------------------------------------------------------------------------------- */

struct alloc_case {
	uint64_t va, size;
	uint32_t type, prot, error;
	const char *status, *rule;
};

#define PARAM "STATUS_INVALID_PARAMETER"
#define PROTECTION "STATUS_INVALID_PAGE_PROTECTION"
#define CONFLICT "STATUS_CONFLICTING_ADDRESSES"
#define LIMIT "STATUS_COMMITMENT_LIMIT"

static const struct alloc_case alloc_cases[] = {
	{1, P, RES, RW, 87, PARAM, "2.3.1"},
	{0xFFFF, P, RES, RW, 87, PARAM, "2.3.1"},
	{0xFFFF, P, COM, RW, 87, PARAM, "2.3.1"},
	{0x8000, 0, 0x40000000, 0, 87, PARAM, "2.3.1"},
	{FREE, P, RES | 0x4000, RW, 87, PARAM, "2.3.2"},
	{FREE, P, RES | 0x8000, RW, 87, PARAM, "2.3.2"},
	{FREE, P, RES | 0x10000, RW, 87, PARAM, "2.3.2"},
	{FREE, P, RES | 0x40000000, RW, 87, PARAM, "2.3.2"},
	{FREE, P, RES | 1, RW, 87, PARAM, "2.3.2"},
	{FREE, P, RES | 0x40000, RW, 87, PARAM, "2.3.2"},
	{FREE, 0, 0x4000, 0, 87, PARAM, "2.3.2"},
	{FREE, 0, RESET | COM | 0x800, 0, 87, PARAM, "2.3.2"},
	{FREE, P, 0, RW, 87, PARAM, "2.3.3"},
	{FREE, P, TOP, RW, 87, PARAM, "2.3.3"},
	{FREE, 0, WATCH | AWE | LARGE, 0, 87, PARAM, "2.3.3"},
	{C, P, RESET | COM, RW, 87, PARAM, "2.3.4"},
	{C, P, RESET | RES, RW, 87, PARAM, "2.3.4"},
	{C, P, RESET | TOP, RW, 87, PARAM, "2.3.4"},
	{C, P, UNDO | COM, RW, 87, PARAM, "2.3.4"},
	{C, P, RESET | UNDO, RW, 87, PARAM, "2.3.4"},
	{C, 0, RESET | LARGE | WATCH | AWE, 0, 87, PARAM, "2.3.4"},
	{0, 0x200000, LARGE | RES, RW, 87, PARAM, "2.3.5"},
	{0, 0x200000, LARGE | BOTH | AWE, RW, 87, PARAM, "2.3.5"},
	{0, 0x200000, LARGE | BOTH | WATCH, RW, 87, PARAM, "2.3.5"},
	{0, 0, LARGE | RES | AWE, 0, 87, PARAM, "2.3.5"},
	{R, P, WATCH | COM, RW, 87, PARAM, "2.3.6"},
	{0, 0, WATCH | COM | AWE, 0, 87, PARAM, "2.3.6"},
	{FREE, P, AWE | COM, RW, 87, PARAM, "2.3.7"},
	{FREE, P, AWE | BOTH, RW, 87, PARAM, "2.3.7"},
	{FREE, P, AWE | RES | WATCH, RW, 87, PARAM, "2.3.7"},
	{FREE, P, AWE | RES, PAGE_READONLY, 87, PARAM, "2.3.7"},
	{FREE, 0, AWE | RES, 0, 87, PARAM, "2.3.7"},
	{FREE, P, RES, 0, 87, PROTECTION, "2.3.8"},
	{FREE, P, RES, 6, 87, PROTECTION, "2.3.8"},
	{FREE, P, RES, 0x101, 87, PROTECTION, "2.3.8"},
	{FREE, P, RES, 0x304, 87, PROTECTION, "2.3.8"},
	{FREE, P, RES, 0x804, 87, PROTECTION, "2.3.8"},
	{FREE, P, RES, 0x40000004, 87, PROTECTION, "2.3.8"},
	{C, P, RESET, 0, 87, PROTECTION, "2.3.8"}, /* even when unused */
	{FREE, 0, LARGE | BOTH, 0, 87, PROTECTION, "2.3.8"},
	{FREE, 0, RES, RW, 87, PARAM, "2.3.9"},
	{0, 0, BOTH, RW, 87, PARAM, "2.3.9"},
	{C, 0, RESET, RW, 87, PARAM, "2.3.9"},
	{HI + 1, P, RES, RW, 87, PARAM, "2.3.9"},
	{HI + 1, P, COM, RW, 87, PARAM, "2.3.9"},
	{UINT64_MAX, P, RES, RW, 87, PARAM, "2.3.9"},
	{HI - 0xFFFF, 0x10001, RES, RW, 87, PARAM, "2.3.9"},
	{FREE, UINT64_MAX, RES, RW, 87, PARAM, "2.3.9"},
	{FREE, UINT64_MAX - FREE + 2, RES, RW, 87, PARAM, "2.3.9"}, /* wraps around */
	{0, HI + 2, RES, RW, 87, PARAM, "2.3.9"},
	{FREE, 0, LARGE | BOTH, PAGE_WRITECOPY, 87, PARAM, "2.3.9"},
	{0, 0x200000, LARGE | BOTH, RW, 1314, "STATUS_PRIVILEGE_NOT_HELD", "2.3.11"},
	{R, 0x200001, LARGE | BOTH, PAGE_WRITECOPY, 1314, "STATUS_PRIVILEGE_NOT_HELD", "2.3.11"},
	{FREE, P, RES, PAGE_WRITECOPY, 87, PROTECTION, "2.3.13a"},
	{0, P, COM, PAGE_EXECUTE_WRITECOPY, 87, PROTECTION, "2.3.13a"},
	{R, BIG_SIZE, BOTH, PAGE_WRITECOPY, 87, PROTECTION, "2.3.13a"},
	{R, P, RES, RW, 487, CONFLICT, "2.3.14a"},
	{R, P, BOTH, RW, 487, CONFLICT, "2.3.14a"}, /* E3 */
	{C2 + 15 * P, P, RES, RW, 487, CONFLICT, "2.3.14a"},
	{R - P, P + 1, RES, RW, 487, CONFLICT, "2.3.14a"},
	{FREE, BIG, RES, RW, 487, CONFLICT, "2.3.14a"},
	{R, BIG_SIZE, BOTH, RW, 487, CONFLICT, "2.3.14a"},
	{0, HI - BIG, RES, RW, 8, "STATUS_NO_MEMORY", "2.3.15a"},
	{0, HI + 1, BOTH, RW, 8, "STATUS_NO_MEMORY", "2.3.15a"},
	{0, HI - BIG, RES | TOP, RW, 8, "STATUS_NO_MEMORY", "2.3.15a"},
	{0x400000, 281 * P, BOTH, RW, 1455, LIMIT, "2.3.16a"}, /* 320 - 16 - 8 - 16 = 280 left */
	{0, 281 * P, COM, RW, 1455, LIMIT, "2.3.16a"},
	{FREE, P, COM, RW, 487, CONFLICT, "2.3.13b"},
	{R + 15 * P, 2 * P, COM, RW, 487, CONFLICT, "2.3.13b"},
	{C2 + 15 * P, P + 1, COM, RW, 487, CONFLICT, "2.3.13b"},
	{R - 1, 2, COM, RW, 487, CONFLICT, "2.3.13b"},
	{FREE, P, COM, PAGE_WRITECOPY, 487, CONFLICT, "2.3.13b"},
	{PHYS, P, COM, RW, 487, CONFLICT, "2.3.14b"},
	{PHYS, P, COM, PAGE_WRITECOPY, 487, CONFLICT, "2.3.14b"},
	{R, P, COM, PAGE_WRITECOPY, 87, PROTECTION, "2.3.16b"},
	{C, P, COM, PAGE_EXECUTE_WRITECOPY, 87, PROTECTION, "2.3.16b"},
	{BIG, 281 * P, COM, PAGE_WRITECOPY, 87, PROTECTION, "2.3.16b"},
	{BIG, 281 * P, COM, RW, 1455, LIMIT, "2.3.17b"},
	{BIG, BIG_SIZE, COM, RW, 1455, LIMIT, "2.3.17b"},
	{0, P, RESET, RW, 87, PARAM, "R1"},
	{FREE, P, RESET, RW, 487, CONFLICT, "R1"},
	{C + 15 * P, 2 * P, RESET, RW, 487, CONFLICT, "R1"},
	{C + 15 * P, 2 * P, UNDO, RW, 487, CONFLICT, "R1"},
	{C, 4, RESET, RW, 487, CONFLICT, "R1"}, /* inward, nothing is left */
	{C + 1, P, RESET, RW, 487, CONFLICT, "R1"},
	{C + 1, 2 * P - 2, UNDO, RW, 487, CONFLICT, "R1"},
	{PHYS, P, RESET, RW, 487, CONFLICT, "R1"},
};

static void test_alloc_steps(void)
{
	static const char *const rules[] = {"", "rules=article"};

	RULES("2.3.1 2.3.2 2.3.3 2.3.4 2.3.5 2.3.6 2.3.7 2.3.8 2.3.9 2.3.11 2.3.13a 2.3.14a 2.3.15a "
	      "2.3.16a 2.3.13b 2.3.14b 2.3.16b 2.3.17b E1 E2 E3 R1 V7 I37");
	for (int r = 0; r < 2; r++) { /* the rule sets do not differ here */
		struct fixture f = layout(rules[r]);
		char *before = digest(&f);

		attend(&f);
		for (size_t i = 0; i < G_N_ELEMENTS(alloc_cases); i++) {
			const struct alloc_case *c = &alloc_cases[i];
			char *after;

			g_test_message("case %zu: %s", i, c->rule);
			g_assert_cmphex(alloc(&f, c->va, c->size, c->type, c->prot), ==, 0);
			failed(&f, c->error, c->status, c->rule);
			g_assert_cmpint(f.failures, ==, (int)i + 1);
			after = digest(&f);
			g_assert_cmpstr(after, ==, before);
			g_free(after);
		}
		g_assert_cmpint(f.differ, ==, 0);
		g_assert_cmpuint(counter(&f, "calls_failed"), ==, G_N_ELEMENTS(alloc_cases));
		g_free(before);
		stop(&f);
	}
}

static void test_rounding(void) /* V8, V9, 1.3 */
{
	static const struct {
		uint64_t va, size, base, length;
	} v8[] = {{0x5000FFFF, 0x3000, 0x50000000, 0x13000},
		  {0x50008000, 1, 0x50000000, 0x9000},
		  {0x50001010, 0xC000, 0x50000000, 0xE000},
		  {0x50000000, 0x10001, 0x50000000, 0x11000},
		  {0x5000FFFF, 1, 0x50000000, 0x10000},
		  {0x5000FFFF, 2, 0x50000000, 0x11000}};

	RULES("1.3 V8 V9");
	for (size_t i = 0; i < G_N_ELEMENTS(v8); i++) {
		struct fixture f = start("");

		g_assert_cmphex(alloc_ok(&f, v8[i].va, v8[i].size, RES, RW), ==, v8[i].base);
		g_assert_cmphex(query(&f, v8[i].base).region_size, ==, v8[i].length);
		stop(&f);
	}
}

static void test_commit_rounding(void)
{
	struct fixture f = start("");

	RULES("1.3 V8 V9");
	alloc_ok(&f, R, 16 * P, RES, RW);
	/* two bytes over a page boundary touch both pages (V8); the base is a page's (V9) */
	g_assert_cmphex(alloc_ok(&f, R + 4 * P - 1, 2, COM, RW), ==, R + 3 * P);
	g_assert_cmphex(query(&f, R).region_size, ==, 3 * P);
	g_assert_cmphex(query(&f, R + 3 * P).region_size, ==, 2 * P);
	g_assert_cmpuint(query(&f, R + 3 * P).state, ==, MEM_COMMIT);
	g_assert_true(release(&f, R + 5 * P - 1, 1, DEC));
	g_assert_cmphex(query(&f, R + 3 * P).region_size, ==, P);
	g_assert_cmphex(alloc_ok(&f, R + 8 * P, 1, COM, RW), ==, R + 8 * P);
	g_assert_cmphex(query(&f, R + 8 * P).region_size, ==, P);
	g_assert_cmphex(alloc_ok(&f, 0, 1, BOTH, RW), ==, R - 15 * G); /* rounded up to a page */
	g_assert_cmphex(query(&f, G).region_size, ==, P);
	/* reset rounds inward and returns the rounded base */
	g_assert_cmphex(alloc_ok(&f, R + 7 * P + 1, 2 * P, RESET, RW), ==, R + 8 * P);
	stop(&f);
}

static void test_tail(void) /* V10 */
{
	struct fixture f = start("");

	RULES("V10 2.4.5");
	attend(&f);
	alloc_ok(&f, R, 3 * P, RES, RW);
	g_assert_cmpuint(query(&f, R + 3 * P).state, ==, MEM_FREE);
	g_assert_cmphex(alloc(&f, R + 3 * P, P, RES, RW), ==, 0);
	failed(&f, 487, CONFLICT, "2.3.14a");
	g_assert_false(release(&f, R + 3 * P, 0, REL));
	failed(&f, 487, "STATUS_MEMORY_NOT_ALLOCATED", "2.4.5");
	g_assert_cmphex(alloc_ok(&f, R - 1, 1, RES, RW), ==, R - G); /* the granule before */
	stop(&f);
}

static void test_placement(void) /* V11 */
{
	struct fixture f = start("");

	RULES("V11");
	g_assert_cmphex(alloc_ok(&f, 0, P, RES, RW), ==, 0x10000);
	g_assert_cmphex(alloc_ok(&f, 0, 17 * P, RES, RW), ==, 0x20000);
	g_assert_cmphex(alloc_ok(&f, 0, P, RES, RW), ==, 0x40000);
	g_assert_true(release(&f, 0x20000, 0, REL));
	g_assert_cmphex(alloc_ok(&f, 0, 33 * P, RES, RW), ==, 0x50000);
	g_assert_cmphex(alloc_ok(&f, 0, 32 * P, BOTH, RW), ==, 0x20000);
	g_assert_cmphex(alloc_ok(&f, 0, P, RES | TOP, RW), ==, HI + 1 - G);
	g_assert_cmphex(alloc_ok(&f, 0, 17 * P, RES | TOP, RW), ==, HI + 1 - 3 * G);
	g_assert_cmphex(alloc_ok(&f, R, P, RES | TOP, RW), ==, R); /* no effect */
	g_assert_cmphex(alloc_ok(&f, R, P, COM | TOP, RW), ==, R);
	stop(&f);
}

static void test_whole_space(void) /* V6 */
{
	struct fixture f = start("");

	RULES("V6 2.3.15a");
	g_assert_cmphex(alloc_ok(&f, 0, HI + 1 - G, RES, RW), ==, G);
	g_assert_cmphex(alloc(&f, 0, 1, RES, RW), ==, 0);
	g_assert_cmpuint(f.error, ==, 8);
	stop(&f);
	f = start("paging.levels=2");
	g_assert_cmphex(alloc_ok(&f, 0, 0x7FFF0000 - G, RES, RW), ==, G);
	g_assert_cmphex(alloc(&f, 0x7FFF0000, 1, RES, RW), ==, 0);
	g_assert_cmpuint(f.error, ==, 87);
	stop(&f);
}

static void test_recommit(void) /* E5, V5 */
{
	struct fixture f = start("");

	RULES("E5 V5 E13.lost");
	alloc_ok(&f, R, 16 * P, RES, PAGE_READONLY);
	alloc_ok(&f, R, 4 * P, COM, RW);
	g_assert_cmpint(store(&f, R + P, 77), ==, VMSIM_RESULT_OK);
	alloc_ok(&f, R, 8 * P, COM, PAGE_READONLY); /* contents kept, protection new */
	g_assert_cmpuint(load(&f, R + P), ==, 77);
	g_assert_cmpint(store(&f, R + P, 1), ==, VMSIM_RESULT_ACCESS_VIOLATION);
	g_assert_cmphex(query(&f, R).region_size, ==, 8 * P);
	g_assert_cmphex(query(&f, R).protect, ==, PAGE_READONLY);
	alloc_ok(&f, R, P * 8, COM, PAGE_NOACCESS); /* leaves the working set (E14) */
	g_assert_cmpint(touch(&f, R + P, VMSIM_READ), ==, VMSIM_RESULT_ACCESS_VIOLATION);
	alloc_ok(&f, R, P * 8, COM, RW | PAGE_GUARD);
	g_assert_cmpint(touch(&f, R + P, VMSIM_READ), ==, VMSIM_RESULT_GUARD_PAGE);
	g_assert_cmpuint(load(&f, R + P), ==, 77);
	g_assert_cmpuint(counter(&f, "transition_faults"), ==, 1);
	g_assert_true(release(&f, R + P, P, DEC));
	alloc_ok(&f, R + P, P, COM, RW);
	g_assert_cmpuint(load(&f, R + P), ==, 0); /* zeros after decommit */
	g_assert_cmphex(query(&f, R + P).allocation_protect, ==, PAGE_READONLY);
	stop(&f);
}

/* --- 2.4 --------------------------------------------------------------------------------------- */

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

/* --- 2.5 --------------------------------------------------------------------------------------- */

static const struct alloc_case protect_cases[] = {
	{C, P, 0, 0, 87, PROTECTION, "2.5.1"},
	{C, P, 0, 6, 87, PROTECTION, "2.5.1"},
	{C, P, 0, 0x100, 87, PROTECTION, "2.5.1"},
	{C, P, 0, 0x404, 87, PROTECTION, "2.5.1"}, /* WRITECOMBINE */
	{C, P, 0, 0x804, 87, PROTECTION, "2.5.1"},
	{HI + 1, 0, 0, 0x80000004, 87, PROTECTION, "2.5.1"},
	{C, 0, 0, RW, 87, PARAM, "2.5.3"},
	{HI + 1, P, 0, RW, 87, PARAM, "2.5.3"},
	{C, HI, 0, RW, 87, PARAM, "2.5.3"},
	{C, 0, 0, 0x101, 87, PARAM, "2.5.3"},
	{C, P, 0, 0x101, 87, PROTECTION, "2.5.5"},
	{C, P, 0, 0x201, 87, PROTECTION, "2.5.5"},
	{C, P, 0, 0x304, 87, PROTECTION, "2.5.5"},
	{C, P, 0, 0x40000004, 87, PROTECTION, "2.5.5"},
	{FREE, P, 0, 0x304, 87, PROTECTION, "2.5.5"},
	{FREE, P, 0, RW, 487, CONFLICT, "2.5.6"},
	{C + 15 * P, 2 * P, 0, RW, 487, CONFLICT, "2.5.6"},
	{R - 1, 2, 0, RW, 487, CONFLICT, "2.5.6"},
	{PHYS + 15 * P, 2 * P, 0, PAGE_WRITECOPY, 487, CONFLICT, "2.5.6"},
	{PHYS, P, 0, RW, 487, CONFLICT, "2.5.7"},
	{PHYS, P, 0, PAGE_WRITECOPY, 487, CONFLICT, "2.5.7"},
	{C, P, 0, PAGE_WRITECOPY, 87, PROTECTION, "2.5.8"},
	{R, P, 0, PAGE_EXECUTE_WRITECOPY, 87, PROTECTION, "2.5.8"},
	{R, P, 0, RW, 487, "STATUS_NOT_COMMITTED", "2.5.9"},
	{M, 9 * P, 0, PAGE_READONLY, 487, "STATUS_NOT_COMMITTED", "2.5.9"}, /* no page changed */
	{M + 7 * P, 2 * P, 0, PAGE_READONLY, 487, "STATUS_NOT_COMMITTED", "2.5.9"},
};

static void test_protect_steps(void)
{
	struct fixture f = layout("");
	char *before = digest(&f);

	RULES("2.5.1 2.5.3 2.5.5 2.5.6 2.5.7 2.5.8 2.5.9 E2 I37");
	attend(&f);
	for (size_t i = 0; i < G_N_ELEMENTS(protect_cases); i++) {
		const struct alloc_case *c = &protect_cases[i];
		uint32_t old = 0x1234;
		char *after;

		g_test_message("case %zu: %s", i, c->rule);
		g_assert_false(vmsim_virtual_protect(f.m, PID, c->va, c->size, c->prot, &old,
						     &f.error));
		failed(&f, c->error, c->status, c->rule);
		g_assert_cmphex(old, ==, 0x1234);
		after = digest(&f);
		g_assert_cmpstr(after, ==, before);
		g_free(after);
	}
	g_free(before);
	stop(&f);
}

static void test_protect_effects(void) /* E14 */
{
	struct fixture f = layout("");

	RULES("E14 H20.tighter H20.unmap");
	store(&f, C + P, 9);
	protect_ok(&f, C + P, 2 * P, PAGE_READONLY, RW);
	protect_ok(&f, C, 3 * P, PAGE_EXECUTE_READ, RW); /* old is the first page's */
	protect_ok(&f, C + P, P, PAGE_NOACCESS, PAGE_EXECUTE_READ);
	g_assert_cmpint(touch(&f, C + P, VMSIM_READ), ==, VMSIM_RESULT_ACCESS_VIOLATION);
	protect_ok(&f, C + P, P, RW, PAGE_NOACCESS);
	g_assert_cmpuint(counter(&f, "transition_faults"), ==, 0);
	g_assert_cmpuint(load(&f, C + P), ==, 9);
	g_assert_cmpuint(counter(&f, "transition_faults"), ==, 1);
	g_assert_cmphex(query(&f, C).allocation_protect, ==, RW);
	/* each right at once, though the old one is in the TLB */
	protect_ok(&f, C + P, P, PAGE_READONLY, RW);
	g_assert_cmpint(store(&f, C + P, 1), ==, VMSIM_RESULT_ACCESS_VIOLATION);
	protect_ok(&f, C + P, P, PAGE_EXECUTE_READWRITE, PAGE_READONLY);
	g_assert_cmpint(touch(&f, C + P, VMSIM_EXECUTE), ==, VMSIM_RESULT_OK);
	protect_ok(&f, C + P, P, RW, PAGE_EXECUTE_READWRITE);
	g_assert_cmpint(touch(&f, C + P, VMSIM_EXECUTE), ==, VMSIM_RESULT_ACCESS_VIOLATION);
	g_assert_cmpint(store(&f, C + P, 3), ==, VMSIM_RESULT_OK);
	g_assert_cmpuint(counter(&f, "committed_pages_peak"), ==, 40); /* charge unchanged */
	stop(&f);
}

static void test_protect_caching(void) /* the block's setting stays */
{
	struct fixture f = start("");

	RULES("E14");
	alloc_ok(&f, R, P, BOTH, RW | PAGE_NOCACHE);
	protect_ok(&f, R, P, PAGE_READONLY, RW | PAGE_NOCACHE);
	g_assert_cmphex(query(&f, R).protect, ==, PAGE_READONLY | PAGE_NOCACHE);
	alloc_ok(&f, C, P, BOTH, RW);
	protect_ok(&f, C, P, PAGE_READONLY | PAGE_NOCACHE, RW);
	g_assert_cmphex(query(&f, C).protect, ==, PAGE_READONLY);
	alloc_ok(&f, M, P, BOTH, RW | PAGE_WRITECOMBINE);
	protect_ok(&f, M, P, PAGE_EXECUTE, RW | PAGE_WRITECOMBINE);
	g_assert_cmphex(query(&f, M).protect, ==, PAGE_EXECUTE | PAGE_WRITECOMBINE);
	stop(&f);
}

/* 2.5.2 and 2.6: nowhere to put the answer. */
static void test_no_buffer(void)
{
	RULES("2.5.2 2.6");
	if (g_test_subprocess()) {
		struct fixture f = layout("");

		g_assert_false(vmsim_virtual_protect(f.m, PID, C, P, PAGE_READONLY, NULL,
						     &f.error));
		g_assert_cmpuint(f.error, ==, 998);
		g_assert_cmphex(query(&f, C).protect, ==, RW);
		g_assert_false(vmsim_virtual_query(f.m, PID, C, NULL, &f.error));
		g_assert_cmpuint(f.error, ==, 998);
		stop(&f);
		return;
	}
	g_test_trap_subprocess(NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
	g_test_trap_assert_passed();
}

/* --- 2.6, V13 ----------------------------------------------------------------------------------- */

static void is_region(struct fixture *f, uint64_t va, uint64_t alloc_base, uint32_t alloc_prot,
		      uint64_t size, uint32_t state, uint32_t prot)
{
	struct vmsim_memory_basic_information i = query(f, va);

	g_assert_cmphex(i.base_address, ==, va / P * P); /* not the start of the run */
	g_assert_cmphex(i.allocation_base, ==, alloc_base);
	g_assert_cmphex(i.allocation_protect, ==, alloc_prot);
	g_assert_cmphex(i.region_size, ==, size);
	g_assert_cmphex(i.state, ==, state);
	g_assert_cmphex(i.protect, ==, prot);
	g_assert_cmphex(i.type, ==, state == MEM_FREE ? 0 : MEM_PRIVATE);
}

static void test_query(void)
{
	struct fixture f = layout("");
	struct vmsim_memory_basic_information info;

	RULES("V13 2.6");
	attend(&f);
	is_region(&f, 0, 0, 0, R, MEM_FREE, PAGE_NOACCESS);
	is_region(&f, 0x1234, 0, 0, R - P, MEM_FREE, PAGE_NOACCESS);
	is_region(&f, R, R, RW, 16 * P, MEM_RESERVE, 0);
	is_region(&f, R + 5 * P + 7, R, RW, 11 * P, MEM_RESERVE, 0);
	is_region(&f, C, C, RW, 16 * P, MEM_COMMIT, RW); /* not into M, though it is alike */
	is_region(&f, M, M, RW, 8 * P, MEM_COMMIT, RW);
	is_region(&f, M + 8 * P, M, RW, 8 * P, MEM_RESERVE, 0);
	is_region(&f, BIG + BIG_SIZE, 0, 0, HI + 1 - BIG - BIG_SIZE, MEM_FREE, PAGE_NOACCESS);
	is_region(&f, HI, 0, 0, P, MEM_FREE, PAGE_NOACCESS);
	g_assert_false(vmsim_virtual_query(f.m, PID, HI + 1, &info, &f.error));
	failed(&f, 87, PARAM, "2.6");
	stop(&f);
}

static void test_coalescing(void)
{
	struct fixture f = layout("");

	RULES("V3 V13");
	protect_ok(&f, C + 4 * P, 2 * P, PAGE_READONLY, RW);
	protect_ok(&f, C + 6 * P, P, RW | PAGE_GUARD, RW); /* modifiers tell pages apart */
	is_region(&f, C, C, RW, 4 * P, MEM_COMMIT, RW);
	is_region(&f, C + 4 * P, C, RW, 2 * P, MEM_COMMIT, PAGE_READONLY);
	is_region(&f, C + 6 * P, C, RW, P, MEM_COMMIT, RW | PAGE_GUARD);
	is_region(&f, C + 7 * P, C, RW, 9 * P, MEM_COMMIT, RW);
	/* residency, dirtiness, locks and resets do not */
	store(&f, C2 + P, 1);
	touch(&f, C2 + 2 * P, VMSIM_READ);
	g_assert_true(vmsim_virtual_lock(f.m, PID, C2 + 3 * P, P, &f.error));
	alloc_ok(&f, C2 + 2 * P, P, RESET, RW);
	is_region(&f, C2, C2, RW, 16 * P, MEM_COMMIT, RW);
	g_assert_cmpint(touch(&f, C + 6 * P, VMSIM_READ), ==, VMSIM_RESULT_GUARD_PAGE);
	is_region(&f, C + 6 * P, C, RW, 10 * P, MEM_COMMIT, RW);
	protect_ok(&f, C + 4 * P, 2 * P, RW, PAGE_READONLY);
	is_region(&f, C, C, RW, 16 * P, MEM_COMMIT, RW);
	g_assert_true(release(&f, C + 8 * P, P, DEC)); /* a marker and zero entries */
	is_region(&f, C, C, RW, 8 * P, MEM_COMMIT, RW);
	is_region(&f, C + 8 * P, C, RW, P, MEM_RESERVE, 0);
	g_assert_true(release(&f, C, 0, DEC));
	is_region(&f, C, C, RW, 16 * P, MEM_RESERVE, 0);
	alloc_ok(&f, C + 8 * P, P, COM, PAGE_READONLY);
	is_region(&f, C + 8 * P, C, RW, P, MEM_COMMIT, PAGE_READONLY);
	stop(&f);
}

/* A run ends where pages without a table of their own look otherwise. */
static void test_coalescing_tables(void)
{
	struct fixture f = start("");

	RULES("V3 V13");
	alloc_ok(&f, 0x5FF0000, 32 * P, BOTH, RW); /* half of it in the next table */
	g_assert_true(release(&f, 0x5FF0000, 16 * P, DEC));
	is_region(&f, 0x5FF0000, 0x5FF0000, RW, 16 * P, MEM_RESERVE, 0);
	is_region(&f, 0x6000000, 0x5FF0000, RW, 16 * P, MEM_COMMIT, RW);
	stop(&f);
}

/* --- 2.7 ---------------------------------------------------------------------------------------- */

static bool lock(struct fixture *f, uint64_t va, uint64_t size)
{
	return vmsim_virtual_lock(f->m, PID, va, size, &f->error);
}

static bool unlock(struct fixture *f, uint64_t va, uint64_t size)
{
	return vmsim_virtual_unlock(f->m, PID, va, size, &f->error);
}

static void test_lock_steps(void)
{
	struct fixture f = layout("");

	RULES("2.7.range 2.7.free 2.7.special 2.7.quota 2.7.touch");
	attend(&f);
	g_assert_false(lock(&f, C, 0));
	failed(&f, 87, PARAM, "2.7");
	g_assert_false(lock(&f, HI + 1, P));
	failed(&f, 87, PARAM, "2.7");
	g_assert_false(lock(&f, FREE, HI));
	failed(&f, 87, PARAM, "2.7");
	g_assert_false(lock(&f, C2 + 15 * P, 2 * P)); /* into free space */
	failed(&f, 998, "STATUS_ACCESS_VIOLATION", "2.7");
	g_assert_false(lock(&f, PHYS, P));
	failed(&f, 87, "STATUS_INCOMPATIBLE_FILE_MAP", "2.7");
	g_assert_false(lock(&f, C, 31 * P)); /* 50 - 20 may be locked */
	failed(&f, 1453, "STATUS_WORKING_SET_QUOTA", "2.7");
	g_assert_false(lock(&f, R, P)); /* reserved */
	failed(&f, 998, "STATUS_ACCESS_VIOLATION", "2.7");
	protect_ok(&f, C, P, PAGE_NOACCESS, RW);
	g_assert_false(lock(&f, C, P));
	failed(&f, 998, "STATUS_ACCESS_VIOLATION", "2.7");
	g_assert_false(unlock(&f, C, 0));
	failed(&f, 87, PARAM, "2.7");
	g_assert_false(unlock(&f, FREE, P));
	failed(&f, 158, "STATUS_NOT_LOCKED", "2.7");
	stop(&f);
}

static void test_lock_quota(void)
{
	struct fixture f = start("");

	RULES("2.7.quota 2.7.count E13.locked E14");
	alloc_ok(&f, R, 48 * P, BOTH, RW);
	g_assert_true(lock(&f, R, 30 * P));
	g_assert_true(lock(&f, R, 30 * P)); /* no count: relocking takes no more */
	g_assert_false(lock(&f, R + 29 * P, 2 * P));
	g_assert_cmpuint(f.error, ==, 1453);
	g_assert_true(unlock(&f, R, 1)); /* one unlock suffices */
	g_assert_true(lock(&f, R + 30 * P, P));
	g_assert_true(release(&f, R + P, 10 * P, DEC)); /* locks vanish with the pages */
	g_assert_true(lock(&f, R + 31 * P, 10 * P));
	g_assert_false(lock(&f, R + 41 * P, P));
	protect_ok(&f, R + 11 * P, P, PAGE_NOACCESS, RW); /* and with access to them */
	g_assert_true(lock(&f, R + 41 * P, P));
	g_assert_false(lock(&f, R + 42 * P, P));
	stop(&f);
}

/* A lock may span blocks, and a page locked stays whatever happens (E15). */
static void test_lock_keeps(void)
{
	struct fixture f = start("memory.frames=32 vmm.ws_min=40");
	uint64_t faults;

	RULES("2.7.free E15 W2");
	alloc_ok(&f, R, 16 * P, BOTH, RW);
	alloc_ok(&f, C, 16 * P, BOTH, RW);
	alloc_ok(&f, BIG, 128 * P, BOTH, RW);
	store(&f, R + 15 * P, 4);
	g_assert_true(lock(&f, R + 15 * P, 2 * P));
	for (unsigned i = 0; i < 128; i++)
		g_assert_cmpint(store(&f, BIG + i * P, i), ==, VMSIM_RESULT_OK);
	faults = counter(&f, "page_faults");
	g_assert_cmpuint(load(&f, R + 15 * P), ==, 4);
	g_assert_cmpuint(load(&f, C), ==, 0);
	g_assert_cmpuint(counter(&f, "page_faults"), ==, faults);
	g_assert_true(unlock(&f, R + 15 * P, 2 * P));
	for (unsigned i = 0; i < 128; i++)
		g_assert_cmpuint(load(&f, BIG + i * P), ==, i);
	faults = counter(&f, "page_faults");
	g_assert_cmpuint(load(&f, R + 15 * P), ==, 4);
	g_assert_cmpuint(counter(&f, "page_faults"), ==, faults + 1);
	stop(&f);
}

static void test_lock_exceptions(void) /* E0, K3 */
{
	struct fixture f = layout("");

	RULES("E0 2.7.guard 2.7.unlock K3");
	attend(&f);
	protect_ok(&f, C + 2 * P, P, RW | PAGE_GUARD, RW);
	g_assert_false(lock(&f, C, 4 * P));
	failed(&f, 0x80000001u, "STATUS_GUARD_PAGE_VIOLATION", "2.7");
	g_assert_cmphex(query(&f, C + 2 * P).protect, ==, RW); /* the guard is gone */
	g_assert_cmpuint(counter(&f, "demand_zero_faults"), ==, 2); /* two are resident */
	g_assert_cmpuint(counter(&f, "guard_page_faults"), ==, 1);
	g_assert_true(lock(&f, C, 4 * P)); /* the next attempt */
	g_assert_cmpuint(counter(&f, "demand_zero_faults"), ==, 4);
	g_assert_true(unlock(&f, C, 4 * P));
	/* a failed lock has locked nothing: an unlock of its pages fails and evicts them */
	g_assert_false(lock(&f, R + 15 * P, 2 * P));
	g_assert_false(unlock(&f, C, P));
	failed(&f, 158, "STATUS_NOT_LOCKED", "2.7");
	g_assert_cmpuint(counter(&f, "transition_faults"), ==, 0);
	touch(&f, C, VMSIM_READ);
	g_assert_cmpuint(counter(&f, "transition_faults"), ==, 1);
	/* unlocking a range with one page unlocked fails, evicts that page, keeps the locks */
	g_assert_true(lock(&f, C, P));
	touch(&f, C + P, VMSIM_READ);
	g_assert_false(unlock(&f, C, 2 * P));
	g_assert_cmpuint(f.error, ==, 158);
	touch(&f, C, VMSIM_READ);
	g_assert_cmpuint(counter(&f, "transition_faults"), ==, 1);
	touch(&f, C + P, VMSIM_READ);
	g_assert_cmpuint(counter(&f, "transition_faults"), ==, 2);
	g_assert_true(unlock(&f, C, P));
	stop(&f);
}

/* --- 3: guards and rights ------------------------------------------------------------------------ */

static void test_guard(void)
{
	static const enum vmsim_access kinds[] = {VMSIM_READ, VMSIM_WRITE};

	RULES("K1 3.1.4d 3.3.guard 3.3.ends");
	for (int k = 0; k < 2; k++) {
		struct fixture f = layout("");

		attend(&f);
		store(&f, C, 0x55);
		protect_ok(&f, C, 2 * P, RW | PAGE_GUARD, RW);
		g_assert_cmpint(touch(&f, C + 3, kinds[k]), ==, VMSIM_RESULT_GUARD_PAGE);
		g_assert_cmphex(f.last.code, ==, 0x80000001u);
		g_assert_cmphex(f.last.va, ==, C + 3);
		g_assert_cmphex(query(&f, C).protect, ==, RW);
		g_assert_cmphex(query(&f, C).region_size, ==, P); /* this page only */
		g_assert_cmphex(query(&f, C).allocation_protect, ==, RW);
		g_assert_cmphex(query(&f, C + P).protect, ==, RW | PAGE_GUARD);
		g_assert_cmpuint(load(&f, C), ==, 0x55); /* not performed, contents kept */
		g_assert_cmpuint(counter(&f, "guard_page_faults"), ==, 1);
		stop(&f);
	}
}

static void test_guard_order(void) /* 4c, 4d */
{
	struct fixture f = start("");

	RULES("K1 3.1.4c 3.1.4d");
	alloc_ok(&f, R, 16 * P, BOTH, PAGE_READONLY | PAGE_GUARD);
	g_assert_cmpint(touch(&f, R, VMSIM_WRITE), ==, VMSIM_RESULT_ACCESS_VIOLATION);
	g_assert_cmphex(query(&f, R).protect, ==, PAGE_READONLY | PAGE_GUARD); /* it stays */
	g_assert_cmpint(touch(&f, R, VMSIM_READ), ==, VMSIM_RESULT_GUARD_PAGE);
	g_assert_cmpint(touch(&f, R, VMSIM_READ), ==, VMSIM_RESULT_OK);
	g_assert_cmpint(touch(&f, R, VMSIM_WRITE), ==, VMSIM_RESULT_ACCESS_VIOLATION);
	/* a fetch meets the guard first, then the protection */
	g_assert_cmpint(touch(&f, R + P, VMSIM_EXECUTE), ==, VMSIM_RESULT_GUARD_PAGE);
	g_assert_cmpint(touch(&f, R + P, VMSIM_EXECUTE), ==, VMSIM_RESULT_ACCESS_VIOLATION);
	alloc_ok(&f, C, P, BOTH, PAGE_EXECUTE_READ | PAGE_GUARD);
	g_assert_cmpint(touch(&f, C, VMSIM_EXECUTE), ==, VMSIM_RESULT_GUARD_PAGE);
	g_assert_cmpint(touch(&f, C, VMSIM_EXECUTE), ==, VMSIM_RESULT_OK);
	stop(&f);
}

static void test_rights(void) /* 3.2 */
{
	static const struct {
		uint32_t prot;
		const char *rights;
	} row[] = {{PAGE_NOACCESS, ""},	      {PAGE_READONLY, "r"},
		   {PAGE_READWRITE, "rw"},    {PAGE_EXECUTE, "rx"},
		   {PAGE_EXECUTE_READ, "rx"}, {PAGE_EXECUTE_READWRITE, "rwx"}};

	RULES("3.2 3.2.execute 3.2.nx");
	for (int nx = 0; nx < 2; nx++) {
		struct fixture f = start(nx ? "" : "paging.nx=false");

		for (size_t i = 0; i < G_N_ELEMENTS(row); i++) {
			uint64_t va = alloc_ok(&f, 0, P, BOTH, row[i].prot);

			for (int round = 0; round < 2; round++)
				for (int a = VMSIM_READ; a <= VMSIM_EXECUTE; a++) {
					char letter = !nx && a == VMSIM_EXECUTE ? 'r' : "rwx"[a];

					g_assert_cmpint(
						touch(&f, va, (enum vmsim_access)a), ==,
						strchr(row[i].rights, letter)
							? VMSIM_RESULT_OK
							: VMSIM_RESULT_ACCESS_VIOLATION);
				}
		}
		stop(&f);
	}
}

/* 3.1: the first failing page decides, and nothing is stored unless all permit it. */
static void test_crossing(void)
{
	struct fixture f = layout("");

	RULES("3.1 3.3.violation");
	attend(&f);
	protect_ok(&f, C + P, P, PAGE_READONLY, RW);
	store(&f, C + P - 8, 0x1111111111111111);
	g_assert_cmpint(store(&f, C + P - 4, UINT64_MAX), ==, VMSIM_RESULT_ACCESS_VIOLATION);
	g_assert_cmphex(f.last.va, ==, C + P); /* the first byte touched in that page */
	g_assert_cmphex(load(&f, C + P - 8), ==, 0x1111111111111111);
	g_assert_cmphex(load(&f, C + P), ==, 0);
	protect_ok(&f, C + P, P, RW, PAGE_READONLY);
	g_assert_cmpint(store(&f, C + P - 4, 0x8877665544332211), ==, VMSIM_RESULT_OK);
	g_assert_cmphex(load(&f, C + P - 4), ==, 0x8877665544332211);
	g_assert_cmphex(load(&f, C + P - 8), ==, 0x4433221111111111);
	g_assert_cmphex(load(&f, C + P), ==, 0x88776655);
	g_assert_cmpint(store(&f, R - 4, 1), ==, VMSIM_RESULT_ACCESS_VIOLATION);
	g_assert_cmphex(f.last.va, ==, R - 4);
	/* into the next block, which is another */
	g_assert_cmpint(store(&f, M - 4, 0x0102030405060708), ==, VMSIM_RESULT_OK);
	g_assert_cmphex(load(&f, M - 4), ==, 0x0102030405060708);
	/* guard: the store is not performed, on neither side */
	protect_ok(&f, C + 3 * P, P, RW | PAGE_GUARD, RW);
	g_assert_cmpint(store(&f, C + 3 * P - 4, UINT64_MAX), ==, VMSIM_RESULT_GUARD_PAGE);
	g_assert_cmphex(load(&f, C + 3 * P - 8), ==, 0);
	stop(&f);
}

static void test_not_canonical(void) /* 3.1 step 1 */
{
	struct fixture f = layout("");

	RULES("3.1.1 3.1.4a");
	attend(&f);
	g_assert_cmpint(touch(&f, 0x800000000000, VMSIM_WRITE), ==, VMSIM_RESULT_ACCESS_VIOLATION);
	g_assert_cmphex(f.last.va, ==, UINT64_MAX);
	g_assert_cmpstr(f.last.access, ==, "read");
	g_assert_cmpint(touch(&f, 0xFFFF800000000000, VMSIM_READ), ==,
			VMSIM_RESULT_ACCESS_VIOLATION);
	g_assert_cmphex(f.last.va, ==, 0xFFFF800000000000);
	g_assert_cmpint(touch(&f, UINT64_MAX, VMSIM_READ), ==, VMSIM_RESULT_ACCESS_VIOLATION);
	g_assert_cmpint(touch(&f, HI + 1, VMSIM_WRITE), ==, VMSIM_RESULT_ACCESS_VIOLATION);
	g_assert_cmphex(f.last.va, ==, HI + 1);
	g_assert_cmpint(touch(&f, 0, VMSIM_READ), ==, VMSIM_RESULT_ACCESS_VIOLATION);
	stop(&f);
}

/* --- 6: the commit limit -------------------------------------------------------------------------- */

static void test_limit(void) /* C2, C3, C5 */
{
	struct fixture f = start("memory.frames=32 pagefile.size=64KiB"); /* 32 + 16 pages */

	RULES("C1.private C1.reserved C1.reset C2 C3 C5 E3 2.3.17b");
	alloc_ok(&f, BIG, BIG_SIZE, RES, RW); /* a reservation ignores it */
	alloc_ok(&f, BIG, 48 * P, COM, RW);
	g_assert_cmphex(alloc(&f, BIG + 48 * P, P, COM, RW), ==, 0);
	g_assert_cmpuint(f.error, ==, 1455);
	alloc_ok(&f, BIG, 48 * P, COM, PAGE_READONLY); /* nothing new, no charge */
	alloc_ok(&f, FREE, BIG_SIZE / 16, RES, RW);
	g_assert_cmphex(alloc(&f, BIG + 40 * P, 9 * P, COM, RW), ==, 0);
	g_assert_cmpuint(f.error, ==, 1455);
	g_assert_cmphex(query(&f, BIG + 40 * P).protect, ==, PAGE_READONLY); /* nothing changed */
	g_assert_true(release(&f, BIG + 10 * P, 5 * P, DEC)); /* returns five */
	alloc_ok(&f, BIG + 48 * P, 5 * P, COM, RW);
	g_assert_cmphex(vmsim_virtual_alloc(f.m, 2, 0, P, BOTH, RW, &f.error), ==, 0);
	g_assert_cmpuint(f.error, ==, 1455); /* one limit for all processes */
	g_assert_true(release(&f, BIG, 0, DEC));
	g_assert_cmphex(vmsim_virtual_alloc(f.m, 2, 0, 48 * P, BOTH, RW, &f.error), ==, G);
	g_assert_cmphex(alloc(&f, BIG, P, COM, RW), ==, 0);
	vmsim_exit_process(f.m, 2); /* exit returns the charge */
	alloc_ok(&f, BIG, 20 * P, COM, RW);
	g_assert_true(release(&f, BIG, 0, REL)); /* and so does release */
	alloc_ok(&f, R, 48 * P, BOTH, RW);
	g_assert_cmpuint(counter(&f, "committed_pages_peak"), ==, 48);
	alloc_ok(&f, R, 48 * P, RESET, RW); /* MEM_RESET returns nothing */
	g_assert_cmphex(alloc(&f, 0, P, BOTH, RW), ==, 0);
	stop(&f);
}

static void test_limit_without_pagefile(void)
{
	struct fixture f = start("memory.frames=32 pagefile.size=0");

	RULES("C2");
	g_assert_cmphex(alloc(&f, 0, 33 * P, BOTH, RW), ==, 0);
	g_assert_cmpuint(f.error, ==, 1455);
	alloc_ok(&f, 0, 32 * P, BOTH, RW);
	stop(&f);
}

/* --- 5: MEM_RESET ----------------------------------------------------------------------------------- */

#define PRESSURE 0x20000000u

/* Enough stores elsewhere that nothing unlocked stays in memory. */
static void press(struct fixture *f)
{
	if (query(f, PRESSURE).state == MEM_FREE)
		alloc_ok(f, PRESSURE, 96 * P, BOTH, RW);
	for (int round = 0; round < 2; round++)
		for (unsigned i = 0; i < 96; i++)
			g_assert_cmpint(store(f, PRESSURE + i * P, i), ==, VMSIM_RESULT_OK);
}

static struct fixture filled(const char *settings)
{
	char *all = g_strconcat("memory.frames=32 ", settings, NULL);
	struct fixture f = start(all);

	alloc_ok(&f, R, 16 * P, RES, RW);
	alloc_ok(&f, R, 8 * P, COM, RW);
	for (unsigned i = 0; i < 8; i++) {
		store(&f, R + i * P, 100 + i);
		store(&f, R + i * P + 0x800, 200 + i);
	}
	g_free(all);
	return f;
}

static const char *const with_lists[] = {"standby.enabled=true", "standby.enabled=false"};

static void test_reset_kept(void) /* R2, R5: what is not taken away keeps its data */
{
	struct fixture f = filled("");
	char *before = digest(&f), *after;

	RULES("R2 R5");
	g_assert_cmphex(alloc_ok(&f, R, 16 * P, RESET, PAGE_NOACCESS), ==, R);
	after = digest(&f);
	g_assert_cmpstr(after, ==, before);
	for (unsigned i = 0; i < 8; i++)
		g_assert_cmpuint(load(&f, R + i * P), ==, 100 + i);
	g_assert_cmpuint(counter(&f, "pages_reset_pending"), ==, 8);
	g_assert_cmpuint(counter(&f, "pages_reset_lost"), ==, 0);
	g_free(before);
	g_free(after);
	stop(&f);
}

static void test_reset_lost(void) /* R4, R5 */
{
	RULES("R4 R5");
	for (int i = 0; i < 2; i++) {
		struct fixture f = filled(with_lists[i]);
		uint64_t reads, writes;

		alloc_ok(&f, R, 8 * P, RESET, RW);
		press(&f);
		g_assert_cmpuint(counter(&f, "pages_reset_lost"), ==, 8);
		reads = counter(&f, "page_reads");
		writes = counter(&f, "demand_zero_faults");
		for (unsigned k = 0; k < 8; k++) {
			g_assert_cmpuint(load(&f, R + k * P), ==, 0);
			g_assert_cmpuint(load(&f, R + k * P + 0x800), ==, 0);
		}
		g_assert_cmpuint(counter(&f, "page_reads"), ==, reads); /* never a hard fault */
		g_assert_cmpuint(counter(&f, "demand_zero_faults"), >=, writes + 8);
		stop(&f);
	}
}

/* R4: neither written nor read, also not after being read back as zeros; not even when a page is
 * clean, on the modified list, or in the pagefile. */
static void test_reset_no_io(void)
{
	RULES("R4 R5 I34");
	for (int i = 0; i < 2; i++) {
		struct fixture f = filled(with_lists[i]);

		attend(&f);
		for (int round = 0; round < 3; round++) {
			g_assert_false(unlock(&f, R + P, 2 * P)); /* out of the working set */
			alloc_ok(&f, R, 8 * P, RESET, RW);
			press(&f);
			g_assert_cmpuint(counter(&f, "pages_reset_lost"), ==,
					 8 * (uint64_t)round + 8);
			for (unsigned k = 0; k < 8; k++)
				g_assert_cmpuint(load(&f, R + k * P), ==, 0);
			press(&f); /* the zeros are dropped, too (R5) */
			g_assert_cmpint(f.written, ==, 0);
			for (unsigned k = 0; k < 8; k++)
				g_assert_cmpuint(load(&f, R + k * P), ==, 0);
		}
		for (unsigned k = 0; k < 8; k++)
			store(&f, R + k * P, 5);
		press(&f);
		g_assert_cmpint(f.written, ==, 8);
		stop(&f);
	}
}

/* Only what is lost is lost: pages not reset come back from the pagefile. */
static void test_reset_part(void)
{
	struct fixture f = filled("");

	RULES("1.3 R1");
	g_assert_cmphex(alloc_ok(&f, R + 1, 3 * P, RESET, RW), ==, R + P); /* pages 1 and 2 */
	press(&f);
	g_assert_cmpuint(counter(&f, "pages_reset_lost"), ==, 2);
	for (unsigned k = 0; k < 8; k++)
		g_assert_cmpuint(load(&f, R + k * P), ==, k == 1 || k == 2 ? 0 : 100 + k);
	stop(&f);
}

static void test_reset_live(void) /* R6 */
{
	RULES("R6");
	for (int i = 0; i < 2; i++) {
		struct fixture f = filled(with_lists[i]);

		alloc_ok(&f, R, 8 * P, RESET, RW);
		for (unsigned k = 0; k < 8; k++)
			store(&f, R + k * P, 300 + k);
		press(&f);
		for (unsigned k = 0; k < 8; k++) { /* the whole page lives again */
			g_assert_cmpuint(load(&f, R + k * P), ==, 300 + k);
			g_assert_cmpuint(load(&f, R + k * P + 0x800), ==, 200 + k);
		}
		g_assert_cmpuint(counter(&f, "pages_reset_lost"), ==, 0);
		stop(&f);
	}
}

static void test_reset_in_pagefile(void) /* R3: slot freed without reading */
{
	struct fixture f = filled("");
	uint64_t reads;

	RULES("R3.stored R5");
	press(&f);
	reads = counter(&f, "page_reads");
	alloc_ok(&f, R, 8 * P, RESET, RW);
	g_assert_cmpuint(counter(&f, "pages_reset_lost"), ==, 8);
	g_assert_cmpuint(counter(&f, "page_reads"), ==, reads);
	for (unsigned k = 0; k < 8; k++)
		g_assert_cmpuint(load(&f, R + k * P), ==, 0);
	g_assert_cmpuint(counter(&f, "page_reads"), ==, reads);
	stop(&f);
}

static void test_reset_locked(void)
{
	struct fixture f = filled("vmm.ws_min=40");

	RULES("R3.locked E15");
	g_assert_true(lock(&f, R, 2 * P));
	alloc_ok(&f, R, 8 * P, RESET, RW);
	press(&f);
	g_assert_cmpuint(load(&f, R), ==, 100); /* cannot vanish while locked */
	g_assert_cmpuint(load(&f, R + P), ==, 101);
	g_assert_cmpuint(load(&f, R + 2 * P), ==, 0);
	g_assert_true(unlock(&f, R, 2 * P));
	stop(&f);
}

static void test_undo(void) /* R8 */
{
	struct fixture f = filled("");

	RULES("R8");
	attend(&f);
	alloc_ok(&f, R, 8 * P, RESET, RW);
	g_assert_cmphex(alloc_ok(&f, R, 8 * P, UNDO, RW), ==, R);
	press(&f);
	for (unsigned k = 0; k < 8; k++)
		g_assert_cmpuint(load(&f, R + k * P), ==, 100 + k);
	g_assert_cmpuint(counter(&f, "pages_reset_lost"), ==, 0);
	alloc_ok(&f, R, 8 * P, UNDO, RW); /* without a reset: nothing */
	alloc_ok(&f, R, 8 * P, RESET, RW);
	press(&f);
	store(&f, R + 7 * P, 9); /* live again: not among the lost */
	g_assert_cmphex(alloc(&f, R + 7 * P, P, UNDO, RW), ==, R + 7 * P);
	g_assert_cmphex(alloc(&f, R, 8 * P, UNDO, RW), ==, 0);
	failed(&f, 170, "STATUS_PTE_CHANGED", "R8");
	alloc_ok(&f, R, 8 * P, UNDO, RW); /* the failure is told once */
	press(&f);
	for (unsigned k = 0; k < 7; k++)
		g_assert_cmpuint(load(&f, R + k * P), ==, 0);
	g_assert_cmpuint(load(&f, R + 7 * P), ==, 9);
	stop(&f);
}

/* E0: a failed undo has still made the surviving pages live. */
static void test_undo_partly(void)
{
	struct fixture f = filled("vmm.ws_min=40");

	RULES("E0 R8");
	alloc_ok(&f, R, 8 * P, RESET, RW);
	g_assert_true(lock(&f, R, P));
	press(&f);
	g_assert_true(unlock(&f, R, P));
	g_assert_cmphex(alloc(&f, R, 8 * P, UNDO, RW), ==, 0);
	g_assert_cmpuint(f.error, ==, 170);
	press(&f);
	g_assert_cmpuint(load(&f, R), ==, 100);
	g_assert_cmpuint(load(&f, R + P), ==, 0);
	stop(&f);
}

/* --- 2.12 and the rest -------------------------------------------------------------------------------- */

static void test_exit(void)
{
	struct fixture f = filled("");
	uint64_t writes;

	RULES("2.12.exit I33 I35");
	press(&f);
	writes = counter(&f, "page_writes");
	vmsim_exit_process(f.m, PID);
	g_assert_cmpuint(counter(&f, "page_writes"), ==, writes); /* I35 */
	g_assert_cmphex(query(&f, R).state, ==, MEM_FREE); /* another process by that number */
	g_assert_cmphex(query(&f, R).region_size, ==, HI + 1 - R);
	alloc_ok(&f, R, 64 * P, BOTH, RW);
	for (unsigned i = 0; i < 64; i++) /* I33: nothing of the old data */
		for (unsigned at = 0; at < P; at += 0x100)
			g_assert_cmpuint(load(&f, R + i * P + at), ==, 0);
	alloc_ok(&f, BIG, 223 * P, BOTH, RW); /* 32 + 256 = 288: all charge and slots are back */
	stop(&f);
}

/* Two processes do not see each other's memory. */
static void test_processes(void)
{
	struct fixture f = start("memory.frames=24");
	uint64_t value;

	RULES("I31 I32");
	for (uint32_t pid = 1; pid <= 3; pid++)
		g_assert_cmphex(vmsim_virtual_alloc(f.m, pid, R, 32 * P, BOTH, RW, &f.error), ==, R);
	for (uint32_t i = 0; i < 32; i++)
		for (uint32_t pid = 1; pid <= 3; pid++) {
			value = pid * 1000 + i;
			vmsim_access(f.m, pid, VMSIM_WRITE, R + i * P, 8, &value);
		}
	for (uint32_t i = 0; i < 32; i++)
		for (uint32_t pid = 1; pid <= 3; pid++) {
			value = 0;
			vmsim_access(f.m, pid, VMSIM_READ, R + i * P, 8, &value);
			g_assert_cmpuint(value, ==, pid * 1000 + i);
		}
	g_assert_cmpuint(counter(&f, "hard_faults"), >, 0);
	stop(&f);
}

static void test_implicit(void) /* Q5 */
{
	struct fixture f = start("trace.implicit_commit=true pagefile.size=0 memory.frames=32");

	RULES("Q5");
	g_assert_cmpuint(load(&f, 0x3000), ==, 0); /* also below lo */
	g_assert_cmpint(store(&f, 0x10000, 7), ==, VMSIM_RESULT_OK);
	g_assert_cmpuint(load(&f, 0x10000), ==, 7);
	g_assert_cmpint(touch(&f, 0x10008, VMSIM_EXECUTE), ==, VMSIM_RESULT_OK);
	g_assert_cmphex(query(&f, 0x10000).protect, ==, PAGE_EXECUTE_READWRITE);
	g_assert_cmphex(query(&f, 0x10000).state, ==, MEM_COMMIT);
	g_assert_cmphex(alloc_ok(&f, 0, P, BOTH, RW), ==, 0x20000); /* avoids them */
	g_assert_cmpint(touch(&f, 0x7FFFFFFFF000, VMSIM_READ), ==, VMSIM_RESULT_OK);
	g_assert_cmphex(alloc_ok(&f, 0, P, RES | TOP, RW), <=, HI);
	g_assert_cmpint(touch(&f, 0x800000000000, VMSIM_READ), ==, VMSIM_RESULT_ACCESS_VIOLATION);
	g_assert_cmpint(touch(&f, 0xFFFF800000000000, VMSIM_READ), ==,
			VMSIM_RESULT_ACCESS_VIOLATION);
	/* pages that a call covered are never repaired */
	alloc_ok(&f, R, 2 * P, RES, RW);
	g_assert_cmpint(touch(&f, R, VMSIM_READ), ==, VMSIM_RESULT_ACCESS_VIOLATION);
	alloc_ok(&f, R, P, COM, RW);
	g_assert_cmpint(touch(&f, R, VMSIM_READ), ==, VMSIM_RESULT_OK);
	release(&f, R, P, DEC);
	g_assert_cmpint(touch(&f, R, VMSIM_READ), ==, VMSIM_RESULT_ACCESS_VIOLATION);
	release(&f, R, 0, REL);
	g_assert_cmpint(touch(&f, R, VMSIM_READ), ==, VMSIM_RESULT_ACCESS_VIOLATION);
	g_assert_cmpint(touch(&f, R + 2 * P, VMSIM_READ), ==, VMSIM_RESULT_OK); /* beside it */
	g_assert_cmpint(store(&f, 0x40000000 - 4, UINT64_MAX), ==, VMSIM_RESULT_OK); /* crossing */
	g_assert_cmphex(load(&f, 0x40000000 - 4), ==, UINT64_MAX);
	stop(&f);
}

/* C3: charged, but never refused. */
static void test_implicit_limit(void)
{
	struct fixture f = start("trace.implicit_commit=true pagefile.size=64KiB memory.frames=16 "
				 "memory.zero_fill_dirty=false");

	RULES("Q5");
	for (unsigned i = 0; i < 200; i++)
		g_assert_cmpuint(load(&f, BIG + i * P), ==, 0);
	g_assert_cmpuint(counter(&f, "committed_pages_peak"), ==, 200);
	g_assert_cmphex(alloc(&f, 0, P, BOTH, RW), ==, 0);
	g_assert_cmpuint(f.error, ==, 1455);
	stop(&f);
}

/* L14, L19, L30: a store to a page that has a slot gives the slot back at once. There is one slot. */
static void test_slot_freed(void)
{
	RULES("L14 L19 L30.freed");
	for (int hard = 0; hard < 2; hard++) {
		struct fixture f = start("memory.frames=16 pagefile.size=8KiB vmm.modified_max=0 "
					 "memory.zero_fill_dirty=false");

		alloc_ok(&f, R, 18 * P, BOTH, RW);
		store(&f, R, 1);
		g_assert_false(unlock(&f, R, P)); /* modified, then written */
		load(&f, R + P);
		load(&f, R + P);
		g_assert_cmpuint(counter(&f, "page_writes"), ==, 1);
		for (unsigned i = 0; hard && i < 51; i++) { /* clean pages push it out */
			g_assert_cmpuint(load(&f, R + (1 + i % 17) * P), ==, 0);
			g_assert_false(unlock(&f, R + (1 + i % 17) * P, P));
		}
		store(&f, R, 2);
		g_assert_cmpuint(counter(&f, "hard_faults"), ==, (uint64_t)hard);
		store(&f, R + 2 * P, 3);
		g_assert_false(unlock(&f, R + 2 * P, P));
		load(&f, R + P);
		load(&f, R + P);
		g_assert_cmpuint(counter(&f, "page_writes"), ==, 2);
		g_assert_cmpuint(load(&f, R), ==, 2);
		g_assert_cmpuint(load(&f, R + 2 * P), ==, 3);
		stop(&f);
	}
}

static void bucket_is(const struct fixture *f, const char *name, uint64_t expected)
{
	uint64_t cycles = 0;

	g_assert_true(vmsim_machine_bucket(f->m, name, &cycles));
	g_test_message("%s %" G_GUINT64_FORMAT, name, cycles);
	g_assert_cmpuint(cycles, ==, expected);
}

static const char teaching[] =
	"clock_ghz=1 memory.zeroed=false tlb.l1d.entries=2 tlb.l1d.ways=2 tlb.l2.entries=0 "
	"paging.levels=2 data.latency=4 dram.latency=10 os.trap=50 os.demand_zero=100 os.zero_page=30 "
	"os.return=20 os.call=100 os.page_commit=1 os.invlpg=10 os.trim=15 os.hard=200 os.cr3=40 "
	"device.read_latency=1000 device.write_latency=500 device.read_bandwidth=0 "
	"device.write_bandwidth=0 memory.frames=1 standby.enabled=false replacement.policy=fifo "
	"sched.recorded_switch=9";

/* T19: where each cycle goes. The events are those of tests/scenario/ev-hard.vmt. */
static void test_buckets(void)
{
	struct fixture f = start(teaching);

	alloc_ok(&f, R, 2 * P, BOTH, RW);
	store(&f, R, 1);
	store(&f, R + P, 2);
	g_assert_cmpuint(load(&f, R), ==, 1);
	g_assert_cmpuint(load(&f, R + P), ==, 2);
	bucket_is(&f, "call", 102);
	bucket_is(&f, "compute", 4);
	bucket_is(&f, "data", 4 * 4);
	bucket_is(&f, "walk", 10 + 20 + 3 * (20 + 20));
	bucket_is(&f, "trap", 4 * 70);
	bucket_is(&f, "fault_service", 100 + (25 + 100) + 2 * (25 + 200));
	bucket_is(&f, "zeroing", 2 * 30);
	bucket_is(&f, "io_wait", 3 * 500 - 500 + 2 * 1000);
	g_assert_cmpuint(vmsim_machine_now(f.m), ==, 4287);
	bucket_is(&f, "switch", 0);
	bucket_is(&f, "kernel", 0);
	vmsim_virtual_alloc(f.m, 2, R, P, BOTH, RW, &f.error);
	bucket_is(&f, "switch", 49);
	bucket_is(&f, "kernel", 0);
	bucket_is(&f, "call", 102 + 101);
	stop(&f);
}

/* A change of process: pages of the same number are told apart, also without PCIDs. */
static void test_same_pages(void)
{
	static const char *const pcid[] = {"tlb.pcid=true", "tlb.pcid=false"};

	RULES("H11 I28");
	for (int i = 0; i < 2; i++) {
		struct fixture f = start(pcid[i]);

		for (uint32_t pid = 1; pid <= 2; pid++)
			vmsim_virtual_alloc(f.m, pid, R, P, BOTH, RW, &f.error);
		for (uint64_t round = 0; round < 4; round++)
			for (uint32_t pid = 1; pid <= 2; pid++) {
				uint64_t value = pid * 10 + round, got = 0;

				vmsim_access(f.m, pid, VMSIM_WRITE, R, 8, &value);
				vmsim_access(f.m, pid, VMSIM_READ, R, 8, &got);
				g_assert_cmpuint(got, ==, value);
			}
		/* a fault and its repetition each; then the translations stay, or go at each change */
		g_assert_cmpuint(counter(&f, "page_walks"), ==, i ? 2 * 2 + 3 * 2 : 2 * 2);
		stop(&f);
	}
}

/* The same on the hot path, which audits keep away from: code of one process is not the other's. */
static void test_hot_path(void)
{
	struct fixture f = start("");
	const struct vmsim_event events[] = {
		{.va = R, .size = 1, .pid = 1, .tid = 1, .op = VMSIM_OP_EXECUTE, .result = VMSIM_RESULT_OK},
		{.va = C, .size = 1, .pid = 2, .tid = 1, .op = VMSIM_OP_WRITE, .result = VMSIM_RESULT_OK},
		{.va = R, .size = 1, .pid = 2, .tid = 1, .op = VMSIM_OP_EXECUTE,
		 .result = VMSIM_RESULT_ACCESS_VIOLATION},
	};

	RULES("I28");
	vmsim_machine_set_audit(f.m, VMSIM_AUDIT_OFF);
	vmsim_virtual_alloc(f.m, 1, R, P, BOTH, PAGE_EXECUTE_READWRITE, &f.error);
	vmsim_virtual_alloc(f.m, 2, C, P, BOTH, RW, &f.error);
	g_assert_true(vmsim_machine_feed(f.m, events, G_N_ELEMENTS(events), NULL, NULL));
	g_assert_cmpuint(vmsim_machine_divergences(f.m), ==, 0);
	g_assert_cmpuint(counter(&f, "access_violations"), ==, 1);
	stop(&f);
}

static void test_terabyte(void)
{
	struct fixture f = start("memory.page_tables=in");
	struct rusage before, after;
	gint64 began = g_get_monotonic_time();
	uint64_t tb = (uint64_t)1 << 40, base;

	RULES("E4 V4");
	vmsim_machine_set_audit(f.m, VMSIM_AUDIT_OFF);
	getrusage(RUSAGE_SELF, &before);
	base = alloc_ok(&f, 0, 64 * tb, RES, RW);
	alloc_ok(&f, base + 63 * tb, P, COM, RW);
	store(&f, base + 63 * tb, 8);
	g_assert_cmphex(query(&f, base).region_size, ==, 63 * tb);
	g_assert_cmphex(query(&f, base + 63 * tb + P).region_size, ==, tb - P);
	g_assert_cmphex(alloc(&f, base, tb, COM, RW), ==, 0);
	g_assert_cmpuint(f.error, ==, 1455);
	g_assert_true(release(&f, base, 0, DEC));
	g_assert_true(release(&f, base, 0, REL));
	getrusage(RUSAGE_SELF, &after);
	g_assert_cmpint(after.ru_maxrss - before.ru_maxrss, <, 16 * 1024);
	g_assert_cmpint(g_get_monotonic_time() - began, <, 2 * G_USEC_PER_SEC);
	stop(&f);
}

/* Committing much, too, costs nothing until it is touched (V4). */
static void test_commit_much(void)
{
	struct fixture f = start("memory.size=16GiB pagefile.size=1TiB");
	uint64_t tb = (uint64_t)1 << 40, base;
	gint64 began = g_get_monotonic_time();

	RULES("V4");
	vmsim_machine_set_audit(f.m, VMSIM_AUDIT_OFF);
	base = alloc_ok(&f, 0, tb, BOTH, RW);
	g_assert_cmpuint(load(&f, base + tb / 2), ==, 0);
	g_assert_cmphex(query(&f, base).region_size, ==, tb);
	g_assert_true(release(&f, base, 0, REL));
	g_assert_cmpint(g_get_monotonic_time() - began, <, 2 * G_USEC_PER_SEC);
	vmsim_machine_free(f.m);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/api/alloc/steps", test_alloc_steps);
	g_test_add_func("/api/alloc/rounding", test_rounding);
	g_test_add_func("/api/alloc/commit-rounding", test_commit_rounding);
	g_test_add_func("/api/alloc/tail", test_tail);
	g_test_add_func("/api/alloc/placement", test_placement);
	g_test_add_func("/api/alloc/whole-space", test_whole_space);
	g_test_add_func("/api/alloc/recommit", test_recommit);
	g_test_add_func("/api/free/steps", test_free_steps);
	g_test_add_func("/api/free/e12", test_e12);
	g_test_add_func("/api/free/codes-differ", test_e12_codes_differ);
	g_test_add_func("/api/free/effects", test_free_effects);
	g_test_add_func("/api/free/freed-by", test_freed_by);
	g_test_add_func("/api/protect/steps", test_protect_steps);
	g_test_add_func("/api/protect/effects", test_protect_effects);
	g_test_add_func("/api/protect/caching", test_protect_caching);
	g_test_add_func("/api/no-buffer", test_no_buffer);
	g_test_add_func("/api/query", test_query);
	g_test_add_func("/api/query/coalescing", test_coalescing);
	g_test_add_func("/api/query/tables", test_coalescing_tables);
	g_test_add_func("/api/hot-path", test_hot_path);
	g_test_add_func("/api/lock/steps", test_lock_steps);
	g_test_add_func("/api/lock/quota", test_lock_quota);
	g_test_add_func("/api/lock/keeps", test_lock_keeps);
	g_test_add_func("/api/lock/exceptions", test_lock_exceptions);
	g_test_add_func("/api/guard", test_guard);
	g_test_add_func("/api/guard/order", test_guard_order);
	g_test_add_func("/api/rights", test_rights);
	g_test_add_func("/api/crossing", test_crossing);
	g_test_add_func("/api/not-canonical", test_not_canonical);
	g_test_add_func("/api/limit", test_limit);
	g_test_add_func("/api/limit/no-pagefile", test_limit_without_pagefile);
	g_test_add_func("/api/reset/kept", test_reset_kept);
	g_test_add_func("/api/reset/lost", test_reset_lost);
	g_test_add_func("/api/reset/no-io", test_reset_no_io);
	g_test_add_func("/api/reset/part", test_reset_part);
	g_test_add_func("/api/reset/live", test_reset_live);
	g_test_add_func("/api/reset/in-pagefile", test_reset_in_pagefile);
	g_test_add_func("/api/reset/locked", test_reset_locked);
	g_test_add_func("/api/reset/undo", test_undo);
	g_test_add_func("/api/reset/undo-partly", test_undo_partly);
	g_test_add_func("/api/exit", test_exit);
	g_test_add_func("/api/processes", test_processes);
	g_test_add_func("/api/implicit", test_implicit);
	g_test_add_func("/api/implicit/limit", test_implicit_limit);
	g_test_add_func("/api/slot-freed", test_slot_freed);
	g_test_add_func("/api/buckets", test_buckets);
	g_test_add_func("/api/same-pages", test_same_pages);
	g_test_add_func("/api/terabyte", test_terabyte);
	g_test_add_func("/api/commit-much", test_commit_much);
	return g_test_run();
}
