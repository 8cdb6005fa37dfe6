:PREROUTING
*mangle
-p tcp -j TPROXY --on-port 8080;-p tcp -j TPROXY --on-port 8080 --on-ip :: --tproxy-mark 0x0/0x0;OK
-p tcp -j TPROXY --on-port 8080 --on-ip ::1 --tproxy-mark 1;-p tcp -j TPROXY --on-port 8080 --on-ip ::1 --tproxy-mark 0x1/0xffffffff;OK
