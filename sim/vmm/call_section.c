/* call_section.c: sections and views: CreateFileMapping, MapViewOfFile, UnmapViewOfFile,
 * CloseHandle (semantics 3.5, C1; the order of checks and codes that it leaves open are Windows'
 * own). */
#include "vmm/internal.h"

#define SEC_KNOWN ((uint32_t)(SEC_IMAGE | SEC_RESERVE | SEC_COMMIT | SEC_LARGE_PAGES))
#define MAP_KNOWN ((uint32_t)(FILE_MAP_COPY | FILE_MAP_WRITE | FILE_MAP_READ | FILE_MAP_EXECUTE))

/* --- CreateFileMapping ---------------------------------------------------------------------- */

static bool section_prot_valid(uint32_t protect)
{
	switch (protect) {
	case PAGE_READONLY:
	case PAGE_READWRITE:
	case PAGE_WRITECOPY:
	case PAGE_EXECUTE_READ:
	case PAGE_EXECUTE_READWRITE:
	case PAGE_EXECUTE_WRITECOPY:
		return true;
	default:
		return false;
	}
}

static const char *bad_section(const struct vmsim_call *c, uint32_t sec)
{
	if (!section_prot_valid(c->protect & ~SEC_KNOWN))
		return "the protection is not one that a section may have";
	if ((sec & SEC_COMMIT) && (sec & SEC_RESERVE))
		return "SEC_COMMIT and SEC_RESERVE exclude each other";
	if ((sec & SEC_IMAGE) && sec != (uint32_t)SEC_IMAGE)
		return "SEC_IMAGE stands alone";
	if ((sec & SEC_LARGE_PAGES) && (c->file || !(sec & SEC_COMMIT)))
		return "SEC_LARGE_PAGES goes with SEC_COMMIT, for the pagefile";
	if (!c->size[0] && !c->file)
		return "a section of the pagefile needs a size";
	if (c->size[0] > (uint64_t)1 << 47)
		return "the size is beyond any address space";
	return NULL;
}

/* Sections of large pages are not simulated: to who may have them, there is no memory for them. */
static enum vmm_status refuse_large(const struct vmm *vmm, struct api_call *call)
{
	if (!vmm->config->vmm.lock_memory_privilege)
		return call_fail(call, STATUS_PRIVILEGE_NOT_HELD, "2.3.11",
				 "sections of large pages need SeLockMemoryPrivilege");
	if (call->call->size[0] % (LARGE_PAGE * VMSIM_PAGE_SIZE))
		return call_fail(call, STATUS_INVALID_PARAMETER_4, "2.3.12",
				 "the size is not a multiple of 2 MiB");
	return call_fail(call, STATUS_INSUFFICIENT_RESOURCES, "C4",
			 "the machine has no large pages for sections");
}

enum vmm_status call_create_section(struct vmm *vmm, struct process *process,
				    struct api_call *call)
{
	const struct vmsim_call *c = call->call;
	uint32_t sec = c->protect & SEC_KNOWN;
	const char *why = bad_section(c, sec);
	struct section *section = g_hash_table_lookup(vmm->sections, c->name);
	struct section_request want = {
		.name = c->name,
		.file = c->file,
		.pages = (c->size[0] + VMSIM_PAGE_SIZE - 1) >> VMSIM_PAGE_SHIFT,
		.protect = c->protect & ~SEC_KNOWN,
		.image = sec & SEC_IMAGE,
		.reserve = (sec & SEC_RESERVE) && !c->file, /* files are committed anyway */
	};

	if (why)
		return call_fail(call, STATUS_INVALID_PARAMETER, "C1", why);
	if (want.image && !want.file)
		return call_fail(call, STATUS_INVALID_FILE_FOR_SECTION, "C1",
				 "an image is in a file");
	if (sec & SEC_LARGE_PAGES)
		return refuse_large(vmm, call);
	if (section) { /* Windows: ERROR_ALREADY_EXISTS, which is a success */
		section_open(section, process);
		return call_ok(call);
	}
	if (!want.pages)
		want.pages = section_file_pages(vmm, c->file);
	if (!want.pages)
		return call_fail(call, STATUS_MAPPED_FILE_SIZE_ZERO, "C1",
				 "the file is empty, and no size was given");
	if (!want.file && !want.reserve && pages_over_limit(vmm, want.pages))
		return call_fail(call, STATUS_COMMITMENT_LIMIT, "C3",
				 "the commit limit would be exceeded");
	section_open(section_new(vmm, &want), process);
	return call_ok(call);
}

