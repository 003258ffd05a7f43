/* test_api.c: processes, implicit pages and whatever is of no one call. */
#include "api.h"

#include <sys/resource.h>

static void test_exit(void)
{
	struct fixture f = filled("");
	uint64_t writes;

	RULES("2.12.exit I33 I35");
	press(&f);
	writes = counter(&f, "page_writes");
	vmsim_exit_process(f.m, PID);
	g_assert_cmpuint(counter(&f, "page_writes"), ==, writes); /* I35 */
	g_assert_cmphex(query(&f, R).state, ==, MEM_FREE); /* another process by that number */
	g_assert_cmphex(query(&f, R).region_size, ==, HI + 1 - R);
	alloc_ok(&f, R, 64 * P, BOTH, RW);
	for (unsigned i = 0; i < 64; i++) /* I33: nothing of the old data */
		for (unsigned at = 0; at < P; at += 0x100)
			g_assert_cmpuint(load(&f, R + i * P + at), ==, 0);
	alloc_ok(&f, BIG, 223 * P, BOTH, RW); /* 32 + 256 = 288: all charge and slots are back */
	stop(&f);
}

/* Two processes do not see each other's memory. */
static void test_processes(void)
{
	struct fixture f = start("memory.frames=24");
	uint64_t value;

	RULES("I31 I32");
	for (uint32_t pid = 1; pid <= 3; pid++)
		g_assert_cmphex(vmsim_virtual_alloc(f.m, pid, R, 32 * P, BOTH, RW, &f.error), ==, R);
	for (uint32_t i = 0; i < 32; i++)
		for (uint32_t pid = 1; pid <= 3; pid++) {
			value = pid * 1000 + i;
			vmsim_access(f.m, pid, VMSIM_WRITE, R + i * P, 8, &value);
		}
	for (uint32_t i = 0; i < 32; i++)
		for (uint32_t pid = 1; pid <= 3; pid++) {
			value = 0;
			vmsim_access(f.m, pid, VMSIM_READ, R + i * P, 8, &value);
			g_assert_cmpuint(value, ==, pid * 1000 + i);
		}
	g_assert_cmpuint(counter(&f, "hard_faults"), >, 0);
	stop(&f);
}

static void test_implicit(void) /* Q5 */
{
	struct fixture f = start("trace.implicit_commit=true pagefile.size=0 memory.frames=32");

	RULES("Q5");
	g_assert_cmpuint(load(&f, 0x3000), ==, 0); /* also below lo */
	g_assert_cmpint(store(&f, 0x10000, 7), ==, VMSIM_RESULT_OK);
	g_assert_cmpuint(load(&f, 0x10000), ==, 7);
	g_assert_cmpint(touch(&f, 0x10008, VMSIM_EXECUTE), ==, VMSIM_RESULT_OK);
	g_assert_cmphex(query(&f, 0x10000).protect, ==, PAGE_EXECUTE_READWRITE);
	g_assert_cmphex(query(&f, 0x10000).state, ==, MEM_COMMIT);
	g_assert_cmphex(alloc_ok(&f, 0, P, BOTH, RW), ==, 0x20000); /* avoids them */
	g_assert_cmpint(touch(&f, 0x7FFFFFFFF000, VMSIM_READ), ==, VMSIM_RESULT_OK);
	g_assert_cmphex(alloc_ok(&f, 0, P, RES | TOP, RW), <=, HI);
	g_assert_cmpint(touch(&f, 0x800000000000, VMSIM_READ), ==, VMSIM_RESULT_ACCESS_VIOLATION);
	g_assert_cmpint(touch(&f, 0xFFFF800000000000, VMSIM_READ), ==,
			VMSIM_RESULT_ACCESS_VIOLATION);
	/* pages that a call covered are never repaired */
	alloc_ok(&f, R, 2 * P, RES, RW);
	g_assert_cmpint(touch(&f, R, VMSIM_READ), ==, VMSIM_RESULT_ACCESS_VIOLATION);
	alloc_ok(&f, R, P, COM, RW);
	g_assert_cmpint(touch(&f, R, VMSIM_READ), ==, VMSIM_RESULT_OK);
	release(&f, R, P, DEC);
	g_assert_cmpint(touch(&f, R, VMSIM_READ), ==, VMSIM_RESULT_ACCESS_VIOLATION);
	release(&f, R, 0, REL);
	g_assert_cmpint(touch(&f, R, VMSIM_READ), ==, VMSIM_RESULT_ACCESS_VIOLATION);
	g_assert_cmpint(touch(&f, R + 2 * P, VMSIM_READ), ==, VMSIM_RESULT_OK); /* beside it */
	g_assert_cmpint(store(&f, 0x40000000 - 4, UINT64_MAX), ==, VMSIM_RESULT_OK); /* crossing */
	g_assert_cmphex(load(&f, 0x40000000 - 4), ==, UINT64_MAX);
	stop(&f);
}

