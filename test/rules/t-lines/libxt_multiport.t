:INPUT,FORWARD,OUTPUT
-p tcp -m multiport --sports 53;=;OK
-p udp -m multiport --source-ports 53,1024:65535;-p udp -m multiport --sports 53,1024:65535;OK
-p tcp -m multiport --dports http,https;-p tcp -m multiport --dports 80,443;OK
-p sctp -m multiport ! --destination-ports 1,2,3;-p sctp -m multiport ! --dports 1,2,3;OK
-p dccp -m multiport --ports 7;=;OK
-p udplite -m multiport ! --ports 7:9,11;=;OK
-p tcp -m multiport --dports 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15;=;OK
-p tcp -m multiport --dports 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16;;FAIL
-p tcp -m multiport --dports 1:2,3:4,5:6,7:8,9:10,11:12,13:14,15:16;;FAIL
-p tcp -m multiport --dports 80:80;;FAIL
-p tcp -m multiport --dports 90:80;;FAIL
-p tcp -m multiport --dports 80,;;FAIL
-p tcp -m multiport --dports 65536;;FAIL
-p tcp -m multiport --dports 80 --sports 80;;FAIL
-p icmp -m multiport --dports 80;;FAIL
! -p tcp -m multiport --dports 80;;FAIL
-m multiport --dports 80;;FAIL
-p tcp -m multiport;;FAIL
