:PREROUTING,INPUT,FORWARD
*mangle
-m mac --mac-source 02:00:00:00:00:01;=;OK
-m mac ! --mac-source 02:AA:bb:CC:00:01;-m mac ! --mac-source 02:aa:bb:cc:00:01;OK
-m mac --mac-source 2:0:0:0:0:1;-m mac --mac-source 02:00:00:00:00:01;OK
-m mac --mac-source 02:00:00:00:00;;FAIL
-m mac --mac-source 02-00-00-00-00-01;;FAIL
-m mac;;FAIL
:OUTPUT,POSTROUTING
-m mac --mac-source 02:00:00:00:00:01;;FAIL
