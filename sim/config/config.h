/* config.h: the configuration as the modules read it.
 *
 * struct config is filled from options.def: each line there names a member by its path. Modules
 * keep a const pointer to a finished configuration; nobody changes it afterwards. */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include <glib.h>
#include <vmsim/config.h>
#include <vmsim/types.h>

/* A duration as given, cycles or time, and what it is in cycles once clock_ghz is known (T1). */
struct duration {
	uint64_t amount;      /* cycles, or picoseconds when is_time */
	bool is_time;
	vmsim_cycles cycles;  /* resolved by vmsim_config_finish(), rounded up */
};

enum rules { RULES_ARTICLE, RULES_WIN32 };
enum page_tables { PAGE_TABLES_IN, PAGE_TABLES_OUT };
enum scope { SCOPE_PROCESS, SCOPE_GLOBAL };
enum sees { SEES_ACCESSED_BITS, SEES_EVERY_REFERENCE };
enum tristate { TRI_FALSE, TRI_TRUE, TRI_AUTO };
enum tlb_replacement {
	TLB_LRU,
	TLB_TREE_PLRU,
	TLB_BIT_PLRU,
	TLB_NRU,
	TLB_FIFO,
	TLB_RANDOM,
	TLB_SRRIP,
	TLB_MRU3_PLRU,
};
enum cache_replacement { CACHE_LRU, CACHE_PLRU };
enum order { ORDER_RECORDED, ORDER_FREE };
enum design { DESIGN_RADIX, DESIGN_HASHED, DESIGN_CLUSTERED, DESIGN_INVERTED, N_DESIGNS };
enum dirty { DIRTY_HARDWARE, DIRTY_SOFTWARE };
enum pagefile_grow { GROW_SYNC, GROW_ASYNC };
enum device_kind { DEVICE_HDD, DEVICE_SATA_SSD, DEVICE_NVME, DEVICE_IDEAL };
enum device_queue { QUEUE_FIFO, QUEUE_READ_FIRST, QUEUE_ELEVATOR, QUEUE_AUTO };

#define CONFIG_AUTO UINT64_MAX /* an option left to be derived; resolved when finished */

/* What a level of TLBs has of the level above it (mmu/tlbs.h). */
enum inclusion { MOSTLY_INCLUSIVE, INCLUSIVE, EXCLUSIVE };

/* Whether small pages share entries (mmu/coalesce.h). */
enum coalesce { COALESCE_NONE, COALESCE_ALL, COALESCE_BITMAP };

enum prefetch_kind { PREFETCH_NONE, PREFETCH_NEXT_PAGE, PREFETCH_DISTANCE };

/* The array of pages of one size. */
struct tlb_size_config {
	bool shared;            /* they stand among those of the next smaller size; else: */
	uint64_t entries, ways; /* as below */
};

struct tlb_config {
	uint64_t entries; /* 0: no such level */
	uint64_t ways;    /* as many as entries: fully associative; CONFIG_AUTO is "full" */
	struct duration latency;
	int replacement;
	const char *index; /* as index.h has it */
	int inclusion;     /* enum inclusion; of the second level and the third */
	struct tlb_size_config large, huge;
};

#define CACHE_LEVELS 4

struct cache_config {
	uint64_t size; /* bytes; 0: no such level, nor any below it */
	uint64_t ways; /* as many as lines: fully associative; CONFIG_AUTO is "full" */
	uint64_t line; /* bytes, a power of two */
	struct duration latency;
	int replacement;
	bool shared, victim;
};

