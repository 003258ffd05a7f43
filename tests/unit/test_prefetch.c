/* test_prefetch.c: PrefetchVirtualMemory (semantics 2.9). */
#include "api.h"

static bool prefetch(struct fixture *f, uint64_t va, uint64_t size)
{
	return vmsim_prefetch(f->m, PID, va, size, &f->error) && f->error == 0;
}

/* Eight pages at R (values from 100), and four at C, in slots one after another and nowhere else;
 * all of memory is free. */
static struct fixture paged_out(const char *settings)
{
	char *all = g_strconcat("memory.frames=32 vmm.modified_max=0 ", settings, NULL);
	struct fixture f = start(all);

	alloc_ok(&f, R, 16 * P, RES, RW);
	alloc_ok(&f, R, 12 * P, COM, RW);
	alloc_ok(&f, C, 4 * P, BOTH, RW);
	for (unsigned i = 0; i < 8; i++)
		store(&f, R + i * P, 100 + i);
	for (unsigned i = 0; i < 4; i++)
		store(&f, C + i * P, 200 + i);
	unlock(&f, R, 8 * P);
	unlock(&f, C, 4 * P);
	press(&f);
	g_assert_true(release(&f, PRESSURE, 0, REL));
	g_free(all);
	return f;
}

/* Onto the standby list: no fault, no working set; the first touch is soft. */
static void test_standby(void)
{
	struct fixture f = paged_out("");
	uint64_t faults = counter(&f, "page_faults"), hard = counter(&f, "hard_faults");
	uint64_t soft = counter(&f, "transition_faults"), input = counter(&f, "pages_input");
	uint64_t reads = counter(&f, "page_reads");

	RULES("2.9 L15 L13 L19");
	g_assert_true(prefetch(&f, R + 1, 8 * P - 2)); /* rounded outward */
	g_assert_cmpuint(counter(&f, "page_reads"), ==, reads + 1);
	g_assert_cmpuint(counter(&f, "pages_input"), ==, input + 8);
	g_assert_cmpuint(counter(&f, "page_faults"), ==, faults);
	g_assert_true(prefetch(&f, R, 8 * P)); /* there is nothing left to read */
	for (unsigned i = 0; i < 8; i++)
		g_assert_cmpuint(load(&f, R + i * P), ==, 100 + i);
	g_assert_true(prefetch(&f, R, 8 * P));
	g_assert_cmpuint(counter(&f, "pages_input"), ==, input + 8);
	g_assert_cmpuint(counter(&f, "hard_faults"), ==, hard);
	g_assert_cmpuint(counter(&f, "transition_faults"), ==, soft + 8);
	stop(&f);
}

/* Requests are as large as prefetch_max allows, within a block. */
static void test_requests(void)
{
	static const struct {
		const char *settings;
		uint64_t reads;
	} rows[] = {{"vmm.prefetch_max=3", 3 + 2}, {"vmm.prefetch_max=1", 8 + 4}, {"", 1 + 1},
		    {"vmm.prefetch_max=8", 1 + 1}, {"vmm.prefetch_max=7", 2 + 1}};

	RULES("2.9");
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct fixture f = paged_out(rows[i].settings);
		uint64_t reads = counter(&f, "page_reads"), input = counter(&f, "pages_input");

		/* over free, reserved and untouched pages, and two blocks */
		g_assert_true(prefetch(&f, R - 5 * P, 2 * G));
		g_assert_cmpuint(counter(&f, "page_reads"), ==, reads + rows[i].reads);
		g_assert_cmpuint(counter(&f, "pages_input"), ==, input + 12);
		g_assert_cmpuint(load(&f, C + 3 * P), ==, 203);
		stop(&f);
	}
}

/* A hint: nothing that it cannot do makes it fail, and the address space has any size. */
static void test_hint(void)
{
	struct fixture f = paged_out("");
	uint64_t input = counter(&f, "pages_input");
	char *before = digest(&f), *after;

	RULES("2.9");
	g_assert_true(prefetch(&f, 0, 0));
	g_assert_true(prefetch(&f, R, 0));
	g_assert_true(prefetch(&f, FREE, P));
	g_assert_true(prefetch(&f, R + 8 * P, 8 * P)); /* untouched and reserved pages */
	g_assert_true(prefetch(&f, HI + 1, P));
	g_assert_true(prefetch(&f, UINT64_MAX, UINT64_MAX));
	g_assert_cmpuint(counter(&f, "pages_input"), ==, input);
	g_assert_true(prefetch(&f, C + 2 * P, UINT64_MAX)); /* to the end of the user range */
	g_assert_cmpuint(counter(&f, "pages_input"), ==, input + 2);
	g_assert_true(prefetch(&f, 0, UINT64_MAX));
	g_assert_cmpuint(counter(&f, "pages_input"), ==, input + 12);
	after = digest(&f);
	g_assert_cmpstr(after, ==, before);
	g_free(after);
	g_free(before);
	stop(&f);
}

