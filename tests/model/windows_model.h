/* windows_model.h: the second opinion, a slow and obvious implementation of the specification.
 *
 * Two kinds of statement. What the specification alone decides is predicted: every call's outcome
 * and the rule it fails by, page states, protections, contents, charges, the exceptions an access
 * raises. What is the simulator's choice is followed: which frame, which victim, when I/O is done;
 * of these the model hears by the simulator's events, holds each against the life of a frame (L10
 * to L38) and keeps from them its own account of where every page is.
 *
 * Nothing here is shared with the simulator: a list of blocks searched from the front, a table of
 * page records, an array of frames, plain bytes. There is no TLB, no page table, no time.
 *
 * An operation under way may overlap with background work: what an event may find of its page then
 * is either what was before it or what is after. Such a page is open (wm_page.open); once the
 * operation is known to have ended it is settled, and what came of it is judged. */
#ifndef WINDOWS_MODEL_H
#define WINDOWS_MODEL_H

#include <glib.h>
#include <vmsim/vmsim.h>

#define WM_P ((uint64_t)4096)
#define WM_G ((uint64_t)65536)
#define WM_PROCESSES 4u /* their ids are 1 .. WM_PROCESSES */

enum wm_where {
	WM_NOWHERE, /* no frame, no slot: untouched, or lost */
	WM_ACTIVE,  /* in the working set */
	WM_STANDBY,
	WM_MODIFIED,
	WM_READING,  /* T, READ_IO */
	WM_WRITING,  /* T, WRITE_IO */
	WM_PAGEFILE, /* in its slot only */
	WM_GONE      /* deleted, and nothing is left of it */
};

enum wm_reset { WM_LIVE, WM_PENDING, WM_LOST };
enum wm_leave { WM_STAYED, WM_LEFT_CLEAN, WM_LEFT_DIRTY };

/* A committed page, from its commit until its last frame and slot are gone. */
struct wm_page {
	struct wm_page *proto;       /* of a view: the section's page, until it is copied */
	struct wm_page *copied_from; /* it is to be, by the write under way */
	bool in_file;                /* a section's page, whose store is a file */
	bool free_of_charge;         /* of a view that does not copy (C1) */
	unsigned opens;              /* operations that act on it */
	gint64 key;                  /* of wm.pages: process and page */
	uint32_t pid;
	uint64_t vpn;
	uint32_t prot;    /* with its modifiers */
	uint8_t *byte;    /* NULL: all zero */
	uint8_t *unknown; /* a byte each; NULL: all are known */
	uint8_t *before;  /* what was there when it was lost, or NULL */
	bool vague;       /* some were unknown before they were lost */
	bool deleted;     /* decommitted, released, or its process is gone */
	bool locked;
	bool offered; /* R9: no access, whatever its protection becomes meanwhile (R12, I23) */
	enum wm_reset reset; /* of the page since its last write (R3) */
	/* where it is, by the events */
	enum wm_where where;
	uint32_t pfn;
	uint64_t slot; /* 0: none */
	bool stale;    /* written since it was read from a slot, which it may hold yet (L30) */
	bool dirty;    /* content newer than the slot's, or there is none */
	bool writing;  /* a write of it is under way, also while it is active (L23) */
	uint64_t told; /* slot + 1 of a page-out that may be its: events name no section there */
	bool discard;  /* the slot of that write is stale when it completes */
	bool zero;     /* a zero page that nobody wrote (R5, memory.zero_fill_dirty) */
	uint32_t priority, offer_priority; /* of its standby list (W11) */
	int64_t order;                     /* in that list */
	uint64_t listed_in;                /* the operation that was under way when it came there */
	bool unordered;                    /* where in the list is not known */
	bool to_head;                      /* it goes to the head when it comes there (R11) */
	/* the operation under way on it */
	uint64_t open;  /* its number, 0 for none */
	bool touched;   /* it accesses the page, which permits it */
	bool reached;   /* it accesses the page, at least until it begins again (K2) */
	bool read_only; /* though it stores: the page is copied from */
	bool lock_new;  /* it locks the page, which was not locked */
	bool came;      /* it became active meanwhile */
	bool had_frame; /* it had a frame when that began */
	bool was_in;    /* it was active when that began */
	bool picked;    /* a write of it began meanwhile */
	bool was_lost;  /* it had been lost when an undo made it live meanwhile */
	bool lost_now;  /* its contents were dropped meanwhile */
	bool doubtful;  /* lost, or live and never written: told by MEM_RESET_UNDO alone */
	enum wm_leave left;
	uint32_t fault; /* enum wm_fault */
	/* errors */
	bool may_have_failed; /* a write of it while it was active: it is dirty then */
	bool turning; /* its frame is turning bad */
	bool bad;     /* its frame turned bad: the next access may tell (L32) */
};

