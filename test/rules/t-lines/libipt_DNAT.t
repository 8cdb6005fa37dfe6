:PREROUTING,OUTPUT
*nat
-j DNAT --to-destination 10.0.0.1;=;OK
-j DNAT --to-destination 10.0.0.1-10.0.0.9;=;OK
-p tcp -j DNAT --to-destination 10.0.0.1:80;=;OK
-p udp -j DNAT --to-destination 10.0.0.1-10.0.0.9:80-90;=;OK
-p tcp -j DNAT --to-destination :80;=;OK
-p tcp -j DNAT --to-destination 10.0.0.1:1000-2000/500;=;OK
-j DNAT --to-destination 10.0.0.1 --random;=;OK
-j DNAT --to-destination 10.0.0.1 --persistent;=;OK
-j DNAT --to-destination 10.0.0.1 --random --persistent;=;OK
-j DNAT --to-destination 10.0.0.1:80;;FAIL
-p tcp -j DNAT --to-destination 10.0.0.1:90-80;;FAIL
-p tcp -j DNAT --to-destination 10.0.0.1:65536;;FAIL
-p tcp -j DNAT --to-destination 10.0.0.1 --to-destination 10.0.0.2;;FAIL
-p tcp -j DNAT --to-destination 10.0.0;;FAIL
-j DNAT;;FAIL
:POSTROUTING,INPUT
-j DNAT --to-destination 10.0.0.1;;FAIL
