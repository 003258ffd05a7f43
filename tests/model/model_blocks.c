/* model_blocks.c: the address space of the second opinion: blocks in a list, a record for every
 * committed page (V1, V2), where NULL goes (V11) and what VirtualQuery says (V13). */
#include "model/windows_model.h"

struct wm *wm_new(const struct wm_machine *machine)
{
	struct wm *m = g_new0(struct wm, 1);

	m->machine = *machine;
	m->pages = g_hash_table_new(g_int64_hash, g_int64_equal);
	m->all = g_ptr_array_new();
	m->kept = g_ptr_array_new_with_free_func(g_free);
	for (int i = 0; i < 2; i++)
		m->errors[i] = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
	m->frames = g_new0(struct wm_frame, machine->frames);
	for (uint64_t i = 0; i < machine->frames; i++)
		m->frames[i].state = machine->zeroed ? "zeroed" : "free";
	for (uint32_t pid = 0; pid <= WM_PROCESSES; pid++) {
		m->ws[pid].min = machine->ws_min;
		m->ws[pid].max = 345;
		m->flight[pid].pages = g_ptr_array_new();
		m->flight[pid].changes = g_array_new(FALSE, FALSE, sizeof(struct wm_change));
	}
	return m;
}

void wm_free(struct wm *m)
{
	for (uint32_t pid = 0; pid <= WM_PROCESSES; pid++) {
		g_ptr_array_free(m->flight[pid].pages, TRUE);
		g_array_free(m->flight[pid].changes, TRUE);
	}
	for (guint i = 0; i < m->all->len; i++) {
		struct wm_page *p = g_ptr_array_index(m->all, i);

		g_free(p->byte);
		g_free(p->before);
		g_free(p->unknown);
		g_free(p);
	}
	g_ptr_array_free(m->all, TRUE);
	g_hash_table_destroy(m->pages);
	g_hash_table_destroy(m->errors[0]);
	g_hash_table_destroy(m->errors[1]);
	while (m->blocks)
		wm_block_remove(m, m->blocks->data);
	g_ptr_array_free(m->kept, TRUE);
	wm_sections_free(m);
	g_free(m->frames);
	g_free(m->difference);
	g_free(m);
}

void wm_differ(struct wm *m, const char *format, ...)
{
	va_list args;
	char *text;

	if (m->difference)
		return;
	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	m->difference = g_strdup_printf("event %" G_GUINT64_FORMAT ": %s", m->seq, text);
	g_free(text);
}

/* --- blocks ---------------------------------------------------------------------------------- */

struct wm_block *wm_block_over(const struct wm *m, uint32_t pid, uint64_t first, uint64_t end)
{
	for (GList *l = m->blocks; l; l = l->next) {
		struct wm_block *b = l->data;

		if (b->pid == pid && b->first < end && b->end > first)
			return b;
	}
	return NULL;
}

struct wm_block *wm_block_at(const struct wm *m, uint32_t pid, uint64_t vpn)
{
	return wm_block_over(m, pid, vpn, vpn + 1);
}

static gint by_address(gconstpointer a, gconstpointer b)
{
	const struct wm_block *x = a, *y = b;

	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	return x->first < y->first ? -1 : x->first > y->first;
}

void wm_block_add(struct wm *m, const struct wm_block *block)
{
	struct wm_block *b = g_new(struct wm_block, 1);

	*b = *block;
	m->blocks = g_list_insert_sorted(m->blocks, b, by_address);
	m->reserved += b->end - b->first;
	m->n.reserved_peak = MAX(m->n.reserved_peak, m->reserved);
}

void wm_block_remove(struct wm *m, struct wm_block *block)
{
	m->reserved -= block->end - block->first;
	m->blocks = g_list_remove(m->blocks, block);
	g_free(block->watch);
	g_free(block);
}

