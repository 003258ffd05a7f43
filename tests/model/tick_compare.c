/* tick_compare.c: a case before the engine and before the reference, and whether they agree: the
 * end cycle, every counter and bucket, in all, by process and by phase, what calls and accesses
 * answered, and every move of a frame, fault and request, each in its cycle. */
#include "engine/machine.h" /* for its labels, which else a trace brings */
#include "model/tick.h"

#include <cjson/cJSON.h>
#include <string.h>

static void part_clear(void *data)
{
	g_free(((struct tick_part *)data)->name);
}

void tick_result_init(struct tick_result *r, size_t n)
{
	*r = (struct tick_result){.n = n};
	r->processes = g_array_new(FALSE, FALSE, sizeof(struct tick_part));
	r->phases = g_array_new(FALSE, FALSE, sizeof(struct tick_part));
	g_array_set_clear_func(r->phases, part_clear);
	r->records = g_array_new(FALSE, FALSE, sizeof(struct tick_record));
	r->outcomes = g_new0(struct vmsim_outcome, n);
	r->results = g_new0(uint8_t, n);
}

void tick_result_fini(struct tick_result *r)
{
	for (size_t i = 0; i < r->n; i++)
		g_free(r->outcomes[i].pages);
	g_free(r->outcomes);
	g_free(r->results);
	g_array_unref(r->processes);
	g_array_unref(r->phases);
	g_array_unref(r->records);
}

/* --- the engine ------------------------------------------------------------------------------ */

static uint64_t fault_number(const char *type)
{
	for (int i = 0; i < N_FAULT_TYPES; i++)
		if (type && g_str_equal(type, fault_type_names[i]))
			return (uint64_t)i;
	return 0;
}

static void hear(void *ctx, const struct vmsim_record *r)
{
	bool fault = r->kind == VMSIM_RECORD_PAGE_FAULT,
	     frame = r->kind == VMSIM_RECORD_FRAME_STATE,
	     shootdown = r->kind == VMSIM_RECORD_TLB_SHOOTDOWN;
	struct tick_record record = {.cycle = r->cycle,
				     .seq = r->seq,
				     .pid = r->pid,
				     .tid = r->tid,
				     .kind = r->kind,
				     .where = frame ? r->pfn : r->va,
				     .a = fault   ? fault_number(r->type)
					  : frame ? r->owner_pid
						  : r->pages,
				     .b = fault || shootdown ? r->cycles
							     : r->queued_cycles + r->service_cycles,
				     .cores = r->cores,
				     .from = r->from,
				     .to = r->to};

	g_array_append_val(((struct tick_result *)ctx)->records, record);
}

static uint64_t get(const cJSON *object, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	return item ? (uint64_t)item->valuedouble : UINT64_MAX;
}

static struct tick_figures figures_of(const cJSON *object)
{
	const cJSON *counters = cJSON_GetObjectItemCaseSensitive(object, "counters");
	const cJSON *stack = cJSON_GetObjectItemCaseSensitive(object, "cycle_stack");
	struct tick_figures figures;

	for (int i = 0; i < N_COUNTERS; i++)
		figures.counter[i] = get(counters, counter_infos[i].name);
	for (int i = 0; i < N_BUCKETS; i++)
		figures.bucket[i] = get(stack, bucket_infos[i].name);
	return figures;
}

static void read_report(const vmsim_machine *machine, struct tick_result *r)
{
	char *text = vmsim_report_json(machine, NULL);
	cJSON *json = cJSON_Parse(text);
	const cJSON *item;

	r->end = get(json, "cycles");
	r->total = figures_of(json);
	cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(json, "processes"))
	{
		struct tick_part part = {.pid = (uint32_t)get(item, "pid"),
					 .figures = figures_of(item)};

		g_array_append_val(r->processes, part);
	}
	cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(json, "phases"))
	{
		const cJSON *name = cJSON_GetObjectItemCaseSensitive(item, "name");
		struct tick_part part = {.name = g_strdup(name->valuestring),
					 .cycles = get(item, "cycles"),
					 .figures = figures_of(item)};

		g_array_append_val(r->phases, part);
	}
	cJSON_Delete(json);
	g_free(text);
}

/* The events of the case; with what the reference answered as what was recorded. */
static struct tick_event *told(const struct tick_case *c, const struct tick_result *want)
{
	struct tick_event *events = g_memdup2(c->events, c->n * sizeof(*events));

	for (size_t i = 0; i < c->n; i++) {
		struct vmsim_event *e = &events[i].event;

		if (e->op == VMSIM_OP_CALL) {
			e->call = &events[i].call;
			if (c->recorded && !events[i].call.recorded.address.label)
				events[i].call.recorded = want->outcomes[i];
		} else if (c->recorded) {
			e->result = want->results[i];
		}
	}
	return events;
}

