/* results.c: what a run adds up to, for reports. */
#include "engine/machine.h"
#include "report/results.h"

#include <string.h>
#include <vmsim/win32.h>

/* Violations are told apart by who, what and why. */
struct violation_id {
	uint32_t pid, access, result, state;
	uint64_t freed_by;
};

static guint id_hash(const void *key)
{
	const struct violation_id *id = key;

	return (guint)(id->pid * 31 + id->access * 7 + id->result + id->state * 3 +
		       id->freed_by * 131);
}

static gboolean id_equal(const void *a, const void *b)
{
	const struct violation_id *x = a, *y = b;

	return x->pid == y->pid && x->access == y->access && x->result == y->result &&
	       x->state == y->state && x->freed_by == y->freed_by;
}

static void violation_free(void *data)
{
	struct violation *violation = data;

	g_free((char *)(uintptr_t)violation->protect);
	g_free(violation);
}

void results_init(struct vmsim_machine *m)
{
	m->violations = g_ptr_array_new_with_free_func(violation_free);
	m->violation_ids = g_hash_table_new_full(id_hash, id_equal, g_free, NULL);
	m->touched = g_hash_table_new(NULL, NULL);
}

void results_fini(struct vmsim_machine *m)
{
	g_ptr_array_unref(m->violations);
	g_hash_table_destroy(m->violation_ids);
	g_hash_table_destroy(m->touched);
}

/* --- where one part of the run ends (T19, T20) ------------------------------------------------ */

static void to_measured(struct vmsim_machine *m, struct core *core, const struct booking *part,
			void *ctx)
{
	(void)ctx;
	stats_to_measured(&m->stats, part->account, part->bucket, part->cycles);
	((uint64_t *)&core->b)[part->bucket] += part->cycles;
}

void results_measure(struct vmsim_machine *m)
{
	vmsim_cycles now = machine_time(m);

	results_fini(m);
	results_init(m);
	core_pass_all(m, now);
	core_charge(m);
	stats_measure(&m->stats, now);
	for (unsigned i = 0; i < m->n_cores; i++)
		memset(&m->cores[i].b, 0, sizeof(m->cores[i].b));
	core_beyond(m, now, to_measured, NULL);
}

static void to_next_phase(struct vmsim_machine *m, struct core *core, const struct booking *part,
			  void *ctx)
{
	(void)core;
	(void)ctx;
	stats_to_next_phase(&m->stats, part->bucket, part->cycles);
}

void results_phase(struct vmsim_machine *m, const char *name)
{
	core_pass_all(m, m->now);
	stats_phase(&m->stats, name, m->now);
	core_beyond(m, m->now, to_next_phase, NULL);
}

static void take_back(struct vmsim_machine *m, struct core *core, const struct booking *part,
		      void *ctx)
{
	(void)ctx;
	stats_take_back(&m->stats, part->account, part->bucket, part->cycles);
	((uint64_t *)&core->b)[part->bucket] -= part->cycles;
}

void results_close(struct vmsim_machine *m)
{
	core_beyond(m, m->last_end, take_back, NULL);
	m->core_base = m->stats.b;
	for (unsigned i = 0; i < m->n_cores; i++)
		m->cores[i].now = m->last_end;
	m->now = m->time = m->last_end;
}

/* --- what happened ---------------------------------------------------------------------------- */

void results_fault(struct vmsim_machine *m, const struct op *op)
{
	static const enum histogram_id of[N_FAULT_TYPES] = {
		[FAULT_TRANSITION] = HISTOGRAM_transition_fault,
		[FAULT_DEMAND_ZERO] = HISTOGRAM_demand_zero_fault,
		[FAULT_COPY_ON_WRITE] = HISTOGRAM_copy_on_write_fault,
		[FAULT_GUARD] = HISTOGRAM_guard_page_fault,
		[FAULT_HARD] = HISTOGRAM_hard_fault,
		[FAULT_STORE] = HISTOGRAM_store_fault,
		[FAULT_VIOLATION] = HISTOGRAM_access_violation,
		[FAULT_SPURIOUS] = HISTOGRAM_spurious_fault,
		[FAULT_DIRTY] = HISTOGRAM_dirty_fault,
	};

	g_assert(of[op->fault.type] != 0); /* page_walk: a type without a line above */
	histogram_add(&m->stats.histograms[of[op->fault.type]], m->now - op->fault_begin);
}

void results_io(struct vmsim_machine *m, const struct io *io)
{
	struct histogram *h = &m->stats.histograms[io->write ? HISTOGRAM_page_write
							     : HISTOGRAM_page_read];

	/* The whole, the wait and the service stand side by side. */
	histogram_add(&h[0], io->done - io->submitted);
	histogram_add(&h[1], io->started - io->submitted);
	histogram_add(&h[2], io->done - io->started);
}

