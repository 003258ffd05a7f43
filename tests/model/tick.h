/* tick.h: a slow simulator that advances one cycle at a time (TIMING.md), against which the
 * event-driven engine is held. It shares the memory manager, the MMU and the configuration with it,
 * which know no time, and nothing of sim/engine: cores, scheduler, device, shootdowns, and where
 * and for whom each cycle is booked are its own. Plain arrays and linear searches.
 *
 *   tick_run.c     the loop over cycles; booking          tick_access.c  references and faults
 *   tick_sched.c   whose turn it is                       tick_call.c    calls
 *   tick_host.c    requests; background work              tick_shoot.c   invalidations, interrupts
 *   tick_free.c    the same in free order                 tick_compare.c both sides, compared
 *   tick_device.c  the device
 *   tick_gen.c, tick_gen_machine.c  cases from a seed     tick_shrink.c  smaller cases, in words
 *
 * A core is in a step, whose cycles it counts down, or looks for the next one. In each cycle, in
 * this order and again from the top after each, until nothing more happens (T2):
 *   events end, threads that must wait leave their core, interrupts are taken
 *   1. a request completes, the lowest number first
 *      what a step that is over has asked of the device gets there, the lowest number first
 *   2. threads that wait for a frame may go on; a timer comes; a step of background work begins
 *   3. the thread whose event is the earliest, and that can, takes a step, or a core
 * Then every core books one cycle in one bucket of one process. Free frames are zeroed only by
 * cores that nothing happened to.
 *
 * What TIMING.md leaves open is read like this:
 *   T2   the lookups and the walk of one page are one step, in the cycle of the first lookup
 *   T2   the requests of a step get to the device when its cycles are over, answers to its
 *        interrupts included, after the completions of that cycle ("service up to the request",
 *        T13)
 *   T2   the run ends before the completions of its end cycle
 *   T3   an event has begun once its thread has its core, so before the cycles of the switch,
 *        which are not the event's; its gap (+N) is, and what it does comes after it
 *   T3   which pages an event acts on is asked anew in each cycle in which it might begin; a call
 *        that was given NULL acts on what it placed; one that acts on all pages meets every event
 *        of its process; a label is known when the call that says it has ended, a pid free when
 *        the exit has
 *   T4   a thread has a core of its own until it waits for I/O, or another takes it; without one
 *        it takes that which it was on last, if that is idle, else the idle core of the lowest
 *        number
 *   T4   in free order a thread keeps its core from event to event, while it can go on at once and
 *        its quantum, which begins when the core turns to it, is not over, or nobody waits for a
 *        core; who could not go on for no time at all keeps its place among those that wait; calls
 *        meet every event on their pages, other events do not meet
 *   T4   a thread that has to wait leaves its core even if what it waits for came while it served
 *   T4   after ExitProcess the core is in the address space that was left
 *   T6   while a recorded time (@N) is all that the next event waits for, cores without an event
 *        idle
 *   T13  who waits for a frame goes on in the cycle in which there is one, if a request completes
 *        or background work did something, else when background work has nothing more to do; on
 *        the textbook machine, where a frame cannot be told before it is tried for, whenever the
 *        memory manager did something
 *   T15  TLBs, here and elsewhere, lose the pages in the step's cycle. A core is interrupted if it
 *        is in the address space. The interrupts leave when the step's work is over, and get there
 *        when those of the round are (os.ipi). The step of one page's lookups, walk and data is not
 *        interrupted, anything else at once; handlers are served one after another, in the order in
 *        which they came, and answer when they are done. Frames that the step gave up come on their
 *        lists when all have answered (T2), in the order in which they were given up
 *   T16  idle cores for background work have no thread, or one that waits; it goes before
 *        threads, and on step after step until it finds nothing to do; it begins when the memory
 *        manager has been at work since it last did
 *   T16  each idle core zeroes frames of its own, from vmm.zero_start on, until none is left or
 *        work comes (W10); not while its thread waits for its turn
 *   T16  the timers come in their cycle; while the balance set manager is at rest and no event is
 *        under way, its ticks are only counted (vmm_slept)
 *   T19  a thread between two events waits for its turn until every event of the trace has begun;
 *        whether it has another one is not known before
 *   T19  a core whose last thread goes on elsewhere idles
 *   T19  a completion counts for the process that asked for it */
#ifndef TICK_H
#define TICK_H

