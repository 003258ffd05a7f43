/* summary.c: a run on one screen, for a person.
 *
 * Lines are at most 100 columns of plain text; sections without anything to say are left out, and
 * lists end with how many more there are. */
#include "report/results.h"
#include "report/words.h"

#define BAR 40 /* columns of a bar that is the whole */
#define MAX_FILES 2
#define MAX_CORES_SHOWN 16
#define MAX_PHASES 6
#define MAX_PROCESSES 4
#define MAX_VIOLATIONS 5

static void head(GString *out, const char *title)
{
	g_string_append_printf(out, "%-13s", title);
}

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

/* "12 calls", "1 call" */
static void append_count(GString *out, uint64_t n, const char *thing)
{
	char text[WORDS_MAX];

	g_string_append_printf(out, "%s %s%s", words_count(n, text), thing, plural(n));
}

/* --- what was replayed, on what -------------------------------------------------------------- */

static void put_trace(GString *out, const struct results *results, const struct counters *c)
{
	size_t n = 0;
	char text[WORDS_MAX];

	head(out, "trace");
	for (; results->files && results->files[n]; n++)
		if (n < MAX_FILES)
			g_string_append_printf(out, "%s%s", n > 0 ? ", " : "", results->files[n]);
	if (n > MAX_FILES)
		g_string_append_printf(out, " and %" G_GSIZE_FORMAT " more", n - MAX_FILES);
	g_string_append(out, n > 0 ? ": " : "");
	append_count(out, results->events, "event");
	g_string_append_c(out, '\n');

	if (c->references > 0) {
		head(out, "references");
		g_string_append(out, words_count(c->references, text));
		g_string_append_printf(out, " (%s read, ",
				       words_percent(c->reads, c->references, text));
		g_string_append_printf(out, "%s write, ",
				       words_percent(c->writes, c->references, text));
		g_string_append_printf(out, "%s fetch)",
				       words_percent(c->fetches, c->references, text));
		if (results->distinct_pages > 0) {
			g_string_append(out, " to ");
			append_count(out, results->distinct_pages, "page");
		}
		g_string_append_c(out, '\n');
	}
	if (c->calls > 0) {
		head(out, "calls");
		g_string_append(out, words_count(c->calls, text));
		if (c->calls_failed > 0)
			g_string_append_printf(out, ", of which %s failed",
					       words_count(c->calls_failed, text));
		g_string_append_c(out, '\n');
	}
}

static void put_machine(GString *out, const struct results *results)
{
	const struct config *config = results->config;
	char *policy = config_text(config, "replacement.policy");
	char *scope = config_text(config, "replacement.scope");
	char *device = config_text(config, "pagefile.device");
	char text[WORDS_MAX];

	head(out, "machine");
	append_count(out, config->cores, "core");
	g_string_append_printf(out, " at %" G_GUINT64_FORMAT, config->clock_ghz / 1000);
	if (config->clock_ghz % 1000)
		g_string_append_printf(out, ".%03u", (unsigned)(config->clock_ghz % 1000));
	g_string_append_printf(out, " GHz, %s of memory",
			       words_bytes(config->memory.frames * VMSIM_PAGE_SIZE, text));
	g_string_append_printf(out, ", %s (%s)", policy, scope);
	if (config->pagefile.count > 1)
		g_string_append_printf(out, ", %" G_GUINT64_FORMAT " pagefiles of %s on %s",
				       config->pagefile.count,
				       words_bytes(config->pagefile.size, text), device);
	else if (config->pagefile.max_size > 0)
		g_string_append_printf(out, ", %s pagefile on %s",
				       words_bytes(config->pagefile.size, text), device);
	else
		g_string_append(out, ", no pagefile");
	g_string_append_c(out, '\n');
	g_free(policy);
	g_free(scope);
	g_free(device);
}

/* --- where the time went --------------------------------------------------------------------- */

/* The buckets by their cycles, most first; equal ones in the order of the stack. */
static void sort_buckets(const struct buckets *b, enum bucket_id order[N_BUCKETS])
{
	for (int i = 0; i < N_BUCKETS; i++) {
		enum bucket_id id = (enum bucket_id)i;
		int k = i;

		for (; k > 0 && bucket_value(b, order[k - 1]) < bucket_value(b, id); k--)
			order[k] = order[k - 1];
		order[k] = id;
	}
}

