#!/bin/sh
# demo.sh: replay a recording of 7-Zip packing a file on Windows (traces/README.md), once with more
# memory than it touches, once with a quarter of that, and set the figures side by side.
set -eu
cd "$(dirname "$0")/.."
: "${VMSIM:=build/vmsim}"
trace=traces/7za.vmt.xz
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

pages=$("$VMSIM" info "$trace" | awk '/^distinct pages/ {print $3}')
quarter=$((pages / 4))
echo "A recording of 7za.exe: every load, store and fetch, and every VirtualAlloc and VirtualFree."
echo "It touches $pages pages. First with all the memory of the default machine:"
echo
"$VMSIM" run -r "$tmp/all.json" "$trace"
echo
echo "And with $quarter frames, a quarter of what it touched:"
echo
"$VMSIM" run -s memory.frames=$quarter -r "$tmp/quarter.json" "$trace"
for f in all quarter; do awk -f tests/json.awk "$tmp/$f.json" >"$tmp/$f"; done
echo
awk -v quarter="$quarter" '
  { sub(/ = /, "\t"); split($0, kv, "\t"); v[FILENAME != ARGV[1], kv[1]] = kv[2] }
  function row(name, key) {
    a = v[0, key]; b = v[1, key]
    printf "%-28s %16d %16d %14s\n", name, a, b, a ? sprintf("%.2f times", b / a) : b ? "new" : "-"
  }
  END {
    printf "%-28s %16s %16s\n", "", "all memory", quarter " frames"
    row("cycles", "cycles"); row("waiting for the pagefile", "cycle_stack.io_wait")
    row("page faults", "counters.page_faults"); row("  demand zero", "counters.demand_zero_faults")
    row("  soft", "counters.transition_faults"); row("  hard", "counters.hard_faults")
    row("pages read", "counters.pages_input"); row("pages written", "counters.pages_output")
    row("page walks", "counters.page_walks"); row("TLB entries invalidated", "counters.tlb_entries_invalidated")
    row("values that differ", "divergences.count")
  }' "$tmp/all" "$tmp/quarter"
echo
echo "Every value the program read back is still the one it had written: $(awk -F' = ' \
  '$1 == "counters.values_compared" {print $2}' "$tmp/quarter") were compared."
