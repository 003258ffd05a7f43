/* test_watch.c: write-watch, offers and dirty bits through the public interface: what a trace
 * cannot say, and what the processor's own view of D must not hide. */
#include "rules.h"

#include <vmsim/vmsim.h>

#define P 0x1000u
#define A 0x100000u
#define PID 1

static vmsim_machine *start(const char *settings)
{
	char *all = g_strconcat("rules=win32 memory.page_tables=out pagefile.device=ideal ", settings,
				NULL);
	char **each = g_strsplit(all, " ", 0);
	vmsim_config *config = vmsim_config_new();
	GError *error = NULL;
	vmsim_machine *m;

	for (char **s = each; *s; s++) {
		vmsim_config_set(config, *s, &error);
		g_assert_no_error(error);
	}
	m = vmsim_machine_new(config, &error);
	g_assert_no_error(error);
	vmsim_machine_set_audit(m, VMSIM_AUDIT_FULL);
	vmsim_config_free(config);
	g_strfreev(each);
	g_free(all);
	return m;
}

static void stop(vmsim_machine *m)
{
	GError *error = NULL;

	vmsim_machine_finish(m, &error);
	g_assert_no_error(error);
	vmsim_machine_free(m);
}

static uint64_t counter(const vmsim_machine *m, const char *name)
{
	uint64_t value = 0;

	g_assert_true(vmsim_machine_counter(m, name, &value));
	return value;
}

static void block(vmsim_machine *m, uint64_t va, uint64_t size, uint32_t more)
{
	uint32_t error;

	g_assert_cmphex(vmsim_virtual_alloc(m, PID, va, size,
					    (uint32_t)(MEM_RESERVE | MEM_COMMIT) | more,
					    PAGE_READWRITE, &error), ==, va);
}

static void access_ok(vmsim_machine *m, enum vmsim_access kind, uint64_t va)
{
	g_assert_cmpint(vmsim_access(m, PID, kind, va, 1, NULL), ==, VMSIM_RESULT_OK);
}

/* 2.11, what only a caller can do wrong: there is nowhere to put the answer. In order. */
static void test_nowhere(void)
{
	vmsim_machine *m = start("memory.frames=64");
	uint64_t pages[4] = {0}, count = 0;
	uint32_t error;

	RULES("2.11");
	block(m, A, 4 * P, MEM_WRITE_WATCH);
	access_ok(m, VMSIM_WRITE, A + P);
	g_assert_cmphex(vmsim_get_write_watch(m, PID, 9, A, 0, NULL, NULL, &error), ==, UINT32_MAX);
	g_assert_cmpuint(error, ==, ERROR_NOACCESS);
	g_assert_cmphex(vmsim_get_write_watch(m, PID, 9, A, P, NULL, &count, &error), ==, UINT32_MAX);
	g_assert_cmpuint(error, ==, ERROR_INVALID_PARAMETER); /* count is 0 */
	count = 4;
	g_assert_cmphex(vmsim_get_write_watch(m, PID, 2, A, P, NULL, &count, &error), ==, UINT32_MAX);
	g_assert_cmpuint(error, ==, ERROR_INVALID_PARAMETER); /* the flags */
	g_assert_cmphex(vmsim_get_write_watch(m, PID, 1, 0, P, NULL, &count, &error), ==, UINT32_MAX);
	g_assert_cmpuint(error, ==, ERROR_NOACCESS); /* before the range */
	g_assert_cmpuint(count, ==, 4);
	g_assert_cmphex(vmsim_get_write_watch(m, PID, 1, A, 4 * P, pages, &count, &error), ==, 0);
	g_assert_cmpuint(error, ==, 0);
	g_assert_cmpuint(count, ==, 1);
	g_assert_cmphex(pages[0], ==, A + P);
	count = 4;
	g_assert_cmphex(vmsim_get_write_watch(m, PID, 0, A, 4 * P, pages, &count, &error), ==, 0);
	g_assert_cmpuint(count, ==, 0);
	g_assert_cmphex(vmsim_reset_write_watch(m, PID, A, 4 * P, &error), ==, 0);
	g_assert_cmphex(vmsim_reset_write_watch(m, PID, A, 0, &error), ==, UINT32_MAX);
	g_assert_cmpuint(error, ==, ERROR_INVALID_PARAMETER);
	stop(m);
}

/* A watched page may be paged out and in: bits stay, and clean pages read back are not written. A
 * page whose bit is cleared while it is dirty must still be written out. */
