/* encode.h: compression as a stream, chosen by a file name's suffix. */
#ifndef TRACE_ENCODE_H
#define TRACE_ENCODE_H

#include <stdbool.h>
#include <stddef.h>

struct encode_io {
	const unsigned char *in;
	size_t in_n;
	unsigned char *out;
	size_t out_n;
};

struct encoder_ops {
	const char *name, *suffix;
	void *(*open)(void);
	/* step: take input, give output; moves both forward.
	 * => last: no more will come; repeat until *done
	 * => returns false on a failure of the library */
	bool (*step)(void *stream, struct encode_io *io, bool last, bool *done);
	void (*close)(void *stream);
};

/* encoder_for: by the end of the path; NULL when the file is to be plain. */
const struct encoder_ops *encoder_for(const char *path);

#endif
