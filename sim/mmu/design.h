/* design.h: what the hardware walks: the radix tables of each process, or one table of the machine.
 *
 * The memory manager keeps the entry of every page, valid or not, in radix tables (page_table.h).
 * With the radix design walks read those. With any other they are the system's own books, which
 * take no memory; walks read a shared table instead: one for the machine, of a size that follows
 * from its frames, whose entries are told apart by address space and page. It holds the valid
 * entries and no others (invariant "design"): pt_set() maps, changes and unmaps them there, and a
 * walk sets A and D in both.
 *
 * A shared table lies in frames from 0 on, which nobody else gets, or above memory with
 * memory.page_tables=out. Should it become too small, which takes frames that several pages share,
 * what is added or moved lies above memory (chosen: at run time no frames lie side by side). Its
 * upkeep is part of the service that asks for it and costs nothing more.
 *
 * Only radix tables have large pages and paging-structure caches. A new design is a file, a name in
 * designs[], and one in the choices of paging.design; tests/unit/test_designs.c runs over all. */
#ifndef MMU_DESIGN_H
#define MMU_DESIGN_H

#include "mmu/walker.h"

/* An address space and a page of it; never 0, for spaces count from 1. */
#define KEY_VPN_BITS 45
static inline uint64_t design_key(uint32_t asid, vmsim_vpn vpn)
{
	return (uint64_t)asid << KEY_VPN_BITS | vpn;
}

/* Who reads a table, entry by entry. */
struct probe {
	struct port *port; /* NULL: nobody, it costs nothing */
	struct walk *walk; /* counts */
	uint64_t address;  /* of the entry that was read last */
};

static inline void probe_read(struct probe *probe, uint64_t address)
{
	probe->address = address;
	if (!probe->port)
		return;
	probe->walk->fetches++;
	probe->walk->cycles += port_fetch(probe->port, address);
}

/* The first member of each design's own. */
struct shared_table {
	const struct pt_design *design;
	uint64_t address; /* where it begins */
	uint64_t beside;  /* the first address above memory where nothing lies */
	uint64_t n;       /* pages mapped */
	uint64_t bytes;   /* that it takes now */
	uint64_t moves;   /* times that it was moved to more room */
};

struct pt_design {
	const char *name, *doc;

	/* create: an empty table for so many frames, with `load` of them for each hundred slots.
	 * => sets bytes; whoever asked sets the addresses before the first page is mapped
	 * => NULL: walks read radix tables, and there are no functions at all */
	struct shared_table *(*create)(uint32_t frames, uint64_t load);
	void (*destroy)(struct shared_table *table);

	/* find: a page's entry, or NULL; reads through the probe what a walk must read to know.
	 * Valid until the next change. */
	pte_t *(*find)(const struct shared_table *table, uint64_t key, struct probe *probe);
	/* map: => the entry is valid, and the page is not mapped. unmap: => it is. */
	void (*map)(struct shared_table *table, uint64_t key, pte_t pte);
	void (*unmap)(struct shared_table *table, uint64_t key);

	/* check: whether the table agrees with itself; each page that is mapped is found, and they
	 * are n. */
	bool (*check)(const struct shared_table *table);
};

/* By enum design. */
extern const struct pt_design hashed_design, clustered_design, inverted_design;
extern const struct pt_design *const designs[N_DESIGNS];

/* shared_table_new: NULL with the radix design. */
struct shared_table *shared_table_new(const struct config *config);
void shared_table_free(struct shared_table *table);

/* The pages it takes up. */
static inline uint64_t shared_table_pages(const struct shared_table *table)
{
	return (table->bytes + VMSIM_PAGE_SIZE - 1) / VMSIM_PAGE_SIZE;
}

/* shared_table_set: a page's entry was `old` and becomes `pte`; either may be of any kind. */
void shared_table_set(struct shared_table *table, uint64_t key, pte_t old, pte_t pte);
/* shared_table_get: its entry there, 0: none. */
pte_t shared_table_get(const struct shared_table *table, uint64_t key);

/* shared_table_moved: for a design: it takes so many bytes from now on, elsewhere. */
void shared_table_moved(struct shared_table *table, uint64_t bytes);
/* design_slots: the slots of a table by its load: a power of two, at least `least`. */
uint64_t design_slots(uint32_t frames, uint64_t load, uint64_t least);
/* design_hash: where among so many slots the search for a page begins. Pages that are neighbours in
 * a group (a power of two) have neighbouring slots, so that they share cache lines. */
uint64_t design_hash(uint64_t key, uint64_t group, uint64_t slots);

/* design_stays: with linear probing, whether an entry at slot `at`, the search for which begins at
 * `home`, must stay when an earlier slot has become a hole: then the search does not pass that. */
static inline bool design_stays(uint64_t home, uint64_t hole, uint64_t at)
{
	return hole <= at ? hole < home && home <= at : hole < home || home <= at;
}

#endif
