/* test_tables.c: page tables: what they are charged (semantics C1, memory.charge_page_tables), and
 * calls that no memory can be had for (C4). */
#include "api.h"

#define SPAN ((uint64_t)512 * P) /* what a table of the lowest level maps */
#define CHARGED "memory.charge_page_tables=true memory.frames=64 pagefile.size=0 "

/* Whether exactly n pages may yet be committed: at `at`, where they take no table of their own. */
static void left(struct fixture *f, uint64_t at, uint64_t n)
{
	g_assert_cmphex(alloc(f, at, (n + 1) * P, BOTH, RW), ==, 0);
	g_assert_cmpuint(f->error, ==, 1455);
	alloc_ok(f, at, n * P, BOTH, RW);
	g_assert_true(release(f, at, 0, REL));
}

/* With the range that is committed, touched or not; and once, whatever else they map. */
static void test_charge(void)
{
	struct fixture f = start(CHARGED);

	RULES("C1.tables C5 2.3.16a 2.3.17b");
	g_assert_cmphex(alloc(&f, R, 61 * P, BOTH, RW), ==, 0); /* and four tables */
	g_assert_cmpuint(f.error, ==, 1455);
	alloc_ok(&f, R, 8 * P, BOTH, RW); /* 8 + 4 */
	left(&f, C, 52);
	store(&f, R, 1); /* built now, charged before */
	left(&f, C, 52);
	alloc_ok(&f, SPAN, SPAN, RES, RW); /* a reservation needs none */
	left(&f, C, 52);
	g_assert_cmphex(alloc(&f, SPAN, 52 * P, COM, RW), ==, 0);
	g_assert_cmpuint(f.error, ==, 1455);
	alloc_ok(&f, SPAN, 2 * P, COM, RW); /* 2 + 1 */
	left(&f, C, 49);
	alloc_ok(&f, SPAN + 8 * P, P, COM, RW); /* 1 */
	left(&f, C, 48);
	g_assert_true(release(&f, SPAN, 0, DEC)); /* decommit keeps tables (L38) */
	left(&f, C, 51);
	g_assert_true(release(&f, SPAN, 0, REL));
	left(&f, C, 52);
	alloc_ok(&f, 3 * SPAN - G, 17 * P, BOTH, RW); /* 17 + 2 */
	left(&f, C, 33);
	g_assert_true(release(&f, R, 0, REL)); /* the last that its table maps */
	left(&f, 3 * SPAN + G, 42);
	vmsim_exit_process(f.m, PID);
	g_assert_cmphex(alloc(&f, R, 61 * P, BOTH, RW), ==, 0);
	alloc_ok(&f, R, 60 * P, BOTH, RW);
	stop(&f);
}

/* A table stays charged while another block committed at reserve time needs it, also if nothing of
 * that was touched; and as long as a reserved block keeps entries in it. */
static void test_neighbours(void)
{
	struct fixture f = start(CHARGED);

	RULES("C1.tables");
	alloc_ok(&f, R, P, BOTH, RW);
	alloc_ok(&f, C, P, BOTH, RW); /* 2 + 4 */
	g_assert_true(release(&f, R, 0, REL));
	left(&f, M, 59);
	store(&f, C, 1);
	alloc_ok(&f, R, 2 * P, RES, RW);
	alloc_ok(&f, R, P, COM, RW);
	g_assert_true(release(&f, C, 0, REL));
	left(&f, M, 59);
	g_assert_true(release(&f, R, P, DEC)); /* the marker is an entry */
	left(&f, M, 60);
	g_assert_true(release(&f, R, 0, REL));
	g_assert_cmphex(alloc(&f, R, 61 * P, BOTH, RW), ==, 0);
	alloc_ok(&f, R, 60 * P, BOTH, RW);
	stop(&f);
}

/* Tables of pages that no call committed are charged when they are built, and never refused. */
static void test_touched(void)
{
	struct fixture f = start(CHARGED "trace.implicit_commit=true");

	RULES("C1.tables Q5");
	load(&f, 0x40000000);
	left(&f, 0x40010000, 64 - 1 - 4);
	alloc_ok(&f, 0x40010000, 59 * P, BOTH, RW);
	load(&f, 0x80000000); /* a page and two tables more than there is room for */
	g_assert_cmpuint(counter(&f, "committed_pages_peak"), ==, 64 + 3);
	g_assert_cmphex(alloc(&f, 0, P, BOTH, RW), ==, 0);
	alloc_ok(&f, 0x40010000, 59 * P, COM, PAGE_READONLY); /* nothing new is never refused */
	stop(&f);
}

