/* dump.c: the state in words, for whoever looks for what broke it. Every part is cut after a number
 * of lines, and then says how many more there were. */
#include "vmm/check.h"

bool dump_line(unsigned lines, uint64_t k)
{
	return k < lines;
}

void dump_rest(GString *out, unsigned lines, uint64_t n)
{
	if (n > lines)
		g_string_append_printf(out, "  ... %" G_GUINT64_FORMAT " more\n", n - lines);
}

static void dump_blocks(struct audit *a, GString *out, unsigned lines)
{
	static const char *const kinds[] = {
		[VAD_PRIVATE] = "private", [VAD_MAPPED] = "view",
		[VAD_IMAGE] = "image",	   [VAD_LARGE] = "large pages",
		[VAD_PHYSICAL] = "physical", [VAD_PLACEHOLDER] = "placeholder"};

	g_string_append(out, "blocks:\n");
	for (size_t i = 0; i < a->blocks.n && dump_line(lines, i); i++) {
		const struct block *block = &a->blocks.at[i];
		const struct vad *vad = block->vad;

		g_string_append_printf(out, "  process %u, pages 0x%" G_GINT64_MODIFIER "x to 0x%"
				       G_GINT64_MODIFIER "x: %s%s%s, %" G_GUINT64_FORMAT
				       " committed%s, protection 0x%x, %" G_GUINT64_FORMAT
				       " entries\n",
				       block->process->pid, vad->first, vad->last,
				       kinds[vad->kind], vad->segment ? " of section " : "",
				       !vad->segment	    ? ""
				       : vad->segment->name ? vad->segment->name
							    : "without name",
				       vad->committed,
				       vad->commit_at_reserve ? " (zero entries are)" : "",
				       vad->alloc_protect, block->entries);
	}
	dump_rest(out, lines, a->blocks.n);
}

static void dump_pages(struct audit *a, GString *out, unsigned lines)
{
	g_string_append(out, "pages with an entry:\n");
	for (size_t i = 0; i < a->entries.n && dump_line(lines, i); i++)
		g_string_append_printf(out, "  %s%s\n", entry_words(a, &a->entries.at[i]),
				       a->entries.at[i].vad ? "" : ", in no block");
	dump_rest(out, lines, a->entries.n);
	if (!a->homes.n)
		return;
	g_string_append(out, "sections' pages:\n");
	for (size_t i = 0; i < a->homes.n && dump_line(lines, i); i++)
		g_string_append_printf(out, "  %s\n", home_words(a, &a->homes.at[i]));
	dump_rest(out, lines, a->homes.n);
}

static void dump_frames(struct audit *a, GString *out, unsigned lines)
{
	const struct pfn_db *db = a->db;
	uint64_t k = 0;

	g_string_append_printf(out, "frames: %u;", db->frames);
	for (int s = 0; s < PFN_N_STATES; s++)
		g_string_append_printf(out, " %" G_GUINT64_FORMAT " %s%s", db->n[s],
				       pfn_state_names[s], s + 1 < PFN_N_STATES ? "," : "");
	if (db->n_held)
		g_string_append_printf(out, ", %" G_GUINT64_FORMAT " held until cores answer",
				       db->n_held);
	g_string_append(out, "; those that are not free:\n");
	for (vmsim_pfn f = 0; f < db->fresh; f++) {
		const struct pfn *pfn = &db->pfn[f];

		if ((pfn->state == PFN_FREE || pfn->state == PFN_ZEROED) && !pfn->slot &&
		    !pfn->flags && !pfn->owner)
			continue;
		if (dump_line(lines, k++))
			g_string_append_printf(out, "  %s\n", frame_words(a, f));
	}
	dump_rest(out, lines, k);
}

static void dump_slots(struct audit *a, GString *out, unsigned lines)
{
	const struct pagefile *file = &a->vmm->file;
	uint64_t k = 0;

	g_string_append_printf(out, "slots: %" G_GUINT64_FORMAT " pages in %u files, %"
			       G_GUINT64_FORMAT " slots used:\n", pagefile_pages(file), file->n,
			       pagefile_used(file));
	for (unsigned f = 0; f < PAGEFILES; f++)
		for (uint32_t page = 0; page < file->file[f].slots; page++) {
			uint32_t slot = f << SLOT_PAGE_BITS | page;
			bool used = pagefile_in_use(file, slot);

			if ((!used && !slot_owners(a, slot)) || !dump_line(lines, k++))
				continue;
			g_string_append_printf(out, "  slot 0x%x: %s, %s, named %u times\n", slot,
					       used ? "in use" : "free",
					       pagefile_is_written(file, slot) ? "written"
									       : "not written",
					       slot_owners(a, slot));
		}
	dump_rest(out, lines, k);
}

static gint by_frame(gconstpointer a, gconstpointer b)
{
	guint x = GPOINTER_TO_UINT(a), y = GPOINTER_TO_UINT(b);

	return x < y ? -1 : x > y;
}

static void dump_requests(struct audit *a, GString *out, unsigned lines)
{
	GList *frames = g_list_sort(g_hash_table_get_keys(a->vmm->ios), by_frame);
	uint64_t k = 0;

	if (frames)
		g_string_append(out, "requests under way:\n");
	for (const GList *at = frames; at; at = at->next) {
		vmsim_pfn frame = GPOINTER_TO_UINT(at->data);
		const struct io *io = io_of(a->vmm, frame);

		if (dump_line(lines, k++))
			g_string_append_printf(out, "  frame %u: %s %" G_GUINT64_FORMAT
					       " (%s) of %u pages from slot 0x%x\n", frame,
					       io->write ? "write" : "read", io->id, io->cause,
					       io->pages, io->slot);
	}
	dump_rest(out, lines, k);
	g_list_free(frames);
}

static void dump_processes(struct audit *a, GString *out, unsigned lines)
{
	uint64_t k = 0;

	g_string_append_printf(out, "charge: %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT
			       " pages; processes:\n", a->vmm->charge, a->vmm->limit);
	for (guint i = 0; i < a->vmm->processes->len; i++) {
		const struct process *process = g_ptr_array_index(a->vmm->processes, i);

		if (process->exited || !dump_line(lines, k++))
			continue;
		g_string_append_printf(out, "  process %u (address space %u): %" G_GUINT64_FORMAT
				       " pages charged, %" G_GUINT64_FORMAT
				       " in the working set, %" G_GUINT64_FORMAT
				       " of them locked, %u tables\n", process->pid, process->asid,
				       process->committed, process->ws_pages,
				       process->locked_pages, process->pt.n_tables);
	}
	dump_rest(out, lines, k);
}

void vmm_dump(struct vmm *vmm, GString *out, unsigned lines)
{
	struct audit *a = audit_new(vmm, false);

	gather_whole(a);
	dump_processes(a, out, lines);
	dump_blocks(a, out, lines);
	dump_pages(a, out, lines);
	dump_frames(a, out, lines);
	dump_slots(a, out, lines);
	dump_requests(a, out, lines);
	audit_free(a);
}
