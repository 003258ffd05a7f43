/* work.c: what happens besides threads: requests and their completion, the memory manager's own
 * threads, its timers, and the zeroing of free frames (semantics W3, W8, W10; timing T13, T16).
 *
 * Timers wake nobody after the last event: when nothing is under way, time stands still. While
 * cores sleep and ticks would find nothing to do they are only counted, so that a program that
 * idles for years costs no more than one that idles for a minute. */
#include "engine/clock.h"

static struct account *kernel(const struct vmsim_machine *m)
{
	return g_ptr_array_index(m->stats.accounts, 0);
}

/* --- requests --------------------------------------------------------------------------------- */

void machine_want_io(void *ctx, struct io *io)
{
	struct vmsim_machine *m = ctx;

	g_ptr_array_add(m->submissions, io);
}

void machine_submit(struct vmsim_machine *m, vmsim_cycles wanted)
{
	for (guint i = 0; i < m->submissions->len; i++) {
		struct io *io = g_ptr_array_index(m->submissions, i);
		struct submission later = {io, m->core->round.targets ? DEVICE_NEVER : m->now,
					   m->core};

		io->wanted = wanted;
		io->seq = m->events.seq;
		io->line = m->events.line;
		io->tid = m->events.tid;
		if (m->many)
			g_array_append_val(m->submitted, later);
		else
			device_submit(m->device, io, m->now);
	}
	g_ptr_array_set_size(m->submissions, 0);
	m->background_due = vmm_has_background(m->vmm);
	m->frames_due = true;
	machine_look(m);
}

vmsim_cycles work_submit_next(const struct vmsim_machine *m)
{
	vmsim_cycles next = DEVICE_NEVER;

	for (guint i = 0; i < m->submitted->len; i++)
		next = MIN(next, g_array_index(m->submitted, struct submission, i).at);
	return next;
}

void work_release(struct vmsim_machine *m)
{
	for (guint i = 0; i < m->submitted->len; i++) {
		struct submission *one = &g_array_index(m->submitted, struct submission, i);

		if (one->core == m->core && one->at == DEVICE_NEVER)
			one->at = m->now;
	}
}

void work_delay(struct vmsim_machine *m, vmsim_cycles at, vmsim_cycles cycles)
{
	for (guint i = 0; i < m->submitted->len; i++) {
		struct submission *one = &g_array_index(m->submitted, struct submission, i);

		if (one->core == m->core && one->at != DEVICE_NEVER && one->at > at)
			one->at += cycles;
	}
}

void work_submit(struct vmsim_machine *m, vmsim_cycles at)
{
	for (guint i = 0; i < m->submitted->len;) {
		struct submission *one = &g_array_index(m->submitted, struct submission, i);

		if (one->at > at) {
			i++;
			continue;
		}
		device_submit(m->device, one->io, one->at);
		g_array_remove_index(m->submitted, i);
	}
}

/* Core 0 carries out what a completed request asks for, whatever it is doing. */
static void forget_broken(struct vmsim_machine *m, vmsim_cycles at)
{
	struct core *acting = m->core;

	if (!m->invalidations->len)
		return;
	core_select(m, m->cores);
	if (core_is_free(m->core))
		core_pass(m, at);
	shootdown_broken(m);
	core_select(m, acting);
}

/* Requests complete in the cycle in which they do, whatever cores are in the middle of. Their
 * events name the trace event that asked for them. */
void work_completions(struct vmsim_machine *m, vmsim_cycles at)
{
	struct events *e = &m->events;
	const struct events before = *e;
	struct account *account = m->stats.current;
	struct io *io;

	while ((io = device_take(m->device, at))) {
		machine_flush_references(m);
		stats_settle(&m->stats);
		stats_switch(&m->stats, io->process ? process_account(io->process) : kernel(m));
		e->cycle = io->done - m->origin;
		e->seq = io->seq;
		e->line = io->line;
		e->pid = io->process ? process_pid(io->process) : 0;
		e->tid = io->tid;
		results_io(m, io);
		vmm_io_done(m->vmm, io);
		stats_switch(&m->stats, account);
		forget_broken(m, io->done);
		thread_wake(m, io, io->done);
		io_free(io);
		m->background_due = vmm_has_background(m->vmm);
		m->frames_due = true;
	}
	stats_switch(&m->stats, account);
	e->cycle = before.cycle;
	e->seq = before.seq;
	e->line = before.line;
	e->pid = before.pid;
	e->tid = before.tid;
}

/* --- the memory manager's threads ------------------------------------------------------------- */

