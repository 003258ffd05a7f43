/* audit.h: for the tests of the audit, which names each invariant that it looks for when that is
 * broken. A machine is brought into a state that has pages of every kind, then one thing in it is
 * made wrong (audit.def). */
#ifndef TESTS_UNIT_AUDIT_H
#define TESTS_UNIT_AUDIT_H

#include "engine/machine.h"
#include "rules.h"
#include "vmm/check.h"

#include <string.h>

#define DATA_TLB (f->m->mmu->tlbs.first[SIDE_DATA])
#define CODE_TLB (f->m->mmu->tlbs.first[SIDE_CODE])
#define SECOND_TLB (f->m->mmu->tlbs.at[SIDE_DATA][1][SIZE_SMALL])

#define P 4096u
#define A 0x100000u

/* Pages of block A, by what they are:
 *   0 resident, stored to        1 resident, clean, with its slot     2 standby, with its slot
 *   3 modified                   4 in the pagefile only               5 being written
 *   6 resident, read-only        7 untouched                          8 resident, loaded only
 *   9 reserved */
enum { DIRTY, CLEAN, STANDBY, MODIFIED, STORED, WRITING, READONLY, UNTOUCHED, LOADED, RESERVED };

struct fixture {
	vmsim_machine *m;
	struct vmm *vmm;
	struct process *process;
};

static inline void step(bool ok)
{
	g_assert_true(ok);
}

static inline void store(struct fixture *f, unsigned page)
{
	uint64_t value = page;

	step(vmsim_access(f->m, 1, VMSIM_WRITE, A + page * P, 8, &value) == VMSIM_RESULT_OK);
}

static inline void load(struct fixture *f, unsigned page)
{
	uint64_t value;

	step(vmsim_access(f->m, 1, VMSIM_READ, A + page * P, 8, &value) == VMSIM_RESULT_OK);
}

static inline void evict(struct fixture *f, unsigned page)
{
	step(!vmsim_virtual_unlock(f->m, 1, A + page * P, P, NULL));
}

/* Time passes: what is written is written. */
static inline void wait(struct fixture *f)
{
	struct vmsim_event e = {.va = 0x20,
				.size = 1,
				.pid = 1,
				.tid = 1,
				.op = VMSIM_OP_READ,
				.flags = VMSIM_EV_GAP,
				.time = 1000000};

	for (int i = 0; i < 2; i++)
		step(vmsim_machine_feed(f->m, &e, 1, NULL, NULL));
}

static inline pte_t entry(const struct fixture *f, unsigned page)
{
	return process_pte(f->process, A / P + page);
}

static inline struct pfn *frame(const struct fixture *f, unsigned page)
{
	return &f->vmm->db.pfn[pte_frame(entry(f, page))];
}

static inline void set_up(struct fixture *f)
{
	static const char *const settings[] = {"rules=win32",
					       "memory.frames=7",
					       "memory.page_tables=out",
					       "pagefile.size=1MiB",
					       "device.write_latency=100000",
					       "psc.pde.entries=4",
					       "trace.implicit_commit=false",
					       "vmm.avail_low=0",
					       "vmm.avail_high=0",
					       "vmm.modified_max=0",
					       "vmm.mpw_free_low=0",
					       "vmm.mpw_avail_low=0"};
	vmsim_config *config = vmsim_config_new();
	GError *error = NULL;
	uint32_t old;

	for (size_t i = 0; i < G_N_ELEMENTS(settings); i++)
		vmsim_config_set(config, settings[i], &error);
	f->m = vmsim_machine_new(config, &error);
	g_assert_no_error(error);
	vmsim_config_free(config);
	vmsim_machine_set_audit(f->m, VMSIM_AUDIT_FULL);
	f->vmm = f->m->vmm;
	step(vmsim_virtual_alloc(f->m, 1, A, 16 * P, MEM_RESERVE, PAGE_READWRITE, NULL) == A);
	step(vmsim_virtual_alloc(f->m, 1, A, 9 * P, MEM_COMMIT, PAGE_READWRITE, NULL) == A);
	f->process = g_ptr_array_index(f->vmm->processes, 0);
	store(f, STORED);
	evict(f, STORED);
	wait(f);
	load(f, LOADED);
	for (unsigned page = DIRTY; page <= READONLY; page++)
		if (page != STORED)
			store(f, page); /* the last of them takes the standby frame */
	step(vmsim_virtual_protect(f->m, 1, A + READONLY * P, P, PAGE_READONLY, &old, NULL));
	load(f, READONLY);
	evict(f, CLEAN);
	evict(f, STANDBY);
	wait(f);
	load(f, CLEAN);
	evict(f, WRITING);
	load(f, CLEAN); /* the writer begins */
	vmm_background(f->vmm, true);
	evict(f, MODIFIED); /* and is not asked again */
}

