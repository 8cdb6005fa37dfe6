:INPUT,FORWARD,OUTPUT
-j TEE --gateway 2001:db8::9;=;OK
-j TEE --gateway 2001:db8::9 --oif lan0;=;OK
-j TEE --gateway ::;;FAIL
-j TEE --gateway 10.6.0.9;;FAIL
