/* text_reader.c: the text format (.vmt), read.
 *
 * Most lines of a recording are accesses at plain addresses; fast_access() takes those in one
 * pass over the bytes. Whatever it does not know, right or wrong, goes to the parser
 * (text_event.c), which starts the line again: the fast path has no errors of its own.
 *
 * 1. What fast_access() accepts, text_event() accepts with the same outcome.
 * 2. Slot i of a batch has calls[i]; names point into the chunk, which a batch does not cross. */
#include <string.h>

#include "trace/format.h"
#include "trace/scan.h"
#include "trace/text.h"

struct text_reader {
	struct text_parser parser;
	struct vmsim_call calls[TRACE_BATCH];
};

/* --- hot ------------------------------------------------------------------------------- */

/* fast_owner: "PID " or "PID.TID ", if any. Returns the byte after, or NULL. */
static inline char *fast_owner(char *at, struct vmsim_event *ev)
{
	ev->pid = 1;
	ev->tid = 1;
	if ((unsigned)(*at - '0') >= 10)
		return at;
	at = scan_decimal(at, &ev->pid);
	if (at != NULL && *at == '.')
		at = scan_decimal(at + 1, &ev->tid);
	return at != NULL && *at == ' ' ? at + 1 : NULL;
}

/* fast_value: "0x..." that fits in the event's size. Returns the byte after, or NULL. */
static inline char *fast_value(char *at, struct vmsim_event *ev)
{
	if (at[0] != '0' || at[1] != 'x' || ev->size > 8)
		return NULL;
	at = scan_hex(at + 2, &ev->value);
	return at != NULL && text_fits(ev->value, ev->size) ? at : NULL;
}

/* fast_result: what follows " = ": a value of a read, or OK. */
static inline char *fast_result(char *at, struct vmsim_event *ev)
{
	if (at[0] == 'O' && at[1] == 'K') {
		ev->result = VMSIM_RESULT_OK;
		return at + 2;
	}
	ev->result = VMSIM_RESULT_VALUE;
	return ev->op == VMSIM_OP_READ ? fast_value(at, ev) : NULL;
}

/* fast_size: "SIZE", and for a store perhaps " VALUE". Returns the byte after, or NULL. */
static inline char *fast_size(char *at, struct vmsim_event *ev)
{
	at = scan_decimal(at, &ev->size);
	if (at == NULL || ev->size == 0)
		return NULL;
	if (ev->op == VMSIM_OP_WRITE && at[0] == ' ' && at[1] == '0') {
		ev->flags = VMSIM_EV_VALUE;
		at = fast_value(at + 1, ev);
	}
	return at;
}

/* fast_access: [PID[.TID] ]R|W|X 0xADDR[ SIZE[ 0xVALUE]][ = 0xVALUE|OK][ # comment].
 * => returns the next line, or NULL for any other line, ev then not meaningful */
static inline char *fast_access(char *at, const char *end, uint64_t line, struct vmsim_event *ev)
{
	*ev = (struct vmsim_event){.line = line, .size = 1};
	at = fast_owner(at, ev);
	if (at == NULL)
		return NULL;
	if (*at == 'X')
		ev->op = VMSIM_OP_EXECUTE;
	else if (*at == 'W')
		ev->op = VMSIM_OP_WRITE;
	else if (*at != 'R')
		return NULL;
	if (at[1] != ' ' || at[2] != '0' || at[3] != 'x')
		return NULL;
	at = scan_hex(at + 4, &ev->va);
	if (at != NULL && at[0] == ' ' && (unsigned)(at[1] - '0') < 10)
		at = fast_size(at + 1, ev);
	if (at != NULL && at[0] == ' ' && at[1] == '=' && at[2] == ' ')
		at = fast_result(at + 3, ev);
	if (at == NULL)
		return NULL;
	while (*at == ' ')
		at++;
	if (*at == '#')
		at = memchr(at, '\n', (size_t)(end - at));
	return *at == '\n' ? at + 1 : NULL;
}

/* --- cold ------------------------------------------------------------------------------ */

/* slow_line: any line. Takes it off the trace's text.
 * => returns 1 for an event, 0 for none, -1 with error set */
static int slow_line(struct vmsim_trace *trace, struct vmsim_event *ev, struct vmsim_call *call,
		     GError **error)
{
	struct text_reader *reader = trace->state;
	struct text_parser *parser = &reader->parser;
	char *line = trace->at;

	trace->at = (char *)memchr(line, '\n', (size_t)(trace->end - line)) + 1;
	text_begin(parser, line, trace->lines, error);
	if (parser->token.kind == TEXT_END)
		return 0;
	if (text_is_sign(parser, '%')) {
		text_fail(parser, parser->token.at,
			  "a directive after the first event (expected "
			  "directives before all events)");
		return -1;
	}
	parser->call = call;
	return text_event(parser, ev) ? 1 : -1;
}

