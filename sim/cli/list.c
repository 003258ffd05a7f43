/* list.c: `vmsim list WHAT`: the tables that the program runs on, one entry a line. */
#include "cli.h"

#include <stdio.h>
#include <string.h>

static void list_options(void)
{
	const struct vmsim_option_info *o;

	for (size_t i = 0; (o = vmsim_config_option(i)); i++) {
		printf("%-34s %-14s %s", o->path, o->def, o->doc);
		printf(" [%s%s%s]\n", o->values, *o->unit ? " " : "", o->unit);
	}
}

static void list_policies(void)
{
	const struct replace_ops *p;

	for (size_t i = 0; (p = vmsim_policy_at(i)); i++)
		printf("%-14s %s\n", p->name, p->doc);
}

static void list_formats(void)
{
	const struct vmsim_format_info *f;

	for (size_t i = 0; (f = vmsim_trace_format_info(i)); i++)
		printf("%-10s %-10s %-6s %-7s %s\n", f->name,
		       f->reads && f->writes ? "read,write"
		       : f->reads            ? "read"
					     : "write",
		       f->calls ? "calls" : "-", f->values ? "values" : "-", f->doc);
}

static void list_events(void)
{
	for (size_t i = 0; i < VMSIM_N_RECORDS; i++)
		printf("%-17s %s\n", vmsim_records[i].name, vmsim_records[i].doc);
}

static void list_counters(void)
{
	const struct vmsim_counter_info *c;

	for (size_t i = 0; (c = vmsim_counter_info(i)); i++)
		printf("%-24s %-13s %s\n", c->name, c->unit, c->doc);
	for (size_t i = 0; (c = vmsim_bucket_info(i)); i++)
		printf("cycle_stack.%-12s %-13s %s\n", c->name, c->unit, c->doc);
	for (size_t i = 0; (c = vmsim_histogram_info(i)); i++)
		printf("histograms.%-19s %-7s %s\n", c->name, c->unit, c->doc);
}

static void list_presets(void)
{
	const char *name, *doc;

	for (size_t i = 0; (name = vmsim_config_preset(i, &doc)); i++)
		printf("%-12s %s\n", name, doc);
}

static void list_invariants(void)
{
	struct vmsim_invariant_info info;

	for (size_t i = 0; vmsim_invariant_info(i, &info); i++)
		printf("%-7s %-12s %s\n", info.id, info.when, info.doc);
}

static const struct {
	const char *name;
	void (*list)(void);
} lists[] = {
	{"options", list_options}, {"policies", list_policies}, {"formats", list_formats},
	{"events", list_events},   {"counters", list_counters}, {"presets", list_presets},
	{"invariants", list_invariants},
};

int cli_list(const struct command *command, int argc, char **argv)
{
	static const GOptionEntry entries[] = {{0}};
	int code;

	if (!cli_parse(command, entries, "Options are shown as PATH DEFAULT WHAT [VALUES UNIT].",
		       &argc, &argv, &code))
		return code;
	if (argc != 2)
		return cli_usage(command, "expected one of %s", command->arguments);
	for (size_t i = 0; i < G_N_ELEMENTS(lists); i++)
		if (!strcmp(lists[i].name, argv[1])) {
			lists[i].list();
			return cli_flush(CLI_DONE);
		}
	return cli_usage(command, "%.60s: unknown (expected one of %s)", argv[1],
			 command->arguments);
}
