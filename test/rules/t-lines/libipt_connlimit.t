:INPUT,FORWARD,OUTPUT
-m connlimit --connlimit-above 3;-m connlimit --connlimit-above 3 --connlimit-mask 32 --connlimit-saddr;OK
-m connlimit --connlimit-above 3 --connlimit-mask 255.255.0.0;-m connlimit --connlimit-above 3 --connlimit-mask 16 --connlimit-saddr;OK
-m connlimit --connlimit-above 3 --connlimit-mask 33;-m connlimit --connlimit-above 3 --connlimit-mask 32 --connlimit-saddr;OK
