/* test_config.c: layers and who wins, values of every type, messages that say where and what. */
#include "unit/config_steps.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <vmsim/policy.h>

static void test_defaults(void)
{
	vmsim_config *config = vmsim_config_new();
	const struct config *c;
	GError *error = NULL;

	g_assert_null(config_get(config));
	g_assert_true(vmsim_config_finish(config, &error));
	c = config_get(config);
	g_assert_cmpuint(c->memory.frames, ==, 1048576);
	g_assert_cmpuint(c->clock_ghz, ==, 4000);
	g_assert_cmpuint(c->psc.pml4e.entries, ==, 4); /* Appendix A */
	g_assert_cmpuint(c->psc.pdpte.entries, ==, 8);
	g_assert_cmpuint(c->psc.pde.entries, ==, 32);
	g_assert_cmpuint(c->dram.latency.cycles, ==, 300);
	g_assert_cmpuint(c->pagefile.size, ==, (uint64_t)8 << 30);
	g_assert_cmpuint(c->device.read_bandwidth, ==, 3500000000);
	g_assert_cmpuint(c->device.channels, ==, 32);
	g_assert_cmpuint(c->device.read_latency.cycles, ==, 207320);
	g_assert_cmpuint(c->vmm.avail_low, ==, 16384);
	g_assert_cmpuint(c->vmm.avail_high, ==, 65536);
	g_assert_cmpuint(c->vmm.mpw_free_low, ==, 20000);
	g_assert_cmpuint(c->vmm.modified_max, ==, 800);
	g_assert_cmpint(c->trace.implicit_commit, ==, TRI_AUTO);
	g_assert_true(c->memory.zeroed);
	g_assert_cmpstr(vmsim_policy_at((size_t)c->replacement.policy)->name, ==, "clock");
	vmsim_config_free(config);
}

static void test_presets(void)
{
	const char *name, *doc;
	unsigned n = 0;

	for (; (name = vmsim_config_preset(n, &doc)); n++) {
		GError *error = NULL;
		vmsim_config *config = MAKE(name);

		g_assert_no_error(error);
		g_assert_cmpuint(strlen(doc), >, 10);
		vmsim_config_free(config);
	}
	g_assert_cmpuint(n, >=, 3);
	EXPECT("tlb.l1d.ways", "2", "teaching");
	EXPECT("memory.zeroed", "false", "teaching");
	EXPECT("memory.frames", "64", "classroom");
}

/* The preset desktop and the built-in defaults are the same machine. */
static void test_desktop(void)
{
	GError *error = NULL;
	vmsim_config *config = MAKE("seed=1"), *desktop = MAKE("desktop");
	char *a = vmsim_config_dump(config), *b = vmsim_config_dump(desktop);

	g_assert_cmpstr(a, ==, b);
	g_free(a);
	g_free(b);
	vmsim_config_free(config);
	vmsim_config_free(desktop);
}

static void expect_round_trip(vmsim_config *config)
{
	char *dump = vmsim_config_dump(config), *again;
	GError *error = NULL;
	vmsim_config *loaded = vmsim_config_new();

	vmsim_config_load_text(loaded, dump, "DUMP", &error);
	g_assert_no_error(error);
	if (config_get(config))
		vmsim_config_finish(loaded, &error);
	g_assert_no_error(error);
	again = vmsim_config_dump(loaded);
	g_assert_true(g_str_equal(dump, again));
	g_free(dump);
	g_free(again);
	vmsim_config_free(loaded);
}

