# The set is of the rule's family
%ipset create foo hash:ip,port
:FORWARD
-j SET --add-set foo src;=;OK
-j SET --add-set foo src,dst --exist --timeout 30;=;OK
-j SET --add-set foo src --timeout 0;=;OK
-j SET --del-set foo dst;=;OK
-j SET --add-set foo src --del-set foo dst;=;OK
-j SET --del-set foo dst --exist;;FAIL
-j SET --del-set foo dst --timeout 3;;FAIL
-j SET --map-set foo src;;FAIL
-j SET --map-set foo src --map-mark;;FAIL
-j SET;;FAIL
*mangle
-j SET --map-set foo src;;FAIL
-j SET --map-set foo src --map-mark;=;OK
-j SET --add-set missing src;;FAIL
