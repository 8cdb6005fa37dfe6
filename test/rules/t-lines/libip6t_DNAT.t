:PREROUTING,OUTPUT
*nat
-j DNAT --to-destination 2001:db8::1;=;OK
-j DNAT --to-destination 2001:db8::1-2001:db8::9;=;OK
-p tcp -j DNAT --to-destination [2001:db8::1]:80;=;OK
-p tcp -j DNAT --to-destination [2001:db8::1]:80-90;=;OK
-p tcp -j DNAT --to-destination [2001:db8::1-2001:db8::9]:80;=;OK
-j DNAT --to-destination [2001:db8::1]:80;;FAIL
-j DNAT --to-destination 10.0.0.1;;FAIL
-j DNAT --to-destination 2001:db8::1 --random --persistent;=;OK
