#!/bin/sh
# iptables-save -f, and files of the script under other names
iptables -A INPUT -p tcp --dport 22 -j ACCEPT
iptables -t nat -A POSTROUTING -o eth0 -j MASQUERADE
iptables-save -f ./all.rules
iptables-save -t nat -f /tmp/nat.rules | grep -q MASQUERADE && iptables -N printed
iptables -F
iptables -t nat -F
iptables-restore all.rules
iptables -t nat -F
iptables-restore < /tmp//nat.rules
cat > ./part.sh <<'X'
iptables -A INPUT -p tcp --dport ${1:-8080} -j ACCEPT
NAME=part
X
sh ./part.sh 443
iptables -N "sh-$NAME"
. ./part.sh
iptables -N "sourced-$NAME"
