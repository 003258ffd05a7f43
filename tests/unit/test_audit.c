/* test_audit.c: the audit names each invariant that it looks for when that is broken. A machine is
 * brought into a state that has pages of every kind, then one thing in it is made wrong. */
#include "engine/machine.h"
#include "rules.h"
#include "vmm/internal.h"

#define P 4096u
#define A 0x100000u

/* Pages of block A, by what they are:
 *   0 resident, stored to        1 resident, clean, with its slot     2 standby, with its slot
 *   3 modified                   4 in the pagefile only               5 being written
 *   6 resident, read-only        7 untouched                          8 reserved */
enum { DIRTY, CLEAN, STANDBY, MODIFIED, STORED, WRITING, READONLY, UNTOUCHED, RESERVED };

struct fixture {
	vmsim_machine *m;
	struct vmm *vmm;
	struct process *process;
};

static void step(bool ok)
{
	g_assert_true(ok);
}

static void store(struct fixture *f, unsigned page)
{
	uint64_t value = page;

	step(vmsim_access(f->m, 1, VMSIM_WRITE, A + page * P, 8, &value) == VMSIM_RESULT_OK);
}

static void load(struct fixture *f, unsigned page)
{
	uint64_t value;

	step(vmsim_access(f->m, 1, VMSIM_READ, A + page * P, 8, &value) == VMSIM_RESULT_OK);
}

static void evict(struct fixture *f, unsigned page)
{
	step(!vmsim_virtual_unlock(f->m, 1, A + page * P, P, NULL));
}

/* Time passes: what is written is written. */
static void wait(struct fixture *f)
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

static pte_t entry(const struct fixture *f, unsigned page)
{
	return process_pte(f->process, A / P + page);
}

static struct pfn *frame(const struct fixture *f, unsigned page)
{
	return &f->vmm->db.pfn[pte_frame(entry(f, page))];
}

