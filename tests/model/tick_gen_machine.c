/* tick_gen_machine.c: small machines from a seed: few frames, tiny TLBs, short latencies, so that
 * everything that takes time happens, and soon. */
#include "model/tick.h"

#include <stdarg.h>

uint64_t tick_below(uint64_t *state, uint64_t n)
{
	uint64_t z = (*state += 0x9E3779B97F4A7C15u);

	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
	z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
	return (z ^ (z >> 31)) % n;
}

struct maker {
	uint64_t *state;
	GPtrArray *settings;
};

static uint64_t below(struct maker *m, uint64_t n)
{
	return tick_below(m->state, n);
}

static bool chance(struct maker *m, uint64_t percent)
{
	return below(m, 100) < percent;
}

static void G_GNUC_PRINTF(2, 3) set(struct maker *m, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	g_ptr_array_add(m->settings, g_strdup_vprintf(format, args));
	va_end(args);
}

static void number(struct maker *m, const char *path, uint64_t n)
{
	set(m, "%s=%" G_GUINT64_FORMAT, path, n);
}

static void flag(struct maker *m, const char *path, bool value)
{
	set(m, "%s=%s", path, value ? "true" : "false");
}

/* --- parts ----------------------------------------------------------------------------------- */

static bool memory(struct maker *m)
{
	static const char *const policies[] = {"fifo", "lru", "clock", "windows"};
	bool standby = chance(m, 65), tables_in = chance(m, 20);
	const char *policy = policies[below(m, 4)];
	uint64_t frames = standby ? 16 + below(m, 24) : 4 + below(m, 16);

	number(m, "memory.frames", frames + (tables_in ? 24 : 0));
	set(m, "memory.page_tables=%s", tables_in ? "in" : "out");
	flag(m, "memory.zeroed", chance(m, 60));
	flag(m, "memory.zero_fill_dirty", chance(m, 70));
	flag(m, "memory.charge_page_tables", chance(m, 5));
	set(m, "replacement.policy=%s", policy);
	set(m, "replacement.scope=%s", chance(m, 65) ? "global" : "process");
	set(m, "replacement.sees=%s", chance(m, 70) ? "accessed-bits" : "every-reference");
	flag(m, "standby.enabled", standby);
	flag(m, "store.enabled", standby && chance(m, 12));
	flag(m, "trace.implicit_commit", chance(m, 15));
	return standby;
}

static void pagefile(struct maker *m)
{
	uint64_t pages = chance(m, 20) ? 8 + below(m, 30) : 60 + below(m, 200);

	number(m, "pagefile.size", pages * VMSIM_PAGE_SIZE);
	if (chance(m, 25)) {
		number(m, "pagefile.max_size", (pages + 16 + below(m, 64)) * VMSIM_PAGE_SIZE);
		number(m, "pagefile.grow_step", (1 + below(m, 16)) * VMSIM_PAGE_SIZE);
		set(m, "pagefile.grow=%s", chance(m, 60) ? "sync" : "async");
	}
	flag(m, "pagefile.reserve", chance(m, 20));
	set(m, "pagefile.device=ideal");
	if (chance(m, 5))
		return;
	number(m, "device.read_latency", below(m, 1200));
	number(m, "device.write_latency", below(m, 900));
	/* 1 GHz: a page in so many cycles */
	number(m, "device.read_bandwidth", chance(m, 15) ? 0 : 4096000000000 / (1 + below(m, 300)));
	number(m, "device.write_bandwidth",
	       chance(m, 15) ? 0 : 4096000000000 / (1 + below(m, 300)));
	set(m, "device.queue=%s",
	    chance(m, 40)   ? "fifo"
	    : chance(m, 50) ? "read-first"
			    : "elevator");
	if (chance(m, 30)) { /* a disk */
		uint64_t seek = below(m, 400);

		number(m, "device.seek_min", below(m, seek + 1));
		number(m, "device.seek", seek);
		number(m, "device.seek_max", seek + 1 + below(m, 800));
		number(m, "device.rotation", below(m, 200));
		number(m, "device.size", (pages + below(m, 400)) * VMSIM_PAGE_SIZE);
	} else {
		number(m, "device.channels", 1 + below(m, 4));
	}
}

static void page_tables(struct maker *m)
{
	static const char *const designs[] = {"hashed", "clustered", "inverted"};

	number(m, "paging.levels", 2 + below(m, 4));
	flag(m, "paging.pdpte_registers", chance(m, 50));
	if (chance(m, 25)) {
		set(m, "paging.design=%s", designs[below(m, 3)]);
		number(m, "paging.hash.load", 50 + below(m, 200));
	}
}

