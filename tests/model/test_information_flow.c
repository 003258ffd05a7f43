/* test_information_flow.c: no process ever reads what another wrote, and what was decommitted,
 * released or left by a process that ended never comes back (I30 to I33).
 *
 * Four processes write 8-byte tags, of process, page and a number that is never used again, and
 * read anywhere that they may, under pressure: little memory, much coming and going. Of each place
 * the test knows only the tags that may be found there: the last written since the page was
 * committed, or zero where that is due (fresh, or reset since). Anything else that is read is a
 * leak, and the tag tells whose. It knows nothing of frames, and shares nothing with the other
 * model.
 *
 *   test_information_flow --ops N [--seed S]    runs as long as asked, under both rule sets */
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vmsim/vmsim.h>

#define P 4096u
#define PROCESSES 4u
#define BLOCKS 4u
#define BLOCK_PAGES 24u
#define PLACES 4u /* of each page, 1 KiB apart */

struct page {
	bool committed;
	bool offered;
	bool reset; /* reset since its last write: may read as zero */
	uint64_t tag[PLACES];
};

struct block {
	bool reserved;
	struct page page[BLOCK_PAGES];
};

struct flow {
	vmsim_machine *vm;
	struct block space[PROCESSES][BLOCKS];
	uint64_t state, serial, charge, limit;
	uint64_t reads, zeros, tags, faults;
	struct vmsim_call call;
	uint64_t got;
	bool differed;
	char *leak;
};

static uint64_t below(struct flow *f, uint64_t n)
{
	uint64_t z = (f->state += 0x9E3779B97F4A7C15u);

	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
	z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
	return (z ^ (z >> 31)) % n;
}

static uint64_t address(unsigned block, unsigned page)
{
	return 0x100000 + (uint64_t)block * 0x40000 + (uint64_t)page * P;
}

/* A tag: process, page, number. Its top byte is never 0, so none looks like another shifted. */
static uint64_t new_tag(struct flow *f, unsigned process, unsigned block, unsigned page)
{
	return (uint64_t)(0xA0 + process) << 56 | (uint64_t)(block * BLOCK_PAGES + page) << 48 |
	       ++f->serial;
}

static void feed(struct flow *f, struct vmsim_event *e)
{
	GError *error = NULL;

	if (!vmsim_machine_feed(f->vm, e, 1, NULL, &error)) {
		if (!f->leak)
			f->leak = g_strdup_printf("the machine stopped: %s", error->message);
		g_clear_error(&error);
	}
}

static void call(struct flow *f, unsigned process, struct vmsim_call c)
{
	struct vmsim_event e = {
		.op = VMSIM_OP_CALL, .call = &f->call, .size = 1, .pid = process + 1, .tid = 1};

	f->call = c;
	feed(f, &e);
}

/* --- what happens ---------------------------------------------------------------------------- */

static void forget(struct flow *f, struct page *p)
{
	f->charge -= p->committed;
	memset(p, 0, sizeof(*p));
}

/* A reset page holds its old tags or zeros, not some of both; once it is written, it keeps what it
 * has then. skip: the place that was written. */
static void look_at_reset(struct flow *f, unsigned process, unsigned block, unsigned page,
			  unsigned skip)
{
	struct page *p = &f->space[process][block].page[page];
	bool kept = false, lost = false;

	for (unsigned i = 0; i < PLACES; i++) {
		uint64_t value = 0;

		if (i == skip)
			continue;
		vmsim_access(f->vm, process + 1, VMSIM_READ, address(block, page) + i * 1024, 8,
			     &value);
		if (value && value != p->tag[i] && !f->leak)
			f->leak = g_strdup_printf("process %u reads %" G_GINT64_MODIFIER
						  "x from a reset page",
						  process, value);
		kept |= value != 0;
		lost |= value != p->tag[i];
		p->tag[i] = value;
	}
	if (kept && lost && !f->leak)
		f->leak = g_strdup_printf("process %u lost a part of a reset page", process);
}

static void write_tag(struct flow *f, unsigned process, unsigned block, unsigned page)
{
	struct page *p = &f->space[process][block].page[page];
	unsigned place = (unsigned)below(f, PLACES);
	uint64_t tag = new_tag(f, process, block, page), va = address(block, page) + place * 1024;
	bool before = below(f, 2);

	if (!p->committed || p->offered)
		return;
	if (p->reset && before)
		look_at_reset(f, process, block, page, PLACES);
	vmsim_access(f->vm, process + 1, VMSIM_WRITE, va, 8, &tag);
	p->tag[place] = tag;
	if (p->reset && !before)
		look_at_reset(f, process, block, page, place);
	p->reset = false;
}

