:INPUT,FORWARD,OUTPUT
-m recent --set;-m recent --set --name DEFAULT --mask ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff --rsource;OK
-m recent --set --mask ffff:ffff:: --name six;-m recent --set --name six --mask ffff:ffff:: --rsource;OK
-m recent --rcheck --rdest --name six;-m recent --rcheck --name six --mask ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff --rdest;OK
