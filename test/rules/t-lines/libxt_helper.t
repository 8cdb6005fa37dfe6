:INPUT,FORWARD,OUTPUT
-m helper --helper ftp;=;OK
-m helper ! --helper tftp-69;=;OK
-m helper --helper "two words";=;OK
-m helper --helper "";=;OK
-m helper;;FAIL
