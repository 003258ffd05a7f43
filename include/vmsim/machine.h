/* machine.h: a simulated machine, driven event by event or call by call.
 *
 * A machine is made from a finished configuration and belongs to one thread. It never prints and
 * never exits: what goes wrong comes back as a GError (VMSIM_ERROR_...). After
 * VMSIM_ERROR_INVARIANT, _NO_PAGES or _INTERRUPTED only finishing, reporting and freeing are of
 * use. */
#ifndef VMSIM_MACHINE_H
#define VMSIM_MACHINE_H

#include <glib.h>
#include <vmsim/config.h>
#include <vmsim/event.h>
#include <vmsim/trace.h>
#include <vmsim/types.h>

typedef struct vmsim_machine vmsim_machine;

enum vmsim_audit { VMSIM_AUDIT_OFF, VMSIM_AUDIT_CHEAP, VMSIM_AUDIT_FULL };

VMSIM_API vmsim_machine *vmsim_machine_new(const vmsim_config *config, GError **error);
VMSIM_API void vmsim_machine_free(vmsim_machine *machine);

/* vmsim_machine_listen: call listener for the record kinds in mask from now on. Several may. */
VMSIM_API void vmsim_machine_listen(vmsim_machine *machine, uint64_t mask, vmsim_listener listener,
				    void *ctx);
/* vmsim_machine_set_audit: check the simulator's own invariants from now on; an audit finds more
 * when it is on before the first event. A broken one is VMSIM_ERROR_INVARIANT, whose message names
 * it, the event and what broke it. Results do not depend on it. */
VMSIM_API void vmsim_machine_set_audit(vmsim_machine *machine, enum vmsim_audit audit);
/* vmsim_machine_state: the machine's state in words, each part cut after some lines; to be freed
 * with g_free(). For people who look for what broke an invariant. */
VMSIM_API char *vmsim_machine_state(const vmsim_machine *machine);

struct vmsim_invariant_info {
	const char *id;   /* as semantics section 10 has it, or a name of our own */
	const char *when; /* "cheap": also by a cheap audit after every event; "now-and-then": by a
			   * cheap one every 65536 events; "full": by a full one only; "never": by
			   * tests */
	const char *doc;
};
/* vmsim_invariant_info: => returns false after the last */
VMSIM_API bool vmsim_invariant_info(size_t index, struct vmsim_invariant_info *info);

/* vmsim_machine_watch: stop with VMSIM_ERROR_INTERRUPTED, even within an event, once *stop is not
 * 0. A signal handler may set it. */
VMSIM_API void vmsim_machine_watch(vmsim_machine *machine, const volatile int *stop);

/* --- replaying ------------------------------------------------------------------------- */

/* vmsim_machine_trace: the events to come are of this trace; call it before its first.
 * => sets whether values are kept, pages commit on first touch, and how long a tick is */
VMSIM_API void vmsim_machine_begin_trace(vmsim_machine *machine, const vmsim_trace *trace);

/* vmsim_machine_feed: carry out n events, in order.
 * => done, when not NULL, gets the number carried out, also on error */
VMSIM_API bool vmsim_machine_feed(vmsim_machine *machine, const struct vmsim_event *events,
				  size_t n, size_t *done, GError **error);
/* vmsim_machine_measure: counters, cycles and events begin here; what came before was warm-up. */
VMSIM_API void vmsim_machine_measure(vmsim_machine *machine);
/* vmsim_machine_finish: let the events under way end, and check that every cycle is booked. */
VMSIM_API bool vmsim_machine_finish(vmsim_machine *machine, GError **error);

/* --- driving by hand ------------------------------------------------------------------- */

/* The Win32 calls, on behalf of a process (made by its first call or access), as its thread 1.
 * They return what Windows returns; the Win32 code of a failure goes to *error (0 on success).
 * When the simulated machine cannot go on they fail with vmsim_machine_error() set. */
