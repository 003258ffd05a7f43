/* pfn.c: frame states and lists. See pfn.h. */
#include "vmm/pfn.h"

#include <glib.h>

const char *const pfn_state_names[PFN_N_STATES] = {
	[PFN_ZEROED] = "zeroed",         [PFN_FREE] = "free",     [PFN_STANDBY] = "standby",
	[PFN_MODIFIED] = "modified",     [PFN_ACTIVE] = "active",
	[PFN_TRANSITION] = "transition", [PFN_BAD] = "bad",
};

#define IN(state) (1u << PFN_##state)
const struct pfn_transition_info pfn_transitions[N_PFN_TRANSITIONS] = {
#define TRANSITION(id, rule, from, to, doc) [MOVE_##id] = {rule, doc, from, PFN_##to},
#include "vmm/transitions.def"
};
#undef IN

static void list_init(struct pfn_list *list)
{
	*list = (struct pfn_list){VMSIM_NO_PFN, VMSIM_NO_PFN, 0};
}

void pfn_db_init(struct pfn_db *db, uint32_t frames, bool zeroed, struct events *events)
{
	*db = (struct pfn_db){.frames = frames, .events = events};
	db->pfn = g_new0(struct pfn, frames);
	list_init(&db->zeroed);
	list_init(&db->free);
	list_init(&db->modified);
	list_init(&db->mapped);
	for (int i = 0; i < PFN_PRIORITIES; i++)
		list_init(&db->standby[i]);
	db->n[PFN_ZEROED] = frames;
	if (zeroed)
		return;
	/* A machine that did not zero its memory: every frame is free, with junk in it. */
	for (vmsim_pfn f = 0; f < frames; f++) {
		db->n[PFN_ZEROED]--;
		db->n[PFN_FREE]++;
		db->pfn[f] = (struct pfn){.next = f + 1, .prev = f ? f - 1 : VMSIM_NO_PFN,
					  .state = PFN_FREE, .content = content_junk()};
	}
	db->pfn[frames - 1].next = VMSIM_NO_PFN;
	db->free = (struct pfn_list){0, frames - 1, frames};
	db->fresh = frames;
}

void pfn_db_fini(struct pfn_db *db)
{
	for (vmsim_pfn f = 0; f < db->fresh; f++)
		content_unref(db->pfn[f].content);
	g_free(db->pfn);
}

/* The list of the frame's state, whether it stands there or will; NULL: there is none. */
static struct pfn_list *list_of(struct pfn_db *db, vmsim_pfn frame)
{
	const struct pfn *pfn = &db->pfn[frame];

	switch (pfn->state) {
	case PFN_ZEROED:
		return &db->zeroed;
	case PFN_FREE:
		return &db->free;
	case PFN_STANDBY:
		return &db->standby[pfn->priority];
	case PFN_MODIFIED:
		return pfn_is_mapped_file(pfn) ? &db->mapped : &db->modified;
	default:
		return NULL;
	}
}

static void list_append(struct pfn_db *db, struct pfn_list *list, vmsim_pfn frame)
{
	struct pfn *pfn = &db->pfn[frame];

	pfn->next = VMSIM_NO_PFN;
	pfn->prev = list->tail;
	if (list->tail != VMSIM_NO_PFN)
		db->pfn[list->tail].next = frame;
	else
		list->head = frame;
	list->tail = frame;
	list->n++;
}

static void list_prepend(struct pfn_db *db, struct pfn_list *list, vmsim_pfn frame)
{
	struct pfn *pfn = &db->pfn[frame];

	pfn->prev = VMSIM_NO_PFN;
	pfn->next = list->head;
	if (list->head != VMSIM_NO_PFN)
		db->pfn[list->head].prev = frame;
	else
		list->tail = frame;
	list->head = frame;
	list->n++;
}

static void list_unlink(struct pfn_db *db, struct pfn_list *list, vmsim_pfn frame)
{
	struct pfn *pfn = &db->pfn[frame];

	if (pfn->prev != VMSIM_NO_PFN)
		db->pfn[pfn->prev].next = pfn->next;
	else
		list->head = pfn->next;
	if (pfn->next != VMSIM_NO_PFN)
		db->pfn[pfn->next].prev = pfn->prev;
	else
		list->tail = pfn->prev;
	list->n--;
}

/* Out of its state, or into the one it is in now: it is on that's list, unless it is held. */
static void leave(struct pfn_db *db, vmsim_pfn frame)
{
	struct pfn *pfn = &db->pfn[frame];
	struct pfn_list *list = list_of(db, frame);

	if (list && pfn->held) {
		db->n_held--;
		return;
	}
	db->n[pfn->state]--;
	if (list && frame < db->fresh)
		list_unlink(db, list, frame);
}

