/* check_slots.c: invariants I12 to I15: slots of the pagefile, and who owns them. */
#include "vmm/check.h"

unsigned slot_owners(const struct audit *a, uint32_t slot)
{
	return a->owners[slot_file_of(slot)].at[slot_page(slot)];
}

/* Every slot in use is owned once: by a pagefile entry of a process or of a section, or by a frame,
 * that of a deleted page included until its request ends. Nothing else is in use, page 0 of a file
 * never is, and the counts of used slots are right. */
void check_I12(struct audit *a)
{
	const struct pagefile *file = &a->vmm->file;
	uint64_t used = pagefile_used(file);

	for (size_t i = 0; i < a->slots.n; i++) {
		uint32_t slot = a->slots.at[i];

		if (!pagefile_in_use(file, slot))
			broke(a, "slot 0x%x is named, but not in use", slot);
		if (slot_owners(a, slot) > 1)
			broke(a, "slot 0x%x is named %u times", slot, slot_owners(a, slot));
	}
	for (unsigned f = 0; f < PAGEFILES && a->slots_named != used; f++)
		for (uint32_t page = 0; page < file->file[f].slots; page++)
			if (pagefile_in_use(file, f << SLOT_PAGE_BITS | page) &&
			    !a->owners[f].at[page])
				broke(a, "slot 0x%x is in use, but nobody's",
				      f << SLOT_PAGE_BITS | page);
	if (a->slots_named != used || !pagefile_check(file))
		broke(a, "%" G_GUINT64_FORMAT " slots are named, %" G_GUINT64_FORMAT
		      " are counted as used", a->slots_named, used);
}

/* The slot that a request moves a frame to or from; 0: none is under way, or it is of a file. */
static uint32_t slot_under_way(struct audit *a, vmsim_pfn frame)
{
	const struct io *io = io_of(a->vmm, frame);

	for (uint32_t i = 0; io && io->slot && i < io->pages; i++)
		if (io->frame[i] == frame)
			return io->slot + i;
	return 0;
}

/* The slot of a frame that a request is under way for is in use, be it that the frame has it no
 * more. */
void check_I13(struct audit *a)
{
	for (size_t i = 0; i < a->frames.n; i++) {
		uint32_t slot = slot_under_way(a, a->frames.at[i]);

		if (slot && !pagefile_in_use(&a->vmm->file, slot))
			broke(a, "slot 0x%x, of the request for %s, is free", slot,
			      frame_words(a, a->frames.at[i]));
	}
}

/* A slot that an entry names holds its page: a write of it has ended since it was taken, or the
 * page was compressed into the store. */
void check_I14(struct audit *a)
{
	for (size_t i = 0; i < a->entries.n; i++) {
		const struct entry *entry = &a->entries.at[i];

		if (pte_is_pagefile(entry->pte) &&
		    !pagefile_is_written(&a->vmm->file, pte_slot(entry->pte)))
			broke(a, "%s names a slot never written", entry_words(a, entry));
	}
	for (size_t i = 0; i < a->homes.n; i++) {
		const struct home *home = &a->homes.at[i];

		if (pte_is_pagefile(home->pte) &&
		    !pagefile_is_written(&a->vmm->file, pte_slot(home->pte)))
			broke(a, "%s names a slot never written", home_words(a, home));
	}
}

/* What was never touched, is only reserved or free, or has lost its contents, owns no slot. An
 * entry that names one is of a page with contents; a frame whose page was lost, or that is
 * nobody's, has none. */
void check_I15(struct audit *a)
{
	for (size_t i = 0; i < a->entries.n; i++) {
		const struct entry *entry = &a->entries.at[i];
		pte_t pte = entry->pte;

		if (!pte_is_valid(pte) && !pte_is_transition(pte) && pte_slot(pte) &&
		    ((pte & (PTE_LOST | PTE_PROTOTYPE)) ||
		     pte_prot(pte) == PROT_DECOMMITTED || !entry->vad))
			broke(a, "%s owns slot 0x%x", entry_words(a, entry), pte_slot(pte));
	}
	for (size_t i = 0; i < a->homes.n; i++)
		if (pte_is_pagefile(a->homes.at[i].pte) && (a->homes.at[i].pte & PTE_LOST))
			broke(a, "%s is lost", home_words(a, &a->homes.at[i]));
	for (size_t i = 0; i < a->frames.n; i++) {
		const struct pfn *pfn = &a->db->pfn[a->frames.at[i]];

		if (pfn->slot && ((pfn->reset == RESET_LOST && !(pfn->flags & PFN_IO)) ||
				  (pfn->flags & PFN_WIRED)))
			broke(a, "%s owns a slot", frame_words(a, a->frames.at[i]));
	}
}
