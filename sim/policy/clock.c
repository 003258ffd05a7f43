/* clock.c: the clock, or second chance in a circle.
 *
 * The hand passes over the pages in a circle; a page with references left on its counter loses
 * one and is passed, the first without any goes. A page coming in takes the place just behind the
 * hand. The circle is kept as a list whose first page is under the hand: passing a page moves it
 * to the tail, which is where a new page belongs, too.
 *
 * With bits = 1 the counter is the classical reference bit. With more bits a reference while the
 * page is looked at adds one, up to 2^bits - 1. Seeing accessed bits, the hardware's bit is
 * collected when the hand comes by. insert_referenced tells whether the reference that brought
 * the page in counts; a processor always sets the accessed bit then, so false is only possible
 * when every reference is seen. */
#include "frame_list.h"

#include <vmsim/policy.h>

enum { CLOCK_INSERT_REFERENCED, CLOCK_BITS };

static const struct vmsim_policy_option clock_options[] = {
	[CLOCK_INSERT_REFERENCED] = {"insert_referenced", true, 1, 0, 1,
				     "Whether the faulting access itself sets the reference bit"},
	[CLOCK_BITS] = {"bits", false, 1, 1, 8,
			"Width of the reference counter; 1 is the classical bit"},
};

struct clock {
	const struct replace_env *env;
	struct frame_list list;
	uint8_t *count;
	uint8_t max;
};

static void clock_init(void *state, const struct replace_env *env)
{
	struct clock *clock = state;

	clock->env = env;
	frame_list_init(&clock->list, env->frames);
	clock->count = g_new0(uint8_t, env->frames);
	clock->max = (uint8_t)((1u << env->options[CLOCK_BITS]) - 1);
}

static void clock_fini(void *state)
{
	struct clock *clock = state;

	frame_list_fini(&clock->list);
	g_free(clock->count);
}

static void clock_page_in(void *state, vmsim_pfn frame)
{
	struct clock *clock = state;

	/* Seeing accessed bits, the hardware sets the bit when the access is repeated. */
	clock->count[frame] =
		clock->env->every_reference && clock->env->options[CLOCK_INSERT_REFERENCED];
	frame_list_append(&clock->list, frame);
}

static void clock_referenced(void *state, const vmsim_pfn *frames, size_t n)
{
	struct clock *clock = state;

	for (size_t i = 0; i < n; i++)
		if (clock->count[frames[i]] < clock->max)
			clock->count[frames[i]]++;
}

static void clock_removed(void *state, vmsim_pfn frame)
{
	frame_list_remove(&((struct clock *)state)->list, frame);
}

/* Whether the page may stay for another round. */
static bool clock_spare(struct clock *clock, vmsim_pfn frame)
{
	const struct replace_env *env = clock->env;

	if (!env->every_reference && env->test_and_clear(env->ctx, frame) &&
	    clock->count[frame] < clock->max)
		clock->count[frame]++;
	if (!clock->count[frame])
		return false;
	clock->count[frame]--;
	return true;
}

static vmsim_pfn clock_select_victim(void *state)
{
	struct clock *clock = state;
	const struct replace_env *env = clock->env;
	uint32_t refused = 0; /* pages in a row that may not be taken */

	while (refused < clock->list.n) {
		vmsim_pfn frame = frame_list_first(&clock->list);

		if (!env->evictable(env->ctx, frame))
			refused++;
		else if (clock_spare(clock, frame))
			refused = 0;
		else
			return frame;
		frame_list_to_tail(&clock->list, frame);
	}
	return VMSIM_NO_PFN;
}

static bool clock_check(const void *state)
{
	return frame_list_check(&((const struct clock *)state)->list);
}

const struct replace_ops clock_ops = {
	.abi = VMSIM_POLICY_ABI,
	.name = "clock",
	.doc = "Clock: a hand in a circle, a second chance for referenced pages",
	.options = clock_options,
	.n_options = sizeof(clock_options) / sizeof(clock_options[0]),
	.state_size = sizeof(struct clock),
	.init = clock_init,
	.fini = clock_fini,
	.page_in = clock_page_in,
	.referenced = clock_referenced,
	.removed = clock_removed,
	.select_victim = clock_select_victim,
	.check = clock_check,
};
