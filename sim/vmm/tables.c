/* tables.c: the page tables that ranges of pages need: whether memory can hold them (semantics C4),
 * the building of them, and what they are charged (C1, memory.charge_page_tables). */
#include "mmu/design.h"
#include "vmm/internal.h"

/* --- the machine's own ---------------------------------------------------------------------- */

/* The frames that a shared table lies in are wired before anybody else gets any. */
static void wire_shared(struct vmm *vmm, uint64_t frames)
{
	for (uint64_t i = 0; i < frames; i++) {
		vmsim_pfn frame = frame_take(vmm, FRAME_TABLE);

		g_assert(frame == i);
		vmm->db.pfn[frame].flags = PFN_TABLE;
		vmm->db.n_tables++;
		pfn_move(&vmm->db, frame, MOVE_L38);
	}
}

void tables_init(struct vmm *vmm)
{
	const struct config *config = vmm->config;
	bool outside = config->memory.page_tables == PAGE_TABLES_OUT;
	struct shared_table *shared = shared_table_new(config);

	/* Beside a shared table, what each process has are the system's books. */
	pt_pool_init(&vmm->pool, pt_shape_for(config), (uint32_t)config->memory.frames,
		     outside || shared);
	vmm->pool.shared = shared;
	if (shared && !outside)
		wire_shared(vmm, shared_table_pages(shared));
	tables_count(vmm);
}

void tables_count(struct vmm *vmm)
{
	const struct shared_table *shared = vmm->pool.shared;
	uint64_t pages;

	if (!shared)
		return;
	/* The frames of one that was moved stay its own. */
	pages = shared_table_pages(shared) + (shared->moves ? vmm->db.n_tables : 0);
	if (pages != vmm->shared_pages)
		stats_tables(vmm->stats, g_ptr_array_index(vmm->stats->accounts, 0),
			     (int64_t)(pages - vmm->shared_pages));
	vmm->c->page_table_moves += shared->moves - vmm->shared_moves;
	vmm->shared_pages = pages;
	vmm->shared_moves = shared->moves;
}

/* Whether a process pays for its tables; a shared one is nobody's. */
static bool tables_are_charged(const struct vmm *vmm)
{
	return vmm->config->memory.charge_page_tables && !vmm->pool.shared;
}

/* A process has one table more, or n fewer. */
static void tables_changed(struct vmm *vmm, const struct process *process, int64_t delta)
{
	if (!vmm->pool.shared)
		stats_tables(vmm->stats, process->account, delta);
}

/* --- memory for them ----------------------------------------------------------------------- */

/* What a frame is to those who want one. */
enum claim {
	CLAIM_NONE,     /* it can be had, now or once something is written */
	CLAIM_FOR_SLOT, /* its page is nowhere else: it can be had for a slot of the pagefile */
	CLAIM_FOR_GOOD, /* wired, locked or bad */
};

static enum claim claim_of(struct vmm *vmm, vmsim_pfn frame)
{
	const struct pfn *pfn = &vmm->db.pfn[frame];

	if (pfn->locks || (pfn->flags & PFN_WIRED) || pfn->state == PFN_BAD)
		return CLAIM_FOR_GOOD;
	if (pfn->slot || (pfn->segment && pfn->segment->file))
		return CLAIM_NONE;
	if (pfn->state == PFN_MODIFIED ||
	    (pfn->state == PFN_ACTIVE && frame_is_dirty(vmm, frame)))
		return CLAIM_FOR_SLOT;
	return CLAIM_NONE;
}

/* C4. Frames must be had for the tables, and one more, to page with. Tables are wired, as are pages
 * that are or will be locked. Neither depends on what is being paged just now: a page that is
 * written takes a slot and needs none any more, one that is read and changed gives one back. */
static bool tables_fit(struct vmm *vmm, uint64_t missing)
{
	const struct pfn_db *db = &vmm->db;
	uint64_t wired = db->n_tables + db->n_large + db->n_store + vmm->locked_pages;
	uint64_t claimed[3] = {0}, slots, kept;

	/* They take no frames, but no call has use for more than all that may be committed would
	 * need; a view of a file is not charged, and can be of any size. */
	if (vmm->pool.outside)
		return missing <= 64 + vmm->limit / 256;
	if (wired + missing >= db->frames)
		return false;
	if (pfn_available(db) > missing)
		return true;
	for (vmsim_pfn frame = 0; frame < db->fresh; frame++)
		claimed[claim_of(vmm, frame)]++;
	slots = pagefile_available(&vmm->file);
	kept = claimed[CLAIM_FOR_SLOT] > slots ? claimed[CLAIM_FOR_SLOT] - slots : 0;
	return claimed[CLAIM_FOR_GOOD] + kept + missing < db->frames;
}

