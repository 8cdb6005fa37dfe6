:INPUT,FORWARD,OUTPUT
-j TEE --gateway 10.6.0.9;=;OK
-j TEE --gateway 10.6.0.9 --oif lan0;=;OK
-j TEE --gateway 0.0.0.0;;FAIL
-j TEE --gateway 2001:db8::1;;FAIL
-j TEE --oif lan0;;FAIL
-j TEE;;FAIL
