#!/bin/sh
# run.sh: run every test, in parallel, and count. A test speaks TAP: unit programs (g_test) and
# scripts named tests/*/*.test.sh. VMSIM is the program, B the build folder. ONLY=pattern runs some.
# What tests print stays in $B/log until the next full run; tools/rules.awk reads there which rules
# of sim/RULES.md they exercised.
set -u
cd "$(dirname "$0")/.."
# A rule without a test, or an old tests/RULES.md, fails a full run if this is set.
strict=${RULES_STRICT-1}
: "${VMSIM:?}" "${B:?}"
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT INT TERM
if [ -n "${ONLY:-}" ]; then out=$tmp/log; else out=$B/log; fi
rm -rf "$out"
export out VMSIM B
export ASAN_OPTIONS=detect_leaks=${LEAKS:-0}
ls "$B"/tests/unit/test_* "$B"/tests/policy/test_* "$B"/tests/model/test_* tests/*/*.test.sh 2>/dev/null |
  grep -v '\.d$' | grep "${ONLY:-.}" |
  xargs -P "${JOBS:-$(nproc)}" -I{} sh -c '
    t={}; name=${t#$B/}; name=${name#tests/}; log=$out/$name
    mkdir -p "${log%/*}"
    case $t in *.sh) sh "$t" >"$log" 2>&1 ;; *) "$t" --tap >"$log" 2>&1 ;; esac
    rc=$?
    grep -q "^ok\|^not ok\|^1\.\.0" "$log" || { echo "not ok - $t printed no result" >>"$log"; }
    [ $rc -eq 0 ] || grep -q "^not ok" "$log" || echo "not ok - $t exited $rc" >>"$log"
    n=$(grep -c "^ok" "$log"); f=$(grep -c "^not ok" "$log")
    printf "%-60s %4d ok %s\n" "tests/$name" "$n" "$([ "$f" -eq 0 ] || echo "$f FAILED")"
    if [ "$f" -ne 0 ]; then echo "---- tests/$name"; tail -60 "$log"; echo "----"; fi'

bare=${strict:+fail}
[ -z "${ONLY:-}" ] || bare=ignore
sh tests/rules.sh "$out" -v bare="${bare:-list}" >"$tmp/rules"
if [ "$bare" = fail ]; then
  sh tests/rules.sh "$out" -v table=1 | cmp -s - tests/RULES.md
  [ $? -eq 0 ] || echo "not ok - tests/RULES.md is current (make rules)" >>"$tmp/rules"
fi
cat "$tmp/rules"
passed=$(cat "$tmp/rules" $(find "$out" -type f) | grep -c '^ok')
failed=$(cat "$tmp/rules" $(find "$out" -type f) | grep -c '^not ok')
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
