#!/bin/sh
# interval.test.sh: figures by interval (--interval, --interval-file): where intervals end, to the
# cycle; that rows add up to the report; that looking changes nothing; and what is refused.
. tests/tap.sh

# replay NAME TRACE OPTION...: report and intervals to $tmp/NAME.json, .csv or .jsonl.
replay() {
  name=$1 trace=$2
  shift 2
  "$VMSIM" run -q -r "$tmp/$name.json" "$@" "$trace" >"$tmp/out" 2>&1
  is $? 0 "$name: exit code 0" || sed 's/^/# /' "$tmp/out" | head -3
  flatten "$tmp/$name.json"
}
# ends NAME: "cycle/events" of every row.
ends() { awk -F, 'NR > 1 { printf "%s%s/%s", (NR == 2 ? "" : " "), $1, $2 }' "$tmp/$1.csv"; }
# column NAME COLUMN: its values, one a line.
column() {
  awk -F, -v c="$2" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == c) n = i }
    NR > 1 { print $n }' "$tmp/$1.csv"
}
# adds_up NAME: rows sum to the report (peaks: the highest is), each row's stack to its cycles times
# the cores, the last row ends where the run does.
adds_up() {
  awk -F, -v flat="$tmp/$1.json.flat" '
    BEGIN {
      while ((getline line < flat) > 0) {
        split(line, kv, " = ")
        if (kv[1] ~ /^counters\./) want[substr(kv[1], 10)] = kv[2]
        if (kv[1] ~ /^cycle_stack\./) want[substr(kv[1], 13) "_cycles"] = kv[2]
        if (kv[1] == "cycles" || kv[1] == "trace.events") last[kv[1]] = kv[2]
        if (kv[1] == "config.cores") cores = kv[2]
      }
    }
    NR == 1 { for (i = 1; i <= NF; i++) name[i] = $i; columns = NF; next }
    {
      stack = 0
      if (NF != columns) bad("fields")
      for (i = 3; i <= NF; i++) {
        if (name[i] ~ /_peak$/) got[name[i]] = $i + 0 > got[name[i]] + 0 ? $i : got[name[i]]
        else got[name[i]] += $i
        if (name[i] ~ /_cycles$/) stack += $i
      }
      if (stack != cores * ($1 - before)) bad("stack of row " NR)
      before = $1
      events = $2
    }
    function bad(what) { print "# " what; failed = 1 }
    END {
      for (i = 3; i <= columns; i++)
        if (!(name[i] in want) || got[name[i]] != want[name[i]])
          bad(name[i] ": " got[name[i]] ", not " want[name[i]])
      for (n in want) found++
      if (found != columns - 2 || found < 40) bad("columns")
      if (before != last["cycles"] || events != last["trace.events"]) bad("end")
      exit failed
    }' "$tmp/$1.csv"
  ok $? "$1: rows add up"
}

# --- by hand -----------------------------------------------------------------------------------
# The worked example: gap 1 + walk 10 = 11, trap to 61, service to 191, return to 211, walk and data
# to 235; the second write to 240. Calls cost nothing here.
free="-c teaching -s os.call=0 -s os.page_commit=0 -s vmm.zero_start=0"
replay worked tests/scenario/worked.vmt $free --interval 100cycles --interval-file "$tmp/worked.csv"
is "$(ends worked)" "191/3 211/3 240/5" "steps are not cut: the handler's service, its return"
is "$(column worked fault_service_cycles | tr '\n' ' ')" "100 0 0 " "and each row has its own"
is "$(column worked page_walks | tr '\n' ' ')" "1 0 1 " "of counters, too"
adds_up worked
replay bare tests/scenario/worked.vmt $free --interval 100 --interval-file "$tmp/bare.csv"
cmp -s "$tmp/bare.csv" "$tmp/worked.csv"; ok $? "a number alone counts cycles"
replay events tests/scenario/worked.vmt $free --interval 2events --interval-file "$tmp/events.csv"
is "$(ends events)" "0/2 235/4 240/5" "every two events, and what is left"
adds_up events
replay exact tests/scenario/worked.vmt $free --interval 5events --interval-file "$tmp/exact.csv"
is "$(ends exact)" "240/5" "nothing left: no row"

