/* test_pfn.c: frames, their lists and their moves (semantics 4.2, 4.3). */
#include "vmm/pfn.h"

#include "base/rng.h"
#include "rules.h"

#include <glib.h>
#include <string.h>

#define FRAMES 12

/* 4.3, written out: rows from, columns to; Z F S M T A B. */
static const char *const moves[PFN_N_STATES] = {
	[PFN_ZEROED] = "....TAB",   [PFN_FREE] = "Z...TAB",	 [PFN_STANDBY] = ".F.MTAB",
	[PFN_MODIFIED] = ".FS.TAB", [PFN_TRANSITION] = ".FSM.AB", [PFN_ACTIVE] = ".FSMT.B",
	[PFN_BAD] = ".......",
};

/* The rows of 4.3: rule, the states it begins in, the one it ends in. */
static const struct {
	const char *rule, *from;
	char to;
} rows[] = {
	{"L10", "Z", 'A'},   {"L11", "F", 'A'},	  {"L12", "S", 'A'},  {"L13", "ZFS", 'T'},
	{"L14", "T", 'A'},   {"L15", "T", 'S'},	  {"L16", "T", 'F'},  {"L17", "A", 'S'},
	{"L17", "A", 'T'},   {"L18", "A", 'M'},	  {"L18", "A", 'T'},  {"L19", "S", 'A'},
	{"L20", "M", 'A'},   {"L21", "M", 'T'},	  {"L22", "T", 'S'},  {"L23", "T", 'A'},
	{"L24", "T", 'M'},   {"L25", "T", 'M'},	  {"L26", "F", 'Z'},  {"L27", "SMA", 'F'},
	{"4.5", "A", 'T'},   {"L28", "T", 'F'},	  {"L29", "M", 'S'},  {"L31", "ZFS", 'A'},
	{"L32", "ZFSMTA", 'B'}, {"L33", "ZFS", 'A'}, {"L33", "A", 'F'}, {"L38", "ZFS", 'A'},
	{"L38", "A", 'F'},   {"L4", "S", 'F'},	  {"R8", "S", 'M'},   {"W13", "ZFS", 'A'},
	{"W13", "ZFS", 'A'}, {"W13", "M", 'S'},	  {"W13", "A", 'F'},
};
static const char letters[] = "ZFSMTAB";

struct fixture {
	struct events events;
	struct pfn_db db;
};

static void set_up(struct fixture *f, bool zeroed)
{
	events_init(&f->events);
	pfn_db_init(&f->db, FRAMES, zeroed, &f->events);
	g_assert_null(pfn_check(&f->db));
}

static void tear_down(struct fixture *f)
{
	g_assert_null(pfn_check(&f->db));
	pfn_db_fini(&f->db);
	events_fini(&f->events);
}

/* The first row that leads from one state to another. */
static enum pfn_transition row_between(enum pfn_state from, enum pfn_state to)
{
	for (int i = 0; i < N_PFN_TRANSITIONS; i++)
		if ((pfn_transitions[i].from & 1u << from) && pfn_transitions[i].to == to)
			return (enum pfn_transition)i;
	g_assert_not_reached();
}

static void move(struct fixture *f, vmsim_pfn frame, enum pfn_state to)
{
	pfn_move(&f->db, frame, row_between(f->db.pfn[frame].state, to));
	g_assert_cmpint(f->db.pfn[frame].state, ==, to);
	g_assert_null(pfn_check(&f->db));
}

/* A frame in a given state, by legal moves. */
static void bring(struct fixture *f, vmsim_pfn frame, enum pfn_state to)
{
	if (to == PFN_ZEROED && f->db.pfn[frame].state == PFN_ZEROED)
		return;
	if (f->db.pfn[frame].state != PFN_ACTIVE)
		move(f, frame, PFN_ACTIVE);
	if (to != PFN_ACTIVE)
		move(f, frame, to);
}

static bool is_legal(enum pfn_state from, enum pfn_state to)
{
	return moves[from][to] != '.';
}

