/* test_designs_use.c: machines with each design of page table: the same trace gives the same
 * results, faults and contents, and only walks differ; the audit tells when a shared table is not
 * what is mapped. */
#include "engine/machine.h"
#include "mmu/design.h"
#include "rules.h"
#include "vmm/check.h"

#include <string.h>

#define P 4096u
#define A 0x100000u

static vmsim_machine *try_machine(const char *settings, GError **error)
{
	char *all = g_strconcat("rules=win32 memory.frames=40 pagefile.size=1MiB pagefile.device=nvme "
				"trace.implicit_commit=false ", settings, NULL);
	char **each = g_strsplit(all, " ", 0);
	vmsim_config *config = vmsim_config_new();
	vmsim_machine *m;

	for (char **s = each; *s; s++)
		g_assert_true(!**s || vmsim_config_set(config, *s, NULL));
	m = vmsim_machine_new(config, error);
	vmsim_config_free(config);
	g_strfreev(each);
	g_free(all);
	return m;
}

static vmsim_machine *machine(const char *settings, unsigned design)
{
	char *all = g_strdup_printf("%s paging.design=%s", settings, designs[design]->name);
	GError *error = NULL;
	vmsim_machine *m = try_machine(all, &error);

	g_assert_no_error(error);
	vmsim_machine_set_audit(m, VMSIM_AUDIT_FULL);
	g_free(all);
	return m;
}

/* --- the same trace -------------------------------------------------------------------------- */

static void say(void *ctx, const struct vmsim_record *r)
{
	g_string_append_printf(ctx, "%" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %d %u 0x%"
			       G_GINT64_MODIFIER "x %" G_GUINT64_FORMAT " %s %s\n", r->cycle, r->seq,
			       (int)r->kind, r->pid, r->va, r->pfn, r->type ? r->type : "",
			       r->from ? r->from : "");
}

static uint64_t draw(uint64_t *state, uint64_t n)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (*state >> 33) % n;
}

/* Three processes in 40 frames: stores, loads, fetches, and calls that take pages and rights away,
 * in an order that depends on nothing else. What is read and answered goes into `out`. */
static void use(vmsim_machine *m, GString *out)
{
	uint64_t state = 7;

	for (uint32_t pid = 1; pid <= 3; pid++)
		vmsim_virtual_alloc(m, pid, A, 64 * P, MEM_RESERVE | MEM_COMMIT,
				    PAGE_EXECUTE_READWRITE, NULL);
	for (unsigned i = 0; i < 3000; i++) {
		uint32_t pid = (uint32_t)(1 + draw(&state, 3)), error = 0, old = 0;
		uint64_t page = draw(&state, draw(&state, 2) ? 64 : 12), value = i;
		uint64_t va = A + page * P + draw(&state, P - 8), n = 1 + draw(&state, 3);
		uint64_t what = draw(&state, 40);

		n = MIN(n, 64 - page);
		if (what == 0)
			vmsim_virtual_free(m, pid, A + page * P, n * P, MEM_DECOMMIT, &error);
		else if (what < 3)
			vmsim_virtual_alloc(m, pid, A + page * P, n * P, MEM_COMMIT,
					    PAGE_EXECUTE_READWRITE, &error);
		else if (what == 3)
			vmsim_virtual_alloc(m, pid, A + page * P, n * P, MEM_RESET,
					    PAGE_READWRITE, &error);
		else if (what < 6)
			vmsim_virtual_protect(m, pid, A + page * P, n * P,
					      what == 4 ? PAGE_READONLY : PAGE_EXECUTE_READWRITE,
					      &old, &error);
		else if (what == 6)
			vmsim_virtual_unlock(m, pid, A + page * P, n * P, &error);
		else
			error = (uint32_t)vmsim_access(m, pid,
						       what < 20   ? VMSIM_WRITE
						       : what < 36 ? VMSIM_READ
								   : VMSIM_EXECUTE,
						       va, 8, &value);
		g_string_append_printf(out, "%u %u %" G_GUINT64_FORMAT "\n", error, old, value);
	}
}

static bool may_differ(const char *name)
{
	return g_str_equal(name, "walk_references") || g_str_has_prefix(name, "page_table_");
}

