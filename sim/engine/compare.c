/* compare.c: what was recorded against what happened (interface 2).
 *
 * Results unify: a label that has no value yet takes what the call answered; one that has is
 * compared. */
#include "engine/machine.h"

#include <vmsim/win32.h>

static const char *const result_words[] = {
	[VMSIM_RESULT_NONE] = "",
	[VMSIM_RESULT_OK] = "OK",
	[VMSIM_RESULT_VALUE] = "",
	[VMSIM_RESULT_ACCESS_VIOLATION] = "ACCESS_VIOLATION",
	[VMSIM_RESULT_GUARD_PAGE] = "GUARD_PAGE",
	[VMSIM_RESULT_IN_PAGE_ERROR] = "IN_PAGE_ERROR",
	[VMSIM_RESULT_STACK_OVERFLOW] = "STACK_OVERFLOW",
};

/* A divergence is counted, kept if it is the first, and reported. Takes the strings. */
static void diverge(struct vmsim_machine *m, const struct op *op, char *expected, char *got,
		    const char *rule)
{
	char *call = vmsim_event_print(&op->event, op->source->labels);
	struct vmsim_record record = {
		.kind = VMSIM_RECORD_DIVERGENCE,
		.call = call,
		.expected = expected,
		.got = got,
		.rule = rule,
		.file = op->source->path,
	};

	if (!m->divergences++)
		m->first_divergence = g_strdup_printf(
			"%s:%" G_GUINT64_FORMAT ": %s: expected %s, got %s [%s]", op->source->path,
			op->event.line, call, expected, got, rule);
	if (events_wanted(&m->events, VMSIM_RECORD_DIVERGENCE))
		events_emit(&m->events, &record);
	g_free(call);
	g_free(expected);
	g_free(got);
}

static char *print_value(const struct op *op)
{
	return op->event.op == VMSIM_OP_READ && op->event.size <= 8
		       ? g_strdup_printf("0x%" G_GINT64_MODIFIER "x", op->got)
		       : g_strdup("OK");
}

static const char *rule_of(enum vmsim_access_result result)
{
	switch (result) {
	case VMSIM_RESULT_ACCESS_VIOLATION:
		return "3.1";
	case VMSIM_RESULT_GUARD_PAGE:
		return "3.1.4d";
	case VMSIM_RESULT_STACK_OVERFLOW:
		return "K2";
	case VMSIM_RESULT_IN_PAGE_ERROR:
		return "L16";
	default:
		return "3.1";
	}
}

void compare_access(struct vmsim_machine *m, const struct op *op,
		    enum vmsim_access_result result)
{
	enum vmsim_access_result recorded = (enum vmsim_access_result)op->event.result;
	bool value = recorded == VMSIM_RESULT_VALUE;
	char *expected;

	if (recorded == VMSIM_RESULT_NONE)
		return;
	if (result == VMSIM_RESULT_OK && value) {
		if (!op->differs) {
			m->stats.c.values_compared += op->compared;
			return;
		}
	} else if (!value && result == recorded) {
		return;
	}
	expected = value ? g_strdup_printf("0x%" G_GINT64_MODIFIER "x", op->event.value)
			 : g_strdup(result_words[recorded]);
	diverge(m, op, expected,
		result == VMSIM_RESULT_OK ? print_value(op) : g_strdup(result_words[result]),
		result == VMSIM_RESULT_OK && value ? "I31" : rule_of(result));
}

static bool unify(struct vmsim_labels *labels, const struct vmsim_addr *recorded, uint64_t got)
{
	if (recorded->label && !labels->bound[recorded->label]) {
		labels->bound[recorded->label] = true;
		labels->value[recorded->label] = got - recorded->offset;
		return true;
	}
	return labels->value[recorded->label] + recorded->offset == got;
}

