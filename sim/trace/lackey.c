/* lackey.c: valgrind --tool=lackey --trace-mem=yes, read and written.
 *
 *	I  0401ab70,3      fetch        L 1fff000688,8     load
 *	 S 1fff000688,8    store        M 1fff000688,8     modify: a load, then a store
 *
 * Address hexadecimal, size decimal. Valgrind's own lines (==PID==, --PID--) and empty ones are
 * passed over. There are no calls, values, times, processes or threads: everything is of 1.1.
 *
 * 1. Of an event only va, size, line, op and flags ever change; the slots hold the rest from the
 *    beginning (pid 1, tid 1, zero).
 * 2. A modify is two events of one line, never in two batches. */
#include "trace/format.h"
#include "trace/print.h"
#include "trace/scan.h"

#include <string.h>

#define PREFIX_BYTES 3   /* "I  ", " L " */
#define ADDRESS_DIGITS 8 /* valgrind prints at least so many */

/* What the two bytes that tell the kind mean, found by their exclusive or. */
struct kind {
	char first; /* byte 0, which settles byte 1; 0 when they mean nothing */
	uint8_t op;
	uint8_t flags;
};
static const struct kind kinds[256] = {
	['I' ^ ' '] = {'I', VMSIM_OP_EXECUTE, 0},
	['L' ^ ' '] = {' ', VMSIM_OP_READ, 0},
	['S' ^ ' '] = {' ', VMSIM_OP_WRITE, 0},
	['M' ^ ' '] = {' ', VMSIM_OP_READ, VMSIM_EV_MODIFY},
};

/* --- one line -------------------------------------------------------------------------- */

/* parse_kind: the first three bytes of a line; NULL when they are no prefix. */
static inline const struct kind *parse_kind(const char *at)
{
	const struct kind *kind = &kinds[(unsigned char)(at[0] ^ at[1])];

	return kind->first == at[0] && at[0] != '\0' && at[2] == ' ' ? kind : NULL;
}

/* parse_fast: the lines that recordings are made of: 8 to 15 digits, a size below 100.
 * => returns the next line, or NULL for anything else, ev then not meaningful */
static inline char *parse_fast(char *at, struct vmsim_event *ev)
{
	const struct kind *kind = parse_kind(at);
	uint64_t va, size;
	uint8_t digit;

	if (kind == NULL || !scan_hex8(scan_load8(at + PREFIX_BYTES), &va))
		return NULL;
	at += PREFIX_BYTES + 8;
	while ((digit = scan_hex_value[(unsigned char)*at]) != 0xff) {
		if (va >> 56 != 0)
			return NULL;
		va = va << 4 | digit;
		at++;
	}
	size = (uint64_t)(unsigned char)at[1] - '0';
	if (at[0] != ',' || size > 9)
		return NULL;
	at += 2;
	if (*at != '\n') {
		uint64_t unit = (uint64_t)(unsigned char)*at - '0';

		if (unit > 9 || at[1] != '\n')
			return NULL;
		size = size * 10 + unit;
		at++;
	}
	if (size == 0)
		return NULL;
	ev->va = va;
	ev->size = (uint32_t)size;
	ev->op = kind->op;
	ev->flags = kind->flags;
	return at + 1;
}

static bool at_line_end(const char *at)
{
	return *at == '\n' || (at[0] == '\r' && at[1] == '\n');
}

/* is_chatter: an empty line, or one of valgrind's own: ==123==, --123--, **123**. */
static bool is_chatter(const char *at)
{
	const char *p = at + 2;

	if (at_line_end(at))
		return true;
	if ((at[0] != '=' && at[0] != '-' && at[0] != '*') || at[1] != at[0])
		return false;
	while (*p >= '0' && *p <= '9')
		p++;
	return p > at + 2 && p[0] == at[0] && p[1] == at[0];
}

/* parse_address: hexadecimal digits up to the comma.
 * => returns the comma, or NULL with *wrong where it goes wrong and *why */
static const char *parse_address(const char *at, uint64_t *va, const char **wrong, const char **why)
{
	const char *start = at;

	*va = 0;
	*wrong = start;
	*why = "the address does not fit in 64 bits (expected up to 16 hexadecimal digits)";
	for (; scan_hex_value[(unsigned char)*at] != 0xff; at++) {
		if (*va >> 60 != 0)
			return NULL;
		*va = *va << 4 | scan_hex_value[(unsigned char)*at];
	}
	*wrong = at;
	*why = "not an address (expected hexadecimal digits, then a comma)";
	return at > start && *at == ',' ? at : NULL;
}

