/* design_clustered.c: one hash table of groups of pages, with open addressing.
 *
 * An entry is a line of 64 bytes: those of eight neighbouring pages, whose unused bits hold the
 * number of the group (Yaniv and Tsafrir, "Hash, Don't Cache (the Page Table)", 2016). A search
 * looks in each line at the word of the page that it is for: one fetch a line. It goes on until
 * the group is found, with the page in it or not, or a line is empty.
 *
 * A group that goes leaves no mark behind, as in design_hashed.c.
 *
 * Invariant: no line is empty between the hash of a group and its line. */
#include "mmu/design.h"

#include <glib.h>

#define PAGES 8u /* of a group */
#define LINE_BYTES 64u
#define FULL_OF_8 7u /* as in design_hashed.c */

struct line {
	uint64_t group; /* key of its first page; 0: empty */
	unsigned used;  /* pages of it that are mapped */
	pte_t pte[PAGES];
};

struct clustered {
	struct shared_table table;
	struct line *line;
	uint64_t lines, used;
};

static struct shared_table *create(uint32_t frames, uint64_t load)
{
	struct clustered *c = g_new0(struct clustered, 1);

	c->lines = design_slots(frames, load, 8);
	c->line = g_new0(struct line, c->lines);
	c->table.bytes = c->lines * LINE_BYTES;
	return &c->table;
}

static void destroy(struct shared_table *table)
{
	struct clustered *c = (struct clustered *)table;

	g_free(c->line);
	g_free(c);
}

static uint64_t group_of(uint64_t key)
{
	return key & ~(uint64_t)(PAGES - 1);
}

static uint64_t home_of(const struct clustered *c, uint64_t group)
{
	return design_hash(group / PAGES, 1, c->lines);
}

/* The line of a page's group, or the empty one where the search for it ends. */
static uint64_t search(const struct clustered *c, uint64_t key, struct probe *probe)
{
	uint64_t group = group_of(key), i = home_of(c, group);

	for (;; i = (i + 1) & (c->lines - 1)) {
		probe_read(probe, c->table.address + i * LINE_BYTES + key % PAGES * sizeof(pte_t));
		if (!c->line[i].group || c->line[i].group == group)
			return i;
	}
}

static pte_t *find(const struct shared_table *table, uint64_t key, struct probe *probe)
{
	const struct clustered *c = (const struct clustered *)table;
	pte_t *pte = &c->line[search(c, key, probe)].pte[key % PAGES];

	return *pte ? pte : NULL;
}

static void insert(struct clustered *c, const struct line *line)
{
	c->line[search(c, line->group, &(struct probe){0})] = *line;
}

static void move(struct clustered *c)
{
	struct line *old = c->line;
	uint64_t lines = c->lines;

	c->lines *= 2;
	c->line = g_new0(struct line, c->lines);
	for (uint64_t i = 0; i < lines; i++)
		if (old[i].group)
			insert(c, &old[i]);
	g_free(old);
	shared_table_moved(&c->table, c->lines * LINE_BYTES);
}

static void map(struct shared_table *table, uint64_t key, pte_t pte)
{
	struct clustered *c = (struct clustered *)table;
	struct line *line = &c->line[search(c, key, &(struct probe){0})];

	table->n++;
	if (!line->group) {
		if (++c->used > c->lines / 8 * FULL_OF_8) {
			move(c);
			line = &c->line[search(c, key, &(struct probe){0})];
		}
		line->group = group_of(key);
	}
	line->pte[key % PAGES] = pte;
	line->used++;
}

static void remove_line(struct clustered *c, uint64_t hole)
{
	for (uint64_t i = (hole + 1) & (c->lines - 1); c->line[i].group;
	     i = (i + 1) & (c->lines - 1)) {
		if (design_stays(home_of(c, c->line[i].group), hole, i))
			continue;
		c->line[hole] = c->line[i];
		hole = i;
	}
	c->line[hole] = (struct line){0};
	c->used--;
}

static void unmap(struct shared_table *table, uint64_t key)
{
	struct clustered *c = (struct clustered *)table;
	uint64_t at = search(c, key, &(struct probe){0});

	g_assert(c->line[at].pte[key % PAGES]);
	c->line[at].pte[key % PAGES] = 0;
	if (!--c->line[at].used)
		remove_line(c, at);
	table->n--;
}

static bool check(const struct shared_table *table)
{
	const struct clustered *c = (const struct clustered *)table;
	uint64_t n = 0, used = 0;

	for (uint64_t i = 0; i < c->lines; i++) {
		const struct line *line = &c->line[i];
		unsigned pages = 0;

		for (unsigned p = 0; p < PAGES; p++)
			pages += pte_is_valid(line->pte[p]);
		if (pages != line->used || !pages != !line->group ||
		    (pages && search(c, line->group, &(struct probe){0}) != i))
			return false;
		n += pages;
		used += pages > 0;
	}
	return n == table->n && used == c->used && used <= c->lines / 8 * FULL_OF_8;
}

const struct pt_design clustered_design = {
	.name = "clustered",
	.doc = "One hash table with open addressing, an entry for each eight pages",
	.create = create,
	.destroy = destroy,
	.find = find,
	.map = map,
	.unmap = unmap,
	.check = check,
};
