/* pte.h: page-table entries, of every kind (semantics 9.2).
 *
 * Valid entries have the bits of x86-64 (H2); those of other kinds are ours, laid out as Windows
 * lays them out:
 *
 *   valid       P=1; 1 R/W, 2 U/S, 5 A, 6 D, 7 large, 8 global, 9 shared, 10 locked,
 *               11 clean writable, 12..51 frame, 52..56 protection, 63 XD
 *   zero        0: committed if the block was committed when reserved, else reserved (V3); in a
 *               view: what the section's entry says, with the view's protection
 *   software    P=0; 5..9 protection, 10 prototype, 11 transition, 12 lost, 13 offered,
 *               14 broken,               32..63 slot or frame
 *     decommitted   protection = PROT_DECOMMITTED, nothing else
 *     demand-zero   no slot; bit 12 when MEM_RESET lost the page's contents
 *     pagefile      slot != 0: pagefile number in the upper 4 bits, page of it in the lower 28
 *     transition    bit 11, frame in 32..63
 *     prototype     bit 10: the section's entry says where the page is
 *
 * An upper entry with bit 7 is that of a large page (H1): otherwise as a valid one, its frame the
 * first of LARGE_PAGE that lie one after another.
 *
 * Sections have entries of the same kinds for their pages; one that names a frame is of the
 * transition kind whatever the frame's state.
 *
 * A protection is five bits: three for the access, two for a modifier. GUARD, NOCACHE and
 * WRITECOMBINE exclude each other (E1), so it holds every valid value. */
#ifndef MMU_PTE_H
#define MMU_PTE_H

#include <vmsim/types.h>

typedef uint64_t pte_t;

#define PTE_P ((pte_t)1 << 0)
#define PTE_W ((pte_t)1 << 1)
#define PTE_U ((pte_t)1 << 2)
#define PTE_A ((pte_t)1 << 5)
#define PTE_D ((pte_t)1 << 6)
#define PTE_PS ((pte_t)1 << 7)          /* upper entries: maps a large page */
#define PTE_G ((pte_t)1 << 8)           /* valid: the same in every address space */
#define PTE_SHARED ((pte_t)1 << 9)      /* valid: the frame is a section's */
#define PTE_LOCKED ((pte_t)1 << 10)     /* valid: VirtualLock (E15) */
#define PTE_SOFT_W ((pte_t)1 << 11)     /* valid: writable, but clean and not mapped so (H6) */
#define PTE_XD ((pte_t)1 << 63)
#define PTE_PROTOTYPE ((pte_t)1 << 10)  /* software kinds only */
#define PTE_TRANSITION ((pte_t)1 << 11) /* software kinds only */
#define PTE_LOST ((pte_t)1 << 12)       /* demand-zero only */
#define PTE_OFFERED ((pte_t)1 << 13)    /* software kinds: OfferVirtualMemory (R9) */

#define PTE_BROKEN ((pte_t)1 << 14)     /* software kinds: the next access is an in-page error */

#define LARGE_PAGE_SHIFT 9
#define LARGE_PAGE (1u << LARGE_PAGE_SHIFT) /* pages of a large page (L) */
#define HUGE_PAGE_SHIFT 18 /* of a page of 1 GiB (H1) */
#define HUGE_PAGE (1u << HUGE_PAGE_SHIFT)

#define PTE_FRAME_SHIFT 12
#define PTE_FRAME_MASK (((pte_t)1 << 40) - 1)
#define PTE_PROT_SHIFT 52
#define PTE_SOFT_PROT_SHIFT 5
#define PTE_SLOT_SHIFT 32

enum prot {
	PROT_NONE = 0, /* no protection: reserved pages */
	PROT_READONLY = 1,
	PROT_EXECUTE = 2,
	PROT_EXECUTE_READ = 3,
	PROT_READWRITE = 4,
	PROT_WRITECOPY = 5,
	PROT_EXECUTE_READWRITE = 6,
	PROT_EXECUTE_WRITECOPY = 7,
	PROT_ACCESS = 7, /* mask */
	PROT_NOCACHE = 0x08,
	PROT_GUARD = 0x10,
	PROT_NOACCESS = 0x18,
	PROT_WRITECOMBINE = 0x18, /* with an access */
	PROT_MODIFIER = 0x18,     /* mask */
	PROT_DECOMMITTED = 0x10,  /* a guard of nothing */
	PROT_MASK = 0x1F,
};

static inline bool prot_is_guard(unsigned prot)
{
	return (prot & PROT_MODIFIER) == PROT_GUARD && (prot & PROT_ACCESS);
}

/* Whether a page so protected may have a valid entry (H5, K1). */
static inline bool prot_may_map(unsigned prot)
{
	return (prot & PROT_ACCESS) && !prot_is_guard(prot);
}

/* The fault handler's view, guard aside (3.2): reading an execute-only page succeeds. */
static inline bool prot_permits(unsigned prot, enum vmsim_access access, bool nx)
{
	unsigned a = prot & PROT_ACCESS;

	if (a == PROT_NONE)
		return false;
	if (access == VMSIM_WRITE)
		return a >= PROT_READWRITE;
	if (access == VMSIM_EXECUTE && nx)
		return a == PROT_EXECUTE || a == PROT_EXECUTE_READ || a >= PROT_EXECUTE_READWRITE;
	return true;
}

/* Whether a store makes a private copy of the page (3.5). */
static inline bool prot_copies(unsigned prot)
{
	unsigned a = prot & PROT_ACCESS;

	return a == PROT_WRITECOPY || a == PROT_EXECUTE_WRITECOPY;
}

