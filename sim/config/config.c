/* config.c: the public handle: layers applied in order, and who may override whom.
 *
 * Invariants
 *  1 raw holds a value for every option, ranks how it came by it; both cover the policies known.
 *  2 done is raw resolved, and owns its own policy values; it is only read while finished.
 *  3 A layer is applied whole or, when anything in it is wrong, not at all.
 *  4 A device.* option is RANK_NONE or not lower in rank than pagefile.device: choosing a device
 *    clears what was said about the one before. */
#include "config/layers.h"
#include "config/presets.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <vmsim/policy.h>
#include <vmsim/trace.h>

#define MAX_FILE ((size_t)4 << 20)

/* --- values of the policies' options -------------------------------------------------------- */

void config_values_grow(struct config *config)
{
	const struct replace_ops *ops;

	if (!config->policy_options)
		config->policy_options = g_ptr_array_new_with_free_func(g_free);
	while ((ops = vmsim_policy_at(config->policy_options->len))) {
		uint64_t *values = g_new0(uint64_t, ops->n_options + 1);

		for (size_t i = 0; i < ops->n_options; i++)
			values[i] = ops->options[i].def;
		g_ptr_array_add(config->policy_options, values);
	}
}

void config_values_copy(struct config *to, const struct config *from)
{
	to->policy_options = g_ptr_array_new_with_free_func(g_free);
	for (guint i = 0; i < from->policy_options->len; i++) {
		size_t n = vmsim_policy_at(i)->n_options + 1;
		uint64_t *values = g_new(uint64_t, n);

		memcpy(values, g_ptr_array_index(from->policy_options, i), n * sizeof *values);
		g_ptr_array_add(to->policy_options, values);
	}
}

void config_values_free(struct config *config)
{
	if (config->policy_options)
		g_ptr_array_free(config->policy_options, TRUE);
	config->policy_options = NULL;
}

const uint64_t *config_policy_options(const struct config *config, size_t policy)
{
	return g_ptr_array_index(config->policy_options, (guint)policy);
}

/* --- making, copying, freeing --------------------------------------------------------------- */

/* Makes room for policies that were registered since. */
static void grow(vmsim_config *config)
{
	size_t n = option_count();
	guint old = config->ranks->len;

	config_values_grow(&config->raw);
	if (n > old) {
		g_byte_array_set_size(config->ranks, (guint)n);
		memset(config->ranks->data + old, RANK_NONE, n - old);
	}
}

vmsim_config *vmsim_config_new(void)
{
	vmsim_config *config = g_new0(vmsim_config, 1);
	const struct option *option;

	config->ranks = g_byte_array_new();
	grow(config);
	for (size_t i = 0; (option = option_at(i)); i++)
		value_put(option, &config->raw, value_default(option));
	return config;
}

static void unfinish(vmsim_config *config)
{
	config_values_free(&config->done);
	config->finished = false;
}

vmsim_config *vmsim_config_copy(const vmsim_config *config)
{
	vmsim_config *copy = g_new(vmsim_config, 1);

	*copy = *config;
	copy->ranks = g_byte_array_new();
	g_byte_array_append(copy->ranks, config->ranks->data, config->ranks->len);
	config_values_copy(&copy->raw, &config->raw);
	if (config->finished)
		config_values_copy(&copy->done, &config->done);
	else
		copy->done.policy_options = NULL;
	return copy;
}

void vmsim_config_free(vmsim_config *config)
{
	if (!config)
		return;
	unfinish(config);
	config_values_free(&config->raw);
	g_byte_array_free(config->ranks, TRUE);
	g_free(config);
}

bool vmsim_config_finish(vmsim_config *config, GError **error)
{
	unfinish(config);
	grow(config);
	config->done = config->raw;
	config_values_copy(&config->done, &config->raw);
	config->finished = config_resolve(&config->done, config->ranks, error);
	if (!config->finished)
		unfinish(config);
	return config->finished;
}

