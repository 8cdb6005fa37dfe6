#!/bin/bash
add() {
  if [[ $1 =~ ^([0-9]{1,3}\.){3}[0-9]{1,3}(/[0-9]{1,2})?$ ]]; then iptables -A INPUT -s "$1" -j DROP
  elif [[ $1 =~ ^[0-9a-fA-F:]+(/[0-9]+)?$ ]]; then ip6tables -A INPUT -s "$1" -j DROP
  elif [[ $1 =~ ^([a-z]+):([0-9]+)$ ]]; then iptables -A INPUT -p ${BASH_REMATCH[1]} --dport ${BASH_REMATCH[2]} -j DROP
  else echo "bad: $1" >&2; fi
}
for x in 10.1.2.3 10.0.0.0/8 2001:db8::/32 tcp:23 nonsense; do add "$x"; done
