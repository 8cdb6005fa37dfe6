#!/bin/sh
while read -r proto port src; do
  [ -z "$proto" ] && continue
  iptables -A INPUT -p $proto --dport $port ${src:+-s $src} -j ACCEPT
done <<LIST
tcp 22 10.0.0.0/8
udp 53

tcp 443
LIST
