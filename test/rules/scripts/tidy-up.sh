#!/bin/sh
# rules that a script finds again by what iptables prints of them
NET=172.31.77.0/24
find_rule() { iptables -L "$1" -n --line-numbers 2>/dev/null | awk -v net="$NET" '$0 ~ net {print $1; exit}'; }
remove_rules() {
  while n=$(find_rule "$1") && [ -n "$n" ]; do iptables -D "$1" "$n"; done
}
for round in 1 2; do
  remove_rules INPUT
  iptables -I INPUT 1 -s "$NET" -m conntrack --ctstate ESTABLISHED,RELATED -j RETURN
  iptables -A INPUT -s "$NET" -j DROP
done
for i in 1 2 3; do iptables -A FORWARD -i eth0 -j ACCEPT; done
iptables -A FORWARD -j DROP
iptables-save | sed -n '/filter/,/COMMIT/p' | grep '^-A FORWARD' | sort | uniq -dc | while read count rule; do
  rule=$(echo "$rule" | sed 's/^-A /-D /')
  while [ "$count" -gt 1 ]; do iptables $rule; count=$((count - 1)); done
done
