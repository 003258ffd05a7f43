/* test_config_checks.c: options that do not go together, each good by itself. */
#include "unit/config_steps.h"

/* TLBs: sets that an index can name, groups that share entries. */
static void test_tlbs(void)
{
	expect_failure(
		"tlb.l2.entries=1000",
		"tlb.l2.ways=12: does not divide tlb.l2.entries=1000 (expected a divisor, or "
		"\"full\")");
	expect_failure("{\"tlb\": {\"l2\": {\"entries\": 36, \"index\": \"xor\"}}}",
		       "tlb.l2.index=xor: of no use for the 3 sets of 36 entries of 12 ways "
		       "(expected \"linear\", or a power of two with \"xor\" or its number of "
		       "groups)");
	expect_failure("tlb.l1d.index=0^4,1^5,2",
		       "tlb.l1d.index=0^4,1^5,2: of no use for the 16 sets of 64 entries of 4 ways "
		       "(expected \"linear\", or a power of two with \"xor\" or its number of "
		       "groups)");
	expect_failure("tlb.coalesce.pages=6",
		       "tlb.coalesce.pages=6: no power of two (expected 2, 4 or 8)");
	expect_failure("{\"tlb\": {\"coalesce\": {\"kind\": \"all\"}, \"l2\": {\"inclusion\": "
		       "\"exclusive\"}}}",
		       "tlb.coalesce.kind: pages that share entries need levels that are "
		       "mostly-inclusive (tlb.l2.inclusion, tlb.l3.inclusion)");
	expect_failure("{\"tlb\": {\"coalesce\": {\"kind\": \"all\"}}, \"paging\": {\"design\": "
		       "\"inverted\"}}",
		       "tlb.coalesce.kind: a walk of such a table sees one page's entry alone "
		       "(expected paging.design=radix or clustered)");
}

/* TLBs: levels and what stands in them. */
static void test_levels(void)
{
	expect_failure("tlb.l1d.replacement=mru3-plru",
		       "tlb.l1d.ways=4: no three groups for mru3-plru (expected a multiple of 3)");
	EXPECT("tlb.l1d.large.ways", "4", "tlb.l1d.entries=96", "tlb.l1d.ways=6",
	       "tlb.l1d.replacement=mru3-plru"); /* large pages alone: by a tree */
	expect_failure("{\"tlb\": {\"l2\": {\"entries\": 0}, \"l3\": {\"entries\": 64}}}",
		       "tlb.l3.entries=64: there is no tlb.l2 (expected tlb.l2.entries above 0)");
	expect_failure("{\"tlb\": {\"l2\": {\"entries\": 0}, \"l2i\": {\"entries\": 64}}}",
		       "tlb.l2i.entries=64: data has no second level (expected tlb.l2.entries "
		       "above 0)");
	expect_failure("{\"tlb\": {\"unified\": true, \"l2i\": {\"entries\": 64}}}",
		       "tlb.l2i.entries=64: the first level is one for code and data (expected "
		       "tlb.unified=false)");
	EXPECT("tlb.l2.index", "linear", "tlb.l2.entries=36");
	EXPECT("tlb.l1d.index", "0^4,1^5,2,3^7^40", "tlb.l1d.index=0^4,1^5,2,3^7^40");
	expect_failure("tlb.l1d.large.entries=30",
		       "tlb.l1d.large.ways=4: does not divide tlb.l1d.large.entries=30 (expected a "
		       "divisor, or \"full\")");
	expect_failure("{\"tlb\": {\"l2\": {\"entries\": 0, \"large\": {\"shared\": false, "
		       "\"entries\": 16}}}}",
		       "tlb.l2.large.entries=16: there is no tlb.l2 (expected tlb.l2.entries above "
		       "0)");
	EXPECT("tlb.l2.entries", "0", "tlb.l2.entries=0");
}