static GString *story(const char *settings, unsigned design)
{
	vmsim_machine *m = machine(settings, design);
	GString *out = g_string_new(NULL);
	GError *error = NULL;

	vmsim_machine_listen(m, VMSIM_RECORD_ALL, say, out);
	use(m, out);
	g_assert_true(vmsim_machine_finish(m, &error));
	g_assert_no_error(error);
	g_assert_cmpuint(m->stats.c.hard_faults, >, 100);
	g_assert_cmpuint(m->stats.c.access_violations, >, 10);
	for (int id = 0; id < N_COUNTERS; id++)
		if (!may_differ(counter_infos[id].name))
			g_string_append_printf(out, "%s %" G_GUINT64_FORMAT "\n",
					       counter_infos[id].name,
					       counter_value(&m->stats.c, (enum counter_id)id));
	for (int id = 0; id < N_BUCKETS; id++)
		g_string_append_printf(out, "%s %" G_GUINT64_FORMAT "\n", bucket_infos[id].name,
				       bucket_value(&m->stats.b, (enum bucket_id)id));
	vmsim_machine_free(m);
	return out;
}

/* Where walks cost nothing and tables lie beside memory, everything is the same, to the cycle, for
 * tables of any depth and any design. */
static void test_same(gconstpointer data)
{
	static const char *const settings[] = {
		"", "standby.enabled=false replacement.policy=lru replacement.sees=every-reference",
		"paging.dirty=sw tlb.pcid=false tlb.l1d.entries=4 tlb.l2.entries=8 tlb.l2.ways=4",
		"replacement.policy=windows store.enabled=true os.age_flush=false"};
	unsigned design = GPOINTER_TO_UINT(data);

	for (size_t i = 0; i < G_N_ELEMENTS(settings); i++) {
		char *free_walks = g_strconcat("memory.page_tables=out dram.latency=0 paging.levels=4 "
					       "psc.pml4e.entries=0 psc.pdpte.entries=0 "
					       "psc.pde.entries=0 ", settings[i], NULL);
		char *depth = g_strdup_printf("%s paging.levels=%zu", free_walks, 2 + i);
		GString *radix = story(free_walks, DESIGN_RADIX), *other = story(depth, design);

		g_assert_cmpstr(radix->str, ==, other->str);
		g_string_free(radix, TRUE);
		g_string_free(other, TRUE);
		g_free(free_walks);
		g_free(depth);
	}
}

/* --- memory, and what is refused ------------------------------------------------------------- */

/* The table's frames are the first, wired from the start; processes have no others. */
static void test_frames(gconstpointer data)
{
	unsigned design = GPOINTER_TO_UINT(data);
	vmsim_machine *m = machine("memory.frames=600 memory.page_tables=in", design);
	uint64_t pages = shared_table_pages(m->vmm->pool.shared), value = 1;
	const struct pfn_db *db = &m->vmm->db;

	RULES("L38 I1");
	g_assert_cmpuint(pages, >, 1);
	g_assert_cmpuint(db->n_tables, ==, pages);
	for (vmsim_pfn f = 0; f < pages; f++)
		g_assert_cmpuint(db->pfn[f].flags, ==, PFN_TABLE);
	for (unsigned i = 0; i < 30; i++) {
		g_assert_cmphex(vmsim_virtual_alloc(m, 1, A + i * 0x400000u, P,
						    MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE, NULL),
				==, A + i * 0x400000u);
		g_assert_cmpint(vmsim_access(m, 1, VMSIM_WRITE, A + i * 0x400000u, 1, &value), ==,
				VMSIM_RESULT_OK);
	}
	g_assert_cmpuint(db->n_tables, ==, pages);
	g_assert_cmpuint(db->n[PFN_ACTIVE], ==, pages + 30);
	g_assert_cmpuint(m->stats.c.page_table_pages_peak, ==, pages);
	g_assert_cmpuint(m->vmm->pool.shared->n, ==, 30);
	vmsim_machine_free(m);
}

/* What radix tables take is counted as they come and go. */
static void test_radix_pages(void)
{
	vmsim_machine *m = machine("memory.page_tables=in", DESIGN_RADIX);
	uint64_t value = 1;

	vmsim_virtual_alloc(m, 1, A, P, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE, NULL);
	vmsim_virtual_alloc(m, 2, A, P, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE, NULL);
	vmsim_access(m, 1, VMSIM_WRITE, A, 1, &value);
	vmsim_access(m, 2, VMSIM_WRITE, A, 1, &value);
	g_assert_cmpuint(m->stats.now.table_pages, ==, 8);
	vmsim_virtual_free(m, 1, A, 0, MEM_RELEASE, NULL);
	g_assert_cmpuint(m->stats.now.table_pages, ==, 4);
	g_assert_cmpuint(m->stats.c.page_table_pages_peak, ==, 8);
	vmsim_machine_free(m);
}

