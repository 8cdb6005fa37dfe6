:FORWARD,OUTPUT,POSTROUTING
*mangle
-j CLASSIFY --set-class 1:2;-j CLASSIFY --set-class 0001:0002;OK
-j CLASSIFY --set-class 0:ffff;-j CLASSIFY --set-class 0000:ffff;OK
-j CLASSIFY --set-class ABCD:0;-j CLASSIFY --set-class abcd:0000;OK
-j CLASSIFY --set-class 1;;FAIL
-j CLASSIFY;;FAIL
:PREROUTING
-j CLASSIFY --set-class 1:2;;FAIL
