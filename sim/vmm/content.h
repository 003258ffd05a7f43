/* content.h: what is in a page, kept only where it matters.
 *
 * No content (NULL) is a page of zeros, all known. Contents are shared between a frame and the
 * slot it was written to, and copied when one of them changes. A byte stored without a value is
 * unknown: it stays so through paging until it is stored again. */
#ifndef VMM_CONTENT_H
#define VMM_CONTENT_H

#include <vmsim/types.h>

struct content;

struct content *content_ref(struct content *content);
void content_unref(struct content *content);
/* content_move: give what *from holds to *to, dropping what *to held. */
void content_move(struct content **to, struct content **from);
void content_set(struct content **to, struct content *content);

/* content_junk: what a freed frame is taken to hold: no zeros, all known, so that a frame handed
 * over without being zeroed shows. */
struct content *content_junk(void);

/* content_unknown: a page of which no byte is known. */
struct content *content_unknown(void);

/* content_store: n bytes at offset; bytes NULL makes them unknown. offset + n <= a page. */
void content_store(struct content **content, unsigned offset, unsigned n, const uint8_t *bytes);
/* content_load: the same for reading; known[i] tells whether bytes[i] is. */
void content_load(const struct content *content, unsigned offset, unsigned n, uint8_t *bytes,
		  bool *known);
/* A mark that goes wherever the content goes, and into its copies; 0 for none. Contents that all
 * machines share have none. For the audit (check_flow.c). */
void content_set_tag(struct content *content, uint64_t tag);
uint64_t content_tag(const struct content *content);
/* content_is_zero: whether every byte is known to be 0. */
bool content_is_zero(const struct content *content);

#endif
