#!/bin/sh
# cli.test.sh: the program as scripts and people use it: help, exit codes, messages, lists, files
# written whole or not at all, parts of a trace, interruption, and the documents about it.
. tests/tap.sh

worked=tests/scenario/worked.vmt
# run EXPECTED-CODE NAME COMMAND...: stdout to $tmp/out, stderr to $tmp/err.
run() {
  run_code=$1 run_name=$2
  shift 2
  "$VMSIM" "$@" >"$tmp/out" 2>"$tmp/err"
  run_got=$?
  [ "$run_got" -eq "$run_code" ]
  ok $? "$run_name: exit code $run_code" || {
    echo "# got $run_got"
    sed 's/^/# /' "$tmp/err" | head -5
  }
}
# says TEXT NAME: the message on stderr is one line, begins with the program's name and holds TEXT.
says() {
  [ "$(wc -l <"$tmp/err")" -eq 1 ] && grep -q '^vmsim: ' "$tmp/err" && grep -qF -e "$1" "$tmp/err"
  ok $? "$2: says '$1'" || sed 's/^/# /' "$tmp/err"
}
# shows TEXT NAME: stdout holds TEXT.
shows() {
  grep -qF -e "$1" "$tmp/out"
  ok $? "$2: shows '$1'"
}
absent() { # PATH NAME: no such file, and no temporary one beside it
  [ -z "$(find "$(dirname "$1")" -name "*$(basename "$1")*")" ]
  ok $? "$2: nothing left behind"
}

# --- help and version ------------------------------------------------------------------------
run 0 "--version" --version
[ "$(wc -l <"$tmp/out")" -eq 1 ] && grep -q '^vmsim [0-9]' "$tmp/out"
ok $? "--version names the version"
run 0 "--help" --help
for command in run check info convert list; do shows "$command" "--help"; done
common="--config --set --format --events --event-filter --report --host-report --audit --dump-config
  --interval --interval-file
  --quiet --verbose --progress --limit --seed --skip --together --help"
short="-c -s -f -e -r -q -v"
for command in run check; do
  run 0 "$command --help" $command --help
  missing=
  for option in $common; do grep -q -e "$option" "$tmp/out" || missing="$missing $option"; done
  for option in $short; do grep -q -e "$option, --" "$tmp/out" || missing="$missing $option"; done
  [ -z "$missing" ]
  ok $? "$command --help is complete" || echo "# missing:$missing"
done
for command in info convert list; do
  run 0 "$command --help" $command --help
  shows "Usage:" "$command --help"
done

# --- bad usage ---------------------------------------------------------------------------------
run 2 "no command"; says "no command" "no command"
run 2 "unknown command" frobnicate; says "frobnicate" "unknown command"
run 2 "no trace" run; says "no trace" "no trace"
run 2 "unknown option" run --frobnicate $worked; says "--frobnicate" "unknown option"
run 2 "bad number" run --limit many $worked; says "--limit many" "bad number"
run 2 "negative number" run --skip=-1 $worked; says "--skip -1" "negative number"
run 2 "bad word" run --audit perhaps $worked; says "off, cheap, full" "bad word"
run 2 "no such trace" run "$tmp/none.vmt"; says "$tmp/none.vmt" "no such trace"
run 2 "no such format" run -f punched-cards $worked; says "punched-cards" "no such format"
run 2 "no such preset" run -c pdp11 $worked; says "teaching" "no such preset"
run 2 "unknown option path" run -s tlb.l2.entrys=5 $worked
says "vmsim: --set tlb.l2.entrys=5: unknown option (did you mean tlb.l2.entries?)" "unknown path"
run 2 "filter without events" run --event-filter phase $worked
run 2 "unknown event" run -e "$tmp/unborn" --event-filter phase,frobnication $worked
says "frobnication" "unknown event"; absent "$tmp/unborn" "unknown event"
run 2 "list of nothing" list; run 2 "list of something else" list sheep
run 2 "convert without OUT" convert $worked
run 2 "convert to an unknown format" convert --to punched-cards $worked -
printf '{\n  "tlb": { "l2": { "entrys": 5 } }\n}\n' >"$tmp/bad.json"
run 2 "unknown key" run -c "$tmp/bad.json" $worked
says "vmsim: $tmp/bad.json:2:20: unknown option \"tlb.l2.entrys\" (did you mean tlb.l2.entries?)" "unknown key"

