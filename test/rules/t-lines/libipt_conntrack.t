:INPUT,FORWARD,OUTPUT
-m conntrack --ctorigsrc 10.6.0.2;=;OK
-m conntrack ! --ctorigsrc 10.6.0.0/16;=;OK
-m conntrack --ctorigdst 10.6.0.2/255.255.255.0;-m conntrack --ctorigdst 10.6.0.2/24;OK
-m conntrack --ctreplsrc 0.0.0.0/0;=;OK
-m conntrack ! --ctrepldst 192.0.2.1/32;-m conntrack ! --ctrepldst 192.0.2.1;OK
-m conntrack --ctorigsrc 2001:db8::1;;FAIL
-m conntrack --ctorigsrc 10.6.0.2/33;-m conntrack --ctorigsrc 10.6.0.2;OK
