#!/bin/sh
start() {
  iptables -N BLOCK 2>/dev/null || iptables -F BLOCK
  iptables -A BLOCK -s 10.0.0.0/8 -j DROP
  iptables -C INPUT -j BLOCK 2>/dev/null || iptables -I INPUT -j BLOCK
}
stop() {
  iptables -D INPUT -j BLOCK
  iptables -F BLOCK
  iptables -X BLOCK
}
case "$1" in
  start) start ;;
  stop) stop ;;
  restart|reload) stop; start ;;
  *) echo "Usage: $0 {start|stop|restart}" >&2; exit 1 ;;
esac
start
