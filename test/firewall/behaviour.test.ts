import { describe, expect, it } from 'vitest'
import { play } from './script.ts'

const GATEWAY = `
*nat
-A POSTROUTING -o wan0 -j MASQUERADE
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i lan0 -o wan0 -j ACCEPT
COMMIT
`

describe('a NAT gateway with a stateful filter', () => {
  it('translates what goes out, lets the answer in, drops what nobody asked for', () => {
    const script = `
      lan0: udp 10.6.0.2:4000 > 8.8.8.8:53 len=4
      wan0: udp 8.8.8.8:53 > 203.0.113.1:4000 len=8
      wan0: udp 8.8.4.4:53 > 203.0.113.1:4000 len=8
    `
    expect(play(GATEWAY, script)).toMatchInlineSnapshot(`
      "
      lan0 → udp 10.6.0.2:4000 > 8.8.8.8:53 len=4
          conntrack  created 10.6.0.2:4000 > 8.8.8.8:53
          conntrack  NEW original of 10.6.0.2:4000 > 8.8.8.8:53
          nat/PREROUTING:policy  ACCEPT
          filter/FORWARD:2  match   -i lan0 -o wan0 -j ACCEPT
          nat/POSTROUTING:1  match   -o wan0 -j MASQUERADE
          nat  source mapped: 10.6.0.2:4000 > 8.8.8.8:53 becomes 203.0.113.1:4000 > 8.8.8.8:53
          nat  source 10.6.0.2:4000 → 203.0.113.1:4000
          conntrack  confirmed 10.6.0.2:4000 > 8.8.8.8:53
      wan0 ← udp 203.0.113.1:4000 > 8.8.8.8:53 len=4 ttl=63
      = forwarded by wan0
      wan0 → udp 8.8.8.8:53 > 203.0.113.1:4000 len=8
          conntrack  ESTABLISHED reply of 10.6.0.2:4000 > 8.8.8.8:53
          nat  destination 203.0.113.1:4000 → 10.6.0.2:4000
          filter/FORWARD:1  match   -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
      lan0 ← udp 8.8.8.8:53 > 10.6.0.2:4000 len=8 ttl=63
      = forwarded by lan0
      wan0 → udp 8.8.4.4:53 > 203.0.113.1:4000 len=8
          conntrack  created 8.8.4.4:53 > 203.0.113.1:4000
          conntrack  NEW original of 8.8.4.4:53 > 203.0.113.1:4000
          nat/PREROUTING:policy  ACCEPT
          filter/INPUT:policy  DROP
      = dropped by filter/INPUT:policy
      "
    `)
  })

  it('keeps two clients apart that use the same port', () => {
    const script = `
      lan0: udp 10.6.0.2:4000 > 8.8.8.8:53 len=4
      lan0: udp 10.6.0.3:4000 > 8.8.8.8:53 len=4
      wan0: udp 8.8.8.8:53 > 203.0.113.1:4000 len=8
    `
    expect(play(GATEWAY, script)).toMatchInlineSnapshot(`
      "
      lan0 → udp 10.6.0.2:4000 > 8.8.8.8:53 len=4
          conntrack  created 10.6.0.2:4000 > 8.8.8.8:53
          conntrack  NEW original of 10.6.0.2:4000 > 8.8.8.8:53
          nat/PREROUTING:policy  ACCEPT
          filter/FORWARD:2  match   -i lan0 -o wan0 -j ACCEPT
          nat/POSTROUTING:1  match   -o wan0 -j MASQUERADE
          nat  source mapped: 10.6.0.2:4000 > 8.8.8.8:53 becomes 203.0.113.1:4000 > 8.8.8.8:53
          nat  source 10.6.0.2:4000 → 203.0.113.1:4000
          conntrack  confirmed 10.6.0.2:4000 > 8.8.8.8:53
      wan0 ← udp 203.0.113.1:4000 > 8.8.8.8:53 len=4 ttl=63
      = forwarded by wan0
      lan0 → udp 10.6.0.3:4000 > 8.8.8.8:53 len=4
          conntrack  created 10.6.0.3:4000 > 8.8.8.8:53
          conntrack  NEW original of 10.6.0.3:4000 > 8.8.8.8:53
          nat/PREROUTING:policy  ACCEPT
          filter/FORWARD:2  match   -i lan0 -o wan0 -j ACCEPT
          nat/POSTROUTING:1  match   -o wan0 -j MASQUERADE
          nat  source port-changed: 10.6.0.3:4000 > 8.8.8.8:53 becomes 203.0.113.1:34048 > 8.8.8.8:53
          nat  source 10.6.0.3:4000 → 203.0.113.1:34048
          conntrack  confirmed 10.6.0.3:4000 > 8.8.8.8:53
      wan0 ← udp 203.0.113.1:34048 > 8.8.8.8:53 len=4 ttl=63
      = forwarded by wan0
      wan0 → udp 8.8.8.8:53 > 203.0.113.1:4000 len=8
          conntrack  ESTABLISHED reply of 10.6.0.2:4000 > 8.8.8.8:53
          nat  destination 203.0.113.1:4000 → 10.6.0.2:4000
          filter/FORWARD:1  match   -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
      lan0 ← udp 8.8.8.8:53 > 10.6.0.2:4000 len=8 ttl=63
      = forwarded by lan0
      "
    `)
  })

  it('translates an ICMP error back, outside and inside', () => {
    const script = `
      lan0: udp 10.6.0.2:4000 > 8.8.8.8:53 len=4
      wan0: icmp 8.8.8.8 > 203.0.113.1 port-unreachable { udp 203.0.113.1:4000 > 8.8.8.8:53 len=4 ttl=60 }
    `
    expect(play(GATEWAY, script)).toMatchInlineSnapshot(`
      "
      lan0 → udp 10.6.0.2:4000 > 8.8.8.8:53 len=4
          conntrack  created 10.6.0.2:4000 > 8.8.8.8:53
          conntrack  NEW original of 10.6.0.2:4000 > 8.8.8.8:53
          nat/PREROUTING:policy  ACCEPT
          filter/FORWARD:2  match   -i lan0 -o wan0 -j ACCEPT
          nat/POSTROUTING:1  match   -o wan0 -j MASQUERADE
          nat  source mapped: 10.6.0.2:4000 > 8.8.8.8:53 becomes 203.0.113.1:4000 > 8.8.8.8:53
          nat  source 10.6.0.2:4000 → 203.0.113.1:4000
          conntrack  confirmed 10.6.0.2:4000 > 8.8.8.8:53
      wan0 ← udp 203.0.113.1:4000 > 8.8.8.8:53 len=4 ttl=63
      = forwarded by wan0
      wan0 → icmp 8.8.8.8 > 203.0.113.1 port-unreachable { udp 203.0.113.1:4000 > 8.8.8.8:53 len=4 ttl=60 }
          conntrack  RELATED reply of 10.6.0.2:4000 > 8.8.8.8:53
          nat  destination of the error and of its quote: 203.0.113.1 → 10.6.0.2
          filter/FORWARD:1  match   -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
      lan0 ← icmp 8.8.8.8 > 10.6.0.2 port-unreachable { udp 10.6.0.2:4000 > 8.8.8.8:53 len=4 ttl=60 } ttl=63
      = forwarded by lan0
      "
    `)
  })

  it('forgets a query that nobody answered after 30 seconds', () => {
    const script = `
      lan0: udp 10.6.0.2:4000 > 8.8.8.8:53 len=4
      wait 30s
      wan0: udp 8.8.8.8:53 > 203.0.113.1:4000 len=8
    `
    expect(play(GATEWAY, script)).toMatchInlineSnapshot(`
      "
      lan0 → udp 10.6.0.2:4000 > 8.8.8.8:53 len=4
          conntrack  created 10.6.0.2:4000 > 8.8.8.8:53
          conntrack  NEW original of 10.6.0.2:4000 > 8.8.8.8:53
          nat/PREROUTING:policy  ACCEPT
          filter/FORWARD:2  match   -i lan0 -o wan0 -j ACCEPT
          nat/POSTROUTING:1  match   -o wan0 -j MASQUERADE
          nat  source mapped: 10.6.0.2:4000 > 8.8.8.8:53 becomes 203.0.113.1:4000 > 8.8.8.8:53
          nat  source 10.6.0.2:4000 → 203.0.113.1:4000
          conntrack  confirmed 10.6.0.2:4000 > 8.8.8.8:53
      wan0 ← udp 203.0.113.1:4000 > 8.8.8.8:53 len=4 ttl=63
      = forwarded by wan0
      (30 s later)
      wan0 → udp 8.8.8.8:53 > 203.0.113.1:4000 len=8
          conntrack  expired 10.6.0.2:4000 > 8.8.8.8:53
          conntrack  created 8.8.8.8:53 > 203.0.113.1:4000
          conntrack  NEW original of 8.8.8.8:53 > 203.0.113.1:4000
          nat/PREROUTING:policy  ACCEPT
          filter/INPUT:policy  DROP
      = dropped by filter/INPUT:policy
      "
    `)
  })
})