static void test_legal(void)
{
	for (int from = 0; from < PFN_N_STATES; from++)
		for (int to = 0; to < PFN_N_STATES; to++) {
			struct fixture f;

			if (!is_legal((enum pfn_state)from, (enum pfn_state)to))
				continue;
			set_up(&f, true);
			bring(&f, 0, (enum pfn_state)from);
			move(&f, 0, (enum pfn_state)to);
			tear_down(&f);
		}
}

/* The table says what 4.3 says: each of its rows is there once, and there are no others. */
static void test_table(void)
{
	bool seen[N_PFN_TRANSITIONS] = {false};

	g_assert_cmpuint(G_N_ELEMENTS(rows), ==, N_PFN_TRANSITIONS);
	for (size_t r = 0; r < G_N_ELEMENTS(rows); r++) {
		bool found = false;
		unsigned from = 0;

		for (const char *c = rows[r].from; *c; c++)
			from |= 1u << (strchr(letters, *c) - letters);
		for (int i = 0; i < N_PFN_TRANSITIONS && !found; i++) {
			const struct pfn_transition_info *info = &pfn_transitions[i];

			found = !seen[i] && g_str_equal(info->rule, rows[r].rule) &&
				info->from == from && letters[info->to] == rows[r].to;
			seen[i] = seen[i] || found;
		}
		g_test_message("%s %s -> %c", rows[r].rule, rows[r].from, rows[r].to);
		g_assert_true(found);
	}
}

static bool begins_in(int move_id, int from)
{
	return pfn_transitions[move_id].from & 1u << from;
}

/* A child makes a move from a state it may not begin in, and must abort. */
static void test_illegal(void)
{
	for (int id = 0; id < N_PFN_TRANSITIONS; id++)
		for (int from = 0; from < PFN_N_STATES; from++) {
			char *name;

			if (begins_in(id, from))
				continue;
			name = g_strdup_printf("/pfn/subprocess/illegal/%d/%d", id, from);
			g_test_trap_subprocess(name, 0, G_TEST_SUBPROCESS_DEFAULT);
			g_test_trap_assert_failed();
			g_free(name);
		}
}

static void illegal(gconstpointer data)
{
	int n = GPOINTER_TO_INT(data);
	struct fixture f;

	set_up(&f, true);
	bring(&f, 0, (enum pfn_state)(n % PFN_N_STATES));
	pfn_move(&f.db, 0, (enum pfn_transition)(n / PFN_N_STATES));
}

static void test_fresh(void)
{
	struct fixture f;

	RULES("4.1");
	set_up(&f, true);
	g_assert_cmpuint(f.db.fresh, ==, 0);
	g_assert_cmpuint(pfn_available(&f.db), ==, FRAMES);
	g_assert_cmpuint(pfn_first_free(&f.db), ==, VMSIM_NO_PFN);
	for (vmsim_pfn i = 0; i < FRAMES; i++) { /* in order of their number */
		g_assert_cmpuint(pfn_first_zeroed(&f.db), ==, i);
		move(&f, i, PFN_ACTIVE);
		g_assert_cmpuint(f.db.fresh, ==, i + 1);
		if (i == 4) { /* zeroed frames come before fresh ones, the last zeroed first */
			move(&f, 1, PFN_FREE);
			move(&f, 1, PFN_ZEROED);
			move(&f, 3, PFN_FREE);
			move(&f, 3, PFN_ZEROED);
			g_assert_cmpuint(pfn_first_zeroed(&f.db), ==, 3);
			move(&f, 3, PFN_ACTIVE);
			g_assert_cmpuint(pfn_first_zeroed(&f.db), ==, 1);
			move(&f, 1, PFN_ACTIVE);
		}
	}
	g_assert_cmpuint(pfn_first_zeroed(&f.db), ==, VMSIM_NO_PFN);
	g_assert_cmpuint(pfn_available(&f.db), ==, 0);
	tear_down(&f);
}

