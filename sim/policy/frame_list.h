/* frame_list.h: a doubly linked list of frame numbers, for policies.
 *
 * Links live in an array indexed by frame, allocated zeroed (a page of it costs host memory only
 * once one of its frames was resident). Index 0 is the list's head; frame f is index f + 1; a
 * frame that is in no list has next = 0 and prev = 0, which no member has, unless it is alone, so
 * membership is kept by the caller. */
#ifndef POLICY_FRAME_LIST_H
#define POLICY_FRAME_LIST_H

#include <glib.h>
#include <vmsim/types.h>

struct frame_link {
	uint32_t next, prev;
};

struct frame_list {
	struct frame_link *link;
	uint32_t n;
};

static inline void frame_list_init(struct frame_list *list, uint32_t frames)
{
	list->link = g_new0(struct frame_link, (size_t)frames + 1);
	list->n = 0;
}

static inline void frame_list_fini(struct frame_list *list)
{
	g_free(list->link);
}

static inline void frame_list_append(struct frame_list *list, vmsim_pfn frame)
{
	uint32_t i = frame + 1, last = list->link[0].prev;

	list->link[i] = (struct frame_link){.next = 0, .prev = last};
	list->link[last].next = i;
	list->link[0].prev = i;
	list->n++;
}

static inline void frame_list_remove(struct frame_list *list, vmsim_pfn frame)
{
	struct frame_link old = list->link[frame + 1];

	list->link[old.prev].next = old.next;
	list->link[old.next].prev = old.prev;
	list->n--;
}

static inline void frame_list_to_tail(struct frame_list *list, vmsim_pfn frame)
{
	if (list->link[0].prev == frame + 1)
		return;
	frame_list_remove(list, frame);
	frame_list_append(list, frame);
}

/* The first frame, or the one after `frame`; VMSIM_NO_PFN at the end. */
static inline vmsim_pfn frame_list_first(const struct frame_list *list)
{
	return list->link[0].next ? list->link[0].next - 1 : VMSIM_NO_PFN;
}

static inline vmsim_pfn frame_list_next(const struct frame_list *list, vmsim_pfn frame)
{
	uint32_t next = list->link[frame + 1].next;

	return next ? next - 1 : VMSIM_NO_PFN;
}

/* Whether the links agree both ways and count to n. */
static inline bool frame_list_check(const struct frame_list *list)
{
	uint32_t n = 0, i = 0;

	do {
		uint32_t next = list->link[i].next;

		if (list->link[next].prev != i || n > list->n)
			return false;
		n += next != 0;
		i = next;
	} while (i);
	return n == list->n;
}

#endif