static inline void tear_down(struct fixture *f)
{
	vmsim_machine_free(f->m);
}

static inline void set_entry(struct fixture *f, unsigned page, pte_t pte)
{
	pt_set(&f->process->pt, A / P + page, pte);
}

static const uint8_t seven = 7;

static inline uint32_t any_slot(struct fixture *f)
{
	uint32_t got;

	return pagefile_alloc(&f->vmm->file, 1, 0, 0, &got);
}

static inline void available(struct fixture *f)
{
	f->vmm->db.n[PFN_STANDBY]++;
}

static inline void active_counted(struct fixture *f)
{
	f->vmm->db.n[PFN_ACTIVE]++;
}

static inline void slot_busy(struct fixture *f)
{
	pagefile_free(&f->vmm->file, frame(f, WRITING)->slot);
}

static inline void over_limit(struct fixture *f)
{
	f->vmm->limit = f->vmm->charge - 1;
}

static inline void uncharged(struct fixture *f)
{
	f->process->committed = 3;
}

static inline void counter_lost(struct fixture *f)
{
	f->m->stats.c.demand_zero_faults++;
}

static inline struct process *another_process(struct fixture *f)
{
	step(vmsim_virtual_alloc(f->m, 2, A, 16 * P, MEM_RESERVE, PAGE_READWRITE, NULL) == A);
	step(vmsim_virtual_alloc(f->m, 2, A, P, MEM_COMMIT, PAGE_READWRITE, NULL) == A);
	return g_ptr_array_index(f->vmm->processes, 1);
}

/* A step of a call, as the memory manager tells it, that does something else besides. */
static inline void pretend(struct fixture *f, enum vmsim_call_id id, uint32_t type, bool fails,
			   void (*what)(struct fixture *f))
{
	struct vmsim_call call = {.id = id, .size = {P}, .type = type};
	struct api_call api = {.call = &call, .address = A};

	audit_step_begin(f->vmm, f->process, &api);
	what(f);
	if (fails)
		call_fail(&api, STATUS_NOT_COMMITTED, "2.5.9", "it is to fail");
	else
		call_ok(&api);
	audit_step_end(f->vmm, VMM_DONE);
}

static inline void begin_eviction(struct fixture *f)
{
	step(io_write(f->vmm, pte_frame(entry(f, MODIFIED)), "eviction") != NULL);
	machine_submit(f->m, f->m->now);
}

static inline void nothing(struct fixture *f)
{
	(void)f;
}

static inline void requeue_one(struct fixture *f)
{
	pfn_requeue(&f->vmm->db, pte_frame(entry(f, STANDBY)), 1, false);
}

/* --- one thing that is made wrong ------------------------------------------------------------ */

struct wrong {
	const char *name, *invariant;
	void (*make)(struct fixture *f);
};

/* In a child: what is wrong afterwards must not be taken apart. */
static inline void test_wrong(gconstpointer data)
{
	const struct wrong *wrong = data;
	char *expected;

	if (strchr("IHW", wrong->invariant[0]))
		RULES(wrong->invariant);
	if (g_test_subprocess()) {
		struct fixture f;

		set_up(&f);
		wrong->make(&f);
		g_assert_true(f.m->error || !machine_audit(f.m));
		g_printerr("%s\n", f.m->error->message);
		exit(0);
	}
	g_test_trap_subprocess(NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
	g_test_trap_assert_passed();
	expected = g_strdup_printf("*invariant %s is broken*", wrong->invariant);
	g_test_trap_assert_stderr(expected);
	g_free(expected);
}

static inline void add_wrongs(const struct wrong *wrongs, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char *path = g_strdup_printf("/audit/%s", wrongs[i].name);

		g_test_add_data_func(path, &wrongs[i], test_wrong);
		g_free(path);
	}
}

#endif
