/* vmm_fixture.h: the memory manager without an engine. The test completes requests when it likes;
 * invariants are checked after every step. */
#ifndef VMM_FIXTURE_H
#define VMM_FIXTURE_H

#include "rules.h"
#include "vmm/internal.h"

#define P 4096u
#define A 0x100000u
#define PAGES 32u

struct fixture {
	vmsim_config *config;
	struct stats stats;
	struct events events;
	struct vmm *vmm;
	struct process *process;
	GPtrArray *ios; /* under way, oldest first */
	unsigned invalidated;
};

static inline void invalidate(void *ctx, uint32_t asid, vmsim_vpn vpn)
{
	(void)asid;
	(void)vpn;
	((struct fixture *)ctx)->invalidated++;
}

static inline void tables_freed(void *ctx, uint32_t asid, vmsim_vpn vpn)
{
	(void)ctx;
	(void)asid;
	(void)vpn;
}

static inline void submit(void *ctx, struct io *io)
{
	g_ptr_array_add(((struct fixture *)ctx)->ios, io);
}

static inline void check(struct fixture *f)
{
	g_assert_cmpstr(vmm_check(f->vmm), ==, NULL);
}

/* A call, which must not wait. => its error, 0 for success */
static inline uint32_t call(struct fixture *f, enum vmsim_call_id id, unsigned page, unsigned n,
		     uint32_t type, uint32_t prot)
{
	struct vmsim_call c = {.id = id, .size = {n * P}, .type = type, .protect = prot};
	struct api_call api = {.call = &c, .address = A + page * P};

	g_assert_cmpint(vmm_call(f->vmm, f->process, &api), ==, VMM_DONE);
	api_call_fini(&api);
	check(f);
	return api.outcome.kind == VMSIM_OUTCOME_SUCCESS ? 0 : api.outcome.error;
}

/* 64 frames unless told otherwise; nothing is written or trimmed unless it is asked for. */
static inline void set_up(struct fixture *f, const char *settings)
{
	const struct vmm_host host = {f, invalidate, submit, tables_freed};
	char *all = g_strconcat("rules=win32 memory.page_tables=out vmm.avail_low=0 "
				"vmm.avail_high=0 vmm.modified_max=0 vmm.mpw_free_low=0 "
				"vmm.mpw_avail_low=0 ",
				settings, NULL);
	char **each = g_strsplit(all, " ", 0);
	GError *error = NULL;

	*f = (struct fixture){.config = vmsim_config_new(), .ios = g_ptr_array_new()};
	for (char **s = each; *s; s++)
		vmsim_config_set(f->config, *s, &error);
	vmsim_config_finish(f->config, &error);
	g_assert_no_error(error);
	stats_init(&f->stats);
	events_init(&f->events);
	f->vmm = vmm_new(config_get(f->config), &f->stats, &f->events, &host);
	vmm_keep_contents(f->vmm);
	f->process = vmm_process_new(f->vmm, 1);
	call(f, VMSIM_CALL_VIRTUAL_ALLOC, 0, PAGES, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
	g_strfreev(each);
	g_free(all);
}

static inline void complete(struct fixture *f)
{
	struct io *io = g_ptr_array_index(f->ios, 0);

	g_ptr_array_remove_index(f->ios, 0);
	vmm_io_done(f->vmm, io);
	io_free(io);
	check(f);
}

static inline void tear_down(struct fixture *f)
{
	while (f->ios->len)
		complete(f);
	vmm_free(f->vmm);
	g_ptr_array_unref(f->ios);
	events_fini(&f->events);
	stats_fini(&f->stats);
	vmsim_config_free(f->config);
}

static inline pte_t entry(const struct fixture *f, unsigned page)
{
	return process_pte(f->process, A / P + page);
}

static inline struct pfn *frame_of(struct fixture *f, unsigned page)
{
	return &f->vmm->db.pfn[pte_frame(entry(f, page))];
}

/* One #PF. => VMM_DONE, or that it waits */
static inline enum vmm_status fault_at(struct fixture *f, unsigned page, enum vmsim_access access,
				struct fault *fault)
{
	enum vmm_status status;

	*fault = (struct fault){.va = A + page * P, .access = access};
	status = vmm_fault(f->vmm, f->process, fault);
	vmm_take_work(f->vmm);
	check(f);
	return status;
}

/* What a program does: touch a page until it is there, or refused. */
static inline enum vmsim_access_result touch(struct fixture *f, unsigned page, enum vmsim_access access)
{
	struct fault fault = {.result = VMSIM_RESULT_OK};

	while (!pte_is_valid(entry(f, page))) {
		enum vmm_status status = fault_at(f, page, access, &fault);

		if (status == VMM_DONE && fault.result != VMSIM_RESULT_OK)
			return fault.result;
		while (status == VMM_WAIT_IO && f->ios->len)
			complete(f);
		if (status == VMM_WAIT_FRAME)
			g_assert_true(vmm_background(f->vmm, true) || f->ios->len);
		while (status == VMM_WAIT_FRAME && f->ios->len)
			complete(f);
	}
	pt_set(&f->process->pt, A / P + page,
	       entry(f, page) | PTE_A | (access == VMSIM_WRITE ? PTE_D : 0));
	return VMSIM_RESULT_OK;
}

static inline void store(struct fixture *f, unsigned page, uint8_t byte)
{
	g_assert_cmpint(touch(f, page, VMSIM_WRITE), ==, VMSIM_RESULT_OK);
	vmm_store(f->vmm, pte_frame(entry(f, page)), A + page * P, 1, &byte);
}

static inline uint8_t load(struct fixture *f, unsigned page)
{
	uint8_t byte = 0;
	bool known = false;

	g_assert_cmpint(touch(f, page, VMSIM_READ), ==, VMSIM_RESULT_OK);
	vmm_load(f->vmm, pte_frame(entry(f, page)), A + page * P, 1, &byte, &known);
	g_assert_true(known);
	return byte;
}

static inline void evict(struct fixture *f, unsigned page)
{
	call(f, VMSIM_CALL_VIRTUAL_UNLOCK, page, 1, 0, 0);
	g_assert_true(pte_is_transition(entry(f, page)));
}

#endif
