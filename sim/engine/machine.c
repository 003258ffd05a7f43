/* machine.c: making, measuring and finishing a machine. */
#include "engine/machine.h"

#include "engine/clock.h"
#include "mmu/design.h"

static void init_stats(struct vmsim_machine *m)
{
	const struct config *config = m->config;

	stats_init(&m->stats);
	m->stats.cycles_per_reference = config->core.cycles_per_reference.cycles;
	m->cached_data = config->caches.data;
	m->stats.data_latency = m->cached_data ? 0 : config->data.latency.cycles;
	m->stats.itlb_latency = config->tlb.l1i.latency.cycles;
	m->stats.dtlb_latency = config->tlb.l1d.latency.cycles;
	m->overlaps = config->core.mlp > 1;
	if (m->overlaps) /* booked as they pass (overlap.h) */
		m->stats.cycles_per_reference = m->stats.data_latency = m->stats.itlb_latency =
			m->stats.dtlb_latency = 0;
	for (int access = VMSIM_READ; access <= VMSIM_EXECUTE; access++)
		m->hit_cycles[access] = m->stats.cycles_per_reference + m->stats.data_latency +
					(access == VMSIM_EXECUTE ? m->stats.itlb_latency
								 : m->stats.dtlb_latency);
}

static void source_free(void *data)
{
	struct source *source = data;

	g_free(source->path);
	g_free(source);
}

/* Events fed from now on are of this source; the machine keeps one of each. */
static void set_source(struct vmsim_machine *m, struct source source)
{
	struct source *known;

	for (guint i = 0; i < m->sources->len; i++) {
		known = g_ptr_array_index(m->sources, i);
		if (known->labels == source.labels && g_str_equal(known->path, source.path) &&
		    known->implicit_commit == source.implicit_commit &&
		    known->ticks_per_second == source.ticks_per_second) {
			m->source = known;
			m->label_value = known->labels->value;
			return;
		}
	}
	known = g_memdup2(&source, sizeof(source));
	known->path = g_strdup(source.path);
	g_ptr_array_add(m->sources, known);
	m->source = known;
	m->label_value = known->labels->value;
}

/* Tables that grow with memory and pagefile, asked for before they are needed: an allocation that
 * fails later would end the program. */
static bool host_can_hold(const struct config *config, GError **error)
{
	uint64_t bytes = config->memory.frames * 96 +
			 config->pagefile.count * config->pagefile.max_size / VMSIM_PAGE_SIZE * 16;
	void *probe;

	/* A table that is hashed has at most twice the slots that its load asks for. */
	if (config->paging.design != DESIGN_RADIX)
		bytes += config->memory.frames * 200 / config->paging.hash.load * 80 +
			 config->memory.frames * 24;
	probe = g_try_malloc(bytes);
	g_free(probe);
	if (probe)
		return true;
	g_set_error(error, VMSIM_ERROR, VMSIM_ERROR_CONFIG,
		    "memory.frames=%" G_GUINT64_FORMAT ", pagefile.count=%" G_GUINT64_FORMAT
		    " and pagefile.max_size=%" G_GUINT64_FORMAT
		    ": their tables do not fit into this host's memory (expected less)",
		    config->memory.frames, config->pagefile.count, config->pagefile.max_size);
	return false;
}

/* A page table that the machine has from the start leaves frames for pages, two at least. */
static bool table_fits(const struct config *config, GError **error)
{
	struct shared_table *table = shared_table_new(config);
	uint64_t pages = table ? shared_table_pages(table) : 0;

	shared_table_free(table);
	if (config->memory.page_tables == PAGE_TABLES_OUT || pages + 2 <= config->memory.frames)
		return true;
	g_set_error(error, VMSIM_ERROR, VMSIM_ERROR_CONFIG,
		    "paging.design=%s: its table takes %" G_GUINT64_FORMAT
		    " of memory.frames=%" G_GUINT64_FORMAT
		    " (expected more frames, a higher paging.hash.load, or memory.page_tables=out)",
		    designs[config->paging.design]->name, pages, config->memory.frames);
	return false;
}

/* H20.free. One INVLPG of any page takes all upper entries of the address space (H10), so that one
 * asked for in this step for a page that was mapped is enough. Where none was, the system cannot
 * know that no walk has read those tables, and asks for one. A processor without structure caches
 * has nothing to forget. */
static void tables_freed(void *ctx, uint32_t asid, vmsim_vpn vpn)
{
	struct vmsim_machine *m = ctx;

	if (!m->mmu->psc.any)
		return;
	for (guint i = 0; i < m->invalidations->len; i++)
		if (g_array_index(m->invalidations, struct invalidation, i).asid == asid)
			return;
	machine_want_invalidation(m, asid, vpn);
}

static void thread_free(void *data)
{
	struct thread *thread = data;

	call_forget(&thread->op);
	g_free(thread);
}

