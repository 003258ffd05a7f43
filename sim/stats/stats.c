/* stats.c: counters, gauges and the cycle stack, and who they are charged to.
 *
 * Everything is a difference of totals: c and b only ever grow, and an account, a phase or the
 * measured part is what they grew by since its base was taken. Peaks are the exception: each
 * observer (the machine, the measured part, the phase, the account) keeps its own, and one that
 * begins starts from where the gauge stands.
 *
 * Invariants
 *  1 Sums come before peaks in counters.def, so the first N_SUMS of struct counters are sums.
 *  2 current_base holds the totals up to which account `current` has been charged.
 *  3 After stats_settle() the linear buckets stand in b; the settled_* are the totals it saw.
 *  4 The gauges of the machine are the sums of those of its accounts. */
#include "stats/stats.h"

#include <string.h>

enum {
#define COUNTER(name, unit, doc) SUM_##name,
#include "stats/counters.def"
	N_SUMS
};

G_STATIC_ASSERT(N_SUMS == (int)COUNTER_committed_pages_peak);
G_STATIC_ASSERT(sizeof(struct counters) == N_COUNTERS * sizeof(uint64_t));
G_STATIC_ASSERT(sizeof(struct buckets) == N_BUCKETS * sizeof(uint64_t));

const struct stat_info counter_infos[N_COUNTERS] = {
#define COUNTER(name, unit, doc) [COUNTER_##name] = {#name, unit, doc, false},
#define PEAK(name, unit, doc) [COUNTER_##name] = {#name, unit, doc, true},
#include "stats/counters.def"
};

const struct stat_info bucket_infos[N_BUCKETS] = {
#define BUCKET(name, doc) [BUCKET_##name] = {#name, "cycles", doc, false},
#include "stats/counters.def"
};

/* --- differences ---------------------------------------------------------------------------- */

/* to += c, b - base, without the peaks. */
static void add_difference(struct figures *to, const struct counters *c, const struct buckets *b,
			   const struct figures *base)
{
	uint64_t *sums = (uint64_t *)&to->c, *cycles = (uint64_t *)&to->b;
	const uint64_t *c_now = (const uint64_t *)c, *c_base = (const uint64_t *)&base->c;
	const uint64_t *b_now = (const uint64_t *)b, *b_base = (const uint64_t *)&base->b;

	for (int i = 0; i < N_SUMS; i++)
		sums[i] += c_now[i] - c_base[i];
	for (int i = 0; i < N_BUCKETS; i++)
		cycles[i] += b_now[i] - b_base[i];
}

static void copy_peaks(struct counters *to, const struct counters *from)
{
	memcpy((uint64_t *)to + N_SUMS, (const uint64_t *)from + N_SUMS,
	       (N_COUNTERS - N_SUMS) * sizeof(uint64_t));
}

void stats_start_peaks(struct counters *peaks, const struct gauges *now)
{
	peaks->committed_pages_peak = now->committed_pages;
	peaks->reserved_pages_peak = now->reserved_pages;
	peaks->resident_pages_peak = now->resident_pages;
	peaks->pagefile_slots_peak = now->pagefile_slots;
	peaks->commit_limit_peak = now->commit_limit;
	peaks->page_table_pages_peak = now->table_pages;
	peaks->store_pages_peak = now->store_pages;
}

static void take_base(struct figures *base, const struct stats *stats)
{
	base->c = stats->c;
	base->b = stats->b;
}

/* --- beginning and ending ------------------------------------------------------------------- */

void stats_init(struct stats *stats)
{
	memset(stats, 0, sizeof *stats);
	stats->accounts = g_ptr_array_new_with_free_func(g_free);
	stats->phases = g_array_new(FALSE, FALSE, sizeof(struct phase));
	stats->phase_name = g_strdup("start");
	stats->histograms = g_new0(struct histogram, N_HISTOGRAMS);
	stats->current = stats_account_new(stats, 0);
}

static void forget_phases(struct stats *stats)
{
	for (guint i = 0; i < stats->phases->len; i++)
		g_free(g_array_index(stats->phases, struct phase, i).name);
	g_array_set_size(stats->phases, 0);
}

void stats_fini(struct stats *stats)
{
	forget_phases(stats);
	g_array_free(stats->phases, TRUE);
	g_ptr_array_free(stats->accounts, TRUE);
	g_free(stats->phase_name);
	g_free(stats->histograms);
	memset(stats, 0, sizeof *stats);
}

