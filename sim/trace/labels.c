/* labels.c: names of addresses that are known only when the trace is replayed.
 *
 * 1. Id 0 is no label: value 0, bound, no name. Ids are given in order of appearance.
 * 2. ids maps every name[i] (i > 0) to i, and borrows the string. */
#include "trace/format.h"

#include <string.h>

#define STACK_NAME 256

static void grow(struct vmsim_labels *labels)
{
	uint32_t capacity = labels->capacity == 0 ? 64 : labels->capacity * 2;

	if (capacity <= labels->capacity)
		g_error("too many labels"); /* 2^31 of them: the host's memory ends before */
	labels->value = g_renew(uint64_t, labels->value, capacity);
	labels->bound = g_renew(bool, labels->bound, capacity);
	labels->name = g_renew(char *, labels->name, capacity);
	labels->capacity = capacity;
}

static uint32_t append(struct vmsim_labels *labels, char *name)
{
	uint32_t id = labels->n;

	if (id == labels->capacity)
		grow(labels);
	labels->value[id] = 0;
	labels->bound[id] = false;
	labels->name[id] = name;
	labels->n++;
	return id;
}

struct vmsim_labels *vmsim_labels_new(void)
{
	struct vmsim_labels *labels = g_new0(struct vmsim_labels, 1);

	labels->ids = g_hash_table_new(g_str_hash, g_str_equal);
	append(labels, NULL);
	labels->bound[0] = true;
	return labels;
}

void vmsim_labels_free(struct vmsim_labels *labels)
{
	if (labels == NULL)
		return;
	g_hash_table_destroy(labels->ids);
	for (uint32_t i = 1; i < labels->n; i++)
		g_free(labels->name[i]);
	g_free(labels->value);
	g_free(labels->bound);
	g_free(labels->name);
	g_free(labels);
}

uint32_t labels_find(const struct vmsim_labels *labels, const char *name, size_t n)
{
	char short_name[STACK_NAME];
	char *terminated = n < STACK_NAME ? short_name : g_malloc(n + 1);
	uint32_t id;

	memcpy(terminated, name, n);
	terminated[n] = '\0';
	id = GPOINTER_TO_UINT(g_hash_table_lookup(labels->ids, terminated));
	if (terminated != short_name)
		g_free(terminated);
	return id;
}

uint32_t vmsim_labels_intern(struct vmsim_labels *labels, const char *name, size_t n)
{
	uint32_t id = labels_find(labels, name, n);

	if (id == 0) {
		id = append(labels, g_strndup(name, n));
		g_hash_table_insert(labels->ids, labels->name[id], GUINT_TO_POINTER(id));
	}
	return id;
}