struct vmsim_memory_basic_information {
	uint64_t base_address, allocation_base, region_size;
	uint32_t allocation_protect, state, protect, type;
};
VMSIM_API uint64_t vmsim_virtual_alloc(vmsim_machine *machine, uint32_t pid, uint64_t address,
				       uint64_t size, uint32_t type, uint32_t protect,
				       uint32_t *error);
VMSIM_API bool vmsim_virtual_free(vmsim_machine *machine, uint32_t pid, uint64_t address,
				  uint64_t size, uint32_t type, uint32_t *error);
/* vmsim_virtual_alloc2: where, when not NULL, bounds the addresses; 0 in it asks for nothing. */
struct vmsim_address_requirements {
	uint64_t lowest, highest, alignment;
};
VMSIM_API uint64_t vmsim_virtual_alloc2(vmsim_machine *machine, uint32_t pid, uint64_t address,
					uint64_t size, uint32_t type, uint32_t protect,
					const struct vmsim_address_requirements *where,
					uint32_t *error);
/* The native services return an NTSTATUS; on success *address and *size are what they acted on. */
VMSIM_API uint32_t vmsim_nt_allocate(vmsim_machine *machine, uint32_t pid, uint64_t *address,
				     uint64_t *size, uint32_t type, uint32_t protect);
VMSIM_API uint32_t vmsim_nt_free(vmsim_machine *machine, uint32_t pid, uint64_t *address,
				 uint64_t *size, uint32_t type);
VMSIM_API bool vmsim_prefetch(vmsim_machine *machine, uint32_t pid, uint64_t address,
			      uint64_t size, uint32_t *error);
VMSIM_API bool vmsim_virtual_protect(vmsim_machine *machine, uint32_t pid, uint64_t address,
				     uint64_t size, uint32_t protect, uint32_t *old,
				     uint32_t *error);
VMSIM_API bool vmsim_virtual_query(vmsim_machine *machine, uint32_t pid, uint64_t address,
				   struct vmsim_memory_basic_information *info, uint32_t *error);
VMSIM_API bool vmsim_virtual_lock(vmsim_machine *machine, uint32_t pid, uint64_t address,
				  uint64_t size, uint32_t *error);
VMSIM_API bool vmsim_virtual_unlock(vmsim_machine *machine, uint32_t pid, uint64_t address,
				    uint64_t size, uint32_t *error);
/* Limits in bytes, both UINT64_MAX to empty the working set; flags are QUOTA_LIMITS_... of
 * Windows. */
VMSIM_API bool vmsim_set_working_set(vmsim_machine *machine, uint32_t pid, uint64_t minimum,
				     uint64_t maximum, uint32_t flags, uint32_t *error);
VMSIM_API bool vmsim_empty_working_set(vmsim_machine *machine, uint32_t pid, uint32_t *error);
/* Sections: their name is the handle, in all processes; file is NULL for the pagefile. A size of 0
 * is all there is. */
VMSIM_API bool vmsim_create_file_mapping(vmsim_machine *machine, uint32_t pid, const char *file,
					 uint64_t size, uint32_t protect, const char *name,
					 uint32_t *error);
VMSIM_API uint64_t vmsim_map_view(vmsim_machine *machine, uint32_t pid, const char *name,
				  uint32_t access, uint64_t offset, uint64_t size,
				  uint64_t address, uint32_t *error);
VMSIM_API bool vmsim_unmap_view(vmsim_machine *machine, uint32_t pid, uint64_t address,
				uint32_t *error);
VMSIM_API bool vmsim_close_handle(vmsim_machine *machine, uint32_t pid, const char *name,
				  uint32_t *error);
/* These return their code themselves; reclaiming also 170, for pages whose contents are gone. */
VMSIM_API uint32_t vmsim_offer_virtual_memory(vmsim_machine *machine, uint32_t pid,
					      uint64_t address, uint64_t size, uint32_t priority);
VMSIM_API uint32_t vmsim_reclaim_virtual_memory(vmsim_machine *machine, uint32_t pid,
						uint64_t address, uint64_t size);
VMSIM_API uint32_t vmsim_discard_virtual_memory(vmsim_machine *machine, uint32_t pid,
						uint64_t address, uint64_t size);
