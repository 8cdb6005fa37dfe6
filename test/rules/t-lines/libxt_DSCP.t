:PREROUTING,FORWARD
*mangle
-j DSCP --set-dscp 0;-j DSCP --set-dscp 0x00;OK
-j DSCP --set-dscp 0x2e;=;OK
-j DSCP --set-dscp-class AF21;-j DSCP --set-dscp 0x12;OK
-j DSCP --set-dscp-class cs1;-j DSCP --set-dscp 0x08;OK
-j DSCP --set-dscp 64;;FAIL
-j DSCP --set-dscp-class GOLD;;FAIL
-j DSCP --set-dscp 1 --set-dscp-class EF;;FAIL
-j DSCP;;FAIL
*filter
:FORWARD
-j DSCP --set-dscp 0;;FAIL
