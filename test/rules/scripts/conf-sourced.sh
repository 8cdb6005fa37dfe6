#!/bin/sh
cat > /tmp/fw.conf <<'CONF'
# ports
TCP_PORTS="22 80 443"
UDP_PORTS="53 123"
TRUSTED='10.0.0.0/8
192.168.0.0/16'
CONF
. /tmp/fw.conf
for p in $TCP_PORTS; do iptables -A INPUT -p tcp --dport $p -j ACCEPT; done
for p in $UDP_PORTS; do iptables -A INPUT -p udp --dport $p -j ACCEPT; done
for n in $TRUSTED; do iptables -A INPUT -s $n -j ACCEPT; done
