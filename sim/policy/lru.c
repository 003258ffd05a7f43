/* lru.c: least recently used.
 *
 * The list holds pages by their last use, oldest first. Seeing every reference this is exact LRU.
 * Seeing accessed bits, a page found accessed at the old end counts as used just now and moves to
 * the young end, which is as near as an operating system without timers comes; the order among
 * pages used between two evictions is then that in which they were looked at. */
#include "frame_list.h"

#include <vmsim/policy.h>

struct lru {
	const struct replace_env *env;
	struct frame_list list;
};

static void lru_init(void *state, const struct replace_env *env)
{
	struct lru *lru = state;

	lru->env = env;
	frame_list_init(&lru->list, env->frames);
}

static void lru_fini(void *state)
{
	frame_list_fini(&((struct lru *)state)->list);
}

static void lru_page_in(void *state, vmsim_pfn frame)
{
	frame_list_append(&((struct lru *)state)->list, frame);
}

static void lru_referenced(void *state, const vmsim_pfn *frames, size_t n)
{
	struct lru *lru = state;

	for (size_t i = 0; i < n; i++)
		frame_list_to_tail(&lru->list, frames[i]);
}

static void lru_removed(void *state, vmsim_pfn frame)
{
	frame_list_remove(&((struct lru *)state)->list, frame);
}

static vmsim_pfn lru_select_victim(void *state)
{
	struct lru *lru = state;
	const struct replace_env *env = lru->env;
	vmsim_pfn frame = frame_list_first(&lru->list);

	while (frame != VMSIM_NO_PFN) {
		vmsim_pfn next = frame_list_next(&lru->list, frame);

		if (env->evictable(env->ctx, frame)) {
			if (env->every_reference || !env->test_and_clear(env->ctx, frame))
				break;
			/* Moving the last page leaves it last: look at it again, now clear. */
			frame_list_to_tail(&lru->list, frame);
			if (next == VMSIM_NO_PFN)
				next = frame;
		}
		frame = next;
	}
	return frame;
}

static bool lru_check(const void *state)
{
	return frame_list_check(&((const struct lru *)state)->list);
}

const struct replace_ops lru_ops = {
	.abi = VMSIM_POLICY_ABI,
	.name = "lru",
	.doc = "Least recently used; seeing accessed bits only, the nearest an OS comes to it",
	.state_size = sizeof(struct lru),
	.init = lru_init,
	.fini = lru_fini,
	.page_in = lru_page_in,
	.referenced = lru_referenced,
	.removed = lru_removed,
	.select_victim = lru_select_victim,
	.check = lru_check,
};
