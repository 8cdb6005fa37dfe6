:FORWARD,OUTPUT
*mangle
-p tcp -j ECN --ecn-tcp-remove;=;OK
-p tcp -j ECN --ecn-tcp-cwr 1;=;OK
-p tcp -j ECN --ecn-tcp-ece 0;=;OK
-j ECN --ecn-ip-ect 2;=;OK
-p tcp -j ECN --ecn-ip-ect 1 --ecn-tcp-cwr 0 --ecn-tcp-ece 1;-p tcp -j ECN --ecn-tcp-ece 1 --ecn-tcp-cwr 0 --ecn-ip-ect 1;OK
-j ECN --ecn-tcp-remove;;FAIL
-j ECN --ecn-ip-ect 4;;FAIL
-p tcp -j ECN --ecn-tcp-cwr 2;;FAIL
-j ECN;;FAIL
