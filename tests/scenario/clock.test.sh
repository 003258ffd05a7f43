#!/bin/sh
# clock.test.sh: costs in cycles.
#   1. The worked example (configs/teaching.json) and more of its kind, to the cycle, on the machine `teaching`:
#      gap 1, a page-table entry 10, two levels, #PF 50 + 100 + 30 + 20 = 200, data 4; no second
#      level TLB, no paging-structure caches.
#   2. T21: with every latency 0 except one, the cycles of a run are that latency times its event's
#      count, for every latency that the program has.
. tests/tap.sh

report=$tmp/report.json
# replay TRACE OPTION...: leaves the report flattened.
replay() {
  trace=$1
  shift
  rm -f "$report" "$report.flat"
  "$VMSIM" check -q -r "$report" "$@" "$trace" >"$tmp/out" 2>&1 || sed 's/^/# /' "$tmp/out" | head -3
  [ -f "$report" ] && flatten "$report"
}
# costs PHASE CYCLES WHY
costs() { is "$(phase "$report" "$1" cycles)" "$2" "$1: $3 = $2"; }
counter() { get "$report" "counters.$1"; }

# --- 1. by hand ------------------------------------------------------------------------------
replay tests/scenario/worked.vmt -c teaching
costs first 235 "gap 1 + absent upper entry 10 + fault 200 + walk 2 x 10 + data 4"
costs second 5 "gap 1 + hit 0 + data 4"
replay tests/scenario/worked.vmt -c teaching -s paging.levels=4
costs first 255 "gap 1 + absent top entry 10 + fault 200 + walk 4 x 10 + data 4"
costs second 5 "gap 1 + hit 0 + data 4"

replay tests/scenario/teaching.vmt -c teaching -s os.violation=7 -s os.guard=9
costs cold 235 "gap 1 + absent upper entry 10 + fault 200 + walk 20 + data 4 (a load costs the same)"
costs warm 5 "gap 1 + hit 0 + data 4"
costs next 245 "gap 1 + absent leaf 2 x 10 + fault 200 + walk 20 + data 4"
costs gap 255 "the trace's gap 250 + 1 + hit 0 + data 4"
costs third 245 "as next; takes the entry of A+0x1000, used before A"
costs evicted 25 "gap 1 + walk 20 + data 4; takes the entry of A"
costs hit 5 "A+0x2000 is still there: gap 1 + hit 0 + data 4"
costs across 5 "gap 1 + two hits 0 + data once 4"
costs reserved 98 "gap 1 + absent leaf 20 + trap 50 + os.violation 7 + return 20; no data"
costs guard 100 "gap 1 + absent leaf 20 + trap 50 + os.guard 9 + return 20; no data"
costs unguarded 245 "gap 1 + absent leaf 20 + fault 200 + walk 20 + data 4"
costs dirty 15 "gap 1 + hit without D: the leaf again 10 (T11) + data 4"
costs clean 5 "gap 1 + hit with D 0 + data 4"
costs twice 475 "gap 1 + (10 + 200 + 20) + (20 + 200 + 20) + data once 4"

# A cache of 64 lines that answers in 3 cycles; entries of the page table have 4 bytes.
cache="-s caches.l1.size=4KiB -s caches.l1.ways=full -s caches.l1.latency=3"
for audit in off full; do
  replay tests/scenario/cached.vmt -c teaching $cache -s caches.data=true --audit $audit
  costs cold 241 "gap 1 + absent upper entry 10 + fault 200 + walk 2 x 10 + data 10"
  costs warm 4 "gap 1 + hit 0 + data 3"
  costs line 4 "gap 1 + hit 0 + the line of its first byte 3"
  costs next 11 "gap 1 + hit 0 + the line after it, which nobody read, 10"
  costs page 223 "gap 1 + absent leaf 2 x 3 + fault 200 + walk 2 x 3 + data 10"
  costs across 11 "gap 1 + hits 0 + data once, the slower of 10 and 3"
  costs again 4 "gap 1 + hits 0 + data once, 3"
