#!/bin/sh
iptables   -A  INPUT	-s ! 10.0.0.1 -j DROP
iptables -A INPUT ! -s 10.0.0.1 -j DROP
iptables -A INPUT -p tcp --dport ! 22 -j DROP
iptables -A INPUT -p tcp ! --dport 22 -j DROP; iptables -A INPUT ! -i lo -j DROP
iptables -A INPUT \
  -p udp \
  --dport 53 \
  -j ACCEPT
