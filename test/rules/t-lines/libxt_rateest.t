%iptables -A INPUT -j RATEEST --rateest-name A --rateest-interval 1s --rateest-ewmalog 4s
%iptables -A INPUT -j RATEEST --rateest-name B --rateest-interval 1s --rateest-ewmalog 4s
:FORWARD,OUTPUT
-m rateest --rateest A --rateest-lt --rateest-bps 800bit;=;OK
-m rateest --rateest1 A --rateest-gt --rateest-bps 3kbit;-m rateest --rateest A --rateest-gt --rateest-bps 3000bit;OK
-m rateest --rateest A ! --rateest-eq --rateest-bps 2Kibps;-m rateest --rateest A ! --rateest-eq --rateest-bps 16384bit;OK
-m rateest --rateest A --rateest-gt --rateest-bps 7mbit;-m rateest --rateest A --rateest-gt --rateest-bps 7000Kbit;OK
-m rateest --rateest A --rateest-gt --rateest-bps 3gbit;-m rateest --rateest A --rateest-gt --rateest-bps 3000Mbit;OK
-m rateest --rateest A --rateest-gt --rateest-bps 1.5kbps;-m rateest --rateest A --rateest-gt --rateest-bps 12000bit;OK
-m rateest --rateest A --rateest-lt --rateest-pps 7;=;OK
-m rateest --rateest A --rateest-lt --rateest-pps;-m rateest --rateest A --rateest-lt --rateest-pps 0;OK
-m rateest --rateest A ! --rateest-lt --rateest-bps 80bit --rateest-pps 7;-m rateest --rateest A ! --rateest-lt --rateest-bps 80bit ! --rateest-lt --rateest-pps 7;OK
-m rateest --rateest1 A --rateest-lt --rateest-bps --rateest2 B;=;OK
-m rateest --rateest1 A --rateest-gt --rateest-bps --rateest-pps --rateest2 B;-m rateest --rateest1 A --rateest-gt --rateest-bps --rateest-gt --rateest-pps --rateest2 B;OK
-m rateest --rateest-delta --rateest A --rateest-bps1 80bit --rateest-lt --rateest-bps2 160bit;=;OK
-m rateest --rateest-delta --rateest1 A --rateest-pps1 3 ! --rateest-eq --rateest-pps2 4 --rateest2 B;=;OK
-m rateest --rateest-delta --rateest1 A --rateest2 B --rateest-gt --rateest-bps1 80bit --rateest-bps2 160bit --rateest-pps1 1 --rateest-pps2 2;-m rateest --rateest-delta --rateest1 A --rateest-bps1 80bit --rateest-gt --rateest-bps2 160bit --rateest-pps1 1 --rateest-gt --rateest-pps2 2 --rateest2 B;OK
-m rateest --rateest C --rateest-lt --rateest-pps 7;;FAIL
-m rateest --rateest1 A --rateest2 C --rateest-lt --rateest-pps;;FAIL
-m rateest --rateest A --rateest-pps 7;;FAIL
-m rateest --rateest A --rateest-lt;;FAIL
-m rateest --rateest A --rateest-lt --rateest-bps 7parsec;;FAIL
-m rateest --rateest A --rateest-lt --rateest-pps 7x;;FAIL
-m rateest --rateest-lt --rateest-pps 7;;FAIL
-m rateest ! --rateest A --rateest-lt --rateest-pps 7;;FAIL
