/* internal.h: the parts of the vmm, for each other.
 *
 *   vad.c          blocks                     fault.c        what a fault means, and its service
 *   pfn.c          frames and lists           io.c           writes begun, requests completed
 *   pagefile.c     slots                      replace.c      policies, victims
 *                                             balance.c      aging, trimming, idle processes
 *   content.c      bytes                      prot.c         protections
 *   process.c      address spaces             pages.c        ranges of pages, state by state
 *   resident.c     pages in frames            call_*.c       the API, a file a family
 *   frames.c       frames taken and given     reset.c        MEM_RESET, offer, discard
 *   section.c      pages of sections          cluster.c      reads of several pages
 *   watch.c        write-watch                inject.c       errors of I/O and memory
 *   tables.c       page tables                large.c        large pages
 *   store.c        compressed pages           writer.c       the writers, the zero-page thread
 *   limit.c        commit limit, its growth   check*.c, dump.c  the invariants (check.h) */
#ifndef VMM_INTERNAL_H
#define VMM_INTERNAL_H

#include "base/range_map.h"
#include "base/rng.h"
#include "mmu/page_table.h"
#include "vmm/pagefile.h"
#include "vmm/pfn.h"
#include "vmm/section.h"
#include "vmm/vad.h"
#include "vmm/vmm.h"

#include <glib.h>
#include <vmsim/policy.h>
#include <vmsim/win32.h>

/* A policy with its state: one for the machine, or one a process. */
struct replacer {
	const struct replace_ops *ops;
	void *state;
	struct replace_env env;
};

struct process {
	uint32_t pid, asid;
	bool exited;
	struct account *account;
	struct vad_tree vads;
	struct page_table pt;
	struct replacer *replacer; /* the machine's, or its own (scope process) */
	uint64_t committed;        /* charge (C1) */
	uint64_t ws_pages, locked_pages;
	uint64_t locks_promised; /* pages that calls under way will lock */
	int64_t charged_ahead;   /* charge that calls under way moved before their pages */
	GHashTable *charged_tables; /* page tables in `committed` (C1): see tables.c */
	uint64_t ws_min, ws_max;   /* pages (2.8) */
	bool hard_min, hard_max;   /* whether they bind */
	uint64_t ws_coming;        /* pages being read that will be mapped (W1) */
	vmsim_cycles last_ran;     /* W3 */
	bool swapped;              /* emptied since */
	struct range_map *freed; /* pages to the call that last took rights from them */
	/* Pages reset since they were last stored to, and what they held then: vpn -> content. Kept
	 * only for comparing recorded values (I31). */
	GHashTable *last_stored;
};

/* An error that the trace injects into the next I/O of a page. */
struct injected {
	const void *owner; /* process or segment */
	vmsim_vpn vpn;
	enum vmsim_inject kind;
};

/* W8: of a writer, until what waited too long is written. */
struct writer_timer {
	vmsim_cycles due; /* 0: not set, since the list is empty */
	bool flush;       /* it went off */
};

struct vmm {
	const struct config *config;
	struct stats *stats;
	struct counters *c;
	struct events *events;
	struct vmm_host host;
	struct work work;

	struct pfn_db db;
	GArray *given_up; /* of vmsim_pfn: frames that lost a mapping in this step (T2) */
	struct pagefile file;
	struct pt_pool pool;
	uint64_t shared_pages, shared_moves; /* of pool.shared, as they were counted last */
	struct replacer *global; /* NULL with scope process */
	struct rng rng;
	GPtrArray *processes; /* of struct process *, by asid - 1; exited ones, too */
	uint64_t locked_pages; /* of all processes, promised ones included */
	GHashTable *ios; /* frame -> struct io, those under way */
	GHashTable *sections; /* name -> struct section, owned */
	GHashTable *files;    /* path -> struct file, owned */
	uint64_t file_pages;  /* of all files, on the device */
	GPtrArray *segments;  /* of struct segment, those alive */
	GArray *injected;     /* of struct injected: errors to come (L16, L25) */
	GArray *store;        /* of vmsim_pfn: frames of the compression store */
	uint64_t charge, limit; /* pages (C1, C2) */
	uint64_t limit_wanted;  /* by a call that failed: grow to it (C3) */
	struct writer_timer age_private, age_mapped;
	uint64_t next_io;
	struct fault *copying; /* its page stays while it waits for a frame to copy to, or NULL */
	uint64_t copying_seq;  /* its event */
	uint64_t ios_reading, ios_writing; /* in flight */
	bool trimming;
	bool sparing; /* pages are not to go that are awaited */
	struct process *replacing; /* W1: whose page is to go now; NULL: anybody's */
	uint64_t hard_minima;      /* living processes that have one (W2) */
	struct {
		vmsim_cycles now;    /* as last told */
		uint64_t ticks;      /* of the timer */
		uint64_t faults;     /* since the last */
		bool woken;          /* it is to look at working sets */
		bool ticked;         /* because of the timer */
		bool swap;           /* it is to look for idle processes, too */
		uint64_t still;      /* ticks in a row that changed nothing */
		bool at_rest;
	} bsm;                       /* the balance set manager (balance.c) */
	bool keep_contents;
	struct audit *audit; /* NULL: nobody looks (check.h) */
	bool has_implicit; /* pages were committed implicitly, which the limit does not refuse */
};

