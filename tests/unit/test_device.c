/* test_device.c: the pagefile's device: channels, one link, its queue, and disks (T17, T18). */
#include "unit/device_fixture.h"

#include "base/rng.h"
#include "engine/seek.h"

static const char one[] = "device.channels=1 device.read_latency=1000 device.write_latency=500 "
			  "device.read_bandwidth=40960000000 device.write_bandwidth=20480000000";

static void test_one_channel(void)
{
	struct fixture f;

	set_up(&f, one); /* a read takes 1000 + 100, a write 500 + 200 */
	submit(&f, 1, false, 10);
	submit(&f, 2, true, 10);
	submit(&f, 3, false, 20);
	g_assert_cmpuint(device_next(f.device), >, 10);
	expect(&f, 1, 10, 1110);
	expect(&f, 2, 1110, 1810);
	expect(&f, 3, 1810, 2910);
	g_assert_null(device_take(f.device, UINT64_MAX - 1));
	g_assert_cmpuint(device_next(f.device), ==, DEVICE_NEVER);
	submit(&f, 4, true, 5000); /* idle again */
	expect(&f, 4, 5000, 5700);
	tear_down(&f);
}

/* Latencies overlap, transfers do not. */
static void test_link(void)
{
	struct fixture f;

	set_up(&f, "device.channels=2 device.read_latency=1000 device.read_bandwidth=40960000000");
	submit(&f, 1, false, 0);
	submit(&f, 2, false, 0);
	submit(&f, 3, false, 0);
	expect(&f, 1, 0, 1100);    /* link 1000..1100 */
	expect(&f, 2, 0, 1200);    /* waits for the link */
	expect(&f, 3, 1100, 2200); /* took the channel of 1 */
	tear_down(&f);
}

static void test_rounding(void)
{
	struct fixture f;

	/* 4096 bytes at 3 bytes a cycle: 1365.33, rounded up (T1) */
	set_up(&f, "device.channels=1 device.read_latency=0 device.read_bandwidth=3000000000");
	submit(&f, 1, false, 7);
	expect(&f, 1, 7, 7 + 1366);
	tear_down(&f);
	set_up(&f, "device.channels=1 device.read_latency=0 device.read_bandwidth=0");
	submit(&f, 1, false, 7);
	expect(&f, 1, 7, 7); /* costs nothing */
	tear_down(&f);
}

/* One that finishes earlier is taken earlier; of one cycle, by request number (T2, T18). */
static void test_order(void)
{
	struct fixture f;

	set_up(&f, "device.channels=8 device.read_latency=100 device.write_latency=40 "
		   "device.read_bandwidth=0 device.write_bandwidth=0");
	submit(&f, 4, false, 0); /* numbers stand for the order of issue; here they do not */
	submit(&f, 1, false, 0);
	submit(&f, 2, true, 10);
	expect(&f, 2, 10, 50);
	submit(&f, 3, true, 60);
	expect(&f, 1, 0, 100);
	expect(&f, 3, 60, 100);
	expect(&f, 4, 0, 100);
	tear_down(&f);
}

/* What was complete before a request arrives frees its channel then, not when it is taken. */
static void test_late_take(void)
{
	struct fixture f;

	set_up(&f, "device.channels=1 device.read_latency=100 device.read_bandwidth=0");
	submit(&f, 1, false, 0);
	submit(&f, 2, false, 1000);
	submit(&f, 3, false, 1001);
	expect(&f, 1, 0, 100);
	expect(&f, 2, 1000, 1100);
	expect(&f, 3, 1100, 1200);
	tear_down(&f);
}

static void test_free_busy(void)
{
	struct fixture f;

	set_up(&f, one);
	for (uint64_t id = 1; id < 10; id++)
		submit(&f, id, id % 2, id * 300);
	tear_down(&f); /* frees what waits, runs and is done: for the address sanitizer */
}

/* --- a device that ticks --------------------------------------------------------------------- */

#define REQUESTS 60
enum stage { TO_COME, QUEUED, LATENCY, LINK_QUEUED, TRANSFER, DONE };

struct ticking {
	enum stage stage[REQUESTS];
	uint64_t arrival[REQUESTS], until[REQUESTS], done[REQUESTS];
	bool write[REQUESTS];
	uint64_t latency[2], transfer[2], channels, busy;
	int on_link;
};

