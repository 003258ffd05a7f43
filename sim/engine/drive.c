/* drive.c: a machine driven call by call, without a trace. Each call is an event like any other,
 * carried out to its end before it returns. */
#include "engine/machine.h"

#include <vmsim/win32.h>

static bool carry_out(struct vmsim_machine *m, const struct vmsim_event *event)
{
	return machine_event(m, event) && machine_drain(m);
}

static const struct vmsim_outcome *call(struct vmsim_machine *m, uint32_t pid,
					struct vmsim_call *call, uint32_t *error)
{
	struct vmsim_event event = {.op = VMSIM_OP_CALL, .pid = pid, .tid = 1, .call = call};

	g_free(m->last_outcome.pages);
	m->last_outcome = (struct vmsim_outcome){.kind = VMSIM_OUTCOME_FAILURE,
						 .error = ERROR_NOT_ENOUGH_MEMORY};
	carry_out(m, &event);
	if (error)
		*error = m->last_outcome.kind == VMSIM_OUTCOME_SUCCESS ? 0 : m->last_outcome.error;
	return m->last_outcome.kind == VMSIM_OUTCOME_SUCCESS ? &m->last_outcome : NULL;
}

uint64_t vmsim_virtual_alloc(struct vmsim_machine *m, uint32_t pid, uint64_t address,
			     uint64_t size, uint32_t type, uint32_t protect, uint32_t *error)
{
	struct vmsim_call c = {.id = VMSIM_CALL_VIRTUAL_ALLOC, .address = {address, 0},
			       .size = {size}, .type = type, .protect = protect};
	const struct vmsim_outcome *out = call(m, pid, &c, error);

	return out ? out->address.offset : 0;
}

bool vmsim_virtual_free(struct vmsim_machine *m, uint32_t pid, uint64_t address, uint64_t size,
			uint32_t type, uint32_t *error)
{
	struct vmsim_call c = {.id = VMSIM_CALL_VIRTUAL_FREE, .address = {address, 0},
			       .size = {size}, .type = type};

	return call(m, pid, &c, error);
}

uint64_t vmsim_virtual_alloc2(struct vmsim_machine *m, uint32_t pid, uint64_t address,
			      uint64_t size, uint32_t type, uint32_t protect,
			      const struct vmsim_address_requirements *where, uint32_t *error)
{
	struct vmsim_call c = {.id = VMSIM_CALL_VIRTUAL_ALLOC2, .address = {address, 0},
			       .size = {size}, .type = type, .protect = protect};
	const struct vmsim_outcome *out;

	if (where) {
		c.number[0] = where->lowest;
		c.number[1] = where->highest;
		c.number[2] = where->alignment;
	}
	out = call(m, pid, &c, error);
	return out ? out->address.offset : 0;
}

/* The native services answer where they acted, when they did. */
static uint32_t native(struct vmsim_machine *m, uint32_t pid, struct vmsim_call *c,
		       uint64_t *address, uint64_t *size)
{
	uint32_t status = STATUS_NO_MEMORY;
	const struct vmsim_outcome *out;

	c->address.offset = *address;
	c->size[0] = *size;
	out = call(m, pid, c, &status);
	if (!out)
		return m->error ? STATUS_NO_MEMORY : status;
	*address = out->address.offset;
	*size = out->size;
	return status;
}

uint32_t vmsim_nt_allocate(struct vmsim_machine *m, uint32_t pid, uint64_t *address,
			   uint64_t *size, uint32_t type, uint32_t protect)
{
	struct vmsim_call c = {.id = VMSIM_CALL_NT_ALLOCATE, .type = type, .protect = protect};

	return native(m, pid, &c, address, size);
}

uint32_t vmsim_nt_free(struct vmsim_machine *m, uint32_t pid, uint64_t *address, uint64_t *size,
		       uint32_t type)
{
	struct vmsim_call c = {.id = VMSIM_CALL_NT_FREE, .type = type};

	return native(m, pid, &c, address, size);
}

