:INPUT,FORWARD,OUTPUT
-m conntrack --ctorigsrc 2001:db8::2;=;OK
-m conntrack ! --ctorigsrc 2001:db8::/32;=;OK
-m conntrack --ctorigdst ::/0;=;OK
-m conntrack --ctreplsrc 2001:db8::2/128;-m conntrack --ctreplsrc 2001:db8::2;OK
-m conntrack ! --ctrepldst fe80::1/64;=;OK
-m conntrack --ctorigsrc 10.6.0.2;;FAIL
