/* outputs.c: the files that a replay writes. */
#include "outputs.h"

#include <string.h>

static bool find_kind(const char *name, uint64_t *bit, GError **error)
{
	for (int kind = 0; kind < VMSIM_N_RECORDS; kind++)
		if (!strcmp(vmsim_records[kind].name, name)) {
			*bit = VMSIM_RECORD_BIT(kind);
			return true;
		}
	g_set_error(error, VMSIM_ERROR, VMSIM_ERROR_CONFIG,
		    "--event-filter: no event is called \"%.40s\" (see vmsim list events)", name);
	return false;
}

/* The kinds that "KIND,KIND" names; "" names none. */
static bool parse_filter(const char *text, uint64_t *mask, GError **error)
{
	char **names = g_strsplit(text, ",", -1);
	bool known = true;

	*mask = 0;
	for (char **name = names; *name && known; name++) {
		uint64_t bit = 0;

		known = find_kind(*name, &bit, error);
		*mask |= bit;
	}
	g_strfreev(names);
	return known;
}

static bool open_one(vmsim_output **output, const char *path, GError **error)
{
	if (path)
		*output = vmsim_output_open(path, error);
	return !path || *output;
}

bool outputs_open(struct outputs *outputs, const struct replay_options *options, GError **error)
{
	outputs->files = (const char *const *)options->traces;
	outputs->mask = VMSIM_RECORD_ALL;
	if (options->event_filter && !parse_filter(options->event_filter, &outputs->mask, error))
		return false;
	if (open_one(&outputs->events, options->events, error) &&
	    open_one(&outputs->report, options->report, error) &&
	    open_one(&outputs->host_report, options->host_report, error) &&
	    interval_open(&outputs->interval, options->interval_file, error)) {
		outputs->line = g_string_new(NULL);
		return true;
	}
	outputs_abandon(outputs);
	return false;
}

static void write_event(void *ctx, const struct vmsim_record *record)
{
	struct outputs *outputs = ctx;

	if (outputs->failed)
		return;
	g_string_truncate(outputs->line, 0);
	vmsim_record_json(outputs->line, record);
	g_string_append_c(outputs->line, '\n');
	vmsim_output_write(outputs->events, outputs->line->str, outputs->line->len,
			   &outputs->failed);
}

void outputs_listen(struct outputs *outputs, vmsim_machine *machine)
{
	if (outputs->events)
		vmsim_machine_listen(machine, outputs->mask, write_event, outputs);
	interval_begin(&outputs->interval, machine);
}

bool outputs_check(struct outputs *outputs, GError **error)
{
	GError **failed = outputs->failed ? &outputs->failed : &outputs->interval.failed;

	if (!*failed)
		return true;
	g_propagate_error(error, g_steal_pointer(failed));
	return false;
}

/* Writes a text, which is freed, and gives the file its name. */
static bool finish_with(vmsim_output **output, char *text, GError **error)
{
	bool written = vmsim_output_write(*output, text, strlen(text), error);

	g_free(text);
	if (!written) {
		vmsim_output_abandon(g_steal_pointer(output));
		return false;
	}
	return vmsim_output_finish(g_steal_pointer(output), error);
}

bool outputs_finish(struct outputs *outputs, const vmsim_machine *machine,
		    const struct host_figures *host, GError **error)
{
	bool done = outputs_check(outputs, error);

	if (done && outputs->events)
		done = vmsim_output_finish(g_steal_pointer(&outputs->events), error);
	if (done)
		done = interval_finish(&outputs->interval, error);
	if (done && outputs->report)
		done = finish_with(&outputs->report, vmsim_report_json(machine, outputs->files),
				   error);
	if (done && outputs->host_report)
		done = finish_with(&outputs->host_report, host_json(host), error);
	outputs_abandon(outputs);
	return done;
}

void outputs_abandon(struct outputs *outputs)
{
	vmsim_output_abandon(g_steal_pointer(&outputs->events));
	vmsim_output_abandon(g_steal_pointer(&outputs->report));
	vmsim_output_abandon(g_steal_pointer(&outputs->host_report));
	interval_abandon(&outputs->interval);
	g_clear_error(&outputs->failed);
	if (outputs->line)
		g_string_free(g_steal_pointer(&outputs->line), TRUE);
}
