#!/bin/bash
# what iptables says of a mistake goes where 2>&1 sends it
iptables -N taken
iptables -A INPUT -j taken
if iptables -S missing 2>&1 | grep -q 'No chain'; then iptables -N no-chain; fi
said=$(iptables -N taken 2>&1) || iptables -N failed
case $said in *'already exists'*) iptables -N exists ;; esac
[ "$(iptables -X taken 2>&1)" = 'iptables: Too many links.' ] && iptables -N linked
[ -z "$(iptables -D INPUT -j DROP 2>&1 >/dev/null)" ] || iptables -N bad-rule
iptables -D INPUT 9 2>/tmp/errors
grep -q 'Index of deletion too big' /tmp/errors && iptables -N index
ip6tables -F missing 2>&1 | grep -q '^ip6tables: No chain' && iptables -N six
iptables -C INPUT -j taken 2>&1 | grep -q . || iptables -N silent
iptables --help | grep -q Usage && iptables -N helped
