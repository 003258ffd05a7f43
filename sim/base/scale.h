/* scale.h: a * b / c without losing bits in between. */
#ifndef BASE_SCALE_H
#define BASE_SCALE_H

#include <stdint.h>

__extension__ typedef unsigned __int128 u128;

/* scale_up: a * b / c, rounded up; UINT64_MAX when it does not fit. => c > 0 */
static inline uint64_t scale_up(uint64_t a, uint64_t b, uint64_t c)
{
	u128 product = (u128)a * b;
	u128 quotient = product / c + (product % c != 0);

	return quotient < UINT64_MAX ? (uint64_t)quotient : UINT64_MAX;
}

#endif
