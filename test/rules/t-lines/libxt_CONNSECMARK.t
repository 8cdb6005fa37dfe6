:INPUT,FORWARD
*mangle
-j CONNSECMARK --save;=;OK
-j CONNSECMARK --restore;=;OK
-j CONNSECMARK --save --restore;;FAIL
-j CONNSECMARK;;FAIL
*filter
-j CONNSECMARK --save;;FAIL
