/* test_stress.c: seeded random traces of three processes with two threads each, on small machines
 * of many kinds, every invariant audited after every event.
 *
 * The test keeps a model of its own: a state, a protection and 4096 bytes for every page of an
 * arena. It says before each event how it must end; what it says is fed as the recorded result,
 * so that events may overlap in time and the replay still tells every difference. Legal and illegal
 * calls are mixed. Of bytes that MEM_RESET leaves open the model says nothing; of a page reset and
 * not written since, the replay accepts the old bytes or zeros (I31), as the model lets it. */
#include "stress_calls.h"

/* --- runs ------------------------------------------------------------------------------------ */

struct setup {
	const char *name, *settings;
	uint64_t limit; /* commit limit, pages */
	size_t events;
	bool may_starve; /* a pagefile so small that memory may run out */
};

/* avail_* of small machines are their defaults. Frames and pagefile give the limit (C2). */
static const struct setup setups[] = {
	{"16 frames, lists", "memory.frames=16 memory.page_tables=out pagefile.size=2MiB", 528, 9000,
	 false},
	{"24 frames, textbook, fifo",
	 "memory.frames=24 memory.page_tables=out pagefile.size=2MiB standby.enabled=false "
	 "replacement.policy=fifo", 536, 9000, false},
	{"64 frames, tables in, 4 levels",
	 "memory.frames=64 memory.page_tables=in pagefile.size=2MiB paging.levels=4 "
	 "psc.pml4e.entries=1 psc.pdpte.entries=2 psc.pde.entries=3", 576, 9000, false},
	{"40 frames, process scope, lru, 3 levels",
	 "memory.frames=40 memory.page_tables=in pagefile.size=2MiB replacement.scope=process "
	 "replacement.policy=lru paging.levels=3 vmm.ws_min=24 vmm.ws_max=24", 552, 9000, false},
	{"24 frames, every reference, lru, textbook, process scope",
	 "memory.frames=24 memory.page_tables=out pagefile.size=2MiB standby.enabled=false "
	 "replacement.sees=every-reference replacement.policy=lru replacement.scope=process", 536,
	 9000, false},
	{"32 frames, 20 slots", "memory.frames=32 memory.page_tables=out pagefile.size=80KiB", 52, 9000,
	 true},
	{"48 frames, 9 slots, textbook",
	 "memory.frames=48 memory.page_tables=out pagefile.size=36KiB standby.enabled=false", 57, 9000,
	 true},
	{"64 frames, no pagefile", "memory.frames=64 memory.page_tables=out pagefile.size=0", 64, 9000,
	 true},
	{"20 frames, clean zeros, no pcid, not zeroed, 2 levels",
	 "memory.frames=20 memory.page_tables=out pagefile.size=2MiB memory.zero_fill_dirty=false "
	 "tlb.pcid=false memory.zeroed=false paging.levels=2", 532, 9000, false},
	{"20 frames, textbook, clean zeros, every reference",
	 "memory.frames=20 memory.page_tables=out pagefile.size=2MiB memory.zero_fill_dirty=false "
	 "standby.enabled=false replacement.sees=every-reference tlb.l2.entries=0", 532, 9000, false},
	{"24 frames, store, not zeroed",
	 "memory.frames=24 memory.page_tables=out pagefile.size=2MiB store.enabled=true store.max=40 "
	 "memory.zeroed=false", 536, 9000, false},
	{"40 frames, store, 15 small files",
	 "memory.frames=40 memory.page_tables=out pagefile.size=12KiB pagefile.count=15 "
	 "store.enabled=true store.ratio=33 vmm.mpw_age_private=100000", 85, 9000, true},
	{"16 frames, three files that grow, reservations",
	 "memory.frames=16 memory.page_tables=out pagefile.size=64KiB pagefile.count=3 "
	 "pagefile.max_size=256KiB pagefile.grow_step=12KiB pagefile.reserve=true", 208, 9000, false},
	{"16 frames, a file that grows, textbook",
	 "memory.frames=16 memory.page_tables=out pagefile.size=4KiB pagefile.max_size=2MiB "
	 "pagefile.grow_step=4KiB standby.enabled=false", 528, 9000, false},
	{"36 frames, slow device, small TLB",
	 "memory.frames=36 memory.page_tables=in paging.levels=2 pagefile.size=2MiB "
	 "device.read_latency=3000000 device.write_latency=2000000 device.channels=2 "
	 "tlb.l1d.entries=4 tlb.l1d.ways=2 tlb.l2.entries=8 tlb.l2.ways=4 os.tlb_ceiling=2", 548, 9000,
	 false},
	{"20 frames, lists, dirty bits by software",
	 "memory.frames=20 memory.page_tables=out pagefile.size=2MiB paging.dirty=sw", 532, 9000,
	 false},
	{"24 frames, textbook, every reference, dirty bits by software",
	 "memory.frames=24 memory.page_tables=out pagefile.size=2MiB standby.enabled=false "
	 "replacement.sees=every-reference paging.dirty=sw memory.zero_fill_dirty=false", 536, 9000,
	 false},
	{"40 frames, windows, busy balance set manager",
	 "memory.frames=40 memory.page_tables=in pagefile.size=2MiB replacement.policy=windows "
	 "paging.levels=2 bsm.period=20000 vmm.swap_idle=100000 vmm.age_scan=3 "
	 "vmm.bsm_fault_rate=7 vmm.ws_min=6 vmm.ws_max=13 vmm.lock_overhead=0", 552, 9000, false},
	{"24 frames, windows, textbook",
	 "memory.frames=24 memory.page_tables=out pagefile.size=2MiB replacement.policy=windows "
	 "standby.enabled=false", 536, 9000, false},
	{"600 frames, windows, hard limits",
	 "memory.frames=600 memory.page_tables=out pagefile.size=2MiB replacement.policy=windows "
	 "vmm.avail_low=560 vmm.avail_high=580 bsm.period=50000 vmm.lock_overhead=0", 1112, 9000,
	 false},
	{"600 frames, hard limits, global clock",
	 "memory.frames=600 memory.page_tables=out pagefile.size=2MiB vmm.avail_low=560 "
	 "vmm.avail_high=580 bsm.period=50000 vmm.swap_idle=100000 vmm.lock_overhead=0", 1112, 9000,
	 false},
	{"600 frames, hard limits, lru by process, every reference",
	 "memory.frames=600 memory.page_tables=out pagefile.size=2MiB vmm.avail_low=560 "
	 "vmm.avail_high=580 replacement.policy=lru replacement.scope=process "
	 "replacement.sees=every-reference vmm.lock_overhead=0", 1112, 9000, false},
	{"28 frames, hashed page table", "memory.frames=28 memory.page_tables=in pagefile.size=2MiB "
	 "paging.design=hashed paging.hash.load=100", 540, 9000, false},
	{"24 frames, clustered page table, textbook, not zeroed",
	 "memory.frames=24 memory.page_tables=in pagefile.size=2MiB paging.design=clustered "
	 "paging.hash.load=400 standby.enabled=false memory.zeroed=false", 536, 9000, false},
	{"24 frames, inverted page table, 3 levels",
	 "memory.frames=24 memory.page_tables=in pagefile.size=2MiB paging.design=inverted "
	 "paging.levels=3 paging.dirty=sw", 536, 9000, false},
	{"40 frames, 5 levels", "memory.frames=40 memory.page_tables=in pagefile.size=2MiB "
	 "paging.levels=5 psc.pml5e.entries=2 psc.pde.entries=2", 552, 9000, false},
	{"64 frames, entries for groups, two PCIDs",
	 "memory.frames=64 memory.page_tables=out pagefile.size=2MiB tlb.coalesce.kind=bitmap "
	 "tlb.coalesce.pages=8 tlb.prefetch.kind=distance tlb.pcids=2 tlb.l1d.replacement=tree-plru "
	 "tlb.l3.entries=64", 576, 9000, false},
	{"48 frames, one first level, an exclusive second, an inclusive third",
	 "memory.frames=48 memory.page_tables=out pagefile.size=2MiB tlb.unified=true "
	 "tlb.l1d.entries=6 tlb.l1d.ways=3 tlb.l1d.replacement=srrip tlb.l2.entries=8 tlb.l2.ways=2 "
	 "tlb.l2.inclusion=exclusive tlb.l3.entries=32 tlb.l3.ways=4 tlb.l3.inclusion=inclusive "
	 "tlb.prefetch.kind=next-page", 560, 9000, false},
	{"32 frames, four cores", "cores=4 memory.frames=32 memory.page_tables=in pagefile.size=2MiB",
	 544, 9000, false},
	{"24 frames, two cores, textbook, no PCIDs",
	 "cores=2 memory.frames=24 memory.page_tables=out pagefile.size=2MiB standby.enabled=false "
	 "tlb.pcid=false os.tlb_ceiling=2", 536, 9000, false},
	{"36 frames, 64 cores, policy windows, frames not zeroed, structure caches",
	 "cores=64 memory.frames=36 memory.page_tables=in pagefile.size=2MiB memory.zeroed=false "
	 "replacement.policy=windows psc.pde.entries=4 psc.pml4e.entries=2 bsm.period=100000", 548, 6000,
	 false},
	{"28 frames, four references in flight, data in caches, a guest",
	 "core.mlp=4 walker.count=2 caches.data=true caches.l1.size=4KiB caches.l2.size=64KiB "
	 "nested.enabled=true nested.tlb.entries=8 memory.frames=28 memory.page_tables=in "
	 "pagefile.size=2MiB", 540, 9000, false},
	{"30 frames, three cores, free order",
	 "order=free cores=3 sched.quantum=20000 memory.frames=30 memory.page_tables=out "
	 "pagefile.size=2MiB", 542, 9000, false},
	{"24 frames, one core, free order, textbook, read ahead a little",
	 "order=free sched.quantum=3000 sched.window=64 memory.frames=24 memory.page_tables=out "
	 "pagefile.size=2MiB standby.enabled=false", 536, 9000, false},
};