/* --- prot.c ----------------------------------------------------------------------------- */

/* prot_valid: E1. prot_from_win32: => valid. */
bool prot_valid(uint32_t win32);
bool prot_is_copy(uint32_t win32);
/* prot_with_caching: an access without modifiers, with the caching its block has (E14). */
unsigned prot_with_caching(const struct vad *vad, unsigned access);
unsigned prot_from_win32(uint32_t win32);
uint32_t prot_to_win32(unsigned prot);

/* What pages are called in events and views. Compared by address. */
#define STATE_FREE state_names[0]
#define STATE_RESERVED state_names[1]
#define STATE_COMMITTED state_names[2]
extern const char *const state_names[3];

/* --- pages.c: a block's pages ------------------------------------------------------------ */

/* The entry as it counts: a zero entry of a block committed at reserve is demand-zero (V3), of a
 * view that of the section. */
static inline pte_t page_effective(const struct vad *vad, pte_t pte)
{
	if (pte)
		return pte;
	if (vad->segment)
		return pte_make_prototype(vad->prot);
	return vad->commit_at_reserve ? pte_make_demand_zero(vad->prot, false) : 0;
}

/* Whether the process sees a page through the section of its view; else it is its own. */
static inline bool page_is_shared(pte_t effective)
{
	return pte_is_prototype(effective) || (pte_is_valid(effective) && (effective & PTE_SHARED));
}

/* C1: a view that was mapped copy-on-write is charged for all its pages, others for those that have
 * been copied or will be by a store. */
static inline bool view_is_charged(const struct vad *vad)
{
	return prot_copies(vad->prot);
}

static inline bool view_page_is_charged(pte_t effective)
{
	return !page_is_shared(effective) || prot_copies(pte_prot(effective));
}

/* The page of the segment that a view shows at vpn. */
static inline vmsim_vpn vad_index(const struct vad *vad, vmsim_vpn vpn)
{
	return vad->index + (vpn - vad->first);
}

static inline bool page_is_committed(const struct vad *vad, vmsim_vpn vpn, pte_t pte)
{
	if (vad->segment && (!pte || pte_is_prototype(pte)))
		return segment_committed(vad->segment, vad_index(vad, vpn));
	return pte ? !pte_is_decommitted(pte) : vad->commit_at_reserve;
}

/* pages_committed: how many pages of [first, last] within vad are committed. */
uint64_t pages_committed(const struct process *process, const struct vad *vad, vmsim_vpn first,
			 vmsim_vpn last);

/* view_alike: how many pages of a view from vpn on may be treated as one: 1, or more where neither
 * the process nor the section has entries. */
uint64_t view_alike(const struct process *process, const struct vad *vad, vmsim_vpn vpn,
		    vmsim_vpn last);

/* State changes of runs of pages, coalesced into page-state events. */
struct page_run {
	struct vmm *vmm;
	const char *from, *to, *cause;
	vmsim_vpn first;
	uint64_t n;
};
void page_run_add(struct page_run *run, vmsim_vpn vpn, uint64_t n, const char *from,
		  const char *to);
void page_run_end(struct page_run *run);
/* view_states: n pages of a view from vpn on, of which the process has no entries, become what the
 * section says they are (to: NULL), or are that no more (from: NULL). */
