/* machine.h: the simulated machine: its cores, their threads, the clock, and what they share.
 *
 * An event is an operation of a thread. It runs in steps until it ends or must wait; what it is
 * in the middle of is kept in struct op, so it can be taken up again. Events begin in the order
 * of the trace (T3); a later one may begin while an earlier one is under way on another core, or
 * waits for I/O, unless they touch the same page and one of them is a store or a call.
 *
 *   replay.c   events in, and the hot path                   calls.c      calls, step by step
 *   sched.c    what happens next                             compare.c    recorded results
 *   place.c    when an event or thread may go on, and where  results.c    reports
 *   thread.c   threads, and cores turning to them            drive.c      driving by hand
 *   core.c     cores: time that passes, and its bookings     audit.c      the invariants
 *   work.c     background work, timers, zeroing              sample.c     figures by interval
 *   free.c     order=free                                begin.c      how an event begins
 *   shootdown.c  invalidations, other cores interrupted      clock.h      booking cycles
 *   access.c   references and faults, step by step           device.c, seek.c  the pagefile's
 *   overlap.c  several references in flight
 *
 * One core acts at a time: its clock, thread and TLBs are the machine's `now`, `running`, `mmu`;
 * core_select() turns to another. A machine with one core does nothing else and skips all that.
 *
 * Invariants
 *  1. The buckets sum to the clocks of all cores, once the linear ones are settled (T19).
 *  2. attention <= the device's next event, the timers' and sample_at; 0 when threads are ready or
 *     waiting, or background work may be due. The hot path looks at nothing else; with several
 *     cores it is entered only while the others are quiet (replay.c).
 *  3. A thread that waits is in `waiting`, one that may go on is in `ready`; one that is RUNNING
 *     has a core; others are between events. */
#ifndef ENGINE_MACHINE_H
#define ENGINE_MACHINE_H

#include "config/config.h"
#include "engine/device.h"
#include "event/event.h"
#include "mmu/mmu.h"
#include "stats/stats.h"
#include "vmm/vmm.h"

#include <glib.h>
#include <vmsim/machine.h>

enum op_stage {
	OP_IDLE,      /* no event under way */
	OP_BEGIN,     /* its core has turned to the thread, and the gap before it is over */
	OP_TRANSLATE, /* a reference: look up the page of `at` */
	OP_TRAP,      /* a fault: enter the handler */
	OP_SERVICE,   /* resolve it */
	OP_RETURN,    /* leave the handler */
	OP_CALL,      /* a call: carry it out */
	OP_EXITED,    /* its process is gone once the call's cycles are over */
};

/* What events have from the trace they came from. Kept while the machine lives: an event may
 * still be under way when another trace goes on. */
struct source {
	char *path;
	struct vmsim_labels *labels;
	bool implicit_commit;
	uint64_t ticks_per_second; /* 0: a tick is a cycle */
};

/* The event a thread is in the middle of. */
struct op {
	enum op_stage stage;
	struct vmsim_event event;
	const struct source *source;
	struct vmsim_call args; /* event.call: the reader's copy does not last */
	uint64_t seq;
	vmsim_va va;                /* labels resolved */
	vmsim_vpn first, last;      /* pages it acts on; first > last: none */
	bool exclusive;             /* a store or a call (T3) */

	/* a reference */
	uint64_t done;      /* bytes translated */
	uint64_t counted;   /* bytes whose page's first lookup was counted (T22) */
	bool repeated;      /* the next lookup follows a fault (T22) */
	bool untold;        /* the policy was not told of the page by that fault */
	bool stores;        /* every page permits the store, so bytes are kept */
	bool differs;       /* a recorded value does not agree */
	bool compared;      /* every byte could be compared */
	uint64_t got;       /* the value read */
	vmsim_cycles data_cycles; /* of the slowest page's data, where caches hold data (T9) */

	/* a fault, of a reference or of a call that touches a page */
	struct fault fault;
	vmsim_cycles fault_begin;
	vmsim_cycles fault_cycles; /* spent on it so far, waiting aside */

