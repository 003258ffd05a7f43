/* finish_tlb.c: the TLBs' options against each other: whether such arrays can be built. */
#include "config/index.h"
#include "config/layers.h"

#include <vmsim/trace.h>

static bool G_GNUC_PRINTF(2, 3) wrong(GError **error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	g_propagate_error(error, g_error_new_valist(VMSIM_ERROR, VMSIM_ERROR_CONFIG, format, args));
	va_end(args);
	return false;
}

/* --- the arrays ------------------------------------------------------------------------------- */

/* One array, as the options describe it. path is without a final name: "tlb.l2". */
struct array {
	char path[32];
	uint64_t *entries, *ways;
	int replacement;
	const char *index; /* NULL: linear, without an option */
	bool shared;       /* not built: its pages stand in another */
};

struct level {
	const char *path;
	struct tlb_config *tlb;
};

#define N_LEVELS 5
#define N_SIZES 3
#define N_ARRAYS (N_SIZES * N_LEVELS)

static void list_levels(struct config *config, struct level level[N_LEVELS])
{
	level[0] = (struct level){"tlb.l1d", &config->tlb.l1d};
	level[1] = (struct level){"tlb.l1i", &config->tlb.l1i};
	level[2] = (struct level){"tlb.l2", &config->tlb.l2};
	level[3] = (struct level){"tlb.l2i", &config->tlb.l2i};
	level[4] = (struct level){"tlb.l3", &config->tlb.l3};
}

static struct array array_of(const struct level *level, const char *name, uint64_t *entries,
			     uint64_t *ways)
{
	struct array array = {.entries = entries, .ways = ways,
			      .replacement = config_large_replacement(level->tlb)};

	g_snprintf(array.path, sizeof(array.path), "%s%s", level->path, name);
	return array;
}

static void list_arrays(struct config *config, struct array array[N_ARRAYS])
{
	struct level level[N_LEVELS];

	list_levels(config, level);
	for (unsigned i = 0; i < N_LEVELS; i++) {
		struct tlb_config *tlb = level[i].tlb;

		array[0] = array_of(&level[i], "", &tlb->entries, &tlb->ways);
		array[0].index = tlb->index;
		array[0].replacement = tlb->replacement;
		array[1] = array_of(&level[i], ".large", &tlb->large.entries, &tlb->large.ways);
		array[1].shared = tlb->large.shared;
		array[2] = array_of(&level[i], ".huge", &tlb->huge.entries, &tlb->huge.ways);
		array[2].shared = tlb->huge.shared;
		array += N_SIZES;
	}
}

/* A default of ways that no layer named gives way to a TLB that has not as many entries. */
static void resolve_ways(const struct array *array, const GByteArray *ranks)
{
	char *path = g_strconcat(array->path, ".ways", NULL);
	bool named = ranks->data[option_slot(option_find(path))] != RANK_NONE;

	if (*array->ways == CONFIG_AUTO || (!named && *array->ways > *array->entries))
		*array->ways = MAX(*array->entries, 1);
	g_free(path);
}

void finish_tlbs(struct config *config, const GByteArray *ranks)
{
	struct array array[N_ARRAYS];

	list_arrays(config, array);
	for (unsigned i = 0; i < N_ARRAYS; i++)
		resolve_ways(&array[i], ranks);
	if (config->tlb.unified) /* a lookup costs what one of the array does */
		config->tlb.l1i.latency = config->tlb.l1d.latency;
}

/* --- checks ----------------------------------------------------------------------------------- */

#define U G_GUINT64_FORMAT

static bool check_array(const struct array *array, GError **error)
{
	uint64_t entries = *array->entries, ways = *array->ways;

	if (!entries || array->shared)
		return true;
	if (entries % ways != 0)
		return wrong(error,
			     "%s.ways=%" U ": does not divide %s.entries=%" U
			     " (expected a divisor, or \"full\")",
			     array->path, ways, array->path, entries);
	if (array->replacement == TLB_MRU3_PLRU && ways % 3 != 0)
		return wrong(error,
			     "%s.ways=%" U ": no three groups for mru3-plru (expected a multiple "
			     "of 3)",
			     array->path, ways);
	if (array->index && !index_serves(array->index, entries / ways))
		return wrong(error,
			     "%s.index=%s: of no use for the %" U " sets of %" U " entries of %" U
			     " ways (expected \"linear\", or a power of two with \"xor\" or its "
			     "number of groups)",
			     array->path, array->index, entries / ways, entries, ways);
	return true;
}

static bool check_level(const struct level *level, GError **error)
{
	const struct tlb_config *tlb = level->tlb;

	if (!tlb->large.shared && tlb->large.entries && !tlb->entries)
		return wrong(error,
			     "%s.large.entries=%" U ": there is no %s (expected %s.entries above "
			     "0)",
			     level->path, tlb->large.entries, level->path, level->path);
	return true;
}

/* Levels stand on each other. */
static bool check_levels(const struct config *config, GError **error)
{
	if (config->tlb.l3.entries && !config->tlb.l2.entries)
		return wrong(error,
			     "tlb.l3.entries=%" U ": there is no tlb.l2 (expected tlb.l2.entries "
			     "above 0)",
			     config->tlb.l3.entries);
	if (config->tlb.l2i.entries && !config->tlb.l2.entries)
		return wrong(error,
			     "tlb.l2i.entries=%" U ": data has no second level (expected "
			     "tlb.l2.entries above 0)",
			     config->tlb.l2i.entries);
	if (config->tlb.coalesce.pages & (config->tlb.coalesce.pages - 1))
		return wrong(error,
			     "tlb.coalesce.pages=%" U ": no power of two (expected 2, 4 or 8)",
			     config->tlb.coalesce.pages);
	if (config->tlb.coalesce.kind != COALESCE_NONE &&
	    (config->tlb.l2.inclusion != MOSTLY_INCLUSIVE ||
	     config->tlb.l3.inclusion != MOSTLY_INCLUSIVE))
		return wrong(error, "tlb.coalesce.kind: pages that share entries need levels that "
				    "are mostly-inclusive (tlb.l2.inclusion, tlb.l3.inclusion)");
	if (config->tlb.coalesce.kind != COALESCE_NONE &&
	    (config->paging.design == DESIGN_HASHED || config->paging.design == DESIGN_INVERTED))
		return wrong(error, "tlb.coalesce.kind: a walk of such a table sees one page's "
				    "entry alone (expected paging.design=radix or clustered)");
	if (config->tlb.l2i.entries && config->tlb.unified)
		return wrong(error,
			     "tlb.l2i.entries=%" U ": the first level is one for code and data "
			     "(expected tlb.unified=false)",
			     config->tlb.l2i.entries);
	return true;
}

bool check_tlbs(struct config *config, GError **error)
{
	struct array array[N_ARRAYS];
	struct level level[N_LEVELS];
	bool ok = true;

	list_arrays(config, array);
	list_levels(config, level);
	for (unsigned i = 0; ok && i < N_ARRAYS; i++)
		ok = check_array(&array[i], error);
	for (unsigned i = 0; ok && i < N_LEVELS; i++)
		ok = check_level(&level[i], error);
	return ok && check_levels(config, error);
}
