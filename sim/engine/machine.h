/* machine.h: the simulated machine: one core, its threads, the clock, and what they share.
 *
 * An event is an operation of a thread. It runs in steps until it ends or must wait; what it is
 * in the middle of is kept in struct op, so it can be taken up again. Events begin in the order
 * of the trace (T3); a later one may begin while an earlier one waits for I/O, unless they touch
 * the same page and one of them is a store or a call.
 *
 *   replay.c   the hot path, and every event's beginning     calls.c    calls, step by step
 *   sched.c    whose turn it is, waiting, background work    compare.c  recorded results
 *   access.c   references and faults, step by step           results.c  reports
 *   device.c   the pagefile's device                         drive.c    driving by hand
 *   timer.c    when the vmm's timers come                    audit.c    the invariants
 *   seek.c     the arm of a disk                             sample.c   figures by interval
 *   clock.h    booking cycles                                idle.c     a core with nothing to run
 *
 * Invariants
 *  1. now = sum of the buckets, once the linear ones are settled (checked at the end, T19).
 *  2. attention <= the device's next event, the timers' and sample_at; 0 when threads are ready or
 *     waiting, or background work may be due. The hot path looks at nothing else.
 *  3. A thread that waits is in `waiting`, one that may go on is in `ready`; others are idle. */
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
	OP_TRANSLATE, /* a reference: look up the page of `at` */
	OP_TRAP,      /* a fault: enter the handler */
	OP_SERVICE,   /* resolve it */
	OP_RETURN,    /* leave the handler */
	OP_CALL,      /* a call: carry it out */
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

	/* a fault, of a reference or of a call that touches a page */
	struct fault fault;
	vmsim_cycles fault_begin;
	vmsim_cycles fault_cycles; /* spent on it so far, waiting aside */

	struct api_call call;
};

enum wait_kind { WAIT_NOTHING, WAIT_IO, WAIT_FRAME };

struct thread {
	struct process *process;
	uint32_t pid, tid;
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

struct vmsim_machine {
	/* hot */
	vmsim_cycles now;
	vmsim_cycles attention;
	struct thread *running; /* the thread the core last ran */
	/* What a plain reference must be of: `running`'s identity, and addresses below plain_end,
	 * which is 0 while nothing runs, or when an audit looks at every event. */
	uint32_t plain_pid, plain_tid, asid;
	vmsim_va plain_end;
	vmsim_cycles hit_cycles[3]; /* of a reference that hits, by access */
	bool every_reference, keep_contents;
	uint32_t n_references;
	const uint64_t *label_value;
	struct mmu mmu;
	struct stats stats;
	vmsim_pfn references[REFERENCE_BATCH]; /* for the policy, not told yet */

	vmsim_config *handle; /* owns config */
	const struct config *config;
	struct events events;
	struct vmm *vmm;
	struct device *device;

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
	bool asleep;            /* time passes without the core running anything */
	vmsim_cycles zeroing_left; /* of the frame that an idle core was zeroing when work came */
	uint32_t left_asid;     /* the address space the core is in after its process exited */
	GArray *invalidations;  /* of this step: struct invalidation */
	GPtrArray *submissions; /* of this step: struct io */

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

/* machine_invalidate, machine_submit: after a step of the vmm, carry out what it asked for.
 * => the first returns the cycles it took (T15); the caller books them with its work */
vmsim_cycles machine_invalidate(struct vmsim_machine *m);
void machine_submit(struct vmsim_machine *m, vmsim_cycles wanted);
/* The vmm's requests, kept until the end of its step (struct vmm_host). ctx is the machine. */
void machine_want_invalidation(void *ctx, uint32_t asid, vmsim_vpn vpn);
void machine_want_io(void *ctx, struct io *io);
/* The policy is told what was referenced; before every step of the vmm. */
void machine_flush_references(struct vmsim_machine *m);

/* machine_await: let time pass until an event of `thread` may begin: completions, background
 * work and threads that can go on come first.
 * => op: the event's pages and kind, for T3
 * => returns false when the machine cannot go on (m->error) */
bool machine_await(struct vmsim_machine *m, struct thread *thread, const struct op *op,
		   vmsim_cycles not_before);
/* machine_await_labels: let time pass until no call under way is to bind one of the labels. */
bool machine_await_labels(struct vmsim_machine *m, const uint32_t *labels, size_t n);
/* machine_drain: let every event under way end. */
bool machine_drain(struct vmsim_machine *m);
/* What the device and the timers bring by now, whatever the core is in the middle of; before every
 * step. */
void machine_catch_up(struct vmsim_machine *m);
/* The core turns to a thread. */
void machine_switch(struct vmsim_machine *m, struct thread *thread);
/* machine_run: run a thread's event until it ends (true) or must wait. */
bool machine_run(struct vmsim_machine *m, struct thread *thread);
void machine_look(struct vmsim_machine *m); /* recompute `attention` */

guint machine_thread_hash(const void *key); /* of (pid, tid) in 64 bits */
struct thread *machine_thread(struct vmsim_machine *m, uint32_t pid, uint32_t tid);
/* The error that stops the machine is kept in m->error; the first one stays. Returns false. */
bool machine_fail(struct vmsim_machine *m, int code, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* --- timer.c: the balance set manager's timer (W3), and the writers' (W8) ------------------ */

/* timer_next: when the next of them comes; DEVICE_NEVER: none does. */
vmsim_cycles timer_next(const struct vmsim_machine *m);
/* timer_ran: the process on the core ran until now, unless the core was asleep. */
void timer_ran(struct vmsim_machine *m);
/* timer_take: if one has come, tell the vmm and let background work be done. */
void timer_take(struct vmsim_machine *m);
/* timer_sleep: the core has nothing to run until `until`, or until a timer comes: that first. */
void timer_sleep(struct vmsim_machine *m, vmsim_cycles until, bool idle);

/* --- idle.c ------------------------------------------------------------------------------- */

/* machine_pass_time: the core has nothing to run until `until`. It waits for I/O if the last thread
 * it ran does; else that thread waits for its turn (T3), or for nothing, when `idle` says so
 * (T19). Free frames are zeroed meanwhile. */
void machine_pass_time(struct vmsim_machine *m, vmsim_cycles until, bool idle);

/* --- replay.c ----------------------------------------------------------------------------- */

/* machine_event: begin one event, once its turn has come. */
bool machine_event(struct vmsim_machine *m, const struct vmsim_event *event);

/* --- access.c, calls.c -------------------------------------------------------------------- */

/* One stage of an operation. Returns false when the thread must wait (wait, io are set). */
bool access_stage(struct vmsim_machine *m, struct thread *thread);
bool call_stage(struct vmsim_machine *m, struct thread *thread);
void access_begin(struct vmsim_machine *m, struct thread *thread);
void call_begin(struct vmsim_machine *m, struct thread *thread);
/* call_forget: what an operation that is a call holds, under way or not. */
void call_forget(struct op *op);
/* access_touch: a call needs a page faulted in. */
void access_touch(struct vmsim_machine *m, struct thread *thread, vmsim_va va);
/* access_fault: a reference's first lookup, already counted, ended in a fault. */
void access_fault(struct vmsim_machine *m, struct thread *thread, vmsim_va va);
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
/* results_fault, results_io: one ended now; its duration goes into the histograms. */
void results_fault(struct vmsim_machine *m, const struct op *op);
void results_io(struct vmsim_machine *m, const struct io *io);
void results_violation(struct vmsim_machine *m, const struct thread *thread,
		       enum vmsim_access_result result);

#endif
