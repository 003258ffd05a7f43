/* tlb.c: the parts of the TLB that are not looked up on every reference. */
#include "mmu/tlb_replace.h"

#include <glib.h>

void tlb_init_shape(struct tlb *tlb, const struct tlb_shape *shape)
{
	uint64_t entries = shape->entries, ways = shape->ways;

	g_assert(entries && ways && entries % ways == 0);
	*tlb = (struct tlb){
		.ways = (uint32_t)ways,
		.sets = (uint32_t)(entries / ways),
		.lru = shape->replacement == TLB_LRU,
		.replace = tlb_replace_ops((enum tlb_replacement)shape->replacement),
		.rng = {shape->seed},
		.name = shape->name,
		.entry = g_new0(struct tlb_entry, entries),
	};
	index_init(&tlb->index, shape->index ? shape->index : "linear", tlb->sets);
	tlb->plain = tlb->index.kind == INDEX_LINEAR && (tlb->sets & (tlb->sets - 1)) == 0;
	tlb->set_mask = tlb->sets - 1;
	tlb->fill_is_hit = tlb->replace->hit == tlb->replace->filled;
	if (!tlb->replace->ordered)
		tlb->mark = g_new0(uint8_t, entries);
}

void tlb_init(struct tlb *tlb, uint32_t entries, uint32_t ways)
{
	tlb_init_shape(tlb, &(struct tlb_shape){.entries = entries, .ways = ways});
}

void tlb_fini(struct tlb *tlb)
{
	g_free(tlb->entry);
	g_free(tlb->mark);
	tlb->entry = NULL;
	tlb->mark = NULL;
}

static uint8_t *mark_of(const struct tlb *tlb, const struct tlb_entry *set)
{
	return tlb->mark + (set - tlb->entry);
}

void tlb_hit(struct tlb *tlb, struct tlb_entry *set, uint32_t way)
{
	if (tlb->replace->hit)
		tlb->replace->hit(mark_of(tlb, set), tlb->ways, way);
}

struct tlb_entry *tlb_peek(const struct tlb *tlb, uint64_t tag)
{
	struct tlb_entry *set = tlb_set(tlb, tag);

	for (uint32_t i = 0; i < tlb->ways; i++)
		if (set[i].tag == tag)
			return set + i;
	return NULL;
}

/* The place for a new entry, where entries keep theirs. */
static uint32_t make_place(struct tlb *tlb, const struct tlb_entry *set)
{
	for (uint32_t i = 0; i < tlb->ways; i++)
		if (!set[i].tag)
			return i;
	return tlb->replace->victim(tlb, mark_of(tlb, set));
}

struct tlb_entry tlb_fill(struct tlb *tlb, uint64_t tag, vmsim_pfn pfn, uint32_t flags)
{
	struct tlb_entry *set = tlb_set(tlb, tag), old;
	uint32_t way = 0;

	if (tlb->replace->ordered) {
		old = set[tlb->ways - 1];
		memmove(set + 1, set, (tlb->ways - 1) * sizeof(*set));
	} else {
		way = make_place(tlb, set);
		old = set[way];
	}
	set[way] = (struct tlb_entry){.tag = tag, .pfn = pfn, .flags = flags};
	if (tlb->replace->filled)
		tlb->replace->filled(mark_of(tlb, set), tlb->ways, way);
	return old;
}

/* Empty the place set[i]; where sets are kept in order, the gap is closed. */
static void set_remove(const struct tlb *tlb, struct tlb_entry *set, uint32_t i)
{
	if (tlb->replace->ordered) {
		memmove(set + i, set + i + 1, (tlb->ways - 1 - i) * sizeof(*set));
		i = tlb->ways - 1;
	} else if (tlb->replace->own_marks) {
		mark_of(tlb, set)[i] = 0;
	}
	set[i] = (struct tlb_entry){0};
}

unsigned tlb_invalidate(struct tlb *tlb, uint64_t tag)
{
	struct tlb_entry *entry = tlb_peek(tlb, tag);

	if (!entry)
		return 0;
	set_remove(tlb, tlb_set(tlb, tag), (uint32_t)(entry - tlb_set(tlb, tag)));
	return 1;
}

static bool is_flushed(uint64_t tag, uint32_t asid)
{
	if (asid == TLB_ALL_BUT_GLOBAL)
		return tag && (tag & ASID_MAX) != TLB_GLOBAL;
	return tag && (!asid || (tag & ASID_MAX) == asid);
}

unsigned tlb_flush(struct tlb *tlb, uint32_t asid)
{
	unsigned removed = 0;

	for (uint32_t s = 0; s < tlb->sets; s++) {
		struct tlb_entry *set = tlb->entry + (size_t)s * tlb->ways;

		for (uint32_t i = tlb->ways; i-- > 0;) {
			if (!is_flushed(set[i].tag, asid))
				continue;
			set_remove(tlb, set, i);
			removed++;
		}
	}
	return removed;
}

/* Invariant 2, of a group. */
static bool check_group(const struct tlb *tlb, const struct tlb_entry *group)
{
	uint32_t asid = (uint32_t)(group->tag & ASID_MAX), pages = tlb_pages(group);

	for (unsigned i = 0; pages >> i; i++)
		if ((pages >> i & 1) && tlb_peek(tlb, tlb_tag(asid, tlb_first_page(group) + i)))
			return false;
	return pages & (pages - 1); /* two or more */
}

static bool check_set(const struct tlb *tlb, const struct tlb_entry *set)
{
	for (uint32_t i = 0; i < tlb->ways; i++) {
		if (i && tlb->replace->ordered && set[i].tag && !set[i - 1].tag)
			return false;
		if (set[i].tag && tlb_set(tlb, set[i].tag) != set)
			return false;
		if (tlb_kind(set[i].tag) == TLB_GROUP && !check_group(tlb, &set[i]))
			return false;
		for (uint32_t j = 0; set[i].tag && j < i; j++)
			if (set[j].tag == set[i].tag)
				return false;
	}
	return true;
}

bool tlb_check(const struct tlb *tlb)
{
	for (uint32_t s = 0; s < tlb->sets; s++)
		if (!check_set(tlb, tlb->entry + (size_t)s * tlb->ways))
			return false;
	return true;
}
