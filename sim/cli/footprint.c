/* footprint.c: what a trace's calls and accesses cover.
 *
 * A space is the addresses of one process relative to one label; label 0 is the real ones. A label
 * whose value follows from a call at a known place is resolved to it. Within a space the touched
 * pages are a hash set, reserved and committed ones ordered lists of ranges. */
#include "footprint.h"

#include <glib.h>

/* A set of numbers below 2^63, by open addressing; entries hold number + 1. */
struct page_set {
	uint64_t *slots;
	size_t n, capacity; /* capacity: 0 or a power of two, at most 3/4 full */
};

struct range {
	uint64_t first, end; /* pages first .. end-1 */
};

struct space {
	uint64_t key; /* pid and label */
	struct page_set touched, data;
	GArray *blocks;    /* of struct range, ordered: one a block */
	GArray *committed; /* of struct range, ordered */
};

struct section {
	uint64_t size; /* bytes; 0: its file's */
	bool reserved; /* SEC_RESERVE */
};

struct alias {
	bool known;
	struct vmsim_addr address;
};

struct footprint {
	GHashTable *spaces;             /* key -> struct space */
	struct space *latest;           /* the one used last */
	GArray *aliases;                /* of struct alias, by label */
	GHashTable *sections;           /* name -> struct section */
	GHashTable *live;               /* processes: pids */
	GHashTable *threads;            /* pid << 32 | tid, of every process there was */
	uint32_t last_pid, last_tid;    /* known to be in both; 0, 0: none */
	uint64_t gone_pages, gone_data; /* touched by processes that have exited */
	uint64_t reserved, committed;
	uint64_t last_page; /* touched last, in `latest`, as last_data says */
	bool last_data;
	struct footprint_totals totals;
};

/* --- sets and ranges ------------------------------------------------------------------------ */

static size_t set_find(const struct page_set *set, uint64_t number)
{
	size_t i = (size_t)((number * 0x9E3779B97F4A7C15u) >> 20) & (set->capacity - 1);

	while (set->slots[i] && set->slots[i] != number + 1)
		i = (i + 1) & (set->capacity - 1);
	return i;
}

static void set_add(struct page_set *set, uint64_t number)
{
	size_t i;

	if (4 * set->n >= 3 * set->capacity) {
		struct page_set old = *set;

		set->capacity = old.capacity ? 2 * old.capacity : 64;
		set->slots = g_new0(uint64_t, set->capacity);
		for (i = 0; i < old.capacity; i++)
			if (old.slots[i])
				set->slots[set_find(set, old.slots[i] - 1)] = old.slots[i];
		g_free(old.slots);
	}
	i = set_find(set, number);
	set->n += set->slots[i] == 0;
	set->slots[i] = number + 1;
}

static struct range *range_at(GArray *ranges, guint i)
{
	return &g_array_index(ranges, struct range, i);
}