static void enter(struct pfn_db *db, vmsim_pfn frame)
{
	struct pfn *pfn = &db->pfn[frame];
	struct pfn_list *list = list_of(db, frame);

	if (list && pfn->held) {
		db->n_held++;
		return;
	}
	db->n[pfn->state]++;
	if (!list)
		return;
	if (pfn->state == PFN_ZEROED || (pfn->state == PFN_STANDBY && pfn->at_head))
		list_prepend(db, list, frame);
	else
		list_append(db, list, frame);
}

static void report_move(struct pfn_db *db, vmsim_pfn frame,
			const struct pfn_transition_info *move)
{
	const struct pfn *pfn = &db->pfn[frame];
	struct vmsim_record record = {
		.kind = VMSIM_RECORD_FRAME_STATE,
		.pfn = frame,
		.from = pfn_state_names[pfn->state],
		.to = pfn_state_names[move->to],
		.rule = move->rule,
		.owner_pid = pfn_owner_pid(pfn),
		.section = pfn_section_name(pfn),
		.va = pfn->vpn << VMSIM_PAGE_SHIFT,
	};

	events_emit(db->events, &record);
}

void pfn_move(struct pfn_db *db, vmsim_pfn frame, enum pfn_transition move)
{
	const struct pfn_transition_info *info = &pfn_transitions[move];
	struct pfn *pfn = &db->pfn[frame];
	enum pfn_state to = info->to;

	g_assert(info->from & (1u << pfn->state));
	if (events_wanted(db->events, VMSIM_RECORD_FRAME_STATE))
		report_move(db, frame, info);
	leave(db, frame);
	if (frame >= db->fresh) {
		g_assert(frame == db->fresh && pfn->state == PFN_ZEROED);
		db->fresh++;
	}
	pfn->state = (uint8_t)to;
	pfn->at_head = false;
	if (to == PFN_FREE || to == PFN_ZEROED || to == PFN_BAD) {
		pfn->owner = NULL;
		pfn->segment = NULL;
		pfn->vpn = 0;
		pfn->reset = RESET_NO;
	}
	enter(db, frame);
}

void pfn_requeue(struct pfn_db *db, vmsim_pfn frame, unsigned priority, bool head)
{
	struct pfn *pfn = &db->pfn[frame];

	g_assert(pfn->state == PFN_STANDBY && priority < PFN_PRIORITIES);
	leave(db, frame);
	pfn->priority = (uint8_t)priority;
	pfn->at_head = head;
	enter(db, frame);
}

void pfn_hold(struct pfn_db *db, vmsim_pfn frame)
{
	leave(db, frame);
	db->pfn[frame].held++;
	enter(db, frame);
}

void pfn_release(struct pfn_db *db, vmsim_pfn frame)
{
	g_assert(db->pfn[frame].held);
	leave(db, frame);
	db->pfn[frame].held--;
	enter(db, frame);
}

enum pfn_state pfn_worst(const struct pfn_db *db, vmsim_pfn first, uint32_t n)
{
	unsigned worst = PFN_ZEROED;

	for (vmsim_pfn f = first; f - first < n && f < db->fresh && worst <= PFN_STANDBY; f++)
		worst = MAX(worst, db->pfn[f].held ? PFN_TRANSITION : db->pfn[f].state);
	return (enum pfn_state)worst;
}

void pfn_untouched_end(struct pfn_db *db, vmsim_pfn end)
{
	for (; db->fresh < end; db->fresh++)
		list_append(db, &db->zeroed, db->fresh);
}

vmsim_pfn pfn_first_zeroed(const struct pfn_db *db)
{
	if (db->zeroed.head != VMSIM_NO_PFN)
		return db->zeroed.head;
	return db->fresh < db->frames ? db->fresh : VMSIM_NO_PFN;
}

vmsim_pfn pfn_first_free(const struct pfn_db *db)
{
	return db->free.head;
}

vmsim_pfn pfn_first_standby(const struct pfn_db *db)
{
	for (int i = 0; i < PFN_PRIORITIES; i++)
		if (db->standby[i].head != VMSIM_NO_PFN)
			return db->standby[i].head;
	return VMSIM_NO_PFN;
}

vmsim_pfn pfn_first_modified(const struct pfn_db *db)
{
	return db->modified.head;
}

vmsim_pfn pfn_first_mapped(const struct pfn_db *db)
{
	return db->mapped.head;
}
