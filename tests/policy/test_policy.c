/* test_policy.c: every registered policy against a stub of the memory manager, in both ways of
 * seeing references; the textbooks' sequences; and a policy of a user's. */
#include "policy/stub.h"
#include "rules.h"

/* --- conformance ----------------------------------------------------------------------------- */

static void for_all(void (*test)(const struct replace_ops *ops, bool every))
{
	const struct replace_ops *ops;

	for (size_t i = 0; (ops = vmsim_policy_at(i)); i++)
		for (int every = 0; every < 2; every++) {
			g_test_message("%s, %s", ops->name, every ? "every-reference" : "bits");
			test(ops, every);
		}
}

static void descriptors(const struct replace_ops *ops, bool every)
{
	(void)every;
	g_assert_cmpuint(ops->abi, ==, VMSIM_POLICY_ABI);
	g_assert_cmpuint(strlen(ops->doc), >, 8);
	g_assert_cmpuint(ops->state_size, >, 0);
	g_assert_true(vmsim_policy_find(ops->name) == ops);
	g_assert_true(ops->init && ops->fini && ops->page_in && ops->removed &&
		      ops->select_victim && ops->check);
	for (size_t i = 0; i < ops->n_options; i++) {
		const struct vmsim_policy_option *o = &ops->options[i];

		g_assert_true(o->min <= o->def && o->def <= o->max);
		g_assert_cmpuint(strlen(o->doc), >, 8);
	}
}

static void nothing(const struct replace_ops *ops, bool every)
{
	struct stub s;

	stub_init(&s, ops, every, FRAMES);
	g_assert_cmpuint(victim(&s), ==, VMSIM_NO_PFN); /* nothing resident */
	page_in(&s, 3);
	s.pinned[3] = true;
	g_assert_cmpuint(victim(&s), ==, VMSIM_NO_PFN); /* nothing evictable */
	s.pinned[3] = false;
	g_assert_cmpuint(victim(&s), ==, 3);
	g_assert_cmpuint(victim(&s), ==, 3); /* selecting does not remove */
	page_out(&s, 3);
	g_assert_cmpuint(victim(&s), ==, VMSIM_NO_PFN);
	page_in(&s, 3); /* and may come again */
	g_assert_cmpuint(victim(&s), ==, 3);
	stub_fini(&s);
}

/* One page evictable among many pinned ones, wherever it stands. */
static void pinned(const struct replace_ops *ops, bool every)
{
	for (vmsim_pfn odd = 0; odd < FRAMES; odd++) {
		struct stub s;

		stub_init(&s, ops, every, FRAMES);
		for (vmsim_pfn f = 0; f < FRAMES; f++) {
			page_in(&s, (f * 7) % FRAMES);
			s.pinned[(f * 7) % FRAMES] = true;
		}
		s.pinned[odd] = false;
		for (int i = 0; i < 3; i++) {
			reference(&s, &odd, 1);
			g_assert_cmpuint(victim(&s), ==, odd);
		}
		page_out(&s, odd);
		g_assert_cmpuint(victim(&s), ==, VMSIM_NO_PFN);
		stub_fini(&s);
	}
}

/* Pages leave from anywhere: first, middle, last. */
static void removal(const struct replace_ops *ops, bool every)
{
	for (vmsim_pfn gone = 0; gone < 5; gone++) {
		struct stub s;

		stub_init(&s, ops, every, FRAMES);
		for (vmsim_pfn f = 0; f < 5; f++)
			page_in(&s, f);
		page_out(&s, gone);
		g_assert_true(ops->check(s.state));
		while (s.n) {
			vmsim_pfn frame = victim(&s);

			g_assert_cmpuint(frame, !=, gone);
			page_out(&s, frame);
		}
		stub_fini(&s);
	}
}

