/* tlbs.c: the hierarchy of TLBs. */
#include "mmu/tlbs.h"

/* --- building --------------------------------------------------------------------------------- */

struct tlb *tlbs_add(struct tlbs *tlbs, const struct tlb_shape *shape)
{
	struct tlb *tlb = &tlbs->own[tlbs->n++];

	tlb_init_shape(tlb, shape);
	return tlb;
}

static struct tlb *add_array(struct tlbs *tlbs, struct tlb_shape shape, uint64_t seed)
{
	shape.seed = seed + tlbs->n; /* random arrays differ */
	return tlbs_add(tlbs, &shape);
}

/* The arrays of one level: of each size its own, or that of the next smaller one, or none. */
static void add_level(struct tlbs *tlbs, const struct tlb_config *config, uint64_t seed,
		      const char *const names[TLB_SIZES], struct tlb *at[TLB_SIZES])
{
	const struct tlb_size_config *larger[TLB_SIZES] = {NULL, &config->large, &config->huge};

	at[SIZE_SMALL] = add_array(tlbs,
				   (struct tlb_shape){.name = names[SIZE_SMALL],
						      .entries = config->entries,
						      .ways = config->ways,
						      .replacement = config->replacement,
						      .index = config->index},
				   seed);
	for (unsigned size = SIZE_LARGE; size < TLB_SIZES; size++) {
		struct tlb_shape shape = {.name = names[size], .entries = larger[size]->entries,
					  .ways = larger[size]->ways,
					  .replacement = config_large_replacement(config)};

		at[size] = larger[size]->shared	   ? at[size - 1]
			   : larger[size]->entries ? add_array(tlbs, shape, seed)
						   : NULL;
	}
}

struct side_config {
	const struct tlb_config *config;
	const char *names[TLB_SIZES];
};

static void set_level(struct tlbs *tlbs, enum tlb_side side, unsigned level,
		      const struct side_config *from, uint64_t seed)
{
	tlbs->cycles[side][level] = from->config->latency.cycles;
	add_level(tlbs, from->config, seed, from->names, tlbs->at[side][level]);
}

/* Code uses what data does. */
static void share_level(struct tlbs *tlbs, unsigned level)
{
	memcpy(tlbs->at[SIDE_CODE][level], tlbs->at[SIDE_DATA][level],
	       sizeof(tlbs->at[SIDE_CODE][level]));
	tlbs->cycles[SIDE_CODE][level] = tlbs->cycles[SIDE_DATA][level];
}

void tlbs_init(struct tlbs *tlbs, const struct config *config)
{
	const struct side_config data[TLB_LEVELS] = {
		{&config->tlb.l1d, {"data TLB", "large data TLB", "huge data TLB"}},
		{&config->tlb.l2, {"second-level TLB", "large second-level TLB",
				   "huge second-level TLB"}},
		{&config->tlb.l3, {"third-level TLB", "large third-level TLB",
				   "huge third-level TLB"}},
	};
	const struct side_config code[] = {
		{&config->tlb.l1i, {"instruction TLB", "large instruction TLB",
				    "huge instruction TLB"}},
		{&config->tlb.l2i, {"second-level instruction TLB",
				    "large second-level instruction TLB",
				    "huge second-level instruction TLB"}},
	};

	*tlbs = (struct tlbs){.unified = config->tlb.unified, .met = 1u << TLB_SMALL,
			      .inclusion = {0, config->tlb.l2.inclusion, config->tlb.l3.inclusion},
			      .coalesce = config->tlb.coalesce.kind};
	while (1u << tlbs->group_shift < config->tlb.coalesce.pages)
		tlbs->group_shift++;
	for (unsigned level = 0; level < TLB_LEVELS && data[level].config->entries; level++) {
		bool own = level < G_N_ELEMENTS(code) && code[level].config->entries &&
			   !(level == 0 && tlbs->unified);

		if (own)
			set_level(tlbs, SIDE_CODE, level, &code[level], config->seed);
		set_level(tlbs, SIDE_DATA, level, &data[level], config->seed);
		if (!own)
			share_level(tlbs, level);
		tlbs->n_levels++;
	}
	for (unsigned side = 0; side < TLB_SIDES; side++)
		tlbs->first[side] = tlbs->at[side][0][SIZE_SMALL];
}