static void set_up(struct fixture *f)
{
	static const char *const settings[] = {"rules=win32",
					       "memory.frames=6",
					       "memory.page_tables=out",
					       "pagefile.size=1MiB",
					       "device.write_latency=100000",
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
	f->vmm = f->m->vmm;
	step(vmsim_virtual_alloc(f->m, 1, A, 16 * P, MEM_RESERVE, PAGE_READWRITE, NULL) == A);
	step(vmsim_virtual_alloc(f->m, 1, A, 8 * P, MEM_COMMIT, PAGE_READWRITE, NULL) == A);
	f->process = g_ptr_array_index(f->vmm->processes, 0);
	store(f, STORED);
	evict(f, STORED);
	wait(f);
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

static void tear_down(struct fixture *f)
{
	vmsim_machine_free(f->m);
}

static void set_entry(struct fixture *f, unsigned page, pte_t pte)
{
	pt_set(&f->process->pt, A / P + page, pte);
}

static void test_state(void)
{
	struct fixture f;

	set_up(&f);
	g_assert_cmpstr(vmm_check(f.vmm), ==, NULL);
	g_assert_true(machine_audit(f.m));
	g_assert_true(pte_is_valid(entry(&f, DIRTY)) && pte_is_valid(entry(&f, CLEAN)));
	g_assert_cmpuint(frame(&f, CLEAN)->slot, !=, 0);
	g_assert_cmpint(frame(&f, STANDBY)->state, ==, PFN_STANDBY);
	g_assert_cmpuint(frame(&f, STANDBY)->slot, !=, 0);
	g_assert_cmpint(frame(&f, MODIFIED)->state, ==, PFN_MODIFIED);
	g_assert_true(pte_is_pagefile(entry(&f, STORED)));
	g_assert_cmpint(frame(&f, WRITING)->state, ==, PFN_TRANSITION);
	g_assert_true(pte_is_valid(entry(&f, READONLY)));
	tear_down(&f);
}

/* --- what may be broken -------------------------------------------------------------------- */

static void tables_counted(struct fixture *f)
{
	f->vmm->db.n_tables++;
}
static void foreign_owner(struct fixture *f)
{
	frame(f, DIRTY)->vpn++;
}
static void mapped_nowhere(struct fixture *f)
{
	set_entry(f, DIRTY, pte_make_demand_zero(PROT_READWRITE, false));
}
static void wrong_page(struct fixture *f)
{
	frame(f, STANDBY)->vpn++;
}
static void unlisted_page(struct fixture *f)
{
	set_entry(f, MODIFIED, pte_make_demand_zero(PROT_READWRITE, false));
}
static void io_forgotten(struct fixture *f)
{
	frame(f, WRITING)->flags = 0;
}
static void io_invented(struct fixture *f)
{
	frame(f, DIRTY)->flags |= PFN_READ_IO;
}
static void standby_modified(struct fixture *f)
{
	frame(f, STANDBY)->flags |= PFN_IS_MODIFIED;
}
static void standby_differs(struct fixture *f)
{
	content_set(pagefile_content(&f->vmm->file, frame(f, STANDBY)->slot), NULL);
}
static void clean_nowhere(struct fixture *f)
{
	frame(f, DIRTY)->flags = 0;
	set_entry(f, DIRTY, entry(f, DIRTY) & ~PTE_D);
}
static void modified_clean(struct fixture *f)
{
	frame(f, MODIFIED)->flags = 0;
}
static void modified_stored(struct fixture *f)
{
	uint32_t got;

	frame(f, MODIFIED)->slot = pagefile_alloc(&f->vmm->file, 1, 0, 0, &got);
}
static void clean_differs(struct fixture *f)
{
	content_set(pagefile_content(&f->vmm->file, frame(f, CLEAN)->slot), NULL);
}
static void slot_leaked(struct fixture *f)
{
	uint32_t got;

	pagefile_alloc(&f->vmm->file, 1, 0, 0, &got);
}
static void slot_gone(struct fixture *f)
{
	pagefile_free(&f->vmm->file, pte_slot(entry(f, STORED)));
}
static void slot_busy(struct fixture *f)
{
	pagefile_free(&f->vmm->file, frame(f, WRITING)->slot);
}
static void blocks_overlap(struct fixture *f)
{
	vad_find(&f->process->vads, A / P)->last += 16;
}
static void entry_outside(struct fixture *f)
{
	set_entry(f, 32, pte_make_demand_zero(PROT_READWRITE, false));
}
static void block_charge(struct fixture *f)
{
	vad_find(&f->process->vads, A / P)->committed++;
}
static void process_charge(struct fixture *f)
{
	f->process->committed++;
}
static void machine_charge(struct fixture *f)
{
	f->vmm->charge++;
}
static void over_limit(struct fixture *f)
{
	f->vmm->limit = f->vmm->charge - 1;
}
static void working_set(struct fixture *f)
{
	f->process->ws_pages++;
}
static void locks(struct fixture *f)
{
	f->process->locked_pages++;
}
static void locked_away(struct fixture *f)
{
	frame(f, STANDBY)->locks++;
}
static void guard_mapped(struct fixture *f)
{
	set_entry(f, DIRTY, entry(f, DIRTY) | (pte_t)PROT_GUARD << PTE_PROT_SHIFT);
}
static void table_count(struct fixture *f)
{
	pt_find(&f->process->pt, A / P)->used++;
}
static void more_rights(struct fixture *f)
{
	set_entry(f, READONLY, entry(f, READONLY) | PTE_W);
}
static void executable(struct fixture *f)
{
	set_entry(f, READONLY, entry(f, READONLY) & ~PTE_XD);
}

/* seen by the engine */
static void not_invalidated(struct fixture *f)
{
	load(f, CLEAN);
	set_entry(f, CLEAN, entry(f, CLEAN) & ~PTE_W);
}
static void dirty_copy(struct fixture *f)
{
	store(f, DIRTY);
	set_entry(f, DIRTY, entry(f, DIRTY) & ~PTE_D);
}
static void accessed_cleared(struct fixture *f)
{
	load(f, CLEAN);
	set_entry(f, CLEAN, entry(f, CLEAN) & ~PTE_A);
}
static void nobodys_entry(struct fixture *f)
{
	load(f, CLEAN);
	tlb_fill(&f->m->mmu.l1d, tlb_tag(9, 5), 3, 0);
}

static const struct wrong {
	const char *name, *invariant;
	void (*make)(struct fixture *f);
} wrongs[] = {
	{"tables-counted", "I1", tables_counted},
	{"foreign-owner", "I3", foreign_owner},
	{"wrong-page", "I4", wrong_page},
	{"unlisted-page", "I4", unlisted_page},
	{"io-forgotten", "I7", io_forgotten},
	{"io-invented", "I7", io_invented},
	{"standby-modified", "I8", standby_modified},
	{"standby-differs", "I8", standby_differs},
	{"clean-nowhere", "I9", clean_nowhere},
	{"modified-clean", "I10", modified_clean},
	{"modified-stored", "I10", modified_stored},
	{"clean-differs", "I11", clean_differs},
	{"slot-leaked", "I12", slot_leaked},
	{"slot-gone", "I12", slot_gone},
	{"slot-busy", "I13", slot_busy},
	{"blocks-overlap", "I16", blocks_overlap},
	{"entry-outside", "I17", entry_outside},
	{"block-charge", "I18", block_charge},
	{"process-charge", "I18", process_charge},
	{"machine-charge", "I18", machine_charge},
	{"over-limit", "I19", over_limit},
	{"working-set", "I21", working_set},
	{"mapped-nowhere", "I21", mapped_nowhere},
	{"locks", "I21", locks},
	{"locked-away", "I22", locked_away},
	{"guard-mapped", "I23", guard_mapped},
	{"not-invalidated", "I24", not_invalidated},
	{"dirty-copy", "I25", dirty_copy},
	{"accessed-cleared", "I25", accessed_cleared},
	{"more-rights", "I27", more_rights},
	{"executable", "I27", executable},
	{"nobodys-entry", "I28", nobodys_entry},
	{"table-count", "I29", table_count},
};

/* In a child: what is wrong afterwards must not be taken apart. */
static void test_wrong(gconstpointer data)
{
	const struct wrong *wrong = data;
	char *expected = g_strdup_printf("*invariant %s is broken*", wrong->invariant);

	RULES(wrong->invariant);
	if (g_test_subprocess()) {
		struct fixture f;

		set_up(&f);
		wrong->make(&f);
		g_assert_false(machine_audit(f.m));
		g_printerr("%s\n", f.m->error->message);
		exit(0);
	}
	g_test_trap_subprocess(NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
	g_test_trap_assert_passed();
	g_test_trap_assert_stderr(expected);
	g_free(expected);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/audit/state", test_state);
	for (size_t i = 0; i < G_N_ELEMENTS(wrongs); i++) {
		char *path = g_strdup_printf("/audit/%s", wrongs[i].name);

		g_test_add_data_func(path, &wrongs[i], test_wrong);
		g_free(path);
	}
	return g_test_run();
}
