#!/bin/sh
# run.sh: run every test, in parallel, and count. A test speaks TAP: unit programs (g_test) and
# scripts named tests/*/*.test.sh. VMSIM is the program, B the build folder.
set -u
cd "$(dirname "$0")/.."
out=$(mktemp -d) || exit 1
trap 'rm -rf "$out"' EXIT INT TERM
export out VMSIM B
export ASAN_OPTIONS=detect_leaks=${LEAKS:-0}
ls "$B"/tests/unit/test_* "$B"/tests/policy/test_* "$B"/tests/model/test_* tests/*/*.test.sh 2>/dev/null |
  grep -v '\.d$' | grep "${ONLY:-.}" |
  xargs -P "${JOBS:-$(nproc)}" -I{} sh -c '
    t={}; log="$out/$(echo "$t" | tr / _)"
    case $t in *.sh) sh "$t" >"$log" 2>&1 ;; *) "$t" --tap >"$log" 2>&1 ;; esac
    rc=$?
    grep -q "^ok\|^not ok\|^1\.\.0" "$log" || { echo "not ok - $t printed no result" >>"$log"; }
    [ $rc -eq 0 ] || grep -q "^not ok" "$log" || echo "not ok - $t exited $rc" >>"$log"
    n=$(grep -c "^ok" "$log"); f=$(grep -c "^not ok" "$log")
    printf "%-60s %4d ok %s\n" "${t#$B/}" "$n" "$([ "$f" -eq 0 ] || echo "$f FAILED")"
    if [ "$f" -ne 0 ]; then echo "---- ${t#$B/}"; tail -60 "$log"; echo "----"; fi'
passed=$(cat "$out"/* | grep -c '^ok')
failed=$(cat "$out"/* | grep -c '^not ok')
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
