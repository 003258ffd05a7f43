/* windows.c: ages, as Windows keeps them (semantics W4).
 *
 * Each page has an age, 0 to age_max. A scan goes over the pages in a circle: one that was
 * referenced since the last look becomes 0, another one older. The balance set manager scans from
 * time to time; the pages of maximal age are the process's claim, what could be taken from it
 * without harm. Taking goes from old to young.
 *
 * When a page must go and all are of age 0, so that ages tell nothing, the scan goes on until it
 * meets a page that was not referenced: a second chance.
 *
 *   ring     every page; the first is the next to be looked at, and what was looked at, or came in,
 *            is last
 *   by age   the pages of each age in the order of the ring
 *
 * Invariants
 *  1. Every page in the ring is on the list of its age, and on no other.
 *  2. The list of an age is in the order of the ring: whoever moves in one moves in both. */
#include "frame_list.h"

#include <vmsim/policy.h>

/* A circular list a age, its head at index frames + age. */
struct age_link {
	uint32_t next, prev;
};

struct windows {
	const struct replace_env *env;
	struct frame_list ring;
	struct age_link *link; /* by frame, then the heads */
	uint32_t *n;           /* pages of each age */
	uint8_t *age;
	uint8_t *referenced; /* since the last look; only where every reference is seen */
};

static uint32_t head_of(const struct windows *w, unsigned age)
{
	return w->env->frames + age;
}

static void age_append(struct windows *w, vmsim_pfn frame, unsigned age)
{
	uint32_t head = head_of(w, age), last = w->link[head].prev;

	w->link[frame] = (struct age_link){.next = head, .prev = last};
	w->link[last].next = frame;
	w->link[head].prev = frame;
	w->age[frame] = (uint8_t)age;
	w->n[age]++;
}

static void age_remove(struct windows *w, vmsim_pfn frame)
{
	struct age_link old = w->link[frame];

	w->link[old.prev].next = old.next;
	w->link[old.next].prev = old.prev;
	w->n[w->age[frame]]--;
}

static void windows_init(void *state, const struct replace_env *env)
{
	struct windows *w = state;

	w->env = env;
	frame_list_init(&w->ring, env->frames);
	w->link = g_new0(struct age_link, (size_t)env->frames + env->age_max + 1);
	w->n = g_new0(uint32_t, env->age_max + 1);
	w->age = g_new0(uint8_t, env->frames);
	w->referenced = g_new0(uint8_t, env->frames);
	for (unsigned age = 0; age <= env->age_max; age++)
		w->link[head_of(w, age)] = (struct age_link){head_of(w, age), head_of(w, age)};
}

static void windows_fini(void *state)
{
	struct windows *w = state;

	frame_list_fini(&w->ring);
	g_free(w->link);
	g_free(w->n);
	g_free(w->age);
	g_free(w->referenced);
}

static void windows_page_in(void *state, vmsim_pfn frame)
{
	struct windows *w = state;

	/* As the hardware sets the accessed bit when the access is repeated. */
	w->referenced[frame] = w->env->every_reference;
	frame_list_append(&w->ring, frame);
	age_append(w, frame, 0);
}

static void windows_referenced(void *state, const vmsim_pfn *frames, size_t n)
{
	struct windows *w = state;

	for (size_t i = 0; i < n; i++)
		w->referenced[frames[i]] = true;
}

static void windows_removed(void *state, vmsim_pfn frame)
{
	struct windows *w = state;

	frame_list_remove(&w->ring, frame);
	age_remove(w, frame);
}

/* Look at a page: whether it was referenced since the last look. */
static bool was_referenced(struct windows *w, vmsim_pfn frame)
{
	bool was = w->referenced[frame];

	w->referenced[frame] = false;
	return w->env->every_reference ? was : w->env->test_and_clear(w->env->ctx, frame);
}

/* W4 for the page that is next. Returns whether it was referenced; *changed: or grew older. */
static bool look(struct windows *w, vmsim_pfn frame, bool *changed)
{
	unsigned age = w->age[frame];
	bool referenced = was_referenced(w, frame);
	unsigned now = referenced ? 0 : age + (age < w->env->age_max);

	*changed = referenced || now != age;
	age_remove(w, frame);
	age_append(w, frame, now);
	frame_list_to_tail(&w->ring, frame);
	return referenced;
}

static uint32_t windows_scan(void *state, uint32_t n)
{
	struct windows *w = state;
	uint32_t changes = 0;
	bool changed;

	for (n = MIN(n, w->ring.n); n > 0; n--) {
		look(w, frame_list_first(&w->ring), &changed);
		changes += changed;
	}
	return changes;
}

static uint32_t windows_count_aged(const void *state, unsigned age)
{
	return ((const struct windows *)state)->n[age];
}

static vmsim_pfn windows_select_aged(void *state, unsigned age)
{
	struct windows *w = state;
	uint32_t head = head_of(w, age), frame = w->link[head].next;

	while (frame != head && !w->env->evictable(w->env->ctx, frame))
		frame = w->link[frame].next;
	return frame == head ? VMSIM_NO_PFN : frame;
}

/* All that may go is of age 0. */
static vmsim_pfn second_chance(struct windows *w)
{
	uint32_t refused = 0; /* pages in a row that may not be taken */
	bool changed;

	while (refused < w->ring.n) {
		vmsim_pfn frame = frame_list_first(&w->ring);
		bool may_go = w->env->evictable(w->env->ctx, frame);

		if (!look(w, frame, &changed) && may_go)
			return frame;
		refused = may_go ? 0 : refused + 1;
	}
	return VMSIM_NO_PFN;
}

static vmsim_pfn windows_select_victim(void *state)
{
	struct windows *w = state;

	for (unsigned age = w->env->age_max; age > 0; age--) {
		vmsim_pfn frame = windows_select_aged(w, age);

		if (frame != VMSIM_NO_PFN)
			return frame;
	}
	return second_chance(w);
}

static bool windows_check(const void *state)
{
	const struct windows *w = state;
	uint32_t total = 0;

	for (unsigned age = 0; age <= w->env->age_max; age++) {
		uint32_t head = head_of(w, age), n = 0;

		for (uint32_t f = w->link[head].next; f != head; f = w->link[f].next)
			if (++n > w->n[age] || w->age[f] != age ||
			    w->link[w->link[f].next].prev != f)
				return false;
		if (n != w->n[age])
			return false;
		total += n;
	}
	return total == w->ring.n && frame_list_check(&w->ring);
}

const struct replace_ops windows_ops = {
	.abi = VMSIM_POLICY_ABI,
	.name = "windows",
	.doc = "Windows' own: pages age while they are not referenced, processes lose the oldest",
	.state_size = sizeof(struct windows),
	.init = windows_init,
	.fini = windows_fini,
	.page_in = windows_page_in,
	.referenced = windows_referenced,
	.removed = windows_removed,
	.select_victim = windows_select_victim,
	.check = windows_check,
	.scan = windows_scan,
	.count_aged = windows_count_aged,
	.select_aged = windows_select_aged,
};
