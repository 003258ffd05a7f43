/* section.c: segments and their pages. See section.h. */
#include "vmm/internal.h"

bool pfn_is_mapped_file(const struct pfn *pfn)
{
	return pfn->segment && pfn->segment->file;
}

/* --- entries ------------------------------------------------------------------------------- */

static int by_number(const void *a, const void *b, void *ctx)
{
	uintptr_t x = (uintptr_t)a, y = (uintptr_t)b;

	(void)ctx;
	return (x > y) - (x < y);
}

static void *key_of(vmsim_vpn index)
{
	return (void *)(uintptr_t)(index / SEGMENT_CHUNK);
}

pte_t segment_get(const struct segment *segment, vmsim_vpn index)
{
	const pte_t *chunk = g_tree_lookup(segment->chunks, key_of(index));
	pte_t pte = chunk ? chunk[index % SEGMENT_CHUNK] : 0;

	if (!pte && !segment->file && !segment->reserve)
		return pte_make_demand_zero(PROT_READWRITE, false);
	return pte;
}

void segment_set(struct segment *segment, vmsim_vpn index, pte_t pte)
{
	pte_t *chunk = g_tree_lookup(segment->chunks, key_of(index));

	g_assert(index < segment->pages);
	if (!chunk) {
		chunk = g_new0(pte_t, SEGMENT_CHUNK);
		g_tree_insert(segment->chunks, key_of(index), chunk);
	}
	chunk[index % SEGMENT_CHUNK] = pte;
}

vmsim_vpn segment_alike(const struct segment *segment, vmsim_vpn index, vmsim_vpn end)
{
	GTreeNode *node = g_tree_lower_bound(segment->chunks, key_of(index));

	if (node)
		end = MIN(end, (uintptr_t)g_tree_node_key(node) * SEGMENT_CHUNK);
	return end > index ? end - index : 1;
}

void segment_foreach(struct segment *segment, segment_fn *each, void *ctx)
{
	GTreeNode *node = g_tree_node_first(segment->chunks);

	for (; node; node = g_tree_node_next(node)) {
		const pte_t *chunk = g_tree_node_value(node);
		vmsim_vpn first = (uintptr_t)g_tree_node_key(node) * SEGMENT_CHUNK;

		for (vmsim_vpn i = 0; i < SEGMENT_CHUNK; i++)
			if (chunk[i])
				each(ctx, segment, first + i, chunk[i]);
	}
}

bool segment_committed(const struct segment *segment, vmsim_vpn index)
{
	return !segment->reserve || segment_get(segment, index);
}

const char *pfn_section_name(const struct pfn *pfn)
{
	return pfn->segment ? pfn->segment->name : NULL;
}

/* --- files --------------------------------------------------------------------------------- */

static void file_free(void *data)
{
	struct file *file = data;

	g_hash_table_destroy(file->content);
	g_array_unref(file->extents);
	g_free(file->path);
	g_free(file);
}

static struct file *file_open(struct vmm *vmm, const char *path)
{
	struct file *file = g_hash_table_lookup(vmm->files, path);

	if (file)
		return file;
	file = g_new0(struct file, 1);
	file->path = g_strdup(path);
	file->content = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free,
					      (GDestroyNotify)content_unref);
	file->extents = g_array_new(FALSE, FALSE, sizeof(struct extent));
	g_hash_table_insert(vmm->files, file->path, file);
	return file;
}

static void file_grow(struct vmm *vmm, struct file *file, vmsim_vpn pages)
{
	struct extent extent = {file->pages, pagefile_end(&vmm->file) + vmm->file_pages};

	if (pages <= file->pages)
		return;
	g_array_append_val(file->extents, extent);
	vmm->file_pages += pages - file->pages;
	file->pages = pages;
}

uint64_t file_place(const struct file *file, vmsim_vpn index)
{
	const struct extent *extent;
	guint i = file->extents->len;

	do {
		extent = &g_array_index(file->extents, struct extent, --i);
	} while (extent->first > index);
	return extent->place + (index - extent->first);
}