/* Whether the engine's calls answered what the reference's did; a sentence if not. */
static char *check_answers(const struct vmsim_machine *m, const struct tick_case *c,
			   const struct tick_result *want)
{
	const struct vmsim_labels *labels = m->own_labels;
	uint64_t failed = 0;

	for (size_t i = 0; i < c->n; i++) {
		uint32_t label = c->events[i].call.recorded.address.label;
		const struct vmsim_outcome *out = &want->outcomes[i];
		uint64_t value = out->kind == VMSIM_OUTCOME_SUCCESS ? out->address.offset : 0;

		if (!label)
			continue;
		failed += out->kind == VMSIM_OUTCOME_FAILURE;
		if (out->kind != VMSIM_OUTCOME_NONE && labels->value[label] != value)
			return g_strdup_printf("event %zu: the block is at 0x%" G_GINT64_MODIFIER
					       "x, the engine's at 0x%" G_GINT64_MODIFIER "x",
					       i + 1, value, labels->value[label]);
	}
	if (m->divergences == failed)
		return NULL;
	return g_strdup_printf("%" G_GUINT64_FORMAT " answers differ, %" G_GUINT64_FORMAT
			       " expected; the first: %s",
			       m->divergences, failed,
			       m->first_divergence ? m->first_divergence : "none");
}

static char *run_engine(const struct tick_case *c, const vmsim_config *config,
			const struct tick_result *want, struct tick_result *r)
{
	uint64_t mask = VMSIM_RECORD_BIT(VMSIM_RECORD_PAGE_STATE) |
			VMSIM_RECORD_BIT(VMSIM_RECORD_FRAME_STATE) |
			VMSIM_RECORD_BIT(VMSIM_RECORD_PAGE_IN) |
			VMSIM_RECORD_BIT(VMSIM_RECORD_PAGE_OUT) |
			VMSIM_RECORD_BIT(VMSIM_RECORD_HARD_FAULT) |
			VMSIM_RECORD_BIT(VMSIM_RECORD_PAGE_FAULT) |
			VMSIM_RECORD_BIT(VMSIM_RECORD_TLB_SHOOTDOWN);
	struct tick_event *events = told(c, want);
	struct vmsim_event *fed = g_new(struct vmsim_event, c->n);
	uint64_t state = c->seed;
	size_t batch = 1;
	GError *error = NULL;
	vmsim_machine *m = vmsim_machine_new(config, &error);
	char *wrong = NULL;
	bool ok = true;

	g_assert_no_error(error);
	for (unsigned i = 1; i < TICK_LABELS; i++) {
		char name[8];

		g_snprintf(name, sizeof(name), "L%u", i);
		g_assert_cmpuint(vmsim_labels_intern(m->own_labels, name, strlen(name)), ==, i);
	}
	for (size_t i = 0; i < c->n; i++)
		fed[i] = events[i].event;
	vmsim_machine_listen(m, mask, hear, r);
	for (size_t i = 0; i < c->n && ok; i += batch) {
		batch = 1 + tick_below(&state, 40);
		batch = MIN(batch, c->n - i);
		ok = vmsim_machine_feed(m, fed + i, batch, NULL, NULL);
	}
	if (!vmsim_machine_finish(m, &error)) {
		r->stuck = g_error_matches(error, VMSIM_ERROR, VMSIM_ERROR_NO_PAGES);
		if (!r->stuck)
			wrong = g_strdup_printf("the engine says: %s", error->message);
		g_clear_error(&error);
	}
	read_report(m, r);
	for (unsigned i = 0; i < m->n_cores && i < TICK_CORES; i++)
		memcpy(r->core[i], &m->cores[i].b, sizeof(r->core[i]));
	if (!wrong)
		wrong = check_answers(m, c, want);
	vmsim_machine_free(m);
	g_free(events);
	g_free(fed);
	return wrong;
}

/* --- comparing ------------------------------------------------------------------------------- */

static char *print_record(const struct tick_record *r)
{
	return g_strdup_printf("cycle %" G_GUINT64_FORMAT " event %" G_GUINT64_FORMAT
			       " %u.%u %s 0x%" G_GINT64_MODIFIER "x %s -> %s, %" G_GUINT64_FORMAT
			       ", %" G_GUINT64_FORMAT ", %" G_GUINT64_FORMAT " cores",
			       r->cycle, r->seq, r->pid, r->tid, vmsim_records[r->kind].name,
			       r->where, r->from ? r->from : "", r->to ? r->to : "", r->a, r->b,
			       r->cores);
}

static char *compare_records(const GArray *want, const GArray *got)
{
	for (guint i = 0; i < MIN(want->len, got->len); i++) {
		const struct tick_record *a = &g_array_index(want, struct tick_record, i);
		const struct tick_record *b = &g_array_index(got, struct tick_record, i);
		char *x, *y, *text;

		if (a->cycle == b->cycle && a->seq == b->seq && a->pid == b->pid &&
		    a->tid == b->tid && a->kind == b->kind && a->where == b->where &&
		    a->a == b->a && (a->b == b->b || a->b == TICK_NEVER) &&
		    a->cores == b->cores && g_strcmp0(a->from, b->from) == 0 &&
		    g_strcmp0(a->to, b->to) == 0)
			continue;
		x = print_record(a);
		y = print_record(b);
		text = g_strdup_printf("record %u: %s; engine: %s", i + 1, x, y);
		g_free(x);
		g_free(y);
		return text;
	}
	return NULL;
}