	struct api_call call;
};

enum wait_kind { WAIT_NOTHING, WAIT_IO, WAIT_FRAME };

enum thread_state {
	THREAD_BETWEEN, /* events: its next one has not begun */
	THREAD_RUNNING, /* an event, on its core */
	THREAD_WAITING, /* in the middle of one */
	THREAD_READY,   /* to go on, when it has a core */
};

struct core;

struct thread {
	struct process *process;
	uint32_t pid, tid;
	enum thread_state state;
	struct core *core;      /* that it is on, or was on last; NULL: none yet */
	vmsim_cycles served;    /* WAITING, READY: when the step that let it wait is over */
	vmsim_cycles ready_at;  /* READY: since when */
	vmsim_cycles ended;     /* BETWEEN: when its last event does */
	enum wait_kind wait;
	struct io *io;
	vmsim_va stack_low, stack_end; /* ThreadStack; 0, 0: not told (K2) */
	unsigned priority;             /* ThreadMemoryPriority (W11) */
	struct op op;
};

#define REFERENCE_BATCH 256

struct invalidation {
	uint32_t asid;
	vmsim_vpn vpn;
};

/* A request on its way to the device. */
struct submission {
	struct io *io;
	vmsim_cycles at;   /* DEVICE_NEVER: when the round of `core` has ended */
	struct core *core;
};

/* A frame that was given up, and is to be listed (T2). */
struct given_up {
	vmsim_pfn frame;
	vmsim_cycles at; /* DEVICE_NEVER: when the round of `core` has ended */
	struct core *core;
};

#include "engine/core.h"

struct vmsim_machine {
	/* hot; of the acting core, but for the first */
	vmsim_cycles attention;
	vmsim_cycles now;
	struct thread *running; /* the thread the core last ran */
	/* What a plain reference must be of: `running`'s identity, and addresses below plain_end,
	 * which is 0 while nothing runs, or when an audit looks at every event. */
	uint32_t plain_pid, plain_tid, asid;
	vmsim_va plain_end;
	struct mmu *mmu;
	vmsim_cycles hit_cycles[3]; /* of a reference that hits, by access */
	bool every_reference, keep_contents;
	bool cached_data; /* data goes through the caches (T9) */
	uint32_t n_references;
	const uint64_t *label_value;
	struct stats stats;
	vmsim_pfn references[REFERENCE_BATCH]; /* for the policy, not told yet */

	vmsim_config *handle; /* owns config */
	const struct config *config;
	struct events events;
	struct vmm *vmm;
	struct device *device;
	struct memory memory; /* levels of caches that cores share */

	struct core *core; /* that acts */
	struct core *cores;
	unsigned n_cores;
	bool many;              /* several cores, or free order: events go step by step (sched.c) */
	struct free *free;      /* order=free; else NULL */
	bool overlaps;          /* references do (overlap.h) */
	struct buckets core_base; /* totals up to which the acting core has been charged */
	vmsim_cycles time;      /* many: when the last thing happened that did */
	vmsim_cycles begun;     /* many: when the last event began */
	vmsim_cycles last_end;  /* when the last event to end ends (T19) */
	/* From then on cores whose threads are between events are idle: the trace says that nothing
	 * is to begin yet, or nothing is left. DEVICE_NEVER: they wait for their turn (T19). */
	vmsim_cycles idle_from, idle_until; /* and until then, when they wait again */

	uint64_t seq;           /* events begun */
	uint64_t seq_measured;  /* when measuring began */
	vmsim_cycles origin;    /* likewise; events are stamped relative to it */
	GHashTable *threads;    /* (pid, tid) -> struct thread; owns them */
	GHashTable *threads_of; /* process -> GPtrArray of its threads */
	GHashTable *processes;  /* pid -> struct process, live ones */
	GPtrArray *waiting, *ready;
	bool frames_due;        /* the vmm acted since threads without a frame last tried */
	bool background_due;    /* the vmm acted since background work last found nothing to do */
	vmsim_cycles next_tick; /* of the balance set manager's timer (W3); DEVICE_NEVER: none */
	GArray *invalidations;  /* of this step: struct invalidation */
	GPtrArray *submissions; /* of this step: struct io */
	GArray *submitted;      /* many: struct submission, still to reach the device */
	GArray *given_up;       /* many: struct given_up */
	GArray *held;           /* of this step: vmsim_pfn, frames that other cores may still map */

