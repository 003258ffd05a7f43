/* test_audit.c: the audit of what is not wrong, how much of it is looked at when, and what is said
 * of what is. test_audit_*.c make things wrong. */
#include "audit.h"

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
static const char *const shown_for[] = {
#define STATE(make, name, invariant) invariant,
#define CORE(make, name, invariant) invariant,
#define FLOW(make, name, invariant) invariant,
#define SECTION(make, name, invariant) invariant,
#include "audit.def"
};

/* Every function of the table was shown to see something, but for what there is nothing of. */
static void test_table(void)
{
	const struct invariant *invariant;
	unsigned numbered = 0;

	for (size_t i = 0; (invariant = vmm_invariant(i)); i++) {
		/* That is in tests/unit/test_designs_use.c. */
		bool shown = g_str_equal(invariant->id, "design");

		for (size_t w = 0; w < G_N_ELEMENTS(shown_for); w++)
			shown |= g_str_equal(shown_for[w], invariant->id);
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
	g_test_add_func("/audit/table", test_table);
	g_test_add_func("/audit/allowed", test_allowed);
	g_test_add_func("/audit/reset", test_reset);
	g_test_add_func("/audit/cheap", test_cheap);
	g_test_add_func("/audit/totals", test_totals);
	g_test_add_func("/audit/message", test_message);
	g_test_add_func("/audit/cut", test_cut);
	return g_test_run();
}