void view_states(const struct vad *vad, vmsim_vpn vpn, uint64_t n, const char *from,
		 const char *to, struct page_run *run);

/* pages_charge: the commit charge of a process moves by delta pages. */
void pages_charge(struct vmm *vmm, struct process *process, int64_t delta);
/* Whether n more pages would pass the commit limit, even grown if it can be at once (C3). */
bool pages_over_limit(struct vmm *vmm, uint64_t n);
/* pages_free: pages [first, last] of a block are given up (E13) and become `to`: STATE_FREE, or
 * STATE_RESERVED of a block that takes this one's place. => the block itself is the caller's */
void pages_free(struct vmm *vmm, struct process *process, struct vad *vad, vmsim_vpn first,
		vmsim_vpn last, const char *to, struct page_run *run);

/* --- tables.c: page tables ----------------------------------------------------------------- */

/* tables_init: the pool of tables, and the machine's shared one where there is one.
 * => all frames are available
 * tables_count: a shared table may have grown. */
void tables_init(struct vmm *vmm);
void tables_count(struct vmm *vmm);
/* pages_build: make sure that every page of a range has a page-table entry.
 * => VMM_DONE, or wait
 * => *fits is false, and nothing is built, when the tables could never fit into memory (C4); with
 *    fits NULL as many as there is room for are built */
enum vmm_status pages_build(struct vmm *vmm, struct process *process, vmsim_vpn first,
			    vmsim_vpn last, struct io **io, bool *fits);
/* table_add: the uppermost table that a page lacks, in a frame of its own (L38). */
enum vmm_status table_add(struct vmm *vmm, struct process *process, vmsim_vpn vpn, struct io **io);
/* tables_to_charge: how many page tables of a range are to be charged and are not yet (C1); 0
 * unless memory.charge_page_tables says so. tables_charge: charge them. Those of large pages are
 * all but leaf tables, and charged until tables_uncharge_large(). */
uint64_t tables_to_charge(const struct vmm *vmm, const struct process *process, vmsim_vpn first,
			  vmsim_vpn last, bool large);
void tables_charge(struct vmm *vmm, struct process *process, vmsim_vpn first, vmsim_vpn last,
		   bool large);
void tables_uncharge_large(struct vmm *vmm, struct process *process, vmsim_vpn first,
			   vmsim_vpn last);
/* tables_prune: tables that map pages of [first, end) or none, and have no entry left, are freed
 * (L38); caches of them are to be emptied. */
void tables_prune(struct vmm *vmm, struct process *process, vmsim_vpn first, vmsim_vpn end);
/* tables_release: pages were given up: tables that are empty now are freed (L38), and what is not
 * needed any more is not charged any more. => no block has those pages */
void tables_release(struct vmm *vmm, struct process *process, vmsim_vpn first, vmsim_vpn last);

/* --- large.c: large pages (9.6) ------------------------------------------------------------ */

/* large_permitted: steps 2.3.11 and 2.3.12; else the call has failed. */
bool large_permitted(const struct vmm *vmm, struct api_call *call);
/* large_map: step 2.3.17a: large pages for a block that is about to be made; else the call has
 * failed and nothing has changed. => pages is a multiple of LARGE_PAGE, as is first */
bool large_map(struct vmm *vmm, struct process *process, struct api_call *call, vmsim_vpn first,
	       uint64_t pages);
/* large_unmap: every large page of a block is given back. */
void large_unmap(struct vmm *vmm, struct process *process, const struct vad *vad);

/* --- watch.c: which pages of a block were written (E16) ------------------------------------ */

/* watch_begin: a new block is to be watched. */
void watch_begin(struct vad *vad);
/* watch_written: a store to the page came to light, and its entry may not tell of it any more. */
void watch_written(struct process *process, vmsim_vpn vpn);
/* watch_find: the first written page of [first, last] in a watched block; last + 1: none. */
vmsim_vpn watch_find(const struct process *process, const struct vad *vad, vmsim_vpn first,
		     vmsim_vpn last);
/* watch_clear: pages count as not written; the next store to each must come to light. */
void watch_clear(struct vmm *vmm, struct process *process, struct vad *vad, vmsim_vpn first,
		 vmsim_vpn last);

/* --- resident.c: pages in frames ----------------------------------------------------------- */

