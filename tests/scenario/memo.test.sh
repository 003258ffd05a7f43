#!/bin/sh
# The hot path's memo of the last page, dropped whenever it must be (sim/mmu/mmu.h).
. tests/tap.sh
for pcid in true false; do
  rules H20.tighter I28
  "$VMSIM" check -q -s tlb.pcid=$pcid tests/scenario/memo.vmt >"$tmp/out" 2>&1
  ok $? "tlb.pcid=$pcid" || sed 's/^/# /' "$tmp/out"
done
done_testing
