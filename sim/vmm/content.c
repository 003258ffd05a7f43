/* content.c: reference-counted page contents. */
#include "vmm/content.h"

#include <glib.h>
#include <string.h>

struct content {
	uint32_t refs;
	uint64_t tag;
	uint8_t bytes[VMSIM_PAGE_SIZE];
	uint64_t unknown[VMSIM_PAGE_SIZE / 64]; /* bit per byte */
};

#define JUNK 0xDB
#define REFS_STATIC UINT32_MAX /* never counted, never freed: shared by all machines */

struct content *content_ref(struct content *content)
{
	if (content && content->refs != REFS_STATIC)
		content->refs++;
	return content;
}

void content_unref(struct content *content)
{
	if (content && content->refs != REFS_STATIC && --content->refs == 0)
		g_free(content);
}

void content_set(struct content **to, struct content *content)
{
	struct content *old = *to;

	*to = content_ref(content);
	content_unref(old);
}

void content_move(struct content **to, struct content **from)
{
	content_unref(*to);
	*to = *from;
	*from = NULL;
}

static struct content *make_static(struct content **where, int byte, bool known)
{
	if (g_once_init_enter(where)) {
		struct content *made = g_new0(struct content, 1);

		made->refs = REFS_STATIC;
		memset(made->bytes, byte, sizeof(made->bytes));
		memset(made->unknown, known ? 0 : 0xFF, sizeof(made->unknown));
		g_once_init_leave(where, made);
	}
	return *where;
}

struct content *content_junk(void)
{
	static struct content *junk;

	return make_static(&junk, JUNK, true);
}

struct content *content_unknown(void)
{
	static struct content *unknown;

	return make_static(&unknown, 0, false);
}

static void make_private(struct content **content)
{
	struct content *copy;

	if (*content && (*content)->refs == 1)
		return;
	copy = g_new0(struct content, 1);
	if (*content) {
		*copy = **content;
		content_unref(*content);
	}
	copy->refs = 1;
	*content = copy;
}

void content_store(struct content **content, unsigned offset, unsigned n, const uint8_t *bytes)
{
	if (!bytes && n == VMSIM_PAGE_SIZE) {
		content_set(content, content_unknown());
		return;
	}
	make_private(content);
	if (bytes)
		memcpy((*content)->bytes + offset, bytes, n);
	else
		memset((*content)->bytes + offset, 0, n);
	for (unsigned i = offset; i < offset + n; i++) {
		uint64_t bit = (uint64_t)1 << (i % 64);

		if (bytes)
			(*content)->unknown[i / 64] &= ~bit;
		else
			(*content)->unknown[i / 64] |= bit;
	}
}

void content_load(const struct content *content, unsigned offset, unsigned n, uint8_t *bytes,
		  bool *known)
{
	for (unsigned i = 0; i < n; i++) {
		unsigned at = offset + i;

		bytes[i] = content ? content->bytes[at] : 0;
		known[i] = !content || !(content->unknown[at / 64] >> (at % 64) & 1);
	}
}

void content_set_tag(struct content *content, uint64_t tag)
{
	if (content && content->refs != REFS_STATIC)
		content->tag = tag;
}

uint64_t content_tag(const struct content *content)
{
	return content ? content->tag : 0;
}

bool content_is_zero(const struct content *content)
{
	if (!content)
		return true;
	for (size_t i = 0; i < G_N_ELEMENTS(content->unknown); i++)
		if (content->unknown[i])
			return false;
	for (size_t i = 0; i < sizeof(content->bytes); i++)
		if (content->bytes[i])
			return false;
	return true;
}
