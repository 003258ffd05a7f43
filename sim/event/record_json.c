/* record_json.c: a record as one line of JSON, by the field lists of events.def. */
#include "base/json_out.h"

#include <vmsim/event.h>
#include <vmsim/machine.h>

enum how { HOW_HEX, HOW_INT, HOW_NZ, HOW_STR, HOW_OPT, HOW_BY };

struct field {
	const char *name;
	size_t offset;
	enum how how;
};

#define F(member, name, how) {name, offsetof(struct vmsim_record, member), HOW_##how},
#define EVENT(id, name, doc, fields) \
	static const struct field fields_##id[] = {fields{NULL, 0, HOW_INT}};
#include <vmsim/events.def>
#undef F

static const struct field *const fields_of[VMSIM_N_RECORDS] = {
#define EVENT(id, name, doc, fields) [VMSIM_RECORD_##id] = fields_##id,
#include <vmsim/events.def>
};

static void append_key(GString *out, const char *name)
{
	g_string_append(out, ",\"");
	g_string_append(out, name);
	g_string_append(out, "\":");
}

static void append_uint_member(GString *out, const char *name, uint64_t value)
{
	append_key(out, name);
	json_append_uint(out, value);
}

static void append_freed_by(GString *out, const char *name, const struct vmsim_freed_by *by)
{
	if (!by->call)
		return;
	append_key(out, name);
	g_string_append(out, "{\"seq\":");
	json_append_uint(out, by->seq);
	if (by->line)
		append_uint_member(out, "line", by->line);
	append_key(out, "call");
	json_append_string(out, by->call);
	g_string_append_c(out, '}');
}

static void append_text(GString *out, const char *name, const char *text)
{
	append_key(out, name);
	if (text)
		json_append_string(out, text);
	else
		g_string_append(out, "null");
}

static void append_field(GString *out, const struct field *field, const void *member)
{
	const char *text;

	switch (field->how) {
	case HOW_HEX:
		append_key(out, field->name);
		json_append_hex(out, *(const uint64_t *)member);
		break;
	case HOW_INT:
		append_uint_member(out, field->name, *(const uint64_t *)member);
		break;
	case HOW_NZ:
		if (*(const uint64_t *)member)
			append_uint_member(out, field->name, *(const uint64_t *)member);
		break;
	case HOW_STR:
		append_text(out, field->name, *(const char *const *)member);
		break;
	case HOW_OPT:
		text = *(const char *const *)member;
		if (text)
			append_text(out, field->name, text);
		break;
	case HOW_BY:
		append_freed_by(out, field->name, member);
		break;
	}
}

void vmsim_record_json(GString *out, const struct vmsim_record *record)
{
	g_string_append(out, "{\"cycle\":");
	json_append_uint(out, record->cycle);
	append_uint_member(out, "seq", record->seq);
	if (record->line)
		append_uint_member(out, "line", record->line);
	append_uint_member(out, "pid", record->pid);
	append_uint_member(out, "tid", record->tid);
	append_uint_member(out, "core", record->core);
	append_text(out, "event", vmsim_records[record->kind].name);
	for (const struct field *f = fields_of[record->kind]; f->name; f++)
		append_field(out, f, (const char *)record + f->offset);
	g_string_append_c(out, '}');
}