static void test_dump(void)
{
	GError *error = NULL;
	const char *name;
	vmsim_config *config;

	for (size_t i = 0; (name = vmsim_config_preset(i, NULL)); i++) {
		config = MAKE(name);
		expect_round_trip(config);
		vmsim_config_free(config);
	}
	config = MAKE("seed=18446744073709551615", "clock_ghz=3.25", "os.hard=1.234567us",
		      "vmm.va_seed=9007199254740993", "pagefile.device=sata-ssd",
		      "device.channels=3", "device.queue=read-first",
		      "replacement.sees=every-reference",
		      "replacement.clock.insert_referenced=false", "replacement.clock.bits=3");
	g_assert_no_error(error);
	expect_round_trip(config);
	vmsim_config_free(config);
	config = vmsim_config_new(); /* unfinished: automatic values are said to be so */
	expect_round_trip(config);
	vmsim_config_free(config);
}

static void test_layers(void)
{
	EXPECT("seed", "3", "seed=2", "seed=3");
	EXPECT("seed", "7", "{\"seed\": 7}");
	EXPECT("seed", "8", "{\"seed\": 7} // text", "seed=8");
	/* A trace's directives rank below whatever was named, above defaults and %machine. */
	EXPECT("rules", "win32", "default rules=win32");
	EXPECT("rules", "article", "rules=article", "default rules=win32");
	EXPECT("rules", "article", "default rules=win32", "rules=article");
	EXPECT("rules", "win32", "default rules=win32", "desktop"); /* does not name it */
	/* A preset below everything. */
	EXPECT("memory.frames", "64", "below classroom");
	EXPECT("memory.frames", "32", "memory.frames=32", "below classroom");
	EXPECT("tlb.l1d.entries", "8", "memory.frames=32", "below classroom");
	EXPECT("memory.frames", "64", "below classroom", "below desktop");
}

static void test_memory_size(void)
{
	EXPECT("memory.frames", "1024", "memory.size=4MiB");
	EXPECT("memory.frames", "5", "memory.size=4MiB", "memory.frames=5");
	EXPECT("memory.frames", "1024", "memory.frames=5", "memory.size=4MiB");
	EXPECT("memory.frames", "5", "{\"memory\": {\"size\": \"4MiB\", \"frames\": 5}}");
	EXPECT("memory.frames", "1024", "{\"memory\": {\"frames\": 5, \"size\": \"4MiB\"}}");
	expect_failure(
		"memory.size=4097",
		"--set memory.size=4097: 4097 is not a multiple of 4096 (expected bytes, such "
		"as \"64MiB\", 4096..17592185978880)");
}

static void test_device(void)
{
	EXPECT("device.seek", "8.2ms", "pagefile.device=hdd");
	EXPECT("device.read_latency", "0", "pagefile.device=hdd");
	EXPECT("device.read_latency", "0", "pagefile.device=ideal");
	EXPECT("device.channels", "5", "pagefile.device=sata-ssd", "device.channels=5");
	/* Choosing a device forgets what earlier layers said about one ... */
	EXPECT("device.channels", "1", "device.channels=5", "pagefile.device=hdd");
	EXPECT("device.channels", "1", "desktop", "pagefile.device=hdd");
	/* ... but not the same layer, whatever the order. */
	EXPECT("device.channels", "5",
	       "{\"device\": {\"channels\": 5}, \"pagefile\": {\"device\": \"sata-ssd\"}}");
	EXPECT("device.channels", "1", "pagefile.device=hdd", "below desktop");
	EXPECT("device.channels", "32", "below desktop");
	EXPECT("device.channels", "6", "device.channels=6", "below desktop");
}

