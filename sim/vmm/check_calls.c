/* check_calls.c: invariants I34 to I37: requests, counters, and what calls may do. I38, the
 * same bytes from the same input, takes two runs: tests compare those. */
#include "vmm/check.h"

/* --- requests --------------------------------------------------------------------------------- */

/* Whether a call gives up pages. */
static bool gives_up(const struct api_call *call)
{
	enum vmsim_call_id id = call->call->id;

	return id == VMSIM_CALL_VIRTUAL_FREE || id == VMSIM_CALL_NT_FREE ||
	       id == VMSIM_CALL_EXIT_PROCESS;
}

/* Requests of a step that gives up pages. To make room for page tables others' pages may have to be
 * written (textbook machine): that is not the call's own doing. */
static void note_issued(struct step *step, const struct vmm *vmm, const struct io *io)
{
	bool room = g_str_equal(io->cause, "eviction");

	for (uint32_t i = 0; i < io->pages; i++) {
		const struct pfn *pfn = &vmm->db.pfn[io->frame[i]];
		bool own = pfn->owner == step->process && pfn->vpn >= step->first &&
			   pfn->vpn <= step->last;

		if (room && !own)
			continue;
		step->issued++;
		step->issued_page = pfn->vpn;
	}
}

void audit_io(struct vmm *vmm, const struct io *io)
{
	struct audit *a = vmm->audit;

	if (!a->full)
		return;
	if (a->step)
		note_issued(a->step, vmm, io);
	a->io = io;
	audit_ask(a, CHECK_IO);
	a->io = NULL;
}

/* From the call that makes a page disposable until it is stored to, or the call is undone, the
 * page is not read and not written anew: no request names it, and it has no slot, but for one
 * of a request that began before. */
void check_I34(struct audit *a)
{
	for (size_t i = 0; a->full && !a->io && i < a->entries.n; i++)
		if (flow_is_stored(a, &a->entries.at[i]))
			broke(a, "%s was reset, and has a slot",
			      entry_words(a, &a->entries.at[i]));
	for (uint32_t i = 0; a->io && i < a->io->pages; i++)
		if (flow_is_quiet(a, &a->db->pfn[a->io->frame[i]]))
			broke(a, "a %s begins, by %s, of %s, which was reset",
			      a->io->write ? "write" : "read", a->io->cause,
			      frame_words(a, a->io->frame[i]));
}

/* A call that gives up pages starts no request for them, nor any other but to make room. */
void check_I35(struct audit *a)
{
	const struct step *step = a->step;

	if (gives_up(step->call) && step->issued)
		broke(a, "%s has started requests for %" G_GUINT64_FORMAT
		      " pages, of page 0x%" G_GINT64_MODIFIER "x for one",
		      vmsim_calls[step->call->call->id].name, step->issued, step->issued_page);
}

/* --- counters --------------------------------------------------------------------------------- */

/* Every fault was of one kind, every reference a load, store or fetch, and so on: the
 * identities that stats/counters.def states hold at any time. */
void check_I36(struct audit *a)
{
	const char *identity = stats_check(a->vmm->stats);

	if (identity)
		broke(a, "counters disagree: %s", identity);
}

/* --- failed calls ----------------------------------------------------------------------------- */

static void mix(uint64_t *digest, uint64_t value)
{
	*digest = (*digest ^ value) * UINT64_C(0x9E3779B97F4A7C15);
	*digest ^= *digest >> 29;
}

/* Locks that others have promised: who fails breaks his own promise. */
static uint64_t promised(const struct audit *a, const struct process *process)
{
	const struct step *step = a->step;

	return process->locks_promised - (process == step->process ? step->call->promised : 0);
}

static void digest_blocks(const struct audit *a, uint64_t *digest)
{
	mix(digest, a->vmm->charge);
	mix(digest, a->vmm->limit);
	for (guint i = 0; i < a->vmm->processes->len; i++) {
		const struct process *process = g_ptr_array_index(a->vmm->processes, i);

		mix(digest, process->committed);
		mix(digest, (uint64_t)process->charged_ahead);
		mix(digest, promised(a, process));
		mix(digest, process->ws_min << 32 | process->ws_max);
		mix(digest, process->exited);
	}
	for (size_t i = 0; i < a->blocks.n; i++) {
		const struct vad *vad = a->blocks.at[i].vad;

		mix(digest, a->blocks.at[i].process->asid);
		mix(digest, vad->first);
		mix(digest, vad->last);
		mix(digest, (uint64_t)vad->kind << 40 | (uint64_t)vad->prot << 32 |
				    vad->alloc_protect);
		mix(digest, vad->committed << 2 | (uint64_t)vad->commit_at_reserve << 1 |
				    (vad->written != NULL));
		mix(digest, (uint64_t)vad->piece << 1 | vad->replaced);
	}
}

static void digest_entries(const struct audit *a, uint64_t *pages, uint64_t *entries)
{
	for (size_t i = 0; i < a->entries.n; i++) {
		const struct entry *entry = &a->entries.at[i];

		mix(pages, entry->process->asid);
		mix(pages, entry->vpn);
		mix(pages, (uint64_t)pte_prot(entry->pte) << 2 |
				   (uint64_t)pte_is_decommitted(entry->pte) << 1 |
				   pte_is_offered(entry->pte));
		mix(entries, entry->pte);
	}
}

