/* decode.c: zstd, xz and gzip, told by their first bytes.
 *
 * All three may hold several archives one after another (zstd frames, xz streams, gzip members),
 * as `cat a.gz b.gz` makes them; zstd's skippable frames and xz's and gzip's zero padding are
 * passed over. Memory is limited: windows of at most 128 MiB (zstd), 256 MiB in all (xz). */
#include "trace/decode.h"

#include <glib.h>
#include <lzma.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#define XZ_MEMORY_MAX ((uint64_t)256 * 1024 * 1024)
#define ZLIB_GZIP_ONLY (15 + 16) /* windowBits: 32 KiB window, gzip header required */

static bool zstd_magic(const unsigned char *head, size_t n)
{
	static const unsigned char frame[] = {0x28, 0xb5, 0x2f, 0xfd};
	static const unsigned char skippable[] = {0x2a, 0x4d, 0x18}; /* after 0x50 .. 0x5f */

	return n >= 4 && (memcmp(head, frame, 4) == 0 ||
			  ((head[0] & 0xf0) == 0x50 && memcmp(head + 1, skippable, 3) == 0));
}

static void *zstd_open(void)
{
	ZSTD_DStream *stream = ZSTD_createDStream();

	if (stream == NULL)
		g_error("out of memory for zstd");
	return stream;
}

static const char *zstd_step(struct decoder *decoder, struct decode_io *io, bool last)
{
	ZSTD_inBuffer in = {io->in, io->in_n, 0};
	ZSTD_outBuffer out = {io->out, io->out_n, 0};
	size_t left = ZSTD_decompressStream(decoder->stream, &out, &in);

	(void)last;
	if (ZSTD_isError(left))
		return ZSTD_getErrorName(left);
	io->in += in.pos;
	io->in_n -= in.pos;
	io->out += out.pos;
	io->out_n -= out.pos;
	/* Called with nothing at the end of a frame it answers for the next one: not news. */
	if (in.pos > 0 || out.pos > 0)
		decoder->complete = left == 0;
	return NULL;
}

static void zstd_close(void *stream)
{
	ZSTD_freeDStream(stream);
}

static bool xz_magic(const unsigned char *head, size_t n)
{
	static const unsigned char magic[] = {0xfd, '7', 'z', 'X', 'Z', 0};

	return n >= sizeof magic && memcmp(head, magic, sizeof magic) == 0;
}

static void *xz_open(void)
{
	lzma_stream *stream = g_new(lzma_stream, 1);

	*stream = (lzma_stream)LZMA_STREAM_INIT;
	if (lzma_stream_decoder(stream, XZ_MEMORY_MAX, LZMA_CONCATENATED) != LZMA_OK)
		g_error("out of memory for xz");
	return stream;
}

static const char *xz_step(struct decoder *decoder, struct decode_io *io, bool last)
{
	lzma_stream *stream = decoder->stream;
	lzma_ret ret;

	stream->next_in = io->in;
	stream->avail_in = io->in_n;
	stream->next_out = io->out;
	stream->avail_out = io->out_n;
	ret = lzma_code(stream, last ? LZMA_FINISH : LZMA_RUN);
	io->in = stream->next_in;
	io->in_n = stream->avail_in;
	io->out = stream->next_out;
	io->out_n = stream->avail_out;
	switch (ret) {
	case LZMA_STREAM_END:
		decoder->complete = true;
		return NULL;
	case LZMA_OK:
	case LZMA_BUF_ERROR: /* no progress: the caller sees that, and knows whether it may be */
		return NULL;
	case LZMA_MEMLIMIT_ERROR:
		return "needs more than 256 MiB to decompress";
	case LZMA_OPTIONS_ERROR:
		return "made with options that are not supported";
	case LZMA_FORMAT_ERROR:
		return "something else follows the archive";
	default:
		return "the data is corrupt";
	}
}

static void xz_close(void *stream)
{
	lzma_end(stream);
	g_free(stream);
}

static bool gzip_magic(const unsigned char *head, size_t n)
{
	return n >= 2 && head[0] == 0x1f && head[1] == 0x8b;
}

static void *gzip_open(void)
{
	z_stream *stream = g_new0(z_stream, 1);

	if (inflateInit2(stream, ZLIB_GZIP_ONLY) != Z_OK)
		g_error("out of memory for gzip");
	return stream;
}

/* gzip_next_member: between members: pass padding, begin the next.
 * => returns NULL, or what is wrong */
static const char *gzip_next_member(struct decoder *decoder, struct decode_io *io)
{
	while (io->in_n > 0 && *io->in == 0) {
		io->in++;
		io->in_n--;
	}
	if (io->in_n == 0)
		return NULL;
	if (*io->in != 0x1f)
		return "something else follows the archive";
	inflateReset(decoder->stream);
	decoder->complete = false;
	return NULL;
}

static const char *gzip_step(struct decoder *decoder, struct decode_io *io, bool last)
{
	z_stream *stream = decoder->stream;
	int ret;

	(void)last;
	if (decoder->complete) {
		const char *wrong = gzip_next_member(decoder, io);

		if (wrong != NULL || decoder->complete)
			return wrong;
	}
	stream->next_in = (z_const Bytef *)(uintptr_t)io->in;
	stream->avail_in = (uInt)io->in_n;
	stream->next_out = io->out;
	stream->avail_out = (uInt)io->out_n;
	ret = inflate(stream, Z_NO_FLUSH);
	io->in = stream->next_in;
	io->in_n = stream->avail_in;
	io->out = stream->next_out;
	io->out_n = stream->avail_out;
	if (ret == Z_STREAM_END)
		decoder->complete = true;
	return ret == Z_OK || ret == Z_STREAM_END || ret == Z_BUF_ERROR ? NULL
									: "the data is corrupt";
}

static void gzip_close(void *stream)
{
	inflateEnd(stream);
	g_free(stream);
}

static const struct decoder_ops decoders[] = {
	{"zstd", zstd_magic, zstd_open, zstd_step, zstd_close},
	{"xz", xz_magic, xz_open, xz_step, xz_close},
	{"gzip", gzip_magic, gzip_open, gzip_step, gzip_close},
};

bool decoder_for(struct decoder *decoder, const unsigned char *head, size_t n)
{
	for (size_t i = 0; i < G_N_ELEMENTS(decoders); i++) {
		if (decoders[i].magic(head, n)) {
			decoder->ops = &decoders[i];
			decoder->stream = decoders[i].open();
			decoder->complete = false;
			return true;
		}
	}
	decoder->ops = NULL;
	return false;
}

void decoder_close(struct decoder *decoder)
{
	if (decoder->ops != NULL)
		decoder->ops->close(decoder->stream);
	decoder->ops = NULL;
}
