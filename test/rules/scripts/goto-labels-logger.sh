#!/bin/sh
logger -t fw "starting" 2>/dev/null
PATH=/sbin:/bin:/usr/sbin:/usr/bin; export PATH
umask 077
. /lib/lsb/init-functions 2>/dev/null
iptables -w -N sshguard; iptables -w 5 -A INPUT -j sshguard
iptables --wait -A sshguard -m recent --name ssh --update --seconds 60 --hitcount 4 -j DROP
iptables -A sshguard -m recent --name ssh --set
