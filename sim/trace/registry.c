/* registry.c: the formats, in one array, and the calls that traces may hold. */
#include "trace/format.h"

#include <string.h>

const struct trace_ops *const trace_formats[] = {&trace_vmt_ops, &trace_lackey_ops, NULL};

const struct vmsim_call_info vmsim_calls[VMSIM_N_CALLS] = {
#define CALL(id, name, arguments, result, simulated) \
	[VMSIM_CALL_##id] = {name, arguments, VMSIM_##result, simulated},
#include <vmsim/calls.def>
};

const char *const trace_injects[VMSIM_N_INJECTS] = {[VMSIM_INJECT_READ] = "read",
						    [VMSIM_INJECT_WRITE] = "write",
						    [VMSIM_INJECT_MEMORY] = "memory"};

const struct trace_ops *trace_format_find(const char *name)
{
	for (size_t i = 0; trace_formats[i] != NULL; i++)
		if (strcmp(trace_formats[i]->info.name, name) == 0)
			return trace_formats[i];
	return NULL;
}

const struct trace_ops *trace_format_detect(const char *head, size_t n)
{
	const struct trace_ops *best = NULL;
	int best_score = 0;

	for (size_t i = 0; trace_formats[i] != NULL; i++) {
		int score = trace_formats[i]->info.reads ? trace_formats[i]->probe(head, n) : 0;

		if (score > best_score) {
			best = trace_formats[i];
			best_score = score;
		}
	}
	return best;
}

char *trace_format_names(bool writing)
{
	GString *out = g_string_new(NULL);
	const char *last = NULL;

	for (size_t i = 0; trace_formats[i] != NULL; i++) {
		const struct vmsim_format_info *info = &trace_formats[i]->info;

		if (writing ? !info->writes : !info->reads)
			continue;
		if (last != NULL)
			g_string_append_printf(out, "%s%s", out->len > 0 ? ", " : "", last);
		last = info->name;
	}
	g_string_append_printf(out, "%s%s", out->len > 0 ? " or " : "", last);
	return g_string_free(out, FALSE);
}

const struct vmsim_format_info *vmsim_trace_format_info(size_t index)
{
	return index < G_N_ELEMENTS(trace_formats) - 1 ? &trace_formats[index]->info : NULL;
}