/* Caches. */
static void test_caches(void)
{
	expect_failure("caches.l2.size=1MiB",
		       "caches.l2.size: there is no level above it (expected 0)");
	expect_failure("caches.l1.size=32000",
		       "caches.l1.size=32000: not whole sets of 8 lines of 64 bytes (expected a "
		       "multiple of 512)");
	expect_failure("{\"caches\": {\"l1\": {\"size\": 480, \"line\": 48, \"ways\": 1}}}",
		       "caches.l1.line: not a power of two");
	expect_failure("{\"caches\": {\"l1\": {\"size\": 768, \"ways\": 12, \"replacement\": "
		       "\"plru\"}}}",
		       "caches.l1.replacement=plru: a tree has a power of two of ways, at most 64 "
		       "(expected lru, or other ways)");
	expect_failure("{\"caches\": {\"l1\": {\"size\": 512, \"shared\": true}, \"l2\": "
		       "{\"size\": 1024}}}",
		       "caches.l2.shared=false: the level above it is shared (expected true)");
	expect_failure("{\"caches\": {\"l1\": {\"size\": 512}, \"l2\": {\"size\": 4096, "
		       "\"line\": 128, \"victim\": true}}}",
		       "caches.l2.victim=true: it keeps lines of the level above (expected lines "
		       "as long as those)");
	EXPECT("caches.l1.ways", "4", "caches.l1.size=256");
	EXPECT("caches.l1.ways", "512", "caches.l1.size=32KiB", "caches.l1.ways=full");
	EXPECT("caches.l1.ways", "8", "caches.l1.size=0");
}

/* What the memory manager is given to work with. */
static void test_memory(void)
{
	expect_failure("{\"vmm\": {\"avail_low\": 9, \"avail_high\": 8}}",
		       "vmm.avail_low=9: above vmm.avail_high=8 (trimming could never stop)");
	expect_failure("vmm.ws_min=400", "vmm.ws_min=400: above vmm.ws_max=345");
	expect_failure("pagefile.size=5000",
		       "pagefile.size=5000: not whole pages (expected a multiple of 4096)");
	expect_failure("pagefile.max_size=9000000000",
		       "pagefile.max_size=9000000000: not whole pages (expected a multiple of "
		       "4096)");
	expect_failure("pagefile.grow_step=4097",
		       "pagefile.grow_step=4097: not whole pages (expected a multiple of 4096)");
	expect_failure("pagefile.max_size=4096",
		       "pagefile.max_size=4096: below pagefile.size=8589934592 (expected at least "
		       "that, or \"auto\")");
	EXPECT("pagefile.max_size", "1048576", "pagefile.size=1MiB");
	expect_failure("{\"standby\": {\"enabled\": false}, \"store\": {\"enabled\": true}}",
		       "store.enabled=true needs standby.enabled=true: pages pass through its lists "
		       "into the store");
	expect_failure("{\"pagefile\": {\"count\": 16}, \"store\": {\"enabled\": true}}",
		       "pagefile.count=16: the store takes the place of the sixteenth file "
		       "(expected at most 15 with store.enabled=true)");
	expect_failure("vmm.mapped_age=1000000s",
		       "vmm.mapped_age=1000000s: more than 10^15 cycles (expected a duration of "
		       "one timer)");
	EXPECT("vmm.mapped_age", "1000s", "vmm.mapped_age=1000s");
	expect_failure(
		"replacement.clock.insert_referenced=false",
		"replacement.clock.insert_referenced=false needs "
		"replacement.sees=every-reference: a processor sets the accessed bit for the "
		"access that faulted");
	EXPECT("replacement.clock.insert_referenced", "false",
	       "replacement.clock.insert_referenced=false", "replacement.sees=every-reference");
	EXPECT("replacement.policy", "lru", "replacement.clock.insert_referenced=false",
	       "replacement.policy=lru"); /* clock's own business */
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/config-checks/tlbs", test_tlbs);
	g_test_add_func("/config-checks/levels", test_levels);
	g_test_add_func("/config-checks/caches", test_caches);
	g_test_add_func("/config-checks/memory", test_memory);
	return g_test_run();
}
