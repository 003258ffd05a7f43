/* prot.c: page protections, Win32's and ours (semantics 2.2). */
#include "vmm/internal.h"

#define PROT_BASE 0xFFu
#define PROT_EXECUTABLE \
	((uint32_t)(PAGE_EXECUTE | PAGE_EXECUTE_READ | PAGE_EXECUTE_READWRITE | \
		    PAGE_EXECUTE_WRITECOPY))

/* Base values in the order of enum prot, from 0. */
static const uint32_t base_of[] = {
	[PROT_NONE] = PAGE_NOACCESS,
	[PROT_READONLY] = PAGE_READONLY,
	[PROT_EXECUTE] = PAGE_EXECUTE,
	[PROT_EXECUTE_READ] = PAGE_EXECUTE_READ,
	[PROT_READWRITE] = PAGE_READWRITE,
	[PROT_WRITECOPY] = PAGE_WRITECOPY,
	[PROT_EXECUTE_READWRITE] = PAGE_EXECUTE_READWRITE,
	[PROT_EXECUTE_WRITECOPY] = PAGE_EXECUTE_WRITECOPY,
};

bool prot_valid(uint32_t win32)
{
	uint32_t base = win32 & PROT_BASE;
	uint32_t known = PROT_BASE | PAGE_GUARD | PAGE_NOCACHE | PAGE_WRITECOMBINE;
	bool guard = win32 & PAGE_GUARD, nocache = win32 & PAGE_NOCACHE;
	bool combine = win32 & PAGE_WRITECOMBINE;

	if (base & PROT_EXECUTABLE)
		known |= PAGE_TARGETS_INVALID;
	if (!base || (base & (base - 1)) || (win32 & ~known))
		return false;
	if (base == PAGE_NOACCESS)
		return !guard && !nocache && !combine;
	return guard + nocache + combine <= 1;
}

bool prot_is_copy(uint32_t win32)
{
	return win32 & (PAGE_WRITECOPY | PAGE_EXECUTE_WRITECOPY);
}

unsigned prot_from_win32(uint32_t win32)
{
	unsigned prot = PROT_NONE;

	for (unsigned i = 0; i < G_N_ELEMENTS(base_of); i++)
		if ((win32 & PROT_BASE) == base_of[i])
			prot = i;
	if (prot == PROT_NONE)
		return PROT_NOACCESS;
	if (win32 & PAGE_GUARD)
		prot |= PROT_GUARD;
	else if (win32 & PAGE_NOCACHE)
		prot |= PROT_NOCACHE;
	else if (win32 & PAGE_WRITECOMBINE)
		prot |= PROT_WRITECOMBINE;
	return prot;
}

unsigned prot_with_caching(const struct vad *vad, unsigned access)
{
	unsigned caching = vad->prot & PROT_MODIFIER;

	if ((access & PROT_MODIFIER) || !(access & PROT_ACCESS) || !(vad->prot & PROT_ACCESS) ||
	    caching == PROT_GUARD)
		return access;
	return access | caching;
}

uint32_t prot_to_win32(unsigned prot)
{
	uint32_t win32 = base_of[prot & PROT_ACCESS];

	if (!(prot & PROT_ACCESS))
		return win32;
	switch (prot & PROT_MODIFIER) {
	case PROT_GUARD:
		return win32 | PAGE_GUARD;
	case PROT_NOCACHE:
		return win32 | PAGE_NOCACHE;
	case PROT_WRITECOMBINE:
		return win32 | PAGE_WRITECOMBINE;
	default:
		return win32;
	}
}
