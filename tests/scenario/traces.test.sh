#!/bin/sh
# Every trace that is shipped holds what it recorded, with all memory and under pressure.
. tests/tap.sh
for f in traces/*.vmt traces/*.vmt.xz traces/api/*.vmt.xz; do
  "$VMSIM" check -q "$f" >"$tmp/out" 2>&1
  ok $? "check $f" || tail -3 "$tmp/out" | sed 's/^/# /'
done
for policy in fifo lru clock; do
  for standby in true false; do
    rules I31
    "$VMSIM" check -q --audit cheap -s memory.frames=416 -s replacement.policy=$policy \
      -s standby.enabled=$standby traces/growarray.vmt.xz >"$tmp/out" 2>&1
    ok $? "growarray, a quarter of its pages, $policy, standby $standby" ||
      tail -3 "$tmp/out" | sed 's/^/# /'
  done
done
# A trace means the same in another format: what one implies, the other says.
awk 'BEGIN { for (i = 0; i < 3000; i++) {
  printf "I  %08x,4\n", 4194304 + i % 500 * 64
  printf "%s %08x,8\n", i % 3 ? " L" : " S", 1048576 + i * 37 % 200 * 509 } }' >"$tmp/a.lackey"
"$VMSIM" convert "$tmp/a.lackey" "$tmp/a.vmt" && "$VMSIM" convert "$tmp/a.vmt" "$tmp/b.lackey.zst" &&
  "$VMSIM" convert "$tmp/b.lackey.zst" "$tmp/c.lackey"
cmp -s "$tmp/a.lackey" "$tmp/c.lackey"
ok $? "lackey to text to compressed lackey and back"
for f in a.lackey a.vmt b.lackey.zst; do
  "$VMSIM" run -q -s memory.frames=20 -r "$tmp/report" "$tmp/$f"
  flatten "$tmp/report"
  echo "$(get "$tmp/report" cycles) $(get "$tmp/report" counters.hard_faults)" >>"$tmp/figures"
done
is "$(sort -u "$tmp/figures" | wc -l | tr -d ' ')" 1 "all three cost the same cycles and hard faults"
[ "$(awk '{print $2; exit}' "$tmp/figures")" -gt 0 ]
ok $? "and there are some"
done_testing
