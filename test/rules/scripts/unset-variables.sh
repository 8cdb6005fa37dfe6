#!/bin/sh
# a variable that nobody set is nothing: the command runs without it
IPT=iptables
$IPT -A INPUT $EXTRA -p tcp --dport 22 -j ACCEPT
$NOT_GIVEN $IPT -A INPUT -p tcp --dport 80 -j ACCEPT
$IPT -A INPUT -i $LAN -j DROP || $IPT -N refused
$IPTABLES -A INPUT -j DROP
$IPT -N status$?
