# mutate.awk: every single wrong result that a trace's recorded results can be turned into.
# Prints "LINE<TAB>CUT<TAB>EVENT = WRONG", CUT being 1 where the line gives a label its value: the
# rest of the trace cannot be understood without, so the copy must end there.

function say(r) { print FNR "\t" cut "\t" event " = " r }
# another address: twice as far, or a page further
function other(a) {
  if (a == "0x0") return "0x10000"
  if (a ~ /\+0x[0-9a-f]+$/) return a "0"
  if (a ~ /^[A-Za-z]/) return a "+0x1000"
  return a "0"
}
function other_value(v,  d) {
  d = substr(v, length(v))
  return substr(v, 1, length(v) - 1) (d == "0" ? "1" : "0")
}
function other_field(i, v) {
  if (i <= 2) return other(v)
  if (i == 4) return v "0"
  if (i == 5) return v == "MEM_RESERVE" ? "MEM_COMMIT" : "MEM_RESERVE"
  if (i == 7) return v == "0" ? "MEM_PRIVATE" : "MEM_MAPPED"
  return v == "PAGE_READONLY" ? "PAGE_EXECUTE" : "PAGE_READONLY"
}
function query(n, f,  i, j, r) {
  for (i = 1; i <= n; i++) {
    r = ""
    for (j = 1; j <= n; j++) r = r (j > 1 ? " " : "") (j == i ? other_field(j, f[j]) : f[j])
    say(r)
  }
  say("FALSE ERROR_INVALID_PARAMETER")
}
function call(n, f) {
  if (f[1] == "FALSE") {
    say(event ~ /VirtualProtect/ ? "TRUE PAGE_READWRITE" : "TRUE")
    say("FALSE ERROR_NOT_LOCKED")
  } else if (f[1] == "TRUE") {
    say("FALSE ERROR_INVALID_PARAMETER")
    if (n > 1) say("TRUE " other_field(6, f[2]))
  } else if (f[1] == "NULL") {
    say("NULL ERROR_NOT_LOCKED")
    if (match(event, /\([A-Z][^,]*,/) && event !~ /\(NULL,/) say(substr(event, RSTART + 1, RLENGTH - 2))
  } else {
    say("NULL ERROR_INVALID_PARAMETER")
    if (!cut) say(other(f[1]))
  }
}
function access(r) {
  if (r == "OK") { say("ACCESS_VIOLATION"); return }
  if (r == "ACCESS_VIOLATION") { say("OK"); say("GUARD_PAGE"); return }
  say(other_value(r)); say("ACCESS_VIOLATION")
}
/^[#%]/ || !/ = / { next }
{
  sub(/[ \t]*#.*/, "")
  at = index($0, " = ")
  event = substr($0, 1, at - 1); result = substr($0, at + 3)
  n = split(result, f, " ")
  cut = result ~ /^[A-Z]$/ && !(result in bound)
  bound[result] = 1
  if (event ~ /VirtualQuery/ && n == 7) query(n, f)
  else if (event ~ /\(/) call(n, f)
  else access(result)
}