# --- lists -------------------------------------------------------------------------------------
run 0 "list options" list options
for path in rules memory.frames memory.size tlb.l2.entries replacement.clock.insert_referenced; do
  grep -q "^$path " "$tmp/out"; ok $? "list options names $path"
done
run 0 "list policies" list policies; for p in fifo lru clock; do shows "$p" "list policies"; done
run 0 "list formats" list formats; for f in vmt lackey; do shows "$f" "list formats"; done
run 0 "list events" list events; for e in page-fault rules-differ; do shows "$e" "list events"; done
run 0 "list counters" list counters; for c in page_faults cycle_stack.walk histograms.page_walk; do shows "$c" "list counters"; done
run 0 "list presets" list presets
for p in desktop teaching classroom; do
  grep -q "^$p  *[A-Z]" "$tmp/out"; ok $? "list presets describes $p"
done
run 0 "list invariants" list invariants
is "$(grep -c '^I[1-9][0-9]* ' "$tmp/out")" 38 "list invariants names all of section 10"
if [ -c /dev/full ]; then
  "$VMSIM" list options >/dev/full 2>"$tmp/err"
  [ $? -eq 2 ]; ok $? "a full standard output: exit code 2"
fi

# --- run and its files -------------------------------------------------------------------------
run 0 "run" run $worked
shows "time" "run"; grep -q "references/s" "$tmp/err"; ok $? "run: figures of the host on stderr"
run 0 "run -q" run -q $worked
[ ! -s "$tmp/out" ] && [ ! -s "$tmp/err" ]; ok $? "run -q is quiet"
run 0 "reports" run -q -c teaching -r "$tmp/r1" -e "$tmp/e1" --host-report "$tmp/h1" $worked
run 0 "reports again" run -q -c teaching -r "$tmp/r2" -e "$tmp/e2" $worked
rules I38
cmp -s "$tmp/r1" "$tmp/r2" && cmp -s "$tmp/e1" "$tmp/e2"; ok $? "same inputs, same bytes"
flatten "$tmp/r1"
is "$(get "$tmp/r1" schema)" vmsim-report/1 "report: schema"
is "$(get "$tmp/r1" trace.events)" 5 "report: events"
is "$(get "$tmp/r1" trace.references)" 2 "report: references"
is "$(get "$tmp/r1" trace.files.0)" $worked "report: files"
is "$(get "$tmp/r1" phases.0.name)" start "report: the first phase is called start"
awk -f tests/json.awk "$tmp/h1" | grep -q '^references_per_second = [0-9]'; ok $? "host report"
bad=0
while IFS= read -r event; do
  echo "$event" | awk -f tests/json.awk >/dev/null || bad=$((bad + 1))
done <"$tmp/e1"
is "$bad" 0 "every line of --events is JSON"
run 0 "filter" run -q -e "$tmp/e3" --event-filter phase $worked
is "$(sed 's/.*"event":"\([a-z-]*\)".*/\1/' "$tmp/e3" | sort | uniq -c | tr -s ' ')" " 2 phase" "filter"
run 0 "report on stdout" run -q -r - $worked
awk -f tests/json.awk "$tmp/out" >/dev/null; ok $? "report on stdout is JSON"

run 2 "report into nowhere" run -q -r "$tmp/nowhere/r" $worked; says "$tmp/nowhere/r" "nowhere"
{ cat $worked; echo "what is this"; } >"$tmp/half.vmt"
run 2 "bad line" run -q -r "$tmp/q1" -e "$tmp/q2" "$tmp/half.vmt"
says "$tmp/half.vmt:9:" "bad line"; absent "$tmp/q1" "bad line"; absent "$tmp/q2" "bad line"
echo before >"$tmp/kept"
run 2 "bad line again" run -q -r "$tmp/kept" "$tmp/half.vmt"
is "$(cat "$tmp/kept")" before "a failed run leaves the old report alone"
if [ -c /dev/full ]; then
  run 2 "full disk for events" run -q -e /dev/full $worked; says /dev/full "full disk"
  run 2 "full disk for the report" run -q -r /dev/full $worked; says /dev/full "full disk"
