/* device_fixture.h: a pagefile's device alone, for tests of it. */
#ifndef TESTS_DEVICE_FIXTURE_H
#define TESTS_DEVICE_FIXTURE_H

#include "engine/device.h"

/* clock 1 GHz; rate is bytes per cycle times 10^9. */
struct fixture {
	vmsim_config *config;
	struct device *device;
	vmsim_cycles now; /* of the last request */
};

static inline void set_up(struct fixture *f, const char *settings)
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

static inline void tear_down(struct fixture *f)
{
	device_free(f->device);
	vmsim_config_free(f->config);
}

static inline void submit_at(struct fixture *f, uint64_t id, bool write, uint64_t place,
			     uint32_t pages, vmsim_cycles now)
{
	struct io *io = g_new0(struct io, 1);

	f->now = now;
	io->id = id;
	io->write = write;
	io->place = place;
	io->pages = pages;
	device_submit(f->device, io, now);
}

static inline void submit(struct fixture *f, uint64_t id, bool write, vmsim_cycles now)
{
	submit_at(f, id, write, 0, 1, now);
}

/* The next completion must be this one, at this cycle, having been started then. */
static inline void expect(struct fixture *f, uint64_t id, vmsim_cycles started, vmsim_cycles done)
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

#endif
