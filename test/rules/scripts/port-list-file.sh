#!/bin/sh
printf '22 ssh\n# no\n\n80 http\n443 https\n' > ports
while read port name; do
  case "$port" in ''|\#*) continue ;; esac
  iptables -A INPUT -p tcp --dport "$port" -m comment --comment "$name" -j ACCEPT
done < ports
for p in $(grep -v '^#' ports | awk '{print $1}'); do iptables -A OUTPUT -p tcp --sport $p -j ACCEPT; done
