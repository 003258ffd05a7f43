/* large.h: for the tests of large pages: a machine of three runs of 512 frames and one frame more,
 * tables beside memory, everything audited after each event. */
#ifndef TESTS_UNIT_LARGE_H
#define TESTS_UNIT_LARGE_H

#include "engine/machine.h"
#include "rules.h"
#include "vmm/internal.h"

#define P 0x1000u
#define L 0x200000u
#define RW ((uint32_t)PAGE_READWRITE)
#define BOTH ((uint32_t)(MEM_RESERVE | MEM_COMMIT))
#define LARGE ((uint32_t)(MEM_RESERVE | MEM_COMMIT | MEM_LARGE_PAGES))
#define SMALL 0x40000000u /* where the tests put small pages */
#define PID 1

struct fixture {
	vmsim_machine *m;
	uint32_t error;
	char rule[16];
	unsigned claimed, given; /* frames, by L33 */
	vmsim_pfn first_claimed;
};

static inline void listen(void *ctx, const struct vmsim_record *record)
{
	struct fixture *f = ctx;

	if (record->kind == VMSIM_RECORD_CALL_FAILED) {
		g_strlcpy(f->rule, record->rule, sizeof(f->rule));
	} else if (g_str_equal(record->rule, "L33")) {
		if (g_str_equal(record->to, "active") && !f->claimed++)
			f->first_claimed = (vmsim_pfn)record->pfn;
		f->given += g_str_equal(record->to, "free");
	}
}

static inline struct fixture *start(const char *settings)
{
	char *all = g_strconcat("rules=win32 memory.frames=1537 memory.page_tables=out clock_ghz=1 "
				"pagefile.size=16MiB pagefile.device=ideal "
				"trace.implicit_commit=false vmm.lock_memory_privilege=true "
				"vmm.avail_low=0 vmm.avail_high=0 ", settings, NULL);
	char **each = g_strsplit(g_strstrip(all), " ", 0);
	vmsim_config *config = vmsim_config_new();
	struct fixture *f = g_new0(struct fixture, 1);
	struct vmsim_memory_basic_information info;
	GError *error = NULL;

	for (char **s = each; *s; s++) {
		vmsim_config_set(config, *s, &error);
		g_assert_no_error(error);
	}
	f->m = vmsim_machine_new(config, &error);
	g_assert_no_error(error);
	vmsim_machine_set_audit(f->m, VMSIM_AUDIT_FULL);
	vmsim_machine_listen(f->m,
			     VMSIM_RECORD_BIT(VMSIM_RECORD_CALL_FAILED) |
				     VMSIM_RECORD_BIT(VMSIM_RECORD_FRAME_STATE),
			     listen, f);
	g_assert_true(vmsim_virtual_query(f->m, PID, 0, &info, NULL)); /* there is a process */
	vmsim_config_free(config);
	g_strfreev(each);
	g_free(all);
	return f;
}

static inline void stop(struct fixture *f)
{
	GError *error = NULL;

	vmsim_machine_finish(f->m, &error);
	g_assert_no_error(error);
	vmsim_machine_free(f->m);
	g_free(f);
}

static inline uint64_t counter(const struct fixture *f, const char *name)
{
	uint64_t value = 0;

	g_assert_true(vmsim_machine_counter(f->m, name, &value));
	return value;
}

static inline uint64_t bucket(const struct fixture *f, const char *name)
{
	uint64_t value = 0;

	g_assert_true(vmsim_machine_bucket(f->m, name, &value));
	return value;
}

static inline const struct pfn_db *db(const struct fixture *f)
{
	return &f->m->vmm->db;
}

static inline struct process *process(const struct fixture *f)
{
	return g_ptr_array_index(f->m->vmm->processes, 0);
}

static inline uint64_t alloc(struct fixture *f, uint64_t va, uint64_t size, uint32_t type,
			     uint32_t prot)
{
	f->claimed = f->given = 0;
	return vmsim_virtual_alloc(f->m, PID, va, size, type, prot, &f->error);
}

/* Allocates, at va if that is not 0. => where, and the first frame */
static inline uint64_t large(struct fixture *f, uint64_t va, unsigned pages, vmsim_pfn frame)
{
	uint64_t got = alloc(f, va, (uint64_t)pages * L, LARGE, RW);

	g_assert_cmpuint(f->error, ==, 0);
	g_assert_cmpuint(f->claimed, ==, pages * 512);
	g_assert_cmpuint(f->first_claimed, ==, frame);
	return got;
}

/* Counts and bytes of frames that a failed call must not move. */
static inline void refused(struct fixture *f, uint64_t va, uint64_t size, uint32_t type,
			   uint32_t prot, uint32_t error, const char *rule)
{
	uint64_t zeroed = db(f)->n[PFN_ZEROED], available = pfn_available(db(f));
	uint64_t committed = f->m->vmm->charge, reserved = process(f)->vads.reserved_pages;
	uint32_t fresh = db(f)->fresh, tables = process(f)->pt.n_tables;

	g_assert_cmphex(alloc(f, va, size, type, prot), ==, 0);
	g_assert_cmpuint(f->error, ==, error);
	g_assert_cmpstr(f->rule, ==, rule);
	g_assert_cmpuint(f->claimed, ==, 0);
	g_assert_cmpuint(db(f)->n[PFN_ZEROED], ==, zeroed);
	g_assert_cmpuint(pfn_available(db(f)), ==, available);
	g_assert_cmpuint(db(f)->fresh, ==, fresh);
	g_assert_cmpuint(f->m->vmm->charge, ==, committed);
	g_assert_cmpuint(process(f)->vads.reserved_pages, ==, reserved);
	g_assert_cmpuint(process(f)->pt.n_tables, ==, tables);
}

static inline bool release(struct fixture *f, uint64_t va, uint64_t size, uint32_t type)
{
	f->claimed = f->given = 0;
	return vmsim_virtual_free(f->m, PID, va, size, type, &f->error);
}

static inline enum vmsim_access_result touch(struct fixture *f, uint64_t va, enum vmsim_access kind)
{
	uint64_t value = 0;

	return vmsim_access(f->m, PID, kind, va, 1, kind == VMSIM_READ ? &value : NULL);
}

static inline void store(struct fixture *f, uint64_t va, uint64_t value)
{
	g_assert_cmpint(vmsim_access(f->m, PID, VMSIM_WRITE, va, 8, &value), ==, VMSIM_RESULT_OK);
}

static inline uint64_t load(struct fixture *f, uint64_t va)
{
	uint64_t value = 0xBAD;

	g_assert_cmpint(vmsim_access(f->m, PID, VMSIM_READ, va, 8, &value), ==, VMSIM_RESULT_OK);
	return value;
}

/* Small pages at SMALL, n of them, the first of which are resident. */
static inline void small(struct fixture *f, unsigned n, unsigned resident)
{
	alloc(f, SMALL, (uint64_t)n * P, BOTH, RW);
	for (unsigned i = 0; i < resident; i++)
		store(f, SMALL + i * P, i + 1);
}

static inline void pass_time(struct fixture *f)
{
	struct vmsim_event e = {.va = 0x20, .size = 1, .pid = PID, .tid = 1, .op = VMSIM_OP_READ,
				.flags = VMSIM_EV_GAP, .time = 1000000};

	for (int i = 0; i < 2; i++)
		g_assert_true(vmsim_machine_feed(f->m, &e, 1, NULL, NULL));
}

#endif