static void read_tag(struct flow *f, unsigned process, unsigned block, unsigned page)
{
	struct page *p = &f->space[process][block].page[page];
	unsigned place = (unsigned)below(f, PLACES);
	uint64_t value = 0, must = p->tag[place];
	enum vmsim_access_result got;

	got = vmsim_access(f->vm, process + 1, VMSIM_READ, address(block, page) + place * 1024, 8,
			   &value);
	f->reads++;
	if (got != VMSIM_RESULT_OK) {
		f->faults++;
		if (p->committed && !p->offered && !f->leak)
			f->leak = g_strdup("a committed page cannot be read");
		return;
	}
	f->zeros += value == 0;
	f->tags += value != 0;
	if (p->committed && (value == must || (p->reset && value == 0)))
		return;
	if (!f->leak)
		f->leak = g_strdup_printf("process %u reads %" G_GINT64_MODIFIER
					  "x at 0x%" G_GINT64_MODIFIER
					  "x, must be %" G_GINT64_MODIFIER "x%s",
					  process, value, address(block, page) + place * 1024, must,
					  p->committed ? "" : ", and the page is not committed");
}

static void commit(struct flow *f, unsigned process, unsigned block, unsigned first, unsigned n)
{
	struct block *b = &f->space[process][block];
	struct vmsim_call c = {.id = VMSIM_CALL_VIRTUAL_ALLOC,
			       .size = {n * P},
			       .address.offset = address(block, first),
			       .protect = PAGE_READWRITE,
			       .type = MEM_COMMIT};

	if (f->charge + (b->reserved ? n : BLOCK_PAGES) > f->limit)
		return;
	if (!b->reserved) {
		c.address.offset = address(block, 0);
		c.size[0] = BLOCK_PAGES * P;
		c.type = MEM_RESERVE | MEM_COMMIT;
		first = 0;
		n = BLOCK_PAGES;
	}
	b->reserved = true;
	call(f, process, c);
	for (unsigned i = first; i < first + n; i++) {
		f->charge += !b->page[i].committed;
		b->page[i].committed = true; /* an offered page stays offered (R12) */
	}
}

static void decommit(struct flow *f, unsigned process, unsigned block, unsigned first, unsigned n)
{
	struct block *b = &f->space[process][block];
	struct vmsim_call c = {.id = VMSIM_CALL_VIRTUAL_FREE,
			       .size = {n * P},
			       .type = MEM_DECOMMIT,
			       .address.offset = address(block, first)};
	bool all = b->reserved;

	for (unsigned i = first; i < first + n; i++)
		all &= b->page[i].committed;
	if (!all) /* which the rule set `article` refuses */
		return;
	call(f, process, c);
	for (unsigned i = first; i < first + n; i++)
		forget(f, &b->page[i]);
}

static void release(struct flow *f, unsigned process, unsigned block)
{
	struct block *b = &f->space[process][block];

	if (!b->reserved)
		return;
	commit(f, process, block, 0, BLOCK_PAGES); /* which the rule set `article` asks for */
	for (unsigned i = 0; i < BLOCK_PAGES; i++)
		if (!b->page[i].committed)
			return;
	call(f, process,
	     (struct vmsim_call){.id = VMSIM_CALL_VIRTUAL_FREE,
				 .type = MEM_RELEASE,
				 .address.offset = address(block, 0)});
	for (unsigned i = 0; i < BLOCK_PAGES; i++)
		forget(f, &b->page[i]);
	b->reserved = false;
}

static void exit_process(struct flow *f, unsigned process)
{
	call(f, process, (struct vmsim_call){.id = VMSIM_CALL_EXIT_PROCESS});
	for (unsigned block = 0; block < BLOCKS; block++) {
		for (unsigned i = 0; i < BLOCK_PAGES; i++)
			forget(f, &f->space[process][block].page[i]);
		f->space[process][block].reserved = false;
	}
}

/* MEM_RESET, Offer, Reclaim, Discard of one page. */
static void dispose(struct flow *f, unsigned process, unsigned block, unsigned page)
{
	struct page *p = &f->space[process][block].page[page];
	struct vmsim_call c = {.id = VMSIM_CALL_VIRTUAL_ALLOC,
			       .size = {P},
			       .number = {1 + below(f, 4)},
			       .address.offset = address(block, page),
			       .type = MEM_RESET,
			       .protect = PAGE_READWRITE};

	if (!p->committed)
		return;
	if (p->offered)
		c.id = VMSIM_CALL_RECLAIM;
	else if (below(f, 2))
		c.id = below(f, 2) ? VMSIM_CALL_OFFER : VMSIM_CALL_DISCARD;
	call(f, process, c);
	p->offered = c.id == VMSIM_CALL_OFFER;
	p->reset = true; /* also when it is reclaimed: what was lost reads as zero */
}

static void protect_and_back(struct flow *f, unsigned process, unsigned block, unsigned page)
{
	struct page *p = &f->space[process][block].page[page];
	struct vmsim_call c = {.id = VMSIM_CALL_VIRTUAL_PROTECT,
			       .size = {P},
			       .protect = PAGE_NOACCESS,
			       .address.offset = address(block, page)};

	if (!p->committed || p->offered)
		return;
	call(f, process, c);
	read_tag(f, (process + 1) % PROCESSES, block, page);
	c.protect = PAGE_READWRITE;
	call(f, process, c);
}