/* Pages side by side are one block, in whatever order they are touched. */
static void test_implicit_order(void)
{
	static const uint64_t orders[][4] = {
		{0, 1, 2, 3}, {3, 2, 1, 0}, {0, 2, 3, 1}, {3, 1, 0, 2}};

	RULES("Q5 V13");
	for (size_t i = 0; i < G_N_ELEMENTS(orders); i++) {
		struct fixture f = start("trace.implicit_commit=true");

		for (int k = 0; k < 4; k++)
			store(&f, BIG + orders[i][k] * P, orders[i][k]);
		for (unsigned k = 0; k < 4; k++) {
			g_assert_cmphex(query(&f, BIG + k * P).allocation_base, ==, BIG);
			g_assert_cmpuint(load(&f, BIG + k * P), ==, k);
		}
		g_assert_cmphex(query(&f, BIG).region_size, ==, 4 * P);
		g_assert_true(release(&f, BIG, 0, REL));
		g_assert_cmpuint(query(&f, BIG).state, ==, MEM_FREE);
		g_assert_cmpint(touch(&f, BIG + P, VMSIM_READ), ==, VMSIM_RESULT_ACCESS_VIOLATION);
		stop(&f);
	}
}

/* C3: charged, but never refused. */
static void test_implicit_limit(void)
{
	struct fixture f = start("trace.implicit_commit=true pagefile.size=64KiB memory.frames=16 "
				 "memory.zero_fill_dirty=false");

	RULES("Q5");
	for (unsigned i = 0; i < 200; i++)
		g_assert_cmpuint(load(&f, BIG + i * P), ==, 0);
	g_assert_cmpuint(counter(&f, "committed_pages_peak"), ==, 200);
	g_assert_cmphex(alloc(&f, 0, P, BOTH, RW), ==, 0);
	g_assert_cmpuint(f.error, ==, 1455);
	stop(&f);
}

/* L14, L19, L30: a store to a page that has a slot gives the slot back at once. There is one
 * slot. */
static void test_slot_freed(void)
{
	RULES("L14 L19 L30.freed");
	for (int hard = 0; hard < 2; hard++) {
		struct fixture f = start("memory.frames=16 pagefile.size=8KiB vmm.modified_max=0 "
					 "memory.zero_fill_dirty=false");

		alloc_ok(&f, R, 18 * P, BOTH, RW);
		store(&f, R, 1);
		g_assert_false(unlock(&f, R, P)); /* modified, then written */
		load(&f, R + P);
		load(&f, R + P);
		g_assert_cmpuint(counter(&f, "page_writes"), ==, 1);
		for (unsigned i = 0; hard && i < 51; i++) { /* clean pages push it out */
			g_assert_cmpuint(load(&f, R + (1 + i % 17) * P), ==, 0);
			g_assert_false(unlock(&f, R + (1 + i % 17) * P, P));
		}
		store(&f, R, 2);
		g_assert_cmpuint(counter(&f, "hard_faults"), ==, (uint64_t)hard);
		store(&f, R + 2 * P, 3);
		g_assert_false(unlock(&f, R + 2 * P, P));
		load(&f, R + P);
		load(&f, R + P);
		g_assert_cmpuint(counter(&f, "page_writes"), ==, 2);
		g_assert_cmpuint(load(&f, R), ==, 2);
		g_assert_cmpuint(load(&f, R + 2 * P), ==, 3);
		stop(&f);
	}
}

