/* model_known.c: differences in which the simulator is known to be wrong, and which are passed over
 * until it is put right. The table must become empty; --strict passes over nothing. */
#include "model/windows_model.h"

bool wm_strict;

/* wm_known_name: what is passed over, for the fuzzer's report. */
const char *wm_known_name(enum wm_known which)
{
	static const char *const names[WM_N_KNOWN] = {
		[WM_TABLE_TAKES_PAGE] = "a page table that a fault on a view needs may take the "
					"standby frame that the fault is about to map (L38, I3)",
		[WM_BAD_AFTER_WRITE] = "a frame that turns bad when the write of its mapped page "
				       "ends stays in the TLB (L32, I24)",
		[WM_LOCK_FAILS] = "the audit takes what a failed read leaves of a VirtualLock for "
				  "a change (I37)",
		[WM_UNDO_FOR_EVER] = "the audit of a MEM_RESET_UNDO of less than a page at the "
				     "bottom of the address space never ends",
		[WM_POLICY_OF_SECTIONS] = "where processes replace their own pages, a reference to "
					  "a shared page is told to the wrong policy",
	};

	return names[which];
}

bool wm_tolerated(enum wm_known which)
{
	(void)which;
	return !wm_strict;
}
