:POSTROUTING
*nat
-j MASQUERADE;=;OK
-j MASQUERADE --random;=;OK
-j MASQUERADE --random-fully;=;OK
-p tcp -j MASQUERADE --to-ports 1024;=;OK
-p udp -j MASQUERADE --to-ports 1024-2047 --random;=;OK
-j MASQUERADE --to-ports 1024;;FAIL
-p tcp -j MASQUERADE --to-ports 9-5;;FAIL
-p tcp -j MASQUERADE --to-ports 65536;;FAIL
-p tcp -j MASQUERADE --to-ports 5:9;;FAIL
:PREROUTING,OUTPUT,INPUT
-j MASQUERADE;;FAIL
