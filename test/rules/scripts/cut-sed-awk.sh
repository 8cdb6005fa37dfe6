#!/bin/sh
LIST="eth0:192.168.1.1:22,80 eth1:10.0.0.1:443"
for e in $LIST; do
  if=$(echo $e | cut -d: -f1)
  ip=$(echo $e | cut -d: -f2)
  ports=$(echo $e | cut -d: -f3)
  for p in $(echo $ports | tr ',' ' '); do
    iptables -A INPUT -i $if -d $ip -p tcp --dport $p -j ACCEPT
  done
  net=$(echo $ip | sed 's/\.[0-9]*$/.0\/24/')
  iptables -A FORWARD -s $net -j ACCEPT
  iptables -A FORWARD -d $(echo "$ip" | awk -F. '{print $1"."$2".0.0/16"}') -j DROP
done
