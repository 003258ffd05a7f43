/* value.c: values of one option: reading them, storing them, writing them back. */
#include "config/index.h"
#include "config/options.h"
#include "config/units.h"

#include <string.h>
#include <vmsim/policy.h>
#include <vmsim/trace.h>

#define MAX_EXACT ((uint64_t)1 << 53) /* JSON numbers above may have lost digits on their way */

/* --- what an option accepts --------------------------------------------------------------- */

static char *expected_range(const struct option *option, const char *what)
{
	const char *also = option_has_auto(option)       ? ", or \"auto\""
			   : option->type == OPTION_WAYS ? ", or \"full\""
							 : "";

	if (option->max == UINT64_MAX && option->min == 0)
		return g_strdup_printf("%s%s", what, also);
	if (option->max == UINT64_MAX)
		return g_strdup_printf("%s, at least %" G_GUINT64_FORMAT "%s", what, option->min,
				       also);
	return g_strdup_printf("%s, %" G_GUINT64_FORMAT "..%" G_GUINT64_FORMAT "%s", what,
			       option->min, option->max, also);
}

char *option_expected(const struct option *option)
{
	char *names, *text, *min, *max;

	switch (option->type) {
	case OPTION_BOOL:
		return g_strdup("true or false");
	case OPTION_BYTES:
	case OPTION_FRAMES:
		return expected_range(option, "bytes, such as \"64MiB\"");
	case OPTION_RATE:
		return expected_range(option, "bytes per second, such as \"3500MB\"");
	case OPTION_TIME:
		return expected_range(option, "cycles, or a time such as \"80ns\"");
	case OPTION_DEC3:
		min = units_print_thousandths(option->min);
		max = units_print_thousandths(option->max);
		text = g_strdup_printf("a decimal number of at most three places, %s..%s", min,
				       max);
		g_free(min);
		g_free(max);
		return text;
	case OPTION_FRACTION:
		return g_strdup("a fraction such as \"1/8\", above 0 and at most 1");
	case OPTION_CHOICE:
	case OPTION_POLICY:
		names = option_names(option);
		text = g_strdup_printf("one of %s", names);
		g_free(names);
		return text;
	case OPTION_INDEX:
		return g_strdup("\"linear\", \"xor\", or groups of bits such as \"0^7,1^8,2\"");
	default:
		return expected_range(option, "a whole number");
	}
}

/* --- reading ------------------------------------------------------------------------------ */

static const char *parse_choice(const struct option *option, const char *text, uint64_t *out)
{
	char *names = option_names(option);
	char **list = g_strsplit(names, "|", -1);
	const char *wrong = "is not known";

	for (uint64_t i = 0; list[i] && wrong; i++)
		if (g_str_equal(list[i], text)) {
			*out = i;
			wrong = NULL;
		}
	g_strfreev(list);
	g_free(names);
	return wrong;
}

static const char *parse_bool(const char *text, uint64_t *out)
{
	*out = g_str_equal(text, "true");
	return *out || g_str_equal(text, "false") ? NULL : "is neither";
}

static const char *parse_frames(const char *text, uint64_t *out)
{
	const char *wrong = units_bytes(text, out);

	if (!wrong && *out % VMSIM_PAGE_SIZE != 0)
		return "is not a multiple of 4096";
	return wrong;
}

static const char *parse_index(const char *text, uint64_t *out)
{
	struct index_function index;
	const char *wrong = index_parse(text, &index);

	if (!wrong)
		*out = (uintptr_t)g_intern_string(text);
	return wrong;
}

/* Whether the value is kept as something else than a number. */
static bool is_named(const struct option *option)
{
	return option->type == OPTION_BOOL || option->type == OPTION_CHOICE ||
	       option->type == OPTION_POLICY || option->type == OPTION_INDEX;
}

/* Whether a JSON literal of this kind may be given at all: NULL, or what it is instead. */
static const char *wrong_literal(const struct option *option, enum literal literal)
{
	switch (literal) {
	case LITERAL_NUMBER:
		return is_named(option) ? "is a number" : NULL;
	case LITERAL_STRING:
		return option->type == OPTION_BOOL ? "is a string" : NULL;
	case LITERAL_BOOL:
		return is_named(option) ? NULL : "is a boolean";
	default:
		return NULL;
	}
}

static const char *parse(const struct option *option, const char *text, struct value *value)
{
	switch (option->type) {
	case OPTION_FRAMES:
		return parse_frames(text, &value->n);
	case OPTION_BYTES:
		return units_bytes(text, &value->n);
	case OPTION_RATE:
		return units_rate(text, &value->n);
	case OPTION_TIME:
		return units_time(text, &value->n, &value->is_time);
	case OPTION_DEC3:
		return units_thousandths(text, &value->n);
	case OPTION_FRACTION:
		return units_fraction(text, &value->n);
	case OPTION_BOOL:
		return parse_bool(text, &value->n);
	case OPTION_CHOICE:
	case OPTION_POLICY:
		return parse_choice(option, text, &value->n);
	case OPTION_INDEX:
		return parse_index(text, &value->n);
	default:
		return units_count(text, &value->n);
	}
}

