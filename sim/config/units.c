/* units.c: numbers with units, exactly.
 *
 * A number is read as digits x 10^-places in 128 bits, multiplied by its unit and divided by
 * 10^places; a remainder is an error, not rounded. */
#include "config/units.h"

#include <glib.h>
#include <string.h>

__extension__ typedef unsigned __int128 u128;

#define MAX_DIGITS 24 /* 10^24 x 2^40 fits in 128 bits */

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit count_units[] = {{"", 1},
					  {"Ki", 1ull << 10},
					  {"Mi", 1ull << 20},
					  {"Gi", 1ull << 30},
					  {"Ti", 1ull << 40},
					  {"k", 1000},
					  {"K", 1000},
					  {"M", 1000000},
					  {"G", 1000000000},
					  {"T", 1000000000000},
					  {NULL, 0}};

static const struct unit byte_units[] = {{"", 1},
					 {"B", 1},
					 {"KiB", 1ull << 10},
					 {"MiB", 1ull << 20},
					 {"GiB", 1ull << 30},
					 {"TiB", 1ull << 40},
					 {"kB", 1000},
					 {"KB", 1000},
					 {"MB", 1000000},
					 {"GB", 1000000000},
					 {"TB", 1000000000000},
					 {NULL, 0}};

/* Largest first; printing takes the first that is not larger than the time. */
static const struct unit time_units[] = {{"s", 1000000000000}, {"ms", 1000000000}, {"us", 1000000},
					 {"ns", 1000},         {"ps", 1},          {NULL, 0}};

/* Reads "12.50" as 125 x 10^-1. Returns where it ends, or NULL when there is no number or it has
 * too many digits. */
static const char *read_decimal(const char *text, u128 *digits, unsigned *places)
{
	const char *p = text;
	unsigned n = 0, zeros = 0;
	bool point = false;

	*digits = 0;
	*places = 0;
	for (; g_ascii_isdigit(*p) || (*p == '.' && !point && g_ascii_isdigit(p[1])); p++) {
		if (*p == '.') {
			point = true;
			zeros = 0;
			continue;
		}
		if (point && *p == '0') { /* counts only when another digit follows */
			zeros++;
			continue;
		}
		for (; point && zeros > 0 && n <= MAX_DIGITS; zeros--, n++, ++*places)
			*digits *= 10;
		*digits = *digits * 10 + (unsigned)(*p - '0');
		n += *digits > 0;
		*places += point;
		if (n > MAX_DIGITS || *places > MAX_DIGITS)
			return NULL;
	}
	return p > text ? p : NULL;
}

static u128 power_of_ten(unsigned n)
{
	u128 power = 1;

	while (n-- > 0)
		power *= 10;
	return power;
}

/* digits x 10^-places x factor, when that is a whole number of 64 bits. */
static const char *scale(u128 digits, unsigned places, uint64_t factor, const char *inexact,
			 uint64_t *out)
{
	u128 product = digits * factor, divisor = power_of_ten(places);

	if (product % divisor != 0)
		return inexact;
	if (product / divisor > UINT64_MAX)
		return "does not fit in 64 bits";
	*out = (uint64_t)(product / divisor);
	return NULL;
}

static const char *read_hex(const char *text, uint64_t *out)
{
	char *end;
	uint64_t n;
	size_t zeros = strspn(text + 2, "0");

	if (!g_ascii_isxdigit(text[2]))
		return "is not a number";
	if (strspn(text + 2 + zeros, "0123456789abcdefABCDEF") > 16)
		return "does not fit in 64 bits";
	n = g_ascii_strtoull(text + 2, &end, 16);
	if (*end)
		return "is not a number";
	*out = n;
	return NULL;
}

/* The number at the head of text, and its unit in table; *unit is NULL for a hexadecimal one. */
static const char *read_number(const char *text, const struct unit *table, const char *inexact,
			       const struct unit **unit, uint64_t *out)
{
	const char *rest;
	unsigned places;
	u128 digits;

	*unit = NULL;
	if (text[0] == '-')
		return "is negative";
	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
		return read_hex(text, out);
	if (!g_ascii_isdigit(text[0]))
		return "is not a number";
	rest = read_decimal(text, &digits, &places);
	if (!rest)
		return "has too many digits";
	if ((*rest == 'e' || *rest == 'E') && g_ascii_isdigit(rest[strcspn(rest, "0123456789")]))
		return "is written with an exponent";
	rest += strspn(rest, " ");
	for (const struct unit *u = table; u->name; u++)
		if (g_str_equal(u->name, rest)) {
			*unit = u;
			return scale(digits, places, u->factor, inexact, out);
		}
	return "has an unknown unit";
}

