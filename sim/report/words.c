/* words.c: numbers and causes as people write them. */
#include "report/words.h"

#include <string.h>

__extension__ typedef unsigned __int128 u128;

uint64_t words_share(uint64_t part, uint64_t whole, uint64_t scale)
{
	u128 share;

	if (whole == 0)
		return 0;
	share = ((u128)part * scale + whole / 2) / whole;
	return share > UINT64_MAX ? UINT64_MAX : (uint64_t)share;
}

const char *words_count(uint64_t n, char text[WORDS_MAX])
{
	char digits[24];
	int length = g_snprintf(digits, sizeof digits, "%" G_GUINT64_FORMAT, n);
	char *to = text;

	for (int i = 0; i < length; i++) {
		if (i > 0 && (length - i) % 3 == 0)
			*to++ = ',';
		*to++ = digits[i];
	}
	*to = '\0';
	return text;
}

const char *words_bytes(uint64_t bytes, char text[WORDS_MAX])
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	unsigned unit = 0;
	uint64_t tenths;

	while (unit + 1 < G_N_ELEMENTS(units) && bytes >> (10 * (unit + 1)) != 0)
		unit++;
	tenths = words_share(bytes, (uint64_t)1 << (10 * unit), 10);
	if (tenths % 10 == 0)
		g_snprintf(text, WORDS_MAX, "%" G_GUINT64_FORMAT " %s", tenths / 10, units[unit]);
	else
		g_snprintf(text, WORDS_MAX, "%" G_GUINT64_FORMAT ".%" G_GUINT64_FORMAT " %s",
			   tenths / 10, tenths % 10, units[unit]);
	return text;
}

const char *words_time(vmsim_cycles cycles, uint64_t mhz, char text[WORDS_MAX])
{
	static const struct {
		const char *name;
		uint64_t picoseconds;
	} units[] = {{"s", 1000000000000}, {"ms", 1000000000}, {"us", 1000000}, {"ns", 1000}};
	u128 picoseconds = (u128)cycles * 1000000 / mhz;
	unsigned i = 0;
	uint64_t thousandths;
	char whole[WORDS_MAX];

	while (i + 1 < G_N_ELEMENTS(units) && picoseconds < units[i].picoseconds)
		i++;
	thousandths = (uint64_t)(picoseconds / (units[i].picoseconds / 1000));
	words_count(thousandths / 1000, whole);
	g_snprintf(text, WORDS_MAX, "%s.%03u %s", whole, (unsigned)(thousandths % 1000),
		   units[i].name);
	return text;
}

const char *words_percent(uint64_t part, uint64_t whole, char text[WORDS_MAX])
{
	uint64_t tenths = words_share(part, whole, 1000);

	if (whole == 0)
		g_strlcpy(text, "-", WORDS_MAX);
	else if (tenths == 0 && part > 0)
		g_strlcpy(text, "<0.1%", WORDS_MAX);
	else if (tenths == 1000 && part < whole)
		g_strlcpy(text, ">99.9%", WORDS_MAX);
	else
		g_snprintf(text, WORDS_MAX, "%" G_GUINT64_FORMAT ".%" G_GUINT64_FORMAT "%%",
			   tenths / 10, tenths % 10);
	return text;
}

const char *words_ratio(uint64_t part, uint64_t whole, char text[WORDS_MAX])
{
	uint64_t hundredths = words_share(part, whole, 100);
	char digits[WORDS_MAX];

	if (whole == 0) {
		g_strlcpy(text, "-", WORDS_MAX);
		return text;
	}
	words_count(hundredths / 100, digits);
	g_snprintf(text, WORDS_MAX, "%s.%02u", digits, (unsigned)(hundredths % 100));
	return text;
}

const char *words_access(enum vmsim_access access)
{
	return access == VMSIM_READ ? "read" : access == VMSIM_WRITE ? "write" : "execute";
}

const char *words_violation(enum vmsim_access_result result)
{
	switch (result) {
	case VMSIM_RESULT_GUARD_PAGE:
		return vmsim_records[VMSIM_RECORD_GUARD_PAGE].name;
	case VMSIM_RESULT_STACK_OVERFLOW:
		return vmsim_records[VMSIM_RECORD_STACK_OVERFLOW].name;
	case VMSIM_RESULT_IN_PAGE_ERROR:
		return vmsim_records[VMSIM_RECORD_IN_PAGE_ERROR].name;
	default:
		return vmsim_records[VMSIM_RECORD_ACCESS_VIOLATION].name;
	}
}

/* Where something happened in the trace. */
static char *place(uint64_t line, uint64_t seq)
{
	return line ? g_strdup_printf("line %" G_GUINT64_FORMAT, line)
		    : g_strdup_printf("event %" G_GUINT64_FORMAT, seq);
}

char *words_why(const struct violation *v)
{
	const char *state = v->state ? v->state : "";
	const char *protect = v->protect ? v->protect : "";
	bool is_free = !strcmp(state, "free"), reserved = !strcmp(state, "reserved");
	char *at, *why;

	if (v->result == VMSIM_RESULT_GUARD_PAGE || v->result == VMSIM_RESULT_STACK_OVERFLOW)
		return g_strdup("a guard page");
	if (v->result == VMSIM_RESULT_IN_PAGE_ERROR)
		return g_strdup("could not be read back");
	if (!v->freed_by.call)
		return is_free    ? g_strdup("never allocated")
		       : reserved ? g_strdup("reserved, never committed")
				  : g_strdup_printf("the page is %s", protect);
	at = place(v->freed_by.line, v->freed_by.seq);
	why = is_free    ? g_strdup_printf("freed at %s by %s", at, v->freed_by.call)
	      : reserved ? g_strdup_printf("decommitted at %s by %s", at, v->freed_by.call)
			 : g_strdup_printf("%s since %s, by %s", protect, at, v->freed_by.call);
	g_free(at);
	return why;
}
