/* tick_run.c: the loop over cycles, and where each cycle is booked (T2, T19, T20). */
#include "model/tick.h"

#include <string.h>

/* --- for whom -------------------------------------------------------------------------------- */

unsigned tick_account(const struct tick *t, const struct process *process)
{
	for (guint i = 1; process && i < t->stats.accounts->len; i++)
		if (g_ptr_array_index(t->stats.accounts, i) == process_account(process))
			return i;
	return 0;
}

static struct tick_figures *ledger(struct tick *t, unsigned account)
{
	while (t->ledgers->len <= account) {
		struct tick_figures none = {.counter = {0}};

		g_array_append_val(t->ledgers, none);
	}
	return &g_array_index(t->ledgers, struct tick_figures, account);
}

void tick_count(struct tick *t, unsigned account)
{
	struct tick_figures *figures = ledger(t, account);

	for (int i = 0; i < N_COUNTERS; i++) {
		uint64_t n = counter_value(&t->stats.c, (enum counter_id)i) -
			     counter_value(&t->seen, (enum counter_id)i);

		figures->counter[i] += n;
		t->all.counter[i] += n;
	}
	t->seen = t->stats.c;
}

static void copy_peaks(struct tick_figures *to, const struct counters *from)
{
	for (int i = 0; i < N_COUNTERS; i++)
		if (counter_infos[i].peak)
			to->counter[i] = counter_value(from, (enum counter_id)i);
}

/* --- phases ---------------------------------------------------------------------------------- */

static void end_phase(struct tick *t)
{
	struct tick_part phase = {.name = t->phase, .cycles = t->cycle - t->phase_begin};

	for (int i = 0; i < N_COUNTERS; i++)
		phase.figures.counter[i] = t->all.counter[i] - t->phase_base.counter[i];
	for (int i = 0; i < N_BUCKETS; i++)
		phase.figures.bucket[i] = t->all.bucket[i] - t->phase_base.bucket[i];
	copy_peaks(&phase.figures, &t->stats.phase_peaks);
	g_array_append_val(t->result->phases, phase);
	t->phase = NULL;
}

/* T20: peaks of the new phase begin where things stand. */
void tick_mark(struct tick *t, const char *name)
{
	end_phase(t);
	t->phase = g_strdup(name);
	t->phase_begin = t->cycle;
	t->phase_base = t->all;
	stats_start_peaks(&t->stats.phase_peaks, &t->stats.now);
}

/* --- records --------------------------------------------------------------------------------- */

void tick_stamp(struct tick *t, const struct tick_thread *thread)
{
	t->events.cycle = t->cycle;
	t->events.seq = thread ? thread->index + 1 : 0;
	t->events.pid = thread ? thread->pid : 0;
	t->events.tid = thread ? thread->tid : 0;
}

void tick_record(struct tick *t, struct tick_record record)
{
	record.cycle = t->events.cycle;
	record.seq = t->events.seq;
	record.pid = t->events.pid;
	record.tid = t->events.tid;
	g_array_append_val(t->result->records, record);
}

/* --- booking --------------------------------------------------------------------------------- */

void tick_slice(struct tick *t, struct tick_core *core, enum bucket_id bucket, unsigned account,
		vmsim_cycles cycles)
{
	if (!cycles)
		return;
	if (core->n_slices && !core->slice[core->n_slices - 1].from &&
	    core->slice[core->n_slices - 1].bucket == bucket &&
	    core->slice[core->n_slices - 1].account == account) {
		core->slice[core->n_slices - 1].cycles += cycles;
		return;
	}
	g_assert(core->n_slices < TICK_SLICES);
	core->slice[core->n_slices++] = (struct tick_slice){bucket, cycles, account, NULL};
	(void)t;
}

static void book(struct tick *t, struct tick_core *core, enum bucket_id bucket, unsigned account)
{
	ledger(t, account)->bucket[bucket]++;
	t->all.bucket[bucket]++;
	t->result->core[core->number][bucket]++;
}

/* One cycle of one core goes to one bucket. */
static void book_cycle(struct tick *t, struct tick_core *core)
{
	if (core->n_slices) {
		struct tick_slice *slice = &core->slice[0];

		book(t, core, slice->bucket, slice->account);
		slice->cycles--;
		while (core->n_slices && !slice->cycles) {
			if (slice->from)
				slice->from->unanswered--;
			core->n_slices--;
			memmove(slice, slice + 1, core->n_slices * sizeof(*slice));
		}
		return;
	}
	if (core->round == TICK_SENT) {
		book(t, core, BUCKET_shootdown, core->account);
		return;
	}
	if (core->waits_for != BUCKET_order_wait)
		tick_zero(t, core);
	if (core->waits_for != BUCKET_order_wait && core->zeroing) {
		core->zeroing--;
		book(t, core, BUCKET_kernel, 0);
		return;
	}
	book(t, core, core->waits_for, core->waits_of);
}

/* --- the loop -------------------------------------------------------------------------------- */

/* Everything that happens in this cycle (T2). */
static void happen(struct tick *t)
{
	for (unsigned n = 0;; n++) {
		g_assert_cmpuint(n, <, 100000); /* it would never end */
		do
			tick_settle(t);
		while (tick_take(t));
		if (tick_ended(t))
			return;
		if (tick_complete(t) || tick_hand_over(t) || (!t->background_due && tick_wake(t)) ||
		    tick_timers(t) || tick_background(t) || tick_step_thread(t))
			continue;
		return;
	}
}

static bool busy(struct tick *t)
{
	for (unsigned i = 0; i < t->n_cores; i++)
		if (tick_core_busy(&t->core[i]))
			return true;
	return tick_device_works(t->device) || tick_may_come(t);
}

