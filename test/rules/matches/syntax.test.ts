import { describe, expect, it } from 'vitest'
import { complaints, printed } from '../text.ts'

/** What people write, and what iptables-save prints of it; one item where both are the same. */
type Line = readonly [written: string, saved?: string]

const IPV4: readonly Line[] = [
  ['-m limit', '-m limit --limit 3/hour'],
  ['-m limit --limit 7000/s --limit-burst 9', '-m limit --limit 10000/sec --limit-burst 9'],
  ['-m limit --limit 90', '-m limit --limit 90/sec'],
  ['-p icmp -m icmp --icmp-type echo-request', '-p icmp -m icmp --icmp-type 8'],
  ['-p icmp -m icmp ! --icmp-type host-unknown', '-p icmp -m icmp ! --icmp-type 3/7'],
  ['-p icmp -m icmp --icmp-type 255/3', '-p icmp -m icmp --icmp-type any'],
  ['-p tcp -m multiport --destination-ports ssh,80:90', '-p tcp -m multiport --dports 22,80:90'],
  ['-p udp -m multiport ! --ports domain', '-p udp -m multiport ! --ports 53'],
  ['-m state --state rel,est', '-m state --state RELATED,ESTABLISHED'],
  ['-m conntrack --ctstate DNAT,new', '-m conntrack --ctstate NEW,DNAT'],
  [
    '-m conntrack ! --ctproto udp --ctorigsrc 10.6.0.2/24',
    '-m conntrack ! --ctproto 17 --ctorigsrc 10.6.0.2/24',
  ],
  ['-m conntrack --ctexpire 9: --ctdir reply', '-m conntrack --ctexpire 9:4294967295 --ctdir REPLY'],
  ['-m conntrack --ctstatus none', '-m conntrack --ctstatus NONE'],
  ['-m mark ! --mark 16/0xf0', '-m mark ! --mark 0x10/0xf0'],
  ['-m connmark --mark 011', '-m connmark --mark 0x9'],
  ['-m comment --comment "it\'s"', '-m comment --comment "it\\\'s"'],
  ['-m addrtype ! --src-type bro,loc', '-m addrtype ! --src-type LOCAL,BROADCAST'],
  ['-m iprange --src-range 10.6.0.2', '-m iprange --src-range 10.6.0.2-10.6.0.2'],
  ['-m length ! --length 60:', '-m length ! --length 60:65535'],
  ['-m ttl --ttl 5', '-m ttl --ttl-eq 5'],
  ['-m tos --tos maximize-throughput', '-m tos --tos 0x08/0x3f'],
  ['-m dscp ! --dscp-class af21', '-m dscp ! --dscp 0x12'],
  ['-m pkttype --pkt-type MULTICAST', '-m pkttype --pkt-type multicast'],
  [
    '-m hashlimit ! --hashlimit-upto 20/m --hashlimit-mode dstport,srcip --hashlimit-name a --hashlimit-srcmask 16',
    '-m hashlimit --hashlimit-above 20/min --hashlimit-burst 5 --hashlimit-mode srcip,dstport --hashlimit-name a --hashlimit-srcmask 16',
  ],
  [
    '-m hashlimit --hashlimit-upto 100b/s --hashlimit-burst 500 --hashlimit-name b',
    '-m hashlimit --hashlimit-upto 96b/s --hashlimit-burst 576b --hashlimit-name b',
  ],
  [
    '-m connlimit ! --connlimit-above 2',
    '-m connlimit --connlimit-upto 2 --connlimit-mask 32 --connlimit-saddr',
  ],
  [
    '-m connlimit --connlimit-upto 2 --connlimit-mask 255.255.0.0',
    '-m connlimit --connlimit-upto 2 --connlimit-mask 16 --connlimit-saddr',
  ],
  ['-m recent --set --rdest --rsource', '-m recent --set --name DEFAULT --mask 255.255.255.255 --rdest'],
  [
    '-m recent ! --update --hitcount 4 --seconds 30 --rttl --name a',
    '-m recent ! --update --seconds 30 --hitcount 4 --rttl --name a --mask 255.255.255.255 --rsource',
  ],
  ['-m statistic --mode nth ! --every 3 --packet 1'],
  ['-m statistic --mode random --probability .25', '-m statistic --mode random --probability 0.25000000000'],
  ['-m helper ! --helper "ftp 1"'],
  [
    '-m connbytes ! --connbytes 10:20 --connbytes-dir both --connbytes-mode bytes',
    '-m connbytes ! --connbytes 10:20 --connbytes-mode bytes --connbytes-dir both',
  ],
  ['-m quota ! --quota 0x20', '-m quota ! --quota 32'],
  ['-m string --algo bm --hex-string "GET|20 2f|"', '-m string --string "GET /" --algo bm'],
  ['-m string ! --string "a\\"b" --algo kmp --from 4 --to 90 --icase'],
  ['-m string --hex-string "|00ff|" --algo bm'],
  ['-m u32 --u32 "6 & 0xFF = 17, 6 && 0=1:2"', '-m u32 --u32 "0x6&0xff=0x11,0x6&&0x0=0x1:0x2"'],
  ['-p tcp -m ecn --ecn-ip-ect 2 ! --ecn-tcp-cwr', '-p tcp -m ecn ! --ecn-tcp-cwr --ecn-ip-ect 2'],
  ['-p tcp -m tcpmss ! --mss :1400', '-p tcp -m tcpmss ! --mss 0:1400'],
  ['-p esp -m esp ! --espspi 7:', '-p esp -m esp ! --espspi 7:4294967295'],
  ['-p ah -m ah --ahspi 0:4294967295', '-p ah -m ah'],
  [
    '-p sctp -m sctp ! --dport 7:9 --chunk-types ANY init,data:Ub',
    '-p sctp -m sctp ! --dport 7:9 --chunk-types any DATA:Ub,INIT',
  ],
  ['-m mac --mac-source 0:1A:2:b:4:5', '-m mac --mac-source 00:1a:02:0b:04:05'],
  ['-m physdev ! --physdev-in eth+ --physdev-is-bridged'],
  [
    '-m devgroup ! --src-group 7/0xff --dst-group 0',
    '-m devgroup ! --src-group 0x7/0xff --dst-group default',
  ],
  ['-m policy --dir in --pol none --reqid 3', '-m policy --dir in --pol none'],
  [
    '-m policy --dir out --mode tunnel --tunnel-src 10.0.0.0/8',
    '-m policy --dir out --pol ipsec --mode tunnel --tunnel-src 10.0.0.0/8',
  ],
  ['-m bpf --bytecode "2, 48 0 0 9,6 0 0 1,"', '-m bpf --bytecode "2,48 0 0 9,6 0 0 1"'],
  [
    '-m time --timestart 8:30 --weekdays Tu,5',
    '-m time --timestart 08:30:00 --timestop 23:59:59 --weekdays Tue,Fri --datestop 2038-01-19T03:14:07',
  ],
]

