/* design_hashed.c: one hash table of all pages, with open addressing.
 *
 * An entry is 16 bytes: the page it is of, and what maps it. The search for a page begins at its
 * hash and goes on from slot to slot until the page is found or a slot is empty; each slot it
 * looks at is one fetch. Four neighbouring pages begin in one cache line of 64 bytes.
 *
 * A page that goes leaves no mark behind: entries after it that could have stood in its slot are
 * moved there, one after another, so that searches end as soon as if it had never been (Knuth 6.4,
 * R).
 *
 * Invariant: no slot is empty between the hash of a page and its entry. */
#include "mmu/design.h"

#include <glib.h>

#define ENTRY_BYTES 16u
#define GROUP 4u /* pages that begin side by side */
/* A table that is fuller than this is moved: searches in a full one would not end. */
#define FULL_OF_8 7u

struct slot {
	uint64_t key; /* 0: empty */
	pte_t pte;
};

struct hashed {
	struct shared_table table;
	struct slot *slot;
	uint64_t slots;
};

static struct shared_table *create(uint32_t frames, uint64_t load)
{
	struct hashed *h = g_new0(struct hashed, 1);

	h->slots = design_slots(frames, load, 2 * GROUP);
	h->slot = g_new0(struct slot, h->slots);
	h->table.bytes = h->slots * ENTRY_BYTES;
	return &h->table;
}

static void destroy(struct shared_table *table)
{
	struct hashed *h = (struct hashed *)table;

	g_free(h->slot);
	g_free(h);
}

/* The slot of a page, or the empty one where the search for it ends. */
static uint64_t search(const struct hashed *h, uint64_t key, struct probe *probe)
{
	uint64_t i = design_hash(key, GROUP, h->slots);

	for (;; i = (i + 1) & (h->slots - 1)) {
		probe_read(probe, h->table.address + i * ENTRY_BYTES);
		if (!h->slot[i].key || h->slot[i].key == key)
			return i;
	}
}

static pte_t *find(const struct shared_table *table, uint64_t key, struct probe *probe)
{
	const struct hashed *h = (const struct hashed *)table;
	struct slot *slot = &h->slot[search(h, key, probe)];

	return slot->key ? &slot->pte : NULL;
}

static void insert(struct hashed *h, struct slot entry)
{
	h->slot[search(h, entry.key, &(struct probe){0})] = entry;
}

static void move(struct hashed *h)
{
	struct slot *old = h->slot;
	uint64_t slots = h->slots;

	h->slots *= 2;
	h->slot = g_new0(struct slot, h->slots);
	for (uint64_t i = 0; i < slots; i++)
		if (old[i].key)
			insert(h, old[i]);
	g_free(old);
	shared_table_moved(&h->table, h->slots * ENTRY_BYTES);
}

static void map(struct shared_table *table, uint64_t key, pte_t pte)
{
	struct hashed *h = (struct hashed *)table;

	if (++table->n > h->slots / 8 * FULL_OF_8)
		move(h);
	insert(h, (struct slot){key, pte});
}

static void unmap(struct shared_table *table, uint64_t key)
{
	struct hashed *h = (struct hashed *)table;
	uint64_t hole = search(h, key, &(struct probe){0});

	g_assert(h->slot[hole].key == key);
	for (uint64_t i = (hole + 1) & (h->slots - 1); h->slot[i].key;
	     i = (i + 1) & (h->slots - 1)) {
		if (design_stays(design_hash(h->slot[i].key, GROUP, h->slots), hole, i))
			continue;
		h->slot[hole] = h->slot[i];
		hole = i;
	}
	h->slot[hole] = (struct slot){0};
	table->n--;
}

static bool check(const struct shared_table *table)
{
	const struct hashed *h = (const struct hashed *)table;
	uint64_t n = 0;

	for (uint64_t i = 0; i < h->slots; i++) {
		if (!h->slot[i].key)
			continue;
		n++;
		if (!pte_is_valid(h->slot[i].pte) ||
		    find(table, h->slot[i].key, &(struct probe){0}) != &h->slot[i].pte)
			return false;
	}
	return n == table->n && n <= h->slots / 8 * FULL_OF_8;
}

const struct pt_design hashed_design = {
	.name = "hashed",
	.doc = "One hash table with open addressing, an entry a page",
	.create = create,
	.destroy = destroy,
	.find = find,
	.map = map,
	.unmap = unmap,
	.check = check,
};
