#!/bin/sh
iptables -A INPUT -s localhost -j ACCEPT
ip6tables -A INPUT -s localhost -j ACCEPT
iptables -A INPUT -s nosuch.example -j ACCEPT
