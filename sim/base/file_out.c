/* file_out.c: see file_out.h.
 *
 * Writes with write(2) from a buffer of its own, so that an error is seen where it happens and
 * nothing is left to a destructor. Not synced to the disk: whole-or-nothing holds against full
 * disks and killed programs, not against a failing power supply.
 *
 * Also the home of the error domain, which has no other. */
#define _XOPEN_SOURCE 700 /* realpath */
#include "base/file_out.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vmsim/trace.h>

#define BUFFER_SIZE ((size_t)64 * 1024)
#define NAME_TRIES 1000u

struct file_out {
	char *path;      /* as the user gave it, for messages */
	char *target;    /* what to rename to; NULL when written in place */
	char *temporary; /* what is open now; NULL when written in place */
	int fd;
	int failed; /* errno of the first failure, 0 while there is none */
	size_t used;
	char *buffer;
};

/* clang-format off */
G_DEFINE_QUARK(vmsim-error-quark, vmsim_error)
/* clang-format on */

static bool fail(const struct file_out *file, const char *what, int number, GError **error)
{
	g_set_error(error, VMSIM_ERROR, VMSIM_ERROR_FILE, "%s: %s: %s", file->path, what,
		    g_strerror(number));
	return false;
}

/* target_name: what path finally names, links followed; a new string.
 * => a link to nothing is replaced itself */
static char *target_name(const char *path)
{
	char *real = realpath(path, NULL);
	char *name;

	if (real == NULL)
		return g_strdup(path);
	name = g_strdup(real);
	free(real);
	return name;
}

/* open_temporary: a new file beside file->target, with the permissions the target has or would
 * get. Sets fd and temporary. */
static bool open_temporary(struct file_out *file, const struct stat *existing, GError **error)
{
	char *folder = g_path_get_dirname(file->target);
	mode_t mode = existing != NULL ? existing->st_mode & 0777 : 0666;

	for (unsigned i = 0; i < NAME_TRIES; i++) {
		char *name = g_strdup_printf("%s/.vmsim-%ld-%u.tmp", folder, (long)getpid(), i);

		file->fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
		if (file->fd >= 0) {
			file->temporary = name;
			break;
		}
		g_free(name);
		if (errno != EEXIST)
			break;
	}
	if (file->fd < 0)
		fail(file, "cannot be created", errno, error);
	else if (existing != NULL)
		(void)fchmod(file->fd, mode); /* undo the umask; a failure leaves it stricter */
	g_free(folder);
	return file->fd >= 0;
}

static bool open_named(struct file_out *file, GError **error)
{
	struct stat st;
	bool exists = stat(file->path, &st) == 0;

	if (exists && S_ISDIR(st.st_mode))
		return fail(file, "cannot be written", EISDIR, error);
	if (exists && !S_ISREG(st.st_mode)) {
		file->fd = open(file->path, O_WRONLY | O_CLOEXEC);
		return file->fd >= 0 || fail(file, "cannot be opened for writing", errno, error);
	}
	if (exists && access(file->path, W_OK) != 0)
		return fail(file, "cannot be written", errno, error);
	file->target = target_name(file->path);
	return open_temporary(file, exists ? &st : NULL, error);
}

static void file_free(struct file_out *file)
{
	g_free(file->path);
	g_free(file->target);
	g_free(file->temporary);
	g_free(file->buffer);
	g_free(file);
}

struct file_out *file_out_open(const char *path, GError **error)
{
	struct file_out *file = g_new0(struct file_out, 1);
	bool ok = true;

	file->fd = -1;
	if (strcmp(path, "-") == 0) {
		file->path = g_strdup("<stdout>");
		file->fd = STDOUT_FILENO;
		if (fflush(stdout) != 0)
			ok = fail(file, "cannot be written", errno, error);
	} else {
		file->path = g_strdup(path);
		ok = open_named(file, error);
	}
	if (!ok) {
		file_free(file);
		return NULL;
	}
	file->buffer = g_malloc(BUFFER_SIZE);
	return file;
}

/* write_out: n bytes to the file, now. Sets file->failed. */
static void write_out(struct file_out *file, const char *data, size_t n)
{
	while (n > 0 && file->failed == 0) {
		ssize_t done = write(file->fd, data, n);

		if (done > 0) {
			data += done;
			n -= (size_t)done;
		} else if (done == 0) {
			file->failed = EIO; /* no progress, and no reason given */
		} else if (errno != EINTR) {
			file->failed = errno;
		}
	}
}

static void flush_buffer(struct file_out *file)
{
	write_out(file, file->buffer, file->used);
	file->used = 0;
}

bool file_out_write(struct file_out *file, const void *data, size_t n, GError **error)
{
	if (n > BUFFER_SIZE - file->used)
		flush_buffer(file);
	if (n > BUFFER_SIZE) {
		write_out(file, data, n);
	} else if (n > 0) {
		memcpy(file->buffer + file->used, data, n);
		file->used += n;
	}
	return file->failed == 0 || fail(file, "cannot be written", file->failed, error);
}

/* close_file: close what was opened here; standard output stays open. */
static void close_file(struct file_out *file)
{
	if (file->fd != STDOUT_FILENO && close(file->fd) != 0 && errno != EINTR &&
	    file->failed == 0)
		file->failed = errno;
	file->fd = -1;
}

bool file_out_finish(struct file_out *file, GError **error)
{
	bool ok;

	flush_buffer(file);
	close_file(file);
	if (file->failed == 0 && file->temporary != NULL &&
	    rename(file->temporary, file->target) != 0)
		file->failed = errno;
	ok = file->failed == 0 || fail(file, "cannot be written", file->failed, error);
	if (!ok && file->temporary != NULL)
		(void)unlink(file->temporary);
	file_free(file);
	return ok;
}

void file_out_abandon(struct file_out *file)
{
	if (file == NULL)
		return;
	close_file(file);
	if (file->temporary != NULL)
		(void)unlink(file->temporary);
	file_free(file);
}
