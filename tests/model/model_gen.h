/* model_gen.h: what the two halves of the generator share. */
#ifndef MODEL_GEN_H
#define MODEL_GEN_H

#include "model/windows_model.h"

struct gen {
	uint64_t state; /* of the generator splitmix64 */
	struct wm *m;   /* a model that hears no events: blocks and pages as they will be */
	uint32_t pid;
	uint64_t serial, sections;
};

uint64_t gen_below(struct gen *g, uint64_t n);
bool gen_chance(struct gen *g, uint64_t percent);
/* A page, mostly of a block, mostly (when committed) a committed one. */
uint64_t gen_page(struct gen *g, bool committed);
uint64_t gen_odd_address(struct gen *g);
uint64_t gen_random(struct gen *g);
void gen_call(struct gen *g, struct vmsim_call *c);

/* What a page must be for a range of such pages. */
typedef bool (*page_kind)(const struct wm_page *p);

/* Parts of calls, and calls, shared by model_gen_calls.c and model_gen_more.c. */
const struct wm_block *gen_some_block(struct gen *g);
uint64_t gen_arena(struct gen *g);
void gen_some_range(struct gen *g, struct vmsim_call *c, bool committed);
bool gen_pages_of_kind(struct gen *g, struct vmsim_call *c, page_kind kind, uint64_t n);
uint32_t gen_some_protection(struct gen *g);
void gen_make_reserve(struct gen *g, struct vmsim_call *c);
void gen_make_commit(struct gen *g, struct vmsim_call *c);
void gen_make_free(struct gen *g, struct vmsim_call *c);
bool gen_is_offered(const struct wm_page *p);
bool gen_is_plain(const struct wm_page *p);
bool gen_is_committed(const struct wm_page *p);
void gen_make_offer(struct gen *g, struct vmsim_call *c);
void gen_make_limits(struct gen *g, struct vmsim_call *c);
void gen_make_watch(struct gen *g, struct vmsim_call *c);
void gen_make_prefetch(struct gen *g, struct vmsim_call *c);
void gen_make_placeholder(struct gen *g, struct vmsim_call *c);
void gen_make_native(struct gen *g, struct vmsim_call *c);
void gen_make_sharing(struct gen *g, struct vmsim_call *c);
void gen_spare_views(struct gen *g, struct vmsim_call *c);

#endif