/* The fault that a move of a page was due to, until the page-fault event tells of it. */
enum wm_fault { WM_NO_FAULT, WM_ZERO_FAULT, WM_SOFT_FAULT, WM_READ_FAULT, WM_COPY_FAULT };

#define WM_PAGE "page %u:%" G_GINT64_MODIFIER "x"
#define WM_ARGS(p) (p)->pid, (p)->vpn

struct wm_block {
	uint32_t pid;
	uint64_t first, end; /* pages */
	uint32_t alloc_protect;
	bool awe, placeholder;
	bool replaces;              /* it took a placeholder's place */
	struct wm_section *section; /* of a view */
	uint32_t access;            /* FILE_MAP_ */
	uint8_t *watch;             /* write-watch bits, a byte each (2.11); NULL: not watched */
};

/* The pages behind sections: a file's, or one section's own. */
struct wm_store {
	char *name; /* in events: the file's path, else the section's name */
	bool file, gone;
	GPtrArray *pages;
};

struct wm_section {
	const char *name;
	struct wm_store *store;
	uint32_t maker, protect;
	bool open; /* its maker has not closed its handle */
	unsigned views;
};

/* Whether a frame stands on the list of its state, on a machine with several cores (T2). */
enum wm_hold {
	WM_LISTED,
	WM_HELD,      /* it was given up, and other cores have not been interrupted yet */
	WM_ANSWERING, /* they have, and may have answered */
};

struct wm_frame {
	const char *state; /* the name in events */
	enum wm_hold hold;
	uint64_t giver; /* the event that gave it up, 0 for background work, and on which core */
	uint32_t giver_core;
	struct wm_page *page;
	bool table; /* it is a page table (L38) */
};

/* What decides about a call. */
struct wm_verdict {
	bool ok;
	bool either;      /* success or 170: what was lost decides (R8) */
	uint32_t code;    /* Win32 */
	const char *rule; /* the first step that failed */
	struct wm_block *block;
	struct wm_section *section;
	uint64_t first, end; /* pages acted on */
	uint64_t address;    /* returned */
	uint32_t old;        /* VirtualProtect */
	bool part;           /* of a block is released (E11) */
	bool split, join;    /* placeholders (2.3) */
	bool empty;          /* the working set is to be emptied */
	uint64_t stop;       /* VirtualLock: the page at which it failed, and what stopped it */
	bool guard;
};

/* One operation of a case. */
struct wm_op {
	struct vmsim_event event;
	struct vmsim_call call;
};

/* A change of page state that a call must report. */
struct wm_change {
	uint64_t vpn;
	const char *from, *to;
};

