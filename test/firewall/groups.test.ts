import { expect, it } from 'vitest'
import { play } from './script.ts'

const DNS = `
*filter
-A INPUT -p udp -m udp --dport 53 -j ACCEPT
-A OUTPUT -p udp -m udp --dport 53 -j ACCEPT
COMMIT
`
const TEE_ALL = `
*mangle
-A PREROUTING -i lan0 -j TEE --gateway 2001:db8:50::9
-A POSTROUTING -o dmz0 -j ACCEPT
COMMIT
`
const BOX = {
  interfaces: { lan0: ['10.6.0.1/16', '2001:db8:6::1/64'], dmz0: ['2001:db8:50::1/64'] },
  routes: [],
}

it('hears what it sends to a group that it has joined, and keeps what may not leave: TTL 0, interface-local', () => {
  const script = `
    local: udp 10.6.0.1:4000 > 224.0.0.1:53 ttl=1
    local: udp 10.6.0.1:4000 > 224.0.0.1:53 ttl=0
    local: udp 10.6.0.1:4000 > 224.1.2.3:53 ttl=0
    local: udp [2001:db8:6::1]:4000 > [ff02::1]:53 ttl=0
    local: udp [2001:db8:6::1]:4000 > [ff02::99]:53 ttl=0
    local: udp [2001:db8:6::1]:4000 > [ff01::99]:53 ttl=5
  `
  expect(
    play(DNS, script, {
      ...BOX,
      conntrack: 'auto',
      routes: ['default via 10.6.0.9 dev lan0'],
      rules: { ipv4: DNS, ipv6: DNS },
    }),
  ).toMatchInlineSnapshot(`
    "
    local → udp 10.6.0.1:4000 > 224.0.0.1:53 ttl=1
        filter/OUTPUT:1  match   -p udp -m udp --dport 53 -j ACCEPT
    lan0 → udp 10.6.0.1:4000 > 224.0.0.1:53 ttl=1
        filter/INPUT:1  match   -p udp -m udp --dport 53 -j ACCEPT
    local process ← udp 10.6.0.1:4000 > 224.0.0.1:53 ttl=1
    lan0 ← udp 10.6.0.1:4000 > 224.0.0.1:53 ttl=1
    = sent by lan0
    local → udp 10.6.0.1:4000 > 224.0.0.1:53 ttl=0
        filter/OUTPUT:1  match   -p udp -m udp --dport 53 -j ACCEPT
    lan0 → udp 10.6.0.1:4000 > 224.0.0.1:53 ttl=0
        filter/INPUT:1  match   -p udp -m udp --dport 53 -j ACCEPT
    local process ← udp 10.6.0.1:4000 > 224.0.0.1:53 ttl=0
      dropped: to a group with TTL 0: it does not leave the box
    = discarded: to a group with TTL 0: it does not leave the box
    local → udp 10.6.0.1:4000 > 224.1.2.3:53 ttl=0
        filter/OUTPUT:1  match   -p udp -m udp --dport 53 -j ACCEPT
    lan0 ← udp 10.6.0.1:4000 > 224.1.2.3:53 ttl=0
    = sent by lan0
    local → udp [2001:db8:6::1]:4000 > [ff02::1]:53 ttl=0
        filter/OUTPUT:1  match   -p udp -m udp --dport 53 -j ACCEPT
    lan0 → udp [2001:db8:6::1]:4000 > [ff02::1]:53 ttl=0
        filter/INPUT:1  match   -p udp -m udp --dport 53 -j ACCEPT
    local process ← udp [2001:db8:6::1]:4000 > [ff02::1]:53 ttl=0
      dropped: to a group with hop limit 0: it does not leave the box
    = discarded: to a group with hop limit 0: it does not leave the box
    local → udp [2001:db8:6::1]:4000 > [ff02::99]:53 ttl=0
        filter/OUTPUT:1  match   -p udp -m udp --dport 53 -j ACCEPT
    lan0 ← udp [2001:db8:6::1]:4000 > [ff02::99]:53 ttl=0
    = sent by lan0
    local → udp [2001:db8:6::1]:4000 > [ff01::99]:53 ttl=5
        filter/OUTPUT:1  match   -p udp -m udp --dport 53 -j ACCEPT
      dropped: interface-local multicast does not leave the box
    = discarded: interface-local multicast does not leave the box
    "
  `)
})

it('hears copies of TEE for a group, too, but they are for the gateway', () => {
  const script = 'lan0: udp [2001:db8:6::5]:4000 > [ff02::1]:53'
  expect(play('', script, { ...BOX, conntrack: 'auto', rules: { ipv6: TEE_ALL } })).toMatchInlineSnapshot(`
    "
    lan0 → udp [2001:db8:6::5]:4000 > [ff02::1]:53
        mangle/PREROUTING:1  match   -i lan0 -j TEE --gateway 2001:db8:50::9
        mangle/OUTPUT:policy  ACCEPT
        mangle/POSTROUTING:1  match   -o dmz0 -j ACCEPT
        mangle/POSTROUTING:1  match   -o dmz0 -j ACCEPT
    dmz0 ← udp [2001:db8:6::5]:4000 > [ff02::1]:53 ttl=63
        mangle/PREROUTING:policy  ACCEPT
        mangle/INPUT:policy  ACCEPT
    local process ← udp [2001:db8:6::5]:4000 > [ff02::1]:53
    dmz0 → udp [2001:db8:6::5]:4000 > [ff02::1]:53 ttl=63
        mangle/PREROUTING:policy  ACCEPT
      dropped: the link layer addressed it to others as well
    = delivered locally (from lan0)
    "
  `)
})
