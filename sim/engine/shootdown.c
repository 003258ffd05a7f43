/* shootdown.c: translations that a step of the memory manager took away leave the TLBs of every
 * core (semantics H15 to H17, timing T15).
 *
 * What a core holds of a page goes in the cycle in which the entry changes, here and on every core
 * that is in the address space. Those are interrupted: the interrupts are sent once the step has
 * booked its work, and when they arrive, each takes its time on its core and then answers. When all
 * have, the frames that the step gave up are listed. A core that holds translations of a space it
 * is not in flushes them before it enters that again. */
#include "engine/clock.h"

enum space {
	SPACE_HELD = 1, /* it may hold translations of the address space */
	SPACE_STALE,    /* and must flush them before it uses them */
};

void machine_want_invalidation(void *ctx, uint32_t asid, vmsim_vpn vpn)
{
	struct vmsim_machine *m = ctx;
	struct invalidation wanted = {asid, vpn};

	g_array_append_val(m->invalidations, wanted);
}

static void report(struct vmsim_machine *m, vmsim_vpn vpn, unsigned cores, guint pages,
		   vmsim_cycles cycles)
{
	struct vmsim_record record = {
		.kind = VMSIM_RECORD_TLB_SHOOTDOWN,
		.va = vpn << VMSIM_PAGE_SHIFT,
		.cores = cores,
		.pages = pages,
		.cycles = cycles,
	};

	if (events_wanted(&m->events, VMSIM_RECORD_TLB_SHOOTDOWN))
		events_emit(&m->events, &record);
}

static int by_address_space(const void *a, const void *b)
{
	const struct invalidation *x = a, *y = b;

	if (x->asid != y->asid)
		return x->asid < y->asid ? -1 : 1;
	return x->vpn < y->vpn ? -1 : x->vpn > y->vpn;
}

/* In order, each page once: one may have been aged and then taken in the same step. */
static void order_pages(GArray *wanted)
{
	struct invalidation *in = &g_array_index(wanted, struct invalidation, 0);
	guint kept = 1;

	g_array_sort(wanted, by_address_space);
	for (guint i = 1; i < wanted->len; i++)
		if (by_address_space(&in[i], &in[kept - 1]))
			in[kept++] = in[i];
	g_array_set_size(wanted, kept);
}

/* The invalidations of one address space on one core; H17: too many become a flush of it. */
static vmsim_cycles invalidate_space(const struct vmsim_machine *m, struct mmu *mmu,
				     const struct invalidation *in, guint n)
{
	if (n > m->config->os.tlb_ceiling) {
		mmu_flush(mmu, in->asid);
		return m->config->os.cr3.cycles;
	}
	for (guint i = 0; i < n; i++)
		mmu_invalidate(mmu, in[i].asid, in[i].vpn);
	return n * m->config->os.invlpg.cycles;
}

static enum space space_of(const struct core *core, uint32_t asid)
{
	return GPOINTER_TO_UINT(g_hash_table_lookup(core->spaces, GUINT_TO_POINTER(asid)));
}

static void set_space(struct core *core, uint32_t asid, enum space space)
{
	g_hash_table_insert(core->spaces, GUINT_TO_POINTER(asid), GUINT_TO_POINTER(space));
}

/* The same on every other core that may hold any of it. */
static void invalidate_others(struct vmsim_machine *m, const struct invalidation *in, guint n)
{
	struct round *round = &m->core->round;

	for (unsigned i = 0; i < m->n_cores; i++) {
		struct core *core = &m->cores[i];

		if (core == m->core)
			continue;
		if (core->asid == in->asid) {
			if (!(round->targets & (uint64_t)1 << i))
				round->cost[i] = m->config->os.ipi_handler.cycles;
			round->targets |= (uint64_t)1 << i;
			round->cost[i] += invalidate_space(m, &core->mmu, in, n);
		} else if (space_of(core, in->asid)) {
			set_space(core, in->asid, SPACE_STALE);
		}
	}
}

/* T2: what the step gave up, once all its interrupts are answered. */
static void hold(struct vmsim_machine *m)
{
	struct given_up one = {.at = DEVICE_NEVER, .core = m->core};

	vmm_hold(m->vmm, m->core->round.targets ? m->held : NULL);
	for (guint i = 0; i < m->held->len; i++) {
		one.frame = g_array_index(m->held, vmsim_pfn, i);
		g_array_append_val(m->given_up, one);
	}
	g_array_set_size(m->held, 0);
}

vmsim_cycles shootdown_next(const struct vmsim_machine *m)
{
	vmsim_cycles next = DEVICE_NEVER;

	for (guint i = 0; i < m->given_up->len; i++)
		next = MIN(next, g_array_index(m->given_up, struct given_up, i).at);
	return next;
}