static void pass(struct tick *t)
{
	for (unsigned i = 0; i < t->n_cores; i++)
		t->core[i].waits_for = tick_waits_for(t, &t->core[i], &t->core[i].waits_of);
	for (unsigned i = 0; i < t->n_cores; i++)
		book_cycle(t, &t->core[i]);
	/* Threads that ran until the end of this cycle (vmm_ran). */
	for (guint i = 0; i < t->threads->len; i++) {
		struct tick_thread *thread = g_ptr_array_index(t->threads, i);

		if (thread->stage != TICK_BETWEEN && thread->core >= 0 &&
		    !t->core[thread->core].background)
			vmm_ran(t->vmm, thread->process, t->cycle + 1);
	}
}

static void loop(struct tick *t)
{
	for (;; t->cycle++) {
		happen(t);
		if (tick_ended(t))
			return;
		if (t->cycle == TICK_LONGEST) {
			t->result->endless = true;
			return;
		}
		if (!busy(t)) {
			t->result->stuck = true;
			return;
		}
		pass(t);
	}
}

/* --- beginning and end ----------------------------------------------------------------------- */

static void listen(void *ctx, const struct vmsim_record *r)
{
	struct tick *t = ctx;

	g_array_append_val(
		t->result->records,
		((struct tick_record){.cycle = r->cycle,
				      .seq = r->seq,
				      .pid = r->pid,
				      .tid = r->tid,
				      .kind = r->kind,
				      .where = r->kind == VMSIM_RECORD_FRAME_STATE ? r->pfn : r->va,
				      .a = r->kind == VMSIM_RECORD_FRAME_STATE ? r->owner_pid
									       : r->pages,
				      .b = r->queued_cycles + r->service_cycles,
				      .from = r->from,
				      .to = r->to}));
}

static void finish(struct tick *t)
{
	struct tick_result *r = t->result;

	r->end = t->cycle;
	end_phase(t);
	r->total = t->all;
	copy_peaks(&r->total, &t->stats.peaks);
	for (guint i = 0; i < t->stats.accounts->len; i++) {
		const struct account *account = g_ptr_array_index(t->stats.accounts, i);
		struct tick_part part = {.pid = account->pid, .figures = *ledger(t, i)};

		copy_peaks(&part.figures, &account->figures.c);
		g_array_append_val(r->processes, part);
	}
}

static void core_init(struct tick *t, unsigned number)
{
	struct tick_core *core = &t->core[number];

	core->number = number;
	mmu_init(&core->mmu, t->config, &t->memory, &t->stats.c);
	mmu_set_clock(&core->mmu, &t->cycle);
	core->asked = g_ptr_array_new();
}

static void thread_free(void *data)
{
	struct tick_thread *thread = data;

	api_call_fini(&thread->call);
	g_free(thread);
}

static void tick_init(struct tick *t)
{
	struct vmm_host host = tick_host(t);
	uint64_t mask = VMSIM_RECORD_BIT(VMSIM_RECORD_PAGE_STATE) |
			VMSIM_RECORD_BIT(VMSIM_RECORD_FRAME_STATE) |
			VMSIM_RECORD_BIT(VMSIM_RECORD_PAGE_IN) |
			VMSIM_RECORD_BIT(VMSIM_RECORD_PAGE_OUT) |
			VMSIM_RECORD_BIT(VMSIM_RECORD_HARD_FAULT);

	stats_init(&t->stats);
	events_init(&t->events);
	t->vmm = vmm_new(t->config, &t->stats, &t->events, &host);
	/* The frames of a shared page table are taken before anybody can listen. */
	events_listen(&t->events, mask, listen, t);
	t->ledgers = g_array_new(FALSE, FALSE, sizeof(struct tick_figures));
	t->threads = g_ptr_array_new_with_free_func(thread_free);
	t->processes = g_hash_table_new(NULL, NULL);
	t->invalidations = g_array_new(FALSE, FALSE, sizeof(struct tick_gone));
	t->given_up = g_array_new(FALSE, FALSE, sizeof(struct tick_given));
	t->submissions = g_ptr_array_new();
	t->device = tick_device_new(t->config);
	memory_init(&t->memory, t->config);
	t->n_cores = (unsigned)t->config->cores;
	for (unsigned i = 0; i < t->n_cores; i++)
		core_init(t, i);
	t->free = t->config->order == ORDER_FREE ? tick_free_new(t->c) : NULL;
	t->next_tick = t->config->standby.enabled ? t->config->bsm.period.cycles : TICK_NEVER;
	t->phase = g_strdup("start");
}

static void release_io(void *io, void *unused)
{
	(void)unused;
	io_free(io);
}

static void tick_fini(struct tick *t)
{
	for (unsigned i = 0; i < t->n_cores; i++) {
		g_ptr_array_foreach(t->core[i].asked, release_io, NULL);
		g_ptr_array_unref(t->core[i].asked);
		mmu_fini(&t->core[i].mmu);
	}
	memory_fini(&t->memory);
	vmm_free(t->vmm);
	tick_device_free(t->device);
	g_ptr_array_unref(t->threads);
	g_hash_table_destroy(t->processes);
	g_array_unref(t->invalidations);
	g_array_unref(t->given_up);
	g_ptr_array_unref(t->submissions);
	g_array_unref(t->ledgers);
	events_fini(&t->events);
	stats_fini(&t->stats);
	tick_free_free(t->free);
	g_free(t->phase);
}

void tick_run(const struct tick_case *c, const vmsim_config *config, struct tick_result *result)
{
	struct tick *t = g_new0(struct tick, 1);

	t->config = config_get(config);
	t->c = c;
	t->result = result;
	tick_init(t);
	loop(t);
	finish(t);
	tick_fini(t);
	g_free(t);
}
