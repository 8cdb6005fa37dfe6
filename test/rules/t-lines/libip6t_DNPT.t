:PREROUTING
*mangle
-j DNPT --src-pfx 2001:db8::/64 --dst-pfx fd00::/64;=;OK
-j DNPT --src-pfx 2001:db8::/48 --dst-pfx fd00::/64;=;OK
-j DNPT --src-pfx 2001:db8::1/64 --dst-pfx fd00::/64;;FAIL
-j DNPT --src-pfx 2001:db8::/65 --dst-pfx fd00::/64;;FAIL
-j DNPT --src-pfx 2001:db8::/64;;FAIL
-j DNPT --dst-pfx fd00::/64;;FAIL
-j DNPT;;FAIL
:OUTPUT
-j DNPT --src-pfx 2001:db8::/64 --dst-pfx fd00::/64;=;OK
