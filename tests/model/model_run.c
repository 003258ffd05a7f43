/* model_run.c: one case before both opinions: each operation is carried out in the model, then fed
 * to the simulator; the first difference ends it. */
#include "model/windows_model.h"

#include <string.h>

struct run {
	struct wm *m;
	vmsim_machine *vm;
	GPtrArray *trace;
	struct wm_op *ops;
	size_t n;
	bool over; /* the simulated machine cannot go on, rightly */
};

const char *const wm_more[WM_MORE] = {
	"cores=2",
	"cores=4",
	"core.mlp=4",
	"tlb.coalesce.kind=all",
	"tlb.coalesce.kind=bitmap tlb.coalesce.pages=8",
	"tlb.prefetch.kind=next-page",
	"tlb.prefetch.kind=distance",
	"tlb.pcids=1",
	"tlb.pcids=2",
	"tlb.l2.inclusion=exclusive tlb.coalesce.kind=none",
	"tlb.l2.inclusion=inclusive tlb.coalesce.kind=none",
	"tlb.l2.index=xor tlb.l2.replacement=random",
	"tlb.unified=true",
	"psc.pml4e.entries=1 psc.pdpte.entries=2 psc.pde.entries=4",
	"caches.data=true",
	"nested.enabled=true",
	"os.age_flush=false",
	"os.tlb_ceiling=2",
	"pagefile.reserve=true",
	"vmm.prefetch_max=2",
};

static char *more_settings(const struct wm_machine *machine)
{
	GString *text = g_string_new(NULL);

	for (unsigned i = 0; i < WM_MORE; i++)
		if (machine->more >> i & 1)
			g_string_append_printf(text, " %s", wm_more[i]);
	return g_string_free(text, FALSE);
}

char *wm_settings(const struct wm_machine *machine)
{
	char *more = more_settings(machine), *text;

	text = g_strdup_printf(
		"rules=%s memory.frames=%" G_GUINT64_FORMAT " pagefile.size=%" G_GUINT64_FORMAT
		" standby.enabled=%s replacement.policy=%s replacement.scope=%s pagefile.device=%s "
		"memory.zeroed=%s memory.zero_fill_dirty=%s vmm.ws_min=%" G_GUINT64_FORMAT
		" vmm.lock_overhead=%" G_GUINT64_FORMAT " vmm.fault_cluster=%" G_GUINT64_FORMAT
		" vmm.mpw_cluster=%" G_GUINT64_FORMAT
		" replacement.sees=%s paging.dirty=%s vmm.nt_partial_release=%s"
		" vmm.increase_working_set_privilege=%s tlb.l1d.entries=%s tlb.l2.entries=%s"
		" tlb.pcid=%s"
		" memory.page_tables=%s trace.implicit_commit=false%s",
		machine->rules ? "win32" : "article", machine->frames, machine->slots * WM_P,
		machine->standby ? "true" : "false", machine->policy, machine->scope,
		machine->device, machine->zeroed ? "true" : "false",
		machine->zero_fill_dirty ? "true" : "false", machine->ws_min,
		machine->lock_overhead, machine->fault_cluster, machine->mpw_cluster,
		machine->every_reference ? "every-reference" : "accessed-bits",
		machine->software_dirty ? "sw" : "hw", machine->partial ? "true" : "false",
		machine->may_raise ? "true" : "false", machine->small_tlb ? "4" : "64",
		machine->small_tlb ? "0" : "1536", machine->pcid ? "true" : "false",
		machine->tables_in ? "in" : "out", more);
	g_free(more);
	return text;
}

static vmsim_machine *machine_of(const struct wm_machine *machine)
{
	char *text = wm_settings(machine), **each = g_strsplit(text, " ", 0);
	vmsim_config *config = vmsim_config_new();
	GError *error = NULL;
	vmsim_machine *vm;

	for (char **s = each; *s; s++)
		if (!vmsim_config_set(config, *s, &error))
			g_error("%s", error->message);
	vm = vmsim_machine_new(config, &error);
	if (!vm)
		g_error("%s", error->message);
	vmsim_machine_set_audit(vm, machine->audit);
	vmsim_config_free(config);
	g_strfreev(each);
	g_free(text);
	return vm;
}

/* --- text ------------------------------------------------------------------------------------ */