uint64_t wm_place(const struct wm *m, uint32_t pid, uint64_t pages, bool top_down)
{
	uint64_t step = WM_G / WM_P, low = WM_G / WM_P, high = (m->machine.hi + 1) / WM_P;
	uint64_t at = low;
	const struct wm_block *b;

	if (pages > high - low)
		return 0;
	if (!top_down) {
		while (at + pages <= high && (b = wm_block_over(m, pid, at, at + pages)))
			at = (b->end + step - 1) / step * step;
		return at + pages <= high ? at * WM_P : 0;
	}
	at = (high - pages) / step * step;
	while (at >= low && (b = wm_block_over(m, pid, at, at + pages))) {
		if (b->first < low + pages)
			return 0;
		at = (b->first - pages) / step * step;
	}
	return at >= low ? at * WM_P : 0;
}

/* --- pages ----------------------------------------------------------------------------------- */

static gint64 key(uint32_t pid, uint64_t vpn)
{
	return (gint64)((uint64_t)pid << 52 | vpn);
}

struct wm_page *wm_page_at(const struct wm *m, uint32_t pid, uint64_t vpn)
{
	gint64 k = key(pid, vpn);

	return vpn >> 52 ? NULL : g_hash_table_lookup(m->pages, &k);
}

struct wm_page *wm_page_commit(struct wm *m, uint32_t pid, uint64_t vpn, uint32_t prot)
{
	struct wm_page *p = g_new0(struct wm_page, 1);

	p->key = key(pid, vpn);
	p->pid = pid;
	p->vpn = vpn;
	p->prot = prot;
	g_hash_table_insert(m->pages, &p->key, p);
	g_ptr_array_add(m->all, p);
	m->charge++;
	m->n.charge_peak = MAX(m->n.charge_peak, m->charge);
	return p;
}

/* What is left of it, a frame or I/O, ends by events. */
void wm_page_delete(struct wm *m, struct wm_page *p)
{
	g_hash_table_remove(m->pages, &p->key);
	m->locked[p->pid] -= p->locked;
	p->locked = false;
	p->deleted = true;
	m->charge--;
}

/* InjectError names an address: what is committed there later inherits it. Named twice, an address
 * fails twice. */
bool wm_injected(const struct wm *m, const struct wm_page *p, enum vmsim_inject what)
{
	return g_hash_table_contains(m->errors[what], &p->key);
}

void wm_inject(struct wm *m, uint32_t pid, uint64_t vpn, enum vmsim_inject what, bool on)
{
	gint64 k = key(pid, vpn);
	guint n = GPOINTER_TO_UINT(g_hash_table_lookup(m->errors[what], &k));

	n = on ? n + 1 : n ? n - 1 : 0;
	if (n)
		g_hash_table_insert(m->errors[what], g_memdup2(&k, sizeof(k)), GUINT_TO_POINTER(n));
	else
		g_hash_table_remove(m->errors[what], &k);
}

/* --- VirtualQuery ---------------------------------------------------------------------------- */

static bool alike(const struct wm_page *a, const struct wm_page *b)
{
	return a && b ? a->prot == b->prot : a == b;
}

static void query_free(const struct wm *m, uint32_t pid, uint64_t vpn, struct vmsim_outcome *out)
{
	uint64_t end = (m->machine.hi + 1) / WM_P;
	const struct wm_block *next = wm_block_over(m, pid, vpn, end);

	out->size = ((next ? next->first : end) - vpn) * WM_P;
	out->state = MEM_FREE;
	out->protect = PAGE_NOACCESS;
}

void wm_query(const struct wm *m, uint32_t pid, uint64_t va, struct vmsim_outcome *out)
{
	uint64_t vpn = va / WM_P, end = vpn + 1;
	const struct wm_block *b = wm_block_at(m, pid, vpn);
	const struct wm_page *p = wm_page_at(m, pid, vpn);

	*out = (struct vmsim_outcome){.kind = VMSIM_OUTCOME_SUCCESS};
	out->address.offset = vpn * WM_P;
	if (!b) {
		query_free(m, pid, vpn, out);
		return;
	}
	while (end < b->end && alike(p, wm_page_at(m, pid, end)))
		end++;
	out->alloc_base.offset = b->first * WM_P;
	out->alloc_protect = b->alloc_protect;
	out->size = (end - vpn) * WM_P;
	out->state = p ? MEM_COMMIT : MEM_RESERVE;
	out->protect = p ? p->prot : 0;
	out->type = b->section ? MEM_MAPPED : MEM_PRIVATE;
}
