:FORWARD
-m devgroup --src-group 3;-m devgroup --src-group 0x3;OK
-m devgroup ! --src-group 0x3/0xff;=;OK
-m devgroup --dst-group 0;-m devgroup --dst-group default;OK
-m devgroup ! --dst-group 7/0x0f;-m devgroup ! --dst-group 0x7/0xf;OK
-m devgroup --src-group 1 --dst-group 2;-m devgroup --src-group 0x1 --dst-group 0x2;OK
-m devgroup --src-group nowhere;;FAIL
-m devgroup --src-group 1/;;FAIL
-m devgroup;;FAIL
:INPUT
-m devgroup --src-group 3;-m devgroup --src-group 0x3;OK
-m devgroup --dst-group 3;;FAIL
:OUTPUT
-m devgroup --dst-group 3;-m devgroup --dst-group 0x3;OK
-m devgroup --src-group 3;;FAIL
