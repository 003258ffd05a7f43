/* tlb.c: the parts of the TLB that are not looked up on every reference. */
#include "mmu/tlb.h"

#include <glib.h>

void tlb_init(struct tlb *tlb, uint32_t entries, uint32_t ways)
{
	g_assert(entries && ways && entries % ways == 0);
	tlb->ways = ways;
	tlb->sets = entries / ways;
	g_assert((tlb->sets & (tlb->sets - 1)) == 0);
	tlb->set_mask = tlb->sets - 1;
	tlb->entry = g_new0(struct tlb_entry, entries);
}

void tlb_fini(struct tlb *tlb)
{
	g_free(tlb->entry);
	tlb->entry = NULL;
}

struct tlb_entry *tlb_peek(const struct tlb *tlb, uint64_t tag)
{
	struct tlb_entry *set = tlb_set(tlb, tag);

	for (uint32_t i = 0; i < tlb->ways; i++)
		if (set[i].tag == tag)
			return set + i;
	return NULL;
}

void tlb_fill(struct tlb *tlb, uint64_t tag, vmsim_pfn pfn, uint32_t flags)
{
	struct tlb_entry *set = tlb_set(tlb, tag);

	memmove(set + 1, set, (tlb->ways - 1) * sizeof(*set));
	set[0] = (struct tlb_entry){.tag = tag, .pfn = pfn, .flags = flags};
}

/* Close the gap at set[i], keeping the order of the others. */
static void set_remove(const struct tlb *tlb, struct tlb_entry *set, uint32_t i)
{
	memmove(set + i, set + i + 1, (tlb->ways - 1 - i) * sizeof(*set));
	set[tlb->ways - 1] = (struct tlb_entry){0};
}

unsigned tlb_invalidate(struct tlb *tlb, uint64_t tag)
{
	struct tlb_entry *set = tlb_set(tlb, tag);

	for (uint32_t i = 0; i < tlb->ways; i++) {
		if (set[i].tag == tag) {
			set_remove(tlb, set, i);
			return 1;
		}
	}
	return 0;
}

unsigned tlb_flush(struct tlb *tlb, uint32_t asid)
{
	unsigned removed = 0;

	for (uint32_t s = 0; s < tlb->sets; s++) {
		struct tlb_entry *set = tlb->entry + (size_t)s * tlb->ways;

		for (uint32_t i = tlb->ways; i-- > 0;) {
			if (!set[i].tag || (asid && (set[i].tag & ASID_MAX) != asid))
				continue;
			set_remove(tlb, set, i);
			removed++;
		}
	}
	return removed;
}

bool tlb_check(const struct tlb *tlb)
{
	for (uint32_t s = 0; s < tlb->sets; s++) {
		const struct tlb_entry *set = tlb->entry + (size_t)s * tlb->ways;

		for (uint32_t i = 0; i < tlb->ways; i++) {
			if (i && set[i].tag && !set[i - 1].tag)
				return false;
			for (uint32_t j = 0; set[i].tag && j < i; j++)
				if (set[j].tag == set[i].tag)
					return false;
		}
	}
	return true;
}
