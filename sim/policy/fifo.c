/* fifo.c: first in, first out. The page that has been resident longest goes; references do not
 * matter. The list holds pages in order of arrival. */
#include "frame_list.h"

#include <vmsim/policy.h>

struct fifo {
	const struct replace_env *env;
	struct frame_list list;
};

static void fifo_init(void *state, const struct replace_env *env)
{
	struct fifo *fifo = state;

	fifo->env = env;
	frame_list_init(&fifo->list, env->frames);
}

static void fifo_fini(void *state)
{
	frame_list_fini(&((struct fifo *)state)->list);
}

static void fifo_page_in(void *state, vmsim_pfn frame)
{
	frame_list_append(&((struct fifo *)state)->list, frame);
}

static void fifo_removed(void *state, vmsim_pfn frame)
{
	frame_list_remove(&((struct fifo *)state)->list, frame);
}

static vmsim_pfn fifo_select_victim(void *state)
{
	struct fifo *fifo = state;
	vmsim_pfn frame = frame_list_first(&fifo->list);

	while (frame != VMSIM_NO_PFN && !fifo->env->evictable(fifo->env->ctx, frame))
		frame = frame_list_next(&fifo->list, frame);
	return frame;
}

static bool fifo_check(const void *state)
{
	return frame_list_check(&((const struct fifo *)state)->list);
}

const struct replace_ops fifo_ops = {
	.abi = VMSIM_POLICY_ABI,
	.name = "fifo",
	.doc = "First in, first out: the page resident longest goes",
	.state_size = sizeof(struct fifo),
	.init = fifo_init,
	.fini = fifo_fini,
	.page_in = fifo_page_in,
	.removed = fifo_removed,
	.select_victim = fifo_select_victim,
	.check = fifo_check,
};
