#!/bin/sh
# designs.test.sh: page tables of every design and depth give every recorded result: the conformance
# set, and the traces of tests/scenario/rules that have sections, whose pages several processes map.
. tests/tap.sh

for archive in tests/conformance/*.tar.xz; do
  tar -C "$tmp" -xJf "$archive"
done
designs=$("$VMSIM" list options | sed -n 's/^paging\.design .*\[\(.*\)\]$/\1/p' | tr '|' ' ')

# all NAME OPTION...: all traces, of which there are some.
all() {
  all_name=$1
  shift
  all_n=0
  all_bad=
  for t in "$tmp"/asserted/*.vmt "$tmp"/directed/*.vmt "$tmp"/random/*.vmt \
    tests/scenario/rules/view*.vmt; do
    all_n=$((all_n + 1))
    # shellcheck disable=SC2046
    "$VMSIM" check -q -s memory.frames=4096 $(sed -n 's/^# set: //p' "$t" | sed 's/[^ ]*=/-s &/g') \
      -s memory.page_tables=in "$@" "$t" >"$tmp/out" 2>&1 ||
      all_bad="$all_bad ${t##*/}"
  done
  [ -z "$all_bad" ] && [ $all_n -gt 90 ]
  ok $? "$all_name" || echo "# diverge:$all_bad"
}

is "${designs%% *}" radix "designs are listed"
for design in $designs; do
  all "design $design" -s paging.design="$design"
done
all "five levels" -s paging.levels=5

# What is shared by many has more pages than the machine has frames: everybody's view is found.
{
  echo '# vmtrace 1'
  echo '%rules win32'
  echo '1 CreateFileMapping(NULL, 0x40000, PAGE_READWRITE, "s") = TRUE'
  pid=1
  while [ $pid -le 20 ]; do
    echo "$pid MapViewOfFile(\"s\", FILE_MAP_WRITE, 0, 0, 0x100000) = 0x100000"
    page=0
    while [ $page -lt 64 ]; do
      [ $pid -gt 1 ] || echo "1 W $((0x100000 + page * 4096)) 4 $page"
      echo "$pid R $((0x100000 + page * 4096)) 4 = $page"
      page=$((page + 1))
    done
    pid=$((pid + 1))
  done
  echo '7 W 0x100000 4 99'
  echo '20 R 0x100000 4 = 99'
  echo '3 UnmapViewOfFile(0x100000) = TRUE'
  echo '3 R 0x100000 4 = ACCESS_VIOLATION'
  echo '1 R 0x101000 4 = 1'
} >"$tmp/many.vmt"
for design in $designs; do
  "$VMSIM" check -q --audit full -s paging.design="$design" -s memory.frames=256 \
    -s tlb.l1d.entries=2 -s tlb.l2.entries=0 -r "$tmp/$design.json" "$tmp/many.vmt"
  ok $? "design $design: twenty views of a section" || continue
  flatten "$tmp/$design.json"
done
is "$(get "$tmp/hashed.json" counters.page_table_moves)" 2 "1216 pages: 512 slots move to 1024 and 2048"
done_testing
