/* model_section.c: sections and their views (V1, 3.5, C1). A section's pages are records of their
 * own, of process 0; a page of a view points to one of them until it is copied. A section of the
 * pagefile lives while its maker holds its handle or a view of it exists; what is in a file stays.
 *
 * The specification says what views do, and little of how these calls refuse: only refusals that
 * it or Windows' documentation is plain about are made here. */
#include "model/windows_model.h"

#include <string.h>

#define COPY ((uint32_t)FILE_MAP_COPY)
#define WRITE ((uint32_t)FILE_MAP_WRITE)
#define READ ((uint32_t)FILE_MAP_READ)
#define EXECUTE ((uint32_t)FILE_MAP_EXECUTE)

static void fails(struct wm_verdict *v, uint32_t code)
{
	v->ok = false;
	v->code = code;
	v->rule = NULL;
}

/* --- stores and sections ---------------------------------------------------------------------- */

struct wm_page *wm_section_page(const struct wm *m, const char *name, uint64_t index)
{
	for (GList *l = m->stores; l; l = l->next) {
		struct wm_store *s = l->data;

		if (!s->gone && !strcmp(s->name, name) && index < s->pages->len)
			return g_ptr_array_index(s->pages, index);
	}
	return NULL;
}

static struct wm_store *store_of(struct wm *m, const char *name, bool file, uint64_t pages)
{
	struct wm_store *s;

	for (GList *l = m->stores; l; l = l->next) {
		s = l->data;
		if (file && s->file && !strcmp(s->name, name))
			return s;
	}
	s = g_new0(struct wm_store, 1);
	s->name = g_strdup(name);
	s->file = file;
	s->pages = g_ptr_array_new();
	for (uint64_t i = 0; i < pages; i++) {
		struct wm_page *p = g_new0(struct wm_page, 1);

		p->vpn = i;
		p->in_file = file;
		if (file) {
			p->where = WM_PAGEFILE;
			p->unknown = g_malloc(WM_P);
			memset(p->unknown, 1, WM_P);
		}
		g_ptr_array_add(s->pages, p);
		g_ptr_array_add(m->all, p);
	}
	m->stores = g_list_prepend(m->stores, s);
	return s;
}

static struct wm_section *section_named(const struct wm *m, const char *name)
{
	for (GList *l = m->sections; l; l = l->next) {
		struct wm_section *s = l->data;

		if (s->open && !strcmp(s->name, name))
			return s;
	}
	return NULL;
}

void wm_sections_free(struct wm *m)
{
	for (GList *l = m->stores; l; l = l->next) {
		struct wm_store *s = l->data;

		g_ptr_array_free(s->pages, TRUE);
		g_free(s->name);
		g_free(s);
	}
	for (GList *l = m->sections; l; l = l->next)
		g_free(l->data);
	g_list_free(m->stores);
	g_list_free(m->sections);
}

/* C1: the last handle and view of a section of the pagefile end it. */
static void section_ends(struct wm *m, struct wm_flight *f, struct wm_section *s)
{
	if (s->open || s->views || s->store->file || s->store->gone)
		return;
	s->store->gone = true;
	for (guint i = 0; i < s->store->pages->len; i++) {
		struct wm_page *p = g_ptr_array_index(s->store->pages, i);

		wm_open(m, f, p);
		p->deleted = true;
		m->charge--;
	}
}

/* --- answers --------------------------------------------------------------------------------- */

static uint64_t pages_of(uint64_t size)
{
	return (size + WM_P - 1) / WM_P;
}

static void judge_create(const struct wm *m, const struct vmsim_call *c, struct wm_verdict *v)
{
	v->end = pages_of(c->size[0]);
	if (!c->file && m->charge + v->end > m->machine.frames + m->machine.slots)
		fails(v, ERROR_COMMITMENT_LIMIT);
}

/* A view that asks for nothing else copies all that is written to it. */
static bool copies_all(uint32_t access)
{
	return (access & ~EXECUTE) == COPY;
}