	/* the traces */
	GPtrArray *sources; /* of struct source */
	GStringChunk *names; /* of calls: a reader's do not last */
	const struct source *source; /* whose events are fed now */
	struct vmsim_labels *own_labels; /* of events without a trace */

	/* the end of the interval that is sampled, in cycles or events; never when none is */
	struct sampler *sampler;
	vmsim_cycles sample_at;
	uint64_t sample_seq;

	/* results */
	enum vmsim_audit audit;
	const volatile int *stop; /* NULL: nobody may */
	GError *error;
	uint64_t divergences;
	char *first_divergence;
	char *dump; /* of the configuration */
	GHashTable *touched;    /* (vpn, asid) of every page faulted in */
	GPtrArray *violations;  /* of struct violation */
	GHashTable *violation_ids;
	enum vmsim_access_result last_result; /* of the last reference, for driving by hand */
	struct vmsim_outcome last_outcome;
	uint64_t last_value;
	bool finished;
};

/* --- sched.c ------------------------------------------------------------------------------ */

/* machine_await: let happen what does before an event of `thread` may begin, and turn a core to it.
 * => op: the event's pages and kind, for T3
 * => returns false when the machine cannot go on (m->error) */
bool machine_await(struct vmsim_machine *m, struct thread *thread, struct op *op,
		   vmsim_cycles not_before);
/* machine_await_label: let time pass until no call under way is to bind the label. */
bool machine_await_label(struct vmsim_machine *m, uint32_t label);
/* machine_await_exit: let time pass until no process of that number is on its way out. */
bool machine_await_exit(struct vmsim_machine *m, uint32_t pid);
/* machine_go_on: let the next thing happen; false if nothing does. machine_stuck: then somebody
 * waits for what never comes. */
bool machine_go_on(struct vmsim_machine *m);
bool machine_stuck(struct vmsim_machine *m);
/* machine_drain: let every event under way end. */
bool machine_drain(struct vmsim_machine *m);
/* machine_close: let happen what does before the end of the last event. => drained */
void machine_close(struct vmsim_machine *m);
/* machine_begun: a thread's event has begun, or goes on, on the acting core. The only core runs it
 * until it ends or must wait. */
