/* decode.h: decompression as a stream, one table entry per archive format. */
#ifndef TRACE_DECODE_H
#define TRACE_DECODE_H

#include <stdbool.h>
#include <stddef.h>

#define DECODE_MAGIC_MAX 6 /* bytes that tell any of the formats */

/* What a step may take and where it may put it; it moves both forward. */
struct decode_io {
	const unsigned char *in;
	size_t in_n;
	unsigned char *out;
	size_t out_n;
};

struct decoder {
	const struct decoder_ops *ops;
	void *stream;
	bool complete; /* what came so far is a whole archive: the file may end here */
};

struct decoder_ops {
	const char *name;
	bool (*magic)(const unsigned char *head, size_t n);
	void *(*open)(void);
	/* => last: no input will follow what is in io
	 * => returns NULL, or what is wrong with the data (static) */
	const char *(*step)(struct decoder *decoder, struct decode_io *io, bool last);
	void (*close)(void *stream);
};

/* decoder_for: begin decoding what starts with these bytes.
 * => returns false when they are of no archive format */
bool decoder_for(struct decoder *decoder, const unsigned char *head, size_t n);
void decoder_close(struct decoder *decoder);

#endif