static void random_step(struct stub *s, struct rng *rng)
{
	vmsim_pfn frame = (vmsim_pfn)rng_below(rng, FRAMES), batch[5];
	uint64_t kind = rng_below(rng, 10);

	if (kind < 3 && !s->resident[frame]) {
		page_in(s, frame);
	} else if (kind < 7 && s->resident[frame]) {
		size_t n = 0;

		for (size_t i = 0; i < G_N_ELEMENTS(batch); i++) {
			vmsim_pfn f = (vmsim_pfn)((frame + rng_below(rng, 4)) % FRAMES);

			if (s->resident[f])
				batch[n++] = f;
		}
		if (n)
			reference(s, batch, n);
	} else if (kind == 7 && s->resident[frame]) {
		page_out(s, frame);
	} else if (kind == 8) {
		s->pinned[frame] = s->resident[frame] && !s->pinned[frame];
	} else if (kind == 9) {
		frame = victim(s);
		if (frame != VMSIM_NO_PFN)
			page_out(s, frame);
	}
}

/* Twins given the same calls choose the same, at different addresses (T5). */
static void random_twins(const struct replace_ops *ops, bool every)
{
	for (uint64_t seed = 0; seed < 20; seed++) {
		struct rng a = {seed}, b = {seed};
		struct stub s, twin;

		stub_init(&s, ops, every, FRAMES);
		stub_init(&twin, ops, every, FRAMES);
		for (int i = 0; i < 2000; i++) {
			random_step(&s, &a);
			random_step(&twin, &b);
			g_assert_true(ops->check(s.state));
			g_assert_true(!memcmp(s.resident, twin.resident, sizeof(s.resident)));
		}
		stub_fini(&s);
		stub_fini(&twin);
	}
}

static void test_descriptors(void) { for_all(descriptors); }
static void test_nothing(void) { for_all(nothing); }
static void test_pinned(void) { for_all(pinned); }
static void test_removal(void) { for_all(removal); }
static void test_random(void) { for_all(random_twins); }

/* --- the textbooks --------------------------------------------------------------------------- */

/* Faults of a string of pages in n frames, by a policy that sees every reference. */
static unsigned faults(const char *policy, const char *pages, uint32_t n)
{
	int frame_of[256], page_in_frame[FRAMES];
	vmsim_pfn used = 0;
	unsigned count = 0;
	struct stub s;

	stub_init(&s, vmsim_policy_find(policy), true, n);
	memset(frame_of, -1, sizeof(frame_of));
	for (const char *p = pages; *p; p++) {
		vmsim_pfn frame;

		if (frame_of[(uint8_t)*p] >= 0) {
			frame = (vmsim_pfn)frame_of[(uint8_t)*p];
			reference(&s, &frame, 1);
			continue;
		}
		count++;
		frame = used < n ? used++ : victim(&s);
		if (s.resident[frame]) {
			frame_of[page_in_frame[frame]] = -1;
			page_out(&s, frame);
		}
		frame_of[(uint8_t)*p] = (int)frame;
		page_in_frame[frame] = (uint8_t)*p;
		page_in(&s, frame);
	}
	stub_fini(&s);
	return count;
}

static void test_textbook(void)
{
	static const char belady[] = "123412512345";
	static const char silberschatz[] = "70120304230321201701";

	g_assert_cmpuint(faults("fifo", belady, 3), ==, 9); /* Belady's anomaly */
	g_assert_cmpuint(faults("fifo", belady, 4), ==, 10);
	g_assert_cmpuint(faults("lru", belady, 3), ==, 10);
	g_assert_cmpuint(faults("lru", belady, 4), ==, 8);
	g_assert_cmpuint(faults("fifo", silberschatz, 3), ==, 15);
	g_assert_cmpuint(faults("lru", silberschatz, 3), ==, 12);
	g_assert_cmpuint(faults("fifo", silberschatz, 20), ==, 6);
	g_assert_cmpuint(faults("clock", silberschatz, 20), ==, 6);
	g_assert_cmpuint(faults("lru", silberschatz, 1), ==, 20);
}

/* Clock by hand. 3 frames, reference bits set on insertion:
 *   1 2 3 | 4: all bits set, cleared in turn, 1 goes: 2' 3' 4
 *   2 (hit: bit) | 5: hand at 2, set: spared; 3 goes: 4 2' 5 */