static char *result_text(const struct wm_op *op)
{
	static const char *const exceptions[] = {"ACCESS_VIOLATION", "GUARD_PAGE", "IN_PAGE_ERROR",
						 "STACK_OVERFLOW"};
	const struct vmsim_event *e = &op->event;

	if (e->op == VMSIM_OP_CALL)
		return op->call.recorded.kind == VMSIM_OUTCOME_NONE ||
				       vmsim_calls[op->call.id].result == VMSIM_NONE
			       ? NULL
			       : vmsim_outcome_print(op->call.id, &op->call.recorded, NULL);
	if (e->result == VMSIM_RESULT_NONE)
		return NULL;
	if (e->result == VMSIM_RESULT_VALUE)
		return g_strdup_printf("0x%" G_GINT64_MODIFIER "x", e->value);
	return g_strdup(e->result == VMSIM_RESULT_OK
				? "OK"
				: exceptions[e->result - VMSIM_RESULT_ACCESS_VIOLATION]);
}

/* The event and its result as a line of the trace: line at, or a new one. */
static void put_line(struct run *r, const struct vmsim_event *e, char *result, guint at)
{
	char *event, *line;

	if (r->trace) {
		event = vmsim_event_print(e, NULL);
		line = g_strconcat(event, result ? " = " : NULL, result, NULL);
		g_free(event);
		if (at < r->trace->len) {
			g_free(r->trace->pdata[at]);
			r->trace->pdata[at] = line;
		} else {
			g_ptr_array_add(r->trace, line);
		}
	}
	g_free(result);
}

/* --- feeding --------------------------------------------------------------------------------- */

/* L3: whether by the model's account no frame can be had. */
static bool starved(const struct wm *m)
{
	uint64_t used = 0;

	for (guint i = 0; i < m->all->len; i++) {
		const struct wm_page *p = g_ptr_array_index(m->all, i);

		used += !p->deleted && (p->stale || (p->slot && !p->dirty));
	}
	for (uint64_t i = 0; i < m->machine.frames; i++) {
		const struct wm_frame *f = &m->frames[i];
		const struct wm_page *p = f->page;
		bool clean = p && !p->dirty;

		if (!strcmp(f->state, "bad") || f->table)
			continue;
		if (!p || !strcmp(f->state, "standby") || !strcmp(f->state, "transition"))
			return false;
		if (!p->open && !p->locked && (clean || used + 1 < m->machine.slots))
			return false;
	}
	return true;
}

static void feed(struct run *r, const struct vmsim_event *e)
{
	GError *error = NULL;

	r->m->seq++;
	if (vmsim_machine_feed(r->vm, e, 1, NULL, &error))
		return;
	if (g_error_matches(error, VMSIM_ERROR, VMSIM_ERROR_NO_PAGES) && starved(r->m))
		r->over = true;
	else
		wm_differ(r->m, "the machine stopped: %s", error->message);
	g_clear_error(&error);
}

/* The operation of a process has ended once an event of its thread after it has begun. */
static void settle(struct run *r, uint32_t pid)
{
	static const struct vmsim_call mark = {.id = VMSIM_CALL_MARK, .name = "."};
	struct wm_flight *f = &r->m->flight[pid];
	struct vmsim_event e = {
		.op = VMSIM_OP_CALL, .call = &mark, .size = 1, .pid = pid, .tid = 1};

	if (!f->op)
		return;
	feed(r, &e);
	put_line(r, &e, NULL, G_MAXUINT);
	if (r->over || r->m->difference)
		return;
	if (f->op->event.op == VMSIM_OP_CALL)
		wm_call_settle(r->m, f);
	else
		wm_access_settle(r->m, f);
	wm_settle_told(r->m, f);
	wm_hold_end(r->m, f->seq);
	put_line(r, &f->op->event, result_text(f->op), f->line);
	f->op = NULL;
}

