/* vmm.h: the virtual memory manager, as the engine sees it.
 *
 * The engine owns time, cores, TLBs and devices. It brings faults, calls and completed I/O here;
 * each is a step that changes state at once and leaves in `work` what it did, for the engine to
 * charge. What cannot be finished yet is answered VMM_WAIT_..., and brought again later.
 *
 * What the vmm asks of the engine goes through struct vmm_host. */
#ifndef VMM_VMM_H
#define VMM_VMM_H

#include "config/config.h"
#include "event/event.h"
#include "stats/stats.h"
#include "vmm/content.h"

#include <vmsim/trace.h>

struct vmm;
struct process;

enum vmm_status {
	VMM_DONE,
	VMM_WAIT_IO,    /* until the request in *io completes */
	VMM_WAIT_FRAME, /* until a frame can be had */
	VMM_TOUCH,      /* a call needs `touch` faulted in first, as if the program had read it */
};

enum fault_type {
	FAULT_NONE, /* not decided yet */
	FAULT_TRANSITION,
	FAULT_DEMAND_ZERO,
	FAULT_COPY_ON_WRITE,
	FAULT_GUARD,
	FAULT_HARD,
	FAULT_STORE,
	FAULT_VIOLATION,
	FAULT_SPURIOUS,
	FAULT_DIRTY,
	N_FAULT_TYPES
};
extern const char *const fault_type_names[N_FAULT_TYPES];

/* A request to a pagefile, or to a file. Made by the vmm, timed by the engine, returned by
 * vmm_io_done(). */
struct io {
	uint64_t id; /* in order of issue, from 1 */
	bool write;
	uint64_t place;   /* where it begins on the device, in pages */
	uint32_t slot;    /* of its first page, with its pagefile's number; 0 for a file */
	uint32_t pages;   /* one after another */
	vmsim_pfn *frame; /* of each page */
	bool *failed;     /* of each page, once it is done */
	struct process *process; /* that it is for */
	vmsim_vpn vpn;           /* of its first page, or of the page that faulted */
	uint32_t wanted_page;    /* of a read: index of the page that faulted; IO_NONE: none did */
	enum vmsim_access access; /* what that was wanted for */
	unsigned priority;        /* of the page when it is mapped (W11) */
	const char *cause;
	/* the engine's: the cycles of the fault, of joining the queue, of service and of its end,
	 * and the event that asked */
	vmsim_cycles wanted, submitted, started, done;
	uint64_t seq, line;
	uint32_t tid;
};
#define IO_NONE UINT32_MAX
void io_free(struct io *io);

/* What a step did, in units that cost time (timing T12 to T16). */
struct work {
	uint64_t zeroed;  /* frames zeroed in line */
	uint64_t trimmed; /* pages taken out of a working set */
	uint64_t aged;    /* accessed bits looked at */
	uint64_t written; /* writes issued */
	uint64_t compressed; /* pages put into the store */
	/* pages acted on by a call */
	uint64_t committed, decommitted, freed, protected, reset, locked, queried;
	uint64_t offered, watched, prefetched;
};

struct vmm_host {
	void *ctx;
	/* The translation of a page changed; invalidate it before the step ends (H20). */
	void (*invalidate)(void *ctx, uint32_t asid, vmsim_vpn vpn);
	/* A request was issued in this step. */
	void (*submit)(void *ctx, struct io *io);
	/* Page tables were freed, one of which a walk of this page would have read: no cache may
	 * hold them when the step ends (H20.free, I26). */
	void (*tables_freed)(void *ctx, uint32_t asid, vmsim_vpn vpn);
};

struct vmm *vmm_new(const struct config *config, struct stats *stats, struct events *events,
		    const struct vmm_host *host);
void vmm_free(struct vmm *vmm);

/* vmm_keep_contents: contents are kept from now on; what resident and paged-out pages hold by now
 * is unknown. Until it is called they are not, which saves the time. */
void vmm_keep_contents(struct vmm *vmm);

/* The work of the step since it was last taken; taking clears it. */
struct work vmm_take_work(struct vmm *vmm);

/* --- processes ------------------------------------------------------------------------- */

/* vmm_process_new: an empty address space. NULL when no address-space identifier is left. */
struct process *vmm_process_new(struct vmm *vmm, uint32_t pid);
uint32_t process_asid(const struct process *process);
uint32_t process_pid(const struct process *process);
bool process_has_exited(const struct process *process);
struct account *process_account(const struct process *process);
const struct page_table *process_page_table(const struct process *process);

/* Priorities of pages (W11): 0 to this. */
#define PAGE_PRIORITY_MAX 7

/* --- faults (semantics 3.1 step 4, section 4) ------------------------------------------- */

