:INPUT,FORWARD,OUTPUT
-p esp -m esp;=;OK
-p esp -m esp --espspi 300;=;OK
-p esp -m esp ! --espspi 300:400;=;OK
-p esp -m esp --espspi :0x10;-p esp -m esp --espspi 0:16;OK
-p esp -m esp --espspi 7:;-p esp -m esp --espspi 7:4294967295;OK
-p esp -m esp --espspi 0:4294967295;-p esp -m esp;OK
-p esp -m esp --espspi 4294967296;;FAIL
-m esp --espspi 300;;FAIL
-p ah -m esp --espspi 300;;FAIL