static void as_kernel(struct vmsim_machine *m)
{
	stats_settle(&m->stats);
	stats_switch(&m->stats, kernel(m));
	clock_stamp(m);
	m->events.seq = m->events.line = 0;
	m->events.pid = m->events.tid = 0;
}

/* Until when a core ran its thread's last event, or waits to run it further. With one core, plain
 * references leave no trace but the clock. */
static vmsim_cycles ran_until(const struct vmsim_machine *m, const struct core *core)
{
	const struct thread *thread = core->running;

	if (!m->many || thread->state == THREAD_RUNNING)
		return core_now(m, core);
	return thread->state == THREAD_BETWEEN ? thread->ended : thread->served;
}

void work_tell_ran(struct vmsim_machine *m, struct core *core, vmsim_cycles at)
{
	vmsim_cycles until;

	if (!core->running || core->asleep)
		return;
	until = ran_until(m, core);
	vmm_ran(m->vmm, core->running->process, MIN(until, at));
	core->asleep = until <= at && core->running->state != THREAD_RUNNING;
}

void work_tell_who_ran(struct vmsim_machine *m, vmsim_cycles at)
{
	for (unsigned i = 0; i < m->n_cores; i++)
		work_tell_ran(m, &m->cores[i], at);
}

bool work_background(struct vmsim_machine *m)
{
	const struct config *config = m->config;
	bool frames_due = m->frames_due, starved = thread_starves(m), any;
	struct account *account = m->stats.current;
	vmsim_cycles begun;
	struct work work;

	core_step(m);
	overlap_drain(m);
	begun = m->now;
	machine_flush_references(m);
	as_kernel(m);
	work_tell_who_ran(m, m->now);
	vmm_write_timer(m->vmm, m->now);
	any = vmm_background(m->vmm, starved);
	work = vmm_take_work(m->vmm);
	BOOK(m, kernel,
	     work.trimmed * config->os.trim.cycles + work.aged * config->os.age.cycles +
		     work.written * config->os.write.cycles +
		     work.compressed * config->os.compress.cycles + machine_invalidate(m));
	machine_interrupt(m);
	machine_submit(m, m->now);
	m->background_due = any;
	m->frames_due = frames_due || any;
	stats_switch(&m->stats, account);
	if (any)
		thread_wake(m, NULL, begun);
	return any;
}

/* --- zeroing ---------------------------------------------------------------------------------- */

vmsim_cycles work_zero_next(const struct vmsim_machine *m, const struct core *core)
{
	vmsim_cycles now = core_now(m, core), since = 0, next;
	bool between = core->running && core->running->state == THREAD_BETWEEN;

	if (between)
		since = m->idle_from;
	if ((!between && !core_is_idle(core)) || since == DEVICE_NEVER ||
	    !vmm_zeroable(m->vmm, core->zeroes))
		return DEVICE_NEVER;
	next = MAX(MAX(now, since) + core->zeroing_left, m->time);
	return between && next >= m->idle_until ? DEVICE_NEVER : next;
}

void work_zero(struct vmsim_machine *m)
{
	struct core *core = m->core;
	struct account *account = m->stats.current;

	as_kernel(m);
	vmm_zero(m->vmm);
	core->zeroes = vmm_zeroable(m->vmm, true);
	core->zeroing_left = m->config->os.zero_page.cycles;
	stats_switch(&m->stats, account);
}

/* --- timers ----------------------------------------------------------------------------------- */

vmsim_cycles timer_next(const struct vmsim_machine *m)
{
	return m->background_due ? m->next_tick : MIN(m->next_tick, vmm_write_due(m->vmm));
}

void timer_take(struct vmsim_machine *m, vmsim_cycles at)
{
	vmsim_cycles period = m->config->bsm.period.cycles;
	uint64_t n;

	if (at >= vmm_write_due(m->vmm))
		m->background_due = true;
	if (at < m->next_tick)
		return;
	work_tell_who_ran(m, at);
	n = (at - m->next_tick) / period + 1; /* however late, it comes once */
	vmm_tick(m->vmm, at, n);
	m->next_tick += n * period;
	m->background_due = true;
}

void timer_skip(struct vmsim_machine *m, vmsim_cycles until)
{
	vmsim_cycles period = m->config->bsm.period.cycles;
	uint64_t n;

	if (m->next_tick >= until || until == DEVICE_NEVER || !vmm_at_rest(m->vmm))
		return;
	for (unsigned i = 0; i < m->n_cores; i++)
		if (m->cores[i].running && !m->cores[i].asleep)
			return;
	n = (until - m->next_tick - 1) / period + 1;
	vmm_slept(m->vmm, n);
	m->next_tick += n * period;
}
