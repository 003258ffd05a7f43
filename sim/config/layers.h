/* layers.h: private to sim/config: the public handle, and layers of assignments to it. */
#ifndef CONFIG_LAYERS_H
#define CONFIG_LAYERS_H

#include "config/options.h"

/* Who gave an option its value; a higher one is not overridden by a lower. */
enum rank {
	RANK_NONE,      /* the default */
	RANK_BELOW,     /* vmsim_config_load_below() */
	RANK_DIRECTIVE, /* vmsim_config_set_default() */
	RANK_NAMED,     /* a layer */
};

struct assignment {
	const struct option *option;
	struct value value;
};

struct vmsim_config {
	struct config raw;  /* as given: automatic values still CONFIG_AUTO */
	struct config done; /* resolved; valid while finished */
	bool finished;
	GByteArray *ranks; /* enum rank by option_slot() */
};

/* json_assignments: the options that a JSON text names, in its order.
 * => name stands in messages, which begin NAME:LINE:COLUMN:
 * => returns an array of struct assignment, or NULL with error set */
GArray *json_assignments(const char *text, size_t length, const char *name, GError **error);

/* config_values_*: the policies' option values of a struct config, as the defaults or a copy. */
void config_values_grow(struct config *config);
void config_values_copy(struct config *to, const struct config *from);
void config_values_free(struct config *config);

/* config_resolve: durations in cycles, automatic values as numbers; then every cross check. */
bool config_resolve(struct config *config, const GByteArray *ranks, GError **error);

/* finish_tlbs: associativities as numbers. check_tlbs: that such TLBs can be built.
 * => check_tlbs() changes nothing */
void finish_tlbs(struct config *config, const GByteArray *ranks);
bool check_tlbs(struct config *config, GError **error);
/* caches_resolve: associativities as numbers. caches_check: that the levels can be built. */
void caches_resolve(struct config *config, const GByteArray *ranks);
bool caches_check(const struct config *config, GError **error);

#endif