struct config {
	int rules;
	uint64_t seed;
	uint64_t cores;
	uint64_t clock_ghz; /* in thousandths: MHz */
	int order;
	struct {
		uint64_t frames;
		int page_tables;
		bool zeroed;
		bool zero_fill_dirty;
		bool charge_page_tables;
		bool huge_pages;
	} memory;
	struct {
		int policy; /* index for vmsim_policy_at() */
		int scope;
		int sees;
	} replacement;
	struct {
		bool enabled;
	} standby;
	struct {
		uint64_t size, max_size, grow_step; /* bytes, of each */
		uint64_t count;
		int grow;
		bool reserve;
		int device;
	} pagefile;
	struct {
		bool enabled;
		uint64_t ratio, max; /* per cent */
	} store;
	struct {
		struct duration read_latency, write_latency;
		uint64_t read_bandwidth, write_bandwidth; /* bytes per second; 0: no limit */
		uint64_t channels;
		int queue; /* enum device_queue; not AUTO once finished */
		/* A disk, if a duration is not 0 (T17). */
		struct duration seek, seek_min, seek_max, rotation;
		uint64_t size; /* bytes */
	} device;
	struct {
		int implicit_commit; /* tristate */
		uint64_t ticks_per_second;
	} trace;
	struct {
		struct tlb_config l1d, l1i, l2, l2i, l3;
		bool unified; /* l1d is for code, too, and there is no l1i */
		struct {
			int kind;       /* enum coalesce */
			uint64_t pages; /* of a group */
		} coalesce;
		struct {
			int kind; /* enum prefetch_kind */
			uint64_t degree, entries, rows;
		} prefetch;
		bool pcid;
		uint64_t pcids;
	} tlb;
	struct {
		struct {
			uint64_t entries; /* 0: none */
		} pml5e, pml4e, pdpte, pde;
		struct duration latency;
	} psc;
	struct {
		uint64_t count;
		struct duration overhead, ad_update;
	} walker;
	struct {
		struct cache_config level[CACHE_LEVELS];
		bool data;
		uint64_t pte_share; /* for config_share() */
	} caches;
	struct {
		bool enabled;
		uint64_t levels;
		int page_size; /* level of the entries that map it: 0, 1, 2 */
		struct {
			uint64_t entries; /* 0: none */
			struct duration latency;
		} tlb;
		struct {
			struct {
				uint64_t entries; /* 0: none */
			} pml4e, pdpte, pde;
			struct duration latency;
		} psc;
	} nested;
	struct {
		int design;
		uint64_t levels;
		bool pdpte_registers;
		bool nx;
		int dirty;
		struct {
			uint64_t load; /* per cent */
		} hash;
	} paging;
	struct {
		struct duration cycles_per_reference;
		uint64_t mlp; /* references of a thread in flight at once */
	} core;
	struct {
		struct duration latency;
	} data, dram;
	struct {
		struct duration trap, return_, demand_zero, transition, hard, cow, guard, violation,
			spurious, dirty, zero_page, trim, write, compress, decompress, age, invlpg,
			cr3, switch_, ipi, ipi_per_core, ipi_handler;
		struct duration call, page_commit, page_decommit, page_free, page_protect,
			page_reset, page_offer, page_watch, page_lock, page_query, page_prefetch;
		bool age_flush;
		uint64_t tlb_ceiling; /* pages (H17) */
	} os;
	struct {
		struct duration quantum, recorded_switch;
		uint64_t window; /* events */
	} sched;
	struct {
		uint64_t avail_low, avail_high;
		uint64_t mpw_free_low, mpw_avail_low, modified_max;
		struct duration mapped_age, mpw_age_private;
		uint64_t zero_start;
		uint64_t mpw_cluster, fault_cluster, prefetch_max; /* pages of one request */
		uint64_t ws_min, ws_max, lock_overhead;
		bool increase_working_set_privilege;
		uint64_t age_max, age_scan;    /* W4; pages of a working set at one wake, 0: all */
		uint64_t bsm_fault_rate; /* faults in a period that wake it; 0: none do (W3) */
		struct duration swap_idle;
		uint64_t foreground;           /* pid; 0: none (W6) */
		uint64_t page_priority;        /* W11 */
		uint64_t va_seed;
		bool nt_partial_release;
		bool lock_memory_privilege;
	} vmm;
	struct {
		struct duration period;
	} bsm; /* the balance set manager */
	/* Options of the policies: values of policy i start at policy_options[i]. Private to
	 * config.c; use config_policy_options(). */
	GPtrArray *policy_options;
};

/* config_get: the finished configuration behind the public handle; NULL before it is finished. */
const struct config *config_get(const vmsim_config *config);
/* config_large_replacement: that of a level's arrays of large pages alone, which need not have
 * three groups of ways. */
static inline int config_large_replacement(const struct tlb_config *tlb)
{
	return tlb->replacement == TLB_MRU3_PLRU ? TLB_TREE_PLRU : tlb->replacement;
}
/* config_is_disk: whether the device has an arm and turns (T17). => durations are resolved */
static inline bool config_is_disk(const struct config *config)
{
	return config->device.seek.cycles > 0 || config->device.seek_min.cycles > 0 ||
	       config->device.seek_max.cycles > 0 || config->device.rotation.cycles > 0;
}
/* config_share: a fraction of n, rounded down. A FRACTION has its numerator in the upper half. */
static inline uint64_t config_share(uint64_t fraction, uint64_t n)
{
	return n * (fraction >> 32) / (fraction & 0xFFFFFFFFu);
}
/* config_policy_options: values of the chosen policy's options, in its table's order. */
const uint64_t *config_policy_options(const struct config *config, size_t policy);

/* config_text: an option's value as it is written, without quotes. g_free() it. */
char *config_text(const struct config *config, const char *path);

#endif
