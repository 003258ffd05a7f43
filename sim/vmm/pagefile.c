/* pagefile.c: a bitmap of slots for each file. */
#include "vmm/pagefile.h"

#include <glib.h>

#define CHUNK 1024u

static size_t words(uint32_t slots)
{
	return ((size_t)slots + 63) / 64;
}

static size_t chunks(uint32_t slots)
{
	return ((size_t)slots + CHUNK - 1) / CHUNK;
}

/* --- one file ------------------------------------------------------------------------------ */

static void file_resize(struct slot_file *file, uint32_t slots)
{
	size_t had_words = file->map ? words(file->slots) + 1 : 0, want_words = words(slots) + 1;
	size_t had_chunks = chunks(file->slots), want_chunks = chunks(slots);

	file->map = g_renew(uint64_t, file->map, want_words);
	file->written = g_renew(uint64_t, file->written, want_words);
	for (size_t w = had_words; w < want_words; w++)
		file->map[w] = file->written[w] = 0;
	file->chunk = g_renew(struct content **, file->chunk, want_chunks);
	for (size_t c = had_chunks; c < want_chunks; c++)
		file->chunk[c] = NULL;
	file->slots = slots;
}

static void file_init(struct slot_file *file, uint32_t slots, uint32_t most)
{
	*file = (struct slot_file){.most = most, .lowest = 1};
	file_resize(file, slots);
}

static void file_fini(struct slot_file *file)
{
	for (size_t c = 0; c < chunks(file->slots); c++) {
		for (uint32_t i = 0; file->chunk[c] && i < CHUNK; i++)
			content_unref(file->chunk[c][i]);
		g_free(file->chunk[c]);
	}
	g_free(file->chunk);
	g_free(file->map);
	g_free(file->written);
}

static bool in_use(const struct slot_file *file, uint32_t slot)
{
	return file->map[slot / 64] >> (slot % 64) & 1;
}

/* How many slots from `slot` on are free, up to n. */
static uint32_t run_at(const struct slot_file *file, uint32_t slot, uint32_t n)
{
	uint32_t got = 0;

	while (got < n && slot + got < file->slots && !in_use(file, slot + got))
		got++;
	return got;
}

/* The first run of n, else the longest. */
static uint32_t find_run(const struct slot_file *file, uint32_t n, uint32_t *got)
{
	uint32_t best = 0;

	*got = 0;
	for (uint32_t slot = file->lowest; slot < file->slots && *got < n;) {
		uint64_t free_bits = ~file->map[slot / 64] >> (slot % 64);
		uint32_t run;

		if (!free_bits) {
			slot = (slot / 64 + 1) * 64;
			continue;
		}
		slot += (uint32_t)__builtin_ctzll(free_bits);
		run = slot < file->slots ? run_at(file, slot, n) : 0;
		if (run > *got) {
			best = slot;
			*got = run;
		}
		slot += run + 1;
	}
	return best;
}

/* Where n pages, the first of them at `offset` of a group, fit into groups that nobody has a slot
 * of; 0: nowhere. Groups begin at slots 1, 17, 33... */
static uint32_t find_groups(const struct slot_file *file, uint32_t n, uint32_t offset)
{
	uint32_t length = (offset + n + SLOT_GROUP - 1) / SLOT_GROUP * SLOT_GROUP;
	uint32_t slot = (file->lowest - 1) / SLOT_GROUP * SLOT_GROUP + 1;

	for (; slot < file->slots && file->slots - slot >= length; slot += SLOT_GROUP)
		if (run_at(file, slot, length) == length)
			return slot + offset;
	return 0;
}

static void file_take(struct slot_file *file, uint32_t slot, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		file->map[(slot + i) / 64] |= (uint64_t)1 << ((slot + i) % 64);
	file->used += n;
	while (file->lowest < file->slots && in_use(file, file->lowest))
		file->lowest++;
}

