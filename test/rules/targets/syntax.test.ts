import { describe, expect, it } from 'vitest'
import { listed, needsConntrack, refusal, saved } from './support.ts'

/** Every row was given to iptables-legacy 1.8.9 on Linux 6.18: rule and what iptables-save prints, '=' for the same. */
const SAVED: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  REJECT: [
    ['4 filter INPUT -j REJECT', '-j REJECT --reject-with icmp-port-unreachable'],
    ['6 filter INPUT -j REJECT', '-j REJECT --reject-with icmp6-port-unreachable'],
    ['4 filter INPUT -j REJECT --reject-with net-unreach', '-j REJECT --reject-with icmp-net-unreachable'],
    ['4 filter INPUT -j REJECT --reject-with icmp-p', '-j REJECT --reject-with icmp-proto-unreachable'],
    ['4 filter INPUT -j REJECT --reject-with HOST-P', '-j REJECT --reject-with icmp-host-prohibited'],
    ['4 filter INPUT -p tcp -j REJECT --reject-with tcp-rst', '-p tcp -j REJECT --reject-with tcp-reset'],
    ['6 filter INPUT -j REJECT --reject-with icmp6-a', '-j REJECT --reject-with icmp6-adm-prohibited'],
    ['6 filter INPUT -j REJECT --reject-with policy-fail', '-j REJECT --reject-with icmp6-policy-fail'],
  ],
  LOG: [
    ['4 filter INPUT -j LOG', '='],
    ['4 nat PREROUTING -j LOG --log-level warning', '-j LOG'],
    ['4 filter INPUT -j LOG --log-level panic', '-j LOG --log-level 0'],
    ['4 filter INPUT -j LOG --log-prefix "hello"', '-j LOG --log-prefix hello'],
    ['4 filter INPUT -j LOG --log-prefix "a\'b c"', '-j LOG --log-prefix "a\\\'b c"'],
    [
      '4 filter INPUT -j LOG --log-prefix 0123456789012345678901234567890123456789',
      '-j LOG --log-prefix 01234567890123456789012345678',
    ],
    [
      '6 filter INPUT -j LOG --log-macdecode --log-uid --log-level 7 --log-prefix "x "',
      '-j LOG --log-prefix "x " --log-level 7 --log-uid --log-macdecode',
    ],
  ],
  NFLOG: [
    ['4 filter INPUT -j NFLOG', '='],
    ['4 filter INPUT -j NFLOG --nflog-group 0x10 --nflog-size 0', '-j NFLOG --nflog-group 16 --nflog-size 0'],
    ['4 filter INPUT -j NFLOG --nflog-range 0 --nflog-threshold 0', '-j NFLOG'],
    [
      '4 filter INPUT -j NFLOG --nflog-size 9 --nflog-prefix "a b"',
      '-j NFLOG --nflog-prefix "a b" --nflog-size 9',
    ],
  ],
  MARK: [
    ['4 filter INPUT -j MARK --set-mark 5', '-j MARK --set-xmark 0x5/0xffffffff'],
    ['4 filter INPUT -j MARK --set-mark 1/0x10', '-j MARK --set-xmark 0x1/0x11'],
    ['4 filter INPUT -j MARK --set-xmark 1/0x10', '-j MARK --set-xmark 0x1/0x10'],
    ['4 filter INPUT -j MARK --and-mark 5', '-j MARK --set-xmark 0x0/0xfffffffa'],
    ['4 filter INPUT -j MARK --or-mark 010', '-j MARK --set-xmark 0x8/0x8'],
    ['4 filter INPUT -j MARK --xor-mark 5', '-j MARK --set-xmark 0x5/0x0'],
  ],
  CONNMARK: [
    [
      '4 mangle INPUT -j CONNMARK --save-mark',
      '-j CONNMARK --save-mark --nfmask 0xffffffff --ctmask 0xffffffff',
    ],
    [
      '4 mangle INPUT -j CONNMARK --restore-mark --mask 0xf',
      '-j CONNMARK --restore-mark --nfmask 0xf --ctmask 0xf',
    ],
    ['4 mangle INPUT -j CONNMARK --set-mark 3 --mask 1', '-j CONNMARK --set-xmark 0x3/0x1'],
    ['4 mangle INPUT -j CONNMARK --mask 1 --set-mark 3', '-j CONNMARK --set-xmark 0x3/0xffffffff'],
    [
      '4 mangle INPUT -j CONNMARK --set-xmark 5/0 --right-shift-mark 3',
      '-j CONNMARK --set-xmark 0x5/0x0 --right-shift-mark 3',
    ],
  ],
  CT: [
    ['4 raw PREROUTING -j CT --notrack', '='],
    ['4 raw PREROUTING -j NOTRACK', '='],
    ['4 raw PREROUTING -j CT --zone 0', '-j CT'],
    ['4 raw PREROUTING -j CT --zone 5 --zone-reply 6', '-j CT --zone-reply 6'],
    ['4 raw PREROUTING -j CT --zone-orig 5 --zone-reply 6', '-j CT --zone 6'],
    ['4 raw PREROUTING -j CT --zone MARK --zone-orig 5', '-j CT --zone-orig mark'],
    [
      '4 raw PREROUTING -p tcp -j CT --zone 4 --ctevents mark,new --helper ftp',
      '-p tcp -j CT --helper ftp --ctevents new,mark --zone 4',
    ],
  ],
  SNAT: [
    [
      '4 nat POSTROUTING -j SNAT --to-source 1.1.1.1-1.1.1.9 --persistent --random',
      '-j SNAT --to-source 1.1.1.1-1.1.1.9 --random --persistent',
    ],
    ['4 nat POSTROUTING -p tcp -j SNAT --to-source :1024-2000', '='],
    [
      '4 nat POSTROUTING -p tcp -j SNAT --to-source 1.1.1.1-1.1.1.1:5-5',
      '-p tcp -j SNAT --to-source 1.1.1.1:5',
    ],
    [
      '4 nat POSTROUTING -p tcp -j SNAT --to-source 1.1.1.1:10-20/3',
      '-p tcp -j SNAT --to-source 1.1.1.1:10-20/0',
    ],
    ['4 nat POSTROUTING -p icmp -j SNAT --to-source 1.1.1.1:5', '='],
    ['6 nat POSTROUTING -j SNAT --to-source [dead::beef]', '-j SNAT --to-source dead::beef'],
    ['6 nat POSTROUTING -p tcp -j SNAT --to-source [dead::1-dead::9]:1025-65535', '='],
    ['6 nat POSTROUTING -p tcp -j SNAT --to-source dead::beef:1025', '='],
  ],
  DNAT: [
    [
      '4 nat PREROUTING -p tcp -j DNAT --to-destination 1.1.1.1:http',
      '-p tcp -j DNAT --to-destination 1.1.1.1:80',
    ],
    [
      '4 nat PREROUTING -p tcp -j DNAT --to-destination 1.1.1.1:10-20/ftp',
      '-p tcp -j DNAT --to-destination 1.1.1.1:10-20/21',
    ],
    ['4 nat OUTPUT -p udp -j DNAT --to-destination :53', '='],
  ],
  MASQUERADE: [
    ['4 nat POSTROUTING -j MASQUERADE', '='],
    [
      '4 nat POSTROUTING -p udp -j MASQUERADE --to-ports 5-9 --random-fully --random',
      '-p udp -j MASQUERADE --to-ports 5-9 --random --random-fully',
    ],
    ['6 nat POSTROUTING -p tcp -j MASQUERADE --to-ports 1024', '='],
  ],
  REDIRECT: [
    ['4 nat PREROUTING -j REDIRECT', '='],
    ['4 nat PREROUTING -p tcp -j REDIRECT --to-port 80', '-p tcp -j REDIRECT --to-ports 80'],
    ['6 nat OUTPUT -p tcp -j REDIRECT --to-ports 80-90 --random', '='],
  ],
  NETMAP: [
    ['4 nat PREROUTING -j NETMAP --to 10.0.0.5/24', '-j NETMAP --to 10.0.0.0/24'],
    ['4 nat PREROUTING -j NETMAP --to 10.0.0.5/255.255.0.0', '-j NETMAP --to 10.0.0.0/16'],
    ['4 nat PREROUTING -j NETMAP --to 10.0.0.5/255.0.255.0', '-j NETMAP --to 10.0.0.5/32'],
    ['4 nat PREROUTING -j NETMAP --to 10.0.0.5/33', '-j NETMAP --to 10.0.0.5/32'],
    ['6 nat POSTROUTING -j NETMAP --to dead::5/64', '-j NETMAP --to dead::/64'],
  ],
  'TOS, DSCP': [
    ['4 mangle INPUT -j TOS --set-tos 16', '-j TOS --set-tos 0x10/0xff'],
    ['6 mangle INPUT -j TOS --set-tos minimize-delay', '-j TOS --set-tos 0x10/0x3f'],
    ['4 mangle INPUT -j TOS --and-tos 0x12', '-j TOS --set-tos 0x00/0xed'],
    ['4 mangle INPUT -j TOS --xor-tos 0x12', '-j TOS --set-tos 0x12/0x00'],
    ['4 mangle INPUT -j DSCP --set-dscp-class ef', '-j DSCP --set-dscp 0x2e'],
    ['4 mangle INPUT -j DSCP --set-dscp 10', '-j DSCP --set-dscp 0x0a'],
  ],
  'TTL, HL': [
    ['4 mangle INPUT -j TTL --ttl-set 0', '='],
    ['6 mangle INPUT -j HL --hl-dec 255', '='],
  ],
  TCPMSS: [
    [
      '4 filter FORWARD -p tcp --syn -j TCPMSS --set-mss 9',
      '-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j TCPMSS --set-mss 9',
    ],
    ['6 mangle FORWARD -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu', '='],
  ],
  CLASSIFY: [
    ['4 mangle POSTROUTING -j CLASSIFY --set-class 1:2', '-j CLASSIFY --set-class 0001:0002'],
    ['4 mangle POSTROUTING -j CLASSIFY --set-class 12345:0xffffffff', '-j CLASSIFY --set-class 2345:ffff'],
  ],
  ECN: [
    ['4 mangle INPUT -p tcp -j ECN --ecn-tcp-ece 0 --ecn-tcp-cwr 0', '-p tcp -j ECN --ecn-tcp-remove'],
    [
      '4 mangle INPUT -p tcp -j ECN --ecn-tcp-remove --ecn-ip-ect 3',
      '-p tcp -j ECN --ecn-tcp-ece 0 --ecn-tcp-cwr 0 --ecn-ip-ect 3',
    ],
    ['4 mangle INPUT -p tcp -j ECN --ecn-ip-ect 3 --ecn-tcp-remove', '-p tcp -j ECN --ecn-tcp-remove'],
  ],
  others: [
    ['4 raw PREROUTING -j TRACE', '='],
    ['4 mangle INPUT -j CHECKSUM --checksum-fill', '='],
    [
      '4 mangle INPUT -p tcp -j TCPOPTSTRIP --strip-options sack,mss,30',
      '-p tcp -j TCPOPTSTRIP --strip-options 2,5,30',
    ],
    ['4 filter INPUT -j TEE --gateway 10.0.0.1 --oif eth0', '='],
    ['4 filter INPUT -j NFQUEUE', '-j NFQUEUE --queue-num 0'],
    [
      '4 filter INPUT -j NFQUEUE --queue-balance 0:6 --queue-cpu-fanout --queue-bypass',
      '-j NFQUEUE --queue-balance 0:6 --queue-bypass --queue-cpu-fanout',
    ],
    [
      '4 mangle PREROUTING -p tcp -j TPROXY --on-port http',
      '-p tcp -j TPROXY --on-port 80 --on-ip 0.0.0.0 --tproxy-mark 0x0/0x0',
    ],
    ['4 filter INPUT -j AUDIT --type DROP', '-j AUDIT --type drop'],
    ['4 mangle INPUT -j CONNSECMARK --save', '='],
    ['4 filter INPUT -j IDLETIMER --timeout 42 --label foo --alarm', '='],
    ['6 mangle POSTROUTING -j SNPT --src-pfx dead::/64 --dst-pfx 1c3::/64', '='],
    ['6 mangle PREROUTING -j DNPT --src-pfx dead::/48 --dst-pfx 1c3::/64', '='],
  ],
}