#include "config/config.h"
#include "event/event.h"
#include "mmu/mmu.h"
#include "stats/stats.h"
#include "vmm/vmm.h"

#include <glib.h>
#include <vmsim/vmsim.h>

#define TICK_CORES 8
#define TICK_THREADS 16
#define TICK_LABELS 64
#define TICK_NEVER UINT64_MAX
#define TICK_LONGEST 400000 /* cycles: threads that thrash may never end */

/* --- cases and results ---------------------------------------------------------------------- */

struct tick_event {
	struct vmsim_event event; /* .call is set when it is used */
	struct vmsim_call call;
};

struct tick_case {
	GPtrArray *settings; /* of char *: PATH=VALUE */
	struct tick_event *events;
	size_t n;
	bool recorded; /* the engine is told what the reference answered, and compares */
	uint64_t seed;
	char kind[48]; /* of difference that is shrunk */
};

struct tick_figures {
	uint64_t counter[N_COUNTERS], bucket[N_BUCKETS];
};

/* A process of the report, or a phase. */
struct tick_part {
	char *name; /* of a phase */
	uint32_t pid;
	uint64_t cycles; /* of a phase */
	struct tick_figures figures;
};

/* What happened, when, to what; strings are static. */
struct tick_record {
	uint64_t cycle, seq, where, a, b, cores; /* b: TICK_NEVER: it never came out */
	uint32_t pid, tid;
	enum vmsim_record_kind kind;
	const char *from, *to;
};

struct tick_result {
	bool stuck;   /* no frame can be had, ever (L3) */
	bool endless; /* it was given up */
	vmsim_cycles end;
	struct tick_figures total;
	GArray *processes, *phases;     /* of struct tick_part */
	GArray *records;                /* of struct tick_record */
	struct vmsim_outcome *outcomes; /* of calls, in the order of the case; pages are owned */
	uint8_t *results;               /* of accesses: vmsim_access_result */
	size_t n;
	uint64_t core[TICK_CORES][N_BUCKETS];
};

void tick_result_init(struct tick_result *r, size_t n);
void tick_result_fini(struct tick_result *r);

/* --- the simulator -------------------------------------------------------------------------- */

enum tick_stage {
	TICK_BETWEEN, /* no event under way */
	TICK_GAP,
	TICK_BEGIN,
	TICK_TRANSLATE,
	TICK_TRAP,
	TICK_SERVICE,
	TICK_RETURN,
	TICK_CALL,
	TICK_END,  /* the event is over when the step's cycles are */
	TICK_WAIT, /* and here the thread waits then */
};

enum tick_wait { TICK_NO_WAIT, TICK_IO, TICK_FRAME };

struct tick_thread {
	uint32_t pid, tid;
	struct process *process;
	int core; /* -1: none */
	int last_core;
	vmsim_va stack_low, stack_end;
	unsigned priority;
	vmsim_cycles turn_since;  /* between events since */
	vmsim_cycles ready_since; /* in the middle of one, but for a core */

	enum tick_stage stage, after; /* after: TICK_WAIT's */
	enum tick_wait wait;
	bool waiting; /* without a core, for the above */
	struct io *io;

	/* the event under way */
	size_t index; /* in the case */
	const struct vmsim_event *event;
	vmsim_va va;
	vmsim_vpn first, last;
	bool exclusive;
	uint64_t done, counted; /* bytes */
	bool repeated, untold;
	vmsim_cycles data_cycles; /* of the slowest page, where caches hold data */
	struct fault fault;
	vmsim_cycles fault_begin, fault_cycles;
	struct api_call call;
};

/* Cycles that go to one bucket: of a step, or of an interrupt, answered when they are over. */
struct tick_slice {
	enum bucket_id bucket;
	vmsim_cycles cycles;
	unsigned account;
	struct tick_core *from; /* who sent the interrupt; NULL: it is none */
};

#define TICK_SLICES 64
#define TICK_SPACES 64 /* address spaces of a run */

enum tick_space { TICK_NOTHING, TICK_HELD, TICK_STALE };

/* Interrupts that a step sends to other cores (T15). */
enum tick_round { TICK_NO_ROUND, TICK_TO_SEND, TICK_SENT };

