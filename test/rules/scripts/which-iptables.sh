#!/bin/sh
IPT=$(which iptables 2>/dev/null || echo /sbin/iptables)
IPT=`command -v iptables`
[ -x "$IPT" ] || exit 1
[ -z "$IPT" ] && { echo "no iptables"; exit 1; }
"$IPT" -A INPUT -j ACCEPT
IPT6="$(command -v ip6tables)" && $IPT6 -A INPUT -j DROP