describe.each(Object.entries(SAVED))('%s is printed as iptables-save does', (_name, rows) => {
  it.each(rows)('%s', (rule, expected) => {
    expect(saved(rule)).toBe(expected === '=' ? rule.split(' ').slice(3).join(' ') : expected)
  })
})

describe('refused', () => {
  it.each([
    ['4 nat PREROUTING -j REJECT', /nat table/],
    ['4 filter INPUT -p udp -j REJECT --reject-with tcp-reset', /-p tcp/],
    ['4 filter INPUT ! -p tcp -j REJECT --reject-with tcp-reset', /-p tcp/],
    ['6 filter INPUT -j REJECT --reject-with icmp-port-unreachable', /unknown reject type/],
    ['4 filter INPUT -j LOG --log-level warn', /unknown/],
    ['4 filter INPUT -j LOG --log-level 8', /unknown/],
    ['4 filter INPUT -j LOG --log-prefix ""', /minimum length/],
    ['4 filter INPUT -j NFLOG --nflog-size 1 --nflog-range 1', /together/],
    ['4 filter INPUT -j MARK', /required/],
    ['4 filter INPUT -j MARK --set-mark 1 --or-mark 1', /together/],
    ['4 filter INPUT -j MARK --set-mark 0x100000000', /bad integer/],
    ['4 mangle INPUT -j CONNMARK --mask 3', /No operation/],
    ['4 mangle INPUT -j CONNMARK --save-mark --left-shift-mark 32', /31 bits/],
    ['4 raw PREROUTING -j CT --zone 65536', /zone/],
    ['4 raw PREROUTING -j CT --helper ftp', /-p/],
    ['4 raw PREROUTING -p udp -j CT --helper ftp', /no such helper/],
    ['6 raw PREROUTING -p tcp -j CT --helper irc', /no such helper/],
    ['4 raw PREROUTING -j CT --timeout slow', /no such timeout policy/],
    ['4 filter INPUT -j NOTRACK', /filter table/],
    ['4 nat PREROUTING -j SNAT --to-source 1.1.1.1', /PREROUTING/],
    ['4 nat POSTROUTING -j SNAT --random', /must be specified/],
    ['4 nat POSTROUTING -j SNAT --to-source 1.1.1.1:5', /Need TCP/],
    ['4 nat POSTROUTING -p udplite -j SNAT --to-source 1.1.1.1:5', /Need TCP/],
    ['4 nat POSTROUTING -p tcp -j SNAT --to-source [1.1.1.1]:5', /Invalid address format/],
    [
      '4 nat PREROUTING -p tcp -j DNAT --to-destination 1.1.1.1 --to-destination 1.1.1.2',
      /only be used once/,
    ],
    ['4 nat PREROUTING -p tcp -j DNAT --to-destination 1.1.1.1:9-8', /funky/],
    ['4 nat PREROUTING -p tcp -j DNAT --to-destination 1.1.1.1:80/100', /Garbage/],
    ['4 nat PREROUTING -p tcp -j DNAT --to-destination 1.1.1.1:5-7/0', /not valid/],
    ['4 nat PREROUTING -p tcp -j DNAT --to-destination 1.1.1.1:10-https', /not valid/],
    ['4 nat POSTROUTING -p tcp -j MASQUERADE --to-ports 5:9', /use dash/],
    ['4 nat PREROUTING -p tcp -j REDIRECT --to-ports 5-7/8', /Shifted portmap/],
    ['4 nat PREROUTING -j NETMAP --to 10.0.0.5/abc', /neither a valid network mask/],
    ['4 filter INPUT -j TTL --ttl-set 5', /filter table/],
    ['4 mangle INPUT -j TTL --ttl-inc 0', /out of range/],
    ['6 mangle INPUT -j TTL --ttl-set 5', /no target named/],
    ['4 mangle INPUT -j TOS --set-tos 256', /unknown/],
    ['4 mangle INPUT -j DSCP --set-dscp 64', /out of range/],
    ['4 mangle FORWARD -p tcp -j TCPMSS --set-mss 9', /SYN/],
    ['4 mangle FORWARD -p tcp -m tcp ! --syn -j TCPMSS --set-mss 9', /SYN/],
    ['4 mangle INPUT -p tcp --syn -j TCPMSS --clamp-mss-to-pmtu', /clamping/],
    ['4 mangle FORWARD -p tcp --syn -j TCPMSS --set-mss 65516', /65515/],
    ['4 mangle PREROUTING -j CLASSIFY --set-class 1:1', /PREROUTING/],
    ['4 mangle INPUT -j ECN --ecn-tcp-remove', /-p tcp/],
    ['4 mangle INPUT -p tcp -j TCPOPTSTRIP --strip-options 1', /0 or 1/],
    ['4 filter INPUT -j TEE --gateway 0.0.0.0', /unspecified/],
    ['4 filter INPUT -j NFQUEUE --queue-balance 0:65535', /too many/],
    ['4 filter INPUT -j NFQUEUE --queue-num 1 --queue-cpu-fanout', /requires/],
    ['4 mangle PREROUTING -p icmp -j TPROXY --on-port 80', /-p tcp/],
    ['6 mangle PREROUTING -j DNPT --src-pfx dead::1/64 --dst-pfx 1c3::/64', /host bits/],
  ])('%s', (rule, complaint) => {
    expect(refusal(rule)).toMatch(complaint)
  })
})

