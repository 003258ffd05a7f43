#!/bin/sh
# huge.test.sh: pages of 1 GiB, by hand (H1, 9.6): of a block of 2 GiB and 4 MiB two entries map the
# first 2 GiB, if frames lie so, and two of 2 MiB the rest. A walk for the former reads the entries of
# two levels of four, for the latter three.
. tests/tap.sh

report=$tmp/report.json
replay() {
  rm -f "$report" "$report.flat"
  "$VMSIM" check -q -r "$report" -s memory.huge_pages=true -s vmm.lock_memory_privilege=true \
    -s memory.page_tables=out -s psc.pml4e.entries=0 -s psc.pdpte.entries=0 -s psc.pde.entries=0 \
    -s tlb.l1d.large.entries=2 -s tlb.l1d.large.ways=full -s tlb.l2.entries=0 -s tlb.l2.huge.entries=0 \
    "$@" tests/scenario/huge.vmt >"$tmp/out" 2>&1 ||
    sed 's/^/# /' "$tmp/out" | head -3
  [ -f "$report" ] && flatten "$report"
}
far() { is "$(phase "$report" far "counters.$1")" "$2" "$1: $3 = $2"; }

rules H1 H21 L33
replay -s memory.frames=1052672
is "$(get "$report" divergences.count)" 0 "contents and states are as of small pages"
far page_walks 1 "of two pages of 1 GiB the second was touched before; 54 references"
far walk_references 2 "the PML4E and the PDPTE"
is "$(get "$report" counters.page_faults)" 2 "no fault but the small page and the violation"

replay -s memory.frames=1052672 -s memory.huge_pages=false
far page_walks 54 "each in another page of 2 MiB"
far walk_references 162 "54 x 3"
is "$(get "$report" divergences.count)" 0 "nor does it show without them"

# Of the two aligned GiB of frames the first is not whole: the small page has its first frame.
replay -s memory.frames=526336
far page_walks 27 "the first GiB of the block, and 26 references from 1036 MiB on"
far walk_references 80 "2 + 26 x 3"
replay -s memory.frames=1052672 -s paging.levels=5
far walk_references 3 "five levels: one more"

# Two page tables lead to it, and one frame is left for other pages.
alloc='VirtualAlloc(NULL, 0x40000000, MEM_RESERVE|MEM_COMMIT|MEM_LARGE_PAGES, PAGE_READWRITE)'
printf '# vmtrace 1\n%%rules win32\n%s = A\nR A+0x3fffffff\n' "$alloc" >"$tmp/fits.vmt"
printf '# vmtrace 1\n%%rules win32\n%s = NULL 1450\n' "$alloc" >"$tmp/not.vmt"
for frames in 262144 262145 262146 262147; do
  trace=$tmp/not.vmt
  [ $frames -lt 262147 ] || trace=$tmp/fits.vmt
  "$VMSIM" check -q -s memory.huge_pages=true -s vmm.lock_memory_privilege=true \
    -s memory.frames=$frames "$trace" >"$tmp/out" 2>&1
  is $? 0 "a page of 1 GiB in $frames frames" || sed 's/^/# /' "$tmp/out"
done
done_testing
