/* options.h: the table of options, and reading, writing and storing the values of one.
 *
 * Options of the machine come first, in the order of options.def; those of the policies
 * (replacement.NAME.OPTION) follow in the order in which the policies were registered. An
 * option's index never changes. */
#ifndef CONFIG_OPTIONS_H
#define CONFIG_OPTIONS_H

#include "config/config.h"

enum option_type {
	OPTION_COUNT,
	OPTION_WAYS,
	OPTION_FRAMES,
	OPTION_BYTES,
	OPTION_RATE,
	OPTION_TIME,
	OPTION_BOOL,
	OPTION_DEC3,
	OPTION_FRACTION,
	OPTION_CHOICE,
	OPTION_INDEX,
	OPTION_POLICY,
};

struct option {
	const char *path;
	enum option_type type;
	size_t offset; /* of the member in struct config; of a policy's option: its number */
	int policy;    /* whose option it is, or -1 */
	const char *def;
	uint64_t min, max;
	const char *unit, *doc, *source;
};

/* A value of any type. TIME uses is_time; CHOICE and POLICY hold an index, BOOL 0 or 1, INDEX the
 * address of a text that lasts (g_intern_string). */
struct value {
	uint64_t n;
	bool is_time;
};

/* How a value was written. BARE is what a command line gives: any of them, without quotes. */
enum literal { LITERAL_BARE, LITERAL_NUMBER, LITERAL_STRING, LITERAL_BOOL };

/* option_at: NULL past the last. option_find: NULL when there is no such path. */
const struct option *option_at(size_t index);
const struct option *option_find(const char *path);
size_t option_count(void);
/* option_slot: index of the option that holds the value: its own, but for another spelling. */
size_t option_slot(const struct option *option);
/* option_is_group: whether path names options below it, as "tlb.l2". */
bool option_is_group(const char *path);
/* option_nearest: the option or group whose path is most like path. g_free() it. */
char *option_nearest(const char *path, bool group);
/* option_names: "a|b|c" of a CHOICE or POLICY. g_free() it. */
char *option_names(const struct option *option);
bool option_has_auto(const struct option *option);
/* option_expected: what a value may be, for messages and documentation. g_free() it. */
char *option_expected(const struct option *option);

/* value_parse: text as a value of the option.
 * => an error says what is wrong and what was expected, without naming the option */
bool value_parse(const struct option *option, const char *text, enum literal literal,
		 struct value *value, GError **error);
struct value value_default(const struct option *option);
struct value value_get(const struct option *option, const struct config *config);
void value_put(const struct option *option, struct config *config, struct value value);
/* value_json: the value as JSON text, which value_parse reads back. g_free() it. */
char *value_json(const struct option *option, struct value value);

#endif
