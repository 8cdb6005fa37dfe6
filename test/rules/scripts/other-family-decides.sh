#!/bin/sh
# how ip6tables ends decides about iptables, and the other way round
iptables -N new && ip6tables -N new
ip6tables -N new || iptables -N was-there
iptables -D INPUT -j DROP 2>/dev/null || ip6tables -N no-such-rule
ip6tables -S new | grep -q '^-N new$' && iptables -N listed
cat /proc/net/ip6_tables_names | while read table; do iptables -N "has-$table"; done
for ipt in iptables ip6tables; do
  $ipt -A new -p udp --dport 53 -j ACCEPT || exit 1
done
ip6tables -A new -j NOWHERE || exit 2
iptables -N never
