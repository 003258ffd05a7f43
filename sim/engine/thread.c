/* thread.c: threads, and cores that turn to them (timing T3, T4). */
#include "base/rng.h"
#include "engine/clock.h"

guint machine_thread_hash(const void *key)
{
	struct rng mix = {*(const uint64_t *)key};

	return (guint)rng_next(&mix);
}

static GPtrArray *threads_of(struct vmsim_machine *m, struct process *process)
{
	GPtrArray *threads = g_hash_table_lookup(m->threads_of, process);

	if (!threads) {
		threads = g_ptr_array_new();
		g_hash_table_insert(m->threads_of, process, threads);
	}
	return threads;
}

struct thread *machine_thread(struct vmsim_machine *m, uint32_t pid, uint32_t tid)
{
	uint64_t key = (uint64_t)pid << 32 | tid;
	struct thread *thread = g_hash_table_lookup(m->threads, &key);
	struct process *process;

	if (thread)
		return thread;
	process = g_hash_table_lookup(m->processes, GUINT_TO_POINTER(pid));
	if (!process) {
		process = vmm_process_new(m->vmm, pid);
		if (!process)
			return NULL;
		g_hash_table_insert(m->processes, GUINT_TO_POINTER(pid), process);
	}
	thread = g_new0(struct thread, 1);
	thread->process = process;
	thread->pid = pid;
	thread->tid = tid;
	thread->priority = (unsigned)m->config->vmm.page_priority;
	g_hash_table_insert(m->threads, g_memdup2(&key, sizeof(key)), thread);
	g_ptr_array_add(threads_of(m, process), thread);
	return thread;
}

/* A core's thread is no more. */
static void vacate(struct vmsim_machine *m, struct core *core, vmsim_cycles at)
{
	core_select(m, core);
	core_pass(m, at); /* until now its thread waited for its turn */
	stats_switch(&m->stats, g_ptr_array_index(m->stats.accounts, 0));
	mmu_forget(m->mmu);
	core->running = m->running = NULL;
	m->plain_end = 0;
}

static void forget_last(struct vmsim_machine *m, const struct thread *thread)
{
	for (unsigned i = 0; i < m->n_cores; i++)
		if (m->cores[i].last == thread)
			m->cores[i].last = NULL;
}

/* The thread's process has exited: its pid is free, and its threads are forgotten. */
static void forget_process(struct vmsim_machine *m, struct thread *exiting)
{
	struct process *process = exiting->process;
	GPtrArray *threads = threads_of(m, process);
	struct core *acting = m->core;

	/* Nothing of the process is under way: its exit waited for that (T3); nor do TLBs hold
	 * anything of it that can be used, since its pages are gone. */
	machine_flush_references(m);
	for (unsigned i = 0; i < m->n_cores; i++)
		if (m->cores[i].running && m->cores[i].running->process == process)
			vacate(m, &m->cores[i], exiting->ended);
	core_select(m, acting);
	g_hash_table_remove(m->processes, GUINT_TO_POINTER(exiting->pid));
	for (guint i = 0; i < threads->len; i++) {
		const struct thread *thread = g_ptr_array_index(threads, i);
		uint64_t key = (uint64_t)thread->pid << 32 | thread->tid;

		forget_last(m, thread);
		g_hash_table_remove(m->threads, &key);
	}
	g_hash_table_remove(m->threads_of, process);
}

void machine_flush_references(struct vmsim_machine *m)
{
	if (m->n_references && m->running)
		vmm_referenced(m->vmm, m->running->process, m->references, m->n_references);
	m->n_references = 0;
}

void machine_switch(struct vmsim_machine *m, struct thread *thread)
{
	struct core *core = m->core;
	uint32_t from = core->asid, to = process_asid(thread->process);

	if (m->running == thread)
		return;
	overlap_drain(m);
	work_tell_ran(m, core, m->now);
	machine_flush_references(m);
	stats_settle(&m->stats);
	stats_switch(&m->stats, process_account(thread->process));
	if (thread->core && thread->core->running == thread)
		thread->core->running = NULL; /* it was ready, and takes another */
	thread->core = core;
	core->running = m->running = thread;
	core->asid = m->asid = to;
	m->plain_pid = thread->pid;
	m->plain_tid = thread->tid;
	if (m->audit == VMSIM_AUDIT_OFF)
		m->plain_end = process_page_table(thread->process)->pool->shape->vpn_end
			       << VMSIM_PAGE_SHIFT;
	core->turned = m->now;
	if (from && core->last != thread) {
		m->stats.c.thread_switches++;
		BOOK(m, switch,
		     m->free ? m->config->os.switch_.cycles
			     : m->config->sched.recorded_switch.cycles);
	}
	core->last = thread;
	if (from == to)
		return;
	if (from)
		BOOK(m, switch, m->config->os.cr3.cycles);
	BOOK(m, switch, shootdown_enter(m, to));
}

void thread_wait(struct vmsim_machine *m, struct thread *thread)
{
	thread->state = THREAD_WAITING;
	thread->served = m->now;
	g_ptr_array_add(m->waiting, thread);
}

void thread_end(struct vmsim_machine *m, struct thread *thread)
{
	thread->state = THREAD_BETWEEN;
	thread->ended = overlap_last(m, m->core);
	m->last_end = MAX(m->last_end, thread->ended);
	free_ended(m, thread);
	if (process_has_exited(thread->process))
		forget_process(m, thread);
}

void thread_wake(struct vmsim_machine *m, const struct io *io, vmsim_cycles at)
{
	struct core *acting = m->core;
	bool frames = vmm_has_frames(m->vmm) || !m->config->standby.enabled;

	for (guint i = 0; i < m->waiting->len;) {
		struct thread *thread = g_ptr_array_index(m->waiting, i);

		if (io && thread->io == io && thread->op.fault.resolved)
			vmm_waited(m->vmm, thread->process, io, &thread->op.fault);
		if (!(thread->wait == WAIT_FRAME && frames) && !(io && thread->io == io)) {
			i++;
			continue;
		}
		/* Until now its core waited for I/O. */
		if (thread->core->running == thread && !thread->core->round.targets) {
			core_select(m, thread->core);
			core_pass(m, at);
		}
		thread->wait = WAIT_NOTHING;
		thread->io = NULL;
		thread->state = THREAD_READY;
		thread->ready_at = at;
		g_ptr_array_remove_index(m->waiting, i);
		g_ptr_array_add(m->ready, thread);
	}
	core_select(m, acting);
}

bool thread_starves(const struct vmsim_machine *m)
{
	for (guint i = 0; i < m->waiting->len; i++)
		if (((struct thread *)g_ptr_array_index(m->waiting, i))->wait == WAIT_FRAME)
			return true;
	return false;
}
