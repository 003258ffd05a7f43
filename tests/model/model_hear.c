/* model_hear.c: the simulator's events other than moves of frames: faults, I/O, what calls and
 * accesses report. */
#include "model/windows_model.h"

#include <string.h>

struct wm_flight *wm_flight_of(struct wm *m, uint32_t pid)
{
	return pid >= 1 && pid <= WM_PROCESSES ? &m->flight[pid] : NULL;
}

/* --- faults ---------------------------------------------------------------------------------- */

const char *const wm_fault_names[8] = {"DemandZeroFault", "TransitionFault", "HardPageFault",
				       "CopyOnWrite",     "GuardPageFault",  "AccessViolation",
				       "SpuriousFault",   "DirtyFault"};

/* VirtualLock touches pages like an access, and ends at the first that does not permit it. */
static bool stopped_lock(const struct wm_flight *f, const struct vmsim_record *r)
{
	return f->op && f->op->event.op == VMSIM_OP_CALL &&
	       f->op->call.id == VMSIM_CALL_VIRTUAL_LOCK && !f->verdict.ok &&
	       f->verdict.stop == r->va / WM_P;
}

/* Of a page of a view that comes in, or came in to be copied from: the section's page. */
static struct wm_page *holder(struct wm_page *p)
{
	if (p && p->copied_from && p->copied_from->open)
		return p->copied_from;
	return p ? wm_body(p) : NULL;
}

/* Whether a fault of this type is what happened to the page. */
static bool fault_fits(struct wm *m, const struct vmsim_record *r, unsigned type)
{
	struct wm_flight *f = wm_flight_of(m, r->pid);
	struct wm_page *page = wm_page_at(m, r->pid, r->va / WM_P), *p = holder(page);

	switch (type) {
	case 0:
		return p && p->fault == WM_ZERO_FAULT;
	case 1:
		return p && (p->fault == WM_SOFT_FAULT || p->where == WM_READING ||
			     (p != page && p->where == WM_ACTIVE)); /* resident elsewhere */
	case 2:
		return p && (p->fault == WM_READ_FAULT || p->bad);
	case 3:
		return page && page->fault == WM_COPY_FAULT;
	case 4:
		return f && f->guards && f->guards--;
	case 5:
		return f && (stopped_lock(f, r) ||
			     (f->result == VMSIM_RESULT_ACCESS_VIOLATION && r->va == f->fault_va));
	case 7: /* H6 */
		return p && p->open && p->where == WM_ACTIVE && m->machine.software_dirty;
	case 6:
		return p && p->open && p->where == WM_ACTIVE;
	default:
		return false;
	}
}

static void page_fault(struct wm *m, const struct vmsim_record *r)
{
	struct wm_page *p = holder(wm_page_at(m, r->pid, r->va / WM_P));
	unsigned type = 0;

	while (type < 8 && strcmp(wm_fault_names[type], r->type))
		type++;
	if (type == 8) {
		wm_differ(m, "%s is no type of fault", r->type);
		return;
	}
	m->n.faults[type]++;
	if (!fault_fits(m, r, type))
		wm_differ(m, "%s at %u:0x%" G_GINT64_MODIFIER "x: that is not what happened",
			  r->type, r->pid, r->va);
	if (p)
		p->fault = WM_NO_FAULT;
}

/* --- I/O ------------------------------------------------------------------------------------- */

/* The page of r's owner that is being written; n counts them: of pages whose section is gone there
 * may be several of a number. */
static struct wm_page *being_written(struct wm *m, const struct vmsim_record *r, uint64_t vpn,
				     unsigned *n)
{
	struct wm_page *found = NULL;
	const struct wm_page *named = r->section ? wm_section_page(m, r->section, vpn) : NULL;

	*n = 0;
	for (uint64_t i = 0; i < m->machine.frames; i++) {
		struct wm_page *p = m->frames[i].page;

		if (!p || !p->writing || p->pid != r->pid || p->vpn != vpn || (named && p != named))
			continue;
		if (p->in_file != (r->slot == 0)) /* files are not written to slots */
			continue;
		(*n)++;
		p->told = r->slot + vpn - r->va / WM_P + 1;
		found = p;
	}
	return found;
}

/* I12: nobody else's contents are in that slot. */
static void check_slot_free(struct wm *m, const struct wm_page *writer, uint64_t slot)
{
	if (slot == 0 || slot >= m->machine.slots)
		wm_differ(m, "there is no slot %" G_GUINT64_FORMAT, slot);
	for (guint i = 0; i < m->all->len; i++) {
		const struct wm_page *p = g_ptr_array_index(m->all, i);

		if (p == writer || p->slot != slot || p->deleted || p->open || p->dirty ||
		    p->may_have_failed)
			continue;
		wm_differ(m,
			  WM_PAGE " was written to slot %" G_GUINT64_FORMAT ", which is " WM_PAGE
				  "'s (I12)",
			  WM_ARGS(writer), slot, WM_ARGS(p));
	}
}

