/* sched.c: whose turn it is (timing T2 to T5, T16).
 *
 * One core. Whenever it is between two events it looks first at completed I/O, then at background
 * work. If the next event of the trace is of the thread that has the core, and may begin, it does;
 * else the core goes to a thread that can go on with the event it is in, the earliest first, and
 * only then to the next event's. */
#include "base/rng.h"
#include "engine/clock.h"

bool machine_fail(struct vmsim_machine *m, int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (!m->error)
		m->error = g_error_new_valist(VMSIM_ERROR, code, format, args);
	va_end(args);
	return false;
}

void machine_look(struct vmsim_machine *m)
{
	m->attention = m->waiting->len || m->ready->len || m->background_due
			       ? 0
			       : MIN(MIN(device_next(m->device), timer_next(m)), m->sample_at);
}

void machine_flush_references(struct vmsim_machine *m)
{
	if (m->n_references && m->running)
		vmm_referenced(m->vmm, m->running->process, m->references, m->n_references);
	m->n_references = 0;
}

/* --- what a step of the vmm asked for ------------------------------------------------------- */

void machine_want_invalidation(void *ctx, uint32_t asid, vmsim_vpn vpn)
{
	struct vmsim_machine *m = ctx;
	struct invalidation wanted = {asid, vpn};

	g_array_append_val(m->invalidations, wanted);
}

void machine_want_io(void *ctx, struct io *io)
{
	struct vmsim_machine *m = ctx;

	g_ptr_array_add(m->submissions, io);
}

static void report_shootdown(struct vmsim_machine *m, vmsim_vpn vpn, guint pages,
			     vmsim_cycles cycles)
{
	struct vmsim_record record = {
		.kind = VMSIM_RECORD_TLB_SHOOTDOWN,
		.va = vpn << VMSIM_PAGE_SHIFT,
		.cores = 0,
		.pages = pages,
		.cycles = cycles,
	};

	if (events_wanted(&m->events, VMSIM_RECORD_TLB_SHOOTDOWN))
		events_emit(&m->events, &record);
}

static int by_address_space(const void *a, const void *b)
{
	const struct invalidation *x = a, *y = b;

	if (x->asid != y->asid)
		return x->asid < y->asid ? -1 : 1;
	return x->vpn < y->vpn ? -1 : x->vpn > y->vpn;
}

/* The invalidations of one address space; H17: too many become a flush of it. */
static vmsim_cycles invalidate_space(struct vmsim_machine *m, const struct invalidation *in,
				     guint n)
{
	if (n > m->config->os.tlb_ceiling) {
		mmu_flush(&m->mmu, in->asid);
		return m->config->os.cr3.cycles;
	}
	for (guint i = 0; i < n; i++)
		mmu_invalidate(&m->mmu, in[i].asid, in[i].vpn);
	return n * m->config->os.invlpg.cycles;
}

vmsim_cycles machine_invalidate(struct vmsim_machine *m)
{
	const struct invalidation *all;
	guint n = m->invalidations->len, next;
	vmsim_cycles cycles = 0;

	if (!n)
		return 0;
	if (n > 1)
		g_array_sort(m->invalidations, by_address_space);
	all = &g_array_index(m->invalidations, struct invalidation, 0);
	for (guint i = 0; i < n; i = next) {
		for (next = i + 1; next < n && all[next].asid == all[i].asid;)
			next++;
		cycles += invalidate_space(m, all + i, next - i);
	}
	report_shootdown(m, all[0].vpn, n, cycles);
	g_array_set_size(m->invalidations, 0);
	return cycles;
}

void machine_submit(struct vmsim_machine *m, vmsim_cycles wanted)
{
	for (guint i = 0; i < m->submissions->len; i++) {
		struct io *io = g_ptr_array_index(m->submissions, i);

		io->wanted = wanted;
		io->seq = m->events.seq;
		io->line = m->events.line;
		io->tid = m->events.tid;
		device_submit(m->device, io, m->now);
	}
	g_ptr_array_set_size(m->submissions, 0);
	m->background_due = vmm_has_background(m->vmm);
	m->frames_due = true;
	machine_look(m);
}

/* --- threads --------------------------------------------------------------------------------- */

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
		if (!process) {
			machine_fail(m, VMSIM_ERROR_TRACE, "%s: too many processes",
				     m->source->path);
			return NULL;
		}
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

