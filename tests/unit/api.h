/* api.h: what tests of the Win32 calls share: a machine driven by hand through the public
 * interface, that listens to itself. After every event all invariants are audited; after every
 * failed call the address space must look as before (I37), which digest() tells. */
#ifndef TESTS_UNIT_API_H
#define TESTS_UNIT_API_H

#include "rules.h"
#include <string.h>
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

#define PARAM "STATUS_INVALID_PARAMETER"
#define PROTECTION "STATUS_INVALID_PAGE_PROTECTION"
#define CONFLICT "STATUS_CONFLICTING_ADDRESSES"
#define LIMIT "STATUS_COMMITMENT_LIMIT"

/* A call that fails, and how. */
struct alloc_case {
	uint64_t va, size;
	uint32_t type, prot, error;
	const char *status, *rule;
};

/* --- a machine that is listened to ----------------------------------------- */

struct fixture {
	vmsim_machine *m;
	uint32_t error;
	int failures, differ;
	char status[64], rule[16], code[64];
	int written; /* page-outs of the first block */
	struct vmsim_record last; /* violation or guard */
	char protect[64];	  /* its, kept */
};

static inline void listen(void *ctx, const struct vmsim_record *record)
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
static inline struct fixture start(const char *settings)
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

static inline void attend(struct fixture *f)
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

static inline void stop(struct fixture *f)
{
	GError *error = NULL;

	vmsim_machine_finish(f->m, &error);
	g_assert_no_error(error);
	vmsim_machine_free(f->m);
}

static inline uint64_t counter(const struct fixture *f, const char *name)
{
	uint64_t value = 0;

	g_assert_true(vmsim_machine_counter(f->m, name, &value));
	return value;
}

static inline uint64_t alloc(struct fixture *f, uint64_t va, uint64_t size, uint32_t type,
			     uint32_t prot)
{
	return vmsim_virtual_alloc(f->m, PID, va, size, type, prot, &f->error);
}

static inline uint64_t alloc_ok(struct fixture *f, uint64_t va, uint64_t size, uint32_t type,
			 uint32_t prot)
{
	uint64_t got = alloc(f, va, size, type, prot);

	g_assert_cmpuint(f->error, ==, 0);
	g_assert_cmphex(got, !=, 0);
	return got;
}

static inline bool release(struct fixture *f, uint64_t va, uint64_t size, uint32_t type)
{
	return vmsim_virtual_free(f->m, PID, va, size, type, &f->error);
}

static inline void protect_ok(struct fixture *f, uint64_t va, uint64_t size, uint32_t prot,
			      uint32_t old)
{
	uint32_t was = 0;

	g_assert_true(vmsim_virtual_protect(f->m, PID, va, size, prot, &was, &f->error));
	g_assert_cmpuint(f->error, ==, 0);
	g_assert_cmphex(was, ==, old);
}

static inline struct vmsim_memory_basic_information query(struct fixture *f, uint64_t va)
{
	struct vmsim_memory_basic_information info = {0};

	g_assert_true(vmsim_virtual_query(f->m, PID, va, &info, &f->error));
	return info;
}

static inline enum vmsim_access_result store(struct fixture *f, uint64_t va, uint64_t value)
{
	return vmsim_access(f->m, PID, VMSIM_WRITE, va, 8, &value);
}

static inline uint64_t load(struct fixture *f, uint64_t va)
{
	uint64_t value = 0xBAD;

	g_assert_cmpint(vmsim_access(f->m, PID, VMSIM_READ, va, 8, &value), ==, VMSIM_RESULT_OK);
	return value;
}

static inline enum vmsim_access_result touch(struct fixture *f, uint64_t va, enum vmsim_access kind)
{
	uint64_t value = 0;

	return vmsim_access(f->m, PID, kind, va, 1, kind == VMSIM_READ ? &value : NULL);
}

/* The whole address space as VirtualQuery tells it. */
static inline char *digest(struct fixture *f)
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
static inline void failed(struct fixture *f, uint32_t error, const char *status, const char *rule)
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

static inline struct fixture layout(const char *settings)
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

static inline bool lock(struct fixture *f, uint64_t va, uint64_t size)
{
	return vmsim_virtual_lock(f->m, PID, va, size, &f->error);
}

static inline bool unlock(struct fixture *f, uint64_t va, uint64_t size)
{
	return vmsim_virtual_unlock(f->m, PID, va, size, &f->error);
}

/* --- memory pressure --------------------------------------------------------- */

#define PRESSURE 0x20000000u

/* Enough stores elsewhere that nothing unlocked stays in memory. */
static inline void press(struct fixture *f)
{
	if (query(f, PRESSURE).state == MEM_FREE)
		alloc_ok(f, PRESSURE, 96 * P, BOTH, RW);
	for (int round = 0; round < 2; round++)
		for (unsigned i = 0; i < 96; i++)
			g_assert_cmpint(store(f, PRESSURE + i * P, i), ==, VMSIM_RESULT_OK);
}

static inline struct fixture filled(const char *settings)
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

#endif
