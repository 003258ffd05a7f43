/* overlap.c: several references in flight. See overlap.h. */
#include "engine/overlap.h"

#include "engine/clock.h"

/* What a reference does for some of its time. */
struct part {
	enum bucket_id bucket;
	vmsim_cycles until;
};

struct flight {
	GArray *parts; /* of struct part, one after another from its beginning */
	vmsim_cycles end;
};

/* Those in flight stand one after another from `oldest` on, in a ring; one more is under way. */
struct overlap {
	unsigned limit, oldest, n;
	bool on;              /* the one after them has begun */
	vmsim_cycles began;
	struct flight *flight; /* limit of them */
};

static struct overlap *acting(const struct vmsim_machine *m)
{
	return m->core->overlap;
}

static struct flight *nth(const struct overlap *overlap, unsigned i)
{
	return &overlap->flight[(overlap->oldest + i) % overlap->limit];
}

struct overlap *overlap_new(const struct config *config)
{
	struct overlap *overlap;

	if (config->core.mlp == 1)
		return NULL;
	overlap = g_new0(struct overlap, 1);
	overlap->limit = (unsigned)config->core.mlp;
	overlap->flight = g_new0(struct flight, overlap->limit);
	for (unsigned i = 0; i < overlap->limit; i++)
		overlap->flight[i].parts = g_array_new(FALSE, FALSE, sizeof(struct part));
	return overlap;
}

void overlap_free(struct overlap *overlap)
{
	if (!overlap)
		return;
	for (unsigned i = 0; i < overlap->limit; i++)
		g_array_unref(overlap->flight[i].parts);
	g_free(overlap->flight);
	g_free(overlap);
}

/* --- time that passes ----------------------------------------------------------------------- */

static void book(struct vmsim_machine *m, enum bucket_id bucket, vmsim_cycles until)
{
	bucket_add(&m->stats.b, bucket, until - m->now);
	clock_pass(m, bucket, until - m->now);
}

/* The oldest that has not ended yet; others are forgotten. */
static struct flight *oldest(const struct vmsim_machine *m, struct overlap *overlap)
{
	while (overlap->n && nth(overlap, 0)->end <= m->now) {
		overlap->oldest = (overlap->oldest + 1) % overlap->limit;
		overlap->n--;
	}
	return overlap->n ? nth(overlap, 0) : NULL;
}

void overlap_until(struct vmsim_machine *m, vmsim_cycles until)
{
	struct overlap *overlap = acting(m);
	struct flight *flight;

	if (!overlap)
		return;
	while (m->now < until && (flight = oldest(m, overlap)))
		for (guint i = 0; i < flight->parts->len && m->now < until; i++) {
			const struct part *part = &g_array_index(flight->parts, struct part, i);

			if (part->until > m->now)
				book(m, part->bucket, MIN(part->until, until));
		}
}

void overlap_pass(struct vmsim_machine *m, enum bucket_id bucket, vmsim_cycles cycles)
{
	vmsim_cycles until = m->now + cycles;

	overlap_until(m, until);
	if (m->now < until)
		book(m, bucket, until);
}

vmsim_cycles overlap_last(const struct vmsim_machine *m, const struct core *core)
{
	const struct overlap *overlap = core->overlap;
	vmsim_cycles last = core_now(m, core);

	for (unsigned i = 0; overlap && i < overlap->n; i++)
		last = MAX(last, nth(overlap, i)->end);
	return last;
}

void overlap_drain(struct vmsim_machine *m)
{
	overlap_until(m, overlap_last(m, m->core));
}

/* --- a reference ---------------------------------------------------------------------------- */

void overlap_begin(struct vmsim_machine *m)
{
	struct overlap *overlap = acting(m);

	if (!overlap || overlap->on)
		return;
	while (oldest(m, overlap) && overlap->n == overlap->limit)
		overlap_until(m, nth(overlap, 0)->end);
	g_array_set_size(nth(overlap, overlap->n)->parts, 0);
	overlap->began = m->now;
	overlap->on = true;
}

bool overlap_is_on(const struct vmsim_machine *m)
{
	return acting(m) && acting(m)->on;
}

void overlap_spend(struct vmsim_machine *m, enum bucket_id bucket, vmsim_cycles cycles)
{
	struct overlap *overlap = acting(m);
	struct part part = {bucket, m->now + cycles};

	m->now = part.until;
	if (cycles)
		g_array_append_val(nth(overlap, overlap->n)->parts, part);
}

void overlap_end(struct vmsim_machine *m)
{
	struct overlap *overlap = acting(m);

	if (!overlap_is_on(m))
		return;
	nth(overlap, overlap->n++)->end = m->now;
	m->now = overlap->began;
	overlap->on = false;
}
