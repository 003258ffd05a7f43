/* presets.h: the files of configs/, carried by the library (made by tools/embed.awk). */
#ifndef CONFIG_PRESETS_H
#define CONFIG_PRESETS_H

#include <stddef.h>

struct preset {
	const char *name;
	const char *const *lines; /* NULL-terminated */
};
extern const struct preset presets[]; /* ends with a NULL name */

#endif
