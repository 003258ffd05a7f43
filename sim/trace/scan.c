/* scan.c: the digits' table. */
#include "trace/scan.h"

#define NO 0xff
#define NO8 NO, NO, NO, NO, NO, NO, NO, NO
#define NO16 NO8, NO8

/* A row per 16 bytes, as far as the shorthands allow. */
/* clang-format off */
const uint8_t scan_hex_value[256] = {
	NO16, NO16, NO16,
	0, 1, 2, 3, 4, 5, 6, 7, 8, 9, NO, NO, NO, NO, NO, NO,
	NO, 10, 11, 12, 13, 14, 15, NO, NO8, NO16,
	NO, 10, 11, 12, 13, 14, 15, NO, NO8, NO16,
	NO16, NO16, NO16, NO16, NO16, NO16, NO16, NO16,
};
/* clang-format on */
