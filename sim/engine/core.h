/* core.h: a core, and the time that passes on it (timing T3, T16, T19).
 *
 * A core's clock says when its present step ends. Between its steps it lags behind: what it does
 * while nothing runs on it is booked when the next thing happens to it (core_pass).
 *
 * A step books its cycles when it begins. A phase, the measured part, or the run may end before the
 * step does: the bookings of the last step are kept, so that those beyond can be told apart. */
#ifndef ENGINE_CORE_H
#define ENGINE_CORE_H

#define MAX_CORES 64

struct booking {
	enum bucket_id bucket;
	struct account *account;
	vmsim_cycles cycles;
};

/* Interrupts under way from a core to others (T15). */
struct round {
	uint64_t targets;   /* a bit each; 0: none are under way */
	vmsim_cycles cost[MAX_CORES]; /* what each takes */
	vmsim_vpn vpn;      /* the first page, and how many */
	guint pages;
	vmsim_cycles cycles; /* and what it took so far: for its event */
	/* The event whose step it is; all 0: background work. */
	uint64_t seq, line;
	uint32_t pid, tid;
	struct account *account;
};

struct core {
	unsigned id;
	vmsim_cycles now; /* of the acting core, the machine's counts */
	/* The thread that it runs, or ran last and that still is on it: between two events, or
	 * waiting in the middle of one. */
	struct thread *running;
	uint32_t asid; /* of the address space it is in; 0: none yet */
	struct mmu mmu;
	const struct thread *last; /* that it ran, while there is that thread */
	vmsim_cycles turned;       /* when it turned to its thread (T4) */
	struct overlap *overlap; /* its references in flight; NULL: one at a time (T8) */
	GHashTable *spaces; /* asid -> enum space: of which it may hold translations (H15) */
	struct round round;
	/* The present step is a reference until then, and takes no interrupt. */
	vmsim_cycles reference_end;
	vmsim_cycles handler_end; /* of the last interrupt that it took; the next comes after it */
	bool awaits;               /* the last booking of its step is the wait for answers */
	bool vacant;               /* free order: its thread, between events, can begin none now */
	bool asleep;               /* time passed since anything ran on it */
	bool zeroes;               /* its zero-page thread is awake (W10) */
	vmsim_cycles zeroing_left; /* of the frame it was zeroing when work came */
	struct buckets b;          /* its cycle stack, since measuring began */
	GArray *step;              /* of struct booking: its last step */
};

struct vmsim_machine;

void core_init(struct vmsim_machine *m);
void core_fini(struct vmsim_machine *m);

vmsim_cycles core_now(const struct vmsim_machine *m, const struct core *core);
/* core_select: a core acts. What is booked from now on is of the process of its thread. */
void core_select(struct vmsim_machine *m, struct core *core);
/* core_account: whose cycles those of the acting core are. */
struct account *core_account(const struct vmsim_machine *m);
/* core_charge: bring the acting core's own stack up to date. */
void core_charge(struct vmsim_machine *m);

/* core_step: a step begins now on the acting core. core_note: it booked. */
void core_step(struct vmsim_machine *m);
void core_note(struct vmsim_machine *m, enum bucket_id bucket, vmsim_cycles cycles);

/* core_pass: nothing runs on the acting core until `until` (T19). core_pass_all: nor on any that
 * lags behind it. */
void core_pass(struct vmsim_machine *m, vmsim_cycles until);
void core_pass_all(struct vmsim_machine *m, vmsim_cycles until);
/* core_interrupt: a core takes an interrupt that arrived, whatever it is doing but serving another
 * (T15). core->handler_end says when it is served. */
void core_interrupt(struct vmsim_machine *m, struct core *core, vmsim_cycles arrived,
		    vmsim_cycles cost);

/* core_is_idle: whether it has nothing to run (T16). Threads between events keep theirs. */
bool core_is_idle(const struct core *core);
/* core_is_free: whether a thread may take it: idle, or its own is between events. */
bool core_is_free(const struct core *core);

/* core_beyond: what has been booked already for after `at`, a cycle that every core has reached;
 * told by core, account and bucket. */
typedef void (*core_beyond_fn)(struct vmsim_machine *m, struct core *core,
			       const struct booking *part, void *ctx);
void core_beyond(struct vmsim_machine *m, vmsim_cycles at, core_beyond_fn fn, void *ctx);

#endif