/* The operation of a process that is under way. */
struct wm_flight {
	const struct wm_op *op;
	uint64_t seq;
	uint32_t pid;
	struct wm_verdict verdict;
	enum vmsim_access_result result;
	uint64_t fault_va;      /* where the exception is raised */
	const char *state;      /* of that page */
	uint32_t fault_protect; /* and its protection */
	guint line;             /* of the trace */
	GPtrArray *pages;       /* records it acts on */
	GArray *changes;        /* struct wm_change, not yet reported */
	bool unsure;            /* what it returns depends on what is not known */
	bool may_err;           /* an injected error may come to pass */
	unsigned guards; /* guards that it consumes and no page-fault event has told of yet */
	struct wm_page *beyond; /* whose guard it consumes, unless an earlier page has an error */
	uint32_t beyond_prot;   /* with that guard */
	bool failed, raised, differed, must_differ, asked, answered;
	uint32_t code, differ_code;
	uint64_t got; /* what a read returned that was asked about */
};

/* The machine a case runs on. */
struct wm_machine {
	int rules; /* 0 article, 1 win32 */
	uint64_t processes, frames, slots, ws_min, lock_overhead, hi, fault_cluster, mpw_cluster;
	bool tables_in, small_tlb, pcid, every_reference, software_dirty, partial, may_raise,
		sections, standby, zero_fill_dirty, zeroed, overlap;
	const char *policy, *device, *scope;
	unsigned audit;
	uint64_t more; /* a bit for each of wm_more */
};

/* Settings of which no result depends: what translates, what costs, where slots are. */
#define WM_MORE 20u
#define WM_CORES 3u /* the first two: several cores */
extern const char *const wm_more[WM_MORE];

/* ThreadStack: of a process's only thread. */
struct wm_stack {
	uint64_t low, end; /* bytes; end 0: none */
};

struct wm_counts {
	uint64_t ops; /* carried out */
	uint64_t faults[8]; /* by wm_fault_names */
	uint64_t input, output, reads, writes, repurposed;
	uint64_t pending, lost, pending_unsure, lost_unsure;
	uint64_t calls, calls_failed, values, asked, in_page;
	uint64_t charge_peak, reserved_peak, resident, resident_peak;
	uint64_t succeeded[VMSIM_N_CALLS], refused[VMSIM_N_CALLS];
};

struct wm {
	struct wm_machine machine;
	GList *stores, *sections;
	bool sharing;         /* there have been views: valid entries cannot be counted by events */
	GList *blocks;        /* struct wm_block, by process and address */
	GHashTable *pages;    /* committed pages */
	GHashTable *errors[2]; /* how often the next read, or write, fails, by a page's key */
	GPtrArray *all;        /* every record there ever was */
	struct wm_frame *frames;
	struct wm_flight flight[WM_PROCESSES + 1];
	uint64_t entered; /* pages that became standby so far */
	uint64_t charge, reserved, locked[WM_PROCESSES + 1];
	struct wm_stack stack[WM_PROCESSES + 1];
	struct {
		uint64_t min, max; /* pages */
	} ws[WM_PROCESSES + 1];
	bool exists[WM_PROCESSES + 1];
	GPtrArray *kept; /* arrays that recorded outcomes point to */
	uint64_t seq;
	struct wm_counts n;
	char *difference; /* the first */
};

/* --- model_blocks.c: blocks, page records, VirtualQuery, placement --- */

