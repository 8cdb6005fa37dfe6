#!/bin/bash
set -- -d -p 2222 -i eth3 extra
port=22; iface=eth0; target=ACCEPT
while getopts "p:i:dh" opt; do
  case $opt in
    p) port=$OPTARG ;;
    i) iface=$OPTARG ;;
    d) target=DROP ;;
    *) exit 2 ;;
  esac
done
shift $((OPTIND - 1))
iptables -A INPUT -i "$iface" -p tcp --dport "$port" -m comment --comment "$1" -j $target
