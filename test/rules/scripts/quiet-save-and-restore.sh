#!/bin/sh
# complaints are thrown away, the work is done all the same
iptables -A INPUT -p tcp --dport 22 -j ACCEPT
iptables-save 2>/dev/null > /tmp/rules
iptables -F
iptables-restore < /tmp/rules 2>/dev/null
iptables 2>/dev/null || iptables -A FORWARD -j DROP
