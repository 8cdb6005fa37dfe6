:INPUT,FORWARD,OUTPUT
-m iprange --src-range 2001:db8::1-2001:db8::9;=;OK
-m iprange ! --dst-range 2001:db8::1-2001:db8::9;=;OK
-m iprange --dst-range 2001:db8::1;-m iprange --dst-range 2001:db8::1-2001:db8::1;OK
-m iprange --src-range 10.6.0.1-10.6.0.9;;FAIL