/* The same access for a page that has been copied. */
static inline unsigned prot_copied(unsigned prot)
{
	return prot_copies(prot) ? (prot & ~(unsigned)PROT_ACCESS) |
					   ((prot & PROT_ACCESS) == PROT_WRITECOPY
						    ? PROT_READWRITE
						    : PROT_EXECUTE_READWRITE)
				 : prot;
}

static inline bool pte_is_valid(pte_t pte)
{
	return pte & PTE_P;
}

/* The entry of a large page; bit 7 of others is part of their protection. */
static inline bool pte_is_large(pte_t pte)
{
	return (pte & (PTE_P | PTE_PS)) == (PTE_P | PTE_PS);
}

static inline bool pte_is_transition(pte_t pte)
{
	return !(pte & PTE_P) && (pte & PTE_TRANSITION);
}

static inline bool pte_is_decommitted(pte_t pte)
{
	return pte == (pte_t)PROT_DECOMMITTED << PTE_SOFT_PROT_SHIFT;
}

static inline bool pte_is_pagefile(pte_t pte)
{
	return !(pte & (PTE_P | PTE_TRANSITION)) && pte >> PTE_SLOT_SHIFT;
}

static inline bool pte_is_prototype(pte_t pte)
{
	return !(pte & PTE_P) && (pte & PTE_PROTOTYPE);
}

static inline bool pte_is_offered(pte_t pte)
{
	return !(pte & PTE_P) && (pte & PTE_OFFERED);
}

static inline vmsim_pfn pte_frame(pte_t pte)
{
	return (vmsim_pfn)(pte & PTE_P ? (pte >> PTE_FRAME_SHIFT) & PTE_FRAME_MASK
				       : pte >> PTE_SLOT_SHIFT);
}

static inline uint32_t pte_slot(pte_t pte)
{
	return (uint32_t)(pte >> PTE_SLOT_SHIFT);
}

static inline unsigned pte_prot(pte_t pte)
{
	return (unsigned)(pte >> (pte & PTE_P ? PTE_PROT_SHIFT : PTE_SOFT_PROT_SHIFT)) & PROT_MASK;
}

static inline pte_t pte_make_soft(unsigned prot)
{
	return (pte_t)prot << PTE_SOFT_PROT_SHIFT;
}

static inline pte_t pte_make_decommitted(void)
{
	return pte_make_soft(PROT_DECOMMITTED);
}

static inline pte_t pte_make_demand_zero(unsigned prot, bool lost)
{
	return pte_make_soft(prot) | (lost ? PTE_LOST : 0);
}

static inline pte_t pte_make_transition(unsigned prot, vmsim_pfn frame)
{
	return pte_make_soft(prot) | PTE_TRANSITION | (pte_t)frame << PTE_SLOT_SHIFT;
}

static inline pte_t pte_make_pagefile(unsigned prot, uint32_t slot)
{
	return pte_make_soft(prot) | (pte_t)slot << PTE_SLOT_SHIFT;
}

static inline pte_t pte_make_prototype(unsigned prot)
{
	return pte_make_soft(prot) | PTE_PROTOTYPE;
}

/* A valid leaf; prot must be one that may map. A and D are clear: the walker sets them. */
static inline pte_t pte_make_valid(unsigned prot, vmsim_pfn frame, bool nx)
{
	pte_t pte = PTE_P | PTE_U | (pte_t)frame << PTE_FRAME_SHIFT |
		    (pte_t)prot << PTE_PROT_SHIFT;

	if (prot_permits(prot, VMSIM_WRITE, nx) && !prot_copies(prot))
		pte |= PTE_W;
	if (!prot_permits(prot, VMSIM_EXECUTE, nx))
		pte |= PTE_XD;
	return pte;
}

/* A valid entry through which no store came to light, or which is to show the next one (H20). With
 * dirty bits kept by software the right to write is held back then: the first store faults (H6). */
static inline pte_t pte_make_clean(pte_t pte, bool software)
{
	pte &= ~PTE_D;
	return software && (pte & PTE_W) ? (pte & ~PTE_W) | PTE_SOFT_W : pte;
}

/* The same entry once a store was seen by software: it is dirty, and maps the page writable. */
static inline pte_t pte_make_dirty(pte_t pte)
{
	return (pte & ~PTE_SOFT_W) | PTE_W | PTE_D;
}

/* => frame is a multiple of its size */
static inline pte_t pte_make_large(unsigned prot, vmsim_pfn frame, bool nx)
{
	return pte_make_valid(prot, frame, nx) | PTE_PS;
}

/* A large page's entry as it counts for the i-th of its pages: with the frame of that page. */
static inline pte_t pte_piece(pte_t large, vmsim_vpn i)
{
	return large + ((pte_t)i << PTE_FRAME_SHIFT);
}

static inline pte_t pte_make_table(vmsim_pfn frame)
{
	return PTE_P | PTE_W | PTE_U | (pte_t)frame << PTE_FRAME_SHIFT;
}

/* The entry of any committed kind with another protection; a valid one must stay mappable, and may
 * have to be made clean again. */
static inline pte_t pte_with_prot(pte_t pte, unsigned prot, bool nx)
{
	if (pte & PTE_P)
		return pte_make_valid(prot, pte_frame(pte), nx) |
		       (pte & (PTE_A | PTE_D | PTE_SHARED | PTE_LOCKED));
	return (pte & ~pte_make_soft(PROT_MASK)) | pte_make_soft(prot);
}

#endif
