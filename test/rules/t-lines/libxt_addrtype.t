:PREROUTING,INPUT
*mangle
-m addrtype --src-type LOCAL;=;OK
-m addrtype ! --src-type UNICAST;=;OK
-m addrtype ! --dst-type local;-m addrtype ! --dst-type LOCAL;OK
-m addrtype --src-type UNSPEC --dst-type ANYCAST;=;OK
-m addrtype --src-type LOCAL --limit-iface-in;=;OK
-m addrtype --dst-type LOCAL --limit-iface-out;;FAIL
-m addrtype --dst-type LOCAL --limit-iface-in --limit-iface-out;;FAIL
-m addrtype --dst-type NOWHERE;;FAIL
-m addrtype --dst-type LOCAL,;;FAIL
-m addrtype --dst-type loc,uni;-m addrtype --dst-type UNICAST,LOCAL;OK
-m addrtype --limit-iface-in;;FAIL
-m addrtype;;FAIL
:POSTROUTING
-m addrtype --dst-type LOCAL --limit-iface-out;=;OK
-m addrtype --dst-type LOCAL --limit-iface-in;;FAIL
