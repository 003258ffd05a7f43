/* words.h: numbers and causes as people write them. Integer arithmetic throughout, no locale. */
#ifndef REPORT_WORDS_H
#define REPORT_WORDS_H

#include "report/results.h"

/* Longest text of a words_* function that fills a buffer. */
#define WORDS_MAX 40

/* Each fills text and returns it. */
const char *words_count(uint64_t n, char text[WORDS_MAX]);                       /* "1,234,567" */
const char *words_bytes(uint64_t bytes, char text[WORDS_MAX]);                   /* "12.5 MiB" */
const char *words_time(vmsim_cycles cycles, uint64_t mhz, char text[WORDS_MAX]); /* "3.086 ms" */
/* part of whole in tenths of a percent, rounded: "12.3%"; "-" of nothing. */
const char *words_percent(uint64_t part, uint64_t whole, char text[WORDS_MAX]);
/* part for each whole: "10.28"; "-" when whole is 0. */
const char *words_ratio(uint64_t part, uint64_t whole, char text[WORDS_MAX]);
/* part x scale / whole, rounded; 0 when whole is 0. */
uint64_t words_share(uint64_t part, uint64_t whole, uint64_t scale);

const char *words_access(enum vmsim_access access); /* "read" */
/* The kind's event name: "access-violation". */
const char *words_violation(enum vmsim_access_result result);
/* Why an access failed: "decommitted at line 812 by VirtualFree". g_free() it. */
char *words_why(const struct violation *violation);

#endif
