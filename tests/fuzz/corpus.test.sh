#!/bin/sh
# The fuzzer's corpus, the malformed traces and the presets, through the readers and a replay.
for set in tests/fuzz/corpus tests/malformed configs; do
  if out=$("$B/tests/fuzz/fuzz_readers" "$set"/* 2>&1); then
    echo "ok - $set: $out"
  else
    echo "$out" | sed 's/^/# /'
    echo "not ok - $set"
  fi
done
