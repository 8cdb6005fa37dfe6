#!/bin/sh
i=0
while [ $i -lt 3 ]; do
  iptables -t mangle -A PREROUTING -i eth$i -j MARK --set-mark `expr $i + 1`
  i=`expr $i + 1`
done
until [ $i -eq 0 ]; do i=$(( $i - 1 )); iptables -A FORWARD -i eth$i -j ACCEPT; done
