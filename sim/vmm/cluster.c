/* cluster.c: reads of several pages at once: neighbours of a page that faulted (semantics W12), and
 * what PrefetchVirtualMemory asks for (2.9). All become T by L13 and are completed by io.c. */
#include "vmm/internal.h"

/* Where the contents of a view's, or a private, page are kept. */
struct source {
	struct process *process;
	const struct vad *vad;
};

static pte_t source_entry(const struct source *from, vmsim_vpn vpn)
{
	pte_t pte = page_effective(from->vad, pt_get(&from->process->pt, vpn));

	return pte_is_prototype(pte) ? segment_get(from->vad->segment, vad_index(from->vad, vpn))
				     : pte;
}

/* Whether the page is shown through the section. */
static bool is_shared(const struct source *from, vmsim_vpn vpn)
{
	pte_t pte = page_effective(from->vad, pt_get(&from->process->pt, vpn));

	return pte_is_prototype(pte);
}

/* Whether the entry says that the page is in the pagefile, or in its file. One in the store is in
 * memory; one whose frame turned bad is nowhere until that was said (L32). */
static bool is_on_disk(struct vmm *vmm, const struct source *from, pte_t pte, bool shared)
{
	if (pte & PTE_BROKEN)
		return false;
	if (pte_is_pagefile(pte))
		return !pagefile_is_store(&vmm->file, pte_slot(pte));
	return shared && from->vad->segment->file && !pte;
}

/* L13 for one page: the frame is its, and it waits for its contents. */
static void begin(struct vmm *vmm, const struct source *from, vmsim_vpn vpn, vmsim_pfn frame,
		  pte_t pte, bool shared)
{
	struct pfn *pfn = &vmm->db.pfn[frame];

	pfn->owner = shared ? NULL : from->process;
	pfn->segment = shared ? from->vad->segment : NULL;
	pfn->vpn = shared ? vad_index(from->vad, vpn) : vpn;
	pfn->slot = pte_is_pagefile(pte) ? pte_slot(pte) : 0;
	pfn->flags = PFN_READ_IO;
	pfn->page_priority = (uint8_t)vmm->config->vmm.page_priority; /* until it is mapped */
	pfn_move(&vmm->db, frame, MOVE_L13);
	home_set(vmm, pfn,
		 pte_make_transition(pte_prot(pte), frame) | (pte & PTE_OFFERED));
}

/* Whether the page at vpn can join a read of the page at vpn0, whose entry is pte0: on the same
 * disk, as far from it there as here. */
static bool continues(struct vmm *vmm, const struct source *from, vmsim_vpn vpn0, pte_t pte0,
		      bool shared0, vmsim_vpn vpn)
{
	pte_t pte = source_entry(from, vpn);
	bool shared = is_shared(from, vpn);

	if (shared != shared0 || !is_on_disk(vmm, from, pte, shared))
		return false;
	if (!pte_is_pagefile(pte0))
		return !pte_is_pagefile(pte);
	return pte_is_pagefile(pte) && (int64_t)pte_slot(pte) - (int64_t)pte_slot(pte0) ==
					       (int64_t)(vpn - vpn0);
}

/* A frame for a page that nobody waits for: only while memory is not short. */
static vmsim_pfn spare_frame(struct vmm *vmm)
{
	if (pfn_available(&vmm->db) <= vmm->config->vmm.avail_low)
		return VMSIM_NO_PFN;
	return frame_take(vmm, FRAME_ANY);
}

static bool take_neighbour(struct vmm *vmm, const struct source *from, vmsim_vpn vpn0, pte_t pte0,
			   bool shared, vmsim_vpn vpn, vmsim_pfn *frame)
{
	if (vpn < from->vad->first || vpn > from->vad->last ||
	    !continues(vmm, from, vpn0, pte0, shared, vpn))
		return false;
	*frame = spare_frame(vmm);
	if (*frame == VMSIM_NO_PFN)
		return false;
	begin(vmm, from, vpn, *frame, source_entry(from, vpn), shared);
	return true;
}

struct io *cluster_read(struct vmm *vmm, struct process *process, const struct vad *vad,
			vmsim_vpn vpn, vmsim_pfn frame, pte_t pte, const struct fault *fault)
{
	struct source from = {process, vad};
	bool shared = is_shared(&from, vpn);
	uint32_t most = vmm->config->standby.enabled ? (uint32_t)vmm->config->vmm.fault_cluster : 1;
	vmsim_pfn run[2 * IO_CLUSTER_MAX], *first = run + IO_CLUSTER_MAX;
	uint32_t n = 1, before = 0;
	struct io *io;

	*first = frame;
	begin(vmm, &from, vpn, frame, pte, shared);
	while (n < most && take_neighbour(vmm, &from, vpn, pte, shared, vpn + n, first + n))
		n++;
	while (n < most && vpn > before &&
	       take_neighbour(vmm, &from, vpn, pte, shared, vpn - before - 1, first - 1)) {
		first--;
		before++;
		n++;
	}
	io = io_new(vmm, false, first, n, "hard fault");
	io->process = process;
	io->vpn = vpn;
	io->wanted_page = before;
	io->access = fault->access;
	io->priority = fault->priority;
	process->ws_coming++;
	io_submit(vmm, io);
	return io;
}

bool cluster_prefetch(struct vmm *vmm, struct process *process, const struct vad *vad,
		      vmsim_vpn first, vmsim_vpn last)
{
	struct source from = {process, vad};
	uint32_t most = (uint32_t)vmm->config->vmm.prefetch_max;

	while (first <= last) {
		pte_t pte = source_entry(&from, first);
		bool shared = is_shared(&from, first);
		vmsim_pfn run[IO_CLUSTER_MAX];
		uint32_t n = 0;

		while (n < most && first + n <= last &&
		       take_neighbour(vmm, &from, first, pte, shared, first + n, &run[n]))
			n++;
		if (n) {
			struct io *io = io_new(vmm, false, run, n, "prefetch");

			io->process = process;
			io->vpn = first;
			io_submit(vmm, io);
		} else if (is_on_disk(vmm, &from, pte, shared)) {
			return false;
		}
		first += MAX(n, 1);
	}
	return true;
}