static char *compare_figures(const char *whose, unsigned number, const struct tick_figures *want,
			     const struct tick_figures *got)
{
	for (int i = 0; i < N_COUNTERS + N_BUCKETS; i++) {
		bool counter = i < N_COUNTERS;
		uint64_t a = counter ? want->counter[i] : want->bucket[i - N_COUNTERS];
		uint64_t b = counter ? got->counter[i] : got->bucket[i - N_COUNTERS];

		if (a == b || (counter && i == COUNTER_values_compared))
			continue;
		return g_strdup_printf(
			"%s %u: %s %s is %" G_GUINT64_FORMAT ", the engine's %" G_GUINT64_FORMAT,
			whose, number, counter ? "counter" : "bucket",
			counter ? counter_infos[i].name : bucket_infos[i - N_COUNTERS].name, a, b);
	}
	return NULL;
}

static char *compare_parts(const char *whose, const GArray *want, const GArray *got)
{
	char *wrong = NULL;

	for (guint i = 0; !wrong && i < MIN(want->len, got->len); i++) {
		const struct tick_part *a = &g_array_index(want, struct tick_part, i);
		const struct tick_part *b = &g_array_index(got, struct tick_part, i);

		wrong = compare_figures(whose, i, &a->figures, &b->figures);
		if (!wrong &&
		    (a->pid != b->pid || a->cycles != b->cycles || g_strcmp0(a->name, b->name)))
			wrong = g_strdup_printf("%s %u: pid %u, %" G_GUINT64_FORMAT
						" cycles; the engine's %u, %" G_GUINT64_FORMAT,
						whose, i, a->pid, a->cycles, b->pid, b->cycles);
	}
	if (!wrong && want->len != got->len)
		wrong = g_strdup_printf("%u of kind %s, the engine has %u", want->len, whose,
					got->len);
	return wrong;
}

/* Processes that begin in one cycle may stand in either order. */
static int by_pid(const void *a, const void *b)
{
	const struct tick_part *x = a, *y = b;

	return x->pid < y->pid ? -1 : x->pid > y->pid;
}

static char *compare(const struct tick_result *want, const struct tick_result *got)
{
	char *wrong = compare_records(want->records, got->records);

	if (!wrong && want->stuck && got->stuck)
		return NULL; /* when the other cores have come to rest is nobody's business */
	if (!wrong && want->end != got->end)
		wrong = g_strdup_printf("end: cycle %" G_GUINT64_FORMAT
					", the engine's %" G_GUINT64_FORMAT,
					want->end, got->end);
	if (!wrong && want->stuck != got->stuck)
		wrong = g_strdup_printf("no frame: %d, the engine says %d", want->stuck,
					got->stuck);
	if (!wrong)
		wrong = compare_figures("total", 0, &want->total, &got->total);
	g_array_sort(want->processes, by_pid);
	g_array_sort(got->processes, by_pid);
	if (!wrong)
		wrong = compare_parts("process", want->processes, got->processes);
	if (!wrong)
		wrong = compare_parts("phase", want->phases, got->phases);
	for (unsigned i = 0; !wrong && i < TICK_CORES; i++) {
		struct tick_figures a = {.counter = {0}}, b = {.counter = {0}};

		memcpy(a.bucket, want->core[i], sizeof(a.bucket));
		memcpy(b.bucket, got->core[i], sizeof(b.bucket));
		wrong = compare_figures("core", i, &a, &b);
	}
	if (!wrong && want->records->len != got->records->len)
		wrong = g_strdup_printf("records: %u, the engine's %u", want->records->len,
					got->records->len);
	return wrong;
}

static vmsim_config *configure(const struct tick_case *c)
{
	vmsim_config *config = vmsim_config_new();
	GError *error = NULL;

	for (guint i = 0; i < c->settings->len && !error; i++)
		vmsim_config_set(config, g_ptr_array_index(c->settings, i), &error);
	if (!error && vmsim_config_finish(config, &error))
		return config;
	vmsim_config_free(config);
	g_error_free(error);
	return NULL;
}

char *tick_try(const struct tick_case *c, struct tick_counts *counts)
{
	vmsim_config *config = configure(c);
	struct tick_result want, got;
	char *wrong = NULL, *answers = NULL;

	if (!config)
		return g_strdup(TICK_NO_MACHINE);
	tick_result_init(&want, c->n);
	tick_result_init(&got, 0);
	tick_run(c, config, &want);
	if (!want.endless) {
		answers = run_engine(c, config, &want, &got);
		wrong = compare(&want, &got);
	}
	if (!wrong)
		wrong = g_steal_pointer(&answers);
	g_free(answers);
	if (counts) {
		counts->cycles += want.end;
		counts->events += c->n;
		counts->stuck += want.stuck;
		counts->endless += want.endless;
		for (int i = 0; i < N_COUNTERS; i++)
			counts->figures.counter[i] += want.total.counter[i];
		for (int i = 0; i < N_BUCKETS; i++)
			counts->figures.bucket[i] += want.total.bucket[i];
	}
	tick_result_fini(&want);
	tick_result_fini(&got);
	vmsim_config_free(config);
	return wrong;
}
