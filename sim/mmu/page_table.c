/* page_table.c: radix page tables. See page_table.h for the invariants. */
#include "mmu/page_table.h"

#include "mmu/design.h"

#include <glib.h>

/* The user ranges are V6's: 2 GB less 64 KB at the ends for 32-bit shapes, 128 TB likewise, which
 * more levels do not widen. */
#define RANGE_32 .lo = 0x10000, .hi = 0x7FFEFFFF
#define RANGE_64 .lo = 0x10000, .hi = 0x7FFFFFFEFFFF
#define PAE .levels = 3, .bits = {9, 9, 2}, .shift = {0, 9, 18}, .entry_size = 8, \
	    .address_bits = 32, .vpn_end = 1ull << 20, RANGE_32

static const struct pt_shape shapes[] = {
	{.levels = 2, .bits = {10, 10}, .shift = {0, 10}, .entry_size = 4, .address_bits = 32,
	 .vpn_end = 1ull << 20, RANGE_32},
	{PAE},
	{.levels = 4, .bits = {9, 9, 9, 9}, .shift = {0, 9, 18, 27}, .entry_size = 8,
	 .address_bits = 48, .vpn_end = 1ull << 35, RANGE_64},
	{.levels = 5, .bits = {9, 9, 9, 9, 9}, .shift = {0, 9, 18, 27, 36}, .entry_size = 8,
	 .address_bits = 57, .vpn_end = 1ull << 44, RANGE_64},
};
static const struct pt_shape pae_registers = {PAE, .top_in_registers = true};

const struct pt_shape *pt_shape_of(unsigned levels)
{
	g_assert(levels >= 2 && levels <= PT_MAX_LEVELS);
	return &shapes[levels - 2];
}

const struct pt_shape *pt_shape_for(const struct config *config)
{
	if (config->paging.levels == 3 && config->paging.pdpte_registers)
		return &pae_registers;
	return pt_shape_of((unsigned)config->paging.levels);
}

void pt_pool_init(struct pt_pool *pool, const struct pt_shape *shape, uint32_t frames,
		  bool outside)
{
	*pool = (struct pt_pool){.shape = shape, .frames = frames, .outside = outside};
	pool->size = outside ? 0 : frames;
	pool->node = g_new0(struct pt_node *, pool->size ? pool->size : 1);
}

void pt_pool_fini(struct pt_pool *pool)
{
	g_free(pool->node);
	g_free(pool->spare);
}

/* Tables outside memory are numbered from `frames` up, but stored from 0. */
static uint32_t pool_slot(const struct pt_pool *pool, vmsim_pfn frame)
{
	return pool->outside ? frame - pool->frames : frame;
}

static struct pt_node *pool_node(const struct pt_pool *pool, vmsim_pfn frame)
{
	return pool->node[pool_slot(pool, frame)];
}

vmsim_pfn pt_pool_outside(struct pt_pool *pool)
{
	g_assert(pool->outside);
	if (pool->n_spare)
		return pool->spare[--pool->n_spare];
	if (pool->n_outside == pool->size) {
		uint32_t size = pool->size ? pool->size * 2 : 16;

		pool->node = g_renew(struct pt_node *, pool->node, size);
		for (uint32_t i = pool->size; i < size; i++)
			pool->node[i] = NULL;
		pool->spare = g_renew(uint32_t, pool->spare, size);
		pool->size = size;
	}
	return pool->frames + pool->n_outside++;
}

void pt_init(struct page_table *pt, struct pt_pool *pool)
{
	*pt = (struct page_table){.pool = pool, .root = VMSIM_NO_PFN};
}

/* The table of vpn at `level`, or the deepest there is above it, which may map a large page there;
 * *reached tells its level. */
static struct pt_node *pt_descend(const struct page_table *pt, vmsim_vpn vpn, unsigned level,
				  unsigned *reached)
{
	const struct pt_shape *shape = pt->pool->shape;
	unsigned l = shape->levels - 1;
	struct pt_node *node;

	if (pt->root == VMSIM_NO_PFN) {
		*reached = shape->levels;
		return NULL;
	}
	node = pool_node(pt->pool, pt->root);
	for (; l > level; l--) {
		pte_t entry = node->entry[pt_index(shape, l, vpn)];

		if (!entry || pte_is_large(entry))
			break;
		node = pool_node(pt->pool, pte_frame(entry));
	}
	*reached = l;
	return node;
}

vmsim_pfn pt_table(const struct page_table *pt, vmsim_vpn vpn, unsigned level)
{
	const struct pt_shape *shape = pt->pool->shape;
	vmsim_pfn frame = pt->root;

	for (unsigned l = shape->levels - 1; l > level && frame != VMSIM_NO_PFN; l--) {
		pte_t entry = pool_node(pt->pool, frame)->entry[pt_index(shape, l, vpn)];

		frame = entry && !pte_is_large(entry) ? pte_frame(entry) : VMSIM_NO_PFN;
	}
	return frame;
}