done
replay tests/scenario/cached.vmt -c teaching $cache
costs cold 235 "gap 1 + absent upper entry 10 + fault 200 + walk 2 x 10 + data 4"
costs page 217 "gap 1 + absent leaf 2 x 3 + fault 200 + walk 2 x 3 + data 4"

# Several references in flight (T8). Each begins a cycle after the one before, its computation.
# spent PHASE BUCKET CYCLES...: what was booked where.
spent() {
  name=$1
  shift
  while [ $# -gt 0 ]; do
    is "$(phase "$report" "$name" "cycle_stack.$1")" "$2" "$name: of that, $1 $2"
    shift 2
  done
}
overlap="-c teaching -s os.call=30 -s core.mlp"
for audit in off full; do
  replay tests/scenario/overlap.vmt $overlap=2 -s walker.count=2 --audit $audit
  costs hits 9 "data from 1 to 5, 2 to 6, and, the first having ended, 5 to 9"
  spent hits compute 1 data 8
  costs walks 26 "walk and data from 1 to 25 and from 2 to 26"
  spent walks compute 1 walk 20 walk_wait 0 data 5
  costs joined 45 "walk 1 to 21, data to 25; the other waits from 2 to 21 for that walk: walk to 41, data to 45"
  spent joined compute 1 walk 36 walk_wait 0 data 8
  is "$(counter walks_joined)" 1 "joined: and the counter says so"
  costs gaps 26 "gap to 10, data 11 to 15; gap to 21, data 22 to 26"
  spent gaps compute 18 data 8
  costs fault 246 "data 1 to 5; walk 2 to 22, fault 200, walk 20, data 4"
  spent fault compute 1 data 8 walk 37 trap 70
  costs after 35 "data 1 to 5, then the call 30"
  costs across 45 "two walks and data 1 to 45; the other's walk and data 2 to 26"
  spent across compute 1 walk 40 data 4
  costs threads 15 "3 x (1 + data 4): a thread's references end before another's turn"
  spent end compute 1 data 4 idle 0
done
replay tests/scenario/overlap-timer.vmt $overlap=2 -s data.latency=50 -s bsm.period=2000 -s os.age=40 \
  -s os.age_flush=false -s replacement.policy=windows
is "$(get "$report" cycles)" 2182 \
  "timer: data 1991 to 2041, 1992 to 2042, 2041 to 2091; a page looked at 40; 2131 + 1 + data 50"
replay tests/scenario/overlap.vmt $overlap=2
costs walks 45 "the walker is busy to 21: walk 21 to 41, data to 45"
spent walks compute 1 walk 36 walk_wait 0 data 8
replay tests/scenario/overlap.vmt $overlap=3 -s walker.count=2
costs hits 7 "data from 1 to 5, 2 to 6, 3 to 7"
replay tests/scenario/overlap.vmt $overlap=1
one=$(get "$report" cycles)
replay tests/scenario/overlap.vmt -c teaching -s os.call=30
is "$one" "$(get "$report" cycles)" "one at a time is the default"
costs hits 15 "3 x (1 + data 4)"
costs walks 50 "2 x (1 + walk 20 + data 4)"

# --- 2. one latency at a time (T21) ------------------------------------------------------------
"$VMSIM" list options >"$tmp/options" 2>/dev/null
has() { awk -v o="$1" '{ for (i = 1; i <= NF; i++) if ($i == o) f = 1 } END { exit !f }' "$tmp/options"; }

latencies="tlb.l1d.latency tlb.l1i.latency tlb.l2.latency tlb.l2i.latency tlb.l3.latency psc.latency walker.ad_update dram.latency
  walker.overhead nested.tlb.latency nested.psc.latency caches.l1.latency caches.l2.latency caches.l3.latency caches.l4.latency
  data.latency core.cycles_per_reference os.trap os.return os.demand_zero os.transition os.hard
  os.guard os.violation os.spurious os.cow os.dirty os.zero_page os.trim os.write os.compress
  os.decompress os.age os.invlpg
  os.cr3 os.call os.page_commit os.page_decommit os.page_free os.page_protect os.page_reset
  os.page_offer os.page_watch os.page_lock os.page_query os.page_prefetch os.ipi os.ipi_per_core os.ipi_handler
  os.switch sched.recorded_switch device.read_latency device.write_latency device.seek
  device.seek_min device.seek_max device.rotation"
set -- -s pagefile.device=ideal
for o in device.read_bandwidth device.write_bandwidth $latencies; do
  has "$o" && set -- "$@" -s "$o=0"
done
zero=$*
tested=
holds "the program lists its latencies" $# -gt 50

# trace NAME: a trace from standard input, after its first line.
trace() { { echo '# vmtrace 1'; cat; } >"$tmp/$1.vmt"; }
pages() { # OP LABEL PAGES
  awk -v op="$1" -v l="$2" -v n="$3" 'BEGIN { for (i = 0; i < n; i++) printf "%s %s+0x%x 4\n", op, l, i * 4096 }'
}
# only OPTION TRACE COUNT OPTION...: the run's cycles are 7 per event. COUNT is a counter, a sum of
# counters or a number, in the words of expr. Option and 0 are in front of the run's own options.
only() {
  option=$1 name=$2 count=$3
  shift 3
  tested="$tested $option"
  if ! has "$option"; then skip "$option" "no such option"; return; fi
  replay "$tmp/$name.vmt" $zero "$@" -s "$option=7"
  words=
  for w in $count; do
    case $w in [a-z]*) w=$(counter "$w") ;; esac
    words="$words $w"
  done
  events=$(number "$(expr $words 2>/dev/null)")
  holds "$option: there are events" "$events" -gt 0
  is "$(get "$report" cycles)" "$((events * 7))" "$option: 7 x ($count)"
}

