:INPUT,FORWARD,OUTPUT
-p ah -m ah --ahspi 7;=;OK
-p ah -m ah ! --ahspi 7;=;OK
-p ah -m ah --ahspi 0x10:0x20;-p ah -m ah --ahspi 16:32;OK
-p ah -m ah --ahspi :9;-p ah -m ah --ahspi 0:9;OK
-p ah -m ah --ahspi 9:;-p ah -m ah --ahspi 9:4294967295;OK
-p ah -m ah ! --ahspi 9:5;=;OK
-p ah -m ah;=;OK
-p ah -m ah --ahspi 4294967296;;FAIL
-p ah -m ah --ahspi 1:2:3;;FAIL
-p ah -m ah --ahres;;FAIL
-m ah --ahspi 7;;FAIL
-p esp -m ah --ahspi 7;;FAIL
! -p ah -m ah --ahspi 7;;FAIL