static void test_disk(void)
{
	EXPECT("device.queue", "elevator", "pagefile.device=hdd");
	EXPECT("device.queue", "fifo", "pagefile.device=nvme");
	EXPECT("device.queue", "fifo", "pagefile.device=hdd", "device.queue=fifo");
	EXPECT("device.queue", "elevator", "device.queue=fifo", "pagefile.device=hdd");
	EXPECT("device.size", "4000000000000", "pagefile.device=hdd");
	EXPECT("device.seek", "0", "pagefile.device=sata-ssd");
	/* What turns has one arm, whatever the preset's channels. */
	EXPECT("device.channels", "1", "device.rotation=1ms", "device.size=1TiB");
	expect_failure("device.queue=lifo",
		       "--set device.queue=lifo: lifo is not known (expected one of "
		       "fifo|read-first|elevator|auto)");
	expect_failure("{\"pagefile\": {\"device\": \"hdd\"}, \"device\": {\"channels\": 5}}",
			  "device.channels=5: a disk has one arm (expected 1, or device.seek* and "
			  "device.rotation 0)");
	expect_failure("{\"device\": {\"seek\": 7, \"seek_max\": 6, \"size\": \"8GiB\"}}",
			  "device.seek: 7 cycles (expected from device.seek_min, 0, to "
			  "device.seek_max, 6)");
	expect_failure("{\"device\": {\"seek\": 7, \"seek_min\": 8, \"seek_max\": 9, "
			  "\"size\": \"8GiB\"}}",
			  "device.seek: 7 cycles (expected from device.seek_min, 8, to "
			  "device.seek_max, 9)");
	expect_failure("device.seek_min=5", "device.seek: 0 cycles (expected from device.seek_min, "
					    "5, to device.seek_max, 0)");
	expect_failure("{\"device\": {\"rotation\": 7, \"size\": \"1GiB\"}}",
			  "device.size=1073741824: the disk holds a pagefile of 8589934592 bytes "
			  "(expected a multiple of 4096, at least that)");
	expect_failure("{\"device\": {\"rotation\": 7, \"size\": \"9000000001\"}}",
			  "device.size=9000000001: the disk holds a pagefile of 8589934592 bytes "
			  "(expected a multiple of 4096, at least that)");
}

static void test_types(void)
{
	EXPECT("cores", "1", "cores=0x1");
	EXPECT("memory.frames", "65536", "{\"memory\": {\"frames\": \"64Ki\"}}");
	EXPECT("trace.implicit_commit", "true", "{\"trace\": {\"implicit_commit\": true}}");
	EXPECT("trace.implicit_commit", "false", "trace.implicit_commit=false");
	EXPECT("trace.implicit_commit", "auto", "{\"trace\": {\"implicit_commit\": \"auto\"}}");
	EXPECT("tlb.l2.ways", "1536", "tlb.l2.ways=full");
	EXPECT("tlb.l1d.ways", "2", "tlb.l1d.entries=2"); /* the default of 4 gives way */
	EXPECT("tlb.l1i.large.ways", "8", "seed=1"); /* full */
	EXPECT("tlb.l1d.large.ways", "3", "tlb.l1d.large.entries=3");
	EXPECT("device.read_bandwidth", "2000000", "device.read_bandwidth=2MB/s");
	EXPECT("clock_ghz", "3.3", "{\"clock_ghz\": 3.3}");
	EXPECT("caches.pte_share", "3/8", "{\"caches\": {\"pte_share\": \"3/8\"}}");
	EXPECT("caches.pte_share", "1/1", "{\"caches\": {\"pte_share\": 1}}");
	EXPECT("vmm.avail_low", "4", "memory.frames=64", "vmm.avail_low=7", "vmm.avail_low=auto");
}

static void test_cycles(void)
{
	GError *error = NULL;
	vmsim_config *config = MAKE("clock_ghz=3.3", "dram.latency=75ns", "os.trap=440");
	const struct config *c = config_get(config);

	g_assert_cmpuint(c->dram.latency.cycles, ==, 248); /* 247.5, rounded up */
	g_assert_cmpuint(c->os.trap.cycles, ==, 440);
	vmsim_config_set(config, "clock_ghz=1", &error);
	g_assert_null(config_get(config)); /* no longer finished */
	g_assert_true(vmsim_config_finish(config, &error));
	g_assert_cmpuint(config_get(config)->dram.latency.cycles, ==, 75);
	vmsim_config_free(config);
	expect_failure(
		"os.hard=20000000s",
		"--set os.hard=20000000s: 20000000s does not fit in 64 bits (expected cycles, "
		"or a time such as \"80ns\")");
}