struct tick_core {
	unsigned number;
	struct mmu mmu;
	struct tick_thread *thread; /* that has it */
	struct tick_thread *last;   /* that had it last, and has no other since; NULL: none */
	vmsim_cycles turned;        /* to it */
	struct tick_thread *ran;    /* that had it last, if there is that thread */
	bool used;                  /* it has had one */
	uint32_t asid;              /* the address space it is in; 0: none yet */
	struct tick_slice slice[TICK_SLICES]; /* of the step it is in */
	unsigned n_slices;
	bool background; /* the step is background work */
	bool reference;  /* it is one of a reference, and takes no interrupt */
	/* What it may hold of each address space (H15). */
	enum tick_space space[TICK_SPACES];
	/* Of the step, once its own work is over: whom it interrupts, and what that takes of each;
	 * how many have not answered. */
	enum tick_round round;
	bool target[TICK_CORES];
	vmsim_cycles cost[TICK_CORES];
	unsigned unanswered, account;
	struct tick_record told; /* of the round, but for how long it took; and where that is */
	guint told_at;
	struct tick_slice waiting[TICK_SLICES]; /* interrupts that it has not taken yet */
	unsigned n_waiting;
	GPtrArray *asked;         /* of struct io: the step's requests */
	vmsim_cycles zeroing;     /* of the frame that it is zeroing */
	enum bucket_id waits_for; /* of this cycle, if it has nothing to run, and whose */
	unsigned waits_of;
	bool zeroes; /* its zero-page thread is awake: until no frame is left */
};

/* A page whose translation changed. */
struct tick_gone {
	uint32_t asid;
	vmsim_vpn vpn;
};

/* A frame that waits for a core's interrupts to be answered, before it is listed. */
struct tick_given {
	vmsim_pfn frame;
	const struct tick_core *core;
};

struct tick {
	const struct config *config;
	const struct tick_case *c;
	struct tick_result *result;
	vmsim_cycles cycle;

	struct vmm *vmm;
	struct stats stats; /* the vmm and the mmus count here */
	struct events events;
	struct counters seen; /* when it was last said whose counts they are */
	GArray *ledgers;      /* of struct tick_figures, like stats.accounts */
	struct tick_figures all, phase_base;
	char *phase;
	vmsim_cycles phase_begin;

	struct memory memory; /* levels of caches that cores share */
	unsigned n_cores;
	struct tick_core core[TICK_CORES];
	GPtrArray *threads;     /* of struct tick_thread */
	GHashTable *processes;  /* pid -> struct process */
	size_t next;            /* the next event to begin */
	struct tick_free *free; /* order=free; else NULL */
	uint64_t label[TICK_LABELS];
	bool bound[TICK_LABELS];

	struct tick_device *device;
	GArray *invalidations;  /* of this step: struct tick_gone */
	GArray *given_up;       /* struct tick_given */
	GPtrArray *submissions; /* of this step */

	bool background_due; /* the vmm was at work since it last found nothing to do */
	bool news;           /* something that may give a frame to who waits for one */
	vmsim_cycles next_tick;
};

/* tick_run: the case, on a machine. */
void tick_run(const struct tick_case *c, const vmsim_config *config, struct tick_result *result);

/* tick_run.c */
void tick_slice(struct tick *t, struct tick_core *core, enum bucket_id bucket, unsigned account,
		vmsim_cycles cycles);
/* tick_count: what was counted since the last time was this account's. */
void tick_count(struct tick *t, unsigned account);
unsigned tick_account(const struct tick *t, const struct process *process); /* NULL: 0 */
void tick_mark(struct tick *t, const char *name);
void tick_stamp(struct tick *t, const struct tick_thread *thread); /* NULL: background */
void tick_record(struct tick *t, struct tick_record record);

/* tick_sched.c */
void tick_settle(struct tick *t);      /* events end, threads leave */
bool tick_step_thread(struct tick *t); /* false: none can */
bool tick_ended(const struct tick *t);
bool tick_may_come(struct tick *t); /* an event may yet begin by time alone */
enum bucket_id tick_waits_for(struct tick *t, const struct tick_core *core, unsigned *account);

struct tick_thread *tick_find_thread(struct tick *t, uint32_t pid, uint32_t tid);
/* tick_look_at: what an event of the trace acts on, as things are now (T3); its thread remembers.
 * tick_meets: whether an event under way keeps it off. tick_begin: it begins. */
