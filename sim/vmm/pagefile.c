/* pagefile.c: a bitmap of slots. */
#include "vmm/pagefile.h"

#include <glib.h>

static size_t words(const struct pagefile *file)
{
	return ((size_t)file->slots + 63) / 64;
}

void pagefile_init(struct pagefile *file, uint64_t bytes)
{
	*file = (struct pagefile){.slots = (uint32_t)(bytes / VMSIM_PAGE_SIZE), .lowest = 1};
	file->map = g_new0(uint64_t, words(file) + 1);
	file->content = g_new0(struct content *, (size_t)file->slots + 1);
}

void pagefile_fini(struct pagefile *file)
{
	for (size_t w = 0; w < words(file); w++)
		for (uint64_t bits = file->map[w]; bits; bits &= bits - 1)
			content_unref(file->content[w * 64 + (size_t)__builtin_ctzll(bits)]);
	g_free(file->map);
	g_free(file->content);
}

static bool in_use(const struct pagefile *file, uint32_t slot)
{
	return file->map[slot / 64] >> (slot % 64) & 1;
}

/* How many slots from `slot` on are free, up to n. */
static uint32_t run_at(const struct pagefile *file, uint32_t slot, uint32_t n)
{
	uint32_t got = 0;

	while (got < n && slot + got < file->slots && !in_use(file, slot + got))
		got++;
	return got;
}

/* The first run of n, else the longest. */
static uint32_t find_run(const struct pagefile *file, uint32_t n, uint32_t *got)
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

uint32_t pagefile_alloc(struct pagefile *file, uint32_t n, uint32_t prefer, uint32_t *got)
{
	uint32_t slot = prefer;

	*got = prefer && prefer < file->slots ? run_at(file, prefer, n) : 0;
	if (*got < n)
		slot = find_run(file, n, got);
	for (uint32_t i = 0; i < *got; i++)
		file->map[(slot + i) / 64] |= (uint64_t)1 << ((slot + i) % 64);
	file->used += *got;
	while (file->lowest < file->slots && in_use(file, file->lowest))
		file->lowest++;
	return *got ? slot : 0;
}

uint64_t pagefile_available(const struct pagefile *file)
{
	uint64_t taken = (uint64_t)file->used + 1;

	return file->slots > taken ? file->slots - taken : 0;
}

struct content **pagefile_content(struct pagefile *file, uint32_t slot)
{
	g_assert(pagefile_in_use(file, slot));
	return &file->content[slot];
}

void pagefile_free(struct pagefile *file, uint32_t slot)
{
	g_assert(pagefile_in_use(file, slot));
	content_set(&file->content[slot], NULL);
	file->map[slot / 64] &= ~((uint64_t)1 << (slot % 64));
	file->used--;
	file->lowest = MIN(file->lowest, slot);
}

bool pagefile_in_use(const struct pagefile *file, uint32_t slot)
{
	return slot && slot < file->slots && (file->map[slot / 64] >> (slot % 64) & 1);
}

bool pagefile_check(const struct pagefile *file)
{
	uint64_t used = 0;

	for (size_t w = 0; w < words(file); w++)
		used += (uint64_t)__builtin_popcountll(file->map[w]);
	return used == file->used && !(file->map[0] & 1);
}