static void put_bucket(GString *out, const char *name, uint64_t cycles, uint64_t whole)
{
	char count[WORDS_MAX], percent[WORDS_MAX];
	uint64_t bar = words_share(cycles, whole, BAR);

	g_string_append_printf(out, "  %-14s %20s %7s  ", name, words_count(cycles, count),
			       words_percent(cycles, whole, percent));
	for (uint64_t i = 0; i < bar; i++)
		g_string_append_c(out, '#');
	while (out->str[out->len - 1] == ' ')
		g_string_truncate(out, out->len - 1);
	g_string_append_c(out, '\n');
}

/* One line a core: '#' where it worked, '-' where it waited, nothing where it was idle. */
static void put_core(GString *out, const struct buckets *b, unsigned core, uint64_t whole)
{
	uint64_t waited = b->order_wait_cycles + b->io_wait_cycles, worked = 0;
	char name[16], percent[WORDS_MAX];

	for (int k = 0; k < N_BUCKETS; k++)
		worked += bucket_value(b, (enum bucket_id)k);
	worked -= waited + b->idle_cycles;
	g_snprintf(name, sizeof(name), "core %u", core);
	g_string_append_printf(out, "  %-14s %20s %7s  ", name, "worked",
			       words_percent(worked, whole, percent));
	for (uint64_t i = 0; i < words_share(worked, whole, BAR); i++)
		g_string_append_c(out, '#');
	for (uint64_t i = 0; i < words_share(waited, whole, BAR); i++)
		g_string_append_c(out, '-');
	while (out->str[out->len - 1] == ' ')
		g_string_truncate(out, out->len - 1);
	g_string_append_c(out, '\n');
}

static void put_cores(GString *out, const struct results *results)
{
	for (unsigned i = 0; results->n_cores > 1 && i < results->n_cores && i < MAX_CORES_SHOWN;
	     i++)
		put_core(out, results->cores[i], i, results->cycles);
	if (results->n_cores > MAX_CORES_SHOWN)
		g_string_append_printf(out, "  and %u more cores\n",
				       results->n_cores - MAX_CORES_SHOWN);
}

static void put_time(GString *out, const struct results *results, const struct figures *total)
{
	uint64_t whole = results->cycles * results->config->cores;
	enum bucket_id order[N_BUCKETS];
	char text[WORDS_MAX];

	head(out, "time");
	append_count(out, results->cycles, "cycle");
	g_string_append_printf(out, " = %s",
			       words_time(results->cycles, results->config->clock_ghz, text));
	if (total->c.references > 0)
		g_string_append_printf(out, ", %s cycles per reference",
				       words_ratio(whole, total->c.references, text));
	g_string_append_c(out, '\n');
	sort_buckets(&total->b, order);
	for (int i = 0; i < N_BUCKETS; i++) {
		uint64_t cycles = bucket_value(&total->b, order[i]);

		if (cycles > 0)
			put_bucket(out, bucket_infos[order[i]].name, cycles, whole);
	}
	put_cores(out, results);
}

static void put_phases(GString *out, const struct results *results)
{
	const GArray *phases = results->stats->phases;
	char cycles[WORDS_MAX], percent[WORDS_MAX], faults[WORDS_MAX];

	if (phases->len < 2)
		return;
	g_string_append(out, "phases\n");
	for (guint i = 0; i < phases->len && i < MAX_PHASES; i++) {
		const struct phase *p = &g_array_index(phases, struct phase, i);

		g_string_append_printf(out, "  %-14.40s %20s %7s  %s page fault%s\n", p->name,
				       words_count(p->end - p->begin, cycles),
				       words_percent(p->end - p->begin, results->cycles, percent),
				       words_count(p->figures.c.page_faults, faults),
				       plural(p->figures.c.page_faults));
	}
	if (phases->len > MAX_PHASES)
		g_string_append_printf(out, "  and %u more\n", phases->len - MAX_PHASES);
}

static void put_processes(GString *out, const struct results *results)
{
	const GPtrArray *accounts = results->stats->accounts; /* [0] is the kernel's */
	uint64_t whole = results->cycles * results->config->cores;
	char text[WORDS_MAX];

	if (accounts->len < 3)
		return;
	head(out, "processes");
	for (guint i = 1; i < accounts->len && i <= MAX_PROCESSES; i++) {
		const struct account *account = g_ptr_array_index(accounts, i);
		uint64_t cycles = 0;

		for (int k = 0; k < N_BUCKETS; k++)
			cycles += bucket_value(&account->figures.b, (enum bucket_id)k);
		g_string_append_printf(out, "%s%u: %s", i > 1 ? ", " : "", account->pid,
				       words_percent(cycles, whole, text));
	}
	if (accounts->len > MAX_PROCESSES + 1)
		g_string_append_printf(out, ", and %u more", accounts->len - MAX_PROCESSES - 1);
	g_string_append(out, " of the cycles\n");
}