struct vmsim_machine *vmsim_machine_new(const vmsim_config *config, GError **error)
{
	struct vmsim_machine *m;
	struct vmm_host host;
	vmsim_config *handle = vmsim_config_copy(config);

	if (!vmsim_config_finish(handle, error)) {
		vmsim_config_free(handle);
		return NULL;
	}
	if (!host_can_hold(config_get(handle), error) ||
	    !table_fits(config_get(handle), error)) {
		vmsim_config_free(handle);
		return NULL;
	}
	m = g_new0(struct vmsim_machine, 1);
	m->handle = handle;
	m->config = config_get(handle);
	m->dump = vmsim_config_dump(handle);
	m->every_reference = m->config->replacement.sees == SEES_EVERY_REFERENCE;
	init_stats(m);
	m->sample_at = DEVICE_NEVER;
	m->sample_seq = UINT64_MAX;
	events_init(&m->events);
	host = (struct vmm_host){m, machine_want_invalidation, machine_want_io, tables_freed};
	m->vmm = vmm_new(m->config, &m->stats, &m->events, &host);
	m->device = device_new(m->config);
	memory_init(&m->memory, m->config);
	core_init(m);
	free_init(m);
	m->threads = g_hash_table_new_full(machine_thread_hash, g_int64_equal, g_free, thread_free);
	m->threads_of = g_hash_table_new_full(NULL, NULL, NULL,
					      (GDestroyNotify)g_ptr_array_unref);
	m->processes = g_hash_table_new(NULL, NULL);
	m->waiting = g_ptr_array_new();
	m->ready = g_ptr_array_new();
	m->invalidations = g_array_new(FALSE, FALSE, sizeof(struct invalidation));
	m->submissions = g_ptr_array_new();
	results_init(m);
	m->sources = g_ptr_array_new_with_free_func(source_free);
	m->names = g_string_chunk_new(1024);
	m->own_labels = vmsim_labels_new();
	set_source(m, (struct source){.path = (char *)"<api>",
				      .labels = m->own_labels,
				      .implicit_commit =
					      m->config->trace.implicit_commit == TRI_TRUE});
	m->keep_contents = true;
	vmm_keep_contents(m->vmm);
	/* Nothing works in the background of the textbook machine. */
	m->next_tick = m->config->standby.enabled ? m->config->bsm.period.cycles : DEVICE_NEVER;
	machine_look(m);
	return m;
}

void vmsim_machine_free(struct vmsim_machine *m)
{
	if (!m)
		return;
	g_hash_table_destroy(m->threads_of);
	g_hash_table_destroy(m->threads);
	g_hash_table_destroy(m->processes);
	g_ptr_array_unref(m->waiting);
	g_ptr_array_unref(m->ready);
	g_array_unref(m->invalidations);
	g_ptr_array_unref(m->submissions);
	vmm_free(m->vmm);
	device_free(m->device);
	free_fini(m);
	core_fini(m);
	memory_fini(&m->memory);
	events_fini(&m->events);
	stats_fini(&m->stats);
	results_fini(m);
	vmsim_labels_free(m->own_labels);
	vmsim_config_free(m->handle);
	g_clear_error(&m->error);
	g_free(m->sampler);
	g_free(m->dump);
	g_ptr_array_unref(m->sources);
	g_string_chunk_free(m->names);
	g_free(m->first_divergence);
	g_free(m->last_outcome.pages);
	g_free(m);
}

void vmsim_machine_listen(struct vmsim_machine *m, uint64_t mask, vmsim_listener listener,
			  void *ctx)
{
	events_listen(&m->events, mask, listener, ctx);
}

void vmsim_machine_watch(struct vmsim_machine *m, const volatile int *stop)
{
	m->stop = stop;
}

void vmsim_machine_begin_trace(struct vmsim_machine *m, const vmsim_trace *trace)
{
	const struct vmsim_trace_header *header = vmsim_trace_get_header(trace);
	uint64_t ticks = m->config->trace.ticks_per_second;
	int implicit = m->config->trace.implicit_commit;

	if (implicit == TRI_AUTO && header->implicit_commit >= 0)
		implicit = header->implicit_commit ? TRI_TRUE : TRI_FALSE;
	if (implicit == TRI_AUTO)
		implicit = vmsim_trace_carries_calls(trace) ? TRI_FALSE : TRI_TRUE;
	set_source(m, (struct source){
			      .path = (char *)(uintptr_t)vmsim_trace_path(trace),
			      .labels = vmsim_trace_get_labels(trace),
			      .implicit_commit = implicit == TRI_TRUE,
			      .ticks_per_second = ticks ? ticks : header->ticks_per_second,
		      });
	/* Once contents matter they do so to the end; before the first event they need not. */
	if (m->seq == 0)
		m->keep_contents = vmsim_trace_carries_values(trace) ||
				   m->audit == VMSIM_AUDIT_FULL;
	else if (vmsim_trace_carries_values(trace))
		m->keep_contents = true;
	if (m->keep_contents)
		vmm_keep_contents(m->vmm);
}

