/* types.h: the units everything is counted in.
 *
 * Addresses and sizes are bytes, page numbers are addresses >> 12, times are cycles of the
 * core clock (timing T1). All are unsigned 64-bit; physical frame numbers fit in 32 bits
 * (16 TiB of simulated memory). */
#ifndef VMSIM_TYPES_H
#define VMSIM_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define VMSIM_API __attribute__((visibility("default")))
#else
#define VMSIM_API
#endif

typedef uint64_t vmsim_va;     /* virtual address, bytes */
typedef uint64_t vmsim_vpn;    /* virtual page number */
typedef uint32_t vmsim_pfn;    /* physical frame number */
typedef uint64_t vmsim_cycles; /* time, or a duration */

#define VMSIM_PAGE_SHIFT 12
#define VMSIM_PAGE_SIZE ((uint64_t)1 << VMSIM_PAGE_SHIFT)     /* P of the specification */
#define VMSIM_GRANULARITY ((uint64_t)65536)                   /* G: allocation granularity */
#define VMSIM_GRANULARITY_PAGES (VMSIM_GRANULARITY / VMSIM_PAGE_SIZE)
#define VMSIM_NO_PFN UINT32_MAX

enum vmsim_access { VMSIM_READ, VMSIM_WRITE, VMSIM_EXECUTE };

/* How an access ended. */
enum vmsim_access_result {
	VMSIM_RESULT_NONE, /* in a trace: nothing was recorded */
	VMSIM_RESULT_OK,
	VMSIM_RESULT_VALUE, /* in a trace: a read, with the value it returned */
	VMSIM_RESULT_ACCESS_VIOLATION,
	VMSIM_RESULT_GUARD_PAGE,
	VMSIM_RESULT_IN_PAGE_ERROR,
	VMSIM_RESULT_STACK_OVERFLOW,
};

#endif
