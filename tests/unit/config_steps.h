/* config_steps.h: configurations made of steps, and what becomes of them. */
#ifndef TESTS_CONFIG_STEPS_H
#define TESTS_CONFIG_STEPS_H

#include "config/config.h"

#include <string.h>
#include <vmsim/trace.h>

/* Applies steps, then finishes. A step is "PATH=VALUE", "{json}", "default PATH=VALUE", "below
 * PRESET" or a preset's name. Returns NULL with error set on failure. */
static inline vmsim_config *make(GError **error, const char *const *steps)
{
	vmsim_config *config = vmsim_config_new();
	bool good = true;

	for (; *steps && good; steps++) {
		if ((*steps)[0] == '{')
			good = vmsim_config_load_text(config, *steps, "FILE", error);
		else if (g_str_has_prefix(*steps, "default "))
			good = vmsim_config_set_default(config, *steps + 8, error);
		else if (g_str_has_prefix(*steps, "below "))
			good = vmsim_config_load_below(config, *steps + 6, error);
		else if (strchr(*steps, '='))
			good = vmsim_config_set(config, *steps, error);
		else
			good = vmsim_config_load(config, *steps, error);
	}
	if (good && vmsim_config_finish(config, error))
		return config;
	vmsim_config_free(config);
	return NULL;
}

#define MAKE(...) make(&error, (const char *const[]){__VA_ARGS__, NULL})

static inline void expect_failure(const char *step, const char *message)
{
	GError *error = NULL;

	g_assert_null(MAKE(step));
	g_assert_cmpstr(error->message, ==, message);
	g_assert_true(error->domain == VMSIM_ERROR);
	g_error_free(error);
}

/* The option's value as a configuration made of steps dumps it. */
#define EXPECT(path, expected, ...)                           \
	do {                                                  \
		GError *error = NULL;                         \
		vmsim_config *config = MAKE(__VA_ARGS__);     \
		char *text;                                   \
                                                              \
		g_assert_no_error(error);                     \
		text = config_text(config_get(config), path); \
		g_assert_cmpstr(text, ==, expected);          \
		g_free(text);                                 \
		vmsim_config_free(config);                    \
	} while (0)

#endif
