/* tlb_replace.h: which entry of a set gives way, where sets are not kept in order.
 *
 * Each place of a set has a mark of a byte, whose meaning is the replacement's own:
 *
 *   tree-plru   a binary tree that halves the places, the greater half first; the mark of a place
 *               is the node whose second half begins there: 1, if that half is to be replaced
 *   bit-plru    used lately; when the last one would be marked, the others lose their marks
 *   nru         used lately; when none is left unmarked, replacing first clears them all
 *   srrip       re-reference interval, 0 to 3: 2 when filled, 0 when hit; a 3 is replaced
 *   mru3-plru   three groups of a third of the places, a tree in each; of the group after that of
 *               the latest use the tree chooses. The first mark is the latest group.
 *
 * random needs none. Of places alike, the first is taken.
 *
 * A hit right after a hit of the same entry changes no mark, and after a fill none but srrip's; the
 * memos of mmu.h rely on that. */
#ifndef MMU_TLB_REPLACE_H
#define MMU_TLB_REPLACE_H

#include "mmu/tlb.h"

struct tlb_replace_ops {
	bool ordered;   /* the set is kept in order, and none of the others is called */
	bool own_marks; /* a mark belongs to the entry at its place, and goes with it */
	/* A hit; NULL if it changes nothing. */
	void (*hit)(uint8_t *mark, uint32_t ways, uint32_t way);
	/* A place was filled; NULL as above. */
	void (*filled)(uint8_t *mark, uint32_t ways, uint32_t way);
	/* The place to be replaced. => all are taken */
	uint32_t (*victim)(struct tlb *tlb, uint8_t *mark);
};

const struct tlb_replace_ops *tlb_replace_ops(enum tlb_replacement replacement);

#endif
