:INPUT,FORWARD
-p tcp -m osf --genre Linux;=;OK
-p tcp -m osf ! --genre Windows;=;OK
-p tcp -m osf --genre Linux --ttl 0;=;OK
-p tcp -m osf --genre Linux --ttl 2 --log 1;=;OK
-p tcp -m osf --genre a-name-that-is-longer-than-the-field;-p tcp -m osf --genre a-name-that-is-longer-than-the-;OK
-p tcp -m osf --genre Linux --ttl 3;;FAIL
-p tcp -m osf --genre Linux --log 3;;FAIL
-p tcp -m osf --log 1;;FAIL
-p udp -m osf --genre Linux;;FAIL
-m osf --genre Linux;;FAIL
-p tcp -m osf;;FAIL
:OUTPUT
-p tcp -m osf --genre Linux;;FAIL