/* --- faults, translations, paging ------------------------------------------------------------ */

static void put_faults(GString *out, const struct counters *c)
{
	const struct {
		const char *name;
		uint64_t n;
	} kinds[] = {{"demand zero", c->demand_zero_faults},
		     {"transition", c->transition_faults},
		     {"hard", c->hard_faults},
		     {"from the store", c->store_faults},
		     {"copy on write", c->copy_on_write_faults},
		     {"guard page", c->guard_page_faults},
		     {"access violation", c->access_violations},
		     {"spurious", c->spurious_faults}};
	char text[WORDS_MAX];
	const char *comma = ": ";

	head(out, "page faults");
	g_string_append(out, words_count(c->page_faults, text));
	for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
		if (kinds[i].n > 0) {
			g_string_append_printf(out, "%s%s %s", comma, words_count(kinds[i].n, text),
					       kinds[i].name);
			comma = ", ";
		}
	g_string_append_c(out, '\n');
}

/* "99.1% hits of 1,000 lookups", of a TLB or a cache */
static void put_hits(GString *out, const char *title, const char *name, uint64_t hits,
		    uint64_t misses)
{
	char percent[WORDS_MAX], count[WORDS_MAX];

	if (hits + misses == 0)
		return;
	head(out, title);
	g_string_append_printf(out, "%-10s %7s hits of %s lookup%s, ", name,
			       words_percent(hits, hits + misses, percent),
			       words_count(hits + misses, count), plural(hits + misses));
	g_string_append_printf(out, "%s miss%s\n", words_count(misses, count),
			       misses == 1 ? "" : "es");
}

static void put_translation(GString *out, const struct counters *c)
{
	char text[WORDS_MAX];
	bool data = c->dtlb_hits + c->dtlb_misses > 0, code = c->itlb_hits + c->itlb_misses > 0;

	put_hits(out, "TLB", "data", c->dtlb_hits, c->dtlb_misses);
	put_hits(out, data ? "" : "TLB", "code", c->itlb_hits, c->itlb_misses);
	put_hits(out, data || code ? "" : "TLB", "second", c->stlb_hits, c->stlb_misses);
	if (c->page_walks > 0) {
		head(out, "page walks");
		g_string_append_printf(
			out, "%s, %s fetches each", words_count(c->page_walks, text),
			words_ratio(c->walk_references, c->page_walks, (char[WORDS_MAX]){0}));
		if (c->host_references > 0) {
			g_string_append(out, "; ");
			append_count(out, c->host_references, "read");
			g_string_append(out, " of the host's tables");
		}
		if (c->tlb_invalidations > 0) {
			g_string_append(out, "; ");
			append_count(out, c->tlb_invalidations, "TLB invalidation");
		}
		g_string_append_c(out, '\n');
	}
}

/* A line for each level of the caches and what went through it. */
static void put_caches(GString *out, const struct counters *c)
{
	const struct {
		const char *name;
		uint64_t hits, misses;
	} line[] = {
		{"L1 tables", c->cache_l1_table_hits, c->cache_l1_table_misses},
		{"L2 tables", c->cache_l2_table_hits, c->cache_l2_table_misses},
		{"L3 tables", c->cache_l3_table_hits, c->cache_l3_table_misses},
		{"L4 tables", c->cache_l4_table_hits, c->cache_l4_table_misses},
		{"L1 data", c->cache_l1_data_hits, c->cache_l1_data_misses},
		{"L2 data", c->cache_l2_data_hits, c->cache_l2_data_misses},
		{"L3 data", c->cache_l3_data_hits, c->cache_l3_data_misses},
		{"L4 data", c->cache_l4_data_hits, c->cache_l4_data_misses},
	};
	bool begun = false;

	for (size_t i = 0; i < G_N_ELEMENTS(line); i++) {
		put_hits(out, begun ? "" : "caches", line[i].name, line[i].hits, line[i].misses);
		begun |= line[i].hits + line[i].misses > 0;
	}
}

