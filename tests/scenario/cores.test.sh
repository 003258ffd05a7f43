#!/bin/sh
# cores.test.sh: several cores, with the arithmetic by hand (timing T3, T4, T15, T16, T20). The machine
# is `teaching`, with calls that cost nothing but 100 for each page that they decommit, and a TLB that
# holds everything; interrupts cost 1000 and 100 for each core, the handler 400, an invalidation 10,
# a flush 30.
. tests/tap.sh

report=$tmp/report.json
replay() {
  trace=$1
  shift
  rm -f "$report" "$report.flat"
  "$VMSIM" check -q -r "$report" -c teaching -s os.call=0 -s os.page_commit=0 \
    -s os.page_decommit=100 -s os.page_free=0 -s os.ipi=1000 -s os.ipi_per_core=100 \
    -s os.ipi_handler=400 -s os.invlpg=10 -s os.cr3=30 -s tlb.l1d.entries=64 -s tlb.l1d.ways=full \
    -s standby.enabled=true -s vmm.zero_start=0 "$@" "$trace" >"$tmp/out" 2>&1 ||
    sed 's/^/# /' "$tmp/out" | head -3
  [ -f "$report" ] && flatten "$report"
}
# costs PHASE BUCKET CYCLES WHY
costs() { is "$(phase "$report" "$1" "cycle_stack.$2")" "$3" "$1: $2: $4 = $3"; }
lasts() { is "$(phase "$report" "$1" cycles)" "$2" "$1: $3 = $2"; }

# --- T15 --------------------------------------------------------------------------------------
for audit in off full; do
  rules H16 H20.free
  replay tests/scenario/cores.vmt -s cores=3 --audit $audit
  costs waiting call 110 "a page 100 + invalidation 10"
  costs waiting shootdown 1610 "round 1000 + 2 x 100, and two handlers at once 400 + 10"
  costs waiting interrupted 820 "two cores, 400 + 10 each"
  lasts waiting 1720 "110 + 1610"
  costs working call 1420 "core 1 is at 6400 for 64 pages, but for the handler: 1720 - 410, and 110"
  costs working shootdown 1610 "the core that works in the kernel answers at once"
  costs working interrupted 820 "two cores, 400 + 10 each"
  lasts working 1720 "as before: core 1 still works"
  lasts worked 5090 "core 1 ends its 6400 and 410 1720 after it began"
  # The gap 1 is over when the walk begins, long before the interrupt is sent.
  replay tests/scenario/cores.vmt -s cores=3 -s dram.latency=4000 --audit $audit -s tlb.l1d.entries=1
  lasts reading 8415 "the reference 1 + walk 8000 + data 4, and only then its core's handler 410"
  costs reading shootdown 8305 "all of that but the call's 110: round 1200, the wait 7105"
  replay tests/scenario/cores.vmt -s cores=3 -s os.tlb_ceiling=1 --audit $audit
  costs flushing call 230 "two pages 200 + flush 30"
  costs flushing shootdown 1630 "round 1200 + handlers at once 400 + flush 30"
  costs flushing interrupted 860 "two cores, 400 + 30 each"
done
is "$(get "$report" counters.tlb_shootdowns)" 4 "every decommit of a page that was there is a round"
is "$(get "$report" counters.shootdown_ipis)" 8 "each to two cores"
replay tests/scenario/cores.vmt
is "$(get "$report" cycle_stack.shootdown)" 0 "one core waits for nobody"
is "$(get "$report" cycle_stack.interrupted)" 0 "nor is it interrupted"
is "$(get "$report" counters.shootdown_ipis)" 0 "and sends no interrupts"

# A frame that is given up is listed when all have answered (T2), and so can be taken.
rules L3 H16
for audit in off full; do
  replay tests/scenario/cores-held.vmt -s cores=3 -s memory.frames=3 -s memory.page_tables=out --audit $audit
  costs held shootdown 1510 "round 1000 + 100, the handler 410"
  lasts held 1794 "call 110 + 1510; then 2.1 has the frame: service 130 + return 20 + walk 20 + data 4"
