/* tick_shrink.c: from a case that differs to a small one, and that in words. */
#include "model/tick.h"

#include <string.h>

static void point(struct tick_case *c)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->events[i].event.op == VMSIM_OP_CALL)
			c->events[i].event.call = &c->events[i].call;
}

static bool differs(const struct tick_case *c)
{
	char *wrong = tick_try(c, NULL);
	bool yes = wrong && !strncmp(wrong, c->kind, strlen(c->kind));

	g_free(wrong);
	return yes;
}

/* Without events [at, at + count). */
static bool drop(struct tick_case *c, size_t at, size_t count)
{
	struct tick_event *all = g_memdup2(c->events, c->n * sizeof(*all));
	size_t n = c->n;

	memmove(c->events + at, c->events + at + count, (n - at - count) * sizeof(*all));
	c->n -= count;
	point(c);
	if (!differs(c)) {
		memcpy(c->events, all, n * sizeof(*all));
		c->n = n;
		point(c);
	}
	g_free(all);
	return c->n < n;
}

static void drop_all(struct tick_case *c)
{
	for (size_t count = (c->n + 1) / 2; count > 0; count = count > 1 ? (count + 1) / 2 : 0)
		for (size_t end = c->n; end > 0;) {
			size_t at = end > count ? end - count : 0;

			drop(c, at, end - at);
			end = MIN(at, c->n);
		}
}

/* Settings become simpler, if that does not matter. */
static void simplify_machine(struct tick_case *c)
{
	static const char *const simple[] = {"0", "false", "true", "fifo", "out", "1"};

	for (guint i = 0; i < c->settings->len; i++) {
		char *was = g_ptr_array_index(c->settings, i);
		size_t path = (size_t)(strchr(was, '=') - was);

		for (size_t j = 0; j < G_N_ELEMENTS(simple); j++) {
			char *now = g_strdup_printf("%.*s=%s", (int)path, was, simple[j]);
			bool smaller =
				!g_str_equal(now, was) && !g_str_has_prefix(was, "memory.f") &&
				!g_str_has_prefix(was, "clock") && !g_str_has_prefix(was, "bsm.");

			c->settings->pdata[i] = now;
			if (smaller && differs(c)) {
				g_free(was);
				was = now;
				break;
			}
			c->settings->pdata[i] = was;
			g_free(now);
		}
	}
}

static void simplify_event(struct tick_case *c, size_t i)
{
	for (int how = 0; how < 5; how++) {
		struct tick_event was = c->events[i];
		struct vmsim_event *e = &c->events[i].event;

		if (how == 0)
			e->flags &= (uint8_t) ~(VMSIM_EV_GAP | VMSIM_EV_AT);
		else if (how == 1)
			e->size = 1;
		else if (how == 2)
			e->va &= ~(VMSIM_PAGE_SIZE - 1);
		else if (how == 3)
			e->time = e->time / 2;
		else
			e->op = e->op == VMSIM_OP_CALL ? e->op : (uint8_t)VMSIM_OP_READ;
		if (memcmp(&was, &c->events[i], sizeof(was)) && !differs(c))
			c->events[i] = was;
	}
}

void tick_shrink(struct tick_case *c, const char *difference)
{
	size_t before;

	/* Up to its first number but one: the figure, say, or that it is a record. */
	g_strlcpy(c->kind, difference, sizeof(c->kind));
	c->kind[strcspn(c->kind + 8, "0123456789") + 8] = 0;
	do {
		before = c->n;
		drop_all(c);
	} while (c->n < before);
	c->recorded = false;
	if (!differs(c))
		c->recorded = true;
	simplify_machine(c);
	for (size_t i = 0; i < c->n; i++)
		simplify_event(c, i);
	drop_all(c);
}

char *tick_report(const struct tick_case *c)
{
	struct vmsim_labels *labels = vmsim_labels_new();
	GString *text = g_string_new("# vmtrace 1\n# vmsim run");

	for (guint i = 0; i < c->settings->len; i++)
		g_string_append_printf(text, " -s %s",
				       (const char *)g_ptr_array_index(c->settings, i));
	g_string_append_c(text, '\n');
	for (unsigned i = 1; i < TICK_LABELS; i++) {
		char name[8];

		g_snprintf(name, sizeof(name), "L%u", i);
		vmsim_labels_intern(labels, name, strlen(name));
	}
	for (size_t i = 0; i < c->n; i++) {
		const struct tick_event *e = &c->events[i];
		char *line = vmsim_event_print(&e->event, labels);

		g_string_append(text, line);
		if (e->event.op == VMSIM_OP_CALL && e->call.recorded.address.label)
			g_string_append_printf(text, " = L%u", e->call.recorded.address.label);
		g_string_append_c(text, '\n');
		g_free(line);
	}
	vmsim_labels_free(labels);
	return g_string_free(text, FALSE);
}