/* page_map: make a page valid in a frame, which gets the priority of the thread that faulted (W11).
 * => move: how the frame becomes active; a section's frame that is active already is only shared
 * => the frame's owner or segment, and vpn, are set */
#define MOVE_NONE N_PFN_TRANSITIONS
void page_map(struct vmm *vmm, struct process *process, vmsim_vpn vpn, vmsim_pfn frame,
	      unsigned prot, unsigned priority, enum pfn_transition move);
/* page_dirtied: the page is newer than its slot now, and no longer reset (L30, R6). */
void page_dirtied(struct vmm *vmm, vmsim_pfn frame);
/* page_stored: the same by the fault of a store, which may be made again only after another core
 * has trimmed the page, and written it out. */
void page_stored(struct vmm *vmm, vmsim_pfn frame);
/* page_harvest: D of a valid entry, told to the frame and to a write-watch block. D stays. */
void page_harvest(struct vmm *vmm, struct process *process, vmsim_vpn vpn, pte_t pte);
/* page_clean: D of a valid entry is cleared, for the next store to show; the caller tells whoever
 * is to know what it was, and invalidates. */
void page_clean(struct vmm *vmm, struct process *process, vmsim_vpn vpn, pte_t pte);
/* page_open: where software keeps dirty bits, a valid page that is modified already, or is about to
 * be, is mapped writable at once: there is nothing to learn from a fault (H6). But a watched page
 * that is only read is to show its first store. */
void page_open(struct vmm *vmm, struct process *process, vmsim_vpn vpn, bool write);
/* page_unmap: take a valid page out of its working set (L17, L18); prot is its protection from now
 * on.
 * => the entry becomes transition, or prototype where the page is a section's
 * => the frame, when nobody maps it any more, standby or modified, or stays in transition */
void page_unmap(struct vmm *vmm, struct process *process, vmsim_vpn vpn, unsigned prot);
/* page_delete: the page's contents and storage are given up (E13); the caller writes the entry. A
 * section's page only loses this mapping. */
void page_delete(struct vmm *vmm, struct process *process, vmsim_vpn vpn, pte_t pte);
/* page_lock: a valid page is locked (E15). */
void page_lock(struct vmm *vmm, struct process *process, vmsim_vpn vpn);
/* page_unlock: a valid page is locked no more, if it was. */
void page_unlock(struct vmm *vmm, struct process *process, vmsim_vpn vpn);

/* Every valid entry that names an active frame, in order of process and address; until one says
 * false. */
typedef bool entry_fn(struct vmm *vmm, struct process *process, vmsim_vpn vpn, pte_t pte,
		      void *ctx);
bool frame_entries(struct vmm *vmm, vmsim_pfn frame, entry_fn *each, void *ctx);
/* Whether a store through any of its entries is not yet told to the frame. */
bool frame_is_dirty(struct vmm *vmm, vmsim_pfn frame);
/* frame_unmap: take it out of every working set. */
void frame_unmap(struct vmm *vmm, vmsim_pfn frame);

/* The entry that remembers a page while no process maps it: the process's, or the section's. */
pte_t home_get(const struct vmm *vmm, const struct pfn *pfn);
void home_set(struct vmm *vmm, const struct pfn *pfn, pte_t pte);
/* What reset pages held, for I31. A page is named as a frame names its own: by process or section,
 * and number. page_keep_stored: it is being reset; what it holds is what was last stored, unless it
 * was reset before. page_forget_stored: it was stored to, or is gone. page_last_stored: false when
 * it was not reset since. */
void page_keep_stored(struct vmm *vmm, const struct pfn *page, struct content *content);
void page_forget_stored(const struct pfn *page);
bool page_last_stored(const struct pfn *page, struct content **content);

/* --- frames.c: frames taken and given back ------------------------------------------------ */

/* What a frame is taken for: L1 for the first two, L2 for one that will be overwritten. */
enum frame_use { FRAME_ZEROED, FRAME_TABLE, FRAME_ANY };

/* frame_take: the next available frame, zeroed if its use wants it. It is still on its list: the
 * caller sets the owner and moves it. VMSIM_NO_PFN when none is available. */