enum vmm_status table_add(struct vmm *vmm, struct process *process, vmsim_vpn vpn, struct io **io)
{
	enum vmm_status status = VMM_DONE;
	vmsim_pfn frame;

	if (vmm->pool.outside) {
		pt_add_table(&process->pt, vpn, pt_pool_outside(&vmm->pool));
		tables_changed(vmm, process, 1);
		return VMM_DONE;
	}
	status = frame_get(vmm, process, FRAME_TABLE, &frame, io);
	if (status != VMM_DONE)
		return status;
	vmm->db.pfn[frame].owner = process;
	vmm->db.pfn[frame].vpn = vpn;
	vmm->db.pfn[frame].flags = PFN_TABLE;
	vmm->db.n_tables++;
	pfn_move(&vmm->db, frame, MOVE_L38);
	pt_add_table(&process->pt, vpn, frame);
	tables_changed(vmm, process, 1);
	return VMM_DONE;
}

void tables_prune(struct vmm *vmm, struct process *process, vmsim_vpn first, vmsim_vpn end)
{
	uint32_t before = process->pt.n_tables;

	pt_prune(&process->pt, first, end, frame_free_table, vmm);
	tables_changed(vmm, process, (int64_t)process->pt.n_tables - (int64_t)before);
	if (process->pt.n_tables != before)
		vmm->host.tables_freed(vmm->host.ctx, process->asid, first);
}

enum vmm_status pages_build(struct vmm *vmm, struct process *process, vmsim_vpn first,
			    vmsim_vpn last, struct io **io, bool *fits)
{
	vmsim_vpn leaf = (vmsim_vpn)1 << vmm->pool.shape->bits[0];
	uint64_t missing = pt_missing(&process->pt, first, last + 1);

	if (fits) {
		*fits = !missing || tables_fit(vmm, missing);
		if (!*fits)
			return VMM_DONE;
	}
	if (missing) {
		/* Who only touches a page is not refused for its tables. */
		if (pages_over_limit(vmm, tables_to_charge(vmm, process, first, last, false)))
			vmm->has_implicit = true;
		tables_charge(vmm, process, first, last, false);
	}
	for (vmsim_vpn vpn = first; vpn <= last; vpn = (vpn / leaf + 1) * leaf) {
		while (!pt_leaf(&process->pt, vpn)) {
			enum vmm_status status = table_add(vmm, process, vpn, io);

			if (status != VMM_DONE)
				return status;
		}
	}
	return VMM_DONE;
}

/* --- their charge --------------------------------------------------------------------------
 *
 * A table is charged from the commit of a page that it maps, or from when it is built if that is
 * first, until it maps nothing: no entry, and no page of a block that was committed when it was
 * reserved, whose pages need no entries. A table of a higher level is charged while one below it
 * is, or while it maps a large page. process->charged_tables has them: (level, number) to how many
 * such there are, which is 1 for a leaf table. */

static gpointer key_of(unsigned level, vmsim_vpn number)
{
	return (gpointer)(uintptr_t)(number << 3 | level);
}

/* The number of the table of a level that maps a page. */
static vmsim_vpn number_of(const struct vmm *vmm, unsigned level, vmsim_vpn vpn)
{
	const struct pt_shape *shape = vmm->pool.shape;

	return level + 1 == shape->levels ? 0 : vpn >> shape->shift[level + 1];
}

static bool is_charged(const struct process *process, unsigned level, vmsim_vpn number)
{
	return g_hash_table_contains(process->charged_tables, key_of(level, number));
}

uint64_t tables_to_charge(const struct vmm *vmm, const struct process *process, vmsim_vpn first,
			  vmsim_vpn last, bool large)
{
	uint64_t n = 0;

	if (!tables_are_charged(vmm))
		return 0;
	for (unsigned level = large; level < vmm->pool.shape->levels; level++)
		for (vmsim_vpn i = number_of(vmm, level, first); i <= number_of(vmm, level, last);
		     i++)
			n += !is_charged(process, level, i);
	return n;
}

