/* docgen.c: write configs/REFERENCE.md to standard output, from the tables that the code runs on.
 *     build/plain/tools/docgen >configs/REFERENCE.md */
#include <stdio.h>
#include <string.h>
#include <vmsim/vmsim.h>

/* A cell of a table: no '|', and a dash for nothing. */
static void cell(const char *text, const char *before, const char *after)
{
	printf(" %s", *text ? before : "");
	for (const char *p = *text ? text : "-"; *p; p++)
		if (*p == '|')
			fputs(", ", stdout);
		else
			putchar(*p);
	printf("%s |", *text ? after : "");
}

static void options(void)
{
	const struct vmsim_option_info *o;

	puts("## Options\n\n"
	     "`vmsim run -s PATH=VALUE`, or JSON nested by the dots. A time is a number of cycles, "
	     "or has\n"
	     "a unit (`80ns`); a size or rate may have one (`64KiB`, `3500MB`).\n\n"
	     "| path | type | default | values | unit | what | source of the default |\n"
	     "|---|---|---|---|---|---|---|");
	for (size_t i = 0; (o = vmsim_config_option(i)); i++) {
		putchar('|');
		cell(o->path, "`", "`");
		cell(o->type, "", "");
		cell(o->def, "`", "`");
		cell(o->values, "", "");
		cell(o->unit, "", "");
		cell(o->doc, "", "");
		cell(o->source, "", "");
		putchar('\n');
	}
}

static void presets(void)
{
	const char *name, *doc;

	puts("\n## Presets\n\n`vmsim run -c NAME`\n\n| name | machine |\n|---|---|");
	for (size_t i = 0; (name = vmsim_config_preset(i, &doc)); i++)
		printf("| `%s` | %s |\n", name, doc);
}

static void policies(void)
{
	const struct replace_ops *p;

	puts("\n## Replacement policies\n\n`replacement.policy`; their options are among the "
	     "options "
	     "above.\n\n| name | what |\n|---|---|");
	for (size_t i = 0; (p = vmsim_policy_at(i)); i++)
		printf("| `%s` | %s |\n", p->name, p->doc);
}

static void formats(void)
{
	const struct vmsim_format_info *f;

	puts("\n## Trace formats\n\n| name | read | written | calls | values | what |\n"
	     "|---|---|---|---|---|---|");
	for (size_t i = 0; (f = vmsim_trace_format_info(i)); i++)
		printf("| `%s` | %s | %s | %s | %s | %s |\n", f->name, f->reads ? "yes" : "no",
		       f->writes ? "yes" : "no", f->calls ? "yes" : "no", f->values ? "yes" : "no",
		       f->doc);
}

static void figures(const char *title, const char *intro,
		    const struct vmsim_counter_info *(*info)(size_t))
{
	const struct vmsim_counter_info *c;

	printf("\n## %s\n\n%s\n\n| name | unit | what |\n|---|---|---|\n", title, intro);
	for (size_t i = 0; (c = info(i)); i++)
		printf("| `%s` | %s%s | %s |\n", c->name, c->unit, c->peak ? ", peak" : "", c->doc);
}

/* The fields of each kind, as events.def lists them. */
static const char *const fields[] = {
#define F(member, name, how) ", `" name "` (" #how ")"
#define EVENT(id, name, doc, list) "" list,
#include <vmsim/events.def>
#undef F
};

static void events(void)
{
	puts("\n## Events\n\n"
	     "One JSON object a line. Every kind has `cycle`, `seq` (the event of the trace that "
	     "caused it,\n"
	     "from 1), `line` (in text traces), `pid`, `tid`, `core` and `event`. HEX is a string "
	     "`0x...`, INT\n"
	     "an integer, STR a string, OPT a string that may be missing, BY an object of `seq`, "
	     "`line` and\n"
	     "`call` that may be missing.\n\n"
	     "| event | what | fields |\n|---|---|---|");
	for (size_t i = 0; i < VMSIM_N_RECORDS; i++)
		printf("| `%s` | %s | %s |\n", vmsim_records[i].name, vmsim_records[i].doc,
		       *fields[i] ? fields[i] + 2 : "");
}

int main(void)
{
	puts("# Reference\n\n"
	     "Written by `tools/docgen.c` (`make docs`) from the tables that the program runs on; "
	     "do not\n"
	     "edit.\n");
	options();
	presets();
	policies();
	formats();
	figures("Counters",
		"In the report: `counters`, of the whole run, of each process, of each phase.",
		vmsim_counter_info);
	figures("Cycle stack",
		"Every cycle of every core is in one bucket: `cycle_stack` sums to cores x "
		"`cycles`.",
		vmsim_bucket_info);
	figures("Histograms",
		"In the report: `histograms`, of the whole run. Each has `count`, `sum`, `min` and "
		"`max`, exactly;\n`buckets`, as [least value, greatest value, how many], of those "
		"that are not empty; and\npercentiles `p50`, `p90`, `p99`, `p999`: with the values "
		"in ascending order, the one of rank\n`count` x 0.5 (0.9, ...), rounded up; of it, "
		"the greatest value of its bucket, or `max` if that is\nless. Values below 16 have a "
		"bucket each; above, a power of two has 8 buckets. The mean is\n`sum` / `count`.",
		vmsim_histogram_info);
	events();
	return ferror(stdout) || fflush(stdout) ? 1 : 0;
}