/* The first range that ends after page. */
static guint range_find(GArray *ranges, uint64_t page)
{
	guint low = 0, high = ranges->len;

	while (low < high) {
		guint middle = low + (high - low) / 2;

		if (range_at(ranges, middle)->end > page)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* Takes out the pages of cut. Returns how many there were. */
static uint64_t ranges_remove(GArray *ranges, struct range cut)
{
	guint i = range_find(ranges, cut.first);
	uint64_t removed = 0;

	while (i < ranges->len && range_at(ranges, i)->first < cut.end) {
		struct range *range = range_at(ranges, i);
		struct range tail = {cut.end, range->end};

		removed += MIN(range->end, cut.end) - MAX(range->first, cut.first);
		if (range->first < cut.first) {
			range->end = cut.first;
			i++;
			if (tail.first < tail.end)
				g_array_insert_val(ranges, i, tail);
		} else if (tail.first < tail.end) {
			range->first = tail.first;
		} else {
			g_array_remove_index(ranges, i);
			continue;
		}
		if (tail.first < tail.end)
			break;
	}
	return removed;
}

/* Adds the pages of range. Returns how many are new. */
static uint64_t ranges_add(GArray *ranges, struct range range)
{
	uint64_t had = ranges_remove(ranges, range);
	guint i = range_find(ranges, range.first);

	if (range.first < range.end)
		g_array_insert_val(ranges, i, range);
	return range.end - range.first - had;
}

/* --- spaces --------------------------------------------------------------------------------- */

static void space_free(gpointer data)
{
	struct space *space = data;

	g_free(space->touched.slots);
	g_free(space->data.slots);
	g_array_free(space->blocks, TRUE);
	g_array_free(space->committed, TRUE);
	g_free(space);
}

static struct space *find_space(struct footprint *f, uint32_t pid, uint32_t label)
{
	uint64_t key = (uint64_t)pid << 32 | label;
	struct space *space = f->latest;

	if (space && space->key == key)
		return space;
	space = g_hash_table_lookup(f->spaces, &key);
	if (!space) {
		space = g_new0(struct space, 1);
		space->key = key;
		space->blocks = g_array_new(FALSE, FALSE, sizeof(struct range));
		space->committed = g_array_new(FALSE, FALSE, sizeof(struct range));
		g_hash_table_insert(f->spaces, &space->key, space);
	}
	f->latest = space;
	f->last_page = UINT64_MAX;
	return space;
}

static struct vmsim_addr resolve(const struct footprint *f, struct vmsim_addr address)
{
	const struct alias *alias;

	if (address.label == 0 || address.label >= f->aliases->len)
		return address;
	alias = &g_array_index(f->aliases, struct alias, address.label);
	if (!alias->known)
		return address;
	return (struct vmsim_addr){.offset = alias->address.offset + address.offset,
				   .label = alias->address.label};
}

/* Remembers that a label stands for an address that is already known in other words. */
static void bind(struct footprint *f, struct vmsim_addr result, struct vmsim_addr known)
{
	struct alias *alias;

	if (result.label == 0 || result.label == known.label)
		return;
	if (result.label >= f->aliases->len)
		g_array_set_size(f->aliases, result.label + 1);
	alias = &g_array_index(f->aliases, struct alias, result.label);
	if (alias->known)
		return;
	alias->known = true;
	alias->address.label = known.label;
	alias->address.offset = known.offset - result.offset;
}

static bool is_null(struct vmsim_addr address)
{
	return address.label == 0 && address.offset == 0;
}

static struct range pages_of(uint64_t offset, uint64_t size)
{
	uint64_t last = offset + (size ? size - 1 : 0);

	if (last < offset) /* wraps: no recorded success does */
		last = UINT64_MAX;
	return (struct range){offset >> VMSIM_PAGE_SHIFT, (last >> VMSIM_PAGE_SHIFT) + 1};
}

/* --- calls ---------------------------------------------------------------------------------- */

static void note_peaks(struct footprint *f)
{
	f->totals.reserved_peak = MAX(f->totals.reserved_peak, f->reserved);
	f->totals.committed_peak = MAX(f->totals.committed_peak, f->committed);
}

/* Where the block of a call is: its pages, relative to *label.
 * => returns false when nobody knows */
static bool place(struct footprint *f, const struct vmsim_call *call, uint64_t size, uint64_t unit,
		  struct range *range, uint32_t *label)
{
	const struct vmsim_outcome *recorded = &call->recorded;
	struct vmsim_addr base = resolve(f, call->address);
	uint64_t end = base.offset + size;

	if (is_null(base)) {
		if (recorded->kind != VMSIM_OUTCOME_SUCCESS)
			return false;
		base = resolve(f, recorded->address);
		end = base.offset + size;
	} else {
		base.offset -= base.offset % unit;
		if (recorded->kind == VMSIM_OUTCOME_SUCCESS)
			bind(f, recorded->address, base);
	}
	*range = pages_of(base.offset, end - base.offset);
	*label = base.label;
	return true;
}

static void add_block(struct footprint *f, struct space *space, struct range range)
{
	f->reserved += ranges_add(space->blocks, range);
}

static void allocate(struct footprint *f, uint32_t pid, const struct vmsim_call *call)
{
	bool reserves = (call->type & MEM_RESERVE) || is_null(resolve(f, call->address));
	bool replaces = call->id == VMSIM_CALL_VIRTUAL_ALLOC2 &&
			(call->type & MEM_REPLACE_PLACEHOLDER); /* of any page, not of any G */
	uint64_t unit = reserves && !replaces ? VMSIM_GRANULARITY : VMSIM_PAGE_SIZE;
	struct space *space;
	struct range range;
	uint32_t label;

	if (!(call->type & (MEM_RESERVE | MEM_COMMIT)) ||
	    !place(f, call, call->size[0], unit, &range, &label))
		return;
	space = find_space(f, pid, label);
	if (reserves)
		add_block(f, space, range);
	if (call->type & MEM_COMMIT)
		f->committed += ranges_add(space->committed, range);
	note_peaks(f);
}

static void create_section(struct footprint *f, const struct vmsim_call *call)
{
	struct section *section = g_new(struct section, 1);

	section->size = call->size[0];
	section->reserved = (call->protect & SEC_RESERVE) != 0;
	g_hash_table_insert(f->sections, g_strdup(call->name), section);
}

/* A view is a block. Its pages are committed, once for every view, unless the section's are only
 * reserved. How long one to the end of a file is, only the file knows: it is not counted. */
static void map_view(struct footprint *f, uint32_t pid, const struct vmsim_call *call)
{
	const struct section *section = g_hash_table_lookup(f->sections, call->name);
	uint64_t size = call->size[0], offset = call->number[0];
	struct space *space;
	struct range range;
	uint32_t label;

	if (!size && section && section->size > offset)
		size = section->size - offset;
	if (!size || !place(f, call, size, VMSIM_PAGE_SIZE, &range, &label))
		return;
	space = find_space(f, pid, label);
	add_block(f, space, range);
	if (!section || !section->reserved)
		f->committed += ranges_add(space->committed, range);
	note_peaks(f);
}

static void release(struct footprint *f, uint32_t pid, const struct vmsim_call *call)
{
	struct vmsim_addr address = resolve(f, call->address);
	struct space *space = find_space(f, pid, address.label);
	struct range range = pages_of(address.offset, call->size[0]);
	guint block = range_find(space->blocks, range.first);

	if (call->size[0] == 0 && block < space->blocks->len &&
	    range_at(space->blocks, block)->first <= range.first)
		range = *range_at(space->blocks, block);
	f->committed -= ranges_remove(space->committed, range);
	if (call->type & (MEM_PRESERVE_PLACEHOLDER | MEM_COALESCE_PLACEHOLDERS))
		add_block(f, space, range); /* split off, or joined: one from now on */
	else if ((call->type & MEM_RELEASE) || call->id == VMSIM_CALL_UNMAP_VIEW)
		f->reserved -= ranges_remove(space->blocks, range);
}

/* Everything of a process is gone; what it touched stays counted. */
static void exit_process(struct footprint *f, uint32_t pid)
{
	GHashTableIter iter;
	gpointer value;

	g_hash_table_remove(f->live, GUINT_TO_POINTER(pid));
	f->latest = NULL;
	f->last_pid = f->last_tid = 0;
	g_hash_table_iter_init(&iter, f->spaces);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		struct space *space = value;

		if (space->key >> 32 != pid)
			continue;
		f->gone_pages += space->touched.n;
		f->gone_data += space->data.n;
		f->reserved -= ranges_remove(space->blocks, (struct range){0, UINT64_MAX});
		f->committed -= ranges_remove(space->committed, (struct range){0, UINT64_MAX});
		g_hash_table_iter_remove(&iter);
	}
}

static void call_event(struct footprint *f, uint32_t pid, const struct vmsim_call *call)
{
	if (call->recorded.kind == VMSIM_OUTCOME_FAILURE)
		return;
	switch (call->id) {
	case VMSIM_CALL_VIRTUAL_ALLOC:
	case VMSIM_CALL_VIRTUAL_ALLOC2:
	case VMSIM_CALL_NT_ALLOCATE:
		allocate(f, pid, call);
		break;
	case VMSIM_CALL_VIRTUAL_FREE:
	case VMSIM_CALL_NT_FREE:
	case VMSIM_CALL_UNMAP_VIEW:
		release(f, pid, call);
		break;
	case VMSIM_CALL_CREATE_FILE_MAPPING:
		create_section(f, call);
		break;
	case VMSIM_CALL_MAP_VIEW:
		map_view(f, pid, call);
		break;
	case VMSIM_CALL_EXIT_PROCESS:
		exit_process(f, pid);
		break;
	default:
		break;
	}
}

/* --- events --------------------------------------------------------------------------------- */

static void touch(struct footprint *f, const struct vmsim_event *event)
{
	struct vmsim_addr address =
		resolve(f, (struct vmsim_addr){.offset = event->va, .label = event->label});
	struct space *space = find_space(f, event->pid, address.label);
	struct range range = pages_of(address.offset, event->size);
	bool data = event->op != VMSIM_OP_EXECUTE;

	if (range.first == f->last_page && range.end == range.first + 1 && data == f->last_data)
		return;
	for (uint64_t page = range.first; page < range.end; page++) {
		set_add(&space->touched, page);
		if (data)
			set_add(&space->data, page);
	}
	f->last_page = range.end - 1;
	f->last_data = data;
}

static void note_thread(struct footprint *f, const struct vmsim_event *event)
{
	uint64_t key = (uint64_t)event->pid << 32 | event->tid;

	if (event->pid == f->last_pid && event->tid == f->last_tid)
		return;
	f->last_pid = event->pid;
	f->last_tid = event->tid;
	if (g_hash_table_add(f->live, GUINT_TO_POINTER(event->pid)))
		f->totals.processes++;
	if (!g_hash_table_contains(f->threads, &key)) {
		uint64_t *copy = g_new(uint64_t, 1);

		*copy = key;
		g_hash_table_add(f->threads, copy);
	}
}

void footprint_event(struct footprint *f, const struct vmsim_event *event)
{
	note_thread(f, event);
	if (event->op == VMSIM_OP_CALL)
		call_event(f, event->pid, event->call);
	else
		touch(f, event);
}

struct footprint *footprint_new(void)
{
	struct footprint *f = g_new0(struct footprint, 1);

	f->spaces = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, space_free);
	f->aliases = g_array_new(FALSE, TRUE, sizeof(struct alias));
	f->sections = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	f->live = g_hash_table_new(NULL, NULL);
	f->threads = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
	f->last_page = UINT64_MAX;
	return f;
}

void footprint_free(struct footprint *f)
{
	g_hash_table_destroy(f->spaces);
	g_array_free(f->aliases, TRUE);
	g_hash_table_destroy(f->sections);
	g_hash_table_destroy(f->live);
	g_hash_table_destroy(f->threads);
	g_free(f);
}

void footprint_totals(const struct footprint *f, struct footprint_totals *totals)
{
	GHashTableIter iter;
	gpointer value;

	*totals = f->totals;
	totals->threads = g_hash_table_size(f->threads);
	totals->pages = f->gone_pages;
	totals->data_pages = f->gone_data;
	g_hash_table_iter_init(&iter, f->spaces);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		totals->pages += ((struct space *)value)->touched.n;
		totals->data_pages += ((struct space *)value)->data.n;
	}
}