/* The thread's process has exited: its pid is free, and its threads are forgotten. */
static void forget_process(struct vmsim_machine *m, struct thread *exiting)
{
	struct process *process = exiting->process;
	GPtrArray *threads = threads_of(m, process);

	/* Nothing of the process is under way: its exit waited for that (T3); nor do TLBs hold
	 * anything of it, since its pages are gone. */
	machine_flush_references(m);
	stats_switch(&m->stats, g_ptr_array_index(m->stats.accounts, 0));
	mmu_forget(&m->mmu);
	m->running = NULL;
	m->plain_end = 0;
	m->left_asid = process_asid(process);
	g_hash_table_remove(m->processes, GUINT_TO_POINTER(exiting->pid));
	for (guint i = 0; i < threads->len; i++) {
		const struct thread *thread = g_ptr_array_index(threads, i);
		uint64_t key = (uint64_t)thread->pid << 32 | thread->tid;

		g_hash_table_remove(m->threads, &key);
	}
	g_hash_table_remove(m->threads_of, process);
}

void machine_switch(struct vmsim_machine *m, struct thread *thread)
{
	uint32_t from = m->running ? process_asid(m->running->process) : m->left_asid;
	uint32_t to = process_asid(thread->process);

	m->events.pid = thread->pid;
	m->events.tid = thread->tid;
	if (m->running == thread)
		return;
	timer_ran(m);
	machine_flush_references(m);
	stats_settle(&m->stats);
	stats_switch(&m->stats, process_account(thread->process));
	m->running = thread;
	m->plain_pid = thread->pid;
	m->plain_tid = thread->tid;
	m->asid = to;
	if (m->audit == VMSIM_AUDIT_OFF)
		m->plain_end = process_page_table(thread->process)->pool->shape->vpn_end
			       << VMSIM_PAGE_SHIFT;
	if (from) {
		m->stats.c.thread_switches++;
		BOOK(m, switch, m->config->sched.recorded_switch.cycles);
	}
	m->left_asid = 0;
	if (from == to || !from)
		return;
	BOOK(m, switch, m->config->os.cr3.cycles);
	if (m->config->tlb.pcid)
		mmu_forget(&m->mmu);
	else
		mmu_flush(&m->mmu, 0);
}

/* Threads that waited for this request may go on; so may those that wait for a frame, when one can
 * be had. Whether it can, the textbook machine does not know before it tries. io may be NULL. */
static void wake(struct vmsim_machine *m, const struct io *io)
{
	bool frames = vmm_has_frames(m->vmm) || !m->config->standby.enabled;

	for (guint i = 0; i < m->waiting->len;) {
		struct thread *thread = g_ptr_array_index(m->waiting, i);

		if (io && thread->io == io && thread->op.fault.resolved)
			vmm_waited(m->vmm, io, &thread->op.fault);
		if ((thread->wait == WAIT_FRAME && frames) || (io && thread->io == io)) {
			thread->wait = WAIT_NOTHING;
			thread->io = NULL;
			g_ptr_array_remove_index(m->waiting, i);
			g_ptr_array_add(m->ready, thread);
		} else {
			i++;
		}
	}
}

static bool starved(const struct vmsim_machine *m)
{
	for (guint i = 0; i < m->waiting->len; i++)
		if (((struct thread *)g_ptr_array_index(m->waiting, i))->wait == WAIT_FRAME)
			return true;
	return false;
}

/* The ready thread whose event is the earliest (T2). */
static struct thread *take_ready(struct vmsim_machine *m)
{
	guint best = 0;
	struct thread *thread;

	for (guint i = 1; i < m->ready->len; i++) {
		const struct thread *a = g_ptr_array_index(m->ready, i);
		const struct thread *b = g_ptr_array_index(m->ready, best);

		if (a->op.seq < b->op.seq)
			best = i;
	}
	thread = g_ptr_array_index(m->ready, best);
	g_ptr_array_remove_index(m->ready, best);
	return thread;
}

/* --- time ------------------------------------------------------------------------------------ */

/* Requests complete in the cycle in which they do, whatever the core is in the middle of; those up
 * to `until` are taken. Their events name the trace event that asked for them. */