/* It stops when memory is short: 32 frames are available. */
static void test_short(void)
{
	static const char *const low[] = {"vmm.avail_low=27 vmm.avail_high=27",
					  "vmm.avail_low=32 vmm.avail_high=32"};

	RULES("2.9");
	for (int i = 0; i < 2; i++) {
		struct fixture f = paged_out(low[i]);
		uint64_t input = counter(&f, "pages_input");

		g_assert_true(prefetch(&f, R, G + 4 * P));
		g_assert_cmpuint(counter(&f, "pages_input"), ==, input + (i ? 0 : 5));
		for (unsigned k = 0; k < 8; k++)
			g_assert_cmpuint(load(&f, R + k * P), ==, 100 + k);
		stop(&f);
	}
}

/* The textbook machine has no list for it. */
static void test_textbook(void)
{
	struct fixture f = paged_out("standby.enabled=false");
	uint64_t input = counter(&f, "pages_input");

	RULES("2.9");
	g_assert_true(prefetch(&f, R, 8 * P));
	g_assert_cmpuint(counter(&f, "pages_input"), ==, input);
	g_assert_cmpuint(load(&f, R), ==, 100);
	stop(&f);
}

/* The call does not wait: who touches a page meanwhile does (L35), and what is given up meanwhile
 * is gone when it comes (4.5). */
static void test_meanwhile(void)
{
	struct fixture f = paged_out("pagefile.device=hdd");
	uint64_t hard = counter(&f, "hard_faults"), soft = counter(&f, "transition_faults");
	uint64_t input = counter(&f, "pages_input"), began = vmsim_machine_now(f.m);

	RULES("2.9 L35 4.5.reading L34 I33");
	g_assert_true(prefetch(&f, R, 2 * P));
	g_assert_cmpuint(vmsim_machine_now(f.m) - began, <, 1000000);
	g_assert_true(prefetch(&f, R, 2 * P)); /* being read already */
	g_assert_cmpuint(counter(&f, "pages_input"), ==, input + 2);
	g_assert_cmpuint(load(&f, R + P), ==, 101);
	g_assert_cmpuint(vmsim_machine_now(f.m) - began, >, 1000000);
	g_assert_cmpuint(counter(&f, "hard_faults"), ==, hard);
	/* one that waited, and another when the access was tried again */
	g_assert_cmpuint(counter(&f, "transition_faults"), ==, soft + 2);
	g_assert_true(prefetch(&f, R + 2 * P, 4 * P));
	g_assert_true(release(&f, R + 3 * P, P, DEC));
	alloc_ok(&f, R + 3 * P, P, COM, RW);
	protect_ok(&f, R + 4 * P, P, PAGE_NOACCESS, RW);
	g_assert_cmpuint(load(&f, R + 3 * P), ==, 0);
	g_assert_cmpuint(load(&f, R + 2 * P), ==, 102);
	g_assert_cmpint(touch(&f, R + 4 * P, VMSIM_READ), ==, VMSIM_RESULT_ACCESS_VIOLATION);
	g_assert_cmpuint(load(&f, R + 5 * P), ==, 105);
	g_assert_true(prefetch(&f, C, 4 * P));
	vmsim_exit_process(f.m, PID);
	stop(&f);
}

/* NULL for the ranges, which no trace can say. */
static void test_no_ranges(void)
{
	struct fixture f = start("");
	struct vmsim_call call = {.id = VMSIM_CALL_PREFETCH, .address = {R, 0}, .size = {P},
				  .no_buffer = true};
	struct vmsim_event event = {.op = VMSIM_OP_CALL, .pid = PID, .tid = 1, .call = &call};

	RULES("2.9");
	attend(&f);
	g_assert_true(vmsim_machine_feed(f.m, &event, 1, NULL, NULL));
	f.error = 998;
	failed(&f, 998, "STATUS_ACCESS_VIOLATION", "2.9");
	stop(&f);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/prefetch/standby", test_standby);
	g_test_add_func("/prefetch/requests", test_requests);
	g_test_add_func("/prefetch/hint", test_hint);
	g_test_add_func("/prefetch/short", test_short);
	g_test_add_func("/prefetch/textbook", test_textbook);
	g_test_add_func("/prefetch/meanwhile", test_meanwhile);
	g_test_add_func("/prefetch/no-ranges", test_no_ranges);
	return g_test_run();
}
