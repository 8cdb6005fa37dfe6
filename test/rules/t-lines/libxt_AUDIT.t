:INPUT,FORWARD
-j AUDIT --type accept;=;OK
-j AUDIT --type drop;=;OK
-j AUDIT --type reject;=;OK
-j AUDIT --type shrug;;FAIL
-j AUDIT;;FAIL
