/* stats.h: counters, gauges and the cycle stack, and who they are charged to.
 *
 * Counting is one increment of a struct member (`c->dtlb_hits++`). Nobody counts per process or
 * per phase: an account gets the difference of the totals while it was current, so the hot path
 * does not know that accounts exist.
 *
 * Three buckets are linear in counters and are not booked as they happen: compute, data and
 * tlb_l1 are derived by stats_settle() from the counts since it last ran. */
#ifndef STATS_STATS_H
#define STATS_STATS_H

#include "stats/histogram.h"

#include <glib.h>
#include <vmsim/types.h>

struct counters {
#define COUNTER(name, unit, doc) uint64_t name;
#define PEAK(name, unit, doc) uint64_t name;
#include "counters.def"
};

struct buckets {
#define BUCKET(name, doc) uint64_t name##_cycles;
#include "counters.def"
};

enum counter_id {
#define COUNTER(name, unit, doc) COUNTER_##name,
#define PEAK(name, unit, doc) COUNTER_##name,
#include "counters.def"
	N_COUNTERS
};

enum bucket_id {
#define BUCKET(name, doc) BUCKET_##name,
#include "counters.def"
	N_BUCKETS
};

struct stat_info {
	const char *name, *unit, *doc;
	bool peak;
};
extern const struct stat_info counter_infos[N_COUNTERS];
extern const struct stat_info bucket_infos[N_BUCKETS];

/* What a set of figures holds: totals, an account's, or a phase's. */
struct figures {
	struct counters c;
	struct buckets b;
};

/* A quantity with a current value; peaks follow it. One set for the machine, one per process. */
struct gauges {
	uint64_t committed_pages, reserved_pages, resident_pages, pagefile_slots;
	uint64_t commit_limit, store_pages, table_pages;
};

/* An account: what happened on behalf of one process. Account 0 is the kernel's. */
struct account {
	struct figures figures; /* peaks in figures.c are of the account's own gauges */
	struct gauges now;
	uint32_t pid;
};

struct phase {
	char *name;
	vmsim_cycles begin, end;
	struct figures figures;
};

struct stats {
	struct counters c; /* since the machine began */
	struct buckets b;
	struct gauges now;

	/* Costs of the linear buckets, in cycles per event, and what they are multiplied with. */
	uint64_t gap_cycles;             /* recorded gaps, not yet settled */
	uint64_t translated;             /* references that reached their data, not yet settled */
	uint64_t settled_references;     /* totals at the last stats_settle() */
	uint64_t settled_itlb, settled_dtlb;
	uint64_t cycles_per_reference, data_latency, itlb_latency, dtlb_latency;

	struct account *current;
	struct figures current_base; /* totals when `current` became so */
	GPtrArray *accounts;         /* of struct account *, in order of creation; [0] is kernel */

	struct figures measure_base; /* totals when measuring began (--skip) */
	struct figures phase_base;
	vmsim_cycles measure_begin;
	GArray *phases; /* of struct phase; closed ones */
	char *phase_name;
	vmsim_cycles phase_begin;
	struct counters peaks;          /* only peak members: highest since measuring began */
	struct counters phase_peaks;    /* only peak members: highest since the phase began */
	struct figures interval_base;   /* totals when the interval began */
	struct counters interval_peaks; /* only peak members: highest since then */
	struct histogram *histograms;   /* N_HISTOGRAMS, since measuring began */
};

void stats_init(struct stats *stats);
void stats_fini(struct stats *stats);

/* stats_settle: book the linear buckets up to now. Cheap; call it before reading `b`. */
void stats_settle(struct stats *stats);

/* stats_account_new: an account for a process; owned by stats. */
struct account *stats_account_new(struct stats *stats, uint32_t pid);
/* stats_switch: charge everything from now on to account. Returns the one before. */
struct account *stats_switch(struct stats *stats, struct account *account);

/* stats_gauge_*: a gauge of an account moved by delta (may be negative); peaks follow. */
void stats_committed(struct stats *stats, struct account *account, int64_t delta);
void stats_reserved(struct stats *stats, struct account *account, int64_t delta);
void stats_resident(struct stats *stats, struct account *account, int64_t delta);
void stats_slots(struct stats *stats, struct account *account, int64_t delta);
void stats_limit(struct stats *stats, int64_t delta);
void stats_tables(struct stats *stats, struct account *account, int64_t delta);
void stats_stored(struct stats *stats, struct account *account, int64_t delta);

/* stats_start_peaks: peaks of an observer that begins now. */
void stats_start_peaks(struct counters *peaks, const struct gauges *now);
/* stats_measure: forget what was counted so far; gauges keep their values, peaks restart there. */
void stats_measure(struct stats *stats, vmsim_cycles now);
/* stats_phase: the phase ends now, the next is called name. */
void stats_phase(struct stats *stats, const char *name, vmsim_cycles now);
/* Bookings made already for what comes after: stats_to_measured, stats_to_next_phase,
 * stats_to_next_interval: of a part that began last; `last` has the figures of the interval before,
 * if there was one. stats_take_back: of nothing, since the run has ended. */
void stats_to_measured(struct stats *stats, struct account *account, enum bucket_id bucket,
		       vmsim_cycles cycles);
void stats_to_next_phase(struct stats *stats, enum bucket_id bucket, vmsim_cycles cycles);
void stats_to_next_interval(struct stats *stats, struct figures *last, enum bucket_id bucket,
			    vmsim_cycles cycles);
void stats_take_back(struct stats *stats, struct account *account, enum bucket_id bucket,
		     vmsim_cycles cycles);
/* stats_interval_begin, stats_interval_end: figures of an interval; its end begins the next.
 * stats_interval_any: whether any sum or bucket has moved since it began. => settled */
void stats_interval_begin(struct stats *stats);
void stats_interval_end(struct stats *stats, struct figures *out);
bool stats_interval_any(const struct stats *stats);
/* stats_finish: close the last phase and settle every account. */
void stats_finish(struct stats *stats, vmsim_cycles now);

/* stats_total: figures since measuring began. */
void stats_total(const struct stats *stats, struct figures *out);

/* stats_check: NULL, or the text of an identity of counters.def that does not hold. */
const char *stats_check(const struct stats *stats);

static inline uint64_t counter_value(const struct counters *c, enum counter_id id)
{
	return ((const uint64_t *)c)[id];
}

static inline void counter_add(struct counters *c, enum counter_id id, uint64_t n)
{
	((uint64_t *)c)[id] += n;
}

static inline void bucket_add(struct buckets *b, enum bucket_id id, uint64_t cycles)
{
	((uint64_t *)b)[id] += cycles;
}

static inline uint64_t bucket_value(const struct buckets *b, enum bucket_id id)
{
	return ((const uint64_t *)b)[id];
}

#endif
