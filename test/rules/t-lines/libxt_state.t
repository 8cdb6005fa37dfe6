:INPUT,FORWARD,OUTPUT
-m state --state NEW;=;OK
-m state ! --state INVALID;=;OK
-m state --state established,related;-m state --state RELATED,ESTABLISHED;OK
-m state --state UNTRACKED,NEW;-m state --state NEW,UNTRACKED;OK
-m state --state rel,est;-m state --state RELATED,ESTABLISHED;OK
-m state --state SNAT;;FAIL
-m state --state NEW,;;FAIL
-m state;;FAIL