vmsim_pfn frame_take(struct vmm *vmm, enum frame_use use);
/* frame_claim: the same for one of the available frames. */
void frame_claim(struct vmm *vmm, vmsim_pfn frame, enum frame_use use);
/* frames_can_wire: whether n frames more may be wired: some must be left for pages that move. */
bool frames_can_wire(const struct vmm *vmm, uint64_t n);
/* The row by which a frame in its present state becomes active: L10, L11 or L12. */
enum pfn_transition frame_rule(const struct vmm *vmm, vmsim_pfn frame);
/* frame_get: frame_take(), evicting where there is no standby list. */
enum vmm_status frame_get(struct vmm *vmm, struct process *process, enum frame_use use,
			  vmsim_pfn *frame, struct io **io);
/* frame_give_up: the frame loses a mapping in this step: other cores have to forget it before it
 * can be taken (T2). Before it is moved. */
void frame_give_up(struct vmm *vmm, vmsim_pfn frame);
/* frame_free: an unmapped frame that is under no I/O goes to the free list; its slot is freed. */
void frame_free(struct vmm *vmm, vmsim_pfn frame, enum pfn_transition move);
/* frame_delete: the same for a deleted page's: at once, or when its I/O ends (4.5). */
void frame_delete(struct vmm *vmm, vmsim_pfn frame);
/* frame_repurpose: a standby frame forgets its page (L4). It stays on its list. */
void frame_repurpose(struct vmm *vmm, vmsim_pfn frame);
/* The table frame's way back (pt_prune). ctx is the vmm. */
void frame_free_table(void *ctx, vmsim_pfn frame);
/* slot_free_of: a frame's slot is given up. slot_free: one that no frame holds; its page's owner is
 * a process, or NULL for a section. */
void slot_free_of(struct vmm *vmm, struct pfn *pfn);
void slot_free(struct vmm *vmm, const struct process *process, uint32_t slot);
/* slot_taken: a slot was given to a page of a process, or of a section (NULL). */
void slot_taken(struct vmm *vmm, const struct process *process, uint32_t slot);

/* --- replace.c --------------------------------------------------------------------------- */

struct replacer *replacer_new(struct vmm *vmm);
void replacer_free(struct replacer *replacer);
/* replace_victim: the page to take away on behalf of a process (NULL: of the system). */
vmsim_pfn replace_victim(struct vmm *vmm, struct process *process);
/* replace_evict: take it away; counts it as an eviction.
 * => without a policy for all processes, a page that others map, too, stays active */
void replace_evict(struct vmm *vmm, vmsim_pfn frame);
/* replace_room: a fault is to map a page: past the maximum of the working set one of its own goes
 * first (W1). => VMM_DONE, or VMM_WAIT_IO: all that could go is on its way in */
enum vmm_status replace_room(struct vmm *vmm, struct process *process, struct io **io);
/* replace_own: a page of the process's own goes. False when none may. */
bool replace_own(struct vmm *vmm, struct process *process);

/* --- balance.c --------------------------------------------------------------------------- */

/* balance: the balance set manager's work, if there is any: aging, idle processes, trimming. */
bool balance(struct vmm *vmm, bool starved);
/* balance_victim: a page of the process that is to lose one first (W6). */
vmsim_pfn balance_victim(struct vmm *vmm);
/* balance_fault: a fault was decided (W3). */
void balance_fault(struct vmm *vmm);
/* working_set_empty: every page leaves that is not locked; with keep_minimum not those of a hard
 * minimum. Returns how many did. */
uint64_t working_set_empty(struct vmm *vmm, struct process *process, bool keep_minimum);

/* --- limit.c: the commit limit and the growth of pagefiles (C2, C3) --------------------------- */

void limit_init(struct vmm *vmm);
/* limit_can_grow: a request for n more pages would pass the limit. => whether it may be charged all
 * the same, and limit_meet() called */
bool limit_can_grow(struct vmm *vmm, uint64_t n);
void limit_meet(struct vmm *vmm);
/* Whether growth is due: for a request that failed, or since the limit is near. limit_step: one
 * step of it. */
bool limit_is_due(const struct vmm *vmm);
bool limit_step(struct vmm *vmm);

/* --- writer.c: the modified and mapped-file page writers (7.5), zeroing (7.6) ----------------- */

/* writer_step: one page, or request, of either. flush: whatever the thresholds say.
 * => returns false when nothing is to be written, or can be */
