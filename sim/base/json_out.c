/* json_out.c: see json_out.h. */
#include "base/json_out.h"

#include <string.h>

static void new_line(struct json_out *out)
{
	g_string_append_c(out->text, '\n');
	for (unsigned i = 0; i < out->depth; i++)
		g_string_append_c(out->text, '\t');
}

/* Begins a value: the comma after the one before, its place, its key. */
static void begin_value(struct json_out *out, const char *key)
{
	if (out->begun)
		g_string_append_c(out->text, ',');
	if (out->depth > 0)
		new_line(out);
	out->begun = true;
	if (key) {
		json_append_string(out->text, key);
		g_string_append(out->text, ": ");
	}
}

void json_out_begin(struct json_out *out, const char *key, char bracket)
{
	begin_value(out, key);
	g_string_append_c(out->text, bracket);
	out->depth++;
	out->begun = false;
}

void json_out_end(struct json_out *out, char bracket)
{
	out->depth--;
	if (out->begun)
		new_line(out);
	g_string_append_c(out->text, bracket);
	out->begun = true;
}

void json_out_uint(struct json_out *out, const char *key, uint64_t value)
{
	begin_value(out, key);
	json_append_uint(out->text, value);
}

void json_out_string(struct json_out *out, const char *key, const char *value)
{
	begin_value(out, key);
	if (value)
		json_append_string(out->text, value);
	else
		g_string_append(out->text, "null");
}

void json_out_raw(struct json_out *out, const char *key, const char *text)
{
	size_t n = strlen(text);

	begin_value(out, key);
	while (n > 0 && text[n - 1] == '\n')
		n--;
	for (size_t i = 0; i < n; i++) {
		if (text[i] == '\n')
			new_line(out);
		else
			g_string_append_c(out->text, text[i]);
	}
}

void json_append_string(GString *text, const char *value)
{
	static const char hex[] = "0123456789abcdef";

	g_string_append_c(text, '"');
	while (*value) {
		unsigned char c = (unsigned char)*value;
		gunichar u = c < 0x80 ? c : g_utf8_get_char_validated(value, -1);

		if (u >= 0x110000) { /* not UTF-8, or cut off */
			g_string_append(text, "\xEF\xBF\xBD");
			value++;
		} else if (c >= 0x80) {
			const char *next = g_utf8_next_char(value);

			g_string_append_len(text, value, next - value);
			value = next;
		} else {
			if (c == '"' || c == '\\')
				g_string_append_c(text, '\\');
			if (c < 0x20) {
				g_string_append(text, "\\u00");
				g_string_append_c(text, hex[c >> 4]);
				g_string_append_c(text, hex[c & 15]);
			} else {
				g_string_append_c(text, (char)c);
			}
			value++;
		}
	}
	g_string_append_c(text, '"');
}

void json_append_uint(GString *text, uint64_t value)
{
	char digits[20];
	size_t i = sizeof digits;

	do {
		digits[--i] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	g_string_append_len(text, digits + i, (gssize)(sizeof digits - i));
}

void json_append_hex(GString *text, uint64_t value)
{
	static const char hex[] = "0123456789abcdef";
	char digits[16];
	size_t i = sizeof digits;

	do {
		digits[--i] = hex[value & 15];
		value >>= 4;
	} while (value > 0);
	g_string_append(text, "\"0x");
	g_string_append_len(text, digits + i, (gssize)(sizeof digits - i));
	g_string_append_c(text, '"');
}