fi

# --- configuration -----------------------------------------------------------------------------
run 0 "dump" run --dump-config -c teaching -s memory.size=1MiB
cp "$tmp/out" "$tmp/dump.json"
run 0 "dump of a dump" run --dump-config -c "$tmp/dump.json"
cmp -s "$tmp/out" "$tmp/dump.json"; ok $? "a dump reproduces itself"
run 0 "run from a dump" run -q -c "$tmp/dump.json" -r "$tmp/r3" $worked
run 0 "run from what was dumped" run -q -c teaching -s memory.size=1MiB -r "$tmp/r4" $worked
cmp -s "$tmp/r3" "$tmp/r4"; ok $? "a dump repeats the run"
run 0 "set over config" run --dump-config -s memory.frames=7 -c classroom
shows '"frames": 7' "-s overrides -c, whatever the order"
run 0 "later config" run --dump-config -c teaching -c classroom
shows '"frames": 64' "the later names the frames"
shows '"latency": 10' "what the later does not name stays"
run 0 "--seed" run --dump-config --seed 7; shows '"seed": 7' "--seed"
printf '# vmtrace 1\n%%rules win32\n%%machine classroom\nR 0x10000\n' >"$tmp/head.vmt"
run 0 "directives" run --dump-config "$tmp/head.vmt"
shows '"rules": "win32"' "a trace's rules"; shows '"frames": 64' "a trace's machine"
run 0 "directives overridden" run --dump-config -s rules=article -s memory.frames=9 "$tmp/head.vmt"
shows '"rules": "article"' "--set over %rules"; shows '"frames": 9' "--set over %machine"

# --- which events ------------------------------------------------------------------------------
run 0 "--limit" run -q --limit 3 -r "$tmp/r" $worked; flatten "$tmp/r"
is "$(get "$tmp/r" trace.events)" 3 "--limit 3"
run 0 "--skip" run -q -c teaching --skip 4 -r "$tmp/r" $worked; flatten "$tmp/r"
is "$(get "$tmp/r" trace.events)" 1 "--skip 4 leaves one event"
is "$(get "$tmp/r" cycles)" 5 "--skip 4 leaves the warm write"
is "$(get "$tmp/r" counters.page_faults)" 0 "--skip 4 leaves no fault"
run 0 "--skip more than there is" run -q --skip 1000 -r "$tmp/r" $worked; flatten "$tmp/r"
is "$(get "$tmp/r" trace.events)" 0 "nothing is measured"
is "$(get "$tmp/r" cycles)" 0 "and no cycle"
printf '# vmtrace 1\nVirtualAlloc(NULL, 0x1000, MEM_RESERVE|MEM_COMMIT, PAGE_READWRITE) = A\n' >"$tmp/p1.vmt"
printf '# vmtrace 1\nW A 4 0x1 = OK\n' >"$tmp/p2.vmt"
run 0 "parts" check "$tmp/p1.vmt" "$tmp/p2.vmt"; shows "0 divergences in 2 events" "parts share labels"
run 0 "--together" run -q --together -r "$tmp/r" $worked $worked; flatten "$tmp/r"
is "$(get "$tmp/r" trace.events)" 10 "--together: the events of both"
is "$(get "$tmp/r" processes.1.pid)$(get "$tmp/r" processes.2.pid)" 12 "--together: two processes"
is "$(get "$tmp/r" counters.demand_zero_faults)" 2 "--together: each its own page"
printf '# vmtrace 1\n@10 Mark("a10")\n@30 Mark("a30")\n' >"$tmp/t1.vmt"
printf '# vmtrace 1\n@20 Mark("b20")\n@40 Mark("b40")\n' >"$tmp/t2.vmt"
run 0 "--together by time" run -q --together -r "$tmp/r" "$tmp/t1.vmt" "$tmp/t2.vmt"; flatten "$tmp/r"
is "$(sed -n 's/^phases\.[0-9]*\.name = //p' "$tmp/r.flat" | tr '\n' ' ')" "start a10 b20 a30 b40 " \
  "--together: in the order of recorded time"