/* Thresholds leave something to use in any memory. */
static void test_tiny(void)
{
	for (unsigned frames = 1; frames < 300; frames++) {
		char *set = g_strdup_printf("memory.frames=%u", frames);
		GError *error = NULL;
		vmsim_config *config = MAKE(set);
		const struct config *c;

		g_assert_no_error(error);
		c = config_get(config);
		g_assert_cmpuint(c->vmm.avail_low, <=, c->vmm.avail_high);
		g_assert_cmpuint(c->vmm.avail_high, <, frames);
		if (frames >= 16) {
			g_assert_cmpuint(c->vmm.avail_low, ==, MAX(4, frames / 64));
			g_assert_cmpuint(c->vmm.avail_high, ==, MAX(8, frames / 16));
		}
		vmsim_config_free(config);
		g_free(set);
	}
	EXPECT("vmm.avail_high", "30", "memory.frames=64", "vmm.avail_low=30");
	EXPECT("vmm.avail_low", "3", "memory.frames=64", "vmm.avail_high=3");
}

static void test_set_messages(void)
{
	expect_failure("tlb.l2.entrys=5",
		       "--set tlb.l2.entrys=5: unknown option (did you mean tlb.l2.entries?)");
	expect_failure("cores=0",
		       "--set cores=0: 0 is out of range (expected a whole number, 1..64)");
	expect_failure("tlb.l2=5",
		       "--set tlb.l2=5: tlb.l2 is a group of options (expected the path of one)");
	expect_failure("standby.enabled=yes",
		       "--set standby.enabled=yes: yes is neither (expected true or false)");
	expect_failure("replacement.policy=best",
		       "--set replacement.policy=best: best is not known (expected one of "
		       "fifo|lru|clock|windows)");
	expect_failure("seed=", "--set seed=: \"\" is not a number (expected a whole number)");
	expect_failure(
		"os.trap=1.5",
		"--set os.trap=1.5: 1.5 is not a whole number of cycles (expected cycles, or a "
		"time such as \"80ns\")");
	expect_failure("caches.pte_share=9/8",
		       "--set caches.pte_share=9/8: 9/8 is out of range (expected a fraction such "
		       "as \"1/8\", above 0 and at most 1)");
	expect_failure("device.channels=18446744073709551615",
		       "--set device.channels=18446744073709551615: 18446744073709551615 is out of "
		       "range (expected a whole number, 1..1024, or \"auto\")");
}

static void test_json_messages(void)
{
	expect_failure(
		"{\n  \"tlb\": {\n    \"l2\": {\"entrys\": 5}}}",
		"FILE:3:12: unknown option \"tlb.l2.entrys\" (did you mean tlb.l2.entries?)");
	expect_failure("{\"tbl\": {\"l2\": {}}}",
		       "FILE:1:2: unknown option \"tbl\" (did you mean tlb?)");
	expect_failure("{\"seed\": 1, // \"seed\": 2,\n \"seed\": 3}",
		       "FILE:2:2: duplicate key seed (first given in line 1)");
	expect_failure("{\"tlb\": {}, \"tlb\": {}}",
		       "FILE:1:13: duplicate key tlb (first given in line 1)");
	expect_failure(
		"{\"tlb.l2.entries\": 5}",
		"FILE:1:2: unknown option \"tlb.l2.entries\" (did you mean tlb.l2.entries, nested "
		"in objects?)");
	expect_failure("{\"cores\": \"one\"}",
		       "FILE:1:11: cores: \"one\" is not a number (expected a whole number, 1..64)");
	expect_failure(
		"{\"cores\": 1.5}",
		"FILE:1:11: cores: 1.5 is not a whole number (expected a whole number, 1..64)");
	expect_failure("{\"cores\": -1}",
		       "FILE:1:11: cores: -1 is negative (expected a whole number, 1..64)");
	expect_failure("{\"cores\": true}",
		       "FILE:1:11: cores: true is a boolean (expected a whole number, 1..64)");
	expect_failure("{\"cores\": [1]}",
		       "FILE:1:11: cores: an array (expected a whole number, 1..64)");
	expect_failure("{\"rules\": 5}",
		       "FILE:1:11: rules: 5 is a number (expected one of article|win32)");
	expect_failure("{\"standby\": {\"enabled\": \"true\"}}",
		       "FILE:1:25: standby.enabled: \"true\" is a string (expected true or false)");
	expect_failure("{\"standby\": true}",
		       "FILE:1:13: standby: a boolean (expected an object of options)");
	expect_failure(
		"{\"seed\": 9007199254740993}",
		"FILE:1:10: seed: 9007199254740993 is above 2^53 and must be given as a string "
		"(expected a whole number)");
	EXPECT("seed", "9007199254740993", "{\"seed\": \"9007199254740993\"}");
	EXPECT("seed", "9007199254740992", "{\"seed\": 9007199254740992}");
}

