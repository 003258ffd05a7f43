/* prefetch_next.c: the pages that follow the one missed. */
#include "mmu/prefetch.h"

#include <glib.h>

struct next {
	unsigned degree;
};

static void *next_new(const struct config *config)
{
	struct next *next = g_new(struct next, 1);

	next->degree = (unsigned)config->tlb.prefetch.degree;
	return next;
}

static unsigned next_missed(void *state, uint32_t asid, vmsim_vpn vpn, vmsim_vpn *want)
{
	const struct next *next = state;

	(void)asid;
	for (unsigned i = 0; i < next->degree; i++)
		want[i] = vpn + 1 + i;
	return next->degree;
}

const struct prefetch_ops prefetch_next_page = {next_new, next_missed};
