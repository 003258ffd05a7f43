/* output.h: files written whole or not at all.
 *
 * What is written goes to a temporary file beside the target and takes its name at the end, so
 * that nobody ever reads half of it. "-" is standard output; devices and pipes are written as
 * they are. Errors are VMSIM_ERROR_FILE and name the path. */
#ifndef VMSIM_OUTPUT_H
#define VMSIM_OUTPUT_H

#include <glib.h>
#include <vmsim/types.h>

typedef struct vmsim_output vmsim_output;

VMSIM_API vmsim_output *vmsim_output_open(const char *path, GError **error);
/* vmsim_output_write: append n bytes. A failure is remembered: finishing fails, too. */
VMSIM_API bool vmsim_output_write(vmsim_output *output, const void *data, size_t n, GError **error);
/* vmsim_output_finish: give the file its name. Frees output, also on failure. */
VMSIM_API bool vmsim_output_finish(vmsim_output *output, GError **error);
/* vmsim_output_abandon: remove what was written. Frees output; NULL is allowed. */
VMSIM_API void vmsim_output_abandon(vmsim_output *output);

#endif
