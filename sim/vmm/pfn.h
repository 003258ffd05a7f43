/* pfn.h: the frame database and its page lists (semantics 4.1 to 4.3).
 *
 *            demand zero L10                           release, decommit L27
 *   ZEROED ------------------> ACTIVE --------------------------------> FREE
 *     (L26)                   ^  |  ^                                     |
 *              L19, L20, L23  |  |  |  L14 read done, L23                 | L11, L13
 *                             |  |  +---------------- TRANSITION <--------+
 *             L17 clean       |  v       L21 write ->  ^   |
 *   STANDBY <-----------------+--+--> MODIFIED --------+   | L22 written, L15 read
 *      ^          L18 dirty              | L29 reset       |
 *      +---------------------------------+<----------------+
 *   STANDBY -> ACTIVE or TRANSITION for another page: repurposed (L4, L12, L13)
 *
 * transitions.def is the whole of it: every move is a row there, with its rule. One function,
 * pfn_move(), makes them all: it checks where the row may begin, keeps the lists, and reports it.
 *
 * A frame belongs to a page of a process, or of a section (share counts its valid entries then), or
 * holds a page table, part of a large page, or part of the compression store.
 *
 * Invariants
 *  1. Every frame is on exactly one list, or in TRANSITION, ACTIVE or BAD (I1); or given up, and
 *     held until the shootdown of its page is acknowledged (T2).
 *  2. Frames from `fresh` up were never used: they are zeroed, on the zeroed list behind all
 *     others, and their records are untouched (host memory is spent on first use only).
 *  3. ZEROED, FREE and BAD frames have no owner, slot or flags (I5). */
#ifndef VMM_PFN_H
#define VMM_PFN_H

#include "event/event.h"
#include "vmm/content.h"

enum pfn_state {
	PFN_ZEROED,
	PFN_FREE,
	PFN_STANDBY,
	PFN_MODIFIED,
	PFN_TRANSITION, /* I/O in progress, on no list */
	PFN_ACTIVE,     /* mapped by a valid entry, or a page table, large page or the store's */
	PFN_BAD,        /* hardware error; never used again (L32) */
	PFN_N_STATES
};

enum pfn_transition {
#define TRANSITION(id, rule, from, to, doc) MOVE_##id,
#include "vmm/transitions.def"
	N_PFN_TRANSITIONS
};

struct pfn_transition_info {
	const char *rule, *doc;
	unsigned from; /* bit per state */
	enum pfn_state to;
};
extern const struct pfn_transition_info pfn_transitions[N_PFN_TRANSITIONS];

enum pfn_flags {
	PFN_IS_MODIFIED = 1, /* newer than its slot or file */
	PFN_READ_IO = 2,
	PFN_WRITE_IO = 4,
	PFN_DELETED = 8, /* its page went away during I/O (4.5) */
	PFN_TABLE = 16,  /* holds a page table */
	PFN_LARGE = 32,  /* part of a large page (L33) */
	PFN_STORE = 64,  /* part of the compression store (W13) */
	PFN_WIRED = PFN_TABLE | PFN_LARGE | PFN_STORE, /* in no working set, never paged */
	PFN_IO = PFN_READ_IO | PFN_WRITE_IO,
};

/* MEM_RESET's mark on a page (section 5). A page without a frame that is lost has it in its
 * entry (PTE_LOST). */
enum pfn_reset { RESET_NO, RESET_PENDING, RESET_LOST };

/* Where on standby a reset page is kept: at the tail of list 0 (R3), at its head (R11), or at the
 * tail of the list below the priority, 1 to 4, that it was offered with (R9). */
enum pfn_keep { KEEP_RESET, KEEP_DISCARDED, KEEP_OFFERED };

#define PFN_PRIORITIES 8

struct process;
struct segment;
struct replacer;
struct pfn;
/* The pid of a frame's owner, 0 for none or a section (process.c). */
uint32_t pfn_owner_pid(const struct pfn *pfn);
/* The name of the section it belongs to, or NULL (section.c). */
const char *pfn_section_name(const struct pfn *pfn);
/* Whether it is written to a file of its own rather than to the pagefile (section.c). */
bool pfn_is_mapped_file(const struct pfn *pfn);