/* Frames may be taken out of their order; the others keep it. */
static void test_untouched_end(void)
{
	static const vmsim_pfn order[] = {5, 1, 2, 3, 8, 9, 10, 11};
	struct fixture f;

	set_up(&f, true);
	move(&f, 0, PFN_ACTIVE);
	pfn_untouched_end(&f.db, 8);
	pfn_untouched_end(&f.db, 4); /* no way back */
	g_assert_cmpuint(f.db.fresh, ==, 8);
	g_assert_null(pfn_check(&f.db));
	g_assert_cmpuint(pfn_available(&f.db), ==, FRAMES - 1);
	for (vmsim_pfn i = 4; i < 8; i++)
		move(&f, i, PFN_ACTIVE);
	move(&f, 5, PFN_FREE);
	move(&f, 5, PFN_ZEROED);
	for (size_t i = 0; i < G_N_ELEMENTS(order); i++) {
		g_assert_cmpuint(pfn_first_zeroed(&f.db), ==, order[i]);
		move(&f, order[i], PFN_ACTIVE);
	}
	g_assert_cmpuint(pfn_first_zeroed(&f.db), ==, VMSIM_NO_PFN);
	tear_down(&f);
}

static void test_worst(void)
{
	static const enum pfn_state states[] = {PFN_FREE, PFN_STANDBY, PFN_MODIFIED, PFN_TRANSITION,
						PFN_ACTIVE, PFN_BAD};
	struct fixture f;

	RULES("L33");
	set_up(&f, true);
	g_assert_cmpint(pfn_worst(&f.db, 4, 8), ==, PFN_ZEROED); /* never touched */
	for (vmsim_pfn i = 0; i < 6; i++)
		move(&f, i, PFN_ACTIVE);
	for (size_t i = 0; i < G_N_ELEMENTS(states); i++) {
		if (states[i] != PFN_ACTIVE)
			move(&f, 1, states[i]);
		g_assert_cmpint(pfn_worst(&f.db, 1, 1), ==, states[i]);
		g_assert_cmpint(pfn_worst(&f.db, 0, 4) > PFN_STANDBY, ==, true);
		g_assert_cmpint(pfn_worst(&f.db, 6, 6), ==, PFN_ZEROED);
		if (states[i] != PFN_ACTIVE && states[i] != PFN_BAD)
			move(&f, 1, PFN_ACTIVE);
	}
	move(&f, 4, PFN_STANDBY);
	move(&f, 5, PFN_FREE);
	g_assert_cmpint(pfn_worst(&f.db, 4, 8), ==, PFN_STANDBY);
	g_assert_cmpint(pfn_worst(&f.db, 5, 7), ==, PFN_FREE);
	g_assert_cmpint(pfn_worst(&f.db, 6, 6), ==, PFN_ZEROED);
	tear_down(&f);
}

static void test_not_zeroed(void)
{
	struct fixture f;

	set_up(&f, false);
	g_assert_cmpuint(pfn_first_zeroed(&f.db), ==, VMSIM_NO_PFN);
	g_assert_cmpuint(pfn_available(&f.db), ==, FRAMES);
	for (vmsim_pfn i = 0; i < FRAMES; i++) {
		g_assert_cmpuint(pfn_first_free(&f.db), ==, i);
		g_assert_false(content_is_zero(f.db.pfn[i].content));
		move(&f, i, PFN_ACTIVE);
	}
	g_assert_cmpuint(pfn_first_free(&f.db), ==, VMSIM_NO_PFN);
	tear_down(&f);
}

/* Free, standby and modified lists are FIFO. */
static void test_fifo(void)
{
	static const vmsim_pfn order[] = {5, 2, 7, 0};
	struct fixture f;

	RULES("4.1");
	for (int state = PFN_FREE; state <= PFN_MODIFIED; state++) {
		vmsim_pfn (*const first[])(const struct pfn_db *) = {
			[PFN_FREE] = pfn_first_free,
			[PFN_STANDBY] = pfn_first_standby,
			[PFN_MODIFIED] = pfn_first_modified,
		};

		set_up(&f, true);
		for (vmsim_pfn i = 0; i < 8; i++)
			move(&f, i, PFN_ACTIVE);
		for (size_t i = 0; i < G_N_ELEMENTS(order); i++)
			move(&f, order[i], (enum pfn_state)state);
		move(&f, 7, PFN_ACTIVE); /* out of the middle */
		g_assert_cmpuint(first[state](&f.db), ==, 5);
		move(&f, 5, PFN_ACTIVE);
		g_assert_cmpuint(first[state](&f.db), ==, 2);
		move(&f, 5, (enum pfn_state)state); /* to the tail */
		move(&f, 2, PFN_ACTIVE);
		g_assert_cmpuint(first[state](&f.db), ==, 0);
		move(&f, 0, PFN_ACTIVE);
		g_assert_cmpuint(first[state](&f.db), ==, 5);
		move(&f, 5, PFN_ACTIVE);
		g_assert_cmpuint(first[state](&f.db), ==, VMSIM_NO_PFN);
		tear_down(&f);
	}
}