/* Where threads go their own way the model does not know what they find; invariants hold. */
static bool is_free(const struct setup *setup)
{
	return strstr(setup->settings, "order=free");
}

static void complain(void *ctx, const struct vmsim_record *r)
{
	(void)ctx;
	g_test_message("event %" G_GUINT64_FORMAT ", process %u: %s: expected %s, got %s", r->seq,
		       r->pid, r->call, r->expected, r->got);
}

static vmsim_machine *machine(const char *settings)
{
	char *all = g_strconcat("rules=win32 trace.implicit_commit=false pagefile.device=nvme ",
				settings, NULL);
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
	if (!strstr(settings, "order=free"))
		vmsim_machine_listen(m, VMSIM_RECORD_BIT(VMSIM_RECORD_DIVERGENCE), complain, NULL);
	vmsim_config_free(config);
	g_strfreev(each);
	g_free(all);
	return m;
}

static uint64_t counter(vmsim_machine *m, const char *name)
{
	uint64_t value = 0;

	g_assert_true(vmsim_machine_counter(m, name, &value));
	return value;
}

static uint64_t total_writes, total_hard, total_lost, total_transition, total_repurposed;
static uint64_t total_swapped;

/* Events of one run; calls live as long as events that may wait in them. */
static void generate(struct model *m, struct vmsim_event *events, struct vmsim_call *calls,
		     size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned who = (unsigned)draw(m, PROCESSES);
		struct vmsim_event *e = &events[i];

		*e = (struct vmsim_event){.pid = 10 + who, .tid = (uint32_t)(1 + draw(m, 2)),
					  .line = i + 1, .size = 1};
		if (draw(m, 5) == 0) {
			e->flags |= VMSIM_EV_GAP;
			e->time = draw(m, 50000);
		}
		if (draw(m, 100) < 12 || i < 30) {
			e->op = VMSIM_OP_CALL;
			e->call = &calls[i];
			make_call(m, &m->space[who], &calls[i]);
		} else {
			make_access(m, &m->space[who], e);
		}
	}
}

