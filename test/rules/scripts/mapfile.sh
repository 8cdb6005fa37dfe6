#!/bin/bash
mapfile -t NETS < <(printf '%s\n' 10.0.0.0/8 '' '# x' 172.16.0.0/12 | grep -v '^#' | grep -v '^$')
for n in "${NETS[@]}"; do iptables -A INPUT -s "$n" -j ACCEPT; done
iptables -A INPUT -m comment --comment "${#NETS[@]} nets"
IFS=, read -ra PS <<< "22,80,443"
for p in "${PS[@]}"; do iptables -A INPUT -p tcp --dport "$p" -j ACCEPT; done
