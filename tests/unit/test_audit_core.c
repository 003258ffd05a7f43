/* test_audit_core.c: what the core holds, made wrong (invariants I24 to I28). */
#include "audit.h"

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
static void path_cleared(struct fixture *f)
{
	const struct pt_pool *pool = &f->vmm->pool;
	vmsim_pfn table = pt_table(&f->process->pt, A / P, 1) - (pool->outside ? pool->frames : 0);

	load(f, CLEAN);
	pool->node[table]->entry[pt_index(pool->shape, 1, A / P)] &= ~PTE_A;
}
static void nobodys_entry(struct fixture *f)
{
	tlb_fill(DATA_TLB, tlb_tag(9, 5), 3, 0);
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

static const struct wrong wrongs[] = {
#define STATE(make, name, invariant)
#define CORE(make, name, invariant) {name, invariant, make},
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
