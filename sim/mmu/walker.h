/* walker.h: the hardware page walk (semantics H3, H4), of radix tables or of the machine's shared
 * one (design.h), of which all of a walk is one step: it has no levels, and begins nowhere else. */
#ifndef MMU_WALKER_H
#define MMU_WALKER_H

#include "mmu/page_table.h"
#include "mmu/port.h"

/* Where a walk begins: a table, and its level. */
struct walk_start {
	unsigned level;
	vmsim_pfn table; /* VMSIM_NO_PFN: it is absent, as a process without tables has it */
	bool prefetch;   /* nobody's access: no bit is set, and entries without A end it */
};

struct walk {
	pte_t leaf;       /* the leaf entry used, or a large page's, after A and D were set */
	unsigned fetches; /* entries read */
	unsigned updates; /* entries in which A or D was set */
	vmsim_cycles cycles; /* of both (T8) */
	/* Levels of the tables read, from the first down to the last, and where those lie. */
	unsigned first, last;
	vmsim_pfn table[PT_MAX_LEVELS];
};

/* walk: read the entries of vpn from the top, down to its leaf or large page. Sets A in every entry
 * used, and D in the last for a store, before the translation may be cached.
 * => returns false when an entry is not present or the leaf does not permit the access; A may
 *    then be set above the leaf, the leaf is untouched */
bool walk(const struct page_table *pt, struct port *port, vmsim_vpn vpn, enum vmsim_access access,
	  struct walk *out);
/* walk_top: where that begins. walk_from: the same from another table on the way. */
struct walk_start walk_top(const struct page_table *pt, vmsim_vpn vpn);
bool walk_from(const struct page_table *pt, struct port *port, struct walk_start from,
	       vmsim_vpn vpn, enum vmsim_access access, struct walk *out);

/* walk_leaf: read the leaf entry alone, for a store whose TLB entry lacks D (H8, timing T11).
 * => false when the leaf is not present or not writable any more */
bool walk_leaf(const struct page_table *pt, struct port *port, vmsim_vpn vpn, struct walk *out);

#endif
