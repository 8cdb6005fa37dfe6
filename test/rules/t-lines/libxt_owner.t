:OUTPUT,POSTROUTING
*mangle
-m owner --uid-owner 0;=;OK
-m owner --uid-owner root;-m owner --uid-owner 0;OK
-m owner ! --uid-owner 1000-2000;=;OK
-m owner --uid-owner 10:19;-m owner --uid-owner 10-19;OK
-m owner --gid-owner 0x10-0x1f;-m owner --gid-owner 16-31;OK
-m owner --gid-owner 7;=;OK
-m owner --gid-owner adm;-m owner --gid-owner 4;OK
-m owner ! --gid-owner 0-10;=;OK
-m owner --gid-owner 7 --suppl-groups;=;OK
-m owner --socket-exists;=;OK
-m owner ! --socket-exists;=;OK
-m owner --uid-owner 0 --gid-owner 0 --socket-exists;-m owner --socket-exists --uid-owner 0 --gid-owner 0;OK
-m owner --suppl-groups;;FAIL
-m owner --uid-owner nobody-at-all;;FAIL
-m owner --uid-owner 9-3;;FAIL
-m owner --uid-owner 1-2-3;;FAIL
-m owner --uid-owner 1-;;FAIL
-m owner --uid-owner :5;;FAIL
-m owner --uid-owner 4294967295;;FAIL
-m owner --pid-owner 1;;FAIL
-m owner;;FAIL
:INPUT,FORWARD
-m owner --uid-owner 0;;FAIL
