/* json.c: reading options from JSON, knowing where everything stands.
 *
 * cJSON says whether the text is JSON and what it holds, but not where. So comments are blanked
 * out in place, cJSON parses, and a second pass over the same text, now known to be JSON, notes
 * the place of every key and its value in order. Walking cJSON's tree in order then meets the
 * keys in the order of those places. */
#include "config/layers.h"

#include <cjson/cJSON.h>
#include <string.h>
#include <vmsim/trace.h>

struct place {
	size_t key, value; /* offsets in the text */
};

struct reader {
	const char *name;
	char *text; /* without comments */
	size_t length;
	GArray *places;   /* of struct place, in the order of the text */
	guint next;       /* the place of the next key in the tree */
	GHashTable *seen; /* path -> offset of its key */
	GArray *assignments;
};

/* --- places --------------------------------------------------------------------------------- */

/* Sets an error whose message begins with the place of an offset. */
static void G_GNUC_PRINTF(4, 5)
	fail_at(const struct reader *r, size_t offset, GError **error, const char *format, ...)
{
	size_t line = 1, column = 1;
	va_list args;
	char *what;

	for (size_t i = 0; i < offset && i < r->length; i++) {
		column++;
		if (r->text[i] == '\n') {
			line++;
			column = 1;
		}
	}
	va_start(args, format);
	what = g_strdup_vprintf(format, args);
	va_end(args);
	g_set_error(error, VMSIM_ERROR, VMSIM_ERROR_CONFIG,
		    "%s:%" G_GSIZE_FORMAT ":%" G_GSIZE_FORMAT ": %s", r->name, line, column, what);
	g_free(what);
}

/* Past the string that begins at i, or the end of the text. */
static size_t skip_string(const struct reader *r, size_t i)
{
	for (i++; i < r->length && r->text[i] != '"'; i++)
		if (r->text[i] == '\\')
			i++;
	return MIN(i + 1, r->length);
}

static size_t skip_space(const struct reader *r, size_t i)
{
	while (i < r->length && (unsigned char)r->text[i] <= ' ')
		i++;
	return i;
}

static void blank_comments(struct reader *r)
{
	size_t i = 0;

	while (i < r->length) {
		if (r->text[i] == '"') {
			i = skip_string(r, i);
		} else if (r->text[i] == '/' && i + 1 < r->length && r->text[i + 1] == '/') {
			while (i < r->length && r->text[i] != '\n')
				r->text[i++] = ' ';
		} else {
			i++;
		}
	}
}

/* A string before a colon is a key. */
static void note_places(struct reader *r)
{
	size_t i = 0;

	while (i < r->length) {
		struct place place = {.key = i};

		if (r->text[i] != '"') {
			i++;
			continue;
		}
		i = skip_string(r, i);
		place.value = skip_space(r, i);
		if (place.value < r->length && r->text[place.value] == ':') {
			i = place.value = skip_space(r, place.value + 1);
			g_array_append_val(r->places, place);
		}
	}
}

/* --- the tree ------------------------------------------------------------------------------- */

static const char *json_kind(const cJSON *item)
{
	return cJSON_IsObject(item)   ? "an object"
	       : cJSON_IsArray(item)  ? "an array"
	       : cJSON_IsNull(item)   ? "null"
	       : cJSON_IsString(item) ? "a string"
	       : cJSON_IsNumber(item) ? "a number"
				      : "a boolean";
}

static bool read_option(struct reader *r, const struct option *option, const cJSON *item,
			size_t offset, GError **error)
{
	struct assignment a = {.option = option};
	enum literal literal = LITERAL_STRING;
	char *text, *expected;
	GError *wrong = NULL;

	if (cJSON_IsString(item)) {
		text = g_strdup(item->valuestring);
	} else if (cJSON_IsBool(item)) {
		text = g_strdup(cJSON_IsTrue(item) ? "true" : "false");
		literal = LITERAL_BOOL;
	} else if (cJSON_IsNumber(item)) {
		text = g_strndup(r->text + offset, strspn(r->text + offset, "+-.0123456789eE"));
		literal = LITERAL_NUMBER;
	} else {
		expected = option_expected(option);
		fail_at(r, offset, error, "%s: %s (expected %s)", option->path, json_kind(item),
			expected);
		g_free(expected);
		return false;
	}
	if (value_parse(option, text, literal, &a.value, &wrong))
		g_array_append_val(r->assignments, a);
	else
		fail_at(r, offset, error, "%s: %s", option->path, wrong->message);
	g_free(text);
	if (!wrong)
		return true;
	g_error_free(wrong);
	return false;
}

