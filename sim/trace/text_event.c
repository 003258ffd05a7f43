/* text_event.c: [+N|@N] [PID[.TID]] EVENT [= RESULT]. */
#include <string.h>
#include <vmsim/win32.h>

#include "trace/format.h"
#include "trace/text.h"

#define EXPECT_EVENT "an event: R, W, X or a call"
#define EXPECT_SIZE "a size of 1 to 4294967295 bytes"
#define EXPECT_END "the end of the line, or \"= RESULT\""

/* --- before the event ------------------------------------------------------------------ */

static bool parse_time(struct text_parser *parser, struct vmsim_event *ev)
{
	if (text_is_sign(parser, '+'))
		ev->flags = VMSIM_EV_GAP;
	else if (text_is_sign(parser, '@'))
		ev->flags = VMSIM_EV_AT;
	else
		return true;
	text_step(parser);
	return text_number(parser, UINT64_MAX, "a number of cycles or ticks", &ev->time);
}

static bool parse_decimal_id(struct text_parser *parser, const char *expected, uint32_t *id)
{
	if (parser->token.kind == TEXT_NUMBER && parser->token.hex)
		return text_unexpected(parser, expected);
	return text_number32(parser, expected, id);
}

/* parse_owner: PID, or PID.TID without blanks around the point. */
static bool parse_owner(struct text_parser *parser, struct vmsim_event *ev)
{
	bool has_tid = parser->next[0] == '.';

	if (parser->token.kind != TEXT_NUMBER)
		return true;
	if (!parse_decimal_id(parser, "a process number, decimal", &ev->pid))
		return false;
	if (!has_tid)
		return true;
	if (!g_ascii_isdigit(*parser->next))
		return text_fail(parser, parser->next,
				 "no thread number after the point (expected a decimal number)");
	text_step(parser); /* past the point */
	return parse_decimal_id(parser, "a thread number, decimal", &ev->tid);
}

/* --- accesses -------------------------------------------------------------------------- */

static bool fail_fit(struct text_parser *parser, const char *at, uint32_t size)
{
	return text_fail(parser, at, "the value does not fit in %u byte%s (expected a smaller one)",
			 size, size == 1 ? "" : "s");
}

/* parse_store_value: after the size of a store. */
static bool parse_store_value(struct text_parser *parser, struct vmsim_event *ev)
{
	const char *at = parser->token.at;

	if (parser->token.kind != TEXT_NUMBER)
		return true;
	if (ev->size > 8)
		return text_fail(parser, at,
				 "a store of %u bytes cannot have a value "
				 "(expected a size of at most 8)",
				 ev->size);
	if (!text_fits(parser->token.number, ev->size))
		return fail_fit(parser, at, ev->size);
	ev->value = parser->token.number;
	ev->flags |= VMSIM_EV_VALUE;
	text_step(parser);
	return true;
}

/* parse_read_value: a number after "=". */
static bool parse_read_value(struct text_parser *parser, struct vmsim_event *ev)
{
	const struct text_token *token = &parser->token;

	if (ev->op != VMSIM_OP_READ)
		return text_fail(
			parser, token->at,
			"only a read has a value as its result (expected OK or an exception)");
	if (ev->size > 8)
		return text_fail(parser, token->at,
				 "a read of %u bytes cannot have a value (expected "
				 "a size of at most 8, or OK)",
				 ev->size);
	if (!text_fits(token->number, ev->size))
		return fail_fit(parser, token->at, ev->size);
	ev->value = token->number;
	ev->result = VMSIM_RESULT_VALUE;
	text_step(parser);
	return true;
}

static bool parse_access_result(struct text_parser *parser, struct vmsim_event *ev)
{
	static const struct {
		const char *word;
		enum vmsim_access_result result;
	} words[] = {
		{"OK", VMSIM_RESULT_OK},
		{"ACCESS_VIOLATION", VMSIM_RESULT_ACCESS_VIOLATION},
		{"GUARD_PAGE", VMSIM_RESULT_GUARD_PAGE},
		{"IN_PAGE_ERROR", VMSIM_RESULT_IN_PAGE_ERROR},
		{"STACK_OVERFLOW", VMSIM_RESULT_STACK_OVERFLOW},
	};

	if (parser->token.kind == TEXT_NUMBER)
		return parse_read_value(parser, ev);
	for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
		if (text_is_word(parser, words[i].word)) {
			ev->result = (uint8_t)words[i].result;
			text_step(parser);
			return true;
		}
	}
	return text_unexpected(parser,
			       "a value, OK, ACCESS_VIOLATION, GUARD_PAGE, IN_PAGE_ERROR or "
			       "STACK_OVERFLOW");
}

static bool parse_access(struct text_parser *parser, struct vmsim_event *ev, uint8_t op)
{
	struct vmsim_addr address;

	text_step(parser);
	if (!text_address(parser, false, &address))
		return false;
	ev->op = op;
	ev->va = address.offset;
	ev->label = address.label;
	if (parser->token.kind == TEXT_NUMBER && parser->token.number == 0)
		return text_unexpected(parser, EXPECT_SIZE);
	if (parser->token.kind == TEXT_NUMBER) {
		if (!text_number32(parser, EXPECT_SIZE, &ev->size))
			return false;
		if (op == VMSIM_OP_WRITE && !parse_store_value(parser, ev))
			return false;
	}
	if (!text_is_sign(parser, '='))
		return true;
	text_step(parser);
	return parse_access_result(parser, ev);
}

