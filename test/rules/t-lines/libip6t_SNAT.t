:POSTROUTING,INPUT
*nat
-j SNAT --to-source 2001:db8::1;=;OK
-p tcp -j SNAT --to-source [2001:db8::1]:1024-2047;=;OK
-p tcp -j SNAT --to-source [2001:db8::1-2001:db8::9]:1024;=;OK
-j SNAT --to-source 2001:db8::1 --random-fully --persistent;=;OK
-j SNAT --to-source 192.0.2.1;;FAIL
