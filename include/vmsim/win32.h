/* win32.h: Win32 and NT constants by their Windows names, and their spelling. */
#ifndef VMSIM_WIN32_H
#define VMSIM_WIN32_H

#include <vmsim/types.h>

enum vmsim_win32_mem {
#define MEM(name, value, uses) name = (int)(value),
#include <vmsim/win32.def>
};

enum vmsim_win32_prot {
#define PROT(name, value) name = (int)(value),
#include <vmsim/win32.def>
};

enum vmsim_win32_file_map {
#define FILE_MAP(name, value) name = (int)(value),
#include <vmsim/win32.def>
};

/* Kept as unsigned constants: one has bit 31 set. */
#define SEC(name, value) static const uint32_t name = (value);
#include <vmsim/win32.def>

/* NTSTATUS values. Kept as unsigned constants: half of them have bit 31 set. */
#define STATUS(name, value, error) static const uint32_t name = (value);
#include <vmsim/win32.def>

enum vmsim_win32_error {
#define ERROR(name, value) name = (value),
#include <vmsim/win32.def>
};

/* vmsim_status_to_error: the Win32 code of an NTSTATUS (semantics 2.1); 0 for success. */
VMSIM_API uint32_t vmsim_status_to_error(uint32_t status);

/* vmsim_status_name, vmsim_error_name: the constant's name, or NULL when unknown. Static strings.
 * vmsim_error_name also knows STATUS_GUARD_PAGE_VIOLATION, which is reported untranslated. */
VMSIM_API const char *vmsim_status_name(uint32_t status);
VMSIM_API const char *vmsim_error_name(uint32_t error);

/* vmsim_code_by_name: number of an ERROR_... or STATUS_... name of n bytes; false when unknown. */
VMSIM_API bool vmsim_code_by_name(const char *name, size_t n, uint32_t *code);

/* vmsim_mem_by_name and the others: one constant MEM_...; PAGE_...; PAGE_... or SEC_...;
 * FILE_MAP_...; false when unknown. */
VMSIM_API bool vmsim_mem_by_name(const char *name, size_t n, uint32_t *bits);
VMSIM_API bool vmsim_prot_by_name(const char *name, size_t n, uint32_t *bits);
VMSIM_API bool vmsim_section_by_name(const char *name, size_t n, uint32_t *bits);
VMSIM_API bool vmsim_file_map_by_name(const char *name, size_t n, uint32_t *bits);

/* Writes "A|B|0x..." (or "0") for the bits set; returns buf. Unknown bits print as one number.
 * MEM bits print as what they are in one place: vmsim_mem_print: types of VirtualAlloc, states of
 * pages; vmsim_alloc2_type_print: types of VirtualAlloc2; vmsim_free_type_print: of VirtualFree;
 * vmsim_region_type_print: types of regions. So 0x1000000 is MEM_IMAGE for a region and else
 * MEM_RESET_UNDO, and what concerns placeholders goes by its name where it can be asked for. */
#define VMSIM_FLAGS_MAX 320
VMSIM_API const char *vmsim_mem_print(uint32_t bits, char buf[VMSIM_FLAGS_MAX]);
VMSIM_API const char *vmsim_alloc2_type_print(uint32_t bits, char buf[VMSIM_FLAGS_MAX]);
VMSIM_API const char *vmsim_free_type_print(uint32_t bits, char buf[VMSIM_FLAGS_MAX]);
VMSIM_API const char *vmsim_region_type_print(uint32_t bits, char buf[VMSIM_FLAGS_MAX]);
VMSIM_API const char *vmsim_prot_print(uint32_t bits, char buf[VMSIM_FLAGS_MAX]);
VMSIM_API const char *vmsim_section_print(uint32_t bits, char buf[VMSIM_FLAGS_MAX]);
VMSIM_API const char *vmsim_file_map_print(uint32_t bits, char buf[VMSIM_FLAGS_MAX]);

#endif
