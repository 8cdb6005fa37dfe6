#!/bin/sh
for c in in out fwd; do
  C=$(echo $c | tr a-z A-Z)
  iptables -N "CUSTOM-$C"
  iptables -A "CUSTOM-$C" -j RETURN
done
iptables -S | awk '/^-N/ {print $2}' | while read c; do iptables -I "$c" -m comment --comment "$c"; done
iptables -A INPUT -j CUSTOM-IN -m limit --limit 3/s
