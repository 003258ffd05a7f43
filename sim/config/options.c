/* options.c: the table of options, made from options.def and the policies' own tables. */
#include "config/options.h"

#include <string.h>
#include <vmsim/policy.h>

/* 1, provided that the member is of the C type that the option's type is kept in. */
#define MEMBER(m) (((struct config *)0)->m)
#define KEPT_COUNT(m) _Generic(MEMBER(m), uint64_t : 1)
#define KEPT_WAYS(m) KEPT_COUNT(m)
#define KEPT_FRAMES(m) KEPT_COUNT(m)
#define KEPT_BYTES(m) KEPT_COUNT(m)
#define KEPT_RATE(m) KEPT_COUNT(m)
#define KEPT_DEC3(m) KEPT_COUNT(m)
#define KEPT_FRACTION(m) KEPT_COUNT(m)
#define KEPT_TIME(m) _Generic(MEMBER(m), struct duration : 1)
#define KEPT_BOOL(m) _Generic(MEMBER(m), bool : 1)
#define KEPT_CHOICE(m) _Generic(MEMBER(m), int : 1)
#define KEPT_POLICY(m) KEPT_CHOICE(m)
#define KEPT_INDEX(m) _Generic(MEMBER(m), const char * : 1)

static const struct option machine_options[] = {
#define OPTION(path, member, type, def, min, max, unit, doc, source)                  \
	{path,  OPTION_##type, offsetof(struct config, member) * KEPT_##type(member), \
	 -1,    def,           min,                                                   \
	 max,   unit,          doc,                                                   \
	 source},
#include "config/options.def"
};

static const struct {
	const char *path, *names;
} choices[] = {
#define CHOICES(path, names) {path, names},
#include "config/options.def"
};

/* Options of the policies, appended as policies become known and never freed. */
static struct {
	GMutex lock;
	GPtrArray *options; /* of struct option */
	size_t policies;    /* those whose options are in */
} known;

static void learn_policy(const struct replace_ops *ops, int policy)
{
	for (size_t i = 0; i < ops->n_options; i++) {
		const struct vmsim_policy_option *from = &ops->options[i];
		struct option *option = g_new0(struct option, 1);

		option->path = g_strdup_printf("replacement.%s.%s", ops->name, from->name);
		option->type = from->boolean ? OPTION_BOOL : OPTION_COUNT;
		option->offset = i;
		option->policy = policy;
		option->def = from->boolean ? g_strdup(from->def ? "true" : "false")
					    : g_strdup_printf("%" G_GUINT64_FORMAT, from->def);
		option->min = from->min;
		option->max = from->max;
		option->unit = "";
		option->doc = from->doc;
		option->source = "";
		g_ptr_array_add(known.options, option);
	}
}

static void learn_policies(void)
{
	const struct replace_ops *ops;

	if (!known.options)
		known.options = g_ptr_array_new();
	while ((ops = vmsim_policy_at(known.policies)))
		learn_policy(ops, (int)known.policies++);
}

const struct option *option_at(size_t index)
{
	const struct option *option = NULL;

	if (index < G_N_ELEMENTS(machine_options))
		return &machine_options[index];
	index -= G_N_ELEMENTS(machine_options);
	g_mutex_lock(&known.lock);
	learn_policies();
	if (index < known.options->len)
		option = g_ptr_array_index(known.options, index);
	g_mutex_unlock(&known.lock);
	return option;
}

size_t option_count(void)
{
	size_t n = G_N_ELEMENTS(machine_options);

	while (option_at(n))
		n++;
	return n;
}

size_t option_slot(const struct option *option)
{
	size_t i = 0;

	while (option_at(i) != option)
		i++;
	return option->type == OPTION_FRAMES ? i - 1 : i;
}

const struct option *option_find(const char *path)
{
	const struct option *option;

	for (size_t i = 0; (option = option_at(i)); i++)
		if (g_str_equal(option->path, path))
			return option;
	return NULL;
}

bool option_is_group(const char *path)
{
	const struct option *option;
	size_t n = strlen(path);

	for (size_t i = 0; (option = option_at(i)); i++)
		if (!strncmp(option->path, path, n) && option->path[n] == '.')
			return true;
	return false;
}

/* Levenshtein distance between a and the first n bytes of b. */
static size_t edit_distance(const char *a, const char *b, size_t n)
{
	size_t *row = g_new(size_t, n + 1), distance;

	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1]; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= n; j++) {
			size_t change = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			row[j] = MIN(MIN(row[j], row[j - 1]) + 1, change);
		}
	}
	distance = row[n];
	g_free(row);
	return distance;
}

