:INPUT,FORWARD,OUTPUT
-m hl --hl-eq 64;=;OK
-m hl ! --hl-eq 64;=;OK
-m hl --hl-lt 5;=;OK
-m hl --hl-gt 250;=;OK
-m hl --hl-eq 256;;FAIL
-m hl ! --hl-lt 5;;FAIL
-m hl --hl-lt 5 --hl-gt 3;;FAIL
-m hl;;FAIL
