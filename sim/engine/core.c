/* core.c: cores. See core.h. */
#include "engine/clock.h"

void core_init(struct vmsim_machine *m)
{
	m->n_cores = (unsigned)m->config->cores;
	m->many = m->n_cores > 1;
	m->cores = g_new0(struct core, m->n_cores);
	for (unsigned i = 0; i < m->n_cores; i++) {
		struct core *core = &m->cores[i];

		core->id = i;
		core->asleep = true;
		core->spaces = g_hash_table_new(NULL, NULL);
		core->step = g_array_new(FALSE, FALSE, sizeof(struct booking));
		mmu_init(&core->mmu, m->config, &m->memory, &m->stats.c);
		mmu_set_clock(&core->mmu, &m->now);
		core->overlap = overlap_new(m->config);
	}
	m->core = m->cores;
	m->mmu = &m->core->mmu;
	m->idle_from = m->idle_until = DEVICE_NEVER;
	m->submitted = g_array_new(FALSE, FALSE, sizeof(struct submission));
	m->given_up = g_array_new(FALSE, FALSE, sizeof(struct given_up));
	m->held = g_array_new(FALSE, FALSE, sizeof(vmsim_pfn));
}

void core_fini(struct vmsim_machine *m)
{
	for (unsigned i = 0; i < m->n_cores; i++) {
		struct core *core = &m->cores[i];

		mmu_fini(&core->mmu);
		overlap_free(core->overlap);
		g_hash_table_destroy(core->spaces);
		g_array_unref(core->step);
	}
	g_free(m->cores);
	for (guint i = 0; i < m->submitted->len; i++) /* the run ended before they set out */
		io_free(g_array_index(m->submitted, struct submission, i).io);
	g_array_unref(m->submitted);
	g_array_unref(m->given_up);
	g_array_unref(m->held);
}

vmsim_cycles core_now(const struct vmsim_machine *m, const struct core *core)
{
	return core == m->core ? m->now : core->now;
}

struct account *core_account(const struct vmsim_machine *m)
{
	return m->running ? process_account(m->running->process)
			  : g_ptr_array_index(m->stats.accounts, 0);
}

void core_charge(struct vmsim_machine *m)
{
	uint64_t *own = (uint64_t *)&m->core->b;
	const uint64_t *base = (const uint64_t *)&m->core_base;

	stats_settle(&m->stats);
	for (int i = 0; i < N_BUCKETS; i++)
		own[i] += bucket_value(&m->stats.b, (enum bucket_id)i) - base[i];
	m->core_base = m->stats.b;
}

void core_select(struct vmsim_machine *m, struct core *core)
{
	if (core == m->core)
		return;
	machine_flush_references(m);
	core_charge(m);
	m->core->now = m->now;
	m->core = core;
	m->now = core->now;
	m->mmu = &core->mmu;
	m->running = core->running;
	m->asid = core->asid;
	m->events.core = core->id;
	stats_switch(&m->stats, core_account(m));
}

/* --- bookings --------------------------------------------------------------------------------- */

void core_step(struct vmsim_machine *m)
{
	m->core->awaits = false;
	if (m->many)
		g_array_set_size(m->core->step, 0);
}

void core_note(struct vmsim_machine *m, enum bucket_id bucket, vmsim_cycles cycles)
{
	struct booking part = {bucket, m->stats.current, cycles};

	if (cycles)
		g_array_append_val(m->core->step, part);
}

/* A booking that comes `before_end` cycles before the end of the step. */
static void note_within(GArray *step, struct booking part, vmsim_cycles before_end)
{
	guint i = step->len;
	struct booking *last;

	while (before_end) {
		last = &g_array_index(step, struct booking, --i);
		if (last->cycles <= before_end) {
			before_end -= last->cycles;
		} else {
			struct booking rest = *last;

			rest.cycles = before_end;
			last->cycles -= before_end;
			before_end = 0;
			i++;
			g_array_insert_val(step, i, rest);
		}
	}
	g_array_insert_val(step, i, part);
}

void core_beyond(struct vmsim_machine *m, vmsim_cycles at, core_beyond_fn fn, void *ctx)
{
	core_charge(m);
	m->core->now = m->now;
	for (unsigned i = 0; i < m->n_cores; i++) {
		struct core *core = &m->cores[i];
		vmsim_cycles over = core->now > at ? core->now - at : 0;

		for (guint j = core->step->len; over && j-- > 0;) {
			struct booking part = g_array_index(core->step, struct booking, j);

			part.cycles = MIN(part.cycles, over);
			over -= part.cycles;
			fn(m, core, &part, ctx);
		}
		g_assert(!over);
	}
}

