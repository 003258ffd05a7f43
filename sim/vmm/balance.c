/* balance.c: the balance set manager (semantics 7.2 to 7.4).
 *
 * It wakes when its timer comes, when available frames fall below avail_low, and when faults come
 * fast, if that is asked for. Awake it
 *   1. ages the pages of every process, where the policy keeps ages (W4)
 *   2. at every fourth tick empties processes that have been idle (W3)
 *   3. trims, if too few frames are available (W6)
 * A policy without ages is asked which page goes; one with ages is told which age is to go, and
 * processes take turns in the order of W6. */
#include "vmm/internal.h"

#define SWAPPER_TICKS 4 /* W3 */

static bool keeps_ages(const struct vmm *vmm)
{
	return vmsim_policy_at((size_t)vmm->config->replacement.policy)->scan;
}

/* --- the order of processes (W6) ------------------------------------------------------------- */

/* What decides when a process's turn is. */
struct turn {
	struct process *process;
	bool foreground, idle;
	uint64_t old, pages;
};

static bool is_idle(const struct vmm *vmm, const struct process *process)
{
	return vmm->bsm.now - process->last_ran > vmm->config->vmm.swap_idle.cycles;
}

/* Foreground last; most old pages first; long idle before active, large before small; pid. */
static int by_turn(const void *a, const void *b)
{
	const struct turn *x = a, *y = b;

	if (x->foreground != y->foreground)
		return x->foreground ? 1 : -1;
	if (x->old != y->old)
		return x->old > y->old ? -1 : 1;
	if (x->idle != y->idle)
		return x->idle ? -1 : 1;
	if (x->pages != y->pages)
		return x->pages > y->pages ? -1 : 1;
	return x->process->pid < y->process->pid ? -1 : x->process->pid > y->process->pid;
}

/* The living processes in order of their turns; old pages are those of this age. */
static GArray *turns(struct vmm *vmm, unsigned age)
{
	GArray *order = g_array_new(FALSE, FALSE, sizeof(struct turn));
	bool ages = keeps_ages(vmm);

	for (guint i = 0; i < vmm->processes->len; i++) {
		struct process *process = g_ptr_array_index(vmm->processes, i);
		struct turn turn = {.process = process, .pages = process->ws_pages};

		if (process->exited || !process->ws_pages)
			continue;
		turn.foreground = process->pid == vmm->config->vmm.foreground;
		turn.idle = is_idle(vmm, process);
		if (ages)
			turn.old = process->replacer->ops->count_aged(process->replacer->state,
								      age);
		g_array_append_val(order, turn);
	}
	g_array_sort(order, by_turn);
	return order;
}

/* --- working sets ---------------------------------------------------------------------------- */

uint64_t working_set_empty(struct vmm *vmm, struct process *process, bool keep_minimum)
{
	uint64_t had = process->ws_pages;
	uint64_t keep = keep_minimum && process->hard_min ? process->ws_min : 0;

	for (const struct vad *vad = vad_next(&process->vads, 0); vad;
	     vad = vad_next(&process->vads, vad->last + 1)) {
		for (vmsim_vpn vpn = vad->first; vpn <= vad->last && !vad_is_special(vad);) {
			struct pt_span span = pt_span_at(&process->pt, vpn, vad->last + 1);

			for (uint64_t i = 0; span.node && i < span.n; i++) {
				pte_t pte = span.node->entry[span.index + i];

				if (pte_is_valid(pte) && !(pte & PTE_LOCKED) &&
				    process->ws_pages > keep)
					page_unmap(vmm, process, vpn + i, pte_prot(pte));
			}
			vpn += span.n;
		}
	}
	vmm->work.trimmed += had - process->ws_pages;
	return had - process->ws_pages;
}

/* W4. Returns whether any page was found used, or grew older. */
static bool age(struct vmm *vmm)
{
	uint32_t changes = 0, limit = (uint32_t)vmm->config->vmm.age_scan;

	for (guint i = 0; keeps_ages(vmm) && i < vmm->processes->len; i++) {
		struct process *process = g_ptr_array_index(vmm->processes, i);

		if (!process->exited)
			changes += process->replacer->ops->scan(process->replacer->state,
								limit ? limit : UINT32_MAX);
	}
	return changes;
}

/* W3: the swapper. Returns whether any process lost pages. */
static bool swap_out(struct vmm *vmm)
{
	GArray *order = turns(vmm, 0);
	bool any = false;

	for (guint i = 0; i < order->len; i++) {
		struct process *process = g_array_index(order, struct turn, i).process;

		if (process->swapped || !is_idle(vmm, process))
			continue;
		process->swapped = true;
		vmm->c->processes_swapped++;
		any |= working_set_empty(vmm, process, true) > 0;
	}
	g_array_unref(order);
	return any;
}

/* --- trimming (W6) --------------------------------------------------------------------------- */

/* Pages that are available, or will be once they are written, or have left other cores' TLBs. */
static uint64_t available_soon(const struct vmm *vmm)
{
	return pfn_available(&vmm->db) + vmm->db.n_held + writer_backlog(vmm) + vmm->ios_writing;
}

/* How much trimming is to make available; 0 when none is due. A thread that waits for a frame
 * wants one, whatever the thresholds say (L3). */
static uint64_t trim_goal(struct vmm *vmm, bool starved)
{
	const struct config *config = vmm->config;
	uint64_t available = pfn_available(&vmm->db);

	if (available < config->vmm.avail_low && !vmm->trimming)
		vmm->trimming = vmm->bsm.woken = true; /* W3: at once */
	else if (available >= config->vmm.avail_high)
		vmm->trimming = false;
	if (vmm->trimming || starved)
		return MAX(config->vmm.avail_high, 1);
	return 0;
}

