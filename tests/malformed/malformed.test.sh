#!/bin/sh
# malformed.test.sh: bad traces are refused with exit code 2 and one line that says where and why.
# NAME.vmt is the trace, NAME.expected the message without "vmsim: "; both sides are run from
# this folder, so that messages name the file alone.
. tests/tap.sh
cd tests/malformed || exit 1
for trace in *.vmt; do
  name=${trace%.vmt}
  "$VMSIM" check "$trace" >/dev/null 2>"$tmp/err"
  code=$?
  [ "$code" -eq 2 ] && [ "$(wc -l <"$tmp/err")" -eq 1 ] &&
    [ "$(cat "$tmp/err")" = "vmsim: $(cat "$name.expected")" ]
  ok $? "$name" || {
    echo "# exit code $code; standard error:"
    head -3 "$tmp/err" | sed 's/^/#   /'
    echo "# expected:"
    sed 's/^/#   vmsim: /' "$name.expected"
  }
done
done_testing