bool vmsim_prefetch(struct vmsim_machine *m, uint32_t pid, uint64_t address, uint64_t size,
		    uint32_t *error)
{
	struct vmsim_call c = {.id = VMSIM_CALL_PREFETCH, .address = {address, 0},
			       .size = {size}};

	return call(m, pid, &c, error);
}

bool vmsim_virtual_protect(struct vmsim_machine *m, uint32_t pid, uint64_t address,
			   uint64_t size, uint32_t protect, uint32_t *old, uint32_t *error)
{
	struct vmsim_call c = {.id = VMSIM_CALL_VIRTUAL_PROTECT, .address = {address, 0},
			       .size = {size}, .protect = protect, .no_buffer = !old};
	const struct vmsim_outcome *out = call(m, pid, &c, error);

	if (out)
		*old = out->protect;
	return out;
}

bool vmsim_virtual_query(struct vmsim_machine *m, uint32_t pid, uint64_t address,
			 struct vmsim_memory_basic_information *info, uint32_t *error)
{
	struct vmsim_call c = {.id = VMSIM_CALL_VIRTUAL_QUERY, .address = {address, 0},
			       .no_buffer = !info};
	const struct vmsim_outcome *out = call(m, pid, &c, error);

	if (out)
		*info = (struct vmsim_memory_basic_information){
			.base_address = out->address.offset,
			.allocation_base = out->alloc_base.offset,
			.region_size = out->size,
			.allocation_protect = out->alloc_protect,
			.state = out->state,
			.protect = out->protect,
			.type = out->type,
		};
	return out;
}

static bool lock_call(struct vmsim_machine *m, uint32_t pid, enum vmsim_call_id id,
		      uint64_t address, uint64_t size, uint32_t *error)
{
	struct vmsim_call c = {.id = id, .address = {address, 0}, .size = {size}};

	return call(m, pid, &c, error);
}

bool vmsim_virtual_lock(struct vmsim_machine *m, uint32_t pid, uint64_t address, uint64_t size,
			uint32_t *error)
{
	return lock_call(m, pid, VMSIM_CALL_VIRTUAL_LOCK, address, size, error);
}

bool vmsim_virtual_unlock(struct vmsim_machine *m, uint32_t pid, uint64_t address,
			  uint64_t size, uint32_t *error)
{
	return lock_call(m, pid, VMSIM_CALL_VIRTUAL_UNLOCK, address, size, error);
}

static uint32_t code_call(struct vmsim_machine *m, uint32_t pid, enum vmsim_call_id id,
			  uint64_t address, uint64_t size, uint32_t priority)
{
	struct vmsim_call c = {.id = id, .address = {address, 0}, .size = {size},
			       .number = {priority}};
	uint32_t error;

	call(m, pid, &c, &error);
	return error;
}

uint32_t vmsim_offer_virtual_memory(struct vmsim_machine *m, uint32_t pid, uint64_t address,
				    uint64_t size, uint32_t priority)
{
	return code_call(m, pid, VMSIM_CALL_OFFER, address, size, priority);
}

uint32_t vmsim_reclaim_virtual_memory(struct vmsim_machine *m, uint32_t pid, uint64_t address,
				      uint64_t size)
{
	return code_call(m, pid, VMSIM_CALL_RECLAIM, address, size, 0);
}

uint32_t vmsim_discard_virtual_memory(struct vmsim_machine *m, uint32_t pid, uint64_t address,
				      uint64_t size)
{
	return code_call(m, pid, VMSIM_CALL_DISCARD, address, size, 0);
}