static void digest_frames(const struct audit *a, uint64_t *digest)
{
	for (size_t i = 0; i < a->frames.n; i++) {
		const struct pfn *pfn = &a->db->pfn[a->frames.at[i]];

		mix(digest, (uint64_t)pfn->next << 32 | pfn->prev);
		mix(digest, (uint64_t)pfn->slot << 32 | pfn->share);
		mix(digest, (uint64_t)pfn->locks << 32 | (uint64_t)pfn->state << 24 |
				    (uint64_t)pfn->flags << 16 | (uint64_t)pfn->priority << 8 |
				    pfn->reset);
		mix(digest, (uint64_t)pfn->page_priority << 8 | pfn->keep);
		mix(digest, pfn->vpn);
	}
}

static void digest_sections(const struct audit *a, uint64_t *digest)
{
	mix(digest, g_hash_table_size(a->vmm->sections));
	for (guint i = 0; i < a->vmm->segments->len; i++) {
		const struct segment *segment = g_ptr_array_index(a->vmm->segments, i);

		mix(digest, segment->pages);
		mix(digest, segment->committed);
		mix(digest, (uint64_t)segment->refs << 32 | segment->views->len);
	}
	for (size_t i = 0; i < a->homes.n; i++) {
		mix(digest, a->homes.at[i].index);
		mix(digest, a->homes.at[i].pte);
	}
}

static void take_digest(struct audit *a, uint64_t *digest)
{
	gather_whole(a);
	digest_blocks(a, &digest[DIGEST_BLOCKS]);
	digest_entries(a, &digest[DIGEST_PAGES], &digest[DIGEST_ENTRIES]);
	digest_frames(a, &digest[DIGEST_FRAMES]);
	digest_sections(a, &digest[DIGEST_SECTIONS]);
}

/* E0: what a failed call may have changed all the same, as bits by part. An unlock has evicted
 * pages; a lock gives up the locks of its earlier steps; an undone reset has made the others
 * live. */
static unsigned exempt(const struct vmsim_call *call)
{
	switch (call->id) {
	case VMSIM_CALL_VIRTUAL_UNLOCK:
	case VMSIM_CALL_VIRTUAL_LOCK:
		return 1u << DIGEST_ENTRIES | 1u << DIGEST_FRAMES;
	case VMSIM_CALL_VIRTUAL_ALLOC:
	case VMSIM_CALL_VIRTUAL_ALLOC2:
	case VMSIM_CALL_NT_ALLOCATE:
		return call->type & MEM_RESET_UNDO
			       ? 1u << DIGEST_ENTRIES | 1u << DIGEST_FRAMES | 1u << DIGEST_SECTIONS
			       : 0;
	default:
		return 0;
	}
}

/* A call that failed has left everything as it was, but for E0's exceptions: blocks and charges,
 * protections, entries, frames and their lists, sections. Judged over the step in which it failed:
 * the steps before only wait for room, and touch pages to be locked. */
void check_I37(struct audit *a)
{
	static const char *const parts[N_DIGESTS] = {"blocks or charges", "pages", "entries",
						     "frames", "sections"};
	const struct step *step = a->step;
	const struct api_call *call = step->call;

	if (!step->ended || call->outcome.kind != VMSIM_OUTCOME_FAILURE || !call->rule)
		return;
	if (call->charged)
		broke(a, "%s failed by %s, and keeps a charge of %" G_GINT64_FORMAT " pages",
		      vmsim_calls[call->call->id].name, call->rule, call->charged);
	for (int i = 0; i < N_DIGESTS; i++)
		if (step->before[i] != step->after[i] && !(exempt(call->call) >> i & 1))
			broke(a, "%s failed by %s, and changed %s",
			      vmsim_calls[call->call->id].name, call->rule, parts[i]);
}

void audit_step_begin(struct vmm *vmm, struct process *process, const struct api_call *call)
{
	struct audit *a = vmm->audit;

	if (!a->full)
		return;
	a->step = g_new0(struct step, 1);
	a->step->process = process;
	a->step->call = call;
	if (!vmm_call_range(vmm, process, call->call, call->address, &a->step->first,
			    &a->step->last)) {
		a->step->first = 1; /* none */
		a->step->last = 0;
	}
	take_digest(a, a->step->before);
}

void audit_step_end(struct vmm *vmm, enum vmm_status status)
{
	struct audit *a = vmm->audit;
	struct step *step = a->step;

	if (!step)
		return;
	step->ended = status == VMM_DONE;
	if (step->ended && step->call->outcome.kind == VMSIM_OUTCOME_FAILURE)
		take_digest(a, step->after);
	audit_ask(a, CHECK_CALL);
	if (step->ended) {
		flow_sweep(a);
		if (!step->process->exited)
			flow_reset(a, step);
	}
	g_clear_pointer(&a->step, g_free);
}
