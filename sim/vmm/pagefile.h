/* pagefile.h: slots of the pagefile and what is in them (semantics L30).
 *
 * Slots are given out first fit, when a write starts. Slot 0 is never used, so 0 means none.
 *
 * Invariant: a slot is free, or has exactly one owner: an entry, a frame, or a deleted I/O
 * (I12). */
#ifndef VMM_PAGEFILE_H
#define VMM_PAGEFILE_H

#include "vmm/content.h"

struct pagefile {
	uint32_t slots; /* slot 0 included */
	uint32_t used;
	uint32_t lowest; /* no slot below is free */
	uint64_t *map;   /* bit per slot: in use */
	struct content **content;
};

void pagefile_init(struct pagefile *file, uint64_t bytes);
void pagefile_fini(struct pagefile *file);

/* pagefile_alloc: a run of up to n free slots (L30): at `prefer` if it is free (0: no preference),
 * else the first that is long enough, else the longest there is.
 * => returns the first of *got slots, or 0 when the pagefile is full */
uint32_t pagefile_alloc(struct pagefile *file, uint32_t n, uint32_t prefer, uint32_t *got);
void pagefile_free(struct pagefile *file, uint32_t slot);
/* Slots that are free. */
uint64_t pagefile_available(const struct pagefile *file);
/* What a slot in use holds; the caller may change it. */
struct content **pagefile_content(struct pagefile *file, uint32_t slot);
bool pagefile_in_use(const struct pagefile *file, uint32_t slot);
bool pagefile_check(const struct pagefile *file);

#endif