uint32_t vmsim_get_write_watch(struct vmsim_machine *m, uint32_t pid, uint32_t flags,
			       uint64_t address, uint64_t size, uint64_t *addresses,
			       uint64_t *count, uint32_t *error)
{
	struct vmsim_call c = {.id = VMSIM_CALL_GET_WRITE_WATCH, .address = {address, 0},
			       .size = {size}, .number = {flags, count ? *count : 0},
			       .no_buffer = !count, .no_addresses = !addresses};
	const struct vmsim_outcome *out = call(m, pid, &c, error);

	for (size_t i = 0; out && i < out->n_pages; i++)
		addresses[i] = out->pages[i].offset;
	if (out)
		*count = out->n_pages;
	return out ? 0 : UINT32_MAX;
}

uint32_t vmsim_reset_write_watch(struct vmsim_machine *m, uint32_t pid, uint64_t address,
				 uint64_t size, uint32_t *error)
{
	uint32_t code = code_call(m, pid, VMSIM_CALL_RESET_WRITE_WATCH, address, size, 0);

	if (error)
		*error = code;
	return code ? UINT32_MAX : 0;
}

bool vmsim_set_working_set(struct vmsim_machine *m, uint32_t pid, uint64_t minimum,
			   uint64_t maximum, uint32_t flags, uint32_t *error)
{
	struct vmsim_call c = {.id = VMSIM_CALL_SET_WORKING_SET, .size = {minimum, maximum},
			       .number = {flags}};

	return call(m, pid, &c, error);
}

bool vmsim_empty_working_set(struct vmsim_machine *m, uint32_t pid, uint32_t *error)
{
	struct vmsim_call c = {.id = VMSIM_CALL_EMPTY_WORKING_SET};

	return call(m, pid, &c, error);
}

bool vmsim_create_file_mapping(struct vmsim_machine *m, uint32_t pid, const char *file,
			       uint64_t size, uint32_t protect, const char *name, uint32_t *error)
{
	struct vmsim_call c = {.id = VMSIM_CALL_CREATE_FILE_MAPPING, .file = file, .size = {size},
			       .protect = protect, .name = name};

	return call(m, pid, &c, error);
}

uint64_t vmsim_map_view(struct vmsim_machine *m, uint32_t pid, const char *name, uint32_t access,
			uint64_t offset, uint64_t size, uint64_t address, uint32_t *error)
{
	struct vmsim_call c = {.id = VMSIM_CALL_MAP_VIEW, .name = name, .access = access,
			       .number = {offset}, .size = {size}, .address = {address, 0}};
	const struct vmsim_outcome *out = call(m, pid, &c, error);

	return out ? out->address.offset : 0;
}

bool vmsim_unmap_view(struct vmsim_machine *m, uint32_t pid, uint64_t address, uint32_t *error)
{
	struct vmsim_call c = {.id = VMSIM_CALL_UNMAP_VIEW, .address = {address, 0}};

	return call(m, pid, &c, error);
}

bool vmsim_close_handle(struct vmsim_machine *m, uint32_t pid, const char *name, uint32_t *error)
{
	struct vmsim_call c = {.id = VMSIM_CALL_CLOSE_HANDLE, .name = name};

	return call(m, pid, &c, error);
}

void vmsim_exit_process(struct vmsim_machine *m, uint32_t pid)
{
	struct vmsim_call c = {.id = VMSIM_CALL_EXIT_PROCESS};

	call(m, pid, &c, NULL);
}

enum vmsim_access_result vmsim_access(struct vmsim_machine *m, uint32_t pid,
				      enum vmsim_access kind, uint64_t va, uint32_t size,
				      uint64_t *value)
{
	struct vmsim_event event = {.va = va, .size = size ? size : 1, .pid = pid, .tid = 1,
				    .op = (uint8_t)kind};

	if (value && kind == VMSIM_WRITE && event.size <= sizeof(*value)) {
		event.value = *value;
		event.flags = VMSIM_EV_VALUE;
	}
	m->last_result = VMSIM_RESULT_NONE;
	if (!carry_out(m, &event))
		return VMSIM_RESULT_NONE;
	if (value && kind == VMSIM_READ)
		*value = m->last_value;
	return m->last_result;
}
