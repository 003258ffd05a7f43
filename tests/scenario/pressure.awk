# pressure.awk: a seeded trace of n references that knows what every read must return.
#   awk -v n=1000000 -v seed=7 -f pressure.awk > trace.vmt
#
# Four processes, a block of 400 pages each. Nine references of ten go to a sixth of the pages. On
# the way pages are decommitted and committed again (and must read zero), reset, stored to with
# unknown values (and are then recorded wrongly on purpose, as 0xbad: such bytes are not compared), and
# once the last process ends and begins anew under its old number.
#
# Memory is tracked in words of 4 bytes at 16 places of a page, the last at its very end, so that an
# 8-byte access there crosses into the next page. A word's key holds its page's generation, which
# changes when the contents go: words never stored in this generation are `fresh`, zero or unknown.

function rnd(k) { state = (state * 16807) % 2147483647; return int(state / 2147483647 * k) }
function page_key(pg) { return pid SUBSEP pg }
function word_key(pg, w) { return pid SUBSEP pg SUBSEP w SUBSEP gen[pid, pg] }
function load(pg, w,  k) {
  k = word_key(pg, w)
  if (!(k in mem)) return fresh[pid, pg]
  return mem[k] == "x" && reset[pid, pg] ? "?" : mem[k] # an unknown store, or the zero of a lost page
}
# The pages whose contents may have been dropped since MEM_RESET: a store makes what remains of
# them, old or zero, count again, and the generator cannot know which.
function revive(pg) {
  if (!reset[pid, pg]) return
  reset[pid, pg] = 0; gen[pid, pg]++; fresh[pid, pg] = "?"
}
function begin_process(p) {
  pid = p
  block[pid] = "B" ++blocks
  printf "%d VirtualAlloc(NULL, 0x%x, MEM_RESERVE|MEM_COMMIT, PAGE_READWRITE) = %s\n", \
    pid, pages * 4096, block[pid]
  for (pg = 0; pg < pages; pg++) {
    gen[pid, pg]++; fresh[pid, pg] = 0; committed[pid, pg] = 1; reset[pid, pg] = 0
  }
}
function pick_page() { return rnd(10) ? rnd(pages / 6) : rnd(pages) }
function at(pg, w) { return sprintf("%s+0x%x", block[pid], pg * 4096 + (w == 15 ? 4092 : w * 256)) }
function hex8(hi, lo) { return hi ? sprintf("0x%x%08x", hi, lo) : sprintf("0x%x", lo) }

function reference(  pg, w, size, pg2, w2, lo, hi, legal) {
  pg = pick_page(); w = rnd(16); size = w == 15 && pg + 1 < pages && rnd(4) == 0 ? 8 : 4
  pg2 = pg + 1; w2 = 0 # of the upper half of an access across the boundary
  legal = committed[pid, pg] && (size == 4 || committed[pid, pg2])
  if (rnd(3) == 0) store(pg, w, size, pg2, w2, legal)
  else if (!legal) printf "%d R %s %d = ACCESS_VIOLATION\n", pid, at(pg, w), size
  else {
    lo = load(pg, w); hi = size == 8 ? load(pg2, w2) : 0
    if (lo == "?" || hi == "?") printf "%d R %s %d%s\n", pid, at(pg, w), size, rnd(2) ? " = OK" : ""
    else if (lo == "x" || hi == "x")
      printf "%d R %s %d = %s\n", pid, at(pg, w), size, hex8(hi == "x" ? 2989 : hi, lo == "x" ? 2989 : lo)
    else { printf "%d R %s %d = %s\n", pid, at(pg, w), size, hex8(hi, lo); known++ }
  }
}
function store(pg, w, size, pg2, w2, legal,  lo, hi) {
  lo = rnd(2147483647); hi = size == 8 ? rnd(2147483647) : 0
  if (!legal) { printf "%d W %s %d %s = ACCESS_VIOLATION\n", pid, at(pg, w), size, hex8(hi, lo); return }
  if (rnd(20) == 0) { lo = hi = "x"; printf "%d W %s %d = OK\n", pid, at(pg, w), size }
  else printf "%d W %s %d %s = OK\n", pid, at(pg, w), size, hex8(hi, lo)
  revive(pg); mem[word_key(pg, w)] = lo
  if (size == 8) { revive(pg2); mem[word_key(pg2, w2)] = hi }
}
# The committed pages from pg on, at most k; decommitted ones where `want` is 0.
function run(pg, k, want,  i) {
  for (i = 0; i < k && pg + i < pages && committed[pid, pg + i] == want; i++) ;
  return i
}
function decommit(  pg, k, i) {
  pg = pick_page(); k = run(pg, 1 + rnd(8), 1)
  if (!k) return
  printf "%d VirtualFree(%s, 0x%x, MEM_DECOMMIT) = TRUE\n", pid, at(pg, 0), k * 4096
  for (i = pg; i < pg + k; i++) { committed[pid, i] = 0; gen[pid, i]++; reset[pid, i] = 0 }
}
function commit(  pg, i, k) {
  for (pg = 0; pg < pages && committed[pid, pg]; pg++) ;
  k = run(pg, 8, 0)
  if (!k) return
  printf "%d VirtualAlloc(%s, 0x%x, MEM_COMMIT, PAGE_READWRITE) = %s\n", pid, at(pg, 0), k * 4096, at(pg, 0)
  for (i = pg; i < pg + k; i++) { committed[pid, i] = 1; fresh[pid, i] = 0 }
}
function forget(  pg, k, i) {
  pg = pick_page(); k = run(pg, 1 + rnd(4), 1)
  if (!k) return
  printf "%d VirtualAlloc(%s, 0x%x, MEM_RESET, PAGE_READWRITE) = %s\n", pid, at(pg, 0), k * 4096, at(pg, 0)
  for (i = pg; i < pg + k; i++) reset[pid, i] = 1
}
BEGIN {
  state = seed; pages = 400; processes = 4
  print "# vmtrace 1\n%rules win32"
  for (p = 1; p <= processes; p++) begin_process(p)
  for (i = 1; i <= n; i++) {
    if (rnd(200) == 0) pid = 1 + rnd(processes)
    r = rnd(2000)
    if (r == 0) decommit()
    else if (r <= 2) commit()
    else if (r == 3) forget()
    if (i == int(n / 2)) { pid = processes; printf "%d ExitProcess()\n", pid; begin_process(pid) }
    reference()
  }
  print "# " known " values known"
}
