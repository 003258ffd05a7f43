/* pagefile.h: slots of the pagefiles, and what is in them (semantics L30, 9.2, C3).
 *
 * There are up to sixteen files. A slot's number names its file in the upper 4 bits and the page of
 * it in the lower 28; page 0 of a file is never used, so 0 means none. File 15 may stand for the
 * compression store instead (W13): its slots are numbers only, its size is nobody's.
 *
 * Slots are given out when a write starts, first fit: the first file that has a run as long as is
 * wanted, and in it the first. With reservations, groups of SLOT_GROUP slots belong together: a
 * page takes the place in a group that it has among its neighbours in the address space, and the
 * others' places stay free for them while any other group is.
 *
 * Host memory is spent on a bit a slot, and on contents as slots come into use.
 *
 * Invariant: a slot is free, or has exactly one owner: an entry, a frame, or a deleted I/O
 * (I12). */
#ifndef VMM_PAGEFILE_H
#define VMM_PAGEFILE_H

#include "vmm/content.h"

#define PAGEFILES 16
#define SLOT_PAGE_BITS 28
#define SLOT_FILE_MAX ((uint32_t)1 << SLOT_PAGE_BITS) /* pages of a file */
#define SLOT_GROUP 16
#define STORE_FILE 15

struct slot_file {
	uint32_t slots; /* slot 0 included */
	uint32_t most;  /* that it can grow to */
	uint32_t used;
	uint32_t lowest; /* no slot below is free */
	uint64_t *map;   /* bit per slot: in use */
	uint64_t *written; /* likewise: what it holds has been written to it (I14) */
	struct content ***chunk; /* by slot; NULL: nothing there yet */
};

struct pagefile {
	struct slot_file file[PAGEFILES];
	unsigned n; /* of them pagefiles */
	bool reserve;
};

/* pagefile_init: n files of so many bytes, which can grow. */
void pagefile_init(struct pagefile *file, unsigned n, uint64_t bytes, uint64_t most_bytes,
		   bool reserve);
void pagefile_fini(struct pagefile *file);

static inline unsigned slot_file_of(uint32_t slot)
{
	return slot >> SLOT_PAGE_BITS;
}

static inline uint32_t slot_page(uint32_t slot)
{
	return slot & (SLOT_FILE_MAX - 1);
}

/* pagefile_alloc: a run of up to n free slots of one file (L30): at `prefer` if it is free (0: no
 * preference), else the first that is long enough, else the longest there is.
 * => offset: with reservations, the place of the first page among its SLOT_GROUP neighbours
 * => returns the first of *got slots, or 0 when the pagefiles are full */
uint32_t pagefile_alloc(struct pagefile *file, uint32_t n, uint32_t prefer, uint32_t offset,
			uint32_t *got);
/* Whether n slots from one on exist and are free. */
bool pagefile_is_free(const struct pagefile *file, uint32_t slot, uint32_t n);
void pagefile_free(struct pagefile *file, uint32_t slot);
/* Slots of the pagefiles that are free; in use, the store's included. */
uint64_t pagefile_available(const struct pagefile *file);
uint64_t pagefile_used(const struct pagefile *file);
/* What a slot in use holds; the caller may change it. */
struct content **pagefile_content(struct pagefile *file, uint32_t slot);
/* What the slot was taken for is in it now (I14). */
void pagefile_set_written(struct pagefile *file, uint32_t slot);
bool pagefile_is_written(const struct pagefile *file, uint32_t slot);
/* pagefile_set_all: every slot in use holds this now. */
void pagefile_set_all(struct pagefile *file, struct content *content);
bool pagefile_in_use(const struct pagefile *file, uint32_t slot);
/* Where a slot is on the device: files lie one after another, each with room to grow. */
uint64_t pagefile_place(const struct pagefile *file, uint32_t slot);
/* One past all of them. */
uint64_t pagefile_end(const struct pagefile *file);

/* Pages of all files now (C2), and how many they could grow by. */
uint64_t pagefile_pages(const struct pagefile *file);
uint64_t pagefile_growth(const struct pagefile *file);
/* pagefile_grow: the first file that can grow does, by up to so many pages. Returns how many; 0:
 * none could. */
uint32_t pagefile_grow(struct pagefile *file, uint32_t pages, unsigned *which);

/* pagefile_alloc_store: a slot of the store's; there is always one more. */
uint32_t pagefile_alloc_store(struct pagefile *file);
/* Whether a slot is the store's. */
bool pagefile_is_store(const struct pagefile *file, uint32_t slot);

bool pagefile_check(const struct pagefile *file);

#endif
