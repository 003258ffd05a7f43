/* test_device.c: the pagefile's device: channels, one link, first come first served (T17, T18). */
#include "engine/device.h"

#include "base/rng.h"

/* clock 1 GHz; rate is bytes per cycle times 10^9. */
struct fixture {
	vmsim_config *config;
	struct device *device;
	vmsim_cycles now; /* of the last request */
};

static void set_up(struct fixture *f, const char *settings)
{
	char **each = g_strsplit(settings, " ", 0);
	GError *error = NULL;

	f->now = 0;
	f->config = vmsim_config_new();
	vmsim_config_set(f->config, "clock_ghz=1", &error);
	g_assert_no_error(error);
	for (char **s = each; *s; s++) {
		vmsim_config_set(f->config, *s, &error);
		g_assert_no_error(error);
	}
	vmsim_config_finish(f->config, &error);
	g_assert_no_error(error);
	g_strfreev(each);
	f->device = device_new(config_get(f->config));
	g_assert_cmpuint(device_next(f->device), ==, DEVICE_NEVER);
}

static void tear_down(struct fixture *f)
{
	device_free(f->device);
	vmsim_config_free(f->config);
}

static void submit(struct fixture *f, uint64_t id, bool write, vmsim_cycles now)
{
	struct io *io = g_new0(struct io, 1);

	f->now = now;
	io->id = id;
	io->write = write;
	io->pages = 1;
	device_submit(f->device, io, now);
}

/* The next completion must be this one, at this cycle, having been started then. */
static void expect(struct fixture *f, uint64_t id, vmsim_cycles started, vmsim_cycles done)
{
	struct io *io;

	if (done > f->now)
		g_assert_null(device_take(f->device, done - 1));
	io = device_take(f->device, done);
	g_assert_nonnull(io);
	g_assert_cmpuint(io->id, ==, id);
	g_assert_cmpuint(io->started, ==, started);
	g_assert_cmpuint(io->done, ==, done);
	g_free(io);
}

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
	expect(&f, 1, 0, 1100);	   /* link 1000..1100 */
	expect(&f, 2, 0, 1200);	   /* waits for the link */
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

/* --- a device that ticks ----------------------------------------------------------------------- */

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
		s = g_strdup_printf(
			"device.channels=%" G_GUINT64_FORMAT " device.read_latency=%" G_GUINT64_FORMAT
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
	return g_test_run();
}
