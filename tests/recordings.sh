#!/bin/sh
# recordings.sh DIR: the large recordings of real programs, DIR being the folder that holds
# recordings/ and conformance/ (make check-recordings DIR=FOLDER). Two jobs at a time, a few
# minutes. Ends with "N passed, N failed".
#
#   api, combined   every recorded result agrees: `check` exits 0 with 0 divergences
#   lackey          counts of references and distinct pages equal the recordings' README
#   contents        combined recordings with values, frames for a quarter of their pages
#   tlb             TLB hits and misses of whole recordings equal the model's
#   conformance     every trace agrees
set -u
cd "$(dirname "$0")/.." || exit 2
: "${VMSIM:=$PWD/build/vmsim}" "${B:=$PWD/build/plain}"
export VMSIM B

say() { # STATUS NAME [WHY]
  if [ "$1" -eq 0 ]; then echo "ok - $2"; else echo "not ok - $2${3:+: $3}"; fi
}
value() { sed -n "s/^$2 = //p" "$1"; }

# --- jobs: each runs in a process of its own, in a scratch folder ------------------------------
# agrees NAME FILE OPTION...
agrees() {
  name=$1 file=$2
  shift 2
  "$VMSIM" check -q -r "$job/report" "$@" "$file" >"$job/out" 2>&1
  rc=$?
  n=missing
  [ ! -f "$job/report" ] || n=$(awk -f tests/json.awk "$job/report" | sed -n 's/^divergences\.count = //p')
  [ $rc -eq 0 ] && [ "$n" = 0 ]
  say $? "$name" "exit $rc, divergences $n; $(head -1 "$job/out")"
}
# counts FILE NAME FETCHES LOADS STORES MODIFIES ALL DATA: a modify is one load and one store.
counts() {
  "$VMSIM" run -q -r "$job/report" "$1" >"$job/out" 2>&1
  rc=$?
  awk -f tests/json.awk "$job/report" >"$job/flat" 2>/dev/null
  got="$(value "$job/flat" counters.fetches) $(value "$job/flat" counters.reads) $(value "$job/flat" counters.writes)"
  want="$3 $(($4 + $6)) $(($5 + $6))"
  [ $rc -eq 0 ] && [ "$got" = "$want" ]
  say $? "lackey $2: fetches, reads, writes = $want" "exit $rc, got $got"
  "$VMSIM" info "$1" >"$job/out" 2>&1
  got=$(awk 'tolower($0) ~ /distinct pages/ { gsub(/[^0-9]+/, " "); print $1, $2; exit }' "$job/out")
  [ "$got" = "$7 $8" ]
  say $? "lackey $2: distinct pages, all and data = $7 $8" "got $got"
}
tlb() {
  "$B/tests/model/test_tlb_model" --tap --full "$1" >"$job/out" 2>&1
  rc=$?
  sed -n 's/^\(ok\|not ok\) [0-9]* /\1 - /p' "$job/out"
  [ $rc -eq 0 ] || grep '^#.*model says' "$job/out"
  grep -q '^ok\|^not ok' "$job/out" || say 1 "tlb model $1" "printed nothing"
}
conformance() {
  for t in "$1"/*/*.vmt; do agrees "conformance ${t#"$1"/}" "$t"; done
}
if [ "${1:-}" = --job ]; then
  shift
  job=$(mktemp -d) || exit 1
  trap 'rm -rf "$job"' EXIT
  trap 'exit 130' INT TERM
  "$@"
  exit 0
fi

# --- the list of jobs, one a line, the long ones first ------------------------------------------
dir=${1:-}
if [ -z "$dir" ] || [ ! -d "$dir/recordings" ]; then
  echo "no recordings in '${dir:-(DIR not given)}': nothing to check; give DIR=FOLDER that holds recordings/"
  echo "0 passed, 0 failed"
  exit 0
fi
rec=$dir/recordings
# name  fetches loads stores modifies  4K pages: all data
table="bfs 9576640 2145542 277818 0 2303 2302
cc1 9093327 1854730 1012032 39906 1522 953
jq 8799418 2018867 1181711 4 222 197
matmul 11115081 2037985 845487 1442 783 728
python3 7142881 1897749 869309 90061 1076 728
sort 6973655 1867877 1146161 12307 597 552"

contents() { # NAME FRAMES
  for policy in fifo lru clock; do
    sees=every-reference
    [ $policy != clock ] || sees=accessed-bits
    for standby in true false; do
      echo "agrees contents-$1,$policy,standby=$standby,$2-frames $rec/combined/$1.vmt.xz" \
        "-s memory.frames=$2 -s replacement.policy=$policy -s replacement.sees=$sees" \
        "-s standby.enabled=$standby"
    done
  done
}
jobs() {
  for f in "$rec"/lackey/*.xz; do echo "tlb $f"; done
  contents 7za $((505 / 4))
  contents growarray $((1666 / 4))
  for f in "$rec"/combined/*.vmt.xz; do echo "agrees combined/${f##*/} $f"; done
  echo "$table" | while read -r name row; do echo "counts $rec/lackey/$name.lackey.xz $name $row"; done
  for f in "$rec"/api/*.vmt.xz; do echo "agrees api/${f##*/} $f"; done
  [ ! -d "$dir/conformance" ] || echo "conformance $dir/conformance"
}
if [ ! -x "$B/tests/model/test_tlb_model" ]; then
  make --no-print-directory "build/plain/tests/model/test_tlb_model" >/dev/null || exit 2
  B=$PWD/build/plain
fi
results=$(mktemp) || exit 1
trap 'rm -f "$results"' EXIT
trap 'exit 130' INT TERM
jobs | grep -e "${ONLY:-.}" | tr '\n' '\0' |
  xargs -0 -P "${JOBS:-2}" -n 1 sh -c 'exec sh tests/recordings.sh --job $1' job | tee "$results"
passed=$(grep -c '^ok' "$results")
failed=$(grep -c '^not ok' "$results")
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
