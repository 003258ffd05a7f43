/* test_audit_state.c: frames, slots, blocks, charges, working sets and page tables made wrong
 * (invariants I1 to I23, I27, I29). */
#include "audit.h"

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
/* As if MEM_RESET did not wait for the end of the write. */
static void slot_given_up(struct fixture *f)
{
	pagefile_free(&f->vmm->file, frame(f, WRITING)->slot);
	frame(f, WRITING)->slot = 0;
	frame(f, WRITING)->reset = RESET_PENDING;
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
static void peak_forgotten(struct fixture *f)
{
	f->vmm->c->committed_pages_peak = f->vmm->charge - 1;
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

static const struct wrong wrongs[] = {
#define STATE(make, name, invariant) {name, invariant, make},
#define CORE(make, name, invariant)
#define FLOW(make, name, invariant)
#define SECTION(make, name, invariant)
#include "audit.def"
};

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	add_wrongs(wrongs, G_N_ELEMENTS(wrongs));
	return g_test_run();
}
