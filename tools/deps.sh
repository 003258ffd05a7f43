#!/bin/sh
# deps.sh PACKAGE...: install the Debian packages that are missing.
set -eu
missing=
for p in "$@"; do
  dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $p"
done
[ -n "$missing" ] || exit 0
command -v apt-get >/dev/null 2>&1 || { echo "vmsim: please install:$missing" >&2; exit 1; }
run=
[ "$(id -u)" -eq 0 ] || run=sudo
echo "installing:$missing" >&2
export DEBIAN_FRONTEND=noninteractive
$run apt-get install -y --no-install-recommends $missing >&2 2>/dev/null || {
  $run apt-get update >&2
  $run apt-get install -y --no-install-recommends $missing >&2
}