# Loads and stores of 40 pages, each stored to first; accesses across pages; two violations, two
# guards: one on the first, one on the second page of its access.
{
  echo 'VirtualAlloc(NULL, 0x28000, MEM_RESERVE|MEM_COMMIT, PAGE_READWRITE) = A'
  echo 'VirtualAlloc(NULL, 0x3000, MEM_RESERVE|MEM_COMMIT, PAGE_READWRITE) = G'
  echo 'VirtualProtect(G, 0x1000, PAGE_READWRITE|PAGE_GUARD) = TRUE PAGE_READWRITE'
  echo 'VirtualProtect(G+0x2000, 0x1000, PAGE_READWRITE|PAGE_GUARD) = TRUE PAGE_READWRITE'
  pages W A 40
  pages R A 40
  echo 'W A+0x4ffe 4'
  echo 'R A+0x6ffc 8'
  echo 'R A+0x6ffd 8'
  echo 'R 0x20 1 = ACCESS_VIOLATION'
  echo 'R A+0x27ffe 4 = ACCESS_VIOLATION'
  echo 'W G 1 0x1 = GUARD_PAGE'
  echo 'W G+0x1fff 2 0x1 = GUARD_PAGE'
  echo 'W G 1 0x1 = OK'
  pages W A 40
} | trace data
small="-s tlb.l1d.entries=8 -s tlb.l1d.ways=4 -s tlb.l2.ways=4 -s tlb.l2.entries=32"
only core.cycles_per_reference data references
only data.latency data "references - access_violations - guard_page_faults"
only tlb.l1d.latency data "dtlb_hits + dtlb_misses + tlb_relookups" $small
only tlb.l2.latency data "stlb_hits + stlb_misses + tlb_relookups" $small
only tlb.l3.latency data "tlb_l3_hits + tlb_l3_misses + tlb_relookups" $small -s tlb.l3.entries=36 -s tlb.l3.ways=full
only dram.latency data walk_references $small
only walker.overhead data page_walks $small
only walker.overhead data page_walks $small -s walker.count=2
nested="-s nested.enabled=true -s nested.psc.pde.entries=4 -s nested.psc.pml4e.entries=1"
only nested.tlb.latency data "nested_tlb_hits + nested_tlb_misses" $small $nested -s nested.tlb.entries=3
only nested.psc.latency data host_walks $small $nested -s nested.tlb.entries=3
only dram.latency data "walk_references + host_references" $small $nested -s nested.tlb.entries=3
only dram.latency data "walk_references + host_references" $small $nested
only psc.latency data "psc_hits + psc_misses" $small -s psc.pde.entries=1
only os.trap data page_faults
only os.return data page_faults
only os.demand_zero data demand_zero_faults
only os.guard data 2
only os.violation data 2

