/* audit.c: the invariants of semantics section 10, after every event (vmm/check.h): what the core
 * holds is told to the memory manager, which judges it with the rest; and what is said when one is
 * broken. */
#include "engine/machine.h"

#include "vmm/check.h"

#define WHOLE_EVERY 65536 /* events; a cheap audit looks at everything so often */
#define DUMP_LINES 64     /* of each part of the state */

/* --- what the core holds ---------------------------------------------------------------------- */

/* A group is told page by page. */
static void tell_entry(GArray *cached, const struct tlb_entry *entry, const char *where)
{
	bool group = tlb_kind(entry->tag) == TLB_GROUP;
	struct cached one = {
		.asid = (uint32_t)(entry->tag & ASID_MAX),
		.vpn = tlb_first_page(entry),
		.frame = entry->pfn,
		.write = entry->flags & TLB_WRITE,
		.execute = entry->flags & TLB_EXECUTE,
		.dirty = entry->flags & TLB_DIRTY,
		.large = tlb_kind(entry->tag) >= TLB_LARGE,
		.where = where,
	};

	for (uint32_t pages = group ? tlb_pages(entry) : 1; pages; pages >>= 1) {
		if (pages & 1)
			g_array_append_val(cached, one);
		one.vpn++;
		one.frame++;
	}
}

static void tell(GArray *cached, const struct tlb *tlb)
{
	for (uint32_t i = 0; i < tlb->sets * tlb->ways; i++)
		if (tlb->entry[i].tag)
			tell_entry(cached, &tlb->entry[i], tlb->name);
}

static void tell_structures(const struct psc *psc, GArray *cached)
{
	static const char *const where[PT_MAX_LEVELS] = {"", "PDE cache", "PDPTE cache",
							 "PML4E cache", "PML5E cache"};

	for (unsigned level = 1; psc->any && level < psc->shape->levels; level++) {
		const struct tlb *cache = &psc->level[level];

		for (uint32_t i = 0; i < cache->ways && cache->entry[i].tag; i++) {
			uint64_t tag = cache->entry[i].tag;
			struct cached one = {
				.asid = (uint32_t)(tag & ASID_MAX),
				.vpn = psc_vpn(psc, level, tag),
				.frame = cache->entry[i].pfn,
				.level = level,
				.where = where[level],
			};

			g_array_append_val(cached, one);
		}
	}
}

/* The memos answer for a first-level TLB. */
static void tell_memo(GArray *cached, const struct core *core, const struct memo *memo,
		      bool fetch)
{
	struct cached one = {
		.asid = core->asid,
		.vpn = memo->vpn,
		.frame = memo->pfn,
		.write = memo->store,
		.execute = fetch,
		.dirty = memo->store,
		.large = -1,
		.where = fetch ? "memo of fetches" : "memo of data",
	};

	if (core->running && memo->vpn != MMU_NO_PAGE)
		g_array_append_val(cached, one);
}

static void tell_mmu(GArray *cached, const struct mmu *mmu)
{
	for (unsigned i = 0; i < mmu->tlbs.n; i++)
		tell(cached, &mmu->tlbs.own[i]);
	tell_structures(&mmu->psc, cached);
}

/* What a core will have flushed before it can use it (H16). */
static void forget_stale(GArray *cached, guint first, const struct core *core)
{
	for (guint i = cached->len; i-- > first;)
		if (shootdown_is_stale(core, g_array_index(cached, struct cached, i).asid))
			g_array_remove_index_fast(cached, i);
}

static GArray *tell_all(const struct vmsim_machine *m)
{
	GArray *cached = g_array_new(FALSE, FALSE, sizeof(struct cached));

	for (unsigned i = 0; i < m->n_cores; i++) {
		guint first = cached->len;

		tell_mmu(cached, &m->cores[i].mmu);
		tell_memo(cached, &m->cores[i], &m->cores[i].mmu.fetch, true);
		tell_memo(cached, &m->cores[i], &m->cores[i].mmu.data, false);
		forget_stale(cached, first, &m->cores[i]);
	}
	return cached;
}

static bool are_caches_in_order(const struct vmsim_machine *m)
{
	for (unsigned i = 0; i < m->n_cores; i++)
		if (!port_check(&m->cores[i].mmu.port))
			return false;
	return true;
}

static bool are_in_order(const struct vmsim_machine *m)
{
	for (unsigned i = 0; i < m->n_cores; i++)
		if (!mmu_check(&m->cores[i].mmu))
			return false;
	return true;
}

/* --- judging ---------------------------------------------------------------------------------- */