static void finish(vmsim_machine *vm, const struct setup *setup, const struct model *m,
		   bool starved)
{
	GError *error = NULL;

	if (!is_free(setup))
		g_assert_cmpuint(vmsim_machine_divergences(vm), ==, 0);
	total_writes += counter(vm, "page_writes");
	total_hard += counter(vm, "hard_faults");
	total_lost += counter(vm, "pages_reset_lost");
	total_transition += counter(vm, "transition_faults");
	total_repurposed += counter(vm, "pages_repurposed");
	total_swapped += counter(vm, "processes_swapped");
	if (!starved) {
		vmsim_machine_finish(vm, &error);
		g_assert_no_error(error);
	}
	if (!starved && !is_free(setup)) {
		g_assert_cmpuint(vmsim_machine_divergences(vm), ==, 0);
		g_assert_cmpuint(m->ok, >, m->accesses * 11 / 20);
		g_assert_cmpuint(m->calls_ok, >, m->calls / 4);
		/* values were compared, but for bytes that the replay does not know */
		g_assert_cmpuint(counter(vm, "values_compared"), <=, m->values);
		g_assert_cmpuint(counter(vm, "values_compared"), >, m->values * 9 / 10);
		if (!setup->may_starve)
			g_assert_cmpuint(counter(vm, "page_writes"), >, 0);
	}
	vmsim_machine_free(vm);
}