/* Whether an error is being injected: the write may have ended before that. */
static bool being_injected(struct wm *m, const struct wm_page *p)
{
	const struct wm_flight *f = wm_flight_of(m, p->pid);

	return p->open && f && f->op->event.op == VMSIM_OP_CALL &&
	       f->op->call.id == VMSIM_CALL_INJECT_ERROR;
}

static void page_out(struct wm *m, const struct vmsim_record *r)
{
	m->n.writes++;
	for (uint64_t i = 0; i < r->pages; i++) {
		unsigned n;
		struct wm_page *p = being_written(m, r, r->va / WM_P + i, &n);

		if (n > 1)
			continue; /* the frame's move will tell */
		if (!p) {
			wm_differ(m,
				  "page-out of %u:%" G_GINT64_MODIFIER "x, which was not under way",
				  r->pid, r->va / WM_P + i);
			return;
		}
		if (!p->in_file)
			check_slot_free(m, p, r->slot + i);
		p->writing = false;
		p->told = 0;
		if (p->where == WM_ACTIVE && wm_injected(m, p, VMSIM_INJECT_WRITE)) {
			p->may_have_failed |= being_injected(m, p);
			if (!p->may_have_failed)
				wm_inject(m, p->pid, p->vpn, VMSIM_INJECT_WRITE, false);
			p->dirty |= !p->may_have_failed && p->reset == WM_LIVE; /* R3 */
		}
		if (!p->dirty && !p->discard && (!p->deleted || p->open) && !p->in_file)
			p->slot = r->slot + i;
	}
}

static void page_in(struct wm *m, const struct vmsim_record *r)
{
	uint64_t found = 0;

	m->n.reads++;
	if (r->slot == 0) /* a file's */
		return;
	for (uint64_t i = 0; i < m->machine.frames; i++) {
		struct wm_page *p = m->frames[i].page;

		if (p && p->where == WM_READING && p->slot >= r->slot &&
		    p->slot < r->slot + r->pages)
			found++;
	}
	if (found != r->pages)
		wm_differ(m,
			  "page-in of %" G_GUINT64_FORMAT " pages from slot %" G_GUINT64_FORMAT
			  ", of which %" G_GUINT64_FORMAT " were awaited",
			  r->pages, r->slot, found);
}

/* --- calls and exceptions -------------------------------------------------------------------- */

static bool take_change(struct wm_flight *f, uint64_t vpn, const struct vmsim_record *r)
{
	for (guint i = 0; i < f->changes->len; i++) {
		const struct wm_change *c = &g_array_index(f->changes, struct wm_change, i);

		if (c->vpn != vpn || strcmp(c->from, r->from) || strcmp(c->to, r->to))
			continue;
		g_array_remove_index(f->changes, i);
		return true;
	}
	return false;
}

static void page_state(struct wm *m, struct wm_flight *f, const struct vmsim_record *r)
{
	for (uint64_t i = 0; i < r->pages && !m->difference; i++)
		if (!take_change(f, r->va / WM_P + i, r))
			wm_differ(m,
				  "page-state: page %" G_GINT64_MODIFIER
				  "x from %s to %s was not to be",
				  r->va / WM_P + i, r->from, r->to);
}

static void call_failed(struct wm *m, struct wm_flight *f, const struct vmsim_record *r)
{
	const char *rule = f->verdict.either ? "R8" : f->verdict.rule;
	uint32_t code = f->verdict.either ? (uint32_t)ERROR_BUSY : f->code, status = 0;
	bool native = vmsim_calls[f->op->call.id].result == VMSIM_NTSTAT;
	uint64_t told = native ? vmsim_status_to_error((uint32_t)r->code) : r->code;

	f->failed = true;
	if (!f->verdict.either && f->verdict.ok && !f->may_err)
		return; /* told when it has ended */
	if (f->may_err && told == ERROR_SWAPERROR) {
		f->verdict.ok = false;
		f->verdict.code = ERROR_SWAPERROR;
		return;
	}
	if (told != code || (rule && strcmp(r->rule, rule)))
		wm_differ(m, "%s failed with %" G_GUINT64_FORMAT " by %s, must fail with %u by %s",
			  r->call, told, r->rule, code, rule ? rule : "any");
	if (!vmsim_code_by_name(r->status, strlen(r->status), &status) ||
	    vmsim_status_to_error(status) != told)
		wm_differ(m, "%s failed with %" G_GUINT64_FORMAT " and status %s", r->call, r->code,
			  r->status);
}

/* L16, L32: the model expects one where an error was injected, but not when. */
static bool in_page_error(struct wm_flight *f, const struct vmsim_record *r)
{
	const struct wm_page *p = NULL;

	for (guint i = 0; i < f->pages->len; i++)
		if (((struct wm_page *)f->pages->pdata[i])->vpn == r->va / WM_P)
			p = f->pages->pdata[i];
	if (!f->may_err || !p || r->code != 0xC0000006u)
		return false;
	f->raised = true;
	f->result = VMSIM_RESULT_IN_PAGE_ERROR;
	f->fault_va = r->va;
	if (f->beyond) { /* it did not come to that */
		f->beyond->prot = f->beyond_prot;
		f->beyond = NULL;
		f->guards--;
	}
	return true;
}

