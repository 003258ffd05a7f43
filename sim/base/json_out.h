/* json_out.h: writing JSON text, with exact integers and an indent of one tab a level.
 *
 * A value is written with its key inside an object, and with key NULL inside an array or at the
 * top. Text comes out the same wherever it is made: no locale, no floating point. */
#ifndef BASE_JSON_OUT_H
#define BASE_JSON_OUT_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct json_out {
	GString *text;
	unsigned depth;
	bool begun; /* something stands in the innermost bracket already */
};

/* json_out_begin, json_out_end: an object ('{', '}') or an array ('[', ']'). */
void json_out_begin(struct json_out *out, const char *key, char bracket);
void json_out_end(struct json_out *out, char bracket);
void json_out_uint(struct json_out *out, const char *key, uint64_t value);
void json_out_string(struct json_out *out, const char *key, const char *value); /* NULL: null */
/* json_out_raw: text that is JSON already; its lines are indented to their place. */
void json_out_raw(struct json_out *out, const char *key, const char *text);

/* Pieces, without layout: a quoted string (bytes that are not UTF-8 become U+FFFD), a decimal
 * number, and a number as the string "0x...". */
void json_append_string(GString *text, const char *value);
void json_append_uint(GString *text, uint64_t value);
void json_append_hex(GString *text, uint64_t value);

#endif
