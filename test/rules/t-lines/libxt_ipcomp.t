:INPUT,FORWARD,OUTPUT
-p ipcomp -m ipcomp;-p ipcomp -m ipcomp --ipcompspi 0;OK
-p ipcomp -m ipcomp --ipcompspi 18;=;OK
-p ipcomp -m ipcomp ! --ipcompspi 1:0x10;-p ipcomp -m ipcomp ! --ipcompspi 1:16;OK
-p ipcomp -m ipcomp --ipcompspi 0:4294967295;-p ipcomp -m ipcomp;OK
-p ipcomp -m ipcomp --compres;-p ipcomp -m ipcomp --ipcompspi 0 --compres;OK
-p ipcomp -m ipcomp --ipcompspi 9 --compres;=;OK
-p ipcomp -m ipcomp --ipcompspi 1:2:3;;FAIL
-p ipcomp -m ipcomp --ipcompspi 4294967296;;FAIL
-m ipcomp --ipcompspi 18;;FAIL