const struct config *config_get(const vmsim_config *config)
{
	return config->finished ? &config->done : NULL;
}

/* --- applying layers ------------------------------------------------------------------------ */

static bool is_device_choice(const struct option *option)
{
	return g_str_equal(option->path, "pagefile.device");
}

static bool is_device_detail(const struct option *option)
{
	return g_str_has_prefix(option->path, "device.");
}

static enum rank rank_of(const vmsim_config *config, const struct option *option)
{
	return config->ranks->data[option_slot(option)];
}

/* Stores one value, unless the option's present one ranks higher. */
static bool assign(vmsim_config *config, const struct assignment *a, enum rank rank)
{
	enum rank now = rank_of(config, a->option);

	if (now > rank || (rank == RANK_BELOW && now == rank))
		return false;
	value_put(a->option, &config->raw, a->value);
	config->ranks->data[option_slot(a->option)] = (guint8)rank;
	return true;
}

/* Takes back what layers up to rank said about the device. */
static void clear_device(vmsim_config *config, enum rank rank)
{
	const struct option *option;

	for (size_t i = 0; (option = option_at(i)); i++)
		if (is_device_detail(option) && config->ranks->data[i] <= rank) {
			value_put(option, &config->raw, value_default(option));
			config->ranks->data[i] = RANK_NONE;
		}
}

/* Applies a layer: the choice of device first, since it clears the details. */
static void apply(vmsim_config *config, const GArray *layer, enum rank rank)
{
	const struct option *device = option_find("pagefile.device");
	bool chosen = false, details;

	for (guint i = 0; i < layer->len; i++) {
		const struct assignment *a = &g_array_index(layer, struct assignment, i);

		if (is_device_choice(a->option) && assign(config, a, rank)) {
			clear_device(config, rank);
			chosen = true;
		}
	}
	/* Details of a device that something higher has replaced mean nothing any more. */
	details = chosen || rank_of(config, device) < rank ||
		  (rank > RANK_BELOW && rank_of(config, device) == rank);
	for (guint i = 0; i < layer->len; i++) {
		const struct assignment *a = &g_array_index(layer, struct assignment, i);

		if (!is_device_choice(a->option) && (details || !is_device_detail(a->option)))
			assign(config, a, rank);
	}
	unfinish(config);
}

static bool load_text(vmsim_config *config, const char *text, size_t length, const char *name,
		      enum rank rank, GError **error)
{
	GArray *layer;

	grow(config);
	layer = json_assignments(text, length, name, error);
	if (!layer)
		return false;
	apply(config, layer, rank);
	g_array_free(layer, TRUE);
	return true;
}

bool vmsim_config_load_text(vmsim_config *config, const char *text, const char *name,
			    GError **error)
{
	return load_text(config, text, strlen(text), name, RANK_NAMED, error);
}

static const struct preset *find_preset(const char *name)
{
	for (const struct preset *p = presets; p->name; p++)
		if (g_str_equal(p->name, name))
			return p;
	return NULL;
}

static bool load_preset(vmsim_config *config, const struct preset *preset, enum rank rank,
			GError **error)
{
	char *text = g_strjoinv("\n", (char **)(uintptr_t)preset->lines);
	bool loaded = load_text(config, text, strlen(text), preset->name, rank, error);

	g_free(text);
	return loaded;
}

static char *preset_names(void)
{
	GString *names = g_string_new(NULL);

	for (const struct preset *p = presets; p->name; p++)
		g_string_append_printf(names, "%s%s", p > presets ? ", " : "", p->name);
	return g_string_free(names, FALSE);
}

