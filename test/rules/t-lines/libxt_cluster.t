:PREROUTING,INPUT,FORWARD,OUTPUT,POSTROUTING
*mangle
-m cluster --cluster-total-nodes 3 --cluster-local-node 2 --cluster-hash-seed 0xbeef;-m cluster --cluster-local-nodemask 0x00000002 --cluster-total-nodes 3 --cluster-hash-seed 0x0000beef;OK
-m cluster --cluster-total-nodes 3 ! --cluster-local-node 1 --cluster-hash-seed 1;-m cluster ! --cluster-local-nodemask 0x00000001 --cluster-total-nodes 3 --cluster-hash-seed 0x00000001;OK
-m cluster --cluster-local-nodemask 0x00000003 --cluster-total-nodes 2 --cluster-hash-seed 0x00000000;=;OK
-m cluster --cluster-total-nodes 5 ! --cluster-local-nodemask 6 --cluster-hash-seed 4294967295;-m cluster ! --cluster-local-nodemask 0x00000006 --cluster-total-nodes 5 --cluster-hash-seed 0xffffffff;OK
-m cluster --cluster-total-nodes 32 --cluster-local-node 32 --cluster-hash-seed 1;-m cluster --cluster-local-nodemask 0x80000000 --cluster-total-nodes 32 --cluster-hash-seed 0x00000001;OK
-m cluster --cluster-total-nodes 33 --cluster-local-node 1 --cluster-hash-seed 1;;FAIL
-m cluster --cluster-total-nodes 2 --cluster-local-node 3 --cluster-hash-seed 1;;FAIL
-m cluster --cluster-total-nodes 2 --cluster-local-node 0 --cluster-hash-seed 1;;FAIL
-m cluster --cluster-total-nodes 2 --cluster-local-nodemask 4 --cluster-hash-seed 1;;FAIL
-m cluster --cluster-total-nodes 6 --cluster-local-nodemask 33 --cluster-hash-seed 1;;FAIL
-m cluster --cluster-total-nodes 2 --cluster-local-node 1 --cluster-local-nodemask 1 --cluster-hash-seed 1;;FAIL
-m cluster --cluster-total-nodes 2 --cluster-hash-seed 1;;FAIL
-m cluster --cluster-total-nodes 2 --cluster-local-node 1;;FAIL
-m cluster --cluster-local-node 1 --cluster-hash-seed 1;;FAIL
