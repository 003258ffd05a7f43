#!/bin/sh
# freeing.test.sh: Microsoft's article "Freeing Virtual Memory".
#   1. The demonstration traces pass, and each of their results is really compared: every copy with
#      one result made wrong fails, at that line and nowhere else.
#   2. What a trace cannot say: storage given up serves another process without paging, and pages
#      of no interest are neither read from nor written to the pagefile. Each is set against the
#      same run without the call that makes the difference.
. tests/tap.sh

# --- 1. traces -------------------------------------------------------------------------------
# mutate TRACE RULE...: one TAP line for each of its lines with a result.
mutate() {
  base=${1##*/}
  trace=$1
  shift
  rules "$@"
  set -- "$trace"
  "$VMSIM" check -q "$1" >"$tmp/out" 2>&1
  is $? 0 "$base passes" || sed 's/^/# /' "$tmp/out"
  awk -f tests/scenario/mutate.awk "$1" >"$tmp/mutations"
  holds "$base: every recorded result has wrong variants" \
    "$(cut -f1 "$tmp/mutations" | uniq | wc -l)" -eq "$(grep -c '^[^#%].* = ' "$1")"
  tab=$(printf '\t') last='' missed=''
  while IFS=$tab read -r line cut event; do
    if [ -n "$last" ] && [ "$line" != "$last" ]; then mutated; fi
    last=$line
    awk -v n="$line" -v cut="$cut" -v e="$event" 'NR == n { print e; if (cut) exit; next } 1' \
      "$1" >"$tmp/$base"
    "$VMSIM" check "$tmp/$base" >"$tmp/out" 2>/dev/null
    rc=$?
    if [ $rc -ne 1 ] || [ "$(grep -c "^$tmp/$base:" "$tmp/out")" -ne 1 ] ||
      ! grep -q "^$tmp/$base:$line: " "$tmp/out"; then
      missed="$missed
# exit $rc for: $event"
    fi
  done <"$tmp/mutations"
  mutated
}
mutated() {
  [ -z "$missed" ]
  ok $? "$base:$last: $(sed -n "$last{s/ *#.*//;p;}" traces/"$base")" || echo "${missed#?}"
  missed=
}
mutate traces/freeing-virtual-memory.vmt E7 E10 E11.mixed E11.uncommitted E11.size E11.touch \
  E12.reserved-part E12.reserved-whole E12.committed-part E12.committed-whole E12.committed-beyond \
  E12.mixed-part E12.mixed-whole E12.free-start E12.adjacent E13.lost R1 R2 R6 I30
mutate traces/freeing-virtual-memory-win32.vmt E7 E8 E9 E10 E11.mixed E11.uncommitted E11.size \
  E11.base E11.touch E12.reserved-part E12.reserved-whole E12.reserved-beyond E12.committed-whole \
  E12.mixed-part E12.mixed-whole E13.lost

# Rule sets: the article is the default, and each trace parts from the other set where it should.
grep -v '^%rules' traces/freeing-virtual-memory.vmt >"$tmp/default.vmt"
"$VMSIM" check -q "$tmp/default.vmt" >"$tmp/out" 2>&1
is $? 0 "without %rules the article rules" || sed 's/^/# /' "$tmp/out"
# parts RULES TRACE EVENT: under the other rules this is the first event to diverge.
parts() {
  "$VMSIM" check -s rules="$1" "$2" >"$tmp/out" 2>/dev/null
  is $? 1 "${2##*/} fails under $1"
  is "$(sed -n "s|^$2:\([0-9]*\):.*|\1|p" "$tmp/out" | head -1)" "$(grep -nF -m 1 "$3" "$2" | cut -d: -f1)" \
    "${2##*/} under $1: first at $3"
}
parts win32 traces/freeing-virtual-memory.vmt 'VirtualFree(A+0x1000, 0x1000, MEM_DECOMMIT) = FALSE'
parts article traces/freeing-virtual-memory-win32.vmt 'VirtualFree(A+0x2000, 0x1000, MEM_DECOMMIT) = TRUE           # none'

# --- 2. reports ------------------------------------------------------------------------------
# touch_pages PID OP LABEL PAGES VALUE: one access to each page; VALUE is stored or expected ("" neither).
touch_pages() {
  awk -v pid="$1" -v op="$2" -v l="$3" -v n="$4" -v v="$5" 'BEGIN {
    for (i = 0; i < n; i++)
      printf "%s %s %s+0x%x 4%s\n", pid, op, l, i * 4096,
        v == "" ? "" : op == "W" ? " " v " = OK" : " = " v }'
}
block() { # PID LABEL PAGES
  printf '%s VirtualAlloc(NULL, 0x%x, MEM_RESERVE|MEM_COMMIT, PAGE_READWRITE) = %s\n' "$1" $(($3 * 4096)) "$2"
}
# replay NAME OPTION...: check $tmp/trace, keep its report as $tmp/NAME.json.
replay() {
  name=$1
  shift
  rm -f "$tmp/$name.json" "$tmp/$name.json.flat"
  "$VMSIM" check -q -r "$tmp/$name.json" -s memory.page_tables=out "$@" "$tmp/trace" \
    >"$tmp/out" 2>&1
  rc=$?
  [ ! -f "$tmp/$name.json" ] || flatten "$tmp/$name.json"
  [ $rc -eq 0 ] || sed 's/^/# /' "$tmp/out" | head -5
  return $rc
}
c() { get "$tmp/$1.json" "counters.$2"; }
p() { phase "$tmp/$1.json" "$2" "counters.$3"; }

# storage CALL: process 1 fills 48 of 64 frames, gives them up by CALL ("" keeps them), and process
# 2 fills 48 as well. Both then read all of theirs again: 96 pages do not fit, 48 do.
storage() {
  {
    echo '# vmtrace 1'
    block 1 A 48
    touch_pages 1 W A 48 0x11
    case $1 in
    decommit) echo '1 VirtualFree(A, 0, MEM_DECOMMIT) = TRUE' ;;
    release) echo '1 VirtualFree(A, 0, MEM_RELEASE) = TRUE' ;;
    exit) echo '1 ExitProcess()' ;;
    esac
    block 2 B 48
    touch_pages 2 W B 48 0x22
    case $1 in
    keep) touch_pages 1 R A 48 0x11 ;;
    exit) ;;
    *) touch_pages 1 R A 48 ACCESS_VIOLATION ;;
    esac
    touch_pages 2 R B 48 0x22
  } >"$tmp/trace"
}
for standby in true false; do
  for how in decommit release exit; do
    storage $how
    replay s -s memory.frames=64 -s pagefile.size=1MiB -s standby.enabled=$standby
    ok $? "standby $standby: $how: contents are right"
    rules E13.resident L27 I35
    is "$(c s page_writes)/$(c s page_reads)" 0/0 \
      "standby $standby: after $how another process uses the frames without paging"
    holds "standby $standby: $how: no more than 64 frames were ever resident" "$(c s resident_pages_peak)" -le 64
    is "$(c s demand_zero_faults)" 96 "standby $standby: $how: both processes took 48 zeroed frames"
  done
  storage keep
  replay s -s memory.frames=64 -s pagefile.size=1MiB -s standby.enabled=$standby
  ok $? "standby $standby: kept: contents are right"
  holds "standby $standby: kept: pages are written" "$(c s page_writes)" -gt 0
  holds "standby $standby: kept: pages are read back" "$(c s page_reads)" -gt 0
