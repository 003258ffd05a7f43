/* watch.c: which pages of a write-watch block were written (semantics E16).
 *
 * A bit per page, set when a store comes to light: when D is harvested, or asked for. It is kept by
 * the block, so that it outlives protection changes and decommit. */
#include "vmm/internal.h"

void watch_written(struct process *process, vmsim_vpn vpn)
{
	struct vad *vad = vad_find(&process->vads, vpn);
	uint64_t i;

	if (!vad || !vad->written)
		return;
	i = vpn - vad->first;
	vad->written[i / 64] |= (uint64_t)1 << (i % 64);
}