struct pfn {
	uint32_t next, prev; /* frame numbers; VMSIM_NO_PFN ends a list */
	uint32_t slot;       /* pagefile slot with this content, 0: none */
	uint32_t share;      /* valid entries that name it; of a table's or large page's: 0 */
	uint32_t locks;      /* of those, locked ones */
	uint32_t held;       /* shootdowns of its pages that are not acknowledged */
	uint32_t pins;       /* faults that wait for a frame to copy it into (3.5) */
	uint8_t state, flags, priority, reset;
	uint8_t page_priority; /* of the page it holds (W11); `priority` is that of its list */
	uint8_t keep;   /* enum pfn_keep while it is reset; KEEP_OFFERED + priority - 1 */
	uint8_t spared; /* it was modified when it was reset, so dropping it spares a write */
	bool at_head;   /* of its standby list it belongs at the head (R11) */
	bool awaited;   /* a fault mapped it, and the access that faulted may be yet to come */
	struct process *owner; /* of a private or large page, or a table; NULL for a section's */
	struct segment *segment; /* of a section's page */
	vmsim_vpn vpn;           /* page of the process, or index into the section */
	struct replacer *replacer; /* that was told of it, while share > 0 */
	struct content *content;
};

struct pfn_list {
	uint32_t head, tail;
	uint64_t n;
};

struct pfn_db {
	struct pfn *pfn;
	uint32_t frames;
	uint32_t fresh; /* first frame never used; frames: none left */
	struct pfn_list zeroed, free, standby[PFN_PRIORITIES];
	struct pfn_list modified, mapped; /* modified: bound for the pagefile, for files (W7) */
	uint64_t n[PFN_N_STATES]; /* frames in that state, but for those held off its list */
	uint64_t n_held;          /* and how many those are */
	uint64_t n_tables, n_large, n_store; /* wired frames, by what for */
	struct events *events;
};

extern const char *const pfn_state_names[PFN_N_STATES];

/* => zeroed: frames start on the zeroed list; else on the free list */
void pfn_db_init(struct pfn_db *db, uint32_t frames, bool zeroed, struct events *events);
void pfn_db_fini(struct pfn_db *db);

static inline uint64_t pfn_available(const struct pfn_db *db)
{
	return db->n[PFN_ZEROED] + db->n[PFN_FREE] + db->n[PFN_STANDBY];
}

/* pfn_move: move a frame, by a row of transitions.def.
 * => the frame is in a state the row begins in
 * => lists: STANDBY and MODIFIED at the tail, STANDBY by the frame's priority; FREE at the tail,
 *    ZEROED at the head
 * => entering FREE, ZEROED or BAD clears the owner; the caller cleared slot and flags */
void pfn_move(struct pfn_db *db, vmsim_pfn frame, enum pfn_transition move);

/* The standby list that a frame without mapping belongs on: its page's, or the lowest for contents
 * that may be dropped (R3). */
static inline void pfn_choose_list(struct pfn *pfn)
{
	pfn->priority = pfn->reset != RESET_NO ? 0 : pfn->page_priority;
}

/* pfn_requeue: move a standby frame to the tail of another priority's list, or to its head. */
void pfn_requeue(struct pfn_db *db, vmsim_pfn frame, unsigned priority, bool head);

/* pfn_hold: the frame is not to be on a list, whatever state it is in or comes to. pfn_release: nor
 * for this reason any more; if that was the last, it goes where a frame of its state comes. */
void pfn_hold(struct pfn_db *db, vmsim_pfn frame);
void pfn_release(struct pfn_db *db, vmsim_pfn frame);

/* The frame each list would give next; VMSIM_NO_PFN when it is empty. */
vmsim_pfn pfn_first_zeroed(const struct pfn_db *db);
vmsim_pfn pfn_first_free(const struct pfn_db *db);
vmsim_pfn pfn_first_standby(const struct pfn_db *db);
vmsim_pfn pfn_first_modified(const struct pfn_db *db);
vmsim_pfn pfn_first_mapped(const struct pfn_db *db);

/* pfn_worst: the state of those n frames that are taken last: available ones come first in enum
 * pfn_state, in the order of L1. Held ones are not available. */
enum pfn_state pfn_worst(const struct pfn_db *db, vmsim_pfn first, uint32_t n);
/* pfn_untouched_end: frames below `end` are no longer untouched, but the last of the zeroed list in
 * the order they had; so that any of them may be moved, and not only the first. */
void pfn_untouched_end(struct pfn_db *db, vmsim_pfn end);

/* pfn_check: invariants I1, I2, I5 and I6 (check_frames.c). Returns NULL, or the identifier of
 * what is broken. */
const char *pfn_check(const struct pfn_db *db);

#endif
