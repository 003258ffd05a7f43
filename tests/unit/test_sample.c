/* test_sample.c: intervals of a run through the public interface: where they end, and that they add
 * up to the totals. */
#include <string.h>
#include <vmsim/vmsim.h>

#define PAGE 0x1000u

struct fixture {
	vmsim_machine *m;
	GArray *ends;           /* of struct vmsim_sample; the arrays are not kept */
	uint64_t counters[128]; /* sums, of peaks the highest */
	uint64_t buckets[64];
	uint64_t io_wait; /* of the last interval */
};

static size_t count(const struct vmsim_counter_info *(*info)(size_t))
{
	size_t n = 0;

	while (info(n))
		n++;
	return n;
}

static void take(void *ctx, const struct vmsim_sample *sample)
{
	struct fixture *f = ctx;
	vmsim_cycles before = 0, stack = 0;
	const struct vmsim_counter_info *info;

	if (f->ends->len)
		before = g_array_index(f->ends, struct vmsim_sample, f->ends->len - 1).cycle;
	for (size_t i = 0; (info = vmsim_counter_info(i)); i++)
		f->counters[i] = info->peak ? MAX(f->counters[i], sample->counters[i])
					    : f->counters[i] + sample->counters[i];
	for (size_t i = 0; (info = vmsim_bucket_info(i)); i++) {
		f->buckets[i] += sample->buckets[i];
		stack += sample->buckets[i];
		if (!strcmp(info->name, "io_wait"))
			f->io_wait = sample->buckets[i];
	}
	g_assert_cmpuint(stack, ==, sample->cycle - before); /* every cycle of it is booked */
	g_array_append_val(f->ends, *sample);
}

/* 16 frames; whatever is not named here costs nothing. A reference takes 1 cycle, a hard fault the
 * device's 1000 more. */
static void set_up(struct fixture *f, enum vmsim_unit unit, uint64_t every, const char *setting)
{
	const char *const settings[] = {
		"clock_ghz=1",
		"memory.frames=16",
		"memory.page_tables=out",
		"standby.enabled=false",
		"pagefile.device=ideal",
		"device.read_latency=1000",
		"replacement.policy=fifo",
		setting,
		"dram.latency=0",
		"tlb.l2.latency=0",
	};
	vmsim_config *config = vmsim_config_new();
	const struct vmsim_option_info *info;
	GError *error = NULL;

	for (size_t i = 0; (info = vmsim_config_option(i)); i++)
		if (g_str_has_prefix(info->path, "os.") && !strcmp(info->unit, "cycles")) {
			char *set = g_strdup_printf("%s=0", info->path);

			g_assert_true(vmsim_config_set(config, set, &error));
			g_free(set);
		}
	for (size_t i = 0; i < G_N_ELEMENTS(settings); i++)
		g_assert_true(vmsim_config_set(config, settings[i], &error));
	*f = (struct fixture){.ends = g_array_new(FALSE, FALSE, sizeof(struct vmsim_sample))};
	g_assert_cmpuint(count(vmsim_counter_info), <=, G_N_ELEMENTS(f->counters));
	g_assert_cmpuint(count(vmsim_bucket_info), <=, G_N_ELEMENTS(f->buckets));
	f->m = vmsim_machine_new(config, &error);
	g_assert_no_error(error);
	vmsim_config_free(config);
	if (every)
		vmsim_machine_sample(f->m, unit, every, take, f);
}

/* Finishes; the samples must add up to the totals. */
static void tear_down(struct fixture *f)
{
	const struct vmsim_counter_info *info;
	const struct vmsim_sample *last;
	GError *error = NULL;
	uint64_t value;

	g_assert_true(vmsim_machine_finish(f->m, &error));
	for (size_t i = 0; (info = vmsim_counter_info(i)); i++) {
		g_assert_true(vmsim_machine_counter(f->m, info->name, &value));
		g_assert_cmpuint(f->counters[i], ==, value);
	}
	for (size_t i = 0; (info = vmsim_bucket_info(i)); i++) {
		g_assert_true(vmsim_machine_bucket(f->m, info->name, &value));
		g_assert_cmpuint(f->buckets[i], ==, value);
	}
	last = &g_array_index(f->ends, struct vmsim_sample, f->ends->len - 1);
	g_assert_cmpuint(last->cycle, ==, vmsim_machine_now(f->m));
	g_assert_cmpuint(last->events, ==, vmsim_machine_events(f->m));
	vmsim_machine_free(f->m);
	g_array_unref(f->ends);
}

static void expect(const struct fixture *f, guint i, vmsim_cycles cycle, uint64_t events)
{
	g_assert_cmpuint(f->ends->len, >, i);
	g_assert_cmpuint(g_array_index(f->ends, struct vmsim_sample, i).cycle, ==, cycle);
	g_assert_cmpuint(g_array_index(f->ends, struct vmsim_sample, i).events, ==, events);
}

/* The store of page `i` of a block. */
static void store(struct fixture *f, uint64_t block, unsigned i)
{
	g_assert_cmpint(vmsim_access(f->m, 1, VMSIM_WRITE, block + i * PAGE, 4, NULL), ==,
			VMSIM_RESULT_OK);
}

/* 17 pages in 16 frames: one call, 17 stores of a cycle each, then the first page again: 1 + 1000,
 * the wait cut where intervals end. */
static void run_over(struct fixture *f)
{
	uint64_t block = vmsim_virtual_alloc(f->m, 1, 0, 17 * PAGE, MEM_RESERVE | MEM_COMMIT,
					     PAGE_READWRITE, NULL);

	for (unsigned i = 0; i < 17; i++)
		store(f, block, i);
	store(f, block, 0);
}