static void standby(struct fixture *f, vmsim_pfn frame, unsigned priority)
{
	f->db.pfn[frame].priority = (uint8_t)priority;
	move(f, frame, PFN_STANDBY);
}

/* T2: a held frame is on no list, whatever state it comes to, until nothing holds it any more. */
static void test_held(void)
{
	struct fixture f;

	RULES("I1 I2 R11");
	set_up(&f, true);
	for (vmsim_pfn i = 0; i < 4; i++)
		move(&f, i, PFN_ACTIVE);
	for (vmsim_pfn i = 0; i < 3; i++)
		pfn_hold(&f.db, i);
	pfn_hold(&f.db, 1);
	standby(&f, 0, 5);
	move(&f, 1, PFN_FREE);
	move(&f, 3, PFN_FREE);
	g_assert_cmpuint(pfn_first_standby(&f.db), ==, VMSIM_NO_PFN);
	g_assert_cmpuint(pfn_first_free(&f.db), ==, 3);
	g_assert_cmpuint(pfn_available(&f.db), ==, FRAMES - 3);
	g_assert_cmpint(pfn_worst(&f.db, 0, 4), >, PFN_STANDBY);
	g_assert_null(pfn_check(&f.db));
	pfn_hold(&f.db, 3); /* off its list */
	g_assert_cmpuint(pfn_first_free(&f.db), ==, VMSIM_NO_PFN);
	pfn_release(&f.db, 1); /* it is held once more */
	g_assert_cmpuint(pfn_first_free(&f.db), ==, VMSIM_NO_PFN);
	pfn_release(&f.db, 3);
	pfn_release(&f.db, 1);
	g_assert_cmpuint(pfn_first_free(&f.db), ==, 3); /* 1 is behind it now */
	standby(&f, 2, 0);
	pfn_requeue(&f.db, 0, 0, true);
	pfn_release(&f.db, 2);
	pfn_release(&f.db, 0);
	g_assert_cmpuint(pfn_first_standby(&f.db), ==, 0); /* the head, as it was told while held */
	g_assert_cmpuint(pfn_available(&f.db), ==, FRAMES);
	g_assert_null(pfn_check(&f.db));
	pfn_hold(&f.db, 0);
	f.db.n_held--;
	g_assert_cmpstr(pfn_check(&f.db), ==, "I1");
	f.db.n_held++;
	move(&f, 0, PFN_ACTIVE); /* the page is used again */
	pfn_release(&f.db, 0);
	g_assert_null(pfn_check(&f.db));
	tear_down(&f);
}

static void test_priorities(void)
{
	static const vmsim_pfn order[] = {3, 4, 1, 2, 0};
	struct fixture f;

	RULES("W11");
	set_up(&f, true);
	for (vmsim_pfn i = 0; i < 6; i++)
		move(&f, i, PFN_ACTIVE);
	standby(&f, 0, 7);
	standby(&f, 1, 5);
	standby(&f, 2, 5);
	standby(&f, 3, 0);
	standby(&f, 4, 5);
	pfn_requeue(&f.db, 4, 0, false); /* behind 3 */
	g_assert_null(pfn_check(&f.db));
	g_assert_cmpuint(pfn_available(&f.db), ==, FRAMES - 1);
	for (size_t i = 0; i < G_N_ELEMENTS(order); i++) {
		g_assert_cmpuint(pfn_first_standby(&f.db), ==, order[i]);
		move(&f, order[i], PFN_ACTIVE);
	}
	tear_down(&f);
}

