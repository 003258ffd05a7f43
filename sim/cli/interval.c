/* interval.c: figures of a run, interval by interval.
 *
 * A row says where its interval ends, and what happened in it: every counter and every bucket of
 * the cycle stack, by the same names as in the report. Rows add up to the report, but for peaks. */
#include "interval.h"

#include <string.h>

static bool bad_interval(const struct command *command, const char *text)
{
	cli_usage(
		command,
		"--interval %.60s: expected a whole number, at least 1, and cycles or events after "
		"it, such as 100000cycles",
		text);
	return false;
}

/* "N", "Ncycles" or "Nevents". */
static bool parse_every(struct interval *interval, const char *text)
{
	char *digits;
	bool number;

	interval->unit = g_str_has_suffix(text, "events") ? VMSIM_UNIT_EVENTS : VMSIM_UNIT_CYCLES;
	digits = g_strndup(text, strspn(text, "0123456789"));
	number = g_ascii_string_to_unsigned(digits, 10, 1, UINT64_MAX, &interval->every, NULL);
	text += strlen(digits);
	g_free(digits);
	return number && (!*text || !strcmp(text, "cycles") || !strcmp(text, "events"));
}

bool interval_parse(struct interval *interval, const struct command *command, const char *every,
		    const char *file)
{
	if (!every && !file)
		return true;
	if (!every || !file) {
		cli_usage(command, "--interval and --interval-file go together");
		return false;
	}
	if (!parse_every(interval, every))
		return bad_interval(command, every);
	interval->json = g_str_has_suffix(file, ".jsonl");
	if (interval->json || g_str_has_suffix(file, ".csv"))
		return true;
	cli_usage(command, "--interval-file %.200s: expected a name that ends in .csv or .jsonl",
		  file);
	return false;
}

/* --- rows ------------------------------------------------------------------------------------- */

static void append_uint(GString *line, uint64_t n)
{
	g_string_append_printf(line, "%" G_GUINT64_FORMAT, n);
}

static void put_csv_head(GString *line)
{
	const struct vmsim_counter_info *info;

	g_string_append(line, "cycle,events");
	for (size_t i = 0; (info = vmsim_counter_info(i)); i++)
		g_string_append_printf(line, ",%s", info->name);
	for (size_t i = 0; (info = vmsim_bucket_info(i)); i++)
		g_string_append_printf(line, ",%s_cycles", info->name);
	g_string_append_c(line, '\n');
}

static void put_csv(GString *line, const struct vmsim_sample *sample)
{
	append_uint(line, sample->cycle);
	g_string_append_c(line, ',');
	append_uint(line, sample->events);
	for (size_t i = 0; vmsim_counter_info(i); i++) {
		g_string_append_c(line, ',');
		append_uint(line, sample->counters[i]);
	}
	for (size_t i = 0; vmsim_bucket_info(i); i++) {
		g_string_append_c(line, ',');
		append_uint(line, sample->buckets[i]);
	}
	g_string_append_c(line, '\n');
}

static void put_object(GString *line, const char *name, const uint64_t *values,
		       const struct vmsim_counter_info *(*info_at)(size_t))
{
	const struct vmsim_counter_info *info;

	g_string_append_printf(line, ",\"%s\":{", name);
	for (size_t i = 0; (info = info_at(i)); i++) {
		g_string_append_printf(line, "%s\"%s\":", i ? "," : "", info->name);
		append_uint(line, values[i]);
	}
	g_string_append_c(line, '}');
}

static void put_json(GString *line, const struct vmsim_sample *sample)
{
	g_string_append(line, "{\"cycle\":");
	append_uint(line, sample->cycle);
	g_string_append(line, ",\"events\":");
	append_uint(line, sample->events);
	put_object(line, "counters", sample->counters, vmsim_counter_info);
	put_object(line, "cycle_stack", sample->buckets, vmsim_bucket_info);
	g_string_append(line, "}\n");
}

static void write_line(struct interval *interval)
{
	vmsim_output_write(interval->output, interval->line->str, interval->line->len,
			   &interval->failed);
	g_string_truncate(interval->line, 0);
}

static void write_row(void *ctx, const struct vmsim_sample *sample)
{
	struct interval *interval = ctx;

	if (interval->failed)
		return;
	if (interval->json)
		put_json(interval->line, sample);
	else
		put_csv(interval->line, sample);
	write_line(interval);
}

/* --- the file --------------------------------------------------------------------------------- */

bool interval_open(struct interval *interval, const char *file, GError **error)
{
	if (!interval->every)
		return true;
	interval->output = vmsim_output_open(file, error);
	if (!interval->output)
		return false;
	interval->line = g_string_new(NULL);
	if (!interval->json) {
		put_csv_head(interval->line);
		write_line(interval);
	}
	return true;
}

void interval_begin(struct interval *interval, vmsim_machine *machine)
{
	if (interval->output)
		vmsim_machine_sample(machine, interval->unit, interval->every, write_row, interval);
}

bool interval_finish(struct interval *interval, GError **error)
{
	if (interval->failed) {
		g_propagate_error(error, g_steal_pointer(&interval->failed));
		return false;
	}
	return !interval->output || vmsim_output_finish(g_steal_pointer(&interval->output), error);
}

void interval_abandon(struct interval *interval)
{
	vmsim_output_abandon(g_steal_pointer(&interval->output));
	g_clear_error(&interval->failed);
	if (interval->line)
		g_string_free(g_steal_pointer(&interval->line), TRUE);
}