static void test_cycles(void)
{
	struct fixture f;

	set_up(&f, VMSIM_UNIT_CYCLES, 10, "data.latency=0");
	run_over(&f);
	expect(&f, 0, 10, 11); /* the call and ten stores */
	expect(&f, 1, 20, 19); /* seven more, one that faults, 2 cycles of its wait */
	g_assert_cmpuint(f.io_wait, ==, 10);
	for (guint i = 2; i < 101; i++)
		expect(&f, i, 10 * (i + 1), 19);
	g_assert_cmpuint(f.ends->len, ==, 101);
	tear_down(&f);
}

/* Steps of 7 cycles: an interval of 10 ends with the step that reaches its end. */
static void test_uncut(void)
{
	uint64_t block;
	struct fixture f;

	set_up(&f, VMSIM_UNIT_CYCLES, 10, "data.latency=6");
	block = vmsim_virtual_alloc(f.m, 1, 0, PAGE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE,
				    NULL);
	for (int i = 0; i < 7; i++)
		store(&f, block, 0);
	g_assert_cmpuint(f.ends->len, ==, 4);
	g_assert_true(vmsim_machine_finish(f.m, NULL));
	expect(&f, 0, 14, 3); /* the call and two stores */
	expect(&f, 1, 21, 4);
	expect(&f, 2, 35, 6); /* 28 is before 30 */
	expect(&f, 3, 42, 7);
	expect(&f, 4, 49, 8); /* what is left */
	g_assert_cmpuint(f.ends->len, ==, 5);
	tear_down(&f);
}

static void test_events(void)
{
	struct fixture f;

	set_up(&f, VMSIM_UNIT_EVENTS, 5, "data.latency=0");
	run_over(&f);
	g_assert_true(vmsim_machine_finish(f.m, NULL));
	expect(&f, 0, 4, 5);
	expect(&f, 1, 9, 10);
	expect(&f, 2, 14, 15);
	expect(&f, 3, 1018, 19);
	g_assert_cmpuint(f.ends->len, ==, 4);
	tear_down(&f);
}

/* Measuring begins anew: intervals are counted from there, and what came before is forgotten. */
static void test_measure(void)
{
	uint64_t block;
	struct fixture f;

	set_up(&f, VMSIM_UNIT_CYCLES, 10, "data.latency=0");
	block = vmsim_virtual_alloc(f.m, 1, 0, PAGE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE,
				    NULL);
	for (int i = 0; i < 7; i++)
		store(&f, block, 0);
	vmsim_machine_measure(f.m);
	for (int i = 0; i < 11; i++)
		store(&f, block, 0);
	expect(&f, 0, 10, 10);
	tear_down(&f);
}

/* An interval has peaks of its own. */
static void test_peaks(void)
{
	uint64_t block, other;
	struct fixture f;
	size_t committed = 0;

	while (strcmp(vmsim_counter_info(committed)->name, "committed_pages_peak"))
		committed++;
	set_up(&f, VMSIM_UNIT_EVENTS, 2, "data.latency=0");
	block = vmsim_virtual_alloc(f.m, 1, 0, 4 * PAGE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE,
				    NULL);
	other = vmsim_virtual_alloc(f.m, 1, 0, 3 * PAGE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE,
				    NULL);
	vmsim_virtual_free(f.m, 1, other, 0, MEM_RELEASE, NULL);
	g_assert_cmpuint(f.counters[committed], ==, 7);
	f.counters[committed] = 0;
	store(&f, block, 0); /* 7 pages still when this interval began */
	store(&f, block, 0);
	g_assert_cmpuint(f.counters[committed], ==, 7);
	f.counters[committed] = 0;
	store(&f, block, 0);
	store(&f, block, 0);
	g_assert_cmpuint(f.counters[committed], ==, 4);
	f.counters[committed] = 7; /* the highest of all, for the total */
	tear_down(&f);
}

/* Nothing happens: there is nothing to say. */
static void test_nothing(void)
{
	struct fixture f;

	set_up(&f, VMSIM_UNIT_CYCLES, 1, "data.latency=0");
	g_assert_true(vmsim_machine_finish(f.m, NULL));
	g_assert_cmpuint(f.ends->len, ==, 0);
	vmsim_machine_free(f.m);
	g_array_unref(f.ends);
	/* Intervals that end beyond the clock do not end. */
	set_up(&f, VMSIM_UNIT_CYCLES, UINT64_MAX, "data.latency=0");
	run_over(&f);
	g_assert_cmpuint(f.ends->len, ==, 0);
	tear_down(&f);
	set_up(&f, VMSIM_UNIT_EVENTS, UINT64_MAX, "data.latency=0");
	run_over(&f);
	g_assert_cmpuint(f.ends->len, ==, 0);
	tear_down(&f);
}

/* The library looks at figures and changes none: a run that is sampled ends like any other. */
static void test_unseen(void)
{
	vmsim_cycles now[2];

	for (int sampled = 0; sampled < 2; sampled++) {
		struct fixture f;

		set_up(&f, VMSIM_UNIT_CYCLES, sampled ? 3 : 0, "data.latency=0");
		run_over(&f);
		g_assert_true(vmsim_machine_finish(f.m, NULL));
		now[sampled] = vmsim_machine_now(f.m);
		g_assert_true((f.ends->len > 0) == sampled);
		vmsim_machine_free(f.m);
		g_array_unref(f.ends);
	}
	g_assert_cmpuint(now[0], ==, now[1]);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/sample/cycles", test_cycles);
	g_test_add_func("/sample/uncut", test_uncut);
	g_test_add_func("/sample/events", test_events);
	g_test_add_func("/sample/measure", test_measure);
	g_test_add_func("/sample/peaks", test_peaks);
	g_test_add_func("/sample/nothing", test_nothing);
	g_test_add_func("/sample/unseen", test_unseen);
	return g_test_run();
}