/* What a number may not be besides badly written. */
static const char *check_number(const struct option *option, enum literal literal,
				const struct value *value)
{
	if (is_named(option) || option->type == OPTION_FRACTION)
		return NULL;
	if (literal == LITERAL_NUMBER && value->n > MAX_EXACT && option->type != OPTION_DEC3)
		return "is above 2^53 and must be given as a string";
	if (value->n < option->min || value->n > option->max)
		return "is out of range";
	if (value->n == CONFIG_AUTO && (option_has_auto(option) || option->type == OPTION_WAYS))
		return "is out of range";
	return NULL;
}

bool value_parse(const struct option *option, const char *text, enum literal literal,
		 struct value *value, GError **error)
{
	const char *wrong = wrong_literal(option, literal), *quote, *automatic;
	char *expected;

	*value = (struct value){0};
	automatic = option_has_auto(option) ? "auto" : option->type == OPTION_WAYS ? "full" : NULL;
	if (!wrong && automatic && g_str_equal(text, automatic)) {
		value->n = CONFIG_AUTO;
		return true;
	}
	if (!wrong)
		wrong = parse(option, text, value);
	if (!wrong)
		wrong = check_number(option, literal, value);
	if (!wrong) {
		if (option->type == OPTION_FRAMES)
			value->n /= VMSIM_PAGE_SIZE;
		return true;
	}
	quote = literal == LITERAL_STRING || !*text ? "\"" : "";
	expected = option_expected(option);
	g_set_error(error, VMSIM_ERROR, VMSIM_ERROR_CONFIG, "%s%.60s%s %s (expected %s)", quote,
		    text, quote, wrong, expected);
	g_free(expected);
	return false;
}

struct value value_default(const struct option *option)
{
	struct value value;
	bool parsed = value_parse(option, option->def, LITERAL_BARE, &value, NULL);

	g_assert(parsed);
	return value;
}

/* --- storing ------------------------------------------------------------------------------ */

static uint64_t *policy_value(const struct option *option, const struct config *config)
{
	uint64_t *values = g_ptr_array_index(config->policy_options, (guint)option->policy);

	return &values[option->offset];
}

struct value value_get(const struct option *option, const struct config *config)
{
	const char *at = (const char *)config + option->offset;
	const struct duration *duration;
	const int *index;

	if (option->policy >= 0)
		return (struct value){.n = *policy_value(option, config)};
	switch (option->type) {
	case OPTION_BOOL:
		return (struct value){.n = *(const bool *)(const void *)at};
	case OPTION_CHOICE:
	case OPTION_POLICY:
		index = (const void *)at;
		return (struct value){.n = (uint64_t)*index};
	case OPTION_INDEX:
		return (struct value){.n = (uintptr_t)*(const char *const *)(const void *)at};
	case OPTION_TIME:
		duration = (const void *)at;
		return (struct value){.n = duration->amount, .is_time = duration->is_time};
	default:
		return (struct value){.n = *(const uint64_t *)(const void *)at};
	}
}

void value_put(const struct option *option, struct config *config, struct value value)
{
	void *at = (char *)config + option->offset;

	if (option->policy >= 0) {
		*policy_value(option, config) = value.n;
		return;
	}
	switch (option->type) {
	case OPTION_BOOL:
		*(bool *)at = value.n != 0;
		break;
	case OPTION_CHOICE:
	case OPTION_POLICY:
		*(int *)at = (int)value.n;
		break;
	case OPTION_INDEX:
		*(const char **)at = (const char *)(uintptr_t)value.n;
		break;
	case OPTION_TIME:
		*(struct duration *)at =
			(struct duration){.amount = value.n, .is_time = value.is_time};
		break;
	default:
		*(uint64_t *)at = value.n;
		break;
	}
}

/* --- writing ------------------------------------------------------------------------------ */

static char *print_choice(const struct option *option, uint64_t n)
{
	char *names = option_names(option);
	char **list = g_strsplit(names, "|", -1);
	char *text = g_strdup_printf("\"%s\"", list[n]);

	g_strfreev(list);
	g_free(names);
	return text;
}

char *value_json(const struct option *option, struct value value)
{
	char *time, *text;

	if (value.n == CONFIG_AUTO && option->type == OPTION_WAYS)
		return g_strdup("\"full\"");
	if (value.n == CONFIG_AUTO && option_has_auto(option))
		return g_strdup("\"auto\"");
	switch (option->type) {
	case OPTION_BOOL:
		return g_strdup(value.n ? "true" : "false");
	case OPTION_CHOICE:
	case OPTION_POLICY:
		return print_choice(option, value.n);
	case OPTION_INDEX:
		return g_strdup_printf("\"%s\"", (const char *)(uintptr_t)value.n);
	case OPTION_DEC3:
		return units_print_thousandths(value.n);
	case OPTION_FRACTION:
		time = units_print_fraction(value.n);
		text = g_strdup_printf("\"%s\"", time);
		g_free(time);
		return text;
	case OPTION_TIME:
		if (!value.is_time)
			break;
		time = units_print_time(value.n);
		text = g_strdup_printf("\"%s\"", time);
		g_free(time);
		return text;
	default:
		break;
	}
	return g_strdup_printf(
		value.n > MAX_EXACT ? "\"%" G_GUINT64_FORMAT "\"" : "%" G_GUINT64_FORMAT, value.n);
}