/* Entering the free list clears who owned the frame (I5). */
static void test_owner(void)
{
	struct fixture f;

	RULES("I1 I5 I6");
	set_up(&f, true);
	move(&f, 0, PFN_ACTIVE);
	f.db.pfn[0].vpn = 77;
	f.db.pfn[0].reset = RESET_PENDING;
	move(&f, 0, PFN_FREE);
	g_assert_null(f.db.pfn[0].owner);
	g_assert_cmpuint(f.db.pfn[0].vpn, ==, 0);
	g_assert_cmpuint(f.db.pfn[0].reset, ==, RESET_NO);
	f.db.pfn[0].slot = 3;
	g_assert_cmpstr(pfn_check(&f.db), ==, "I5");
	f.db.pfn[0].slot = 0;
	f.db.n[PFN_FREE]++;
	g_assert_cmpstr(pfn_check(&f.db), ==, "I1");
	f.db.n[PFN_FREE]--;
	move(&f, 0, PFN_ZEROED);
	content_set(&f.db.pfn[0].content, content_junk());
	g_assert_cmpstr(pfn_check(&f.db), ==, "I6");
	content_set(&f.db.pfn[0].content, NULL);
	tear_down(&f);
}

struct seen {
	int n;
	struct vmsim_record last;
};

static void see(void *ctx, const struct vmsim_record *record)
{
	struct seen *seen = ctx;

	seen->n++;
	seen->last = *record;
}

static void test_events(void)
{
	struct seen seen = {0};
	struct fixture f;

	set_up(&f, true);
	events_listen(&f.events, VMSIM_RECORD_BIT(VMSIM_RECORD_FRAME_STATE), see, &seen);
	move(&f, 0, PFN_ACTIVE);
	f.db.pfn[0].vpn = 0x123;
	pfn_move(&f.db, 0, MOVE_L18);
	g_assert_cmpint(seen.n, ==, 2);
	g_assert_cmpstr(seen.last.from, ==, "active");
	g_assert_cmpstr(seen.last.to, ==, "modified");
	g_assert_cmpstr(seen.last.rule, ==, "L18");
	g_assert_cmphex(seen.last.va, ==, 0x123000);
	g_assert_cmpuint(seen.last.pfn, ==, 0);
	tear_down(&f);
}

static void test_random(void)
{
	struct rng rng = {5};
	struct fixture f;

	set_up(&f, true);
	for (int i = 0; i < 20000; i++) {
		vmsim_pfn frame = (vmsim_pfn)rng_below(&rng, f.db.fresh + 1);
		enum pfn_state to = (enum pfn_state)rng_below(&rng, PFN_N_STATES);

		if (frame >= FRAMES || !is_legal(f.db.pfn[frame].state, to))
			continue;
		f.db.pfn[frame].priority = (uint8_t)(f.db.pfn[frame].state == PFN_STANDBY
							     ? f.db.pfn[frame].priority
							     : rng_below(&rng, 8));
		move(&f, frame, to);
	}
	tear_down(&f);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/pfn/legal", test_legal);
	g_test_add_func("/pfn/illegal", test_illegal);
	g_test_add_func("/pfn/table", test_table);
	for (int n = 0; n < N_PFN_TRANSITIONS * PFN_N_STATES; n++) {
		char *name = g_strdup_printf("/pfn/subprocess/illegal/%d/%d", n / PFN_N_STATES,
					     n % PFN_N_STATES);

		if (!begins_in(n / PFN_N_STATES, n % PFN_N_STATES))
			g_test_add_data_func(name, GINT_TO_POINTER(n), illegal);
		g_free(name);
	}
	g_test_add_func("/pfn/fresh", test_fresh);
	g_test_add_func("/pfn/untouched-end", test_untouched_end);
	g_test_add_func("/pfn/worst", test_worst);
	g_test_add_func("/pfn/not-zeroed", test_not_zeroed);
	g_test_add_func("/pfn/fifo", test_fifo);
	g_test_add_func("/pfn/held", test_held);
	g_test_add_func("/pfn/priorities", test_priorities);
	g_test_add_func("/pfn/owner", test_owner);
	g_test_add_func("/pfn/events", test_events);
	g_test_add_func("/pfn/random", test_random);
	return g_test_run();
}
