/* win32.c: names and numbers of Win32, all of them from win32.def.
 *
 * Nothing here knows a constant by itself: the tables are the .def file expanded once per kind.
 * 1. A number may have two names (MEM_IMAGE is MEM_RESET_UNDO): reading takes either, printing
 *    chooses by where the bits stand (the last column of MEM).
 * 2. Printing goes in the order of the tables, which is ascending, so that equal bits always
 *    spell alike; what has no name follows as one number. */
#include <stdio.h>
#include <string.h>
#include <vmsim/win32.h>

/* Where a name of a MEM_ number is the one to print. */
enum {
	ALLOC = 1,
	ALLOC2 = 2,
	FREE = 4,
	REGION = 8,
	ANY = ALLOC | ALLOC2 | FREE | REGION,
};

struct named {
	const char *name;
	size_t length;
	uint32_t value;
	unsigned uses;
};

struct status {
	const char *name;
	size_t length;
	uint32_t value;
	uint32_t error;
};

static const struct named mem_names[] = {
#define MEM(name, value, uses) {#name, sizeof #name - 1, value, uses},
#include <vmsim/win32.def>
};

static const struct named prot_names[] = {
#define PROT(name, value) {#name, sizeof #name - 1, value, ANY},
#include <vmsim/win32.def>
};

/* The protection of a section: both kinds of names, in the order of the file, ascending. */
static const struct named section_names[] = {
#define PROT(name, value) {#name, sizeof #name - 1, value, ANY},
#define SEC(name, value) {#name, sizeof #name - 1, value, ANY},
#include <vmsim/win32.def>
};

static const struct named file_map_names[] = {
#define FILE_MAP(name, value) {#name, sizeof #name - 1, value, ANY},
#include <vmsim/win32.def>
};

static const struct named error_names[] = {
#define ERROR(name, value) {#name, sizeof #name - 1, value, ANY},
#include <vmsim/win32.def>
};

static const struct status statuses[] = {
#define STATUS(name, value, error) {#name, sizeof #name - 1, value, error},
#include <vmsim/win32.def>
};

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* What RtlNtStatusToDosError answers for a status it does not know: ERROR_MR_MID_NOT_FOUND. */
#define ERROR_OF_UNKNOWN_STATUS 317u

uint32_t vmsim_status_to_error(uint32_t status)
{
	for (size_t i = 0; i < LENGTH(statuses); i++)
		if (statuses[i].value == status)
			return statuses[i].error;
	return ERROR_OF_UNKNOWN_STATUS;
}

const char *vmsim_status_name(uint32_t status)
{
	for (size_t i = 0; i < LENGTH(statuses); i++)
		if (statuses[i].value == status)
			return statuses[i].name;
	return NULL;
}

const char *vmsim_error_name(uint32_t error)
{
	for (size_t i = 0; i < LENGTH(error_names); i++)
		if (error_names[i].value == error)
			return error_names[i].name;
	/* The one status that GetLastError() gives back untranslated. */
	return error == STATUS_GUARD_PAGE_VIOLATION ? vmsim_status_name(error) : NULL;
}

static const struct named *find_name(const struct named *table, size_t length, const char *name,
				     size_t n)
{
	for (size_t i = 0; i < length; i++)
		if (table[i].length == n && memcmp(table[i].name, name, n) == 0)
			return &table[i];
	return NULL;
}

bool vmsim_code_by_name(const char *name, size_t n, uint32_t *code)
{
	const struct named *error = find_name(error_names, LENGTH(error_names), name, n);

	if (error != NULL) {
		*code = error->value;
		return true;
	}
	for (size_t i = 0; i < LENGTH(statuses); i++) {
		if (statuses[i].length == n && memcmp(statuses[i].name, name, n) == 0) {
			*code = statuses[i].value;
			return true;
		}
	}
	return false;
}

static bool bits_by_name(const struct named *table, size_t length, const char *name, size_t n,
			 uint32_t *bits)
{
	const struct named *found = find_name(table, length, name, n);

	if (found != NULL)
		*bits = found->value;
	return found != NULL;
}

bool vmsim_mem_by_name(const char *name, size_t n, uint32_t *bits)
{
	return bits_by_name(mem_names, LENGTH(mem_names), name, n, bits);
}

bool vmsim_prot_by_name(const char *name, size_t n, uint32_t *bits)
{
	return bits_by_name(prot_names, LENGTH(prot_names), name, n, bits);
}

bool vmsim_section_by_name(const char *name, size_t n, uint32_t *bits)
{
	return bits_by_name(section_names, LENGTH(section_names), name, n, bits);
}

bool vmsim_file_map_by_name(const char *name, size_t n, uint32_t *bits)
{
	return bits_by_name(file_map_names, LENGTH(file_map_names), name, n, bits);
}

/* print_bits: bits by the names of a table that are of a use, first name first.
 * => every table's names together fit in VMSIM_FLAGS_MAX, one number included */
static const char *print_bits(const struct named *table, size_t length, unsigned use, uint32_t bits,
			      char buf[VMSIM_FLAGS_MAX])
{
	uint32_t rest = bits;
	size_t at = 0;

	for (size_t i = 0; i < length; i++) {
		if ((rest & table[i].value) == 0 || (table[i].uses & use) == 0)
			continue;
		if (at != 0)
			buf[at++] = '|';
		memcpy(buf + at, table[i].name, table[i].length);
		at += table[i].length;
		rest &= ~table[i].value;
	}
	buf[at] = '\0';
	if (at == 0)
		snprintf(buf, VMSIM_FLAGS_MAX, rest == 0 ? "%u" : "0x%x", rest);
	else if (rest != 0)
		snprintf(buf + at, VMSIM_FLAGS_MAX - at, "|0x%x", rest);
	return buf;
}

const char *vmsim_mem_print(uint32_t bits, char buf[VMSIM_FLAGS_MAX])
{
	return print_bits(mem_names, LENGTH(mem_names), ALLOC, bits, buf);
}

const char *vmsim_alloc2_type_print(uint32_t bits, char buf[VMSIM_FLAGS_MAX])
{
	return print_bits(mem_names, LENGTH(mem_names), ALLOC2, bits, buf);
}

const char *vmsim_free_type_print(uint32_t bits, char buf[VMSIM_FLAGS_MAX])
{
	return print_bits(mem_names, LENGTH(mem_names), FREE, bits, buf);
}

const char *vmsim_region_type_print(uint32_t bits, char buf[VMSIM_FLAGS_MAX])
{
	return print_bits(mem_names, LENGTH(mem_names), REGION, bits, buf);
}

const char *vmsim_prot_print(uint32_t bits, char buf[VMSIM_FLAGS_MAX])
{
	return print_bits(prot_names, LENGTH(prot_names), ANY, bits, buf);
}

const char *vmsim_section_print(uint32_t bits, char buf[VMSIM_FLAGS_MAX])
{
	return print_bits(section_names, LENGTH(section_names), ANY, bits, buf);
}

const char *vmsim_file_map_print(uint32_t bits, char buf[VMSIM_FLAGS_MAX])
{
	return print_bits(file_map_names, LENGTH(file_map_names), ANY, bits, buf);
}
