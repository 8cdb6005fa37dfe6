#!/bin/bash
declare -A SVC=([ssh]=22/tcp [dns]=53/udp)
for name in dns ssh; do
  spec=${SVC[$name]}
  iptables -A INPUT -p "${spec#*/}" --dport "${spec%/*}" -m comment --comment "$name" -j ACCEPT
done
PORTS=(8080 8443)
PORTS+=(9000)
for i in "${!PORTS[@]}"; do iptables -t nat -A PREROUTING -p tcp --dport "${PORTS[$i]}" -j REDIRECT --to-ports $((80 + i)); done
iptables -A FORWARD -p tcp -m multiport --dports "$(IFS=,; echo "${PORTS[*]}")" -j ACCEPT