struct wm *wm_new(const struct wm_machine *machine);
void wm_free(struct wm *m);
struct wm_block *wm_block_at(const struct wm *m, uint32_t pid, uint64_t vpn);
/* wm_block_over: the first block of a process that reaches into [first, end). */
struct wm_block *wm_block_over(const struct wm *m, uint32_t pid, uint64_t first, uint64_t end);
void wm_block_add(struct wm *m, const struct wm_block *block);
void wm_block_remove(struct wm *m, struct wm_block *block);
struct wm_page *wm_page_at(const struct wm *m, uint32_t pid, uint64_t vpn);
struct wm_page *wm_page_commit(struct wm *m, uint32_t pid, uint64_t vpn, uint32_t prot);
void wm_page_delete(struct wm *m, struct wm_page *p);
bool wm_injected(const struct wm *m, const struct wm_page *p, enum vmsim_inject what);
void wm_inject(struct wm *m, uint32_t pid, uint64_t vpn, enum vmsim_inject what, bool on);
/* wm_place: V11; 0 when there is no hole of that many pages. */
uint64_t wm_place(const struct wm *m, uint32_t pid, uint64_t pages, bool top_down);
void wm_query(const struct wm *m, uint32_t pid, uint64_t va, struct vmsim_outcome *out);
/* wm_differ: note the first difference. */
void wm_differ(struct wm *m, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* --- model_calls.c: what a call must answer --- */

bool wm_protection_valid(uint32_t prot);
/* wm_judge: the outcome of a call under a rule set; changes nothing. */
void wm_judge(const struct wm *m, uint32_t pid, const struct vmsim_call *c, int rules,
	      struct wm_verdict *v);

/* --- model_more.c: working sets, offers, write watches --- */

/* Whether the call is MEM_RESET or its kin; or what takes that back. */
bool wm_resets(const struct vmsim_call *c);
bool wm_undoes(const struct vmsim_call *c);
void wm_judge_limits(const struct wm *m, uint32_t pid, const struct vmsim_call *c,
		     struct wm_verdict *v);
void wm_judge_offer(const struct wm *m, uint32_t pid, const struct vmsim_call *c,
		    struct wm_verdict *v);
void wm_judge_watch(const struct wm *m, uint32_t pid, const struct vmsim_call *c,
		    struct wm_verdict *v);
void wm_apply_offer(struct wm *m, struct wm_flight *f, const struct vmsim_call *c);
void wm_apply_watch(struct wm *m, struct wm_flight *f, struct vmsim_call *c);
/* wm_watch_written: the page was written to; perhaps only, when its D was set and no byte
 * stored. */
void wm_watch_written(struct wm *m, const struct wm_page *p, bool surely);

/* --- model_place.c: VirtualAlloc2, placeholders, releasing a part --- */

/* wm_alloc2_arguments: what VirtualAlloc2 asks beyond VirtualAlloc; false when it fails. */
bool wm_alloc2_arguments(const struct wm *m, const struct vmsim_call *c, struct wm_verdict *v);
/* wm_place_within: V12; 0 when there is no hole. */
uint64_t wm_place_within(const struct wm *m, uint32_t pid, uint64_t pages,
			 const struct vmsim_call *c);
void wm_judge_placeholder(const struct wm *m, uint32_t pid, const struct vmsim_call *c,
			  struct wm_verdict *v);
void wm_apply_placeholder(struct wm *m, struct wm_flight *f);
/* wm_block_cut: the block loses [first, end): it shrinks, splits or goes. */
void wm_block_cut(struct wm *m, struct wm_block *b, uint64_t first, uint64_t end);

/* --- model_section.c: sections and views --- */

/* wm_section_page: by the name in events. */
struct wm_page *wm_section_page(const struct wm *m, const char *name, uint64_t index);
void wm_sections_free(struct wm *m);
void wm_judge_section(const struct wm *m, uint32_t pid, const struct vmsim_call *c,
		      struct wm_verdict *v);
void wm_apply_section(struct wm *m, struct wm_flight *f, const struct vmsim_call *c);
void wm_unmap(struct wm *m, struct wm_flight *f, struct wm_block *b);
void wm_sections_exit(struct wm *m, struct wm_flight *f);
bool wm_view_allows(const struct wm_block *b, uint32_t prot);
uint32_t wm_view_protection(const struct wm_page *p, const struct wm_block *b, uint32_t prot);
int64_t wm_view_charge(const struct wm_page *p, const struct wm_block *b, uint32_t prot);
void wm_copy_on_write(struct wm *m, struct wm_flight *f, struct wm_page *p);
/* wm_body: the record of what a page holds and where that is. */
static inline struct wm_page *wm_body(struct wm_page *p)
{
	return p->proto ? p->proto : p;
}

/* --- model_apply.c: what a call does, and what came of it --- */

/* wm_call: carry out a call in the model, and say in f what must be seen of it. */
void wm_call(struct wm *m, struct wm_flight *f, struct vmsim_call *c);
void wm_call_settle(struct wm *m, struct wm_flight *f);
/* wm_change_expected: a page-state event must tell of this. */
void wm_change_expected(struct wm_flight *f, uint64_t vpn, const char *from, const char *to);
/* wm_decommit: the page, if it is committed, becomes what to says. */
void wm_decommit(struct wm *m, struct wm_flight *f, uint64_t vpn, const char *to);
/* wm_open: the page is acted on by f. */
void wm_open(struct wm *m, struct wm_flight *f, struct wm_page *p);
/* wm_commit: the pages of v become committed, with this protection (E5). */
void wm_commit(struct wm *m, struct wm_flight *f, const struct wm_verdict *v, uint32_t prot);
void wm_unlock(struct wm *m, struct wm_page *p);
void wm_settle_common(struct wm *m, struct wm_page *p);
/* wm_settle_told: everything that an event must tell has been told. */
void wm_settle_told(struct wm *m, const struct wm_flight *f);

/* --- model_access.c: loads, stores, fetches --- */

uint32_t wm_block_caching(const struct wm_block *b, uint32_t prot);
void wm_guard_taken(struct wm *m, struct wm_page *p);
/* wm_copies: the protection says copy on write. */
bool wm_copies(uint32_t prot);
bool wm_permits(uint32_t prot, unsigned op);
void wm_access(struct wm *m, struct wm_flight *f, struct vmsim_event *e);
void wm_access_settle(struct wm *m, struct wm_flight *f);

/* --- model_hear.c: the simulator's events --- */

extern const char *const wm_fault_names[8];
struct wm_flight *wm_flight_of(struct wm *m, uint32_t pid);
void wm_listen(void *ctx, const struct vmsim_record *r);

/* --- model_follow.c: the moves of frames --- */

void wm_frame_state(struct wm *m, const struct vmsim_record *r);
/* wm_lose: the contents of a reset page are dropped. */
void wm_lose(struct wm *m, struct wm_page *p);
bool wm_in_frame(const struct wm_page *p);

/* --- model_lists.c: which frame is next --- */

void wm_list_enter(struct wm *m, struct wm_page *p);
void wm_list_dispose(struct wm *m, struct wm_page *p, enum vmsim_call_id how);
void wm_list_take(struct wm *m, const struct wm_page *p, const char *from, bool zero);
void wm_hold_move(struct wm *m, struct wm_frame *frame, const struct vmsim_record *r,
		  bool from_list);
void wm_hold_shootdown(struct wm *m, const struct vmsim_record *r);
void wm_hold_end(struct wm *m, uint64_t seq);

/* --- model_run.c: one case, both opinions --- */

/* wm_run: NULL when they agree, else the difference, g_free() it.
 * => trace: when not NULL, gets the operations as lines with the results that the model expects */
char *wm_run(const struct wm_machine *machine, struct wm_op *ops, size_t n, GPtrArray *trace,
	     struct wm_counts *total);
char *wm_settings(const struct wm_machine *machine);

/* --- model_gen.c: cases from a seed --- */

struct wm_case {
	struct wm_machine machine;
	struct wm_op *ops;
	size_t n;
	char *kind; /* while it is made smaller: the difference looked into */
};
struct wm_case wm_generate(uint64_t seed, size_t n, int rules);
void wm_case_free(struct wm_case *c);

/* --- model_shrink.c: the smallest case that still differs --- */

/* wm_try: run in a process of its own; NULL when the opinions agree. A crash or a hang differs. */
char *wm_try(const struct wm_case *c, struct wm_counts *total);
void wm_shrink(struct wm_case *c, const char *difference);
/* wm_report: the case as a trace that `vmsim check` takes. */
char *wm_report(const struct wm_case *c, const char *difference);

#endif
