/* check_frames.c: invariants I1 to I11: frames, their lists, and who names them. */
#include "vmm/check.h"

static bool is_private(const struct pfn *pfn)
{
	return pfn->owner && !pfn->segment && !(pfn->flags & (PFN_WIRED | PFN_DELETED));
}

/* Whether a frame holds a page, mapped or not. */
static bool is_pages(const struct pfn *pfn)
{
	return (pfn->owner || pfn->segment) && !(pfn->flags & (PFN_WIRED | PFN_DELETED)) &&
	       (pfn->state == PFN_ACTIVE || pfn->state == PFN_STANDBY ||
		pfn->state == PFN_MODIFIED || pfn->state == PFN_TRANSITION);
}

/* --- I1, I2: lists ---------------------------------------------------------------------------- */

static void check_length(struct audit *a, enum pfn_state state, uint64_t n)
{
	if (n != a->db->n[state])
		broke(a, "%" G_GUINT64_FORMAT " frames are %s, but the counter says %"
		      G_GUINT64_FORMAT, n, pfn_state_names[state], a->db->n[state]);
}

static uint64_t standby_length(const struct pfn_db *db)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < PFN_PRIORITIES; i++)
		n += db->standby[i].n;
	return n;
}

/* A list's links and its length, and what its frames are. */
static void check_list(struct audit *a, const struct pfn_list *list, enum pfn_state state,
		       unsigned priority)
{
	const struct pfn_db *db = a->db;
	uint64_t n = 0;
	uint32_t prev = VMSIM_NO_PFN;

	for (uint32_t f = list->head; f != VMSIM_NO_PFN; prev = f, f = db->pfn[f].next) {
		if (f >= db->fresh || n++ > list->n || db->pfn[f].prev != prev ||
		    db->pfn[f].state != state || db->pfn[f].held ||
		    (state == PFN_STANDBY && db->pfn[f].priority != priority)) {
			broke(a, "%s stands on the list of %s frames, after %d",
			      frame_words(a, f), pfn_state_names[state], (int)prev);
			return;
		}
	}
	if (n != list->n || list->tail != prev)
		broke(a, "the list of %s frames has %" G_GUINT64_FORMAT " frames up to %d, not %"
		      G_GUINT64_FORMAT " up to %d", pfn_state_names[state], n, (int)prev, list->n,
		      (int)list->tail);
}

static bool is_held(const struct pfn *pfn)
{
	return pfn->held && pfn->state != PFN_ACTIVE && pfn->state != PFN_TRANSITION &&
	       pfn->state != PFN_BAD;
}

/* Every frame is in one state; those that are zeroed, free, standby or modified stand once on the
 * list of their state (and priority), but for those that are held until a shootdown is acknowledged
 * (T2), others on none; lists are as long as they and the counters of states say, and the states
 * and the held ones make up all of memory. */
void check_I1(struct audit *a)
{
	const struct pfn_db *db = a->db;
	uint64_t n[PFN_N_STATES] = {0}, sum = db->n_held, held = 0, tables = 0, large = 0,
		 store = 0;

	for (int s = 0; s < PFN_N_STATES; s++)
		sum += db->n[s];
	if (sum != db->frames)
		broke(a, "the states hold %" G_GUINT64_FORMAT " frames of %u", sum, db->frames);
	check_length(a, PFN_ZEROED, db->zeroed.n + db->frames - db->fresh);
	check_length(a, PFN_FREE, db->free.n);
	check_length(a, PFN_MODIFIED, db->modified.n + db->mapped.n);
	check_length(a, PFN_STANDBY, standby_length(db));
	if (!a->whole)
		return;
	for (vmsim_pfn f = 0; f < db->fresh; f++) {
		held += is_held(&db->pfn[f]);
		n[db->pfn[f].state] += !is_held(&db->pfn[f]);
		tables += (db->pfn[f].flags & PFN_TABLE) != 0;
		large += (db->pfn[f].flags & PFN_LARGE) != 0;
		store += (db->pfn[f].flags & PFN_STORE) != 0;
	}
	n[PFN_ZEROED] += db->frames - db->fresh;
	for (int s = 0; s < PFN_N_STATES; s++)
		check_length(a, (enum pfn_state)s, n[s]);
	if (held != db->n_held)
		broke(a, "%" G_GUINT64_FORMAT " frames are held off their lists, but the counter "
		      "says %" G_GUINT64_FORMAT, held, db->n_held);
	if (tables != db->n_tables || large != db->n_large || store != db->n_store)
		broke(a, "%" G_GUINT64_FORMAT " frames hold page tables, %" G_GUINT64_FORMAT
		      " large pages, %" G_GUINT64_FORMAT " are the store's, but the counters say %"
		      G_GUINT64_FORMAT ", %" G_GUINT64_FORMAT " and %" G_GUINT64_FORMAT, tables,
		      large, store, db->n_tables, db->n_large, db->n_store);
	check_list(a, &db->zeroed, PFN_ZEROED, 0);
	check_list(a, &db->free, PFN_FREE, 0);
	check_list(a, &db->modified, PFN_MODIFIED, 0);
	check_list(a, &db->mapped, PFN_MODIFIED, 0);
	for (unsigned i = 0; i < PFN_PRIORITIES; i++)
		check_list(a, &db->standby[i], PFN_STANDBY, i);
}

