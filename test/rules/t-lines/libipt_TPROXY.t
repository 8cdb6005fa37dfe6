:PREROUTING
*mangle
-p tcp -j TPROXY --on-port 8080;-p tcp -j TPROXY --on-port 8080 --on-ip 0.0.0.0 --tproxy-mark 0x0/0x0;OK
-p udp -j TPROXY --on-port 8080 --on-ip 127.0.0.1;-p udp -j TPROXY --on-port 8080 --on-ip 127.0.0.1 --tproxy-mark 0x0/0x0;OK
-p tcp -j TPROXY --on-port 8080 --tproxy-mark 1;-p tcp -j TPROXY --on-port 8080 --on-ip 0.0.0.0 --tproxy-mark 0x1/0xffffffff;OK
-p tcp -j TPROXY --on-port 0 --tproxy-mark 0x1/0xf;-p tcp -j TPROXY --on-port 0 --on-ip 0.0.0.0 --tproxy-mark 0x1/0xf;OK
-p tcp -j TPROXY --on-port 65537;-p tcp -j TPROXY --on-port 1 --on-ip 0.0.0.0 --tproxy-mark 0x0/0x0;OK
-p tcp -j TPROXY --on-port 8080 --on-ip ::1;;FAIL
-p tcp -j TPROXY;;FAIL
-j TPROXY --on-port 8080;;FAIL
-p icmp -j TPROXY --on-port 8080;;FAIL
:INPUT
-p tcp -j TPROXY --on-port 8080;;FAIL