done

# The commit charge comes back, too: without a pagefile 64 frames are all that can be committed.
charge() {
  {
    echo '# vmtrace 1'
    block 1 A 48
    [ "$1" = keep ] || echo '1 VirtualFree(A, 0, MEM_DECOMMIT) = TRUE'
    if [ "$1" = keep ]; then
      echo '2 VirtualAlloc(NULL, 0x30000, MEM_RESERVE|MEM_COMMIT, PAGE_READWRITE) = NULL ERROR_COMMITMENT_LIMIT'
    else
      block 2 B 48
    fi
  } >"$tmp/trace"
  replay c -s memory.frames=64 -s pagefile.size=0
}
charge keep
ok $? "48 + 48 pages exceed a limit of 64: ERROR_COMMITMENT_LIMIT"
charge decommit
rules C5
ok $? "after the first 48 are decommitted another process commits 48"
is "$(c c committed_pages_peak)" 48 "the peak charge is 48"

# Pagefile slots: 80 pages in 32 frames push 48 and more into a pagefile of 63 usable slots. The
# next process needs as many again: 96 slots, unless decommit frees the first.
slots() {
  {
    echo '# vmtrace 1'
    block 1 A 80
    touch_pages 1 W A 80 0x11
    echo '+1000000000 1 W A 4 0x11' # let writes under way end
    case $1 in
    decommit) echo '1 VirtualFree(A, 0, MEM_DECOMMIT) = TRUE' ;;
    release) echo '1 VirtualFree(A, 0, MEM_RELEASE) = TRUE' ;;
    esac
    echo '1 Mark("given")'
    if [ "$1" = keep ]; then
      echo '2 VirtualAlloc(NULL, 0x50000, MEM_RESERVE|MEM_COMMIT, PAGE_READWRITE) = NULL ERROR_COMMITMENT_LIMIT'
      touch_pages 1 R A 80 0x11
    else
      echo '+1000 1 R 0x20 1 = ACCESS_VIOLATION'
      echo '1 Mark("taken")'
      block 2 B 80
      touch_pages 2 W B 80 0x22
      touch_pages 2 R B 80 0x22
      touch_pages 2 R B 80 0x22
    fi
  } >"$tmp/trace"
}
for standby in true false; do
  for how in decommit release; do
    slots $how
    replay p -s memory.frames=32 -s pagefile.size=256KiB -s standby.enabled=$standby
    ok $? "standby $standby: slots, $how: contents are right"
    holds "standby $standby: $how: the first process had 48 slots and more" "$(p p start pagefile_slots_peak)" -ge 48
    rules E13.stored L30.freed I15
    is "$(p p given pagefile_slots_peak)" 0 "standby $standby: $how frees every slot"
    rules I35
    is "$(p p given page_writes)/$(p p given page_reads)" 0/0 "standby $standby: $how itself reads and writes nothing"
    holds "standby $standby: $how: the second process has 48 and more of 63" "$(p p taken pagefile_slots_peak)" -ge 48
    holds "standby $standby: $how: and reads them back" "$(p p taken pages_input)" -ge 48
  done
  slots keep
  replay p -s memory.frames=32 -s pagefile.size=256KiB -s standby.enabled=$standby
  ok $? "standby $standby: kept: the second process is refused, the first keeps its data"
  holds "standby $standby: kept: the slots stay in use" "$(p p given pagefile_slots_peak)" -ge 48
