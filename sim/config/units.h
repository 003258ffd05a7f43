/* units.h: numbers with units, exactly.
 *
 * Every parser takes the whole text, writes *out only on success, and returns NULL, or what is
 * wrong with the text as the end of a sentence ("has an unknown unit"). */
#ifndef CONFIG_UNITS_H
#define CONFIG_UNITS_H

#include <stdbool.h>
#include <stdint.h>

/* units_count: a whole number, "0x..." or with a factor: "64Ki", "3M". */
const char *units_count(const char *text, uint64_t *out);
/* units_bytes: "4096", "64KiB", "1.5GiB", "100MB". */
const char *units_bytes(const char *text, uint64_t *out);
/* units_rate: bytes per second; "/s" may follow the unit. */
const char *units_rate(const char *text, uint64_t *out);
/* units_time: cycles when there is no unit, else picoseconds: "80ns", "1.5us". */
const char *units_time(const char *text, uint64_t *out, bool *is_time);
/* units_thousandths: a decimal number of at most three places, times 1000. */
const char *units_thousandths(const char *text, uint64_t *out);
/* units_fraction: "1/8", or 1: a fraction above 0, at most 1, of numbers of at most six digits. Its
 * numerator is kept in the upper half of *out, the other in the lower. */
const char *units_fraction(const char *text, uint64_t *out);

/* units_print_*: what the parser reads back to the same number. g_free() it. */
char *units_print_time(uint64_t picoseconds);
char *units_print_thousandths(uint64_t thousandths);
char *units_print_fraction(uint64_t fraction);

/* units_cycles: a duration in cycles of a clock in MHz, rounded up (timing T1); false when it
 * does not fit. */
bool units_cycles(uint64_t picoseconds, uint64_t mhz, uint64_t *cycles);

#endif