static void take_completions(struct vmsim_machine *m, vmsim_cycles until)
{
	struct events *e = &m->events;
	uint64_t cycle = e->cycle, seq = e->seq, line = e->line;
	uint32_t pid = e->pid, tid = e->tid;
	struct account *account = m->stats.current;
	struct io *io;

	while ((io = device_take(m->device, until))) {
		machine_flush_references(m);
		stats_settle(&m->stats);
		stats_switch(&m->stats, io->process ? process_account(io->process)
						    : g_ptr_array_index(m->stats.accounts, 0));
		e->cycle = io->done - m->origin;
		e->seq = io->seq;
		e->line = io->line;
		e->pid = io->process ? process_pid(io->process) : 0;
		e->tid = io->tid;
		results_io(m, io);
		vmm_io_done(m->vmm, io);
		wake(m, io);
		io_free(io);
		m->background_due = vmm_has_background(m->vmm);
		m->frames_due = true;
	}
	stats_switch(&m->stats, account);
	e->cycle = cycle;
	e->seq = seq;
	e->line = line;
	e->pid = pid;
	e->tid = tid;
}

void machine_catch_up(struct vmsim_machine *m)
{
	if (device_next(m->device) <= m->now)
		take_completions(m, m->now);
	if (timer_next(m) <= m->now) /* faults are counted from tick to tick (W3) */
		timer_take(m);
}

bool machine_run(struct vmsim_machine *m, struct thread *thread)
{
	struct op *op = &thread->op;
	bool goes_on = true;

	m->events.seq = op->seq;
	m->events.line = op->event.line;
	machine_switch(m, thread);
	vmm_ran(m->vmm, thread->process, m->now);
	m->asleep = false;
	while (op->stage != OP_IDLE && goes_on) {
		if (m->stop && *m->stop) {
			machine_fail(m, VMSIM_ERROR_INTERRUPTED, "interrupted");
			break;
		}
		machine_catch_up(m);
		if (m->now >= m->sample_at)
			machine_sample(m);
		goes_on = op->stage == OP_CALL ? call_stage(m, thread) : access_stage(m, thread);
	}
	if (!goes_on)
		g_ptr_array_add(m->waiting, thread);
	else if (process_has_exited(thread->process))
		forget_process(m, thread);
	machine_look(m);
	return goes_on;
}

/* T16: trimming, writing and compressing, on the core, for process 0. Returns whether there was
 * any. */
static bool background(struct vmsim_machine *m)
{
	const struct config *config = m->config;
	bool frames_due = m->frames_due, any;
	struct account *account;
	struct work work;

	if (!m->background_due && !starved(m))
		return false;
	machine_flush_references(m);
	stats_settle(&m->stats);
	account = stats_switch(&m->stats, g_ptr_array_index(m->stats.accounts, 0));
	clock_stamp(m);
	m->events.seq = 0;
	m->events.line = 0;
	m->events.pid = m->events.tid = 0;
	timer_ran(m);
	vmm_write_timer(m->vmm, m->now);
	any = vmm_background(m->vmm, starved(m));
	work = vmm_take_work(m->vmm);
	BOOK(m, kernel,
	     work.trimmed * config->os.trim.cycles + work.aged * config->os.age.cycles +
		     work.written * config->os.write.cycles +
		     work.compressed * config->os.compress.cycles + machine_invalidate(m));
	machine_submit(m, m->now);
	m->asleep = true; /* it was the kernel that ran */
	m->background_due = any;
	m->frames_due = frames_due || any;
	stats_switch(&m->stats, account);
	if (any)
		wake(m, NULL);
	return any;
}

/* Cut where intervals end that are sampled. */
/* Let time pass to the next completion. */
static bool wait_for_device(struct vmsim_machine *m, bool idle)
{
	/* What the clock brings alone gives no frame that a starved thread's background work did not. */
	if (device_next(m->device) == DEVICE_NEVER)
		return machine_fail(m, VMSIM_ERROR_NO_PAGES,
				    "no frame can be freed, and a thread of process %u needs one "
				    "(NO_PAGES_AVAILABLE, semantics L3)",
				    ((struct thread *)g_ptr_array_index(m->waiting, 0))->pid);
	timer_sleep(m, device_next(m->device), idle);
	return true;
}

