/* output.c: the public face of file_out.h. */
#include "base/file_out.h"

#include <vmsim/output.h>

/* A vmsim_output is a struct file_out under its public name. */
static struct file_out *inside(vmsim_output *output)
{
	return (struct file_out *)(void *)output;
}

vmsim_output *vmsim_output_open(const char *path, GError **error)
{
	return (vmsim_output *)(void *)file_out_open(path, error);
}

bool vmsim_output_write(vmsim_output *output, const void *data, size_t n, GError **error)
{
	return file_out_write(inside(output), data, n, error);
}

bool vmsim_output_finish(vmsim_output *output, GError **error)
{
	return file_out_finish(inside(output), error);
}

void vmsim_output_abandon(vmsim_output *output)
{
	file_out_abandon(inside(output));
}