done
replay tests/scenario/cores-held.vmt -s cores=3 -s memory.frames=4 -s memory.page_tables=out
lasts held 250 "with one more it does not wait: 2.1 is still in its last call for 5, gap 1 + walk 20 + trap 50 + 174"

# Who is always too late (W2): of two that need the only frame at the same time, each has its page
# taken eight times before the access follows; then it stays, and the other waits.
rules W2 L3
for order in recorded free; do
  replay tests/scenario/cores-one-frame.vmt -s cores=2 -s memory.frames=1 -s memory.page_tables=out \
    -s standby.enabled=false -s memory.zero_fill_dirty=false -s order=$order --audit full
  is "$(get "$report" counters.demand_zero_faults)" 18 "$order: two threads, eight faults in vain each, and one"
done

# --- T4, and flushes that are left for a switch -------------------------------------------------
rules H15
replay tests/scenario/cores-switch.vmt -s cores=2 -s sched.recorded_switch=7 --audit full
lasts other 0 "2.1 may begin when 1.1 has, on another core"
costs stale switch 37 "2.1 takes the core of 1.2, which waited longest: switch 7 + CR3 30"
costs stale shootdown 0 "core 1 is in another address space"
costs stale call 110 "a page 100 + invalidation 10"
costs back switch 67 "1.2 takes core 1 back: switch 7 + CR3 30, and the flush that was left 30"
costs back walk 20 "nothing is left in its TLB"
is "$(get "$report" counters.thread_switches)" 2 "two switches"
replay tests/scenario/cores-switch.vmt -s cores=2 -s tlb.pcid=false --audit full
costs back switch 30 "without PCIDs nothing was left to flush: CR3 30"

# --- T16: background work goes where nothing runs -------------------------------------------------
awk 'BEGIN {
  print "# vmtrace 1"
  for (t = 1; t <= 4; t++)
    printf "1.%d VirtualAlloc(0x%x, 0x100000, MEM_RESERVE|MEM_COMMIT, PAGE_READWRITE) = 0x%x\n", t, t * 1048576, t * 1048576
  for (i = 0; i < 3000; i++) {
    t = i % 4 + 1
    printf "1.%d %s 0x%x\n", t, i % 3 ? "R" : "W", t * 1048576 + (i * 7 % 256) * 4096
    if (i % 500 == 499) printf "1.%d EmptyWorkingSet()\n", t
  }
}' >"$tmp/trim.vmt"
for cores in 1 2 4 64; do
  "$VMSIM" run -q -r "$report" -s cores=$cores -s memory.frames=200 --audit cheap "$tmp/trim.vmt" >/dev/null 2>"$tmp/err" ||
    sed 's/^/# /' "$tmp/err"
  flatten "$report"
  shootdown=$(get "$report" cycle_stack.shootdown)
  interrupted=$(get "$report" cycle_stack.interrupted)
  if [ $cores -eq 1 ]; then
    is "$shootdown $interrupted" "0 0" "one core that trims interrupts nobody"
  else
    holds "$cores cores: trimming costs shootdowns" "$shootdown" -gt 0
    holds "$cores cores: and interrupts" "$interrupted" -gt 0
  fi
  eval "stack_$cores=\$(awk '/^cores\.[0-9]+\.cycle_stack\./ { s += \$3 } END { printf \"%.0f\", s }' \"\$report.flat\")"
  eval "is \"\$stack_$cores\" \"\$(( $cores * $(get "$report" cycles) ))\" \"$cores cores: their stacks sum to cores x cycles\""
done
kernel=$(awk '/^cores\.[0-9]+\.cycle_stack\.kernel/ { split($1, a, "."); if (a[2] > 3) s += $3 } END { print s + 0 }' "$report.flat")
holds "cores without a thread trim and write" "$kernel" -gt 0

done_testing
