#!/bin/sh
set -e
iptables -A INPUT -i lo -j ACCEPT
iptables -D INPUT -p tcp --dport 1 -j DROP || true
if iptables -C INPUT -j DROP 2>/dev/null; then iptables -N no; fi
iptables -N web
iptables -N web
iptables -A web -j ACCEPT