void tlbs_fini(struct tlbs *tlbs)
{
	for (unsigned i = 0; i < tlbs->n; i++)
		tlb_fini(&tlbs->own[i]);
}

/* --- one entry -------------------------------------------------------------------------------- */

static enum tlb_size size_of(enum tlb_kind kind)
{
	return kind <= TLB_GROUP ? SIZE_SMALL : kind == TLB_LARGE ? SIZE_LARGE : SIZE_HUGE;
}

static struct tlb *array_of(const struct tlbs *tlbs, enum tlb_side side, unsigned level,
			    uint64_t tag)
{
	return tlbs->at[side][level][size_of(tlb_kind(tag))];
}

/* The tag that a page has, if it is covered by an entry of a kind. */
static uint64_t tag_of(const struct tlbs *tlbs, unsigned kind, uint32_t asid, vmsim_vpn vpn)
{
	uint32_t whose = kind & KIND_GLOBAL ? TLB_GLOBAL : asid;

	kind &= ~KIND_GLOBAL;
	return tlb_tag_of((enum tlb_kind)kind, whose,
			  kind == TLB_GROUP ? vpn >> tlbs->group_shift : vpn);
}

/* The entry of a tag that covers a page. */
static struct tlb_entry *peek(const struct tlb *tlb, uint64_t tag, vmsim_vpn vpn)
{
	struct tlb_entry *entry = tlb ? tlb_peek(tlb, tag) : NULL;

	return entry && tlb_covers(entry, vpn) ? entry : NULL;
}

static unsigned drop(struct tlb *tlb, uint64_t tag, vmsim_vpn vpn)
{
	return peek(tlb, tag, vpn) ? tlb_invalidate(tlb, tag) : 0;
}

struct tlb_entry tlbs_entry(uint32_t asid, vmsim_vpn vpn, pte_t leaf, unsigned level)
{
	enum tlb_kind kind = level == 0 ? TLB_SMALL : level == 1 ? TLB_LARGE : TLB_HUGE;

	return (struct tlb_entry){
		.tag = tlb_tag_of(kind, leaf & PTE_G ? TLB_GLOBAL : asid, vpn),
		.pfn = pte_frame(leaf),
		.flags = (leaf & PTE_W ? TLB_WRITE : 0u) | (leaf & PTE_XD ? 0u : TLB_EXECUTE) |
			 (leaf & PTE_D ? TLB_DIRTY : 0u),
	};
}

static void meet(struct tlbs *tlbs, uint64_t tag)
{
	tlbs->met |= 1u << (tlb_kind(tag) |
			    ((tag & ASID_MAX) == TLB_GLOBAL ? KIND_GLOBAL : 0u));
}

struct tlb_entry *tlbs_find(struct tlbs *tlbs, enum tlb_side side, unsigned level, uint32_t asid,
			    vmsim_vpn vpn)
{
	for (unsigned kind = level == 0; kind < TLB_KINDS && tlbs->met >> kind; kind++) {
		uint64_t tag = tag_of(tlbs, kind, asid, vpn);
		struct tlb *tlb = array_of(tlbs, side, level, tag);
		struct tlb_entry *entry = NULL;
		bool met = tlb && (tlbs->met >> kind & 1);

		if (met && (tlb_kind(tag) != TLB_GROUP || peek(tlb, tag, vpn)))
			entry = tlb_lookup(tlb, tag);
		if (entry)
			return entry;
	}
	return NULL;
}

struct tlb_entry *tlbs_peek(const struct tlbs *tlbs, const struct tlb *tlb, uint32_t asid,
			    vmsim_vpn vpn)
{
	for (unsigned kind = 0; kind < TLB_KINDS; kind++) {
		uint64_t tag = tag_of(tlbs, kind, asid, vpn);
		struct tlb_entry *entry = tlbs->met >> kind & 1 ? peek(tlb, tag, vpn) : NULL;

		if (entry)
			return entry;
	}
	return NULL;
}