"$VMSIM" run -q -r "$tmp/r" - <$worked && flatten "$tmp/r"
is "$(get "$tmp/r" trace.events)" 5 "- is standard input"
gzip -c $worked >"$tmp/packed" && run 0 "compressed" check "$tmp/packed"

# --- check, info, convert ----------------------------------------------------------------------
run 0 "check" check $worked; shows "0 divergences in 5 events" "check"
sed 's/^W A 4 0x2.*/R A 4 = 0x3/' $worked >"$tmp/diverging.vmt"
run 1 "check with a divergence" check "$tmp/diverging.vmt"
grep -q "^$tmp/diverging.vmt:8: .*: expected 0x3, got 0x1" "$tmp/out"
ok $? "a divergence has its place" || sed 's/^/# /' "$tmp/out"
shows "1 divergence in 5 events" "check"
run 0 "run counts divergences" run -r "$tmp/r" "$tmp/diverging.vmt"; flatten "$tmp/r"
is "$(get "$tmp/r" divergences.count)" 1 "run counts divergences"
run 0 "info" info $worked
is "$(awk '$1 == "events" { print $2 }' "$tmp/out")" 5 "info: events"
grep -q '^distinct pages  *1 ' "$tmp/out"; ok $? "info: distinct pages"
grep -q '^peak committed  *1 ' "$tmp/out"; ok $? "info: peak committed"
cat >"$tmp/foot.vmt" <<'END'
# vmtrace 1
VirtualAlloc(NULL, 0x20000, MEM_RESERVE, PAGE_READWRITE) = A
VirtualAlloc(A+0x1000, 0x3001, MEM_COMMIT, PAGE_READWRITE) = A+0x1000
VirtualFree(A+0x2000, 0x1000, MEM_DECOMMIT) = TRUE
VirtualAlloc(A, 0x1000, MEM_COMMIT, PAGE_READWRITE) = A
2 VirtualAlloc(NULL, 0x10000, MEM_RESERVE|MEM_COMMIT, PAGE_READWRITE) = B
VirtualAlloc(A+0x100000000, 0x1000, MEM_COMMIT, PAGE_READWRITE) = NULL ERROR_INVALID_ADDRESS
VirtualFree(A, 0, MEM_RELEASE) = TRUE
2 W B+0xffc 8
2 ExitProcess()
VirtualAlloc(0x5000000, 0x1000, MEM_RESERVE|MEM_COMMIT, PAGE_READWRITE) = C
W C
R 0x5000000
END
run 0 "info of calls" info "$tmp/foot.vmt"
grep -q '^peak reserved  *48 pages' "$tmp/out"; ok $? "info: 32 pages and 16 reserved at once"
grep -q '^peak committed  *20 pages' "$tmp/out"; ok $? "info: 4 pages and 16 committed at once"
grep -q '^distinct pages  *3 ' "$tmp/out"; ok $? "info: a label and its address are one page"
cat >"$tmp/views.vmt" <<'END'
# vmtrace 1
CreateFileMapping(NULL, 0x20000, PAGE_READWRITE|SEC_COMMIT, "s") = TRUE
CreateFileMapping(NULL, 0x100000, PAGE_READWRITE|SEC_RESERVE, "r") = TRUE
CreateFileMapping("C:\\a file", 0, PAGE_READONLY, "f") = TRUE
ThreadStack(0x30000, 0x10000)
MapViewOfFile("s", FILE_MAP_WRITE, 0x10000, 0, NULL) = V
2 MapViewOfFile("s", FILE_MAP_READ, 0, 0, 0x400000) = 0x400000
MapViewOfFile("r", FILE_MAP_READ, 0, 0x4000, NULL) = R
MapViewOfFile("f", FILE_MAP_READ, 0, 0, NULL) = F
MapViewOfFile("s", FILE_MAP_READ, 0, 0x800000, NULL) = NULL ERROR_ACCESS_DENIED
CloseHandle("s") = TRUE
UnmapViewOfFile(V+0x2000) = TRUE
2 UnmapViewOfFile(0x400000) = TRUE
UnmapViewOfFile(R) = TRUE
InjectError(0x30000, "memory")
VirtualAlloc2(NULL, 0x30000, 0x42000, PAGE_NOACCESS, 0, 0, 0x10000) = P
VirtualFree(P+0x4000, 0x1000, MEM_RELEASE|MEM_PRESERVE_PLACEHOLDER) = TRUE
VirtualAlloc2(P+0x4000, 0x1000, 0x7000, PAGE_READWRITE, 0, 0, 0) = P+0x4000
VirtualAlloc2(NULL, 0x1d000, MEM_RESERVE|MEM_COMMIT, PAGE_READWRITE, 0, 0, 0) = Q
VirtualFree(P+0x4000, 0x1000, MEM_RELEASE|MEM_PRESERVE_PLACEHOLDER) = TRUE
VirtualFree(P, 0x30000, MEM_RELEASE|MEM_COALESCE_PLACEHOLDERS) = TRUE
VirtualFree(P, 0, MEM_RELEASE) = TRUE
VirtualAlloc2(NULL, 0x20000, MEM_RESERVE, PAGE_READWRITE, 0, 0, 0) = S
END
views() { run 0 "info of views" info "$tmp/$1"
  grep -q "^peak reserved  *$2 pages" "$tmp/out"; ok $? "info: $1: $2 reserved at once"
  grep -q "^peak committed  *$3 pages" "$tmp/out"; ok $? "info: $1: $3 committed at once"; }
