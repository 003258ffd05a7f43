/* timer.c: the timers of the balance set manager (semantics W3, timing T16) and of the writers (W8).
 *
 * A timer is looked at between two events, as completions are; attention lets the hot path do so
 * without a test of its own. It wakes nobody after the last event: when nothing is under way, time
 * stands still. While the core sleeps and ticks would find nothing to do they are only counted, so
 * that a program that idles for years costs no more than one that idles for a minute. */
#include "engine/machine.h"

vmsim_cycles timer_next(const struct vmsim_machine *m)
{
	return MIN(m->next_tick, vmm_write_due(m->vmm));
}

void timer_ran(struct vmsim_machine *m)
{
	if (m->running && !m->asleep)
		vmm_ran(m->vmm, m->running->process, m->now);
}

void timer_take(struct vmsim_machine *m)
{
	vmsim_cycles period = m->config->bsm.period.cycles;
	uint64_t n;

	if (m->now >= vmm_write_due(m->vmm))
		m->background_due = true;
	if (m->now < m->next_tick)
		return;
	timer_ran(m);
	n = (m->now - m->next_tick) / period + 1; /* however late, it comes once */
	vmm_tick(m->vmm, m->now, n);
	m->next_tick += n * period;
	m->background_due = true;
}

void timer_sleep(struct vmsim_machine *m, vmsim_cycles until, bool idle)
{
	vmsim_cycles period = m->config->bsm.period.cycles;
	uint64_t n;

	timer_ran(m);
	m->asleep = true;
	if (m->next_tick < until && vmm_at_rest(m->vmm)) {
		n = (until - m->next_tick - 1) / period + 1;
		vmm_slept(m->vmm, n);
		m->next_tick += n * period;
	}
	machine_pass_time(m, MAX(m->now, MIN(until, timer_next(m))), idle);
}
