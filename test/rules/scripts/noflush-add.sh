#!/bin/sh
iptables -A INPUT -p tcp --dport 22 -j ACCEPT
iptables -N dyn; iptables -A dyn -j DROP
echo "*filter
:dyn - [0:0]
-A dyn -s 192.0.2.1 -j DROP
-I INPUT 1 -j dyn
COMMIT" | iptables-restore -n
