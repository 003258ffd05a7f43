/* test_stats.c: who is charged for what: accounts, phases, the measured part, peaks, and the
 * buckets that are derived from counters. */
#include "stats/stats.h"

#include <string.h>

static const struct phase *phase_at(const struct stats *stats, guint i)
{
	g_assert_cmpuint(i, <, stats->phases->len);
	return &g_array_index(stats->phases, struct phase, i);
}

static void test_settle(void)
{
	struct stats s;
	struct figures total;

	stats_init(&s);
	s.cycles_per_reference = 2;
	s.data_latency = 4;
	s.itlb_latency = 3;
	s.dtlb_latency = 5;
	s.gap_cycles = 100;
	s.c.references = 10;
	s.translated = 7;
	s.c.itlb_hits = 3;
	s.c.itlb_misses = 1;
	s.c.dtlb_hits = 5;
	s.c.dtlb_misses = 1;
	s.c.tlb_relookups = 50;  /* booked by the engine, not here */
	stats_total(&s, &total); /* sees what is not yet settled */
	g_assert_cmpuint(total.b.compute_cycles, ==, 120);
	g_assert_cmpuint(s.b.compute_cycles, ==, 0);
	stats_settle(&s);
	g_assert_cmpuint(s.b.compute_cycles, ==, 120);
	g_assert_cmpuint(s.b.data_cycles, ==, 28);
	g_assert_cmpuint(s.b.tlb_l1_cycles, ==, 4 * 3 + 6 * 5);
	stats_settle(&s); /* nothing new */
	g_assert_cmpuint(s.b.compute_cycles, ==, 120);
	g_assert_cmpuint(s.b.data_cycles, ==, 28);
	g_assert_cmpuint(s.b.tlb_l1_cycles, ==, 42);
	s.c.references++;
	s.translated++;
	s.c.dtlb_hits++;
	stats_settle(&s);
	g_assert_cmpuint(s.b.compute_cycles, ==, 122);
	g_assert_cmpuint(s.b.data_cycles, ==, 32);
	g_assert_cmpuint(s.b.tlb_l1_cycles, ==, 47);
	stats_fini(&s);
}

static void test_accounts(void)
{
	struct stats s;
	struct account *kernel, *a, *b;

	stats_init(&s);
	s.cycles_per_reference = 1;
	kernel = s.current;
	g_assert_cmpuint(kernel->pid, ==, 0);
	a = stats_account_new(&s, 1);
	b = stats_account_new(&s, 2);
	s.b.kernel_cycles += 9;
	g_assert_true(stats_switch(&s, a) == kernel);
	s.c.references += 5;
	s.b.walk_cycles += 40;
	g_assert_true(stats_switch(&s, b) == a);
	s.c.references += 3;
	s.c.calls += 1;
	g_assert_true(stats_switch(&s, b) == b);
	g_assert_true(stats_switch(&s, a) == b);
	s.c.references += 2;
	stats_finish(&s, 100);
	g_assert_cmpuint(kernel->figures.b.kernel_cycles, ==, 9);
	g_assert_cmpuint(kernel->figures.c.references, ==, 0);
	g_assert_cmpuint(a->figures.c.references, ==, 7);
	g_assert_cmpuint(a->figures.b.walk_cycles, ==, 40);
	g_assert_cmpuint(a->figures.b.compute_cycles, ==, 7);
	g_assert_cmpuint(b->figures.c.references, ==, 3);
	g_assert_cmpuint(b->figures.b.compute_cycles, ==, 3);
	g_assert_cmpuint(b->figures.c.calls, ==, 1);
	g_assert_cmpuint(s.c.references, ==, 10);
	stats_fini(&s);
}