static void bucket_is(const struct fixture *f, const char *name, uint64_t expected)
{
	uint64_t cycles = 0;

	g_assert_true(vmsim_machine_bucket(f->m, name, &cycles));
	g_test_message("%s %" G_GUINT64_FORMAT, name, cycles);
	g_assert_cmpuint(cycles, ==, expected);
}

static const char teaching[] =
	"clock_ghz=1 memory.zeroed=false tlb.l1d.entries=2 tlb.l1d.ways=2 tlb.l2.entries=0 "
	"psc.pde.entries=0 "
	"paging.levels=2 data.latency=4 dram.latency=10 os.trap=50 os.demand_zero=100 os.zero_page=30 "
	"os.return=20 os.call=100 os.page_commit=1 os.invlpg=10 os.trim=15 os.hard=200 os.cr3=40 "
	"device.read_latency=1000 device.write_latency=500 device.read_bandwidth=0 "
	"device.write_bandwidth=0 memory.frames=1 standby.enabled=false replacement.policy=fifo "
	"sched.recorded_switch=9";

/* T19: where each cycle goes. The events are those of tests/scenario/ev-hard.vmt. */
static void test_buckets(void)
{
	struct fixture f = start(teaching);

	alloc_ok(&f, R, 2 * P, BOTH, RW);
	store(&f, R, 1);
	store(&f, R + P, 2);
	g_assert_cmpuint(load(&f, R), ==, 1);
	g_assert_cmpuint(load(&f, R + P), ==, 2);
	bucket_is(&f, "call", 102);
	bucket_is(&f, "compute", 4);
	bucket_is(&f, "data", 4 * 4);
	bucket_is(&f, "walk", 10 + 20 + 3 * (20 + 20));
	bucket_is(&f, "trap", 4 * 70);
	bucket_is(&f, "fault_service", 100 + (25 + 100) + 2 * (25 + 200));
	bucket_is(&f, "zeroing", 2 * 30);
	bucket_is(&f, "io_wait", 3 * 500 - 500 + 2 * 1000);
	g_assert_cmpuint(vmsim_machine_now(f.m), ==, 4287);
	bucket_is(&f, "switch", 0);
	bucket_is(&f, "kernel", 0);
	vmsim_virtual_alloc(f.m, 2, R, P, BOTH, RW, &f.error);
	bucket_is(&f, "switch", 49);
	bucket_is(&f, "kernel", 0);
	bucket_is(&f, "call", 102 + 101);
	stop(&f);
}

/* A change of process: pages of the same number are told apart, also without PCIDs. */
static void test_same_pages(void)
{
	static const char *const pcid[] = {"tlb.pcid=true", "tlb.pcid=false"};

	RULES("H11 I28");
	for (int i = 0; i < 2; i++) {
		struct fixture f = start(pcid[i]);

		for (uint32_t pid = 1; pid <= 2; pid++)
			vmsim_virtual_alloc(f.m, pid, R, P, BOTH, RW, &f.error);
		for (uint64_t round = 0; round < 4; round++)
			for (uint32_t pid = 1; pid <= 2; pid++) {
				uint64_t value = pid * 10 + round, got = 0;

				vmsim_access(f.m, pid, VMSIM_WRITE, R, 8, &value);
				vmsim_access(f.m, pid, VMSIM_READ, R, 8, &got);
				g_assert_cmpuint(got, ==, value);
			}
		/* a fault and its repetition each; then the translations stay, or go at each change */
		g_assert_cmpuint(counter(&f, "page_walks"), ==, i ? 2 * 2 + 3 * 2 : 2 * 2);
		stop(&f);
	}
}

