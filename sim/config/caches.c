/* caches.c: the levels of caches, from what was said to what can be built (timing T9). */
#include "config/layers.h"

#include <vmsim/trace.h>

static bool wrong(GError **error, unsigned level, const char *what)
{
	g_set_error(error, VMSIM_ERROR, VMSIM_ERROR_CONFIG, "caches.l%u.%s", level + 1, what);
	return false;
}

void caches_resolve(struct config *config, const GByteArray *ranks)
{
	for (unsigned i = 0; i < CACHE_LEVELS; i++) {
		struct cache_config *level = &config->caches.level[i];
		char *path = g_strdup_printf("caches.l%u.ways", i + 1);
		bool named = ranks->data[option_slot(option_find(path))] != RANK_NONE;
		uint64_t lines = level->size / level->line;

		/* As with TLBs: a default gives way to a level that has not as many lines. */
		if (lines && (level->ways == CONFIG_AUTO || (!named && level->ways > lines)))
			level->ways = lines;
		g_free(path);
	}
}

/* Lines in whole sets. */
static bool check_shape(const struct config *config, unsigned i, GError **error)
{
	const struct cache_config *level = &config->caches.level[i];
	uint64_t ways = level->ways, line = level->line;
	char *what;

	if ((line & (line - 1)) != 0)
		return wrong(error, i, "line: not a power of two");
	if (level->size % (line * ways) != 0) {
		what = g_strdup_printf("size=%" G_GUINT64_FORMAT ": not whole sets of %"
				       G_GUINT64_FORMAT " lines of %" G_GUINT64_FORMAT
				       " bytes (expected a multiple of %" G_GUINT64_FORMAT ")",
				       level->size, ways, line, line * ways);
		wrong(error, i, what);
		g_free(what);
		return false;
	}
	if (level->replacement == CACHE_PLRU && (ways > 64 || (ways & (ways - 1)) != 0))
		return wrong(error, i, "replacement=plru: a tree has a power of two of ways, at "
				       "most 64 (expected lru, or other ways)");
	return true;
}

/* What a level must be next to the one above it. */
static bool check_above(const struct config *config, unsigned i, GError **error)
{
	const struct cache_config *level = &config->caches.level[i], *above = level - 1;

	if (!above->size)
		return wrong(error, i, "size: there is no level above it (expected 0)");
	if (above->shared && !level->shared)
		return wrong(error, i, "shared=false: the level above it is shared (expected "
				       "true)");
	if (level->victim && level->line != above->line)
		return wrong(error, i, "victim=true: it keeps lines of the level above (expected "
				       "lines as long as those)");
	return true;
}

bool caches_check(const struct config *config, GError **error)
{
	for (unsigned i = 0; i < CACHE_LEVELS; i++)
		if (config->caches.level[i].size &&
		    (!check_shape(config, i, error) || (i && !check_above(config, i, error))))
			return false;
	return true;
}
