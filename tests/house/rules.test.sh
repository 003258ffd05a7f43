#!/bin/sh
# tools/rules.awk: which rules have a test, told from what tests print.
. tests/tap.sh
mkdir -p "$tmp/log/unit" "$tmp/log/scenario"
printf '%s\n' '# Rules' '| Id | Rule |' '|---|---|' '| V1 | a |' '| 2.3.14a | b |' '| E12.whole | c |' \
  '| L1 | d |' >"$tmp/RULES.md"
cat >"$tmp/log/unit/test_a" <<'END'
# random seed: R02S
# rules: V1
# rules: L1
ok 1 /a/one
ok 2 /a/two
# rules: E12.whole
not ok 3 /a/three
END
cat >"$tmp/log/scenario/b.test.sh" <<'END'
# rules: V1 2.3.14a
ok 1 - b | c
# rules: V1
ok 2 - d
# rules: E12.whole
ok 3 - e # SKIP not here
END
run() { # OPTION... : over the logs above, the last rule file included
  awk -f tools/rules.awk -v logs="$tmp/log" "$@" "$tmp/RULES.md" "$tmp/log/scenario/b.test.sh" \
    "$tmp/log/unit/test_a" >"$tmp/out"
}
run -v bare=fail
is "$(cat "$tmp/out")" "not ok - rule E12.whole has a test that passes" "failed and skipped tests do not count"
run -v bare=list
is "$(cat "$tmp/out")" "# 1 of 4 rules have no test: E12.whole" "rules without a test are listed"
run -v bare=ignore
[ ! -s "$tmp/out" ]
ok $? "or not"
run -v table=1
is "$(grep '^| V1 ' "$tmp/out")" '| V1 | `scenario/b.test.sh`: b \| c, d; `unit/test_a`: /a/one |' "the table: who tests V1"
is "$(grep '^| L1 ' "$tmp/out")" '| L1 | `unit/test_a`: /a/one |' "two lines before one result"
is "$(grep -c '^| [VEL2]' "$tmp/out")" 4 "a line for each rule"
printf '# rules: V2\nok 1 - x\n' >"$tmp/log/unit/test_a"
run -v bare=ignore
is "$(cat "$tmp/out")" "not ok - unit/test_a, x: sim/RULES.md has no rule V2" "an unknown rule"
echo '| V1 | again |' >>"$tmp/RULES.md"
: >"$tmp/log/unit/test_a"
run -v bare=ignore
is "$(cat "$tmp/out")" "not ok - $tmp/RULES.md:8: V1 stands there twice" "a rule stated twice"
done_testing
