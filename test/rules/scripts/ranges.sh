#!/bin/bash
for i in {1..3}; do iptables -A FORWARD -s 10.0.$i.0/24 -j ACCEPT; done
for ((p = 8000; p <= 8002; p++)); do iptables -A INPUT -p tcp --dport $p -j ACCEPT; done
for n in 10.{1,2}.0.0/16; do iptables -A INPUT -s $n -j DROP; done
iptables -A INPUT -p tcp --dport $((16#1F90)) -j ACCEPT
