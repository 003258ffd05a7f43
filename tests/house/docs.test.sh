#!/bin/sh
# Documents made from the tables are current, and the house has no loose ends.
. tests/tap.sh
"$B/tools/docgen" >"$tmp/reference" 2>/dev/null
cmp -s "$tmp/reference" configs/REFERENCE.md
ok $? "configs/REFERENCE.md is current (make docs)"
! grep -rnE '\.\./shared' --include='*' README.md sim include traces configs tests tools Makefile |
  grep -v 'tests/house/docs.test.sh' | grep . >"$tmp/out"
[ ! -s "$tmp/out" ]
ok $? "nothing points outside the project" || sed 's/^/# /' "$tmp/out"
! grep -rnE 'TODO|FIXME|XXX' sim include tools configs >"$tmp/out"
ok $? "no unfinished business" || sed 's/^/# /' "$tmp/out"
named=$(grep -ohE 'vmsim_[a-z_0-9]+\(\)' include/vmsim/*.h | sort -u | while read -r f; do
  grep -hE "VMSIM_API.*[ *]${f%()}\(|^#define.*${f%()}" include/vmsim/*.h | grep -q . || echo "$f"
done)
[ -z "$named" ]
ok $? "what the headers' comments name is there" || echo "# $named"
done_testing
