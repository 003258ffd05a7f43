/* model.h: what the model tests share: running the program under test on a trace, and reading
 * figures out of its report. The models themselves share nothing with the simulator. */
#ifndef MODEL_H
#define MODEL_H

#include <cjson/cJSON.h>
#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* model_open: read a file through the decompressor its name asks for. Close with pclose(). */
static inline FILE *model_open(const char *path)
{
	const char *tool = g_str_has_suffix(path, ".xz")    ? "xz -dc"
			   : g_str_has_suffix(path, ".gz")  ? "gzip -dc"
			   : g_str_has_suffix(path, ".zst") ? "zstd -qdc"
							    : "cat";
	char *quoted = g_shell_quote(path);
	char *command = g_strdup_printf("%s %s", tool, quoted);
	FILE *in = popen(command, "r");

	if (!in)
		g_error("cannot run %s", command);
	g_free(command);
	g_free(quoted);
	return in;
}

/* model_temp: a new empty file. g_unlink() and g_free() it. */
static inline char *model_temp(void)
{
	char *path = NULL;
	int fd = g_file_open_tmp("vmsim-model-XXXXXX", &path, NULL);

	g_assert_cmpint(fd, >=, 0);
	g_close(fd, NULL);
	return path;
}

/* model_run: "$VMSIM run -q -r REPORT settings... trace".
 * => settings: PATH=VALUE strings, NULL at the end
 * => returns the report, or NULL after failing the test */
static inline cJSON *model_run(const char *trace, const char *const *settings)
{
	const char *program = g_getenv("VMSIM");
	char *report = model_temp(), *errors = NULL, *text = NULL;
	GPtrArray *argv = g_ptr_array_new();
	int status = -1;
	cJSON *json = NULL;

	g_ptr_array_add(argv, (char *)(program ? program : "build/vmsim"));
	g_ptr_array_add(argv, (char *)"run");
	g_ptr_array_add(argv, (char *)"-q");
	g_ptr_array_add(argv, (char *)"-r");
	g_ptr_array_add(argv, report);
	for (; *settings; settings++) {
		g_ptr_array_add(argv, (char *)"-s");
		g_ptr_array_add(argv, (char *)*settings);
	}
	g_ptr_array_add(argv, (char *)trace);
	g_ptr_array_add(argv, NULL);
	if (!g_spawn_sync(NULL, (char **)argv->pdata, NULL,
			  G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_SEARCH_PATH, NULL, NULL, NULL,
			  &errors, &status, NULL) ||
	    status != 0)
		g_test_message("the program failed, status %d: %s", status, errors ? errors : "");
	else if (g_file_get_contents(report, &text, NULL, NULL))
		json = cJSON_Parse(text);
	if (!json)
		g_test_fail();
	g_ptr_array_free(argv, TRUE);
	g_unlink(report);
	g_free(report);
	g_free(errors);
	g_free(text);
	return json;
}

/* model_counter: one of the report's totals. A missing one fails the test. */
static inline uint64_t model_counter(const cJSON *report, const char *name)
{
	const cJSON *counters = cJSON_GetObjectItemCaseSensitive(report, "counters");
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(counters, name);

	if (!cJSON_IsNumber(item)) {
		g_test_message("the report has no counter %s", name);
		g_test_fail();
		return UINT64_MAX;
	}
	return (uint64_t)item->valuedouble; /* exact below 2^53 */
}

/* model_compare: a counter must equal what the model found. */
static inline void model_compare(const cJSON *report, const char *name, uint64_t expected,
				 const char *where)
{
	uint64_t got = model_counter(report, name);

	if (got == expected)
		return;
	g_test_message("%s: %s is %" G_GUINT64_FORMAT ", the model says %" G_GUINT64_FORMAT, where,
		       name, got, expected);
	g_test_fail();
}

/* model_random: the 64-bit generator splitmix64, for seeded streams. */
static inline uint64_t model_random(uint64_t *state)
{
	uint64_t z = (*state += 0x9E3779B97F4A7C15u);

	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
	z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
	return z ^ (z >> 31);
}

#endif
