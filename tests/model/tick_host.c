/* tick_host.c: what steps of the memory manager ask for, and its work in the background (T15 to
 * T18). */
#include "model/tick.h"

/* --- what a step asks for -------------------------------------------------------------------- */

static void want_invalidation(void *ctx, uint32_t asid, vmsim_vpn vpn)
{
	struct tick *t = ctx;
	struct tick_gone gone = {asid, vpn};

	for (guint i = 0; i < t->invalidations->len; i++)
		if (g_array_index(t->invalidations, struct tick_gone, i).asid == asid &&
		    g_array_index(t->invalidations, struct tick_gone, i).vpn == vpn)
			return;
	g_array_append_val(t->invalidations, gone);
}

/* Whether something remembers upper entries: of radix tables, of a level there is, which is not in
 * registers already. */
static bool keeps_structures(const struct config *config)
{
	uint64_t levels = config->paging.levels;
	bool registers = levels == 3 && config->paging.pdpte_registers;

	return config->paging.design == DESIGN_RADIX &&
	       (config->psc.pde.entries ||
		(levels > 2 && !registers && config->psc.pdpte.entries) ||
		(levels > 3 && config->psc.pml4e.entries) ||
		(levels > 4 && config->psc.pml5e.entries));
}

/* H20.free: where walks may have read the tables, some INVLPG in the address space is due. */
static void tables_freed(void *ctx, uint32_t asid, vmsim_vpn vpn)
{
	struct tick *t = ctx;

	if (!keeps_structures(t->config))
		return;
	for (guint i = 0; i < t->invalidations->len; i++)
		if (g_array_index(t->invalidations, struct tick_gone, i).asid == asid)
			return;
	want_invalidation(t, asid, vpn);
}

static void want_io(void *ctx, struct io *io)
{
	g_ptr_array_add(((struct tick *)ctx)->submissions, io);
}

struct vmm_host tick_host(struct tick *t)
{
	return (struct vmm_host){t, want_invalidation, want_io, tables_freed};
}

/* wanted: TICK_NEVER stands for when they get to the device. */
void tick_ask(struct tick *t, struct tick_core *core, vmsim_cycles wanted)
{
	for (guint i = 0; i < t->submissions->len; i++) {
		struct io *io = g_ptr_array_index(t->submissions, i);

		io->wanted = wanted;
		io->seq = t->events.seq;
		io->tid = t->events.tid;
		g_ptr_array_add(core->asked, io);
	}
	g_ptr_array_set_size(t->submissions, 0);
}

void tick_acted(struct tick *t)
{
	t->background_due |= vmm_has_background(t->vmm);
	t->news = true;
}

void tick_stepped(struct tick *t, struct tick_thread *thread, enum vmm_status status, struct io *io)
{
	tick_acted(t);
	if (status == VMM_WAIT_FRAME)
		t->news = false; /* nothing since gives it one */
	if (status != VMM_WAIT_FRAME && status != VMM_WAIT_IO)
		return;
	thread->after = thread->stage;
	thread->stage = TICK_WAIT;
	thread->wait = status == VMM_WAIT_IO ? TICK_IO : TICK_FRAME;
	thread->io = status == VMM_WAIT_IO ? io : NULL;
}

/* --- the device ------------------------------------------------------------------------------ */

/* Of the requests whose steps are over, the one of the lowest number gets there. */
bool tick_hand_over(struct tick *t)
{
	struct tick_core *found = NULL;
	struct io *best = NULL, *io;

	for (unsigned i = 0; i < t->n_cores; i++) {
		struct tick_core *core = &t->core[i];

		if (tick_core_busy(core) || !core->asked->len)
			continue;
		io = g_ptr_array_index(core->asked, 0);
		if (!best || io->id < best->id) {
			best = io;
			found = core;
		}
	}
	if (!best)
		return false;
	if (best->wanted == TICK_NEVER)
		best->wanted = t->cycle;
	g_ptr_array_remove_index(found->asked, 0);
	tick_device_ask(t->device, best, t->cycle);
	return true;
}

static bool starved(const struct tick *t)
{
	for (guint i = 0; i < t->threads->len; i++)
		if (((struct tick_thread *)g_ptr_array_index(t->threads, i))->wait == TICK_FRAME)
			return true;
	return false;
}

