/* sample.c: figures of one interval after another.
 *
 * On one core a step is never cut: an interval ends with the first step that ends at its end or
 * later, and says when that was. Time in which nothing happens, a gap or a wait, is cut where the
 * interval ends. Of several cores each may be in the middle of a step then: what it did counts
 * where the step began, its cycles where they pass. Looking at figures changes nothing, so a run
 * that is sampled equals one that is not. */
#include "engine/clock.h"

struct sampler {
	enum vmsim_unit unit;
	uint64_t every;
	vmsim_sample_fn fn;
	void *ctx;
	uint64_t events; /* at the end of the last interval */
};

/* The multiple of `every` after n. It fits: n is less than `every`, or both are at most about 2^62,
 * where the clock ends. */
static uint64_t next_multiple(uint64_t n, uint64_t every)
{
	return n - n % every + every;
}

/* Where the interval that begins now ends: once the machine is to stop, at its finish. */
static void set_end(struct vmsim_machine *m)
{
	const struct sampler *s = m->sampler;
	uint64_t end;

	m->sample_at = DEVICE_NEVER;
	m->sample_seq = UINT64_MAX;
	if (m->stop && *m->stop)
		return;
	if (s->unit == VMSIM_UNIT_CYCLES) {
		end = next_multiple(machine_time(m) - m->origin, s->every);
		m->sample_at = end < DEVICE_NEVER - m->origin ? end + m->origin : DEVICE_NEVER;
	} else {
		end = next_multiple(m->seq - m->seq_measured, s->every);
		m->sample_seq =
			end < UINT64_MAX - m->seq_measured ? end + m->seq_measured : UINT64_MAX;
	}
	machine_look(m);
}

static void to_next(struct vmsim_machine *m, struct core *core, const struct booking *part,
		    void *ctx)
{
	(void)core;
	stats_to_next_interval(&m->stats, ctx, part->bucket, part->cycles);
}

void machine_sample_begin(struct vmsim_machine *m)
{
	if (!m->sampler)
		return;
	m->sampler->events = m->seq;
	stats_interval_begin(&m->stats);
	core_beyond(m, machine_time(m), to_next, NULL);
	set_end(m);
}

void vmsim_machine_sample(struct vmsim_machine *m, enum vmsim_unit unit, uint64_t every,
			  vmsim_sample_fn fn, void *ctx)
{
	struct sampler sampler = {.unit = unit, .every = MAX(every, 1), .fn = fn, .ctx = ctx};

	g_free(m->sampler);
	m->sampler = g_memdup2(&sampler, sizeof(sampler));
	machine_sample_begin(m);
}

void machine_sample(struct vmsim_machine *m)
{
	struct sampler *s = m->sampler;
	vmsim_cycles now = machine_time(m);
	struct figures figures;
	struct vmsim_sample sample = {
		.cycle = now - m->origin,
		.events = m->seq - m->seq_measured,
		.counters = (const uint64_t *)&figures.c,
		.buckets = (const uint64_t *)&figures.b,
	};

	core_pass_all(m, now);
	stats_interval_end(&m->stats, &figures);
	core_beyond(m, now, to_next, &figures);
	s->events = m->seq;
	s->fn(s->ctx, &sample);
	set_end(m);
}

void machine_sample_rest(struct vmsim_machine *m)
{
	if (m->sampler && (m->seq != m->sampler->events || stats_interval_any(&m->stats)))
		machine_sample(m);
}