# Caches of 4, 8, 16 and 64 lines, fully associative. Each page has a line of the page table to itself:
# one in eight is used. Rounds of few pages end in upper levels, 40 pages reach the fourth.
apart() { # OP LABEL PAGES
  awk -v op="$1" -v l="$2" -v n="$3" 'BEGIN { for (i = 0; i < n; i++) printf "%s %s+0x%x 4\n", op, l, i * 32768 }'
}
{
  echo 'VirtualAlloc(NULL, 0x140000, MEM_RESERVE|MEM_COMMIT, PAGE_READWRITE) = A'
  apart W A 40
  for n in 1 2 4 6 9 12; do
    apart R A $n
    apart W A $n
  done
  apart R A 40
} | trace lines
levels= n=0
for size in 256 512 1KiB 4KiB; do
  n=$((n + 1))
  levels="$levels -s caches.l$n.ways=full -s caches.l$n.size=$size"
  for data in false true; do
    both=cache_l${n}_table_hits
    [ $data = false ] || both="$both + cache_l${n}_data_hits"
    only caches.l$n.latency lines "$both" $small $levels -s caches.data=$data -s caches.pte_share=1
  done
  only dram.latency lines "cache_l${n}_table_misses + cache_l${n}_data_misses" $small $levels \
    -s caches.data=true
  only dram.latency lines "cache_l${n}_table_misses" $small $levels
done
is "$(get "$report" cycle_stack.data)/$(counter cache_l1_data_misses)" 0/0 "caches.data=false: no data in them"
only data.latency lines references $small $levels
only dram.latency lines "walk_references + references" $small -s caches.data=true

# Fetches.
{
  echo 'VirtualAlloc(NULL, 0x14000, MEM_RESERVE|MEM_COMMIT, PAGE_EXECUTE_READWRITE) = A'
  for i in 1 2 3; do pages X A 20; done
  echo 'X A+0x4ffe 4'
} | trace fetch
only tlb.l1i.latency fetch "itlb_hits + itlb_misses + tlb_relookups" -s tlb.l1i.entries=8 -s tlb.l1i.ways=8
only tlb.l1d.latency fetch "itlb_hits + itlb_misses + tlb_relookups" -s tlb.unified=true
only tlb.l2i.latency fetch "stlb_hits + stlb_misses + tlb_relookups" -s tlb.l1i.entries=8 -s tlb.l1i.ways=8 -s tlb.l2i.entries=16

# Entries whose A or D a walk sets, four levels: the first store sets A on the four levels (and D, in
# the same entry, the leaf's): 4. Two more pages of the table: a leaf each: 2. A load sets a leaf's A:
# 1; a store to it its D: 1. Together 8.
{
  echo 'VirtualAlloc(NULL, 0x4000, MEM_RESERVE|MEM_COMMIT, PAGE_READWRITE) = A'
  pages W A 3
  echo 'R A+0x3000 4 = 0x0'
  echo 'W A+0x3000 4 0x1 = OK'
  echo 'W A+0x3000 4 0x2 = OK'
} | trace bits
only walker.ad_update bits 8