describe('answers of the box itself', () => {
  it('REJECT: an ICMP error for UDP, a reset for TCP, both passing OUTPUT', () => {
    const rules = `
*filter
-A INPUT -p tcp -j REJECT --reject-with tcp-reset
-A INPUT -j REJECT
-A OUTPUT -m conntrack --ctstate RELATED -j ACCEPT
COMMIT
`
    const script = `
      lan0: tcp 10.6.0.2:4000 > 10.6.0.1:22 S seq=7
      lan0: udp 10.6.0.2:4000 > 10.6.0.1:53 len=4
      lan0: tcp 10.6.0.2:4000 > 10.6.0.1:22 R seq=7
    `
    expect(play(rules, script)).toMatchInlineSnapshot(`
      "
      lan0 → tcp 10.6.0.2:4000 > 10.6.0.1:22 S seq=7
          conntrack  created 10.6.0.2:4000 > 10.6.0.1:22
          conntrack  NEW original of 10.6.0.2:4000 > 10.6.0.1:22 [SYN_SENT]
          filter/INPUT:1  match   -p tcp -j REJECT --reject-with tcp-reset
        answer (tcp-reset): tcp 10.6.0.1:22 > 10.6.0.2:4000 RA seq=0 ack=8 win=0 sum=0x1429 id=0
              filter/OUTPUT:1  match   -m conntrack --ctstate RELATED -j ACCEPT
          lan0 ← tcp 10.6.0.1:22 > 10.6.0.2:4000 RA seq=0 ack=8 win=0 id=0
      = rejected by filter/INPUT:1
      lan0 → udp 10.6.0.2:4000 > 10.6.0.1:53 len=4
          conntrack  created 10.6.0.2:4000 > 10.6.0.1:53
          conntrack  NEW original of 10.6.0.2:4000 > 10.6.0.1:53
          filter/INPUT:2  match   -j REJECT --reject-with icmp-port-unreachable
        answer (icmp-port-unreachable): icmp 10.6.0.1 > 10.6.0.2 port-unreachable { udp 10.6.0.2:4000 > 10.6.0.1:53 len=4 } ipid=2 tos=0xc0 nodf
              filter/OUTPUT:1  match   -m conntrack --ctstate RELATED -j ACCEPT
          lan0 ← icmp 10.6.0.1 > 10.6.0.2 port-unreachable { udp 10.6.0.2:4000 > 10.6.0.1:53 len=4 } ipid=2 tos=0xc0 nodf
      = rejected by filter/INPUT:2
      lan0 → tcp 10.6.0.2:4000 > 10.6.0.1:22 R seq=7
          conntrack  created 10.6.0.2:4000 > 10.6.0.1:22
          conntrack  INVALID  RST cannot open a connection
          filter/INPUT:1  match   -p tcp -j REJECT --reject-with tcp-reset
          no answer: no reset for a reset
      = rejected by filter/INPUT:1
      "
    `)
  })

  it('a packet whose TTL runs out never reaches FORWARD', () => {
    expect(play(GATEWAY, 'lan0: udp 10.6.0.2:4000 > 8.8.8.8:53 ttl=1')).toMatchInlineSnapshot(`
      "
      lan0 → udp 10.6.0.2:4000 > 8.8.8.8:53 ttl=1
          conntrack  created 10.6.0.2:4000 > 8.8.8.8:53
          conntrack  NEW original of 10.6.0.2:4000 > 8.8.8.8:53
          nat/PREROUTING:policy  ACCEPT
        dropped: TTL exceeded
        answer (ICMP type 11 code 0): icmp 10.6.0.1 > 10.6.0.2 ttl-zero-during-transit { udp 10.6.0.2:4000 > 8.8.8.8:53 ttl=1 } tos=0xc0 nodf
              filter/OUTPUT:policy  ACCEPT
          lan0 ← icmp 10.6.0.1 > 10.6.0.2 ttl-zero-during-transit { udp 10.6.0.2:4000 > 8.8.8.8:53 ttl=1 } tos=0xc0 nodf
      = discarded: TTL exceeded
      "
    `)
  })

  it('a packet that is too big and must not be cut is refused with the MTU', () => {
    const script = 'lan0: udp 10.6.0.2:4000 > 8.8.8.8:53 len=1472 df'
    const interfaces = {
      lan0: { addresses: ['10.6.0.1/16'] },
      wan0: { addresses: ['203.0.113.1/24'], mtu: 1400 },
    }
    expect(play(GATEWAY, script, { interfaces })).toMatchInlineSnapshot(`
      "
      lan0 → udp 10.6.0.2:4000 > 8.8.8.8:53 len=1472
          conntrack  created 10.6.0.2:4000 > 8.8.8.8:53
          conntrack  NEW original of 10.6.0.2:4000 > 8.8.8.8:53
          nat/PREROUTING:policy  ACCEPT
        dropped: bigger than the MTU 1400
        answer (ICMP type 3 code 4): icmp 10.6.0.1 > 10.6.0.2 fragmentation-needed mtu=1400 { udp 10.6.0.2:4000 > 8.8.8.8:53 ulen=1480 len=520 sum=0xca71 totlen=1500 } tos=0xc0 nodf
              filter/OUTPUT:policy  ACCEPT
          lan0 ← icmp 10.6.0.1 > 10.6.0.2 fragmentation-needed mtu=1400 { udp 10.6.0.2:4000 > 8.8.8.8:53 ulen=1480 len=520 sum=0xca71 totlen=1500 } tos=0xc0 nodf
      = discarded: bigger than the MTU 1400
      "
    `)
  })
})