static void test_syntax_messages(void)
{
	expect_failure("{\"cores\": 1,}", "FILE:1:13: not JSON from here");
	expect_failure("{\"cores\": 1\n \"seed\": 1}", "FILE:2:2: not JSON from here");
	expect_failure("{cores: 1}", "FILE:1:2: not JSON from here");
	expect_failure("{\"cores\": 1} x", "FILE:1:14: not JSON from here");
	expect_failure("{", "FILE:1:2: the text ends too early");
	expect_failure("{\"cores", "FILE:1:3: not JSON from here"); /* no end of the string */
	expect_failure("{ // \"cores\": 1 }", "FILE:1:18: the text ends too early");
	EXPECT("seed", "4", "{ // one\n \"seed\": 4 // two\n}");
	EXPECT("rules", "win32", "{ \"rules\": \"win32\" } // \"");
}

static void test_not_an_object(void)
{
	vmsim_config *config = vmsim_config_new();
	GError *error = NULL;

	g_assert_false(vmsim_config_load_text(config, " [1]", "FILE", &error));
	g_assert_cmpstr(error->message, ==, "FILE:1:2: an array (expected an object of options)");
	g_clear_error(&error);
	g_assert_false(vmsim_config_load_text(config, "", "FILE", &error));
	g_assert_cmpstr(error->message, ==, "FILE:1:1: the text ends too early");
	g_clear_error(&error);
	vmsim_config_free(config);
}

/* A layer with a mistake in it changes nothing. */
static void test_whole_layers(void)
{
	vmsim_config *config = vmsim_config_new();
	char *before = vmsim_config_dump(config), *after;

	g_assert_false(vmsim_config_load_text(config, "{\"seed\": 5, \"cores\": 99}", "F", NULL));
	after = vmsim_config_dump(config);
	g_assert_cmpstr(before, ==, after);
	g_free(before);
	g_free(after);
	vmsim_config_free(config);
}

static void test_copy(void)
{
	GError *error = NULL;
	vmsim_config *config = MAKE("replacement.clock.bits=3", "seed=9"), *copy;
	char *a, *b;

	copy = vmsim_config_copy(config);
	a = vmsim_config_dump(config);
	vmsim_config_free(config);
	b = vmsim_config_dump(copy);
	g_assert_cmpstr(a, ==, b);
	g_assert_cmpuint(config_policy_options(config_get(copy),
					       (size_t)config_get(copy)->replacement.policy)[1],
			 ==, 3);
	vmsim_config_free(copy);
	g_free(a);
	g_free(b);
}

