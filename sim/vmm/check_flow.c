/* check_flow.c: invariants I30 to I33: where the bytes of a page come from.
 *
 * A record of each page that was stored to says what was last stored where, on the side; and each
 * content carries the tag of the page that was last stored to through it, wherever the memory
 * manager takes it: to slots, files, other frames. A page that is given up loses its record, so
 * when it is committed again it is another one, with another tag.
 *
 * Of what files hold nothing is known, nor of what pages held before the audit began. */
#include "vmm/check.h"

struct page_name {
	const void *owner; /* process, segment or file */
	vmsim_vpn vpn;
};

struct page_record {
	struct page_name name; /* first: the key */
	struct process *process; /* one of the three */
	struct segment *segment;
	struct file *file;
	uint64_t tag;
	struct content *bytes; /* as they must read */
	bool stored;           /* to; else `bytes` is what it began with */
	bool open;             /* reset since, or struck by an error: it may as well be all zeros */
	bool quiet;            /* reset since, and not undone (R4) */
};

struct tag_owner {
	struct page_name name;
	uint32_t pid; /* 0: a section */
};

static guint name_hash(const void *key)
{
	const struct page_name *name = key;

	return g_direct_hash(name->owner) * 31u + (guint)(name->vpn ^ name->vpn >> 32);
}

static gboolean name_equal(const void *a, const void *b)
{
	const struct page_name *x = a, *y = b;

	return x->owner == y->owner && x->vpn == y->vpn;
}

static void record_free(void *data)
{
	struct page_record *record = data;

	content_unref(record->bytes);
	g_free(record);
}

void flow_init(struct audit *a)
{
	a->records = g_hash_table_new_full(name_hash, name_equal, NULL, record_free);
	a->written_by = g_array_new(FALSE, FALSE, sizeof(struct tag_owner));
}

void flow_fini(struct audit *a)
{
	if (!a->records)
		return;
	g_hash_table_destroy(a->records);
	g_array_unref(a->written_by);
}

/* --- pages and their records ------------------------------------------------------------------ */

/* Pages are named as frames name theirs. */
static struct page_name name_of(const struct pfn *page)
{
	const struct segment *segment = page->segment;

	return (struct page_name){segment && segment->file ? (const void *)segment->file
				  : segment		   ? (const void *)segment
							   : page->owner,
				  page->vpn};
}

/* The page that a process sees at an address: its own, or the section's that is shown there. */
static struct pfn page_at(struct process *process, const struct vad *vad, vmsim_vpn vpn, pte_t pte)
{
	bool shared = vad && vad->segment &&
		      (pte_is_valid(pte) ? (pte & PTE_SHARED) != 0 : !pte || pte_is_prototype(pte));

	if (shared)
		return (struct pfn){.segment = vad->segment, .vpn = vad_index(vad, vpn)};
	return (struct pfn){.owner = process, .vpn = vpn};
}

static struct page_record *find(struct audit *a, const struct pfn *page)
{
	struct page_name name = name_of(page);

	return g_hash_table_lookup(a->records, &name);
}

/* The section's page that a page of a view was copied from; false when it is no copy. */
static bool copied_from(const struct pfn *page, struct pfn *from)
{
	const struct vad *vad = page->owner ? vad_find(&page->owner->vads, page->vpn) : NULL;

	if (!vad || !vad->segment)
		return false;
	*from = (struct pfn){.segment = vad->segment, .vpn = vad_index(vad, page->vpn)};
	return true;
}

/* What a page holds that was not stored to: zeros (NULL), what it was copied from, or who knows. */
static struct content *blank(struct audit *a, const struct pfn *page)
{
	struct pfn from;

	if (a->late || (page->segment && page->segment->file))
		return content_unknown();
	if (copied_from(page, &from)) {
		const struct page_record *record = find(a, &from);

		return record ? record->bytes : blank(a, &from);
	}
	return NULL;
}

static struct page_record *find_or_make(struct audit *a, const struct pfn *page)
{
	struct page_record *record = find(a, page);
	struct tag_owner owner = {name_of(page), page->owner ? page->owner->pid : 0};

	if (record)
		return record;
	record = g_new0(struct page_record, 1);
	record->name = owner.name;
	record->process = page->owner;
	record->segment = page->segment && !page->segment->file ? page->segment : NULL;
	record->file = page->segment ? page->segment->file : NULL;
	record->bytes = content_ref(blank(a, page));
	g_array_append_val(a->written_by, owner);
	record->tag = a->written_by->len;
	g_hash_table_insert(a->records, &record->name, record);
	return record;
}