bool tlbs_has(const struct tlbs *tlbs, enum tlb_side side, uint32_t asid, vmsim_vpn vpn)
{
	for (unsigned level = 0; level < tlbs->n_levels; level++)
		for (unsigned size = 0; size < TLB_SIZES; size++)
			if (tlbs_peek(tlbs, tlbs->at[side][level][size], asid, vpn))
				return true;
	return false;
}

/* --- filling ---------------------------------------------------------------------------------- */

/* Whether one of the first `levels` levels has a tag in an array from which this one is filled. */
static bool stands_above(const struct tlbs *tlbs, const struct tlb *tlb, unsigned level,
			 uint64_t tag)
{
	for (unsigned side = 0; side < TLB_SIDES; side++)
		if (array_of(tlbs, (enum tlb_side)side, level, tag) == tlb) {
			const struct tlb *above =
				array_of(tlbs, (enum tlb_side)side, level - 1, tag);

			if (above && tlb_peek(above, tag))
				return true;
		}
	return false;
}

/* An inclusive level dropped an entry: so do all above it. */
static bool drop_above(struct tlbs *tlbs, const struct tlb *tlb, unsigned level, uint64_t tag)
{
	unsigned first = 0;

	for (unsigned side = 0; side < TLB_SIDES; side++) {
		if (array_of(tlbs, (enum tlb_side)side, level, tag) != tlb)
			continue;
		for (unsigned l = 0; l < level; l++) {
			struct tlb *above = array_of(tlbs, (enum tlb_side)side, l, tag);
			unsigned n = above ? tlb_invalidate(above, tag) : 0;

			first += l == 0 ? n : 0;
		}
	}
	return first > 0;
}

/* An entry comes into a level that the level above dropped: an exclusive level below, where the
 * other half of it may have been dropped to, gives it up. */
static void take_below(struct tlbs *tlbs, enum tlb_side side, unsigned level, uint64_t tag)
{
	if (level + 1 < tlbs->n_levels && tlbs->inclusion[level + 1] == EXCLUSIVE &&
	    array_of(tlbs, side, level + 1, tag))
		tlb_invalidate(array_of(tlbs, side, level + 1, tag), tag);
}

/* What a group covers has no other entries, and there is one of each group. */
static void make_room(struct tlb *tlb, const struct tlb_entry *group)
{
	uint32_t asid = (uint32_t)(group->tag & ASID_MAX), pages = tlb_pages(group);

	for (unsigned i = 0; pages >> i; i++)
		if (pages >> i & 1)
			tlb_invalidate(tlb, tlb_tag(asid, tlb_first_page(group) + i));
	tlb_invalidate(tlb, group->tag);
}

/* Fill one level; what it drops goes where the inclusions say. */
static bool fill_level(struct tlbs *tlbs, enum tlb_side side, unsigned level,
		       struct tlb_entry entry)
{
	bool lost = false;

	while (level < tlbs->n_levels) {
		struct tlb *tlb = array_of(tlbs, side, level, entry.tag);

		if (!tlb)
			break;
		if (tlb_kind(entry.tag) == TLB_GROUP)
			make_room(tlb, &entry);
		entry = tlb_fill(tlb, entry.tag, entry.pfn, entry.flags);
		if (!entry.tag)
			break;
		if (level > 0 && tlbs->inclusion[level] == INCLUSIVE)
			lost |= drop_above(tlbs, tlb, level, entry.tag);
		level++;
		if (level == tlbs->n_levels || tlbs->inclusion[level] != EXCLUSIVE ||
		    stands_above(tlbs, array_of(tlbs, side, level, entry.tag), level, entry.tag))
			break;
		take_below(tlbs, side, level, entry.tag);
	}
	return lost;
}

bool tlbs_fill(struct tlbs *tlbs, enum tlb_side side, unsigned found, struct tlb_entry entry)
{
	bool lost = false;

	meet(tlbs, entry.tag);
	if (found < tlbs->n_levels && tlbs->inclusion[found] == EXCLUSIVE)
		tlb_invalidate(array_of(tlbs, side, found, entry.tag), entry.tag);
	for (unsigned level = found; level-- > 0;)
		if (level == 0 || tlbs->inclusion[level] != EXCLUSIVE)
			lost |= fill_level(tlbs, side, level, entry);
	return lost;
}

