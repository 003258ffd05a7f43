#!/bin/sh
# chase.sh: draw what a load of a pointer chase (chase.c) takes, by the number of pages, on the
# machine of a preset: as it is, with pages of 4 KiB and of 2 MiB, and as a virtual machine whose
# host has pages of 4 KiB. The picture goes to standard output, its figures to standard error.
#     sh tools/chase.sh [PRESET] >configs/PRESET-chase.svg
# Each point is a run of its own; together they take two minutes of one core. VMSIM and CHASE are
# the programs, JOBS how many runs there are at once.
set -eu
: "${VMSIM:=build/vmsim}" "${CHASE:=build/plain/tools/chase}"
: "${JOBS:=$(nproc 2>/dev/null || echo 2)}"
export VMSIM CHASE LC_ALL=C
cd "$(dirname "$0")/.."

# point FOLDER PRESET CURVE PAGES: one run; what a load took goes to FOLDER/CURVE.PAGES.
if [ "${1-}" = point ]; then
  run=$2/$4.$5
  case $4 in
    small) large= host=false ;;
    large) large=-l host=false ;;
    guest) large= host=true ;;
  esac
  "$CHASE" $large "$5" | "$VMSIM" run -q -c "$3" -s memory.size=16GiB -s caches.data=true \
    -s core.cycles_per_reference=0 -s vmm.lock_memory_privilege=true -s nested.enabled=$host \
    -r "$run.json" -
  awk -f tests/json.awk "$run.json" >"$run.flat"
  awk -v curve="$4" -v pages="$5" '
    $1 == "phases.2.cycles" { cycles = $3 }
    $1 == "phases.2.counters.references" { loads = $3 }
    END { printf "%s %d %.2f\n", curve, pages, cycles / loads }' "$run.flat" >"$run"
  exit
fi

preset=${1:-zen4}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM
few="8 16 32 48 64 72 80 96 128 192 256 384 512 640 768 1024 1536 2048 2560 3072 3328 3584 4096"
more="6144 8192 10240 12288 14336 16384 20480 24576 32768 49152 65536 98304 131072"
most="196608 262144 393216 524288 750000 1000000"

# The longest first, so that no core waits long for another at the end.
for pages in $(echo "$most $more $few" | tr ' ' '\n' | sort -rn); do
  echo "guest $pages"
  echo "small $pages"
  [ "$pages" -gt 6144 ] || echo "large $pages"
done | xargs -P "$JOBS" -L 1 sh tools/chase.sh point "$tmp" "$preset"
sort -k 1,1 -k 2,2n "$tmp"/*.*[0-9] | tee "$tmp/points" >&2
awk -v preset="$preset" -f tools/chase.awk "$tmp/small.8.flat" "$tmp/points"
