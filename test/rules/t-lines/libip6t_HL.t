:PREROUTING,FORWARD
*mangle
-j HL --hl-set 64;=;OK
-j HL --hl-dec 1;=;OK
-j HL --hl-inc 1;=;OK
-j HL --hl-dec 0;;FAIL
-j HL --hl-set 256;;FAIL
-j HL --hl-set 1 --hl-inc 1;;FAIL
-j HL;;FAIL
