/* port.h: a core's way to memory: what it costs to read an entry of a page table (timing T8, T9).
 *
 * Walks read entries at their physical addresses, one after another, through the port alone. */
#ifndef MMU_PORT_H
#define MMU_PORT_H

#include "config/config.h"

struct port {
	vmsim_cycles memory_cycles; /* of a read that no cache answers */
	vmsim_cycles update_cycles; /* of setting A or D in an entry that was read */
};

static inline void port_init(struct port *port, const struct config *config)
{
	*port = (struct port){.memory_cycles = config->dram.latency.cycles,
			      .update_cycles = config->walker.ad_update.cycles};
}

/* port_fetch: read the entry at a physical address. Returns what it took. */
static inline vmsim_cycles port_fetch(struct port *port, uint64_t address)
{
	(void)address;
	return port->memory_cycles;
}

/* port_update: set A or D in the entry that was just read. */
static inline vmsim_cycles port_update(const struct port *port)
{
	return port->update_cycles;
}

#endif
