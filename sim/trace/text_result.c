/* text_result.c: recorded results of calls, a function per kind of calls.def. */
#include <vmsim/win32.h>

#include "trace/text.h"

#define EXPECT_ERROR "an error: ERROR_..., STATUS_... or a number"
#define EXPECT_PROTECT "a protection: PAGE_... or a number, joined by \"|\""

static bool parse_failure(struct text_parser *parser, struct vmsim_outcome *outcome)
{
	outcome->kind = VMSIM_OUTCOME_FAILURE;
	return text_code(parser, EXPECT_ERROR, &outcome->error);
}

static bool parse_addr(struct text_parser *parser, struct vmsim_outcome *outcome)
{
	if (!text_address(parser, true, &outcome->address))
		return false;
	if (outcome->address.label == 0 && outcome->address.offset == 0)
		return parse_failure(parser, outcome);
	outcome->kind = VMSIM_OUTCOME_SUCCESS;
	return true;
}

/* parse_truth: TRUE, or FALSE ERROR. */
static bool parse_truth(struct text_parser *parser, struct vmsim_outcome *outcome)
{
	bool success = text_is_word(parser, "TRUE");

	if (!success && !text_is_word(parser, "FALSE"))
		return text_unexpected(parser, "TRUE or FALSE");
	text_step(parser);
	if (!success)
		return parse_failure(parser, outcome);
	outcome->kind = VMSIM_OUTCOME_SUCCESS;
	return true;
}

static bool parse_old(struct text_parser *parser, struct vmsim_outcome *outcome)
{
	if (!parse_truth(parser, outcome))
		return false;
	return outcome->kind == VMSIM_OUTCOME_FAILURE ||
	       text_flags(parser, vmsim_prot_by_name, EXPECT_PROTECT, &outcome->protect);
}

static bool parse_query(struct text_parser *parser, struct vmsim_outcome *outcome)
{
	if (text_is_word(parser, "FALSE"))
		return parse_truth(parser, outcome);
	outcome->kind = VMSIM_OUTCOME_SUCCESS;
	return text_address(parser, true, &outcome->address) &&
	       text_address(parser, true, &outcome->alloc_base) &&
	       text_flags(parser, vmsim_prot_by_name, EXPECT_PROTECT, &outcome->alloc_protect) &&
	       text_number(parser, UINT64_MAX, "the region's size", &outcome->size) &&
	       text_flags(parser, vmsim_mem_by_name, "a state: MEM_COMMIT, MEM_RESERVE or MEM_FREE",
			  &outcome->state) &&
	       text_flags(parser, vmsim_prot_by_name, EXPECT_PROTECT, &outcome->protect) &&
	       text_flags(parser, vmsim_mem_by_name,
			  "a type: MEM_PRIVATE, MEM_MAPPED, MEM_IMAGE or 0", &outcome->type);
}

static bool parse_code(struct text_parser *parser, struct vmsim_outcome *outcome)
{
	if (!parse_failure(parser, outcome))
		return false;
	if (outcome->error == 0)
		outcome->kind = VMSIM_OUTCOME_SUCCESS;
	return true;
}

/* parse_pages: N, then N addresses. A line's length bounds them. */
static bool parse_pages(struct text_parser *parser, struct vmsim_outcome *outcome)
{
	const char *count_at = parser->token.at;
	GArray *pages = g_array_new(FALSE, FALSE, sizeof(struct vmsim_addr));
	struct vmsim_addr page;
	uint64_t n = 0;
	bool ok = text_number(parser, UINT64_MAX, "the number of addresses", &n);

	while (ok && parser->token.kind != TEXT_END) {
		ok = text_address(parser, true, &page);
		if (ok)
			g_array_append_val(pages, page);
	}
	if (ok && pages->len != n)
		ok = text_fail(parser, count_at,
			       "%u addresses follow (expected %" G_GUINT64_FORMAT
			       ", the number given)",
			       pages->len, n);
	outcome->n_pages = pages->len;
	outcome->pages = (struct vmsim_addr *)(void *)g_array_free(pages, FALSE);
	if (parser->pages != NULL)
		g_ptr_array_add(parser->pages, outcome->pages);
	return ok;
}

static bool parse_watch(struct text_parser *parser, struct vmsim_outcome *outcome)
{
	return parse_code(parser, outcome) &&
	       (outcome->kind == VMSIM_OUTCOME_FAILURE || parse_pages(parser, outcome));
}

static bool parse_ntstat(struct text_parser *parser, struct vmsim_outcome *outcome)
{
	if (!parse_failure(parser, outcome))
		return false;
	if (outcome->error < 0x80000000u) /* severities success and information */
		outcome->kind = VMSIM_OUTCOME_SUCCESS;
	if (outcome->kind == VMSIM_OUTCOME_FAILURE && parser->token.kind == TEXT_END)
		return true;
	return text_address(parser, true, &outcome->address) &&
	       text_number(parser, UINT64_MAX, "the region's size", &outcome->size);
}

static bool parse_none(struct text_parser *parser, struct vmsim_outcome *outcome)
{
	(void)outcome;
	return text_unexpected(parser, "no result: this call has none");
}

bool text_outcome(struct text_parser *parser, enum vmsim_call_id id, struct vmsim_outcome *outcome)
{
	static bool (*const kinds[])(struct text_parser *, struct vmsim_outcome *) = {
		[VMSIM_ADDR] = parse_addr,     [VMSIM_BOOL] = parse_truth,
		[VMSIM_OLD] = parse_old,       [VMSIM_QUERY] = parse_query,
		[VMSIM_CODE] = parse_code,     [VMSIM_WATCH] = parse_watch,
		[VMSIM_NTSTAT] = parse_ntstat, [VMSIM_NONE] = parse_none,
	};

	return kinds[vmsim_calls[id].result](parser, outcome);
}
