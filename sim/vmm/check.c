/* check.c: the invariants of semantics section 10 that the memory manager alone can break. Each
 * function is named after the invariants it tests and returns the identifier of a broken one.
 * They look at everything, so an audit after every event is for small machines. */
#include "vmm/internal.h"

/* What a walk over every process's pages adds up to. */
struct tally {
	struct vmm *vmm;
	struct process *process;
	uint64_t resident, locked, committed, slots_in_ptes, resident_all, committed_all;
	uint64_t large, large_all; /* pages of large pages */
	uint64_t committed_pages; /* without what calls under way charged ahead */
	uint64_t pages_stored;    /* in frames or, if in none, in slots */
	const char *broken;
};

static void broke(struct tally *t, const char *invariant)
{
	if (!t->broken)
		t->broken = invariant;
}

/* Whether a frame is that of the page: the process's own, or the one its view shows. */
static bool names(const struct tally *t, const struct vad *vad, const struct pfn *pfn,
		  vmsim_vpn vpn, bool shared)
{
	if (shared)
		return pfn->segment == vad->segment && pfn->vpn == vad_index(vad, vpn);
	return pfn->owner == t->process && pfn->vpn == vpn && pfn->share == 1;
}

static void check_valid(struct tally *t, const struct vad *vad, vmsim_vpn vpn, pte_t pte)
{
	const struct pfn *pfn = &t->vmm->db.pfn[pte_frame(pte)];
	bool dirty = frame_is_dirty(t->vmm, pte_frame(pte));

	if (pfn->state != PFN_ACTIVE || !names(t, vad, pfn, vpn, pte & PTE_SHARED))
		broke(t, "I3");
	if (!prot_may_map(pte_prot(pte)))
		broke(t, "I23");
	if (((pte & PTE_W) && !prot_permits(pte_prot(pte), VMSIM_WRITE, true)) ||
	    (!(pte & PTE_XD) &&
	     !prot_permits(pte_prot(pte), VMSIM_EXECUTE, t->vmm->config->paging.nx)))
		broke(t, "I27");
	if (t->vmm->config->paging.dirty == DIRTY_SOFTWARE ? (pte & PTE_W) && !(pte & PTE_D)
							   : pte & PTE_SOFT_W)
		broke(t, "H6");
	if (!pfn->slot && !dirty && pfn->reset == RESET_NO &&
	    t->vmm->config->memory.zero_fill_dirty && !pfn->segment)
		broke(t, "I9");
	if (pfn->slot && !dirty && !(pfn->flags & PFN_WRITE_IO) &&
	    *pagefile_content(&t->vmm->file, pfn->slot) != pfn->content)
		broke(t, "I11");
	t->resident++;
	t->pages_stored += !pfn->segment;
	t->locked += (pte & PTE_LOCKED) != 0;
}

static void check_transition(struct tally *t, vmsim_vpn vpn, pte_t pte)
{
	const struct pfn *pfn = &t->vmm->db.pfn[pte_frame(pte)];
	bool listed = pfn->state == PFN_STANDBY || pfn->state == PFN_MODIFIED;

	if ((!listed && pfn->state != PFN_TRANSITION) || pfn->owner != t->process ||
	    pfn->vpn != vpn || (pfn->flags & PFN_DELETED))
		broke(t, "I4");
	if (pfn->locks)
		broke(t, "I22");
	t->pages_stored++;
}

static void check_entry(struct tally *t, const struct vad *vad, vmsim_vpn vpn, pte_t pte)
{
	t->committed += !vad->segment && page_is_committed(vad, vpn, pte);
	if (pte_is_valid(pte)) {
		check_valid(t, vad, vpn, pte);
	} else if (pte_is_transition(pte)) {
		check_transition(t, vpn, pte);
	} else if (pte_is_pagefile(pte)) {
		t->slots_in_ptes++;
		t->pages_stored++;
		if (!pagefile_in_use(&t->vmm->file, pte_slot(pte)))
			broke(t, "I12");
	}
}

