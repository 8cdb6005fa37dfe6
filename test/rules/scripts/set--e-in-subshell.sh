#!/bin/sh
set -e
(iptables -N a; iptables -N a; iptables -N b) || iptables -N c
f() { iptables -N a; iptables -N d; }
if f; then iptables -N e; fi
f
iptables -N g
