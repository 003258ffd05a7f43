/* index.c: from page numbers to sets. */
#include "config/index.h"

#include <glib.h>

/* One group: bits joined by ^. Moves *at behind it. */
static const char *parse_group(const char **at, uint64_t *group)
{
	*group = 0;
	for (;;) {
		char *end;
		uint64_t bit;

		if (!g_ascii_isdigit(**at))
			return "is no list of bits";
		bit = g_ascii_strtoull(*at, &end, 10);
		if (bit >= INDEX_PAGE_BITS)
			return "names a bit above 47";
		if (*group >> bit & 1)
			return "names a bit twice in one group";
		*group |= UINT64_C(1) << bit;
		*at = end;
		if (**at != '^')
			return NULL;
		++*at;
	}
}

const char *index_parse(const char *text, struct index_function *index)
{
	const char *wrong;

	*index = (struct index_function){.kind = INDEX_GROUPS};
	if (g_str_equal(text, "linear") || g_str_equal(text, "xor")) {
		index->kind = *text == 'l' ? INDEX_LINEAR : INDEX_XOR;
		return NULL;
	}
	for (;; text++) {
		if (index->bits == INDEX_BITS)
			return "has more than 16 groups";
		wrong = parse_group(&text, &index->group[index->bits++]);
		if (wrong)
			return wrong;
		if (!*text)
			return NULL;
		if (*text != ',')
			return "is no list of bits";
	}
}

bool index_serves(const char *text, uint64_t sets)
{
	struct index_function index;

	if (index_parse(text, &index))
		return false;
	return index.kind == INDEX_LINEAR ||
	       ((sets & (sets - 1)) == 0 &&
		(index.kind == INDEX_XOR || UINT64_C(1) << index.bits == sets));
}

void index_init(struct index_function *index, const char *text, uint32_t sets)
{
	g_assert(index_serves(text, sets));
	index_parse(text, index);
	index->sets = sets;
	for (index->bits = 0; UINT32_C(1) << index->bits < sets;)
		index->bits++;
}

static unsigned parity(uint64_t x)
{
	for (unsigned shift = 32; shift > 0; shift /= 2)
		x ^= x >> shift;
	return x & 1;
}

uint64_t index_set(const struct index_function *index, uint64_t number)
{
	uint64_t set = 0;

	if (index->kind == INDEX_LINEAR)
		return number % index->sets;
	if (index->kind == INDEX_XOR)
		return (number ^ number >> index->bits) & (index->sets - 1);
	for (unsigned i = 0; i < index->bits; i++)
		set |= (uint64_t)parity(number & index->group[i]) << i;
	return set;
}
