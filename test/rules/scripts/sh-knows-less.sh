#!/bin/sh
# for sh, $? behind $(…) is how the command before ended, and a strange name ends the script
false
iptables -N "after-$(true)$?"
iptables -N "bash$BASH_VERSION"
for $name in a b; do iptables -N never; done
iptables -N never
