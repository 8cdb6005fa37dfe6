:INPUT,FORWARD
-j IDLETIMER --timeout 60 --label wifi;=;OK
-j IDLETIMER --timeout 0 --label wifi;;FAIL
-j IDLETIMER --timeout 60;;FAIL
-j IDLETIMER --label wifi;;FAIL
-j IDLETIMER --timeout 60 --label a-label-with-more-than-27-bytes;-j IDLETIMER --timeout 60 --label a-label-with-more-than-27-b;OK
-j IDLETIMER;;FAIL