/* T3: whether an event must wait until one that is under way has ended. */
static bool conflict(const struct thread *other, const struct thread *thread, const struct op *op)
{
	const struct op *theirs = &other->op;

	if (other == thread)
		return true;
	if (!theirs->exclusive && !op->exclusive)
		return false;
	if (other->process == thread->process)
		return theirs->first <= op->last && op->first <= theirs->last;
	return theirs->first <= theirs->last && op->first <= op->last &&
	       vmm_shares(other->process, theirs->first, theirs->last, thread->process,
			  op->first, op->last);
}

static bool conflicts(const struct vmsim_machine *m, const struct thread *thread,
		      const struct op *op)
{
	for (guint i = 0; i < m->waiting->len; i++)
		if (conflict(g_ptr_array_index(m->waiting, i), thread, op))
			return true;
	for (guint i = 0; i < m->ready->len; i++)
		if (conflict(g_ptr_array_index(m->ready, i), thread, op))
			return true;
	return false;
}

/* What goes before any thread: completions and background work. Returns whether to look again. */
static bool go_on(struct vmsim_machine *m)
{
	if (m->stop && *m->stop) {
		machine_fail(m, VMSIM_ERROR_INTERRUPTED, "interrupted");
		return true;
	}
	take_completions(m, m->now);
	timer_take(m);
	if (m->now >= m->sample_at)
		machine_sample(m);
	if (background(m))
		return true;
	/* Another event may have given frames back, or made a page one that can be taken. */
	if (m->frames_due && starved(m))
		wake(m, NULL);
	m->frames_due = false;
	/* What came while it worked goes before threads, too. */
	return device_next(m->device) <= m->now || timer_next(m) <= m->now;
}

static bool run_ready(struct vmsim_machine *m)
{
	if (!m->ready->len)
		return false;
	machine_run(m, take_ready(m));
	return true;
}

bool machine_await(struct vmsim_machine *m, struct thread *thread, const struct op *op,
		   vmsim_cycles not_before)
{
	for (;;) {
		bool may_begin;

		if (m->error)
			return false;
		if (go_on(m))
			continue;
		may_begin = !conflicts(m, thread, op) && m->now >= not_before;
		/* A thread keeps its core while its own turn comes (T4); else the core goes to the
		 * earliest event that can go on, which is one begun before. */
		if (may_begin && thread == m->running)
			break;
		if (run_ready(m))
			continue;
		if (may_begin)
			break;
		if (m->now < not_before && !conflicts(m, thread, op))
			timer_sleep(m, MIN(device_next(m->device), not_before), true);
		else if (!wait_for_device(m, false))
			return false;
	}
	machine_look(m);
	return true;
}

static bool names_page(const struct vmsim_outcome *recorded, uint32_t label)
{
	for (size_t i = 0; i < recorded->n_pages; i++)
		if (recorded->pages[i].label == label)
			return true;
	return false;
}

/* Whether an operation under way is a call that may bind the label. */
static bool binds(const struct vmsim_machine *m, GPtrArray *threads, uint32_t label)
{
	for (guint i = 0; i < threads->len; i++) {
		const struct op *op = &((struct thread *)g_ptr_array_index(threads, i))->op;

		if (op->event.op == VMSIM_OP_CALL && op->source->labels == m->source->labels &&
		    (op->args.recorded.address.label == label ||
		     op->args.recorded.alloc_base.label == label ||
		     names_page(&op->args.recorded, label)))
			return true;
	}
	return false;
}

bool machine_await_labels(struct vmsim_machine *m, const uint32_t *labels, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		while (labels[i] && !m->source->labels->bound[labels[i]] &&
		       (binds(m, m->waiting, labels[i]) || binds(m, m->ready, labels[i]))) {
			if (m->error)
				return false;
			if (!go_on(m) && !run_ready(m) && !wait_for_device(m, false))
				return false;
		}
	}
	return !m->error;
}

bool machine_drain(struct vmsim_machine *m)
{
	for (;;) {
		if (m->error)
			return false;
		if (!m->waiting->len && !m->ready->len)
			break;
		if (!go_on(m) && !run_ready(m) && !wait_for_device(m, true))
			return false;
	}
	/* What came to pass while the last event went on; what completes in its end cycle is left
	 * there (T19). */
	if (m->now)
		take_completions(m, m->now - 1);
	return true;
}
