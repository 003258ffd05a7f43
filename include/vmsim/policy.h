/* policy.h: the seam between the memory manager and page replacement.
 *
 * A policy decides one thing: which resident page to take away next. It is told when a page
 * becomes resident and when it leaves, and it sees references in one of two ways:
 *   every-reference  `referenced` brings the frames touched, in order, in batches; the batch is
 *                    flushed before any other verb, so the policy is never behind
 *   accessed-bits    `referenced` is never called; the policy asks for a page's accessed bit with
 *                    env->test_and_clear, as an operating system does
 * The reference that faults is told by page_in alone, never again by `referenced`.
 *
 * One instance stands for all memory (scope global) or for one process (scope process); a frame
 * belongs to at most one instance. A policy that keeps ages, as Windows' own does, always has an
 * instance a process: the memory manager trims by process and age then (semantics W4 to W6).
 * Verbs are called with the frame's number, 0 .. env->frames-1. A policy keeps its state in the
 * block it is given and in what it allocates, reads nothing else, and is deterministic: no
 * clock, no address, no random number but env->random. */
#ifndef VMSIM_POLICY_H
#define VMSIM_POLICY_H

#include <vmsim/types.h>

#define VMSIM_POLICY_ABI 2

/* An option of a policy, set as replacement.NAME.OPTION. Booleans are 0 and 1. */
struct vmsim_policy_option {
	const char *name;
	bool boolean;
	uint64_t def, min, max;
	const char *doc;
};

struct replace_env {
	uint32_t frames;         /* frames of the machine: the range of frame numbers */
	bool every_reference;    /* whether `referenced` will be called */
	const uint64_t *options; /* values, in the order of ops->options */
	unsigned age_max;        /* ages go from 0 to this (semantics W4) */
	void *ctx;               /* for the calls below */
	/* Whether the page may be taken away now (a locked page may not, semantics W2). */
	bool (*evictable)(void *ctx, vmsim_pfn frame);
	/* Whether the page was referenced since it was last asked; clears the bit. */
	bool (*test_and_clear)(void *ctx, vmsim_pfn frame);
	/* A uniformly distributed number below n, from the run's seed. */
	uint64_t (*random)(void *ctx, uint64_t n);
};

struct replace_ops {
	uint32_t abi;     /* VMSIM_POLICY_ABI */
	const char *name; /* as in replacement.policy */
	const char *doc;  /* one sentence */
	const struct vmsim_policy_option *options;
	size_t n_options;
	size_t state_size; /* bytes of zeroed state the caller provides */

	/* Before anything else. env outlives the instance. */
	void (*init)(void *state, const struct replace_env *env);
	/* After everything else: free what init and the verbs allocated. */
	void (*fini)(void *state);
	/* The page in `frame` became resident. It was not resident before. */
	void (*page_in)(void *state, vmsim_pfn frame);
	/* n references, in order; frames may repeat. Every frame is resident. May be NULL. */
	void (*referenced)(void *state, const vmsim_pfn *frames, size_t n);
	/* The page in `frame` is resident no more: taken away, decommitted or released. */
	void (*removed)(void *state, vmsim_pfn frame);
	/* The page to take away, or VMSIM_NO_PFN when none is evictable. Does not remove it:
	 * `removed` follows when it goes. */
	vmsim_pfn (*select_victim)(void *state);
	/* Whether the state is consistent; for audits. */
	bool (*check)(const void *state);

	/* --- of policies that keep ages: all three, or NULL --- */

	/* Look at n pages, going on where the last look stopped, none of them twice: one that was
	 * referenced is of age 0 now, another one older. Returns how many of them changed. */
	uint32_t (*scan)(void *state, uint32_t n);
	/* How many resident pages are of this age. */
	uint32_t (*count_aged)(const void *state, unsigned age);
	/* As select_victim, among the pages of this age: the first in the order of the scan. */
	vmsim_pfn (*select_aged)(void *state, unsigned age);
};

/* vmsim_policy_register: make a policy known, before configurations name it.
 * => ops must outlive every machine
 * => returns false when the ABI differs, the name is taken, or only some verbs of ages are there */
VMSIM_API bool vmsim_policy_register(const struct replace_ops *ops);
/* Registered policies in order; NULL past the last. */
VMSIM_API const struct replace_ops *vmsim_policy_at(size_t index);
VMSIM_API const struct replace_ops *vmsim_policy_find(const char *name);

#endif