/* One change at cycle t, or false: transfers end, latencies end, the link is taken, channels. */
static bool tick(struct ticking *d, uint64_t t)
{
	for (int i = 0; i < REQUESTS; i++) {
		if (d->stage[i] == TO_COME && d->arrival[i] <= t) {
			d->stage[i] = QUEUED;
			return true;
		}
		if (d->stage[i] == TRANSFER && d->until[i] <= t) {
			d->stage[i] = DONE;
			d->done[i] = t;
			d->busy--;
			d->on_link = -1;
			return true;
		}
		if (d->stage[i] == LATENCY && d->until[i] <= t) {
			d->stage[i] = LINK_QUEUED;
			return true;
		}
	}
	return false;
}

static bool take(struct ticking *d, uint64_t t)
{
	int next = -1;

	for (int i = 0; i < REQUESTS; i++) {
		if (d->stage[i] == LINK_QUEUED && d->on_link < 0 &&
		    (next < 0 || d->until[i] < d->until[next]))
			next = i;
		if (d->stage[i] == QUEUED && d->busy < d->channels) {
			d->stage[i] = LATENCY;
			d->until[i] = t + d->latency[d->write[i]];
			d->busy++;
			return true;
		}
	}
	if (next < 0)
		return false;
	d->on_link = next;
	d->stage[next] = TRANSFER;
	d->until[next] = t + d->transfer[d->write[next]];
	return true;
}

static void test_against_ticking(void)
{
	for (uint64_t seed = 0; seed < 40; seed++) {
		struct rng rng = {seed};
		struct ticking d = {.on_link = -1};
		uint64_t arrival = 0;
		struct fixture f;
		char *s;

		d.channels = 1 + seed % 4;
		for (int w = 0; w < 2; w++) {
			d.latency[w] = 1 + rng_below(&rng, 30);
			d.transfer[w] = 1 + rng_below(&rng, 12);
		}
		for (int i = 0; i < REQUESTS; i++) {
			d.arrival[i] = arrival += rng_below(&rng, 15);
			d.write[i] = rng_below(&rng, 2);
		}
		for (uint64_t t = 0; t < 5000; t++)
			while (tick(&d, t) || take(&d, t))
				;
		s = g_strdup_printf("device.channels=%" G_GUINT64_FORMAT
				    " device.read_latency=%" G_GUINT64_FORMAT
				    " device.write_latency=%" G_GUINT64_FORMAT
				    " device.read_bandwidth=%" G_GUINT64_FORMAT
				    " device.write_bandwidth=%" G_GUINT64_FORMAT,
				    d.channels, d.latency[0], d.latency[1],
				    4096 * (uint64_t)1000000000 / d.transfer[0] + 1,
				    4096 * (uint64_t)1000000000 / d.transfer[1] + 1);
		set_up(&f, s);
		g_free(s);
		for (int i = 0; i < REQUESTS; i++)
			submit(&f, (uint64_t)i + 1, d.write[i], d.arrival[i]);
		for (int n = 0; n < REQUESTS; n++) {
			struct io *io = device_take(f.device, UINT64_MAX - 1);

			g_assert_nonnull(io);
			g_assert_cmpuint(io->done, ==, d.done[io->id - 1]);
			g_free(io);
		}
		tear_down(&f);
	}
}

/* --- the queue -------------------------------------------------------------------------------- */

static void test_read_first(void)
{
	struct fixture f;

	set_up(&f, "device.channels=1 device.queue=read-first device.read_latency=10 "
		   "device.write_latency=20 device.read_bandwidth=0 device.write_bandwidth=0");
	submit(&f, 1, true, 0); /* nothing else is there: it begins */
	submit(&f, 2, true, 1);
	submit(&f, 3, false, 2);
	submit(&f, 4, true, 3);
	submit(&f, 5, false, 4);
	expect(&f, 1, 0, 20);
	expect(&f, 3, 20, 30);
	submit(&f, 6, false, 35);
	expect(&f, 5, 30, 40);
	expect(&f, 6, 40, 50); /* after the other reads, before writes that came long ago */
	expect(&f, 2, 50, 70);
	expect(&f, 4, 70, 90);
	tear_down(&f);
}