struct fault {
	vmsim_va va; /* first byte touched in the page */
	enum vmsim_access access;
	bool implicit_commit; /* free pages that no call covered commit on first touch (Q5) */
	vmsim_va stack_low, stack_end; /* of the thread, growing down (K2); 0, 0: unknown */
	unsigned priority;             /* of the pages it maps (W11) */
	unsigned again; /* how often the page was brought in for this access, and taken before it */
	/* answers */
	enum fault_type type;
	enum vmsim_access_result result; /* OK, or the exception it raises */
	struct io *io;                   /* to wait for; NULL once the fault needs no more of it */
	vmsim_pfn frame;                 /* of it, the page waited for */
	uint32_t protect;                /* Win32: of a guard, what was found (3.3) */
	bool is_pinned; /* a page stays: while it waits, the one to copy; after it, its own */
	vmsim_pfn pinned;
	bool is_behind; /* while it waits: another that copies is to have the next frame */
	bool resolved; /* after the wait nothing is left to do: the access is tried again */
};

/* On the textbook machine accesses that need more frames than there are could take each other's
 * pages for ever. A page that was taken so often before its access stays the next time (W2). */
#define VMM_PATIENCE 8u

/* vmm_fault: resolve a #PF, or raise.
 * => VMM_DONE: type and result say how it ended
 * => VMM_WAIT_IO: when fault->resolved, return to the access after the wait, else call again
 * => VMM_WAIT_FRAME: call again */
enum vmm_status vmm_fault(struct vmm *vmm, struct process *process, struct fault *fault);
/* vmm_unpin: the access follows, or begins something else. Returns whether a page had to stay for
 * it: who waits for a frame may try again. */
bool vmm_unpin(struct vmm *vmm, struct fault *fault);

/* State and protection of a page as a violation reports them, and who took its rights. The
 * strings are static or in buf. */
struct page_view {
	const char *state;
	uint32_t protect; /* Win32; 0 unless committed */
	struct vmsim_freed_by freed_by;
};
struct page_view vmm_view(const struct vmm *vmm, const struct process *process, vmsim_va va);

/* vmm_permits: whether the page permits an access, without touching anything (3.1 4a to 4d). */
bool vmm_permits(struct vmm *vmm, struct process *process, vmsim_va va, enum vmsim_access access,
		 bool implicit_commit);

/* --- references and contents ------------------------------------------------------------ */

/* vmm_referenced: tell the policy which frames were referenced, in order. */
void vmm_referenced(struct vmm *vmm, struct process *process, const vmsim_pfn *frames, size_t n);

/* vmm_store, vmm_load: contents of a resident page, within one page. Storing NULL makes the bytes
 * unknown. */
void vmm_store(struct vmm *vmm, vmsim_pfn frame, vmsim_va va, unsigned n, const uint8_t *bytes);
void vmm_load(struct vmm *vmm, vmsim_pfn frame, vmsim_va va, unsigned n, uint8_t *bytes,
	      bool *known);
/* vmm_other_value: whether the page was reset since it was last stored to, so that its bytes may
 * be zeros, or what was stored last (I31): `bytes` and `known` get the one or the other. */
bool vmm_other_value(struct vmm *vmm, vmsim_pfn frame, vmsim_va va, unsigned n, bool zero,
		     uint8_t *bytes, bool *known);

/* vmm_inject: an error is to befall a page: the next read or write of it, or the frame it is in
 * (L16, L25, L32). Pages that are not committed have none. */
void vmm_inject(struct vmm *vmm, struct process *process, vmsim_va va, enum vmsim_inject kind);

/* vmm_shares: whether two processes' ranges of pages show a page of one section. */
bool vmm_shares(const struct process *a, vmsim_vpn first, vmsim_vpn last, const struct process *b,
		vmsim_vpn other_first, vmsim_vpn other_last);

/* vmm_has_guard: whether a range of pages holds a guard page. */
bool vmm_has_guard(const struct process *process, vmsim_vpn first, vmsim_vpn last);

/* --- calls (semantics section 2) -------------------------------------------------------- */

struct api_call {
	const struct vmsim_call *call;
	vmsim_va address; /* labels resolved */
	vmsim_va place;   /* where a NULL allocation goes if it can; 0: anywhere */
	/* answers */
	struct vmsim_outcome outcome; /* addresses absolute */
	uint32_t status;              /* NTSTATUS of a failure */
	const char *rule;             /* the first rule broken, or NULL */
	const char *why;
	vmsim_va touch; /* VMM_TOUCH */
	struct io *io;  /* VMM_WAIT_IO */
	/* private to the call between steps */
	enum vmsim_access_result touched; /* how the touch ended; NONE before */
	GArray *newly_locked;             /* of vmsim_vpn */
	uint64_t promised;                /* pages it will yet lock */
	bool doomed;                      /* a lock that will fail at some page */
	vmsim_vpn next;                   /* the page it is to lock next */
	bool begun;
	bool tables_asked; /* whether the page tables fit was decided (C4) */
	int64_t charged;   /* commit charge moved ahead of the pages, while waiting for tables */
};

