#!/bin/sh
{
  echo '*filter'
  printf ':%s %s [0:0]\n' INPUT DROP FORWARD DROP OUTPUT ACCEPT
  for p in 22 80; do printf -- '-A INPUT -p tcp --dport %d -j ACCEPT\n' "$p"; done
  echo COMMIT
} > /tmp/r
iptables-restore --test /tmp/r && iptables-restore /tmp/r
