#!/bin/bash
# what is not set ends the shell that asks
set -u
open() { iptables -A INPUT -p tcp --dport "$1" -j "$2"; iptables -N never; }
open 22 ACCEPT
(open 23)
iptables -N "subshell-$?"
iptables -N "default-${PORT:-none}"
iptables -N "args-$#$@"
NAMES=()
for name in "${NAMES[@]}"; do iptables -N never; done
port=$(echo "$MISSING"; echo never)
iptables -N "substituted-$?"
set +u
iptables -N "nothing-$MISSING"
set -o nounset
iptables -N "never-$MISSING"
iptables -N never-again
