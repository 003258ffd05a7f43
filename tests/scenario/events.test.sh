#!/bin/sh
# events.test.sh: every event of small traces, to the cycle. Each tests/scenario/NAME.events holds what
# NAME.vmt must report on the machine `teaching` with the options in NAME.args; the arithmetic
# stands in the trace's comments.
. tests/tap.sh

for expected in tests/scenario/*.events; do
  name=$(basename "$expected" .events)
  trace=tests/scenario/$name.vmt
  # shellcheck disable=SC2046
  "$VMSIM" check -q --audit full -c teaching $(cat "tests/scenario/$name.args") \
    -e "$tmp/$name" "$trace" >"$tmp/out" 2>&1
  status=$?
  [ $status -eq 0 ]
  ok $? "$name: recorded results agree" || sed 's/^/# /' "$tmp/out"
  # shellcheck disable=SC2046
  rules $(sed -n 's/^# rules: *//p' "$trace")
  diff "$expected" "$tmp/$name" >"$tmp/diff" 2>&1
  ok $? "$name: events" || sed 's/^/# /' "$tmp/diff"
done
done_testing
