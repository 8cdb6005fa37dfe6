:INPUT
-j LED --led-trigger-id lamp;;FAIL
-j LED;;FAIL
