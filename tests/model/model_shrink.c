/* model_shrink.c: from a case that differs to the smallest that still does: chunks of operations
 * are dropped, then single ones, then what is left is made simpler. Each attempt runs in a process
 * of its own, so that a crash or a hang counts as a difference, too. */
#include "model/windows_model.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Seconds before a case hangs; fewer once one is known to. */
static unsigned patience = 20;

static void child(const struct wm_case *c, int out)
{
	struct wm_counts counts = {.input = 0};
	char *difference;
	ssize_t written;

	alarm(patience);
	difference = wm_run(&c->machine, c->ops, c->n, NULL, &counts);
	written = write(out, &counts, sizeof(counts));
	if (difference && written > 0)
		written = write(out, difference, strlen(difference));
	_exit(written > 0 ? 0 : 1);
}

static char *parent(int in, pid_t pid, struct wm_counts *total)
{
	GString *text = g_string_new(NULL);
	char buffer[512];
	ssize_t n;
	int status = 0;
	char *difference = NULL;

	while ((n = read(in, buffer, sizeof(buffer))) > 0)
		g_string_append_len(text, buffer, n);
	waitpid(pid, &status, 0);
	if (WIFSIGNALED(status))
		difference =
			g_strdup_printf("signal %d: %s", WTERMSIG(status),
					WTERMSIG(status) == SIGALRM ? "it hangs" : "it crashes");
	else if (WEXITSTATUS(status) || text->len < sizeof(*total))
		difference = g_strdup_printf("exit status %d", WEXITSTATUS(status));
	else if (text->len > sizeof(*total))
		difference = g_strdup(text->str + sizeof(*total));
	if (total && text->len >= sizeof(*total))
		for (size_t i = 0; i < sizeof(*total) / sizeof(uint64_t); i++)
			((uint64_t *)total)[i] += ((const uint64_t *)(const void *)text->str)[i];
	g_string_free(text, TRUE);
	return difference;
}

char *wm_try(const struct wm_case *c, struct wm_counts *total)
{
	int fd[2];
	pid_t pid;
	char *difference;

	if (pipe(fd))
		g_error("no pipe");
	pid = fork();
	if (pid < 0)
		g_error("no process");
	if (pid == 0) {
		close(fd[0]);
		child(c, fd[1]);
	}
	close(fd[1]);
	difference = parent(fd[0], pid, total);
	close(fd[0]);
	return difference;
}

/* The words of a difference, without its numbers: what kind it is. */
static char *kind_of(const char *difference)
{
	const char *text = strchr(difference, ':');
	GString *kind = g_string_new(NULL);

	for (text = text ? text : difference; *text; text++)
		if (g_ascii_isalpha(*text) && !g_ascii_isxdigit(*text))
			g_string_append_c(kind, *text);
	return g_string_free(kind, FALSE);
}

/* Whether the case differs, and in the way that is looked into. */
static bool differs(const struct wm_case *c)
{
	char *difference = wm_try(c, NULL), *kind = NULL;
	bool same;

	if (!difference)
		return false;
	kind = kind_of(difference);
	same = !strncmp(kind, c->kind, 16);
	g_free(kind);
	g_free(difference);
	return same;
}

/* --- fewer operations ------------------------------------------------------------------------ */

/* Without operations [at, at + count). */
static bool drop(struct wm_case *c, size_t at, size_t count)
{
	struct wm_case less = {.machine = c->machine, .n = c->n - count, .kind = c->kind};

	less.ops = g_new(struct wm_op, less.n + 1);
	memcpy(less.ops, c->ops, at * sizeof(*c->ops));
	memcpy(less.ops + at, c->ops + at + count, (c->n - at - count) * sizeof(*c->ops));
	if (!differs(&less)) {
		g_free(less.ops);
		return false;
	}
	g_free(c->ops);
	*c = less;
	return true;
}

