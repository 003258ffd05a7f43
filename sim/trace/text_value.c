/* text_value.c: numbers, addresses, flags and error codes of a text trace. */
#include "trace/text.h"

#include <string.h>
#include <vmsim/win32.h>

#include "trace/format.h"

bool text_number(struct text_parser *parser, uint64_t max, const char *expected, uint64_t *value)
{
	const struct text_token *token = &parser->token;

	if (token->kind != TEXT_NUMBER)
		return text_unexpected(parser, expected);
	if (token->number > max)
		return text_fail(
			parser, token->at,
			"the number is too large (expected %s, at most 0x%" G_GINT64_MODIFIER "x)",
			expected, max);
	*value = token->number;
	text_step(parser);
	return true;
}

bool text_number32(struct text_parser *parser, const char *expected, uint32_t *value)
{
	uint64_t number = 0;

	if (!text_number(parser, UINT32_MAX, expected, &number))
		return false;
	*value = (uint32_t)number;
	return true;
}

/* is_reserved: whether a word means something of its own, or looks as if it were to. */
static bool is_reserved(const struct text_token *token)
{
	static const char *const words[] = {
		"NULL",       "TRUE",          "FALSE",         "OK", "ACCESS_VIOLATION",
		"GUARD_PAGE", "IN_PAGE_ERROR", "STACK_OVERFLOW"};
	static const char *const beginnings[] = {"MEM_",   "PAGE_",   "SEC_",
						 "ERROR_", "STATUS_", "FILE_MAP_"};

	for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
		if (strlen(words[i]) == token->n && memcmp(token->text, words[i], token->n) == 0)
			return true;
	for (size_t i = 0; i < G_N_ELEMENTS(beginnings); i++)
		if (strlen(beginnings[i]) <= token->n &&
		    memcmp(token->text, beginnings[i], strlen(beginnings[i])) == 0)
			return true;
	return false;
}

/* find_label: id of the current token, 0 when unknown. Programs use one block many times in a
 * row, hence the memory of the last. */
static uint32_t find_label(struct text_parser *parser)
{
	const struct text_token *token = &parser->token;
	const char *recent = parser->labels->name[parser->recent_label];

	if (recent != NULL && strncmp(recent, token->text, token->n) == 0 &&
	    recent[token->n] == '\0')
		return parser->recent_label;
	return labels_find(parser->labels, token->text, token->n);
}

static bool parse_label(struct text_parser *parser, bool binds, const char *expected, uint32_t *id)
{
	const struct text_token *token = &parser->token;
	char *quoted;

	if (token->kind != TEXT_WORD || token->text[0] == '_' || is_reserved(token))
		return text_unexpected(parser, expected);
	if (token->n > TEXT_LABEL_MAX)
		return text_fail(parser, token->at,
				 "the label is too long (expected at most %d bytes)",
				 TEXT_LABEL_MAX);
	*id = find_label(parser);
	if (*id == 0 && binds)
		*id = vmsim_labels_intern(parser->labels, token->text, token->n);
	if (*id == 0) {
		quoted = trace_quote(token->text, token->n);
		text_fail(
			parser, token->at,
			"label %s is used before it is bound (expected a result \"= %.*s\" before)",
			quoted, (int)MIN(token->n, 40), token->text);
		g_free(quoted);
		return false;
	}
	parser->recent_label = *id;
	text_step(parser);
	return true;
}

bool text_address(struct text_parser *parser, bool binds, struct vmsim_addr *address)
{
	static const char expected[] = "an address: NULL, 0x..., LABEL, LABEL+n or LABEL-n";
	uint64_t offset = 0;
	bool minus;

	address->label = 0;
	address->offset = 0;
	if (text_is_word(parser, "NULL")) {
		text_step(parser);
		return true;
	}
	if (parser->token.kind == TEXT_NUMBER)
		return text_number(parser, UINT64_MAX, expected, &address->offset);
	if (!parse_label(parser, binds, expected, &address->label))
		return false;
	minus = text_is_sign(parser, '-');
	if (!minus && !text_is_sign(parser, '+'))
		return true;
	text_step(parser);
	if (!text_number(parser, UINT64_MAX, "an offset", &offset))
		return false;
	address->offset = minus ? 0 - offset : offset;
	return true;
}

/* parse_flag: one name or number. */
static bool parse_flag(struct text_parser *parser, text_flag_names names, const char *expected,
		       uint32_t *bits)
{
	const struct text_token *token = &parser->token;

	if (token->kind != TEXT_WORD)
		return text_number32(parser, expected, bits);
	if (!names(token->text, token->n, bits))
		return text_unexpected(parser, expected);
	text_step(parser);
	return true;
}

bool text_flags(struct text_parser *parser, text_flag_names names, const char *expected,
		uint32_t *bits)
{
	uint32_t more = 0;

	if (!parse_flag(parser, names, expected, bits))
		return false;
	while (text_is_sign(parser, '|')) {
		text_step(parser);
		if (!parse_flag(parser, names, expected, &more))
			return false;
		*bits |= more;
	}
	return true;
}

bool text_code(struct text_parser *parser, const char *expected, uint32_t *code)
{
	const struct text_token *token = &parser->token;

	if (token->kind != TEXT_WORD)
		return text_number32(parser, expected, code);
	if (!vmsim_code_by_name(token->text, token->n, code))
		return text_unexpected(parser, expected);
	text_step(parser);
	return true;
}
