/* encode.c: zstd, xz and gzip at their programs' default levels, with checksums. */
#include "trace/encode.h"

#include <glib.h>
#include <lzma.h>
#include <stdint.h>
#include <zlib.h>
#include <zstd.h>

#define ZSTD_LEVEL 3
#define GZIP_LEVEL 6
#define ZLIB_GZIP_ONLY (15 + 16) /* windowBits: 32 KiB window, gzip header */
#define ZLIB_MEMORY 8

static void *zstd_open(void)
{
	ZSTD_CCtx *stream = ZSTD_createCCtx();

	if (stream == NULL)
		g_error("out of memory for zstd");
	ZSTD_CCtx_setParameter(stream, ZSTD_c_compressionLevel, ZSTD_LEVEL);
	ZSTD_CCtx_setParameter(stream, ZSTD_c_checksumFlag, 1);
	return stream;
}

static bool zstd_step(void *stream, struct encode_io *io, bool last, bool *done)
{
	ZSTD_inBuffer in = {io->in, io->in_n, 0};
	ZSTD_outBuffer out = {io->out, io->out_n, 0};
	size_t left = ZSTD_compressStream2(stream, &out, &in, last ? ZSTD_e_end : ZSTD_e_continue);

	io->in += in.pos;
	io->in_n -= in.pos;
	io->out += out.pos;
	io->out_n -= out.pos;
	*done = last && left == 0;
	return !ZSTD_isError(left);
}

static void zstd_close(void *stream)
{
	ZSTD_freeCCtx(stream);
}

static void *xz_open(void)
{
	lzma_stream *stream = g_new(lzma_stream, 1);

	*stream = (lzma_stream)LZMA_STREAM_INIT;
	if (lzma_easy_encoder(stream, LZMA_PRESET_DEFAULT, LZMA_CHECK_CRC64) != LZMA_OK)
		g_error("out of memory for xz");
	return stream;
}

static bool xz_step(void *state, struct encode_io *io, bool last, bool *done)
{
	lzma_stream *stream = state;
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
	*done = ret == LZMA_STREAM_END;
	return ret == LZMA_OK || ret == LZMA_STREAM_END;
}

static void xz_close(void *stream)
{
	lzma_end(stream);
	g_free(stream);
}

static void *gzip_open(void)
{
	z_stream *stream = g_new0(z_stream, 1);

	if (deflateInit2(stream, GZIP_LEVEL, Z_DEFLATED, ZLIB_GZIP_ONLY, ZLIB_MEMORY,
			 Z_DEFAULT_STRATEGY) != Z_OK)
		g_error("out of memory for gzip");
	return stream;
}

static bool gzip_step(void *state, struct encode_io *io, bool last, bool *done)
{
	z_stream *stream = state;
	int ret;

	stream->next_in = (z_const Bytef *)(uintptr_t)io->in;
	stream->avail_in = (uInt)io->in_n;
	stream->next_out = io->out;
	stream->avail_out = (uInt)io->out_n;
	ret = deflate(stream, last ? Z_FINISH : Z_NO_FLUSH);
	io->in = stream->next_in;
	io->in_n = stream->avail_in;
	io->out = stream->next_out;
	io->out_n = stream->avail_out;
	*done = ret == Z_STREAM_END;
	return ret == Z_OK || ret == Z_STREAM_END || ret == Z_BUF_ERROR;
}

static void gzip_close(void *stream)
{
	deflateEnd(stream);
	g_free(stream);
}

static const struct encoder_ops encoders[] = {
	{"zstd", ".zst", zstd_open, zstd_step, zstd_close},
	{"xz", ".xz", xz_open, xz_step, xz_close},
	{"gzip", ".gz", gzip_open, gzip_step, gzip_close},
};

const struct encoder_ops *encoder_for(const char *path)
{
	for (size_t i = 0; i < G_N_ELEMENTS(encoders); i++)
		if (g_str_has_suffix(path, encoders[i].suffix))
			return &encoders[i];
	return NULL;
}
