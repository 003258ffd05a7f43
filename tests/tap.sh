# shellcheck shell=sh
# tap.sh: what the test scripts share: TAP lines, a scratch folder, and figures out of reports.
# Sourced from the root of the repository:  . tests/tap.sh ... done_testing

: "${VMSIM:=build/vmsim}" "${B:=build/plain}"
tests=0
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM

# ok STATUS NAME: one result; STATUS as of test(1).
ok() {
  tests=$((tests + 1))
  if [ "$1" -eq 0 ]; then echo "ok $tests - $2"; else echo "not ok $tests - $2"; fi
  return "$1"
}
# is GOT EXPECTED NAME: both must be the same, non-empty text.
is() {
  [ -n "$1" ] && [ "$1" = "$2" ]
  ok $? "$3" || echo "# got '$1', expected '$2'"
}
# holds NAME A OP B...: an arithmetic test, such as: holds "writes" "$n" -gt 0
holds() {
  holds_name=$1
  shift
  [ "$@" ] 2>/dev/null
  ok $? "$holds_name" || echo "# false: $*"
}
# rules ID...: the rules of sim/RULES.md that the next result exercises: those whose breach it notices.
rules() {
  [ $# -eq 0 ] || echo "# rules: $*"
}
skip() {
  tests=$((tests + 1))
  echo "ok $tests - $1 # SKIP $2"
}
done_testing() {
  echo "1..$tests"
}
# flatten REPORT: the report as lines for get; written beside it as REPORT.flat.
flatten() {
  awk -f tests/json.awk "$1" >"$1.flat" 2>/dev/null
}
# get REPORT PATH: one value of a flattened report, "missing" when it is not there.
get() {
  [ -f "$1.flat" ] || { echo missing; return; }
  awk -v p="$2" 'index($0, p " = ") == 1 { print substr($0, length(p) + 4); f = 1; exit }
    END { if (!f) print "missing" }' "$1.flat"
}
# number TEXT: TEXT if it is one, else 0: for arithmetic on what may be missing.
number() {
  case $1 in '' | *[!0-9]*) echo 0 ;; *) echo "$1" ;; esac
}
# phase REPORT NAME FIELD: a figure of the phase so named.
phase() {
  [ -f "$1.flat" ] || { echo missing; return; }
  awk -v n="$2" -v f="$3" '
    match($0, /^phases\.[0-9]+\./) {
      pre = substr($0, 1, RLENGTH); rest = substr($0, RLENGTH + 1)
      if (rest == "name = " n) at = pre
      v[$1] = $3
    }
    END { print at != "" && ((at f) in v) ? v[at f] : "missing" }' "$1.flat"
}
