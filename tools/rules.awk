# rules.awk: which rules have a test.
#   awk -f tools/rules.awk -v logs=FOLDER -v table=1 sim/RULES.md LOG...
#   awk -f tools/rules.awk -v logs=FOLDER -v bare=fail|list|ignore sim/RULES.md LOG...
# LOGs are what tests printed (tests/run.sh keeps them below FOLDER). A line `# rules: V8 V9` names
# rules of sim/RULES.md that the next result exercises.
# => table: prints tests/RULES.md, the tests of each rule
# => else: prints `not ok` for each name that sim/RULES.md lacks; rules that no passing test
#    exercises are bare, and get a `not ok` each or are listed in a note

FNR == 1 {
  file = FILENAME
  if (index(file, logs "/") == 1) file = substr(file, length(logs) + 2)
  announced = ""
}
# The rules: rows of tables whose first cell is an identifier.
FNR == NR {
  if (split($0, cell, / *\| */) < 3 || cell[2] !~ /^([A-Z][0-9]+|[0-9]+\.[0-9]+)[.a-z0-9-]*$/) next
  if (cell[2] in listed) print "not ok - " FILENAME ":" FNR ": " cell[2] " stands there twice"
  else rule[++n_rules] = cell[2]
  listed[cell[2]] = 1
  next
}
/^ *# rules: / { sub(/^ *# rules: /, ""); announced = announced " " $0; next }
/^ *(not )?ok/ {
  if (announced != "") exercise(/^ *ok/ && !/# *SKIP/)
  announced = ""
}
# exercise PASSED: this result is one of the rules announced.
function exercise(passed,  name, i, n, id) {
  name = $0
  sub(/^ *(not )?ok *[0-9]* *(- )?/, "", name)
  gsub(/\|/, "\\|", name)
  n = split(announced, id, " ")
  for (i = 1; i <= n; i++) {
    if (!(id[i] in listed)) unknown(id[i], name)
    if (!passed || ((id[i], file, name) in seen)) continue
    seen[id[i], file, name] = 1
    if (last[id[i]] == file) tests[id[i]] = tests[id[i]] ", " name
    else tests[id[i]] = tests[id[i]] (tests[id[i]] == "" ? "" : "; ") "`" file "`: " name
    last[id[i]] = file
  }
}
function unknown(id, name) {
  if (!table && !((id, file) in told))
    print "not ok - " file ", " name ": sim/RULES.md has no rule " id
  told[id, file] = 1
}
END {
  if (table) {
    print "# The tests of each rule\n"
    print "Written by `make rules` from what the tests of `make check` announced; do not edit."
    print "[The rules](../sim/RULES.md) themselves.\n"
    print "| Rule | Tests |\n|---|---|"
  }
  for (i = 1; i <= n_rules; i++) {
    id = rule[i]
    if (table) print "| " id " | " tests[id] " |"
    else if (tests[id] == "" && bare == "fail") print "not ok - rule " id " has a test that passes"
    else if (tests[id] == "") { untested = untested " " id; n_bare++ }
  }
  if (!table && bare == "list" && n_bare)
    print "# " n_bare " of " n_rules " rules have no test:" untested
}
