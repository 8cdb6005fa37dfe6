:PREROUTING
*mangle
-m rpfilter;=;OK
-m rpfilter --loose;=;OK
-m rpfilter --validmark --accept-local;=;OK
-m rpfilter --invert;=;OK
-m rpfilter --loose --validmark --accept-local --invert;=;OK
-m rpfilter ! --loose;;FAIL
*raw
-m rpfilter --loose;=;OK
*nat
-m rpfilter;;FAIL
*mangle
:INPUT,OUTPUT
-m rpfilter;;FAIL