struct pt_node *pt_find(const struct page_table *pt, vmsim_vpn vpn)
{
	unsigned reached;
	struct pt_node *node = pt_descend(pt, vpn, 0, &reached);

	return reached == 0 ? node : NULL;
}

/* The deepest entry there is for a page, of the table at level *reached; NULL: no table. */
static pte_t *deepest(const struct page_table *pt, vmsim_vpn vpn, unsigned *reached)
{
	struct pt_node *node = pt_descend(pt, vpn, 0, reached);

	return node ? &node->entry[pt_index(pt->pool->shape, *reached, vpn)] : NULL;
}

pte_t *pt_leaf(const struct page_table *pt, vmsim_vpn vpn)
{
	unsigned reached;
	pte_t *entry = deepest(pt, vpn, &reached);

	return reached == 0 || (entry && *entry) ? entry : NULL;
}

pte_t pt_get(const struct page_table *pt, vmsim_vpn vpn)
{
	unsigned reached;
	const pte_t *entry = deepest(pt, vpn, &reached);

	if (!entry)
		return 0;
	return reached == 0 || !*entry ? *entry
				       : pte_piece(*entry, vpn & (pt_pages(pt, reached) - 1));
}

static void node_set(struct pt_node *node, unsigned index, pte_t pte)
{
	node->used += (pte != 0);
	node->used -= (node->entry[index] != 0);
	node->entry[index] = pte;
}

static void leaf_set(const struct page_table *pt, vmsim_vpn vpn, struct pt_node *node,
		     unsigned index, pte_t pte)
{
	if (pt->pool->shared)
		shared_table_set(pt->pool->shared, design_key(pt->asid, vpn), node->entry[index],
				 pte);
	node_set(node, index, pte);
}

void pt_set(struct page_table *pt, vmsim_vpn vpn, pte_t pte)
{
	struct pt_node *node = pt_find(pt, vpn);

	g_assert(node);
	leaf_set(pt, vpn, node, pt_index(pt->pool->shape, 0, vpn), pte);
}

static void large_set(struct page_table *pt, vmsim_vpn vpn, unsigned level, pte_t pte)
{
	unsigned reached, index = pt_index(pt->pool->shape, level, vpn);
	struct pt_node *node = pt_descend(pt, vpn, level, &reached);

	g_assert(reached == level);
	node_set(node, index, pte);
}

void pt_set_large(struct page_table *pt, vmsim_vpn vpn, unsigned level, pte_t pte)
{
	vmsim_vpn pages = pt_pages(pt, level);

	g_assert(level && pt_maps_large(pt->pool->shape, level) && vpn % pages == 0 &&
		 pte_is_large(pte) && pte_frame(pte) % pages == 0 && !pt->pool->shared &&
		 !pt_get(pt, vpn));
	large_set(pt, vpn, level, pte);
	pt->n_large += (uint32_t)pages;
}

vmsim_vpn pt_clear_large(struct page_table *pt, vmsim_vpn vpn)
{
	unsigned level;
	const pte_t *entry = deepest(pt, vpn, &level);
	vmsim_vpn pages;

	g_assert(entry && level && pte_is_large(*entry));
	pages = pt_pages(pt, level);
	large_set(pt, vpn, level, 0);
	pt->n_large -= (uint32_t)pages;
	return pages;
}

struct pt_span pt_span_at(const struct page_table *pt, vmsim_vpn vpn, vmsim_vpn end)
{
	const struct pt_shape *shape = pt->pool->shape;
	unsigned reached;
	struct pt_node *node = pt_descend(pt, vpn, 0, &reached);
	struct pt_span span = {.vpn = vpn, .pt = pt};
	vmsim_vpn covered;

	if (reached == 0) {
		span.node = node;
		span.index = pt_index(shape, 0, vpn);
	}
	span.large = node && reached > 0 && node->entry[pt_index(shape, reached, vpn)];
	/* `reached` is the level of the table whose entry for vpn is absent or a large page's (or
	 * of the leaf table): the entry stands for 1 << shift[reached] pages, the leaf table for
	 * all its pages. */
	covered = reached >= shape->levels ? shape->vpn_end
		  : reached == 0	   ? (vmsim_vpn)1 << shape->bits[0]
					   : (vmsim_vpn)1 << shape->shift[reached];
	span.n = covered - (vpn & (covered - 1));
	if (span.n > end - vpn)
		span.n = end - vpn;
	return span;
}

void pt_span_set(const struct pt_span *span, uint64_t i, pte_t pte)
{
	leaf_set(span->pt, span->vpn + i, span->node, span->index + (unsigned)i, pte);
}

