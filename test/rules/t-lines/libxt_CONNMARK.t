:PREROUTING,FORWARD,OUTPUT
*mangle
-j CONNMARK --set-mark 7;-j CONNMARK --set-xmark 0x7/0xffffffff;OK
-j CONNMARK --set-xmark 0x7/0xff;=;OK
-j CONNMARK --set-mark 7/0x10;-j CONNMARK --set-xmark 0x7/0x17;OK
-j CONNMARK --and-mark 0xf;-j CONNMARK --set-xmark 0x0/0xfffffff0;OK
-j CONNMARK --or-mark 0xf;-j CONNMARK --set-xmark 0xf/0xf;OK
-j CONNMARK --xor-mark 0xf;-j CONNMARK --set-xmark 0xf/0x0;OK
-j CONNMARK --save-mark;-j CONNMARK --save-mark --nfmask 0xffffffff --ctmask 0xffffffff;OK
-j CONNMARK --save-mark --nfmask 0xf --ctmask 0xff;=;OK
-j CONNMARK --restore-mark --mask 0xf;-j CONNMARK --restore-mark --nfmask 0xf --ctmask 0xf;OK
-j CONNMARK --restore-mark;-j CONNMARK --restore-mark --nfmask 0xffffffff --ctmask 0xffffffff;OK
-j CONNMARK --set-mark 1 --left-shift-mark 3;-j CONNMARK --set-xmark 0x1/0xffffffff --left-shift-mark 3;OK
-j CONNMARK --save-mark --right-shift-mark 31;-j CONNMARK --save-mark --nfmask 0xffffffff --ctmask 0xffffffff --right-shift-mark 31;OK
-j CONNMARK --save-mark --left-shift-mark 32;;FAIL
-j CONNMARK --set-mark 1 --save-mark;;FAIL
-j CONNMARK --set-mark 4294967296;;FAIL
-j CONNMARK --mask 7;;FAIL
-j CONNMARK;;FAIL
