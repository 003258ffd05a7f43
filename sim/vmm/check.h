/* check.h: the audit: the invariants of semantics section 10, each one function.
 *
 *   check.c         the table of them, and when each is asked     check_space.c   I16 to I23, I29
 *   check_gather.c  one pass over everything, into lists          check_mmu.c     I24 to I28
 *   check_frames.c  I1 to I11                                     check_flow.c    I30 to I33
 *   check_slots.c   I12 to I15                                    check_calls.c   I34 to I38
 *   dump.c          the machine's state in words
 *
 * An invariant of the state judges lists that one walk made: pages, frames, blocks, tables. So
 * each may look at everything, and nobody walks twice. After every event the lists hold all there
 * is (full), or just what the event touched (cheap); what needs all of it asks for audit->whole.
 * Invariants about what happens (a read, a request, a call) judge that as it happens; what they
 * find stays until the end of the event.
 *
 * An audit reads the vmm and changes nothing in it, so it does not change any result. */
#ifndef VMM_CHECK_H
#define VMM_CHECK_H

#include "vmm/internal.h"

/* When an invariant is asked, as bits. */
enum check_when {
	CHECK_WHOLE = 1,   /* the whole state: full after every event, cheap now and then */
	CHECK_TOUCHED = 2, /* what the event touched, by itself: cheap, after every event */
	CHECK_TOTALS = 4,  /* by counters alone: likewise */
	CHECK_ACCESS = 8,  /* full: a load or store that goes through */
	CHECK_IO = 16,     /* full: a request that is issued */
	CHECK_CALL = 32,   /* full: a step of a call has ended */
	CHECK_CHEAP = CHECK_TOUCHED | CHECK_TOTALS,
};

struct audit;

struct invariant {
	const char *id;
	void (*check)(struct audit *audit); /* NULL: tests, for one run cannot tell */
	unsigned when;
	const char *doc;
};
/* In the order in which they are asked: the more particular first, since the first that is broken
 * is named. NULL after the last. */
const struct invariant *vmm_invariant(size_t index);

struct broken {
	const char *id; /* NULL: nothing is */
	char detail[400];
};

/* A translation that the core holds, or a table that it knows to be there, as the engine tells
 * it. */
struct cached {
	uint32_t asid;
	vmsim_vpn vpn;   /* first page that it stands for */
	vmsim_pfn frame; /* of the page, or of the table */
	unsigned level;  /* 0: a page; else the table is that of the level below */
	bool write, execute, dirty;
	int large; /* of a large page, or not; -1: it does not know */
	const char *where;
};

/* An entry of a page table that is not zero: a page's. A large page has one for each of its
 * pages. */
struct entry {
	struct process *process;
	const struct vad *vad; /* NULL: outside all blocks */
	vmsim_vpn vpn;
	pte_t pte;
};

/* An entry of a segment that is not zero. */
struct home {
	struct segment *segment;
	vmsim_vpn index;
	pte_t pte;
};

struct block {
	struct process *process;
	const struct vad *vad;
	uint64_t entries;   /* not zero */
	uint64_t committed; /* of those, of committed pages */
	uint64_t copies;    /* of those, in a view, the process's own or to be */
};

struct table {
	struct process *process;
	const struct pt_node *node; /* NULL: an upper entry leads nowhere */
	vmsim_vpn first, last;      /* pages it maps */
	unsigned level;             /* by the way to it */
	uint32_t used;
};

/* What names a frame. */
struct frame_tally {
	uint32_t valid, locked; /* valid entries, and those of them that are locked */
	uint32_t away;          /* transition entries, processes' and sections' */
	bool dirty;             /* some valid entry has D */
	const struct process *first; /* whose valid entry was seen first */
};

/* A page that holds what another stored. */
struct stranger {
	const struct entry *entry; /* its entry, or its section's */
	const struct home *home;
	const struct content *content;
	const struct tag_owner *of; /* who stored it; NULL: it was left in a freed frame */
	bool passed;                /* that has another owner */
};

