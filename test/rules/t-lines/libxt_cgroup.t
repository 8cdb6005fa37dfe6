:INPUT,OUTPUT,POSTROUTING
*mangle
-m cgroup --cgroup 7;=;OK
-m cgroup ! --cgroup 0x10;-m cgroup ! --cgroup 16;OK
-m cgroup --path /;-m cgroup --path "/";OK
-m cgroup ! --path "/";=;OK
-m cgroup --path /nowhere;;FAIL
-m cgroup --path here;;FAIL
-m cgroup --cgroup 1 --path /;;FAIL
-m cgroup --cgroup 4294967296;;FAIL
-m cgroup --cgroup one;;FAIL
-m cgroup;;FAIL
:FORWARD,PREROUTING
-m cgroup --cgroup 7;;FAIL
