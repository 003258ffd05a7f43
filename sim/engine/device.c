/* device.c: channels with latency, one link with bandwidth, and the arm of a disk. */
#include "engine/device.h"

#include "base/scale.h"
#include "engine/seek.h"

struct device_event {
	vmsim_cycles cycle;
	struct io *io;
	bool transferred; /* the transfer is over; else the latency is */
};

struct device {
	const struct config *config;
	GArray *heap; /* of struct device_event: a binary heap by cycle, then request number */
	GSequence *waiting; /* of struct io: for a channel, in the order of device.queue */
	GQueue *done;       /* of struct io: complete, not taken yet */
	uint64_t busy;      /* channels */
	vmsim_cycles link_free;
	bool begun;     /* a request was started; then */
	uint64_t place; /* where the last one began, */
	uint64_t end;   /* and the page after it */
	bool down;      /* the elevator goes towards page 0 */
};

static void release(void *io, void *unused)
{
	(void)unused;
	io_free(io);
}

struct device *device_new(const struct config *config)
{
	struct device *device = g_new0(struct device, 1);

	device->config = config;
	device->heap = g_array_new(FALSE, FALSE, sizeof(struct device_event));
	device->waiting = g_sequence_new(NULL);
	device->done = g_queue_new();
	return device;
}

void device_free(struct device *device)
{
	if (!device)
		return;
	for (guint i = 0; i < device->heap->len; i++)
		io_free(g_array_index(device->heap, struct device_event, i).io);
	g_array_unref(device->heap);
	g_sequence_foreach(device->waiting, release, NULL);
	g_sequence_free(device->waiting);
	g_queue_foreach(device->done, release, NULL);
	g_queue_free(device->done);
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

/* --- the queue ------------------------------------------------------------------------------- */

static int compare(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* The order in which requests wait: as they came; reads first; by place, for the elevator. */
static int by_turn(const void *a, const void *b, void *ctx)
{
	const struct device *device = ctx;
	const struct io *x = a, *y = b;
	int order = 0;

	if (device->config->device.queue == QUEUE_ELEVATOR)
		order = compare(x->place, y->place);
	else if (device->config->device.queue == QUEUE_READ_FIRST)
		order = x->write - y->write;
	if (!order && device->config->device.queue != QUEUE_ELEVATOR)
		order = compare(x->submitted, y->submitted);
	return order ? order : compare(x->id, y->id);
}

/* The first that waits at a place, or further on. */
static GSequenceIter *from_place(struct device *device, uint64_t place)
{
	struct io key = {.place = place};

	return g_sequence_search(device->waiting, &key, by_turn, device);
}

/* The next on the elevator's way: at the place where the last request began, or beyond it; it turns
 * when nothing is left there. => something waits */
static GSequenceIter *on_the_way(struct device *device)
{
	GSequenceIter *beyond;
	const struct io *io;

	if (device->down) {
		/* Of those at the nearest place the first one. */
		beyond = from_place(device, device->place + 1);
		if (!g_sequence_iter_is_begin(beyond)) {
			io = g_sequence_get(g_sequence_iter_prev(beyond));
			return from_place(device, io->place);
		}
		device->down = false;
	}
	beyond = from_place(device, device->place);
	if (g_sequence_iter_is_end(beyond)) {
		device->down = true;
		return on_the_way(device);
	}
	return beyond;
}

static struct io *take_waiting(struct device *device)
{
	GSequenceIter *next = g_sequence_get_begin_iter(device->waiting);
	struct io *io;

	if (g_sequence_iter_is_end(next))
		return NULL;
	if (device->config->device.queue == QUEUE_ELEVATOR)
		next = on_the_way(device);
	io = g_sequence_get(next);
	g_sequence_remove(next);
	return io;
}

/* --- service --------------------------------------------------------------------------------- */

static vmsim_cycles transfer_cycles(const struct config *config, const struct io *io)
{
	uint64_t rate = io->write ? config->device.write_bandwidth : config->device.read_bandwidth;

	return rate ? scale_up(io->pages * VMSIM_PAGE_SIZE, config->clock_ghz * 1000000, rate) : 0;
}

/* Moving the arm to a request and waiting for its first page; the arm begins at page 0. One that
 * continues the last request needs neither. */
static vmsim_cycles position_cycles(const struct device *device, const struct io *io)
{
	const struct config *config = device->config;
	uint64_t distance =
		io->place > device->end ? io->place - device->end : device->end - io->place;

	if (!config_is_disk(config) || (device->begun && distance == 0))
		return 0;
	return seek_cycles(config, distance) + config->device.rotation.cycles;
}

/* The next request that waits takes a channel. */
static void start(struct device *device, vmsim_cycles now)
{
	const struct config *config = device->config;
	struct io *io = take_waiting(device);
	vmsim_cycles latency;

	if (!io)
		return;
	latency = (io->write ? config->device.write_latency.cycles
			     : config->device.read_latency.cycles) +
		  position_cycles(device, io);
	io->started = now;
	device->begun = true;
	device->place = io->place;
	device->end = io->place + io->pages;
	device->busy++;
	push(device, (struct device_event){now + latency, io, false});
}

static void step(struct device *device)
{
	struct device_event event = pop(device);

	if (!event.transferred) {
		vmsim_cycles begin = MAX(event.cycle, device->link_free);

		device->link_free = begin + transfer_cycles(device->config, event.io);
		push(device, (struct device_event){device->link_free, event.io, true});
		return;
	}
	event.io->done = event.cycle;
	g_queue_push_tail(device->done, event.io);
	device->busy--;
	start(device, event.cycle);
}

void device_submit(struct device *device, struct io *io, vmsim_cycles now)
{
	while (device->heap->len && at(device, 0)->cycle <= now)
		step(device);
	io->submitted = now;
	g_sequence_insert_sorted(device->waiting, io, by_turn, device);
	if (device->busy < device->config->device.channels)
		start(device, now);
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