# The walk of a store whose entry lacks D fetches the leaf: 7 cycles more than another load.
if has dram.latency; then
  cycles=
  for op in R W; do
    {
      echo 'VirtualAlloc(NULL, 0x1000, MEM_RESERVE|MEM_COMMIT, PAGE_READWRITE) = A'
      echo 'R A 4'
      echo "$op A 4"
      echo "$op A 4"
    } | trace again$op
    replay "$tmp/again$op.vmt" $zero -s dram.latency=7
    cycles="$(number "$(get "$report" cycles)") $cycles"
  done
  is "$(echo "$cycles" | awk '{ print $1 - $2 }')" 7 "dram.latency: a store through an entry without D fetches the leaf once more"
fi

# Pages that leave the working set by protection and are found again: 3 soft faults.
{
  echo 'VirtualAlloc(NULL, 0x3000, MEM_RESERVE|MEM_COMMIT, PAGE_READWRITE) = A'
  pages W A 3
  echo 'VirtualProtect(A, 0x3000, PAGE_NOACCESS) = TRUE PAGE_READWRITE'
  echo 'VirtualProtect(A, 0x3000, PAGE_READWRITE) = TRUE PAGE_NOACCESS'
  pages R A 3
} | trace soft
only os.transition soft 3

# Textbook paging: 32 stored pages go round through 16 frames. Every reference is a fault; each but
# the first 16 takes a page away and writes it: 96 - 16 = 80; each but the first 32 reads: 64.
{
  echo 'VirtualAlloc(NULL, 0x20000, MEM_RESERVE|MEM_COMMIT, PAGE_READWRITE) = A'
  for i in 1 2 3; do pages W A 32; done
} | trace swap
swap="-s memory.frames=16 -s memory.page_tables=out -s standby.enabled=false -s replacement.policy=fifo
  -s replacement.sees=every-reference"
only os.hard swap 64 $swap
only os.trim swap 80 $swap
only device.read_latency swap 64 $swap
only device.write_latency swap 80 $swap
# A disk: those of its 144 requests that do not continue the last, over less and over more than a
# third of its 40 pages. With the three points of the curve at 7, every seek takes that.
moves() { # OPTION...: how many they are
  "$VMSIM" run -q -e "$tmp/moves" --event-filter page-in,page-out $zero $swap "$@" "$tmp/swap.vmt"
  sed 's/.*"slot":\([0-9]*\),"pages":\([0-9]*\).*/\1 \2/' "$tmp/moves" |
    awk '$1 != end { n++ } { end = $1 + $2 } END { print n + 0 }'
}
disk="-s pagefile.size=160KiB -s device.size=160KiB"
moved=$(number "$(moves $disk -s device.rotation=7)")
holds "disk: some of 144 requests continue the last, some do not" "$moved" -gt 40 -a "$moved" -lt 144
only device.rotation swap "$moved" $swap $disk
only device.seek swap "$moved" $swap $disk -s device.seek_min=7 -s device.seek_max=7
tested="$tested device.seek_min device.seek_max"
# 4096 bytes at 4,096 MB/s are 1 us, 4000 cycles of a 4 GHz core.
for way in read:64 write:80; do
  if has device.${way%:*}_bandwidth; then
    replay "$tmp/swap.vmt" $zero $swap -s clock_ghz=4 -s device.${way%:*}_bandwidth=4096000000
    is "$(get "$report" cycles)" "$((${way#*:} * 4000))" "device.${way%:*}_bandwidth: 4000 x ${way#*:} pages"
  fi
done

# Standby lists: pages are taken away and written by background work, which has no core but this one
# (T16); whatever is scanned, it is scanned for 7 cycles each.
lists="-s memory.frames=16 -s memory.page_tables=out -s replacement.policy=clock
  -s replacement.sees=accessed-bits"
only os.write swap page_writes $lists
only os.trim swap pages_evicted $lists
only os.compress swap pages_compressed $lists -s store.enabled=true
only os.decompress swap store_faults $lists -s store.enabled=true
if has os.age; then
  tested="$tested os.age"
  replay "$tmp/swap.vmt" $zero $lists -s os.age=7
  cycles=$(number "$(get "$report" cycles)")
  holds "os.age: entries are scanned" "$cycles" -gt 0
  holds "os.age: a multiple of 7 cycles" "$((cycles % 7))" -eq 0
