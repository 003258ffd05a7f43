#!/bin/sh
# chase.test.sh: the pointer chase (tools/chase.c), and its curve on the preset zen4 (timing T23): a
# load costs what the TLB and the cache that still hold so many pages and lines say, to the cycle.
. tests/tap.sh
chase=$B/tools/chase

# --- the traces --------------------------------------------------------------------------------
# ring TRACE: pages, laps, lines within a page that are used, whether a lap has every page once, and
# how many loads of later laps differ from the first.
ring() {
  awk '
    /^Mark/ { lap = $0 == "Mark(\"laps\")" ? 1 : 0; n = 0; next }
    $1 != "R" { next }
    { split($2, part, "0x"); at = "000" part[2] }
    lap == "" { pages++; next }
    lap == 0 { first[n++] = at; seen[at]; apart[substr(at, 1, length(at) - 3)] }
    lap == 1 { if (first[n % pages] != at) differs++; n++ }
    END {
      for (at in seen) { once++; line[substr(at, length(at) - 2)] }
      for (at in line) lines++
      for (at in apart) different++
      print pages, n / pages, lines, once == pages && different == pages, differs + 0
    }' "$1"
}
for pages in 1 8 64 1000 5000; do
  "$chase" $pages >"$tmp/trace.vmt"
  lines=$((pages < 64 ? pages : 64))
  is "$(ring "$tmp/trace.vmt")" "$pages 1 $lines 1 0" "$pages pages: each once, on all lines"
done
"$chase" -n 3 100 >"$tmp/trace.vmt"
is "$(ring "$tmp/trace.vmt")" "100 3 64 1 0" "three laps, the same as the first"
"$chase" -n 3 -s 1 100 | cmp -s - "$tmp/trace.vmt"; ok $? "same seed, same trace"
! "$chase" -n 3 -s 2 100 | cmp -s - "$tmp/trace.vmt"; ok $? "another seed, another order"
"$chase" 4096 >"$tmp/trace.vmt"
strides=$(awk '$1 == "R" && ++n <= 4096 { page[$2] = n; next }
  $1 == "R" && n <= 8192 { if (n > 4097) stride[page[$2] - last]; last = page[$2] }
  END { for (s in stride) k++; print k }' "$tmp/trace.vmt")
holds "4096 pages: steps of many lengths ($strides)" "$(number "$strides")" -gt 2500
for wrong in "" 0 x "-n" "-n 0 5" "1 2" "-s x 5" 67108865; do
  "$chase" $wrong >"$tmp/out" 2>/dev/null
  is $?/"$(wc -c <"$tmp/out" | tr -d ' ')" 2/0 "refused: '$wrong'"
done

# --- what a load takes -------------------------------------------------------------------------
report=$tmp/report.json
# load KIND PAGES: a run on zen4; KIND is small, large (2 MiB) or guest (small, under a host).
load() {
  case $1 in
    small) pages_of= host=false ;;
    large) pages_of=-l host=false ;;
    guest) pages_of= host=true ;;
  esac
  rm -f "$report" "$report.flat"
  "$chase" $pages_of "$2" |
    "$VMSIM" check -q -c zen4 -s caches.data=true -s core.cycles_per_reference=0 \
      -s vmm.lock_memory_privilege=true -s nested.enabled=$host -r "$report" - 2>&1 | sed 's/^/# /'
  [ -f "$report" ] && flatten "$report"
  at="$1, $2 pages"
}
laps() { number "$(phase "$report" laps "$1")"; }
counted() { laps "counters.$1"; }
# each CYCLES WHY: all loads take so many.
each() {
  is "$(laps cycles)" "$(($(counted references) * $1))" "$at: $2 = $1"
}
none() { is "$(counted "$1")" 0 "$at: $1: none"; }
all() { is "$(counted "$1")" "$(counted references)" "$at: $1: every load"; }

for kind in small large guest; do
  for pages in 8 64 72; do
    load $kind $pages
    each 4 "the first-level cache"
    none dtlb_misses
  done
  # The first-level TLB has 72 entries: its knee is sharp, so 15 % further on all is as beyond.
  for pages in 73 83 512; do
    load $kind $pages
    each 11 "the first-level cache 4 + the second-level TLB 7"
    all stlb_hits
    none cache_l1_data_misses
  done
  # 512 lines fill the first-level cache.
  for pages in 576 2048 3072; do
    load $kind $pages
    each 21 "the second-level cache 14 + the second-level TLB 7"
    all stlb_hits
    all cache_l2_data_hits
  done
  # 3072 pages fill the second-level TLB, 12 of each of its 256 sets.
  load $kind 3200
  is "$(counted page_walks)" $((128 * 13)) "$at: walks for the 13 pages of every other set"
  load $kind 3533
  all page_walks
done

# --- walks -------------------------------------------------------------------------------------
# What walks take: 16 each, one entry each; and a guest's two looks of 4 into the nested TLB, and the
# entries of the host.
walks() {
  reads=$((4 * $(counted cache_l1_table_hits) + 14 * $(counted cache_l2_table_hits) +
    50 * $(counted cache_l3_table_hits)))
  looks=$(($(counted nested_tlb_hits) + $(counted nested_tlb_misses)))
  data=$((4 * $(counted cache_l1_data_hits) + 14 * $(counted cache_l2_data_hits) +
    50 * $(counted cache_l3_data_hits)))
  is "$(laps cycles)" "$((data + 7 * $(counted references) + 16 * $(counted page_walks) +
    4 * looks + reads))" "$at: data, TLB, walks 16 + entries, looks of the nested TLB 4"
  is "$(counted walk_references)" "$(counted references)" "$at: walks read the last entry alone"
}
for kind in small large; do
  load $kind 4096
  walks
  none nested_tlb_misses
  cycles=$(laps cycles) n=$(counted references)
  holds "$at: 30 more than a hit in the second level of TLBs, within 25 %" \
    $((cycles * 100)) -gt $((n * 2100 + n * 2250))
  holds "$at: and not above" $((cycles * 100)) -lt $((n * 2100 + n * 3750))
done
for pages in 3533 8192 12288; do
  load guest $pages
  walks
  all cache_l2_data_hits
  none cache_l3_table_hits
  holds "$at: the host is asked for every page" "$(counted host_references)" -ge \
    "$(counted references)"
  holds "$at: and seldom for tables" "$(counted host_references)" -lt $(($(counted references) * 2))
done
# 16384 lines fill the second-level cache, which has the entries, too.
load guest 20480
walks
all cache_l3_data_hits
load small 20480
walks
all cache_l3_data_hits

# --- the picture -------------------------------------------------------------------------------
# at CURVE PAGES: what configs/zen4-chase.svg says.
at() { sed -n "s|.*<title>$1 $2: \(.*\)</title></circle>|\1|p" configs/zen4-chase.svg; }
for point in "small 64" "guest 72" "large 1536" "small 4096" "guest 4096" "guest 20480"; do
  set -- $point
  load "$1" "$2"
  is "$(at "$1" "$2")" "$(awk -v c="$(laps cycles)" -v n="$(counted references)" \
    'BEGIN { printf "%.2f", c / n }')" "configs/zen4-chase.svg is current: $point (make chase)"
done
is "$(at guest 1000000 | wc -l | tr -d ' ')" 1 "and goes to a million pages"
done_testing
