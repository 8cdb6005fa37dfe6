#!/bin/bash
opts=()
opts+=(-p tcp)
opts+=(--dport 22)
[[ -n ${SRC:-10.0.0.0/8} ]] && opts+=(-s "${SRC:-10.0.0.0/8}")
iptables -A INPUT "${opts[@]}" -j ACCEPT
cmd="iptables -A INPUT -p udp --dport 53 -j ACCEPT"
eval $cmd
$cmd
args="-A OUTPUT -m comment --comment 'two words'"
eval iptables $args
