/* tick_device.c: the device of the reference (T17, T18).
 *
 * A request waits for a channel, is in its latency, waits for the link, is transferred. Whoever
 * asks does so every cycle, so that the device never has to look ahead. */
#include "base/scale.h"
#include "model/tick.h"

enum at_work { WAITS, LATENCY, LINK, TRANSFER };

struct request {
	struct io *io;
	enum at_work phase;
	vmsim_cycles until; /* LATENCY, TRANSFER: when it is over; LINK: since when it waits */
};

struct tick_device {
	const struct config *config;
	GArray *requests; /* of struct request, as they came */
	uint64_t arm;     /* the page after the last request that was begun */
	uint64_t place;   /* where that began */
	bool moved, down;
};

struct tick_device *tick_device_new(const struct config *config)
{
	struct tick_device *d = g_new0(struct tick_device, 1);

	d->config = config;
	d->requests = g_array_new(FALSE, FALSE, sizeof(struct request));
	return d;
}

static struct request *at(const struct tick_device *d, guint i)
{
	return &g_array_index(d->requests, struct request, i);
}

void tick_device_free(struct tick_device *d)
{
	for (guint i = 0; i < d->requests->len; i++)
		io_free(at(d, i)->io);
	g_array_free(d->requests, TRUE);
	g_free(d);
}

bool tick_device_works(const struct tick_device *d)
{
	return d->requests->len > 0;
}

static unsigned count(const struct tick_device *d, bool waiting)
{
	unsigned n = 0;

	for (guint i = 0; i < d->requests->len; i++)
		n += (at(d, i)->phase == WAITS) == waiting;
	return n;
}

/* --- latency --------------------------------------------------------------------------------- */

/* The least number whose square is at least a * a * n / d. => it is at most a */
static uint64_t root(uint64_t a, uint64_t n, uint64_t d)
{
	uint64_t low = 0, high = a;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;

		if ((u128)middle * middle * d >= (u128)a * a * n)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static vmsim_cycles seek(const struct config *config, uint64_t distance)
{
	uint64_t pages = config->device.size / VMSIM_PAGE_SIZE, third = MAX(pages / 3, 1);
	uint64_t shortest = config->device.seek_min.cycles, usual = config->device.seek.cycles;
	uint64_t beyond = config->device.seek_max.cycles - usual;

	distance = MIN(distance, pages);
	if (distance <= third)
		return shortest + root(usual - shortest, distance, third);
	return usual + (uint64_t)(((u128)beyond * (distance - third) + (pages - third) - 1) /
				  (pages - third));
}

static vmsim_cycles latency(const struct tick_device *d, const struct io *io)
{
	const struct config *config = d->config;
	vmsim_cycles cycles = io->write ? config->device.write_latency.cycles
					: config->device.read_latency.cycles;
	bool disk = config->device.seek.cycles || config->device.seek_min.cycles ||
		    config->device.seek_max.cycles || config->device.rotation.cycles;

	if (!disk || (d->moved && io->place == d->arm))
		return cycles;
	return cycles + config->device.rotation.cycles +
	       seek(config, io->place > d->arm ? io->place - d->arm : d->arm - io->place);
}

/* Bytes at so many a second, on a clock of so many MHz, rounded up (T1). */
static vmsim_cycles transfer(const struct config *config, const struct io *io)
{
	uint64_t rate = io->write ? config->device.write_bandwidth : config->device.read_bandwidth;
	u128 bytes = (u128)io->pages * VMSIM_PAGE_SIZE * config->clock_ghz * 1000000;

	return rate ? (uint64_t)((bytes + rate - 1) / rate) : 0;
}

/* --- the queue ------------------------------------------------------------------------------- */

/* Whether a is before b, of requests that wait; b may be NULL. */
static bool before(const struct tick_device *d, const struct io *a, const struct io *b)
{
	if (!b)
		return true;
	if (d->config->device.queue == QUEUE_ELEVATOR && a->place != b->place)
		return d->down ? a->place > b->place : a->place < b->place;
	if (d->config->device.queue == QUEUE_READ_FIRST && a->write != b->write)
		return !a->write;
	if (d->config->device.queue != QUEUE_ELEVATOR && a->submitted != b->submitted)
		return a->submitted < b->submitted;
	return a->id < b->id;
}

/* Whether the elevator, on its way, comes by a request. */
static bool on_the_way(const struct tick_device *d, const struct io *io)
{
	return d->config->device.queue != QUEUE_ELEVATOR ||
	       (d->down ? io->place <= d->place : io->place >= d->place);
}

static struct request *first_waiting(const struct tick_device *d)
{
	struct request *found = NULL;

	for (guint i = 0; i < d->requests->len; i++)
		if (at(d, i)->phase == WAITS && on_the_way(d, at(d, i)->io) &&
		    before(d, at(d, i)->io, found ? found->io : NULL))
			found = at(d, i);
	return found;
}

/* Requests that wait take channels, while there are any. */
static void begin(struct tick_device *d, vmsim_cycles now)
{
	while (count(d, true) && count(d, false) < d->config->device.channels) {
		struct request *r = first_waiting(d);

		if (!r) {
			d->down = !d->down;
			continue;
		}
		r->phase = LATENCY;
		r->until = now + latency(d, r->io);
		r->io->started = now;
		d->place = r->io->place;
		d->arm = r->io->place + r->io->pages;
		d->moved = true;
	}
}

/* --- service --------------------------------------------------------------------------------- */

/* The request of a phase that is over by now: the lowest number; of those that wait for the link,
 * who has waited longest. */
static guint find(const struct tick_device *d, enum at_work phase, vmsim_cycles now)
{
	guint found = d->requests->len;

	for (guint i = 0; i < d->requests->len; i++) {
		const struct request *r = at(d, i), *best = found < i ? at(d, found) : NULL;

		if (r->phase != phase || r->until > now)
			continue;
		if (!best || (phase == LINK && r->until < best->until) ||
		    ((phase != LINK || r->until == best->until) && r->io->id < best->io->id))
			found = i;
	}
	return found;
}

/* The link takes the next request, if it is free. Whether it did. */
static bool use_link(struct tick_device *d, vmsim_cycles now)
{
	guint i = find(d, LINK, now);

	if (i == d->requests->len)
		return false;
	for (guint j = 0; j < d->requests->len; j++)
		if (at(d, j)->phase == TRANSFER && at(d, j)->until > now)
			return false;
	at(d, i)->phase = TRANSFER;
	at(d, i)->until = now + transfer(d->config, at(d, i)->io);
	return true;
}

struct io *tick_device_done(struct tick_device *d, vmsim_cycles now)
{
	guint i;
	struct io *io;

	if (!d->requests->len)
		return NULL;
	do {
		while ((i = find(d, LATENCY, now)) < d->requests->len)
			at(d, i)->phase = LINK;
	} while (use_link(d, now));
	i = find(d, TRANSFER, now);
	if (i == d->requests->len)
		return NULL;
	io = at(d, i)->io;
	io->done = now;
	g_array_remove_index(d->requests, i);
	begin(d, now);
	return io;
}

void tick_device_ask(struct tick_device *d, struct io *io, vmsim_cycles now)
{
	struct request r = {.io = io, .phase = WAITS};

	io->submitted = now;
	g_array_append_val(d->requests, r);
	begin(d, now);
}