describe('iptables -L, and with -n', () => {
  it.each([
    ['4 filter INPUT -j REJECT', 'reject-with icmp-port-unreachable', '='],
    [
      '4 filter INPUT -j LOG --log-uid --log-prefix "a b"',
      'LOG level warn uid prefix "a b"',
      'LOG flags 8 level 4 prefix "a b"',
    ],
    ['4 filter INPUT -j NFLOG --nflog-group 3', 'nflog-group 3', '='],
    ['4 filter INPUT -j MARK --or-mark 3', 'MARK or 0x3', '='],
    ['4 filter INPUT -j MARK --set-mark 1/16', 'MARK xset 0x1/0x11', '='],
    ['4 mangle INPUT -j CONNMARK --save-mark --nfmask 0', 'CONNMARK save nfmask 0x0 ctmask ~0xffffffff', '='],
    [
      '4 mangle INPUT -j CONNMARK --and-mark 3 --left-shift-mark 1',
      'CONNMARK and 0x3 left-shift-mark 1',
      '=',
    ],
    ['4 raw PREROUTING -j CT --zone-orig 5 --notrack', 'CT notrack zone-orig 5', '='],
    ['4 nat POSTROUTING -p tcp -j SNAT --to-source 1.1.1.1:5-9 --random', 'to:1.1.1.1:5-9 random', '='],
    ['4 nat POSTROUTING -p tcp -j MASQUERADE --to-ports 5-9', 'masq ports: 5-9', '='],
    ['4 nat PREROUTING -p tcp -j REDIRECT --random', 'random', '='],
    ['4 mangle INPUT -j TOS --set-tos 0x10/0x3f', ' TOS setMinimize-Delay', 'TOS set 0x10/0x3f'],
    ['4 mangle INPUT -j TOS --and-tos 0x12', 'TOS and 0x12', 'TOS set 0x00/0xed'],
    ['4 mangle INPUT -j TTL --ttl-dec 1', 'TTL decrement by 1', '='],
    ['4 mangle POSTROUTING -j CLASSIFY --set-class 1:2', 'CLASSIFY set 1:2', '='],
    ['4 mangle INPUT -p tcp -j ECN --ecn-ip-ect 3 --ecn-tcp-ece 1', 'ECN ECE=1 ECT codepoint=3', '='],
    [
      '4 mangle INPUT -p tcp -j TCPOPTSTRIP --strip-options 2,30',
      'TCPOPTSTRIP options mss,30',
      'TCPOPTSTRIP options 2,30',
    ],
  ])('%s', (rule, plain, numeric) => {
    expect(listed(rule)).toEqual([plain, numeric === '=' ? plain : numeric])
  })
})

it.each([
  ['4 raw PREROUTING -j CT', true],
  ['4 raw PREROUTING -j CT --zone 5', true],
  ['4 raw PREROUTING -j CT --notrack --zone 5', false],
  ['4 raw PREROUTING -j NOTRACK', false],
  ['4 mangle INPUT -j CONNMARK --save-mark', true],
  ['4 mangle INPUT -j CONNSECMARK --save', true],
  ['4 nat POSTROUTING -j MASQUERADE', true],
  ['4 nat PREROUTING -j NETMAP --to 10.0.0.0/8', true],
  ['4 nat PREROUTING -j LOG', false],
  ['4 filter INPUT -j REJECT', false],
])('%s switches connection tracking on: %s', (rule, expected) => {
  expect(needsConntrack(rule)).toBe(expected)
})