/* What may be taken at once, by its counter, is what the zeroed, free and standby lists hold. */
void check_I2(struct audit *a)
{
	const struct pfn_db *db = a->db;
	uint64_t listed = db->zeroed.n + db->frames - db->fresh + db->free.n + standby_length(db);

	if (listed != pfn_available(db))
		broke(a, "%" G_GUINT64_FORMAT " frames can be taken, but the counter says %"
		      G_GUINT64_FORMAT, listed, pfn_available(db));
}

/* --- I3, I4: entries and frames --------------------------------------------------------------- */

/* Whether a frame is that of a page: the process's own, or the one that its view shows, or a
 * part of a large page's. */
static bool is_of(const struct pfn *pfn, const struct entry *entry)
{
	if (pte_is_large(entry->pte) != (pfn->flags == PFN_LARGE))
		return false;
	if (pte_is_valid(entry->pte) && (entry->pte & PTE_SHARED))
		return entry->vad && entry->vad->segment && pfn->segment == entry->vad->segment &&
		       pfn->vpn == vad_index(entry->vad, entry->vpn);
	return pfn->owner == entry->process && !pfn->segment && pfn->vpn == entry->vpn;
}

/* A valid entry names an active frame, and that frame names the entry's page, or the section's page
 * that the entry shows. A private page's frame has exactly one valid entry, and every frame counts
 * in `share` how many it has; those of large pages have one, too, and do not count it;
 * blocks of them are mapped as a whole. */
void check_I3(struct audit *a)
{
	for (size_t i = 0; i < a->blocks.n; i++) {
		const struct vad *vad = a->blocks.at[i].vad;

		if (vad->kind == VAD_LARGE && a->blocks.at[i].entries != vad->last - vad->first + 1)
			broke(a, "the large pages from 0x%" G_GINT64_MODIFIER
			      "x of process %u are not all mapped", vad->first,
			      a->blocks.at[i].process->pid);
	}
	for (size_t i = 0; i < a->entries.n; i++) {
		const struct entry *entry = &a->entries.at[i];
		vmsim_pfn frame = pte_frame(entry->pte);

		if (!pte_is_valid(entry->pte))
			continue;
		if (frame >= a->db->frames || a->db->pfn[frame].state != PFN_ACTIVE ||
		    !is_of(&a->db->pfn[frame], entry))
			broke(a, "%s names %s", entry_words(a, entry), frame_words(a, frame));
	}
	for (size_t i = 0; i < a->frames.n; i++) {
		vmsim_pfn f = a->frames.at[i];
		const struct pfn *pfn = &a->db->pfn[f];
		uint32_t valid = a->of.at[f].valid;

		if ((pfn->flags & (PFN_TABLE | PFN_STORE)) || (pfn->segment && !a->whole))
			continue;
		if (pfn->share != (pfn->flags & PFN_LARGE ? 0 : valid) ||
		    (pfn->state == PFN_ACTIVE && !valid) || (valid > 1 && !pfn->segment))
			broke(a, "%s has %u valid entries", frame_words(a, f), valid);
	}
}