static void step(struct flow *f)
{
	unsigned process = (unsigned)below(f, PROCESSES), block = (unsigned)below(f, BLOCKS);
	unsigned page = (unsigned)below(f, BLOCK_PAGES);
	unsigned n = 1 + (unsigned)below(f, MIN(BLOCK_PAGES - page, 6));
	uint64_t what = below(f, 1000);

	if (what < 400)
		write_tag(f, process, block, page);
	else if (what < 800)
		read_tag(f, process, block, page);
	else if (what < 870)
		commit(f, process, block, page, n);
	else if (what < 920)
		decommit(f, process, block, page, n);
	else if (what < 930)
		release(f, process, block);
	else if (what < 932)
		exit_process(f, process);
	else if (what < 975)
		dispose(f, process, block, page);
	else if (what < 990)
		protect_and_back(f, process, block, page);
	else
		call(f, process, (struct vmsim_call){.id = VMSIM_CALL_EMPTY_WORKING_SET});
}

/* --- runs ------------------------------------------------------------------------------------- */

static const char *const machines[] = {
	"memory.frames=40 pagefile.size=2MiB pagefile.device=ideal",
	"memory.frames=24 pagefile.size=2MiB pagefile.device=nvme standby.enabled=false "
	"replacement.policy=lru",
	"memory.frames=64 pagefile.size=2MiB pagefile.device=nvme memory.zeroed=false "
	"replacement.policy=windows vmm.fault_cluster=16",
	"memory.frames=32 pagefile.size=2MiB pagefile.device=sata-ssd paging.dirty=sw "
	"tlb.pcid=false "
	"memory.zero_fill_dirty=false",
};

static vmsim_machine *machine(const char *settings, const char *rules)
{
	char *all = g_strdup_printf(
		"rules=%s memory.page_tables=out trace.implicit_commit=false %s", rules, settings);
	char **each = g_strsplit(all, " ", 0);
	vmsim_config *config = vmsim_config_new();
	GError *error = NULL;
	vmsim_machine *vm;

	for (char **s = each; *s; s++) {
		vmsim_config_set(config, *s, &error);
		g_assert_no_error(error);
	}
	vm = vmsim_machine_new(config, &error);
	g_assert_no_error(error);
	vmsim_config_free(config);
	g_strfreev(each);
	g_free(all);
	return vm;
}

/* => NULL, or what leaked */
static char *run(const char *settings, const char *rules, uint64_t seed, uint64_t ops,
		 struct flow *sum)
{
	struct flow *f = g_new0(struct flow, 1);
	char *leak;

	f->vm = machine(settings, rules);
	f->state = seed;
	f->limit = 300;
	for (uint64_t i = 0; i < ops && !f->leak; i++) {
		step(f);
		if (f->leak)
			g_printerr("%s, %s, seed %" G_GUINT64_FORMAT
				   ", operation %" G_GUINT64_FORMAT ": %s\n",
				   settings, rules, seed, i, f->leak);
	}
	sum->reads += f->reads;
	sum->zeros += f->zeros;
	sum->tags += f->tags;
	sum->faults += f->faults;
	vmsim_machine_free(f->vm);
	leak = f->leak;
	g_free(f);
	return leak;
}

static uint64_t all_machines(const char *rules, uint64_t seed, uint64_t ops)
{
	struct flow sum = {.reads = 0};
	uint64_t leaks = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(machines); i++) {
		char *leak = run(machines[i], rules, seed + i, ops / G_N_ELEMENTS(machines), &sum);

		leaks += leak != NULL;
		g_free(leak);
	}
	printf("# %s: %" G_GUINT64_FORMAT " operations, %" G_GUINT64_FORMAT
	       " reads: %" G_GUINT64_FORMAT " of tags, %" G_GUINT64_FORMAT
	       " of zeros, %" G_GUINT64_FORMAT " refused; %" G_GUINT64_FORMAT " leaks\n",
	       rules, ops, sum.reads, sum.tags, sum.zeros, sum.faults, leaks);
	g_assert_cmpuint(sum.tags, >, ops / 50);
	g_assert_cmpuint(sum.zeros, >, ops / 50);
	g_assert_cmpuint(sum.faults, >, ops / 100);
	return leaks;
}

static void test_flow(gconstpointer data)
{
	g_assert_cmpuint(all_machines(data, 1, 80000), ==, 0);
}

int main(int argc, char **argv)
{
	uint64_t ops = 0, seed = 1;

	for (int i = 1; i + 1 < argc; i++) {
		if (!strcmp(argv[i], "--ops"))
			ops = strtoull(argv[i + 1], NULL, 0);
		if (!strcmp(argv[i], "--seed"))
			seed = strtoull(argv[i + 1], NULL, 0);
	}
	if (ops)
		return all_machines("article", seed, ops) + all_machines("win32", seed, ops) ? 1
											     : 0;
	g_test_init(&argc, &argv, NULL);
	g_test_add_data_func("/information-flow/article", "article", test_flow);
	g_test_add_data_func("/information-flow/win32", "win32", test_flow);
	return g_test_run();
}
