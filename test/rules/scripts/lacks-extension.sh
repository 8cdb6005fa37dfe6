#!/bin/sh
# a target that the kernel lacks: it refuses the table as a whole, and the script asks
iptables -A FORWARD -j ULOG || iptables -N no-ulog
{
  echo '*filter'
  echo '-A INPUT -p tcp --dport 22 -j ACCEPT'
  echo '-A INPUT -j ULOG --ulog-nlgroup 1'
  echo COMMIT
  echo '*nat'
  echo '-A POSTROUTING -j MASQUERADE'
  echo COMMIT
} | iptables-restore
if [ $? != 0 ]; then
  iptables -P INPUT DROP
  exit 1
fi
iptables -N never