struct space_tally {
	uint64_t resident, locked, large, committed, tables;
};

/* A list that keeps its room from one audit to the next. */
#define AUDIT_LIST(type)        \
	struct {                \
		type *at;       \
		size_t n, room; \
	}

/* A load or store of part of one page. */
struct access {
	struct process *process;
	vmsim_va va;
	unsigned n;
	bool write;
	vmsim_pfn frame;
	bool stored;          /* a store: its bytes are stored; else only D is set */
	const uint8_t *bytes; /* NULL: of unknown value */
};

/* Parts of the state that a failed call may not change (I37). */
enum digest_part { DIGEST_BLOCKS, DIGEST_PAGES, DIGEST_ENTRIES, DIGEST_FRAMES, DIGEST_SECTIONS,
		   N_DIGESTS };

/* A step of a call. */
struct step {
	struct process *process;
	const struct api_call *call;
	vmsim_vpn first, last;     /* the pages it acts on */
	bool ended;                /* the call has its outcome */
	uint64_t before[N_DIGESTS], after[N_DIGESTS];
	/* Pages of requests in this step, of pages it gives up or not to make room; one of them. */
	uint64_t issued;
	vmsim_vpn issued_page;
};

struct audit {
	struct vmm *vmm;
	const struct pfn_db *db;
	bool full;
	bool late; /* pages were in use when the audit began: what they held is not known */

	/* what check_gather.c found */
	bool whole;
	AUDIT_LIST(struct entry) entries;
	AUDIT_LIST(struct home) homes;
	AUDIT_LIST(struct block) blocks;
	AUDIT_LIST(struct table) tables;
	AUDIT_LIST(vmsim_pfn) frames;      /* to look at */
	AUDIT_LIST(struct frame_tally) of; /* by frame */
	AUDIT_LIST(struct space_tally) spaces; /* by process */
	AUDIT_LIST(uint8_t) owners[PAGEFILES]; /* by file and slot: how many name it */
	AUDIT_LIST(uint32_t) slots;        /* those with an owner */
	uint64_t slots_named;
	AUDIT_LIST(struct stranger) strangers;
	const struct cached *cached;
	size_t n_cached;

	/* what happens now; NULL: nothing of the kind */
	const struct access *access;
	const struct io *io;
	struct step *step;

	/* check_flow.c */
	GHashTable *records; /* struct page_record, by page; owned */
	GArray *written_by;  /* struct page_name, by tag - 1: who a tag belongs to */

	unsigned tables_asked; /* times that a shared page table was to be looked through */
	const struct invariant *row; /* being asked */
	struct broken broken;
	unsigned word; /* which of `words` was used last */
	char words[4][200];
};

/* --- the engine's side ---------------------------------------------------------------------- */

/* vmm_audit_begin: what happens is judged from now on, with `full`; contents are kept then.
 * vmm_audit_end: no more. */
void vmm_audit_begin(struct vmm *vmm, bool full);
void vmm_audit_end(struct vmm *vmm);
/* vmm_audit: judge the state after an event, and what it did. Cheap, unless `whole`: by the pages
 * [first, last] of a process (NULL: none), up to a few of them.
 * => without vmm_audit_begin() by the state alone; returns false when something is broken */
struct touched {
	struct process *process;
	vmsim_vpn first, last;
};
bool vmm_audit(struct vmm *vmm, bool whole, const struct touched *touched,
	       const struct cached *cached, size_t n_cached, struct broken *broken);
/* vmm_audit_access: a load or store is going through. */
void vmm_audit_access(struct vmm *vmm, const struct access *access);
/* vmm_dump: the state in words, appended; each part cut after `lines` lines. */
void vmm_dump(struct vmm *vmm, GString *out, unsigned lines);
/* A part that is cut says so: to be called before its k-th line. Returns false when that is not
 * to be written; dump_rest ends it. */
bool dump_line(unsigned lines, uint64_t k);
void dump_rest(GString *out, unsigned lines, uint64_t n);

