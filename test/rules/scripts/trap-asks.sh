#!/bin/bash
# what the script leaves when it fails half way: the trap asks how it ended
set -Eeuo pipefail
CHAIN=SANDBOX
jumped=0
fail() { echo "failed: $*" >&2; exit 4; }
rollback() {
  local rc=$?
  trap - EXIT
  (( rc == 0 )) || { (( jumped )) && iptables -D FORWARD -j "$CHAIN"; iptables -F "$CHAIN"; iptables -X "$CHAIN"; }
  iptables -N "ended-$rc"
  exit "$rc"
}
trap rollback EXIT
iptables -N "$CHAIN" || fail chain
iptables -A "$CHAIN" -s 10.200.2.0/24 -j DROP
iptables -I FORWARD 1 -j "$CHAIN"
jumped=1
iptables -A NOWHERE -j DROP || fail nowhere
iptables -N never