# A gap of 250 cycles and a wait of 1000 are cut where intervals end.
{
  echo '# vmtrace 1'
  echo 'VirtualAlloc(NULL, 0x1000, MEM_RESERVE|MEM_COMMIT, PAGE_READWRITE) = A'
  echo 'W A 4'
  echo '+250 W A 4'
  echo '@2000 W A 4'
} >"$tmp/gap.vmt"
replay gap "$tmp/gap.vmt" $free --interval 100cycles --interval-file "$tmp/gap.csv"
is "$(ends gap)" "191/2 211/2 300/3 400/3 $(for i in 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19; do
  printf '%d00/3 ' $i; done)2000/3 2005/4" "a gap to 485 and a pause to 2000 are cut"
is "$(column gap idle_cycles | grep -c '^100$')" 15 "full intervals of the pause"
adds_up gap

# References that hit, five cycles each: every twentieth ends an interval.
{
  sed -n '1p;4p' tests/scenario/worked.vmt
  awk 'BEGIN { for (i = 0; i < 1000; i++) print "W A 4" }'
} >"$tmp/hits.vmt"
replay hits "$tmp/hits.vmt" $free --skip 2 --interval 100 --interval-file "$tmp/hits.csv"
is "$(column hits cycle | awk '$1 != NR * 100 - 5 * (NR == 50) { n++ } END { print NR - n }')" 50 \
  "hits: 49 intervals of 100 cycles and one of 95"
adds_up hits

# --- under pressure ------------------------------------------------------------------------------
awk -v n=20000 -v seed=3 -f tests/scenario/pressure.awk >"$tmp/pressed.vmt"
plain() { "$VMSIM" run -q -r "$tmp/plain.json" "$@"; }
for machine in "" "-s standby.enabled=false" "-s pagefile.device=hdd" \
  "-s replacement.sees=every-reference -s replacement.policy=lru"; do
  set -- -s memory.frames=400 $machine
  plain "$@" "$tmp/pressed.vmt"
  for every in 1000000cycles 33events; do
    replay "pressed" "$tmp/pressed.vmt" "$@" --interval $every --interval-file "$tmp/pressed.csv"
    adds_up pressed
    holds "$every: rows" "$(wc -l <"$tmp/pressed.csv")" -gt 20
    cmp -s "$tmp/pressed.json" "$tmp/plain.json"; ok $? "$every: the report is what it is without"
  done
  is "$(column pressed events | awk '$1 % 33 { n++ } END { print n + 0 }')" 1 \
    "33 events each, but the last"
done
replay again "$tmp/pressed.vmt" "$@" --interval 33events --interval-file "$tmp/again.csv"
cmp -s "$tmp/again.csv" "$tmp/pressed.csv"; ok $? "same inputs, same bytes"
replay skipped "$tmp/pressed.vmt" "$@" --skip 1000 --limit 5000 --interval 100events \
  --interval-file "$tmp/skipped.csv"
adds_up skipped
is "$(column skipped events | tail -n 1)" 5000 "--skip and --limit: the measured part"
is "$(wc -l <"$tmp/skipped.csv" | tr -d ' ')" 51 "--skip and --limit: 50 rows and the names"

# --- several cores ---------------------------------------------------------------------------------
# The worked example once more: the steps of one core are cut where the other's idling is, and both
# where the interval ends. The handler enters to 61, resolves to 161 and zeroes to 191.
replay two tests/scenario/worked.vmt $free -s cores=2 --interval 100cycles \
  --interval-file "$tmp/two.csv"
is "$(ends two)" "100/3 200/3 240/5" "two cores: intervals end where they should"
is "$(column two fault_service_cycles | tr '\n' ' ')" "39 61 0 " "a step's cycles count where they pass"
is "$(column two zeroing_cycles | tr '\n' ' ')" "0 30 0 " "each in its bucket"
is "$(column two idle_cycles | tr '\n' ' ')" "100 100 40 " "and the other core's"
adds_up two
for machine in "-s cores=4" "-s cores=3 -s order=free" "-s cores=64 -s order=free -s core.mlp=8" \
  "-s cores=2 -s standby.enabled=false" "-s cores=4 --skip 700" "-s order=free --skip 700"; do
  set -- -s memory.frames=400 $machine --limit 3000
  plain "$@" "$tmp/pressed.vmt"
  for every in 77777cycles 33events; do
    replay "cores" "$tmp/pressed.vmt" "$@" --interval $every --interval-file "$tmp/cores.csv"
    adds_up cores
    holds "$machine, $every: rows" "$(wc -l <"$tmp/cores.csv")" -gt 20
    cmp -s "$tmp/cores.json" "$tmp/plain.json"; ok $? "$machine, $every: the report is the same"
  done
  is "$(column cores events | awk '$1 % 33 { n++ } END { print n + 0 }')" 1 \
    "$machine: 33 events each, but the last"
