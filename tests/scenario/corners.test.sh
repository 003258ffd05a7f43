#!/bin/sh
# Corners that a rule settles and an implementation misses easily; the traces say which rule.
. tests/tap.sh
holds_true() { # NAME OPTION...
  name=$1
  shift
  # shellcheck disable=SC2046
  rules $(sed -n 's/^# rules: *//p' "tests/scenario/corners/$name.vmt")
  timeout 20 "$VMSIM" check -q --audit full "$@" "tests/scenario/corners/$name.vmt" >"$tmp/out" 2>&1
  ok $? "$name" || sed 's/^/# /' "$tmp/out"
}
holds_true guard-keeps-caching
holds_true query-ends-at-hi
holds_true lock-quota -s memory.frames=50 -s memory.page_tables=out -s replacement.policy=fifo

# R3: pages_reset_pending counts pages that enter the state, not calls.
cat >"$tmp/reset.vmt" <<'V'
# vmtrace 1
VirtualAlloc(NULL, 0x2000, MEM_RESERVE|MEM_COMMIT, PAGE_READWRITE) = A
W A 4 0x1
VirtualAlloc(A, 0x2000, MEM_RESET, PAGE_READWRITE) = A
VirtualAlloc(A, 0x2000, MEM_RESET, PAGE_READWRITE) = A
VirtualAlloc(A, 0x1000, MEM_RESET, PAGE_READWRITE) = A
W A 4 0x2
VirtualAlloc(A, 0x1000, MEM_RESET, PAGE_READWRITE) = A
V
"$VMSIM" run -q -r "$tmp/report" "$tmp/reset.vmt"
flatten "$tmp/report"
rules R3.untouched
is "$(get "$tmp/report" counters.pages_reset_pending)" 2 "a page reset again has not entered the state again"

# Q5: an implicit commit is a change of state like any other.
printf ' L 00020000,4\n L 00021000,4\n' >"$tmp/two.lackey"
"$VMSIM" run -q -e "$tmp/events" --event-filter page-state "$tmp/two.lackey"
rules Q5
is "$(grep -c '"from":"free","to":"committed","cause":"implicit commit"' "$tmp/events")" 2 \
  "implicit commits are reported"

# H17: one pass of trimming two processes flushes each address space once: 2 x os.cr3.
awk 'BEGIN {
  print "# vmtrace 1"
  for (p = 1; p <= 2; p++)
    print p " VirtualAlloc(0x100000, 0x100000, MEM_RESERVE|MEM_COMMIT, PAGE_READWRITE) = 0x100000"
  for (i = 0; i < 140; i++)
    for (p = 1; p <= 2; p++) printf "%d W 0x%x 4 0x1\n", p, 1048576 + i * 4096 }' >"$tmp/two.vmt"
"$VMSIM" run -q -e "$tmp/events" --event-filter tlb-shootdown -s memory.frames=256 -s memory.page_tables=out \
  -s replacement.policy=fifo -s vmm.avail_low=4 -s vmm.avail_high=100 -s os.cr3=200 "$tmp/two.vmt"
rules H17
is "$(sed -n '1s/.*"pages":\([0-9]*\),"cycles":\([0-9]*\).*/\1 \2/p' "$tmp/events")" "97 400" \
  "many invalidations of two processes are two flushes"
done_testing