static void test_paged(gconstpointer dirty)
{
	vmsim_machine *m = start(dirty);
	uint64_t pages[16], count = 16, value;
	uint32_t error;

	RULES("E16 H20.watch I31");
	block(m, A, 16 * P, MEM_WRITE_WATCH);
	for (uint64_t i = 0; i < 16; i += 2) {
		value = i + 1;
		g_assert_cmpint(vmsim_access(m, PID, VMSIM_WRITE, A + i * P, 8, &value), ==,
				VMSIM_RESULT_OK);
	}
	for (uint64_t i = 1; i < 16; i += 2)
		access_ok(m, VMSIM_READ, A + i * P);
	g_assert_cmpuint(counter(m, "pages_output"), >, 0);
	g_assert_cmphex(vmsim_get_write_watch(m, PID, 1, A, 16 * P, pages, &count, &error), ==, 0);
	g_assert_cmpuint(count, ==, 8);
	for (uint64_t i = 0; i < 8; i++)
		g_assert_cmphex(pages[i], ==, A + 2 * i * P);
	for (uint64_t i = 0; i < 16; i++) {
		value = 99;
		g_assert_cmpint(vmsim_access(m, PID, VMSIM_READ, A + i * P, 8, &value), ==,
				VMSIM_RESULT_OK);
		g_assert_cmpuint(value, ==, i % 2 ? 0 : i + 1);
	}
	g_assert_cmpuint(counter(m, "hard_faults"), >, 0);
	count = 16;
	g_assert_cmphex(vmsim_get_write_watch(m, PID, 0, A, 16 * P, pages, &count, &error), ==, 0);
	g_assert_cmpuint(count, ==, 0);
	stop(m);
}

/* A block as large as the address space allows is watched without being looked at page by page. */
static void test_vast(void)
{
	vmsim_machine *m = start("memory.frames=64");
	uint64_t vast = (uint64_t)1 << 46, pages[4], count = 4;
	uint32_t error;

	RULES("E16");
	g_assert_cmphex(vmsim_virtual_alloc(m, PID, 0x10000, vast,
					    (uint32_t)(MEM_RESERVE | MEM_WRITE_WATCH),
					    PAGE_READWRITE, &error), ==, 0x10000);
	g_assert_cmphex(vmsim_virtual_alloc(m, PID, vast / 2, P, MEM_COMMIT, PAGE_READWRITE,
					    &error), ==, vast / 2);
	access_ok(m, VMSIM_WRITE, vast / 2);
	g_assert_cmphex(vmsim_get_write_watch(m, PID, 1, 0x10000, vast, pages, &count, &error), ==,
			0);
	g_assert_cmpuint(count, ==, 1);
	g_assert_cmphex(pages[0], ==, vast / 2);
	stop(m);
}

static void listen(void *ctx, const struct vmsim_record *record)
{
	*(struct vmsim_record *)ctx = *record;
}

/* 170 of a reclaim is a success (E0): no call has failed. A violation names the offer. */
static void test_reclaim(void)
{
	vmsim_machine *m = start("memory.frames=4 vmm.avail_low=0 vmm.avail_high=0");
	struct vmsim_record violation = {0};
	uint64_t value = 7;

	RULES("R10 R9 3.3.event");
	vmsim_machine_listen(m, VMSIM_RECORD_BIT(VMSIM_RECORD_ACCESS_VIOLATION), listen, &violation);
	block(m, A, 8 * P, 0);
	vmsim_access(m, PID, VMSIM_WRITE, A, 8, &value);
	g_assert_cmpuint(vmsim_offer_virtual_memory(m, PID, A, P, 1), ==, 0);
	g_assert_cmpint(vmsim_access(m, PID, VMSIM_READ, A, 8, &value), ==,
			VMSIM_RESULT_ACCESS_VIOLATION);
	g_assert_cmpstr(violation.freed_by.call, ==, "OfferVirtualMemory");
	g_assert_cmpuint(vmsim_reclaim_virtual_memory(m, PID, A, P), ==, 0);
	vmsim_access(m, PID, VMSIM_READ, A, 8, &value);
	g_assert_cmpuint(value, ==, 7);
	g_assert_cmpuint(vmsim_discard_virtual_memory(m, PID, A, P), ==, 0);
	g_assert_cmpuint(vmsim_offer_virtual_memory(m, PID, A, P, 1), ==, 0);
	for (uint64_t i = 1; i < 5; i++)
		access_ok(m, VMSIM_WRITE, A + i * P);
	g_assert_cmpuint(vmsim_reclaim_virtual_memory(m, PID, A, P), ==, ERROR_BUSY);
	g_assert_cmpuint(counter(m, "calls"), ==, 6);
	g_assert_cmpuint(counter(m, "calls_failed"), ==, 0);
	vmsim_access(m, PID, VMSIM_READ, A, 8, &value);
	g_assert_cmpuint(value, ==, 0);
	stop(m);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/watch/nowhere", test_nowhere);
	g_test_add_data_func("/watch/paged", "memory.frames=8", test_paged);
	g_test_add_data_func("/watch/paged-software", "memory.frames=8 paging.dirty=sw", test_paged);
	g_test_add_data_func("/watch/paged-textbook", "memory.frames=8 standby.enabled=false",
			     test_paged);
	g_test_add_func("/watch/vast", test_vast);
	g_test_add_func("/watch/reclaim", test_reclaim);
	return g_test_run();
}
