#!/bin/sh
# known.test.sh: faults and dirty evictions of two public traces equal a table on which two
# independent programs agree. 4 KiB pages; a page is dirty once written; nothing is written at the
# end. Traces: SPEC gcc and swim as used by courses at UCSD and Pittsburgh, from Caffeine's
# simulator (Apache 2.0). "clear": CLOCK with the reference bit clear on insertion.
. tests/tap.sh

# One byte a reference: 18 addresses lie so near a page's end that four would touch two pages.
for t in gcc swim; do
  gzip -dc tests/known/$t.trace.gz |
    awk '{ printf " %s %s,1\n", $1 == "l" ? "L" : "S", substr($2, 3) }' >"$tmp/$t.lackey"
done
is "$(wc -l <"$tmp/gcc.lackey")" 515683 "gcc has 515683 references"
is "$(wc -l <"$tmp/swim.lackey")" 303193 "swim has 303193 references"

# cell TRACE POLICY FRAMES EXPECTED: one run, compared as faults/dirty evictions.
cell() {
  name=$2 bit=true
  [ "$2" != clear ] || { name=clock bit=false; }
  "$VMSIM" run -q -r "$tmp/report.json" -s memory.frames="$3" -s memory.page_tables=out \
    -s replacement.policy="$name" -s replacement.scope=global \
    -s replacement.sees=every-reference -s standby.enabled=false \
    -s memory.zero_fill_dirty=false -s replacement.clock.insert_referenced=$bit \
    "$tmp/$1.lackey" >/dev/null 2>"$tmp/errors" || sed 's/^/# /' "$tmp/errors"
  flatten "$tmp/report.json"
  is "$(get "$tmp/report.json" counters.page_faults)/$(get "$tmp/report.json" counters.pages_output)" \
    "$4" "$1 $2, $3 frames: $4"
  rm -f "$tmp/report.json"
}

while read -r trace policy f8 f16 f32 f64; do
  cell "$trace" "$policy" 8 "$f8"
  cell "$trace" "$policy" 16 "$f16"
  cell "$trace" "$policy" 32 "$f32"
  cell "$trace" "$policy" 64 "$f64"
done <<END
gcc fifo 29011/11519 8568/3542 1375/660 551/258
gcc lru 23027/7464 6172/2226 736/344 409/169
gcc clock 25430/9058 6934/2544 869/402 421/169
gcc clear 23680/7621 6517/2288 797/356 412/166
swim fifo 13893/8499 844/470 326/158 177/69
swim lru 9387/5280 530/239 205/83 140/47
swim clock 11538/6401 601/296 223/98 148/52
END
done_testing
