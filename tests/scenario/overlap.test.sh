#!/bin/sh
# overlap.test.sh: several references in flight (core.mlp, timing T8) change when things happen, and
# nothing else: a real program's counts are those of one at a time; more of them never take longer;
# one core and three agree for one thread; intervals sum to the run. Arithmetic is in clock.test.sh.
. tests/tap.sh

xz -dc tests/model/bfs.lackey.xz | head -n 20000 >"$tmp/bfs"
# Nothing works in the background, so that time decides nothing.
machine="-s memory.frames=64 -s memory.page_tables=out -s standby.enabled=false
  -s caches.l1.size=32KiB -s caches.data=true -s walker.count=2"
# replay NAME OPTION...: the report flattened.
replay() {
  name=$1
  shift
  "$VMSIM" run -q -r "$tmp/$name.json" $machine "$@" "$tmp/bfs" >"$tmp/out" 2>&1 || sed 's/^/# /' "$tmp/out"
  flatten "$tmp/$name.json"
}
counts() { grep '^counters\.' "$tmp/$1.json.flat" | grep -v 'walks_joined'; }

replay default
replay one -s core.mlp=1
before=$(get "$tmp/default.json" cycles)
is "$(get "$tmp/one.json" cycles)" "$before" "one at a time is the default"
for n in 2 4 16; do
  replay "$n" -s core.mlp=$n
  [ "$(counts $n)" = "$(counts one)" ]
  ok $? "core.mlp=$n: what is counted is the same"
  now=$(number "$(get "$tmp/$n.json" cycles)")
  holds "core.mlp=$n: it takes less time than fewer did" "$now" -gt 0 -a "$now" -lt "$before"
  before=$now
  replay "$n-3" -s core.mlp=$n -s cores=3
  is "$(get "$tmp/$n-3.json" cycles)" "$now" "core.mlp=$n: a thread takes as long on one of three cores"
done
holds "core.mlp=16: references wait for walks under way" "$(get "$tmp/16.json" counters.walks_joined)" -gt 0

# Whatever else happens: calls, faults, I/O, background work, timers, threads on several cores.
failed=
for t in tests/scenario/rules/*.vmt; do
  set -- $(sed -n 's/^# set: //p' "$t")
  settings=
  for s in "$@"; do settings="$settings -s $s"; done
  for more in "" "-s cores=3" "-s cores=2 -s order=free"; do
    "$VMSIM" run -q --audit full $settings -s core.mlp=4 -s walker.count=2 $more "$t" >"$tmp/out" 2>&1
    [ $? -le 1 ] || failed="$failed ${t##*/}($more)"
  done
done
[ -z "$failed" ]
ok $? "the traces of rules run with several in flight" || echo "# $failed"

# Each row's stack is as long as its interval.
for options in "--interval=100003cycles" "--interval=999events"; do
  replay rows -s core.mlp=4 $options --interval-file="$tmp/rows.csv"
  awk -F, -v end="$(get "$tmp/rows.json" cycles)" '
    NR == 1 { for (i = 1; i <= NF; i++) if ($i ~ /_cycles$/) stack[i] = 1; next }
    {
      sum = 0
      for (i in stack) sum += $i
      if (sum != $1 - last) bad = 1
      last = $1
    }
    END { exit bad || NR < 5 || last != end }' "$tmp/rows.csv"
  ok $? "intervals sum up: $options"
done
done_testing
