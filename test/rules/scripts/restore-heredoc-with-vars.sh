#!/bin/sh
LAN=192.168.7.0/24; IF=eth1
iptables-restore <<-EOF
	*nat
	:PREROUTING ACCEPT [0:0]
	:POSTROUTING ACCEPT [0:0]
	-A POSTROUTING -s $LAN -o $IF -j MASQUERADE
	COMMIT
	*filter
	:INPUT DROP [0:0]
	:LOGDROP - [0:0]
	-A INPUT -i lo -j ACCEPT
	-A INPUT -j LOGDROP
	-A LOGDROP -m limit --limit 5/min -j LOG --log-prefix "drop: "
	-A LOGDROP -j DROP
	COMMIT
EOF
[ $? -eq 0 ] && iptables -A FORWARD -j DROP
