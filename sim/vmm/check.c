/* check.c: which invariants there are, and when they are asked. See check.h. */
#include "vmm/check.h"

/* An audit of this many touched pages is cheap still. */
#define TOUCHED_MAX 8

static const struct invariant table[] = {
	{"I29", check_I29, CHECK_WHOLE, "tables count their entries; empty ones go at release"},
	{"I28", check_I28, CHECK_WHOLE | CHECK_TOUCHED,
	 "no private frame is mapped or cached by two processes"},
	{"I2", check_I2, CHECK_WHOLE | CHECK_TOTALS, "available frames are Z + F + S"},
	{"I1", check_I1, CHECK_WHOLE | CHECK_TOTALS,
	 "every frame is on one list, or in T, A or B; lengths are counters"},
	{"W13", check_W13, CHECK_WHOLE, "the compression store has the frames for its pages"},
	{"I17", check_I17, CHECK_WHOLE | CHECK_TOUCHED,
	 "entries outside blocks are zero; only committed pages have more than a mark"},
	{"I3", check_I3, CHECK_WHOLE | CHECK_TOUCHED,
	 "a valid entry names an active frame of its page; shares are valid entries"},
	{"I4", check_I4, CHECK_WHOLE | CHECK_TOUCHED,
	 "a transition entry names an unmapped frame of its page; each of those has one"},
	{"I5", check_I5, CHECK_WHOLE, "free, zeroed and bad frames belong to nobody"},
	{"I6", check_I6, CHECK_WHOLE, "zeroed frames are zeros"},
	{"I7", check_I7, CHECK_WHOLE | CHECK_TOUCHED,
	 "references are shares and requests; T means a request, unless mapped"},
	{"I10", check_I10, CHECK_WHOLE | CHECK_TOUCHED, "a frame on M is modified, without slot"},
	{"I8", check_I8, CHECK_WHOLE | CHECK_TOUCHED,
	 "a standby frame is clean, and equals its slot or is reset"},
	{"I9", check_I9, CHECK_WHOLE | CHECK_TOUCHED,
	 "a clean private frame without slot is reset"},
	{"I11", check_I11, CHECK_WHOLE | CHECK_TOUCHED, "a clean frame with a slot equals it"},
	{"I13", check_I13, CHECK_WHOLE | CHECK_TOUCHED, "no slot is free while a request uses it"},
	{"I15", check_I15, CHECK_WHOLE | CHECK_TOUCHED,
	 "untouched, reserved, free and lost pages own no slot"},
	{"I12", check_I12, CHECK_WHOLE, "a used slot has one owner, and used slots are counted"},
	{"I14", check_I14, CHECK_WHOLE | CHECK_TOUCHED, "a slot named by an entry was written"},
	{"I16", check_I16, CHECK_WHOLE, "blocks are disjoint, aligned and in the user range"},
	{"I20", check_I20, CHECK_WHOLE | CHECK_TOTALS, "pages in frames and slots were charged"},
	{"I18", check_I18, CHECK_WHOLE, "charges are what a recount says"},
	{"I19", check_I19, CHECK_WHOLE | CHECK_TOTALS, "limit >= charge, peak >= charge"},
	{"I22", check_I22, CHECK_WHOLE | CHECK_TOUCHED | CHECK_IO,
	 "a locked page is valid, and no write of it starts"},
	{"I21", check_I21, CHECK_WHOLE, "working sets are valid entries, locked ones among them"},
	{"I23", check_I23, CHECK_WHOLE | CHECK_TOUCHED,
	 "guard, inaccessible and offered pages have no valid entry"},
	{"I24", check_I24, CHECK_WHOLE, "a cached translation matches a present entry"},
	{"I25", check_I25, CHECK_WHOLE, "a cached translation's D and A are in memory"},
	{"I26", check_I26, CHECK_WHOLE, "cached upper levels name live tables"},
	{"I27", check_I27, CHECK_WHOLE | CHECK_TOUCHED,
	 "a valid entry grants no more than the page's protection"},
	{"I30", check_I30, CHECK_WHOLE | CHECK_ACCESS, "what was never stored to reads as zeros"},
	{"I31", check_I31, CHECK_ACCESS, "a byte read is the last one stored, or reset"},
	{"I33", check_I33, CHECK_WHOLE, "what was in a freed page is readable nowhere"},
	{"I32", check_I32, CHECK_WHOLE, "a frame changes owner zeroed, read into or copied into"},
	{"I34", check_I34, CHECK_WHOLE | CHECK_IO,
	 "a reset page is neither read nor written until a store"},
	{"I35", check_I35, CHECK_CALL, "decommit, release and exit start no I/O"},
	{"I36", check_I36, CHECK_WHOLE | CHECK_TOTALS, "counters agree with each other"},
	{"I37", check_I37, CHECK_CALL, "a failed call changed nothing"},
	{"I38", NULL, 0, "the same input gives the same bytes"},
	{"W1", check_W1, CHECK_WHOLE, "a hard maximum of a working set is kept"},
	{"H6", check_H6, CHECK_WHOLE | CHECK_TOUCHED,
	 "who keeps the dirty bit says how a clean page is mapped"},
	{"design", check_design, CHECK_WHOLE | CHECK_TOUCHED,
	 "a page table that all processes share holds the valid entries, and no others"},
	{"policy", check_policy, CHECK_WHOLE, "the replacement policies' own"},
};

