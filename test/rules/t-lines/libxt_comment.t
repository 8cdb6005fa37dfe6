:INPUT,FORWARD,OUTPUT
-m comment --comment web;=;OK
-m comment --comment "two words";=;OK
-m comment --comment "it's";-m comment --comment "it\'s";OK
-m comment --comment 'say "hi"';-m comment --comment "say \"hi\"";OK
-m comment --comment "back\\slash";=;OK
-m comment --comment "";=;OK
-m comment ! --comment web;;FAIL
-m comment --comment a --comment b;;FAIL
-m comment;;FAIL
