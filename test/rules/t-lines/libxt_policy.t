:FORWARD
-m policy --dir in --pol none;=;OK
-m policy --dir out --pol ipsec;=;OK
-m policy --dir in --pol ipsec --strict --reqid 7;=;OK
-m policy --dir in --pol ipsec --strict --spi 0x10 --proto esp --mode transport;=;OK
-m policy --dir in --pol ipsec --strict --proto ah --mode tunnel --next --proto esp;=;OK
-m policy --dir in --pol ipsec ! --reqid 7;=;OK
-m policy --dir in --pol ipsec ! --proto esp;=;OK
-m policy --dir in --pol ipsec ! --mode tunnel;=;OK
-m policy --dir in --pol ipsec --proto udp;;FAIL
-m policy --dir in --pol ipsec --mode sideways;;FAIL
-m policy --dir in --pol maybe;;FAIL
-m policy --dir up --pol none;;FAIL
-m policy --dir in --pol none --strict;;FAIL
-m policy --dir in --pol ipsec --next;;FAIL
-m policy --pol none;;FAIL
-m policy --dir in;-m policy --dir in --pol ipsec;OK
-m policy;;FAIL
:INPUT
-m policy --dir in --pol none;=;OK
-m policy --dir out --pol none;;FAIL
:OUTPUT
-m policy --dir out --pol none;=;OK
-m policy --dir in --pol none;;FAIL