const char *units_count(const char *text, uint64_t *out)
{
	const struct unit *unit;

	return read_number(text, count_units, "is not a whole number", &unit, out);
}

const char *units_bytes(const char *text, uint64_t *out)
{
	const struct unit *unit;

	return read_number(text, byte_units, "is not a whole number of bytes", &unit, out);
}

const char *units_rate(const char *text, uint64_t *out)
{
	size_t n = strlen(text);
	char *bare;
	const char *wrong;

	if (n < 2 || !g_str_equal(text + n - 2, "/s"))
		return units_bytes(text, out);
	bare = g_strndup(text, n - 2);
	wrong = units_bytes(bare, out);
	g_free(bare);
	return wrong;
}

const char *units_time(const char *text, uint64_t *out, bool *is_time)
{
	static const struct unit cycles[] = {{"", 1}, {NULL, 0}};
	const struct unit *unit;
	const char *wrong;

	wrong = read_number(text, time_units, "is finer than a picosecond", &unit, out);
	if (!wrong && unit) {
		*is_time = true;
		return NULL;
	}
	if (unit) /* a time, but not one that can be kept */
		return wrong;
	wrong = read_number(text, cycles, "is not a whole number of cycles", &unit, out);
	if (!wrong)
		*is_time = false;
	return wrong;
}

const char *units_thousandths(const char *text, uint64_t *out)
{
	static const struct unit none[] = {{"", 1000}, {NULL, 0}};
	const struct unit *unit;
	const char *wrong = read_number(text, none, "has more than three places", &unit, out);

	return wrong || unit ? wrong : "is not a decimal number";
}

/* value / 10^places, without the zeros at its end. */
static char *print_decimal(uint64_t value, uint64_t divisor, const char *unit)
{
	GString *text = g_string_new(NULL);
	uint64_t rest = value % divisor;

	g_string_append_printf(text, "%" G_GUINT64_FORMAT, value / divisor);
	if (rest > 0)
		g_string_append_c(text, '.');
	while (rest > 0) {
		divisor /= 10;
		g_string_append_c(text, (char)('0' + rest / divisor));
		rest %= divisor;
	}
	g_string_append(text, unit);
	return g_string_free(text, FALSE);
}

char *units_print_time(uint64_t picoseconds)
{
	const struct unit *u = time_units;

	if (picoseconds == 0)
		return g_strdup("0ns");
	while (u->factor > picoseconds)
		u++;
	return print_decimal(picoseconds, u->factor, u->name);
}

char *units_print_thousandths(uint64_t thousandths)
{
	return print_decimal(thousandths, 1000, "");
}

/* Reads up to six digits; returns where they end, or NULL. */
static const char *read_short(const char *text, uint64_t *out)
{
	const char *p = text;

	*out = 0;
	for (; g_ascii_isdigit(*p) && p - text < 6; p++)
		*out = *out * 10 + (uint64_t)(*p - '0');
	return p > text ? p : NULL;
}

const char *units_fraction(const char *text, uint64_t *out)
{
	uint64_t over = 0, under = 1;
	const char *p = read_short(text, &over);

	if (p && *p == '/')
		p = read_short(p + 1, &under);
	if (!p || *p)
		return "is not a fraction";
	if (!over || over > under)
		return "is out of range";
	*out = over << 32 | under;
	return NULL;
}

char *units_print_fraction(uint64_t fraction)
{
	return g_strdup_printf("%u/%u", (unsigned)(fraction >> 32), (unsigned)fraction);
}

bool units_cycles(uint64_t picoseconds, uint64_t mhz, uint64_t *cycles)
{
	u128 product = (u128)picoseconds * mhz;

	product = product / 1000000 + (product % 1000000 != 0);
	if (product > UINT64_MAX)
		return false;
	*cycles = (uint64_t)product;
	return true;
}
