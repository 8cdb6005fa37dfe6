:INPUT,FORWARD,OUTPUT
-m connlimit --connlimit-above 3;-m connlimit --connlimit-above 3 --connlimit-mask 128 --connlimit-saddr;OK
-m connlimit --connlimit-above 3 --connlimit-mask 64;-m connlimit --connlimit-above 3 --connlimit-mask 64 --connlimit-saddr;OK
-m connlimit --connlimit-above 3 --connlimit-mask ffff::;-m connlimit --connlimit-above 3 --connlimit-mask 16 --connlimit-saddr;OK
