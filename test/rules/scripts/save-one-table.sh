#!/bin/sh
# takes the nat table aside, with its counters, and puts it back: the filter table is not in the file
iptables -t nat -A POSTROUTING -o eth0 -j MASQUERADE
iptables -A INPUT -p tcp --dport 22 -c 3 180 -j ACCEPT
iptables-save -t nat > /tmp/nat
iptables-save -c > /tmp/counted
iptables -A INPUT -j DROP
iptables -t nat -F
iptables-restore < /tmp/nat
grep -q '^\[3:180\]' /tmp/counted && iptables -A FORWARD -j ACCEPT
iptables-save -t raw | grep -q PREROUTING && iptables -t raw -A PREROUTING -j ACCEPT
iptables-save INPUT 2>/dev/null || iptables -A OUTPUT -j ACCEPT
