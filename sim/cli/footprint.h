/* footprint.h: what a trace's calls and accesses cover, taken from the trace alone.
 *
 * Recorded results stand for what the calls did; nothing is simulated. Addresses may be relative
 * to labels whose values nobody knows: such pages are counted by label and offset. That is exact
 * as long as blocks of different labels do not overlap, which is so in a recording. */
#ifndef CLI_FOOTPRINT_H
#define CLI_FOOTPRINT_H

#include <vmsim/vmsim.h>

struct footprint;

struct footprint_totals {
	uint64_t pages, data_pages;             /* distinct: touched at all; loaded or stored */
	uint64_t reserved_peak, committed_peak; /* pages, of all processes together */
	uint64_t processes, threads;
};

struct footprint *footprint_new(void);
void footprint_free(struct footprint *footprint);
void footprint_event(struct footprint *footprint, const struct vmsim_event *event);
void footprint_totals(const struct footprint *footprint, struct footprint_totals *totals);

#endif
