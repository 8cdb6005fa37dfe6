:INPUT,POSTROUTING
*mangle
-j SNPT --src-pfx fd00::/64 --dst-pfx 2001:db8::/64;=;OK
-j SNPT --src-pfx fd00::/48 --dst-pfx 2001:db8::/48;=;OK
-j SNPT --src-pfx fd00::/64;;FAIL
-j SNPT;;FAIL
:FORWARD
-j SNPT --src-pfx fd00::/64 --dst-pfx 2001:db8::/64;;FAIL
