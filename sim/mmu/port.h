/* port.h: a core's way to memory: the caches that its reads go through, and what they cost (timing
 * T8 to T10).
 *
 * Walks of every design read entries at their physical addresses, one after another, through the
 * port alone; data goes through it when caches.data is on. Then they share the caches; else the
 * entries have caches.pte_share of each level's sets to themselves. Under a host (nested.h), each
 * of a walk's addresses is translated before it is read, by reads of entries like any others.
 *
 * A read looks level by level and ends where it hits; what it costs is that level's latency alone,
 * or memory's. Its line is then kept at every level above. Levels drop lines on their own: one
 * that a lower level drops may stay above. A victim level keeps only what the level above it
 * drops, and gives it up when it is read. Stores are as loads (the line is brought in), and
 * setting A or D writes the line that was just read. A line holds no contents: pages read from a
 * device, zeroed or given to another leave the caches as they were, and cores do not take lines
 * from one another.
 *
 * Invariants
 *  1. Those of every level (cache.h).
 *  2. What a victim level of the core's own holds, the level above does not. */
#ifndef MMU_PORT_H
#define MMU_PORT_H

#include "config/config.h"
#include "mmu/cache.h"
#include "mmu/nested.h"
#include "stats/stats.h"

/* The levels that all cores of a machine share, which it owns. Others are empty. */
struct memory {
	struct cache level[CACHE_LEVELS];
};
void memory_init(struct memory *memory, const struct config *config);
void memory_fini(struct memory *memory);

enum port_use { PORT_TABLE, PORT_DATA };

struct port {
	vmsim_cycles memory_cycles; /* of a read that no cache answers */
	vmsim_cycles update_cycles; /* of setting A or D in an entry that was read */
	unsigned n;                 /* levels; 0: every read goes to memory */
	struct {
		struct cache *cache; /* own, or the machine's */
		vmsim_cycles cycles; /* of a read that hits, in all */
		unsigned line_shift; /* of an address */
		bool victim;
	} level[CACHE_LEVELS];
	struct cache own[CACHE_LEVELS];
	struct nested nested;
	struct counters *c;
};

/* => memory outlives the port */
void port_init(struct port *port, const struct config *config, struct memory *memory,
	       struct counters *counters);
void port_fini(struct port *port);

/* port_read: read what lies at a physical address. Returns what it took. */
vmsim_cycles port_read(struct port *port, uint64_t address, enum port_use use);

/* port_reach: what a frame's address takes to be known to a walk: nothing, but under a host. */
static inline vmsim_cycles port_reach(struct port *port, vmsim_pfn frame)
{
	return port->nested.enabled ? nested_translate(&port->nested, port, frame) : 0;
}

/* port_fetch: a walk reads the entry of a page table. */
static inline vmsim_cycles port_fetch(struct port *port, uint64_t address)
{
	vmsim_cycles cycles = port_reach(port, (vmsim_pfn)(address >> VMSIM_PAGE_SHIFT));

	return cycles + (port->n ? port_read(port, address, PORT_TABLE) : port->memory_cycles);
}

/* port_update: set A or D in the entry that was just read. */
static inline vmsim_cycles port_update(const struct port *port)
{
	return port->update_cycles;
}

bool port_check(const struct port *port);

#endif
