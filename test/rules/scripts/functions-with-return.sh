#!/bin/sh
is_port() { [ "$1" -gt 0 ] 2>/dev/null && [ "$1" -lt 65536 ]; }
open() { is_port "$1" || return 1; iptables -A INPUT -p ${2:-tcp} --dport "$1" -j ACCEPT; }
for p in 22 0 abc 70000 53; do open $p || echo "skip $p"; done
open 53 udp; open nope || iptables -A INPUT -m comment --comment "rc=$?"