static void raised(struct wm *m, struct wm_flight *f, const struct vmsim_record *r,
		   enum vmsim_access_result result, uint32_t code)
{
	char text[VMSIM_FLAGS_MAX];
	static const char *const access[] = {"read", "write", "execute"};
	unsigned op = f->fault_va == UINT64_MAX ? VMSIM_OP_READ : f->op->event.op; /* 3.1.1 */
	const char *protect = f->fault_protect ? vmsim_prot_print(f->fault_protect, text) : "";

	f->raised = true;
	if (f->result != result || r->va != f->fault_va)
		wm_differ(m, "exception at 0x%" G_GINT64_MODIFIER "x was not to be", r->va);
	else if (r->code != code || strcmp(r->state, f->state) || strcmp(r->protect, protect) ||
		 strcmp(r->access, access[op]))
		wm_differ(m,
			  "exception: %s of a page %s, %s, code 0x%" G_GINT64_MODIFIER
			  "x; must be %s, %s",
			  r->access, r->state, r->protect, r->code, f->state, protect);
}

static void divergence(struct wm *m, struct wm_flight *f, const struct vmsim_record *r)
{
	if (f->asked && f->op->event.op != VMSIM_OP_CALL && !f->answered &&
	    g_str_has_prefix(r->got, "0x")) {
		f->answered = true;
		f->got = g_ascii_strtoull(r->got, NULL, 16);
		return;
	}
	if (f->asked && f->op->event.op == VMSIM_OP_CALL && !f->answered) {
		f->answered = true;
		f->failed = strcmp(r->got, "ERROR_SUCCESS") != 0;
		if (f->failed && strcmp(r->got, "ERROR_BUSY"))
			wm_differ(m, "%s answers %s", r->call, r->got);
		return;
	}
	wm_differ(m, "%s: must be %s, is %s", r->call, r->expected, r->got);
}

static void differs(struct wm *m, struct wm_flight *f, const struct vmsim_record *r)
{
	uint32_t code = 0;

	f->differed = true;
	if (!f->must_differ)
		return; /* told when it has ended */
	if (!vmsim_code_by_name(r->error, strlen(r->error), &code))
		code = UINT32_MAX;
	if (vmsim_calls[f->op->call.id].result == VMSIM_NTSTAT)
		code = vmsim_status_to_error(code);
	if (code != f->differ_code)
		wm_differ(m, "rules-differ: %s, the other set answers %u", r->error,
			  f->differ_code);
}

/* Records that belong to the operation that caused them. */
static void of_operation(struct wm *m, const struct vmsim_record *r)
{
	struct wm_flight *f = wm_flight_of(m, r->pid);

	if (!f || !f->op || f->seq != r->seq) {
		wm_differ(m, "%s of an operation that is not under way",
			  vmsim_records[r->kind].name);
		return;
	}
	switch (r->kind) {
	case VMSIM_RECORD_PAGE_STATE:
		page_state(m, f, r);
		break;
	case VMSIM_RECORD_CALL_FAILED:
		call_failed(m, f, r);
		break;
	case VMSIM_RECORD_ACCESS_VIOLATION:
		raised(m, f, r, VMSIM_RESULT_ACCESS_VIOLATION, 0xC0000005u);
		break;
	case VMSIM_RECORD_GUARD_PAGE:
		raised(m, f, r, VMSIM_RESULT_GUARD_PAGE, 0x80000001u);
		break;
	case VMSIM_RECORD_STACK_OVERFLOW:
		raised(m, f, r, VMSIM_RESULT_STACK_OVERFLOW, 0xC00000FDu);
		break;
	case VMSIM_RECORD_IN_PAGE_ERROR:
		if (!in_page_error(f, r))
			wm_differ(m, "in-page error at 0x%" G_GINT64_MODIFIER "x without a reason",
				  r->va);
		m->n.in_page++;
		break;
	case VMSIM_RECORD_RULES_DIFFER:
		differs(m, f, r);
		break;
	case VMSIM_RECORD_DIVERGENCE:
		divergence(m, f, r);
		break;
	default:
		wm_differ(m, "%s was not to be", vmsim_records[r->kind].name);
	}
}

void wm_listen(void *ctx, const struct vmsim_record *r)
{
	struct wm *m = ctx;

	if (m->difference)
		return;
	switch (r->kind) {
	case VMSIM_RECORD_FRAME_STATE:
		wm_frame_state(m, r);
		break;
	case VMSIM_RECORD_PAGE_FAULT:
		page_fault(m, r);
		break;
	case VMSIM_RECORD_PAGE_IN:
		page_in(m, r);
		break;
	case VMSIM_RECORD_PAGE_OUT:
		page_out(m, r);
		break;
	case VMSIM_RECORD_TLB_SHOOTDOWN:
		wm_hold_shootdown(m, r);
		break;
	case VMSIM_RECORD_HARD_FAULT:
	case VMSIM_RECORD_PHASE:
		break;
	default:
		of_operation(m, r);
	}
}