static void test_clock(void)
{
	struct stub s;

	stub_init(&s, vmsim_policy_find("clock"), true, FRAMES);
	for (vmsim_pfn f = 1; f <= 3; f++)
		page_in(&s, f);
	g_assert_cmpuint(victim(&s), ==, 1);
	page_out(&s, 1);
	page_in(&s, 4);
	reference(&s, &(vmsim_pfn){2}, 1);
	g_assert_cmpuint(victim(&s), ==, 3);
	page_out(&s, 3);
	page_in(&s, 5);
	g_assert_cmpuint(victim(&s), ==, 2); /* 4 is spared, then 2 has no bit */
	stub_fini(&s);
}

/* bits=2: a page referenced three times survives three passes. */
static void test_clock_options(void)
{
	const struct replace_ops *ops = vmsim_policy_find("clock");
	struct stub s;

	stub_init(&s, ops, true, FRAMES);
	stub_fini(&s);
	for (size_t i = 0; i < ops->n_options; i++) {
		if (g_str_equal(ops->options[i].name, "bits"))
			s.options[i] = 2;
		if (g_str_equal(ops->options[i].name, "insert_referenced"))
			s.options[i] = 0;
	}
	s.state = g_malloc0(ops->state_size);
	s.env.options = s.options;
	ops->init(s.state, &s.env);
	page_in(&s, 0);
	page_in(&s, 1);
	reference(&s, (vmsim_pfn[]){0, 0, 0, 0, 0, 1, 1}, 7); /* 0 has 3, 1 has 2 */
	g_assert_cmpuint(victim(&s), ==, 1);
	page_out(&s, 1);
	page_in(&s, 2); /* not referenced by its insertion; 0 lost its last count in the search */
	reference(&s, &(vmsim_pfn){0}, 1);
	g_assert_cmpuint(victim(&s), ==, 2);
	stub_fini(&s);
}

/* With accessed bits LRU spares what was used since it was last looked at. */
static void test_accessed_bits(void)
{
	static const char *const names[] = {"lru", "clock"};

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		struct stub s;

		stub_init(&s, vmsim_policy_find(names[i]), false, FRAMES);
		for (vmsim_pfn f = 0; f < 4; f++)
			page_in(&s, f);
		g_assert_cmpuint(victim(&s), ==, 0); /* all accessed: the oldest after a round */
		page_out(&s, 0);
		s.accessed[1] = true;
		g_assert_cmpuint(victim(&s), ==, 2);
		page_out(&s, 2);
		g_assert_cmpuint(victim(&s), ==, 3);
		stub_fini(&s);
	}
	for (int every = 0; every < 2; every++) { /* FIFO does not care */
		struct stub s;

		stub_init(&s, vmsim_policy_find("fifo"), every, FRAMES);
		for (vmsim_pfn f = 0; f < 4; f++)
			page_in(&s, 3 - f);
		reference(&s, &(vmsim_pfn){3}, 1);
		g_assert_cmpuint(victim(&s), ==, 3);
		stub_fini(&s);
	}
}

/* --- ages ------------------------------------------------------------------------------------ */

/* Windows' policy by hand, W4: what was referenced is young, what was not grows older, three times;
 * the look goes on where it stopped. */
