:PREROUTING,FORWARD,OUTPUT
*mangle
-j MARK --set-mark 7;-j MARK --set-xmark 0x7/0xffffffff;OK
-j MARK --set-xmark 0x7/0xff;=;OK
-j MARK --set-mark 7/0x10;-j MARK --set-xmark 0x7/0x17;OK
-j MARK --and-mark 0xf;-j MARK --set-xmark 0x0/0xfffffff0;OK
-j MARK --or-mark 0xf;-j MARK --set-xmark 0xf/0xf;OK
-j MARK --xor-mark 0xf;-j MARK --set-xmark 0xf/0x0;OK
-j MARK --set-mark 4294967296;;FAIL
-j MARK --set-mark 7/;;FAIL
-j MARK --set-mark 1 --or-mark 1;;FAIL
-j MARK;;FAIL
