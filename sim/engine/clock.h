/* clock.h: time passes and is booked, in one statement (timing T19). */
#ifndef ENGINE_CLOCK_H
#define ENGINE_CLOCK_H

#include "engine/machine.h"

#define BOOK(m, bucket, amount)                                     \
	do {                                                        \
		vmsim_cycles booked_ = (amount);                    \
		(m)->stats.b.bucket##_cycles += booked_;            \
		(m)->now += booked_;                                \
	} while (0)

/* Events carry the cycle at which their step began. */
static inline void clock_stamp(struct vmsim_machine *m)
{
	m->events.cycle = m->now - m->origin;
}

#endif
