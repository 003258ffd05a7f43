/* text.h: the text format's parser, a line at a time.
 *
 * The lexer turns a line into tokens; parser functions look at the current token and step past
 * what they take. All return false after setting *error; the column is that of the token that
 * does not fit. */
#ifndef TRACE_TEXT_H
#define TRACE_TEXT_H

#include <glib.h>
#include <vmsim/trace.h>

#define TEXT_LABEL_MAX 255 /* bytes of a label */

enum text_token_kind {
	TEXT_END,    /* of the line, or the beginning of a comment */
	TEXT_NUMBER, /* number, hex */
	TEXT_WORD,   /* letters, digits, underscores */
	TEXT_STRING, /* text, n: what is between the quotes, escapes undone, terminated */
	TEXT_SIGN,   /* sign: one byte */
	TEXT_BAD,    /* why */
};

struct text_token {
	enum text_token_kind kind;
	char *at; /* first byte */
	char *text;
	size_t n; /* bytes of it */
	uint64_t number;
	bool hex;
	char sign;
	const char *why;
};

struct text_parser {
	const char *path;
	uint64_t line_number;
	char *line; /* ends in a line feed */
	char *next; /* first byte after the token */
	struct text_token token;

	struct vmsim_labels *labels;
	uint32_t recent_label;   /* looked up last */
	struct vmsim_call *call; /* filled when the event is a call */
	GPtrArray *pages;        /* owns the arrays of WATCH results of the batch */
	GError **error;
};

/* text_lexer.c */

/* text_begin: the parser on the first token of a line. */
void text_begin(struct text_parser *parser, char *line, uint64_t line_number, GError **error);
/* text_step: to the next token. */
void text_step(struct text_parser *parser);
/* text_fail: "FILE:LINE:COLUMN: text", the column being that of a byte of the line. */
bool text_fail(struct text_parser *parser, const char *at, const char *format, ...)
	G_GNUC_PRINTF(3, 4);
/* text_unexpected: the current token cannot stand where it does. */
bool text_unexpected(struct text_parser *parser, const char *expected);
/* text_sign: step past a sign. */
bool text_sign(struct text_parser *parser, char sign, const char *expected);
static inline bool text_is_sign(const struct text_parser *parser, char sign)
{
	return parser->token.kind == TEXT_SIGN && parser->token.sign == sign;
}
bool text_is_word(const struct text_parser *parser, const char *word);

/* text_value.c */

/* text_number: a number from 0 to max. */
bool text_number(struct text_parser *parser, uint64_t max, const char *expected, uint64_t *value);
bool text_number32(struct text_parser *parser, const char *expected, uint32_t *value);
/* text_address: NULL, a number, LABEL, LABEL+n or LABEL-n.
 * => binds: a new label is made; else a label that is unknown is an error */
bool text_address(struct text_parser *parser, bool binds, struct vmsim_addr *address);
typedef bool (*text_flag_names)(const char *name, size_t n, uint32_t *bits);
/* text_flags: names of one kind and numbers, joined by "|". */
bool text_flags(struct text_parser *parser, text_flag_names names, const char *expected,
		uint32_t *bits);
/* text_code: an ERROR_ or STATUS_ name, or a number. */
bool text_code(struct text_parser *parser, const char *expected, uint32_t *code);
/* text_fits: whether a value fits in size bytes, size being 1 to 8. */
static inline bool text_fits(uint64_t value, uint64_t size)
{
	return size >= 8 || value >> (8 * size) == 0;
}

/* text_result.c: what follows "=" of a call. */
bool text_outcome(struct text_parser *parser, enum vmsim_call_id id, struct vmsim_outcome *outcome);

/* text_event.c: a whole line, which holds an event.
 * => the current token is its first
 * => fills every member of ev, and *parser->call when it is a call */
bool text_event(struct text_parser *parser, struct vmsim_event *ev);

/* text_head.c: the first line and the directives. */

/* text_first_line: whether it is "# vmtrace 1". */
bool text_first_line(struct text_parser *parser);
/* text_directive: a line that begins with %. seen: bits of those that came before. */
bool text_directive(struct text_parser *parser, struct vmsim_trace_header *header, unsigned *seen);

#endif
