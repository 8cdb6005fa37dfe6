:INPUT,FORWARD,OUTPUT
-m iprange --src-range 10.6.0.1-10.6.0.9;=;OK
-m iprange ! --src-range 10.6.0.1-10.6.0.9;=;OK
-m iprange --dst-range 10.6.0.1;-m iprange --dst-range 10.6.0.1-10.6.0.1;OK
-m iprange ! --dst-range 10.6.0.9-10.6.0.1;=;OK
-m iprange --src-range 10.6.0.1-10.6.0.9 --dst-range 192.0.2.1-192.0.2.9;=;OK
-m iprange --src-range 10.6.0.1-;;FAIL
-m iprange --src-range 10.6.0.1-10.6.0.256;;FAIL
-m iprange --src-range 2001:db8::1-2001:db8::2;;FAIL
-m iprange;;FAIL