# 16 and 32 pages of one section, 4 of one only reserved; then 48 of placeholders, one of them
# replaced by a page that is committed, and 29 more. Not joined, only 4 of the 48 are released.
head -n 14 "$tmp/views.vmt" >"$tmp/mapped.vmt"
views mapped.vmt 52 48
views views.vmt 77 48
sed 5,14d "$tmp/views.vmt" >"$tmp/placeholders.vmt"
views placeholders.vmt 77 30
sed '5,14d;/COALESCE/d' "$tmp/views.vmt" >"$tmp/split.vmt"
views split.vmt 105 30
sed '5,14d;/P, 0,/d' "$tmp/views.vmt" >"$tmp/joined.vmt"
views joined.vmt 109 30
run 0 "convert" convert $worked "$tmp/copy.vmt"
run 0 "convert again" convert "$tmp/copy.vmt" "$tmp/copy2.vmt"
cmp -s "$tmp/copy.vmt" "$tmp/copy2.vmt"; ok $? "a converted trace converts to itself"
run 0 "check of a copy" check "$tmp/copy.vmt"
run 2 "convert what the format cannot hold" convert $worked "$tmp/copy.lackey"
absent "$tmp/copy.lackey" "convert"

# --- interruption ------------------------------------------------------------------------------
# A recorder that never ends: it writes an event, then waits. SIGINT is given as a terminal would.
mkfifo "$tmp/pipe"
cat >"$tmp/interrupt.sh" <<'END'
trap - INT
"$VMSIM" run -q -r "$1/interrupted" "$1/pipe" &
pid=$!
exec 3>"$1/pipe"
printf '# vmtrace 1\nR 0x10000\nR 0x10000\n' >&3
sleep 1
kill -INT $pid
sleep 1
exec 3>&-
wait $pid
echo $? >"$1/code"
END
if command -v setsid >/dev/null && command -v perl >/dev/null; then
  # Shells start background jobs with SIGINT ignored; perl gives it back its meaning.
  VMSIM_REAL=$VMSIM
  export VMSIM_REAL
  cat >"$tmp/vmsim" <<'END'
#!/bin/sh
exec perl -e '$SIG{INT} = "DEFAULT"; exec @ARGV' "$VMSIM_REAL" "$@"
END
  chmod +x "$tmp/vmsim"
  VMSIM="$tmp/vmsim" sh "$tmp/interrupt.sh" "$tmp" 2>/dev/null
  is "$(cat "$tmp/code")" 130 "interrupted: exit code 130"
  flatten "$tmp/interrupted"
  is "$(get "$tmp/interrupted" schema)" vmsim-report/1 "interrupted: the report is written"
else
  skip "interruption" "no perl"
fi

