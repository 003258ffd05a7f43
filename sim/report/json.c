/* json.c: the machine-readable report, "vmsim-report/1" (interface section 4).
 *
 * Keys stand in a fixed order and nothing comes from the host, so that equal runs give equal
 * bytes. Every counter and bucket is there, also at zero: readers need not know defaults. */
#include "base/json_out.h"
#include "report/results.h"
#include "report/words.h"

static void put_stack(struct json_out *out, const struct buckets *b)
{
	json_out_begin(out, "cycle_stack", '{');
	for (int i = 0; i < N_BUCKETS; i++)
		json_out_uint(out, bucket_infos[i].name, bucket_value(b, (enum bucket_id)i));
	json_out_end(out, '}');
}

static void put_counters(struct json_out *out, const struct counters *c)
{
	json_out_begin(out, "counters", '{');
	for (int i = 0; i < N_COUNTERS; i++)
		json_out_uint(out, counter_infos[i].name, counter_value(c, (enum counter_id)i));
	json_out_end(out, '}');
}

static void put_histogram(struct json_out *out, const char *name, const struct histogram *h)
{
	static const struct {
		const char *name;
		unsigned thousandths;
	} percentiles[] = {{"p50", 500}, {"p90", 900}, {"p99", 990}, {"p999", 999}};
	char bucket[96];

	json_out_begin(out, name, '{');
	json_out_uint(out, "count", h->count);
	json_out_uint(out, "sum", h->sum);
	json_out_uint(out, "min", h->min);
	json_out_uint(out, "max", h->max);
	for (size_t i = 0; i < G_N_ELEMENTS(percentiles); i++)
		json_out_uint(out, percentiles[i].name,
			      histogram_percentile(h, percentiles[i].thousandths));
	json_out_begin(out, "buckets", '[');
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
		if (h->buckets[i] == 0)
			continue;
		g_snprintf(bucket, sizeof bucket,
			   "[%" G_GUINT64_FORMAT ", %" G_GUINT64_FORMAT ", %" G_GUINT64_FORMAT "]",
			   histogram_low(i), histogram_high(i), h->buckets[i]);
		json_out_raw(out, NULL, bucket);
	}
	json_out_end(out, ']');
	json_out_end(out, '}');
}

static void put_histograms(struct json_out *out, const struct stats *stats)
{
	json_out_begin(out, "histograms", '{');
	for (int i = 0; i < N_HISTOGRAMS; i++)
		put_histogram(out, histogram_infos[i].name, &stats->histograms[i]);
	json_out_end(out, '}');
}

static void put_trace(struct json_out *out, const struct results *results,
		      const struct figures *total)
{
	json_out_begin(out, "trace", '{');
	json_out_begin(out, "files", '[');
	for (const char *const *file = results->files; file && *file; file++)
		json_out_string(out, NULL, *file);
	json_out_end(out, ']');
	json_out_uint(out, "events", results->events);
	json_out_uint(out, "references", total->c.references);
	json_out_end(out, '}');
}

static void put_cores(struct json_out *out, const struct results *results)
{
	json_out_begin(out, "cores", '[');
	for (unsigned i = 0; i < results->n_cores; i++) {
		json_out_begin(out, NULL, '{');
		json_out_uint(out, "core", i);
		put_stack(out, results->cores[i]);
		json_out_end(out, '}');
	}
	json_out_end(out, ']');
}

static void put_processes(struct json_out *out, const struct stats *stats)
{
	json_out_begin(out, "processes", '[');
	for (guint i = 0; i < stats->accounts->len; i++) {
		const struct account *account = g_ptr_array_index(stats->accounts, i);

		json_out_begin(out, NULL, '{');
		json_out_uint(out, "pid", account->pid);
		put_stack(out, &account->figures.b);
		put_counters(out, &account->figures.c);
		json_out_end(out, '}');
	}
	json_out_end(out, ']');
}

static void put_phases(struct json_out *out, const struct stats *stats)
{
	json_out_begin(out, "phases", '[');
	for (guint i = 0; i < stats->phases->len; i++) {
		const struct phase *phase = &g_array_index(stats->phases, struct phase, i);

		json_out_begin(out, NULL, '{');
		json_out_string(out, "name", phase->name);
		json_out_uint(out, "cycles", phase->end - phase->begin);
		put_stack(out, &phase->figures.b);
		put_counters(out, &phase->figures.c);
		json_out_end(out, '}');
	}
	json_out_end(out, ']');
}

static void put_violation(struct json_out *out, const struct violation *v)
{
	GString *va = g_string_new(NULL);
	char *why = words_why(v);

	g_string_printf(va, "0x%" G_GINT64_MODIFIER "x", v->va);
	json_out_begin(out, NULL, '{');
	json_out_string(out, "event", words_violation(v->result));
	json_out_string(out, "va", va->str);
	json_out_string(out, "access", words_access(v->access));
	json_out_uint(out, "pid", v->pid);
	json_out_uint(out, "seq", v->seq);
	if (v->line)
		json_out_uint(out, "line", v->line);
	json_out_uint(out, "count", v->count);
	json_out_string(out, "why", why);
	json_out_end(out, '}');
	g_free(why);
	g_string_free(va, TRUE);
}

char *report_json(const struct results *results)
{
	struct json_out out = {.text = g_string_new(NULL)};
	struct figures total;

	stats_total(results->stats, &total);
	json_out_begin(&out, NULL, '{');
	json_out_string(&out, "schema", "vmsim-report/1");
	json_out_string(&out, "version", VMSIM_VERSION);
	json_out_raw(&out, "config", results->config_dump);
	put_trace(&out, results, &total);
	json_out_uint(&out, "cycles", results->cycles);
	put_stack(&out, &total.b);
	put_counters(&out, &total.c);
	put_histograms(&out, results->stats);
	put_cores(&out, results);
	put_processes(&out, results->stats);
	put_phases(&out, results->stats);
	json_out_begin(&out, "violations", '[');
	for (size_t i = 0; i < results->n_violations; i++)
		put_violation(&out, &results->violations[i]);
	json_out_end(&out, ']');
	json_out_begin(&out, "divergences", '{');
	json_out_uint(&out, "count", results->divergences);
	json_out_string(&out, "first", results->first_divergence);
	json_out_end(&out, '}');
	json_out_end(&out, '}');
	g_string_append_c(out.text, '\n');
	return g_string_free(out.text, FALSE);
}