/* A line for each histogram that has a title and values. */
static void put_latencies(GString *out, const struct stats *stats)
{
	char count[WORDS_MAX], mean[WORDS_MAX], half[WORDS_MAX], most[WORDS_MAX], max[WORDS_MAX];
	bool begun = false;

	for (int i = 0; i < N_HISTOGRAMS; i++) {
		const struct histogram *h = &stats->histograms[i];

		if (h->count == 0 || !*histogram_infos[i].title)
			continue;
		if (!begun)
			g_string_append_printf(out, "latencies%30s%14s%14s%14s%16s\n", "times",
					       "mean", "median", "99%", "most cycles");
		begun = true;
		g_string_append_printf(out, "  %-22s%15s%14s%14s%14s%16s\n",
				       histogram_infos[i].title, words_count(h->count, count),
				       words_count(words_share(h->sum, h->count, 1), mean),
				       words_count(histogram_percentile(h, 500), half),
				       words_count(histogram_percentile(h, 990), most),
				       words_count(h->max, max));
	}
}

static void put_paging(GString *out, const struct counters *c)
{
	char text[WORDS_MAX];

	if (c->page_reads + c->page_writes + c->pages_evicted > 0) {
		head(out, "paging");
		append_count(out, c->pages_evicted, "page");
		g_string_append(out, " taken away; ");
		append_count(out, c->pages_input, "page");
		g_string_append_printf(out, " in (%s), ",
				       words_bytes(c->pages_input * VMSIM_PAGE_SIZE, text));
		append_count(out, c->pages_output, "page");
		g_string_append_printf(out, " out (%s)\n",
				       words_bytes(c->pages_output * VMSIM_PAGE_SIZE, text));
	}
	head(out, "peaks");
	g_string_append_printf(out, "reserved %s, ",
			       words_bytes(c->reserved_pages_peak * VMSIM_PAGE_SIZE, text));
	g_string_append_printf(out, "committed %s, ",
			       words_bytes(c->committed_pages_peak * VMSIM_PAGE_SIZE, text));
	g_string_append_printf(out, "resident %s, ",
			       words_bytes(c->resident_pages_peak * VMSIM_PAGE_SIZE, text));
	g_string_append_printf(out, "pagefile %s",
			       words_bytes(c->pagefile_slots_peak * VMSIM_PAGE_SIZE, text));
	if (c->store_pages_peak)
		g_string_append_printf(out, ", store %s",
				       words_bytes(c->store_pages_peak * VMSIM_PAGE_SIZE, text));
	g_string_append_c(out, '\n');
}

/* --- what went wrong ------------------------------------------------------------------------- */

static void put_violations(GString *out, const struct results *results)
{
	size_t n = results->n_violations;
	uint64_t total = 0;
	char text[WORDS_MAX];

	for (size_t i = 0; i < n; i++)
		total += results->violations[i].count;
	if (total == 0)
		return;
	head(out, "violations");
	g_string_append_printf(out, "%s access%s failed at %" G_GSIZE_FORMAT " place%s\n",
			       words_count(total, text), total == 1 ? "" : "es", n, plural(n));
	for (size_t i = 0; i < n && i < MAX_VIOLATIONS; i++) {
		const struct violation *v = &results->violations[i];
		char *why = words_why(v);

		g_string_append_printf(out, "  %s %" G_GUINT64_FORMAT ": %s ",
				       v->line ? "line" : "event", v->line ? v->line : v->seq,
				       words_access(v->access));
		g_string_append_printf(out, "%s 0x%" G_GINT64_MODIFIER "x: %s",
				       v->access == VMSIM_WRITE ? "to" : "of", v->va, why);
		if (v->count > 1)
			g_string_append_printf(out, " (%s times)", words_count(v->count, text));
		g_string_append_c(out, '\n');
		g_free(why);
	}
	if (n > MAX_VIOLATIONS)
		g_string_append_printf(out, "  and %" G_GSIZE_FORMAT " more\n", n - MAX_VIOLATIONS);
}

static void put_divergences(GString *out, const struct results *results)
{
	if (results->divergences == 0)
		return;
	head(out, "divergences");
	append_count(out, results->divergences, "recorded result");
	g_string_append_printf(out, " differ%s; the first:\n  %s\n",
			       results->divergences == 1 ? "s" : "",
			       results->first_divergence ? results->first_divergence : "");
}

char *report_summary(const struct results *results)
{
	GString *out = g_string_new(NULL);
	struct figures total;

	stats_total(results->stats, &total);
	put_trace(out, results, &total.c);
	put_machine(out, results);
	put_time(out, results, &total);
	put_phases(out, results);
	put_processes(out, results);
	put_faults(out, &total.c);
	put_translation(out, &total.c);
	put_caches(out, &total.c);
	put_paging(out, &total.c);
	put_latencies(out, results->stats);
	put_violations(out, results);
	put_divergences(out, results);
	return g_string_free(out, FALSE);
}