static void windows_ages(bool every)
{
	const struct replace_ops *ops = vmsim_policy_find("windows");
	struct stub s;

	stub_init(&s, ops, every, FRAMES);
	for (vmsim_pfn f = 0; f < 5; f++)
		page_in(&s, f);
	g_assert_cmpuint(ops->count_aged(s.state, 0), ==, 5);
	g_assert_cmpuint(ops->scan(s.state, 2), ==, 2); /* 0, 1: referenced by coming in */
	g_assert_cmpuint(ops->scan(s.state, 99), ==, 5); /* 2, 3, 4: likewise; 0, 1: older */
	g_assert_cmpuint(ops->count_aged(s.state, 1), ==, 2);
	reference(&s, &(vmsim_pfn){3}, 1);
	g_assert_cmpuint(ops->scan(s.state, 3), ==, 3); /* 2: 1; 3: 0 again; 4: 1 */
	g_assert_cmpuint(ops->count_aged(s.state, 0), ==, 1);
	g_assert_cmpuint(ops->count_aged(s.state, 1), ==, 4);
	g_assert_cmpuint(ops->scan(s.state, 1), ==, 1); /* 0: 2 */
	g_assert_cmpuint(ops->select_aged(s.state, 2), ==, 0);
	g_assert_cmpuint(ops->select_aged(s.state, 1), ==, 1); /* the next to be looked at */
	s.pinned[1] = true;
	g_assert_cmpuint(ops->select_aged(s.state, 1), ==, 2);
	g_assert_cmpuint(ops->select_aged(s.state, 0), ==, 3);
	g_assert_cmpuint(ops->select_aged(s.state, 3), ==, VMSIM_NO_PFN);
	g_assert_cmpuint(victim(&s), ==, 0);
	for (int i = 0; i < 3; i++)
		ops->scan(s.state, 5);
	g_assert_cmpuint(ops->count_aged(s.state, 3), ==, 5); /* and not older */
	g_assert_cmpuint(ops->scan(s.state, 5), ==, 0);
	g_assert_true(ops->check(s.state));
	page_out(&s, 0);
	g_assert_cmpuint(ops->count_aged(s.state, 3), ==, 4);
	page_in(&s, 0); /* young again */
	g_assert_cmpuint(ops->select_aged(s.state, 0), ==, 0);
	stub_fini(&s);
}

/* All of age 0: the first that was not referenced since it was looked at. */
static void windows_second_chance(bool every)
{
	const struct replace_ops *ops = vmsim_policy_find("windows");
	struct stub s;

	stub_init(&s, ops, every, FRAMES);
	for (vmsim_pfn f = 0; f < 4; f++)
		page_in(&s, f);
	ops->scan(s.state, 4);
	reference(&s, (vmsim_pfn[]){0, 2}, 2);
	g_assert_cmpuint(victim(&s), ==, 1);
	stub_fini(&s);
}

static void test_ages(void)
{
	RULES("W4");
	for (int every = 0; every < 2; every++) {
		windows_ages(every);
		windows_second_chance(every);
	}
}

/* --- a policy of a user's: last in, first out ------------------------------------------------ */

struct lifo {
	const struct replace_env *env;
	GArray *stack;
};

static unsigned lifo_selected, lifo_inits, lifo_finis;
static uint64_t lifo_told;

static void lifo_init(void *state, const struct replace_env *env)
{
	struct lifo *l = state;

	l->env = env;
	l->stack = g_array_new(FALSE, FALSE, sizeof(vmsim_pfn));
	lifo_inits++;
}

static void lifo_fini(void *state)
{
	g_array_unref(((struct lifo *)state)->stack);
	lifo_finis++;
}

static void lifo_page_in(void *state, vmsim_pfn frame)
{
	g_array_append_val(((struct lifo *)state)->stack, frame);
}

static void lifo_removed(void *state, vmsim_pfn frame)
{
	GArray *stack = ((struct lifo *)state)->stack;

	for (guint i = 0; i < stack->len; i++)
		if (g_array_index(stack, vmsim_pfn, i) == frame) {
			g_array_remove_index(stack, i);
			return;
		}
	g_assert_not_reached();
}

static void lifo_referenced(void *state, const vmsim_pfn *frames, size_t n)
{
	(void)state;
	(void)frames;
	lifo_told += n;
}

static vmsim_pfn lifo_select(void *state)
{
	struct lifo *l = state;

	lifo_selected++;
	for (guint i = l->stack->len; i-- > 0;) {
		vmsim_pfn frame = g_array_index(l->stack, vmsim_pfn, i);

		if (l->env->evictable(l->env->ctx, frame))
			return frame;
	}
	return VMSIM_NO_PFN;
}

static bool lifo_check(const void *state)
{
	return ((const struct lifo *)state)->stack != NULL;
}

static const struct vmsim_policy_option lifo_options[] = {
	{"depth", false, 5, 1, 9, "An option that only has to arrive"},
};

static const struct replace_ops lifo_ops = {
	.abi = VMSIM_POLICY_ABI,
	.name = "test-lifo",
	.doc = "Last in, first out: for this test",
	.options = lifo_options,
	.n_options = 1,
	.state_size = sizeof(struct lifo),
	.init = lifo_init,
	.fini = lifo_fini,
	.page_in = lifo_page_in,
	.referenced = lifo_referenced,
	.removed = lifo_removed,
	.select_victim = lifo_select,
	.check = lifo_check,
};