static bool file_check(const struct slot_file *file)
{
	uint64_t used = 0;

	for (size_t w = 0; file->map && w < words(file->slots); w++)
		used += (uint64_t)__builtin_popcountll(file->map[w]);
	return used == file->used && !(file->map && (file->map[0] & 1));
}

/* --- all of them --------------------------------------------------------------------------- */

void pagefile_init(struct pagefile *file, unsigned n, uint64_t bytes, uint64_t most_bytes,
		   bool reserve)
{
	g_assert(n <= PAGEFILES && bytes <= most_bytes &&
		 most_bytes / VMSIM_PAGE_SIZE <= SLOT_FILE_MAX);
	*file = (struct pagefile){.n = n, .reserve = reserve};
	for (unsigned i = 0; i < n; i++)
		file_init(&file->file[i], (uint32_t)(bytes / VMSIM_PAGE_SIZE),
			  (uint32_t)(most_bytes / VMSIM_PAGE_SIZE));
}

void pagefile_fini(struct pagefile *file)
{
	for (unsigned i = 0; i < PAGEFILES; i++)
		file_fini(&file->file[i]);
}

bool pagefile_is_free(const struct pagefile *file, uint32_t slot, uint32_t n)
{
	return slot_page(slot) && slot_file_of(slot) < file->n &&
	       run_at(&file->file[slot_file_of(slot)], slot_page(slot), n) == n;
}

/* The first run of n of any file, else the longest. */
static uint32_t first_fit(const struct pagefile *file, uint32_t n, uint32_t *got)
{
	uint32_t best = 0;

	*got = 0;
	for (unsigned i = 0; i < file->n && *got < n; i++) {
		uint32_t run, slot = find_run(&file->file[i], n, &run);

		if (run > *got) {
			best = i << SLOT_PAGE_BITS | slot;
			*got = run;
		}
	}
	return best;
}

static uint32_t first_groups(const struct pagefile *file, uint32_t n, uint32_t offset)
{
	for (unsigned i = 0; file->reserve && i < file->n; i++) {
		uint32_t slot = find_groups(&file->file[i], n, offset);

		if (slot)
			return i << SLOT_PAGE_BITS | slot;
	}
	return 0;
}

uint32_t pagefile_alloc(struct pagefile *file, uint32_t n, uint32_t prefer, uint32_t offset,
			uint32_t *got)
{
	uint32_t slot = prefer && pagefile_is_free(file, prefer, n) ? prefer
							 : first_groups(file, n, offset);

	*got = n;
	if (!slot)
		slot = first_fit(file, n, got);
	if (slot)
		file_take(&file->file[slot_file_of(slot)], slot_page(slot), *got);
	return slot;
}

void pagefile_free(struct pagefile *file, uint32_t slot)
{
	struct slot_file *of = &file->file[slot_file_of(slot)];
	uint32_t page = slot_page(slot);

	g_assert(pagefile_in_use(file, slot));
	if (of->chunk[page / CHUNK])
		content_set(&of->chunk[page / CHUNK][page % CHUNK], NULL);
	of->map[page / 64] &= ~((uint64_t)1 << (page % 64));
	of->written[page / 64] &= ~((uint64_t)1 << (page % 64));
	of->used--;
	of->lowest = MIN(of->lowest, page);
}

uint64_t pagefile_available(const struct pagefile *file)
{
	uint64_t available = 0;

	for (unsigned i = 0; i < file->n; i++)
		if (file->file[i].slots)
			available += file->file[i].slots - 1 - file->file[i].used;
	return available;
}

uint64_t pagefile_used(const struct pagefile *file)
{
	uint64_t used = 0;

	for (unsigned i = 0; i < PAGEFILES; i++)
		used += file->file[i].used;
	return used;
}

struct content **pagefile_content(struct pagefile *file, uint32_t slot)
{
	struct slot_file *of = &file->file[slot_file_of(slot)];
	struct content ***chunk = &of->chunk[slot_page(slot) / CHUNK];

