/* text_head.c: the first line and the directives of a text trace. */
#include <string.h>

#include "trace/format.h"
#include "trace/text.h"

#define FIRST_LINE "# vmtrace 1"
#define FIRST_WORDS "# vmtrace"

bool text_first_line(struct text_parser *parser)
{
	static const char bom[] = "\xef\xbb\xbf";
	const size_t words = strlen(FIRST_WORDS);
	char *at = parser->line;

	if (memcmp(at, bom, strlen(bom)) == 0)
		at += strlen(bom);
	if (strncmp(at, FIRST_WORDS, words) != 0 || (at[words] != ' ' && at[words] != '\t'))
		return text_fail(parser, at,
				 "not the first line of a vmt trace (expected \"" FIRST_LINE "\")");
	parser->next = at + words;
	text_step(parser);
	if (parser->token.kind != TEXT_NUMBER || parser->token.number != 1)
		return text_unexpected(parser, "version 1 of the format: \"" FIRST_LINE "\"");
	text_step(parser);
	return parser->token.kind == TEXT_END || text_unexpected(parser, "the end of the line");
}

static bool parse_rules(struct text_parser *parser, struct vmsim_trace_header *header)
{
	if (text_is_word(parser, "article"))
		header->rules = 0;
	else if (text_is_word(parser, "win32"))
		header->rules = 1;
	else
		return text_unexpected(parser, "article or win32");
	text_step(parser);
	return true;
}

static bool parse_page_size(struct text_parser *parser, struct vmsim_trace_header *header)
{
	(void)header;
	if (parser->token.kind != TEXT_NUMBER || parser->token.number != VMSIM_PAGE_SIZE)
		return text_unexpected(parser, "4096, the only page size that is simulated");
	text_step(parser);
	return true;
}

/* parse_machine: any bytes up to a blank or a comment. */
static bool parse_machine(struct text_parser *parser, struct vmsim_trace_header *header)
{
	char *at = parser->token.at;
	size_t n = strcspn(at, " \t\r\n#");

	if (parser->token.kind == TEXT_END || n == 0)
		return text_unexpected(parser, "the name of a machine");
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)at[i] <= 0x20 || at[i] == 0x7f)
			return text_fail(parser, at + i,
					 "control character in the machine's name "
					 "(expected a name)");
	if (n >= sizeof header->machine)
		return text_fail(parser, at,
				 "the machine's name is too long "
				 "(expected at most %zu bytes)",
				 sizeof header->machine - 1);
	memcpy(header->machine, at, n);
	header->machine[n] = '\0';
	header->machine_line = parser->line_number;
	header->machine_column = (uint64_t)(at - parser->line) + 1;
	parser->next = at + n;
	text_step(parser);
	return true;
}

static bool parse_ticks(struct text_parser *parser, struct vmsim_trace_header *header)
{
	if (parser->token.kind == TEXT_NUMBER && parser->token.number == 0)
		return text_unexpected(parser, "a number of ticks above 0");
	return text_number(parser, UINT64_MAX, "a number of ticks above 0",
			   &header->ticks_per_second);
}

static bool parse_implicit_commit(struct text_parser *parser, struct vmsim_trace_header *header)
{
	if (text_is_word(parser, "true"))
		header->implicit_commit = 1;
	else if (text_is_word(parser, "false"))
		header->implicit_commit = 0;
	else
		return text_unexpected(parser, "true or false");
	text_step(parser);
	return true;
}

static const struct {
	const char *name;
	bool (*parse)(struct text_parser *parser, struct vmsim_trace_header *header);
} directives[] = {
	{"rules", parse_rules},
	{"page_size", parse_page_size},
	{"machine", parse_machine},
	{"ticks_per_second", parse_ticks},
	{"implicit_commit", parse_implicit_commit},
};

bool text_directive(struct text_parser *parser, struct vmsim_trace_header *header, unsigned *seen)
{
	text_step(parser); /* past the % */
	for (size_t i = 0; i < G_N_ELEMENTS(directives); i++) {
		if (!text_is_word(parser, directives[i].name))
			continue;
		if ((*seen & 1u << i) != 0)
			return text_fail(parser, parser->token.at,
					 "directive %%%s is repeated (expected it once)",
					 directives[i].name);
		*seen |= 1u << i;
		text_step(parser);
		if (!directives[i].parse(parser, header))
			return false;
		return parser->token.kind == TEXT_END ||
		       text_unexpected(parser, "the end of the line");
	}
	return text_unexpected(parser,
			       "a directive: rules, page_size, machine, ticks_per_second or "
			       "implicit_commit");
}