static size_t text_next_batch(struct vmsim_trace *trace, GError **error)
{
	struct text_reader *reader = trace->state;
	size_t n = 0;

	g_ptr_array_set_size(reader->parser.pages, 0);
	if (!trace_has_text(trace, error))
		return 0;
	while (trace->at < trace->end && n < TRACE_BATCH) {
		struct vmsim_event *ev = &trace->events[n];
		char *next = fast_access(trace->at, trace->end, ++trace->lines, ev);
		int got = 1;

		if (G_LIKELY(next != NULL))
			trace->at = next;
		else
			got = slow_line(trace, ev, &reader->calls[n], error);
		if (G_UNLIKELY(got < 0))
			break;
		n += (size_t)got;
	}
	return n;
}

/* read_directives: up to the first event, which stays unread. */
static bool read_directives(struct vmsim_trace *trace, GError **error)
{
	struct text_reader *reader = trace->state;
	struct text_parser *parser = &reader->parser;
	unsigned seen = 0;

	while (trace_has_text(trace, error)) {
		char *line = trace->at;

		text_begin(parser, line, trace->lines + 1, error);
		if (text_is_sign(parser, '%')) {
			if (!text_directive(parser, &trace->header, &seen))
				return false;
		} else if (parser->token.kind != TEXT_END) {
			return true;
		}
		trace->lines++;
		trace->at = (char *)memchr(line, '\n', (size_t)(trace->end - line)) + 1;
	}
	return trace->ended;
}

static bool text_open(struct vmsim_trace *trace, GError **error)
{
	struct text_reader *reader = g_new0(struct text_reader, 1);
	struct text_parser *parser = &reader->parser;

	trace->state = reader;
	parser->path = trace->path;
	parser->labels = trace->labels;
	parser->pages = g_ptr_array_new_with_free_func(g_free);
	if (!trace_has_text(trace, error))
		return false;
	text_begin(parser, trace->at, 1, error);
	if (!text_first_line(parser))
		return false;
	trace->lines = 1;
	trace->at = (char *)memchr(trace->at, '\n', (size_t)(trace->end - trace->at)) + 1;
	return read_directives(trace, error);
}

static void text_close(struct vmsim_trace *trace)
{
	struct text_reader *reader = trace->state;

	if (reader == NULL)
		return;
	g_ptr_array_free(reader->parser.pages, TRUE);
	g_free(reader);
}

/* looks_like_event: whether a first line that should have been "# vmtrace 1" is of this format
 * all the same, so that the message can say what is missing. */
static bool looks_like_event(const char *head, size_t n)
{
	const char *feed = memchr(head, '\n', n);
	char *line = g_strndup(head, MIN(feed != NULL ? (size_t)(feed - head) : n, 4096));
	bool found = line[0] == '%' && g_ascii_isalpha(line[1]);

	if (line[0] == '#' && strstr(line, "vmtrace") != NULL)
		found = true;
	for (size_t id = 0; id < VMSIM_N_CALLS && !found; id++) {
		const char *call = strstr(line, vmsim_calls[id].name);

		found = call != NULL && call[strlen(vmsim_calls[id].name)] == '(';
	}
	if (strchr("RWX", line[0]) != NULL && strncmp(line + (line[0] != '\0'), " 0x", 3) == 0)
		found = true;
	g_free(line);
	return found;
}

static int text_probe(const char *head, size_t n)
{
	static const char bom[] = "\xef\xbb\xbf";
	static const char words[] = "# vmtrace";

	if (n >= strlen(bom) && memcmp(head, bom, strlen(bom)) == 0) {
		head += strlen(bom);
		n -= strlen(bom);
	}
	if (n >= strlen(words) && memcmp(head, words, strlen(words)) == 0)
		return 100;
	return looks_like_event(head, n) ? 1 : 0;
}

const struct trace_ops trace_vmt_ops = {
	.info = {"vmt", "Text of vmsim: references, calls, results and values (traces/FORMAT.md)",
		 .reads = true, .writes = true, .calls = true, .values = true},
	.probe = text_probe,
	.open = text_open,
	.next_batch = text_next_batch,
	.close = text_close,
	.writer = &text_writer_ops,
};
