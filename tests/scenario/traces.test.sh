#!/bin/sh
# Every trace that is shipped holds what it recorded, with all memory and under pressure.
. tests/tap.sh
for f in traces/*.vmt traces/*.vmt.xz traces/api/*.vmt.xz; do
  "$VMSIM" check -q "$f" >"$tmp/out" 2>&1
  ok $? "check $f" || tail -3 "$tmp/out" | sed 's/^/# /'
done
for policy in fifo lru clock; do
  for standby in true false; do
    "$VMSIM" check -q --audit cheap -s memory.frames=416 -s replacement.policy=$policy \
      -s standby.enabled=$standby traces/growarray.vmt.xz >"$tmp/out" 2>&1
    ok $? "growarray, a quarter of its pages, $policy, standby $standby" ||
      tail -3 "$tmp/out" | sed 's/^/# /'
  done
done
done_testing
