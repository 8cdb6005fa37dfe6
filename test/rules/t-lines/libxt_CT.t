:PREROUTING,OUTPUT
*raw
-j CT --notrack;=;OK
-j CT --zone 7;=;OK
-j CT --zone mark;=;OK
-j CT --zone-orig 7;=;OK
-j CT --zone-reply 7;=;OK
-j CT --zone-orig mark;=;OK
-p tcp -j CT --helper ftp;=;OK
-p udp -j CT --helper tftp;=;OK
-j CT --ctevents new,destroy;=;OK
-j CT --ctevents mark,new;-j CT --ctevents new,mark;OK
-j CT --ctevents natseqinfo,secmark;=;OK
-j CT --expevents new;=;OK
-j CT --ctevents new --expevents new --zone 7;=;OK
-j CT --zone 0;-j CT;OK
-j CT;=;OK
-j CT --zone 65536;;FAIL
-j CT --helper ftp;;FAIL
-p udp -j CT --helper ftp;;FAIL
-p tcp -j CT --helper nobody;;FAIL
-j CT --timeout nothing;;FAIL
-j CT --ctevents birthday;;FAIL
-j CT --expevents destroy;;FAIL
:PREROUTING
*mangle
-j CT --notrack;;FAIL
