/* config.h: the machine's configuration, as text in and text out.
 *
 * Layers are applied in order, later ones override: presets and files, then PATH=VALUE settings.
 * Nothing is checked against the whole until vmsim_config_finish(). */
#ifndef VMSIM_CONFIG_H
#define VMSIM_CONFIG_H

#include <glib.h>
#include <vmsim/types.h>

typedef struct vmsim_config vmsim_config;

/* A fresh configuration holds every default: the `desktop` machine. */
VMSIM_API vmsim_config *vmsim_config_new(void);
VMSIM_API vmsim_config *vmsim_config_copy(const vmsim_config *config);
VMSIM_API void vmsim_config_free(vmsim_config *config);

/* vmsim_config_load: apply a preset by name, or a JSON file (// comments allowed).
 * => a name without '/' that is a preset's is the preset, else it is a file */
VMSIM_API bool vmsim_config_load(vmsim_config *config, const char *file_or_preset, GError **error);
/* vmsim_config_load_text: the same for text; name stands in messages. */
VMSIM_API bool vmsim_config_load_text(vmsim_config *config, const char *text, const char *name,
				      GError **error);
/* vmsim_config_set: apply one "PATH=VALUE". */
VMSIM_API bool vmsim_config_set(vmsim_config *config, const char *assignment, GError **error);

/* vmsim_config_set_default: as vmsim_config_set, but only where no layer named PATH (how a trace's
 * directives rank). */
VMSIM_API bool vmsim_config_set_default(vmsim_config *config, const char *assignment,
					GError **error);
/* vmsim_config_load_below: apply a preset below everything that has been applied. */
VMSIM_API bool vmsim_config_load_below(vmsim_config *config, const char *preset, GError **error);

/* vmsim_config_finish: resolve units and automatic values, and check values against each other.
 * May be called again after further layers. */
VMSIM_API bool vmsim_config_finish(vmsim_config *config, GError **error);

/* vmsim_config_dump: the effective configuration as JSON; loading it repeats the run. g_free(). */
VMSIM_API char *vmsim_config_dump(const vmsim_config *config);

/* Options and presets, for `list` and the reference. NULL past the last. */
struct vmsim_option_info {
	char path[64];
	const char *type;   /* "count", "bytes", "rate", "time", "boolean", "choice", "decimal" */
	const char *unit;   /* "cycles", "pages", ... or "" */
	const char *values; /* "1..64", "fifo|lru|clock" */
	const char *def;    /* default, as written */
	const char *doc;
	const char *source; /* where the default comes from; of durations always said */
};
VMSIM_API const struct vmsim_option_info *vmsim_config_option(size_t index);
/* => doc, when not NULL, gets one sentence about the preset */
VMSIM_API const char *vmsim_config_preset(size_t index, const char **doc);

#endif
