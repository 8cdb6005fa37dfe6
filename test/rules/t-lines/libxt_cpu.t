:INPUT,FORWARD,OUTPUT
-m cpu --cpu 1;=;OK
-m cpu ! --cpu 0;=;OK
-m cpu --cpu 0x10;-m cpu --cpu 16;OK
-m cpu --cpu one;;FAIL
-m cpu --cpu 4294967296;;FAIL
-m cpu;;FAIL