static void run(const struct setup *setup, uint64_t seed)
{
	struct vmsim_event *events = g_new0(struct vmsim_event, setup->events);
	struct vmsim_call *calls = g_new0(struct vmsim_call, setup->events);
	struct model *m = g_new0(struct model, 1);
	vmsim_machine *vm = machine(setup->settings);
	GError *error = NULL;
	bool starved;
	size_t done;

	m->limit = setup->limit;
	m->roomy = strstr(setup->settings, "memory.frames=600");
	m->rng.state = seed;
	generate(m, events, calls, setup->events);
	vmsim_machine_feed(vm, events, setup->events, &done, &error);
	starved = g_error_matches(error, VMSIM_ERROR, VMSIM_ERROR_NO_PAGES);
	if (starved && setup->may_starve)
		g_test_message("%s: no pages after %zu events", setup->name, done);
	else
		g_assert_no_error(error);
	g_clear_error(&error);
	finish(vm, setup, m, starved);
	for (size_t i = 0; i < setup->events; i++)
		g_free(calls[i].recorded.pages);
	g_free(m);
	g_free(calls);
	g_free(events);
}

static void test_setup(gconstpointer data)
{
	const struct setup *setup = data;

	/* what the audits look for (tests/unit/test_audit.c), and contents */
	RULES("I1 I2 I3 I4 I5 I6 I7 I8 I9 I10 I11 I12 I13 I14 I15 I16 I17 I18 I19 I20 I21 I22 I23 "
	      "I24 I25 I26 I27 I28 I29 I30 I31 I32 I33 I34 I35 I36 I37");
	for (uint64_t seed = 1; seed <= 2; seed++) {
		g_test_message("%s, seed %" G_GUINT64_FORMAT, setup->name, seed);
		run(setup, seed * 1000003);
	}
}

/* --- a call that waits while the reader goes on ---------------------------------------------- */

#define BATCH 256 /* events; any number will do */

/* At every place of a batch a lock begins that must read its page from a slow device, while another
 * process goes on for longer than a batch, with calls of its own in the reader's same slots. */
