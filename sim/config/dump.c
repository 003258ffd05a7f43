/* dump.c: the effective configuration as JSON, every option written out.
 *
 * Options nest by their paths, in the order of the table; those of the chosen policy stand at the
 * end of their group, `replacement`. Options of other policies have no effect and are left out. */
#include "base/json_out.h"
#include "config/layers.h"

#include <string.h>

/* Closes and opens objects to get from the group of one path to that of another. */
static void change_group(struct json_out *out, const char *from, const char *to)
{
	size_t common = 0;

	for (size_t i = 0; from[i] && from[i] == to[i]; i++)
		if (from[i] == '.')
			common = i + 1;
	for (const char *p = from + common; (p = strchr(p, '.')); p++)
		json_out_end(out, '}');
	for (const char *p = to + common, *dot; (dot = strchr(p, '.')); p = dot + 1) {
		char *name = g_strndup(p, (gsize)(dot - p));

		json_out_begin(out, name, '{');
		g_free(name);
	}
}

static void dump_option(struct json_out *out, const char **last, const struct option *option,
			const struct config *config)
{
	const char *dot = strrchr(option->path, '.');
	char *text = value_json(option, value_get(option, config));

	change_group(out, *last, option->path);
	json_out_raw(out, dot ? dot + 1 : option->path, text);
	*last = option->path;
	g_free(text);
}

/* Options of the chosen policy. */
static void dump_policy(struct json_out *out, const char **last, const struct config *config)
{
	const struct option *option;

	for (size_t i = 0; (option = option_at(i)); i++)
		if (option->policy == config->replacement.policy)
			dump_option(out, last, option, config);
}

char *vmsim_config_dump(const vmsim_config *handle)
{
	const struct config *config = handle->finished ? &handle->done : &handle->raw;
	struct json_out out = {.text = g_string_new(NULL)};
	const struct option *option;
	const char *last = "";

	json_out_begin(&out, NULL, '{');
	for (size_t i = 0; (option = option_at(i)) && option->policy < 0; i++) {
		if (g_str_has_prefix(last, "replacement.") &&
		    !g_str_has_prefix(option->path, "replacement."))
			dump_policy(&out, &last, config);
		if (option->type != OPTION_FRAMES)
			dump_option(&out, &last, option, config);
	}
	change_group(&out, last, "");
	json_out_end(&out, '}');
	g_string_append_c(out.text, '\n');
	return g_string_free(out.text, FALSE);
}

char *config_text(const struct config *config, const char *path)
{
	const struct option *option = option_find(path);
	char *json = value_json(option, value_get(option, config));
	size_t n = strlen(json);
	char *text = json[0] == '"' ? g_strndup(json + 1, n - 2) : g_strdup(json);

	g_free(json);
	return text;
}
