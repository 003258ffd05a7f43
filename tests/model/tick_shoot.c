/* tick_shoot.c: translations that a step takes away leave the TLBs of every core (H15 to H17, T15).
 *
 * They leave in the step's cycle. What the interrupts cost comes later: they reach other cores when
 * the step's own cycles are over, and the round's (os.ipi). A core takes them one after another,
 * but not in the middle of a reference; the step is over when all have answered, which each does
 * when its handler is done. Then the frames that the step gave up are listed. */
#include "model/tick.h"

#include <string.h>

bool tick_core_busy(const struct tick_core *core)
{
	return core->n_slices || core->round != TICK_NO_ROUND;
}

bool tick_core_free(const struct tick_core *core)
{
	return !tick_core_busy(core) && (!core->thread || core->thread->stage == TICK_BETWEEN);
}

bool tick_may_send(const struct tick_core *core)
{
	return core->round == TICK_TO_SEND && !core->n_slices;
}

/* --- invalidations --------------------------------------------------------------------------- */

static const struct tick_gone *gone(const struct tick *t, guint i)
{
	return &g_array_index(t->invalidations, struct tick_gone, i);
}

static guint pages_of(const struct tick *t, uint32_t asid)
{
	guint n = 0;

	for (guint i = 0; i < t->invalidations->len; i++)
		n += gone(t, i)->asid == asid;
	return n;
}

/* One core forgets the pages of one address space; H17: too many become a flush of it. */
static vmsim_cycles forget(struct tick *t, struct tick_core *core, uint32_t asid)
{
	guint n = pages_of(t, asid);

	if (n > t->config->os.tlb_ceiling) {
		mmu_flush(&core->mmu, asid);
		return t->config->os.cr3.cycles;
	}
	for (guint i = 0; i < t->invalidations->len; i++)
		if (gone(t, i)->asid == asid)
			mmu_invalidate(&core->mmu, asid, gone(t, i)->vpn);
	return n * t->config->os.invlpg.cycles;
}

static void forget_elsewhere(struct tick *t, struct tick_core *core, uint32_t asid)
{
	for (unsigned i = 0; i < t->n_cores; i++) {
		struct tick_core *other = &t->core[i];

		if (other == core)
			continue;
		if (other->asid == asid) {
			if (!core->target[i])
				core->cost[i] = t->config->os.ipi_handler.cycles;
			core->target[i] = true;
			core->cost[i] += forget(t, other, asid);
		} else if (other->space[asid] != TICK_NOTHING) {
			other->space[asid] = TICK_STALE;
		}
	}
}

static unsigned n_targets(const struct tick *t, const struct tick_core *core)
{
	unsigned n = 0;

	for (unsigned i = 0; i < t->n_cores; i++)
		n += core->target[i];
	return n;
}

/* The event of a round that interrupts nobody; else it is told when the interrupts get there. */
static void tell(struct tick *t, struct tick_core *core, vmsim_cycles cycles)
{
	const struct tick_gone *first = gone(t, 0);

	for (guint i = 1; i < t->invalidations->len; i++)
		if (gone(t, i)->asid < first->asid ||
		    (gone(t, i)->asid == first->asid && gone(t, i)->vpn < first->vpn))
			first = gone(t, i);
	core->told = (struct tick_record){.kind = VMSIM_RECORD_TLB_SHOOTDOWN,
					  .where = first->vpn << VMSIM_PAGE_SHIFT,
					  .a = t->invalidations->len,
					  .b = cycles,
					  .cores = n_targets(t, core),
					  .cycle = t->events.cycle,
					  .seq = t->events.seq,
					  .pid = t->events.pid,
					  .tid = t->events.tid};
	if (!core->told.cores)
		g_array_append_val(t->result->records, core->told);
}

static void keep(struct tick *t, const struct tick_core *core)
{
	GArray *frames = g_array_new(FALSE, FALSE, sizeof(vmsim_pfn));

	vmm_hold(t->vmm, n_targets(t, core) ? frames : NULL);
	for (guint i = 0; i < frames->len; i++)
		g_array_append_val(t->given_up, ((struct tick_given){
							g_array_index(frames, vmsim_pfn, i), core}));
	g_array_unref(frames);
}

vmsim_cycles tick_invalidate(struct tick *t, struct tick_core *core)
{
	vmsim_cycles cycles = 0;

	for (guint i = 0; i < t->invalidations->len; i++) {
		bool first = true;

		for (guint j = 0; j < i; j++)
			first &= gone(t, j)->asid != gone(t, i)->asid;
		if (!first)
			continue;
		cycles += forget(t, core, gone(t, i)->asid);
		forget_elsewhere(t, core, gone(t, i)->asid);
	}
	if (t->invalidations->len)
		tell(t, core, cycles);
	g_array_set_size(t->invalidations, 0);
	keep(t, core);
	return cycles;
}