const IPV6: readonly Line[] = [
  ['-p ipv6-icmp -m icmp6 --icmpv6-type neighbor-advertisement', '-p ipv6-icmp -m icmp6 --icmpv6-type 136'],
  ['-m hl ! --hl-eq 1'],
  ['-m ah ! --ahspi 3 --ahlen 16 --ahres'],
  ['-m frag --fragid 4: --fragfirst', '-m frag --fragid 4:4294967295 --fragfirst'],
  ['-m rt --rt-type 0 --rt-0-addrs 2001:db8::1,::2 --rt-0-not-strict'],
  ['-m dst ! --dst-len 16 --dst-opts 0x5:2,7', '-m dst ! --dst-len 16 --dst-opts 5:2,7'],
  ['-m hbh --hbh-opts 300', '-m hbh --hbh-opts 44'],
  ['-m ipv6header ! --header none,hop --soft', '-m ipv6header ! --header hop-by-hop,ipv6-nonxt --soft'],
  ['-m eui64'],
  [
    '-m connlimit --connlimit-above 1',
    '-m connlimit --connlimit-above 1 --connlimit-mask 128 --connlimit-saddr',
  ],
]

/** Refused, by iptables or by the kernel. */
const REFUSED: readonly string[] = [
  '-m limit --limit 10001/s',
  '-m limit --limit 5/fortnight',
  '-m limit --limit 1/day --limit-burst 100',
  '-m limit --limit-burst 0',
  '-p icmp -m icmp --icmp-type echo',
  '-p icmp -m icmp --icmp-type 3/256',
  '-m icmp --icmp-type 8',
  '-p tcp -m multiport --dports 1,2,3,4,5,6,7,8,9,10,11,12,13,14:15,16',
  '-p tcp -m multiport --dports 80:80',
  '-p icmp -m multiport --dports 80',
  '-p tcp -m multiport --dports 80 --sports 80',
  '-m state --state SNAT',
  '-m state --state NEW,',
  '-m conntrack',
  '-m conntrack --ctdir REPL',
  '-m conntrack ! --ctdir REPLY',
  '-m conntrack --ctexpire 4294967296',
  '-m mark --mark 1/',
  '-m mark --mark 0x100000000',
  '-m comment ! --comment x',
  '-m addrtype --limit-iface-in',
  '-m addrtype --dst-type LOCAL,',
  '-m iprange --src-range 10.6.0.2-',
  '-m length --length 1:2:3',
  '-m ttl --ttl-eq 256',
  '-m ttl ! --ttl-gt 5',
  '-m tos --tos 0x10/',
  '-m dscp --dscp 64',
  '-m pkttype --pkt-type multi',
  '-m hashlimit --hashlimit-upto 1/s',
  '-m hashlimit --hashlimit-name a',
  '-m hashlimit --hashlimit-upto 1000001/s --hashlimit-name a',
  '-m hashlimit --hashlimit-upto 1/s --hashlimit-burst 0 --hashlimit-name a',
  '-m hashlimit --hashlimit-upto 1/day --hashlimit-burst 1000000 --hashlimit-name a',
  '-m hashlimit --hashlimit-upto 100b/s --hashlimit-burst 5b --hashlimit-name a',
  '-m hashlimit --hashlimit-upto 1/s --hashlimit-name a --hashlimit-srcmask 33',
  '-m connlimit --connlimit-mask 8',
  '-m recent --set --seconds 9',
  '-m recent --set --rttl',
  '-m recent --rcheck --reap',
  '-m recent --rcheck --hitcount 65536',
  '-m recent --set --name a/b',
  '-m statistic --mode nth --every 3 --packet 3',
  '-m statistic --mode random --probability 1.5',
  '-m connbytes --connbytes 9:3 --connbytes-dir both --connbytes-mode bytes',
  '-m quota --quota 18446744073709551616',
  '-m string --string x --algo fsm',
  '-m string --string x --algo bm --from 9 --to 3',
  '-m string --hex-string "|4|" --algo bm',
  '-m u32 --u32 "0=1&0=2"',
  '-m ecn --ecn-tcp-cwr',
  '-p tcp -m tcpmss --mss 9:5',
  '-m esp --espspi 1',
  '-p sctp -m sctp --chunk-types all INIT:T',
  '-m owner --uid-owner 0',
  '-m policy --pol none',
  '-m policy --dir in --pol ipsec --next',
  '-m policy --dir in --tunnel-src 10.0.0.1',
  '-m bpf --bytecode "1,48 0 0 9"',
  '-m bpf --bytecode "2,6 0 0 1"',
  '-m time --timestart 06:00 --timestop 22:00 --contiguous',
  '-m rpfilter',
]

const rows = (lines: readonly Line[]) => lines.map(([written, saved = written]) => ({ written, saved }))

describe('options are read and printed as iptables does', () => {
  it.each(rows(IPV4))('$written', ({ written, saved }) => {
    expect(printed(`-A FORWARD ${written}`)).toEqual([`-A FORWARD ${saved}`])
  })

  it.each(rows(IPV6))('IPv6: $written', ({ written, saved }) => {
    const chain = written.includes('eui64') ? 'INPUT' : 'FORWARD'
    expect(printed(`-A ${chain} ${written}`, 6)).toEqual([`-A ${chain} ${saved}`])
  })
})

describe('what iptables or the kernel refuses is refused', () => {
  it.each(REFUSED)('%s', words => {
    expect(complaints(`*filter\n-A FORWARD ${words}\nCOMMIT\n`)).not.toEqual([])
  })
})
