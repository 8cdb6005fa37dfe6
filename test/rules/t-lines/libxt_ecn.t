:INPUT,FORWARD,OUTPUT
-p tcp -m ecn --ecn-tcp-cwr;=;OK
-p tcp -m ecn ! --ecn-tcp-ece;=;OK
-m ecn --ecn-ip-ect 0;=;OK
-m ecn ! --ecn-ip-ect 3;=;OK
-p tcp -m ecn --ecn-ip-ect 2 --ecn-tcp-cwr --ecn-tcp-ece;-p tcp -m ecn --ecn-tcp-ece --ecn-tcp-cwr --ecn-ip-ect 2;OK
-m ecn --ecn-ip-ect 4;;FAIL
-m ecn --ecn-tcp-cwr;;FAIL
-p udp -m ecn --ecn-tcp-ece;;FAIL
-m ecn;;FAIL