/* The rule by which a call that succeeded answers what it does. */
static const char *success_rule(const struct vmsim_call *call)
{
	static const char *const rule[VMSIM_N_CALLS] = {
		[VMSIM_CALL_VIRTUAL_ALLOC] = "V9",	[VMSIM_CALL_VIRTUAL_ALLOC2] = "V12",
		[VMSIM_CALL_VIRTUAL_FREE] = "E12",	[VMSIM_CALL_VIRTUAL_PROTECT] = "E14",
		[VMSIM_CALL_VIRTUAL_QUERY] = "V13",	[VMSIM_CALL_VIRTUAL_LOCK] = "2.7",
		[VMSIM_CALL_VIRTUAL_UNLOCK] = "2.7",	[VMSIM_CALL_SET_WORKING_SET] = "2.8",
		[VMSIM_CALL_EMPTY_WORKING_SET] = "2.8", [VMSIM_CALL_PREFETCH] = "2.9",
		[VMSIM_CALL_OFFER] = "R9",		[VMSIM_CALL_RECLAIM] = "R10",
		[VMSIM_CALL_DISCARD] = "R11",		[VMSIM_CALL_GET_WRITE_WATCH] = "E16",
		[VMSIM_CALL_RESET_WRITE_WATCH] = "E16", [VMSIM_CALL_NT_ALLOCATE] = "V9",
		[VMSIM_CALL_NT_FREE] = "E11",		[VMSIM_CALL_MAP_VIEW] = "C1",
	};

	return rule[call->id] ? rule[call->id] : "2.1";
}

/* A label that was to be bound by a call that answered otherwise stands for NULL from now on. */
static void bind_nothing(struct vmsim_labels *labels, const struct vmsim_outcome *recorded)
{
	unify(labels, &recorded->address, 0);
	unify(labels, &recorded->alloc_base, 0);
	for (size_t i = 0; i < recorded->n_pages; i++)
		unify(labels, &recorded->pages[i], 0);
}

static bool wrong_parameter(uint32_t status)
{
	return status == STATUS_INVALID_PARAMETER ||
	       (status >= STATUS_INVALID_PARAMETER_1 && status <= STATUS_INVALID_PARAMETER_12);
}

/* Whether Windows numbers the parameter that is wrong, and how, differs by its version: they are
 * one row of 2.1. */
static bool errors_agree(const struct api_call *call, uint32_t recorded)
{
	return recorded == call->outcome.error || recorded == call->status ||
	       (wrong_parameter(recorded) && wrong_parameter(call->status));
}

/* The addresses that GetWriteWatch answers; their number, too. */
static bool pages_agree(struct vmsim_labels *labels, const struct vmsim_outcome *recorded,
			const struct vmsim_outcome *got)
{
	bool agree = recorded->n_pages == got->n_pages;

	for (size_t i = 0; i < recorded->n_pages; i++)
		agree &= unify(labels, &recorded->pages[i],
			       i < got->n_pages ? got->pages[i].offset : 0);
	return agree;
}

static bool outcomes_agree(struct vmsim_labels *labels, enum vmsim_result_kind kind,
			   const struct vmsim_outcome *recorded, const struct vmsim_outcome *got)
{
	bool base, alloc;

	switch (kind) {
	case VMSIM_ADDR:
		return unify(labels, &recorded->address, got->address.offset);
	case VMSIM_OLD:
		return recorded->protect == got->protect;
	case VMSIM_QUERY:
		base = unify(labels, &recorded->address, got->address.offset);
		alloc = unify(labels, &recorded->alloc_base, got->alloc_base.offset);
		return base && alloc && recorded->alloc_protect == got->alloc_protect &&
		       recorded->size == got->size && recorded->state == got->state &&
		       recorded->protect == got->protect && recorded->type == got->type;
	case VMSIM_WATCH:
		return pages_agree(labels, recorded, got);
	case VMSIM_NTSTAT:
		return unify(labels, &recorded->address, got->address.offset) &&
		       recorded->size == got->size && recorded->error == got->error;
	default:
		return true;
	}
}

void compare_call(struct vmsim_machine *m, struct op *op)
{
	const struct vmsim_call *call = op->call.call;
	const struct vmsim_outcome *recorded = &call->recorded;
	const struct vmsim_outcome *got = &op->call.outcome;
	struct vmsim_labels *labels = op->source->labels;
	bool agrees = recorded->kind == got->kind;

	if (recorded->kind == VMSIM_OUTCOME_NONE)
		return;
	if (!agrees)
		bind_nothing(labels, recorded);
	else if (got->kind == VMSIM_OUTCOME_FAILURE)
		agrees = errors_agree(&op->call, recorded->error);
	else
		agrees = outcomes_agree(labels, vmsim_calls[call->id].result, recorded, got);
	if (agrees)
		return;
	diverge(m, op, vmsim_outcome_print(call->id, recorded, labels),
		vmsim_outcome_print(call->id, got, labels),
		op->call.rule ? op->call.rule : success_rule(call));
}