	g_assert(pagefile_in_use(file, slot));
	if (!*chunk)
		*chunk = g_new0(struct content *, CHUNK);
	return &(*chunk)[slot_page(slot) % CHUNK];
}

void pagefile_set_all(struct pagefile *file, struct content *content)
{
	for (unsigned i = 0; i < PAGEFILES; i++) {
		const struct slot_file *of = &file->file[i];

		for (uint32_t page = 1; of->used && page < of->slots; page++)
			if (in_use(of, page))
				content_set(pagefile_content(file, i << SLOT_PAGE_BITS | page),
					    content);
	}
}

bool pagefile_in_use(const struct pagefile *file, uint32_t slot)
{
	const struct slot_file *of = &file->file[slot_file_of(slot)];

	return slot_page(slot) && slot_page(slot) < of->slots && in_use(of, slot_page(slot));
}

void pagefile_set_written(struct pagefile *file, uint32_t slot)
{
	uint64_t *written = file->file[slot_file_of(slot)].written;

	g_assert(pagefile_in_use(file, slot));
	written[slot_page(slot) / 64] |= (uint64_t)1 << (slot_page(slot) % 64);
}

bool pagefile_is_written(const struct pagefile *file, uint32_t slot)
{
	const struct slot_file *of = &file->file[slot_file_of(slot)];

	return pagefile_in_use(file, slot) &&
	       (of->written[slot_page(slot) / 64] >> (slot_page(slot) % 64) & 1);
}

uint64_t pagefile_place(const struct pagefile *file, uint32_t slot)
{
	uint64_t place = slot_page(slot);

	for (unsigned i = 0; i < slot_file_of(slot); i++)
		place += file->file[i].most;
	return place;
}

uint64_t pagefile_end(const struct pagefile *file)
{
	uint64_t end = 0;

	for (unsigned i = 0; i < file->n; i++)
		end += file->file[i].most;
	return end;
}

/* --- growth -------------------------------------------------------------------------------- */

uint64_t pagefile_pages(const struct pagefile *file)
{
	uint64_t pages = 0;

	for (unsigned i = 0; i < file->n; i++)
		pages += file->file[i].slots;
	return pages;
}

uint64_t pagefile_growth(const struct pagefile *file)
{
	uint64_t pages = 0;

	for (unsigned i = 0; i < file->n; i++)
		pages += file->file[i].most - file->file[i].slots;
	return pages;
}

uint32_t pagefile_grow(struct pagefile *file, uint32_t pages, unsigned *which)
{
	for (*which = 0; *which < file->n; ++*which) {
		struct slot_file *of = &file->file[*which];
		uint32_t by = MIN(pages, of->most - of->slots);

		if (!by)
			continue;
		file_resize(of, of->slots + by);
		return by;
	}
	return 0;
}

/* --- the store's numbers ------------------------------------------------------------------- */

bool pagefile_is_store(const struct pagefile *file, uint32_t slot)
{
	return slot_file_of(slot) == STORE_FILE && file->n <= STORE_FILE;
}

uint32_t pagefile_alloc_store(struct pagefile *file)
{
	struct slot_file *store = &file->file[STORE_FILE];
	uint32_t page;

	g_assert(file->n <= STORE_FILE && store->used < SLOT_FILE_MAX - 1);
	if (!store->map)
		file_init(store, CHUNK, SLOT_FILE_MAX);
	if (store->lowest == store->slots)
		file_resize(store, store->slots + MIN(store->slots, SLOT_FILE_MAX - store->slots));
	page = store->lowest;
	file_take(store, page, 1);
	return (uint32_t)STORE_FILE << SLOT_PAGE_BITS | page;
}

bool pagefile_check(const struct pagefile *file)
{
	for (unsigned i = 0; i < PAGEFILES; i++)
		if (!file_check(&file->file[i]))
			return false;
	return true;
}
