/* test_tlbs.c: the hierarchy of TLBs by itself: which arrays there are, what is filled and dropped,
 * and that levels include and exclude each other under random use, for pages of every size. The
 * counts of whole runs are those of tests/model/test_tlb_model.c. */
#include "mmu/tlbs.h"

#include "base/rng.h"

#define READ_ONLY (PTE_P | PTE_A | PTE_XD)

struct fixture {
	vmsim_config *config;
	struct tlbs tlbs;
};

static void set_up(struct fixture *f, const char *settings)
{
	char **each = g_strsplit(settings, " ", 0);
	GError *error = NULL;

	f->config = vmsim_config_new();
	for (char **s = each; *s; s++)
		if (**s)
			vmsim_config_set(f->config, *s, &error);
	g_assert_no_error(error);
	vmsim_config_finish(f->config, &error);
	g_assert_no_error(error);
	g_strfreev(each);
	tlbs_init(&f->tlbs, config_get(f->config));
}

static void tear_down(struct fixture *f)
{
	g_assert_true(tlbs_check(&f->tlbs));
	tlbs_fini(&f->tlbs);
	vmsim_config_free(f->config);
}

static struct tlb_entry entry_for(uint32_t asid, vmsim_vpn vpn, unsigned level, bool global)
{
	pte_t pte = READ_ONLY | (level ? PTE_PS : 0) | (global ? PTE_G : 0);
	vmsim_vpn first = vpn >> 9 * level << 9 * level;

	return tlbs_entry(asid, vpn, pte | (pte_t)(first + 5) << PTE_FRAME_SHIFT, level);
}

static struct tlb_entry *look(struct fixture *f, enum tlb_side side, unsigned level, uint32_t asid,
			      vmsim_vpn vpn)
{
	struct tlb_entry *entry = NULL;

	if (level == 0)
		entry = tlb_lookup(f->tlbs.first[side], tlb_tag(asid, vpn));
	return entry ? entry : tlbs_find(&f->tlbs, side, level, asid, vpn);
}

/* The level that has a page; the number of levels: none. */
static unsigned where(struct fixture *f, enum tlb_side side, uint32_t asid, vmsim_vpn vpn)
{
	unsigned level = 0;

	while (level < f->tlbs.n_levels && !look(f, side, level, asid, vpn))
		level++;
	return level;
}

/* --- the arrays ------------------------------------------------------------------------------- */

static void test_arrays(void)
{
	struct fixture f;

	set_up(&f, "");
	g_assert_cmpuint(f.tlbs.n_levels, ==, 2);
	g_assert_cmpuint(f.tlbs.n, ==, 3 + 2 + 2); /* data; code: huge with large; second: two */
	g_assert_true(f.tlbs.at[SIDE_CODE][0][SIZE_HUGE] == f.tlbs.at[SIDE_CODE][0][SIZE_LARGE]);
	g_assert_true(f.tlbs.at[SIDE_CODE][1][SIZE_HUGE] == f.tlbs.at[SIDE_DATA][1][SIZE_HUGE]);
	g_assert_true(f.tlbs.first[SIDE_CODE] != f.tlbs.first[SIDE_DATA]);
	g_assert_cmpuint(f.tlbs.at[SIDE_DATA][1][SIZE_HUGE]->sets, ==, 4);
	tear_down(&f);
	set_up(&f, "tlb.unified=true tlb.l1d.latency=3 tlb.l2.entries=0 tlb.l1d.large.shared=true "
		   "tlb.l1d.huge.shared=true");
	g_assert_cmpuint(f.tlbs.n, ==, 1);
	g_assert_true(f.tlbs.first[SIDE_CODE] == f.tlbs.first[SIDE_DATA]);
	g_assert_cmpuint(f.tlbs.cycles[SIDE_CODE][0], ==, 3);
	g_assert_cmpuint(config_get(f.config)->tlb.l1i.latency.cycles, ==, 3);
	tear_down(&f);
	set_up(&f, "tlb.l2i.entries=512 tlb.l2i.latency=6 tlb.l2.latency=8 tlb.l3.entries=4096 "
		   "tlb.l2.huge.entries=0");
	g_assert_cmpuint(f.tlbs.n_levels, ==, 3);
	g_assert_true(f.tlbs.at[SIDE_CODE][1][SIZE_SMALL] != f.tlbs.at[SIDE_DATA][1][SIZE_SMALL]);
	g_assert_true(f.tlbs.at[SIDE_CODE][2][SIZE_SMALL] == f.tlbs.at[SIDE_DATA][2][SIZE_SMALL]);
	g_assert_null(f.tlbs.at[SIDE_DATA][1][SIZE_HUGE]);
	g_assert_cmpuint(f.tlbs.cycles[SIDE_CODE][1], ==, 6);
	g_assert_cmpuint(f.tlbs.cycles[SIDE_DATA][1], ==, 8);
	g_assert_cmpuint(f.tlbs.cycles[SIDE_CODE][2], ==, 20);
	tear_down(&f);
}

/* --- sizes and address spaces ----------------------------------------------------------------- */

