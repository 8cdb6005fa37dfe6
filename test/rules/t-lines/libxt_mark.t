:INPUT,FORWARD,OUTPUT
-m mark --mark 7;-m mark --mark 0x7;OK
-m mark ! --mark 0x7/0xff;=;OK
-m mark --mark 0;-m mark --mark 0x0;OK
-m mark --mark 0xffffffff;=;OK
-m mark --mark 017/017;-m mark --mark 0xf/0xf;OK
-m mark --mark 4294967296;;FAIL
-m mark --mark 7/4294967296;;FAIL
-m mark --mark seven;;FAIL
-m mark;;FAIL
