:INPUT,FORWARD,OUTPUT
-m hbh;=;OK
-m hbh --hbh-len 16;=;OK
-m hbh ! --hbh-len 8;=;OK
-m hbh --hbh-opts 5:2,7;=;OK
-m hbh --hbh-len 8 --hbh-opts 5;=;OK
-m hbh --hbh-opts "";;FAIL
-m hbh ! --hbh-opts 5;;FAIL