/* A table has one thing more to be charged for. Returns how many tables are charged by that. */
static uint64_t hold(const struct vmm *vmm, struct process *process, unsigned level, vmsim_vpn vpn)
{
	GHashTable *charged = process->charged_tables;
	gpointer key;
	guint held;

	if (level == vmm->pool.shape->levels)
		return 0;
	key = key_of(level, number_of(vmm, level, vpn));
	held = GPOINTER_TO_UINT(g_hash_table_lookup(charged, key));
	g_hash_table_insert(charged, key, GUINT_TO_POINTER(held + 1));
	return held ? 0 : 1 + hold(vmm, process, level + 1, vpn);
}

/* A table has one thing less. Returns how many tables are charged no more. */
static uint64_t let_go(const struct vmm *vmm, struct process *process, unsigned level,
		       vmsim_vpn vpn)
{
	GHashTable *charged = process->charged_tables;
	gpointer key;
	guint held;

	if (level == vmm->pool.shape->levels)
		return 0;
	key = key_of(level, number_of(vmm, level, vpn));
	held = GPOINTER_TO_UINT(g_hash_table_lookup(charged, key)) - 1;
	if (held) {
		g_hash_table_insert(charged, key, GUINT_TO_POINTER(held));
		return 0;
	}
	g_hash_table_remove(charged, key);
	return 1 + let_go(vmm, process, level + 1, vpn);
}

void tables_charge(struct vmm *vmm, struct process *process, vmsim_vpn first, vmsim_vpn last,
		   bool large)
{
	vmsim_vpn leaf = (vmsim_vpn)1 << vmm->pool.shape->bits[0];
	uint64_t n = 0;

	if (!tables_are_charged(vmm))
		return;
	for (vmsim_vpn vpn = first; vpn <= last; vpn = (vpn / leaf + 1) * leaf)
		if (large || !is_charged(process, 0, number_of(vmm, 0, vpn)))
			n += hold(vmm, process, large, vpn);
	if (n)
		pages_charge(vmm, process, (int64_t)n);
}

void tables_uncharge_large(struct vmm *vmm, struct process *process, vmsim_vpn first,
			   vmsim_vpn last)
{
	uint64_t n = 0;

	if (!tables_are_charged(vmm))
		return;
	for (vmsim_vpn vpn = first; vpn <= last; vpn += LARGE_PAGE)
		n += let_go(vmm, process, 1, vpn);
	if (n)
		pages_charge(vmm, process, -(int64_t)n);
}

/* Whether a leaf table is there, or would be needed if its pages were touched. */
static bool leaf_needed(const struct vmm *vmm, const struct process *process, vmsim_vpn number)
{
	unsigned bits = vmm->pool.shape->bits[0];
	vmsim_vpn first = number << bits, last = first + ((vmsim_vpn)1 << bits) - 1;

	if (pt_find(&process->pt, first))
		return true;
	for (const struct vad *vad = vad_next(&process->vads, first); vad && vad->first <= last;
	     vad = vad_next(&process->vads, vad->last + 1))
		if (vad->commit_at_reserve && vad->kind != VAD_LARGE)
			return true;
	return false;
}

/* The charged leaf tables of a range: there may be far fewer than the range has room for. */
static GArray *leaves_in(const struct vmm *vmm, const struct process *process, vmsim_vpn first,
			 vmsim_vpn last)
{
	vmsim_vpn from = number_of(vmm, 0, first), to = number_of(vmm, 0, last);
	GArray *leaves = g_array_new(FALSE, FALSE, sizeof(vmsim_vpn));
	GHashTableIter iter;
	gpointer key;

	g_hash_table_iter_init(&iter, process->charged_tables);
	while (g_hash_table_iter_next(&iter, &key, NULL)) {
		vmsim_vpn number = (uintptr_t)key >> 3;

		if (!((uintptr_t)key & 7) && number >= from && number <= to)
			g_array_append_val(leaves, number);
	}
	return leaves;
}

void tables_release(struct vmm *vmm, struct process *process, vmsim_vpn first, vmsim_vpn last)
{
	unsigned bits = vmm->pool.shape->bits[0];
	uint64_t n = 0;
	GArray *leaves;

	tables_prune(vmm, process, first, last + 1);
	if (!tables_are_charged(vmm))
		return;
	leaves = leaves_in(vmm, process, first, last);
	for (guint i = 0; i < leaves->len; i++) {
		vmsim_vpn number = g_array_index(leaves, vmsim_vpn, i);

		if (!leaf_needed(vmm, process, number))
			n += let_go(vmm, process, 0, number << bits);
	}
	g_array_unref(leaves);
	if (n)
		pages_charge(vmm, process, -(int64_t)n);
}
