/* test_held.c: frames that were given up, while other cores have not answered (timing T2): they are
 * on no list, so nobody takes them, and what needs frames counts on them to come. */
#include "vmm_fixture.h"

/* Page 0 was trimmed by somebody else's step, and has come back before all cores knew. */
static void bring_back_held(struct fixture *f, GArray *held)
{
	struct fault fault;

	evict(f, 0);
	vmm_hold(f->vmm, held);
	g_assert_cmpuint(held->len, ==, 1);
	check(f);
	g_assert_cmpint(fault_at(f, 0, VMSIM_READ, &fault), ==, VMM_DONE);
	g_assert_cmpint(fault.type, ==, FAULT_TRANSITION);
	vmm_hold(f->vmm, NULL);
}

static void release_all(struct fixture *f, GArray *held)
{
	for (guint i = 0; i < held->len; i++)
		vmm_list(f->vmm, g_array_index(held, vmsim_pfn, i));
	check(f);
	g_array_unref(held);
}

/* Its frame could not be had, so it is not the victim, though it is the oldest page. */
static void test_victim(void)
{
	struct fixture f;

	RULES("W2");
	set_up(&f, "memory.frames=3 cores=2 standby.enabled=false replacement.policy=fifo "
		   "memory.zero_fill_dirty=false");
	for (unsigned page = 0; page < 3; page++)
		load(&f, page);
	vmm_hold(f.vmm, NULL);
	frame_of(&f, 0)->held = 1;
	check(&f);
	load(&f, 3);
	g_assert_true(pte_is_valid(entry(&f, 0)));
	g_assert_false(pte_is_valid(entry(&f, 1)));
	g_assert_true(pte_is_valid(entry(&f, 2)));
	frame_of(&f, 0)->held = 0;
	tear_down(&f);
}

/* A frame that is used again while it is held leaves the hold as what it has become. */
static void test_used_again(void)
{
	GArray *held = g_array_new(FALSE, FALSE, sizeof(vmsim_pfn));
	struct fixture f;

	RULES("I1 L19");
	set_up(&f, "memory.frames=8 cores=2");
	load(&f, 0);
	vmm_hold(f.vmm, NULL);
	bring_back_held(&f, held);
	evict(&f, 0); /* and is given up once more */
	vmm_hold(f.vmm, held);
	g_assert_cmpuint(held->len, ==, 2);
	g_assert_cmpuint(f.vmm->db.modified.n + f.vmm->db.standby[5].n, ==, 0);
	vmm_list(f.vmm, g_array_index(held, vmsim_pfn, 0));
	g_assert_cmpuint(f.vmm->db.modified.n + f.vmm->db.standby[5].n, ==, 0);
	g_array_remove_index(held, 0);
	release_all(&f, held);
	g_assert_cmpuint(f.vmm->db.modified.n + f.vmm->db.standby[5].n, ==, 1);
	tear_down(&f);
}

/* W6: what is held will be available, and is not trimmed for again. */
static void test_trim(void)
{
	GArray *held = g_array_new(FALSE, FALSE, sizeof(vmsim_pfn));
	struct fixture f;
	uint64_t evicted;

	RULES("W6");
	set_up(&f, "memory.frames=16 cores=2 vmm.avail_low=4 vmm.avail_high=6 vmm.ws_min=1 "
		   "memory.zero_fill_dirty=false");
	for (unsigned page = 0; page < 14; page++)
		load(&f, page);
	vmm_hold(f.vmm, NULL);
	vmm_background(f.vmm, false);
	vmm_hold(f.vmm, held);
	evicted = f.stats.c.pages_evicted;
	g_assert_cmpuint(evicted, ==, 4);
	g_assert_cmpuint(held->len, ==, 4);
	g_assert_cmpuint(pfn_available(&f.vmm->db), ==, 2);
	while (vmm_background(f.vmm, false))
		;
	g_assert_cmpuint(f.stats.c.pages_evicted, ==, evicted);
	release_all(&f, held);
	g_assert_cmpuint(pfn_available(&f.vmm->db), ==, 6);
	tear_down(&f);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/held/victim", test_victim);
	g_test_add_func("/held/used-again", test_used_again);
	g_test_add_func("/held/trim", test_trim);
	return g_test_run();
}