void machine_begun(struct vmsim_machine *m, struct thread *thread);
void machine_look(struct vmsim_machine *m); /* recompute `attention` */
/* machine_time: how far the machine has come. */
static inline vmsim_cycles machine_time(const struct vmsim_machine *m)
{
	return m->many ? m->time : m->now;
}
/* The error that stops the machine is kept in m->error; the first one stays. Returns false. */
bool machine_fail(struct vmsim_machine *m, int code, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* --- thread.c ----------------------------------------------------------------------------- */

guint machine_thread_hash(const void *key); /* of (pid, tid) in 64 bits */
struct thread *machine_thread(struct vmsim_machine *m, uint32_t pid, uint32_t tid);
/* machine_switch: the acting core turns to a thread. */
void machine_switch(struct vmsim_machine *m, struct thread *thread);
/* thread_wait, thread_end: its event waits, or has ended. => the acting core ran it */
void thread_wait(struct vmsim_machine *m, struct thread *thread);
void thread_end(struct vmsim_machine *m, struct thread *thread);
/* thread_wake: threads that waited for this request may go on; so may those that wait for a frame,
 * when one can be had. Whether it can, the textbook machine does not know before it tries. */
void thread_wake(struct vmsim_machine *m, const struct io *io, vmsim_cycles at);
bool thread_starves(const struct vmsim_machine *m); /* any, for want of a frame */
/* The policy is told what was referenced; before every step of the vmm. */
void machine_flush_references(struct vmsim_machine *m);

/* --- place.c ------------------------------------------------------------------------------ */

/* When an event may begin, or a thread go on. */
struct start {
	bool possible;      /* unless something else happens before */
	bool has_turn;      /* its turn has come, or comes when what is under way ends, at */
	vmsim_cycles turn;
	vmsim_cycles at;    /* when it begins */
	struct core *core;
	const struct thread *thread;
};
/* place_event: an event that has not begun (T3, T4). place_ready: a thread that may go on from
 * then; not on the core of `next`, if that can begin then. */
struct start place_event(struct vmsim_machine *m, struct thread *thread, const struct op *op,
			 vmsim_cycles not_before);
struct start place_ready(struct vmsim_machine *m, struct thread *thread, vmsim_cycles since,
			 const struct start *next);
/* place_anywhere: a thread that may go on from then, on any core. place_permits: whether no event
 * under way keeps one off its pages, and from when. place_own_core: that it still has. */
struct start place_anywhere(struct vmsim_machine *m, const struct thread *thread,
			    vmsim_cycles since);
bool place_permits(struct vmsim_machine *m, const struct thread *thread, const struct op *op,
		   vmsim_cycles *turn);
struct core *place_own_core(const struct thread *thread);

/* --- free.c ------------------------------------------------------------------------------- */

/* All but free_feed() and free_place() do nothing in the recorded order. */
void free_init(struct vmsim_machine *m);
void free_fini(struct vmsim_machine *m);
/* free_feed: an event of the trace; something else happens if too many are queued. */
bool free_feed(struct vmsim_machine *m, const struct vmsim_event *event);
bool free_is_drained(const struct vmsim_machine *m);
/* free_look: which threads may begin an event now; before they are placed.
 * free_place: where the i-th of free_lanes() begins its next one; *waits_since: among those that
 * would in that cycle, the lowest goes first. free_begin: it does, on the acting core. */
void free_look(struct vmsim_machine *m);
guint free_lanes(const struct vmsim_machine *m);
struct start free_place(struct vmsim_machine *m, guint i, uint64_t *waits_since, uint64_t *seq);
void free_begin(struct vmsim_machine *m, guint i);
/* free_ended: a thread's event ends, when it says. free_put_off: or later, as it says now. */
void free_ended(struct vmsim_machine *m, const struct thread *thread);
void free_put_off(struct vmsim_machine *m, const struct thread *thread);

/* --- shootdown.c -------------------------------------------------------------------------- */

/* machine_invalidate: after a step of the vmm, carry out what it asked for (H16, T15).
 * => returns the cycles it took on this core; the caller books them with its work, and then calls
 *    machine_interrupt(), which sends interrupts to other cores if any is to join */
vmsim_cycles machine_invalidate(struct vmsim_machine *m);
void machine_interrupt(struct vmsim_machine *m);
/* shootdown_broken: the same for a frame that broke outside of any thread's work: after an injected
 * error, or when its I/O ended (L32). Booked as process 0's, on the acting core (T20). */
void shootdown_broken(struct vmsim_machine *m);
/* shootdown_arrive: the interrupts that the acting core sent reach the others now. */
void shootdown_arrive(struct vmsim_machine *m);
/* shootdown_enter: the acting core loads an address space; returns what it still has to flush. */
vmsim_cycles shootdown_enter(struct vmsim_machine *m, uint32_t asid);
bool shootdown_is_stale(const struct core *core, uint32_t asid);
/* shootdown_next: when the next round ends that frames wait for; DEVICE_NEVER: they wait for none.
 * shootdown_list: those whose round has ended by then are listed (T2). */
vmsim_cycles shootdown_next(const struct vmsim_machine *m);
void shootdown_list(struct vmsim_machine *m, vmsim_cycles at);
/* The vmm's requests, kept until the end of its step (struct vmm_host). ctx is the machine. */
void machine_want_invalidation(void *ctx, uint32_t asid, vmsim_vpn vpn);

/* --- work.c ------------------------------------------------------------------------------- */

/* machine_submit: after a step of the vmm, its requests go to the device. */
void machine_submit(struct vmsim_machine *m, vmsim_cycles wanted);
void machine_want_io(void *ctx, struct io *io); /* struct vmm_host */
/* work_release: those that waited for the acting core's interrupts to be answered go now (T13). */
void work_release(struct vmsim_machine *m);
/* work_completions: take requests that are complete by `at`. */
void work_completions(struct vmsim_machine *m, vmsim_cycles at);
/* work_submit: requests on their way reach the device; work_submit_next: when the first does. */
void work_submit(struct vmsim_machine *m, vmsim_cycles at);
vmsim_cycles work_submit_next(const struct vmsim_machine *m);
/* work_delay: the acting core was interrupted at `at`: what its step asked for comes later. */
void work_delay(struct vmsim_machine *m, vmsim_cycles at, vmsim_cycles cycles);
/* work_tell_ran: the vmm is told that the process of a core's thread ran until now, if it did;
 * work_tell_who_ran: of every core's. */
void work_tell_ran(struct vmsim_machine *m, struct core *core, vmsim_cycles at);
void work_tell_who_ran(struct vmsim_machine *m, vmsim_cycles at);
/* work_background: a step of the vmm's threads on the acting core; false: nothing to do (T16). */
bool work_background(struct vmsim_machine *m);
/* work_zero: the acting core, idle, begins to zero a frame (W10).
 * work_zero_next: when a core next does; DEVICE_NEVER: it does not. */
void work_zero(struct vmsim_machine *m);
vmsim_cycles work_zero_next(const struct vmsim_machine *m, const struct core *core);
/* timer_next: when the next timer comes (W3, W8); DEVICE_NEVER: none does. timer_take: if one has,
 * tell the vmm and let background work be done. timer_skip: nothing happens before `until`; ticks
 * that would find nothing to do are only counted. */
vmsim_cycles timer_next(const struct vmsim_machine *m);
void timer_take(struct vmsim_machine *m, vmsim_cycles at);
void timer_skip(struct vmsim_machine *m, vmsim_cycles until);

/* --- begin.c ------------------------------------------------------------------------------ */

/* event_acceptable: false for one that is wrong whatever the machine; event_clock_allows: or that
 * would run past the end of time. Both leave m->error. */
bool event_acceptable(struct vmsim_machine *m, const struct vmsim_event *event);
bool event_clock_allows(struct vmsim_machine *m, const struct vmsim_event *event);
/* event_thread: its thread, made if need be. NULL with the error set: there is no room for it. */
struct thread *event_thread(struct vmsim_machine *m, const struct vmsim_event *event);
/* event_fill: the operation that an event is. => its labels are bound, or will not be */
void event_fill(struct vmsim_machine *m, const struct thread *thread,
		const struct vmsim_event *event, uint64_t seq, struct op *op);
/* event_range: which pages it acts on, as things stand (T3). */
void event_range(struct vmsim_machine *m, const struct thread *thread, struct op *op);
/* event_names: whether an event has a label, where it acts or in what it was recorded to answer,
 * that `which` is true of. call_binds: whether a call may bind one: its answer has it. */
typedef bool (*label_fn)(void *ctx, uint32_t label);
bool event_names(const struct vmsim_event *event, label_fn which, void *ctx);
bool call_binds(const struct vmsim_call *call, uint32_t label);
/* call_answers: whether its answer has a label that `which` is true of. */
bool call_answers(const struct vmsim_call *call, label_fn which, void *ctx);
/* event_not_before: the cycle before which a recorded time keeps its thread idle (T6). */
vmsim_cycles event_not_before(const struct vmsim_machine *m, const struct vmsim_event *event);
/* event_begin: it begins now on the acting core, which turns to its thread. */
void event_begin(struct vmsim_machine *m, struct thread *thread, const struct op *op);

/* --- replay.c ----------------------------------------------------------------------------- */

/* machine_event: begin one event, once its turn has come. */
bool machine_event(struct vmsim_machine *m, const struct vmsim_event *event);

/* --- access.c, calls.c -------------------------------------------------------------------- */

/* One stage of an operation. Returns false when the thread must wait (wait, io are set). */
bool access_stage(struct vmsim_machine *m, struct thread *thread);
bool call_stage(struct vmsim_machine *m, struct thread *thread);
void access_begin(struct vmsim_machine *m, struct thread *thread);
void call_begin(struct vmsim_machine *m, struct thread *thread);
/* call_keep: what a call points to belongs to the reader and goes with its batch. */
void call_keep(struct vmsim_machine *m, struct op *op);
/* call_forget: what a thread's last operation holds, if it is a call, under way or not. */
void call_forget(struct op *op);
/* call_recorded_place: where a call given NULL put its block when it was recorded, if that is a
 * plain address; else 0. */
vmsim_va call_recorded_place(const struct vmsim_call *call);
/* access_unpin: what the operation's last fault kept need not stay any more. Returns whether
 * anything did. */
bool access_unpin(struct vmsim_machine *m, struct op *op);
/* access_touch: a call needs a page faulted in. */
void access_touch(struct vmsim_machine *m, struct thread *thread, vmsim_va va);
/* access_fault: a reference's first lookup, already counted, ended in a fault. */
void access_fault(struct vmsim_machine *m, struct thread *thread, vmsim_va va);
/* What one page's part of a reference takes, where caches hold data. */
vmsim_cycles access_cached(struct vmsim_machine *m, vmsim_va va, vmsim_pfn frame);
/* Contents of one page's part of a reference. */
void access_data(struct vmsim_machine *m, struct op *op, vmsim_va va, unsigned n,
		 vmsim_pfn frame);

/* --- compare.c ---------------------------------------------------------------------------- */

void compare_access(struct vmsim_machine *m, const struct op *op,
		    enum vmsim_access_result result);
void compare_call(struct vmsim_machine *m, struct op *op);

/* --- audit.c ------------------------------------------------------------------------------ */

/* machine_audit: the whole state, now; false when an invariant is broken (m->error names it). */
bool machine_audit(struct vmsim_machine *m);
/* machine_audit_event: an event was begun, and has ended or waits.
 * => process: that of its thread, which may be gone; op: the pages it acted on */
void machine_audit_event(struct vmsim_machine *m, struct process *process, const struct op *op);
/* machine_audit_access: a part of a reference, within a page, was translated. */
void machine_audit_access(struct vmsim_machine *m, const struct thread *thread, vmsim_va va,
			  unsigned n, vmsim_pfn frame);

/* --- sample.c ----------------------------------------------------------------------------- */

/* machine_sample_begin: the first interval begins here, if any is sampled. */
void machine_sample_begin(struct vmsim_machine *m);
/* machine_sample: the interval ends here. => now >= sample_at, or seq >= sample_seq */
void machine_sample(struct vmsim_machine *m);
/* machine_sample_rest: the last interval, if anything happened in it. */
void machine_sample_rest(struct vmsim_machine *m);

/* --- results.c ---------------------------------------------------------------------------- */

void results_init(struct vmsim_machine *m);
void results_fini(struct vmsim_machine *m);
void results_measure(struct vmsim_machine *m); /* forget what came before */
void results_phase(struct vmsim_machine *m, const char *name); /* a phase ends, another begins */
void results_close(struct vmsim_machine *m); /* the last event has ended */
/* results_fault, results_io: one ended now; its duration goes into the histograms. */
void results_fault(struct vmsim_machine *m, const struct op *op);
void results_io(struct vmsim_machine *m, const struct io *io);
void results_violation(struct vmsim_machine *m, const struct thread *thread,
		       enum vmsim_access_result result);

#endif