describe('fragments', () => {
  const FRAGMENTS = `
    lan0: proto udp 10.6.0.2 > 10.6.0.1 frag=0+ id=9 data=0x0fa00035000c0000
    lan0: proto udp 10.6.0.2 > 10.6.0.1 frag=8 id=9 len=4
  `
  const PORT_RULE = (needsConntrack: boolean): string => `
*raw
-A PREROUTING -p udp -m udp --dport 53 -j MARK --set-mark 1
COMMIT
*filter
-A INPUT ${needsConntrack ? '-m conntrack --ctstate NEW' : '-p udp'} -j ACCEPT
COMMIT
`

  it('are put together before raw where conntrack is on', () => {
    expect(play(PORT_RULE(true), FRAGMENTS, { conntrack: 'auto' })).toMatchInlineSnapshot(`
      "
      lan0 → udp 10.6.0.2:4000 > 10.6.0.1:53 ulen=12 sum=0x0 id=9 frag=0+
      = held: a fragment that waits for the others
      lan0 → proto udp 10.6.0.2 > 10.6.0.1 len=4 id=9 frag=8
          fragments put together: 32 bytes
          raw/PREROUTING:1  match   -p udp -m udp --dport 53 -j MARK --set-xmark 0x1/0xffffffff
          raw/PREROUTING:policy  ACCEPT
          conntrack  created 10.6.0.2:4000 > 10.6.0.1:53
          conntrack  NEW original of 10.6.0.2:4000 > 10.6.0.1:53
          filter/INPUT:1  match   -m conntrack --ctstate NEW -j ACCEPT
          conntrack  confirmed 10.6.0.2:4000 > 10.6.0.1:53
      local process ← udp 10.6.0.2:4000 > 10.6.0.1:53 len=4 sum=0x0 id=9 nodf
      = delivered locally (from lan0)
      "
    `)
  })

  it('pass PREROUTING one by one where it is off: only the first has ports', () => {
    expect(play(PORT_RULE(false), FRAGMENTS, { conntrack: 'auto' })).toMatchInlineSnapshot(`
      "
      lan0 → udp 10.6.0.2:4000 > 10.6.0.1:53 ulen=12 sum=0x0 id=9 frag=0+
          raw/PREROUTING:1  match   -p udp -m udp --dport 53 -j MARK --set-xmark 0x1/0xffffffff
          raw/PREROUTING:policy  ACCEPT
      = held: a fragment that waits for the others
      lan0 → proto udp 10.6.0.2 > 10.6.0.1 len=4 id=9 frag=8
          raw/PREROUTING:policy  ACCEPT
          fragments put together: 32 bytes
          filter/INPUT:1  match   -p udp -j ACCEPT
      local process ← udp 10.6.0.2:4000 > 10.6.0.1:53 len=4 sum=0x0 id=9 nodf
      = delivered locally (from lan0)
      "
    `)
  })
})