/* --- the vmm's side ------------------------------------------------------------------------- */

/* What happens, told by whoever does it; only while vmm->audit is set. */
void audit_io(struct vmm *vmm, const struct io *io);
void audit_stored(struct vmm *vmm, vmsim_pfn frame); /* content was written */
void audit_live(struct vmm *vmm, vmsim_pfn frame);   /* a store faulted on its page */
void audit_lost(struct vmm *vmm, const struct pfn *page); /* by an error of memory */
void audit_step_begin(struct vmm *vmm, struct process *process, const struct api_call *call);
void audit_step_end(struct vmm *vmm, enum vmm_status status);

/* How many name a slot. */
unsigned slot_owners(const struct audit *a, uint32_t slot);

/* --- the functions, and what they share ------------------------------------------------------ */

/* broke: the invariant being asked is broken, and how; only the first of an event counts. */
void broke(struct audit *a, const char *format, ...) G_GNUC_PRINTF(2, 3);
void audit_ask(struct audit *a, unsigned when);
struct audit *audit_new(struct vmm *vmm, bool full);
void audit_free(struct audit *a);

/* Things in words; good until three more were asked for. */
const char *frame_words(struct audit *a, vmsim_pfn frame);
const char *page_words(struct audit *a, const struct process *process, vmsim_vpn vpn);
const char *entry_words(struct audit *a, const struct entry *entry);
const char *home_words(struct audit *a, const struct home *home);

void gather_whole(struct audit *a);
void gather_pages(struct audit *a, struct process *process, vmsim_vpn first, vmsim_vpn last);
void gather_fini(struct audit *a);
/* One more element of a list, not set yet. */
#define list_add(list)                                                                    \
	((list)->n < (list)->room                                                         \
		 ? 0                                                                      \
		 : ((list)->room = (list)->room ? (list)->room * 2 : 64,                  \
		    (list)->at = g_realloc_n((list)->at, (list)->room, sizeof *(list)->at), \
		    0),                                                                   \
	 &(list)->at[(list)->n++])

void flow_init(struct audit *a);
void flow_fini(struct audit *a);
void flow_gather(struct audit *a);
void flow_sweep(struct audit *a);
void flow_reset(struct audit *a, const struct step *step);
/* Whether a page was reset and neither written nor undone since (R4). */
bool flow_is_quiet(struct audit *a, const struct pfn *page);
/* Such a page keeps no slot, but for a request's that began before; true when one does. */
bool flow_is_stored(struct audit *a, const struct entry *entry);

void check_I1(struct audit *a);
void check_I2(struct audit *a);
void check_I3(struct audit *a);
void check_I4(struct audit *a);
void check_I5(struct audit *a);
void check_I6(struct audit *a);
void check_I7(struct audit *a);
void check_I8(struct audit *a);
void check_I9(struct audit *a);
void check_I10(struct audit *a);
void check_I11(struct audit *a);
void check_I12(struct audit *a);
void check_I13(struct audit *a);
void check_I14(struct audit *a);
void check_I15(struct audit *a);
void check_I16(struct audit *a);
void check_I17(struct audit *a);
void check_I18(struct audit *a);
void check_I19(struct audit *a);
void check_I20(struct audit *a);
void check_I21(struct audit *a);
void check_I22(struct audit *a);
void check_I23(struct audit *a);
void check_I24(struct audit *a);
void check_I25(struct audit *a);
void check_I26(struct audit *a);
void check_I27(struct audit *a);
void check_I28(struct audit *a);
void check_I29(struct audit *a);
void check_I30(struct audit *a);
void check_I31(struct audit *a);
void check_I32(struct audit *a);
void check_I33(struct audit *a);
void check_I34(struct audit *a);
void check_I35(struct audit *a);
void check_I36(struct audit *a);
void check_I37(struct audit *a);
void check_W13(struct audit *a);
void check_W1(struct audit *a);
void check_H6(struct audit *a);
void check_design(struct audit *a);
void check_policy(struct audit *a);

#endif
