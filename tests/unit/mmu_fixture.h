/* mmu_fixture.h: a core's translation hardware over a page table of its own, for tests of it
 * alone. */
#ifndef TESTS_MMU_FIXTURE_H
#define TESTS_MMU_FIXTURE_H

#include "mmu/mmu.h"

#include <glib.h>

#define BASE 0x40u /* the first page of N that have a leaf table */
#define N 64u

struct fixture {
	vmsim_config *config;
	struct counters c;
	struct pt_pool pool;
	struct page_table pt;
	struct memory memory;
	struct mmu mmu;
	struct translation tr;
};

/* Tables lie in frames 10000 and on: other pages of 2 MiB than the first, the same of 1 GiB. Walks
 * begin at the top, unless the settings say otherwise. */
static inline void set_up(struct fixture *f, const char *settings)
{
	char *all = g_strconcat("psc.pml4e.entries=0 psc.pdpte.entries=0 psc.pde.entries=0 ",
				settings, NULL);
	char **each = g_strsplit(all, " ", 0);
	GError *error = NULL;

	*f = (struct fixture){.config = vmsim_config_new()};
	for (char **s = each; *s; s++)
		if (**s)
			vmsim_config_set(f->config, *s, &error);
	g_assert_no_error(error);
	vmsim_config_finish(f->config, &error);
	g_assert_no_error(error);
	g_strfreev(each);
	g_free(all);
	pt_pool_init(&f->pool, pt_shape_of((unsigned)config_get(f->config)->paging.levels), 10000,
		     true);
	pt_init(&f->pt, &f->pool);
	while (!pt_find(&f->pt, BASE))
		pt_add_table(&f->pt, BASE, pt_pool_outside(&f->pool));
	memory_init(&f->memory, config_get(f->config));
	mmu_init(&f->mmu, config_get(f->config), &f->memory, &f->c);
}

static inline void tear_down(struct fixture *f)
{
	g_assert_true(mmu_check(&f->mmu));
	for (unsigned i = 0; i < N; i++)
		pt_set(&f->pt, BASE + i, 0);
	pt_prune(&f->pt, 0, f->pool.shape->vpn_end, NULL, NULL);
	mmu_fini(&f->mmu);
	memory_fini(&f->memory);
	pt_pool_fini(&f->pool);
	vmsim_config_free(f->config);
}

/* Page i, in a frame; bits: PTE_A and the like. */
static inline void map(struct fixture *f, unsigned i, vmsim_pfn frame, pte_t bits)
{
	pt_set(&f->pt, BASE + i, pte_make_valid(PROT_READWRITE, frame, true) | bits);
}

static inline bool go(struct fixture *f, unsigned i, enum vmsim_access access)
{
	return mmu_translate(&f->mmu, &f->pt, 1, BASE + i, access, false, &f->tr);
}

#endif