/* The same on the hot path, which audits keep away from: code of one process is not the other's. */
static void test_hot_path(void)
{
	struct fixture f = start("");
	const struct vmsim_event events[] = {
		{.va = R, .size = 1, .pid = 1, .tid = 1, .op = VMSIM_OP_EXECUTE, .result = VMSIM_RESULT_OK},
		{.va = C, .size = 1, .pid = 2, .tid = 1, .op = VMSIM_OP_WRITE, .result = VMSIM_RESULT_OK},
		{.va = R, .size = 1, .pid = 2, .tid = 1, .op = VMSIM_OP_EXECUTE,
		 .result = VMSIM_RESULT_ACCESS_VIOLATION},
	};

	RULES("I28");
	vmsim_machine_set_audit(f.m, VMSIM_AUDIT_OFF);
	vmsim_virtual_alloc(f.m, 1, R, P, BOTH, PAGE_EXECUTE_READWRITE, &f.error);
	vmsim_virtual_alloc(f.m, 2, C, P, BOTH, RW, &f.error);
	g_assert_true(vmsim_machine_feed(f.m, events, G_N_ELEMENTS(events), NULL, NULL));
	g_assert_cmpuint(vmsim_machine_divergences(f.m), ==, 0);
	g_assert_cmpuint(counter(&f, "access_violations"), ==, 1);
	stop(&f);
}

static void test_terabyte(void)
{
	struct fixture f = start("memory.page_tables=in");
	struct rusage before, after;
	gint64 began = g_get_monotonic_time();
	uint64_t tb = (uint64_t)1 << 40, base;

	RULES("E4 V4");
	vmsim_machine_set_audit(f.m, VMSIM_AUDIT_OFF);
	getrusage(RUSAGE_SELF, &before);
	base = alloc_ok(&f, 0, 64 * tb, RES, RW);
	alloc_ok(&f, base + 63 * tb, P, COM, RW);
	store(&f, base + 63 * tb, 8);
	g_assert_cmphex(query(&f, base).region_size, ==, 63 * tb);
	g_assert_cmphex(query(&f, base + 63 * tb + P).region_size, ==, tb - P);
	g_assert_cmphex(alloc(&f, base, tb, COM, RW), ==, 0);
	g_assert_cmpuint(f.error, ==, 1455);
	g_assert_true(release(&f, base, 0, DEC));
	g_assert_true(release(&f, base, 0, REL));
	getrusage(RUSAGE_SELF, &after);
	g_assert_cmpint(after.ru_maxrss - before.ru_maxrss, <, 16 * 1024);
	g_assert_cmpint(g_get_monotonic_time() - began, <, 2 * G_USEC_PER_SEC);
	stop(&f);
}

/* Committing much, too, costs nothing until it is touched (V4). */
static void test_commit_much(void)
{
	struct fixture f = start("memory.size=16GiB pagefile.size=1TiB");
	uint64_t tb = (uint64_t)1 << 40, base;
	gint64 began = g_get_monotonic_time();

	RULES("V4");
	vmsim_machine_set_audit(f.m, VMSIM_AUDIT_OFF);
	base = alloc_ok(&f, 0, tb, BOTH, RW);
	g_assert_cmpuint(load(&f, base + tb / 2), ==, 0);
	g_assert_cmphex(query(&f, base).region_size, ==, tb);
	g_assert_true(release(&f, base, 0, REL));
	g_assert_cmpint(g_get_monotonic_time() - began, <, 2 * G_USEC_PER_SEC);
	vmsim_machine_free(f.m);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/api/hot-path", test_hot_path);
	g_test_add_func("/api/exit", test_exit);
	g_test_add_func("/api/processes", test_processes);
	g_test_add_func("/api/implicit", test_implicit);
	g_test_add_func("/api/implicit/order", test_implicit_order);
	g_test_add_func("/api/implicit/limit", test_implicit_limit);
	g_test_add_func("/api/slot-freed", test_slot_freed);
	g_test_add_func("/api/buckets", test_buckets);
	g_test_add_func("/api/same-pages", test_same_pages);
	g_test_add_func("/api/terabyte", test_terabyte);
	g_test_add_func("/api/commit-much", test_commit_much);
	return g_test_run();
}
