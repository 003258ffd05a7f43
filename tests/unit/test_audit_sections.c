/* test_audit_sections.c: pages that several processes see, made wrong. */
#include "audit.h"

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

static const struct wrong wrongs[] = {
#define STATE(make, name, invariant)
#define CORE(make, name, invariant)
#define FLOW(make, name, invariant)
#define SECTION(make, name, invariant) {name, invariant, make},
#include "audit.def"
};

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	add_wrongs(wrongs, G_N_ELEMENTS(wrongs));
	g_test_add_func("/audit/sections", test_sections);
	return g_test_run();
}
