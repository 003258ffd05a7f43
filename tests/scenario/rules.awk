# rules.awk: does what a replay left behind hold what its trace expects (tests/scenario/rules)?
#   awk -f rules.awk part=kinds REFERENCE.md part=report FLAT part=events FLAT part=trace FILE
# where FLAT is what tests/json.awk makes of them.
# Prints a line for each expectation that fails, and one when there was nothing to fail.

BEGIN { BACKGROUND = -1 }

# compare A OP B: numbers where the operator is one of order, text otherwise.
function compare(a, op, b) {
  if (op == "=") return a "" == b ""
  if (op == "!=") return a "" != b ""
  if (a !~ /^[0-9]+$/ || b !~ /^[0-9]+$/) return 0
  a += 0
  b += 0
  return op == "<" ? a < b : op == "<=" ? a <= b : op == ">" ? a > b : a >= b
}
function complain(what) { print FILENAME ":" FNR ": " what }

# split_condition TEXT: KEY OP VALUE into key, op and value.
function split_condition(text) {
  if (!match(text, /[<>!]?=|[<>]/)) return 0
  key = substr(text, 1, RSTART - 1)
  op = substr(text, RSTART, RLENGTH)
  value = substr(text, RSTART + RLENGTH)
  return key != "" && value != ""
}

# Kinds of event and their fields: a misspelt one would be absent for the wrong reason.
part == "kinds" {
  if (/^## /) listing = $2 == "Events"
  if (!listing || !/^\| `/) next
  n = split($0, word, "`")
  kind[word[2]] = 1
  split("cycle seq line pid tid core", common, " ")
  for (i in common) known[word[2], common[i]] = 1
  for (i = 4; i <= n; i += 2) known[word[2], word[i]] = 1
  next
}
# Report: phases and processes go by name and pid instead of their place.
part == "report" {
  path = $1
  value = substr($0, length($1) + 4)
  if (match(path, /^(phases|processes)\.[0-9]+\.(name|pid)$/)) {
    place = path
    sub(/\.[a-z]+$/, "", place)
    named = place
    sub(/[0-9]+$/, value, named)
    names[++n_names] = place "." SUBSEP named "."
  }
  figure[path] = value
  next
}
# Events: each begins with its cycle.
part == "events" {
  if ($1 == "cycle") n_events++
  field[n_events, $1] = substr($0, length($1) + 4)
  next
}
function get(path,  i, pair) {
  if (path ~ /^[0-9]+$/) return path
  for (i = 1; i <= n_names; i++) {
    split(names[i], pair, SUBSEP)
    if (index(path, pair[2]) == 1) {
      path = pair[1] substr(path, length(pair[2]) + 1)
      break
    }
  }
  return (path in figure) ? figure[path] : "missing"
}
function is_known(path) { return get(path) != "missing" }

# An event line: what is expected below it is of that line.
/^[^#%]/ && NF { scope = FNR; checks += / = /; next }
!/^# [a-z-]+: / { next }
$2 == "rules:" || $2 == "set:" || $2 == "with:" || $2 == "exit:" { next }
$2 == "expect:" {
  checks++
  if (NF != 5 || $4 !~ /^([<>!]?=|[<>])$/) complain("not PATH OP VALUE")
  else if (!is_known($3) || !is_known($5) || !compare(get($3), $4, get($5)))
    complain("expected " $3 " " $4 " " $5 ", got " get($3))
  next
}
$2 == "event:" { checks++; expect_event(scope); next }
$2 == "background:" { checks++; expect_event(BACKGROUND); next }
{ complain("unknown word " $2) }

# is_expectation FROM: $FROM is a kind of event, and after it are conditions on its fields.
function is_expectation(from,  c, first) {
  if (!($from in kind)) return 0
  for (c = from + 1; c <= NF; c++) {
    if (!split_condition($c)) return 0
    first = key
    sub(/\..*/, "", first)
    if (!(($from, first) in known)) return 0
  }
  return 1
}
# matches I OF FROM: event I is of line OF (0: of any, BACKGROUND: of none), of the kind in $FROM, and
# meets every condition after it.
function matches(i, of, from,  c) {
  if (of == BACKGROUND ? field[i, "line"] != "" : of && field[i, "line"] != of) return 0
  if (field[i, "event"] != $from) return 0
  for (c = from + 1; c <= NF; c++) {
    split_condition($c)
    if (!((i, key) in field) || !compare(field[i, key], op, value)) return 0
  }
  return 1
}
# With a number there are exactly so many; without, one at least, after the one expected before.
function expect_event(of,  from, i, n) {
  from = $3 ~ /^[0-9]+$/ ? 4 : 3
  if (!is_expectation(from)) { complain("no kind of event and KEY OP VALUE: " $0); return }
  for (i = from == 3 ? after[of] + 1 : 1; i <= n_events; i++)
    if (matches(i, of, from)) {
      n++
      if (from == 3) { after[of] = i; break }
    }
  if (from == 4 && n + 0 != $3 + 0) complain("expected " $3 " such events, got " n + 0 ": " $0)
  else if (from == 3 && !n) complain("no such event: " $0)
}
END { if (!checks) print FILENAME ": expects nothing" }
