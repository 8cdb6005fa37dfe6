:FORWARD
-m policy --dir in --pol ipsec --mode tunnel --tunnel-src 10.0.0.0/8 --tunnel-dst 192.0.2.1;-m policy --dir in --pol ipsec --mode tunnel --tunnel-dst 192.0.2.1 --tunnel-src 10.0.0.0/8;OK
-m policy --dir in --pol ipsec --mode tunnel ! --tunnel-src 10.0.0.1/32;-m policy --dir in --pol ipsec --mode tunnel ! --tunnel-src 10.0.0.1;OK
-m policy --dir in --pol ipsec --tunnel-src 10.0.0.0/8;;FAIL
-m policy --dir in --pol ipsec --mode transport --tunnel-dst 10.0.0.0/8;;FAIL