static void wake_for_io(struct tick *t, const struct io *io)
{
	for (guint i = 0; i < t->threads->len; i++) {
		struct tick_thread *thread = g_ptr_array_index(t->threads, i);

		if (thread->wait != TICK_IO || thread->io != io)
			continue;
		if (thread->fault.resolved)
			vmm_waited(t->vmm, thread->process, io, &thread->fault);
		thread->wait = TICK_NO_WAIT;
		thread->waiting = false;
		thread->ready_since = t->cycle;
		thread->io = NULL;
	}
}

bool tick_complete(struct tick *t)
{
	struct io *io = tick_device_done(t->device, t->cycle);

	if (!io)
		return false;
	t->events.cycle = t->cycle;
	t->events.seq = io->seq;
	t->events.pid = io->process ? process_pid(io->process) : 0;
	t->events.tid = io->tid;
	vmm_io_done(t->vmm, io);
	tick_count(t, tick_account(t, io->process));
	wake_for_io(t, io);
	io_free(io);
	tick_acted(t);
	tick_wake(t);
	return true;
}

/* Threads that wait for a frame may try again, if something has happened that may give them one. */
bool tick_wake(struct tick *t)
{
	if (!t->news || !starved(t) || (t->config->standby.enabled && !vmm_has_frames(t->vmm)))
		return false;
	for (guint i = 0; i < t->threads->len; i++) {
		struct tick_thread *thread = g_ptr_array_index(t->threads, i);

		if (thread->wait != TICK_FRAME)
			continue;
		thread->wait = TICK_NO_WAIT;
		thread->waiting = false;
		thread->ready_since = t->cycle;
	}
	t->news = false;
	return true;
}

/* --- background work ------------------------------------------------------------------------- */

static bool under_way(const struct tick *t)
{
	for (guint i = 0; i < t->threads->len; i++) {
		const struct tick_thread *thread = g_ptr_array_index(t->threads, i);

		if (thread->stage != TICK_BETWEEN && thread->core >= 0)
			return true;
	}
	return false;
}

bool tick_timers(struct tick *t)
{
	if (t->cycle >= t->next_tick) {
		t->next_tick += t->config->bsm.period.cycles;
		if (vmm_at_rest(t->vmm) && !under_way(t)) {
			vmm_slept(t->vmm, 1);
			return true;
		}
		vmm_tick(t->vmm, t->cycle, 1);
		t->background_due = true;
		return true;
	}
	if (!t->background_due && t->cycle >= vmm_write_due(t->vmm)) {
		t->background_due = true;
		return true;
	}
	return false;
}

/* T16: the lowest-numbered core with nothing to run, else core 0 between two events, which is the
 * same on one core. */
static struct tick_core *core_for_background(struct tick *t)
{
	for (unsigned i = 0; i < t->n_cores; i++)
		if (tick_core_free(&t->core[i]) &&
		    (!t->core[i].thread || tick_free_idles(t, t->core[i].thread)))
			return &t->core[i];
	return tick_core_free(&t->core[0]) ? &t->core[0] : NULL;
}

bool tick_background(struct tick *t)
{
	struct tick_core *core = t->background_due ? core_for_background(t) : NULL;
	const struct config *config = t->config;
	bool any;
	struct work work;

	for (unsigned i = 0; i < t->n_cores; i++)
		if (t->core[i].background && tick_may_send(&t->core[i])) {
			tick_send(t, &t->core[i]);
			return true;
		}
	if (!core)
		return false;
	core->zeroes = false;
	tick_stamp(t, NULL);
	vmm_write_timer(t->vmm, t->cycle);
	any = vmm_background(t->vmm, starved(t));
	work = vmm_take_work(t->vmm);
	tick_slice(t, core, BUCKET_kernel, 0,
		   work.trimmed * config->os.trim.cycles + work.aged * config->os.age.cycles +
			   work.written * config->os.write.cycles +
			   work.compressed * config->os.compress.cycles + tick_invalidate(t, core));
	tick_interrupt(t, core, 0);
	tick_ask(t, core, TICK_NEVER);
	tick_count(t, 0);
	core->background = true;
	t->background_due = any;
	t->news |= any;
	if (any)
		tick_wake(t);
	return true;
}

/* W10: the core has nothing to run in this cycle. */
void tick_zero(struct tick *t, struct tick_core *core)
{
	while (!core->zeroing && vmm_zeroable(t->vmm, core->zeroes)) {
		tick_stamp(t, NULL);
		vmm_zero(t->vmm);
		tick_count(t, 0);
		core->zeroing = t->config->os.zero_page.cycles;
		core->zeroes = vmm_zeroable(t->vmm, true);
	}
}