/* Whether a process may lose a page: in the last pass, below a minimum that is not hard. */
static bool may_lose(const struct process *process, bool last_pass)
{
	return process->ws_pages > process->ws_min || (last_pass && !process->hard_min);
}

/* The pages of one age. */
static bool trim_age(struct vmm *vmm, unsigned age_wanted, bool last_pass, uint64_t goal)
{
	GArray *order = turns(vmm, age_wanted);
	bool any = false;

	for (guint i = 0; i < order->len; i++) {
		struct process *process = g_array_index(order, struct turn, i).process;

		while (available_soon(vmm) < goal && may_lose(process, last_pass)) {
			struct replacer *replacer = process->replacer;
			vmsim_pfn frame = replacer->ops->select_aged(replacer->state, age_wanted);

			if (frame == VMSIM_NO_PFN)
				break;
			replace_evict(vmm, frame);
			any = true;
		}
	}
	g_array_unref(order);
	return any;
}

/* Passes 1 and 2: from old to young, of processes above their minimum; pass 3: below it, too. */
static bool trim_by_age(struct vmm *vmm, uint64_t goal)
{
	bool any = false;

	for (int last_pass = 0; last_pass < 2; last_pass++)
		for (unsigned a = (unsigned)vmm->config->vmm.age_max + 1;
		     a-- > 0 && available_soon(vmm) < goal;)
			any |= trim_age(vmm, a, last_pass, goal);
	return any;
}

vmsim_pfn balance_victim(struct vmm *vmm)
{
	bool textbook = !vmm->config->standby.enabled; /* minima mean nothing to it */
	GArray *order = turns(vmm, (unsigned)vmm->config->vmm.age_max);
	vmsim_pfn frame = VMSIM_NO_PFN;

	for (int last_pass = textbook; last_pass < 2; last_pass++)
		for (guint i = 0; frame == VMSIM_NO_PFN && i < order->len; i++) {
			struct process *process = g_array_index(order, struct turn, i).process;

			if (may_lose(process, last_pass))
				frame = process->replacer->ops->select_victim(
					process->replacer->state);
		}
	g_array_unref(order);
	return frame;
}

static bool trim(struct vmm *vmm, uint64_t goal)
{
	bool any = false;

	if (keeps_ages(vmm))
		return trim_by_age(vmm, goal);
	while (available_soon(vmm) < goal) {
		vmsim_pfn frame = replace_victim(vmm, NULL);

		if (frame == VMSIM_NO_PFN)
			break;
		replace_evict(vmm, frame);
		any = true;
	}
	return any;
}

/* --- waking (W3) ----------------------------------------------------------------------------- */

void vmm_ran(struct vmm *vmm, struct process *process, vmsim_cycles now)
{
	vmm->bsm.now = MAX(vmm->bsm.now, now);
	vmm->bsm.at_rest = false;
	vmm->bsm.still = 0;
	process->last_ran = now;
	process->swapped = false;
}

void vmm_tick(struct vmm *vmm, vmsim_cycles now, uint64_t n)
{
	uint64_t before = vmm->bsm.ticks / SWAPPER_TICKS;

	vmm->bsm.now = now;
	vmm->bsm.ticks += n;
	vmm->bsm.faults = 0;
	vmm->bsm.woken = vmm->bsm.ticked = true;
	vmm->bsm.swap |= vmm->bsm.ticks / SWAPPER_TICKS != before;
}

bool vmm_at_rest(const struct vmm *vmm)
{
	return vmm->bsm.at_rest;
}

void vmm_slept(struct vmm *vmm, uint64_t n)
{
	vmm->bsm.ticks += n;
}

void balance_fault(struct vmm *vmm)
{
	uint64_t rate = vmm->config->vmm.bsm_fault_rate;

	if (!rate || ++vmm->bsm.faults < rate)
		return;
	vmm->bsm.faults = 0;
	vmm->bsm.woken = true;
}

/* Whether ticks have nothing to do any more: every page was looked at and none changed, and no
 * process is there for the swapper, now or once it has been idle for long. */
static bool nothing_left(const struct vmm *vmm)
{
	uint64_t limit = vmm->config->vmm.age_scan;

	for (guint i = 0; i < vmm->processes->len; i++) {
		const struct process *process = g_ptr_array_index(vmm->processes, i);

		if (process->exited || !process->ws_pages)
			continue;
		if (!process->swapped || (limit && vmm->bsm.still * limit < process->ws_pages))
			return false;
	}
	return true;
}

bool balance(struct vmm *vmm, bool starved)
{
	uint64_t goal = trim_goal(vmm, starved);
	bool ticked = vmm->bsm.ticked, any = false;

	if (vmm->bsm.woken) {
		vmm->c->balance_set_wakes++;
		any = age(vmm);
	}
	if (vmm->bsm.swap)
		any |= swap_out(vmm);
	vmm->bsm.woken = vmm->bsm.ticked = vmm->bsm.swap = false;
	vmm->sparing = !starved; /* who waits for a frame is not to wait for an access */
	any |= trim(vmm, goal);
	vmm->sparing = false;
	if (ticked) {
		vmm->bsm.still = any ? 0 : vmm->bsm.still + 1;
		vmm->bsm.at_rest = vmm->bsm.still && nothing_left(vmm);
	}
	return any;
}