static void test_no_large(gconstpointer data)
{
	vmsim_machine *m = machine("memory.frames=2048 vmm.lock_memory_privilege=true",
				   GPOINTER_TO_UINT(data));
	uint32_t error = 0;

	RULES("2.3.17a");
	g_assert_cmphex(vmsim_virtual_alloc(m, 1, 0, 0x200000,
					    MEM_RESERVE | MEM_COMMIT | MEM_LARGE_PAGES,
					    PAGE_READWRITE, &error), ==, 0);
	g_assert_cmpuint(error, ==, ERROR_NO_SYSTEM_RESOURCES);
	vmsim_machine_free(m);
}

static void test_too_large(void)
{
	GError *error = NULL;

	g_assert_null(try_machine("memory.frames=2 memory.page_tables=in paging.design=hashed",
				  &error));
	g_assert_error(error, VMSIM_ERROR, VMSIM_ERROR_CONFIG);
	g_assert_nonnull(strstr(error->message, "paging.design=hashed: its table takes 1 of"));
	g_clear_error(&error);
}

/* --- the audit -------------------------------------------------------------------------------- */

static uint64_t key_of(const vmsim_machine *m, unsigned page)
{
	(void)m;
	return design_key(1, A / P + page);
}

static pte_t *entry(const vmsim_machine *m, unsigned page)
{
	struct shared_table *table = m->vmm->pool.shared;

	return table->design->find(table, key_of(m, page), &(struct probe){0});
}

static void set(vmsim_machine *m, unsigned page, pte_t old, pte_t pte)
{
	shared_table_set(m->vmm->pool.shared, key_of(m, page), old, pte);
}

static void lacks_one(vmsim_machine *m)
{
	set(m, 1, *entry(m, 1), 0);
}
static void has_one_more(vmsim_machine *m) /* page 2 is committed, but not there */
{
	set(m, 2, 0, *entry(m, 1));
}
static void has_a_stranger(vmsim_machine *m) /* of no block at all */
{
	set(m, 1000, 0, *entry(m, 1));
}
static void lacks_dirty(vmsim_machine *m)
{
	*entry(m, 1) &= ~PTE_D;
}
static void grants_more(vmsim_machine *m)
{
	*entry(m, 0) |= PTE_W;
}
static void miscounts(vmsim_machine *m)
{
	m->vmm->pool.shared->n++;
}

static void test_audit(gconstpointer data)
{
	static void (*const broken[])(vmsim_machine *) = {lacks_one,   has_one_more, has_a_stranger,
							  lacks_dirty, grants_more,  miscounts};
	static const char *const more[] = {"", "psc.pde.entries=4"};

	for (size_t i = 0; i < G_N_ELEMENTS(broken); i++) {
		vmsim_machine *m = machine(more[i % 2], GPOINTER_TO_UINT(data));
		uint64_t value = 1;
		uint32_t old;

		vmsim_virtual_alloc(m, 1, A, 4 * P, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE, NULL);
		vmsim_access(m, 1, VMSIM_WRITE, A, 1, &value);
		vmsim_access(m, 1, VMSIM_WRITE, A + P, 1, &value);
		vmsim_virtual_protect(m, 1, A, P, PAGE_READONLY, &old, NULL);
		g_assert_false(m->mmu->psc.any); /* there are no upper entries to cache */
		g_assert_true(machine_audit(m));
		broken[i](m);
		g_assert_false(machine_audit(m));
		g_assert_nonnull(strstr(m->error->message, "invariant design is broken"));
		vmsim_machine_free(m);
	}
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(gconstpointer data);
		bool radix;
	} suite[] = {{"same", test_same, true},
		     {"frames", test_frames, false},
		     {"no-large", test_no_large, false},
		     {"audit", test_audit, false}};

	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/designs-use/radix-pages", test_radix_pages);
	g_test_add_func("/designs-use/too-large", test_too_large);
	for (unsigned d = 0; d < N_DESIGNS; d++)
		for (size_t i = 0; i < G_N_ELEMENTS(suite); i++) {
			char *name = g_strdup_printf("/designs-use/%s/%s", designs[d]->name,
						     suite[i].name);

			if (designs[d]->create || suite[i].radix)
				g_test_add_data_func(name, GUINT_TO_POINTER(d), suite[i].run);
			g_free(name);
		}
	return g_test_run();
}