/* parse_size: decimal digits up to the end of the line; as parse_address(). */
static const char *parse_size(const char *at, uint32_t *size, const char **wrong, const char **why)
{
	const char *start = at;
	uint64_t n = 0;

	*wrong = start;
	*why = "the size is out of range (expected 1 to 4294967295)";
	for (; *at >= '0' && *at <= '9'; at++) {
		n = n * 10 + (uint64_t)(*at - '0');
		if (n > UINT32_MAX)
			return NULL;
	}
	if (at > start && n == 0)
		return NULL;
	*size = (uint32_t)n;
	*wrong = at;
	*why = "not a size (expected decimal digits up to the end of the line)";
	return at > start && at_line_end(at) ? at : NULL;
}

/* parse_slow: any line at all. Fills ev when it is a reference.
 * => returns 1 for a reference, 0 for chatter, -1 with error set */
static int parse_slow(struct vmsim_trace *trace, const char *line, struct vmsim_event *ev,
		      GError **error)
{
	const struct kind *kind = parse_kind(line);
	const char *at, *wrong = line;
	const char *why =
		"not a reference of lackey (expected \"I  \", \" L \", \" S \" or \" M \")";

	if (is_chatter(line))
		return 0;
	if (kind == NULL ||
	    (at = parse_address(line + PREFIX_BYTES, &ev->va, &wrong, &why)) == NULL ||
	    parse_size(at + 1, &ev->size, &wrong, &why) == NULL) {
		trace_fail(trace->path, trace->lines, (size_t)(wrong - line) + 1, error, "%s", why);
		return -1;
	}
	ev->op = kind->op;
	ev->flags = kind->flags;
	return 1;
}

/* --- the reader ------------------------------------------------------------------------ */

static size_t lackey_next_batch(struct vmsim_trace *trace, GError **error)
{
	struct vmsim_event *ev = trace->events;
	struct vmsim_event *const full = ev + TRACE_BATCH - 1; /* a modify takes two slots */
	uint64_t lines = trace->lines;
	char *at, *end;

	if (!trace_has_text(trace, error))
		return 0;
	at = trace->at;
	end = trace->end;
	while (at < end && ev < full) {
		char *next = parse_fast(at, ev);

		lines++;
		if (G_UNLIKELY(next == NULL)) {
			int got;

			trace->lines = lines;
			got = parse_slow(trace, at, ev, error);
			if (got < 0)
				break;
			at = (char *)memchr(at, '\n', (size_t)(end - at)) + 1;
			if (got == 0)
				continue;
		} else {
			at = next;
		}
		ev->line = lines;
		if (G_UNLIKELY(ev->flags != 0)) {
			ev[1].va = ev->va;
			ev[1].size = ev->size;
			ev[1].line = lines;
			ev[1].op = VMSIM_OP_WRITE;
			ev[1].flags = 0;
			ev++;
		}
		ev++;
	}
	trace->lines = lines;
	trace->at = at;
	return (size_t)(ev - trace->events);
}

static bool lackey_open(struct vmsim_trace *trace, GError **error)
{
	(void)error;
	for (size_t i = 0; i < TRACE_BATCH; i++) {
		trace->events[i].pid = 1;
		trace->events[i].tid = 1;
	}
	return true;
}

/* probe_line: a whole line of a trace's head: 1 a reference, 0 chatter, -1 neither. */
static int probe_line(const char *line, size_t n)
{
	struct vmsim_event ev = {0};
	const char *wrong, *why, *comma;
	char copy[64];

	if (n >= sizeof copy - 1) {
		memcpy(copy, line, sizeof copy - 1);
		copy[sizeof copy - 1] = '\n';
		return is_chatter(copy) ? 0 : -1;
	}
	memcpy(copy, line, n);
	memset(copy + n, '\0', sizeof copy - n);
	copy[n] = '\n';
	if (is_chatter(copy))
		return 0;
	if (n < PREFIX_BYTES || parse_kind(copy) == NULL)
		return -1;
	comma = parse_address(copy + PREFIX_BYTES, &ev.va, &wrong, &why);
	return comma != NULL && parse_size(comma + 1, &ev.size, &wrong, &why) != NULL ? 1 : -1;
}

