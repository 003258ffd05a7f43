/* section.h: memory that several processes see (semantics 3.5, C1, 9.2 prototype entries).
 *
 * A segment is the pages themselves: those of a file, of an image, or of a piece of the pagefile.
 * A section names a segment; a view maps part of it into a process. A segment keeps an entry for
 * each of its pages (Windows: prototype PTE), of the kinds of pte.h; views' own entries are zero
 * or prototype until they map the page, and again when they do not.
 *
 *   entry        pagefile-backed                       file, image
 *   zero         committed, untouched (or reserved)    in the file
 *   demand-zero  committed; lost by MEM_RESET          -
 *   pagefile     in a slot                             -
 *   transition   in a frame, whatever its state        the same
 *
 * Invariants
 *  1. refs = sections that name it + views of it; a segment without any is gone, with its pages,
 *     charge and slots (I/O under way aside: 4.5). Those of files stay, as a cache.
 *  2. A frame of a segment has share = valid entries in the views; it is active while share > 0. */
#ifndef VMM_SECTION_H
#define VMM_SECTION_H

#include "mmu/pte.h"
#include "vmm/content.h"

#include <glib.h>

struct process;
struct vad;
struct vmm;

enum segment_kind { SEGMENT_PAGEFILE, SEGMENT_FILE, SEGMENT_IMAGE };

/* Pages of a file that lie in a row on the device. */
struct extent {
	vmsim_vpn first; /* of the file's */
	uint64_t place;
};

/* What is in a file, by page; unknown until it is written. Outlives its segments. It lies behind
 * the pagefiles and the files that were there before it, and what it grows by behind them all. */
struct file {
	char *path;
	GHashTable *content; /* page -> struct content */
	vmsim_vpn pages;
	GArray *extents; /* of struct extent, ascending */
};

struct view {
	struct process *process;
	struct vad *vad;
};

#define SEGMENT_CHUNK 512

struct segment {
	char *name; /* of its section, or the path of its file */
	enum segment_kind kind;
	struct file *file; /* NULL: backed by the pagefile */
	vmsim_vpn pages;
	bool reserve;       /* SEC_RESERVE: pages are committed one by one */
	uint64_t committed; /* pages charged (C1) */
	uint32_t refs;
	GArray *views;     /* of struct view */
	GTree *chunks;     /* number -> entries, SEGMENT_CHUNK of them; the others are zero */
	GHashTable *last_stored; /* as in struct process, by index */
};

struct section {
	char *name;
	struct segment *segment;
	vmsim_vpn pages;    /* of the segment, from its beginning */
	uint32_t protect;   /* Win32, what views may ask for */
	GPtrArray *handles; /* of struct process *, one for each time it was created or opened */
};

/* What the pages of a view may be protected to (vad->allowed). */
enum view_allows { VIEW_READ = 1, VIEW_WRITE = 2, VIEW_EXECUTE = 4 };

pte_t segment_get(const struct segment *segment, vmsim_vpn index);
void segment_set(struct segment *segment, vmsim_vpn index, pte_t pte);
/* segment_foreach: every entry that is not zero, in order. */
typedef void segment_fn(void *ctx, struct segment *segment, vmsim_vpn index, pte_t pte);
void segment_foreach(struct segment *segment, segment_fn *each, void *ctx);
/* segment_alike: how many pages from index on, below end, may be treated as one: 1, or more where
 * none has an entry. A section may have far more pages than anybody will ever touch. */
vmsim_vpn segment_alike(const struct segment *segment, vmsim_vpn index, vmsim_vpn end);
/* segment_committed: whether a page of it is committed. */
bool segment_committed(const struct segment *segment, vmsim_vpn index);

/* file_place: where a page of a file is on the device, in pages. */
uint64_t file_place(const struct file *file, vmsim_vpn index);
/* file_content: what a page of a file holds; belongs to the file. */
struct content *file_content(struct file *file, vmsim_vpn index);
void file_set_content(struct file *file, vmsim_vpn index, struct content *content);

/* What a new section is to be. */
struct section_request {
	const char *name;
	const char *file; /* NULL: backed by the pagefile */
	vmsim_vpn pages;  /* > 0 */
	uint32_t protect;
	bool image, reserve;
};

void sections_init(struct vmm *vmm);
void sections_fini(struct vmm *vmm);
/* section_new: => the name is not in use, and the charge is within the limit (C1) */
struct section *section_new(struct vmm *vmm, const struct section_request *want);
/* section_open: one handle more. section_close: a process lets go of one; with the last the name
 * goes, and the segment lives on while views do. => false: it has none */
void section_open(struct section *section, struct process *process);
bool section_close(struct vmm *vmm, struct section *section, struct process *process);
/* sections_close_all: a process exits. */
void sections_close_all(struct vmm *vmm, struct process *process);
/* section_file_pages: how long a file is known to be; 0: nothing of it is known. */
vmsim_vpn section_file_pages(const struct vmm *vmm, const char *path);
/* segment_commit: the charge of a segment moves. */
void segment_commit(struct vmm *vmm, struct segment *segment, int64_t pages);
/* A view comes, or goes; its pages are unmapped by then. */
void segment_add_view(struct segment *segment, struct process *process, struct vad *vad);
void segment_remove_view(struct vmm *vmm, struct vad *vad);
/* segment_unref: one reference less; the last gives up pages, slots and charge. */
void segment_unref(struct vmm *vmm, struct segment *segment);

#endif