bool writer_step(struct vmm *vmm, bool flush);
/* Pages bound for the pagefile that could be written now: slots, and room in the store. */
uint64_t writer_room(const struct vmm *vmm);
/* Modified pages that will be available once they are written. */
uint64_t writer_backlog(const struct vmm *vmm);

/* --- store.c: the compression store (W13) ---------------------------------------------------- */

/* store_put: a modified private page is compressed and becomes standby.
 * => returns false when it is none, or the store cannot grow */
bool store_put(struct vmm *vmm, vmsim_pfn frame);
/* store_get: the page whose entry names a slot of the store is decompressed into a frame taken for
 * it and mapped. */
void store_get(struct vmm *vmm, struct process *process, vmsim_vpn vpn, vmsim_pfn frame, pte_t pte,
	       unsigned priority);
/* store_shrink: a slot of the store was freed. */
void store_shrink(struct vmm *vmm);
/* Pages that the store could take yet. */
uint64_t store_room(const struct vmm *vmm);
/* What the store's frames should be. */
uint64_t store_frames(const struct vmm *vmm);

/* --- io.c -------------------------------------------------------------------------------- */

#define IO_CLUSTER_MAX 256 /* pages of one request */

/* io_new: a request for frames whose I/O is set up; io_submit: count it and send it off. */
struct io *io_new(struct vmm *vmm, bool write, const vmsim_pfn *frames, uint32_t n,
		  const char *cause);
void io_submit(struct vmm *vmm, struct io *io);
/* io_write: begin to write a modified frame (L21), with its neighbours in the address space (W9).
 * NULL when no slot is free. */
struct io *io_write(struct vmm *vmm, vmsim_pfn frame, const char *cause);
/* io_of: the request under way on a frame. */
struct io *io_of(struct vmm *vmm, vmsim_pfn frame);
/* --- inject.c ---------------------------------------------------------------------------- */

/* inject_due: whether an error was injected into the page; uses it up. */
bool inject_due(struct vmm *vmm, const struct pfn *pfn, enum vmsim_inject kind);
/* inject_forget: errors that the pages of a process or segment have not met are none of the next
 * one's that has its place in memory. */
void inject_forget(struct vmm *vmm, const void *owner);
/* inject_memory: the frame of an unmapped or active page turns bad (L32). */
void inject_memory(struct vmm *vmm, vmsim_pfn frame);

/* --- cluster.c: reads of several pages (W12, 2.9) ------------------------------------------ */

/* cluster_read: begin to read the page of `vad` at vpn, whose entry (its own, or the section's)
 * is `pte`, into a frame taken for it (L13), with neighbours. */
struct io *cluster_read(struct vmm *vmm, struct process *process, const struct vad *vad,
			vmsim_vpn vpn, vmsim_pfn frame, pte_t pte, const struct fault *fault);
/* cluster_prefetch: begin to read pages of [first, last] within vad onto the standby list. Returns
 * false when frames ran short. */
bool cluster_prefetch(struct vmm *vmm, struct process *process, const struct vad *vad,
		      vmsim_vpn first, vmsim_vpn last);

/* --- calls ------------------------------------------------------------------------------- */

typedef enum vmm_status call_fn(struct vmm *vmm, struct process *process, struct api_call *call);
call_fn call_alloc, call_free, call_protect, call_query, call_lock, call_unlock, call_exit;
call_fn call_set_working_set, call_empty_working_set;
call_fn call_create_section, call_map_view, call_unmap_view, call_close_handle;
call_fn call_offer, call_reclaim, call_discard, call_get_watch, call_reset_watch;
call_fn call_prefetch, call_placeholder;

/* call_fail: the call fails by a rule. Returns VMM_DONE. */
enum vmm_status call_fail(struct api_call *call, uint32_t status, const char *rule,
			  const char *why);
/* call_code: it ends with a code other than 0 that is no failure (E0). */
enum vmm_status call_code(struct api_call *call, uint32_t status);
/* call_refuse: the same, for functions that say whether a call goes on. Returns false. */
bool call_refuse(struct api_call *call, uint32_t status, const char *rule, const char *why);
/* call_ok: the call succeeds; the outcome's fields are the caller's. */
enum vmm_status call_ok(struct api_call *call);
/* Pages of a range rounded outward. => size > 0, no overflow */
void call_pages(vmsim_va address, uint64_t size, vmsim_vpn *first, vmsim_vpn *last);
/* Whether a range is empty or leaves the user range (steps 2.3.9, 2.5.3, 2.7). */
bool call_size_bad(const struct vmm *vmm, vmsim_va address, uint64_t size);
/* call_place: where a block of n pages goes when the caller leaves it open (V11, V12). */
bool call_place(struct vmm *vmm, struct process *process, const struct api_call *call, uint64_t n,
		vmsim_vpn *first);
