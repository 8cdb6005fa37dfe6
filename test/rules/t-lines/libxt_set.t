# The set is of the rule's family
%ipset create foo hash:ip,port
:FORWARD
-m set --match-set foo src;=;OK
-m set --match-set foo src,dst;=;OK
-m set ! --match-set foo dst;=;OK
-m set --set foo src;-m set --match-set foo src;OK
-m set --match-set foo src --return-nomatch;=;OK
-m set --match-set foo src ! --update-counters;=;OK
-m set --match-set foo src --update-counters;-m set --match-set foo src;OK
-m set --match-set foo src ! --update-subcounters --packets-lt 3;=;OK
-m set --match-set foo src ! --packets-eq 10 --bytes-gt 4000000000000;=;OK
-m set --match-set foo src --packets-eq 1 --packets-gt 2;;FAIL
-m set --match-set foo src ! --packets-lt 3;;FAIL
-m set --match-set foo;;FAIL
-m set --match-set foo left;;FAIL
-m set --match-set foo src,src,src,src,src,src,src;;FAIL
-m set;;FAIL
-m set --return-nomatch;;FAIL
-m set --match-set missing src;;FAIL