done

# reset WHERE RESET: 24 stored pages are reset ("reset") or not ("keep") while in memory or in the
# pagefile, then 400 pages are read through 64 frames, and the 24 read again. Nothing else is ever
# stored, and with memory.zero_fill_dirty=false pages that were only read need no writing.
reset_trace() {
  {
    echo '# vmtrace 1'
    block 1 A 24
    block 1 Z 400
    touch_pages 1 W A 24 0x11
    if [ "$1" = pagefile ]; then
      touch_pages 1 R Z 400 0x0
      echo '+1000000000 1 R Z 4 = 0x0'
    fi
    echo '1 Mark("reset")'
    [ "$2" = keep ] || echo '1 VirtualAlloc(A, 0x18000, MEM_RESET, PAGE_READWRITE) = A'
    touch_pages 1 R Z 400 0x0
    touch_pages 1 R A 24 0x11 # contents or zero: both agree where the pages were reset
    touch_pages 1 R Z 400 0x0
    echo '1 Mark("again")'
    touch_pages 1 W A 24 0x33
    touch_pages 1 R Z 400 0x0
    touch_pages 1 R A 24 0x33
  } >"$tmp/trace"
}
for standby in true false; do
  for where in memory pagefile; do
    for how in reset keep; do
      reset_trace $where $how
      replay r$how -s memory.frames=64 -s pagefile.size=4MiB -s standby.enabled=$standby \
        -s memory.zero_fill_dirty=false
      ok $? "standby $standby: $how in $where: contents are right"
    done
    name="standby $standby, in $where"
    rules R4 R7 I34
    is "$(p rreset reset pages_output)/$(p rreset reset pages_input)" 0/0 \
      "$name: reset pages are neither written nor read"
    is "$(p rreset reset page_writes)/$(p rreset reset page_reads)" 0/0 \
      "$name: nor are there requests"
    holds "$name: not reset, they are read back" "$(p rkeep reset pages_input)" -ge 24
    [ $where = pagefile ] || holds "$name: not reset, they are written" "$(p rkeep reset pages_output)" -ge 24
    if [ $where = memory ]; then
      is "$(c rreset pages_reset_pending)" 24 "$name: 24 pages became disposable"
    fi
    holds "$name: all 24 lost their contents under pressure" "$(c rreset pages_reset_lost)" -ge 24
    holds "$name: stored again, they are written" "$(p rreset again pages_output)" -ge 24
    holds "$name: and read back" "$(p rreset again pages_input)" -ge 24
    is "$(c rkeep pages_reset_pending)/$(c rkeep pages_reset_lost)" 0/0 "$name: without MEM_RESET none"
  done
done
done_testing
