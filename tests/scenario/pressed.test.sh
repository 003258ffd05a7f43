#!/bin/sh
# Machines so small that a wrong turn ends them: each trace must replay to its end with nothing lost.
# They stop with exit code 4 (NO_PAGES_AVAILABLE) or diverge when the rule beside them is broken.
. tests/tap.sh
replays() { # NAME WHY OPTION=VALUE...
  trace=tests/scenario/pressed/$1.vmt
  name="$1: $2"
  shift 2
  set=
  for o in "$@"; do set="$set -s $o"; done
  # shellcheck disable=SC2046
  rules $(sed -n 's/^# rules: *//p' "$trace")
  timeout 20 "$VMSIM" check -q --audit full $set "$trace" >"$tmp/out" 2>&1
  ok $? "$name ($*)" || sed 's/^/# /' "$tmp/out"
}
textbook="standby.enabled=false memory.page_tables=out"
replays protected "pages unmapped dirty give their frames (L3)" $textbook memory.frames=8 pagefile.size=1MiB
replays rewritten "a page written while it was being written (L24)" $textbook memory.frames=1
replays reset-frees "a starved thread is tried again when pages become clean (L3)" $textbook \
  memory.frames=8 pagefile.size=4KiB
replays null-acts-nowhere "VirtualAlloc(NULL) acts on no page (T3)" memory.page_tables=out memory.frames=8 \
  pagefile.size=4KiB
for n in 1 2 3; do
  for policy in fifo lru clock; do
    replays tiny "trimming serves a starved thread (L3)" memory.page_tables=out memory.frames=$n \
      replacement.policy=$policy
  done
done
replays tiny "whatever the thresholds" memory.page_tables=out memory.frames=8 vmm.avail_low=0 vmm.avail_high=0
replays split-store "a store that fails stores nothing, so a reset page stays one (I31)" $textbook \
  memory.frames=2 replacement.policy=fifo
replays guard-order "the first reader takes the guard, whoever waits (T3)" $textbook memory.frames=2 \
  replacement.policy=fifo
replays late-label "a label is bound in the order of the trace (T3)" standby.enabled=false memory.frames=30
replays labels-no-barrier "a new label waits for nobody who does not bind it (T3)" memory.page_tables=out \
  memory.frames=2 pagefile.size=4KiB
tight="memory.frames=14 standby.enabled=false"
replays charge-order "a call that waits for page tables has its charge (C3, T3)" $tight pagefile.size=106496
replays charge-back "and one that decommits has given it back (C5, T3)" $tight pagefile.size=106496
replays tables-and-locks "page tables leave room for locks under way (C4)" $tight
replays doomed-lock "a lock that will fail takes no quota (2.7, T3)" memory.page_tables=out memory.frames=24
replays doomed-lock "nor on the textbook machine" memory.page_tables=out memory.frames=24 standby.enabled=false

# Two recordings side by side: what belongs to one trace is not looked up in the other.
{
  echo "# vmtrace 1"
  echo "VirtualAlloc(NULL, 0x100000, MEM_RESERVE|MEM_COMMIT, PAGE_READWRITE) = BIG"
  for round in write read; do
    i=0
    while [ $i -lt 256 ]; do
      if [ $round = write ]; then printf 'W BIG+0x%x000 4 0x%x\n' $i $i
      else printf 'R BIG+0x%x000 4 = 0x%x\n' $i $i; fi
      i=$((i + 1))
    done
  done
} >"$tmp/a.vmt"
awk 'BEGIN { for (i = 0; i < 600; i++) printf " L %08x,4\n", 65536 + i % 3 * 4096 }' >"$tmp/b.lackey"
for order in "a.vmt b.lackey" "b.lackey a.vmt"; do
  set -- $order
  for together in "--together" ""; do
    timeout 20 "$VMSIM" check -q --audit cheap $together -s standby.enabled=false -s memory.frames=60 \
      "$tmp/$1" "$tmp/$2" >"$tmp/out" 2>&1
    ok $? "values survive beside a trace without any: $order $together" || tail -3 "$tmp/out" | sed 's/^/# /'
  done
done
sed 's/^R BIG+0x7000 4 = 0x7$/R BIG+0x7000 4 = 0x8/' "$tmp/a.vmt" >"$tmp/c.vmt"
"$VMSIM" check --together "$tmp/b.lackey" "$tmp/c.vmt" 2>/dev/null | sed -n 1p >"$tmp/out"
case $(cat "$tmp/out") in
"$tmp/c.vmt:266: R BIG+0x7000 4: expected 0x8, got 0x7 [I31]" | "$tmp/c.vmt:266: 2 R BIG+0x7000 4: expected 0x8, got 0x7 [I31]") ok 0 "a divergence names its own file" ;;
*) ok 1 "a divergence names its own file"; sed 's/^/# /' "$tmp/out" ;;
esac
done_testing