# --- odd surroundings --------------------------------------------------------------------------
trace=tests/scenario/worked.vmt
"$VMSIM" run -q -r "$tmp/open.json" $trace
"$VMSIM" run -r "$tmp/closed.json" $trace >&- 2>"$tmp/err"
is "$?/$(tail -n 1 "$tmp/err")" "2/vmsim: cannot write standard output" "standard output closed"
cmp -s "$tmp/open.json" "$tmp/closed.json"; ok $? "and nothing of it in the report"
"$VMSIM" run -q - <&- 2>"$tmp/err"
is "$?/$(cat "$tmp/err")" "2/vmsim: <stdin>: cannot be read: Bad file descriptor" "input closed"
(cd "$tmp" && "$VMSIM" run -q -e "./one file" -r "$tmp/one file" "$OLDPWD/$trace" 2>err)
is "$?/$(cat "$tmp/err")" "2/vmsim: run: two outputs go to the same file (see vmsim run --help)" \
  "one file by two names"
awk 'BEGIN { print "# vmtrace 1"; for (i = 1; i < 131074; i++) print i " ExitProcess()" }' >"$tmp/many.vmt"
"$VMSIM" run -q "$tmp/many.vmt" 2>"$tmp/err"
is "$?/$(cat "$tmp/err")" "2/vmsim: $tmp/many.vmt:131072:1: too many processes (expected at most \
131070 in a run)" "too many processes: the line is named"

# A machine that is stopped has every cycle up to there in one bucket (T19).
awk -v n=4000 -v seed=5 -f tests/scenario/pressure.awk >"$tmp/pressed.vmt"
for machine in "-s cores=1" "-s cores=4" "-s cores=4 -s order=free -s core.mlp=4"; do
  "$VMSIM" run -q $machine -s standby.enabled=false -s memory.frames=6 -r "$tmp/stopped" \
    --interval 777 --interval-file "$tmp/stopped.csv" "$tmp/pressed.vmt" 2>/dev/null
  is $? 4 "$machine: no frame can be freed"
  flatten "$tmp/stopped"
  cores=$(get "$tmp/stopped" config.cores) cycles=$(get "$tmp/stopped" cycles)
  for part in "" 'processes\.[0-9]*\.' 'phases\.[0-9]*\.'; do
    sum=$(grep "^${part}cycle_stack\." "$tmp/stopped.flat" | awk '{ n += $NF } END { printf "%d", n }')
    is "$sum" $((cores * cycles)) "$machine: every cycle is booked: '$part'"
  done
  is "$(awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) if ($i ~ /_cycles$/) of[i] } NR > 1 {
    for (i in of) n += $i } END { printf "%d", n }' "$tmp/stopped.csv")" $((cores * cycles)) \
    "$machine: in its intervals, too"
done
# Requests that the end finds on their way; check-asan sees them freed.
"$VMSIM" run -q -s cores=2 -s memory.frames=100 -s os.write=4294967296 "$tmp/pressed.vmt"
is $? 0 "a run that ends with requests on their way"

# --- documents ---------------------------------------------------------------------------------
"$B/tools/docgen" >"$tmp/reference" && cmp -s "$tmp/reference" configs/REFERENCE.md
ok $? "configs/REFERENCE.md is current (make docs)"
missing=
for option in $common --from --to --version; do
  grep -q -e "$(echo "$option" | sed 's/-/\\\\-/g')" sim/vmsim.1 || missing="$missing $option"
done
[ -z "$missing" ]; ok $? "the man page names every option" || echo "# missing:$missing"
missing=
for option in $common --from --to; do grep -q -e "$option" tools/vmsim.bash || missing="$missing $option"; done
[ -z "$missing" ]; ok $? "the completion names every option" || echo "# missing:$missing"
if command -v groff >/dev/null; then
  groff -man -Tutf8 -ww -z sim/vmsim.1 2>"$tmp/err" && [ ! -s "$tmp/err" ]
  ok $? "the man page is good troff" || sed 's/^/# /' "$tmp/err"
fi
if command -v bash >/dev/null; then bash -n tools/vmsim.bash; ok $? "the completion is good bash"; fi
done_testing
