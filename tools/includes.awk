# includes.awk FILE...: which folder of sim/ may include which. Prints what breaks the rules and
# exits 1. Data flows one way: trace -> engine -> mmu -> vmm -> events -> reports.
BEGIN {
  may["base"] = "base"
  may["config"] = "base config"
  may["stats"] = "base stats"
  may["event"] = "base event"
  may["trace"] = "base config trace"
  may["policy"] = "policy" # and include/vmsim alone, like any plug-in
  may["mmu"] = "base config stats event policy mmu"
  may["vmm"] = "base config stats event policy vmm"
  may["engine"] = "base config stats event trace policy mmu vmm engine report"
  may["report"] = "base config stats event report"
  may["cli"] = "cli" # and include/vmsim alone
  # The memory manager shares the page table with the MMU, and nothing else of it.
  also["vmm", "mmu/pte.h"] = also["vmm", "mmu/page_table.h"] = also["vmm", "mmu/design.h"] = 1
}
FNR == 1 {
  n = split(FILENAME, part, "/")
  from = n == 2 ? "cli" : part[2]
  files++
}
/^[ \t]*#[ \t]*include[ \t]*"/ {
  split($0, q, "\"")
  to = q[2]
  folder = index(to, "/") ? substr(to, 1, index(to, "/") - 1) : from
  if (!(from in may)) complain("no rule for folder " from)
  else if (index(" " may[from] " ", " " folder " ") == 0 && !((from, to) in also))
    complain(from " may not include " to)
}
function complain(what) { print FILENAME ":" FNR ": " what; bad = 1 }
END {
  if (!files) { print "no files"; bad = 1 }
  exit bad
}
