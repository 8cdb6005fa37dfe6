#!/bin/sh
: ${WAN:=eth0} ${LAN:=eth1}
: "${PORTS:=22,80}"
iptables -A INPUT -i "$WAN" -p tcp -m multiport --dports $PORTS -j ACCEPT
iptables -A FORWARD -i ${LAN} -o ${WAN:?unset} -j ACCEPT
iptables ${VERBOSE:+-v} -A OUTPUT -o "${WAN}" -j ACCEPT
