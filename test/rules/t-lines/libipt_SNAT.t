:POSTROUTING,INPUT
*nat
-j SNAT --to-source 192.0.2.1;=;OK
-j SNAT --to-source 192.0.2.1-192.0.2.9;=;OK
-p tcp -j SNAT --to-source 192.0.2.1:1024-2047;=;OK
-p udp -j SNAT --to-source 192.0.2.1-192.0.2.9:1024;=;OK
-j SNAT --to-source 192.0.2.1 --random;=;OK
-j SNAT --to-source 192.0.2.1 --random-fully --persistent;=;OK
-j SNAT --to-source 192.0.2.1:1024;;FAIL
-p tcp -j SNAT --to-source 192.0.2.1:9-5;;FAIL
-j SNAT --to-source 192.0.2.1 --to-source 192.0.2.2;;FAIL
-j SNAT --random;;FAIL
-j SNAT;;FAIL
:PREROUTING,OUTPUT
-j SNAT --to-source 192.0.2.1;;FAIL
