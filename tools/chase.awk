# chase.awk REPORT POINTS: the picture of chase.sh. REPORT is that of any of the runs, flattened
# (tests/json.awk): its configuration says how far TLBs and caches reach. POINTS are lines of curve,
# pages, cycles of a load.
function x(pages) { return left + width * log(pages / first) / log(last / first) }
function y(cycles) { return top + height - height * log(cycles / low) / log(high / low) }
function text(px, py, more, words) {
  printf "<text x=\"%.1f\" y=\"%.1f\" %s>%s</text>\n", px, py, more, words
}
function line(x1, y1, x2, y2, more) {
  printf "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" %s/>\n", x1, y1, x2, y2, more
}
function bytes(n) { return n >= 1048576 ? n / 1048576 " MiB" : n / 1024 " KiB" }

# What reaches so many pages, one line of each.
function reach(pages, words) {
  if (pages < first || pages > last) return
  line(x(pages), top, x(pages), top + height, "stroke=\"#888\" stroke-dasharray=\"4 3\"")
  text(x(pages), top - 8 - 15 * (n_reach++ % 3), "text-anchor=\"middle\" font-size=\"12\"", words)
}
function reaches(   i, size, lines, above) {
  reach(config["tlb.l1d.entries"], "L1 D-TLB: " config["tlb.l1d.entries"] " pages")
  reach(config["tlb.l2.entries"], "L2 TLB: " config["tlb.l2.entries"] " pages")
  for (i = 1; i <= 4; i++) {
    size = config["caches.l" i ".size"]
    if (!size) return
    lines = size / config["caches.l" i ".line"]
    # A victim has other lines than the level above it.
    if (config["caches.l" i ".victim"] == "true") lines += above
    above = lines
    reach(lines, "L" i " cache: " bytes(size))
  }
}

function axes(   n, i) {
  for (n = 10; n <= last; n *= 10) {
    line(x(n), top, x(n), top + height, "stroke=\"#ddd\"")
    text(x(n), top + height + 18, "text-anchor=\"middle\"", n)
  }
  for (n = low; n <= high; n *= 2) {
    line(left, y(n), left + width, y(n), "stroke=\"#ddd\"")
    text(left - 8, y(n) + 4, "text-anchor=\"end\"", n)
  }
  text(left + width / 2, top + height + 40, "text-anchor=\"middle\"", "pages, one line of each")
  text(left - 50, top - 12, "", "cycles")
}

# Each point says its figures when it is pointed at.
function curve(name, words, colour,   i, at, path, dots) {
  text(left + 20, top + 24 + 20 * n_curve++, "fill=\"" colour "\"", words)
  for (i = 1; i <= n; i++) {
    if (of[i] != name) continue
    path = path sprintf("%s%.1f,%.1f", path == "" ? "" : " ", x(pages[i]), y(cycles[i]))
    at = sprintf("cx=\"%.1f\" cy=\"%.1f\"", x(pages[i]), y(cycles[i]))
    dots = dots "<circle " at " r=\"2.5\" fill=\"" colour "\"><title>" \
      name " " pages[i] ": " cycles[i] "</title></circle>\n"
  }
  printf "<polyline fill=\"none\" stroke=\"%s\" points=\"%s\"/>\n", colour, path
  printf "%s", dots
}

FNR == NR { if ($1 ~ /^config\./) config[substr($1, 8)] = $3; next }
{
  of[++n] = $1; pages[n] = $2; cycles[n] = $3
  if (!first || $2 < first) first = $2
  if ($2 > last) last = $2
  if (!least || $3 < least) least = $3
  if ($3 > most) most = $3
}
END {
  for (low = 1; low * 2 < least; low *= 2) ;
  for (high = low; high < most; high *= 2) ;
  left = 70; top = 80; width = 850; height = 440
  print "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 960 580\" " \
    "font-family=\"sans-serif\" font-size=\"13\">"
  print "<title>A load of a pointer chase on " preset "</title>"
  print "<rect width=\"960\" height=\"580\" fill=\"#fff\"/>"
  text(480, 20, "text-anchor=\"middle\" font-size=\"15\"", "A load of a pointer chase on " preset)
  axes()
  reaches()
  curve("guest", "4 KiB pages of a virtual machine, host pages of 4 KiB", "#c0392b")
  curve("small", "4 KiB pages", "#1f5fa8")
  curve("large", "2 MiB pages", "#2e7d32")
  print "</svg>"
}