/* A block of large pages has nothing but those, and they are its own (I3). */
static void check_large(struct tally *t, const struct vad *vad)
{
	for (vmsim_vpn vpn = vad->first; vpn <= vad->last; vpn++) {
		pte_t pte = pt_get(&t->process->pt, vpn);
		const struct pfn *pfn = &t->vmm->db.pfn[pte_frame(pte)];

		if (!pte_is_large(pte) || pfn->state != PFN_ACTIVE || pfn->flags != PFN_LARGE ||
		    pfn->owner != t->process || pfn->vpn != vpn) {
			broke(t, "I3");
			return;
		}
		t->large++;
		t->pages_stored++;
	}
}

static void check_block(void *ctx, struct vad *vad)
{
	struct tally *t = ctx;
	uint64_t before = t->committed;

	if (vad->segment)
		t->committed += vad->committed;
	if (vad->kind == VAD_LARGE)
		check_large(t, vad);
	for (vmsim_vpn vpn = vad->first; vpn <= vad->last;) {
		struct pt_span span = pt_span_at(&t->process->pt, vpn, vad->last + 1);

		if (!span.node && vad->commit_at_reserve)
			t->committed += span.n;
		for (uint64_t i = 0; span.node && i < span.n; i++)
			check_entry(t, vad, vpn + i, span.node->entry[span.index + i]);
		vpn += span.n;
	}
	if (t->committed - before != vad->committed)
		broke(t, "I18");
}

/* Entries outside all blocks are zero: those inside are all there are (I17). */
static uint64_t entries_in_blocks(const struct process *process)
{
	uint64_t n = 0;

	for (const struct vad *vad = vad_next(&process->vads, 0); vad;
	     vad = vad_next(&process->vads, vad->last + 1)) {
		for (vmsim_vpn vpn = vad->first; vpn <= vad->last;) {
			struct pt_span span = pt_span_at(&process->pt, vpn, vad->last + 1);

			for (uint64_t i = 0; span.node && i < span.n; i++)
				n += span.node->entry[span.index + i] != 0;
			vpn += span.n;
		}
	}
	return n;
}

static uint64_t entries_in_tables(const struct process *process, vmsim_vpn end)
{
	uint64_t n = 0;

	for (vmsim_vpn vpn = 0; vpn < end;) {
		struct pt_span span = pt_span_at(&process->pt, vpn, end);

		n += span.node ? span.node->used : 0;
		vpn += span.n;
	}
	return n;
}

static void check_process(struct tally *t)
{
	struct process *process = t->process;

	t->resident = t->locked = t->committed = t->large = 0;
	if (!vad_check(&process->vads))
		broke(t, "I16");
	if (!pt_check(&process->pt))
		broke(t, "I29");
	vad_foreach(&process->vads, check_block, t);
	if (entries_in_blocks(process) !=
		    entries_in_tables(process, t->vmm->pool.shape->vpn_end) ||
	    t->large != (uint64_t)process->pt.n_large * LARGE_PAGE)
		broke(t, "I17");
	if (t->committed + (uint64_t)process->charged_ahead +
		    g_hash_table_size(process->charged_tables) != process->committed)
		broke(t, "I18");
	if (t->resident != process->ws_pages || t->locked != process->locked_pages ||
	    t->locked > t->resident)
		broke(t, "I21");
	/* A hard maximum gives way to pages that are locked alone. */
	if (process->hard_max && process->ws_pages + process->ws_coming >
					 MAX(process->ws_max, process->locked_pages + 1))
		broke(t, "W1");
	if (!process->replacer->ops->check(process->replacer->state))
		broke(t, "policy state");
	t->resident_all += t->resident;
	t->large_all += t->large;
	t->committed_pages += t->committed;
	t->committed_all += process->committed;
}

static bool count_one(struct vmm *vmm, struct process *process, vmsim_vpn vpn, pte_t pte, void *ctx)
{
	(void)vmm, (void)process, (void)vpn;
	*(uint32_t *)ctx += pte_is_valid(pte);
	return true;
}

/* Valid entries that name an active frame. */
static uint32_t shares(struct vmm *vmm, vmsim_pfn frame)
{
	uint32_t n = 0;

	if (vmm->db.pfn[frame].state == PFN_ACTIVE)
		frame_entries(vmm, frame, count_one, &n);
	return n;
}