/* vmm_call: carry out a call, or as much of it as can be done now.
 * => VMM_DONE: outcome is complete; nothing else changed state if it failed (but E0)
 * => otherwise wait or touch, then call again with the same struct */
enum vmm_status vmm_call(struct vmm *vmm, struct process *process, struct api_call *call);
void api_call_fini(struct api_call *call);

/* vmm_call_range: the pages a call acts on (T3); false when none. */
bool vmm_call_range(const struct vmm *vmm, const struct process *process,
		    const struct vmsim_call *call, vmsim_va address, vmsim_vpn *first,
		    vmsim_vpn *last);
/* vmm_call_place: of a call that leaves open where to allocate (V11, V12), the pages that it would
 * take now; `place` is where it did when it was recorded, or 0. False if it is none, or finds
 * none. */
bool vmm_call_place(struct vmm *vmm, struct process *process, const struct vmsim_call *call,
		    vmsim_va place, vmsim_vpn *first, vmsim_vpn *last);

/* --- I/O and background work ------------------------------------------------------------ */

/* vmm_io_done: a request completed. The caller frees it, once those who waited know. */
void vmm_io_done(struct vmm *vmm, struct io *io);
/* vmm_waited: tell a fault that waited for a request how that ended: it may be an in-page error. */
void vmm_waited(struct vmm *vmm, struct process *process, const struct io *io,
		struct fault *fault);

/* The vmm knows the time from the engine alone; only for how long processes have been idle.
 * vmm_ran: a process runs, or ran until now.
 * vmm_tick: the balance set manager's timer comes (W3), for the n-th time since it last did; the
 * next step of background work is its.
 * vmm_at_rest: whether it would find nothing to do before a process runs or a request completes;
 * it may sleep then. vmm_slept: n times, that was. */
void vmm_ran(struct vmm *vmm, struct process *process, vmsim_cycles now);
void vmm_tick(struct vmm *vmm, vmsim_cycles now, uint64_t n);
bool vmm_at_rest(const struct vmm *vmm);
void vmm_slept(struct vmm *vmm, uint64_t n);
/* vmm_write_due: the cycle in which modified pages will have waited so long that they are written
 * (W8); VMM_NEVER: no timer is set. vmm_write_timer: it is `now`, for how long pages have waited
 * and processes have been idle; before each vmm_background(). */
#define VMM_NEVER UINT64_MAX
vmsim_cycles vmm_write_due(const struct vmm *vmm);
void vmm_write_timer(struct vmm *vmm, vmsim_cycles now);

/* vmm_background: one step of growing, trimming or writing (C3, semantics 7.4, 7.5), if one is due.
 * => starved: a thread waits for a frame, so everything modified is to be written
 * => returns false when there is nothing to do */
bool vmm_background(struct vmm *vmm, bool starved);
/* vmm_has_background: whether there may be background work after a step. */
bool vmm_has_background(const struct vmm *vmm);
/* vmm_zeroable: how many frames the zero-page thread of an idle core would zero now, one by one; it
 * wakes when there are enough, and once awake zeroes all (W10). vmm_zero: the first is (L26). */
uint64_t vmm_zeroable(const struct vmm *vmm, bool awake);
void vmm_zero(struct vmm *vmm);
/* Whether a frame can be had now without waiting for I/O. */
bool vmm_has_frames(struct vmm *vmm);

/* --- frames given up while other cores are told so (T2) ----------------------------------- */

/* vmm_hold: the frames that lost a mapping since it was last called come on no list before they are
 * given to vmm_list(), each once; appended to `frames`, of vmsim_pfn. NULL: no other core has to
 * hear of it, and they stand where they are. With one core there are none. */
void vmm_hold(struct vmm *vmm, GArray *frames);
/* vmm_list: the shootdown of its page was acknowledged: it comes on the list of the state it has
 * come to, if it has one. */
void vmm_list(struct vmm *vmm, vmsim_pfn frame);

/* --- audit ------------------------------------------------------------------------------ */

/* vmm_check: NULL, or the identifier of the first invariant (semantics 10) that does not hold. */
const char *vmm_check(struct vmm *vmm);
/* The leaf entry of a page, for checks of the TLB against the page table (I24, I25, I27). */
uint64_t process_pte(const struct process *process, vmsim_vpn vpn);
struct process *vmm_process_by_asid(struct vmm *vmm, uint32_t asid);

#endif