fi

# 12 of 16 zeroed frames are used and given back; 12 more pages take the 4 left, then 8 to be zeroed.
{
  echo 'VirtualAlloc(NULL, 0x18000, MEM_RESERVE|MEM_COMMIT, PAGE_READWRITE) = A'
  pages W A 12
  echo 'VirtualFree(A, 0xc000, MEM_DECOMMIT) = TRUE'
  pages W A 24 | tail -n 12
} | trace zero
only os.zero_page zero 8 -s memory.frames=16 -s memory.page_tables=out -s standby.enabled=false

# Ten resident pages are made read-only, then decommitted: twice ten single invalidations.
{
  echo 'VirtualAlloc(NULL, 0xa000, MEM_RESERVE|MEM_COMMIT, PAGE_READWRITE) = A'
  pages W A 10
  echo 'VirtualProtect(A, 0xa000, PAGE_READONLY) = TRUE PAGE_READWRITE'
  echo 'VirtualFree(A, 0xa000, MEM_DECOMMIT) = TRUE'
} | trace few
only os.invlpg few 20
is "$(counter tlb_invalidations)" 20 "os.invlpg: and the counter says so"
# 64 at once are more than tlb_ceiling (33): one flush.
{
  echo 'VirtualAlloc(NULL, 0x40000, MEM_RESERVE|MEM_COMMIT, PAGE_READWRITE) = A'
  pages W A 64
  echo 'VirtualFree(A, 0x40000, MEM_DECOMMIT) = TRUE'
} | trace many
only os.cr3 many 1
is "$(counter tlb_invalidations)" 1 "os.cr3: and the counter says so"

# One frame: its page is aged and then taken, in one step, and is invalidated once (T15).
{
  echo 'VirtualAlloc(NULL, 0x2000, MEM_RESERVE|MEM_COMMIT, PAGE_READWRITE) = A'
  pages R A 2
} | trace aged
only os.invlpg aged 1 -s memory.frames=1 -s memory.page_tables=out -s standby.enabled=false -s os.age_flush=true
is "$(counter tlb_invalidations)" 1 "os.invlpg: and the counter says so"

# Calls. 5 + 3 pages are committed, all 8 decommitted (5) or released (3); 2 + 1 had frames. 4 are
# protected, 4 reset, 3 locked and unlocked, 6 queried. Two calls fail.
{
  echo 'VirtualAlloc(NULL, 0x10000, MEM_RESERVE, PAGE_READWRITE) = A'
  echo 'VirtualAlloc(A, 0x5000, MEM_COMMIT, PAGE_READWRITE) = A'
  echo 'VirtualAlloc(NULL, 0x3000, MEM_RESERVE|MEM_COMMIT, PAGE_READWRITE) = B'
  pages W A 2
  pages W B 1
  echo 'VirtualAlloc(NULL, 0, MEM_COMMIT, PAGE_READWRITE) = NULL ERROR_INVALID_PARAMETER'
  echo 'VirtualFree(A, 0x1000, MEM_RELEASE) = FALSE ERROR_INVALID_PARAMETER'
  echo 'VirtualFree(A, 0x5000, MEM_DECOMMIT) = TRUE'
  echo 'VirtualFree(B, 0, MEM_RELEASE) = TRUE'
} | trace calls
only os.call calls 7
is "$(counter calls)/$(counter calls_failed)" 7/2 "os.call: and the counters say so"
only os.page_commit calls 8
only os.page_decommit calls 8
only os.page_free calls 3
# on_block PAGES CALL...: a block of stored pages, and calls on it.
on_block() {
  printf 'VirtualAlloc(NULL, 0x%x, MEM_RESERVE|MEM_COMMIT, PAGE_READWRITE) = A\n' $(($1 * 4096))
  pages W A "$1"
  shift
  printf '%s\n' "$@"
}
on_block 4 'VirtualProtect(A, 0x4000, PAGE_READONLY) = TRUE PAGE_READWRITE' | trace protect
only os.page_protect protect 4
# A commit of pages that are committed changes their protection (E5); two were not.
{
  echo 'VirtualAlloc(NULL, 0x6000, MEM_RESERVE, PAGE_READWRITE) = A'
  echo 'VirtualAlloc(A, 0x4000, MEM_COMMIT, PAGE_READWRITE) = A'
  echo 'VirtualAlloc(A, 0x6000, MEM_COMMIT, PAGE_READONLY) = A'
} | trace again
only os.page_protect again 4
only os.page_commit again 6
# Pages that are not locked leave the working set, and the call fails (E0).
on_block 3 'VirtualUnlock(A, 0x3000) = FALSE ERROR_NOT_LOCKED' | trace unlock
only os.trim unlock 3
on_block 4 'EmptyWorkingSet() = TRUE' | trace empty
only os.trim empty 4
on_block 4 'VirtualAlloc(A, 0x4000, MEM_RESET, PAGE_READWRITE) = A' | trace reset
only os.page_reset reset 4
on_block 5 'OfferVirtualMemory(A, 0x3000, 1) = ERROR_SUCCESS' \
  'ReclaimVirtualMemory(A, 0x3000) = ERROR_SUCCESS' \
  'DiscardVirtualMemory(A+0x3000, 0x2000) = ERROR_SUCCESS' | trace offer
