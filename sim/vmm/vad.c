/* vad.c: a treap of blocks with hole sizes. Priorities are a hash of the address that a block was
 * made at, so the shape depends on the blocks alone. */
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

/* Which pages of [first, last] were written, of a block that is watched; else NULL. */
static GHashTable *watch_part(const struct vad *vad, vmsim_vpn first, vmsim_vpn last)
{
	GHashTable *part;
	GHashTableIter iter;
	void *key;

	if (!vad->written)
		return NULL;
	part = g_hash_table_new(NULL, NULL);
	g_hash_table_iter_init(&iter, vad->written);
	while (g_hash_table_iter_next(&iter, &key, NULL))
		if ((vmsim_vpn)(uintptr_t)key >= first && (vmsim_vpn)(uintptr_t)key <= last)
			g_hash_table_add(part, key);
	return part;
}

void vad_resize(struct vad_tree *tree, struct vad *vad, vmsim_vpn first, vmsim_vpn last)
{
	GHashTable *written = watch_part(vad, first, last);

	g_assert(first <= last && first <= vad->last && last >= vad->first);
	g_assert(first >= vad->first || !vad_overlaps(tree, first, vad->first - 1));
	g_assert(last <= vad->last || !vad_overlaps(tree, vad->last + 1, last));
	g_clear_pointer(&vad->written, g_hash_table_unref);
	vad->written = written;
	vad->piece |= first != vad->first;
	tree->reserved_pages += (last - first) - (vad->last - vad->first);
	vad->first = first;
	vad->last = last;
	update_path(tree->root, first);
}

struct vad *vad_split(struct vad_tree *tree, struct vad *vad, vmsim_vpn at)
{
	GHashTable *written = watch_part(vad, at, vad->last);
	struct vad facts = *vad, *upper;
	vmsim_vpn last = vad->last;

	g_assert(!vad->segment && at > vad->first && at <= last);
	vad_resize(tree, vad, vad->first, at - 1);
	upper = vad_insert(tree, at, last);
	upper->kind = facts.kind;
	upper->alloc_protect = facts.alloc_protect;
	upper->prot = facts.prot;
	upper->commit_at_reserve = facts.commit_at_reserve;
	upper->implicit = facts.implicit;
	upper->replaced = facts.replaced;
	upper->written = written;
	upper->piece = true;
	return upper;
}

void vad_join(struct vad_tree *tree, struct vad *vad, struct vad *next)
{
	vmsim_vpn last = next->last;

	g_assert(next->first == vad->last + 1 && !vad->segment && !next->segment);
	vad->committed += next->committed;
	vad_remove(tree, next);
	vad_resize(tree, vad, vad->first, last);
}

/* --- holes --------------------------------------------------------------------------------- */

/* Where in the gap between a block that ends before `begin` and one that begins at `end` a new one
 * fits. */
static bool gap_fits(const struct vad_search *want, vmsim_vpn begin, vmsim_vpn end,
		     vmsim_vpn *first)
{
	vmsim_vpn mask = want->align - 1, at;

	begin = MAX(begin, want->low);
	end = MIN(end, want->high + 1);
	if (begin > end || end - begin < want->n)
		return false;
	at = want->top_down ? (end - want->n) & ~mask : (begin + mask) & ~mask;
	if (at < begin || at > end - want->n)
		return false;
	*first = at;
	return true;
}

/* The first hole between blocks of a subtree, in the order of the search. Subtrees without one
 * large enough, or out of bounds, are passed over; so it looks at few nodes, unless large
 * alignments find many holes that are large enough but lie badly. */
static bool hole_below(const struct vad *node, const struct vad_search *want, vmsim_vpn *first)
{
	const struct vad *left, *right;

	if (!node || node->hole < want->n || node->sub_last < want->low ||
	    node->sub_first > want->high)
		return false;
	left = node->left;
	right = node->right;
	if (want->top_down)
		return hole_below(right, want, first) ||
		       (right && gap_fits(want, node->last + 1, right->sub_first, first)) ||
		       (left && gap_fits(want, left->sub_last + 1, node->first, first)) ||
		       hole_below(left, want, first);
	return hole_below(left, want, first) ||
	       (left && gap_fits(want, left->sub_last + 1, node->first, first)) ||
	       (right && gap_fits(want, node->last + 1, right->sub_first, first)) ||
	       hole_below(right, want, first);
}

bool vad_hole(const struct vad_tree *tree, const struct vad_search *want, vmsim_vpn *first)
{
	struct vad_search in = *want;
	const struct vad *root = tree->root;
	vmsim_vpn end = tree->hi + 1;

	in.low = MAX(in.low, tree->lo);
	in.high = MIN(in.high, tree->hi);
	if (in.low > in.high)
		return false;
	if (!root)
		return gap_fits(&in, in.low, end, first);
	if (in.top_down)
		return gap_fits(&in, root->sub_last + 1, end, first) ||
		       hole_below(root, &in, first) ||
		       gap_fits(&in, in.low, root->sub_first, first);
	return gap_fits(&in, in.low, root->sub_first, first) || hole_below(root, &in, first) ||
	       gap_fits(&in, root->sub_last + 1, end, first);
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
	       (node->implicit || node->piece ||
		node->first % VMSIM_GRANULARITY_PAGES == 0) &&
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
