:FORWARD
-m physdev --physdev-in eth0;=;OK
-m physdev ! --physdev-in eth+;=;OK
-m physdev --physdev-out eth1 --physdev-is-bridged;=;OK
-m physdev --physdev-is-in;=;OK
-m physdev ! --physdev-is-in;=;OK
-m physdev ! --physdev-is-bridged;=;OK
-m physdev --physdev-in eth0 --physdev-out eth1 --physdev-is-in --physdev-is-out --physdev-is-bridged;-m physdev --physdev-is-in --physdev-in eth0 --physdev-is-out --physdev-out eth1 --physdev-is-bridged;OK
-m physdev --physdev-is-out;=;OK
-m physdev --physdev-in a-name-too-long-for-it;;FAIL
-m physdev;;FAIL
:INPUT
-m physdev --physdev-in eth0;=;OK
-m physdev --physdev-is-in;=;OK
:OUTPUT
-m physdev --physdev-out eth0;;FAIL
-m physdev --physdev-is-out;;FAIL
