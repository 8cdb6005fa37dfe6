#!/bin/sh
iptables -A INPUT -j ACCEPT # trailing
# iptables -A INPUT -j DROP
iptables -A INPUT -m comment --comment "# not a comment" -j DROP
iptables -A INPUT -m comment --comment a#b -j DROP ; : # x
if true # why
then # so
  iptables -N t # it
fi
