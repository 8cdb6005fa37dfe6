#!/bin/sh
ipt() { iptables "$@"; ip6tables "$@"; }
ipt -P FORWARD DROP
ipt -A INPUT -i lo -j ACCEPT
ipt -A INPUT -p tcp -m multiport --dports 22,80 -j ACCEPT
iptables -A INPUT -p icmp --icmp-type echo-request -j ACCEPT
ip6tables -A INPUT -p ipv6-icmp -j ACCEPT
for t in iptables ip6tables; do $t -A INPUT -j DROP; done
