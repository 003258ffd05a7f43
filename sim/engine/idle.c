/* idle.c: what a core does that has nothing to run (semantics W10, timing T16, T19).
 *
 * It zeroes free frames, one after another. A frame is zeroed from the cycle in which it is begun
 * (T2); work that comes interrupts that, and the rest of its cycles follow when the core is idle
 * again. */
#include "engine/clock.h"

static void zero_frames(struct vmsim_machine *m, vmsim_cycles until)
{
	uint64_t frames = m->now < until ? vmm_zeroable(m->vmm) : 0;
	struct account *account;

	if (m->now >= until || (!frames && !m->zeroing_left))
		return;
	account = stats_switch(&m->stats, g_ptr_array_index(m->stats.accounts, 0));
	m->events.seq = m->events.line = 0;
	m->events.pid = m->events.tid = 0;
	for (;;) {
		vmsim_cycles cycles = MIN(m->zeroing_left, until - m->now);

		BOOK(m, kernel, cycles);
		m->zeroing_left -= cycles;
		if (m->now == until || !frames)
			break;
		clock_stamp(m);
		vmm_zero(m->vmm);
		m->zeroing_left = m->config->os.zero_page.cycles;
		frames--;
	}
	stats_switch(&m->stats, account);
}

/* The core has nothing to run until `until` (T19), in one interval. */
static void pass_part(struct vmsim_machine *m, vmsim_cycles until, bool idle)
{
	vmsim_cycles cycles;
	struct account *account;

	stats_settle(&m->stats);
	zero_frames(m, until);
	cycles = until - m->now;
	if (m->running && m->running->wait != WAIT_NOTHING) {
		BOOK(m, io_wait, cycles);
	} else if (m->running && !idle) {
		BOOK(m, order_wait, cycles);
	} else {
		account = stats_switch(&m->stats, g_ptr_array_index(m->stats.accounts, 0));
		BOOK(m, idle, cycles);
		stats_switch(&m->stats, account);
	}
}

void machine_pass_time(struct vmsim_machine *m, vmsim_cycles until, bool idle)
{
	while (m->sample_at < until) {
		pass_part(m, MAX(m->now, m->sample_at), idle);
		machine_sample(m);
	}
	pass_part(m, until, idle);
}
