/* vad.c: a treap of blocks with hole sizes. Priorities are a hash of the address, so the shape
 * depends on the blocks alone. */
#include "vmm/vad.h"

#include "base/rng.h"

#include <glib.h>

void vad_tree_init(struct vad_tree *tree, vmsim_va lo, vmsim_va hi)
{
	*tree = (struct vad_tree){.lo = lo >> VMSIM_PAGE_SHIFT, .hi = hi >> VMSIM_PAGE_SHIFT};
}

static void vad_free(struct vad *vad)
{
	if (vad->written)
		g_hash_table_unref(vad->written);
	g_free(vad);
}

static void free_subtree(struct vad *node)
{
	while (node) {
		struct vad *right = node->right;

		free_subtree(node->left);
		vad_free(node);
		node = right;
	}
}

void vad_tree_fini(struct vad_tree *tree)
{
	free_subtree(tree->root);
	tree->root = NULL;
}

static vmsim_vpn granule_up(vmsim_vpn vpn)
{
	return (vpn + VMSIM_GRANULARITY_PAGES - 1) & ~(VMSIM_GRANULARITY_PAGES - 1);
}

static vmsim_vpn granule_down(vmsim_vpn vpn)
{
	return vpn & ~(VMSIM_GRANULARITY_PAGES - 1);
}

/* Usable pages between a block ending at `last` and one beginning at `first`. */
static uint64_t hole_between(vmsim_vpn last, vmsim_vpn first)
{
	vmsim_vpn from = granule_up(last + 1);

	return first > from ? first - from : 0;
}

static void update(struct vad *node)
{
	const struct vad *left = node->left, *right = node->right;

	node->sub_first = left ? left->sub_first : node->first;
	node->sub_last = right ? right->sub_last : node->last;
	node->hole = 0;
	if (left) {
		uint64_t gap = hole_between(left->sub_last, node->first);

		node->hole = MAX(left->hole, gap);
	}
	if (right) {
		uint64_t gap = hole_between(node->last, right->sub_first);

		node->hole = MAX(node->hole, MAX(right->hole, gap));
	}
}

/* Split into blocks before `vpn` and blocks from it on. */
static void split(struct vad *node, vmsim_vpn vpn, struct vad **left, struct vad **right)
{
	if (!node) {
		*left = *right = NULL;
	} else if (node->first < vpn) {
		split(node->right, vpn, &node->right, right);
		*left = node;
		update(node);
	} else {
		split(node->left, vpn, left, &node->left);
		*right = node;
		update(node);
	}
}

static struct vad *join(struct vad *left, struct vad *right)
{
	if (!left || !right)
		return left ? left : right;
	if (left->priority >= right->priority) {
		left->right = join(left->right, right);
		update(left);
		return left;
	}
	right->left = join(left, right->left);
	update(right);
	return right;
}

struct vad *vad_next(const struct vad_tree *tree, vmsim_vpn vpn)
{
	struct vad *node = tree->root, *best = NULL;

	while (node) {
		if (node->last >= vpn) {
			best = node;
			node = node->left;
		} else {
			node = node->right;
		}
	}
	return best;
}

struct vad *vad_find(const struct vad_tree *tree, vmsim_vpn vpn)
{
	struct vad *vad = vad_next(tree, vpn);

	return vad && vad->first <= vpn ? vad : NULL;
}

struct vad *vad_insert(struct vad_tree *tree, vmsim_vpn first, vmsim_vpn last)
{
	struct vad *vad = g_new0(struct vad, 1), *left, *right;
	struct rng hash = {first};

	g_assert(first <= last && !vad_overlaps(tree, first, last));
	vad->first = first;
	vad->last = last;
	vad->priority = rng_next(&hash);
	update(vad);
	split(tree->root, first, &left, &right);
	tree->root = join(join(left, vad), right);
	tree->n++;
	tree->reserved_pages += last - first + 1;
	return vad;
}

void vad_remove(struct vad_tree *tree, struct vad *vad)
{
	struct vad *left, *middle, *right;

	split(tree->root, vad->first, &left, &right);
	split(right, vad->first + 1, &middle, &right);
	g_assert(middle == vad && !vad->left && !vad->right);
	tree->root = join(left, right);
	tree->n--;
	tree->reserved_pages -= vad->last - vad->first + 1;
	vad_free(vad);
}

static void update_path(struct vad *node, vmsim_vpn vpn)
{
	if (node->first != vpn)
		update_path(node->first < vpn ? node->right : node->left, vpn);
	update(node);
}