static void test_files(void)
{
	vmsim_config *config = vmsim_config_new();
	GError *error = NULL;
	char *path;
	int fd = g_file_open_tmp("test_config_XXXXXX", &path, &error);

	g_assert_no_error(error);
	g_close(fd, NULL);
	g_assert_true(g_file_set_contents(path, "\xEF\xBB\xBF{\"seed\": 5}", -1, &error));
	g_assert_true(vmsim_config_load(config, path, &error));
	g_assert_true(g_file_set_contents(path, "{\"seed\": 5\0}", 12, &error));
	g_assert_false(vmsim_config_load(config, path, &error));
	g_assert_nonnull(strstr(error->message, ":1:11: a zero byte"));
	g_clear_error(&error);
	remove(path);
	g_assert_false(vmsim_config_load(config, path, &error));
	g_assert_true(g_error_matches(error, VMSIM_ERROR, VMSIM_ERROR_FILE));
	g_clear_error(&error);
	g_assert_false(vmsim_config_load(config, "/dev/zero", &error)); /* without end */
	g_clear_error(&error);
	g_assert_false(vmsim_config_load(config, "nothing", &error));
	g_assert_nonnull(strstr(error->message, "and no preset of that name: classroom"));
	g_clear_error(&error);
	g_assert_false(vmsim_config_load_below(config, "nothing", &error));
	g_clear_error(&error);
	vmsim_config_free(config);
	g_free(path);
}

/* Any text is refused or taken, never worse; and what is taken can be dumped and loaded. */
static void test_mutations(void)
{
	static const char seed[] =
		"{\"seed\": 5, \"tlb\": {\"l2\": {\"entries\": 1536, \"ways\": \"full\"}},"
		" // c\n \"os\": {\"trap\": \"80ns\"}, \"rules\": \"win32\"}";
	GRand *rand = g_rand_new_with_seed(1);

	for (int i = 0; i < 20000; i++) {
		char text[sizeof seed];
		vmsim_config *config;
		int n = g_rand_int_range(rand, 1, 4);

		memcpy(text, seed, sizeof seed);
		while (n-- > 0)
			text[g_rand_int_range(rand, 0, (gint32)sizeof seed - 1)] =
				"{}[]\",:\\/0 9eE.-x\n\x01\xC3"[g_rand_int_range(rand, 0, 21)];
		config = vmsim_config_new();
		if (vmsim_config_load_text(config, text, "FUZZ", NULL) &&
		    vmsim_config_finish(config, NULL))
			expect_round_trip(config);
		vmsim_config_free(config);
	}
	g_rand_free(rand);
}

static void test_infos(void)
{
	const struct vmsim_option_info *info;
	bool clock = false;
	size_t n = 0;

	for (; (info = vmsim_config_option(n)); n++) {
		g_assert_cmpuint(strlen(info->doc), >, 3);
		clock |= !strcmp(info->path, "replacement.clock.bits");
		g_assert_true(info == vmsim_config_option(n));
		/* Every cost has a source (timing.md). */
		if (!strcmp(info->type, "time"))
			g_assert_cmpstr(info->source, !=, "");
	}
	g_assert_true(clock);
	g_assert_cmpuint(n, >, 60);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/config/defaults", test_defaults);
	g_test_add_func("/config/presets", test_presets);
	g_test_add_func("/config/desktop", test_desktop);
	g_test_add_func("/config/dump", test_dump);
	g_test_add_func("/config/layers", test_layers);
	g_test_add_func("/config/memory-size", test_memory_size);
	g_test_add_func("/config/device", test_device);
	g_test_add_func("/config/disk", test_disk);
	g_test_add_func("/config/types", test_types);
	g_test_add_func("/config/cycles", test_cycles);
	g_test_add_func("/config/tiny", test_tiny);
	g_test_add_func("/config/set-messages", test_set_messages);
	g_test_add_func("/config/json-messages", test_json_messages);
	g_test_add_func("/config/syntax-messages", test_syntax_messages);
	g_test_add_func("/config/not-an-object", test_not_an_object);
	g_test_add_func("/config/whole-layers", test_whole_layers);
	g_test_add_func("/config/copy", test_copy);
	g_test_add_func("/config/files", test_files);
	g_test_add_func("/config/mutations", test_mutations);
	g_test_add_func("/config/infos", test_infos);
	return g_test_run();
}
