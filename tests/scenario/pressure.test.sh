#!/bin/sh
# pressure.test.sh: no data is lost or mixed up under memory pressure. A generated trace of a
# million references by four processes (pressure.awk), whose every read carries the value that the
# generator knows it must return, is replayed with frames for a quarter of the pages it touches.
. tests/tap.sh

touched=1600 # 4 processes x 400 pages
awk -v n="${PRESSURE_REFERENCES:-1000000}" -v seed=7 -f tests/scenario/pressure.awk >"$tmp/trace.vmt"
known=$(sed -n 's/^# \([0-9]*\) values known$/\1/p' "$tmp/trace.vmt")
holds "the trace has values to compare" "$known" -gt 10000

report=$tmp/report.json
for policy in fifo lru clock; do
  sees=every-reference
  [ $policy != clock ] || sees=accessed-bits
  for standby in true false; do
    name="$policy, standby $standby"
    rules I31 I32
    "$VMSIM" check -q -r "$report" -s memory.frames=$((touched / 4)) -s replacement.policy=$policy \
      -s replacement.sees=$sees -s standby.enabled=$standby "$tmp/trace.vmt" >"$tmp/out" 2>&1
    is $? 0 "$name: every value is right" || sed "s|$tmp/||; s/^/# /" "$tmp/out" | head -5
    flatten "$report"
    is "$(get "$report" divergences.count)" 0 "$name: no divergence is reported"
    is "$(get "$report" counters.values_compared)" "$known" "$name: every known value was compared"
    holds "$name: pages went out" "$(get "$report" counters.pages_output)" -gt $touched
    holds "$name: and came back" "$(get "$report" counters.hard_faults)" -gt $touched
    holds "$name: never more pages than frames" "$(get "$report" counters.resident_pages_peak)" \
      -le $((touched / 4))
    rm -f "$report"
  done
done

# The same trace with one wrong value, near its end, must not pass.
line=$(awk '/R .* = 0x[0-9a-f]+$/ && !/= 0x(0|bad)$/ { n = NR } END { print n }' "$tmp/trace.vmt")
awk -v n="$line" 'NR == n { sub(/.$/, /0$/ ? "1" : "0") } 1' "$tmp/trace.vmt" >"$tmp/wrong.vmt"
"$VMSIM" check -s memory.frames=$((touched / 4)) "$tmp/wrong.vmt" >"$tmp/out" 2>/dev/null
is $? 1 "a wrong value is found"
is "$(grep -c "^$tmp/wrong.vmt:$line: " "$tmp/out")" 1 "and its line named"
done_testing
