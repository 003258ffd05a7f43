/* overlap.h: several references of a thread in flight at once (timing T8, core.mlp above 1).
 *
 * A reference is in flight from its first lookup to its data. It begins when fewer than core.mlp
 * of those right before it are in flight: when the one so many before has ended, and all before
 * that. What comes before it, the gap and the computation, is the core's own work, done one after
 * another, while earlier references are in flight. State changes when a reference begins (T2), for
 * all of its pages; its cycles are then known, so that time goes back to where it began, for the
 * next one.
 *
 * Each cycle is booked when the clock passes it, as what the oldest reference in flight does in
 * it; only if there is none, as what the core does. So the buckets sum to the clock at any time
 * but while a reference is being carried out.
 *
 * A call or a fault waits until all have ended; so do background work, another thread's turn, and
 * the end; an interrupt comes after them, too. What they have found stands in TLBs and caches, and
 * in the page table, from their beginning; caches do not make others wait for a line on its way.
 */
#ifndef ENGINE_OVERLAP_H
#define ENGINE_OVERLAP_H

#include "config/config.h"
#include "stats/stats.h"

struct overlap; /* of a core */
struct core;
struct vmsim_machine;

/* overlap_new: NULL when references do not overlap. */
struct overlap *overlap_new(const struct config *config);
void overlap_free(struct overlap *overlap);

/* The acting core's; nothing without one. */

/* overlap_begin: its thread's reference begins, or goes on after a fault, when it may. */
void overlap_begin(struct vmsim_machine *m);
/* overlap_spend: it takes so long. overlap_end: and has its data, or meets a fault: time goes back
 * to its beginning. */
void overlap_spend(struct vmsim_machine *m, enum bucket_id bucket, vmsim_cycles cycles);
void overlap_end(struct vmsim_machine *m);
/* overlap_is_on: whether a reference has begun and not ended. */
bool overlap_is_on(const struct vmsim_machine *m);

/* overlap_pass: the core works for so long. overlap_until: nothing else happens until then, or
 * until all have ended if that is earlier. overlap_drain: nothing else happens until they have. */
void overlap_pass(struct vmsim_machine *m, enum bucket_id bucket, vmsim_cycles cycles);
void overlap_until(struct vmsim_machine *m, vmsim_cycles until);
void overlap_drain(struct vmsim_machine *m);
/* overlap_last: when all of a core's have ended; not before its now. */
vmsim_cycles overlap_last(const struct vmsim_machine *m, const struct core *core);

#endif
