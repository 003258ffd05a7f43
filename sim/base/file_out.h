/* file_out.h: a file written whole or not at all.
 *
 * What is written goes to a temporary file in the same folder; file_out_finish() renames it into
 * place, file_out_abandon() removes it. Until then the file of that name, if any, is untouched.
 * Three kinds of path are written in place, for lack of a name to rename to: "-" is standard
 * output, and devices and pipes (/dev/null, /dev/full, a FIFO) are opened as they are. A symbolic
 * link is followed: the file it names is replaced, not the link. */
#ifndef BASE_FILE_OUT_H
#define BASE_FILE_OUT_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

struct file_out;

/* file_out_open: begin to write path.
 * => "-" flushes stdout first, so that what the caller printed stands before; the caller prints
 *    nothing else there until finish
 * => returns NULL and sets error (VMSIM_ERROR_FILE, naming path) when it cannot be created */
struct file_out *file_out_open(const char *path, GError **error);

/* file_out_write: append n bytes; buffered.
 * => returns false and sets error when the disk is full or writing fails; every later write and
 *    the finish fail as well, so a caller may check only the last */
bool file_out_write(struct file_out *file, const void *data, size_t n, GError **error);

/* file_out_finish: write what is buffered, close, and give the file its name. Frees file.
 * => returns false and sets error when any write failed, this one or an earlier; then nothing of
 *    that name was made or changed */
bool file_out_finish(struct file_out *file, GError **error);

/* file_out_abandon: remove what was written. Frees file; NULL is allowed. */
void file_out_abandon(struct file_out *file);

#endif
