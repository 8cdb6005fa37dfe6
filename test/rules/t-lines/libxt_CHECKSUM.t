:POSTROUTING,OUTPUT
*mangle
-j CHECKSUM --checksum-fill;=;OK
-j CHECKSUM;;FAIL
*filter
:OUTPUT
-j CHECKSUM --checksum-fill;;FAIL