/* They may do for a thread that waits for a frame, and modified ones are work for the writer. */
void shootdown_list(struct vmsim_machine *m, vmsim_cycles at)
{
	guint kept = 0;

	for (guint i = 0; i < m->given_up->len; i++) {
		struct given_up *one = &g_array_index(m->given_up, struct given_up, i);

		if (one->at <= at)
			vmm_list(m->vmm, one->frame);
		else
			g_array_index(m->given_up, struct given_up, kept++) = *one;
	}
	g_array_set_size(m->given_up, kept);
	m->background_due = vmm_has_background(m->vmm);
	m->frames_due = true;
}

/* The round of the acting core ends then. */
static void answered(struct vmsim_machine *m, vmsim_cycles at)
{
	for (guint i = 0; i < m->given_up->len; i++) {
		struct given_up *one = &g_array_index(m->given_up, struct given_up, i);

		if (one->core == m->core && one->at == DEVICE_NEVER)
			one->at = at;
	}
	work_release(m);
}

vmsim_cycles machine_invalidate(struct vmsim_machine *m)
{
	struct round *round = &m->core->round;
	const struct invalidation *all;
	guint n, next;
	vmsim_cycles cycles = 0;

	if (m->invalidations->len > 1)
		order_pages(m->invalidations);
	n = m->invalidations->len;
	all = n ? &g_array_index(m->invalidations, struct invalidation, 0) : NULL;
	for (guint i = 0; i < n; i = next) {
		for (next = i + 1; next < n && all[next].asid == all[i].asid;)
			next++;
		cycles += invalidate_space(m, m->mmu, all + i, next - i);
		if (m->many)
			invalidate_others(m, all + i, next - i);
	}
	hold(m);
	if (!n)
		return 0;
	round->vpn = all[0].vpn;
	round->pages = n;
	round->cycles = cycles;
	if (!round->targets)
		report(m, round->vpn, 0, n, cycles);
	g_array_set_size(m->invalidations, 0);
	return cycles;
}

static unsigned n_targets(const struct round *round)
{
	return (unsigned)__builtin_popcountll(round->targets);
}

void machine_interrupt(struct vmsim_machine *m)
{
	struct round *round = &m->core->round;
	const struct config *config = m->config;
	unsigned n = n_targets(round);
	vmsim_cycles cycles = config->os.ipi.cycles + n * config->os.ipi_per_core.cycles;

	if (!n)
		return;
	m->stats.c.tlb_shootdowns++;
	m->stats.c.shootdown_ipis += n;
	round->cycles += cycles;
	round->account = m->stats.current;
	round->seq = m->events.seq;
	round->line = m->events.line;
	round->pid = m->events.pid;
	round->tid = m->events.tid;
	BOOK(m, shootdown, cycles);
}

void shootdown_broken(struct vmsim_machine *m)
{
	struct account *account;

	if (!m->invalidations->len)
		return;
	account = stats_switch(&m->stats, g_ptr_array_index(m->stats.accounts, 0));
	BOOK(m, kernel, machine_invalidate(m));
	machine_interrupt(m);
	stats_switch(&m->stats, account);
}

void shootdown_arrive(struct vmsim_machine *m)
{
	struct core *sender = m->core;
	struct round *round = &sender->round;
	vmsim_cycles sent = m->now, end = sent;
	struct account *account;

	for (unsigned i = 0; i < m->n_cores; i++) {
		struct core *core = &m->cores[i];

		if (!(round->targets & (uint64_t)1 << i))
			continue;
		core_interrupt(m, core, MAX(sent, core->reference_end), round->cost[i]);
		end = MAX(end, core->handler_end);
	}
	core_select(m, sender);
	clock_stamp(m);
	m->events.seq = round->seq;
	m->events.line = round->line;
	m->events.pid = round->pid;
	m->events.tid = round->tid;
	report(m, round->vpn, n_targets(round), round->pages, round->cycles + end - sent);
	round->targets = 0;
	core_step(m);
	account = stats_switch(&m->stats, round->account);
	BOOK(m, shootdown, end - sent);
	stats_switch(&m->stats, account);
	sender->awaits = true;
	if (sender->running && round->seq == sender->running->op.seq)
		sender->running->served = m->now;
	answered(m, end);
}

vmsim_cycles shootdown_enter(struct vmsim_machine *m, uint32_t asid)
{
	struct core *core = m->core;
	bool stale = space_of(core, asid) == SPACE_STALE;

	if (!m->config->tlb.pcid && g_hash_table_size(core->spaces)) {
		mmu_flush(m->mmu, TLB_ALL_BUT_GLOBAL);
		g_hash_table_remove_all(core->spaces);
	} else if (stale) {
		mmu_flush(m->mmu, asid);
	}
	/* Who lost its PCID to this address space has nothing left here. */
	g_hash_table_remove(core->spaces, GUINT_TO_POINTER(mmu_enter(m->mmu, asid)));
	set_space(core, asid, SPACE_HELD);
	return stale ? m->config->os.cr3.cycles : 0;
}

bool shootdown_is_stale(const struct core *core, uint32_t asid)
{
	return space_of(core, asid) == SPACE_STALE;
}
