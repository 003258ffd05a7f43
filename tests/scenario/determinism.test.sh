#!/bin/sh
# determinism.test.sh: the same trace, configuration and seed give the same bytes: reports and events,
# run after run, whatever memory holds before it is used, whether the audit looks or not, and from a
# program that the compiler has not optimised.
. tests/tap.sh

awk -v n=6000 -v seed=3 -f tests/scenario/pressure.awk >"$tmp/processes.vmt"
xzcat tests/model/bfs.lackey.xz | head -30000 >"$tmp/lackey"

# run PROGRAM NAME ARGS...: leaves NAME.report and NAME.events.
run() {
  program=$1 out_name=$tmp/$2
  shift 2
  "$program" run -q -r "$out_name.report" -e "$out_name.events" "$@" >/dev/null 2>"$out_name.err" ||
    { sed 's/^/# /' "$out_name.err" | head -3; return 1; }
}
same() {
  cmp -s "$tmp/$1.report" "$tmp/$2.report" && cmp -s "$tmp/$1.events" "$tmp/$2.events"
}

plain=$tmp/unoptimised
if env -u MAKEFLAGS -u MFLAGS make -s VARIANT=level0 OPT=-O0 build/level0/vmsim >"$tmp/make" 2>&1; then
  cp build/level0/vmsim "$plain"
else
  sed 's/^/# /' "$tmp/make" | tail -5
fi
[ -x "$plain" ]; ok $? "an unoptimised program"

while read -r trace settings; do
  name="$trace, $settings"
  set --
  for s in $settings; do set -- "$@" -s "$s"; done
  set -- "$@" "$tmp/$trace"
  run "$VMSIM" one "$@"; ok $? "$name"
  [ "$(wc -l <"$tmp/one.events")" -gt 1000 ]; ok $? "$name: something happens"
  rules I38
  MALLOC_PERTURB_=165 LC_ALL=C run "$VMSIM" two "$@" && same one two
  ok $? "$name: again"
  rules I38
  run "$plain" two "$@" && same one two; ok $? "$name: unoptimised"
  for audit in cheap full; do
    run "$VMSIM" two --audit $audit "$@" && same one two; ok $? "$name: audit $audit"
  done
done <<'END'
processes.vmt memory.frames=120 pagefile.size=4MiB
processes.vmt memory.frames=100 memory.page_tables=out replacement.policy=lru replacement.scope=process
processes.vmt memory.frames=100 memory.page_tables=out standby.enabled=false replacement.sees=every-reference
lackey memory.frames=64 memory.page_tables=out tlb.l2.entries=0 seed=5 pagefile.size=8MiB
END
done_testing
