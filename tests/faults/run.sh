#!/bin/sh
# run.sh: plant each fault of faults.txt in a copy of the sources, one at a time, and see something
# fail: an audit, the second model, or a test. `make check-faults` runs it; ONLY=pattern picks some.
# It prints what caught each, and fails when one was not noticed or does not fit the sources any more.
set -u
cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
git ls-files -z | xargs -0 tar cf - | tar xf - -C "$work" || exit 1
faults=$PWD/tests/faults/faults.txt
cd "$work" || exit 1
make -j"${JOBS:-2}" >/dev/null 2>&1 || { echo "the sources do not build"; exit 1; }

# plant FILE WHICH FROM TO: put TO for the WHICH-th FROM of FILE; fails when there is none.
plant() {
  cp "$1" "$1.sound"
  from=$3 to=$4 awk -v which="$2" '
    BEGIN { from = ENVIRON["from"]; to = ENVIRON["to"] }
    (at = index($0, from)) && ++n == which {
      $0 = substr($0, 1, at - 1) to substr($0, at + length(from)); done = 1
    }
    { print }
    END { exit !done }' "$1.sound" >"$1"
}

planted=0 unnoticed=0
while IFS='@' read -r name file which from to tests; do
  case $name in '' | '#'*) continue ;; esac
  echo "$name" | grep -q "${ONLY:-.}" || continue
  planted=$((planted + 1))
  if ! plant "$file" "$which" "$from" "$to"; then
    echo "$name: $file has no such place any more"
    unnoticed=$((unnoticed + 1))
  elif ! ONLY= make -j"${JOBS:-2}" >log 2>&1; then
    echo "$name: does not build"
    unnoticed=$((unnoticed + 1))
  else
    [ "$tests" = scenario/rules ] || make -j"${JOBS:-2}" tests-built >/dev/null 2>&1
    ONLY=$tests VMSIM=$work/build/plain/vmsim B=$work/build/plain timeout 300 sh tests/run.sh >log 2>&1
    caught=$(sed -n 's/^\(tests[^ ]*\) .*FAILED$/\1/p' log | tr '\n' ' ')
    if [ -n "$caught" ]; then
      echo "$name: $caught"
    else
      echo "$name: NOT NOTICED"
      unnoticed=$((unnoticed + 1))
    fi
  fi
  mv "$file.sound" "$file"
  touch "$file"
done <"$faults"
echo "$((planted - unnoticed)) of $planted faults noticed"
[ "$unnoticed" -eq 0 ] && [ "$planted" -gt 0 ]