/* --- the linear buckets --------------------------------------------------------------------- */

/* Adds to b what the linear buckets have gained since they were last settled. */
static void add_linear(const struct stats *stats, struct buckets *b)
{
	const struct counters *c = &stats->c;

	b->compute_cycles += stats->gap_cycles + (c->references - stats->settled_references) *
							 stats->cycles_per_reference;
	b->data_cycles += stats->translated * stats->data_latency;
	b->tlb_l1_cycles +=
		(c->itlb_hits + c->itlb_misses - stats->settled_itlb) * stats->itlb_latency +
		(c->dtlb_hits + c->dtlb_misses - stats->settled_dtlb) * stats->dtlb_latency;
}

void stats_settle(struct stats *stats)
{
	const struct counters *c = &stats->c;

	add_linear(stats, &stats->b);
	stats->gap_cycles = 0;
	stats->translated = 0;
	stats->settled_references = c->references;
	stats->settled_itlb = c->itlb_hits + c->itlb_misses;
	stats->settled_dtlb = c->dtlb_hits + c->dtlb_misses;
}

/* --- accounts ------------------------------------------------------------------------------- */

struct account *stats_account_new(struct stats *stats, uint32_t pid)
{
	struct account *account = g_new0(struct account, 1);

	account->pid = pid;
	g_ptr_array_add(stats->accounts, account);
	return account;
}

/* Charges the current account up to now. */
static void charge(struct stats *stats)
{
	stats_settle(stats);
	add_difference(&stats->current->figures, &stats->c, &stats->b, &stats->current_base);
	take_base(&stats->current_base, stats);
}

struct account *stats_switch(struct stats *stats, struct account *account)
{
	struct account *before = stats->current;

	if (account != before) {
		charge(stats);
		stats->current = account;
	}
	return before;
}

/* --- gauges --------------------------------------------------------------------------------- */

static uint64_t moved(uint64_t gauge, int64_t delta)
{
	g_assert(delta >= 0 || gauge >= (uint64_t)0 - (uint64_t)delta);
	return gauge + (uint64_t)delta;
}

#define MOVE(gauge, peak)                                                                 \
	do {                                                                              \
		struct gauges *now = &stats->now, *own = &account->now;                   \
		struct counters *own_peaks = &account->figures.c;                         \
                                                                                          \
		now->gauge = moved(now->gauge, delta);                                    \
		own->gauge = moved(own->gauge, delta);                                    \
		stats->c.peak = MAX(stats->c.peak, now->gauge);                           \
		stats->peaks.peak = MAX(stats->peaks.peak, now->gauge);                   \
		stats->phase_peaks.peak = MAX(stats->phase_peaks.peak, now->gauge);       \
		stats->interval_peaks.peak = MAX(stats->interval_peaks.peak, now->gauge); \
		own_peaks->peak = MAX(own_peaks->peak, own->gauge);                       \
	} while (0)

void stats_committed(struct stats *stats, struct account *account, int64_t delta)
{
	MOVE(committed_pages, committed_pages_peak);
}

void stats_reserved(struct stats *stats, struct account *account, int64_t delta)
{
	MOVE(reserved_pages, reserved_pages_peak);
}

void stats_resident(struct stats *stats, struct account *account, int64_t delta)
{
	MOVE(resident_pages, resident_pages_peak);
}

void stats_slots(struct stats *stats, struct account *account, int64_t delta)
{
	MOVE(pagefile_slots, pagefile_slots_peak);
}

/* The limit is the machine's: of account 0. */
void stats_limit(struct stats *stats, int64_t delta)
{
	struct account *account = g_ptr_array_index(stats->accounts, 0);

	MOVE(commit_limit, commit_limit_peak);
}

void stats_tables(struct stats *stats, struct account *account, int64_t delta)
{
	MOVE(table_pages, page_table_pages_peak);
}

void stats_stored(struct stats *stats, struct account *account, int64_t delta)
{
	MOVE(store_pages, store_pages_peak);
}

/* --- the measured part and its phases ------------------------------------------------------- */

static void begin_phase(struct stats *stats, const char *name, vmsim_cycles now)
{
	char *copy = g_strdup(name);

	g_free(stats->phase_name);
	stats->phase_name = copy;
	stats->phase_begin = now;
	take_base(&stats->phase_base, stats);
	stats_start_peaks(&stats->phase_peaks, &stats->now);
}