/* view_allows: whether a view's pages may have a protection, by what it was mapped for. */
bool view_allows(const struct vad *vad, uint32_t protect);
/* view_prot: the protection that a page (pte: its effective entry) takes when asked to have one.
 * An image is not written to but copied; a copied page is the process's own. */
unsigned view_prot(const struct vad *vad, pte_t pte, unsigned prot);
/* view_charge: by how much a view's charge changes when its pages are asked to have a
 * protection. */
int64_t view_charge(const struct process *process, const struct vad *vad, vmsim_vpn first,
		    vmsim_vpn last, unsigned prot);
/* call_charge: a call that may have to wait charges when it is decided, so that its outcome and
 * that of others do not depend on the wait (T3). Once; call_charged: its pages have followed. */
void call_charge(struct vmm *vmm, struct process *process, struct api_call *call, int64_t delta);
void call_charged(struct process *process, struct api_call *call);
/* call_tables: pages_build() for a call. => false: return *status, a wait or a failure (C4) */
bool call_tables(struct vmm *vmm, struct process *process, struct api_call *call, vmsim_vpn first,
		 vmsim_vpn last, enum vmm_status *status);
/* page_protect: a committed page's protection changes (E14). pte: its effective entry.
 * => its page-table entry exists */
void page_protect(struct vmm *vmm, struct process *process, vmsim_vpn vpn, pte_t pte,
		  unsigned prot);
/* pages_protection: the protection that VirtualQuery reports of all pages of [first, last] within
 * vad; PROT_NONE when they are not one region of committed pages. */
unsigned pages_protection(const struct process *process, const struct vad *vad, vmsim_vpn first,
			  vmsim_vpn last);
/* commit_guard: the page becomes the guard of a stack (K2): committed, read-write, guarded.
 * False when the commit limit forbids it. => its page-table entry exists */
bool commit_guard(struct vmm *vmm, struct process *process, struct vad *vad, vmsim_vpn vpn);
/* The call now under way took rights from these pages. */
void call_remember(struct vmm *vmm, struct process *process, struct api_call *call,
		   vmsim_vpn first, vmsim_vpn last);

/* prefetch_range: the pages of the user range that a prefetch names; false when none. */
bool prefetch_range(const struct vmm *vmm, vmsim_va address, uint64_t size, vmsim_vpn *first,
		    vmsim_vpn *last);

/* reset.c: MEM_RESET and MEM_RESET_UNDO of pages, and their kin; the caller validated. */
void reset_pages(struct vmm *vmm, struct process *process, struct vad *vad, vmsim_vpn first,
		 vmsim_vpn last);
/* => returns whether every page survived (R8) */
bool reset_undo_pages(struct vmm *vmm, struct process *process, struct vad *vad, vmsim_vpn first,
		      vmsim_vpn last);
/* Offering and discarding private pages, all of them committed (R9, R11). => to offer them, their
 * page-table entries exist */
void offer_pages(struct vmm *vmm, struct process *process, struct vad *vad, vmsim_vpn first,
		 vmsim_vpn last, unsigned priority);
void discard_pages(struct vmm *vmm, struct process *process, struct vad *vad, vmsim_vpn first,
		   vmsim_vpn last);
/* => all are offered; returns whether every page survived (R10) */
bool reclaim_pages(struct vmm *vmm, struct process *process, vmsim_vpn first, vmsim_vpn last);
/* reset_forget: contents are kept from now on; what reset pages held when last stored to is
 * unknown. */
void reset_forget(struct vmm *vmm);
/* reset_list: a frame that came to standby is put where reset pages belong, if its page is one. */
void reset_list(struct vmm *vmm, vmsim_pfn frame);
/* reset_slot_free: a slot that a reset page has no use for. */
void reset_slot_free(struct vmm *vmm, struct pfn *pfn);

#endif