static void test_sizes(void)
{
	struct fixture f;
	vmsim_vpn vpn = 3ull << 18 | 7 << 9 | 11;

	set_up(&f, "");
	for (unsigned level = 0; level < 3; level++) {
		struct tlb_entry entry = entry_for(1, vpn, level, false);
		vmsim_vpn last = (vpn >> 9 * level << 9 * level) + (1u << 9 * level) - 1;

		g_assert_cmpuint(tlbs_frame(&entry, vpn), ==, vpn + 5);
		tlbs_fill(&f.tlbs, SIDE_DATA, 2, entry);
		g_assert_cmpuint(where(&f, SIDE_DATA, 1, last), ==, 0);
		g_assert_cmpuint(tlbs_frame(look(&f, SIDE_DATA, 0, 1, last), last), ==, last + 5);
		g_assert_cmpuint(where(&f, SIDE_DATA, 1, last + 1), ==, 2);
		g_assert_cmpuint(where(&f, SIDE_CODE, 1, vpn), ==, 1);
		g_assert_cmpuint(where(&f, SIDE_CODE, 2, vpn), ==, 2);
		g_assert_cmpuint(tlbs_invalidate(&f.tlbs, 1, last), ==, 2);
		g_assert_cmpuint(where(&f, SIDE_DATA, 1, vpn), ==, 2);
	}
	tear_down(&f);
}

/* A global entry holds in every address space, and outlives theirs. */
static void test_global(void)
{
	struct fixture f;

	set_up(&f, "");
	tlbs_fill(&f.tlbs, SIDE_DATA, 2, entry_for(1, 40, 0, true));
	tlbs_fill(&f.tlbs, SIDE_DATA, 2, entry_for(1, 600, 1, true));
	tlbs_fill(&f.tlbs, SIDE_DATA, 2, entry_for(1, 41, 0, false));
	g_assert_cmpuint(where(&f, SIDE_DATA, 2, 40), ==, 0);
	g_assert_cmpuint(where(&f, SIDE_DATA, 2, 700), ==, 0);
	g_assert_cmpuint(where(&f, SIDE_DATA, 2, 41), ==, 2);
	g_assert_cmpuint(tlbs_flush(&f.tlbs, 1), ==, 2);
	g_assert_cmpuint(tlbs_flush(&f.tlbs, TLB_ALL_BUT_GLOBAL), ==, 0);
	g_assert_cmpuint(where(&f, SIDE_DATA, 1, 40), ==, 0);
	tlbs_fill(&f.tlbs, SIDE_DATA, 2, entry_for(1, 41, 0, false));
	g_assert_cmpuint(tlbs_flush(&f.tlbs, TLB_ALL_BUT_GLOBAL), ==, 2);
	g_assert_cmpuint(tlbs_invalidate(&f.tlbs, 5, 40), ==, 2); /* INVLPG of anybody */
	g_assert_cmpuint(where(&f, SIDE_DATA, 1, 40), ==, 2);
	g_assert_cmpuint(tlbs_flush(&f.tlbs, 0), ==, 2);
	tear_down(&f);
}

/* --- inclusion -------------------------------------------------------------------------------- */

#define TINY "tlb.l1d.entries=2 tlb.l1d.ways=full tlb.l1i.entries=2 tlb.l1i.ways=full " \
	     "tlb.l2.entries=3 tlb.l2.ways=full "

/* A translation is needed: found or not, it is in the first level afterwards. */
static bool need(struct fixture *f, enum tlb_side side, vmsim_vpn vpn)
{
	unsigned level = where(f, side, 1, vpn);
	struct tlb_entry entry = entry_for(1, vpn, 0, false);

	return level > 0 && tlbs_fill(&f->tlbs, side, level, entry);
}

/* 1 2 3 4: the second level, of three, drops 1; code had it in its first. */
static void test_inclusive(void)
{
	struct fixture f;

	set_up(&f, TINY "tlb.l2.inclusion=inclusive");
	g_assert_false(need(&f, SIDE_CODE, 1));
	g_assert_false(need(&f, SIDE_DATA, 2));
	g_assert_false(need(&f, SIDE_DATA, 3));
	g_assert_cmpuint(where(&f, SIDE_CODE, 1, 1), ==, 0);
	g_assert_true(need(&f, SIDE_DATA, 4)); /* and says so */
	g_assert_cmpuint(where(&f, SIDE_CODE, 1, 1), ==, 2);
	tear_down(&f);
	set_up(&f, TINY);
	for (vmsim_vpn vpn = 1; vpn < 5; vpn++)
		g_assert_false(need(&f, vpn == 1 ? SIDE_CODE : SIDE_DATA, vpn));
	g_assert_cmpuint(where(&f, SIDE_CODE, 1, 1), ==, 0);
	tear_down(&f);
}

