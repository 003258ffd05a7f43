/* model_gen.c: cases from a seed: a small machine, and operations of a few processes, legal and
 * illegal.
 *
 * Operations are drawn with a model of their own at hand, which hears no events: it knows which
 * blocks and pages there are, so that most operations succeed and the rest fail for a reason. */
#include "model/model_gen.h"

#include <string.h>

uint64_t gen_random(struct gen *g)
{
	uint64_t z = (g->state += 0x9E3779B97F4A7C15u);

	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
	z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
	return z ^ (z >> 31);
}

uint64_t gen_below(struct gen *g, uint64_t n)
{
	return gen_random(g) % n;
}

bool gen_chance(struct gen *g, uint64_t percent)
{
	return gen_below(g, 100) < percent;
}

/* --- machines -------------------------------------------------------------------------------- */

static struct wm_machine some_machine(struct gen *g, int rules)
{
	static const char *const policies[] = {"fifo", "lru", "clock", "windows"};
	static const char *const devices[] = {"ideal", "nvme", "ideal", "nvme", "sata-ssd"};
	static const uint64_t frames[] = {16, 20, 24, 32, 48, 64}, few[] = {4, 6, 8, 12, 16, 24};
	static const uint64_t slots[] = {16, 24, 64, 128, 256};
	struct wm_machine k = {.rules = rules, .hi = 0x7FFFFFFEFFFF, .audit = VMSIM_AUDIT_FULL};

	k.processes = 1 + gen_below(g, WM_PROCESSES);
	k.standby = gen_chance(g, 65);
	k.frames = k.standby ? frames[gen_below(g, 6)] : few[gen_below(g, 6)];
	k.slots = slots[gen_below(g, 5)];
	k.policy = policies[gen_below(g, 4)];
	k.device = devices[gen_below(g, 5)];
	k.scope = gen_chance(g, 75) ? "global" : "process";
	k.zero_fill_dirty = gen_chance(g, 70);
	k.zeroed = gen_chance(g, 70);
	k.lock_overhead = 20;
	k.ws_min = k.lock_overhead + (k.frames >= 16 ? gen_below(g, 4) : gen_below(g, 2)) +
		   (k.scope[0] == 'p');
	k.sections = gen_chance(g, 30);
	k.overlap = !k.sections && gen_chance(g, 30);
	k.fault_cluster = (uint64_t)1 << gen_below(g, 5);
	k.mpw_cluster = (uint64_t)1 << gen_below(g, 5);
	k.every_reference = gen_chance(g, 20);
	k.software_dirty = gen_chance(g, 20);
	k.partial = gen_chance(g, 30);
	k.may_raise = gen_chance(g, 70);
	k.small_tlb = gen_chance(g, 30);
	k.pcid = gen_chance(g, 70);
	k.tables_in = gen_chance(g, 15);
	for (unsigned i = 0; i < WM_MORE; i++)
		k.more |= (uint64_t)gen_chance(g, 6) << i;
	/* What other processes may have of what there is, memory to be charged or promised, depends
	 * on whose call comes first, which is not said of cores that work at a time. */
	if (k.overlap && (k.more & WM_CORES)) {
		k.slots = 4096;
		k.may_raise = k.tables_in = false;
	}
	if (k.tables_in) { /* there is room for them: when they are refused is not said (C4) */
		k.frames += 11 * k.processes;
		k.slots = 256;
	}
	if (k.standby && gen_chance(g, 5))
		k.frames = 700; /* working-set limits can be set there (2.8.3) */
	return k;
}

/* --- accesses -------------------------------------------------------------------------------- */

static void make_access(struct gen *g, struct vmsim_event *e)
{
	static const uint32_t sizes[] = {1, 2, 4, 8, 8, 8, 16};
	uint64_t at = gen_chance(g, 60) ? 8 * gen_below(g, 4) : gen_below(g, WM_P);

	e->op = (uint8_t)(gen_chance(g, 8)    ? VMSIM_OP_EXECUTE
			  : gen_chance(g, 45) ? VMSIM_OP_WRITE
					      : VMSIM_OP_READ);
	e->size = gen_chance(g, 70) ? sizes[gen_below(g, 7)] : (uint32_t)(1 + gen_below(g, 16));
	if (gen_chance(g, 7))
		at = WM_P - gen_below(g, 8) - 1;
	e->va = gen_page(g, true) * WM_P + at;
	if (gen_chance(g, 1))
		e->va = gen_odd_address(g);
	if (e->va > UINT64_MAX - 16)
		e->va -= 16;
	if (e->op != VMSIM_OP_WRITE || e->size > 8 || gen_chance(g, 5))
		return;
	e->flags |= VMSIM_EV_VALUE;
	e->value = ++g->serial * 0x9E3779B97F4A7C15u ^ (uint64_t)e->va;
	if (e->size < 8)
		e->value &= ((uint64_t)1 << 8 * e->size) - 1;
}

/* The generator's own model goes on as if the operation had been carried out. */
static void imagine(struct gen *g, const struct wm_op *op)
{
	struct wm_op copy = *op;
	struct wm_flight *f = &g->m->flight[g->pid];
	GPtrArray *pages = f->pages;
	GArray *changes = f->changes;

	g_ptr_array_set_size(pages, 0);
	g_array_set_size(changes, 0);
	*f = (struct wm_flight){
		.op = &copy, .seq = 1, .pid = g->pid, .pages = pages, .changes = changes};
	if (op->event.op == VMSIM_OP_CALL) {
		wm_call(g->m, f, &copy.call);
		wm_call_settle(g->m, f);
	} else {
		wm_access(g->m, f, &copy.event);
		for (guint i = 0; i < pages->len; i++)
			((struct wm_page *)g_ptr_array_index(pages, i))->open = 0;
	}
}

struct wm_case wm_generate(uint64_t seed, size_t n, int rules)
{
	struct gen g = {.state = seed * 2 + (uint64_t)rules, .pid = 1};
	struct wm_case c = {.machine = some_machine(&g, rules), .n = n};
	uint64_t calls = 10 + gen_below(&g, 40);

	c.ops = g_new0(struct wm_op, n);
	g.m = wm_new(&c.machine);
	for (size_t i = 0; i < n; i++) {
		struct vmsim_event *e = &c.ops[i].event;

		if (!gen_chance(&g, 70))
			g.pid = (uint32_t)(1 + gen_below(&g, c.machine.processes));
		*e = (struct vmsim_event){.pid = g.pid, .tid = 1, .size = 1, .line = i + 1};
		if (gen_chance(&g, 10)) {
			e->flags |= VMSIM_EV_GAP;
			e->time = gen_below(&g, 500000);
		}
		if (i < 8 || gen_chance(&g, calls)) {
			e->op = VMSIM_OP_CALL;
			gen_call(&g, &c.ops[i].call);
		} else {
			make_access(&g, e);
		}
		imagine(&g, &c.ops[i]);
	}
	wm_free(g.m);
	return c;
}

void wm_case_free(struct wm_case *c)
{
	g_free(c->ops);
	g_free(c->kind);
	c->ops = NULL;
	c->kind = NULL;
}
