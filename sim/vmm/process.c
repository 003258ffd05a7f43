/* process.c: address spaces, and the vmm as a whole. */
#include "mmu/design.h"
#include "vmm/check.h"

#define TABLE_PID 0

uint32_t pfn_owner_pid(const struct pfn *pfn)
{
	return pfn->owner ? pfn->owner->pid : TABLE_PID;
}

struct vmm *vmm_new(const struct config *config, struct stats *stats, struct events *events,
		    const struct vmm_host *host)
{
	struct vmm *vmm = g_new0(struct vmm, 1);
	uint32_t frames = (uint32_t)config->memory.frames;

	vmm->config = config;
	vmm->stats = stats;
	vmm->c = &stats->c;
	vmm->events = events;
	vmm->host = *host;
	vmm->rng.state = config->seed;
	vmm->next_io = 1;
	vmm->processes = g_ptr_array_new();
	vmm->ios = g_hash_table_new(NULL, NULL);
	vmm->injected = g_array_new(FALSE, FALSE, sizeof(struct injected));
	vmm->given_up = g_array_new(FALSE, FALSE, sizeof(vmsim_pfn));
	vmm->store = g_array_new(FALSE, FALSE, sizeof(vmsim_pfn));
	sections_init(vmm);
	pfn_db_init(&vmm->db, frames, config->memory.zeroed, events);
	limit_init(vmm);
	tables_init(vmm);
	/* Ages are kept, and pages trimmed, by process. */
	if (config->replacement.scope == SCOPE_GLOBAL &&
	    !vmsim_policy_at((size_t)config->replacement.policy)->scan)
		vmm->global = replacer_new(vmm);
	return vmm;
}

/* What an address space holds besides its frames and slots. */
static void process_drop(struct vmm *vmm, struct process *process)
{
	pt_prune(&process->pt, 0, vmm->pool.shape->vpn_end * 2, NULL, NULL);
	vad_tree_fini(&process->vads);
	range_map_free(process->freed);
	g_hash_table_destroy(process->charged_tables);
	g_clear_pointer(&process->last_stored, g_hash_table_destroy);
	process->freed = NULL;
	if (process->replacer != vmm->global)
		replacer_free(process->replacer);
	process->replacer = NULL;
}

/* Leaf entries must go before tables can be pruned. */
static void process_clear_entries(struct vmm *vmm, struct process *process)
{
	vmsim_vpn end = vmm->pool.shape->vpn_end;

	for (vmsim_vpn vpn = 0; vpn < end;) {
		struct pt_span span = pt_span_at(&process->pt, vpn, end);

		if (span.large)
			pt_clear_large(&process->pt, vpn);
		for (uint64_t i = 0; span.node && i < span.n; i++)
			pt_span_set(&span, i, 0);
		vpn += span.n;
	}
}

void vmm_free(struct vmm *vmm)
{
	if (!vmm)
		return;
	vmm_audit_end(vmm);
	shared_table_free(vmm->pool.shared); /* it need not hear of what goes now */
	vmm->pool.shared = NULL;
	for (guint i = 0; i < vmm->processes->len; i++) {
		struct process *process = g_ptr_array_index(vmm->processes, i);

		if (!process->exited) {
			process_clear_entries(vmm, process);
			process_drop(vmm, process);
		}
		g_free(process);
	}
	replacer_free(vmm->global);
	g_ptr_array_unref(vmm->processes);
	g_hash_table_destroy(vmm->ios); /* the engine frees what is under way */
	g_array_unref(vmm->injected);
	g_array_unref(vmm->given_up);
	g_array_unref(vmm->store);
	sections_fini(vmm);
	pt_pool_fini(&vmm->pool);
	pfn_db_fini(&vmm->db);
	pagefile_fini(&vmm->file);
	g_free(vmm);
}

void vmm_keep_contents(struct vmm *vmm)
{
	if (vmm->keep_contents)
		return;
	vmm->keep_contents = true;
	for (vmsim_pfn f = 0; f < vmm->db.fresh; f++)
		if (vmm->db.pfn[f].state != PFN_ZEROED && vmm->db.pfn[f].state != PFN_FREE)
			content_set(&vmm->db.pfn[f].content, content_unknown());
	pagefile_set_all(&vmm->file, content_unknown());
	reset_forget(vmm);
}

struct work vmm_take_work(struct vmm *vmm)
{
	struct work work = vmm->work;

	tables_count(vmm);
	vmm->work = (struct work){0};
	return work;
}

struct process *vmm_process_new(struct vmm *vmm, uint32_t pid)
{
	struct process *process;

	/* Identifiers are never used again: an exited process may still have I/O under way. The
	 * last one is no process's: that of global translations. */
	if (vmm->processes->len == ASID_MAX - 1)
		return NULL;
	process = g_new0(struct process, 1);
	process->pid = pid;
	process->asid = vmm->processes->len + 1;
	process->account = stats_account_new(vmm->stats, pid);
	process->ws_min = vmm->config->vmm.ws_min;
	process->ws_max = vmm->config->vmm.ws_max;
	process->last_ran = vmm->bsm.now;
	vad_tree_init(&process->vads, vmm->pool.shape->lo, vmm->pool.shape->hi);
	pt_init(&process->pt, &vmm->pool);
	process->pt.asid = process->asid;
	process->freed = range_map_new();
	process->charged_tables = g_hash_table_new(NULL, NULL);
	process->replacer = vmm->global ? vmm->global : replacer_new(vmm);
	g_ptr_array_add(vmm->processes, process);
	return process;
}

/* 2.12: every block is released without any write-out. I/O under way runs out on its own; the
 * frames it holds name no process any more. */
static void exit_block(void *ctx, struct vad *vad)
{
	void **both = ctx;
	struct vmm *vmm = both[0];
	struct process *process = both[1];
	struct page_run run = {.vmm = vmm, .cause = "ExitProcess"};

	pages_free(vmm, process, vad, vad->first, vad->last, STATE_FREE, &run);
	page_run_end(&run);
	if (vad->segment)
		segment_remove_view(vmm, vad);
}

enum vmm_status call_exit(struct vmm *vmm, struct process *process, struct api_call *call)
{
	void *both[2] = {vmm, process};

	vad_foreach(&process->vads, exit_block, both);
	sections_close_all(vmm, process);
	tables_prune(vmm, process, 0, vmm->pool.shape->vpn_end);
	pages_charge(vmm, process, -(int64_t)g_hash_table_size(process->charged_tables));
	stats_reserved(vmm->stats, process->account, -(int64_t)process->vads.reserved_pages);
	vmm->hard_minima -= process->hard_min;
	process->exited = true;
	process_drop(vmm, process);
	return call_ok(call);
}

uint32_t process_asid(const struct process *process)
{
	return process->asid;
}

uint32_t process_pid(const struct process *process)
{
	return process->pid;
}

bool process_has_exited(const struct process *process)
{
	return process->exited;
}

struct account *process_account(const struct process *process)
{
	return process->account;
}

const struct page_table *process_page_table(const struct process *process)
{
	return &process->pt;
}

uint64_t process_pte(const struct process *process, vmsim_vpn vpn)
{
	return pt_get(&process->pt, vpn);
}

struct process *vmm_process_by_asid(struct vmm *vmm, uint32_t asid)
{
	return asid && asid <= vmm->processes->len ? g_ptr_array_index(vmm->processes, asid - 1)
						   : NULL;
}