/* --- calls ----------------------------------------------------------------------------- */

/* How many arguments of each kind came. */
struct argument_counts {
	unsigned sizes, numbers;
};

static bool parse_string(struct text_parser *parser, const char *expected, const char **string)
{
	if (parser->token.kind != TEXT_STRING)
		return text_unexpected(parser, expected);
	*string = parser->token.text;
	text_step(parser);
	return true;
}

/* parse_file: a path, or NULL for the pagefile. */
static bool parse_file(struct text_parser *parser, const char **file)
{
	if (!text_is_word(parser, "NULL"))
		return parse_string(parser, "a path in quotes, or NULL", file);
	text_step(parser);
	return true;
}

static bool parse_inject(struct text_parser *parser, enum vmsim_inject *inject)
{
	const struct text_token *token = &parser->token;

	for (size_t i = 0; token->kind == TEXT_STRING && i < VMSIM_N_INJECTS; i++) {
		if (strcmp(token->text, trace_injects[i]) == 0) {
			*inject = (enum vmsim_inject)i;
			text_step(parser);
			return true;
		}
	}
	return text_unexpected(parser, "\"read\", \"write\" or \"memory\"");
}

/* parse_flags: the arguments made of names joined by "|". */
static bool parse_flags(struct text_parser *parser, char letter)
{
	struct vmsim_call *call = parser->call;

	switch (letter) {
	case 'T':
		return text_flags(parser, vmsim_mem_by_name,
				  "a type: MEM_... or a number, joined by \"|\"", &call->type);
	case 'P':
		return text_flags(parser, vmsim_prot_by_name,
				  "a protection: PAGE_... or a number, joined by \"|\"",
				  &call->protect);
	case 'C':
		return text_flags(parser, vmsim_section_by_name,
				  "a protection: PAGE_..., SEC_... or a number, joined by \"|\"",
				  &call->protect);
	default:
		return text_flags(parser, vmsim_file_map_by_name,
				  "an access: FILE_MAP_... or a number, joined by \"|\"",
				  &call->access);
	}
}

static bool parse_argument(struct text_parser *parser, char letter, struct argument_counts *count)
{
	struct vmsim_call *call = parser->call;

	switch (letter) {
	case 'A':
		return text_address(parser, false, &call->address);
	case 'S':
		return text_number(parser, UINT64_MAX, "a size", &call->size[count->sizes++]);
	case 'N':
	case 'H':
		return text_number(parser, UINT64_MAX, "a number", &call->number[count->numbers++]);
	case 'Q':
		return parse_string(parser, "a name in quotes", &call->name);
	case 'F':
		return parse_file(parser, &call->file);
	case 'K':
		return parse_inject(parser, &call->inject);
	default:
		return parse_flags(parser, letter);
	}
}

static bool parse_arguments(struct text_parser *parser, const char *letters)
{
	struct argument_counts count = {0, 0};

	if (!text_sign(parser, '(', "\"(\""))
		return false;
	for (const char *letter = letters; *letter != '\0'; letter++) {
		if (letter != letters && !text_sign(parser, ',', "a comma: another argument"))
			return false;
		if (!parse_argument(parser, *letter, &count))
			return false;
	}
	return text_sign(parser, ')', "\")\": no more arguments");
}

static bool parse_call(struct text_parser *parser, struct vmsim_event *ev, enum vmsim_call_id id)
{
	struct vmsim_call *call = parser->call;

	memset(call, 0, sizeof *call);
	call->id = id;
	ev->op = VMSIM_OP_CALL;
	ev->call = call;
	text_step(parser);
	if (!parse_arguments(parser, vmsim_calls[id].arguments))
		return false;
	if (!text_is_sign(parser, '='))
		return true;
	if (vmsim_calls[id].result != VMSIM_NONE)
		text_step(parser);
	return text_outcome(parser, id, &call->recorded);
}

/* --- the line -------------------------------------------------------------------------- */

static bool parse_word(struct text_parser *parser, struct vmsim_event *ev)
{
	if (text_is_word(parser, "R"))
		return parse_access(parser, ev, VMSIM_OP_READ);
	if (text_is_word(parser, "W"))
		return parse_access(parser, ev, VMSIM_OP_WRITE);
	if (text_is_word(parser, "X"))
		return parse_access(parser, ev, VMSIM_OP_EXECUTE);
	for (enum vmsim_call_id id = 0; id < VMSIM_N_CALLS; id++)
		if (text_is_word(parser, vmsim_calls[id].name))
			return parse_call(parser, ev, id);
	return text_unexpected(parser, EXPECT_EVENT);
}

bool text_event(struct text_parser *parser, struct vmsim_event *ev)
{
	*ev = (struct vmsim_event){.line = parser->line_number, .size = 1, .pid = 1, .tid = 1};
	if (!parse_time(parser, ev) || !parse_owner(parser, ev))
		return false;
	if (!parse_word(parser, ev))
		return false;
	return parser->token.kind == TEXT_END || text_unexpected(parser, EXPECT_END);
}