/* These return 0, or UINT32_MAX with *error.
 * => count: room in addresses; how many were put there. Either may be NULL, which is refused. */
VMSIM_API uint32_t vmsim_get_write_watch(vmsim_machine *machine, uint32_t pid, uint32_t flags,
					 uint64_t address, uint64_t size, uint64_t *addresses,
					 uint64_t *count, uint32_t *error);
VMSIM_API uint32_t vmsim_reset_write_watch(vmsim_machine *machine, uint32_t pid, uint64_t address,
					   uint64_t size, uint32_t *error);
VMSIM_API void vmsim_exit_process(vmsim_machine *machine, uint32_t pid);
/* vmsim_access: one load, store or fetch of size bytes (1..8 where a value counts).
 * => value: what to store, or where to put what was read; NULL stores an unknown value */
VMSIM_API enum vmsim_access_result vmsim_access(vmsim_machine *machine, uint32_t pid,
						enum vmsim_access kind, uint64_t va, uint32_t size,
						uint64_t *value);
/* The error that stopped the machine, or NULL. Owned by the machine. */
VMSIM_API const GError *vmsim_machine_error(const vmsim_machine *machine);

/* --- results --------------------------------------------------------------------------- */

VMSIM_API vmsim_cycles vmsim_machine_now(const vmsim_machine *machine);
/* vmsim_machine_counter: a counter's total by its report name; false when there is no such. */
VMSIM_API bool vmsim_machine_counter(const vmsim_machine *machine, const char *name,
				     uint64_t *value);
VMSIM_API bool vmsim_machine_bucket(const vmsim_machine *machine, const char *name,
				    uint64_t *cycles);
VMSIM_API uint64_t vmsim_machine_events(const vmsim_machine *machine);
VMSIM_API uint64_t vmsim_machine_divergences(const vmsim_machine *machine);

struct vmsim_counter_info {
	const char *name, *unit, *doc;
	bool peak; /* the highest value, not a sum */
};
VMSIM_API const struct vmsim_counter_info *vmsim_counter_info(size_t index);
VMSIM_API const struct vmsim_counter_info *vmsim_bucket_info(size_t index);
/* The histograms of the report. */
VMSIM_API const struct vmsim_counter_info *vmsim_histogram_info(size_t index);

/* vmsim_machine_sample: from now on call fn at the end of every interval of that many cycles or
 * events, counted from where measuring began, and at the finish for what is left.
 * => counters and buckets, in the order of vmsim_counter_info() and vmsim_bucket_info(), are those
 *    of the interval alone; a peak is the highest value during it. They are fn's while it runs
 * => on one core a step is not cut: an interval of cycles may end later, and says where; on several
 *    it ends where it should, and the cycles of their steps are cut there
 * => vmsim_machine_measure() begins anew; another call replaces the first */
enum vmsim_unit { VMSIM_UNIT_CYCLES, VMSIM_UNIT_EVENTS };
struct vmsim_sample {
	vmsim_cycles cycle; /* where the interval ends, since measuring began */
	uint64_t events;    /* begun by then */
	const uint64_t *counters, *buckets;
};
typedef void (*vmsim_sample_fn)(void *ctx, const struct vmsim_sample *sample);
VMSIM_API void vmsim_machine_sample(vmsim_machine *machine, enum vmsim_unit unit, uint64_t every,
				    vmsim_sample_fn fn, void *ctx);

/* --- reports --------------------------------------------------------------------------- */

/* vmsim_report_json: the report of interface section 4 (text, ends in a newline). g_free() it. */
VMSIM_API char *vmsim_report_json(const vmsim_machine *machine, const char *const *files);
/* vmsim_report_summary: the same for a person. g_free() it. */
VMSIM_API char *vmsim_report_summary(const vmsim_machine *machine, const char *const *files);
/* vmsim_record_json: one record as a JSON object without line end, appended to out. */
VMSIM_API void vmsim_record_json(GString *out, const struct vmsim_record *record);
VMSIM_API const char *vmsim_version(void);

#endif