static void test_elevator(void)
{
	struct fixture f;

	set_up(&f, "device.channels=1 device.queue=elevator device.read_latency=10 "
		   "device.read_bandwidth=0");
	submit_at(&f, 1, false, 50, 1, 0);
	submit_at(&f, 2, false, 40, 1, 1);
	submit_at(&f, 3, false, 60, 1, 1);
	submit_at(&f, 4, false, 50, 1, 1);
	submit_at(&f, 5, false, 60, 1, 1);
	submit_at(&f, 6, false, 45, 1, 1);
	submit_at(&f, 7, false, 70, 1, 1);
	submit_at(&f, 8, false, 40, 1, 1);
	expect(&f, 1, 0, 10);
	expect(&f, 4, 10, 20); /* up, from where it is */
	expect(&f, 3, 20, 30); /* of one place, by number */
	expect(&f, 5, 30, 40);
	expect(&f, 7, 40, 50);
	expect(&f, 6, 50, 60);              /* nothing above: down */
	submit_at(&f, 9, false, 90, 1, 65); /* 40 is being served: too late for 44 */
	submit_at(&f, 10, false, 44, 1, 65);
	submit_at(&f, 11, false, 30, 1, 65);
	expect(&f, 2, 60, 70);
	expect(&f, 8, 70, 80);
	expect(&f, 11, 80, 90);
	expect(&f, 10, 90, 100); /* nothing below: up again */
	expect(&f, 9, 100, 110);
	tear_down(&f);
}

/* --- disks ------------------------------------------------------------------------------------ */

/* 3000 pages; a page is read in 100 cycles, written in 200. */
static const char disk[] =
	"pagefile.size=4MiB device.size=12288000 device.seek_min=100 device.seek=500 "
	"device.seek_max=1100 device.rotation=50 device.read_latency=0 device.write_latency=0 "
	"device.read_bandwidth=40960000000 device.write_bandwidth=20480000000";

static void test_seek(void)
{
	static const struct {
		uint64_t distance;
		vmsim_cycles cycles;
	} seeks[] = {
		{0, 100},     /* the first request's, if it is where the arm is */
		{1, 113},     /* 100 + 400 x sqrt(1/1000) = 12.65 */
		{2, 118},     /* 100 + 17.89 */
		{40, 180},    /* 100 + 400 x 0.2 */
		{250, 300},   /* 100 + 400 x 0.5 */
		{999, 500},   /* 100 + 399.8 */
		{1000, 500},  /* a third */
		{1001, 501},  /* 500 + 600 x 1/2000 = 0.3 */
		{2000, 800},  /* 500 + 600 x 0.5 */
		{3000, 1100}, /* all of it */
		{5000, 1100}, /* there is no more */
		{UINT64_MAX, 1100},
	};
	struct fixture f;

	set_up(&f, disk);
	for (size_t i = 0; i < G_N_ELEMENTS(seeks); i++)
		g_assert_cmpuint(seek_cycles(config_get(f.config), seeks[i].distance), ==,
				 seeks[i].cycles);
	tear_down(&f);
	/* sqrt(1/1000) is more than nothing: rounded up. */
	set_up(&f, "pagefile.size=4MiB device.size=12288000 device.seek_min=100 device.seek=101 "
		   "device.seek_max=101");
	g_assert_cmpuint(seek_cycles(config_get(f.config), 0), ==, 100);
	g_assert_cmpuint(seek_cycles(config_get(f.config), 1), ==, 101);
	tear_down(&f);
}