static void carry_out(struct run *r, struct wm_op *op)
{
	struct wm_flight *f = &r->m->flight[op->event.pid];
	GPtrArray *pages = f->pages;
	GArray *changes = f->changes;

	settle(r, op->event.pid);
	if (r->over || r->m->difference)
		return;
	g_ptr_array_set_size(pages, 0);
	g_array_set_size(changes, 0);
	r->m->n.ops++;
	*f = (struct wm_flight){.op = op,
				.seq = r->m->seq + 1,
				.pid = op->event.pid,
				.pages = pages,
				.changes = changes};
	r->m->exists[f->pid] = true;
	if (op->event.op == VMSIM_OP_CALL) {
		op->event.call = &op->call;
		wm_call(r->m, f, &op->call);
	} else {
		wm_access(r->m, f, &op->event);
	}
	f->line = r->trace ? r->trace->len : 0;
	put_line(r, &op->event, result_text(op), f->line);
	feed(r, &op->event);
	if (!r->m->machine.overlap && !r->over && !r->m->difference)
		settle(r, op->event.pid);
}

/* --- counters -------------------------------------------------------------------------------- */

static void between(struct run *r, const char *name, uint64_t least, uint64_t most)
{
	uint64_t is = 0;

	if (!vmsim_machine_counter(r->vm, name, &is))
		wm_differ(r->m, "there is no counter %s", name);
	else if (is < least || is > most)
		wm_differ(r->m,
			  "counter %s is %" G_GUINT64_FORMAT ", must be %" G_GUINT64_FORMAT
			  "..%" G_GUINT64_FORMAT,
			  name, is, least, most);
}

static void same(struct run *r, const char *name, uint64_t must)
{
	between(r, name, must, must);
}

static void compare_counters(struct run *r)
{
	static const char *const names[] = {"demand_zero_faults", "transition_faults",
					    "hard_faults",        "copy_on_write_faults",
					    "guard_page_faults",  "access_violations",
					    "spurious_faults",    "dirty_faults"};
	const struct wm_counts *n = &r->m->n;
	uint64_t all = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		same(r, names[i], n->faults[i]);
		all += i == 7 ? 0 : n->faults[i]; /* a DirtyFault is no page fault (8.1) */
	}
	same(r, "page_faults", all);
	same(r, "in_page_errors", n->in_page);
	same(r, "calls", n->calls);
	same(r, "calls_failed", n->calls_failed);
	same(r, "pages_input", n->input);
	same(r, "pages_output", n->output);
	if (r->m->machine.standby)
		same(r, "pages_repurposed", n->repurposed);
	between(r, "pages_reset_pending", n->pending, n->pending + n->pending_unsure);
	between(r, "pages_reset_lost", n->lost, n->lost + n->lost_unsure);
	if (!r->m->machine.overlap || !(r->m->machine.more & WM_CORES)) {
		same(r, "committed_pages_peak", n->charge_peak);
		same(r, "reserved_pages_peak", n->reserved_peak);
	}
	if (!r->m->sharing)
		same(r, "resident_pages_peak", n->resident_peak);
	/* what disagrees on a reset page is not counted; its unknown bytes agree with anything */
	between(r, "values_compared", n->values, n->values + n->asked);
}

static void add(struct wm_counts *to, const struct wm_counts *from)
{
	uint64_t *t = (uint64_t *)to;
	const uint64_t *f = (const uint64_t *)from;

	for (size_t i = 0; i < sizeof(*to) / sizeof(*t); i++)
		t[i] += f[i];
}

static void finish(struct run *r)
{
	GError *error = NULL;

	for (uint32_t pid = 1; pid <= WM_PROCESSES && !r->over && !r->m->difference; pid++)
		settle(r, pid);
	if (r->over || r->m->difference)
		return;
	if (!vmsim_machine_finish(r->vm, &error)) {
		wm_differ(r->m, "the machine ended: %s", error->message);
		g_clear_error(&error);
		return;
	}
	compare_counters(r);
}

char *wm_run(const struct wm_machine *machine, struct wm_op *ops, size_t n, GPtrArray *trace,
	     struct wm_counts *total)
{
	struct run r = {.m = wm_new(machine), .vm = machine_of(machine), .trace = trace};
	char *difference;

	vmsim_machine_listen(r.vm, VMSIM_RECORD_ALL, wm_listen, r.m);
	for (size_t i = 0; i < n && !r.over && !r.m->difference; i++)
		carry_out(&r, &ops[i]);
	finish(&r);
	if (total)
		add(total, &r.m->n);
	difference = g_steal_pointer(&r.m->difference);
	vmsim_machine_free(r.vm);
	wm_free(r.m);
	return difference;
}