void tick_look_at(struct tick *t, struct tick_thread *thread, size_t index);
bool tick_meets(const struct tick *t, const struct tick_thread *thread);
void tick_begin(struct tick_thread *thread);
/* tick_go: a thread in the middle of an event takes the core, or its next step there. */
void tick_go(struct tick *t, struct tick_thread *thread, struct tick_core *core);

/* tick_free.c: the order of the trace does not matter. */
struct tick_free *tick_free_new(const struct tick_case *c);
void tick_free_free(struct tick_free *free);
bool tick_free_step(struct tick *t);
void tick_free_end(struct tick *t, const struct tick_thread *thread); /* its event has ended */
bool tick_free_ended(const struct tick *t);
bool tick_free_may_come(struct tick *t);
/* tick_free_idles: whether a thread between two events does not keep its core; false in recorded
 * order. */
bool tick_free_idles(struct tick *t, const struct tick_thread *thread);

/* tick_access.c, tick_call.c: the next step of the thread's event. */
void tick_access(struct tick *t, struct tick_thread *thread);
void tick_call(struct tick *t, struct tick_thread *thread);
void tick_unpin(struct tick *t, struct tick_thread *thread);
void tick_fault_begin(struct tick *t, struct tick_thread *thread, vmsim_va va,
		      enum vmsim_access access);
void tick_call_labels(const struct vmsim_call *call, uint32_t labels[2]);

/* tick_host.c */
struct vmm_host tick_host(struct tick *t);
/* tick_ask: the step's requests wait for its cycles to be over. */
void tick_ask(struct tick *t, struct tick_core *core, vmsim_cycles wanted);
/* tick_acted: the vmm did something. tick_stepped: it did for a thread, which may have to wait once
 * the step is over, and then goes on with the stage it is in. */
void tick_acted(struct tick *t);
void tick_stepped(struct tick *t, struct tick_thread *thread, enum vmm_status status,
		  struct io *io);
bool tick_hand_over(struct tick *t); /* of steps that are over, to the device */
bool tick_complete(struct tick *t);
bool tick_timers(struct tick *t);
bool tick_background(struct tick *t);
bool tick_wake(struct tick *t);
void tick_zero(struct tick *t, struct tick_core *core);

/* tick_shoot.c */
/* tick_core_busy: it is in a step, or in what belongs to it. tick_core_free: it can be taken. */
bool tick_core_busy(const struct tick_core *core);
bool tick_core_free(const struct tick_core *core);
bool tick_may_send(const struct tick_core *core); /* its step waits for its interrupts alone */
/* tick_invalidate: what the step asked for, on every core; returns the local cycles.
 * tick_interrupt: interrupts are sent for it once the step's own cycles are over. */
vmsim_cycles tick_invalidate(struct tick *t, struct tick_core *core);
void tick_interrupt(struct tick *t, struct tick_core *core, unsigned account);
/* tick_send: they reach the others now. tick_take: cores that can take those that wait. */
void tick_send(struct tick *t, struct tick_core *core);
bool tick_take(struct tick *t); /* whether a step is over by that */
/* tick_enter: the core loads an address space; what it still has to flush. */
vmsim_cycles tick_enter(struct tick *t, struct tick_core *core, uint32_t asid);

/* tick_device.c */
struct tick_device *tick_device_new(const struct config *config);
void tick_device_free(struct tick_device *device);
void tick_device_ask(struct tick_device *device, struct io *io, vmsim_cycles now);
/* tick_device_done: a request that is complete in this cycle; NULL: none is. Every cycle. */
struct io *tick_device_done(struct tick_device *device, vmsim_cycles now);
bool tick_device_works(const struct tick_device *device);

/* --- cases ----------------------------------------------------------------------------------- */

struct tick_case tick_generate(uint64_t seed, unsigned max_cores, bool free);
void tick_case_free(struct tick_case *c);
uint64_t tick_below(uint64_t *state, uint64_t n);
GPtrArray *tick_some_machine(uint64_t *state, unsigned max_cores, bool free);

/* What cases added up to. */
struct tick_counts {
	uint64_t events, cycles, stuck, endless;
	struct tick_figures figures;
};
#define TICK_NO_MACHINE "there is no such machine"
/* tick_try: NULL, or how the engine differs, in a sentence; new. counts may be NULL. */
char *tick_try(const struct tick_case *c, struct tick_counts *counts);
void tick_shrink(struct tick_case *c, const char *difference);
char *tick_report(const struct tick_case *c); /* as a text trace */

#endif