static int lackey_probe(const char *head, size_t n)
{
	bool chatter = false;

	while (n > 0) {
		const char *feed = memchr(head, '\n', n);
		size_t length = feed != NULL ? (size_t)(feed - head) : n;
		int got = probe_line(head, length);

		if (got > 0)
			return 90;
		if (got < 0)
			return chatter ? 10 : 0; /* a log of valgrind, with something else in it */
		chatter = chatter || length > 1;
		n -= feed != NULL ? length + 1 : n;
		head += length + 1;
	}
	return chatter ? 40 : 0;
}

/* --- the writer ------------------------------------------------------------------------ */

/* A modify's load, held until its store comes. */
struct lackey_writer {
	bool held;
	uint64_t va;
	uint32_t size;
};

static bool refuse(const struct vmsim_writer *writer, const struct vmsim_event *event,
		   const char *what, GError **error)
{
	char *text = vmsim_event_print(event, writer->labels);

	g_set_error(error, VMSIM_ERROR, VMSIM_ERROR_TRACE, "lackey cannot hold %s: %s", what, text);
	g_free(text);
	return false;
}

/* check_event: whether nothing of it would be lost. */
static bool check_event(const struct vmsim_writer *writer, const struct vmsim_event *event,
			GError **error)
{
	const struct vmsim_labels *labels = writer->labels;

	if (event->op == VMSIM_OP_CALL)
		return refuse(writer, event, "calls", error);
	if (event->result == VMSIM_RESULT_VALUE || (event->flags & VMSIM_EV_VALUE) != 0)
		return refuse(writer, event, "values", error);
	if (event->result != VMSIM_RESULT_NONE)
		return refuse(writer, event, "recorded results", error);
	if ((event->flags & (VMSIM_EV_GAP | VMSIM_EV_AT)) != 0)
		return refuse(writer, event, "times", error);
	if (event->pid != 1 || event->tid != 1)
		return refuse(writer, event, "processes and threads", error);
	if (event->label != 0 &&
	    (labels == NULL || event->label >= labels->n || !labels->bound[event->label]))
		return refuse(writer, event, "labels that have no value", error);
	return true;
}

static void put_line(struct vmsim_writer *writer, const char *prefix, uint64_t va, uint32_t size)
{
	g_string_append_len(writer->text, prefix, PREFIX_BYTES);
	print_hex(writer->text, va, ADDRESS_DIGITS);
	g_string_append_c(writer->text, ',');
	print_decimal(writer->text, size);
	g_string_append_c(writer->text, '\n');
}

/* put_held: a modify whose store did not come is a load. */
static void put_held(struct vmsim_writer *writer)
{
	struct lackey_writer *state = writer->state;

	if (state->held)
		put_line(writer, " L ", state->va, state->size);
	state->held = false;
}

static bool lackey_put(struct vmsim_writer *writer, const struct vmsim_event *event, GError **error)
{
	static const char *const prefixes[] = {
		[VMSIM_OP_READ] = " L ", [VMSIM_OP_WRITE] = " S ", [VMSIM_OP_EXECUTE] = "I  "};
	struct lackey_writer *state = writer->state;
	uint64_t va = event->va;

	if (!check_event(writer, event, error))
		return false;
	if (event->label != 0)
		va += writer->labels->value[event->label];
	if (state->held && event->op == VMSIM_OP_WRITE && va == state->va &&
	    event->size == state->size) {
		state->held = false;
		put_line(writer, " M ", va, event->size);
		return true;
	}
	put_held(writer);
	if (event->op == VMSIM_OP_READ && (event->flags & VMSIM_EV_MODIFY) != 0)
		*state = (struct lackey_writer){true, va, event->size};
	else
		put_line(writer, prefixes[event->op], va, event->size);
	return true;
}

static void lackey_writer_open(struct vmsim_writer *writer, const struct vmsim_trace_header *header)
{
	(void)header; /* there is no place for it */
	writer->state = g_new0(struct lackey_writer, 1);
}

static void lackey_writer_close(struct vmsim_writer *writer)
{
	g_free(writer->state);
}

static const struct trace_writer_ops lackey_writer = {
	.open = lackey_writer_open,
	.put = lackey_put,
	.finish = put_held,
	.close = lackey_writer_close,
};

const struct trace_ops trace_lackey_ops = {
	.info = {"lackey", "References as valgrind's lackey prints them (--trace-mem=yes)",
		 .reads = true, .writes = true, .calls = false, .values = false},
	.probe = lackey_probe,
	.open = lackey_open,
	.next_batch = lackey_next_batch,
	.writer = &lackey_writer,
};