/* Whether the page of a record is there no more. */
static gboolean is_gone(void *key, void *value, void *ctx)
{
	const struct page_record *record = value;
	const struct vad *vad;
	struct audit *a = ctx;

	(void)key;
	if (record->file)
		return FALSE;
	if (record->segment)
		return !g_ptr_array_find(a->vmm->segments, record->segment, NULL);
	if (record->process->exited)
		return TRUE;
	vad = vad_find(&record->process->vads, record->name.vpn);
	return !vad || !page_is_committed(vad, record->name.vpn,
					  pt_get(&record->process->pt, record->name.vpn));
}

void flow_sweep(struct audit *a)
{
	g_hash_table_foreach_remove(a->records, is_gone, a);
}

/* --- what happens ----------------------------------------------------------------------------- */

static struct pfn page_of_access(const struct access *access)
{
	vmsim_vpn vpn = access->va >> VMSIM_PAGE_SHIFT;

	return page_at(access->process, vad_find(&access->process->vads, vpn), vpn,
		       pt_get(&access->process->pt, vpn));
}

/* A store makes a reset page live as a whole, with what it held, or with zeros (R6). */
static void note_store(struct audit *a, const struct access *access)
{
	struct pfn page = page_of_access(access);
	struct page_record *record = find_or_make(a, &page);

	if (record->open && content_is_zero(a->db->pfn[access->frame].content))
		content_set(&record->bytes, NULL);
	record->open = record->quiet = false;
	if (!access->stored)
		return;
	content_store(&record->bytes, (unsigned)(access->va & (VMSIM_PAGE_SIZE - 1)), access->n,
		      access->bytes);
	record->stored = true;
}

void vmm_audit_access(struct vmm *vmm, const struct access *access)
{
	struct audit *a = vmm->audit;

	if (!a->full)
		return;
	a->access = access;
	audit_ask(a, CHECK_ACCESS);
	a->access = NULL;
	if (access->write)
		note_store(a, access);
}

void audit_stored(struct vmm *vmm, vmsim_pfn frame)
{
	struct pfn *pfn = &vmm->db.pfn[frame];
	const struct page_record *record = vmm->audit->full ? find(vmm->audit, pfn) : NULL;

	if (record)
		content_set_tag(pfn->content, record->tag);
}

void audit_live(struct vmm *vmm, vmsim_pfn frame)
{
	struct page_record *record = vmm->audit->full ? find(vmm->audit, &vmm->db.pfn[frame])
						      : NULL;

	if (record)
		record->quiet = false;
}

void audit_lost(struct vmm *vmm, const struct pfn *page)
{
	struct page_record *record = vmm->audit->full ? find(vmm->audit, page) : NULL;

	if (record)
		record->open = true;
}

/* Pages that a call made disposable, or live again. */
void flow_reset(struct audit *a, const struct step *step)
{
	const struct vmsim_call *call = step->call->call;
	bool alloc = call->id == VMSIM_CALL_VIRTUAL_ALLOC ||
		     call->id == VMSIM_CALL_VIRTUAL_ALLOC2 || call->id == VMSIM_CALL_NT_ALLOCATE;
	bool resets = step->call->outcome.kind == VMSIM_OUTCOME_SUCCESS &&
		      ((alloc && (call->type & MEM_RESET)) || call->id == VMSIM_CALL_OFFER ||
		       call->id == VMSIM_CALL_DISCARD);
	bool undoes = (step->call->outcome.kind == VMSIM_OUTCOME_SUCCESS ||
		       step->call->status == STATUS_PTE_CHANGED) && /* E0 */
		      ((alloc && (call->type & MEM_RESET_UNDO)) || call->id == VMSIM_CALL_RECLAIM);
	uint64_t alike;

	if (!resets && !undoes)
		return;
	for (vmsim_vpn vpn = step->first; vpn <= step->last; vpn += alike) {
		const struct vad *vad = vad_find(&step->process->vads, vpn);
		pte_t pte = pt_get(&step->process->pt, vpn);
		struct page_record *record;
		struct pt_span span;
		struct pfn page;

		if (!vad)
			return; /* it failed */
		/* What has no entry was never touched. */
		span = pt_span_at(&step->process->pt, vpn, MIN(step->last, vad->last) + 1);
		alike = span.node      ? 1
			: vad->segment ? view_alike(step->process, vad, vpn, vpn + span.n - 1)
				       : span.n;
		if (alike > 1 || !page_is_committed(vad, vpn, pte))
			continue;
		page = page_at(step->process, vad, vpn, pte);
		if (page.segment)
			pte = home_get(a->vmm, &page);
		/* What was never touched stays as it is (R3). */
		if (undoes ? !find(a, &page)
			   : !pte_is_valid(pte) && !pte_is_transition(pte) && !(pte & PTE_LOST))
			continue;
		record = find_or_make(a, &page);
		record->open |= resets;
		record->quiet = resets;
	}
}