/* C4: every frame holds something that has no other place. A call that needs a table fails with 8;
 * one that needs none goes on, and so does the machine. */
static void test_no_frame(void)
{
	static const char *const with[] = {"standby.enabled=true", "standby.enabled=false"};

	RULES("C4 I37");
	for (int i = 0; i < 2; i++) {
		char *all = g_strconcat("memory.page_tables=in memory.frames=16 vmm.avail_low=0 "
					"vmm.avail_high=0 pagefile.size=16KiB ", with[i], NULL);
		struct fixture f = start(all);

		attend(&f);
		/* 16 frames and 3 slots hold 4 tables and 14 pages, and one more to page with */
		alloc_ok(&f, R, 16 * P, BOTH, RW);
		alloc_ok(&f, SPAN, G, RES, RW);
		for (unsigned k = 0; k < 14; k++)
			g_assert_cmpint(store(&f, R + k * P, k), ==, VMSIM_RESULT_OK);
		g_assert_cmphex(alloc(&f, SPAN, P, COM, RW), ==, 0);
		failed(&f, 8, "STATUS_NO_MEMORY", "C4");
		g_assert_cmpuint(query(&f, SPAN).state, ==, MEM_RESERVE);
		alloc_ok(&f, 2 * SPAN, P, BOTH, RW);
		g_assert_false(release(&f, 2 * SPAN, P, DEC)); /* the marker would need one */
		failed(&f, 8, "STATUS_NO_MEMORY", "C4");
		g_assert_true(release(&f, 2 * SPAN, 0, REL));
		g_assert_true(release(&f, R, P, DEC)); /* makes room for one */
		alloc_ok(&f, SPAN, P, COM, RW);
		for (unsigned k = 1; k < 14; k++)
			g_assert_cmpuint(load(&f, R + k * P), ==, k);
		g_free(all);
		stop(&f);
	}
}

/* Pages that can be dropped, or written somewhere, do not stand in the way. */
static void test_frames_to_be_had(void)
{
	static const char *const with[] = {
		"pagefile.size=0 memory.zero_fill_dirty=false", "pagefile.size=1MiB",
		"pagefile.size=1MiB standby.enabled=false",
		"pagefile.size=0 memory.zero_fill_dirty=false standby.enabled=false"};

	RULES("C4");
	for (size_t i = 0; i < G_N_ELEMENTS(with); i++) {
		char *all = g_strconcat("memory.page_tables=in memory.frames=12 ", with[i], NULL);
		struct fixture f = start(all);

		alloc_ok(&f, R, 9 * P, BOTH, RW);
		for (unsigned k = 0; k < 8; k++) {
			if (strstr(with[i], "size=0"))
				load(&f, R + k * P);
			else
				store(&f, R + k * P, k);
		}
		alloc_ok(&f, SPAN, SPAN, RES, RW);
		alloc_ok(&f, SPAN, P, COM, RW);
		g_assert_cmpint(store(&f, SPAN, 4), ==, VMSIM_RESULT_OK);
		g_assert_cmpuint(load(&f, SPAN), ==, 4);
		g_free(all);
		stop(&f);
	}
}

/* Locked pages have no other place, whatever they hold. */
static void test_locked(void)
{
	struct fixture f = start("memory.page_tables=in memory.frames=40 pagefile.size=1MiB "
				 "vmm.ws_min=60");

	RULES("C4 2.7.quota");
	attend(&f);
	alloc_ok(&f, R, 35 * P, BOTH, RW);
	g_assert_true(lock(&f, R, 35 * P)); /* and 4 tables */
	alloc_ok(&f, SPAN, P, RES, RW);
	g_assert_cmphex(alloc(&f, SPAN, P, COM, RW), ==, 0);
	failed(&f, 8, "STATUS_NO_MEMORY", "C4");
	g_assert_true(unlock(&f, R, P));
	alloc_ok(&f, SPAN, P, COM, RW);
	stop(&f);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/tables/charge", test_charge);
	g_test_add_func("/tables/neighbours", test_neighbours);
	g_test_add_func("/tables/touched", test_touched);
	g_test_add_func("/tables/no-frame", test_no_frame);
	g_test_add_func("/tables/frames-to-be-had", test_frames_to_be_had);
	g_test_add_func("/tables/locked", test_locked);
	return g_test_run();
}
