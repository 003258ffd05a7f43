/* test_broken.c: what the program does when an invariant is broken: exit code 3, a message that
 * names it, the event and what broke it, and the state. Nothing breaks one from outside, so the
 * commands' own sources are compiled here, with a machine that goes wrong after its second
 * batch of events. */
#define source machine_source /* the commands have another */
#include "engine/machine.h"
#undef source
#include "rules.h"
#include "vmm/check.h"

static bool feed_and_break(vmsim_machine *machine, const struct vmsim_event *events, size_t n,
			   size_t *done, GError **error);

#define vmsim_machine_feed feed_and_break
#include "../../sim/cli/common.c"
#include "../../sim/cli/interval.c"
#include "../../sim/cli/outputs.c"
#include "../../sim/cli/progress.c"
#include "../../sim/cli/replay.c"
#include "../../sim/cli/run.c"
#include "../../sim/cli/source.c"
#undef vmsim_machine_feed

/* An event at a time; after the third a working set is counted wrongly. */
static bool feed_and_break(vmsim_machine *machine, const struct vmsim_event *events, size_t n,
			   size_t *done, GError **error)
{
	for (*done = 0; *done < n; ++*done) {
		if (machine->seq == 3)
			((struct process *)g_ptr_array_index(machine->vmm->processes, 0))
				->ws_pages++;
		if (!vmsim_machine_feed(machine, &events[*done], 1, NULL, error))
			return false;
	}
	return true;
}

static int run(const char *audit)
{
	static const char trace[] = "# vmtrace 1\n%rules win32\n"
				    "1 VirtualAlloc(0x100000, 0x4000, MEM_RESERVE|MEM_COMMIT, "
				    "PAGE_READWRITE) = 0x100000\n"
				    "1 W 0x100000 8 0x1 = OK\n1 W 0x101000 8 0x1 = OK\n"
				    "1 R 0x100000 8 = 0x1\n1 R 0x101000 8 = 0x1\n";
	const struct command command = {"run", "TRACE", "", cli_run};
	char *path, *argv[] = {(char *)"run", (char *)"-q", (char *)"--audit",
			       (char *)(uintptr_t)audit, NULL, NULL};
	int fd = g_file_open_tmp("broken-XXXXXX.vmt", &path, NULL), code;

	g_assert_cmpint(fd, >=, 0);
	close(fd);
	g_assert_true(g_file_set_contents(path, trace, -1, NULL));
	argv[4] = path;
	code = cli_run(&command, 5, argv);
	remove(path);
	g_free(path);
	return code;
}

static void test_full(void)
{
	if (g_test_subprocess())
		exit(run("full") == 3 ? 0 : 1);
	g_test_trap_subprocess(NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
	g_test_trap_assert_passed();
	g_test_trap_assert_stderr("*vmsim: invariant I21 is broken after event 4 (line 6 of *"
				  "broken-*.vmt), cycle *: process 1 has 2 valid pages, 0 of them "
				  "locked, and counts 3 and 0\n"
				  "state after event 4, cycle *:\n"
				  "*page 0x101 of process 1 (valid*");
}

static void test_off(void)
{
	if (g_test_subprocess())
		exit(run("off"));
	g_test_trap_subprocess(NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
	g_test_trap_assert_passed();
	g_test_trap_assert_stderr_unmatched("*state after*");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/broken/full", test_full);
	g_test_add_func("/broken/off", test_off);
	return g_test_run();
}
