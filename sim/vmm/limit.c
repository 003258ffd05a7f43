/* limit.c: how much may be committed, and pagefiles that grow for it (semantics C2, C3).
 *
 * A request that passes the limit grows the pagefiles, step by step, if they can grow so far that
 * it is met (sync); or it fails, and they grow afterwards (async). One that no growth would help
 * leaves them alone. They grow when the pages are charged, and not before: a call that is refused
 * for something else changes nothing. They also grow, a step at a time, while more than nine
 * tenths of the limit are charged. */
#include "vmm/internal.h"

void limit_init(struct vmm *vmm)
{
	const struct config *config = vmm->config;

	pagefile_init(&vmm->file, (unsigned)config->pagefile.count, config->pagefile.size,
		      config->pagefile.max_size, config->pagefile.reserve);
	vmm->limit = config->memory.frames + pagefile_pages(&vmm->file);
	stats_limit(vmm->stats, (int64_t)vmm->limit);
}

static void grow(struct vmm *vmm, const char *cause)
{
	uint64_t step = vmm->config->pagefile.grow_step / VMSIM_PAGE_SIZE;
	unsigned which;
	uint32_t pages = pagefile_grow(&vmm->file, (uint32_t)step, &which);
	struct vmsim_record record = {
		.kind = VMSIM_RECORD_PAGEFILE_GROW,
		.pagefile = which,
		.pages = pages,
		.limit = vmm->limit + pages,
		.cause = cause,
	};

	vmm->limit += pages;
	vmm->c->pagefile_growths++;
	stats_limit(vmm->stats, pages);
	if (events_wanted(vmm->events, record.kind))
		events_emit(vmm->events, &record);
}

bool limit_can_grow(struct vmm *vmm, uint64_t n)
{
	uint64_t most = vmm->limit + pagefile_growth(&vmm->file);

	if (n > most || vmm->charge > most - n)
		return false;
	if (vmm->config->pagefile.grow == GROW_ASYNC) {
		vmm->limit_wanted = MAX(vmm->limit_wanted, vmm->charge + n);
		return false;
	}
	return true;
}

void limit_meet(struct vmm *vmm)
{
	while (vmm->config->pagefile.grow == GROW_SYNC && vmm->charge > vmm->limit &&
	       pagefile_growth(&vmm->file))
		grow(vmm, "a request passes the limit");
}

bool limit_is_due(const struct vmm *vmm)
{
	return (vmm->limit_wanted > vmm->limit || vmm->charge * 10 > vmm->limit * 9) &&
	       pagefile_growth(&vmm->file);
}

bool limit_step(struct vmm *vmm)
{
	grow(vmm, vmm->limit_wanted > vmm->limit ? "a request failed" : "the limit is near");
	return true;
}