describe('packets of the box itself', () => {
  it('to its own address leave on lo and come in again with their connection', () => {
    const rules = `
*nat
-A OUTPUT -p tcp --dport 80 -j REDIRECT --to-ports 8080
COMMIT
*filter
-A INPUT -i lo -j ACCEPT
COMMIT
`
    expect(play(rules, 'local: tcp 203.0.113.1:4000 > 203.0.113.1:80 S')).toMatchInlineSnapshot(`
      "
      local → tcp 203.0.113.1:4000 > 203.0.113.1:80 S seq=0
          conntrack  created 203.0.113.1:4000 > 203.0.113.1:80
          conntrack  NEW original of 203.0.113.1:4000 > 203.0.113.1:80 [SYN_SENT]
          nat/OUTPUT:1  match   -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 8080
          nat  destination mapped: 203.0.113.1:4000 > 203.0.113.1:80 becomes 203.0.113.1:4000 > 127.0.0.1:8080
          nat  destination 203.0.113.1:80 → 127.0.0.1:8080
          filter/OUTPUT:policy  ACCEPT
          nat/POSTROUTING:policy  ACCEPT
          conntrack  confirmed 203.0.113.1:4000 > 203.0.113.1:80
      lo → tcp 203.0.113.1:4000 > 127.0.0.1:8080 S seq=0
          filter/INPUT:1  match   -i lo -j ACCEPT
      local process ← tcp 203.0.113.1:4000 > 127.0.0.1:8080 S seq=0
      = delivered locally (from lo)
      "
    `)
  })

  it('are routed again when DNAT has sent them elsewhere', () => {
    const rules = '*nat\n-A OUTPUT -d 8.8.8.8 -j DNAT --to-destination 10.6.0.9\nCOMMIT\n'
    expect(play(rules, 'local: udp 203.0.113.1:4000 > 8.8.8.8:53')).toMatchInlineSnapshot(`
      "
      local → udp 203.0.113.1:4000 > 8.8.8.8:53
          conntrack  created 203.0.113.1:4000 > 8.8.8.8:53
          conntrack  NEW original of 203.0.113.1:4000 > 8.8.8.8:53
          nat/OUTPUT:1  match   -d 8.8.8.8/32 -j DNAT --to-destination 10.6.0.9
          nat  destination mapped: 203.0.113.1:4000 > 8.8.8.8:53 becomes 203.0.113.1:4000 > 10.6.0.9:53
          nat  destination 8.8.8.8:53 → 10.6.0.9:53
          nat/POSTROUTING:policy  ACCEPT
          conntrack  confirmed 203.0.113.1:4000 > 8.8.8.8:53
      lan0 ← udp 203.0.113.1:4000 > 10.6.0.9:53
      = sent by lan0
      "
    `)
  })
})
