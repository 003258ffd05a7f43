/* finish.c: from what was said to what the modules read: durations in cycles, automatic values
 * as numbers, and the checks of options against each other. */
#include "config/devices.h"
#include "config/layers.h"
#include "config/units.h"

#include <string.h>
#include <vmsim/policy.h>
#include <vmsim/trace.h>

static bool G_GNUC_PRINTF(2, 3) wrong(GError **error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	g_propagate_error(error, g_error_new_valist(VMSIM_ERROR, VMSIM_ERROR_CONFIG, format, args));
	va_end(args);
	return false;
}

/* --- automatic values ----------------------------------------------------------------------- */

static void resolve(uint64_t *value, uint64_t automatic)
{
	if (*value == CONFIG_AUTO)
		*value = automatic;
}

/* Fills in a device.* option from what its preset has for it. */
static void resolve_device_option(struct config *config, const char *path, const char *text)
{
	const struct option *option = option_find(path);
	struct value value;

	if (value_get(option, config).n == CONFIG_AUTO &&
	    value_parse(option, text ? text : "0", LITERAL_BARE, &value, NULL))
		value_put(option, config, value);
}

static void resolve_device(struct config *config)
{
	const struct device_preset *preset = device_preset(config->pagefile.device);
	bool disk;

	resolve_device_option(config, "device.read_latency", preset->read_latency);
	resolve_device_option(config, "device.write_latency", preset->write_latency);
	resolve_device_option(config, "device.read_bandwidth", preset->read_bandwidth);
	resolve_device_option(config, "device.write_bandwidth", preset->write_bandwidth);
	resolve_device_option(config, "device.seek", preset->seek);
	resolve_device_option(config, "device.seek_min", preset->seek_min);
	resolve_device_option(config, "device.seek_max", preset->seek_max);
	resolve_device_option(config, "device.rotation", preset->rotation);
	resolve_device_option(config, "device.size", preset->size);
	if (config->device.queue == QUEUE_AUTO)
		config->device.queue = (int)preset->queue;
	/* What was made a disk has one arm (T17). */
	disk = config->device.seek.amount > 0 || config->device.seek_min.amount > 0 ||
	       config->device.seek_max.amount > 0 || config->device.rotation.amount > 0;
	resolve_device_option(config, "device.channels", disk ? "1" : preset->channels);
}

/* Thresholds of the memory manager, from the number of frames. The floors of Appendix A give way
 * in memories of less than 16 frames, where they would leave nothing to use. A threshold that
 * was given bounds its automatic neighbour. */
static void resolve_vmm(struct config *config)
{
	uint64_t frames = config->memory.frames;
	uint64_t low = MIN(MAX(4, frames / 64), frames / 4);
	uint64_t high = MIN(MAX(8, frames / 16), frames / 2);

	if (config->vmm.avail_low != CONFIG_AUTO)
		high = MAX(high, config->vmm.avail_low);
	if (config->vmm.avail_high != CONFIG_AUTO)
		low = MIN(low, config->vmm.avail_high);
	resolve(&config->vmm.avail_low, low);
	resolve(&config->vmm.avail_high, high);
	resolve(&config->vmm.mpw_free_low, MIN(20000, frames / 16));
	resolve(&config->vmm.mpw_avail_low, MIN(15000, frames / 20));
	resolve(&config->vmm.modified_max, MIN(800, frames / 8));
	resolve(&config->pagefile.max_size, config->pagefile.size);
}

/* No step takes minutes, on any clock; sums of steps must fit the clock. Timers are not steps. */
#define MOST_CYCLES UINT64_C(10000000000000)
#define MOST_TIMER (100 * MOST_CYCLES)

static bool is_timer(const struct option *option)
{
	return g_str_has_prefix(option->path, "vmm.") || g_str_has_prefix(option->path, "bsm.");
}

static bool resolve_durations(struct config *config, GError **error)
{
	const struct option *option;

	for (size_t i = 0; (option = option_at(i)); i++) {
		struct duration *duration = (void *)((char *)config + option->offset);
		uint64_t most = is_timer(option) ? MOST_TIMER : MOST_CYCLES;
		char *text;

		if (option->type != OPTION_TIME || option->policy >= 0)
			continue;
		duration->cycles = duration->amount;
		if ((!duration->is_time ||
		     units_cycles(duration->amount, config->clock_ghz, &duration->cycles)) &&
		    duration->cycles <= most)
			continue;
		text = duration->is_time
			       ? units_print_time(duration->amount)
			       : g_strdup_printf("%" G_GUINT64_FORMAT, duration->amount);
		wrong(error, "%s=%s: more than 10^%d cycles (expected a duration of one %s)",
		      option->path, text, is_timer(option) ? 15 : 13,
		      is_timer(option) ? "timer" : "step");
		g_free(text);
		return false;
	}
	return true;
}

/* --- cross checks --------------------------------------------------------------------------- */

