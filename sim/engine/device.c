/* device.c: channels with latency, one link with bandwidth. */
#include "engine/device.h"

#include "base/scale.h"

struct device_event {
	vmsim_cycles cycle;
	struct io *io;
	bool transferred; /* the transfer is over; else the latency is */
};

struct device {
	const struct config *config;
	GArray *heap;    /* of struct device_event: a binary heap by cycle, then request number */
	GQueue *waiting; /* of struct io: for a channel */
	GQueue *done;    /* of struct io: complete, not taken yet */
	uint64_t busy;   /* channels */
	vmsim_cycles link_free;
};

struct device *device_new(const struct config *config)
{
	struct device *device = g_new0(struct device, 1);

	device->config = config;
	device->heap = g_array_new(FALSE, FALSE, sizeof(struct device_event));
	device->waiting = g_queue_new();
	device->done = g_queue_new();
	return device;
}

static void io_release(void *io)
{
	io_free(io);
}

void device_free(struct device *device)
{
	if (!device)
		return;
	for (guint i = 0; i < device->heap->len; i++)
		io_free(g_array_index(device->heap, struct device_event, i).io);
	g_array_unref(device->heap);
	g_queue_free_full(device->waiting, io_release);
	g_queue_free_full(device->done, io_release);
	g_free(device);
}

/* --- the heap -------------------------------------------------------------------------------- */

static struct device_event *at(const struct device *device, guint i)
{
	return &g_array_index(device->heap, struct device_event, i);
}

static bool earlier(const struct device_event *a, const struct device_event *b)
{
	return a->cycle != b->cycle ? a->cycle < b->cycle : a->io->id < b->io->id;
}

static void swap(struct device_event *a, struct device_event *b)
{
	struct device_event t = *a;

	*a = *b;
	*b = t;
}

static void push(struct device *device, struct device_event event)
{
	guint i = device->heap->len;

	g_array_append_val(device->heap, event);
	for (; i && earlier(at(device, i), at(device, (i - 1) / 2)); i = (i - 1) / 2)
		swap(at(device, i), at(device, (i - 1) / 2));
}

static struct device_event pop(struct device *device)
{
	struct device_event first = *at(device, 0);
	guint i = 0, n = device->heap->len - 1;

	*at(device, 0) = *at(device, n);
	g_array_set_size(device->heap, n);
	for (;;) {
		guint child = 2 * i + 1;

		if (child + 1 < n && earlier(at(device, child + 1), at(device, child)))
			child++;
		if (child >= n || !earlier(at(device, child), at(device, i)))
			break;
		swap(at(device, i), at(device, child));
		i = child;
	}
	return first;
}

/* --- service --------------------------------------------------------------------------------- */

static vmsim_cycles transfer_cycles(const struct config *config, const struct io *io)
{
	uint64_t rate = io->write ? config->device.write_bandwidth : config->device.read_bandwidth;

	return rate ? scale_up(io->pages * VMSIM_PAGE_SIZE, config->clock_ghz * 1000000, rate) : 0;
}

static void start(struct device *device, struct io *io, vmsim_cycles now)
{
	const struct config *config = device->config;
	vmsim_cycles latency = io->write ? config->device.write_latency.cycles
					 : config->device.read_latency.cycles;

	io->started = now;
	device->busy++;
	push(device, (struct device_event){now + latency, io, false});
}

static void step(struct device *device)
{
	struct device_event event = pop(device);
	struct io *next;

	if (!event.transferred) {
		vmsim_cycles begin = MAX(event.cycle, device->link_free);

		device->link_free = begin + transfer_cycles(device->config, event.io);
		push(device, (struct device_event){device->link_free, event.io, true});
		return;
	}
	event.io->done = event.cycle;
	g_queue_push_tail(device->done, event.io);
	device->busy--;
	next = g_queue_pop_head(device->waiting);
	if (next)
		start(device, next, event.cycle);
}

void device_submit(struct device *device, struct io *io, vmsim_cycles now)
{
	while (device->heap->len && at(device, 0)->cycle <= now)
		step(device);
	io->submitted = now;
	if (device->busy < device->config->device.channels)
		start(device, io, now);
	else
		g_queue_push_tail(device->waiting, io);
}

vmsim_cycles device_next(const struct device *device)
{
	const struct io *done = g_queue_peek_head(device->done);

	if (done)
		return done->done;
	return device->heap->len ? at(device, 0)->cycle : DEVICE_NEVER;
}

struct io *device_take(struct device *device, vmsim_cycles now)
{
	while (g_queue_is_empty(device->done) && device->heap->len && at(device, 0)->cycle <= now)
		step(device);
	return g_queue_pop_head(device->done);
}
