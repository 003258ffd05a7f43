#!/bin/sh
# The include rules of sim/ (sim/README.md), and that their checker notices a breach.
if out=$(awk -f tools/includes.awk $(find sim -name '*.[ch]') 2>&1); then
  echo "ok 1 - includes flow one way"
else
  echo "$out" | sed 's/^/# /'
  echo "not ok 1 - includes flow one way"
fi
bad=$(mktemp -d) || exit 1
mkdir -p "$bad/sim/mmu" "$bad/sim/vmm"
echo '#include "vmm/vmm.h"' >"$bad/sim/mmu/x.c"
echo '#include "mmu/tlb.h"' >"$bad/sim/vmm/y.c"
if (cd "$bad" && awk -f "$OLDPWD/tools/includes.awk" sim/mmu/x.c sim/vmm/y.c >out); then
  echo "not ok 2 - a breach is noticed"
elif [ "$(wc -l <"$bad/out")" -eq 2 ]; then
  echo "ok 2 - a breach is noticed"
else
  echo "not ok 2 - a breach is noticed"
fi
rm -rf "$bad"
