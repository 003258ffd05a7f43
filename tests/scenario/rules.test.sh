#!/bin/sh
# rules.test.sh: one small trace a rule. Each file of tests/scenario/rules is replayed by
# `vmsim check --audit full`, so recorded results are compared and invariants tested after every
# event, and then held against the comments in it (tests/scenario/rules/README.md).
. tests/tap.sh

# word NAME FILE: the rest of the lines `# NAME: ...`.
word() {
  sed -n "s/^# $1: *//p" "$2"
}
# replay FILE SETTING...: one replay; what went wrong goes to standard output.
replay() {
  replay_trace=$1 replay_set=
  shift
  for o in "$@"; do replay_set="$replay_set -s $o"; done
  replay_exit=$(word exit "$replay_trace")
  timeout 60 "$VMSIM" check -q --audit full $replay_set -r "$tmp/report" -e "$tmp/events" \
    "$replay_trace" >"$tmp/out" 2>&1
  replay_got=$?
  if [ $replay_got -ne "${replay_exit:-0}" ]; then
    echo "exit code $replay_got with '$*'"
    sed -n '1,5p' "$tmp/out"
    return
  fi
  awk -f tests/json.awk "$tmp/report" >"$tmp/report.flat" 2>/dev/null
  awk -f tests/json.awk "$tmp/events" >"$tmp/events.flat" 2>/dev/null
  awk -f tests/scenario/rules.awk part=kinds configs/REFERENCE.md part=report "$tmp/report.flat" \
    part=events "$tmp/events.flat" part=trace "$replay_trace" | sed "s|\$| (with '$*')|"
}
# holds_rules FILE: its replay, or one for each `# with:` line, is as the file says.
holds_rules() {
  rm -f "$tmp/wrong"
  word with "$1" >"$tmp/variants"
  [ -s "$tmp/variants" ] || echo >"$tmp/variants"
  while read -r variant; do
    replay "$1" $(word set "$1") $variant </dev/null >>"$tmp/wrong"
  done <"$tmp/variants"
  [ ! -s "$tmp/wrong" ]
}

for trace in tests/scenario/rules/*.vmt; do
  [ -n "$(word rules "$trace")" ] || echo "not ok - $trace names no rule"
  rules $(word rules "$trace")
  holds_rules "$trace"
  ok $? "$(basename "$trace" .vmt)" || sed 's/^/# /' "$tmp/wrong"
done

# What must be noticed: one wrong line added to a trace that holds.
right='# vmtrace 1
# rules: 2.3.14a
# set: memory.frames=16
VirtualAlloc(0x10000, 0x1000, MEM_RESERVE|MEM_COMMIT, PAGE_READWRITE) = 0x10000
W 0x10000 4 0x1 = OK
# event: 1 frame-state to=active rule=L10
Mark("again")
VirtualAlloc(0x10000, 0x1000, MEM_RESERVE, PAGE_READWRITE) = NULL ERROR_INVALID_ADDRESS
# event: call-failed rule=2.3.14a code=487
# expect: phases.start.counters.calls = 1
# expect: processes.1.counters.calls = 2'
echo "$right" >"$tmp/right.vmt"
holds_rules "$tmp/right.vmt"
ok $? "a trace that holds" || sed 's/^/# /' "$tmp/wrong"
while IFS= read -r wrong; do
  { echo "$right"; echo "$wrong"; } >"$tmp/wrong.vmt"
  ! holds_rules "$tmp/wrong.vmt"
  ok $? "noticed: $wrong"
done <<'END'
R 0x10000 4 = 0x2
# event: call-failed rule=2.3.13a
# event: 0 call-failed
# event: 2 call-failed
# event: page-fault
# event: call-failed code>487
# event: call-failed code
# event: call-failed line=4
# background: frame-state
# event: 0 call-fail
# event: 0 call-failed rules=V1
# event: 0 call-failed rule
# expect: counters.calls_failed = 0
# expect: counters.calls_failed >= 2
# expect: counters.no_such = 0
# expect: counters.no_such != 0
# expect: phases.again.counters.calls != 1
# expect: counters.calls
# expects: counters.calls = 2
# exit: 4
# set: memory.frames=0
# with: memory.frames=0
END
for nothing in '# rules: V1' 'R 0x20000 1'; do
  printf '# vmtrace 1\n%s\n' "$nothing" >"$tmp/nothing.vmt"
  ! holds_rules "$tmp/nothing.vmt"
  ok $? "noticed: nothing but $nothing"
done
done_testing