static bool grants(uint32_t protect, uint32_t access)
{
	bool writes = protect == PAGE_READWRITE || protect == PAGE_EXECUTE_READWRITE;

	return (!(access & WRITE) || writes) && (!(access & EXECUTE) || protect >= PAGE_EXECUTE);
}

static void judge_map(const struct wm *m, uint32_t pid, const struct vmsim_call *c,
		      struct wm_verdict *v)
{
	const struct wm_section *s = section_named(m, c->name);
	uint64_t offset = c->number[0] / WM_P, pages;

	if (!s) {
		fails(v, ERROR_INVALID_HANDLE);
		return;
	}
	pages = c->size[0] ? pages_of(c->size[0]) : s->store->pages->len - offset;
	v->section = (struct wm_section *)s;
	v->first = c->address.offset / WM_P;
	if (!grants(s->protect, c->access)) {
		fails(v, ERROR_ACCESS_DENIED);
		return;
	}
	if (!v->first)
		v->first = wm_place(m, pid, pages, false) / WM_P;
	v->end = v->first + pages;
	v->address = v->first * WM_P;
	if (wm_block_over(m, pid, v->first, v->end))
		fails(v, ERROR_INVALID_ADDRESS);
	else if (copies_all(c->access) && m->charge + pages > m->machine.frames + m->machine.slots)
		fails(v, ERROR_COMMITMENT_LIMIT);
}

static void judge_unmap(const struct wm *m, uint32_t pid, const struct vmsim_call *c,
			struct wm_verdict *v)
{
	v->block = wm_block_at(m, pid, c->address.offset / WM_P);
	if (!v->block || !v->block->section)
		fails(v, ERROR_INVALID_ADDRESS);
}

void wm_judge_section(const struct wm *m, uint32_t pid, const struct vmsim_call *c,
		      struct wm_verdict *v)
{
	const struct wm_section *s;

	switch (c->id) {
	case VMSIM_CALL_CREATE_FILE_MAPPING:
		judge_create(m, c, v);
		break;
	case VMSIM_CALL_MAP_VIEW:
		judge_map(m, pid, c, v);
		break;
	case VMSIM_CALL_UNMAP_VIEW:
		judge_unmap(m, pid, c, v);
		break;
	default:
		s = section_named(m, c->name);
		if (!s || s->maker != pid)
			fails(v, ERROR_INVALID_HANDLE);
		v->section = (struct wm_section *)s;
	}
}

/* What a page of a view may become: never more than its view allows. */
bool wm_view_allows(const struct wm_block *b, uint32_t prot)
{
	uint32_t base = prot & 0xFF;
	bool writes = base == PAGE_READWRITE || base == PAGE_EXECUTE_READWRITE;
	bool data = b->access & (READ | WRITE | COPY);

	return base == PAGE_NOACCESS || (data && (!writes || (b->access & WRITE)) &&
					 (base < PAGE_EXECUTE || (b->access & EXECUTE)));
}

static uint32_t copied(uint32_t prot)
{
	return prot & PAGE_WRITECOPY ? (prot & ~(uint32_t)PAGE_WRITECOPY) | PAGE_READWRITE
	       : prot & PAGE_EXECUTE_WRITECOPY
		       ? (prot & ~(uint32_t)PAGE_EXECUTE_WRITECOPY) | PAGE_EXECUTE_READWRITE
		       : prot;
}

/* A page that was copied is the process's own: no write copies it again. */
uint32_t wm_view_protection(const struct wm_page *p, const struct wm_block *b, uint32_t prot)
{
	return b->section && !p->proto ? copied(prot) : prot;
}

/* C1: a page of a view that does not copy them all is charged while a write would copy it. */
int64_t wm_view_charge(const struct wm_page *p, const struct wm_block *b, uint32_t prot)
{
	if (!b->section || !p->proto || copies_all(b->access))
		return 0;
	return (int64_t)wm_copies(prot) - !p->free_of_charge;
}

/* --- effects --------------------------------------------------------------------------------- */

