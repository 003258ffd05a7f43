#!/bin/sh
# histogram.test.sh: how long walks, faults and requests took: by hand, and against what counters,
# cycle stack and events say of the same run.
. tests/tap.sh

report=$tmp/report.json
replay() { # TRACE OPTION...
  trace=$1
  shift
  "$VMSIM" run -q -r "$report" -e "$tmp/events" \
    --event-filter page-fault,hard-fault,page-in,page-out "$@" "$trace" >"$tmp/out" 2>&1
  is $? 0 "run $*" || sed 's/^/# /' "$tmp/out" | head -3
  flatten "$report"
}
h() { get "$report" "histograms.$1"; }
# figures NAME: count, sum, min, max, p50, p90, p99, p999 and the buckets.
figures() {
  sed -n "s/^histograms\.$1\.\(buckets\.\)*[a-z0-9.]* = //p" "$report.flat" |
    tr '\n' ' ' | sed 's/ $//'
}
# total KIND FIELD: a field of the events of a kind, summed. KIND may be a basic expression.
total() {
  sed -n "s/.*\"event\":\"$1\".*\"$2\":\([0-9]*\).*/\1/p" "$tmp/events" |
    awk '{ n += $1 } END { printf "%.0f\n", n }'
}

# --- by hand -----------------------------------------------------------------------------------
# The worked example: a walk of one entry (10), a fault of 50 + 100 + 30 + 20, a walk of two (20).
replay tests/scenario/worked.vmt -c teaching
is "$(figures page_walk)" "2 30 10 20 10 20 20 20 10 10 1 20 21 1" "two walks, 10 and 20 cycles"
is "$(figures demand_zero_fault)" "1 200 200 200 200 200 200 200 192 207 1" "one fault, 200 cycles"
for name in transition_fault hard_fault copy_on_write_fault guard_page_fault access_violation \
  spurious_fault dirty_fault page_read page_read_queued page_read_service page_write \
  page_write_queued page_write_service; do
  is "$(figures $name)" "0 0 0 0 0 0 0 0" "$name: none"
done
replay tests/scenario/teaching.vmt -c teaching -s os.violation=7 -s os.guard=9
is "$(figures access_violation)" "1 77 77 77 77 77 77 77 72 79 1" "50 + 7 + 20"
is "$(figures guard_page_fault)" "1 79 79 79 79 79 79 79 72 79 1" "50 + 9 + 20"
replay tests/scenario/worked.vmt -c teaching --skip 4
is "$(figures page_walk)$(figures demand_zero_fault)" "0 0 0 0 0 0 0 00 0 0 0 0 0 0 0" \
  "--skip: what came before is forgotten"

# --- against the rest of the report --------------------------------------------------------------
# agrees NAME COUNTER: as many as were counted, and in the buckets; the least and the most in the
# first and the last of them.
agrees() {
  is "$(h "$1.count")" "$(get "$report" "counters.$2")" "$1: counted as $2"
  awk -v n="$1" '
    index($0, "histograms." n ".") == 1 {
      $0 = substr($0, length(n) + 13)
      if (/^buckets/) {
        split($1, at, ".")
        if (at[3] == 0) { low = $3; if (!some++) first = low }
        if (at[3] == 1) high = $3
        if (at[3] == 1 && $3 < low) exit bad = 1
        if (at[3] == 2) sum += $3
      } else v[$1] = $3
    }
    END {
      if (bad || sum + 0 != v["count"]) exit 1
      if (some) exit !(first <= v["min"] && v["max"] >= low && v["max"] <= high &&
        v["min"] <= v["p50"] && v["p50"] <= v["p90"] && v["p90"] <= v["p99"] &&
        v["p99"] <= v["p999"] && v["p999"] <= v["max"])
    }' "$report.flat"
  ok $? "$1: buckets, least, most and percentiles agree"
}
all_agree() {
  agrees page_walk page_walks
  is "$(h page_walk.sum)" "$(get "$report" cycle_stack.walk)" "page_walk: sums to its bucket"
  for name in demand_zero_fault transition_fault hard_fault copy_on_write_fault guard_page_fault \
    access_violation spurious_fault dirty_fault; do
    agrees $name "${name}s"
  done
  for way in read:in write:out; do
    name=page_${way%:*}
    is "$(h $name.count)" "$(grep -c "\"page-${way#*:}\"" "$tmp/events")" "$name: as many as ended"
    waits=$(number "$(h "${name}_queued.sum")") service=$(number "$(h "${name}_service.sum")")
    is "$waits" "$(total "page-${way#*:}" queued_cycles)" "$name: their waits"
    is "$service" "$(total "page-${way#*:}" service_cycles)" "$name: their service"
    is "$(h $name.sum)" "$((waits + service))" "$name: the one and the other"
  done
}
awk -v n=20000 -v seed=3 -f tests/scenario/pressure.awk >"$tmp/pressed.vmt"
replay "$tmp/pressed.vmt" -s memory.frames=400
all_agree
holds "under pressure: hard faults" "$(h hard_fault.count)" -gt 100
replay "$tmp/pressed.vmt" -s memory.frames=400 -s pagefile.device=hdd
all_agree
holds "on a disk requests wait" "$(h page_write_queued.max)" -gt 0

replay "$tmp/pressed.vmt" -s memory.frames=400 -s paging.dirty=sw
all_agree
holds "dirty bits in software: dirty faults" "$(h dirty_fault.count)" -gt 100

# One thread, nothing in the background: a fault lasts as long as its event says, a hard one until
# its read is complete and os.return over.
{
  echo '# vmtrace 1'
  echo 'VirtualAlloc(NULL, 0x20000, MEM_RESERVE|MEM_COMMIT, PAGE_READWRITE) = A'
  for i in 1 2 3; do
    awk 'BEGIN { for (i = 0; i < 32; i++) printf "W A+0x%x 4\n", i * 4096 }'
  done
} >"$tmp/swap.vmt"
replay "$tmp/swap.vmt" -s memory.frames=16 -s memory.page_tables=out -s standby.enabled=false \
  -s replacement.policy=fifo -s pagefile.size=1MiB -s os.return=270 -s device.write_latency=0 \
  -s device.write_bandwidth=0
all_agree
is "$(h hard_fault.count)" 64 "32 pages go round through 16 frames: 64 hard faults"
is "$(h hard_fault.sum)" "$(($(total hard-fault cycles) + 64 * 270))" \
  "as their events say, and os.return"
is "$(h demand_zero_fault.sum)" "$(total 'page-fault".*"type":"DemandZeroFault' cycles)" \
  "demand-zero faults: as their events say"
done_testing
