/* seek.h: how long the arm of a disk takes (timing T17).
 *
 *   seek_max |                                 ____----
 *            |                     ____----              linear
 *       seek |          ___----
 *            |    _--          seek_min + (seek - seek_min) * sqrt(distance / third)
 *   seek_min | /
 *            +-----------------|--------------------|
 *            1 page       third of the disk      all of it
 *
 * In integers throughout, each part rounded up (T1): the same on every host. */
#ifndef ENGINE_SEEK_H
#define ENGINE_SEEK_H

#include "config/config.h"

/* seek_cycles: a seek over a distance in pages; more than the disk has is all of it. */
vmsim_cycles seek_cycles(const struct config *config, uint64_t distance);

#endif