/* Closes the phase under way; its name goes with it. */
static void end_phase(struct stats *stats, vmsim_cycles now)
{
	struct phase phase = {.name = g_steal_pointer(&stats->phase_name),
			      .begin = stats->phase_begin,
			      .end = now};

	add_difference(&phase.figures, &stats->c, &stats->b, &stats->phase_base);
	copy_peaks(&phase.figures.c, &stats->phase_peaks);
	g_array_append_val(stats->phases, phase);
}

void stats_measure(struct stats *stats, vmsim_cycles now)
{
	charge(stats);
	for (guint i = 0; i < stats->accounts->len; i++) {
		struct account *account = g_ptr_array_index(stats->accounts, i);

		memset(&account->figures, 0, sizeof account->figures);
		stats_start_peaks(&account->figures.c, &account->now);
	}
	take_base(&stats->measure_base, stats);
	stats->measure_begin = now;
	stats_start_peaks(&stats->peaks, &stats->now);
	memset(stats->histograms, 0, N_HISTOGRAMS * sizeof *stats->histograms);
	forget_phases(stats);
	begin_phase(stats, "start", now);
}

void stats_phase(struct stats *stats, const char *name, vmsim_cycles now)
{
	stats_settle(stats);
	end_phase(stats, now);
	begin_phase(stats, name, now);
}

static uint64_t *bucket_of(struct buckets *b, enum bucket_id bucket)
{
	return (uint64_t *)b + bucket;
}

void stats_to_measured(struct stats *stats, struct account *account, enum bucket_id bucket,
		       vmsim_cycles cycles)
{
	*bucket_of(&account->figures.b, bucket) += cycles;
	*bucket_of(&stats->measure_base.b, bucket) -= cycles;
	*bucket_of(&stats->phase_base.b, bucket) -= cycles;
}

void stats_to_next_phase(struct stats *stats, enum bucket_id bucket, vmsim_cycles cycles)
{
	struct phase *last = &g_array_index(stats->phases, struct phase, stats->phases->len - 1);

	*bucket_of(&last->figures.b, bucket) -= cycles;
	*bucket_of(&stats->phase_base.b, bucket) -= cycles;
}

void stats_to_next_interval(struct stats *stats, struct figures *last, enum bucket_id bucket,
			    vmsim_cycles cycles)
{
	if (last)
		*bucket_of(&last->b, bucket) -= cycles;
	*bucket_of(&stats->interval_base.b, bucket) -= cycles;
}

void stats_take_back(struct stats *stats, struct account *account, enum bucket_id bucket,
		     vmsim_cycles cycles)
{
	charge(stats);
	*bucket_of(&account->figures.b, bucket) -= cycles;
	*bucket_of(&stats->b, bucket) -= cycles;
	*bucket_of(&stats->current_base.b, bucket) -= cycles;
}

void stats_interval_begin(struct stats *stats)
{
	stats_settle(stats);
	take_base(&stats->interval_base, stats);
	stats_start_peaks(&stats->interval_peaks, &stats->now);
}

void stats_interval_end(struct stats *stats, struct figures *out)
{
	stats_settle(stats);
	memset(out, 0, sizeof *out);
	add_difference(out, &stats->c, &stats->b, &stats->interval_base);
	copy_peaks(&out->c, &stats->interval_peaks);
	stats_interval_begin(stats);
}

bool stats_interval_any(const struct stats *stats)
{
	return memcmp(&stats->c, &stats->interval_base.c, N_SUMS * sizeof(uint64_t)) != 0 ||
	       memcmp(&stats->b, &stats->interval_base.b, sizeof stats->b) != 0;
}

void stats_finish(struct stats *stats, vmsim_cycles now)
{
	charge(stats);
	if (stats->phase_name) /* not yet finished */
		end_phase(stats, now);
}

void stats_total(const struct stats *stats, struct figures *out)
{
	struct buckets b = stats->b;

	add_linear(stats, &b);
	memset(out, 0, sizeof *out);
	add_difference(out, &stats->c, &b, &stats->measure_base);
	copy_peaks(&out->c, &stats->peaks);
}

const char *stats_check(const struct stats *stats)
{
	const struct counters *c = &stats->c;

#define CHECK(expression)  \
	if (!(expression)) \
		return #expression;
#include "stats/counters.def"
	return NULL;
}