void vad_extend(struct vad_tree *tree, struct vad *vad, vmsim_vpn last)
{
	g_assert(last > vad->last && !vad_overlaps(tree, vad->last + 1, last));
	tree->reserved_pages += last - vad->last;
	vad->last = last;
	update_path(tree->root, vad->first);
}

/* The lowest hole of n pages between blocks of a subtree, at or above `from`. */
static bool lowest_hole(const struct vad *node, uint64_t n, vmsim_vpn from, vmsim_vpn *first)
{
	if (!node || node->hole < n || node->sub_last < from)
		return false;
	if (lowest_hole(node->left, n, from, first))
		return true;
	if (node->left) {
		vmsim_vpn at = granule_up(MAX(node->left->sub_last + 1, from));

		if (at < node->first && node->first - at >= n) {
			*first = at;
			return true;
		}
	}
	if (node->right) {
		vmsim_vpn at = granule_up(MAX(node->last + 1, from));

		if (at < node->right->sub_first && node->right->sub_first - at >= n) {
			*first = at;
			return true;
		}
	}
	return lowest_hole(node->right, n, from, first);
}

/* The highest place for n pages in the gap after a block, below `end`. */
static bool gap_top(vmsim_vpn last, vmsim_vpn next, uint64_t n, vmsim_vpn end, vmsim_vpn *first)
{
	vmsim_vpn from = granule_up(last + 1), to = MIN(next, end);

	if (to < n || granule_down(to - n) < from)
		return false;
	*first = granule_down(to - n);
	return true;
}

/* The highest hole of n pages between blocks of a subtree, below `end`. */
static bool highest_hole(const struct vad *node, uint64_t n, vmsim_vpn end, vmsim_vpn *first)
{
	if (!node || node->hole < n || node->sub_first >= end)
		return false;
	return highest_hole(node->right, n, end, first) ||
	       (node->right && gap_top(node->last, node->right->sub_first, n, end, first)) ||
	       (node->left && gap_top(node->left->sub_last, node->first, n, end, first)) ||
	       highest_hole(node->left, n, end, first);
}

static bool hole_top_down(const struct vad_tree *tree, uint64_t n, vmsim_vpn *first)
{
	const struct vad *root = tree->root;
	vmsim_vpn end = tree->hi + 1, below = tree->lo - 1;

	if (!root)
		return gap_top(below, end, n, end, first);
	return (root->sub_last < end && gap_top(MAX(root->sub_last, below), end, n, end, first)) ||
	       (highest_hole(root, n, end, first) && *first >= tree->lo) ||
	       (root->sub_first > tree->lo && gap_top(below, root->sub_first, n, end, first));
}

bool vad_hole(const struct vad_tree *tree, uint64_t n, vmsim_vpn from, bool top_down,
	      vmsim_vpn *first)
{
	const struct vad *root = tree->root;
	vmsim_vpn end = tree->hi + 1;

	if (top_down)
		return hole_top_down(tree, n, first);
	from = granule_up(MAX(from, tree->lo));
	if (root && !(root->sub_first > from && root->sub_first - from >= n)) {
		if (lowest_hole(root, n, from, first))
			return *first <= end && end - *first >= n;
		from = granule_up(MAX(root->sub_last + 1, from));
	}
	*first = from;
	return from <= end && end - from >= n;
}

void vad_foreach(const struct vad_tree *tree, void (*each)(void *ctx, struct vad *vad), void *ctx)
{
	struct vad *vad = vad_next(tree, 0);

	while (vad) {
		vmsim_vpn last = vad->last;

		each(ctx, vad);
		vad = vad_next(tree, last + 1);
	}
}

static bool check_node(const struct vad *node, uint64_t *n, uint64_t *pages)
{
	struct vad copy;

	if (!node)
		return true;
	copy = *node;
	update(&copy);
	++*n;
	*pages += node->last - node->first + 1;
	return node->first <= node->last && copy.hole == node->hole &&
	       copy.sub_first == node->sub_first && copy.sub_last == node->sub_last &&
	       (node->implicit || node->first % VMSIM_GRANULARITY_PAGES == 0) &&
	       (!node->left || (node->left->sub_last < node->first &&
				node->left->priority <= node->priority)) &&
	       (!node->right || (node->right->sub_first > node->last &&
				 node->right->priority <= node->priority)) &&
	       check_node(node->left, n, pages) && check_node(node->right, n, pages);
}

bool vad_check(const struct vad_tree *tree)
{
	uint64_t n = 0, pages = 0;

	return check_node(tree->root, &n, &pages) && n == tree->n &&
	       pages == tree->reserved_pages;
}