static void test_phases(void)
{
	struct stats s;

	stats_init(&s);
	s.cycles_per_reference = 1;
	s.c.references += 5;
	stats_committed(&s, s.current, 10);
	stats_committed(&s, s.current, -4);
	stats_phase(&s, "load", 20);
	s.c.references += 7;
	stats_committed(&s, s.current, 1);
	stats_phase(&s, "load", 50); /* a name may come twice */
	stats_finish(&s, 60);
	stats_finish(&s, 60); /* and finishing, too */
	g_assert_cmpuint(s.phases->len, ==, 3);
	g_assert_cmpstr(phase_at(&s, 0)->name, ==, "start");
	g_assert_cmpuint(phase_at(&s, 0)->begin, ==, 0);
	g_assert_cmpuint(phase_at(&s, 0)->end, ==, 20);
	g_assert_cmpuint(phase_at(&s, 0)->figures.c.references, ==, 5);
	g_assert_cmpuint(phase_at(&s, 0)->figures.c.committed_pages_peak, ==, 10);
	g_assert_cmpuint(phase_at(&s, 1)->figures.c.references, ==, 7);
	g_assert_cmpuint(phase_at(&s, 1)->figures.b.compute_cycles, ==, 7);
	g_assert_cmpuint(phase_at(&s, 1)->figures.c.committed_pages_peak, ==, 7);
	g_assert_cmpuint(phase_at(&s, 2)->figures.c.references, ==, 0);
	g_assert_cmpuint(phase_at(&s, 2)->figures.c.committed_pages_peak, ==, 7);
	g_assert_cmpuint(s.peaks.committed_pages_peak, ==, 10);
	stats_fini(&s);
}

/* A peak of an account is of its own gauge, the machine's of the sum. */
static void test_gauges(void)
{
	struct stats s;
	struct account *a, *b;
	struct figures total;

	stats_init(&s);
	a = stats_account_new(&s, 1);
	b = stats_account_new(&s, 2);
	stats_resident(&s, a, 3);
	stats_resident(&s, a, -3);
	stats_resident(&s, b, 2);
	stats_slots(&s, b, 6);
	stats_reserved(&s, a, 16);
	stats_total(&s, &total);
	g_assert_cmpuint(total.c.resident_pages_peak, ==, 3);
	g_assert_cmpuint(total.c.pagefile_slots_peak, ==, 6);
	g_assert_cmpuint(total.c.reserved_pages_peak, ==, 16);
	g_assert_cmpuint(a->figures.c.resident_pages_peak, ==, 3);
	g_assert_cmpuint(b->figures.c.resident_pages_peak, ==, 2);
	g_assert_cmpuint(s.now.resident_pages, ==, 2);
	g_assert_cmpuint(a->now.resident_pages, ==, 0);
	/* Switching accounts must not count peaks as sums. */
	stats_switch(&s, a);
	stats_switch(&s, b);
	g_assert_cmpuint(a->figures.c.resident_pages_peak, ==, 3);
	stats_fini(&s);
}

static void test_measure(void)
{
	struct stats s;
	struct account *a;
	struct figures total;

	stats_init(&s);
	s.cycles_per_reference = 1;
	a = stats_account_new(&s, 1);
	stats_switch(&s, a);
	s.c.references += 100;
	stats_committed(&s, a, 50);
	stats_committed(&s, a, -20);
	stats_phase(&s, "warm", 70);
	stats_measure(&s, 100);
	stats_total(&s, &total);
	g_assert_cmpuint(total.c.references, ==, 0);
	g_assert_cmpuint(total.b.compute_cycles, ==, 0);
	g_assert_cmpuint(total.c.committed_pages_peak, ==, 30); /* where the gauge stands */
	s.c.references += 5;
	stats_finish(&s, 130);
	stats_total(&s, &total);
	g_assert_cmpuint(total.c.references, ==, 5);
	g_assert_cmpuint(total.b.compute_cycles, ==, 5);
	g_assert_cmpuint(s.c.references, ==, 105);
	g_assert_cmpuint(a->figures.c.references, ==, 5);
	g_assert_cmpuint(a->figures.c.committed_pages_peak, ==, 30);
	g_assert_cmpuint(s.phases->len, ==, 1);
	g_assert_cmpstr(phase_at(&s, 0)->name, ==, "start");
	g_assert_cmpuint(phase_at(&s, 0)->begin, ==, 100);
	g_assert_cmpuint(phase_at(&s, 0)->figures.c.references, ==, 5);
	g_assert_cmpuint(phase_at(&s, 0)->figures.c.committed_pages_peak, ==, 30);
	stats_fini(&s);
}

