:INPUT,FORWARD,OUTPUT
-p tcp -m tcpmss --mss 1460;=;OK
-p tcp -m tcpmss ! --mss 500:1400;=;OK
-p tcp -m tcpmss --mss :1400;-p tcp -m tcpmss --mss 0:1400;OK
-p tcp -m tcpmss --mss 1400:;-p tcp -m tcpmss --mss 1400:65535;OK
-p tcp -m tcpmss --mss 9:5;;FAIL
-p tcp -m tcpmss --mss 65536;;FAIL
-m tcpmss --mss 1460;;FAIL
-p tcp -m tcpmss;;FAIL
