/* vad.h: the blocks of a process's address space (semantics 1.1, 1.4).
 *
 * A block (Windows: VAD) is one reservation. Blocks stand in a treap ordered by address, each
 * node knowing the largest hole below it, so that lookup, conflict and first fit are O(log n)
 * however many blocks there are and however large they are.
 *
 * Invariants
 *  1. Blocks are disjoint and ordered (I16); only implicit ones (Q5) and pieces of a block that was
 *     cut (E11, placeholders) may begin off granularity.
 *  2. A node's `hole` is the largest usable hole between blocks of its subtree: from the next
 *     multiple of the granularity after one block to the beginning of the next (V10, V11). */
#ifndef VMM_VAD_H
#define VMM_VAD_H

#include <glib.h>
#include <vmsim/types.h>

enum vad_kind {
	VAD_PRIVATE,
	VAD_MAPPED, /* a view of a section */
	VAD_IMAGE,  /* a view of an image */
	VAD_LARGE,  /* large pages (9.6) */
	VAD_PHYSICAL, /* MEM_PHYSICAL: for physical pages only (AWE) */
	VAD_PLACEHOLDER, /* reserved, to be replaced as a whole (2.3) */
};

struct vad {
	vmsim_vpn first, last; /* pages, inclusive */
	uint8_t kind;          /* enum vad_kind */
	uint64_t committed;    /* pages committed now; of a view, what it is charged for */
	uint32_t alloc_protect; /* Win32 value, never changes (V13) */
	uint8_t prot;           /* the same as enum prot */
	bool commit_at_reserve; /* a zero entry means committed (V3) */
	bool implicit; /* made by trace.implicit_commit (Q5) */
	bool piece;    /* what is left of a block that was cut; may begin on any page */
	bool replaced; /* took a placeholder's place, and may become one again (2.3) */
	struct segment *segment; /* of a view, else NULL */
	vmsim_vpn index;         /* the page of the segment that `first` shows */
	uint32_t allowed;        /* of a view: the protection that its pages may have at most */
	GHashTable *written;     /* watched blocks: the set of pages known to be written (E16) */

	/* private to vad.c */
	struct vad *left, *right;
	uint64_t priority;
	vmsim_vpn sub_first, sub_last;
	uint64_t hole; /* pages */
};

/* Blocks in which nothing can be committed, locked, protected or decommitted page by page. */
static inline bool vad_is_special(const struct vad *vad)
{
	return vad->kind == VAD_PHYSICAL || vad->kind == VAD_LARGE;
}

struct vad_tree {
	struct vad *root;
	vmsim_vpn lo, hi; /* user range, inclusive */
	uint64_t n;
	uint64_t reserved_pages;
};

void vad_tree_init(struct vad_tree *tree, vmsim_va lo, vmsim_va hi);
void vad_tree_fini(struct vad_tree *tree);

/* vad_find: the block that holds a page, or NULL. */
struct vad *vad_find(const struct vad_tree *tree, vmsim_vpn vpn);
/* vad_next: the first block that ends at or after a page, or NULL. */
struct vad *vad_next(const struct vad_tree *tree, vmsim_vpn vpn);
static inline bool vad_overlaps(const struct vad_tree *tree, vmsim_vpn first, vmsim_vpn last)
{
	const struct vad *vad = vad_next(tree, first);

	return vad && vad->first <= last;
}

/* Where a new block may lie. */
struct vad_search {
	uint64_t n;          /* its pages, > 0 */
	vmsim_vpn low, high; /* within these pages, inclusive */
	uint64_t align;      /* pages; a power of two, the granularity or more */
	bool top_down;
};
/* vad_hole: the lowest place that fits (V11, V12), or with top_down the highest, inside the user
 * range. => returns false when there is none */
bool vad_hole(const struct vad_tree *tree, const struct vad_search *want, vmsim_vpn *first);

/* vad_insert: a new block over free pages; the caller fills in the rest. */
struct vad *vad_insert(struct vad_tree *tree, vmsim_vpn first, vmsim_vpn last);
void vad_remove(struct vad_tree *tree, struct vad *vad);
/* vad_resize: let a block begin and end elsewhere: over free pages beside it, or with less of what
 * it had. Its pages' entries, and `committed`, are the caller's. */
void vad_resize(struct vad_tree *tree, struct vad *vad, vmsim_vpn first, vmsim_vpn last);
/* vad_split: cut a block in two before page `at` of it. Returns the upper one, which is alike but
 * has committed = 0: the caller parts the count. => not a view */
struct vad *vad_split(struct vad_tree *tree, struct vad *vad, vmsim_vpn at);
/* vad_join: the block takes in the one that begins where it ends. => neither is a view */
void vad_join(struct vad_tree *tree, struct vad *vad, struct vad *next);

void vad_foreach(const struct vad_tree *tree, void (*each)(void *ctx, struct vad *vad), void *ctx);
bool vad_check(const struct vad_tree *tree);

#endif