only os.page_offer offer 8
# Watched: 4 pages looked at, then 2 up to the first written one, then 4 reset.
{
  echo 'VirtualAlloc(NULL, 0x4000, MEM_RESERVE|MEM_COMMIT|MEM_WRITE_WATCH, PAGE_READWRITE) = A'
  echo 'W A+0x1000 4'
  echo 'GetWriteWatch(0, A, 0x4000, 2) = 0 1 A+0x1000'
  echo 'GetWriteWatch(0, A, 0x4000, 1) = 0 1 A+0x1000'
  echo 'ResetWriteWatch(A, 0x4000) = ERROR_SUCCESS'
} | trace watch
only os.page_watch watch 10
# Two pages are made clean by their reset; the first store to each then is a fault of its own.
on_block 2 'VirtualAlloc(A, 0x2000, MEM_RESET, PAGE_READWRITE) = A' 'W A 4' 'W A 4' 'W A+0x1000 4' \
  | trace dirty
only os.dirty dirty dirty_faults -s paging.dirty=sw
is "$(counter dirty_faults)" 2 "os.dirty: two first stores"
on_block 3 'VirtualLock(A, 0x3000) = TRUE' 'VirtualUnlock(A, 0x3000) = TRUE' | trace lock
only os.page_lock lock 6
on_block 6 'VirtualQuery(A) = A A PAGE_READWRITE 0x6000 MEM_COMMIT PAGE_READWRITE MEM_PRIVATE' | trace query
only os.page_query query 6
# Three pages, written and then pushed out by sixteen others, are asked for again.
{
  on_block 3 'VirtualUnlock(A, 0x3000) = FALSE ERROR_NOT_LOCKED' 'R 0x20 1 = ACCESS_VIOLATION'
  echo 'VirtualAlloc(NULL, 0x10000, MEM_RESERVE|MEM_COMMIT, PAGE_READWRITE) = B'
  pages W B 16
  echo 'VirtualFree(B, 0, MEM_RELEASE) = TRUE'
  echo 'PrefetchVirtualMemory(A, 0x3000) = TRUE'
} | trace prefetch
only os.page_prefetch prefetch 3 -s memory.frames=16 -s vmm.modified_max=0 -s vmm.avail_low=0 -s vmm.avail_high=0

# Two threads in turn, 1.1 first: every event but the first of a thread that was there switches.
{
  echo '1.1 VirtualAlloc(NULL, 0x1000, MEM_RESERVE|MEM_COMMIT, PAGE_READWRITE) = A'
  for i in 1 2 3 4 5; do printf '1.2 W A 4\n1.1 W A 4\n'; done
} | trace threads
only sched.recorded_switch threads thread_switches
holds "sched.recorded_switch: ten switches, or eleven with the first thread's" "$(counter thread_switches)" -ge 10