static void remember(struct vmsim_machine *m, const struct thread *thread,
		     enum vmsim_access_result result, const struct page_view *view,
		     const char *protect)
{
	const struct op *op = &thread->op;
	struct violation_id id = {thread->pid, op->fault.access, result,
				  (uint32_t)view->state[0], view->freed_by.seq};
	struct violation *violation = g_hash_table_lookup(m->violation_ids, &id);

	if (violation) {
		violation->count++;
		return;
	}
	violation = g_new0(struct violation, 1);
	*violation = (struct violation){
		.va = op->fault.va,
		.access = op->fault.access,
		.result = result,
		.pid = thread->pid,
		.seq = op->seq,
		.line = op->event.line,
		.count = 1,
		.state = view->state,
		.protect = g_strdup(protect),
		.freed_by = view->freed_by,
	};
	g_ptr_array_add(m->violations, violation);
	g_hash_table_insert(m->violation_ids, g_memdup2(&id, sizeof(id)), violation);
}

void results_violation(struct vmsim_machine *m, const struct thread *thread,
		       enum vmsim_access_result result)
{
	static const char *const words[] = {"read", "write", "execute"};
	static const struct {
		enum vmsim_record_kind kind;
		uint32_t code;
	} of[] = {
		[VMSIM_RESULT_ACCESS_VIOLATION] = {VMSIM_RECORD_ACCESS_VIOLATION, 0xC0000005},
		[VMSIM_RESULT_GUARD_PAGE] = {VMSIM_RECORD_GUARD_PAGE, 0x80000001},
		[VMSIM_RESULT_IN_PAGE_ERROR] = {VMSIM_RECORD_IN_PAGE_ERROR, 0xC0000006},
		[VMSIM_RESULT_STACK_OVERFLOW] = {VMSIM_RECORD_STACK_OVERFLOW, 0xC00000FD},
	};
	const struct op *op = &thread->op;
	bool guard = result == VMSIM_RESULT_GUARD_PAGE || result == VMSIM_RESULT_STACK_OVERFLOW;
	struct page_view view = vmm_view(m->vmm, thread->process, op->fault.va);
	char buf[VMSIM_FLAGS_MAX];
	struct vmsim_record record = {
		.kind = of[result].kind,
		.va = op->fault.va,
		/* Without NX the processor does not tell a fetch from a read (3.3). */
		.access = words[op->fault.access == VMSIM_EXECUTE && !m->config->paging.nx
					? VMSIM_READ
					: op->fault.access],
		.state = view.state,
		.protect = "",
		.code = of[result].code,
		.freed_by = view.freed_by,
	};

	if (result == VMSIM_RESULT_IN_PAGE_ERROR)
		m->stats.c.in_page_errors++;
	if (view.protect) {
		/* The guard is cleared by now; the event names the protection found. */
		if (guard)
			view.protect = op->fault.protect;
		record.protect = vmsim_prot_print(view.protect, buf);
	}
	remember(m, thread, result, &view, record.protect);
	if (events_wanted(&m->events, record.kind))
		events_emit(&m->events, &record);
}

/* => list and cores are to be freed */
static struct results collect(const struct vmsim_machine *m, const char *const *files,
			      struct violation **list, const struct buckets ***cores)
{
	*cores = g_new0(const struct buckets *, m->n_cores);
	for (unsigned i = 0; i < m->n_cores; i++)
		(*cores)[i] = &m->cores[i].b;
	*list = g_new0(struct violation, m->violations->len + 1);
	for (guint i = 0; i < m->violations->len; i++)
		(*list)[i] = *(struct violation *)g_ptr_array_index(m->violations, i);
	return (struct results){
		.config = m->config,
		.config_dump = m->dump,
		.stats = &m->stats,
		.files = files,
		.cycles = machine_time(m) - m->origin,
		.events = m->seq - m->seq_measured,
		.cores = *cores,
		.n_cores = m->n_cores,
		.distinct_pages = g_hash_table_size(m->touched),
		.divergences = m->divergences,
		.first_divergence = m->first_divergence,
		.violations = *list,
		.n_violations = m->violations->len,
	};
}

char *vmsim_report_json(const struct vmsim_machine *m, const char *const *files)
{
	const struct buckets **cores;
	struct violation *list;
	struct results results = collect(m, files, &list, &cores);
	char *text = report_json(&results);

	g_free(list);
	g_free(cores);
	return text;
}

char *vmsim_report_summary(const struct vmsim_machine *m, const char *const *files)
{
	const struct buckets **cores;
	struct violation *list;
	struct results results = collect(m, files, &list, &cores);
	char *text = report_summary(&results);

	g_free(list);
	g_free(cores);
	return text;
}