static void drop_all(struct wm_case *c)
{
	for (size_t count = (c->n + 1) / 2; count > 0; count = count > 1 ? (count + 1) / 2 : 0)
		for (size_t end = c->n; end > 0;) {
			size_t at = end > count ? end - count : 0;

			drop(c, at, end - at);
			end = MIN(at, c->n);
		}
}

/* --- simpler ones ---------------------------------------------------------------------------- */

static void simpler(struct wm_op *op, unsigned how)
{
	switch (how) {
	case 0:
		op->event.flags &= (uint8_t)~VMSIM_EV_GAP;
		op->event.time = 0;
		break;
	case 1:
		op->event.va &= ~(uint64_t)0xFFF;
		break;
	case 2:
		op->event.size = 1;
		op->event.value &= 0xFF;
		break;
	case 3:
		op->event.value = op->event.value ? 1 : 0;
		break;
	case 4:
		op->call.address.offset &= ~(uint64_t)0xFFF;
		break;
	case 5:
		op->call.size[0] = MIN(op->call.size[0], WM_P);
		break;
	case 6:
		op->call.protect = op->call.protect ? PAGE_READWRITE : 0;
		break;
	default:
		op->event.pid = 1;
	}
}

static void simplify(struct wm_case *c)
{
	for (size_t i = 0; i < c->n; i++)
		for (unsigned how = 0; how < 8; how++) {
			struct wm_op was = c->ops[i];

			simpler(&c->ops[i], how);
			if (memcmp(&was, &c->ops[i], sizeof(was)) && !differs(c))
				c->ops[i] = was;
		}
}

static void simplify_machine(struct wm_case *c)
{
	const struct wm_machine was = c->machine;

	c->machine.overlap = false;
	c->machine.device = "ideal";
	c->machine.policy = "fifo";
	c->machine.scope = "global";
	c->machine.zeroed = c->machine.zero_fill_dirty = true;
	if (!differs(c))
		c->machine = was;
	for (unsigned i = 0; i < WM_MORE; i++) {
		uint64_t more = c->machine.more;

		c->machine.more &= ~((uint64_t)1 << i);
		if (c->machine.more != more && !differs(c))
			c->machine.more = more;
	}
}

void wm_shrink(struct wm_case *c, const char *difference)
{
	size_t before;

	c->kind = kind_of(difference);
	if (strstr(difference, "hangs"))
		patience = 3;
	simplify_machine(c);
	do {
		before = c->n;
		drop_all(c);
	} while (c->n < before);
	simplify(c);
	drop_all(c);
	patience = 20;
}

/* The operations alone, of a case that cannot be run here. */
static void print_alone(const struct wm_case *c, GPtrArray *lines)
{
	for (size_t i = 0; i < c->n; i++) {
		struct vmsim_event *e = &c->ops[i].event;

		if (e->op == VMSIM_OP_CALL)
			e->call = &c->ops[i].call;
		g_ptr_array_add(lines, vmsim_event_print(e, NULL));
	}
}

char *wm_report(const struct wm_case *c, const char *difference)
{
	char *settings = wm_settings(&c->machine), **each = g_strsplit(settings, " ", 0);
	GString *text = g_string_new("# vmtrace 1\n");
	GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);

	g_string_append_printf(text, "%%rules %s\n", c->machine.rules ? "win32" : "article");
	g_string_append_printf(text, "# %s\n# vmsim check --audit full", difference);
	for (char **s = each; *s; s++)
		g_string_append_printf(text, " -s %s", *s);
	g_string_append_c(text, '\n');
	if (g_str_has_prefix(difference, "signal"))
		print_alone(c, lines);
	else
		g_free(wm_run(&c->machine, c->ops, c->n, lines, NULL));
	for (guint i = 0; i < lines->len; i++)
		g_string_append_printf(text, "%s\n", (char *)lines->pdata[i]);
	g_ptr_array_free(lines, TRUE);
	g_free(settings);
	g_strfreev(each);
	return g_string_free(text, FALSE);
}