/* A transition entry names a frame that is on standby, modified or in transition, and whose page is
 * the entry's; a section's names one that may be mapped, too. Each frame so held by a page has
 * exactly one such entry, its page's. */
void check_I4(struct audit *a)
{
	for (size_t i = 0; i < a->entries.n; i++) {
		const struct entry *entry = &a->entries.at[i];
		vmsim_pfn frame = pte_frame(entry->pte);
		const struct pfn *pfn = &a->db->pfn[frame];

		if (!pte_is_transition(entry->pte))
			continue;
		if (frame >= a->db->frames ||
		    (pfn->state != PFN_STANDBY && pfn->state != PFN_MODIFIED &&
		     pfn->state != PFN_TRANSITION) ||
		    !is_private(pfn) || !is_of(pfn, entry))
			broke(a, "%s names %s", entry_words(a, entry), frame_words(a, frame));
	}
	for (size_t i = 0; i < a->homes.n; i++) {
		const struct home *home = &a->homes.at[i];
		vmsim_pfn frame = pte_frame(home->pte);
		const struct pfn *pfn = &a->db->pfn[frame];

		if (!pte_is_transition(home->pte))
			continue;
		if (frame >= a->db->frames || !is_pages(pfn) || pfn->segment != home->segment ||
		    pfn->vpn != home->index)
			broke(a, "%s names %s", home_words(a, home), frame_words(a, frame));
	}
	for (size_t i = 0; i < a->frames.n; i++) {
		vmsim_pfn f = a->frames.at[i];
		const struct pfn *pfn = &a->db->pfn[f];
		uint32_t wanted = pfn->state != PFN_ACTIVE || pfn->segment;

		if (is_pages(pfn) && (a->whole || !pfn->segment) && a->of.at[f].away != wanted)
			broke(a, "%s has %u transition entries", frame_words(a, f),
			      a->of.at[f].away);
	}
}

/* --- I5 to I7: a frame by itself -------------------------------------------------------------- */

/* Zeroed, free and bad frames are nobody's: they have no page, slot, mark, share or lock, and no
 * entry names them. */
void check_I5(struct audit *a)
{
	for (size_t i = 0; i < a->frames.n; i++) {
		vmsim_pfn f = a->frames.at[i];
		const struct pfn *pfn = &a->db->pfn[f];

		if (pfn->state != PFN_ZEROED && pfn->state != PFN_FREE && pfn->state != PFN_BAD)
			continue;
		if (pfn->owner || pfn->segment || pfn->slot || pfn->flags || pfn->reset ||
		    pfn->share || pfn->locks ||
		    (a->of.n && (a->of.at[f].valid || a->of.at[f].away)))
			broke(a, "%s is not nobody's", frame_words(a, f));
	}
}

/* A zeroed frame holds zeros and nothing else. */
void check_I6(struct audit *a)
{
	for (size_t i = 0; i < a->frames.n; i++) {
		const struct pfn *pfn = &a->db->pfn[a->frames.at[i]];

		if (pfn->state == PFN_ZEROED && !content_is_zero(pfn->content))
			broke(a, "%s holds something", frame_words(a, a->frames.at[i]));
	}
}

/* A frame is referenced while it is shared or has a request under way: a request that is under way
 * is marked in its frames, and nowhere else; a frame is in transition exactly when it has one and
 * is not mapped. */
void check_I7(struct audit *a)
{
	for (size_t i = 0; i < a->frames.n; i++) {
		vmsim_pfn f = a->frames.at[i];
		const struct pfn *pfn = &a->db->pfn[f];
		const struct io *io = io_of(a->vmm, f);
		unsigned flag = !io ? 0u : io->write ? PFN_WRITE_IO : PFN_READ_IO;

		if ((pfn->flags & PFN_IO) != flag)
			broke(a, "%s has %s under way", frame_words(a, f),
			      !io ? "no request" : io->write ? "a write" : "a read");
		if (io ? pfn->state != PFN_TRANSITION && pfn->state != PFN_ACTIVE
		       : pfn->state == PFN_TRANSITION)
			broke(a, "%s has %s under way", frame_words(a, f),
			      io ? "a request" : "no request");
	}
}

