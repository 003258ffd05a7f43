/* prefetch_distance.c: what followed the same distance before (Kandiraju and Sivasubramaniam, Going
 * the Distance for TLB Prefetching, 2002).
 *
 * The distance of a miss is that from the miss before. A table has a row for a distance, in which
 * stand the distances that came next when it occurred, the latest first; those are tried from the
 * page that is missed now. Rows are found by the distance modulo their number, and taken over by
 * another that falls there. */
#include "mmu/prefetch.h"

#include <glib.h>

struct row {
	int64_t distance; /* 0: empty */
	int64_t next[PREFETCH_MOST]; /* 0: none from here on */
};

struct distance {
	uint32_t asid; /* of the last miss; 0: none yet */
	vmsim_vpn last;
	int64_t before; /* its distance; 0: it had none */
	unsigned degree;
	uint64_t n_rows;
	struct row row[];
};

static void *distance_new(const struct config *config)
{
	uint64_t rows = config->tlb.prefetch.rows;
	struct distance *d = g_malloc0(sizeof(*d) + rows * sizeof(struct row));

	d->degree = (unsigned)config->tlb.prefetch.degree;
	d->n_rows = rows;
	return d;
}

static struct row *row_of(struct distance *d, int64_t distance)
{
	return &d->row[(uint64_t)distance % d->n_rows];
}

/* After `before` came `distance`. */
static void learn(struct distance *d, int64_t before, int64_t distance)
{
	struct row *row = row_of(d, before);
	unsigned i = 0;

	if (row->distance != before)
		*row = (struct row){.distance = before};
	while (i < d->degree - 1 && row->next[i] != distance)
		i++;
	memmove(row->next + 1, row->next, i * sizeof(*row->next));
	row->next[0] = distance;
}

static unsigned recall(struct distance *d, int64_t distance, vmsim_vpn vpn, vmsim_vpn *want)
{
	const struct row *row = row_of(d, distance);
	unsigned n = 0;

	if (row->distance != distance)
		return 0;
	for (; n < d->degree && row->next[n]; n++)
		want[n] = vpn + (vmsim_vpn)row->next[n];
	return n;
}

static unsigned distance_missed(void *state, uint32_t asid, vmsim_vpn vpn, vmsim_vpn *want)
{
	struct distance *d = state;
	int64_t distance = (int64_t)(vpn - d->last), before = d->before;
	bool same = d->asid == asid;

	d->asid = asid;
	d->last = vpn;
	if (!same) {
		d->before = 0;
		return 0;
	}
	if (!distance)
		return 0;
	d->before = distance;
	if (before)
		learn(d, before, distance);
	return recall(d, distance, vpn, want);
}

const struct prefetch_ops prefetch_distance = {distance_new, distance_missed};