struct content *file_content(struct file *file, vmsim_vpn index)
{
	void *content;

	if (g_hash_table_lookup_extended(file->content, &index, NULL, &content))
		return content;
	return content_unknown();
}

void file_set_content(struct file *file, vmsim_vpn index, struct content *content)
{
	g_hash_table_insert(file->content, g_memdup2(&index, sizeof(index)), content_ref(content));
}

/* --- segments ------------------------------------------------------------------------------ */

static void section_free(void *data)
{
	struct section *section = data;

	g_ptr_array_unref(section->handles);
	g_free(section->name);
	g_free(section);
}

void sections_init(struct vmm *vmm)
{
	vmm->sections = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, section_free);
	vmm->files = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, file_free);
	vmm->segments = g_ptr_array_new();
}

static void segment_free(struct segment *segment)
{
	g_tree_destroy(segment->chunks);
	g_array_unref(segment->views);
	g_clear_pointer(&segment->last_stored, g_hash_table_destroy);
	g_free(segment->name);
	g_free(segment);
}

void sections_fini(struct vmm *vmm)
{
	for (guint i = 0; i < vmm->segments->len; i++)
		segment_free(g_ptr_array_index(vmm->segments, i));
	g_ptr_array_unref(vmm->segments);
	g_hash_table_destroy(vmm->sections);
	g_hash_table_destroy(vmm->files);
}

/* The segment of a file is one for all its sections, so that they agree on what is in it. */
static struct segment *segment_of_file(const struct vmm *vmm, const struct file *file,
				       enum segment_kind kind)
{
	for (guint i = 0; i < vmm->segments->len; i++) {
		struct segment *segment = g_ptr_array_index(vmm->segments, i);

		if (segment->file == file && segment->kind == kind)
			return segment;
	}
	return NULL;
}

static struct segment *segment_new(struct vmm *vmm, const char *name, enum segment_kind kind,
				   struct file *file)
{
	struct segment *segment = g_new0(struct segment, 1);

	segment->name = g_strdup(name);
	segment->kind = kind;
	segment->file = file;
	segment->views = g_array_new(FALSE, FALSE, sizeof(struct view));
	segment->chunks = g_tree_new_full(by_number, NULL, NULL, g_free);
	g_ptr_array_add(vmm->segments, segment);
	return segment;
}

struct section *section_new(struct vmm *vmm, const struct section_request *want)
{
	struct section *section = g_new0(struct section, 1);
	struct file *file = want->file ? file_open(vmm, want->file) : NULL;
	enum segment_kind kind = !file		? SEGMENT_PAGEFILE
				 : want->image ? SEGMENT_IMAGE
						: SEGMENT_FILE;

	section->name = g_strdup(want->name);
	section->protect = want->protect;
	section->pages = want->pages;
	section->handles = g_ptr_array_new();
	section->segment = file ? segment_of_file(vmm, file, kind) : NULL;
	if (!section->segment)
		section->segment = segment_new(vmm, file ? file->path : want->name, kind, file);
	/* A file grows to the largest section of it. */
	section->segment->pages = MAX(section->segment->pages, want->pages);
	if (file)
		file_grow(vmm, file, want->pages);
	section->segment->refs++;
	section->segment->reserve = want->reserve;
	if (!file && !want->reserve)
		segment_commit(vmm, section->segment, (int64_t)want->pages);
	g_hash_table_insert(vmm->sections, section->name, section);
	return section;
}

void segment_commit(struct vmm *vmm, struct segment *segment, int64_t pages)
{
	segment->committed += (uint64_t)pages;
	vmm->charge += (uint64_t)pages;
	stats_committed(vmm->stats, g_ptr_array_index(vmm->stats->accounts, 0), pages);
	if (pages > 0)
		limit_meet(vmm);
}

void section_open(struct section *section, struct process *process)
{
	g_ptr_array_add(section->handles, process);
}

