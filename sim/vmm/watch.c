/* watch.c: which pages of a write-watch block were written (semantics E16).
 *
 * A page counts as written when its entry has D set, or when it is in the block's set: a store goes
 * there as soon as its D is harvested or cleared. The set is kept by the block, so it outlives
 * protection changes and decommit; pages never written are not in it, however large the block.
 * Since page tables stay until release, a written page has an entry, if a zero one by no means. */
#include "vmm/internal.h"

static void *key_of(vmsim_vpn vpn)
{
	return (void *)(uintptr_t)vpn;
}

void watch_begin(struct vad *vad)
{
	vad->written = g_hash_table_new(NULL, NULL);
}

void watch_written(struct process *process, vmsim_vpn vpn)
{
	struct vad *vad = vad_find(&process->vads, vpn);

	if (vad && vad->written)
		g_hash_table_add(vad->written, key_of(vpn));
}

vmsim_vpn watch_find(const struct process *process, const struct vad *vad, vmsim_vpn first,
		     vmsim_vpn last)
{
	for (vmsim_vpn vpn = first; vpn <= last;) {
		struct pt_span span = pt_span_at(&process->pt, vpn, last + 1);

		for (uint64_t i = 0; span.node && i < span.n; i++) {
			pte_t pte = span.node->entry[span.index + i];

			if ((pte_is_valid(pte) && (pte & PTE_D)) ||
			    g_hash_table_contains(vad->written, key_of(vpn + i)))
				return vpn + i;
		}
		vpn += span.n;
	}
	return last + 1;
}

void watch_clear(struct vmm *vmm, struct process *process, struct vad *vad, vmsim_vpn first,
		 vmsim_vpn last)
{
	for (vmsim_vpn vpn = watch_find(process, vad, first, last); vpn <= last;
	     vpn = watch_find(process, vad, vpn + 1, last)) {
		pte_t pte = pt_get(&process->pt, vpn);

		if (pte_is_valid(pte) && (pte & PTE_D)) {
			page_dirtied(vmm, pte_frame(pte));
			page_clean(vmm, process, vpn, pte);
			vmm->host.invalidate(vmm->host.ctx, process->asid, vpn);
		}
		g_hash_table_remove(vad->written, key_of(vpn));
	}
}