void vmsim_machine_measure(struct vmsim_machine *m)
{
	machine_flush_references(m);
	results_measure(m);
	m->origin = machine_time(m);
	m->seq_measured = m->seq;
	machine_sample_begin(m);
	m->divergences = 0;
	g_clear_pointer(&m->first_divergence, g_free);
}

/* T19: every cycle is in one bucket, and counters agree with each other. */
static bool check_conservation(struct vmsim_machine *m)
{
	const char *identity;
	uint64_t sum = 0;

	stats_settle(&m->stats);
	for (int i = 0; i < N_BUCKETS; i++)
		sum += bucket_value(&m->stats.b, (enum bucket_id)i);
	if (sum != m->n_cores * m->now)
		return machine_fail(m, VMSIM_ERROR_INVARIANT,
				    "the cycle stack sums to %" G_GUINT64_FORMAT " of %u x %"
				    G_GUINT64_FORMAT " cycles (T19)", sum, m->n_cores, m->now);
	identity = stats_check(&m->stats);
	if (identity)
		return machine_fail(m, VMSIM_ERROR_INVARIANT, "counters disagree: %s", identity);
	return true;
}

bool vmsim_machine_finish(struct vmsim_machine *m, GError **error)
{
	if (!m->finished) {
		if (machine_drain(m)) {
			if (!m->many) {
				overlap_drain(m);
				m->last_end = m->now;
			}
			machine_close(m);
		}
		machine_flush_references(m);
		if (m->error) { /* it was stopped: that is where it ends */
			m->last_end = machine_time(m);
			core_pass_all(m, m->last_end);
		}
		results_close(m);
		if (!m->error)
			check_conservation(m);
		if (!m->error && m->audit != VMSIM_AUDIT_OFF)
			machine_audit(m);
		core_charge(m);
		machine_sample_rest(m);
		stats_finish(&m->stats, m->now);
		m->finished = true;
	}
	if (m->error && error)
		*error = g_error_copy(m->error);
	return !m->error;
}

const GError *vmsim_machine_error(const struct vmsim_machine *m)
{
	return m->error;
}

vmsim_cycles vmsim_machine_now(const struct vmsim_machine *m)
{
	return machine_time(m) - m->origin;
}

uint64_t vmsim_machine_events(const struct vmsim_machine *m)
{
	return m->seq - m->seq_measured;
}

uint64_t vmsim_machine_divergences(const struct vmsim_machine *m)
{
	return m->divergences;
}

/* Settling moves cycles between members of the stack, so it is done on the side. */
static struct figures total(const struct vmsim_machine *m)
{
	struct stats *stats = (struct stats *)(uintptr_t)&m->stats;
	struct figures figures;

	stats_settle(stats);
	stats_total(stats, &figures);
	return figures;
}

bool vmsim_machine_counter(const struct vmsim_machine *m, const char *name, uint64_t *value)
{
	struct figures figures = total(m);

	for (int i = 0; i < N_COUNTERS; i++) {
		if (!g_str_equal(counter_infos[i].name, name))
			continue;
		*value = counter_value(&figures.c, (enum counter_id)i);
		return true;
	}
	return false;
}

bool vmsim_machine_bucket(const struct vmsim_machine *m, const char *name, uint64_t *cycles)
{
	struct figures figures = total(m);

	for (int i = 0; i < N_BUCKETS; i++) {
		if (!g_str_equal(bucket_infos[i].name, name))
			continue;
		*cycles = bucket_value(&figures.b, (enum bucket_id)i);
		return true;
	}
	return false;
}

static const struct vmsim_counter_info counter_table[] = {
#define COUNTER(name, unit, doc) {#name, unit, doc, false},
#define PEAK(name, unit, doc) {#name, unit, doc, true},
#include "stats/counters.def"
};

static const struct vmsim_counter_info bucket_table[] = {
#define BUCKET(name, doc) {#name, "cycles", doc, false},
#include "stats/counters.def"
};

static const struct vmsim_counter_info histogram_table[] = {
#define HISTOGRAM(name, unit, title, doc) {#name, unit, doc, false},
#include "stats/histograms.def"
};

const struct vmsim_counter_info *vmsim_counter_info(size_t index)
{
	return index < G_N_ELEMENTS(counter_table) ? &counter_table[index] : NULL;
}

const struct vmsim_counter_info *vmsim_bucket_info(size_t index)
{
	return index < G_N_ELEMENTS(bucket_table) ? &bucket_table[index] : NULL;
}

const struct vmsim_counter_info *vmsim_histogram_info(size_t index)
{
	return index < G_N_ELEMENTS(histogram_table) ? &histogram_table[index] : NULL;
}

const char *vmsim_version(void)
{
	return VMSIM_VERSION;
}
