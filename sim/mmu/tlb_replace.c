/* tlb_replace.c: replacements of TLBs. */
#include "mmu/tlb_replace.h"

/* --- a tree that says which half was used longer ago ------------------------------------------ */

/* Where the second half of n places begins. */
static uint32_t half(uint32_t n)
{
	return n - n / 2;
}

static void tree_used(uint8_t *mark, uint32_t ways, uint32_t way)
{
	uint32_t first = 0;

	while (ways > 1) {
		uint32_t left = half(ways);
		bool second = way - first >= left;

		mark[first + left] = !second;
		first += second ? left : 0;
		ways = second ? ways - left : left;
	}
}

static uint32_t tree_oldest(const uint8_t *mark, uint32_t ways)
{
	uint32_t first = 0;

	while (ways > 1) {
		uint32_t left = half(ways);
		bool second = mark[first + left];

		first += second ? left : 0;
		ways = second ? ways - left : left;
	}
	return first;
}

static uint32_t tree_victim(struct tlb *tlb, uint8_t *mark)
{
	return tree_oldest(mark, tlb->ways);
}

/* --- one bit each ----------------------------------------------------------------------------- */

static uint32_t first_unmarked(const uint8_t *mark, uint32_t ways)
{
	uint32_t i = 0;

	while (i < ways && mark[i])
		i++;
	return i;
}

static void bit_used(uint8_t *mark, uint32_t ways, uint32_t way)
{
	mark[way] = 1;
	if (first_unmarked(mark, ways) < ways)
		return;
	memset(mark, 0, ways);
	mark[way] = 1;
}

static uint32_t bit_victim(struct tlb *tlb, uint8_t *mark)
{
	return first_unmarked(mark, tlb->ways) % tlb->ways; /* a lone place is always marked */
}

static void nru_used(uint8_t *mark, uint32_t ways, uint32_t way)
{
	(void)ways;
	mark[way] = 1;
}

static uint32_t nru_victim(struct tlb *tlb, uint8_t *mark)
{
	uint32_t way = first_unmarked(mark, tlb->ways);

	if (way < tlb->ways)
		return way;
	memset(mark, 0, tlb->ways);
	return 0;
}

/* --- re-reference intervals (Jaleel and others 2010, SRRIP-HP) -------------------------------- */

enum { RRIP_NEAR = 0, RRIP_LONG = 2, RRIP_DISTANT = 3 };

static void rrip_hit(uint8_t *mark, uint32_t ways, uint32_t way)
{
	(void)ways;
	mark[way] = RRIP_NEAR;
}

static void rrip_filled(uint8_t *mark, uint32_t ways, uint32_t way)
{
	(void)ways;
	mark[way] = RRIP_LONG;
}

static uint32_t rrip_victim(struct tlb *tlb, uint8_t *mark)
{
	uint32_t oldest = 0;
	unsigned older;

	for (uint32_t i = 1; i < tlb->ways; i++)
		if (mark[i] > mark[oldest])
			oldest = i;
	older = RRIP_DISTANT - mark[oldest];
	for (uint32_t i = 0; i < tlb->ways; i++)
		mark[i] = (uint8_t)(mark[i] + older);
	return oldest;
}

/* --- three groups ----------------------------------------------------------------------------- */

/* The trees of groups use no mark of a first place. */
static void groups_used(uint8_t *mark, uint32_t ways, uint32_t way)
{
	uint32_t size = ways / 3, group = way / size;

	mark[0] = (uint8_t)group;
	tree_used(mark + group * size, size, way % size);
}

static uint32_t groups_victim(struct tlb *tlb, uint8_t *mark)
{
	uint32_t size = tlb->ways / 3, first = (mark[0] + 1u) % 3 * size;

	return first + tree_oldest(mark + first, size);
}

static uint32_t random_victim(struct tlb *tlb, uint8_t *mark)
{
	(void)mark;
	return (uint32_t)rng_below(&tlb->rng, tlb->ways);
}

static const struct tlb_replace_ops all_ops[] = {
	[TLB_LRU] = {.ordered = true},
	[TLB_TREE_PLRU] = {false, false, tree_used, tree_used, tree_victim},
	[TLB_BIT_PLRU] = {false, true, bit_used, bit_used, bit_victim},
	[TLB_NRU] = {false, true, nru_used, nru_used, nru_victim},
	[TLB_FIFO] = {.ordered = true},
	[TLB_RANDOM] = {.victim = random_victim},
	[TLB_SRRIP] = {false, true, rrip_hit, rrip_filled, rrip_victim},
	[TLB_MRU3_PLRU] = {false, false, groups_used, groups_used, groups_victim},
};

const struct tlb_replace_ops *tlb_replace_ops(enum tlb_replacement replacement)
{
	return &all_ops[replacement];
}