static void translation(struct maker *m)
{
	static const char *const first[] = {"tlb.l1d", "tlb.l1i"};

	for (int i = 0; i < 2; i++) {
		set(m, "%s.entries=%d", first[i], 2 << below(m, 3));
		set(m, "%s.ways=%d", first[i], 1 << below(m, 2));
		set(m, "%s.latency=%d", first[i], (int)(chance(m, 50) ? below(m, 3) : 0));
	}
	set(m, "tlb.l2.entries=%d", chance(m, 30) ? 0 : 8 << below(m, 3));
	set(m, "tlb.l2.ways=%d", 1 << below(m, 3));
	number(m, "tlb.l2.latency", below(m, 6));
	flag(m, "tlb.pcid", chance(m, 60));
	if (chance(m, 30)) {
		number(m, "psc.pde.entries", below(m, 3));
		number(m, "psc.pdpte.entries", below(m, 3));
		number(m, "psc.pml4e.entries", below(m, 3));
		number(m, "psc.pml5e.entries", below(m, 3));
		number(m, "psc.latency", below(m, 3));
	}
	number(m, "walker.ad_update", below(m, 4));
	page_tables(m);
	set(m, "paging.dirty=%s", chance(m, 80) ? "hw" : "sw");
	number(m, "core.cycles_per_reference", below(m, 3));
	number(m, "data.latency", below(m, 5));
	number(m, "dram.latency", below(m, 15));
	if (chance(m, 25)) {
		number(m, "caches.l1.size", (uint64_t)64 << below(m, 4));
		number(m, "caches.l1.ways", 1);
		number(m, "caches.l1.latency", below(m, 4));
		flag(m, "caches.l1.shared", chance(m, 30));
		flag(m, "caches.data", chance(m, 50));
	}
}

static void costs(struct maker *m)
{
	static const char *const paths[] = {"os.trap",
					    "os.return",
					    "os.demand_zero",
					    "os.transition",
					    "os.hard",
					    "os.cow",
					    "os.guard",
					    "os.violation",
					    "os.spurious",
					    "os.dirty",
					    "os.zero_page",
					    "os.trim",
					    "os.write",
					    "os.compress",
					    "os.decompress",
					    "os.invlpg",
					    "os.cr3",
					    "os.call",
					    "os.page_commit",
					    "os.page_decommit",
					    "os.page_free",
					    "os.page_protect",
					    "os.page_reset",
					    "os.page_offer",
					    "os.page_watch",
					    "os.page_lock",
					    "os.page_prefetch",
					    "os.ipi",
					    "os.ipi_per_core",
					    "os.ipi_handler",
					    "sched.recorded_switch"};
	static const unsigned most[] = {1, 5, 20, 60, 200};

	for (size_t i = 0; i < G_N_ELEMENTS(paths); i++)
		number(m, paths[i], below(m, most[below(m, G_N_ELEMENTS(most))]));
	number(m, "os.age", below(m, 8)); /* looking at all pages must not take a bsm.period */
	flag(m, "os.age_flush", chance(m, 75));
	number(m, "os.tlb_ceiling", below(m, 6));
	number(m, "os.page_query", 0); /* a region may have 2^35 pages */
}

static void working_sets(struct maker *m, bool standby)
{
	uint64_t min = 1 + below(m, 12), max = min + below(m, 12);

	number(m, "vmm.ws_min", min);
	number(m, "vmm.ws_max", MAX(13, max));
	number(m, "vmm.lock_overhead", below(m, 3));
	number(m, "vmm.zero_start", below(m, 9));
	number(m, "vmm.mpw_cluster", 1 + below(m, 8));
	number(m, "vmm.fault_cluster", 1 + below(m, 8));
	if (chance(m, 40))
		number(m, "vmm.modified_max", below(m, 12));
	if (chance(m, 25))
		number(m, "vmm.mpw_age_private", 1 + below(m, 4000));
	if (chance(m, 30))
		number(m, "vmm.bsm_fault_rate", 1 + below(m, 8));
	number(m, "vmm.age_max", 1 + below(m, 4));
	number(m, "vmm.age_scan", chance(m, 60) ? 0 : 1 + below(m, 8));
	number(m, "vmm.swap_idle", chance(m, 50) ? 1000000 : 1 + below(m, 8000));
	number(m, "bsm.period", standby && chance(m, 60) ? 1500 + below(m, 5000) : 10000000);
	if (chance(m, 20))
		number(m, "vmm.foreground", 1 + below(m, 3));
}

GPtrArray *tick_some_machine(uint64_t *state, unsigned max_cores, bool free)
{
	struct maker m = {state, g_ptr_array_new_with_free_func(g_free)};
	bool standby;

	set(&m, "clock_ghz=1");
	set(&m, "rules=win32");
	if (max_cores > 1)
		number(&m, "cores", 1 + below(&m, max_cores));
	if (free) {
		set(&m, "order=free");
		number(&m, "os.switch", below(&m, 80));
		number(&m, "sched.quantum", 1 + below(&m, 3000));
	}
	number(&m, "seed", 1 + below(&m, 1000));
	standby = memory(&m);
	pagefile(&m);
	translation(&m);
	costs(&m);
	working_sets(&m, standby);
	return m.settings;
}
