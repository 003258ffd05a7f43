/* test_api_lock.c: VirtualLock and VirtualUnlock (semantics 2.7). */
#include "api.h"

static void test_lock_steps(void)
{
	struct fixture f = layout("");

	RULES("2.7.range 2.7.free 2.7.special 2.7.quota 2.7.touch");
	attend(&f);
	g_assert_false(lock(&f, C, 0));
	failed(&f, 87, PARAM, "2.7");
	g_assert_false(lock(&f, HI + 1, P));
	failed(&f, 87, PARAM, "2.7");
	g_assert_false(lock(&f, FREE, HI));
	failed(&f, 87, PARAM, "2.7");
	g_assert_false(lock(&f, C2 + 15 * P, 2 * P)); /* into free space */
	failed(&f, 998, "STATUS_ACCESS_VIOLATION", "2.7");
	g_assert_false(lock(&f, PHYS, P));
	failed(&f, 87, "STATUS_INCOMPATIBLE_FILE_MAP", "2.7");
	g_assert_false(lock(&f, C, 31 * P)); /* 50 - 20 may be locked */
	failed(&f, 1453, "STATUS_WORKING_SET_QUOTA", "2.7");
	g_assert_false(lock(&f, R, P)); /* reserved */
	failed(&f, 998, "STATUS_ACCESS_VIOLATION", "2.7");
	protect_ok(&f, C, P, PAGE_NOACCESS, RW);
	g_assert_false(lock(&f, C, P));
	failed(&f, 998, "STATUS_ACCESS_VIOLATION", "2.7");
	g_assert_false(unlock(&f, C, 0));
	failed(&f, 87, PARAM, "2.7");
	g_assert_false(unlock(&f, FREE, P));
	failed(&f, 158, "STATUS_NOT_LOCKED", "2.7");
	stop(&f);
}

static void test_lock_quota(void)
{
	struct fixture f = start("");

	RULES("2.7.quota 2.7.count E13.locked E14");
	alloc_ok(&f, R, 48 * P, BOTH, RW);
	g_assert_true(lock(&f, R, 30 * P));
	g_assert_true(lock(&f, R, 30 * P)); /* no count: relocking takes no more */
	g_assert_false(lock(&f, R + 29 * P, 2 * P));
	g_assert_cmpuint(f.error, ==, 1453);
	g_assert_true(unlock(&f, R, 1)); /* one unlock suffices */
	g_assert_true(lock(&f, R + 30 * P, P));
	g_assert_true(release(&f, R + P, 10 * P, DEC)); /* locks vanish with the pages */
	g_assert_true(lock(&f, R + 31 * P, 10 * P));
	g_assert_false(lock(&f, R + 41 * P, P));
	protect_ok(&f, R + 11 * P, P, PAGE_NOACCESS, RW); /* and with access to them */
	g_assert_true(lock(&f, R + 41 * P, P));
	g_assert_false(lock(&f, R + 42 * P, P));
	stop(&f);
}

/* A lock may span blocks, and a page locked stays whatever happens (E15). */
static void test_lock_keeps(void)
{
	struct fixture f = start("memory.frames=32 vmm.ws_min=40");
	uint64_t faults;

	RULES("2.7.free E15 W2");
	alloc_ok(&f, R, 16 * P, BOTH, RW);
	alloc_ok(&f, C, 16 * P, BOTH, RW);
	alloc_ok(&f, BIG, 128 * P, BOTH, RW);
	store(&f, R + 15 * P, 4);
	g_assert_true(lock(&f, R + 15 * P, 2 * P));
	for (unsigned i = 0; i < 128; i++)
		g_assert_cmpint(store(&f, BIG + i * P, i), ==, VMSIM_RESULT_OK);
	faults = counter(&f, "page_faults");
	g_assert_cmpuint(load(&f, R + 15 * P), ==, 4);
	g_assert_cmpuint(load(&f, C), ==, 0);
	g_assert_cmpuint(counter(&f, "page_faults"), ==, faults);
	g_assert_true(unlock(&f, R + 15 * P, 2 * P));
	for (unsigned i = 0; i < 128; i++)
		g_assert_cmpuint(load(&f, BIG + i * P), ==, i);
	faults = counter(&f, "page_faults");
	g_assert_cmpuint(load(&f, R + 15 * P), ==, 4);
	g_assert_cmpuint(counter(&f, "page_faults"), ==, faults + 1);
	stop(&f);
}

static void test_lock_exceptions(void) /* E0, K3 */
{
	struct fixture f = layout("");

	RULES("E0 2.7.guard 2.7.unlock K3");
	attend(&f);
	protect_ok(&f, C + 2 * P, P, RW | PAGE_GUARD, RW);
	g_assert_false(lock(&f, C, 4 * P));
	failed(&f, 0x80000001u, "STATUS_GUARD_PAGE_VIOLATION", "2.7");
	g_assert_cmphex(query(&f, C + 2 * P).protect, ==, RW); /* the guard is gone */
	g_assert_cmpuint(counter(&f, "demand_zero_faults"), ==, 2); /* two are resident */
	g_assert_cmpuint(counter(&f, "guard_page_faults"), ==, 1);
	g_assert_true(lock(&f, C, 4 * P)); /* the next attempt */
	g_assert_cmpuint(counter(&f, "demand_zero_faults"), ==, 4);
	g_assert_true(unlock(&f, C, 4 * P));
	/* a failed lock has locked nothing: an unlock of its pages fails and evicts them */
	g_assert_false(lock(&f, R + 15 * P, 2 * P));
	g_assert_false(unlock(&f, C, P));
	failed(&f, 158, "STATUS_NOT_LOCKED", "2.7");
	g_assert_cmpuint(counter(&f, "transition_faults"), ==, 0);
	touch(&f, C, VMSIM_READ);
	g_assert_cmpuint(counter(&f, "transition_faults"), ==, 1);
	/* unlocking a range with one page unlocked fails, evicts that page, keeps the locks */
	g_assert_true(lock(&f, C, P));
	touch(&f, C + P, VMSIM_READ);
	g_assert_false(unlock(&f, C, 2 * P));
	g_assert_cmpuint(f.error, ==, 158);
	touch(&f, C, VMSIM_READ);
	g_assert_cmpuint(counter(&f, "transition_faults"), ==, 1);
	touch(&f, C + P, VMSIM_READ);
	g_assert_cmpuint(counter(&f, "transition_faults"), ==, 2);
	g_assert_true(unlock(&f, C, P));
	stop(&f);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/api/lock/steps", test_lock_steps);
	g_test_add_func("/api/lock/quota", test_lock_quota);
	g_test_add_func("/api/lock/keeps", test_lock_keeps);
	g_test_add_func("/api/lock/exceptions", test_lock_exceptions);
	return g_test_run();
}
