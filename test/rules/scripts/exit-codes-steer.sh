#!/bin/sh
iptables -t nosuch -L >/dev/null 2>&1; echo $? > rc
iptables -X nochain 2>/dev/null; echo $? >> rc
iptables -A INPUT -m nomatch 2>/dev/null; echo $? >> rc
iptables -L -n >/dev/null; echo $? >> rc
for c in $(cat rc); do iptables -A OUTPUT -m mark --mark $c; done