static bool check_whole_pages(const char *path, uint64_t bytes, GError **error)
{
	return bytes % VMSIM_PAGE_SIZE == 0 ||
	       wrong(error,
		     "%s=%" G_GUINT64_FORMAT ": not whole pages (expected a multiple of 4096)",
		     path, bytes);
}

static bool check_pagefile(const struct config *config, GError **error)
{
	if (!check_whole_pages("pagefile.size", config->pagefile.size, error) ||
	    !check_whole_pages("pagefile.max_size", config->pagefile.max_size, error) ||
	    !check_whole_pages("pagefile.grow_step", config->pagefile.grow_step, error))
		return false;
	if (config->pagefile.max_size < config->pagefile.size)
		return wrong(error,
			     "pagefile.max_size=%" G_GUINT64_FORMAT
			     ": below pagefile.size=%" G_GUINT64_FORMAT
			     " (expected at least that, or \"auto\")",
			     config->pagefile.max_size, config->pagefile.size);
	if (!config->store.enabled)
		return true;
	if (!config->standby.enabled)
		return wrong(error, "store.enabled=true needs standby.enabled=true: pages pass "
				    "through its lists into the store");
	if (config->pagefile.count > 15)
		return wrong(error,
			     "pagefile.count=%" G_GUINT64_FORMAT
			     ": the store takes the place of the sixteenth file (expected at "
			     "most 15 with store.enabled=true)",
			     config->pagefile.count);
	return true;
}

static bool check_memory(const struct config *config, GError **error)
{
	if (config->vmm.avail_low > config->vmm.avail_high)
		return wrong(error,
			     "vmm.avail_low=%" G_GUINT64_FORMAT
			     ": above vmm.avail_high=%" G_GUINT64_FORMAT
			     " (trimming could never stop)",
			     config->vmm.avail_low, config->vmm.avail_high);
	if (config->vmm.avail_high > config->memory.frames)
		return wrong(error,
			     "vmm.avail_high=%" G_GUINT64_FORMAT
			     ": more than memory.frames=%" G_GUINT64_FORMAT
			     " (trimming could never stop)",
			     config->vmm.avail_high, config->memory.frames);
	if (config->vmm.ws_min > config->vmm.ws_max)
		return wrong(error,
			     "vmm.ws_min=%" G_GUINT64_FORMAT
			     ": above vmm.ws_max=%" G_GUINT64_FORMAT,
			     config->vmm.ws_min, config->vmm.ws_max);
	return true;
}

/* A disk: one arm, seeks that grow with the distance, and room for the pagefile (T17). */
static bool check_disk(const struct config *config, GError **error)
{
	if (!config_is_disk(config))
		return true;
	if (config->device.channels != 1)
		return wrong(error,
			     "device.channels=%" G_GUINT64_FORMAT
			     ": a disk has one arm (expected 1, or device.seek* and "
			     "device.rotation 0)",
			     config->device.channels);
	if (config->device.seek_min.cycles > config->device.seek.cycles ||
	    config->device.seek.cycles > config->device.seek_max.cycles)
		return wrong(error,
			     "device.seek: %" G_GUINT64_FORMAT
			     " cycles (expected from device.seek_min, %" G_GUINT64_FORMAT
			     ", to device.seek_max, %" G_GUINT64_FORMAT ")",
			     config->device.seek.cycles, config->device.seek_min.cycles,
			     config->device.seek_max.cycles);
	if (config->device.size < config->pagefile.size ||
	    config->device.size % VMSIM_PAGE_SIZE != 0)
		return wrong(error,
			     "device.size=%" G_GUINT64_FORMAT
			     ": the disk holds a pagefile of %" G_GUINT64_FORMAT
			     " bytes (expected a multiple of 4096, at least that)",
			     config->device.size, config->pagefile.size);
	return true;
}

/* A policy whose pages may come in unreferenced cannot work on accessed bits. */
static bool check_policy(const struct config *config, GError **error)
{
	size_t policy = (size_t)config->replacement.policy;
	const struct replace_ops *ops = vmsim_policy_at(policy);
	const uint64_t *values = config_policy_options(config, policy);

	if (config->replacement.sees != SEES_ACCESSED_BITS)
		return true;
	for (size_t i = 0; i < ops->n_options; i++)
		if (g_str_equal(ops->options[i].name, "insert_referenced") && !values[i])
			return wrong(error,
				     "replacement.%s.insert_referenced=false needs "
				     "replacement.sees=every-reference: a processor sets the "
				     "accessed bit for the access that faulted",
				     ops->name);
	return true;
}

bool config_resolve(struct config *config, const GByteArray *ranks, GError **error)
{
	resolve_device(config);
	resolve_vmm(config);
	finish_tlbs(config, ranks);
	caches_resolve(config, ranks);
	return resolve_durations(config, error) && check_tlbs(config, error) &&
	       check_memory(config, error) && check_disk(config, error) &&
	       check_pagefile(config, error) && check_policy(config, error) &&
	       caches_check(config, error);
}
