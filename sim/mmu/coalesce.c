/* coalesce.c: finding pages that can share an entry. */
#include "mmu/coalesce.h"

#define MUST_AGREE (PTE_P | PTE_W | PTE_U | PTE_A | PTE_D | PTE_G | PTE_XD)

struct tlb_entry coalesce(const struct tlbs *tlbs, const struct page_table *pt, vmsim_vpn vpn,
			  struct tlb_entry single)
{
	unsigned shift = tlbs->group_shift, n = 1u << shift;
	vmsim_vpn first = vpn >> shift << shift;
	vmsim_pfn base = single.pfn - (vmsim_pfn)(vpn - first);
	pte_t leaf = pt_get(pt, vpn);
	uint32_t pages = 0;

	for (unsigned i = 0; i < n; i++) {
		pte_t pte = pt_get(pt, first + i);

		if (((pte ^ leaf) & MUST_AGREE) == 0 && pte_frame(pte) == (vmsim_pfn)(base + i))
			pages |= 1u << i;
	}
	if (tlbs->coalesce == COALESCE_ALL && (pages != (1u << n) - 1 || base % n != 0))
		return single;
	if (!(pages & (pages - 1)))
		return single;
	return (struct tlb_entry){
		.tag = tlb_tag_of(TLB_GROUP, (uint32_t)(single.tag & ASID_MAX), vpn >> shift),
		.pfn = base,
		.flags = single.flags | shift << TLB_GROUP_SHIFT | pages << TLB_PAGES_SHIFT,
	};
}
