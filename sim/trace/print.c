/* print.c: see print.h.
 *
 * Canonical: addresses, sizes of calls and values hexadecimal, sizes of accesses and plain
 * numbers decimal; owner and time only where they are not the default; flags by name. */
#include "trace/print.h"

#include <vmsim/win32.h>

#include "trace/format.h"

void print_hex(GString *out, uint64_t value, unsigned digits)
{
	char buf[16];
	unsigned at = sizeof buf;

	do {
		buf[--at] = "0123456789abcdef"[value & 15];
		value >>= 4;
	} while (value != 0 || sizeof buf - at < digits);
	g_string_append_len(out, buf + at, (gssize)(sizeof buf - at));
}

void print_decimal(GString *out, uint64_t value)
{
	char buf[20];
	unsigned at = sizeof buf;

	do {
		buf[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value != 0);
	g_string_append_len(out, buf + at, (gssize)(sizeof buf - at));
}

static void print_0x(GString *out, uint64_t value)
{
	g_string_append_len(out, "0x", 2);
	print_hex(out, value, 1);
}

/* print_address: an offset of 2^63 and more is a subtraction. */
static void print_address(GString *out, struct vmsim_addr address,
			  const struct vmsim_labels *labels)
{
	if (address.label == 0) {
		print_0x(out, address.offset);
		return;
	}
	if (labels != NULL && address.label < labels->n)
		g_string_append(out, labels->name[address.label]);
	else
		g_string_append_printf(out, "L%u", address.label);
	if (address.offset == 0)
		return;
	g_string_append_c(out, address.offset >> 63 != 0 ? '-' : '+');
	print_0x(out, address.offset >> 63 != 0 ? 0 - address.offset : address.offset);
}

static void print_pointer(GString *out, struct vmsim_addr address,
			  const struct vmsim_labels *labels)
{
	if (address.label == 0 && address.offset == 0)
		g_string_append(out, "NULL");
	else
		print_address(out, address, labels);
}

static void print_name(GString *out, const char *name)
{
	g_string_append_c(out, '"');
	for (; name != NULL && *name != '\0'; name++) {
		if (*name == '"' || *name == '\\')
			g_string_append_c(out, '\\');
		g_string_append_c(out, *name);
	}
	g_string_append_c(out, '"');
}

static void print_type(GString *out, const struct vmsim_call *call)
{
	char flags[VMSIM_FLAGS_MAX];

	switch (call->id) {
	case VMSIM_CALL_VIRTUAL_ALLOC2:
		g_string_append(out, vmsim_alloc2_type_print(call->type, flags));
		break;
	case VMSIM_CALL_VIRTUAL_FREE:
	case VMSIM_CALL_NT_FREE:
		g_string_append(out, vmsim_free_type_print(call->type, flags));
		break;
	default:
		g_string_append(out, vmsim_mem_print(call->type, flags));
	}
}

/* print_words: the arguments that are spelt, not counted: flags and quoted strings. */
static void print_words(GString *out, const struct vmsim_call *call, char letter)
{
	char flags[VMSIM_FLAGS_MAX];

	switch (letter) {
	case 'T':
		print_type(out, call);
		break;
	case 'P':
		g_string_append(out, vmsim_prot_print(call->protect, flags));
		break;
	case 'C':
		g_string_append(out, vmsim_section_print(call->protect, flags));
		break;
	case 'V':
		g_string_append(out, vmsim_file_map_print(call->access, flags));
		break;
	case 'F':
		if (call->file == NULL)
			g_string_append(out, "NULL");
		else
			print_name(out, call->file);
		break;
	case 'K':
		print_name(out, trace_injects[call->inject]);
		break;
	default:
		print_name(out, call->name);
	}
}

static void print_call(GString *out, const struct vmsim_call *call,
		       const struct vmsim_labels *labels)
{
	const struct vmsim_call_info *info = &vmsim_calls[call->id];
	unsigned sizes = 0, numbers = 0;

	g_string_append(out, info->name);
	g_string_append_c(out, '(');
	for (const char *letter = info->arguments; *letter != '\0'; letter++) {
		if (letter != info->arguments)
			g_string_append(out, ", ");
		switch (*letter) {
		case 'A':
			print_pointer(out, call->address, labels);
			break;
		case 'S':
			print_0x(out, call->size[sizes++]);
			break;
		case 'N':
			print_decimal(out, call->number[numbers++]);
			break;
		case 'H':
			print_0x(out, call->number[numbers++]);
			break;
		default:
			print_words(out, call, *letter);
		}
	}
	g_string_append_c(out, ')');
}

static void print_access(GString *out, const struct vmsim_event *event,
			 const struct vmsim_labels *labels)
{
	struct vmsim_addr address = {event->va, event->label};

	g_string_append_c(out, "RWX"[event->op]);
	g_string_append_c(out, ' ');
	print_address(out, address, labels);
	g_string_append_c(out, ' ');
	print_decimal(out, event->size);
	if ((event->flags & VMSIM_EV_VALUE) != 0) {
		g_string_append_c(out, ' ');
		print_0x(out, event->value);
	}
}

void print_event(GString *out, const struct vmsim_event *event, const struct vmsim_labels *labels)
{
	if ((event->flags & (VMSIM_EV_GAP | VMSIM_EV_AT)) != 0) {
		g_string_append_c(out, (event->flags & VMSIM_EV_GAP) != 0 ? '+' : '@');
		print_decimal(out, event->time);
		g_string_append_c(out, ' ');
	}
	if (event->pid != 1 || event->tid != 1) {
		print_decimal(out, event->pid);
		if (event->tid != 1) {
			g_string_append_c(out, '.');
			print_decimal(out, event->tid);
		}
		g_string_append_c(out, ' ');
	}
	if (event->op == VMSIM_OP_CALL)
		print_call(out, event->call, labels);
	else
		print_access(out, event, labels);
}

void print_access_result(GString *out, const struct vmsim_event *event)
{
	static const char *const words[] = {
		[VMSIM_RESULT_OK] = "OK",
		[VMSIM_RESULT_ACCESS_VIOLATION] = "ACCESS_VIOLATION",
		[VMSIM_RESULT_GUARD_PAGE] = "GUARD_PAGE",
		[VMSIM_RESULT_IN_PAGE_ERROR] = "IN_PAGE_ERROR",
		[VMSIM_RESULT_STACK_OVERFLOW] = "STACK_OVERFLOW",
	};

	if (event->result == VMSIM_RESULT_NONE)
		return;
	g_string_append(out, " = ");
	if (event->result == VMSIM_RESULT_VALUE)
		print_0x(out, event->value);
	else
		g_string_append(out, words[event->result]);
}

/* print_code: the name of an error or status, or its number. Zero is told by its kind. */
static void print_code(GString *out, uint32_t code, bool status)
{
	const char *name = status ? vmsim_status_name(code) : vmsim_error_name(code);

	if (name == NULL)
		name = vmsim_status_name(code);
	if (name != NULL)
		g_string_append(out, name);
	else if (code >= 0x80000000u)
		print_0x(out, code);
	else
		print_decimal(out, code);
}

static void print_failure(GString *out, enum vmsim_result_kind kind, uint32_t error)
{
	static const char *const words[] = {[VMSIM_ADDR] = "NULL ",
					    [VMSIM_BOOL] = "FALSE ",
					    [VMSIM_OLD] = "FALSE ",
					    [VMSIM_QUERY] = "FALSE ",
					    [VMSIM_NONE] = NULL};

	if (words[kind] != NULL)
		g_string_append(out, words[kind]);
	print_code(out, error, kind == VMSIM_NTSTAT);
}

static void print_query(GString *out, const struct vmsim_outcome *outcome,
			const struct vmsim_labels *labels)
{
	char flags[VMSIM_FLAGS_MAX];

	print_address(out, outcome->address, labels);
	g_string_append_c(out, ' ');
	print_address(out, outcome->alloc_base, labels);
	g_string_append_printf(out, " %s ", vmsim_prot_print(outcome->alloc_protect, flags));
	print_0x(out, outcome->size);
	g_string_append_printf(out, " %s", vmsim_mem_print(outcome->state, flags));
	g_string_append_printf(out, " %s", vmsim_prot_print(outcome->protect, flags));
	g_string_append_printf(out, " %s", vmsim_region_type_print(outcome->type, flags));
}

static void print_watch(GString *out, const struct vmsim_outcome *outcome,
			const struct vmsim_labels *labels)
{
	g_string_append(out, "0 ");
	print_decimal(out, outcome->n_pages);
	for (size_t i = 0; i < outcome->n_pages; i++) {
		g_string_append_c(out, ' ');
		print_address(out, outcome->pages[i], labels);
	}
}

static void print_success(GString *out, enum vmsim_result_kind kind,
			  const struct vmsim_outcome *outcome, const struct vmsim_labels *labels)
{
	char flags[VMSIM_FLAGS_MAX];

	switch (kind) {
	case VMSIM_ADDR:
		print_address(out, outcome->address, labels);
		break;
	case VMSIM_BOOL:
		g_string_append(out, "TRUE");
		break;
	case VMSIM_OLD:
		g_string_append_printf(out, "TRUE %s", vmsim_prot_print(outcome->protect, flags));
		break;
	case VMSIM_QUERY:
		print_query(out, outcome, labels);
		break;
	case VMSIM_CODE:
		print_code(out, 0, false);
		break;
	case VMSIM_WATCH:
		print_watch(out, outcome, labels);
		break;
	case VMSIM_NTSTAT:
		print_code(out, outcome->error, true);
		g_string_append_c(out, ' ');
		print_pointer(out, outcome->address, labels);
		g_string_append_c(out, ' ');
		print_0x(out, outcome->size);
		break;
	case VMSIM_NONE:
		break;
	}
}

void print_outcome(GString *out, enum vmsim_call_id id, const struct vmsim_outcome *outcome,
		   const struct vmsim_labels *labels)
{
	enum vmsim_result_kind kind = vmsim_calls[id].result;

	if (outcome->kind == VMSIM_OUTCOME_SUCCESS)
		print_success(out, kind, outcome, labels);
	else if (outcome->kind == VMSIM_OUTCOME_FAILURE)
		print_failure(out, kind, outcome->error);
}

char *vmsim_event_print(const struct vmsim_event *event, const struct vmsim_labels *labels)
{
	GString *out = g_string_new(NULL);

	print_event(out, event, labels);
	return g_string_free(out, FALSE);
}

char *vmsim_outcome_print(enum vmsim_call_id id, const struct vmsim_outcome *outcome,
			  const struct vmsim_labels *labels)
{
	GString *out = g_string_new(NULL);

	print_outcome(out, id, outcome, labels);
	return g_string_free(out, FALSE);
}