bool flow_is_quiet(struct audit *a, const struct pfn *page)
{
	const struct page_record *record = find(a, page);

	return record && record->quiet;
}

bool flow_is_stored(struct audit *a, const struct entry *entry)
{
	const struct pfn *pfn = pte_is_valid(entry->pte) || pte_is_transition(entry->pte)
					? &a->db->pfn[pte_frame(entry->pte)]
					: NULL;
	struct pfn page;

	if (pfn ? !pfn->slot || (pfn->flags & PFN_IO) : !pte_is_pagefile(entry->pte))
		return false;
	page = page_at(entry->process, entry->vad, entry->vpn, entry->pte);
	return flow_is_quiet(a, &page);
}

/* --- I30, I31: what a load reads -------------------------------------------------------------- */

/* The first byte of a load that is known, and differs from what `bytes` has there, where that is
 * known; access->n: none. */
static unsigned first_difference(struct audit *a, const struct content *bytes)
{
	const struct access *access = a->access;
	unsigned offset = (unsigned)(access->va & (VMSIM_PAGE_SIZE - 1));
	uint8_t read[64], expected[64];
	bool read_known[64], known[64];

	for (unsigned at = 0; at < access->n; at += 64) {
		unsigned n = MIN(64, access->n - at);

		content_load(a->db->pfn[access->frame].content, offset + at, n, read, read_known);
		content_load(bytes, offset + at, n, expected, known);
		for (unsigned i = 0; i < n; i++)
			if (read_known[i] && known[i] && read[i] != expected[i])
				return at + i;
	}
	return access->n;
}

/* In the state: a resident page never stored to holds what it began with. */
static void check_untouched(struct audit *a)
{
	for (size_t i = 0; a->full && !a->late && i < a->entries.n; i++) {
		const struct entry *entry = &a->entries.at[i];
		const struct page_record *record;
		const struct pfn *pfn;

		if (!pte_is_valid(entry->pte))
			continue;
		pfn = &a->db->pfn[pte_frame(entry->pte)];
		if (!pfn->content || (pfn->segment ? pfn->segment->file != NULL
						   : entry->vad->segment != NULL))
			continue;
		record = find(a, pfn);
		if ((!record || !record->stored) && !content_is_zero(pfn->content))
			broke(a, "%s was never stored to, and holds something",
			      entry_words(a, entry));
	}
}

/* A page that was not stored to since it was last committed holds zeros, and is read as zeros;
 * one of a file holds whatever is in the file, one copied from a section what that held. */
void check_I30(struct audit *a)
{
	const struct access *access = a->access;
	struct page_record *record;
	struct pfn page;
	unsigned at;

	if (!access) {
		check_untouched(a);
		return;
	}
	page = page_of_access(access);
	record = find(a, &page);
	if (access->write || (record && record->stored))
		return;
	at = first_difference(a, blank(a, &page));
	if (at < access->n)
		broke(a, "byte 0x%" G_GINT64_MODIFIER "x of %s is no zero, and was never stored",
		      access->va + at,
		      page_words(a, access->process, access->va >> VMSIM_PAGE_SHIFT));
}

/* Each byte read is the one last stored there since the page was committed. A page that was reset,
 * offered or discarded since may be zeros instead, and then as a whole; so may one that an error of
 * memory struck. */