enum vmm_status call_close_handle(struct vmm *vmm, struct process *process, struct api_call *call)
{
	struct section *section = g_hash_table_lookup(vmm->sections, call->call->name);

	if (!section || !section_close(vmm, section, process))
		return call_fail(call, STATUS_INVALID_HANDLE, "2.1",
				 "the process has no handle of that name");
	return call_ok(call);
}

/* --- MapViewOfFile -------------------------------------------------------------------------- */

static bool writable(uint32_t protect)
{
	return protect & (PAGE_READWRITE | PAGE_EXECUTE_READWRITE);
}

static bool executable(uint32_t protect)
{
	return protect & (PAGE_EXECUTE_READ | PAGE_EXECUTE_READWRITE | PAGE_EXECUTE_WRITECOPY);
}

/* The protection of a view's pages, by what it asks for. A view copies only if it asks to do
 * nothing else with data; one that asks for none of it cannot be touched. */
static uint32_t view_protect(uint32_t access)
{
	bool execute = access & FILE_MAP_EXECUTE;
	uint32_t data = access & ~(uint32_t)FILE_MAP_EXECUTE;

	if (data == FILE_MAP_COPY)
		return execute ? PAGE_EXECUTE_WRITECOPY : PAGE_WRITECOPY;
	if (data & FILE_MAP_WRITE)
		return execute ? PAGE_EXECUTE_READWRITE : PAGE_READWRITE;
	if (data & FILE_MAP_READ)
		return execute ? PAGE_EXECUTE_READ : PAGE_READONLY;
	return PAGE_NOACCESS;
}

/* What a view that was mapped with a protection lets its pages be. Images are copied by those that
 * write to them, whatever the section allows. */
static uint32_t view_allowed(uint32_t protect, bool image)
{
	if (image)
		return VIEW_READ | VIEW_WRITE | VIEW_EXECUTE;
	return (protect != PAGE_NOACCESS ? VIEW_READ : 0) |
	       (writable(protect) ? VIEW_WRITE : 0) | (executable(protect) ? VIEW_EXECUTE : 0);
}

bool view_allows(const struct vad *vad, uint32_t protect)
{
	if (protect & PAGE_NOACCESS)
		return true;
	if (((protect & PAGE_EXECUTE) || executable(protect)) && !(vad->allowed & VIEW_EXECUTE))
		return false;
	return (vad->allowed & VIEW_READ) && (!writable(protect) || (vad->allowed & VIEW_WRITE));
}

/* What a view is to be: decided before anything changes. */
struct view_request {
	struct section *section;
	vmsim_vpn index, pages, first;
	uint32_t protect, allowed;
};

static enum vmm_status refuse_view(struct vmm *vmm, struct api_call *call,
				   struct view_request *want)
{
	const struct vmsim_call *c = call->call;
	uint64_t offset = c->number[0], end;
	const struct section *section = want->section;
	bool image = section->segment->kind == SEGMENT_IMAGE;

	if (c->access & ~MAP_KNOWN)
		return call_fail(call, STATUS_INVALID_PARAMETER, "C1",
				 "the access is not made of FILE_MAP_ bits");
	want->protect = image ? PAGE_EXECUTE_WRITECOPY : view_protect(c->access);
	if (!image && ((writable(want->protect) && !writable(section->protect)) ||
		       (executable(want->protect) && !executable(section->protect))))
		return call_fail(call, STATUS_ACCESS_DENIED, "C1",
				 "the section does not allow that access");
	if (offset % VMSIM_GRANULARITY || call->address % VMSIM_GRANULARITY)
		return call_fail(call, STATUS_MAPPED_ALIGNMENT, "C1",
				 "offset and address are multiples of 64 KiB");
	end = offset + c->size[0];
	if (offset >> VMSIM_PAGE_SHIFT >= section->pages || end < offset ||
	    end > section->pages << VMSIM_PAGE_SHIFT)
		return call_fail(call, STATUS_INVALID_VIEW_SIZE, "C1",
				 "the view reaches beyond the section");
	want->index = offset >> VMSIM_PAGE_SHIFT;
	want->pages = c->size[0] ? (c->size[0] + VMSIM_PAGE_SIZE - 1) >> VMSIM_PAGE_SHIFT
				 : section->pages - want->index;
	if (call->address && call_size_bad(vmm, call->address, want->pages << VMSIM_PAGE_SHIFT))
		return call_fail(call, STATUS_INVALID_PARAMETER_4, "2.3.9",
				 "the range leaves the user address space");
	want->allowed = view_allowed(want->protect, image);
	return call_ok(call);
}

