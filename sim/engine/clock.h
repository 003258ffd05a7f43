/* clock.h: time passes and is booked, in one statement (timing T19). */
#ifndef ENGINE_CLOCK_H
#define ENGINE_CLOCK_H

#include "engine/machine.h"
#include "engine/overlap.h"

#define BOOK(m, bucket, amount)                                     \
	do {                                                        \
		vmsim_cycles booked_ = (amount);                    \
		(m)->stats.b.bucket##_cycles += booked_;            \
		clock_pass(m, BUCKET_##bucket, booked_);            \
	} while (0)

/* Time passes that is booked from its count (stats_settle). */
static inline void clock_pass(struct vmsim_machine *m, enum bucket_id bucket, vmsim_cycles cycles)
{
	m->now += cycles;
	if (m->many)
		core_note(m, bucket, cycles);
}

/* What a reference in flight takes; the second: booked from its count unless it overlaps others. */
#define SPEND(m, bucket, amount)                                    \
	do {                                                        \
		vmsim_cycles spent_ = (amount);                     \
		if ((m)->core->overlap)                             \
			overlap_spend(m, BUCKET_##bucket, spent_);  \
		else                                                \
			BOOK(m, bucket, spent_);                    \
	} while (0)

static inline void clock_spend(struct vmsim_machine *m, enum bucket_id bucket, vmsim_cycles cycles)
{
	if (m->core->overlap)
		overlap_spend(m, bucket, cycles);
	else
		clock_pass(m, bucket, cycles);
}

/* The walk of a translation, if there was one: if page_walks is not what it was before. */
static inline void clock_walk(struct vmsim_machine *m, uint64_t walks_before,
			      const struct translation *tr)
{
	if (tr->wait_cycles) /* perhaps for one made ahead of time */
		SPEND(m, walk_wait, tr->wait_cycles);
	if (m->stats.c.page_walks == walks_before)
		return;
	SPEND(m, walk, tr->walk_cycles);
	histogram_add(&m->stats.histograms[HISTOGRAM_page_walk], tr->walk_cycles);
}

/* Events carry the cycle at which their step began. */
static inline void clock_stamp(struct vmsim_machine *m)
{
	m->events.cycle = m->now - m->origin;
}

#endif