/* The whole of a file, at most MAX_FILE bytes; NULL with error set. */
static char *read_file(const char *path, size_t *length, GError **error)
{
	FILE *file = fopen(path, "rb");
	char *text = NULL, *names;
	int why = errno;

	*length = 0;
	if (file) {
		text = g_malloc(MAX_FILE + 1);
		errno = 0;
		*length = fread(text, 1, MAX_FILE + 1, file);
		why = ferror(file) ? (errno ? errno : EIO) : *length > MAX_FILE ? EFBIG : 0;
		fclose(file);
		if (!why)
			return text;
	}
	g_free(text);
	names = preset_names();
	g_set_error(error, VMSIM_ERROR, VMSIM_ERROR_FILE,
		    strchr(path, '/') ? "%s: %s" : "%s: %s (and no preset of that name: %s)", path,
		    g_strerror(why), names);
	g_free(names);
	return NULL;
}

bool vmsim_config_load(vmsim_config *config, const char *file_or_preset, GError **error)
{
	const struct preset *preset = find_preset(file_or_preset);
	size_t length;
	char *text;
	bool loaded;

	if (preset)
		return load_preset(config, preset, RANK_NAMED, error);
	text = read_file(file_or_preset, &length, error);
	if (!text)
		return false;
	loaded = load_text(config, text, length, file_or_preset, RANK_NAMED, error);
	g_free(text);
	return loaded;
}

bool vmsim_config_load_below(vmsim_config *config, const char *name, GError **error)
{
	const struct preset *preset = find_preset(name);
	char *names;

	if (preset)
		return load_preset(config, preset, RANK_BELOW, error);
	names = preset_names();
	g_set_error(error, VMSIM_ERROR, VMSIM_ERROR_CONFIG,
		    "%s: no such preset (expected one of %s)", name, names);
	g_free(names);
	return false;
}

/* The option that path names, or NULL with an error that names the nearest. */
static const struct option *find_option(const char *path, GError **error)
{
	const struct option *option = option_find(path);
	char *nearest;

	if (option)
		return option;
	if (option_is_group(path)) {
		g_set_error(error, VMSIM_ERROR, VMSIM_ERROR_CONFIG,
			    "%s is a group of options (expected the path of one)", path);
		return NULL;
	}
	nearest = option_nearest(path, false);
	g_set_error(error, VMSIM_ERROR, VMSIM_ERROR_CONFIG, "unknown option (did you mean %s?)",
		    nearest);
	g_free(nearest);
	return NULL;
}

/* Reads and applies "PATH=VALUE". */
static bool set(vmsim_config *config, const char *assignment, enum rank rank, GError **error)
{
	const char *equals = strchr(assignment, '=');
	struct assignment a = {0};
	GArray *layer;
	char *path;

	grow(config);
	if (!equals) {
		g_set_error(error, VMSIM_ERROR, VMSIM_ERROR_CONFIG,
			    "no value (expected PATH=VALUE)");
		return false;
	}
	path = g_strndup(assignment, (gsize)(equals - assignment));
	a.option = find_option(g_strstrip(path), error);
	g_free(path);
	if (!a.option || !value_parse(a.option, equals + 1, LITERAL_BARE, &a.value, error))
		return false;
	layer = g_array_new(FALSE, FALSE, sizeof a);
	g_array_append_val(layer, a);
	apply(config, layer, rank);
	g_array_free(layer, TRUE);
	return true;
}

bool vmsim_config_set(vmsim_config *config, const char *assignment, GError **error)
{
	if (set(config, assignment, RANK_NAMED, error))
		return true;
	g_prefix_error(error, "--set %s: ", assignment);
	return false;
}

bool vmsim_config_set_default(vmsim_config *config, const char *assignment, GError **error)
{
	if (set(config, assignment, RANK_DIRECTIVE, error))
		return true;
	g_prefix_error(error, "%s: ", assignment);
	return false;
}

/* --- presets -------------------------------------------------------------------------------- */

const char *vmsim_config_preset(size_t index, const char **doc)
{
	size_t n = 0;

	while (presets[n].name && n < index)
		n++;
	if (!presets[n].name)
		return NULL;
	if (doc) {
		const char *line = presets[n].lines[0]; /* a comment: what the preset is */

		*doc = line && g_str_has_prefix(line, "// ") ? line + 3 : "";
	}
	return presets[n].name;
}
