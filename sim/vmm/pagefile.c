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

uint32_t pagefile_alloc(struct pagefile *file)
{
	for (uint32_t slot = file->lowest; slot < file->slots;) {
		uint64_t free_bits = ~file->map[slot / 64] >> (slot % 64);

		if (!free_bits) {
			slot = (slot / 64 + 1) * 64;
			continue;
		}
		slot += (uint32_t)__builtin_ctzll(free_bits);
		if (slot >= file->slots)
			break;
		file->map[slot / 64] |= (uint64_t)1 << (slot % 64);
		file->used++;
		file->lowest = slot + 1;
		return slot;
	}
	file->lowest = file->slots;
	return 0;
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