void check_I31(struct audit *a)
{
	const struct access *access = a->access;
	struct page_record *record;
	struct pfn page;
	unsigned at;

	page = page_of_access(access);
	record = find(a, &page);
	if (access->write || !record || !record->stored)
		return;
	at = first_difference(a, record->bytes);
	if (at == access->n ||
	    (record->open && content_is_zero(a->db->pfn[access->frame].content)))
		return;
	broke(a, "byte 0x%" G_GINT64_MODIFIER "x of %s is not what was stored last%s",
	      access->va + at, page_words(a, access->process, access->va >> VMSIM_PAGE_SHIFT),
	      record->open ? ", nor is the page zeros" : "");
}

/* --- I32, I33: whose contents a page has ------------------------------------------------------ */

/* What an entry leads to, when that is the page's contents; NULL: zeros, or being read. */
static const struct content *contents_of(struct audit *a, pte_t pte)
{
	if (pte_is_valid(pte) || pte_is_transition(pte)) {
		vmsim_pfn frame = pte_frame(pte);

		if (frame >= a->db->frames || (a->db->pfn[frame].flags & PFN_READ_IO))
			return NULL;
		return a->db->pfn[frame].content;
	}
	if (!pte_is_pagefile(pte) || !pagefile_in_use(&a->vmm->file, pte_slot(pte)))
		return NULL;
	return *pagefile_content(&a->vmm->file, pte_slot(pte));
}

/* Who else stored what the page holds; NULL: nobody. */
static const struct tag_owner *foreign(struct audit *a, const struct pfn *page,
				       const struct content *content)
{
	uint64_t tag = content_tag(content);
	const struct page_record *record = tag ? find(a, page) : NULL;
	struct pfn from;

	if (!tag || (record && record->tag == tag))
		return NULL;
	if (copied_from(page, &from)) {
		record = find(a, &from);
		if (record && record->tag == tag)
			return NULL;
	}
	return &g_array_index(a->written_by, struct tag_owner, tag - 1);
}

static void add_stranger(struct audit *a, const struct stranger *stranger, const struct pfn *page)
{
	const struct tag_owner *owner = foreign(a, page, stranger->content);
	bool junk = stranger->content == content_junk();

	if (!owner && !junk)
		return;
	*list_add(&a->strangers) = *stranger;
	a->strangers.at[a->strangers.n - 1].passed =
		junk || owner->name.owner != name_of(page).owner;
	a->strangers.at[a->strangers.n - 1].of = junk ? NULL : owner;
}

void flow_gather(struct audit *a)
{
	a->strangers.n = 0;
	for (size_t i = 0; a->full && i < a->entries.n; i++) {
		const struct entry *entry = &a->entries.at[i];
		struct stranger stranger = {entry, NULL, contents_of(a, entry->pte), NULL, false};
		struct pfn page;

		if (!stranger.content)
			continue;
		page = page_at(entry->process, entry->vad, entry->vpn, entry->pte);
		add_stranger(a, &stranger, &page);
	}
	for (size_t i = 0; a->full && i < a->homes.n; i++) {
		const struct home *home = &a->homes.at[i];
		struct stranger stranger = {NULL, home, contents_of(a, home->pte), NULL, false};
		struct pfn page = {.segment = home->segment, .vpn = home->index};

		if (stranger.content)
			add_stranger(a, &stranger, &page);
	}
}

static void strangers_broke(struct audit *a, bool passed)
{
	for (size_t i = 0; i < a->strangers.n; i++) {
		const struct stranger *stranger = &a->strangers.at[i];
		const struct tag_owner *of = stranger->of;
		const char *words = stranger->entry ? entry_words(a, stranger->entry)
						    : home_words(a, stranger->home);

		if (stranger->passed != passed)
			continue;
		if (!of)
			broke(a, "%s has what was left in a freed frame", words);
		else if (of->pid)
			broke(a, "%s has what process %u stored to page 0x%" G_GINT64_MODIFIER
			      "x%s", words, of->pid, of->name.vpn,
			      passed ? "" : ", which was given up or is another");
		else
			broke(a, "%s has what was stored to page %" G_GUINT64_FORMAT
			      " of a section%s", words, of->name.vpn,
			      passed ? "" : ", which was given up or is another");
	}
}

/* A frame that passes from one owner to another is zeroed, read into, or copied into first: no page
 * has what another process, or section, stored, nor what is left in a frame that was freed. */
void check_I32(struct audit *a)
{
	strangers_broke(a, true);
}

/* What a page held that was decommitted, released or went with its process is in no page that is
 * there: not in that page when it is committed again, nor in another. */
void check_I33(struct audit *a)
{
	strangers_broke(a, false);
}
