#!/bin/bash
# what bash sets itself; $? behind $(…) is how that ended
chain() { iptables -N "in-$FUNCNAME"; echo "$FUNCNAME-printed"; }
iptables -N "$(chain)"
iptables -N "line-$LINENO"
[ -n "$BASH_VERSION" ] && iptables -N bash
false
iptables -N "after-$(true)$?"
iptables -N "$(exit 3)code-$?"
case $- in *i*) iptables -N interactive ;; *) iptables -N batch ;; esac
for $name in a b; do iptables -N never; done
iptables -N "no-name-$?"
for 2nd in a; do iptables -N never; done || iptables -N no-name-either