/* Tables of a level and above. Where a large page is mapped, none are. */
static uint64_t missing_from(const struct page_table *pt, unsigned level, vmsim_vpn vpn,
			     vmsim_vpn end)
{
	const struct pt_shape *shape = pt->pool->shape;
	uint64_t missing = 0;

	if (vpn >= end)
		return 0;
	for (; level < shape->levels; level++) {
		bool top = level == shape->levels - 1;
		unsigned up = top ? 63 : shape->shift[level + 1];
		vmsim_vpn at = vpn;

		/* One table of this level covers 1 << up pages. */
		while (at < end) {
			unsigned reached;
			vmsim_vpn next = top ? end : ((at >> up) + 1) << up;
			const struct pt_node *node = pt_descend(pt, at, level, &reached);

			if (reached > level &&
			    !(node && node->entry[pt_index(shape, reached, at)]))
				missing++;
			at = next;
		}
	}
	return missing;
}

uint64_t pt_missing(const struct page_table *pt, vmsim_vpn vpn, vmsim_vpn end)
{
	return missing_from(pt, 0, vpn, end);
}

uint64_t pt_missing_large(const struct page_table *pt, vmsim_vpn vpn, vmsim_vpn end,
			  unsigned level)
{
	return missing_from(pt, level, vpn, end);
}

bool pt_add_table(struct page_table *pt, vmsim_vpn vpn, vmsim_pfn frame)
{
	const struct pt_shape *shape = pt->pool->shape;
	unsigned reached;
	struct pt_node *node = pt_descend(pt, vpn, 0, &reached);
	struct pt_node *table;

	g_assert(reached > 0);
	table = g_malloc0(sizeof(*table) + (sizeof(pte_t) << shape->bits[reached - 1]));
	if (node)
		node_set(node, pt_index(shape, reached, vpn), pte_make_table(frame));
	else
		pt->root = frame;
	table->level = reached - 1;
	pt->pool->node[pool_slot(pt->pool, frame)] = table;
	pt->n_tables++;
	return table->level == 0;
}

static void pt_free_table(struct page_table *pt, vmsim_pfn frame,
			  void (*release)(void *ctx, vmsim_pfn frame), void *ctx)
{
	struct pt_pool *pool = pt->pool;

	g_free(pool->node[pool_slot(pool, frame)]);
	pool->node[pool_slot(pool, frame)] = NULL;
	pt->n_tables--;
	if (pool->outside)
		pool->spare[pool->n_spare++] = frame;
	else if (release)
		release(ctx, frame);
}

/* Prune below one table; returns whether it is empty now. */
static bool prune_table(struct page_table *pt, vmsim_pfn frame, vmsim_vpn base, vmsim_vpn first,
			vmsim_vpn last, void (*release)(void *ctx, vmsim_pfn frame), void *ctx)
{
	const struct pt_shape *shape = pt->pool->shape;
	struct pt_node *node = pool_node(pt->pool, frame);
	unsigned shift = shape->shift[node->level];
	unsigned n = 1u << shape->bits[node->level];

	for (unsigned i = 0; node->level > 0 && i < n && node->used; i++) {
		vmsim_vpn lo = base + ((vmsim_vpn)i << shift);
		vmsim_vpn hi = lo + ((vmsim_vpn)1 << shift) - 1;
		vmsim_pfn child;

		if (!node->entry[i] || pte_is_large(node->entry[i]) || hi < first || lo > last)
			continue;
		child = pte_frame(node->entry[i]);
		if (!prune_table(pt, child, lo, first, last, release, ctx))
			continue;
		node_set(node, i, 0);
		pt_free_table(pt, child, release, ctx);
	}
	return node->used == 0;
}

void pt_prune(struct page_table *pt, vmsim_vpn vpn, vmsim_vpn end,
	      void (*release)(void *ctx, vmsim_pfn frame), void *ctx)
{
	if (pt->root == VMSIM_NO_PFN || vpn >= end)
		return;
	if (prune_table(pt, pt->root, 0, vpn, end - 1, release, ctx)) {
		vmsim_pfn root = pt->root;

		pt->root = VMSIM_NO_PFN;
		pt_free_table(pt, root, release, ctx);
	}
}

static bool check_table(const struct page_table *pt, vmsim_pfn frame, unsigned level,
			uint32_t *tables, uint32_t *large)
{
	const struct pt_node *node = pool_node(pt->pool, frame);
	uint32_t used = 0;

	if (!node || node->level != level)
		return false;
	++*tables;
	for (unsigned i = 0; i < 1u << pt->pool->shape->bits[level]; i++) {
		pte_t entry = node->entry[i];

		used += entry != 0;
		if (!level || !entry)
			continue;
		if (pte_is_large(entry)) {
			*large += (uint32_t)pt_pages(pt, level);
			if (!pt_maps_large(pt->pool->shape, level) ||
			    pte_frame(entry) % pt_pages(pt, level))
				return false;
		} else if (!check_table(pt, pte_frame(entry), level - 1, tables, large)) {
			return false;
		}
	}
	return used == node->used;
}

bool pt_check(const struct page_table *pt)
{
	uint32_t tables = 0, large = 0;

	if (pt->root != VMSIM_NO_PFN &&
	    !check_table(pt, pt->root, pt->pool->shape->levels - 1, &tables, &large))
		return false;
	return tables == pt->n_tables && large == pt->n_large;
}
