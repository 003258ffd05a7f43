/* index.h: how a page number chooses the set of a TLB (options tlb.*.index).
 *
 *   linear         the number, modulo the sets
 *   xor            2^k sets: its lowest k bits xor the next k
 *   0^7,1^8,2,...  2^k sets: k groups of bits of the number, for the lowest bit
 *                  of the set first; each bit of the set is the xor of its group */
#ifndef CONFIG_INDEX_H
#define CONFIG_INDEX_H

#include <stdbool.h>
#include <stdint.h>

#define INDEX_BITS 16       /* at most, of a set */
#define INDEX_PAGE_BITS 48  /* bits of a number that groups may name */

enum index_kind { INDEX_LINEAR, INDEX_XOR, INDEX_GROUPS };

struct index_function {
	enum index_kind kind;
	uint32_t sets;
	unsigned bits; /* of a set, but for INDEX_LINEAR */
	uint64_t group[INDEX_BITS];
};

/* index_parse: what a text means, for any number of sets. Returns what is wrong, or NULL.
 * => index->bits is the number of groups; 0 for the other kinds */
const char *index_parse(const char *text, struct index_function *index);
/* index_serves: whether a text that index_parse() took is of use for so many sets. */
bool index_serves(const char *text, uint64_t sets);
/* => index_serves(text, sets) */
void index_init(struct index_function *index, const char *text, uint32_t sets);

uint64_t index_set(const struct index_function *index, uint64_t number);

#endif
