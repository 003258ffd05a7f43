/* test_audit.c: the audit names each invariant that it looks for when that is broken. A machine is
 * brought into a state that has pages of every kind, then one thing in it is made wrong. */
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
	g_assert_true(pte_is_valid(entry(&f, LOADED)));
	tear_down(&f);
}

/* --- what may be broken: the state ----------------------------------------------------------- */

static void available(struct fixture *f)
{
	f->vmm->db.n[PFN_STANDBY]++;
}
static void active_counted(struct fixture *f)
{
	f->vmm->db.n[PFN_ACTIVE]++;
}
static void tables_counted(struct fixture *f)
{
	f->vmm->db.n_tables++;
}
static void list_links(struct fixture *f)
{
	frame(f, STANDBY)->prev = 0;
}
static void list_length(struct fixture *f)
{
	f->vmm->db.modified.n++;
}
static void list_priority(struct fixture *f)
{
	frame(f, STANDBY)->priority--;
}
static void foreign_owner(struct fixture *f)
{
	frame(f, DIRTY)->vpn++;
}
static void shared_too_much(struct fixture *f)
{
	frame(f, DIRTY)->share++;
}
static void mapped_nowhere(struct fixture *f)
{
	set_entry(f, DIRTY, pte_make_demand_zero(PROT_READWRITE, false));
}
static void listed_and_mapped(struct fixture *f)
{
	pte_t pte = entry(f, STANDBY);

	set_entry(f, STANDBY, pte_make_valid(PROT_READWRITE, pte_frame(pte), true));
}
static void no_such_frame(struct fixture *f)
{
	set_entry(f, DIRTY, pte_make_valid(PROT_READWRITE, 99, true));
}
static void wrong_page(struct fixture *f)
{
	frame(f, STANDBY)->vpn++;
}
static void unlisted_page(struct fixture *f)
{
	set_entry(f, MODIFIED, pte_make_demand_zero(PROT_READWRITE, false));
}
static void named_twice(struct fixture *f)
{
	set_entry(f, UNTOUCHED, entry(f, STANDBY));
}
/* A frame that nobody has: of a page given up. */
static struct pfn *free_frame(struct fixture *f)
{
	step(vmsim_virtual_free(f->m, 1, A + DIRTY * P, P, MEM_DECOMMIT, NULL));
	return &f->vmm->db.pfn[pfn_first_free(&f->vmm->db)];
}
static void free_owned(struct fixture *f)
{
	free_frame(f)->owner = f->process;
}
static void free_flagged(struct fixture *f)
{
	free_frame(f)->flags = PFN_IS_MODIFIED;
}
static void free_shared(struct fixture *f)
{
	free_frame(f)->locks = 1;
}
static void zeroed_holds(struct fixture *f)
{
	struct pfn *pfn = free_frame(f);

	pfn_move(&f->vmm->db, pfn_first_free(&f->vmm->db), MOVE_L26);
	g_assert_cmpint(pfn->state, ==, PFN_ZEROED);
}
static void io_forgotten(struct fixture *f)
{
	frame(f, WRITING)->flags = 0;
}
static void io_invented(struct fixture *f)
{
	frame(f, DIRTY)->flags |= PFN_READ_IO;
}
static void io_of_another_kind(struct fixture *f)
{
	frame(f, WRITING)->flags ^= PFN_IO;
}
static void standby_modified(struct fixture *f)
{
	frame(f, STANDBY)->flags |= PFN_IS_MODIFIED;
}
static void standby_differs(struct fixture *f)
{
	content_set(pagefile_content(&f->vmm->file, frame(f, STANDBY)->slot), NULL);
}
static void standby_nowhere(struct fixture *f)
{
	slot_free_of(f->vmm, frame(f, STANDBY));
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
static uint32_t any_slot(struct fixture *f)
{
	uint32_t got;

	return pagefile_alloc(&f->vmm->file, 1, 0, 0, &got);
}
static void modified_stored(struct fixture *f)
{
	frame(f, MODIFIED)->slot = any_slot(f);
}
static void clean_differs(struct fixture *f)
{
	content_set(pagefile_content(&f->vmm->file, frame(f, CLEAN)->slot), NULL);
}
static void slot_leaked(struct fixture *f)
{
	any_slot(f);
}
static void slot_gone(struct fixture *f)
{
	pagefile_free(&f->vmm->file, pte_slot(entry(f, STORED)));
}
static void slot_shared(struct fixture *f)
{
	set_entry(f, UNTOUCHED, entry(f, STORED));
}
static void slot_miscounted(struct fixture *f)
{
	f->vmm->file.file[0].used++;
}
static void slot_busy(struct fixture *f)
{
	pagefile_free(&f->vmm->file, frame(f, WRITING)->slot);
}
static void slot_unwritten(struct fixture *f)
{
	uint32_t slot = pte_slot(entry(f, STORED));

	f->vmm->file.file[0].written[slot / 64] &= ~((uint64_t)1 << slot % 64);
}
static void lost_in_slot(struct fixture *f)
{
	set_entry(f, STORED, entry(f, STORED) | PTE_LOST);
}
static void decommitted_in_slot(struct fixture *f)
{
	set_entry(f, RESERVED, pte_make_pagefile(PROT_DECOMMITTED, any_slot(f)));
}
static void lost_frame_in_slot(struct fixture *f)
{
	frame(f, CLEAN)->reset = RESET_LOST;
}
static void blocks_overlap(struct fixture *f)
{
	vad_find(&f->process->vads, A / P)->last += 16;
}
static void block_askew(struct fixture *f)
{
	struct vad *vad = vad_insert(&f->process->vads, 0x401, 0x402);

	vad->kind = VAD_PRIVATE;
}
static void block_outside(struct fixture *f)
{
	vad_insert(&f->process->vads, f->process->vads.hi + 1, f->process->vads.hi + 1);
}
static void entry_outside(struct fixture *f)
{
	set_entry(f, 32, pte_make_demand_zero(PROT_READWRITE, false));
}
static void entry_of_placeholder(struct fixture *f)
{
	vad_find(&f->process->vads, A / P)->kind = VAD_PLACEHOLDER;
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
	f->vmm->charge--;
}
static void over_limit(struct fixture *f)
{
	f->vmm->limit = f->vmm->charge - 1;
}
static void peak_forgotten(struct fixture *f)
{
	f->vmm->c->committed_pages_peak = f->vmm->charge - 1;
}
static void uncharged(struct fixture *f)
{
	f->process->committed = 3;
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
static void lock_forgotten(struct fixture *f)
{
	set_entry(f, DIRTY, entry(f, DIRTY) | PTE_LOCKED);
}
static void guard_mapped(struct fixture *f)
{
	set_entry(f, DIRTY, entry(f, DIRTY) | (pte_t)PROT_GUARD << PTE_PROT_SHIFT);
}
static void noaccess_mapped(struct fixture *f)
{
	set_entry(f, DIRTY, entry(f, DIRTY) & ~((pte_t)PROT_MASK << PTE_PROT_SHIFT));
}
static void table_count(struct fixture *f)
{
	pt_find(&f->process->pt, A / P)->used++;
}
static void tables_of_process(struct fixture *f)
{
	f->process->pt.n_tables++;
}
static void table_left(struct fixture *f)
{
	vmsim_vpn vpn = 0x30000;

	while (!pt_add_table(&f->process->pt, vpn, pt_pool_outside(&f->vmm->pool)))
		;
}
static void table_of_another_level(struct fixture *f)
{
	pt_find(&f->process->pt, A / P)->level++;
}
static void more_rights(struct fixture *f)
{
	set_entry(f, READONLY, entry(f, READONLY) | PTE_W);
}
static void more_rights_later(struct fixture *f)
{
	set_entry(f, READONLY, entry(f, READONLY) | PTE_SOFT_W);
}
static void waits_for_store(struct fixture *f)
{
	set_entry(f, DIRTY, entry(f, DIRTY) | PTE_SOFT_W);
}
static void too_many(struct fixture *f)
{
	f->process->hard_max = true;
	f->process->ws_max = 2;
}
static void store_too_small(struct fixture *f)
{
	((struct config *)(uintptr_t)f->vmm->config)->store.enabled = true;
	pagefile_alloc_store(&f->vmm->file);
}
static void executable(struct fixture *f)
{
	set_entry(f, READONLY, entry(f, READONLY) & ~PTE_XD);
}

/* --- what the core holds ---------------------------------------------------------------------- */

static void not_invalidated(struct fixture *f)
{
	store(f, DIRTY);
	set_entry(f, DIRTY, entry(f, DIRTY) & ~PTE_W);
}
static void other_frame(struct fixture *f)
{
	load(f, CLEAN);
	tlb_peek(DATA_TLB, tlb_tag(1, A / P + CLEAN))->pfn = pte_frame(entry(f, DIRTY));
}
static void other_frame_behind(struct fixture *f)
{
	load(f, CLEAN);
	tlb_peek(SECOND_TLB, tlb_tag(1, A / P + CLEAN))->pfn = pte_frame(entry(f, DIRTY));
}
static void memo_kept(struct fixture *f)
{
	load(f, CLEAN);
	f->m->mmu->data.pfn++;
}
static void fetched(struct fixture *f)
{
	tlb_fill(CODE_TLB, tlb_tag(1, A / P + LOADED), pte_frame(entry(f, LOADED)),
		 TLB_EXECUTE);
}
static struct tlb_entry *upper_entry(struct fixture *f)
{
	mmu_flush(f->m->mmu, 0);
	load(f, CLEAN);
	g_assert_cmpuint(f->m->mmu->psc.level[1].entry[0].tag, !=, 0);
	return &f->m->mmu->psc.level[1].entry[0];
}
static void other_table(struct fixture *f)
{
	upper_entry(f)->pfn++;
}
static void no_table(struct fixture *f)
{
	upper_entry(f)->pfn = VMSIM_NO_PFN;
}
static void table_elsewhere(struct fixture *f)
{
	struct tlb_entry *entry = upper_entry(f);

	entry->tag = tlb_tag(1, tlb_vpn(entry->tag) + 1);
}
static void tables_of_nobody(struct fixture *f)
{
	struct tlb_entry *entry = upper_entry(f);

	entry->tag = tlb_tag(9, tlb_vpn(entry->tag));
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
	tlb_fill(DATA_TLB, tlb_tag(9, 5), 3, 0);
}
static struct process *another_process(struct fixture *f)
{
	step(vmsim_virtual_alloc(f->m, 2, A, 16 * P, MEM_RESERVE, PAGE_READWRITE, NULL) == A);
	step(vmsim_virtual_alloc(f->m, 2, A, P, MEM_COMMIT, PAGE_READWRITE, NULL) == A);
	return g_ptr_array_index(f->vmm->processes, 1);
}
static void mapped_by_two(struct fixture *f)
{
	pt_set(&another_process(f)->pt, A / P, entry(f, DIRTY));
}
static void cached_by_two(struct fixture *f)
{
	another_process(f);
	tlb_fill(DATA_TLB, tlb_tag(2, A / P), pte_frame(entry(f, DIRTY)), 0);
}
static void cached_twice(struct fixture *f)
{
	load(f, CLEAN);
	tlb_fill(DATA_TLB, tlb_tag(1, A / P + CLEAN), 0, 0);
}

/* --- where bytes come from -------------------------------------------------------------------- */

static const uint8_t seven = 7;

static void held_untouched(struct fixture *f)
{
	content_store(&frame(f, LOADED)->content, 100, 1, &seven);
}
static void read_untouched(struct fixture *f)
{
	held_untouched(f);
	step(vmsim_access(f->m, 1, VMSIM_READ, A + LOADED * P + 98, 4, NULL) ==
	     VMSIM_RESULT_NONE);
}
static void read_other(struct fixture *f)
{
	content_store(&frame(f, DIRTY)->content, 3, 1, &seven);
	step(vmsim_access(f->m, 1, VMSIM_READ, A + DIRTY * P, 8, NULL) == VMSIM_RESULT_NONE);
}
/* Reset pages may be zeros, but not in part. */
static void read_mixture(struct fixture *f)
{
	uint64_t value = 0x1111;

	step(vmsim_access(f->m, 1, VMSIM_WRITE, A + DIRTY * P, 8, &value) == VMSIM_RESULT_OK);
	step(vmsim_access(f->m, 1, VMSIM_WRITE, A + DIRTY * P + 64, 8, &value) ==
	     VMSIM_RESULT_OK);
	step(vmsim_virtual_alloc(f->m, 1, A + DIRTY * P, P, MEM_RESET, PAGE_READWRITE, NULL));
	value = 0;
	content_store(&frame(f, DIRTY)->content, 0, 8, (const uint8_t *)&value);
	step(vmsim_access(f->m, 1, VMSIM_READ, A + DIRTY * P, 8, NULL) == VMSIM_RESULT_NONE);
}
static void handed_over(struct fixture *f)
{
	content_set(&frame(f, DIRTY)->content, content_junk());
}
static void handed_over_in_slot(struct fixture *f)
{
	content_set(pagefile_content(&f->vmm->file, pte_slot(entry(f, STORED))), content_junk());
}
static void seen_by_another(struct fixture *f)
{
	uint64_t value = 5;

	step(vmsim_virtual_free(f->m, 1, A + LOADED * P, P, MEM_DECOMMIT, NULL));
	another_process(f);
	step(vmsim_access(f->m, 2, VMSIM_WRITE, A, 8, &value) == VMSIM_RESULT_OK);
	content_set(&f->vmm->db.pfn[pte_frame(process_pte(g_ptr_array_index(f->vmm->processes, 1),
							   A / P))].content,
		    frame(f, DIRTY)->content);
}
static void outlives_decommit(struct fixture *f)
{
	struct content *old = content_ref(frame(f, DIRTY)->content);

	step(vmsim_virtual_free(f->m, 1, A + DIRTY * P, P, MEM_DECOMMIT, NULL));
	step(vmsim_virtual_alloc(f->m, 1, A + DIRTY * P, P, MEM_COMMIT, PAGE_READWRITE, NULL));
	store(f, DIRTY);
	content_set(&frame(f, DIRTY)->content, old);
	content_unref(old);
}
static void of_another_page(struct fixture *f)
{
	content_set(&frame(f, DIRTY)->content, frame(f, MODIFIED)->content);
}

/* --- what happens ----------------------------------------------------------------------------- */

static void write_of_locked(struct fixture *f)
{
	frame(f, MODIFIED)->locks = 1;
	step(vmm_background(f->vmm, true));
}
static void write_of_reset(struct fixture *f)
{
	struct pfn *pfn = frame(f, DIRTY);

	step(vmsim_virtual_alloc(f->m, 1, A + DIRTY * P, P, MEM_RESET, PAGE_READWRITE, NULL));
	g_assert_cmpint(pfn->reset, ==, RESET_PENDING);
	page_dirtied(f->vmm, pte_frame(entry(f, DIRTY)));
	page_unmap(f->vmm, f->process, A / P + DIRTY, PROT_READWRITE);
	step(vmm_background(f->vmm, true));
}
static void read_of_reset(struct fixture *f)
{
	uint32_t slot = pte_slot(entry(f, STORED));
	struct fault fault = {.va = A + STORED * P, .access = VMSIM_READ};

	step(vmsim_virtual_free(f->m, 1, A + DIRTY * P, P, MEM_DECOMMIT, NULL));
	step(vmsim_virtual_alloc(f->m, 1, A + STORED * P, P, MEM_RESET, PAGE_READWRITE, NULL));
	g_assert_false(pagefile_in_use(&f->vmm->file, slot));
	g_assert_cmpuint(any_slot(f), ==, slot);
	set_entry(f, STORED, pte_make_pagefile(PROT_READWRITE, slot));
	step(vmm_fault(f->vmm, f->process, &fault) == VMM_WAIT_IO);
}

/* A step of a call, as the memory manager tells it, that does something else besides. */
static void pretend(struct fixture *f, enum vmsim_call_id id, uint32_t type, bool fails,
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

static void begin_write(struct fixture *f)
{
	step(vmm_background(f->vmm, true));
}
static void begin_eviction(struct fixture *f)
{
	step(io_write(f->vmm, pte_frame(entry(f, MODIFIED)), "eviction") != NULL);
}
static void nothing(struct fixture *f)
{
	(void)f;
}
static void decommit_writes(struct fixture *f)
{
	pretend(f, VMSIM_CALL_VIRTUAL_FREE, MEM_DECOMMIT, false, begin_write);
}
static void exit_writes(struct fixture *f)
{
	pretend(f, VMSIM_CALL_EXIT_PROCESS, 0, false, begin_write);
}
static void decommit_evicts_own(struct fixture *f)
{
	struct vmsim_call call = {.id = VMSIM_CALL_VIRTUAL_FREE, .size = {P}, .type = MEM_DECOMMIT};
	struct api_call api = {.call = &call, .address = A};

	evict(f, DIRTY);
	audit_step_begin(f->vmm, f->process, &api);
	step(io_write(f->vmm, pte_frame(entry(f, DIRTY)), "eviction") != NULL);
	call_ok(&api);
	audit_step_end(f->vmm, VMM_DONE);
}
static void counter_lost(struct fixture *f)
{
	f->m->stats.c.demand_zero_faults++;
}

static void charge_one(struct fixture *f)
{
	pages_charge(f->vmm, f->process, 1);
}
static void protect_one(struct fixture *f)
{
	page_protect(f->vmm, f->process, A / P + DIRTY, entry(f, DIRTY), PROT_READONLY);
}
static void dirty_one(struct fixture *f)
{
	set_entry(f, CLEAN, entry(f, CLEAN) ^ PTE_A);
}
static void requeue_one(struct fixture *f)
{
	pfn_requeue(&f->vmm->db, pte_frame(entry(f, STANDBY)), 1, false);
}
static void section_one(struct fixture *f)
{
	const struct section_request want = {.name = "s", .pages = 1, .protect = PAGE_READWRITE};

	section_new(f->vmm, &want);
	f->vmm->charge--; /* not by that */
}
static void fails_charging(struct fixture *f)
{
	pretend(f, VMSIM_CALL_VIRTUAL_PROTECT, 0, true, charge_one);
}
static void fails_protecting(struct fixture *f)
{
	pretend(f, VMSIM_CALL_VIRTUAL_PROTECT, 0, true, protect_one);
}
static void fails_touching(struct fixture *f)
{
	pretend(f, VMSIM_CALL_VIRTUAL_PROTECT, 0, true, dirty_one);
}
static void fails_requeueing(struct fixture *f)
{
	pretend(f, VMSIM_CALL_VIRTUAL_PROTECT, 0, true, requeue_one);
}
static void fails_making(struct fixture *f)
{
	pretend(f, VMSIM_CALL_VIRTUAL_PROTECT, 0, true, section_one);
}
static void unlock_protects(struct fixture *f)
{
	pretend(f, VMSIM_CALL_VIRTUAL_UNLOCK, 0, true, protect_one);
}
static void undo_charges(struct fixture *f)
{
	pretend(f, VMSIM_CALL_VIRTUAL_ALLOC, MEM_RESET_UNDO, true, charge_one);
}
static void fails_charged(struct fixture *f)
{
	struct vmsim_call call = {.id = VMSIM_CALL_VIRTUAL_PROTECT, .size = {P}};
	struct api_call api = {.call = &call, .address = A, .charged = 2};

	audit_step_begin(f->vmm, f->process, &api);
	call_fail(&api, STATUS_NOT_COMMITTED, "2.5.9", "it is to fail");
	audit_step_end(f->vmm, VMM_DONE);
}

/* --- sections --------------------------------------------------------------------------------- */

#define V 0x10000000u

static void section_call(struct fixture *f, uint32_t pid, struct vmsim_call call)
{
	struct vmsim_event e = {.op = VMSIM_OP_CALL, .pid = pid, .tid = 1, .call = &call};

	step(vmsim_machine_feed(f->m, &e, 1, NULL, NULL));
	step(f->m->last_outcome.kind == VMSIM_OUTCOME_SUCCESS);
}

static void map_view(struct fixture *f, uint32_t pid, uint32_t access)
{
	section_call(f, pid, (struct vmsim_call){.id = VMSIM_CALL_MAP_VIEW, .name = "s",
						 .access = access, .address = {V, 0}});
}

/* Four pages of a section: 0 mapped by processes 1 and 2, 1 in the pagefile, 2 copied by
 * process 3, 3 untouched; frames for them are those of pages given up. */
static struct segment *share(struct fixture *f)
{
	uint64_t value = 1;

	step(vmsim_virtual_free(f->m, 1, A, 0, MEM_RELEASE, NULL));
	section_call(f, 1, (struct vmsim_call){.id = VMSIM_CALL_CREATE_FILE_MAPPING, .name = "s",
					       .size = {4 * P}, .protect = PAGE_READWRITE});
	map_view(f, 1, FILE_MAP_WRITE);
	map_view(f, 2, FILE_MAP_READ);
	map_view(f, 3, FILE_MAP_COPY);
	step(vmsim_access(f->m, 1, VMSIM_WRITE, V + P, 8, &value) == VMSIM_RESULT_OK);
	step(!vmsim_virtual_unlock(f->m, 1, V + P, P, NULL));
	wait(f);
	frame_repurpose(f->vmm, pfn_first_standby(&f->vmm->db));
	frame_free(f->vmm, pfn_first_standby(&f->vmm->db), MOVE_L4);
	step(vmsim_access(f->m, 1, VMSIM_WRITE, V, 8, &value) == VMSIM_RESULT_OK);
	step(vmsim_access(f->m, 2, VMSIM_READ, V, 8, &value) == VMSIM_RESULT_OK);
	step(vmsim_access(f->m, 3, VMSIM_WRITE, V + 2 * P, 8, &value) == VMSIM_RESULT_OK);
	step(machine_audit(f->m));
	return g_ptr_array_index(f->vmm->segments, 0);
}

static struct process *process_of(struct fixture *f, unsigned pid)
{
	for (guint i = 0; i < f->vmm->processes->len; i++) {
		struct process *process = g_ptr_array_index(f->vmm->processes, i);

		if (process->pid == pid)
			return process;
	}
	g_assert_not_reached();
}

static struct pfn *shared_frame(struct fixture *f)
{
	return &f->vmm->db.pfn[pte_frame(pt_get(&process_of(f, 2)->pt, V / P))];
}

static void test_sections(void)
{
	struct fixture f;
	struct segment *segment;

	RULES("I3 I4 I12 I14 I18");
	set_up(&f);
	segment = share(&f);
	g_assert_cmpuint(shared_frame(&f)->share, ==, 2);
	g_assert_true(pte_is_transition(segment_get(segment, 0)));
	g_assert_true(pte_is_pagefile(segment_get(segment, 1)));
	g_assert_true(pte_is_valid(pt_get(&process_of(&f, 3)->pt, V / P + 2)));
	tear_down(&f);
}

static void share_miscounted(struct fixture *f)
{
	share(f);
	shared_frame(f)->share--;
}
static void share_of_another_page(struct fixture *f)
{
	share(f);
	shared_frame(f)->vpn++;
}
static void share_as_private(struct fixture *f)
{
	share(f);
	pt_set(&process_of(f, 2)->pt, V / P, pt_get(&process_of(f, 2)->pt, V / P) & ~PTE_SHARED);
}
static void section_forgets(struct fixture *f)
{
	segment_set(share(f), 0, 0);
}
static void section_misled(struct fixture *f)
{
	struct segment *segment = share(f);

	segment_set(segment, 2, segment_get(segment, 0));
}
static void section_slot_twice(struct fixture *f)
{
	struct segment *segment = share(f);

	segment_set(segment, 3, segment_get(segment, 1));
}
static void section_slot_unwritten(struct fixture *f)
{
	uint32_t slot = pte_slot(segment_get(share(f), 1));

	f->vmm->file.file[0].written[slot / 64] &= ~((uint64_t)1 << slot % 64);
}
static void section_lost_in_slot(struct fixture *f)
{
	struct segment *segment = share(f);

	segment_set(segment, 1, segment_get(segment, 1) | PTE_LOST);
}
static void section_charge(struct fixture *f)
{
	share(f)->committed++;
}
static void more_copies(struct fixture *f)
{
	struct process *process;

	share(f);
	process = process_of(f, 3);
	vad_find(&process->vads, V / P)->committed = 0;
	pages_charge(f->vmm, process, 1 - (int64_t)process->committed);
}
static void view_differs(struct fixture *f)
{
	uint64_t value;

	share(f);
	content_store(&shared_frame(f)->content, 0, 1, &seven);
	step(vmsim_access(f->m, 2, VMSIM_READ, V, 8, &value) == VMSIM_RESULT_NONE);
}
static void section_sees_private(struct fixture *f)
{
	struct pfn *copy;

	share(f);
	copy = &f->vmm->db.pfn[pte_frame(pt_get(&process_of(f, 3)->pt, V / P + 2))];
	content_set(&shared_frame(f)->content, copy->content);
}

static bool never(const void *state)
{
	(void)state;
	return false;
}

static void policy_confused(struct fixture *f)
{
	static struct replace_ops ops;

	ops = *f->process->replacer->ops;
	ops.check = never;
	f->process->replacer->ops = &ops;
}

static const struct wrong {
	const char *name, *invariant;
	void (*make)(struct fixture *f);
} wrongs[] = {
	{"active-counted", "I1", active_counted},
	{"tables-counted", "I1", tables_counted},
	{"list-links", "I1", list_links},
	{"list-length", "I1", list_length},
	{"list-priority", "I1", list_priority},
	{"available", "I2", available},
	{"foreign-owner", "I3", foreign_owner},
	{"shared-too-much", "I3", shared_too_much},
	{"mapped-nowhere", "I3", mapped_nowhere},
	{"listed-and-mapped", "I3", listed_and_mapped},
	{"no-such-frame", "I3", no_such_frame},
	{"wrong-page", "I4", wrong_page},
	{"unlisted-page", "I4", unlisted_page},
	{"named-twice", "I4", named_twice},
	{"free-owned", "I5", free_owned},
	{"free-flagged", "I5", free_flagged},
	{"free-shared", "I5", free_shared},
	{"zeroed-holds", "I6", zeroed_holds},
	{"io-forgotten", "I7", io_forgotten},
	{"io-invented", "I7", io_invented},
	{"io-of-another-kind", "I7", io_of_another_kind},
	{"standby-modified", "I8", standby_modified},
	{"standby-differs", "I8", standby_differs},
	{"standby-nowhere", "I8", standby_nowhere},
	{"clean-nowhere", "I9", clean_nowhere},
	{"modified-clean", "I10", modified_clean},
	{"modified-stored", "I10", modified_stored},
	{"clean-differs", "I11", clean_differs},
	{"slot-leaked", "I12", slot_leaked},
	{"slot-gone", "I12", slot_gone},
	{"slot-shared", "I12", slot_shared},
	{"slot-miscounted", "I12", slot_miscounted},
	{"slot-busy", "I13", slot_busy},
	{"slot-unwritten", "I14", slot_unwritten},
	{"lost-in-slot", "I15", lost_in_slot},
	{"decommitted-in-slot", "I15", decommitted_in_slot},
	{"lost-frame-in-slot", "I15", lost_frame_in_slot},
	{"blocks-overlap", "I16", blocks_overlap},
	{"block-askew", "I16", block_askew},
	{"block-outside", "I16", block_outside},
	{"entry-outside", "I17", entry_outside},
	{"entry-of-placeholder", "I17", entry_of_placeholder},
	{"block-charge", "I18", block_charge},
	{"process-charge", "I18", process_charge},
	{"machine-charge", "I18", machine_charge},
	{"over-limit", "I19", over_limit},
	{"peak-forgotten", "I19", peak_forgotten},
	{"uncharged", "I20", uncharged},
	{"working-set", "I21", working_set},
	{"locks", "I21", locks},
	{"locked-away", "I22", locked_away},
	{"lock-forgotten", "I22", lock_forgotten},
	{"write-of-locked", "I22", write_of_locked},
	{"guard-mapped", "I23", guard_mapped},
	{"noaccess-mapped", "I23", noaccess_mapped},
	{"not-invalidated", "I24", not_invalidated},
	{"other-frame", "I24", other_frame},
	{"other-frame-behind", "I24", other_frame_behind},
	{"memo-kept", "I24", memo_kept},
	{"fetched", "I24", fetched},
	{"dirty-copy", "I25", dirty_copy},
	{"accessed-cleared", "I25", accessed_cleared},
	{"other-table", "I26", other_table},
	{"no-table", "I26", no_table},
	{"table-elsewhere", "I26", table_elsewhere},
	{"tables-of-nobody", "I26", tables_of_nobody},
	{"store-too-small", "W13", store_too_small},
	{"more-rights", "I27", more_rights},
	{"more-rights-later", "I27", more_rights_later},
	{"executable", "I27", executable},
	{"too-many", "W1", too_many},
	{"waits-for-store", "H6", waits_for_store},
	{"nobodys-entry", "I28", nobodys_entry},
	{"mapped-by-two", "I28", mapped_by_two},
	{"cached-by-two", "I28", cached_by_two},
	{"table-count", "I29", table_count},
	{"tables-of-process", "I29", tables_of_process},
	{"table-left", "I29", table_left},
	{"table-of-another-level", "I29", table_of_another_level},
	{"held-untouched", "I30", held_untouched},
	{"read-untouched", "I30", read_untouched},
	{"read-other", "I31", read_other},
	{"read-mixture", "I31", read_mixture},
	{"handed-over", "I32", handed_over},
	{"handed-over-in-slot", "I32", handed_over_in_slot},
	{"seen-by-another", "I32", seen_by_another},
	{"outlives-decommit", "I33", outlives_decommit},
	{"of-another-page", "I33", of_another_page},
	{"write-of-reset", "I34", write_of_reset},
	{"read-of-reset", "I34", read_of_reset},
	{"decommit-writes", "I35", decommit_writes},
	{"exit-writes", "I35", exit_writes},
	{"decommit-evicts-own", "I35", decommit_evicts_own},
	{"counter-lost", "I36", counter_lost},
	{"fails-charging", "I37", fails_charging},
	{"fails-protecting", "I37", fails_protecting},
	{"fails-touching", "I37", fails_touching},
	{"fails-requeueing", "I37", fails_requeueing},
	{"fails-making", "I37", fails_making},
	{"unlock-protects", "I37", unlock_protects},
	{"undo-charges", "I37", undo_charges},
	{"fails-charged", "I37", fails_charged},
	{"share-miscounted", "I3", share_miscounted},
	{"share-of-another-page", "I3", share_of_another_page},
	{"share-as-private", "I3", share_as_private},
	{"section-forgets", "I4", section_forgets},
	{"section-misled", "I4", section_misled},
	{"section-slot-twice", "I12", section_slot_twice},
	{"section-slot-unwritten", "I14", section_slot_unwritten},
	{"section-lost-in-slot", "I15", section_lost_in_slot},
	{"section-charge", "I18", section_charge},
	{"more-copies", "I18", more_copies},
	{"view-differs", "I31", view_differs},
	{"section-sees-private", "I32", section_sees_private},
	{"cached-twice", "TLB", cached_twice},
	{"policy-confused", "policy", policy_confused},
};

/* In a child: what is wrong afterwards must not be taken apart. */
static void test_wrong(gconstpointer data)
{
	const struct wrong *wrong = data;
	char *expected = g_strdup_printf("*invariant %s is broken*", wrong->invariant);

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
	g_test_trap_assert_stderr(expected);
	g_free(expected);
}

/* Every function of the table was shown to see something, but for what there is nothing of. */
static void test_table(void)
{
	const struct invariant *invariant;
	unsigned numbered = 0;

	for (size_t i = 0; (invariant = vmm_invariant(i)); i++) {
		/* That is in tests/unit/test_designs_use.c. */
		bool shown = g_str_equal(invariant->id, "design");

		for (size_t w = 0; w < G_N_ELEMENTS(wrongs); w++)
			shown |= g_str_equal(wrongs[w].invariant, invariant->id);
		g_assert_true(shown == (invariant->when != 0));
		numbered += invariant->id[0] == 'I';
		for (size_t k = 0; k < i; k++)
			g_assert_cmpstr(vmm_invariant(k)->id, !=, invariant->id);
	}
	g_assert_cmpuint(numbered, ==, 38);
}

/* --- what is not wrong ------------------------------------------------------------------------ */

/* E0: calls that fail and may leave something; and what is none of a call's doing. */
static void test_allowed(void)
{
	struct fixture f;

	RULES("I35 I37");
	set_up(&f);
	pretend(&f, VMSIM_CALL_VIRTUAL_PROTECT, 0, true, nothing);
	pretend(&f, VMSIM_CALL_VIRTUAL_UNLOCK, 0, true, requeue_one);
	pretend(&f, VMSIM_CALL_VIRTUAL_LOCK, 0, true, requeue_one);
	pretend(&f, VMSIM_CALL_VIRTUAL_ALLOC, MEM_RESET_UNDO, true, requeue_one);
	pretend(&f, VMSIM_CALL_VIRTUAL_PROTECT, 0, false, requeue_one);
	pretend(&f, VMSIM_CALL_VIRTUAL_FREE, MEM_DECOMMIT, false, begin_eviction);
	g_assert_true(machine_audit(f.m));
	tear_down(&f);
}

/* A reset page may read as zeros, and lives again as such once it is stored to. */
static void test_reset(void)
{
	struct fixture f;
	uint64_t value = 3;

	RULES("I31 I34");
	set_up(&f);
	step(vmsim_virtual_alloc(f.m, 1, A + STORED * P, P, MEM_RESET, PAGE_READWRITE, NULL));
	step(vmsim_virtual_free(f.m, 1, A + DIRTY * P, P, MEM_DECOMMIT, NULL));
	load(&f, STORED);
	step(vmsim_access(f.m, 1, VMSIM_WRITE, A + STORED * P + 64, 8, &value) ==
	     VMSIM_RESULT_OK);
	evict(&f, STORED);
	step(vmm_background(f.vmm, true)); /* it is written, and may be */
	load(&f, STORED);
	g_assert_no_error(f.m->error);
	content_store(&frame(&f, STORED)->content, 0, 1, &seven);
	step(vmsim_access(f.m, 1, VMSIM_READ, A + STORED * P, 8, NULL) == VMSIM_RESULT_NONE);
	g_assert_nonnull(f.m->error); /* what it held before the reset does not come back */
	tear_down(&f);
}

/* --- cheap ------------------------------------------------------------------------------------ */

/* What an event touches is looked at after it, the rest now and then. */
static void test_cheap(void)
{
	struct fixture f;
	struct vmsim_event e = {.va = A + LOADED * P, .size = 1, .pid = 1, .tid = 1,
				.op = VMSIM_OP_READ};

	RULES("I8 I11");
	set_up(&f);
	vmsim_machine_set_audit(f.m, VMSIM_AUDIT_CHEAP);
	content_set(pagefile_content(&f.vmm->file, frame(&f, CLEAN)->slot), NULL);
	load(&f, DIRTY);
	g_assert_no_error(f.m->error);
	vmsim_access(f.m, 1, VMSIM_READ, A + CLEAN * P, 8, NULL);
	g_assert_nonnull(f.m->error);
	g_assert_nonnull(strstr(f.m->error->message, "I11"));
	tear_down(&f);

	set_up(&f);
	vmsim_machine_set_audit(f.m, VMSIM_AUDIT_CHEAP);
	content_set(pagefile_content(&f.vmm->file, frame(&f, STANDBY)->slot), NULL);
	for (int i = 0; i < 65536 && !f.m->error; i++)
		vmsim_machine_feed(f.m, &e, 1, NULL, NULL);
	g_assert_nonnull(f.m->error);
	g_assert_nonnull(strstr(f.m->error->message, "I8"));
	g_assert_cmpuint(f.m->seq % 65536, ==, 0);
	tear_down(&f);
}

/* Counters are looked at after every cheap event. */
static void test_totals(void)
{
	static void (*const make[])(struct fixture *f) = {available, active_counted, over_limit,
							  uncharged, counter_lost};
	static const char *const named[] = {"I2", "I1", "I19", "I20", "I36"};

	RULES("I1 I2 I19 I20 I36");
	for (size_t i = 0; i < G_N_ELEMENTS(make); i++) {
		struct fixture f;
		char *expected = g_strdup_printf("invariant %s is broken", named[i]);

		set_up(&f);
		vmsim_machine_set_audit(f.m, VMSIM_AUDIT_CHEAP);
		make[i](&f);
		vmsim_access(f.m, 1, VMSIM_READ, 0x20, 1, NULL);
		g_assert_nonnull(f.m->error);
		g_assert_true(g_str_has_prefix(f.m->error->message, expected));
		g_free(expected);
	}
}

/* --- what is said ----------------------------------------------------------------------------- */

static void test_message(void)
{
	struct fixture f;
	char *state;

	set_up(&f);
	slot_busy(&f);
	g_assert_false(machine_audit(f.m));
	g_assert_error(f.m->error, VMSIM_ERROR, VMSIM_ERROR_INVARIANT);
	g_test_message("%s", f.m->error->message);
	g_assert_nonnull(strstr(f.m->error->message, "after event"));
	g_assert_nonnull(strstr(f.m->error->message, "of <api>), cycle"));
	g_assert_nonnull(strstr(f.m->error->message, "(transition, page 0x105 of process 1, slot"));
	state = vmsim_machine_state(f.m);
	g_assert_nonnull(strstr(state, "process 1 (address space 1): 9 pages charged, 4 in the"));
	g_assert_nonnull(strstr(state, "pages 0x100 to 0x10f: private, 9 committed"));
	g_assert_nonnull(strstr(state, "page 0x104 of process 1 (pagefile, slot 0x1, protection"));
	g_assert_nonnull(strstr(state, ": free, not written, named 1 times"));
	g_assert_nonnull(strstr(state, "(modified page writer) of 1 pages from slot"));
	g_assert_nonnull(strstr(state, "data TLB: page 0x101 of address space 1, frame"));
	g_free(state);
	tear_down(&f);
}

/* A part of the state that is long is cut, and says so. */
static void test_cut(void)
{
	vmsim_config *config = vmsim_config_new();
	vmsim_machine *m;
	char *state;

	vmsim_config_set(config, "memory.frames=512", NULL);
	m = vmsim_machine_new(config, NULL);
	vmsim_config_free(config);
	step(vmsim_virtual_alloc(m, 1, A, 100 * P, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE,
				 NULL) == A);
	for (unsigned i = 0; i < 100; i++)
		step(vmsim_access(m, 1, VMSIM_READ, A + i * P, 1, NULL) == VMSIM_RESULT_OK);
	state = vmsim_machine_state(m);
	g_assert_nonnull(strstr(state, "page 0x13f of process 1"));
	g_assert_null(strstr(state, "page 0x140 of process 1 (valid"));
	g_assert_nonnull(strstr(state, "  ... 36 more\n"));
	g_assert_cmpuint(strlen(state), <, 40000);
	g_free(state);
	vmsim_machine_free(m);
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
	g_test_add_func("/audit/sections", test_sections);
	g_test_add_func("/audit/table", test_table);
	g_test_add_func("/audit/allowed", test_allowed);
	g_test_add_func("/audit/reset", test_reset);
	g_test_add_func("/audit/cheap", test_cheap);
	g_test_add_func("/audit/totals", test_totals);
	g_test_add_func("/audit/message", test_message);
	g_test_add_func("/audit/cut", test_cut);
	return g_test_run();
}
