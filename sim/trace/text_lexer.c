/* text_lexer.c: a line of a text trace as tokens. */
#include "trace/text.h"

#include <stdarg.h>
#include <string.h>

#include "trace/format.h"
#include "trace/scan.h"

static bool is_letter(char c)
{
	return g_ascii_isalpha(c) || c == '_';
}

static bool is_word(char c)
{
	return g_ascii_isalnum(c) || c == '_';
}

bool text_fail(struct text_parser *parser, const char *at, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	trace_fail(parser->path, parser->line_number, (size_t)(at - parser->line) + 1,
		   parser->error, "%s", text);
	g_free(text);
	return false;
}

bool text_unexpected(struct text_parser *parser, const char *expected)
{
	const struct text_token *token = &parser->token;
	char *quoted;

	if (token->kind == TEXT_END)
		return text_fail(parser, token->at, "the line ends too soon (expected %s)",
				 expected);
	if (token->kind == TEXT_BAD)
		return text_fail(parser, token->at, "%s (expected %s)", token->why, expected);
	quoted = trace_quote(token->text, token->n);
	text_fail(parser, token->at, "unexpected %s (expected %s)", quoted, expected);
	g_free(quoted);
	return false;
}

bool text_sign(struct text_parser *parser, char sign, const char *expected)
{
	if (!text_is_sign(parser, sign))
		return text_unexpected(parser, expected);
	text_step(parser);
	return true;
}

bool text_is_word(const struct text_parser *parser, const char *word)
{
	const struct text_token *token = &parser->token;

	return token->kind == TEXT_WORD && strncmp(token->text, word, token->n) == 0 &&
	       word[token->n] == '\0';
}

static void bad(struct text_token *token, const char *why)
{
	token->kind = TEXT_BAD;
	token->why = why;
}

/* lex_number: digits, and whatever letters stick to them. Returns the byte after. */
static char *lex_number(struct text_token *token, char *at)
{
	uint64_t value = 0;
	bool overflow = false, wrong = false;
	unsigned base = 10;

	if (at[0] == '0' && (at[1] == 'x' || at[1] == 'X')) {
		base = 16;
		at += 2;
		wrong = !is_word(*at);
	}
	for (; is_word(*at); at++) {
		unsigned digit = scan_hex_value[(unsigned char)*at];

		if (digit >= base)
			wrong = true;
		else if (value > (UINT64_MAX - digit) / base)
			overflow = true;
		else
			value = value * base + digit;
	}
	token->kind = TEXT_NUMBER;
	token->number = value;
	token->hex = base == 16;
	if (wrong)
		bad(token, base == 16 ? "not a hexadecimal number" : "not a decimal number");
	else if (overflow)
		bad(token, "the number does not fit in 64 bits");
	return at;
}

/* lex_string: between quotes; \" and \\ stand for the second byte. Unescapes and terminates in
 * place. Returns the byte after. */
static char *lex_string(struct text_token *token, char *at)
{
	char *to = ++at;

	token->text = to;
	while (*at != '"') {
		if (*at == '\\' && (at[1] == '"' || at[1] == '\\')) {
			at++;
		} else if (*at == '\\') {
			token->at = at;
			bad(token, "unknown escape in the string: only \\\" and \\\\ are known");
			return at;
		} else if (*at == '\n' || (*at == '\r' && at[1] == '\n')) {
			token->at = at;
			bad(token, "the string has no end");
			return at;
		} else if ((unsigned char)*at < 0x20 || *at == 0x7f) {
			token->at = at;
			bad(token, "control character in the string");
			return at;
		}
		*to++ = *at++;
	}
	token->kind = TEXT_STRING;
	token->n = (size_t)(to - token->text);
	if (!g_utf8_validate(token->text, (gssize)token->n, NULL))
		bad(token, "the string is not UTF-8");
	*to = '\0';
	return at + 1;
}

void text_step(struct text_parser *parser)
{
	struct text_token *token = &parser->token;
	char *at = parser->next;

	while (*at == ' ' || *at == '\t')
		at++;
	token->at = token->text = at;
	if (*at == '\n' || *at == '#' || (at[0] == '\r' && at[1] == '\n')) {
		token->kind = TEXT_END; /* stays there, however often asked */
	} else if (g_ascii_isdigit(*at)) {
		at = lex_number(token, at);
		token->n = (size_t)(at - token->text);
	} else if (is_letter(*at)) {
		while (is_word(*at))
			at++;
		token->kind = TEXT_WORD;
		token->n = (size_t)(at - token->text);
	} else if (*at == '"') {
		at = lex_string(token, at);
	} else {
		token->kind = TEXT_SIGN;
		token->sign = *at++;
		token->n = 1;
	}
	parser->next = at;
}

void text_begin(struct text_parser *parser, char *line, uint64_t line_number, GError **error)
{
	parser->line = line;
	parser->line_number = line_number;
	parser->next = line;
	parser->error = error;
	text_step(parser);
}
