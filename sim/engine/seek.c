/* seek.c: how long the arm of a disk takes. */
#include "engine/seek.h"

#include "base/scale.h"

/* The least r with r * r >= n. */
static uint64_t root_up(u128 n)
{
	uint64_t below = 0; /* the greatest number whose square is less */

	if (n == 0)
		return 0;
	for (uint64_t bit = (uint64_t)1 << 63; bit; bit >>= 1)
		if ((u128)(below | bit) * (below | bit) < n)
			below |= bit;
	return below + 1;
}

vmsim_cycles seek_cycles(const struct config *config, uint64_t distance)
{
	vmsim_cycles least = config->device.seek_min.cycles, usual = config->device.seek.cycles;
	uint64_t size = config->device.size / VMSIM_PAGE_SIZE, third = MAX(size / 3, 1);
	u128 square;

	distance = MIN(distance, size);
	if (distance > third)
		return usual + scale_up(config->device.seek_max.cycles - usual, distance - third,
					size - third);
	/* Durations are at most 10^12 cycles, distances less than 2^46: this fits. A root rounded
	 * up may be taken of a quotient rounded up. */
	square = (u128)(usual - least) * (usual - least) * distance;
	return least + root_up(square / third + (square % third != 0));
}