/* The greatest values that a configuration can have do not overflow, and seeks grow. */
static void test_seek_limits(void)
{
	uint64_t pages = (uint64_t)1 << 46;
	struct rng rng = {7};
	struct fixture f;

	set_up(&f, "device.size=0x400000000000000 device.seek_min=0 device.seek=1000000000000 "
		   "device.seek_max=1000000000000");
	g_assert_cmpuint(seek_cycles(config_get(f.config), pages / 3), ==, 1000000000000);
	g_assert_cmpuint(seek_cycles(config_get(f.config), pages), ==, 1000000000000);
	for (int i = 0; i < 1000; i++) {
		uint64_t distance = 1 + rng_below(&rng, pages - 1);
		vmsim_cycles cycles = seek_cycles(config_get(f.config), distance);

		g_assert_cmpuint(cycles, >=, seek_cycles(config_get(f.config), distance - 1));
		g_assert_cmpuint(cycles, <=, 1000000000000);
		/* The least that is not less than the root. */
		if (distance <= pages / 3)
			g_assert_cmpfloat((double)cycles / 1e12 * ((double)cycles / 1e12), >=,
					  (double)distance / (double)(pages / 3) * (1 - 1e-12));
	}
	tear_down(&f);
	set_up(&f, "pagefile.size=4096 device.size=4096 device.seek_min=1 device.seek=2 "
		   "device.seek_max=3"); /* a third of one page is one page */
	g_assert_cmpuint(seek_cycles(config_get(f.config), 0), ==, 1);
	g_assert_cmpuint(seek_cycles(config_get(f.config), 1), ==, 2);
	tear_down(&f);
}

static void test_disk(void)
{
	struct fixture f;

	set_up(&f, disk);
	submit_at(&f, 1, false, 250, 2, 10);
	expect(&f, 1, 10, 560); /* 300 + 50 + 2 x 100, from page 0 */
	submit_at(&f, 2, true, 252, 1, 600);
	expect(&f, 2, 600, 800); /* continues: the transfer alone, written or read, now or later */
	submit_at(&f, 3, false, 3, 1, 1000);
	expect(&f, 3, 1000, 1450); /* back from 253: 300 + 50 + 100 */
	submit_at(&f, 4, false, 3, 1, 2000);
	expect(&f, 4, 2000, 2263); /* the same page is one back: 113 + 50 + 100 */
	submit_at(&f, 5, false, 4, 1, 3000);
	submit_at(&f, 6, false, 1005, 1, 3000); /* one arm: it waits */
	expect(&f, 5, 3000, 3100);
	expect(&f, 6, 3100, 3100 + 500 + 50 + 100); /* a third: 1000 from 5 */
	tear_down(&f);
	set_up(&f, disk); /* the first request has nothing to continue */
	submit_at(&f, 1, false, 0, 1, 0);
	expect(&f, 1, 0, 250);
	tear_down(&f);
}

/* Latencies of the device come on top; a rotation makes a disk, even one that does not seek. */
static void test_turning(void)
{
	struct fixture f;

	set_up(&f, "device.rotation=50 device.read_latency=7 device.write_latency=3 "
		   "device.read_bandwidth=0 device.write_bandwidth=0 device.size=8GiB");
	g_assert_cmpuint(config_get(f.config)->device.channels, ==, 1);
	submit_at(&f, 1, false, 9, 1, 0);
	submit_at(&f, 2, true, 10, 1, 0);
	submit_at(&f, 3, true, 20, 1, 0);
	expect(&f, 1, 0, 57);
	expect(&f, 2, 57, 60);
	expect(&f, 3, 60, 113);
	tear_down(&f);
}

/* The preset: 1 ms and 7.2 ms x sqrt(1023 / 325520833) = 12.764 us, half a turn, 4 KiB at 150 MB/s.
 */
static void test_preset(void)
{
	struct fixture f;

	set_up(&f, "pagefile.device=hdd");
	g_assert_cmpint(config_get(f.config)->device.queue, ==, QUEUE_ELEVATOR);
	submit_at(&f, 1, false, 1023, 1, 0);
	expect(&f, 1, 0, 1000000 + 12764 + 4170000 + 27307);
	tear_down(&f);
}

/* --- one server, the plain way --------------------------------------------------------------- */

struct request {
	uint64_t arrival, place, started, done;
	uint32_t pages;
	bool write, served;
};

/* Whether a is to be served before b; both wait. down, at: the elevator's. */
static bool before(const struct request *a, const struct request *b, int queue, bool down,
		   uint64_t at)
{
	bool on_way_a = down ? a->place <= at : a->place >= at;
	bool on_way_b = down ? b->place <= at : b->place >= at;

	if (queue == QUEUE_READ_FIRST && a->write != b->write)
		return b->write;
	if (queue != QUEUE_ELEVATOR || a->place == b->place)
		return a < b; /* they stand as they came */
	if (on_way_a != on_way_b)
		return on_way_a;
	/* On the way the nearer; behind, it will have turned: the nearer, too. */
	return (a->place < b->place) == (on_way_a ? !down : down);
}

