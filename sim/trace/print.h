/* print.h: events and results in the canonical spelling of the text format. Everything appends. */
#ifndef TRACE_PRINT_H
#define TRACE_PRINT_H

#include <glib.h>
#include <vmsim/trace.h>

/* print_hex: without "0x", padded with zeros to at least digits (1 to 16). */
void print_hex(GString *out, uint64_t value, unsigned digits);
void print_decimal(GString *out, uint64_t value);

/* print_event: time, owner and event, without result. labels may be NULL: then L1, L2, ... */
void print_event(GString *out, const struct vmsim_event *event, const struct vmsim_labels *labels);
/* print_access_result: with a leading " = "; nothing when none was recorded. */
void print_access_result(GString *out, const struct vmsim_event *event);
/* print_outcome: a call's result; nothing when none was recorded. */
void print_outcome(GString *out, enum vmsim_call_id id, const struct vmsim_outcome *outcome,
		   const struct vmsim_labels *labels);

#endif