/* Pages of a segment in slots, and their charge (I12, I18). */
static void check_segments(struct tally *t)
{
	for (guint s = 0; s < t->vmm->segments->len; s++) {
		const struct segment *segment = g_ptr_array_index(t->vmm->segments, s);
		vmsim_vpn chunks = (segment->pages - 1) / SEGMENT_CHUNK + 1;

		t->committed_all += segment->committed;
		for (vmsim_vpn i = 0; i < chunks * SEGMENT_CHUNK; i++) {
			const pte_t *chunk = segment->chunk[i / SEGMENT_CHUNK];

			t->slots_in_ptes += chunk && pte_is_pagefile(chunk[i % SEGMENT_CHUNK]);
		}
	}
}

/* Frames in no working set, by what they hold. */
struct wired {
	uint64_t tables, large, store;
};

/* Frames by themselves; the slots they hold, and how often they are mapped. */
static struct wired check_frames(struct tally *t, uint64_t *slots, uint64_t *active)
{
	const struct pfn_db *db = &t->vmm->db;
	struct wired wired = {0};

	*slots = *active = 0;
	for (vmsim_pfn f = 0; f < db->fresh; f++) {
		const struct pfn *pfn = &db->pfn[f];
		bool io = pfn->flags & (PFN_READ_IO | PFN_WRITE_IO);

		*slots += pfn->slot != 0;
		if (pfn->slot && !pagefile_in_use(&t->vmm->file, pfn->slot))
			broke(t, io ? "I13" : "I12");
		if (pfn->state == PFN_TRANSITION && !io)
			broke(t, "I7");
		if (io != (io_of(t->vmm, f) != NULL))
			broke(t, "I7");
		if (pfn->share != (pfn->flags & PFN_WIRED ? 0 : shares(t->vmm, f)))
			broke(t, "I3");
		if (pfn->state == PFN_MODIFIED && (!(pfn->flags & PFN_IS_MODIFIED) || pfn->slot))
			broke(t, "I10");
		if (pfn->state == PFN_STANDBY &&
		    ((pfn->flags & PFN_IS_MODIFIED) ||
		     (!pfn->slot && pfn->reset == RESET_NO && !pfn->segment &&
		      t->vmm->config->memory.zero_fill_dirty) ||
		     (pfn->slot && *pagefile_content(&t->vmm->file, pfn->slot) != pfn->content)))
			broke(t, "I8");
		if (pfn->state == PFN_STANDBY || pfn->state == PFN_MODIFIED) {
			pte_t pte = home_get(t->vmm, pfn);

			if (!pte_is_transition(pte) || pte_frame(pte) != f)
				broke(t, "I4");
		}
		wired.tables += (pfn->flags & PFN_TABLE) != 0;
		wired.large += (pfn->flags & PFN_LARGE) != 0;
		wired.store += (pfn->flags & PFN_STORE) != 0;
		*active += pfn->share;
	}
	return wired;
}

const char *vmm_check(struct vmm *vmm)
{
	struct tally t = {.vmm = vmm, .broken = pfn_check(&vmm->db)};
	uint64_t slots, active;
	struct wired wired;

	for (guint i = 0; i < vmm->processes->len; i++) {
		t.process = g_ptr_array_index(vmm->processes, i);
		if (!t.process->exited)
			check_process(&t);
	}
	check_segments(&t);
	wired = check_frames(&t, &slots, &active);
	if (t.pages_stored > t.committed_pages)
		broke(&t, "I20");
	if (wired.tables != vmm->db.n_tables || wired.large != vmm->db.n_large ||
	    wired.store != vmm->db.n_store)
		broke(&t, "I1");
	if (wired.large != t.large_all)
		broke(&t, "I3");
	if (wired.store != store_frames(vmm))
		broke(&t, "W13");
	if (active != t.resident_all)
		broke(&t, "I3");
	if (!pagefile_check(&vmm->file) || slots + t.slots_in_ptes != pagefile_used(&vmm->file))
		broke(&t, "I12");
	if (t.committed_all != vmm->charge)
		broke(&t, "I18");
	if (vmm->charge > vmm->limit && !vmm->has_implicit)
		broke(&t, "I19");
	return t.broken;
}