bool section_close(struct vmm *vmm, struct section *section, struct process *process)
{
	struct segment *segment = section->segment;

	if (!g_ptr_array_remove(section->handles, process))
		return false;
	if (section->handles->len)
		return true;
	g_hash_table_remove(vmm->sections, section->name);
	segment_unref(vmm, segment);
	return true;
}

/* A section of a segment that a process holds a handle of, or NULL. Order does not show: they all
 * lead to the same segment. */
static struct section *section_held(const struct vmm *vmm, const struct segment *segment,
				    struct process *process)
{
	GHashTableIter iter;
	void *data;

	g_hash_table_iter_init(&iter, vmm->sections);
	while (g_hash_table_iter_next(&iter, NULL, &data)) {
		struct section *section = data;

		if (section->segment == segment &&
		    g_ptr_array_find(section->handles, process, NULL))
			return section;
	}
	return NULL;
}

void sections_close_all(struct vmm *vmm, struct process *process)
{
	for (guint i = vmm->segments->len; i-- > 0;) {
		struct segment *segment = g_ptr_array_index(vmm->segments, i);
		struct section *section;

		segment->refs++; /* it may not go while we look at it */
		while ((section = section_held(vmm, segment, process)))
			section_close(vmm, section, process);
		segment_unref(vmm, segment);
	}
}

vmsim_vpn section_file_pages(const struct vmm *vmm, const char *path)
{
	vmsim_vpn pages = 0;

	for (guint i = 0; i < vmm->segments->len; i++) {
		const struct segment *segment = g_ptr_array_index(vmm->segments, i);

		if (segment->file && g_str_equal(segment->file->path, path))
			pages = MAX(pages, segment->pages);
	}
	return pages;
}

/* A page of the pagefile's that nobody can reach any more. */
static void forget_page(void *ctx, struct segment *segment, vmsim_vpn index, pte_t pte)
{
	struct vmm *vmm = ctx;

	(void)segment;
	(void)index;
	if (pte_is_pagefile(pte))
		slot_free(vmm, NULL, pte_slot(pte));
	if (!pte_is_transition(pte))
		return;
	frame_delete(vmm, pte_frame(pte));
	vmm->db.pfn[pte_frame(pte)].segment = NULL; /* one under I/O outlives the segment (4.5) */
}

void segment_unref(struct vmm *vmm, struct segment *segment)
{
	/* What is known of a file stays known: its pages remain on the lists, as a cache. */
	if (--segment->refs || segment->file)
		return;
	segment_foreach(segment, forget_page, vmm);
	segment_commit(vmm, segment, -(int64_t)segment->committed);
	inject_forget(vmm, segment);
	g_ptr_array_remove(vmm->segments, segment);
	segment_free(segment);
}

/* --- views --------------------------------------------------------------------------------- */

void segment_add_view(struct segment *segment, struct process *process, struct vad *vad)
{
	struct view view = {process, vad};

	g_array_append_val(segment->views, view);
	segment->refs++;
}

void segment_remove_view(struct vmm *vmm, struct vad *vad)
{
	struct segment *segment = vad->segment;

	for (guint i = 0; i < segment->views->len; i++) {
		if (g_array_index(segment->views, struct view, i).vad != vad)
			continue;
		g_array_remove_index(segment->views, i);
		break;
	}
	segment_unref(vmm, segment);
}

bool vmm_shares(const struct process *a, vmsim_vpn first, vmsim_vpn last, const struct process *b,
		vmsim_vpn other_first, vmsim_vpn other_last)
{
	const struct vad *x = vad_find(&a->vads, first), *y = vad_find(&b->vads, other_first);
	vmsim_vpn begin, end;

	if (!x || !y || !x->segment || x->segment != y->segment)
		return false;
	begin = vad_index(x, first);
	end = vad_index(x, MIN(last, x->last));
	return begin <= vad_index(y, MIN(other_last, y->last)) && vad_index(y, other_first) <= end;
}