/* --- I8 to I11: frames and slots -------------------------------------------------------------- */

/* Whether the frame holds what its slot does. Both refer to one content until either changes. */
static bool equals_slot(struct audit *a, const struct pfn *pfn)
{
	return pagefile_in_use(&a->vmm->file, pfn->slot) &&
	       *pagefile_content(&a->vmm->file, pfn->slot) == pfn->content;
}

/* With memory.zero_fill_dirty=false a page that was only read is clean without a copy: it can be
 * made again, of zeros. */
static bool may_be_nowhere(const struct audit *a, const struct pfn *pfn)
{
	return pfn->reset != RESET_NO || !a->vmm->config->memory.zero_fill_dirty;
}

/* A private standby frame is not modified, and there is a slot of equal content, or the page was
 * reset. */
void check_I8(struct audit *a)
{
	for (size_t i = 0; i < a->frames.n; i++) {
		const struct pfn *pfn = &a->db->pfn[a->frames.at[i]];

		if (pfn->state != PFN_STANDBY || !is_private(pfn))
			continue;
		if ((pfn->flags & PFN_IS_MODIFIED) ||
		    (pfn->slot ? !equals_slot(a, pfn) : !may_be_nowhere(a, pfn)))
			broke(a, "%s could not be read back", frame_words(a, a->frames.at[i]));
	}
}

/* A private page's frame that has no slot, is not modified and whose entry has no D has nothing to
 * be read back from: so the page was reset. */
void check_I9(struct audit *a)
{
	for (size_t i = 0; i < a->frames.n; i++) {
		vmsim_pfn f = a->frames.at[i];
		const struct pfn *pfn = &a->db->pfn[f];

		if (is_private(pfn) && !pfn->slot && !(pfn->flags & PFN_IS_MODIFIED) &&
		    !a->of.at[f].dirty && !may_be_nowhere(a, pfn))
			broke(a, "%s is clean, and there is no copy of it", frame_words(a, f));
	}
}

/* A frame on the modified list is modified, and has no slot. */
void check_I10(struct audit *a)
{
	for (size_t i = 0; i < a->frames.n; i++) {
		const struct pfn *pfn = &a->db->pfn[a->frames.at[i]];

		if (pfn->state == PFN_MODIFIED &&
		    (!(pfn->flags & PFN_IS_MODIFIED) || pfn->slot))
			broke(a, "%s", frame_words(a, a->frames.at[i]));
	}
}

/* A frame that has a slot, is not modified, whose entries have no D, and that is under no request,
 * holds what the slot holds. A section's frame is asked when all its entries are known. */
void check_I11(struct audit *a)
{
	for (size_t i = 0; i < a->frames.n; i++) {
		vmsim_pfn f = a->frames.at[i];
		const struct pfn *pfn = &a->db->pfn[f];

		if (pfn->slot && !(pfn->flags & (PFN_IS_MODIFIED | PFN_IO)) &&
		    !a->of.at[f].dirty && (a->whole || !pfn->segment) && !equals_slot(a, pfn))
			broke(a, "%s differs from its slot", frame_words(a, f));
	}
}

/* --- without a memory manager ----------------------------------------------------------------- */

const char *pfn_check(const struct pfn_db *db)
{
	static const struct invariant rows[] = {{"I5", check_I5, 0, ""}, {"I6", check_I6, 0, ""},
						{"I1", check_I1, 0, ""}, {"I2", check_I2, 0, ""}};
	struct audit a = {.db = db, .whole = true};

	for (vmsim_pfn f = 0; f < db->fresh; f++)
		*list_add(&a.frames) = f;
	for (size_t i = 0; i < G_N_ELEMENTS(rows) && !a.broken.id; i++) {
		a.row = &rows[i];
		a.row->check(&a);
	}
	gather_fini(&a);
	return a.broken.id;
}