static uint32_t view_protect(uint32_t access)
{
	uint32_t prot = copies_all(access)    ? PAGE_WRITECOPY
			: access & WRITE      ? PAGE_READWRITE
			: access & READ	      ? PAGE_READONLY
					      : PAGE_NOACCESS;

	return (access & EXECUTE) && prot != PAGE_NOACCESS ? prot << 4 : prot;
}

static void apply_create(struct wm *m, uint32_t pid, const struct vmsim_call *c)
{
	struct wm_section *s = g_new0(struct wm_section, 1);

	s->name = c->name;
	s->maker = pid;
	s->protect = c->protect & 0xFF;
	s->open = true;
	s->store = store_of(m, c->file ? c->file : c->name, c->file, pages_of(c->size[0]));
	m->sections = g_list_prepend(m->sections, s);
	if (!c->file)
		m->charge += s->store->pages->len;
	m->n.charge_peak = MAX(m->n.charge_peak, m->charge);
}

static void apply_map(struct wm *m, struct wm_flight *f, const struct vmsim_call *c)
{
	const struct wm_verdict *v = &f->verdict;
	uint64_t offset = c->number[0] / WM_P, peak = m->n.charge_peak;
	struct wm_block b = {.pid = f->pid,
			     .first = v->first,
			     .end = v->end,
			     .section = v->section,
			     .access = c->access,
			     .alloc_protect = view_protect(c->access)};

	v->section->views++;
	wm_block_add(m, &b);
	for (uint64_t i = v->first; i < v->end; i++) {
		struct wm_page *p = wm_page_commit(m, f->pid, i, b.alloc_protect);

		p->proto = g_ptr_array_index(v->section->store->pages, offset + i - v->first);
		p->free_of_charge = !copies_all(c->access);
		m->charge -= p->free_of_charge;
		wm_change_expected(f, i, "free", "committed");
	}
	m->n.charge_peak = MAX(peak, m->charge);
}

void wm_unmap(struct wm *m, struct wm_flight *f, struct wm_block *b)
{
	struct wm_section *s = b->section;

	for (uint64_t i = b->first; i < b->end; i++) {
		struct wm_page *p = wm_page_at(m, f->pid, i);

		wm_change_expected(f, i, "committed", "free");
		if (p->proto)
			wm_open(m, f, p->proto);
		wm_open(m, f, p);
		wm_page_delete(m, p);
		m->charge += p->free_of_charge;
	}
	wm_block_remove(m, b);
	s->views--;
	section_ends(m, f, s);
}

void wm_apply_section(struct wm *m, struct wm_flight *f, const struct vmsim_call *c)
{
	m->sharing = true;
	if (c->id == VMSIM_CALL_CREATE_FILE_MAPPING) {
		apply_create(m, f->pid, c);
	} else if (c->id == VMSIM_CALL_MAP_VIEW) {
		apply_map(m, f, c);
	} else if (c->id == VMSIM_CALL_UNMAP_VIEW) {
		wm_unmap(m, f, f->verdict.block);
	} else {
		f->verdict.section->open = false;
		section_ends(m, f, f->verdict.section);
	}
}

/* The handles of a process that ends are closed. */
void wm_sections_exit(struct wm *m, struct wm_flight *f)
{
	for (GList *l = m->sections; l; l = l->next) {
		struct wm_section *s = l->data;

		if (s->maker != f->pid || !s->open)
			continue;
		s->open = false;
		section_ends(m, f, s);
	}
}

/* 3.5: the write that copies. Both the section's page and the copy may come in for it. */
void wm_copy_on_write(struct wm *m, struct wm_flight *f, struct wm_page *p)
{
	(void)f;
	(void)m;
	p->copied_from = p->proto;
	p->copied_from->touched = p->copied_from->reached = p->copied_from->read_only = true;
	p->proto = NULL;
	p->prot = copied(p->prot);
	p->byte = p->copied_from->byte ? g_memdup2(p->copied_from->byte, WM_P) : NULL;
	p->unknown = p->copied_from->unknown ? g_memdup2(p->copied_from->unknown, WM_P) : NULL;
}