const struct invariant *vmm_invariant(size_t index)
{
	return index < G_N_ELEMENTS(table) ? &table[index] : NULL;
}

void broke(struct audit *a, const char *format, ...)
{
	va_list args;

	if (a->broken.id)
		return;
	va_start(args, format);
	g_vsnprintf(a->broken.detail, sizeof(a->broken.detail), format, args);
	va_end(args);
	a->broken.id = a->row->id;
}

void audit_ask(struct audit *a, unsigned when)
{
	for (size_t i = 0; i < G_N_ELEMENTS(table) && !a->broken.id; i++) {
		a->row = &table[i];
		if (a->row->check && (a->row->when & when))
			a->row->check(a);
	}
}

/* --- beginning and ending ------------------------------------------------------------------- */

struct audit *audit_new(struct vmm *vmm, bool full)
{
	struct audit *a = g_new0(struct audit, 1);

	a->vmm = vmm;
	a->db = &vmm->db;
	a->full = full;
	a->late = vmm->processes->len > 0;
	if (full)
		flow_init(a);
	return a;
}

void audit_free(struct audit *a)
{
	if (!a)
		return;
	flow_fini(a);
	gather_fini(a);
	g_free(a->step);
	g_free(a);
}

void vmm_audit_begin(struct vmm *vmm, bool full)
{
	vmm_audit_end(vmm);
	vmm->audit = audit_new(vmm, full);
	if (full)
		vmm_keep_contents(vmm);
}

void vmm_audit_end(struct vmm *vmm)
{
	audit_free(vmm->audit);
	vmm->audit = NULL;
}

/* --- the state ------------------------------------------------------------------------------- */

bool vmm_audit(struct vmm *vmm, bool whole, const struct touched *touched,
	       const struct cached *cached, size_t n_cached, struct broken *broken)
{
	struct audit *a = vmm->audit ? vmm->audit : audit_new(vmm, false);

	a->cached = cached;
	a->n_cached = n_cached;
	if (a->broken.id) { /* by what happened */
	} else if (whole) {
		gather_whole(a);
		flow_gather(a);
		audit_ask(a, CHECK_WHOLE);
	} else {
		vmsim_vpn last = touched->last;

		if (last - touched->first >= TOUCHED_MAX)
			last = touched->first + TOUCHED_MAX - 1;
		gather_pages(a, touched->process, touched->first, last);
		audit_ask(a, CHECK_CHEAP);
	}
	*broken = a->broken;
	if (a != vmm->audit)
		audit_free(a);
	return !broken->id;
}

const char *vmm_check(struct vmm *vmm)
{
	struct audit *a = audit_new(vmm, false);
	const char *id;

	gather_whole(a);
	audit_ask(a, CHECK_WHOLE);
	id = a->broken.id;
	audit_free(a);
	return id;
}

/* --- words ----------------------------------------------------------------------------------- */

static char *next_words(struct audit *a)
{
	a->word = (a->word + 1) % G_N_ELEMENTS(a->words);
	return a->words[a->word];
}

const char *page_words(struct audit *a, const struct process *process, vmsim_vpn vpn)
{
	char *words = next_words(a);

	g_snprintf(words, sizeof(a->words[0]), "page 0x%" G_GINT64_MODIFIER "x of process %u", vpn,
		   process->pid);
	return words;
}

