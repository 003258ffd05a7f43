/* stub.h: a memory manager that only knows what is resident, for tests of replacement policies. */
#ifndef TESTS_POLICY_STUB_H
#define TESTS_POLICY_STUB_H

#include "base/rng.h"

#include <glib.h>
#include <vmsim/vmsim.h>

#define FRAMES 24

struct stub {
	const struct replace_ops *ops;
	void *state;
	struct replace_env env;
	uint64_t options[16];
	struct rng rng;
	bool resident[FRAMES], pinned[FRAMES], accessed[FRAMES];
	uint32_t n;
};

static inline bool stub_evictable(void *ctx, vmsim_pfn frame)
{
	const struct stub *s = ctx;

	g_assert_cmpuint(frame, <, FRAMES);
	g_assert_true(s->resident[frame]); /* a policy asks for nothing else */
	return !s->pinned[frame];
}

static inline bool stub_test_and_clear(void *ctx, vmsim_pfn frame)
{
	struct stub *s = ctx;
	bool was;

	g_assert_false(s->env.every_reference);
	g_assert_cmpuint(frame, <, FRAMES);
	g_assert_true(s->resident[frame]);
	was = s->accessed[frame];
	s->accessed[frame] = false;
	return was;
}

static inline uint64_t stub_random(void *ctx, uint64_t n)
{
	return rng_below(&((struct stub *)ctx)->rng, n);
}

static inline void stub_init(struct stub *s, const struct replace_ops *ops, bool every,
			     uint32_t frames)
{
	*s = (struct stub){.ops = ops, .rng = {9}};
	g_assert_cmpuint(ops->n_options, <=, G_N_ELEMENTS(s->options));
	for (size_t i = 0; i < ops->n_options; i++)
		s->options[i] = ops->options[i].def;
	s->env = (struct replace_env){
		.frames = frames,
		.every_reference = every,
		.options = s->options,
		.age_max = 3,
		.ctx = s,
		.evictable = stub_evictable,
		.test_and_clear = stub_test_and_clear,
		.random = stub_random,
	};
	s->state = g_malloc0(ops->state_size);
	ops->init(s->state, &s->env);
	g_assert_true(ops->check(s->state));
}

static inline void stub_fini(struct stub *s)
{
	s->ops->fini(s->state);
	g_free(s->state);
}

static inline void page_in(struct stub *s, vmsim_pfn frame)
{
	s->resident[frame] = true;
	s->accessed[frame] = true; /* the access is repeated by the hardware */
	s->n++;
	s->ops->page_in(s->state, frame);
}

static inline void page_out(struct stub *s, vmsim_pfn frame)
{
	s->resident[frame] = s->pinned[frame] = s->accessed[frame] = false;
	s->n--;
	s->ops->removed(s->state, frame);
}

static inline void reference(struct stub *s, const vmsim_pfn *frames, size_t n)
{
	for (size_t i = 0; i < n; i++)
		s->accessed[frames[i]] = true;
	if (s->env.every_reference && s->ops->referenced)
		s->ops->referenced(s->state, frames, n);
}

static inline vmsim_pfn victim(struct stub *s)
{
	vmsim_pfn frame = s->ops->select_victim(s->state);
	bool any = false;

	g_assert_true(s->ops->check(s->state));
	for (vmsim_pfn f = 0; f < FRAMES; f++)
		any |= s->resident[f] && !s->pinned[f];
	g_assert_cmpint(frame != VMSIM_NO_PFN, ==, any);
	if (!any)
		return frame;
	g_assert_cmpuint(frame, <, FRAMES);
	g_assert_true(s->resident[frame] && !s->pinned[frame]);
	return frame;
}

#endif