done

# --- JSON lines ----------------------------------------------------------------------------------
replay lines "$tmp/pressed.vmt" "$@" --interval 500events --interval-file "$tmp/lines.jsonl"
replay rows "$tmp/pressed.vmt" "$@" --interval 500events --interval-file "$tmp/rows.csv"
bad=0
while IFS= read -r line; do
  echo "$line" | awk -f tests/json.awk >"$tmp/flat" || bad=$((bad + 1))
  sed 's/.* = //' "$tmp/flat" | paste -sd, - >>"$tmp/values"
done <"$tmp/lines.jsonl"
is "$bad" 0 "every line is JSON"
sed 1d "$tmp/rows.csv" | cmp -s - "$tmp/values"; ok $? "with the values of the CSV, in its order"
sed -n 1p "$tmp/lines.jsonl" | awk -f tests/json.awk | sed 's/ = .*//; s/^counters\.//
  s/^cycle_stack\.\(.*\)/\1_cycles/' | paste -sd, - >"$tmp/names"
sed -n 1p "$tmp/rows.csv" | cmp -s - "$tmp/names"; ok $? "and its names"

# --- no rows -------------------------------------------------------------------------------------
echo '# vmtrace 1' >"$tmp/empty.vmt"
replay empty "$tmp/empty.vmt" --interval 1 --interval-file "$tmp/empty.csv"
is "$(wc -l <"$tmp/empty.csv" | tr -d ' ')" 1 "a trace without events: the names alone"

# --- what is refused -----------------------------------------------------------------------------
# refused TEXT NAME OPTION...: exit code 2, a message with TEXT, no file.
refused() {
  text=$1 name=$2
  shift 2
  "$VMSIM" run -q "$@" tests/scenario/worked.vmt >"$tmp/out" 2>"$tmp/err"
  is $? 2 "$name: exit code 2"
  grep -qF -e "$text" "$tmp/err"; ok $? "$name: says '$text'" || sed 's/^/# /' "$tmp/err"
  [ ! -e "$tmp/unborn.csv" ] && [ ! -e "$tmp/unborn.txt" ]; ok $? "$name: no file"
}
csv=$tmp/unborn.csv
for every in 0 0events -5 5parsecs events "" 1.5 18446744073709551616 "5 cycles" 5cyclesevents; do
  refused "--interval $every: expected a whole number, at least 1" "interval '$every'" \
    "--interval=$every" --interval-file "$csv"
done
refused "go together" "interval without a file" --interval 5
refused "go together" "a file without an interval" --interval-file "$csv"
refused "ends in .csv or .jsonl" "an unknown extension" --interval 5 \
  --interval-file "$tmp/unborn.txt"
refused "ends in .csv or .jsonl" "standard output" --interval 5 --interval-file -
refused "same file" "a file used twice" --interval 5 --interval-file "$csv" -e "$csv"
refused "$tmp/nowhere/x.csv" "a folder that is not there" --interval 5 \
  --interval-file "$tmp/nowhere/x.csv"
mkdir "$tmp/folder.csv"
refused "$tmp/folder.csv" "a folder" --interval 5 --interval-file "$tmp/folder.csv"
if [ -c /dev/full ]; then
  ln -s /dev/full "$tmp/full.csv"
  refused "full.csv" "a full disk" --interval 5 --interval-file "$tmp/full.csv"
fi
{ cat tests/scenario/worked.vmt; echo "what is this"; } >"$tmp/half.vmt"
echo before >"$tmp/kept.csv"
"$VMSIM" run -q --interval 1events --interval-file "$tmp/kept.csv" "$tmp/half.vmt" 2>/dev/null
is $?/"$(cat "$tmp/kept.csv")" 2/before "a failed run leaves the old file alone"
done_testing