static GString *batch_trace(unsigned before)
{
	GString *t = g_string_new("# vmtrace 1\n%rules win32\n");

	g_string_append(t, "1 VirtualAlloc(0x100000, 0x20000, MEM_RESERVE|MEM_COMMIT, PAGE_READWRITE)"
			   " = 0x100000\n");
	for (unsigned i = 0; i < 32; i++)
		g_string_append_printf(t, "1 W 0x%x 8 0x%x = OK\n", 0x100000 + i * P, i + 1);
	g_string_append(t, "2 VirtualAlloc(0x100000, 0x2000, MEM_RESERVE|MEM_COMMIT, PAGE_READWRITE)"
			   " = 0x100000\n");
	for (unsigned i = 0; i < before; i++)
		g_string_append(t, "2 R 0x100000 8 = 0x0\n");
	g_string_append(t, "1 VirtualLock(0x100000, 0x1000) = TRUE\n");
	for (unsigned i = 0; i < 2 * BATCH; i++)
		g_string_append(t, i % 3 ? "2 R 0x101000 8 = 0x0\n"
					 : "2 VirtualUnlock(0x101000, 0x1000) = FALSE "
					   "ERROR_NOT_LOCKED\n");
	g_string_append(t, "1 R 0x100000 8 = 0x1\n1 VirtualUnlock(0x100000, 0x1000) = TRUE\n");
	return t;
}

static void replay_file(const char *path)
{
	vmsim_machine *vm = machine("memory.frames=8 memory.page_tables=out pagefile.size=1MiB "
				    "device.read_latency=1000000000");
	const struct vmsim_event *events;
	GError *error = NULL;
	vmsim_trace *trace = vmsim_trace_open(path, NULL, NULL, &error);
	size_t n;

	g_assert_no_error(error);
	vmsim_machine_begin_trace(vm, trace);
	while ((n = vmsim_trace_next(trace, &events, &error)) > 0) {
		vmsim_machine_feed(vm, events, n, NULL, &error);
		g_assert_no_error(error);
	}
	g_assert_no_error(error);
	vmsim_machine_finish(vm, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(vmsim_machine_divergences(vm), ==, 0);
	g_assert_cmpuint(counter(vm, "hard_faults"), >, 0);
	vmsim_trace_close(trace);
	vmsim_machine_free(vm);
}

static void test_batches(void)
{
	char *path = NULL;
	int fd = g_file_open_tmp("vmsim-XXXXXX.vmt", &path, NULL);

	g_assert_cmpint(fd, >=, 0);
	g_close(fd, NULL);
	for (unsigned before = BATCH - 40; before < BATCH; before++) {
		GString *text = batch_trace(before);

		g_assert_true(g_file_set_contents(path, text->str, (gssize)text->len, NULL));
		replay_file(path);
		g_string_free(text, TRUE);
	}
	remove(path);
	g_free(path);
}

static void test_totals(void)
{
	g_test_message("%" G_GUINT64_FORMAT " writes, %" G_GUINT64_FORMAT " hard faults, %"
		       G_GUINT64_FORMAT " transition faults, %" G_GUINT64_FORMAT
		       " repurposed, %" G_GUINT64_FORMAT " lost", total_writes, total_hard,
		       total_transition, total_repurposed, total_lost);
	g_assert_cmpuint(total_writes, >, 1000);
	g_assert_cmpuint(total_hard, >, 1000);
	g_assert_cmpuint(total_transition, >, 1000);
	g_assert_cmpuint(total_repurposed, >, 1000);
	g_assert_cmpuint(total_swapped, >, 10);
	g_assert_cmpuint(total_lost, >, 100);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(setups); i++) {
		char *path = g_strdup_printf("/stress/%02zu %s", i, setups[i].name);

		g_test_add_data_func(path, &setups[i], test_setup);
		g_free(path);
	}
	g_test_add_func("/stress/batches", test_batches);
	g_test_add_func("/stress/totals", test_totals);
	return g_test_run();
}