/* Considers the first n bytes of path as an answer of option_nearest(). */
static void consider(const char *wanted, const char *path, size_t n, size_t *least,
		     const char **nearest, size_t *length)
{
	size_t distance = edit_distance(wanted, path, n);

	if (distance >= *least)
		return;
	*least = distance;
	*nearest = path;
	*length = n;
}

char *option_nearest(const char *path, bool group)
{
	char *wanted = g_strndup(path, 200); /* no option is nearly as long */
	const struct option *option;
	const char *nearest = "";
	size_t least = SIZE_MAX, length = 0;

	for (size_t i = 0; (option = option_at(i)); i++) {
		const char *dot = group ? strchr(option->path, '.') : NULL;

		if (!group)
			consider(wanted, option->path, strlen(option->path), &least, &nearest,
				 &length);
		for (; dot; dot = strchr(dot + 1, '.'))
			consider(wanted, option->path, (size_t)(dot - option->path), &least,
				 &nearest, &length);
	}
	g_free(wanted);
	return g_strndup(nearest, length);
}

char *option_names(const struct option *option)
{
	const struct replace_ops *ops;
	GString *names;

	for (size_t i = 0; i < G_N_ELEMENTS(choices); i++)
		if (g_str_equal(choices[i].path, option->path))
			return g_strdup(choices[i].names);
	names = g_string_new(NULL);
	for (size_t i = 0; (ops = vmsim_policy_at(i)); i++)
		g_string_append_printf(names, "%s%s", i > 0 ? "|" : "", ops->name);
	return g_string_free(names, FALSE);
}

bool option_has_auto(const struct option *option)
{
	return g_str_equal(option->def, "auto") && option->type != OPTION_CHOICE;
}

static const char *option_type_name(enum option_type type)
{
	static const char *const names[] = {
		[OPTION_COUNT] = "count",   [OPTION_WAYS] = "count",
		[OPTION_FRAMES] = "bytes",  [OPTION_BYTES] = "bytes",
		[OPTION_RATE] = "rate",     [OPTION_TIME] = "time",
		[OPTION_BOOL] = "boolean",  [OPTION_DEC3] = "decimal",
		[OPTION_CHOICE] = "choice", [OPTION_POLICY] = "choice",
		[OPTION_INDEX] = "text",    [OPTION_FRACTION] = "fraction"};

	return names[type];
}

/* What an option accepts, in short. */
static char *option_values(const struct option *option)
{
	const char *also = option_has_auto(option)       ? "|auto"
			   : option->type == OPTION_WAYS ? "|full"
							 : "";
	char *values;

	switch (option->type) {
	case OPTION_BOOL:
		return g_strdup("true|false");
	case OPTION_DEC3:
		return g_strdup_printf("%" G_GUINT64_FORMAT ".%03u..%" G_GUINT64_FORMAT,
				       option->min / 1000, (unsigned)(option->min % 1000),
				       option->max / 1000);
	case OPTION_FRACTION:
		return g_strdup("above 0, up to 1");
	case OPTION_CHOICE:
	case OPTION_POLICY:
		return option_names(option);
	case OPTION_INDEX:
		return g_strdup("linear|xor|bits");
	default:
		break;
	}
	if (option->max == UINT64_MAX)
		values = g_strdup_printf("%" G_GUINT64_FORMAT "..%s", option->min, also);
	else
		values = g_strdup_printf("%" G_GUINT64_FORMAT "..%" G_GUINT64_FORMAT "%s",
					 option->min, option->max, also);
	return values;
}

const struct vmsim_option_info *vmsim_config_option(size_t index)
{
	static GMutex lock;
	static GPtrArray *infos; /* of struct vmsim_option_info, made when asked for, kept */
	const struct vmsim_option_info *found = NULL;
	const struct option *option;

	g_mutex_lock(&lock);
	if (!infos)
		infos = g_ptr_array_new();
	while (infos->len <= index && (option = option_at(infos->len))) {
		struct vmsim_option_info *info = g_new0(struct vmsim_option_info, 1);

		g_strlcpy(info->path, option->path, sizeof info->path);
		info->type = option_type_name(option->type);
		info->unit = option->unit;
		info->values = option_values(option);
		info->def = option->def;
		info->doc = option->doc;
		info->source = option->source;
		g_ptr_array_add(infos, info);
	}
	if (index < infos->len)
		found = g_ptr_array_index(infos, index);
	g_mutex_unlock(&lock);
	return found;
}