/* Accounts and phases both add up to the totals, whatever happens in between. */
static void test_sums(void)
{
	struct stats s;
	struct account *accounts[3];
	GRand *rand = g_rand_new_with_seed(7);
	struct figures total, by_account = {0}, by_phase = {0};

	stats_init(&s);
	s.cycles_per_reference = 3;
	s.dtlb_latency = 1;
	for (guint i = 0; i < 3; i++)
		accounts[i] = stats_account_new(&s, i + 1);
	for (vmsim_cycles now = 0; now < 5000; now++) {
		uint64_t *c = (uint64_t *)&s.c, *b = (uint64_t *)&s.b;

		c[g_rand_int_range(rand, 0, (gint32)COUNTER_committed_pages_peak)]++;
		b[g_rand_int_range(rand, 0, N_BUCKETS)] += 5;
		s.gap_cycles += 2;
		if (g_rand_int_range(rand, 0, 3) == 0)
			stats_switch(&s, accounts[g_rand_int_range(rand, 0, 3)]);
		if (g_rand_int_range(rand, 0, 50) == 0)
			stats_phase(&s, "next", now);
		if (now == 1000)
			stats_measure(&s, now);
	}
	stats_finish(&s, 5000);
	stats_total(&s, &total);
	for (int i = 0; i < N_BUCKETS; i++) {
		enum bucket_id id = (enum bucket_id)i;

		for (guint k = 0; k < s.accounts->len; k++) {
			const struct account *a = g_ptr_array_index(s.accounts, k);

			((uint64_t *)&by_account.b)[i] += bucket_value(&a->figures.b, id);
		}
		for (guint k = 0; k < s.phases->len; k++)
			((uint64_t *)&by_phase.b)[i] +=
				bucket_value(&phase_at(&s, k)->figures.b, id);
		g_assert_cmpuint(bucket_value(&by_account.b, id), ==, bucket_value(&total.b, id));
		g_assert_cmpuint(bucket_value(&by_phase.b, id), ==, bucket_value(&total.b, id));
	}
	g_rand_free(rand);
	stats_fini(&s);
}

static void test_check(void)
{
	struct stats s;

	stats_init(&s);
	g_assert_cmpstr(stats_check(&s), ==, NULL);
	s.c.references = s.c.reads = 1;
	g_assert_cmpstr(stats_check(&s), ==, NULL);
	s.c.writes = 1;
	g_assert_nonnull(strstr(stats_check(&s), "c->reads + c->writes"));
	stats_fini(&s);
}

static void test_names(void)
{
	g_assert_cmpstr(counter_infos[COUNTER_references].name, ==, "references");
	g_assert_false(counter_infos[COUNTER_references].peak);
	g_assert_true(counter_infos[COUNTER_resident_pages_peak].peak);
	g_assert_cmpstr(bucket_infos[BUCKET_walk_wait].name, ==, "walk_wait");
	for (int i = 0; i < N_COUNTERS; i++)
		g_assert_nonnull(counter_infos[i].doc);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/stats/settle", test_settle);
	g_test_add_func("/stats/accounts", test_accounts);
	g_test_add_func("/stats/phases", test_phases);
	g_test_add_func("/stats/gauges", test_gauges);
	g_test_add_func("/stats/measure", test_measure);
	g_test_add_func("/stats/sums", test_sums);
	g_test_add_func("/stats/check", test_check);
	g_test_add_func("/stats/names", test_names);
	return g_test_run();
}
