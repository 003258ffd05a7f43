/* design_inverted.c: an inverted page table: an entry for each frame, found through a table of
 * anchors.
 *
 * Anchors come first, 4 bytes each: where the chain of the pages with one hash begins. Then the
 * frames' entries, 16 bytes each, which name the page in the frame and the next entry of the
 * chain; in a chain what was mapped last comes first. A walk reads the anchor, and then entry
 * after entry until the page is found or the chain ends: 1 fetch, and one for each entry. Sixteen
 * neighbouring pages have their anchors in one cache line.
 *
 * A frame that several pages share has an entry of its own for one of them. The others have entries
 * that lie above memory, as many as there are such pages (chosen: textbooks have no place for them,
 * and map one of them at a time).
 *
 * Invariant: every entry in use is in the chain of its page's hash, and in no other. */
#include "mmu/design.h"

#include <glib.h>
#include <string.h>

#define ANCHOR_BYTES 4u
#define ENTRY_BYTES 16u
#define GROUP 16u /* pages whose anchors lie side by side */
#define NOTHING UINT32_MAX

struct link {
	uint64_t key; /* 0: not in use */
	pte_t pte;
	uint32_t next; /* of the chain; of those not in use, too, among the shared */
};

struct inverted {
	struct shared_table table;
	uint32_t *anchor;
	uint64_t anchors;
	struct link *link; /* of frames, then of the shared */
	uint32_t frames, links, room, spare; /* room: for links */
};

static struct shared_table *create(uint32_t frames, uint64_t load)
{
	struct inverted *v = g_new0(struct inverted, 1);

	v->anchors = design_slots(frames, load, GROUP);
	v->anchor = g_new(uint32_t, v->anchors);
	memset(v->anchor, 0xFF, v->anchors * sizeof(*v->anchor));
	v->frames = v->links = v->room = frames;
	v->link = g_new0(struct link, frames);
	v->spare = NOTHING;
	v->table.bytes = v->anchors * ANCHOR_BYTES + (uint64_t)frames * ENTRY_BYTES;
	return &v->table;
}

static void destroy(struct shared_table *table)
{
	struct inverted *v = (struct inverted *)table;

	g_free(v->anchor);
	g_free(v->link);
	g_free(v);
}

static uint64_t address_of(const struct inverted *v, uint32_t link)
{
	if (link >= v->frames)
		return v->table.beside + (uint64_t)(link - v->frames) * ENTRY_BYTES;
	return v->table.address + v->anchors * ANCHOR_BYTES + (uint64_t)link * ENTRY_BYTES;
}

static uint64_t anchor_of(const struct inverted *v, uint64_t key)
{
	return design_hash(key, GROUP, v->anchors);
}

static pte_t *find(const struct shared_table *table, uint64_t key, struct probe *probe)
{
	const struct inverted *v = (const struct inverted *)table;
	uint64_t anchor = anchor_of(v, key);

	probe_read(probe, table->address + anchor * ANCHOR_BYTES);
	for (uint32_t i = v->anchor[anchor]; i != NOTHING; i = v->link[i].next) {
		probe_read(probe, address_of(v, i));
		if (v->link[i].key == key)
			return &v->link[i].pte;
	}
	return NULL;
}

/* An entry for one more page of a frame whose own is in use. */
static uint32_t shared_link(struct inverted *v)
{
	uint32_t link = v->spare;

	if (link != NOTHING) {
		v->spare = v->link[link].next;
		return link;
	}
	if (v->links == v->room) {
		v->room *= 2;
		v->link = g_renew(struct link, v->link, v->room);
	}
	v->table.bytes += ENTRY_BYTES;
	return v->links++;
}

static void map(struct shared_table *table, uint64_t key, pte_t pte)
{
	struct inverted *v = (struct inverted *)table;
	uint32_t *first = &v->anchor[anchor_of(v, key)];
	uint32_t link = pte_frame(pte);

	g_assert(link < v->frames);
	if (v->link[link].key)
		link = shared_link(v);
	v->link[link] = (struct link){key, pte, *first};
	*first = link;
	table->n++;
}

static void unmap(struct shared_table *table, uint64_t key)
{
	struct inverted *v = (struct inverted *)table;
	uint32_t *at = &v->anchor[anchor_of(v, key)], link;

	while (v->link[*at].key != key)
		at = &v->link[*at].next;
	link = *at;
	*at = v->link[link].next;
	v->link[link] = (struct link){.next = v->spare};
	if (link >= v->frames)
		v->spare = link;
	table->n--;
}

static bool check(const struct shared_table *table)
{
	const struct inverted *v = (const struct inverted *)table;
	uint64_t n = 0, chained = 0;

	for (uint32_t i = 0; i < v->links; i++) {
		const struct link *link = &v->link[i];

		n += link->key != 0;
		if (link->key &&
		    (!pte_is_valid(link->pte) || (i < v->frames && pte_frame(link->pte) != i)))
			return false;
	}
	for (uint64_t a = 0; a < v->anchors; a++)
		for (uint32_t i = v->anchor[a]; i != NOTHING; i = v->link[i].next)
			if (!v->link[i].key || anchor_of(v, v->link[i].key) != a ||
			    ++chained > n)
				return false;
	return n == table->n && chained == n;
}

const struct pt_design inverted_design = {
	.name = "inverted",
	.doc = "An entry for each frame, in chains that begin in a hashed table of anchors",
	.create = create,
	.destroy = destroy,
	.find = find,
	.map = map,
	.unmap = unmap,
	.check = check,
};