/* Whose a frame is. */
static void owner_words(char *words, size_t size, const struct pfn *pfn)
{
	if (pfn->segment)
		g_snprintf(words, size, "page %" G_GUINT64_FORMAT " of section %s", pfn->vpn,
			   pfn->segment->name ? pfn->segment->name : "without name");
	else if (pfn->owner)
		g_snprintf(words, size, "%s 0x%" G_GINT64_MODIFIER "x of process %u",
			   pfn->flags & PFN_TABLE ? "table of page" : "page", pfn->vpn,
			   pfn->owner->pid);
	else
		g_snprintf(words, size, "nobody's");
}

const char *frame_words(struct audit *a, vmsim_pfn frame)
{
	static const char *const resets[] = {"", ", reset pending", ", reset and lost"};
	char *words = next_words(a), owner[80];
	const struct pfn *pfn;

	if (frame >= a->db->frames) {
		g_snprintf(words, sizeof(a->words[0]), "frame %u, which there is not", frame);
		return words;
	}
	pfn = &a->db->pfn[frame];
	owner_words(owner, sizeof(owner), pfn);
	g_snprintf(words, sizeof(a->words[0]),
		   "frame %u (%s, %s, slot 0x%x, share %u, locks %u, priority %u%s%s%s%s%s)", frame,
		   pfn->state < PFN_N_STATES ? pfn_state_names[pfn->state] : "no state", owner,
		   pfn->slot, pfn->share, pfn->locks, pfn->priority,
		   pfn->flags & PFN_IS_MODIFIED ? ", modified" : "",
		   pfn->flags & PFN_READ_IO ? ", being read" : "",
		   pfn->flags & PFN_WRITE_IO ? ", being written" : "",
		   pfn->flags & PFN_DELETED ? ", deleted" : "",
		   pfn->reset < G_N_ELEMENTS(resets) ? resets[pfn->reset] : ", reset unknown");
	return words;
}

static const char *kind_words(pte_t pte)
{
	return pte_is_valid(pte)	? "valid"
	       : pte_is_transition(pte) ? "transition"
	       : pte_is_prototype(pte)	? "prototype"
	       : pte_is_pagefile(pte)	? "pagefile"
	       : pte_is_decommitted(pte) ? "decommitted"
	       : pte & PTE_LOST		? "demand-zero, lost"
	       : pte			? "demand-zero"
					: "zero";
}

static void append_entry(char *words, size_t size, const char *whose, pte_t pte)
{
	bool names = pte_is_valid(pte) || pte_is_transition(pte);
	char what[32] = "";

	if (names)
		g_snprintf(what, sizeof(what), ", frame %u", pte_frame(pte));
	else if (pte_is_pagefile(pte))
		g_snprintf(what, sizeof(what), ", slot 0x%x", pte_slot(pte));
	g_snprintf(words, size, "%s (%s%s, protection 0x%x%s%s%s%s%s%s)", whose, kind_words(pte),
		   what, prot_to_win32(pte_prot(pte)),
		   pte_is_valid(pte) && (pte & PTE_W) ? ", W" : "",
		   pte_is_valid(pte) && (pte & PTE_D) ? ", D" : "",
		   pte_is_valid(pte) && (pte & PTE_A) ? ", A" : "",
		   pte_is_valid(pte) && (pte & PTE_LOCKED) ? ", locked" : "",
		   pte_is_valid(pte) && (pte & PTE_SHARED) ? ", shared" : "",
		   pte_is_offered(pte) ? ", offered" : "");
}

const char *entry_words(struct audit *a, const struct entry *entry)
{
	char *words = next_words(a), whose[80];

	g_snprintf(whose, sizeof(whose), "page 0x%" G_GINT64_MODIFIER "x of process %u",
		   entry->vpn, entry->process->pid);
	append_entry(words, sizeof(a->words[0]), whose, entry->pte);
	return words;
}

const char *home_words(struct audit *a, const struct home *home)
{
	char *words = next_words(a), whose[80];

	g_snprintf(whose, sizeof(whose), "page %" G_GUINT64_FORMAT " of section %s", home->index,
		   home->segment->name ? home->segment->name : "without name");
	append_entry(words, sizeof(a->words[0]), whose, home->pte);
	return words;
}
