/* scan.h: numbers out of text, fast: eight digits at a time, no branch per digit.
 *
 * Everything here may read up to 8 bytes past the digits; chunks have INPUT_PADDING for that. */
#ifndef TRACE_SCAN_H
#define TRACE_SCAN_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define SCAN_EACH(byte) ((uint64_t)0x0101010101010101 * (byte))

/* The value of a hexadecimal digit, 0xff for any other byte. */
extern const uint8_t scan_hex_value[256];

/* scan_load8: eight bytes, the first in the low bits, on any host. */
static inline uint64_t scan_load8(const char *at)
{
	uint64_t x;

	memcpy(&x, at, sizeof x);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	x = __builtin_bswap64(x);
#endif
	return x;
}

/* scan_hex8: eight hexadecimal digits, as scan_load8() gives them.
 * => returns false unless all eight are digits; *value is then not meaningful */
static inline bool scan_hex8(uint64_t x, uint64_t *value)
{
	/* A byte is a digit when c^0x30 < 10, a letter when 1 <= (c|0x20)^0x60 <= 6; each test
	 * leaves its answer in the byte's top bit, which a digit itself never has. */
	uint64_t decimal = ~((x ^ SCAN_EACH(0x30)) + SCAN_EACH(0x80 - 10));
	uint64_t letter = (x | SCAN_EACH(0x20)) ^ SCAN_EACH(0x60);
	uint64_t valid = decimal | ((letter + SCAN_EACH(0x7f)) & ~(letter + SCAN_EACH(0x79)));
	uint64_t v = (x & SCAN_EACH(0x0f)) + 9 * ((x >> 6) & SCAN_EACH(0x01));

	v = ((v << 4) + (v >> 8)) & (uint64_t)0x00ff00ff00ff00ff;
	v = ((v << 8) + (v >> 16)) & (uint64_t)0x0000ffff0000ffff;
	*value = ((v << 16) + (v >> 32)) & (uint64_t)0xffffffff;
	return (valid & ~x & SCAN_EACH(0x80)) == SCAN_EACH(0x80);
}

/* scan_hex: 1 to 16 hexadecimal digits.
 * => returns the byte after them, or NULL when there is no digit or are more than 16 */
static inline char *scan_hex(char *at, uint64_t *value)
{
	char *start = at;
	uint64_t v = 0;
	uint8_t digit;

	if (scan_hex8(scan_load8(at), &v))
		at += 8;
	else
		v = 0;
	while ((digit = scan_hex_value[(unsigned char)*at]) != 0xff) {
		v = v << 4 | digit;
		at++;
	}
	*value = v;
	return at == start || at - start > 16 ? NULL : at;
}

/* scan_decimal: 1 to 9 decimal digits.
 * => returns the byte after them, or NULL when there is no digit or are more than 9 */
static inline char *scan_decimal(char *at, uint32_t *value)
{
	char *start = at;
	uint32_t v = 0;

	while ((unsigned)(*at - '0') < 10) {
		v = v * 10 + (uint32_t)(*at - '0');
		at++;
	}
	*value = v;
	return at == start || at - start > 9 ? NULL : at;
}

#endif