/* Which of those that had arrived when the server became free is next; else the next to come. */
static struct request *next_request(struct request *r, int queue, bool *down, uint64_t at,
				    uint64_t idle)
{
	struct request *best = NULL;

	for (int i = 0; i < REQUESTS; i++)
		if (!r[i].served && r[i].arrival < idle &&
		    (!best || before(&r[i], best, queue, *down, at)))
			best = &r[i];
	for (int i = 0; !best && i < REQUESTS; i++)
		if (!r[i].served)
			best = &r[i];
	if (queue == QUEUE_ELEVATOR && best->place != at)
		*down = best->place < at;
	return best;
}

static void serve_plainly(struct request *r, int queue, const struct config *config)
{
	uint64_t at = 0, end = 0, idle = 0;
	bool down = false;

	for (int n = 0; n < REQUESTS; n++) {
		struct request *q = next_request(r, queue, &down, at, idle);
		uint64_t distance = q->place > end ? q->place - end : end - q->place;

		q->served = true;
		q->started = MAX(idle, q->arrival);
		q->done = q->started + q->pages * (q->write ? 200u : 100u);
		if (n == 0 || distance > 0)
			q->done += seek_cycles(config, distance) + 50;
		idle = q->done;
		at = q->place;
		end = q->place + q->pages;
	}
}

/* A disk with every queue, against the above; every request is served once, and the arm is never
 * doing two things. */
static void test_against_plain(void)
{
	static const char *const queues[] = {"fifo", "read-first", "elevator"};

	for (uint64_t seed = 0; seed < 90; seed++) {
		struct rng rng = {seed};
		struct request r[REQUESTS] = {{0}};
		uint64_t arrival = 0, busy = 0, last = 0;
		struct fixture f;
		char *s = g_strdup_printf("%s device.queue=%s", disk, queues[seed % 3]);

		set_up(&f, s);
		g_free(s);
		for (int i = 0; i < REQUESTS; i++) {
			arrival += rng_below(&rng, 900);
			r[i] = (struct request){.arrival = arrival,
						.place = rng_below(&rng, 12) * 250,
						.pages = 1 + (uint32_t)rng_below(&rng, 3),
						.write = rng_below(&rng, 2)};
			if (i && rng_below(&rng, 3) == 0)
				r[i].place = r[i - 1].place + r[i - 1].pages;
		}
		serve_plainly(r, (int)(seed % 3), config_get(f.config));
		for (int i = 0; i < REQUESTS; i++)
			submit_at(&f, (uint64_t)i + 1, r[i].write, r[i].place, r[i].pages,
				  r[i].arrival);
		for (int n = 0; n < REQUESTS; n++) {
			struct io *io = device_take(f.device, UINT64_MAX - 1);
			struct request *q = &r[io->id - 1];

			g_assert_true(q->served);
			q->served = false;
			g_assert_cmpuint(io->started, ==, q->started);
			g_assert_cmpuint(io->done, ==, q->done);
			g_assert_cmpuint(io->started, >=, last);
			last = io->done;
			busy += io->done - io->started;
			io_free(io);
		}
		g_assert_null(device_take(f.device, UINT64_MAX - 1));
		g_assert_cmpuint(busy, <=, last);
		tear_down(&f);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/device/one-channel", test_one_channel);
	g_test_add_func("/device/link", test_link);
	g_test_add_func("/device/rounding", test_rounding);
	g_test_add_func("/device/order", test_order);
	g_test_add_func("/device/late-take", test_late_take);
	g_test_add_func("/device/free-busy", test_free_busy);
	g_test_add_func("/device/ticking", test_against_ticking);
	g_test_add_func("/device/read-first", test_read_first);
	g_test_add_func("/device/elevator", test_elevator);
	g_test_add_func("/device/seek", test_seek);
	g_test_add_func("/device/seek-limits", test_seek_limits);
	g_test_add_func("/device/disk", test_disk);
	g_test_add_func("/device/turning", test_turning);
	g_test_add_func("/device/preset", test_preset);
	g_test_add_func("/device/plain", test_against_plain);
	return g_test_run();
}