# Two threads in turn where each goes its own way: every event but a thread's second in a row switches.
only os.switch threads thread_switches -s order=free -s sched.quantum=1
holds "os.switch: a quantum of a cycle is over at each event that took one" "$(counter thread_switches)" -ge 1

# Stores that copy pages of a section.
{
  echo 'CreateFileMapping(NULL, 0x3000, PAGE_READWRITE, "s") = TRUE'
  echo 'MapViewOfFile("s", FILE_MAP_COPY, 0, 0, NULL) = C'
  pages R C 3
  pages W C 3
} | trace copy
only os.cow copy copy_on_write_faults

# What cores cost each other: of the cycles booked, since they do not overlap (T21).
{
  echo '1.1 VirtualAlloc(0x100000, 0x10000, MEM_RESERVE|MEM_COMMIT, PAGE_READWRITE) = 0x100000'
  for t in 1 2 3; do echo "1.$t W 0x10${t}000 4"; done
  for i in 4 5 6 7; do printf '1.1 W 0x10%d000 4\n1.1 VirtualFree(0x10%d000, 0x1000, MEM_DECOMMIT)\n' $i $i; done
} | trace rounds
booked() { # OPTION BUCKET COUNT
  tested="$tested $1"
  replay "$tmp/rounds.vmt" $zero -s cores=3 -s "$1=7"
  holds "$1: there are rounds" "$(number "$(counter tlb_shootdowns)")" -eq 4
  is "$(get "$report" "cycle_stack.$2")" $(($3 * 7)) "$1: 7 x $3 of $2"
}
booked os.ipi shootdown 4
booked os.ipi_per_core shootdown 8
booked os.ipi_handler interrupted 8
is "$(get "$report" cycle_stack.shootdown)" 28 "os.ipi_handler: the initiator waits for it"

# Two cores fault on a page at the same time, 1.2 in vain: it is there when its trap is over.
{
  echo '1.1 VirtualAlloc(0x100000, 0x10000, MEM_RESERVE|MEM_COMMIT, PAGE_READWRITE) = 0x100000'
  printf '1.1 R 0x100000 4\n1.2 R 0x100000 4\n'
} | trace meet
replay "$tmp/meet.vmt" $zero -s cores=2 -s os.trap=10 -s os.spurious=7
is "$(counter spurious_faults)" 1 "os.spurious: a fault is in vain"
is "$(get "$report" cycle_stack.fault_service)" 7 "os.spurious: 7 of fault_service"
tested="$tested os.spurious"

# Re-walks for D have a counter of their own (T22). A store that may not be and a fetch that may not
# be, of a page that the TLB has, are none.
{
  echo 'VirtualAlloc(NULL, 0x2000, MEM_RESERVE|MEM_COMMIT, PAGE_READONLY) = A'
  echo 'R A 4'
  echo 'W A 4 = ACCESS_VIOLATION'
  echo 'R A 4'
  echo 'X A 4 = ACCESS_VIOLATION'
} | trace rights
replay "$tmp/rights.vmt" -c teaching -s tlb.l2.entries=8 -s tlb.l2.ways=full
is "$(counter page_walks)/$(counter tlb_dirty_walks)" 5/0 "walks: 2 of the first, one each after; none for D"

# No latency of the program is without a test. A quantum is no cost.
tested="$tested sched.quantum"
# Times of the balance set manager and of the writers: not what an event costs, but when it is.
tested="$tested bsm.period vmm.swap_idle vmm.mapped_age vmm.mpw_age_private"
untested=$(awk '/cycles\]$/ { print $1 }' "$tmp/options" | while read -r o; do
  case " $(echo $tested) " in *" $o "*) ;; *) printf '%s ' "$o" ;; esac
done)
grep -q 'cycles\]$' "$tmp/options" && [ -z "$untested" ]
ok $? "every latency has its test" || echo "# without: $untested"
done_testing