/* First of two, second of three: five pages fit, and what is found below moves up. */
static void test_exclusive(void)
{
	struct fixture f;

	set_up(&f, TINY "tlb.l2.inclusion=exclusive");
	need(&f, SIDE_DATA, 1);
	g_assert_null(look(&f, SIDE_DATA, 1, 1, 1)); /* walks pass it by */
	for (vmsim_vpn vpn = 2; vpn < 6; vpn++)
		need(&f, SIDE_DATA, vpn);
	g_assert_cmpuint(where(&f, SIDE_DATA, 1, 1), ==, 1);
	g_assert_cmpuint(where(&f, SIDE_DATA, 1, 2), ==, 1);
	g_assert_cmpuint(where(&f, SIDE_DATA, 1, 4), ==, 0);
	need(&f, SIDE_DATA, 1); /* changes places with 5, which was not looked at since */
	g_assert_cmpuint(where(&f, SIDE_DATA, 1, 1), ==, 0);
	g_assert_null(look(&f, SIDE_DATA, 1, 1, 1));
	g_assert_cmpuint(where(&f, SIDE_DATA, 1, 5), ==, 1);
	need(&f, SIDE_DATA, 6); /* 4 goes down, and out goes 3: 2 was looked at */
	g_assert_cmpuint(where(&f, SIDE_DATA, 1, 3), ==, 2);
	g_assert_cmpuint(where(&f, SIDE_DATA, 1, 2), ==, 1);
	tear_down(&f);
}

static void random_step(struct fixture *f, struct rng *rng)
{
	enum tlb_side side = (enum tlb_side)rng_below(rng, TLB_SIDES);
	unsigned size = (unsigned)(rng_below(rng, 8) == 0 ? 1 + rng_below(rng, 2) : 0);
	uint32_t asid = 1 + (uint32_t)rng_below(rng, 2);
	/* Pages of each size have regions of their own: one page has one entry. */
	vmsim_vpn vpn = (rng_below(rng, 40) << 9 * size) + ((uint64_t)size << 32);
	bool global = vpn % 5 == 0;
	uint64_t kind = rng_below(rng, 200);
	unsigned level = where(f, side, asid, vpn);

	if (kind == 0)
		tlbs_flush(&f->tlbs, asid);
	else if (kind == 1)
		tlbs_flush(&f->tlbs, TLB_ALL_BUT_GLOBAL);
	else if (kind < 8)
		tlbs_invalidate(&f->tlbs, asid, vpn);
	else if (level > 0)
		tlbs_fill(&f->tlbs, side, level, entry_for(asid, vpn, size, global));
	if (kind >= 8)
		g_assert_cmpuint(where(f, side, asid, vpn), ==, 0);
	g_assert_true(tlbs_check(&f->tlbs));
}

static void test_random(void)
{
	static const char *const names[] = {"mostly-inclusive", "inclusive", "exclusive"};
	static const char *const more[] = {
		"", "tlb.l2i.entries=8 tlb.l2i.ways=2", "tlb.unified=true",
		"tlb.l1d.large.shared=true tlb.l2.large.shared=false tlb.l2.replacement=nru",
		"tlb.l2.huge.entries=0 tlb.l1d.replacement=srrip tlb.l3.index=xor"};

	for (unsigned i = 0; i < 9 * G_N_ELEMENTS(more); i++) {
		struct fixture f;
		struct rng rng = {i};
		char *settings = g_strdup_printf(
			"tlb.l1d.entries=8 tlb.l1d.ways=2 tlb.l1d.large.entries=2 tlb.l1i.ways=6 "
			"tlb.l1i.entries=6 tlb.l1i.large.entries=2 tlb.l2.entries=16 tlb.l2.ways=4 "
			"tlb.l3.entries=32 tlb.l3.ways=4 tlb.l2.inclusion=%s "
			"tlb.l3.inclusion=%s %s",
			names[i % 3], names[i / 3 % 3], more[i / 9]);

		set_up(&f, settings);
		for (int step = 0; step < 4000; step++)
			random_step(&f, &rng);
		tear_down(&f);
		g_free(settings);
	}
}

/* tlbs_check sees an entry that is where it must not be, or is not where it must be. */
static void test_check(void)
{
	struct fixture f;

	set_up(&f, TINY "tlb.l2.inclusion=exclusive");
	need(&f, SIDE_DATA, 1);
	tlb_fill(f.tlbs.at[SIDE_DATA][1][SIZE_SMALL], tlb_tag(1, 1), 6, 0);
	g_assert_false(tlbs_check(&f.tlbs));
	tlb_invalidate(f.tlbs.first[SIDE_DATA], tlb_tag(1, 1));
	tear_down(&f);
	set_up(&f, TINY "tlb.l2.inclusion=inclusive");
	need(&f, SIDE_CODE, 1);
	tlb_invalidate(f.tlbs.at[SIDE_DATA][1][SIZE_SMALL], tlb_tag(1, 1));
	g_assert_false(tlbs_check(&f.tlbs));
	tlbs_flush(&f.tlbs, 0);
	tear_down(&f);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/tlbs/arrays", test_arrays);
	g_test_add_func("/tlbs/sizes", test_sizes);
	g_test_add_func("/tlbs/global", test_global);
	g_test_add_func("/tlbs/inclusive", test_inclusive);
	g_test_add_func("/tlbs/exclusive", test_exclusive);
	g_test_add_func("/tlbs/random", test_random);
	g_test_add_func("/tlbs/check", test_check);
	return g_test_run();
}
