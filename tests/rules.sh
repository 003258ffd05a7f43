#!/bin/sh
# rules.sh FOLDER OPTION...: tools/rules.awk over the logs in FOLDER, always in the same order.
logs=$1
shift
find "$logs" -type f | LC_ALL=C sort |
  xargs awk -f tools/rules.awk -v logs="$logs" "$@" sim/RULES.md