static uint64_t run_faults(const char *policy)
{
	static const char *const settings[] = {
		"memory.frames=4",	"memory.page_tables=out",    "standby.enabled=false",
		"pagefile.size=1MiB",	"pagefile.device=ideal",     "trace.implicit_commit=false",
		"replacement.sees=every-reference", "memory.zero_fill_dirty=false"};
	vmsim_config *config = vmsim_config_new();
	GError *error = NULL;
	vmsim_machine *m;
	uint64_t n = 0, base;
	char *choice = g_strconcat("replacement.policy=", policy, NULL);

	vmsim_config_set(config, choice, &error);
	for (size_t i = 0; i < G_N_ELEMENTS(settings) && !error; i++)
		vmsim_config_set(config, settings[i], &error);
	g_assert_no_error(error);
	m = vmsim_machine_new(config, &error);
	g_assert_no_error(error);
	vmsim_machine_set_audit(m, VMSIM_AUDIT_FULL);
	base = vmsim_virtual_alloc(m, 1, 0, 0x5000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE, NULL);
	for (int lap = 0; lap < 10; lap++) /* a loop over five pages in four frames */
		for (unsigned i = 0; i < 5; i++)
			g_assert_cmpint(vmsim_access(m, 1, VMSIM_READ, base + i * 0x1000, 1, NULL),
					==, VMSIM_RESULT_OK);
	g_assert_true(vmsim_machine_finish(m, &error));
	g_assert_true(vmsim_machine_counter(m, "page_faults", &n));
	vmsim_machine_free(m);
	vmsim_config_free(config);
	g_free(choice);
	return n;
}

static void test_register(void)
{
	struct replace_ops wrong = lifo_ops;

	wrong.abi++;
	wrong.name = "test-wrong";
	g_assert_false(vmsim_policy_register(&wrong));
	wrong = lifo_ops;
	wrong.scan = vmsim_policy_find("windows")->scan; /* some of the verbs of ages */
	g_assert_false(vmsim_policy_register(&wrong));
	wrong = lifo_ops;
	wrong.name = "lru";
	g_assert_false(vmsim_policy_register(&wrong)); /* taken */
	g_assert_true(vmsim_policy_register(&lifo_ops));
	g_assert_false(vmsim_policy_register(&lifo_ops));
	g_assert_true(vmsim_policy_find("test-lifo") == &lifo_ops);
	/* LRU and FIFO miss always; last in, first out keeps the first three: 5 misses on the first
	 * lap, then two a lap, the last two pages taking each other's frame. */
	g_assert_cmpuint(run_faults("lru"), ==, 50);
	g_assert_cmpuint(run_faults("fifo"), ==, 50);
	lifo_selected = 0;
	lifo_told = 0;
	g_assert_cmpuint(run_faults("test-lifo"), ==, 5 + 9 * 2);
	/* the reference that faults is told by page_in alone (T22) */
	g_assert_cmpuint(lifo_told, ==, 50 - (5 + 9 * 2));
	g_assert_cmpuint(lifo_selected, >, 5);
	g_assert_cmpuint(lifo_inits, ==, lifo_finis);
	g_assert_cmpuint(lifo_inits, ==, 1);
	for_all(descriptors); /* and conforms as built-in ones do */
	for_all(nothing);
	for_all(pinned);
	for_all(removal);
	for_all(random_twins);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/policy/descriptors", test_descriptors);
	g_test_add_func("/policy/nothing", test_nothing);
	g_test_add_func("/policy/pinned", test_pinned);
	g_test_add_func("/policy/removal", test_removal);
	g_test_add_func("/policy/random", test_random);
	g_test_add_func("/policy/textbook", test_textbook);
	g_test_add_func("/policy/clock", test_clock);
	g_test_add_func("/policy/clock-options", test_clock_options);
	g_test_add_func("/policy/accessed-bits", test_accessed_bits);
	g_test_add_func("/policy/ages", test_ages);
	g_test_add_func("/policy/register", test_register);
	return g_test_run();
}
