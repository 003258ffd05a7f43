#!/bin/sh
# conformance.test.sh: small traces whose every recorded result holds on Windows (rule set win32)
# replay without a divergence. The archives are the public conformance set: directed/ and random/
# were recorded by a Windows program under Wine 8, asserted/ are claims of public test suites.
. tests/tap.sh

for archive in tests/conformance/*.tar.xz; do
  tar -C "$tmp" -xJf "$archive"
done

# No result may be skipped: a check that compared nothing would pass everything.
cat >"$tmp/wrong.vmt" <<END
# vmtrace 1
%rules win32
VirtualAlloc(NULL, 0x1000, MEM_RESERVE, PAGE_READWRITE) = A
VirtualFree(A, 0, MEM_RELEASE) = FALSE ERROR_INVALID_PARAMETER
END
"$VMSIM" check -q "$tmp/wrong.vmt" >/dev/null 2>&1
is $? 1 "a wrong result is found"

found=0
for t in "$tmp"/asserted/*.vmt "$tmp"/directed/*.vmt "$tmp"/random/*.vmt; do
  [ -f "$t" ] || continue
  found=$((found + 1))
  # shellcheck disable=SC2046
  rules $(sed -n "s/^$(basename "$t" .vmt) //p" tests/conformance/rules.map)
  "$VMSIM" check -q "$t" >"$tmp/out" 2>&1
  ok $? "${t#"$tmp/"}" || head -5 "$tmp/out" | sed "s|$tmp/||; s/^/# /"
done
grep -v '^#' tests/conformance/rules.map | cut -d' ' -f1 >"$tmp/named"
missing=
while read -r name; do
  ls "$tmp"/*/"$name.vmt" >/dev/null 2>&1 || missing="$missing $name"
done <"$tmp/named"
[ -z "$missing" ]
ok $? "rules.map names traces that are there" || echo "# not there:$missing"
is $found 90 "all 90 traces were there"
done_testing
