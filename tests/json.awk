# json.awk: print every leaf of a JSON text as "dotted.path = value", one a line.
# Elements of arrays are numbered from 0; strings lose their quotes, escapes stay as written. Tokens
# must not span lines, which JSON guarantees. Exit status 1 when the text is not JSON.
#   awk -f json.awk report.json | sed -n 's/^counters\.reads = //p'

function path(  i, p) {
  p = ""
  for (i = 1; i <= depth; i++) p = p (i > 1 ? "." : "") (kind[i] == "[" ? count[i] : key[i])
  return p
}
function leaf(v) {
  if (depth && kind[depth] == "{" && !valued) { key[depth] = v; return }
  print path() " = " v
  valued = 0
}
function punct(c) {
  if (c == "{" || c == "[") { kind[++depth] = c; count[depth] = 0; valued = 0 }
  else if (c == "}" || c == "]") { if (depth-- == 0) bad = 1; valued = 0 }
  else if (c == ",") { count[depth]++; valued = 0 }
  else valued = 1
}
{
  rest = $0
  while (rest != "") {
    if (match(rest, /^[ \t\r]+/)) n = RLENGTH
    else if (match(rest, /^[][{}:,]/)) { n = 1; punct(substr(rest, 1, 1)) }
    else if (match(rest, /^"([^"\\]|\\.)*"/)) { n = RLENGTH; leaf(substr(rest, 2, n - 2)) }
    else if (match(rest, /^[-+.0-9A-Za-z]+/)) { n = RLENGTH; leaf(substr(rest, 1, n)) }
    else { bad = 1; exit }
    rest = substr(rest, n + 1)
  }
}
END { exit bad || depth != 0 }