void tlbs_fill_array(struct tlbs *tlbs, struct tlb *tlb, struct tlb_entry entry)
{
	meet(tlbs, entry.tag);
	tlb_fill(tlb, entry.tag, entry.pfn, entry.flags);
}

void tlbs_rewrite(struct tlbs *tlbs, enum tlb_side side, const struct tlb_entry *entry)
{
	for (unsigned level = 0; level < tlbs->n_levels; level++) {
		struct tlb *tlb = array_of(tlbs, side, level, entry->tag);
		struct tlb_entry *there = tlb ? tlb_peek(tlb, entry->tag) : NULL;

		if (there)
			*there = *entry;
	}
}

/* --- forgetting ------------------------------------------------------------------------------- */

/* Forget what a side has of a page in one level. */
static bool forget_level(struct tlbs *tlbs, enum tlb_side side, unsigned level, uint64_t tag,
			 vmsim_vpn vpn)
{
	struct tlb *tlb = array_of(tlbs, side, level, tag);

	return drop(tlb, tag, vpn) && level > 0 && tlbs->inclusion[level] == INCLUSIVE &&
	       drop_above(tlbs, tlb, level, tag);
}

bool tlbs_forget(struct tlbs *tlbs, enum tlb_side side, uint32_t asid, vmsim_vpn vpn)
{
	bool lost = false;

	for (unsigned kind = 0; kind < TLB_KINDS; kind++) {
		uint64_t tag = tag_of(tlbs, kind, asid, vpn);

		for (unsigned level = 0; (tlbs->met >> kind & 1) && level < tlbs->n_levels; level++)
			lost |= forget_level(tlbs, side, level, tag, vpn);
	}
	return lost;
}

unsigned tlbs_invalidate(struct tlbs *tlbs, uint32_t asid, vmsim_vpn vpn)
{
	unsigned n = 0;

	for (unsigned kind = 0; kind < TLB_KINDS; kind++) {
		uint64_t tag = tag_of(tlbs, kind, asid, vpn);

		for (unsigned i = 0; (tlbs->met >> kind & 1) && i < tlbs->n; i++)
			n += drop(&tlbs->own[i], tag, vpn);
	}
	return n;
}

unsigned tlbs_flush(struct tlbs *tlbs, uint32_t asid)
{
	unsigned n = 0;

	for (unsigned i = 0; i < tlbs->n; i++)
		n += tlb_flush(&tlbs->own[i], asid);
	return n;
}

/* --- checking --------------------------------------------------------------------------------- */

/* Invariants 2 and 3, for one array of a level and the array below it. */
static bool check_between(const struct tlbs *tlbs, const struct tlb *above, enum tlb_side side,
			  unsigned level, bool adjacent)
{
	for (uint32_t i = 0; above && i < above->sets * above->ways; i++) {
		uint64_t tag = above->entry[i].tag;
		const struct tlb *below = tag ? array_of(tlbs, side, level, tag) : NULL;
		bool there = below && tlb_peek(below, tag);

		if (below && ((tlbs->inclusion[level] == INCLUSIVE && !there) ||
			      (tlbs->inclusion[level] == EXCLUSIVE && adjacent && there)))
			return false;
	}
	return true;
}

bool tlbs_check(const struct tlbs *tlbs)
{
	for (unsigned i = 0; i < tlbs->n; i++)
		if (!tlb_check(&tlbs->own[i]))
			return false;
	for (unsigned side = 0; side < TLB_SIDES; side++)
		for (unsigned level = 1; level < tlbs->n_levels; level++)
			for (unsigned l = 0; l < level; l++)
				for (unsigned size = 0; size < TLB_SIZES; size++)
					if (!check_between(tlbs, tlbs->at[side][l][size],
							   (enum tlb_side)side, level,
							   l + 1 == level))
						return false;
	return true;
}