/* --- time without anything to run ------------------------------------------------------------- */

static bool is_between(const struct core *core)
{
	return core->running && core->running->state == THREAD_BETWEEN;
}

bool core_is_idle(const struct core *core)
{
	return !core->round.targets &&
	       (!core->running || core->vacant || core->running->state == THREAD_WAITING ||
		core->running->state == THREAD_READY);
}

bool core_is_free(const struct core *core)
{
	return !core->round.targets &&
	       (!core->running || core->running->state != THREAD_RUNNING);
}

/* What is left of the frame that was being zeroed goes on (W10). */
static void zero_on(struct vmsim_machine *m, vmsim_cycles until)
{
	struct core *core = m->core;
	vmsim_cycles cycles = MIN(core->zeroing_left, until - m->now);
	struct account *account;

	if (!cycles)
		return;
	account = stats_switch(&m->stats, g_ptr_array_index(m->stats.accounts, 0));
	BOOK(m, kernel, cycles);
	core->zeroing_left -= cycles;
	stats_switch(&m->stats, account);
}

static void pass_idle(struct vmsim_machine *m, vmsim_cycles until)
{
	bool waits = m->running && m->running->wait != WAIT_NOTHING;
	struct account *account;

	if (until <= m->now)
		return;
	zero_on(m, until);
	if (waits) {
		BOOK(m, io_wait, until - m->now);
	} else {
		account = stats_switch(&m->stats, g_ptr_array_index(m->stats.accounts, 0));
		BOOK(m, idle, until - m->now);
		stats_switch(&m->stats, account);
	}
}

static void pass_waiting(struct vmsim_machine *m, vmsim_cycles until)
{
	if (until > m->now)
		BOOK(m, order_wait, until - m->now);
}

void core_pass(struct vmsim_machine *m, vmsim_cycles until)
{
	if (until <= m->now)
		return;
	work_tell_ran(m, m->core, until);
	stats_settle(&m->stats);
	core_step(m);
	overlap_until(m, until);
	if (is_between(m->core)) {
		pass_waiting(m, MIN(until, m->idle_from));
		pass_idle(m, MIN(until, m->idle_until));
		pass_waiting(m, until);
	} else {
		pass_idle(m, until);
	}
}

void core_pass_all(struct vmsim_machine *m, vmsim_cycles until)
{
	struct core *acting = m->core;

	for (unsigned i = 0; i < m->n_cores; i++) {
		struct core *core = &m->cores[i];

		if (!core_is_free(core))
			continue;
		core_select(m, core);
		core_pass(m, until);
	}
	core_select(m, acting);
}

/* A core that waits for answers serves an interrupt meanwhile: that much less is waited. */
static void take_wait(struct vmsim_machine *m, vmsim_cycles cycles)
{
	struct core *core = m->core;
	struct booking *wait = &g_array_index(core->step, struct booking, core->step->len - 1);
	struct account *account;

	cycles = MIN(cycles, wait->cycles);
	account = stats_switch(&m->stats, wait->account);
	m->stats.b.shootdown_cycles -= cycles;
	stats_switch(&m->stats, account);
	wait->cycles -= cycles;
	m->now -= cycles;
}

void core_interrupt(struct vmsim_machine *m, struct core *core, vmsim_cycles arrived,
		    vmsim_cycles cost)
{
	struct booking part = {.bucket = BUCKET_interrupted, .cycles = cost};
	/* Behind another, and before what that interrupted. */
	bool queued = core->handler_end > arrived;
	vmsim_cycles at = MAX(core->handler_end, arrived), before = at - queued, end;

	core_select(m, core);
	core_pass(m, at);
	end = m->now;
	if (m->now == at && at == m->time)
		core_step(m);
	else if (m->now > at && core->awaits)
		take_wait(m, MIN(cost, m->now - at));
	part.account = m->stats.current;
	m->stats.b.interrupted_cycles += cost;
	note_within(core->step, part, m->now - at);
	m->now += cost;
	work_delay(m, before, m->now - end);
	if (core->running && core->running->served > before)
		core->running->served += m->now - end;
	if (is_between(core) && core->running->ended > before) {
		core->running->ended += m->now - end;
		m->last_end = MAX(m->last_end, core->running->ended);
		free_put_off(m, core->running);
	}
	core->handler_end = at + cost;
}
