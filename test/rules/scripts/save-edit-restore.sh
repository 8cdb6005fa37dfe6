#!/bin/sh
iptables -A INPUT -p tcp --dport 22 -j ACCEPT
iptables -A INPUT -p tcp --dport 23 -j ACCEPT
iptables -A INPUT -j DROP
iptables-save | grep -v -- '--dport 23' | iptables-restore
iptables-save > /tmp/rules
iptables -F
iptables-restore < /tmp/rules
sed 's/--dport 22/--dport 2222/' /tmp/rules | iptables-restore