static bool report(struct vmsim_machine *m, const struct broken *broken)
{
	return machine_fail(m, VMSIM_ERROR_INVARIANT,
			    "invariant %s is broken after event %" G_GUINT64_FORMAT
			    " (line %" G_GUINT64_FORMAT " of %s), cycle %" G_GUINT64_FORMAT ": %s",
			    broken->id, m->seq, m->events.line, m->source->path, m->now,
			    broken->detail);
}

static bool audit(struct vmsim_machine *m, bool whole, const struct touched *touched)
{
	struct broken broken;
	GArray *cached = NULL;
	bool fine;

	machine_flush_references(m);
	if (whole && !are_in_order(m)) {
		broken = (struct broken){"TLB", "a set is out of order, or holds a tag twice"};
		return report(m, &broken);
	}
	if (whole && !are_caches_in_order(m)) {
		broken = (struct broken){"CACHE",
					 "a line stands twice, or where it does not belong"};
		return report(m, &broken);
	}
	if (whole)
		cached = tell_all(m);
	fine = vmm_audit(m->vmm, whole, touched,
			 cached ? (const struct cached *)(const void *)cached->data : NULL,
			 cached ? cached->len : 0, &broken);
	if (cached)
		g_array_unref(cached);
	return fine || report(m, &broken);
}

bool machine_audit(struct vmsim_machine *m)
{
	return audit(m, true, NULL);
}

void machine_audit_event(struct vmsim_machine *m, struct process *process, const struct op *op)
{
	struct touched touched = {process, op->first, op->last};

	if (!m->error)
		audit(m, m->audit == VMSIM_AUDIT_FULL || m->seq % WHOLE_EVERY == 0, &touched);
}

void machine_audit_access(struct vmsim_machine *m, const struct thread *thread, vmsim_va va,
			  unsigned n, vmsim_pfn frame)
{
	const struct op *op = &thread->op;
	struct access access = {
		.process = thread->process,
		.va = va,
		.n = n,
		.write = op->event.op == VMSIM_OP_WRITE,
		.frame = frame,
		.stored = op->stores,
	};
	uint8_t bytes[sizeof(op->event.value)];

	if (op->event.op == VMSIM_OP_EXECUTE)
		return;
	for (unsigned i = 0; i < MIN(n, sizeof(bytes)); i++)
		bytes[i] = (uint8_t)(op->event.value >> 8 * ((va - op->va + i) % sizeof(bytes)));
	if (op->event.flags & VMSIM_EV_VALUE)
		access.bytes = bytes;
	vmm_audit_access(m->vmm, &access);
}

void vmsim_machine_set_audit(struct vmsim_machine *m, enum vmsim_audit audit_kind)
{
	m->audit = audit_kind;
	m->plain_end = 0; /* every event is looked at, until the next thread */
	if (audit_kind == VMSIM_AUDIT_OFF) {
		vmm_audit_end(m->vmm);
		return;
	}
	vmm_audit_begin(m->vmm, audit_kind == VMSIM_AUDIT_FULL);
	m->keep_contents |= audit_kind == VMSIM_AUDIT_FULL;
}

bool vmsim_invariant_info(size_t index, struct vmsim_invariant_info *info)
{
	const struct invariant *invariant = vmm_invariant(index);

	if (!invariant)
		return false;
	*info = (struct vmsim_invariant_info){
		.id = invariant->id,
		.when = !invariant->when		     ? "never"
			: invariant->when & CHECK_CHEAP ? "cheap"
			: invariant->when & CHECK_WHOLE ? "now-and-then"
							: "full",
		.doc = invariant->doc,
	};
	return true;
}

/* --- words ------------------------------------------------------------------------------------ */

static void dump_core(const struct vmsim_machine *m, GString *out)
{
	GArray *cached = tell_all(m);

	g_string_append(out, "translations that the core holds:\n");
	for (guint i = 0; i < cached->len && dump_line(DUMP_LINES, i); i++) {
		const struct cached *one = &g_array_index(cached, struct cached, i);

		g_string_append_printf(out, "  %s: page 0x%" G_GINT64_MODIFIER
				       "x of address space %u, frame %u%s%s%s%s\n", one->where,
				       one->vpn, one->asid, one->frame,
				       one->large > 0 ? ", large" : "",
				       one->write ? ", writable" : "",
				       one->execute ? ", executable" : "",
				       one->dirty ? ", dirty" : "");
	}
	dump_rest(out, DUMP_LINES, cached->len);
	g_array_unref(cached);
}

char *vmsim_machine_state(const struct vmsim_machine *m)
{
	GString *out = g_string_new(NULL);

	g_string_append_printf(out, "state after event %" G_GUINT64_FORMAT ", cycle %"
			       G_GUINT64_FORMAT ":\n", m->seq, m->now);
	vmm_dump(m->vmm, out, DUMP_LINES);
	dump_core(m, out);
	return g_string_free(out, FALSE);
}