static void fail_unknown(const struct reader *r, const char *path, const cJSON *item, size_t offset,
			 GError **error)
{
	char *nearest = option_nearest(path, cJSON_IsObject(item));

	fail_at(r, offset, error, "unknown option \"%.60s\" (did you mean %s%s?)", path, nearest,
		item->string && strchr(item->string, '.') ? ", nested in objects" : "");
	g_free(nearest);
}

static bool read_object(struct reader *r, const cJSON *object, const char *prefix, GError **error);

/* Reads the member whose full path is given; takes over path. */
static bool read_member(struct reader *r, const cJSON *item, char *path, GError **error)
{
	const struct place *place = &g_array_index(r->places, struct place, r->next++);
	const struct option *option;
	gpointer first;

	if (g_hash_table_lookup_extended(r->seen, path, NULL, &first)) {
		size_t line = 1;

		for (size_t i = 0; i < GPOINTER_TO_SIZE(first); i++)
			line += r->text[i] == '\n';
		fail_at(r, place->key, error,
			"duplicate key %s (first given in line %" G_GSIZE_FORMAT ")", path, line);
		g_free(path);
		return false;
	}
	g_hash_table_insert(r->seen, path, GSIZE_TO_POINTER(place->key));
	option = strchr(item->string, '.') ? NULL : option_find(path);
	if (option)
		return read_option(r, option, item, place->value, error);
	if (strchr(item->string, '.') || !option_is_group(path)) {
		fail_unknown(r, path, item, place->key, error);
		return false;
	}
	if (!cJSON_IsObject(item)) {
		fail_at(r, place->value, error, "%s: %s (expected an object of options)", path,
			json_kind(item));
		return false;
	}
	return read_object(r, item, path, error);
}

static bool read_object(struct reader *r, const cJSON *object, const char *prefix, GError **error)
{
	for (const cJSON *item = object->child; item; item = item->next) {
		char *path = prefix ? g_strdup_printf("%s.%s", prefix, item->string)
				    : g_strdup(item->string);

		if (!read_member(r, item, path, error))
			return false;
	}
	return true;
}

/* Where the text stops being JSON, from where cJSON gave up: one too far when it missed the quote
 * of a key. */
static size_t error_offset(const struct reader *r, size_t offset)
{
	size_t before = offset > 0 ? offset - 1 : 0;

	if (before > 0 && (unsigned char)r->text[before] > ' ') {
		size_t i = before;

		while (i > 0 && (unsigned char)r->text[i - 1] <= ' ')
			i--;
		if (i > 0 && (r->text[i - 1] == ',' || r->text[i - 1] == '{') &&
		    r->text[before] != '"')
			return before;
	}
	return skip_space(r, offset);
}

/* Parses, or names the place where the text stops being JSON. */
static cJSON *parse(struct reader *r, GError **error)
{
	const char *end = r->text;
	const char *nul = memchr(r->text, 0, r->length);
	cJSON *root;

	if (nul) {
		fail_at(r, (size_t)(nul - r->text), error, "a zero byte (expected JSON text)");
		return NULL;
	}
	root = cJSON_ParseWithOpts(r->text, &end, 1);
	if (!root) {
		size_t offset = error_offset(r, (size_t)(end - r->text));

		fail_at(r, offset, error, "%s",
			offset < r->length ? "not JSON from here" : "the text ends too early");
		return NULL;
	}
	if (!cJSON_IsObject(root)) {
		fail_at(r, skip_space(r, 0), error, "%s (expected an object of options)",
			json_kind(root));
		cJSON_Delete(root);
		return NULL;
	}
	return root;
}

GArray *json_assignments(const char *text, size_t length, const char *name, GError **error)
{
	struct reader r = {.name = name, .length = length};
	GArray *found = NULL;
	cJSON *root;

	r.text = g_malloc(length + 1);
	memcpy(r.text, text, length);
	r.text[length] = '\0';
	if (g_str_has_prefix(r.text, "\xEF\xBB\xBF")) /* a byte order mark */
		memset(r.text, ' ', 3);
	blank_comments(&r);
	root = parse(&r, error);
	if (root) {
		r.places = g_array_new(FALSE, FALSE, sizeof(struct place));
		r.seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
		r.assignments = g_array_new(FALSE, FALSE, sizeof(struct assignment));
		note_places(&r);
		if (read_object(&r, root, NULL, error))
			found = g_steal_pointer(&r.assignments);
		if (r.assignments)
			g_array_free(r.assignments, TRUE);
		g_array_free(r.places, TRUE);
		g_hash_table_destroy(r.seen);
		cJSON_Delete(root);
	}
	g_free(r.text);
	return found;
}
