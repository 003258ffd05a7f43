#!/bin/sh
# machines.test.sh: what a processor may have goes together: each preset with all of it, and any two
# parts on one of them. Such runs end well: no counter disagrees with another, no invariant breaks.
. tests/tap.sh
xzcat tests/model/bfs.lackey.xz | head -4000 >"$tmp/trace"
report=$tmp/report

# machine PRESET OPTION...
machine() {
  name=$*
  preset=$1
  shift
  set -- $(printf -- '-s %s ' "$@")
  "$VMSIM" run -q --audit cheap -r "$report" -c "$preset" -s memory.frames=100 "$@" "$tmp/trace" \
    >"$tmp/out" 2>&1
  ok $? "$name" || sed 's/^/# /' "$tmp/out" | head -1
}

kinds="tlb.prefetch.kind=next-page tlb.prefetch.kind=distance"
parts="tlb.coalesce.kind=all nested.enabled=true caches.data=true walker.count=2 core.mlp=4 cores=3
  order=free memory.page_tables=out"
for preset in desktop teaching classroom zen4 zen2 golden-cove skylake-x sandy-bridge neoverse-n1 i386; do
  for kind in $kinds; do
    machine $preset $kind $parts
  done
done
before=
for a in $kinds $parts; do
  for b in $before; do
    machine zen2 "$b" "$a"
  done
  before="$before $a"
done

# Who reads entries of page tables through the caches: walks, those made ahead of time, the host's.
machine zen2 tlb.prefetch.kind=next-page nested.enabled=true
flatten "$report"
sum=0
for reader in walk tlb_prefetch host; do
  n=$(number "$(get "$report" counters.${reader}_references)")
  holds "${reader}_references" "$n" -gt 0
  sum=$((sum + n))
done
is "$(($(get "$report" counters.cache_l1_table_hits) + $(get "$report" counters.cache_l1_table_misses)))" \
  $sum "the first-level cache hears of all of them"
done_testing