static bool find_place(struct vmm *vmm, struct process *process, struct api_call *call,
		       struct view_request *want)
{
	if (!call->address)
		return call_place(vmm, process, call, want->pages, &want->first);
	want->first = call->address >> VMSIM_PAGE_SHIFT;
	return !vad_overlaps(&process->vads, want->first, want->first + want->pages - 1);
}

static void map_view(struct vmm *vmm, struct process *process, const struct view_request *want,
		     uint64_t charge)
{
	struct page_run run = {.vmm = vmm, .cause = "MapViewOfFile"};
	struct segment *segment = want->section->segment;
	struct vad *vad = vad_insert(&process->vads, want->first, want->first + want->pages - 1);

	vad->kind = segment->kind == SEGMENT_IMAGE ? VAD_IMAGE : VAD_MAPPED;
	vad->alloc_protect = want->protect;
	vad->prot = (uint8_t)prot_from_win32(want->protect);
	vad->allowed = want->allowed;
	vad->segment = segment;
	vad->index = want->index;
	vad->committed = charge;
	segment_add_view(segment, process, vad);
	pages_charge(vmm, process, (int64_t)charge);
	stats_reserved(vmm->stats, process->account, (int64_t)want->pages);
	view_states(vad, vad->first, want->pages, STATE_FREE, NULL, &run);
	page_run_end(&run);
}

enum vmm_status call_map_view(struct vmm *vmm, struct process *process, struct api_call *call)
{
	struct view_request want = {.section = g_hash_table_lookup(vmm->sections,
								   call->call->name)};
	uint64_t charge;

	if (!want.section)
		return call_fail(call, STATUS_INVALID_HANDLE, "2.1", "there is no such section");
	if (call->address && call->address < VMSIM_GRANULARITY)
		return call_fail(call, STATUS_INVALID_PARAMETER, "V7",
				 "the lowest 64 KiB are never allocated");
	refuse_view(vmm, call, &want);
	if (call->outcome.kind != VMSIM_OUTCOME_SUCCESS)
		return VMM_DONE;
	if (!find_place(vmm, process, call, &want))
		return call->address
			       ? call_fail(call, STATUS_CONFLICTING_ADDRESSES, "2.3.14a",
					   "part of the range is already reserved")
			       : call_fail(call, STATUS_NO_MEMORY, "2.3.15a",
					   "no hole in the address space is large enough");
	charge = prot_is_copy(want.protect) ? want.pages : 0;
	if (charge && pages_over_limit(vmm, charge))
		return call_fail(call, STATUS_COMMITMENT_LIMIT, "C3",
				 "the commit limit would be exceeded");
	map_view(vmm, process, &want, charge);
	call->outcome.address.offset = want.first << VMSIM_PAGE_SHIFT;
	return call_ok(call);
}

/* --- UnmapViewOfFile ------------------------------------------------------------------------ */

enum vmm_status call_unmap_view(struct vmm *vmm, struct process *process, struct api_call *call)
{
	struct page_run run = {.vmm = vmm, .cause = "UnmapViewOfFile"};
	struct vad *vad = vad_find(&process->vads, call->address >> VMSIM_PAGE_SHIFT);
	vmsim_vpn first, last;

	if (!vad || !vad->segment)
		return call_fail(call, STATUS_NOT_MAPPED_VIEW, "2.1",
				 "the address is not in a view");
	first = vad->first;
	last = vad->last;
	pages_free(vmm, process, vad, first, last, STATE_FREE, &run);
	page_run_end(&run);
	segment_remove_view(vmm, vad);
	vad_remove(&process->vads, vad);
	stats_reserved(vmm->stats, process->account, -(int64_t)(last - first + 1));
	tables_release(vmm, process, first, last);
	call_remember(vmm, process, call, first, last);
	return call_ok(call);
}
