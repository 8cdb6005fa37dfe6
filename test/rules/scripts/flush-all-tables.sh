#!/bin/sh
iptables -t nat -A POSTROUTING -j MASQUERADE; iptables -t mangle -N x; iptables -A INPUT -j DROP
for t in $(cat /proc/net/ip_tables_names); do iptables -t $t -F; iptables -t $t -X; done
for c in INPUT FORWARD OUTPUT; do iptables -P $c ACCEPT; done