vmsim_cycles tick_enter(struct tick *t, struct tick_core *core, uint32_t asid)
{
	bool stale = core->space[asid] == TICK_STALE;
	bool any = false;

	for (unsigned i = 0; i < TICK_SPACES; i++)
		any |= core->space[i] != TICK_NOTHING;
	if (!t->config->tlb.pcid && any) {
		mmu_flush(&core->mmu, TLB_ALL_BUT_GLOBAL);
		memset(core->space, 0, sizeof(core->space));
	} else if (stale) {
		mmu_flush(&core->mmu, asid);
	}
	core->space[mmu_enter(&core->mmu, asid)] = TICK_NOTHING;
	core->space[asid] = TICK_HELD;
	return stale ? t->config->os.cr3.cycles : 0;
}

/* --- interrupts ------------------------------------------------------------------------------ */

void tick_interrupt(struct tick *t, struct tick_core *core, unsigned account)
{
	unsigned n = n_targets(t, core);
	vmsim_cycles cycles = t->config->os.ipi.cycles + n * t->config->os.ipi_per_core.cycles;

	if (!n)
		return;
	core->told.b += cycles;
	t->stats.c.tlb_shootdowns++;
	t->stats.c.shootdown_ipis += n;
	core->round = TICK_TO_SEND;
	core->account = account;
	tick_slice(t, core, BUCKET_shootdown, account, cycles);
}

void tick_send(struct tick *t, struct tick_core *core)
{
	for (unsigned i = 0; i < t->n_cores; i++) {
		struct tick_core *other = &t->core[i];

		if (!core->target[i])
			continue;
		g_assert(other->n_waiting < TICK_SLICES);
		other->waiting[other->n_waiting++] =
			(struct tick_slice){BUCKET_interrupted, core->cost[i], 0, core};
		core->unanswered++;
		core->target[i] = false;
		core->cost[i] = 0;
	}
	core->round = TICK_SENT;
	core->told.cycle = t->cycle;
	core->told_at = t->result->records->len;
	g_array_append_val(t->result->records, core->told);
	g_array_index(t->result->records, struct tick_record, core->told_at).b = TICK_NEVER;
}

/* An interrupt goes before what the core does, but after others that it has taken. */
static void take(struct tick *t, struct tick_core *core, struct tick_slice slice)
{
	const struct tick_thread *thread = core->thread ? core->thread : core->last;
	unsigned at = 0;

	while (at < core->n_slices && core->slice[at].from)
		at++;
	if (!slice.cycles && !at) {
		slice.from->unanswered--;
		return;
	}
	slice.account = thread ? tick_account(t, thread->process) : 0;
	g_assert(core->n_slices < TICK_SLICES);
	memmove(&core->slice[at + 1], &core->slice[at],
		(core->n_slices - at) * sizeof(core->slice[0]));
	core->slice[at] = slice;
	core->n_slices++;
}

static bool is_answered(const struct tick_core *core)
{
	return core->round == TICK_SENT && !core->unanswered;
}

static void list_frames(struct tick *t)
{
	for (guint i = 0; i < t->given_up->len;) {
		struct tick_given given = g_array_index(t->given_up, struct tick_given, i);

		if (!is_answered(given.core)) {
			i++;
			continue;
		}
		vmm_list(t->vmm, given.frame);
		g_array_remove_index(t->given_up, i);
		tick_acted(t);
	}
}

/* All have answered: that is how long it took. */
static void told(struct tick *t, struct tick_core *core)
{
	g_array_index(t->result->records, struct tick_record, core->told_at).b =
		core->told.b + t->cycle - core->told.cycle;
	core->told.cores = 0;
}

bool tick_take(struct tick *t)
{
	bool released = false;

	for (unsigned i = 0; i < t->n_cores; i++) {
		struct tick_core *core = &t->core[i];

		for (unsigned j = 0; j < core->n_waiting && !core->reference; j++)
			take(t, core, core->waiting[j]);
		if (!core->reference)
			core->n_waiting = 0;
	}
	list_frames(t);
	for (unsigned i = 0; i < t->n_cores; i++)
		if (is_answered(&t->core[i]) && t->core[i].told.cores)
			told(t, &t->core[i]);
	for (unsigned i = 0; i < t->n_cores; i++) {
		struct tick_core *core = &t->core[i];

		if (!is_answered(core) || core->n_slices)
			continue;
		core->round = TICK_NO_ROUND;
		released = true;
	}
	return released;
}
