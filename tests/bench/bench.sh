#!/bin/sh
# bench.sh RECORDING...: nanoseconds per reference of whole `vmsim run`s, decompressed and as zstd,
# the least of three. Recordings may be compressed (xz, gzip, zstd). Never passes or fails by time.
#   VMSIM=build/vmsim sh tests/bench/bench.sh ../recordings/lackey/*.xz
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
: "${VMSIM:=$root/build/vmsim}" "${B:=$root/build/plain}"
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM

# timed FILE: "NANOSECONDS-OF-THE-RUN REFERENCES"; the least of three runs.
timed() {
  least=
  for i in 1 2 3; do
    start=$(date +%s%N)
    "$VMSIM" run -q -r "$tmp/report.json" "$1" >/dev/null || exit 1
    took=$(($(date +%s%N) - start))
    if [ -z "$least" ] || [ $took -lt "$least" ]; then least=$took; fi
  done
  echo "$least $(awk -f "$root/tests/json.awk" "$tmp/report.json" | sed -n 's/^counters\.references = //p')"
}

[ ! -x "$B/tests/bench/bench_hot" ] || "$B/tests/bench/bench_hot"
for f in "$@"; do
  case $f in
  *.xz) xz -dc "$f" ;; *.gz) gzip -dc "$f" ;; *.zst) zstd -qdc "$f" ;; *) cat "$f" ;;
  esac >"$tmp/text"
  zstd -q -3 -f "$tmp/text" -o "$tmp/text.zst"
  for t in text text.zst; do
    timed "$tmp/$t" | awk -v f="${f##*/}" -v t="$t" '
      { printf "%-24s %-8s %6.1f ns/reference, %7.1f million/s (%d references)\n", f,
          t == "text" ? "plain" : "zstd", $1 / $2, $2 / $1 * 1000, $2 }'
  done
done
